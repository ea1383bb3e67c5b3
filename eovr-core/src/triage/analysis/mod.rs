//! The answer of an external analyst about a narrative.
//!
//! A provider's model reads text from untrusted authors, so its answer is untrusted too. An answer consists only of
//! numbers, codes from our own lists, and quotes, and [`Analysis::read`] is the only way to make one. A quote must
//! occur literally in the text that was sent, and is stored as a position in the original narrative. Therefore **no
//! text of a model is ever stored or shown**. A model that obeys an instruction in a narrative can only give a wrong
//! number, a wrong code, or a wrong position.
//!
//! A number outside its scale is omitted and not corrected. An answer of another shape is rejected.

mod cleared;
mod no_answer;

use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::risk::Band;

pub use self::cleared::Cleared;
pub use self::no_answer::{NoAnswer, NoAnswerReason, RetryAdvice};

/// The version of the schema, which records keep. Increase it with every change of the schema.
pub const SCHEMA: &str = "eovr.analysis.v1";

/// The size limit of an answer, in bytes. A valid answer is smaller.
const LONGEST_ANSWER: usize = 64 << 10;
/// The maximum number of findings of each sort.
const MOST_FINDINGS: usize = 32;
/// The maximum length of a quote.
const LONGEST_QUOTE: usize = 300;

/// The kinds of finding, in addition to contributing factors.
pub const FINDINGS: &[&str] = &["drug", "device", "person_role", "body_site", "time", "error", "harm"];

/// An analyst's suggestion. A person decides.
///
/// Only [`Analysis::read`] makes one, so each has been checked against the schema and the text.
///
/// ```compile_fail,E0451
/// use eovr_core::triage::analysis::Analysis;
/// Analysis { score: None, level: None, confidence: None, factors: vec![], findings: vec![], left_out: 0 };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analysis {
    score: Option<u8>,
    level: Option<Band>,
    confidence: Option<u8>,
    factors: Vec<MarkedPassage>,
    findings: Vec<MarkedPassage>,
    left_out: usize,
}

/// A passage that the analyst marks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MarkedPassage {
    /// Its kind: one of [`FINDINGS`], or one of the given factors.
    pub code: &'static str,
    /// Its position in bytes of the original narrative.
    pub span: Range<usize>,
}

impl Analysis {
    /// Reads an answer about a sent narrative.
    ///
    /// # Errors
    /// `InvalidOutput` where it is not JSON of the schema: a missing or additional member, a wrong type, or an unknown
    /// code. `Injection` where it contains the canary.
    pub fn read(answer: &str, sent: &Cleared) -> Result<Self, NoAnswer> {
        if answer.contains(sent.canary()) {
            return Err(NoAnswerReason::Injection.into());
        }
        if answer.len() > LONGEST_ANSWER {
            return Err(NoAnswerReason::InvalidOutput.into());
        }
        let said: Said =
            serde_json::from_str(answer).map_err(|_| NoAnswer::from(NoAnswerReason::InvalidOutput))?;
        let mut left_out = 0;
        let factors = keep(said.factors, sent.factors(), sent, &mut left_out)?;
        let findings = keep(said.findings, FINDINGS, sent, &mut left_out)?;
        Ok(Self {
            score: on_scale(said.score),
            level: said.level,
            confidence: on_scale(said.confidence),
            factors,
            findings,
            left_out,
        })
    }

    /// The urgency, 0 to 100. It orders reports and is not a probability.
    pub fn score(&self) -> Option<u8> {
        self.score
    }

    /// The urgency as one of four levels.
    pub fn level(&self) -> Option<Band> {
        self.level
    }

    /// The model's stated confidence in percent. Such a statement is not reliable; it is stored for comparison with
    /// people's decisions.
    pub fn confidence(&self) -> Option<u8> {
        self.confidence
    }

    /// Whether a person should read this report before the others.
    pub fn high_risk(&self) -> bool {
        self.level.is_some_and(|level| level >= Band::High)
    }

    /// Whether the analyst had no suggestion.
    pub fn abstained(&self) -> bool {
        self.score.is_none() && self.level.is_none()
    }

    /// The contributing factors with their passages.
    pub fn factors(&self) -> &[MarkedPassage] {
        &self.factors
    }

    /// The other findings.
    pub fn findings(&self) -> &[MarkedPassage] {
        &self.findings
    }

    /// The number of omitted findings, whose quote does not occur in the text. It indicates that the model invents
    /// quotes or obeys an injection.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Factors and findings as JSON, for a sealed field: only codes and positions, no text.
    pub(crate) fn to_json(&self) -> String {
        json!({"v": 1, "factors": self.factors, "findings": self.findings, "left_out": self.left_out})
            .to_string()
    }
}

/// The JSON schema for the provider. It uses only features that all providers support: every object is closed and every
/// member is required. [`Analysis::read`] checks the ranges of numbers.
pub fn schema(factors: &[&str]) -> Value {
    let or_nothing = |schema: Value| json!({"anyOf": [schema, {"type": "null"}]});
    let pointing = |name: &str, codes: &[&str]| {
        json!({"type": "array", "items": {
            "type": "object",
            "properties": {
                name: {"type": "string", "enum": codes},
                "quote": {"type": "string", "description": "copied from the narrative, letter for letter"},
            },
            "required": [name, "quote"],
            "additionalProperties": false,
        }})
    };
    let described = |mut schema: Value, words: &str| {
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), words.into());
        }
        schema
    };
    let bands = Band::ALL.map(Band::name);
    json!({
        "type": "object",
        "properties": {
            "score": described(or_nothing(json!({"type": "integer"})), "how urgent, 0 to 100"),
            "level": described(or_nothing(json!({"type": "string", "enum": bands})), "how urgent, in a word"),
            "confidence": described(or_nothing(json!({"type": "integer"})), "how sure, 0 to 100 percent"),
            "factors": pointing("code", factors),
            "findings": pointing("code", FINDINGS),
        },
        "required": ["score", "level", "confidence", "factors", "findings"],
        "additionalProperties": false,
    })
}

/// An answer before its checks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(deserialize_with = "present")]
    score: Option<i64>,
    #[serde(deserialize_with = "present")]
    level: Option<Band>,
    #[serde(deserialize_with = "present")]
    confidence: Option<i64>,
    factors: Vec<Pointed>,
    findings: Vec<Pointed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pointed {
    code: String,
    quote: String,
}

/// A member that may be `null` but must be present: without this, serde reads a missing member as `null`.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

fn on_scale(number: Option<i64>) -> Option<u8> {
    number.and_then(|number| u8::try_from(number).ok()).filter(|number| *number <= 100)
}

fn keep(
    pointed: Vec<Pointed>,
    codes: &'static [&'static str],
    sent: &Cleared,
    left_out: &mut usize,
) -> Result<Vec<MarkedPassage>, NoAnswer> {
    let mut kept = Vec::new();
    for Pointed { code, quote } in pointed {
        let code = codes.iter().find(|known| **known == code);
        let code = *code.ok_or_else(|| NoAnswer::from(NoAnswerReason::InvalidOutput))?;
        let span = sent.place_of(&quote).filter(|_| quote.chars().count() <= LONGEST_QUOTE);
        match span {
            Some(span) if kept.len() < MOST_FINDINGS => kept.push(MarkedPassage { code, span }),
            _ => *left_out += 1,
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests;
