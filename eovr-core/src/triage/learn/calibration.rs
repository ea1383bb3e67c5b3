//! From scores to probabilities that come true as often as they say.
//!
//! One slope for all classes and a shift for each (vector scaling with a common slope: Guo et al. 2017),
//! fitted on narratives that the weights were not learned from.

use serde::{Deserialize, Serialize};

use super::descent::softmax;

/// How scores become probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Calibration {
    pub(super) slope: f32,
    pub(super) shifts: Vec<f32>,
}

/// So many steps settle the fourth digit.
const STEPS: usize = 300;
const STEP: f64 = 0.3;
/// Few cases should not bend it far from what was learned: a slope of 1 and no shifts.
const TOWARDS_ONE: f64 = 0.5;

impl Calibration {
    /// Fits to held-out scores, `classes` for each label.
    pub(super) fn fit(scores: &[f32], labels: &[usize], classes: usize) -> Self {
        let (mut slope, mut shifts) = (1.0_f64, vec![0.0_f64; classes]);
        let count = labels.len().max(1) as f64;
        let (mut slope_seen, mut shifts_seen) = (1e-8, vec![1e-8; classes]);
        let mut off = vec![0.0_f64; classes];
        let mut said = Vec::with_capacity(classes);
        for _ in 0..STEPS {
            let mut along = TOWARDS_ONE * (slope - 1.0);
            off.iter_mut().zip(&shifts).for_each(|(off, shift)| *off = TOWARDS_ONE * shift);
            let current =
                Self { slope: slope as f32, shifts: shifts.iter().map(|&shift| shift as f32).collect() };
            for (scores, &label) in scores.chunks(classes.max(1)).zip(labels) {
                said.clear();
                said.extend_from_slice(scores);
                current.apply(&mut said);
                for (class, ((said, score), off)) in said.iter().zip(scores).zip(&mut off).enumerate() {
                    let error = f64::from(*said) - f64::from(u8::from(class == label));
                    along += error * f64::from(*score);
                    *off += error;
                }
            }
            // Adagrad: each direction at its own pace, whatever the scores' scale.
            along /= count;
            slope_seen += along * along;
            slope -= STEP * along / f64::sqrt(slope_seen);
            for ((shift, off), seen) in shifts.iter_mut().zip(&off).zip(&mut shifts_seen) {
                let off = off / count;
                *seen += off * off;
                *shift -= STEP * off / f64::sqrt(*seen);
            }
        }
        Self { slope: slope.max(0.01) as f32, shifts: shifts.into_iter().map(|shift| shift as f32).collect() }
    }

    /// Scores to probabilities, in place.
    pub(super) fn apply(&self, scores: &mut [f32]) {
        for (score, shift) in scores.iter_mut().zip(&self.shifts) {
            *score = *score * self.slope + shift;
        }
        softmax(scores);
    }
}
