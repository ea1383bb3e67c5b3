use serde::Serialize;

use super::{Judged, Settings};
use crate::triage::learn::Order;
use crate::triage::metrics::{Bins, Bootstrap, Confusion, Flags, Weights};

/// One figure and where it would lie with other cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Its stable name, such as `auroc`.
    pub name: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// Its value; `None` where it is not defined.
    pub value: Option<f64>,
    /// 95 % of the bootstrap's draws lie from here…
    pub low: Option<f64>,
    /// …to here.
    pub high: Option<f64>,
}

/// Every figure, in the order in which it is shown.
const NAMES: [(&str, &str); 31] = [
    ("auroc", "area under the ROC curve; without an order, the mean over each label against the others"),
    ("auprc", "average precision; to be held against the prevalence"),
    ("prevalence", "share of cases that are truly of high risk"),
    ("sensitivity_at_specificity_80", "share of high risk found where 80 % of the others are left alone"),
    ("sensitivity_at_specificity_90", "the same at 90 %"),
    ("sensitivity_at_specificity_95", "the same at 95 %"),
    ("specificity_at_sensitivity_80", "share of the others left alone where 80 % of high risk is found"),
    ("specificity_at_sensitivity_90", "the same at 90 %"),
    ("specificity_at_sensitivity_95", "the same at 95 %"),
    ("review_load_at_sensitivity_95", "share of all cases to be looked at to find 95 % of high risk"),
    ("flag_sensitivity", "share of high risk that the scorer's own flag finds"),
    ("flag_specificity", "share of the others that its flag leaves alone"),
    ("flag_precision", "share of flagged cases that are of high risk"),
    ("review_load", "share of cases flagged"),
    ("brier", "mean squared error of the probability; smaller is better"),
    ("brier_of_prevalence", "the same of somebody who always says the prevalence"),
    ("log_loss", "mean surprise; smaller is better"),
    ("ece_15_width", "expected calibration error, 15 equal widths"),
    ("ece_15_mass", "expected calibration error, 15 bins of equally many cases"),
    ("calibration_slope", "1 is perfect; below 1 the probabilities are too extreme"),
    ("calibration_intercept", "0 is perfect"),
    ("accuracy", "share of cases given their true label"),
    ("balanced_accuracy", "mean recall of the labels"),
    ("kappa_quadratic", "agreement beyond chance, by squared distance of the levels"),
    ("kappa_linear", "the same by distance"),
    ("kappa", "agreement beyond chance, every mistake the same"),
    ("macro_f1", "mean F1 of the labels that occur"),
    ("under_triage", "share of cases given too low a level"),
    ("far_under_triage", "share given a level too low by two or more"),
    ("over_triage", "share given too high a level"),
    ("missed_high_risk", "share of high risk given a level that is not high"),
];

pub(super) fn all(settings: &Settings, judged: &[Judged], bootstrap: Bootstrap) -> Vec<Figure> {
    let whole: Vec<&Judged> = judged.iter().collect();
    let values = values(settings, &whole);
    let clusters: Option<Vec<u64>> = judged.iter().map(|case| case.cluster).collect();
    let intervals = bootstrap.intervals(judged.len(), clusters.as_deref(), |rows| {
        let drawn: Vec<&Judged> = rows.iter().filter_map(|&row| judged.get(row)).collect();
        self::values(settings, &drawn)
    });
    NAMES
        .iter()
        .zip(values.into_iter().zip(intervals))
        .map(|(&(name, meaning), (value, interval))| {
            let (low, high) = if value.is_some() { (interval.low, interval.high) } else { (None, None) };
            Figure { name, meaning, value, low, high }
        })
        .collect()
}

