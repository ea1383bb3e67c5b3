//! Net benefit: whether acting on a probability does more good than harm.

use serde::Serialize;

use super::{Flags, share};

/// The net benefit of acting from a threshold on, and of acting on all cases. The net benefit of acting on none is 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NetBenefit {
    /// The probability from which the user acts. It expresses how many false alarms one true alarm is worth.
    pub threshold: f64,
    /// True alarms minus weighted false alarms, divided by all cases.
    pub scorer: f64,
    /// The net benefit of acting on every case.
    pub all: f64,
}

/// Net benefit (Vickers and Elkin 2006): the share of true alarms minus the share of false alarms times the odds of the
/// threshold. `None` where there are no cases or the threshold is not below 1.
pub fn net_benefit(true_alarms: f64, false_alarms: f64, cases: f64, threshold: f64) -> Option<f64> {
    let odds = threshold / (1.0 - threshold);
    (threshold < 1.0).then(|| share(true_alarms - false_alarms * odds, cases)).flatten()
}

/// PPV and NPV at a prevalence of high risk, by Bayes' rule; `None` where no case or every case would be flagged.
pub fn predictive_values(sensitivity: f64, specificity: f64, prevalence: f64) -> (Option<f64>, Option<f64>) {
    let (hits, alarms) = (sensitivity * prevalence, (1.0 - specificity) * (1.0 - prevalence));
    let (missed, left) = ((1.0 - sensitivity) * prevalence, specificity * (1.0 - prevalence));
    (share(hits, hits + alarms), share(left, left + missed))
}

impl Flags {
    /// The decision curve: the net benefit at each threshold, where the user acts on a case from the threshold on.
    /// Empty where the scores are not probabilities.
    pub fn decision_curve(&self, thresholds: impl Iterator<Item = f64>) -> Vec<NetBenefit> {
        if self.probabilities().is_none() {
            return Vec::new();
        }
        let (cases, positives) = (self.count() as f64, self.positives() as f64);
        let at = |threshold: f64| {
            let from = self.cases.partition_point(|case| case.0 < threshold);
            let acted = self.cases.get(from..).unwrap_or_default();
            let hits = acted.iter().filter(|case| case.1).count() as f64;
            Some(NetBenefit {
                threshold,
                scorer: net_benefit(hits, acted.len() as f64 - hits, cases, threshold)?,
                all: net_benefit(positives, cases - positives, cases, threshold)?,
            })
        };
        thresholds.filter_map(at).collect()
    }
}
