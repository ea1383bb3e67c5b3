use std::collections::BTreeSet;

use serde::Serialize;

use super::{Judged, Settings};
use crate::triage::learn::Order;
use crate::triage::metrics::{
    Bins, Bootstrap, Confusion, Flags, Interval, Overlap, Weights, net_benefit, predictive_values, wilson,
};

/// One figure with its confidence interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Its stable name, such as `auroc`.
    pub name: &'static str,
    /// Its title in journals.
    pub title: &'static str,
    /// Its meaning.
    pub meaning: &'static str,
    /// Its value; `None` where it is not defined.
    pub value: Option<f64>,
    /// The lower end of its 95 % interval.
    pub low: Option<f64>,
    /// The upper end; the value is always within the interval.
    pub high: Option<f64>,
    /// The method of the interval: `bootstrap`; `bootstrap, widened` where the draws excluded the value; or `wilson`
    /// for a share of 0 or 1, for which the draws give no interval. Empty where there is no interval.
    pub method: &'static str,
}

/// The denominator of a share. The interval of any other figure comes from the draws alone.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Draws,
    All,
    High,
    Others,
    Flagged,
    Left,
}

/// Every figure, in the order of the page.
const NAMES: [(&str, &str, Of, &str); 39] = [
    (
        "auroc",
        "AUROC (c-statistic)",
        Of::Draws,
        "area under the ROC curve; without an order, the mean over each label against the others",
    ),
    (
        "auprc",
        "Average precision",
        Of::Draws,
        "area under precision and recall; to be held against the prevalence",
    ),
    ("prevalence", "Prevalence of high risk", Of::All, "share of cases that are truly of high risk"),
    (
        "sensitivity_at_specificity_80",
        "Sensitivity at specificity 0.80",
        Of::Draws,
        "share of high risk found where 80 % of the others are left alone",
    ),
    ("sensitivity_at_specificity_90", "Sensitivity at specificity 0.90", Of::Draws, "the same at 90 %"),
    ("sensitivity_at_specificity_95", "Sensitivity at specificity 0.95", Of::Draws, "the same at 95 %"),
    (
        "specificity_at_sensitivity_80",
        "Specificity at sensitivity 0.80",
        Of::Draws,
        "share of the others left alone where 80 % of high risk is found",
    ),
    ("specificity_at_sensitivity_90", "Specificity at sensitivity 0.90", Of::Draws, "the same at 90 %"),
    ("specificity_at_sensitivity_95", "Specificity at sensitivity 0.95", Of::Draws, "the same at 95 %"),
    (
        "review_load_at_sensitivity_95",
        "Share to review at sensitivity 0.95",
        Of::Draws,
        "share of all cases to be looked at to find 95 % of high risk",
    ),
    (
        "flag_sensitivity",
        "Sensitivity of the flag",
        Of::High,
        "share of high risk that the scorer's own flag finds",
    ),
    (
        "flag_specificity",
        "Specificity of the flag",
        Of::Others,
        "share of the others that its flag leaves alone",
    ),
    ("flag_precision", "PPV of the flag", Of::Flagged, "share of flagged cases that are of high risk"),
    ("flag_npv", "NPV of the flag", Of::Left, "share of cases without a flag that are not of high risk"),
    (
        "ppv_at_prevalence",
        "PPV at the stated prevalence",
        Of::Draws,
        "the PPV its flag would have where high risk is as frequent as was stated",
    ),
    ("npv_at_prevalence", "NPV at the stated prevalence", Of::Draws, "the NPV its flag would have there"),
    ("review_load", "Share flagged", Of::All, "share of cases flagged: what a team has to review"),
    (
        "net_benefit_of_flag",
        "Net benefit of the flag",
        Of::Draws,
        "true alarms less false ones at the odds of the flag's threshold, of all cases",
    ),
    ("brier", "Brier score", Of::Draws, "mean squared error of the probability; smaller is better"),
    (
        "brier_of_prevalence",
        "Brier score of the prevalence",
        Of::Draws,
        "the same where the prevalence is said of every case",
    ),
    ("log_loss", "Log loss", Of::Draws, "mean surprise; smaller is better"),
    (
        "observed_expected",
        "Observed : expected ratio",
        Of::Draws,
        "1 is perfect; above 1 the probabilities are too low",
    ),
    (
        "calibration_in_the_large",
        "Calibration-in-the-large",
        Of::Draws,
        "what the log odds lack, all cases together; 0 is perfect, above 0 they are too low",
    ),
    (
        "calibration_slope",
        "Calibration slope",
        Of::Draws,
        "1 is perfect; below 1 the probabilities are too extreme",
    ),
    (
        "calibration_intercept",
        "Calibration intercept",
        Of::Draws,
        "of the line with that slope; 0 is perfect",
    ),
    (
        "ece_15_width",
        "Expected calibration error, 15 equal widths",
        Of::Draws,
        "depends on the bins and grows where cases are few",
    ),
    (
        "ece_15_mass",
        "Expected calibration error, 15 equal counts",
        Of::Draws,
        "the same with equally many cases in each bin",
    ),
    (
        "accuracy",
        "Accuracy",
        Of::All,
        "share of cases given their true label; of several labels: all of them and no other",
    ),
    ("balanced_accuracy", "Balanced accuracy", Of::Draws, "mean sensitivity of the labels"),
    (
        "kappa_quadratic",
        "Quadratic weighted kappa",
        Of::Draws,
        "agreement beyond chance, by squared distance of the levels",
    ),
    ("kappa_linear", "Linear weighted kappa", Of::Draws, "the same by distance"),
    ("kappa", "Cohen's kappa", Of::Draws, "agreement beyond chance, every mistake the same"),
    ("macro_f1", "Macro-F1", Of::Draws, "mean F1 of the labels that occur"),
    (
        "micro_f1",
        "Micro-F1",
        Of::Draws,
        "F1 of all labels of all cases together, where a case may have several",
    ),
    (
        "hamming_loss",
        "Hamming loss",
        Of::Draws,
        "share of labels that were wrongly said or left out, where a case may have several",
    ),
    ("under_triage", "Under-triage", Of::All, "share of cases given too low a level"),
    (
        "far_under_triage",
        "Under-triage by two levels or more",
        Of::All,
        "share given a level too low by two or more",
    ),
    ("over_triage", "Over-triage", Of::All, "share given too high a level"),
    (
        "missed_high_risk",
        "High risk given a level that is not high",
        Of::High,
        "share of high risk that its level misses",
    ),
];

