//! A scorer that learns from one house's own reviews, and earns its say.
//!
//! [`LocalLearner`] starts with weights of zero beside the rules. Each review (a person says whether the
//! report was of high risk) is first a test and then a lesson: the learner predicts, is told, and takes one
//! step. It is asked only once it has beaten the rules: over the last 100 reviews or more its surprise
//! must be smaller by a paired 95 % interval that leaves out zero. Until then, and again when it no longer leads
//! on average, the rules speak alone.
//!
//! **It raises and never lowers.** The rules stay the floor of score, band and flag; a report that they
//! call high is high.
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

/// What has been learned from the reviews of one house. A plain value: it is kept with
/// [`to_bytes`](Self::to_bytes) and a review with another is never mixed in.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalLearner {
    /// A weight for each bucket, and the squares of its steps so far.
    weights: Vec<f32>,
    squares: Vec<f32>,
    window: Window,
    reviews: u64,
}

/// How the learner stands beside the rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// How many reviews it has learned from.
    pub reviews: u64,
    /// Over how many of the last ones it is compared.
    pub compared: usize,
    /// By how much its surprise is smaller than that of the rules, on average; natural units.
    pub lead: Option<f64>,
    /// The paired 95 % interval of that.
    pub interval: Option<(f64, f64)>,
    /// Whether it is asked.
    pub in_charge: bool,
}

/// The step of Adagrad.
const STEP: f32 = 0.2;
/// Beside the words: what the rules and the reporter say, with weights that are learned.
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
    /// A person has decided: first the test, then the lesson.
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

    /// How it stands beside the rules.
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

    /// The chance of high risk, where the learner has earned to be asked.
    pub fn probability(&self, case: &Case<'_>) -> Option<f64> {
        self.window.in_charge().then(|| self.opinion(case))
    }

    /// What it would say if it were asked: for those who want to see it learn, not for a screen.
    pub fn opinion(&self, case: &Case<'_>) -> f64 {
        self.opinion_of(case, &Text::read(case.narrative), &EmbeddedRules.score(case))
    }

    fn opinion_of(&self, case: &Case<'_>, text: &Text, rules: &Suggestion) -> f64 {
        self.window.probability(self.margin(&features(case, text, rules)))
    }

    /// Whether a word of it stood in a report that was reviewed. Where none did, nothing learned speaks of it.
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

    /// The words that speak most for high risk, with their part of what speaks for it.
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

/// A learner for each house ([`Case::house`]), that the engine can be given and that goes on learning: the host calls
/// [`review`](Self::review) when a reviewer accepted or overrode a suggestion. No facility hears of another's reviews. A
/// house without any costs nothing, one with some a megabyte.
#[derive(Debug, Default)]
pub struct LocalScorer(RwLock<BTreeMap<String, LocalLearner>>);

impl LocalScorer {
    /// Goes on from where a house's learner was, for a host that keeps it as bytes.
    pub fn put(&self, house: &str, learner: LocalLearner) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(house.to_owned(), learner);
    }

    /// See [`LocalLearner::review`]: the learner of the case's house is taught.
    pub fn review(&self, case: &Case<'_>, high: bool) {
        let house = case.house.unwrap_or_default();
        // A learner is whole between any two steps, also after a panic of its caller.
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

    /// A house's learner, where it has learned something.
    pub fn learner(&self, house: &str) -> Option<LocalLearner> {
        self.of(house, LocalLearner::clone)
    }

    /// Who speaks for a house: what it has learned, or the rules.
    pub fn model_of(&self, house: &str) -> Model {
        self.of(house, LocalLearner::model).unwrap_or_else(|| EmbeddedRules.model())
    }

    fn of<T>(&self, house: &str, ask: impl FnOnce(&LocalLearner) -> T) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(house).map(ask)
    }
}

impl Scorer for LocalScorer {
    /// Where no house is named the rules speak; see [`model_of`](Self::model_of).
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
