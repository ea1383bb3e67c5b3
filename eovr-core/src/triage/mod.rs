//! Triage of a new report: a severity score, and the words that explain it.
//!
//! **Purpose.** A scorer reads one report and suggests a score from 0 to 100, a band and a high-risk flag with reasons,
//! so that reviewers read the worst reports first. A scorer is pure: it uses no clock, no network and no file, and the
//! same report always gets the same suggestion.
//!
//! **Limits.** A suggestion is not a diagnosis, not a probability and not a decision. The rules are not validated on
//! hospital incidents, and no clinician has reviewed the Arabic word list. A person decides. A suggestion may move a
//! report forward in the queue, never back.
//!
//! [`EmbeddedRules`] is the scorer that needs no training. It uses the reporter's own grading of harm and word lists in
//! English and Arabic, and it recognises negation ("no", "not") and near misses ("nearly"). A host can supply another
//! scorer by implementing [`Scorer`].

pub mod analysis;
#[cfg(feature = "challenge")]
pub mod challenge;
mod cues;
pub mod deidentify;
#[cfg(feature = "training")]
pub mod evaluate;
mod facts;
mod frames;
#[cfg(feature = "training")]
pub mod learn;
mod lexicon;
#[cfg(feature = "training")]
pub mod local;
mod marks;
mod measures;
#[cfg(feature = "training")]
pub mod metrics;
pub mod narrative;
mod negation;
#[cfg(any(feature = "training", test))]
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
/// A scorer is pure and never fails. When it cannot judge a report, it sets [`Suggestion::abstained`].
pub trait Scorer: Debug + Send + Sync {
    /// The scorer's name and version, which every suggestion carries.
    fn model(&self) -> Model;

    /// Scores a report from its text and the reporter's grading.
    fn score(&self, case: &Case<'_>) -> Suggestion;
}

/// The scorer that made a suggestion. An old score has no meaning without it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Model {
    /// The scorer's stable name, such as `eovr-rules`.
    pub id: Cow<'static, str>,
    /// Changes whenever the same report could get another score.
    pub version: Cow<'static, str>,
}

/// The input of a scorer.
///
/// Harm is a number from 0 to 6: 0 unsafe condition, 1 near miss, 2 no harm, 3 mild, 4 moderate,
/// 5 severe, 6 death. The incident module defines the names. A number above 6 counts as absent.
///
/// The type is not serialisable, so that a narrative is not copied by accident. `Debug` prints only the length of the
/// narrative, so that no log line leaks it.
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
    /// The id of the report's facility, for a scorer that learns separately for each facility.
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

/// The output of a scorer. A person decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The scorer that made the suggestion.
    pub model: Model,
    /// 0 to 100. It orders reports; it is not a probability.
    pub score: u8,
    /// The band of the score, one of four.
    pub band: Band,
    /// Whether a reviewer should read this report before the others.
    pub high_risk: bool,
    /// Whether the scorer had too little information. The score then means "unknown", not "harmless".
    pub abstained: bool,
    /// The reasons for the score. The sum of their points, limited to 0 to 100, is exactly the score.
    pub reasons: Vec<Reason>,
}

impl Suggestion {
    /// The suggestion of a scorer that returns a probability of high risk, from 0 to 1, and a flag. The score is the
    /// probability in percent. Without a probability the suggestion abstains. The caller can add reasons.
    pub fn of_chance(model: Model, chance: Option<f64>, flagged: bool) -> Self {
        let score = (chance.unwrap_or(0.0).clamp(0.0, 1.0) * 100.0 + 0.5) as u8;
        let high_risk = flagged && chance.is_some();
        let band = band_of_chance(score, high_risk);
        Self { model, score, band, high_risk, abstained: chance.is_none(), reasons: Vec::new() }
    }

    /// This suggestion, raised to a floor: the higher score with its reasons and its model, the higher band, and a flag
    /// if either has one. If one of the two abstained, the result is the other one.
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

/// The band of a probability in percent. The flag outranks the number, because the facility chooses its threshold.
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
/// A reason never contains words of the report, so the host may log it and store it unencrypted. The span is a byte
/// range in the narrative, for a user interface that already shows the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The stable name of the rule, such as `flag.death`, `negated.fall` or `actual_harm`.
    pub rule: Cow<'static, str>,
    /// The byte range in the original narrative; `None` if the reason does not come from the text.
    pub span: Option<Range<usize>>,
    /// The matched term of the word list, or the level of harm.
    pub term: Cow<'static, str>,
    /// The meaning of the term, in English.
    pub gloss: Cow<'static, str>,
    /// The points that this reason adds to the score. A negated finding adds 0 points and is still listed.
    pub points: i16,
}
