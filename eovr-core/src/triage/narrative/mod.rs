//! Extraction of facts from a narrative: kind of event, contributing factors, drugs, devices, people, body sites,
//! times. It also finds names and words of blame, which the reporter may want to rephrase.
//!
//! The analysis uses word lists (`terms.tsv`, English and Arabic) and the patterns of [`deidentify`]. It returns spans
//! and proposed codes; a person decides.
//!
//! ```
//! use eovr_core::triage::narrative::{What, analyse};
//!
//! let text = "At 03:40 the careless nurse Fatima gave heparin twice, short staffed on the night shift.";
//! let found = analyse(text);
//! let codes = |what| found.iter().filter(|one| one.what == what).map(|one| &*one.code).collect::<Vec<_>>();
//! assert_eq!(codes(What::Drug), ["heparin"]);
//! assert_eq!(codes(What::Factor), ["workload"]);
//! assert_eq!(codes(What::Time), ["03:40", "night_shift"]);
//! assert_eq!((codes(What::Blame).len(), codes(What::Name).len()), (1, 1));
//! ```

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::deidentify::{self, IdentifierKind};
use super::text::{Text, arabic_forms};

/// The kind of a finding in a narrative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// The kind of event; the code is a category of the taxonomy.
    Type,
    /// A contributing factor; the code is one of the nine groups.
    Factor,
    /// A medicine.
    Drug,
    /// A device.
    Device,
    /// A person, by role or relation.
    Person,
    /// A part of the body.
    BodySite,
    /// A time of day or of the shift.
    Time,
    /// The name of a person, which the reporter may want to remove.
    Name,
    /// A word of blame, which the reporter may want to replace by the facts.
    Blame,
}

impl What {
    /// The stable name, the same as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Factor => "factor",
            Self::Drug => "drug",
            Self::Device => "device",
            Self::Person => "person",
            Self::BodySite => "body_site",
            Self::Time => "time",
            Self::Name => "name",
            Self::Blame => "blame",
        }
    }
}

/// One finding and its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The kind of the finding.
    pub what: What,
    /// The stable code of the term. For a time of day it is `HH:MM`; for a name it is always `name`.
    pub code: Cow<'static, str>,
    /// The byte range in the original narrative.
    pub span: Range<usize>,
}

/// Finds the terms, times and names of a narrative, in text order. It reads only the first 64 KiB.
pub fn analyse(narrative: &str) -> Vec<Finding> {
    let text = Text::read(narrative);
    let mut found = Vec::new();
    let mut form = String::new();
    for at in 0..text.words.len() {
        found.extend(terms().at(&text, at, &mut form));
        found.extend(time_of_day(narrative, &text, at));
    }
    let names = deidentify::find(narrative).into_iter().filter(|one| one.kind == IdentifierKind::Name);
    found.extend(names.map(|one| Finding { what: What::Name, code: Cow::Borrowed("name"), span: one.span }));
    found.sort_by_key(|one| (one.span.start, one.what));
    found
}

/// One row of the list.
struct Term {
    what: What,
    code: &'static str,
    words: Vec<&'static str>,
}

/// The rows of the list by their first word.
#[derive(Default)]
struct Terms(HashMap<&'static str, Vec<Term>>);

fn terms() -> &'static Terms {
    static TERMS: LazyLock<Terms> = LazyLock::new(|| {
        let mut terms = Terms::default();
        for line in include_str!("terms.tsv").lines().filter(|line| !line.starts_with('#')) {
            // A row that does not parse is skipped; a test ensures that the list has none.
            if let Some((first, term)) = parse(line) {
                terms.0.entry(first).or_default().push(term);
            }
        }
        terms
    });
    &TERMS
}

fn parse(line: &'static str) -> Option<(&'static str, Term)> {
    let mut cells = line.split('\t');
    let (what, code, words) = (cells.next()?, cells.next()?, cells.next()?);
    let what = match what {
        "type" => What::Type,
        "factor" => What::Factor,
        "drug" => What::Drug,
        "device" => What::Device,
        "person" => What::Person,
        "body_site" => What::BodySite,
        "time" => What::Time,
        "blame" => What::Blame,
        _ => return None,
    };
    let words: Vec<_> = words.split(' ').collect();
    Some((words.first().copied()?, Term { what, code, words }))
}

impl Terms {
    /// The terms that begin at a word: the longest of each kind.
    fn at(&self, text: &Text, at: usize, scratch: &mut String) -> Vec<Finding> {
        let mut best: Vec<(&Term, usize)> = Vec::new();
        let Some(word) = text.words.get(at) else { return Vec::new() };
        let mut look = |first: &str| {
            for term in self.0.get(first).into_iter().flatten().filter(|term| term.continues(text, at)) {
                match best.iter_mut().find(|(other, _)| other.what == term.what) {
                    Some(better) if term.words.len() > better.1 => *better = (term, term.words.len()),
                    Some(_) => {}
                    None => best.push((term, term.words.len())),
                }
            }
        };
        if word.arabic {
            arabic_forms(text.spelling(word), scratch, |form, _| look(form));
        } else {
            look(text.spelling(word));
        }
        let finding = |(term, length): (&Term, usize)| {
            let last = text.words.get(at + length - 1)?;
            let span = word.span.start..last.span.end;
            Some(Finding { what: term.what, code: Cow::Borrowed(term.code), span })
        };
        best.into_iter().filter_map(finding).collect()
    }
}

impl Term {
    fn continues(&self, text: &Text, at: usize) -> bool {
        self.words.iter().enumerate().skip(1).all(|(place, wanted)| {
            text.words.get(at + place).is_some_and(|word| {
                let spelling = text.spelling(word);
                spelling == *wanted
                    || (word.arabic && spelling.strip_prefix("ال").is_some_and(|rest| rest == *wanted))
            })
        })
    }
}

/// A time of day: "14:30", "3 am", "الساعة ٣".
fn time_of_day(narrative: &str, text: &Text, at: usize) -> Option<Finding> {
    let word = text.words.get(at)?;
    let number = |at: usize| text.words.get(at).and_then(|word| text.spelling(word).parse::<u32>().ok());
    let hour = number(at).filter(|&hour| hour < 24 && text.spelling(word).len() <= 2)?;
    let next = text.words.get(at + 1);
    let colon = next.is_some_and(|next| narrative.get(word.span.end..next.span.start) == Some(":"));
    let minute = number(at + 1).filter(|&minute| colon && minute < 60);
    let after = text.words.get(at + if minute.is_some() { 2 } else { 1 });
    let half = after.map_or("", |word| text.spelling(word));
    let before = at.checked_sub(1).and_then(|at| text.words.get(at)).map_or("", |word| text.spelling(word));
    let clock = matches!(before, "الساعه" | "ساعه");
    let (morning, afternoon) = (matches!(half, "am" | "صباحا" | "ص"), matches!(half, "pm" | "مساء" | "م"));
    if minute.is_none() && !morning && !afternoon && !clock {
        return None;
    }
    let hour = match hour {
        12 if morning => 0,
        1..=11 if afternoon => hour + 12,
        _ => hour,
    };
    let end = if minute.is_some() { next? } else { word };
    let code = Cow::Owned(format!("{hour:02}:{:02}", minute.unwrap_or(0)));
    Some(Finding { what: What::Time, code, span: word.span.start..end.span.end })
}

#[cfg(test)]
mod tests;
