//! A scorer that learns from the reviews of one facility, and is active only while it beats the rules.
//!
//! [`LocalLearner`] starts with weights of zero. In each review a person says whether the report was of high risk. The
//! review is first a test and then a training example: the learner predicts, receives the truth and takes one gradient
//! step. The learner becomes active when it beats the rules: over the last 100 reviews or more, its log loss must be
//! smaller than that of the rules, with a paired 95 % interval that excludes zero. Before that, and again when it no
//! longer leads on average, only the rules score.
//!
//! **The learner raises a score and never lowers it.** The rules are the floor of score, band and flag. A report that
//! the rules call high stays high.
//!
//! ```
//! use eovr_core::triage::local::LocalLearner;
//! use eovr_core::triage::{Case, EmbeddedRules, Scorer};
//!
//! let mut learner = LocalLearner::default();
//! let case = Case { narrative: "The autoclave log was missing.", ..Case::default() };
//! learner.review(&case, true);
//! assert!(!learner.standing().in_charge, "one review is no proof");
//! assert_eq!(learner.score(&case).score, EmbeddedRules.score(&case).score);
//! ```

mod file;
mod window;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use self::window::{Seen, Window};
use super::learn::{BLOCKS, BUCKETS, Reader, WIDTH, dampened, to_length_one};
use super::text::Text;
use super::{Case, EmbeddedRules, Model, Reason, Scorer, Suggestion, band_of_chance};

/// The model learned from the reviews of one facility. It is a plain value: the host stores it with
/// [`to_bytes`](Self::to_bytes). Reviews of another facility never enter it.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalLearner {
    /// One weight for each bucket, and the sum of its squared gradients so far.
    weights: Vec<f32>,
    squares: Vec<f32>,
    window: Window,
    reviews: u64,
}

/// The comparison of the learner with the rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// The number of reviews that the learner has learned from.
    pub reviews: u64,
    /// The number of recent reviews in the comparison.
    pub compared: usize,
    /// The mean difference of log loss, rules minus learner, in nats.
    pub lead: Option<f64>,
    /// The paired 95 % interval of `lead`.
    pub interval: Option<(f64, f64)>,
    /// Whether the learner is active.
    pub in_charge: bool,
}

/// The learning rate of Adagrad.
const STEP: f32 = 0.2;
/// The number of features other than words: a constant, the score of the rules, actual and potential harm.
const GIVEN: usize = 4;

impl Default for LocalLearner {
    fn default() -> Self {
        Self {
            weights: vec![0.0; WIDTH + GIVEN],
            squares: vec![0.0; WIDTH + GIVEN],
            window: Window::default(),
            reviews: 0,
        }
    }
}

impl LocalLearner {
    /// Takes the review of a report: first as a test, then as a training example.
    pub fn review(&mut self, case: &Case<'_>, high: bool) {
        let rules = EmbeddedRules.score(case);
        let features = features(case, &Text::read(case.narrative), &rules);
        let margin = self.margin(&features);
        self.window.add(Seen::new(&rules, margin, high));
        let off = window::logistic(margin) - f32::from(u8::from(high));
        for &(place, value) in &features {
            let (Some(weight), Some(square)) = (self.weights.get_mut(place), self.squares.get_mut(place))
            else {
                continue;
            };
            let slope = off * value;
            *square += slope * slope;
            if *square > 0.0 {
                *weight -= STEP * slope / square.sqrt();
            }
        }
        self.reviews = self.reviews.saturating_add(1);
    }

    /// The comparison with the rules.
    pub fn standing(&self) -> Standing {
        let (lead, interval) = self.window.lead();
        Standing {
            reviews: self.reviews,
            compared: self.window.compared(),
            lead,
            interval,
            in_charge: self.window.in_charge(),
        }
    }

    /// The probability of high risk; `None` while the learner is not active.
    pub fn probability(&self, case: &Case<'_>) -> Option<f64> {
        self.window.in_charge().then(|| self.opinion(case))
    }

    /// The probability of high risk even while the learner is not active. It is for monitoring the training; do not
    /// show it to reviewers.
    pub fn opinion(&self, case: &Case<'_>) -> f64 {
        self.opinion_of(case, &Text::read(case.narrative), &EmbeddedRules.score(case))
    }

    fn opinion_of(&self, case: &Case<'_>, text: &Text, rules: &Suggestion) -> f64 {
        self.window.probability(self.margin(&features(case, text, rules)))
    }

    /// Whether the text has a word of a reviewed report. Otherwise the learner knows nothing about the text.
    fn has_met(&self, text: &Text) -> bool {
        let mut met = false;
        Reader::default().by_word(text, |_, bucket, paired| {
            let (bucket, word) = (bucket as usize, !paired && (bucket as usize) < BUCKETS);
            met |= word && self.squares.get(bucket).is_some_and(|square| *square > 0.0);
        });
        met
    }

    fn margin(&self, features: &[(usize, f32)]) -> f32 {
        features
            .iter()
            .map(|&(place, value)| self.weights.get(place).copied().unwrap_or_default() * value)
            .sum()
    }

    /// The words with the greatest weight for high risk, and their share of the total.
    fn words(&self, text: &Text) -> Vec<(std::ops::Range<usize>, f32)> {
        let mut shares = vec![0.0_f32; text.words.len()];
        Reader::default().by_word(text, |place, bucket, _| {
            let weight = self.weights.get(bucket as usize).copied().unwrap_or_default();
            shares.get_mut(place).into_iter().for_each(|share| *share += weight);
        });
        let words = text.words.iter().zip(shares).map(|(word, share)| (word.span.clone(), share));
        let mut words: Vec<_> = words.filter(|(_, share)| *share > 0.0).collect();
        let all: f32 = words.iter().map(|word| word.1).sum();
        words.iter_mut().for_each(|word| word.1 /= all);
        words.sort_by(|a, b| b.1.total_cmp(&a.1));
        words.truncate(MOST_WORDS);
        words
    }
}

