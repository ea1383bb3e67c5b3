//! What an analyst outside the house may say of a narrative, and nothing else.
//!
//! A provider's model reads text that anybody can write, so its answer is as hostile as the text. It is
//! therefore made of numbers, codes from our own lists, and quotes; [`Analysis::read`] is the only way to one.
//! A quote must stand in the text that was sent, letter for letter, and is kept as a place in the original
//! narrative. So **no word that a model wrote is ever kept or shown**: a model that obeys an instruction in a
//! narrative can say a wrong number, a wrong code, and point at the wrong words, and that is all.
//!
//! A number off its scale is left out and never put right. An answer of another shape is none.

mod cleared;
mod no_answer;

use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::risk::Band;

pub use self::cleared::Cleared;
pub use self::no_answer::{Again, NoAnswer, Reason};

/// The version of the schema, as records keep it: whoever changes what is asked counts it up.
pub const SCHEMA: &str = "eovr.analysis.v1";

/// More than any answer of this schema needs, in bytes.
const LONGEST_ANSWER: usize = 64 << 10;
/// How many findings of each sort are kept.
const MOST_FINDINGS: usize = 32;
/// A longer quote points at nothing.
const LONGEST_QUOTE: usize = 300;

/// What kinds of thing are pointed at, beside what contributed.
pub const FINDINGS: &[&str] = &["drug", "device", "person_role", "body_site", "time", "error", "harm"];

/// What an analyst suggests. A person decides.
///
/// There is no way to make one but [`Analysis::read`], so each was held against the schema and the text.
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
    factors: Vec<Finding>,
    findings: Vec<Finding>,
    left_out: usize,
}

/// Something that the analyst points at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is: one of [`FINDINGS`], or of the factors that were asked for.
    pub code: &'static str,
    /// Where: bytes of the original narrative.
    pub span: Range<usize>,
}

impl Analysis {
    /// Reads an answer to what was sent.
    ///
    /// # Errors
    /// `InvalidOutput` where it is not JSON of the schema: a member too many, too few, of another type, a code
    /// that no list has. `Injection` where it repeats the secret word of the instructions.
    pub fn read(answer: &str, sent: &Cleared) -> Result<Self, NoAnswer> {
        if answer.contains(sent.canary()) {
            return Err(Reason::Injection.into());
        }
        if answer.len() > LONGEST_ANSWER {
            return Err(Reason::InvalidOutput.into());
        }
        let said: Said = serde_json::from_str(answer).map_err(|_| NoAnswer::from(Reason::InvalidOutput))?;
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

    /// How urgent, 0 to 100. It orders reports; it is no probability.
    pub fn score(&self) -> Option<u8> {
        self.score
    }

    /// How urgent, in one of four words.
    pub fn level(&self) -> Option<Band> {
        self.level
    }

    /// How sure the model says it is, in percent. Models say so without knowing: it is kept to be held
    /// against what people find.
    pub fn confidence(&self) -> Option<u8> {
        self.confidence
    }

    /// Whether somebody should look at this report before the others.
    pub fn high_risk(&self) -> bool {
        self.level.is_some_and(|level| level >= Band::High)
    }

    /// Whether there was nothing to suggest.
    pub fn abstained(&self) -> bool {
        self.score.is_none() && self.level.is_none()
    }

    /// What contributed, with the words that say so.
    pub fn factors(&self) -> &[Finding] {
        &self.factors
    }

    /// What else stands in the narrative.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many findings were left out because their quote does not stand in the text: a sign of a model that
    /// invents, or that obeys somebody.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Factors and findings as JSON, for a sealed field: codes and places, and no word of anybody.
    pub fn to_json(&self) -> String {
        json!({"v": 1, "factors": self.factors, "findings": self.findings, "left_out": self.left_out})
            .to_string()
    }
}

/// The schema that a provider is asked to keep to: the part of JSON Schema that all of them know, so every
/// object is closed and every member required, and scales are ours to check ([`Analysis::read`] does).
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

/// An answer as it comes.
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

/// A member that may be `null` and must be there: without this serde takes an absent one for `null`.
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
) -> Result<Vec<Finding>, NoAnswer> {
    let mut kept = Vec::new();
    for Pointed { code, quote } in pointed {
        let code = codes.iter().find(|known| **known == code);
        let code = *code.ok_or_else(|| NoAnswer::from(Reason::InvalidOutput))?;
        let span = sent.place_of(&quote).filter(|_| quote.chars().count() <= LONGEST_QUOTE);
        match span {
            Some(span) if kept.len() < MOST_FINDINGS => kept.push(Finding { code, span }),
            _ => *left_out += 1,
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests;
