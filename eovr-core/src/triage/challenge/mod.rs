//! A challenge set for scorers: pairs of texts that differ in few words, of which exactly one reports something grave.
//!
//! [`Challenge::shipped`] has hundreds of such pairs in English and Arabic, each with the rule of language that it
//! tests. `challenge/README.md` describes how the authors made them, how a clinician adds one, and the limits of the
//! set. [`Challenge::run`] tests any scorer on them: the embedded rules, a model, a provider, a function.
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

/// One text with its expected result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeText {
    /// Unique and stable.
    pub id: String,
    /// The id that the texts of a pair share.
    pub pair: String,
    /// The id that translations of the same pair share.
    pub idea: String,
    /// The subject of the pair, such as `denied` or `vital_signs`.
    pub kind: String,
    /// The rule of language that the pair tests.
    pub rule: String,
    /// `en` or `ar`.
    pub language: String,
    /// `general`, `msa`, `egyptian` or `gulf`.
    pub variety: String,
    /// The expected result.
    pub expect: Expect,
    /// The report.
    pub text: String,
}

/// The expected result of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// Something grave happened. The scorer should flag the text.
    Grave,
    /// Something grave nearly happened. The scorer should not flag it as actual harm.
    Near,
    /// Something grave may have happened. The scorer may flag the text or not, and its score should be above 0.
    Possible,
    /// Nothing grave happened. The scorer should not flag the text.
    Quiet,
}

/// A scorer's answer for a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said {
    /// A graver text has a higher score, on any scale. Only the order counts, and whether the score is above 0.
    pub score: f64,
    /// Whether a reviewer should read the text before others.
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
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if a column is missing, `expect` is not one of the four words,
    /// an id occurs twice, or a pair does not have exactly one grave text and at least one other.
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
                "a pair of the challenge set is invalid",
                "each pair has one text that is `grave` and one or two that are not",
            ));
        }
        Ok(Self { texts })
    }

    /// The pairs of about every second idea, selected by the SHA-256 of its id. While the authors improved the word
    /// lists, they only counted the results of these pairs and did not read the texts. A developer who reads them for
    /// tuning must draw a new selection.
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

    /// Runs a scorer on every text and counts the results. The scorer returns `None` for a text that it does not
    /// answer.
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
