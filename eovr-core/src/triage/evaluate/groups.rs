use std::collections::BTreeMap;

use serde::Serialize;

use super::figures::{Flag, sides};
use super::{Judged, Settings};
use crate::triage::metrics::{Bootstrap, Flags};

/// One subgroup at the one threshold of all: a good figure over all can hide a bad one here.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupFigures {
    /// The subgroup; empty cells are `(none)`.
    pub name: String,
    /// How many cases.
    pub cases: usize,
    /// How many of them are truly of high risk. Below 20 nothing else is given.
    pub positives: usize,
    /// The area under its ROC curve, with its interval: value, low, high.
    pub auroc: Option<[f64; 3]>,
    /// The share of its high risk that the flag finds, with its interval.
    pub sensitivity: Option<[f64; 3]>,
    /// The share of its other cases that are flagged, with its interval.
    pub false_alarms: Option<[f64; 3]>,
    /// The mean probability less the share that came true, with its interval.
    pub calibration_in_the_large: Option<[f64; 3]>,
}

/// Fewer say nothing about a group, and may say who is in it.
const FEWEST: usize = 20;

pub(super) fn all(settings: &Settings, judged: &[Judged], bootstrap: Bootstrap) -> Vec<GroupFigures> {
    let Some(high) = settings.high_from else { return Vec::new() };
    let mut groups: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for case in judged {
        if let Some(group) = &case.group {
            let name = if group.is_empty() { "(none)" } else { group };
            groups.entry(name).or_default().push(case);
        }
    }
    groups.into_iter().map(|(name, cases)| one(settings, name, &cases, high, bootstrap)).collect()
}

fn one(
    settings: &Settings,
    name: &str,
    cases: &[&Judged],
    high: usize,
    bootstrap: Bootstrap,
) -> GroupFigures {
    let values = |cases: &[&Judged]| {
        let flag = Flag::of(cases, high);
        let side = sides(settings, cases);
        // Of those of which something was said: the prevalence beside it is theirs, too.
        let said: Vec<f64> = cases.iter().filter_map(|case| case.high_from(high)).collect();
        let said = said.iter().sum::<f64>() / said.len() as f64;
        let off = side.first().filter(|_| settings.probabilities).and_then(Flags::prevalence);
        [
            side.first().and_then(Flags::auroc),
            flag.sensitivity(),
            flag.specificity().map(|share| 1.0 - share),
            off.map(|share| said - share),
        ]
    };
    let positives = cases.iter().filter(|case| case.truth >= high).count();
    let mut figures = [None; 4];
    if positives >= FEWEST {
        let clusters: Option<Vec<u64>> = cases.iter().map(|case| case.cluster).collect();
        let intervals = bootstrap.intervals(cases.len(), clusters.as_deref(), |rows| {
            values(&rows.iter().filter_map(|&row| cases.get(row).copied()).collect::<Vec<_>>())
        });
        for ((into, value), interval) in figures.iter_mut().zip(values(cases)).zip(intervals) {
            *into = value.zip(interval.low).zip(interval.high).map(|((value, low), high)| [value, low, high]);
        }
    }
    let [auroc, sensitivity, false_alarms, calibration_in_the_large] = figures;
    GroupFigures {
        name: name.to_owned(),
        cases: cases.len(),
        positives,
        auroc,
        sensitivity,
        false_alarms,
        calibration_in_the_large,
    }
}
