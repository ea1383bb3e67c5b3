//! Levels beside levels.

use super::{share, sum};
use crate::error::{Error, Result};

/// How often each true level was given each predicted level.
///
/// The number of levels belongs to it and is not guessed from the cases: a middle level that happens to
/// be missing would otherwise move the others together and change a weighted kappa.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    counts: Vec<u64>,
    classes: usize,
}

/// How a disagreement counts by the levels it spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Each the same: Cohen's kappa, for classes without an order.
    Equal,
    /// By the distance.
    Linear,
    /// By the square of the distance: a miss by two counts four times.
    Quadratic,
}

/// What one class looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassFigures {
    /// How many cases are truly of it.
    pub count: u64,
    /// The share of those said to be of it that are; 0 where none was said to be.
    pub precision: f64,
    /// The share of those that are of it that were said to be; 0 where there are none.
    pub recall: f64,
    /// The harmonic mean of the two.
    pub f1: f64,
}

impl Confusion {
    /// Counts pairs of a true and a predicted level, both from 0.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where there are more of one than of the other, or
    /// where a level is not below `classes`.
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
                    .with_help(format!("accepted: 0 up to, and not with, {classes}"))
                    .with("level", truth.max(predicted)));
            }
            confusion.add(truth, predicted);
        }
        Ok(confusion)
    }

    /// Counts pairs that are known to be below `classes`; others are left out.
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

    /// How many levels there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many cases were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The rows, one for each true level: how many were given each predicted level.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.counts.chunks(self.classes.max(1))
    }

    /// The share of cases that were given their true level.
    pub fn accuracy(&self) -> Option<f64> {
        self.share_where(|truth, predicted| truth == predicted)
    }

    /// The share that was given a lower level than is true, of all cases.
    pub fn under_triage(&self) -> Option<f64> {
        self.share_where(|truth, predicted| predicted < truth)
    }

    /// The share that was given a level too low by two or more, of all cases.
    pub fn far_under_triage(&self) -> Option<f64> {
        self.share_where(|truth, predicted| predicted + 2 <= truth)
    }

    /// The share that was given a higher level than is true, of all cases.
    pub fn over_triage(&self) -> Option<f64> {
        self.share_where(|truth, predicted| predicted > truth)
    }

    /// The share of cases from level `high` on that was given a level below it: who was missed.
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

    /// The mean F1 of the levels that occur, as truth or as prediction. `sklearn.metrics.f1_score` with
    /// `average="macro"` and no `labels`.
    pub fn macro_f1(&self) -> Option<f64> {
        let predictions = self.column_sums();
        let there = self.by_class().into_iter().zip(predictions);
        mean(there.filter(|(class, said)| class.count + said > 0).map(|(class, _)| class.f1))
    }

    /// The mean F1 of all levels of the scheme; one that does not occur counts 0.
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
