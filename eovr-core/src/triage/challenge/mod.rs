//! A test of how a scorer reads: two texts that differ in little, of which one tells of something grave.
//!
//! [`Challenge::shipped`] has hundreds of such pairs in English and Arabic, each with the rule of language that it tests; the
//! page beside them, `challenge/README.md`, says how they were made, how a clinician adds one, and what they do not show.
//! [`Challenge::run`] puts them to any scorer: ours, a model, a provider, a function.
//!
//! ```
//! use eovr_core::triage::challenge::{Challenge, Said};
//! use eovr_core::triage::{Case, EmbeddedRules, Marks, Scorer};
//!
//! let challenge = Challenge::shipped();
//! let outcome = challenge.run(|text| {
//!     let suggestion = EmbeddedRules.score(&Case { narrative: &text.text, ..Case::default() });
//!     let flagged = Marks::default().mark(&suggestion).is_some();
//!     Some(Said { score: f64::from(suggestion.score), flagged })
//! });
//! assert_eq!(outcome.all.unanswered, 0);
//! ```

mod outcome;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::Error;

pub use outcome::{Outcome, Share, Tally};

/// The texts of a challenge set.
#[derive(Clone, Debug, Default)]
pub struct Challenge {
    texts: Vec<ChallengeText>,
}

/// One text, and what is to be made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeText {
    /// Unique and stable.
    pub id: String,
    /// What its pair has in common.
    pub pair: String,
    /// What pairs of several languages that say the same have in common.
    pub idea: String,
    /// What the pair is about, such as `denied` or `vital_signs`.
    pub kind: String,
    /// The rule of language that it tests.
    pub rule: String,
    /// `en` or `ar`.
    pub language: String,
    /// `general`, `msa`, `egyptian` or `gulf`.
    pub variety: String,
    /// What is to be made of it.
    pub expect: Expect,
    /// The report.
    pub text: String,
}

/// What is to be made of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// Something grave happened: to be flagged.
    Grave,
    /// Something grave nearly happened: not to be flagged as harm that did.
    Near,
    /// Something grave is left open: it may be flagged or not, and must not score nothing.
    Possible,
    /// Nothing grave happened: not to be flagged.
    Quiet,
}

/// What a scorer said of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said {
    /// Higher for graver, on any scale. Of interest are order and whether it is above nothing.
    pub score: f64,
    /// Whether the scorer wants the text to be read before others.
    pub flagged: bool,
}

impl Challenge {
    /// The set that comes with this library, under CC BY 4.0; `challenge/README.md` says how to cite it.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Challenge> = LazyLock::new(|| {
            // A test reads the shipped file, so it is never empty.
            Challenge::read(include_bytes!("cases.csv")).unwrap_or_default()
        });
        &SHIPPED
    }

    /// Reads a set in the format of the shipped one.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where a column is missing, `expect` is none of the four words, an id occurs twice, or a pair has
    /// not exactly one grave text and at least one other.
    pub fn read(csv: &[u8]) -> Result<Self, Error> {
        let mut texts: Vec<ChallengeText> = Vec::new();
        let mut ids = BTreeMap::new();
        let mut pairs: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for row in csv::Reader::from_reader(csv).deserialize() {
            let text: ChallengeText = row.map_err(|error| unreadable(&error))?;
            if ids.insert(text.id.clone(), ()).is_some() {
                return Err(invalid("an id of the challenge set occurs twice", "ids are unique"));
            }
            let (grave, others) = pairs.entry(text.pair.clone()).or_default();
            *(if text.expect == Expect::Grave { grave } else { others }) += 1;
            texts.push(text);
        }
        if pairs.values().any(|&(grave, others)| grave != 1 || others == 0) {
            return Err(invalid(
                "a pair of the challenge set is none",
                "each pair has one text that is `grave` and one or two that are not",
            ));
        }
        Ok(Self { texts })
    }

    /// The pairs of every second idea, by its SHA-256: those that were only counted, and not looked at, while the word lists were
    /// mended. A developer who looks at them takes that away, and draws others.
    #[must_use]
    pub fn held_back(&self) -> Self {
        let held = |text: &&ChallengeText| {
            Sha256::digest(text.idea.as_bytes()).first().is_some_and(|byte| *byte >= 128)
        };
        Self { texts: self.texts.iter().filter(held).cloned().collect() }
    }

    /// The texts, in the order of the file.
    pub fn texts(&self) -> &[ChallengeText] {
        &self.texts
    }

    /// Puts every text to a scorer, which may leave one unanswered, and counts.
    pub fn run(&self, mut scorer: impl FnMut(&ChallengeText) -> Option<Said>) -> Outcome {
        let said: Vec<Option<Said>> = self.texts.iter().map(&mut scorer).collect();
        Outcome::of(&self.texts, &said)
    }
}

fn unreadable(error: &csv::Error) -> Error {
    let line = error.position().map_or(1, csv::Position::line);
    Error::invalid(format!("line {line} of the challenge set cannot be read")).with_help(
        "columns: id,pair,idea,kind,rule,language,variety,expect,text; expect: grave, near, possible, quiet",
    )
}

fn invalid(what: &'static str, help: &'static str) -> Error {
    Error::invalid(what).with_help(help)
}
