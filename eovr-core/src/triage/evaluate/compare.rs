use serde::Serialize;

use super::figures::{confusion, sides};
use super::{Judged, Settings};
use crate::triage::learn::Order;
use crate::triage::metrics::{Bootstrap, Flags, Weights, mcnemar};

/// A comparison with another scorer on the same cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The other scorer's name.
    pub other: String,
    /// The number of cases that only this scorer got right, the number that only the other got right, and the p-value
    /// (McNemar).
    pub right_alone: Option<(u64, u64, f64)>,
    /// The other's area under the ROC curve minus this one's, with its interval: value, low, high.
    pub auroc: Option<[f64; 3]>,
    /// The same for the agreement with the truth: quadratic kappa, or macro-F1 for unordered labels.
    pub agreement: Option<[f64; 3]>,
}

pub(super) fn compare(settings: &Settings, name: &str, ours: &[Judged], theirs: &[Judged]) -> Comparison {
    let right = |judged: &[Judged]| -> Option<Vec<bool>> {
        judged.iter().map(|case| case.said.map(|said| said == case.truth)).collect()
    };
    let right_alone = right(ours).zip(right(theirs)).map(|(ours, theirs)| {
        let test = mcnemar(&ours, &theirs);
        (test.first_only, test.second_only, test.p_value)
    });
    let bootstrap = Bootstrap { draws: settings.draws, seed: settings.seed };
    let clusters: Option<Vec<u64>> = ours.iter().map(|case| case.cluster).collect();
    let paired = |figure: &dyn Fn(&[&Judged]) -> Option<f64>| {
        let compared = bootstrap.compare(ours.len(), clusters.as_deref(), |rows, other| {
            let side = if other { theirs } else { ours };
            figure(&rows.iter().filter_map(|&row| side.get(row)).collect::<Vec<_>>())
        });
        let interval = compared.interval;
        Some([compared.difference?, interval.low?, interval.high?])
    };
    let auroc = |judged: &[&Judged]| {
        let values: Vec<f64> = sides(settings, judged).iter().filter_map(Flags::auroc).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let agreement = |judged: &[&Judged]| {
        let confusion = confusion(settings, judged)?;
        if settings.order == Order::Ordinal {
            confusion.kappa(Weights::Quadratic)
        } else {
            confusion.macro_f1()
        }
    };
    Comparison { other: name.to_owned(), right_alone, auroc: paired(&auroc), agreement: paired(&agreement) }
}