fn values(settings: &Settings, judged: &[&Judged]) -> [Option<f64>; NAMES.len()] {
    let sides = sides(settings, judged);
    let confusion = confusion(settings, judged);
    let high = sides.first().filter(|_| settings.high_from.is_some());
    let said = high.filter(|_| settings.probabilities);
    let mean = |figure: fn(&Flags) -> Option<f64>| {
        let values: Vec<f64> = sides.iter().filter_map(figure).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let of_sides = |figure| if settings.probabilities { mean(figure) } else { None };
    let sensitivity = |target| high?.at_specificity(target).map(|point| point.sensitivity);
    let at = |target| high?.at_sensitivity(target);
    let specificity = |target| at(target).map(|point| point.specificity);
    let flag = settings.high_from.map(|high| Flag::of(judged, high));
    let line = said.and_then(Flags::calibration_line);
    let ordinal = confusion.as_ref().filter(|_| settings.order == Order::Ordinal);
    let levels = confusion.as_ref();
    [
        mean(Flags::auroc),
        mean(Flags::average_precision),
        high.and_then(Flags::prevalence),
        sensitivity(0.80),
        sensitivity(0.90),
        sensitivity(0.95),
        specificity(0.80),
        specificity(0.90),
        specificity(0.95),
        at(0.95).map(|point| point.review_load),
        flag.as_ref().and_then(Flag::sensitivity),
        flag.as_ref().and_then(Flag::specificity),
        flag.as_ref().and_then(Flag::precision),
        flag.as_ref().and_then(Flag::load),
        of_sides(Flags::brier),
        said.and_then(Flags::prevalence).map(|share| share * (1.0 - share)),
        of_sides(Flags::log_loss),
        of_sides(|flags| flags.calibration_error(Bins::WIDTH_15)),
        of_sides(|flags| flags.calibration_error(Bins::MASS_15)),
        line.map(|line| line.slope),
        line.map(|line| line.intercept),
        levels.and_then(Confusion::accuracy),
        levels.and_then(Confusion::balanced_accuracy),
        ordinal.and_then(|levels| levels.kappa(Weights::Quadratic)),
        ordinal.and_then(|levels| levels.kappa(Weights::Linear)),
        levels.and_then(|levels| levels.kappa(Weights::Equal)),
        levels.and_then(Confusion::macro_f1),
        ordinal.and_then(Confusion::under_triage),
        ordinal.and_then(Confusion::far_under_triage),
        ordinal.and_then(Confusion::over_triage),
        ordinal.zip(settings.high_from).and_then(|(levels, high)| levels.missed(high)),
    ]
}

/// High risk against the others; where there is no high risk, each label against the others.
pub(super) fn sides(settings: &Settings, judged: &[&Judged]) -> Vec<Flags> {
    if let Some(high) = settings.high_from {
        let scores = judged.iter().filter_map(|case| Some((case.high_from(high)?, case.truth >= high)));
        return vec![Flags::sorted(scores.collect())];
    }
    let against = |label: usize| {
        let scores =
            judged.iter().filter_map(|case| Some((*case.probabilities.get(label)?, case.truth == label)));
        Flags::sorted(scores.collect())
    };
    (0..settings.labels.len()).map(against).collect()
}

/// What was said beside what is true; `None` where nothing was said.
pub(super) fn confusion(settings: &Settings, judged: &[&Judged]) -> Option<Confusion> {
    let pairs: Vec<_> = judged.iter().filter_map(|case| Some((case.truth, case.said?))).collect();
    (!pairs.is_empty()).then(|| Confusion::of(pairs.into_iter(), settings.labels.len()))
}

/// How the scorer's own flag did.
pub(super) struct Flag {
    hits: f64,
    alarms: f64,
    high: f64,
    others: f64,
}

impl Flag {
    pub(super) fn of(judged: &[&Judged], high: usize) -> Self {
        let count =
            |wanted: &dyn Fn(&Judged) -> bool| judged.iter().filter(|case| wanted(case)).count() as f64;
        Self {
            hits: count(&|case| case.flagged && case.truth >= high),
            alarms: count(&|case| case.flagged && case.truth < high),
            high: count(&|case| case.truth >= high),
            others: count(&|case| case.truth < high),
        }
    }

    pub(super) fn sensitivity(&self) -> Option<f64> {
        (self.high > 0.0).then(|| self.hits / self.high)
    }

    pub(super) fn specificity(&self) -> Option<f64> {
        (self.others > 0.0).then(|| 1.0 - self.alarms / self.others)
    }

    pub(super) fn precision(&self) -> Option<f64> {
        let flagged = self.hits + self.alarms;
        (flagged > 0.0).then(|| self.hits / flagged)
    }

    pub(super) fn load(&self) -> Option<f64> {
        let all = self.high + self.others;
        (all > 0.0).then(|| (self.hits + self.alarms) / all)
    }
}
