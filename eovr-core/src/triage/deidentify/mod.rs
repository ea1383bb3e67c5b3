//! Deidentification: finds and removes identifiers of persons in a narrative, in English and in Arabic.
//!
//! [`find`] returns the positions of names, identity numbers, file numbers, phones, e-mail addresses, dates and postal
//! addresses; [`redact`] replaces each with a word for its kind. Both use titles, lists and patterns, so they miss
//! names without a title that are on no list. The result is deidentified, not anonymous.
//! `tests/tests/rules/deidentify.rs` measures them on sentences written for this purpose.
//!
//! ```
//! use eovr_core::triage::deidentify::redact;
//!
//! let text = redact("Mr. John Smith, MRN 123456, fell on 12/03/2024; call 0100 123 4567.");
//! assert_eq!(text, "Mr. [name], MRN [file number], fell on [date]; call [phone].");
//! assert_eq!(redact("تم إبلاغ د. أحمد حسن"), "تم إبلاغ د. [name]");
//! ```

mod arabic;
mod days;
mod labels;
mod lists;
mod mails;
mod months;
mod names;
mod numbers;
mod places;
mod plain;
mod runs;

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use self::plain::Sign;
use super::text::{Gap, Text, Word};

/// The kind of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum IdentifierKind {
    /// A person's name.
    Name,
    /// An identity number issued by a state.
    NationalId,
    /// A number issued by a hospital to a patient or a visit.
    FileNumber,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A date, with or without its year.
    Date,
    /// A postal address.
    Address,
}

impl IdentifierKind {
    /// The replacement word, without the brackets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NationalId => "national id",
            Self::FileNumber => "file number",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Date => "date",
            Self::Address => "address",
        }
    }
}

/// An identifier and its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    /// Its kind.
    pub kind: IdentifierKind,
    /// Bytes of the original narrative.
    pub span: Range<usize>,
}

/// Whether a word, in its folded spelling, is a listed name.
pub(super) fn is_listed(word: &str) -> bool {
    names::known(word)
}

/// Finds identifiers, in the order of the text and without overlap.
///
/// It reads only the first 64 KiB; [`redact`] describes the rest.
pub fn find(narrative: &str) -> Vec<Identifier> {
    let narrative = looked_at(narrative);
    let (text, signs) = (Text::read(narrative), plain::read(narrative));
    let source = Source { narrative, text: &text, signs: &signs };
    let mut found = Vec::new();
    mails::find(&signs, &mut found);
    months::find(&source, &mut found);
    let rest = days::find(&source, runs::read(&source), &mut found);
    numbers::labelled(&source, &mut found);
    numbers::shaped(&source, &rest, &mut found);
    places::find(&source, &mut found);
    names::find(&source, &mut found);
    // Where two identifiers overlap, the one that was found by the earlier search is more certain. The kept ones do not
    // overlap, so only the last one that begins before the end of another can overlap it.
    let mut kept: BTreeMap<usize, Identifier> = BTreeMap::new();
    for one in found {
        let before = kept.range(..one.span.end).next_back();
        if !one.span.is_empty() && before.is_none_or(|(_, other)| other.span.end <= one.span.start) {
            kept.insert(one.span.start, one);
        }
    }
    kept.into_values().collect()
}

/// The narrative with each identifier replaced by a word for its kind. Text after the first 64 KiB is omitted, because
/// it was not searched.
pub fn redact(narrative: &str) -> String {
    let narrative = looked_at(narrative);
    let mut redacted = String::with_capacity(narrative.len());
    let mut from = 0;
    for Identifier { kind, span } in find(narrative) {
        redacted.push_str(narrative.get(from..span.start).unwrap_or_default());
        redacted.push('[');
        redacted.push_str(kind.name());
        redacted.push(']');
        from = span.end;
    }
    redacted.push_str(narrative.get(from..).unwrap_or_default());
    redacted
}

fn looked_at(narrative: &str) -> &str {
    narrative.get(..narrative.floor_char_boundary(super::text::CAP)).unwrap_or_default()
}

/// The original text and its words.
struct Source<'a> {
    narrative: &'a str,
    text: &'a Text,
    signs: &'a [Sign],
}

impl Source<'_> {
    fn words(&self) -> &[Word] {
        &self.text.words
    }

    fn word(&self, at: usize) -> Option<&Word> {
        self.text.words.get(at)
    }

    /// The first word that ends after a byte.
    fn at(&self, byte: usize) -> usize {
        self.text.words.partition_point(|word| word.span.end <= byte)
    }

    /// The folded spelling; empty after the last word.
    fn spelling(&self, at: usize) -> &str {
        self.word(at).map_or("", |word| self.text.spelling(word))
    }

    /// Whether a word begins with a capital, or is Arabic, which has no capitals.
    fn may_be_name(&self, at: usize) -> bool {
        self.word(at).is_some_and(|word| {
            let first = self.narrative.get(word.span.clone()).and_then(|word| word.chars().next());
            word.arabic || first.is_some_and(char::is_uppercase)
        })
    }

    /// Whether only a space, a dot or a hyphen separates a word from the previous one.
    fn joined(&self, at: usize) -> bool {
        self.word(at).is_some_and(|word| word.gap == Gap::Space)
            && self.between(at).is_some_and(|between| {
                plain::read(between).iter().all(|sign| matches!(sign.c, ' ' | '.' | '-' | '\'' | '’'))
            })
    }

    /// The text between a word and the previous one.
    fn between(&self, at: usize) -> Option<&str> {
        let (before, word) = at.checked_sub(1).and_then(|before| self.word(before)).zip(self.word(at))?;
        self.narrative.get(before.span.end..word.span.start)
    }

    /// The single normalised character between a word and the previous one.
    fn sign_before(&self, at: usize) -> Option<char> {
        match plain::read(self.between(at)?).as_slice() {
            [sign] => Some(sign.c),
            _ => None,
        }
    }

    fn span(&self, words: Range<usize>) -> Option<Range<usize>> {
        let first = self.word(words.start)?.span.start;
        let last = self.word(words.end.checked_sub(1)?)?.span.end;
        Some(first..last)
    }

    fn add(&self, kind: IdentifierKind, words: Range<usize>, found: &mut Vec<Identifier>) {
        if let Some(span) = self.span(words) {
            found.push(Identifier { kind, span });
        }
    }
}

/// Checks the redacted text.
#[cfg(test)]
#[track_caller]
fn check(text: &str, redacted: &str) {
    assert_eq!(redact(text), redacted);
}
