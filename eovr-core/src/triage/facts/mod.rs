//! Never events that follow from contradictory facts: the planned side and the operated side differ, for example,
//! although no term of the word lists occurs.
//!
//! - [`sides`]: "consent says right eye, the new lens is in the left".
//! - [`amounts`]: "ordered 5 mg, given 50 mg", "10 units instead of 1".
//! - [`owners`]: "unit A, patient O", "bed 4's insulin was given to bed 5".
//!
//! Each one becomes a finding at the position of its words, and negation applies to it: "stopped before the incision"
//! makes it a near miss.

use super::cues::{Cue, Cues};
use super::measures::Measure;
use super::text::{Gap, Text, Word};

mod amounts;
mod owners;
mod sides;

/// The meanings that [`find`] can return: concept, weight and gloss.
pub(super) const MEANINGS: [(&str, u8, &str); 5] =
    [sides::MEANING, amounts::MANIFOLD, amounts::DOUBLE, owners::BLOOD, owners::PATIENT];

/// The contradictions of a text, from left to right. `narrative` is the original of `text`.
pub(super) fn find(narrative: &str, text: &Text, cues: &[Cues]) -> Vec<Measure> {
    let facts = Facts { narrative, text, cues };
    let mut all = Vec::new();
    let mut shown = Cues::default();
    cues.iter().for_each(|&cues| shown.join(cues));
    let told = |cue: Cue| shown.has(cue);
    if told(Cue::Plan) && told(Cue::Done) {
        all.extend(sides::find(facts));
    }
    if told(Cue::Dose) {
        all.extend(amounts::find(facts));
    }
    if told(Cue::Group) || told(Cue::Donor) && told(Cue::Recipient) {
        all.extend(owners::blood(facts));
    }
    if told(Cue::Person) && told(Cue::Transfer) {
        all.extend(owners::patient(facts));
    }
    all.sort_by_key(|fact| fact.words.start);
    all
}

type Meaning = (&'static str, u8, &'static str);

/// A text with the cues of its words.
#[derive(Clone, Copy)]
struct Facts<'r> {
    narrative: &'r str,
    text: &'r Text,
    cues: &'r [Cues],
}

impl<'r> Facts<'r> {
    fn word(self, at: usize) -> Option<&'r Word> {
        self.text.words.get(at)
    }

    /// The spelling of a word, empty beyond the text.
    fn spelling(self, at: usize) -> &'r str {
        self.word(at).map(|word| self.text.spelling(word)).unwrap_or_default()
    }

    /// The word as the reporter typed it.
    fn typed(self, at: usize) -> &'r str {
        self.word(at).and_then(|word| self.narrative.get(word.span.clone())).unwrap_or_default()
    }

    fn gap(self, at: usize) -> Gap {
        self.word(at).map_or(Gap::Stop, |word| word.gap)
    }

    fn shows(self, at: usize, cue: Cue) -> bool {
        self.cues.get(at).is_some_and(|cues| cues.has(cue))
    }

    fn len(self) -> usize {
        self.text.words.len()
    }

    /// The characters between a word and the word before it.
    fn between(self, at: usize) -> &'r str {
        let before = at.checked_sub(1).and_then(|before| self.word(before));
        match (before, self.word(at)) {
            (Some(before), Some(word)) => {
                self.narrative.get(before.span.end..word.span.start).unwrap_or_default()
            }
            _ => "",
        }
    }

    /// The number at a word, in digits or in letters, and the index after its last word.
    fn number(self, at: usize) -> Option<(f64, usize)> {
        let spelling = self.spelling(at);
        if spelling.starts_with(|c: char| c.is_ascii_digit()) {
            let digits = spelling.find(|c: char| !c.is_ascii_digit()).unwrap_or(spelling.len());
            let next = self.spelling(at + 1);
            let decimal = digits == spelling.len()
                && matches!(self.between(at + 1), "." | "," | "٫")
                && (1..=2).contains(&next.len())
                && next.bytes().all(|byte| byte.is_ascii_digit());
            if decimal {
                return Some((format!("{spelling}.{next}").parse().ok()?, at + 2));
            }
            // "1,000 units"
            let thousands = digits == spelling.len() && self.between(at + 1) == "," && next.len() == 3;
            if thousands && next.bytes().all(|byte| byte.is_ascii_digit()) {
                return Some((format!("{spelling}{next}").parse().ok()?, at + 2));
            }
            return Some((spelling.get(..digits)?.parse().ok()?, at + 1));
        }
        const NAMED: [(&str, f64); 30] = [
            ("half", 0.5),
            ("one", 1.0),
            ("two", 2.0),
            ("three", 3.0),
            ("four", 4.0),
            ("five", 5.0),
            ("six", 6.0),
            ("eight", 8.0),
            ("ten", 10.0),
            ("fifteen", 15.0),
            ("twenty", 20.0),
            ("thirty", 30.0),
            ("forty", 40.0),
            ("fifty", 50.0),
            ("eighty", 80.0),
            ("hundred", 100.0),
            ("thousand", 1000.0),
            ("نص", 0.5),
            ("نصف", 0.5),
            ("خمس", 5.0),
            ("خمسه", 5.0),
            ("عشر", 10.0),
            ("عشره", 10.0),
            ("عشرين", 20.0),
            ("خمسين", 50.0),
            ("ثمانين", 80.0),
            ("تمانين", 80.0),
            ("ميه", 100.0),
            ("مايه", 100.0),
            ("الف", 1000.0),
        ];
        let bare = spelling.strip_prefix(['ب', 'ل']).filter(|_| !spelling.is_ascii());
        let named = |word: &str| NAMED.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        named(spelling).or_else(|| bare.and_then(named)).map(|value| (value, at + 1))
    }
}

fn measure((concept, weight, gloss): Meaning, words: std::ops::Range<usize>) -> Measure {
    Measure { words, concept, weight, gloss }
}

#[cfg(test)]
mod tests;
