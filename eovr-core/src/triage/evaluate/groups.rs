use std::collections::BTreeMap;

use serde::Serialize;

use super::figures::{Flag, sides};
use super::{Judged, Settings};
use crate::triage::metrics::{Bootstrap, Flags, Interval};

/// The figures of one subgroup at the common threshold. A good overall figure can hide a bad subgroup.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupFigures {
    /// The subgroup; empty cells are `(none)`.
    pub name: String,
    /// The number of cases.
    pub cases: usize,
    /// The number of truly high-risk cases. Below 20 no other figure is given.
    pub positives: usize,
    /// The area under its ROC curve, with its interval: value, low, high.
    pub auroc: Option<[f64; 3]>,
    /// The sensitivity of the flag, with its interval.
    pub sensitivity: Option<[f64; 3]>,
    /// The false positive rate of the flag, with its interval.
    pub false_alarms: Option<[f64; 3]>,
    /// The mean probability minus the observed rate, with its interval.
    pub calibration_in_the_large: Option<[f64; 3]>,
    /// Its figures minus those of all other cases, where those contain 20 high-risk cases as well.
    pub difference: Difference,
}

/// A subgroup's figures minus those of all other cases, each with its interval from the same draws: value, low, high.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    /// Difference of the area under the ROC curve.
    pub auroc: Option<[f64; 3]>,
    /// Difference of the sensitivity.
    pub sensitivity: Option<[f64; 3]>,
    /// Difference of the false positive rate.
    pub false_alarms: Option<[f64; 3]>,
    /// Difference of the mean probability minus the observed rate.
    pub calibration_in_the_large: Option<[f64; 3]>,
}

/// Smaller groups give no reliable figure, and may identify their members.
const FEWEST: usize = 20;

/// The subgroups by the value of `of` for each case.
pub(super) fn all<'a>(
    settings: &Settings,
    judged: &'a [Judged],
    bootstrap: Bootstrap,
    of: impl Fn(&'a Judged) -> Option<&'a str>,
) -> Vec<GroupFigures> {
    let Some(high) = settings.high_from else { return Vec::new() };
    let names: Vec<Option<&str>> = judged.iter().map(of).collect();
    let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (name, case) in names.iter().zip(judged) {
        if let Some(name) = name {
            let (cases, positives) = groups.entry(name).or_default();
            *cases += 1;
            *positives += usize::from(case.truth >= high);
        }
    }
    let clusters: Option<Vec<u64>> = judged.iter().map(|case| case.cluster).collect();
    let positives = judged.iter().filter(|case| case.truth >= high).count();
    let one = |(name, (cases, own)): (&str, (usize, usize))| {
        let shown = if name.is_empty() { "(none)" } else { name };
        let mut found = [None; 8];
        if own >= FEWEST {
            let others_too = positives - own >= FEWEST;
            let intervals: [Interval; 8] = bootstrap.intervals(judged.len(), clusters.as_deref(), |rows| {
                let of = |inside: bool| -> [Option<f64>; 4] {
                    let ours = rows.iter().filter(|&&row| (names.get(row) == Some(&Some(name))) == inside);
                    values(settings, &ours.filter_map(|&row| judged.get(row)).collect::<Vec<_>>(), high)
                };
                let ours = of(true);
                let others = if others_too { of(false) } else { [None; 4] };
                let less = ours.into_iter().zip(others).map(|(ours, other)| Some(ours? - other?));
                let mut both = ours.into_iter().chain(less);
                std::array::from_fn(|_| both.next().flatten())
            });
            for (into, interval) in found.iter_mut().zip(intervals) {
                *into = interval
                    .value
                    .zip(interval.low)
                    .zip(interval.high)
                    .map(|((value, low), high)| [value, low, high]);
            }
        }
        let [auroc, sensitivity, false_alarms, off, auroc_less, sensitivity_less, alarms_less, off_less] =
            found;
        GroupFigures {
            name: shown.to_owned(),
            cases,
            positives: own,
            auroc,
            sensitivity,
            false_alarms,
            calibration_in_the_large: off,
            difference: Difference {
                auroc: auroc_less,
                sensitivity: sensitivity_less,
                false_alarms: alarms_less,
                calibration_in_the_large: off_less,
            },
        }
    };
    groups.into_iter().map(one).collect()
}

fn values(settings: &Settings, cases: &[&Judged], high: usize) -> [Option<f64>; 4] {
    let flag = Flag::of(cases, high);
    let side = sides(settings, cases);
    // Only cases with a prediction; the prevalence is computed from them too.
    let said: Vec<f64> = cases.iter().filter_map(|case| case.high_from(high)).collect();
    let said = said.iter().sum::<f64>() / said.len() as f64;
    let off = side.first().filter(|_| settings.probabilities).and_then(Flags::prevalence);
    [
        side.first().and_then(Flags::auroc),
        flag.sensitivity(),
        flag.specificity().map(|share| 1.0 - share),
        off.map(|share| said - share),
    ]
}
