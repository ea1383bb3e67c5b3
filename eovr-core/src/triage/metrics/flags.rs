//! Figures of a binary truth and a score.

use super::{share, sum};
use crate::error::{Error, Result};

/// Cases, each truly high-risk or not, with their scores; sorted once.
///
/// For ranking and operating points, scores need not be probabilities. [`brier`](Self::brier),
/// [`log_loss`](Self::log_loss) and the calibration figures are `None` unless all scores are within 0 and 1.
#[derive(Clone, Debug)]
pub struct Flags {
    // Sorted by score, smallest first; equal scores keep their order.
    pub(super) cases: Vec<(f64, bool)>,
    positives: usize,
}

/// A threshold with its figures. A case is flagged when its score is above `threshold`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OperatingPoint {
    /// The threshold; below every score where all cases are flagged.
    pub threshold: f64,
    /// The share of high-risk cases that are flagged.
    pub sensitivity: f64,
    /// The share of the other cases that are not flagged. Because of tied scores it can differ from the target.
    pub specificity: f64,
    /// The share of flagged cases that are high-risk; `None` where no case is flagged.
    pub precision: Option<f64>,
    /// The share of all cases that are flagged for review.
    pub review_load: f64,
}

impl Flags {
    /// Pairs truths with scores.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the numbers of values differ, or a score is not a number.
    pub fn new(truth: &[bool], scores: &[f64]) -> Result<Self> {
        if truth.len() != scores.len() {
            return Err(Error::invalid("`truth` and `scores` have different lengths")
                .with_help("give one score for each case")
                .with("truth", truth.len())
                .with("scores", scores.len()));
        }
        if let Some(at) = scores.iter().position(|score| !score.is_finite()) {
            return Err(Error::invalid("a score is not a number")
                .with_help("leave out the cases that were not scored")
                .with("case", at));
        }
        Ok(Self::sorted(scores.iter().copied().zip(truth.iter().copied()).collect()))
    }

    /// Makes it from finite scores.
    pub(crate) fn sorted(mut cases: Vec<(f64, bool)>) -> Self {
        cases.sort_by(|a, b| a.0.total_cmp(&b.0));
        let positives = cases.iter().filter(|case| case.1).count();
        Self { cases, positives }
    }

    /// The number of cases.
    pub fn count(&self) -> usize {
        self.cases.len()
    }

    /// The number of high-risk cases.
    pub fn positives(&self) -> usize {
        self.positives
    }

    /// The cases by score, smallest first: the score, and whether the case is high-risk.
    pub fn each(&self) -> impl Iterator<Item = (f64, bool)> {
        self.cases.iter().copied()
    }

    /// The share of high-risk cases. It is the baseline of the area under the precision–recall curve.
    pub fn prevalence(&self) -> Option<f64> {
        share(self.positives as f64, self.count() as f64)
    }

    /// The area under the ROC curve: the probability that a high-risk case has a higher score than another case; ties
    /// count half. `sklearn.metrics.roc_auc_score`.
    pub fn auroc(&self) -> Option<f64> {
        let (positives, negatives) = self.both()?;
        let mut below = 0.0;
        let mut won = 0.0;
        for (yes, no) in self.ties() {
            won += yes * (below + no / 2.0);
            below += no;
        }
        Some(won / (positives * negatives))
    }

    /// Average precision: the area under the precision–recall curve as a sum of steps. Trapezoids would overestimate
    /// it. `sklearn.metrics.average_precision_score`.
    pub fn average_precision(&self) -> Option<f64> {
        let (positives, _) = self.both()?;
        let ties: Vec<_> = self.ties().collect();
        let (mut hit, mut seen, mut area) = (0.0, 0.0, 0.0);
        for (yes, no) in ties.into_iter().rev() {
            hit += yes;
            seen += yes + no;
            // Divided at the end: a sum of shares of `positives` could come to more than 1 by rounding.
            area += yes * (hit / seen);
        }
        Some(area / positives)
    }

