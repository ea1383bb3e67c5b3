//! Chooses one answer from probabilities.
//!
//! The most likely class is not the best answer where a miss by two levels is worse than a miss by one, or where rare
//! classes count as much as common ones. Levels are therefore chosen by thresholds on the expected level, and classes
//! by log probabilities with an offset for rare ones. Both are fitted on held-out narratives.

use super::Order;
use crate::triage::metrics::{Confusion, Weights};
use crate::triage::random::Random;

/// The rule that chooses an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decision {
    /// The level is the number of thresholds that the expected level exceeds.
    Cuts(Vec<f32>),
    /// The class with the highest sum of log probability and offset.
    Allowances(Vec<f32>),
    /// Every class whose probability exceeds its threshold.
    Thresholds(Vec<f32>),
}

/// The number of resampled fits in addition to the fit on the original cases. Their mean depends less on single cases.
const DRAWS: usize = 8;
const ROUNDS: usize = 3;
/// The number of candidate thresholds, evenly spread over the cases.
const PLACES: usize = 60;
/// The step size of the offsets.
const ALLOWANCE: f32 = 0.15;
const ALLOWANCES: std::ops::RangeInclusive<i8> = -6..=14;
/// The penalty for a large offset, in macro-F1, so that a small gain does not justify a large offset.
const PENALTY: f32 = 0.0005;
/// With more labels than this, the rarest have too few cases to fit an offset.
const MANY: usize = 100;
/// The minimum number of cases of a label for fitting its threshold.
const FEW_OF_ONE: usize = 10;

impl Decision {
    /// Fits to held-out probabilities, `classes` per label: quadratic kappa for ordered labels, macro-F1 otherwise.
    pub(super) fn fit(
        probabilities: &[f32],
        labels: &[usize],
        classes: usize,
        order: Order,
        seed: u64,
    ) -> Self {
        if order == Order::Nominal && classes > MANY {
            return Self::Allowances(vec![0.0; classes]);
        }
        let rows: Vec<&[f32]> = probabilities.chunks(classes.max(1)).collect();
        let mut random = Random::new(seed);
        let mut sum =
            vec![0.0_f32; if order == Order::Ordinal { classes.saturating_sub(1) } else { classes }];
        for draw in 0..=DRAWS {
            let again = |place| if draw == 0 { place } else { random.below(labels.len()) };
            let cases: Vec<(&[f32], usize)> = (0..labels.len())
                .map(again)
                .filter_map(|place| Some((*rows.get(place)?, *labels.get(place)?)))
                .collect();
            let found = match order {
                Order::Ordinal => best_cuts(&cases, classes),
                Order::Nominal => best_allowances(&cases, classes),
            };
            sum.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
        }
        sum.iter_mut().for_each(|sum| *sum /= (DRAWS + 1) as f32);
        match order {
            Order::Ordinal => Self::Cuts(sum),
            Order::Nominal => Self::Allowances(sum),
        }
    }

    /// The answer as the index of its class.
    pub(super) fn choose(&self, probabilities: &[f32]) -> usize {
        match self {
            Self::Cuts(cuts) => level(expected(probabilities), cuts),
            Self::Allowances(allowances) => {
                most_likely(probabilities.iter().zip(allowances).map(|(&p, &allowance)| ln(p) + allowance))
            }
            Self::Thresholds(_) => most_likely(probabilities.iter().copied()),
        }
    }

    /// The thresholds of labels where a narrative may have several: each maximises the F1 of its label on held-out
    /// cases.
    pub(super) fn thresholds(probabilities: &[f32], truths: &[&[usize]], classes: usize) -> Self {
        let best = |class: usize| {
            let rows = probabilities.chunks(classes.max(1)).zip(truths);
            let cases: Vec<(f32, bool)> =
                rows.filter_map(|(p, truth)| Some((*p.get(class)?, truth.contains(&class)))).collect();
            let all = cases.iter().filter(|case| case.1).count();
            let f1 = |threshold: f32| {
                let said = cases.iter().filter(|case| case.0 > threshold);
                let (mut hits, mut flagged) = (0, 0);
                said.for_each(|case| (hits, flagged) = (hits + usize::from(case.1), flagged + 1));
                2.0 * hits as f32 / (all + flagged).max(1) as f32
            };
            // Of equal thresholds the one nearest to 0.5. With few cases no threshold is fitted, because it would only
            // reflect chance.
            let tried = (1..20).map(|step| step as f32 / 20.0);
            let worth = |threshold: f32| f1(threshold) - PENALTY * (threshold - 0.5).abs();
            let better = |best: f32, next: f32| if worth(next) > worth(best) { next } else { best };
            if all < FEW_OF_ONE { 0.5 } else { tried.fold(0.5, better) }
        };
        Self::Thresholds((0..classes).map(best).collect())
    }

