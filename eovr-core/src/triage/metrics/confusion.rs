//! Confusion matrices and agreement of levels.

use super::{share, sum};
use crate::error::{Error, Result};

/// The number of cases for each true and each predicted level.
///
/// The caller gives the number of levels, because a middle level without cases would otherwise be lost, and a weighted
/// kappa would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    counts: Vec<u64>,
    classes: usize,
}

/// The weight of a disagreement, by the distance of the levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Equal: Cohen's kappa, for unordered classes.
    Equal,
    /// By the distance.
    Linear,
    /// By the square of the distance: a miss by two counts four times as much as a miss by one.
    Quadratic,
}

/// The figures of one class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassFigures {
    /// The number of true cases.
    pub count: u64,
    /// The share of predicted cases that are true; 0 without a predicted case.
    pub precision: f64,
    /// The share of true cases that are predicted; 0 without a true case.
    pub recall: f64,
    /// The harmonic mean of precision and recall.
    pub f1: f64,
}

impl Confusion {
    /// Counts pairs of true and predicted levels, both from 0.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the numbers of values differ, or a level is not below
    /// `classes`.
    pub fn new(truth: &[usize], predicted: &[usize], classes: usize) -> Result<Self> {
        if truth.len() != predicted.len() {
            return Err(Error::invalid("`truth` and `predicted` have different lengths")
                .with_help("give one prediction for each case")
                .with("truth", truth.len())
                .with("predicted", predicted.len()));
        }
        let mut confusion = Self { counts: vec![0; classes * classes], classes };
        for (&truth, &predicted) in truth.iter().zip(predicted) {
            if truth >= classes || predicted >= classes {
                return Err(Error::invalid("a level is outside the scheme")
                    .with_help(format!("accepted: at least 0 and less than {classes}"))
                    .with("level", truth.max(predicted)));
            }
            confusion.add(truth, predicted);
        }
        Ok(confusion)
    }

    /// Counts pairs; a pair that is not below `classes` is ignored.
    pub(crate) fn of(pairs: impl Iterator<Item = (usize, usize)>, classes: usize) -> Self {
        let mut confusion = Self { counts: vec![0; classes * classes], classes };
        pairs.for_each(|(truth, predicted)| confusion.add(truth, predicted));
        confusion
    }

    fn add(&mut self, truth: usize, predicted: usize) {
        if let Some(cell) = self.counts.get_mut(truth * self.classes + predicted) {
            *cell += 1;
        }
    }

    /// The number of levels.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The number of cases.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The rows, one per true level: the number of cases of each predicted level.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.counts.chunks(self.classes.max(1))
    }

    /// The share of cases with the right level.
    pub fn accuracy(&self) -> Option<f64> {
        self.share_where(|truth, predicted| truth == predicted)
    }

    /// The share of all cases with a predicted level below the true one.
    pub fn under_triage(&self) -> Option<f64> {
        self.share_where(|truth, predicted| predicted < truth)
    }

    /// The share of all cases with a predicted level at least two below the true one.
    pub fn far_under_triage(&self) -> Option<f64> {
        self.share_where(|truth, predicted| predicted + 2 <= truth)
    }

    /// The share of all cases with a predicted level above the true one.
    pub fn over_triage(&self) -> Option<f64> {
        self.share_where(|truth, predicted| predicted > truth)
    }

    /// The share of cases at or above level `high` whose predicted level is below it: the missed cases.
    pub fn missed(&self, high: usize) -> Option<f64> {
        let of = |wanted: fn(usize, usize) -> bool| {
            let cells =
                self.cells().filter(|&(truth, predicted, _)| truth >= high && wanted(predicted, high));
            cells.map(|(_, _, count)| count).sum::<u64>() as f64
        };
        share(of(|predicted, high| predicted < high), of(|_, _| true))
    }

    /// Agreement beyond chance. `sklearn.metrics.cohen_kappa_score` with `labels` given.
    pub fn kappa(&self, weights: Weights) -> Option<f64> {
        let total = self.count() as f64;
        let (truths, predictions) = (self.row_sums(), self.column_sums());
        let weigh = |a: usize, b: usize| match weights {
            Weights::Equal => f64::from(u8::from(a != b)),
            Weights::Linear => a.abs_diff(b) as f64,
            Weights::Quadratic => (a.abs_diff(b) as f64).powi(2),
        };
        let seen = sum(self.cells().map(|(a, b, count)| weigh(a, b) * count as f64));
        let by_chance = sum(truths.iter().enumerate().flat_map(|(a, &of_a)| {
            predictions
                .iter()
                .enumerate()
                .map(move |(b, &of_b)| weigh(a, b) * of_a as f64 * of_b as f64 / total)
        }));
        share(seen, by_chance).map(|ratio| 1.0 - ratio)
    }

    /// Precision, recall and F1 of each level.
    pub fn by_class(&self) -> Vec<ClassFigures> {
        let (truths, predictions) = (self.row_sums(), self.column_sums());
        let hits = self.cells().filter(|(truth, predicted, _)| truth == predicted);
        hits.zip(truths.into_iter().zip(predictions))
            .map(|((_, _, hit), (truths, predictions))| {
                let hit = hit as f64;
                ClassFigures {
                    count: truths,
                    precision: share(hit, predictions as f64).unwrap_or(0.0),
                    recall: share(hit, truths as f64).unwrap_or(0.0),
                    f1: share(2.0 * hit, (truths + predictions) as f64).unwrap_or(0.0),
                }
            })
            .collect()
    }

    /// The mean F1 of the levels that occur as truth or prediction. `sklearn.metrics.f1_score` with `average="macro"`
    /// and no `labels`.
    pub fn macro_f1(&self) -> Option<f64> {
        let predictions = self.column_sums();
        let there = self.by_class().into_iter().zip(predictions);
        mean(there.filter(|(class, said)| class.count + said > 0).map(|(class, _)| class.f1))
    }

    /// The mean F1 of all levels; a level that does not occur counts as 0.
    pub fn macro_f1_of_all(&self) -> Option<f64> {
        mean(self.by_class().into_iter().map(|class| class.f1))
    }

    /// The mean recall of the levels that occur. `sklearn.metrics.balanced_accuracy_score`.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        mean(self.by_class().into_iter().filter(|class| class.count > 0).map(|class| class.recall))
    }

    fn cells(&self) -> impl Iterator<Item = (usize, usize, u64)> {
        let classes = self.classes.max(1);
        self.counts.iter().enumerate().map(move |(at, &count)| (at / classes, at % classes, count))
    }

    fn share_where(&self, wanted: impl Fn(usize, usize) -> bool) -> Option<f64> {
        let found: u64 =
            self.cells().filter(|&(truth, predicted, _)| wanted(truth, predicted)).map(|cell| cell.2).sum();
        share(found as f64, self.count() as f64)
    }

    fn row_sums(&self) -> Vec<u64> {
        self.rows().map(|row| row.iter().sum()).collect()
    }

    fn column_sums(&self) -> Vec<u64> {
        (0..self.classes).map(|column| self.rows().filter_map(|row| row.get(column)).sum()).collect()
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    share(sum(values.iter().copied()), values.len() as f64)
}