pub(super) fn all(settings: &Settings, judged: &[Judged], bootstrap: Bootstrap) -> Vec<Figure> {
    let clusters: Option<Vec<u64>> = judged.iter().map(|case| case.cluster).collect();
    let intervals = bootstrap.intervals(judged.len(), clusters.as_deref(), |rows| {
        let drawn: Vec<&Judged> = rows.iter().filter_map(|&row| judged.get(row)).collect();
        values(settings, &drawn)
    });
    let figure = |(&(name, title, of, meaning), interval): (
        &(&'static str, &'static str, Of, &'static str),
        Interval,
    )| {
        let Interval { value, low, high, widened, .. } = interval;
        let found = Figure { name, title, meaning, value, low, high, method: "" };
        let Some((value, _)) = value.zip(low) else { return found };
        let independent = || count(judged, of, settings.high_from.unwrap_or_default()) as f64;
        if low == high
            && of != Of::Draws
            && let Some((low, high)) = wilson(value, independent())
        {
            let (low, high) = (Some(low.min(value)), Some(high.max(value)));
            return Figure { low, high, method: "wilson", ..found };
        }
        Figure { method: if widened { "bootstrap, widened" } else { "bootstrap" }, ..found }
    };
    NAMES.iter().zip(intervals).map(figure).collect()
}

/// The number of independent cases in the denominator of a share. Dependent cases count once per cluster.
fn count(judged: &[Judged], of: Of, high: usize) -> usize {
    let counted = judged.iter().filter(|case| match of {
        Of::Draws => false,
        Of::All => true,
        Of::High => case.truth >= high,
        Of::Others => case.truth < high,
        Of::Flagged => case.flagged,
        Of::Left => !case.flagged,
    });
    let (mut alone, mut clusters) = (0, BTreeSet::new());
    for case in counted {
        match case.cluster {
            Some(cluster) => drop(clusters.insert(cluster)),
            None => alone += 1,
        }
    }
    alone + clusters.len()
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
    let overlap = overlap(settings, judged);
    let overlap = overlap.as_ref();
    let at_prevalence = || {
        let flag = flag.as_ref()?;
        Some(predictive_values(flag.sensitivity()?, flag.specificity()?, settings.prevalence?))
    };
    let at_prevalence = at_prevalence();
    let worth = || {
        let threshold = settings.training.as_ref().filter(|_| settings.probabilities)?.flag_above?;
        flag.as_ref()?.net_benefit(threshold)
    };
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
        flag.as_ref().and_then(Flag::npv),
        at_prevalence.and_then(|both| both.0),
        at_prevalence.and_then(|both| both.1),
        flag.as_ref().and_then(Flag::load),
        worth(),
        of_sides(Flags::brier),
        said.and_then(Flags::prevalence).map(|share| share * (1.0 - share)),
        of_sides(Flags::log_loss),
        said.and_then(Flags::observed_expected),
        said.and_then(Flags::calibration_in_the_large),
        line.map(|line| line.slope),
        line.map(|line| line.intercept),
        of_sides(|flags| flags.calibration_error(Bins::WIDTH_15)),
        of_sides(|flags| flags.calibration_error(Bins::MASS_15)),
        levels.map_or_else(|| overlap?.exact(), Confusion::accuracy),
        levels.and_then(Confusion::balanced_accuracy),
        ordinal.and_then(|levels| levels.kappa(Weights::Quadratic)),
        ordinal.and_then(|levels| levels.kappa(Weights::Linear)),
        levels.and_then(|levels| levels.kappa(Weights::Equal)),
        levels.map_or_else(|| overlap?.macro_f1(), Confusion::macro_f1),
        overlap.and_then(Overlap::micro_f1),
        overlap.and_then(Overlap::hamming),
        ordinal.and_then(Confusion::under_triage),
        ordinal.and_then(Confusion::far_under_triage),
        ordinal.and_then(Confusion::over_triage),
        ordinal.zip(settings.high_from).and_then(|(levels, high)| levels.missed(high)),
    ]
}