    /// The points of the ROC curve, from (0, 0) to (1, 1): false positive rate, true positive rate.
    pub fn roc(&self) -> Vec<(f64, f64)> {
        let Some((positives, negatives)) = self.both() else { return Vec::new() };
        let ties: Vec<_> = self.ties().collect();
        let (mut hits, mut alarms) = (0.0, 0.0);
        let steps = ties.into_iter().rev().map(|(yes, no)| {
            hits += yes;
            alarms += no;
            (alarms / negatives, hits / positives)
        });
        std::iter::once((0.0, 0.0)).chain(steps).collect()
    }

    /// The operating point at the smallest threshold with at least this specificity.
    ///
    /// The threshold is the k-th smallest score of the other cases, k = ⌈specificity · their number⌉.
    pub fn at_specificity(&self, target: f64) -> Option<OperatingPoint> {
        self.both()?;
        self.quantile(false, target).and_then(|threshold| self.above(threshold))
    }

    /// The operating point at the largest threshold with at least this sensitivity.
    pub fn at_sensitivity(&self, target: f64) -> Option<OperatingPoint> {
        self.both()?;
        // A case is flagged above the threshold, so the threshold lies just below the score that must be flagged.
        let missed = self.positives.saturating_sub((target * self.positives as f64).ceil() as usize);
        let caught = self.scores_of(true).nth(missed)?;
        let below = self.cases.iter().rev().map(|case| case.0).find(|&score| score < caught);
        self.above(below.unwrap_or(f64::MIN))
    }

    /// The operating point that flags every case above this score.
    pub fn above(&self, threshold: f64) -> Option<OperatingPoint> {
        let (positives, negatives) = self.both()?;
        let from = self.cases.partition_point(|case| case.0 <= threshold);
        let flagged = (self.count() - from) as f64;
        let hits = self.cases.iter().skip(from).filter(|case| case.1).count() as f64;
        Some(OperatingPoint {
            threshold,
            sensitivity: hits / positives,
            specificity: (negatives - (flagged - hits)) / negatives,
            precision: share(hits, flagged),
            review_load: flagged / self.count() as f64,
        })
    }

    /// The mean squared difference of probability and truth. `sklearn.metrics.brier_score_loss`.
    pub fn brier(&self) -> Option<f64> {
        self.probabilities()?;
        let squares = self.cases.iter().map(|&(p, yes)| (p - f64::from(u8::from(yes))).powi(2));
        share(sum(squares), self.count() as f64)
    }

    /// The mean log loss in natural units; probabilities are clipped to 2⁻⁵² from 0 and 1. `sklearn.metrics.log_loss`.
    pub fn log_loss(&self) -> Option<f64> {
        self.probabilities()?;
        let surprise = self.cases.iter().map(|&(p, yes)| {
            let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            -libm::log(if yes { p } else { 1.0 - p })
        });
        share(sum(surprise), self.count() as f64)
    }

    pub(super) fn probabilities(&self) -> Option<()> {
        let within = |case: Option<&(f64, bool)>| case.is_some_and(|case| (0.0..=1.0).contains(&case.0));
        (within(self.cases.first()) && within(self.cases.last())).then_some(())
    }

    fn both(&self) -> Option<(f64, f64)> {
        let negatives = self.count() - self.positives;
        (self.positives > 0 && negatives > 0).then_some((self.positives as f64, negatives as f64))
    }

    /// The numbers of high-risk and other cases with each score, smallest score first.
    fn ties(&self) -> impl Iterator<Item = (f64, f64)> {
        self.cases.chunk_by(|a, b| a.0 == b.0).map(|tied| {
            let yes = tied.iter().filter(|case| case.1).count();
            (yes as f64, (tied.len() - yes) as f64)
        })
    }

    fn scores_of(&self, truth: bool) -> impl Iterator<Item = f64> {
        self.cases.iter().filter(move |case| case.1 == truth).map(|case| case.0)
    }

    fn quantile(&self, truth: bool, target: f64) -> Option<f64> {
        let count = self.scores_of(truth).count();
        let k = (target * count as f64).ceil().max(1.0) as usize;
        self.scores_of(truth).nth(k.min(count).checked_sub(1)?)
    }
}
