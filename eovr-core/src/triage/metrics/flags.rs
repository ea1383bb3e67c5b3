//! A yes-or-no truth beside a score.

use super::{share, sum};
use crate::error::{Error, Result};

/// Cases that are truly high-risk or not, each with the score somebody gave it; sorted once.
///
/// Scores need not be probabilities for ranking and operating points. [`brier`](Self::brier),
/// [`log_loss`](Self::log_loss) and what belongs to calibration are `None` unless all are within 0 and 1.
#[derive(Clone, Debug)]
pub struct Flags {
    // By score, smallest first; equal scores keep their order.
    pub(super) cases: Vec<(f64, bool)>,
    positives: usize,
}

/// A threshold and what follows from it: a case is flagged when its score is above `threshold`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OperatingPoint {
    /// The score that must be exceeded; below every score where all cases are flagged.
    pub threshold: f64,
    /// The share of the truly high-risk that is flagged.
    pub sensitivity: f64,
    /// The share of the others that is not flagged, as reached: tied scores can make it miss its target.
    pub specificity: f64,
    /// The share of the flagged that is truly high-risk; `None` where nothing is flagged.
    pub precision: Option<f64>,
    /// The share of all cases that somebody has to look at.
    pub review_load: f64,
}

impl Flags {
    /// Pairs truths with scores.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where there are more of one than of the other, or
    /// where a score is not a number.
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

    /// From finite scores.
    pub(crate) fn sorted(mut cases: Vec<(f64, bool)>) -> Self {
        cases.sort_by(|a, b| a.0.total_cmp(&b.0));
        let positives = cases.iter().filter(|case| case.1).count();
        Self { cases, positives }
    }

    /// How many cases there are.
    pub fn count(&self) -> usize {
        self.cases.len()
    }

    /// How many of them are truly high-risk.
    pub fn positives(&self) -> usize {
        self.positives
    }

    /// The cases by their score, smallest first: what it is, and whether they are truly high-risk.
    pub fn each(&self) -> impl Iterator<Item = (f64, bool)> {
        self.cases.iter().copied()
    }

    /// The share of the truly high-risk: what the area under precision and recall is to be held against.
    pub fn prevalence(&self) -> Option<f64> {
        share(self.positives as f64, self.count() as f64)
    }

    /// The area under the ROC curve: how often a high-risk case scores above another one, ties half.
    /// `sklearn.metrics.roc_auc_score`.
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

    /// Average precision: the area under precision and recall as a sum of steps, not of trapezoids, which
    /// flatter. `sklearn.metrics.average_precision_score`.
    pub fn average_precision(&self) -> Option<f64> {
        let (positives, _) = self.both()?;
        let ties: Vec<_> = self.ties().collect();
        let (mut hit, mut seen, mut area) = (0.0, 0.0, 0.0);
        for (yes, no) in ties.into_iter().rev() {
            hit += yes;
            seen += yes + no;
            area += hit / seen * (yes / positives);
        }
        Some(area)
    }

    /// The points of the ROC curve, from (0, 0) to (1, 1): share of false alarms, share of hits.
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

    /// What is caught at the smallest threshold that leaves at least this share of the others alone.
    ///
    /// The threshold is the k-th smallest score of the others, k = ⌈share · their number⌉.
    pub fn at_specificity(&self, target: f64) -> Option<OperatingPoint> {
        self.both()?;
        self.quantile(false, target).and_then(|threshold| self.above(threshold))
    }

    /// What is left alone at the largest threshold that catches at least this share of the high-risk.
    pub fn at_sensitivity(&self, target: f64) -> Option<OperatingPoint> {
        self.both()?;
        // Flagged is what is above the threshold, so it lies just below the score that must be caught.
        let missed = self.positives.saturating_sub((target * self.positives as f64).ceil() as usize);
        let caught = self.scores_of(true).nth(missed)?;
        let below = self.cases.iter().rev().map(|case| case.0).find(|&score| score < caught);
        self.above(below.unwrap_or(f64::MIN))
    }

    /// What follows from flagging everything above this score.
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

    /// The mean squared distance of probability and truth. `sklearn.metrics.brier_score_loss`.
    pub fn brier(&self) -> Option<f64> {
        self.probabilities()?;
        let squares = self.cases.iter().map(|&(p, yes)| (p - f64::from(u8::from(yes))).powi(2));
        share(sum(squares), self.count() as f64)
    }

    /// The mean surprise in natural units, probabilities held away from 0 and 1 by one part in 2⁵².
    /// `sklearn.metrics.log_loss`.
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

    /// How many high-risk cases and others share each score, smallest score first.
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