/// High risk against the others; without a high-risk label, each label against the others.
pub(super) fn sides(settings: &Settings, judged: &[&Judged]) -> Vec<Flags> {
    if let Some(high) = settings.high_from {
        let scores = judged.iter().filter_map(|case| Some((case.high_from(high)?, case.truth >= high)));
        return vec![Flags::sorted(scores.collect())];
    }
    let against = |label: usize| {
        let one = |case: &&Judged| Some((*case.probabilities.get(label)?, case.is(label, settings.several)));
        let scores = judged.iter().filter_map(one);
        Flags::sorted(scores.collect())
    };
    (0..settings.labels.len()).map(against).collect()
}

/// Predictions against true labels; `None` where there are no predictions.
pub(super) fn confusion(settings: &Settings, judged: &[&Judged]) -> Option<Confusion> {
    if settings.several {
        return None;
    }
    let pairs: Vec<_> = judged.iter().filter_map(|case| Some((case.truth, case.said?))).collect();
    (!pairs.is_empty()).then(|| Confusion::of(pairs.into_iter(), settings.labels.len()))
}

/// All predicted labels against all true labels, where a case may have several.
pub(super) fn overlap(settings: &Settings, judged: &[&Judged]) -> Option<Overlap> {
    let pairs = judged.iter().map(|case| (case.truths.as_slice(), case.chosen.as_slice()));
    settings.several.then(|| Overlap::of(pairs, settings.labels.len()))
}

/// The results of the scorer's own flag.
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

    pub(super) fn npv(&self) -> Option<f64> {
        let left = self.high + self.others - self.hits - self.alarms;
        (left > 0.0).then(|| (self.others - self.alarms) / left)
    }

    pub(super) fn net_benefit(&self, threshold: f64) -> Option<f64> {
        net_benefit(self.hits, self.alarms, self.high + self.others, threshold)
    }

    pub(super) fn load(&self) -> Option<f64> {
        let all = self.high + self.others;
        (all > 0.0).then(|| (self.hits + self.alarms) / all)
    }
}
