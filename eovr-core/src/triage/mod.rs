//! A first look at a fresh report: how bad does it sound, and which words say so?
//!
//! **What it is.** A scorer reads one report and suggests a number from 0 to 100, a band and a
//! high-risk flag, each with its reasons, so that the worst reports are read first. It is pure: no
//! clock, no network, no file, and the same report always gets the same answer.
//!
//! **What it is not.** It is no diagnosis, no probability and no decision. It has not been validated
//! on hospital incidents, and its Arabic word list has not been read by a clinician. A person decides;
//! a suggestion may bring a report forward, never hold it back.
//!
//! [`EmbeddedRules`] is the scorer that works from the first day: the reporter's own grading of harm,
//! plus word lists in English and Arabic that understand "no", "not" and "nearly". A host may bring
//! another one by implementing [`Scorer`].

pub mod analysis;
#[cfg(feature = "challenge")]
pub mod challenge;
mod cues;
pub mod deidentify;
pub mod evaluate;
mod facts;
mod frames;
pub mod learn;
mod lexicon;
pub mod local;
mod marks;
mod measures;
pub mod metrics;
pub mod narrative;
mod negation;
mod random;
mod roles;
mod rules;
mod senses;
mod spelling;
mod text;
#[cfg(test)]
mod word_lists_tests;

use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::risk::Band;

pub use marks::{Mark, Marks};
pub use rules::EmbeddedRules;

/// Scores one report.
///
/// A scorer is pure and never fails. When it has nothing to say it says so, in
/// [`Suggestion::abstained`].
pub trait Scorer: Debug + Send + Sync {
    /// Names the scorer and its version, as every suggestion of it carries them.
    fn model(&self) -> Model;

    /// Scores a report from what it says and how its reporter graded it.
    fn score(&self, case: &Case<'_>) -> Suggestion;
}

/// Which scorer made a suggestion. Without it an old score cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Model {
    /// The scorer's stable name, such as `eovr-rules`.
    pub id: Cow<'static, str>,
    /// Changes whenever the same report could get another score.
    pub version: Cow<'static, str>,
}

/// What a scorer may look at.
///
/// Harm is a number from 0 to 6: 0 unsafe condition, 1 near miss, 2 no harm, 3 mild, 4 moderate,
/// 5 severe, 6 death. The names belong to the incident module. A number above 6 counts as not given.
///
/// It can be built but not serialised: a narrative should not be copied about. `Debug` prints its
/// length only, so that a log line cannot leak it.
#[derive(Clone, Copy, Default)]
pub struct Case<'a> {
    /// What happened, in the reporter's words.
    pub narrative: &'a str,
    /// The code or name of the kind of event, if chosen.
    pub category: Option<&'a str>,
    /// The harm that was done, 0 to 6.
    pub actual_harm: Option<u8>,
    /// The harm that could have been done, 0 to 6.
    pub potential_harm: Option<u8>,
    /// Whose report it is, for a scorer that learns from each house apart: the facility's id.
    pub house: Option<&'a str>,
}

impl Debug for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case")
            .field("narrative_bytes", &self.narrative.len())
            .field("category", &self.category)
            .field("actual_harm", &self.actual_harm)
            .field("potential_harm", &self.potential_harm)
            .field("house", &self.house)
            .finish()
    }
}

/// What a scorer suggests. A person decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Who suggests.
    pub model: Model,
    /// 0 to 100. It orders reports; it is not a probability.
    pub score: u8,
    /// The score in one of four words.
    pub band: Band,
    /// Whether a reviewer should read this report before the others.
    pub high_risk: bool,
    /// There was too little to go on: the score says nothing, not "harmless".
    pub abstained: bool,
    /// Why. The points add up to the score exactly, once held within 0 to 100.
    pub reasons: Vec<Reason>,
}

impl Suggestion {
    /// What a scorer suggests that knows how likely high risk is, from 0 to 1, and whether that is enough for a
    /// flag. The score is the chance in hundredths; without a chance the scorer abstains. Reasons can be added.
    pub fn of_chance(model: Model, chance: Option<f64>, flagged: bool) -> Self {
        let score = (chance.unwrap_or(0.0).clamp(0.0, 1.0) * 100.0 + 0.5) as u8;
        let high_risk = flagged && chance.is_some();
        let band = band_of_chance(score, high_risk);
        Self { model, score, band, high_risk, abstained: chance.is_none(), reasons: Vec::new() }
    }

    /// The same on a floor that it never undercuts: the higher score with its reasons and whose it is, the higher band, a
    /// flag where either raised one. Where one of the two has nothing to say the other speaks.
    pub(crate) fn on_floor(self, floor: Self) -> Self {
        if floor.abstained {
            return self;
        }
        if self.abstained {
            return floor;
        }
        let (band, high_risk) = (self.band.max(floor.band), self.high_risk || floor.high_risk);
        Self { band, high_risk, ..if floor.score > self.score { floor } else { self } }
    }
}

/// The band of a chance in hundredths. A flag, which is raised where a house wants it, says more than the number.
fn band_of_chance(score: u8, flagged: bool) -> Band {
    match (flagged, score) {
        (true, 70..) => Band::Extreme,
        (true, _) => Band::High,
        (false, 20..) => Band::Medium,
        (false, _) => Band::Low,
    }
}

/// One reason for a score.
///
/// A reason never contains the report's own words, so it may be logged and stored in the open. The
/// place in the narrative is given as a range of bytes, for a screen that already shows the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The stable name of the rule, such as `flag.death`, `negated.fall` or `actual_harm`.
    pub rule: Cow<'static, str>,
    /// Where in the narrative, in bytes of the original text; none if the reason is not in the text.
    pub span: Option<Range<usize>>,
    /// The term of the word list (or the level of harm) that applied.
    pub term: Cow<'static, str>,
    /// What the term means, in English.
    pub gloss: Cow<'static, str>,
    /// What this reason adds to the score. Words that were denied add nothing but are shown.
    pub points: i16,
}