const MOST_WORDS: usize = 5;

impl Scorer for LocalLearner {
    fn model(&self) -> Model {
        if self.window.in_charge() {
            Model { id: Cow::Borrowed("eovr-local"), version: Cow::Owned(self.reviews.to_string()) }
        } else {
            EmbeddedRules.model()
        }
    }

    fn score(&self, case: &Case<'_>) -> Suggestion {
        let mut suggestion = EmbeddedRules.score(case);
        let text = Text::read(case.narrative);
        if !self.window.in_charge() || !self.has_met(&text) {
            return suggestion;
        }
        let probability = self.opinion_of(case, &text, &suggestion);
        suggestion.model = self.model();
        suggestion.abstained = false;
        let learned = (probability * 100.0 + 0.5) as u8;
        let raised = i16::from(learned) - i16::from(suggestion.score);
        if raised > 0 {
            let mut left = raised;
            for (span, part) in self.words(&text) {
                let points = (part * f32::from(raised)) as i16;
                left -= points;
                if points > 0 {
                    suggestion.reasons.push(reason("learned.word", Some(span), points));
                }
            }
            if left > 0 {
                suggestion.reasons.push(reason("learned.rest", None, left));
            }
            suggestion.score = learned;
        }
        let flagged = probability > self.window.flag_above();
        suggestion.high_risk |= flagged;
        suggestion.band = suggestion.band.max(band_of_chance(learned, flagged));
        suggestion
    }
}

fn reason(rule: &'static str, span: Option<std::ops::Range<usize>>, points: i16) -> Reason {
    let gloss = Cow::Borrowed("learned from this house's reviews");
    Reason { rule: Cow::Borrowed(rule), span, term: Cow::Borrowed(""), gloss, points }
}

fn features(case: &Case<'_>, text: &Text, rules: &Suggestion) -> Vec<(usize, f32)> {
    let mut features: Vec<(usize, f32)> =
        Reader::default().read(text).map(|(bucket, count)| (bucket as usize, dampened(count))).collect();
    let mut squares = [0.0_f32; BLOCKS];
    for &(place, value) in &features {
        squares.get_mut(place / BUCKETS).into_iter().for_each(|square| *square += value * value);
    }
    let lengths = squares.map(to_length_one);
    for (place, value) in &mut features {
        *value *= lengths.get(*place / BUCKETS).copied().unwrap_or_default();
    }
    let harm =
        |level: Option<u8>| level.filter(|&level| level <= 6).map_or(0.0, |level| f32::from(level) / 6.0);
    let given = [1.0, f32::from(rules.score) / 100.0, harm(case.actual_harm), harm(case.potential_harm)];
    features.extend(given.into_iter().enumerate().map(|(place, value)| (WIDTH + place, value)));
    features
}

/// One learner for each facility ([`Case::house`]), as one scorer for the engine. It keeps learning: the host calls
/// [`review`](Self::review) when a reviewer accepts or overrides a suggestion. A learner never uses the reviews of
/// another facility. A facility without reviews takes no memory; a facility with reviews takes about a megabyte.
#[derive(Debug, Default)]
pub struct LocalScorer(RwLock<BTreeMap<String, LocalLearner>>);

impl LocalScorer {
    /// Restores the learner of a facility, for a host that stores it as bytes.
    pub fn put(&self, house: &str, learner: LocalLearner) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(house.to_owned(), learner);
    }

    /// As [`LocalLearner::review`], on the learner of the case's facility.
    pub fn review(&self, case: &Case<'_>, high: bool) {
        let house = case.house.unwrap_or_default();
        // A learner is consistent between two reviews, so a poisoned lock can be ignored.
        let mut learners = self.0.write().unwrap_or_else(PoisonError::into_inner);
        learners.entry(house.to_owned()).or_default().review(case, high);
    }

    /// See [`LocalLearner::standing`].
    pub fn standing(&self, house: &str) -> Standing {
        self.of(house, LocalLearner::standing).unwrap_or(Standing {
            reviews: 0,
            compared: 0,
            lead: None,
            interval: None,
            in_charge: false,
        })
    }

    /// The learner of a facility; `None` if it has no reviews.
    pub fn learner(&self, house: &str) -> Option<LocalLearner> {
        self.of(house, LocalLearner::clone)
    }

    /// The active model of a facility: its learner or the rules.
    pub fn model_of(&self, house: &str) -> Model {
        self.of(house, LocalLearner::model).unwrap_or_else(|| EmbeddedRules.model())
    }

    fn of<T>(&self, house: &str, ask: impl FnOnce(&LocalLearner) -> T) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(house).map(ask)
    }
}

impl Scorer for LocalScorer {
    /// The rules, because no facility is given; see [`model_of`](Self::model_of).
    fn model(&self) -> Model {
        EmbeddedRules.model()
    }

    fn score(&self, case: &Case<'_>) -> Suggestion {
        let house = case.house.unwrap_or_default();
        self.of(house, |learner| learner.score(case)).unwrap_or_else(|| EmbeddedRules.score(case))
    }
}

#[cfg(test)]
mod tests;
