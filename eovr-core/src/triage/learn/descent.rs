//! Training of the weights: averaged stochastic gradient descent on the softmax loss, with weight decay.
//!
//! The objective is that of ridge-penalised multinomial logistic regression or, where a narrative may have several
//! labels, of one logistic regression per label. The weights of the second half of the epochs are averaged (Polyak and
//! Juditsky 1992), which removes the noise of the last steps.

use sha2::{Digest as _, Sha256};

use super::calibration::Link;
use super::corpus::Corpus;
use super::features::Fold;
use crate::triage::random::Random;

/// The first step size; the decay determines the later ones.
const FIRST_STEP: f32 = 0.5;
/// The intercepts have a smaller step size, because they occur in every row.
const INTERCEPT_STEP: f32 = 0.1;
/// The number of passes over the rows.
pub(super) const EPOCHS: usize = 10;

/// One weight per bucket and class, and one intercept per class.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    /// The weights of a bucket's classes are adjacent.
    pub(super) of: Vec<f32>,
    pub(super) intercepts: Vec<f32>,
}

impl Weights {
    fn zero(classes: usize) -> Self {
        Self { of: vec![0.0; Fold::of(classes).slots() * classes], intercepts: vec![0.0; classes] }
    }

    /// The weights as a notebook stores them: little-endian, the intercepts last, then SHA-256 of everything.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let weights = self.of.iter().chain(&self.intercepts);
        let mut bytes: Vec<u8> = weights.flat_map(|weight| weight.to_le_bytes()).collect();
        bytes.extend(Sha256::digest(&bytes));
        bytes
    }

    /// Reads the bytes of [`to_bytes`](Self::to_bytes) for this number of classes; `None` for anything else.
    pub(super) fn read(bytes: &[u8], classes: usize) -> Option<Self> {
        let (bytes, digest) = bytes.split_last_chunk::<32>()?;
        let (weights, _) = bytes.as_chunks::<4>();
        let mut of: Vec<f32> = weights.iter().map(|weight| f32::from_le_bytes(*weight)).collect();
        let slots = Fold::of(classes).slots();
        let fits = of.len() == (slots + 1) * classes && Sha256::digest(bytes).as_slice() == digest;
        let intercepts = fits.then(|| of.split_off(slots * classes))?;
        Some(Self { of, intercepts })
    }

    pub(super) fn classes(&self) -> usize {
        self.intercepts.len()
    }

    /// The log odds of each class for a row, up to a common constant.
    pub(super) fn scores(&self, corpus: &Corpus, row: usize, into: &mut Vec<f32>) {
        into.clear();
        into.resize(self.classes(), 0.0);
        self.add_row(corpus, row, into);
        for (score, intercept) in into.iter_mut().zip(&self.intercepts) {
            *score += intercept;
        }
    }

    fn add_row(&self, corpus: &Corpus, row: usize, into: &mut [f32]) {
        let classes = self.classes();
        for (bucket, value) in corpus.row(row) {
            let weights = self.of.get(bucket * classes..(bucket + 1) * classes).unwrap_or_default();
            for (score, weight) in into.iter_mut().zip(weights) {
                *score += weight * value;
            }
        }
    }

    fn move_row(&mut self, corpus: &Corpus, row: usize, steps: &[f32]) {
        let classes = self.classes();
        for (bucket, value) in corpus.row(row) {
            let weights = self.of.get_mut(bucket * classes..(bucket + 1) * classes).unwrap_or_default();
            for (weight, step) in weights.iter_mut().zip(steps) {
                *weight -= step * value;
            }
        }
    }
}

/// Trains on these rows. `decay` is the ridge penalty on the sum over all rows, so its meaning does not depend on their
/// number. `tell` is called after each epoch.
pub(super) fn learn(
    corpus: &Corpus,
    rows: &[usize],
    (classes, link): (usize, Link),
    decay: f32,
    seed: u64,
    mut tell: impl FnMut(),
) -> Weights {
    let mut weights = Weights::zero(classes);
    let mut average = Weights::zero(classes);
    let mut random = Random::new(seed);
    let mut order = rows.to_vec();
    let decay = decay / rows.len().max(1) as f32;
    let (mut time, mut averaged) = (0.0_f32, 0.0_f32);
    let mut scores = Vec::with_capacity(classes);
    let mut steps = vec![0.0; classes];
    for epoch in 0..EPOCHS {
        random.shuffle(&mut order);
        // Decay shrinks all weights at every step. A common factor represents this until the epoch ends.
        let mut scale = 1.0_f32;
        for &row in &order {
            let step = FIRST_STEP / (1.0 + FIRST_STEP * decay * time);
            time += 1.0;
            scores.clear();
            scores.resize(classes, 0.0);
            weights.add_row(corpus, row, &mut scores);
            for (score, intercept) in scores.iter_mut().zip(&weights.intercepts) {
                *score = *score * scale + intercept;
            }
            link.apply(&mut scores);
            for &label in corpus.labels_of(row) {
                scores.get_mut(label).into_iter().for_each(|own| *own -= 1.0);
            }
            scale *= 1.0 - step * decay;
            for ((into, off), intercept) in steps.iter_mut().zip(&scores).zip(&mut weights.intercepts) {
                *into = off * step / scale;
                *intercept -= INTERCEPT_STEP * step * off;
            }
            weights.move_row(corpus, row, &steps);
            if scale < 1e-3 {
                rescale(&mut weights, &mut scale);
            }
        }
        rescale(&mut weights, &mut scale);
        if epoch >= EPOCHS / 2 {
            averaged += 1.0;
            add(&mut average, &weights);
        }
        tell();
    }
    for value in average.of.iter_mut().chain(&mut average.intercepts) {
        *value /= averaged;
    }
    average
}

fn rescale(weights: &mut Weights, scale: &mut f32) {
    for weight in &mut weights.of {
        *weight *= *scale;
    }
    *scale = 1.0;
}

fn add(sum: &mut Weights, weights: &Weights) {
    for (sum, weight) in sum.of.iter_mut().zip(&weights.of) {
        *sum += weight;
    }
    for (sum, intercept) in sum.intercepts.iter_mut().zip(&weights.intercepts) {
        *sum += intercept;
    }
}

/// Converts log odds to probabilities, in place.
pub(super) fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut total = 0.0;
    for score in scores.iter_mut() {
        *score = libm::expf(*score - highest);
        total += *score;
    }
    for score in scores {
        *score /= total;
    }
}