    /// The chosen labels, where a narrative may have several.
    pub(super) fn chosen(&self, probabilities: &[f32]) -> Vec<usize> {
        let Self::Thresholds(thresholds) = self else { return Vec::new() };
        let said = probabilities.iter().zip(thresholds).enumerate();
        said.filter(|(_, (p, threshold))| p > threshold).map(|(class, _)| class).collect()
    }
}

/// The expected level.
pub(super) fn expected(probabilities: &[f32]) -> f32 {
    probabilities.iter().enumerate().map(|(level, p)| level as f32 * p).sum()
}

/// The index of the largest value; the first of equal ones.
pub(super) fn most_likely(values: impl Iterator<Item = f32>) -> usize {
    let first = (0, f32::MIN);
    values.enumerate().fold(first, |best, next| if next.1 > best.1 { next } else { best }).0
}

fn level(expected: f32, cuts: &[f32]) -> usize {
    cuts.iter().filter(|&&cut| expected > cut).count()
}

fn ln(p: f32) -> f32 {
    libm::logf(p.max(1e-9))
}

fn best_cuts(cases: &[(&[f32], usize)], classes: usize) -> Vec<f32> {
    let expected: Vec<(f32, usize)> = cases.iter().map(|(p, label)| (expected(p), *label)).collect();
    let mut sorted: Vec<f32> = expected.iter().map(|case| case.0).collect();
    sorted.sort_by(f32::total_cmp);
    let at =
        |place: usize| sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default();
    // The initial thresholds give each level its true frequency.
    let below = |level: usize| expected.iter().filter(|case| case.1 < level).count();
    let mut cuts: Vec<f32> = (1..classes).map(|level| at(below(level))).collect();
    let kappa = |cuts: &[f32]| {
        let pairs = expected.iter().map(|&(expected, label)| (label, level(expected, cuts)));
        Confusion::of(pairs, classes).kappa(Weights::Quadratic).unwrap_or(0.0)
    };
    let places: Vec<f32> = (1..PLACES).map(|place| at(place * sorted.len() / PLACES)).collect();
    climb(&mut cuts, &places, |cuts| if cuts.is_sorted() { kappa(cuts) } else { f64::MIN });
    cuts
}

fn best_allowances(cases: &[(&[f32], usize)], classes: usize) -> Vec<f32> {
    let logs: Vec<(Vec<f32>, usize)> =
        cases.iter().map(|(p, label)| (p.iter().map(|&p| ln(p)).collect(), *label)).collect();
    let mut allowances = vec![0.0; classes];
    let tried: Vec<f32> = ALLOWANCES.map(|step| f32::from(step) * ALLOWANCE).collect();
    climb(&mut allowances, &tried, |allowances| {
        let choose = |logs: &Vec<f32>| most_likely(logs.iter().zip(allowances).map(|(log, more)| log + more));
        let pairs = logs.iter().map(|(logs, label)| (*label, choose(logs)));
        let cost: f32 = allowances.iter().map(|allowance| PENALTY * allowance * allowance).sum();
        Confusion::of(pairs, classes).macro_f1_of_all().unwrap_or(0.0) - f64::from(cost)
    });
    allowances
}

/// Tries every candidate for every value and keeps improvements, for a few rounds.
fn climb(values: &mut Vec<f32>, tried: &[f32], good: impl Fn(&[f32]) -> f64) {
    let mut best = good(values);
    for _ in 0..ROUNDS {
        let before = best;
        for place in 0..values.len() {
            for &value in tried {
                let mut other = values.clone();
                if let Some(slot) = other.get_mut(place) {
                    *slot = value;
                }
                let now = good(&other);
                if now > best {
                    best = now;
                    *values = other;
                }
            }
        }
        if best <= before {
            break;
        }
    }
}
