//! Calibrates scores to probabilities.
//!
//! First one slope for all classes and one shift per class (vector scaling with a common slope: Guo et al. 2017). Then
//! a separate slope and shift for the probability of high risk (Cox 1958; Platt 1999), on which people act. Both are
//! fitted on narratives that the weights were not trained on.

use super::descent::softmax;
use crate::triage::metrics::{Line, line_towards};

/// The mapping from scores to probabilities.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Calibration {
    pub(super) slope: f32,
    pub(super) shifts: Vec<f32>,
    pub(super) link: Link,
    /// The first high-risk label, and the adjustment of its probability.
    pub(super) high: Option<(usize, HighStep)>,
}

/// Whether a narrative has exactly one label or any number of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    OneOf,
    AnyOf,
}

impl Link {
    /// Converts log odds to probabilities, in place.
    pub(super) fn apply(self, scores: &mut [f32]) {
        match self {
            Self::OneOf => softmax(scores),
            Self::AnyOf => scores.iter_mut().for_each(|score| *score = 1.0 / (1.0 + libm::expf(-*score))),
        }
    }
}

/// The slope and the shift of the log odds of high risk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HighStep {
    pub(super) slope: f32,
    pub(super) shift: f32,
}

/// This many steps fix the fourth digit.
const STEPS: usize = 300;
const STEP: f64 = 0.3;
/// The ridge penalty towards a slope of 1 and no shifts, which limits overfitting with few cases.
const TOWARDS_ONE: f64 = 0.5;
/// Probabilities are kept this far from 0 and 1 before their log odds are taken.
const LEAST: f32 = 1e-7;

impl Calibration {
    /// Fits to held-out scores: `classes` scores per narrative, with its true labels.
    pub(super) fn fit(scores: &[f32], truths: &[&[usize]], classes: usize, link: Link) -> Self {
        let (mut slope, mut shifts) = (1.0_f64, vec![0.0_f64; classes]);
        let count = truths.len().max(1) as f64;
        let (mut slope_seen, mut shifts_seen) = (1e-8, vec![1e-8; classes]);
        let mut off = vec![0.0_f64; classes];
        let mut said = Vec::with_capacity(classes);
        for _ in 0..STEPS {
            let mut along = TOWARDS_ONE * (slope - 1.0);
            off.iter_mut().zip(&shifts).for_each(|(off, shift)| *off = TOWARDS_ONE * shift);
            let current = Self::of(slope, &shifts, link);
            for (scores, truth) in scores.chunks(classes.max(1)).zip(truths) {
                said.clear();
                said.extend_from_slice(scores);
                current.apply(&mut said);
                for (class, ((said, score), off)) in said.iter().zip(scores).zip(&mut off).enumerate() {
                    let error = f64::from(*said) - f64::from(u8::from(truth.contains(&class)));
                    along += error * f64::from(*score);
                    *off += error;
                }
            }
            // Adagrad: each parameter has its own step size, independent of the scale of the scores.
            along /= count;
            slope_seen += along * along;
            slope -= STEP * along / f64::sqrt(slope_seen);
            for ((shift, off), seen) in shifts.iter_mut().zip(&off).zip(&mut shifts_seen) {
                let off = off / count;
                *seen += off * off;
                *shift -= STEP * off / f64::sqrt(*seen);
            }
        }
        Self::of(slope.max(0.01), &shifts, link)
    }

    fn of(slope: f64, shifts: &[f64], link: Link) -> Self {
        Self {
            slope: slope as f32,
            shifts: shifts.iter().map(|&shift| shift as f32).collect(),
            link,
            high: None,
        }
    }

    /// Converts scores to probabilities, in place.
    pub(super) fn apply(&self, scores: &mut [f32]) {
        for (score, shift) in scores.iter_mut().zip(&self.shifts) {
            *score = *score * self.slope + shift;
        }
        self.link.apply(scores);
        if let Some((from, step)) = self.high {
            step.apply(scores, from);
        }
    }
}

impl HighStep {
    /// Fits to held-out probabilities of labels; high risk begins at `from`. `None` where all cases are on one side.
    pub(super) fn fit(probabilities: &[f32], labels: &[usize], classes: usize, from: usize) -> Option<Self> {
        let points: Vec<(f64, f64)> = probabilities
            .chunks(classes.max(1))
            .zip(labels)
            .map(|(p, &label)| (f64::from(log_odds(sides(p, from))), f64::from(u8::from(label >= from))))
            .collect();
        let high = points.iter().filter(|point| point.1 > 0.5).count();
        if high == 0 || high == points.len() {
            return None;
        }
        let Line { slope, intercept } = line_towards(&points, TOWARDS_ONE)?;
        (slope > 0.0).then_some(Self { slope: slope as f32, shift: intercept as f32 })
    }

    /// Adjusts the probability of high risk and keeps the ratios of the labels within each side.
    pub(super) fn apply(self, probabilities: &mut [f32], from: usize) {
        let (low, high) = sides(probabilities, from);
        let said = 1.0 / (1.0 + libm::expf(-(self.slope * log_odds((low, high)) + self.shift)));
        let stretch = ((1.0 - said) / low.max(f32::MIN_POSITIVE), said / high.max(f32::MIN_POSITIVE));
        for (label, p) in probabilities.iter_mut().enumerate() {
            *p = (*p * if label < from { stretch.0 } else { stretch.1 }).min(1.0);
        }
    }
}

/// The total probability of the labels below `from`, and of the others.
fn sides(probabilities: &[f32], from: usize) -> (f32, f32) {
    let (low, high) = probabilities.split_at(from.min(probabilities.len()));
    (low.iter().sum(), high.iter().sum())
}

fn log_odds((low, high): (f32, f32)) -> f32 {
    libm::logf(high.max(LEAST)) - libm::logf(low.max(LEAST))
}
