use serde::Serialize;

use super::{Judged, Settings};
use crate::triage::learn::Order;
use crate::triage::metrics::{Confusion, Weights, fleiss_kappa};

/// The agreement of people. A scorer cannot be expected to agree with them much better.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Raters {
    /// The number of raters.
    pub raters: usize,
    /// Cases that all of them rated.
    pub cases: usize,
    /// Fleiss' kappa of all raters.
    pub fleiss: Option<f64>,
    /// The mean kappa of all pairs; quadratic for ordered labels.
    pub pairwise: Option<f64>,
    /// The mean kappa of each rater with the scorer, on the same cases.
    pub with_scorer: Option<f64>,
}

pub(super) fn agreement(settings: &Settings, judged: &[Judged]) -> Option<Raters> {
    let raters = judged.first().map(|case| case.raters.len()).filter(|&raters| raters > 1)?;
    let classes = settings.labels.len();
    // A case without a label of every rater is excluded.
    let rated: Vec<(Vec<usize>, Option<usize>)> = judged
        .iter()
        .filter_map(|case| Some((case.raters.iter().copied().collect::<Option<Vec<usize>>>()?, case.said)))
        .filter(|(labels, _)| labels.len() == raters)
        .collect();
    let table: Vec<Vec<u64>> = rated
        .iter()
        .map(|(labels, _)| {
            (0..classes).map(|class| labels.iter().filter(|&&label| label == class).count() as u64).collect()
        })
        .collect();
    let weights = if settings.order == Order::Ordinal { Weights::Quadratic } else { Weights::Equal };
    let kappa = |pairs: Vec<(usize, usize)>| Confusion::of(pairs.into_iter(), classes).kappa(weights);
    let of = |rater: usize| rated.iter().filter_map(move |(labels, _)| labels.get(rater).copied());
    let pairs = (0..raters).flat_map(|first| (first + 1..raters).map(move |second| (first, second)));
    let pairwise = mean(pairs.filter_map(|(first, second)| kappa(of(first).zip(of(second)).collect())));
    let with_scorer = mean((0..raters).filter_map(|rater| {
        let said = rated.iter().filter_map(|(labels, said)| Some((*labels.get(rater)?, (*said)?)));
        kappa(said.collect())
    }));
    let fleiss = fleiss_kappa(&table).ok().flatten();
    Some(Raters { raters, cases: rated.len(), fleiss, pairwise, with_scorer })
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
