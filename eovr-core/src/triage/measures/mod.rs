//! Vital signs and laboratory results, each a number with its name: "SpO2 dropped to 60 %", البوتاسيوم ٧.
//!
//! `measures.tsv` has the names and the limits, each limit with its source. A number is a value if it follows its name
//! within a few words of the same sentence, or directly precedes it ("60 % saturation"). A dose ("potassium 10 mmol
//! given", a number with another unit), a target ("keep SpO2 above 90"), a time or a place is not a value. If a name
//! has several numbers ("fell from 98 to 60"), the heaviest limit that one of them crosses counts. The last age before
//! the name decides which limits apply.

use std::ops::Range;

mod table;

use self::table::{Age, Bound, Limit, Part, TABLE, Table};
use super::cues::{Cue, Cues};
use super::text::{Gap, Text, Word, arabic_forms};

/// The greatest number of words between a name and its number.
const REACH: usize = 5;
/// The greatest number of words of a name.
const NAME: usize = 4;
/// The number of words before a name that can mark the value as a target.
const BEFORE: usize = 4;
/// The number of words after a value that can say that the sample was spoilt.
const AFTER: usize = 8;

/// A vital sign or result out of its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Measure {
    /// Indexes of its words, from the name to the number.
    pub(super) words: Range<usize>,
    /// The concept of the word lists that it belongs to.
    pub(super) concept: &'static str,
    /// As in the word lists: 2 alarming, 3 critical.
    pub(super) weight: u8,
    /// The meaning of the value, in everyday words.
    pub(super) gloss: &'static str,
}

/// The meanings of values out of their limits: concept, weight and gloss.
pub(super) fn meanings() -> impl Iterator<Item = (&'static str, u8, &'static str)> {
    TABLE.limits().map(|limit| (limit.concept, limit.weight, limit.gloss))
}

/// The first words of all names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.first_words()
}

/// The words that name an age group.
pub(super) fn ages() -> impl Iterator<Item = &'static str> {
    TABLE.ages()
}

/// Finds the values out of their limits, from left to right and without overlap. `narrative` is the original of `text`,
/// because only the original has the signs between numbers (`80/40`, `36,5`).
pub(super) fn find(narrative: &str, text: &Text, cues: &[Cues]) -> Vec<Measure> {
    let reader = Reader { narrative, text, cues, table: &TABLE };
    let mut measures = Vec::new();
    if !cues.iter().any(|cues| cues.has(Cue::Measure)) {
        return measures;
    }
    let (mut at, mut age, mut free, mut number) = (0, Age::Adult, 0, 0);
    while at < text.words.len() {
        let told = (reader.shows(at, Cue::Age) || reader.begins_with_digit(at)).then(|| reader.age(at));
        age = match (age, told.flatten()) {
            // "Girl" after "newborn" does not change the age.
            (Age::Neonate | Age::Infant, Some(Age::Child)) | (_, None) => age,
            (_, Some(told)) => told,
        };
        // A name that is far from any number needs no look-up.
        while number < at.saturating_sub(1) || number < text.words.len() && !reader.begins_with_digit(number)
        {
            number += 1;
        }
        let near = number <= at + NAME + REACH;
        let Some((name, words)) = near.then(|| reader.name(at)).flatten() else {
            at += 1;
            continue;
        };
        let found = reader.measure(name, age, at, at + words, free);
        if let Some((measure, end)) = found {
            free = end;
            at = end.max(at + words);
            measures.push(measure);
        } else {
            at += words;
        }
    }
    measures
}

#[derive(Clone, Copy, Debug)]
struct Number {
    value: f64,
    /// The second number of a pair: the diastolic pressure.
    second: Option<f64>,
    bound: Bound,
    /// Index of the word after it.
    end: usize,
}

struct Reader<'r> {
    narrative: &'r str,
    text: &'r Text,
    cues: &'r [Cues],
    table: &'r Table,
}

impl<'r> Reader<'r> {
    fn word(&self, at: usize) -> Option<&'r Word> {
        self.text.words.get(at)
    }

    /// The spelling of a word, empty beyond the text.
    fn spelling(&self, at: usize) -> &'r str {
        self.word(at).map(|word| self.text.spelling(word)).unwrap_or_default()
    }

    fn begins_with_digit(&self, at: usize) -> bool {
        self.spelling(at).starts_with(|c: char| c.is_ascii_digit())
    }

    fn says(&self, at: usize, part: Part) -> bool {
        self.table.says(self.spelling(at), part)
    }

    /// The characters between a word and the word before it.
    fn between(&self, at: usize) -> &'r str {
        let before = at.checked_sub(1).and_then(|before| self.word(before));
        match (before, self.word(at)) {
            (Some(before), Some(word)) => {
                self.narrative.get(before.span.end..word.span.start).unwrap_or_default()
            }
            _ => "",
        }
    }

    /// The characters after a word, up to the next word.
    fn behind(&self, at: usize) -> &'r str {
        let rest = self.word(at).and_then(|word| self.narrative.get(word.span.end..)).unwrap_or_default();
        rest.get(..rest.find(char::is_alphanumeric).unwrap_or(rest.len())).unwrap_or_default().trim_start()
    }

    fn shows(&self, at: usize, cue: Cue) -> bool {
        self.cues.get(at).is_some_and(|cues| cues.has(cue))
    }

    /// The measure with the longest name at this word, and the number of words of the name.
    fn name(&self, at: usize) -> Option<(&'r str, usize)> {
        if !self.shows(at, Cue::Measure) {
            return None;
        }
        let mut best: Option<(&'r str, usize)> = None;
        self.each_form(at, |form| {
            for name in self.table.names(form) {
                let words = name.rest.len() + 1;
                let fits = name.rest.iter().enumerate().all(|(offset, slot)| {
                    let there = at + 1 + offset;
                    let mut fits = false;
                    self.each_form(there, |form| fits |= slot.iter().any(|choice| choice == form));
                    fits && self.word(there).is_some_and(|word| word.gap <= Gap::Line)
                });
                if fits && best.is_none_or(|(_, most)| words > most) {
                    best = Some((name.measure, words));
                }
            }
        });
        best.filter(|_| self.is_name(at))
    }

    /// An ambiguous name counts only directly before a number, a sign or a word like "was"; "vitamin K" and "2 hr" do
    /// not count.
    fn is_name(&self, at: usize) -> bool {
        if !matches!(self.spelling(at), "k" | "na" | "hr" | "hb") {
            return true;
        }
        let before = at.checked_sub(1).map(|before| self.spelling(before)).unwrap_or_default();
        let next = self.spelling(at + 1);
        let tells = matches!(
            next,
            "was" | "is" | "of" | "at" | "to" | "level" | "dropped" | "fell" | "rose" | "went" | "came"
        );
        let number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        before != "vitamin" && !number(before) && (number(next) || tells || self.behind(at).starts_with('+'))
    }

    fn each_form(&self, at: usize, mut each: impl FnMut(&str)) {
        let Some(word) = self.word(at) else { return };
        let spelling = self.text.spelling(word);
        if word.arabic {
            arabic_forms(spelling, &mut String::new(), |form, _| each(form));
        } else {
            each(spelling);
        }
    }

    /// The value of the name at `start..end` if it crosses a limit, and the index after its last word.
    fn measure(
        &self,
        name: &'r str,
        age: Age,
        start: usize,
        end: usize,
        free: usize,
    ) -> Option<(Measure, usize)> {
        let wished = (start.saturating_sub(BEFORE)..start).rev();
        let mut same = true;
        for at in wished {
            same &= self.word(at + 1).is_some_and(|word| word.gap < Gap::Stop);
            if same && self.says(at, Part::Target) {
                return None;
            }
        }
        let mut best: Option<(Limit, Range<usize>)> = None;
        let mut take = |limit: Option<Limit>, words: Range<usize>| {
            if let Some(limit) = limit
                && best.as_ref().is_none_or(|(leader, _)| limit.weight > leader.weight)
            {
                best = Some((limit, words));
            }
        };
        let (mut at, mut left, mut seen) = (end, REACH, false);
        while left > 0 && self.word(at).is_some_and(|word| word.gap < Gap::Stop) {
            // A comma, or another word after a value, begins a different subject.
            let apart = self.between(at).contains([',', '،']) && !seen;
            if apart || self.says(at, Part::Target) || (at > end && self.name(at).is_some()) {
                break;
            }
            if let Some(number) = self.number(at) {
                if let Some(limit) = self.judged(name, age, at, number) {
                    seen = true;
                    take(limit, start..number.end);
                }
                at = number.end;
            } else if seen && !self.says(at, Part::Link) {
                break;
            } else {
                at += 1;
            }
            left -= 1;
        }
        // "60 % saturation": only if no number follows the name.
        if !seen && let Some(before) = start.checked_sub(1).filter(|&before| before >= free) {
            let of = self.spelling(before) == "of" || self.between(start).contains(['.', ',', '،']);
            let first = [before.checked_sub(1), Some(before)]
                .into_iter()
                .flatten()
                .find(|&at| at >= free && self.number(at).is_some_and(|number| number.end == start));
            if let Some((first, number)) = first.filter(|_| !of).and_then(|at| Some((at, self.number(at)?))) {
                take(self.judged(name, age, first, number).flatten(), first..end);
            }
        }
        let (limit, words) = best.filter(|(_, words)| !self.is_of_the_sample(words.end))?;
        let Limit { concept, weight, gloss } = limit;
        let end = words.end;
        Some((Measure { words, concept, weight, gloss }, end))
    }

    /// Whether the words after the value blame the sample: "K 8.1 in a haemolysed sample".
    fn is_of_the_sample(&self, end: usize) -> bool {
        let same = |at: &usize| self.word(*at).is_some_and(|word| word.gap < Gap::Stop);
        (end..end + AFTER).take_while(same).any(|at| self.says(at, Part::Spoilt))
    }

    /// `None` if the number is not a value of this name; otherwise the limit that it crosses, if any.
    fn judged(&self, name: &'r str, age: Age, at: usize, number: Number) -> Option<Option<Limit>> {
        let unit = self.unit(number.end);
        let value = match (name, unit) {
            ("temperature" | "fever", "f" | "fahrenheit") => (number.value - 32.0) / 1.8,
            ("temperature" | "fever", _) if number.value >= 80.0 => (number.value - 32.0) / 1.8,
            ("glucose", "mg" | "mgdl" | "ملغ" | "ملجم" | "مجم") => number.value / 18.0,
            ("glucose", "mmol" | "mmoll") => number.value,
            ("glucose", _) if number.value > 35.0 => number.value / 18.0,
            ("haemoglobin", "gl") => number.value / 10.0,
            ("haemoglobin", _) if number.value > 25.0 => number.value / 10.0,
            _ => number.value,
        };
        let (lowest, highest) = self.table.range(name)?;
        let fits = value >= lowest && value <= highest;
        let percent = self.behind(number.end.saturating_sub(1)).starts_with(['%', '٪']) || unit == "percent";
        // A dose of an ion is a whole number; "K 2.1 mmol" is a result.
        let ion = unit == "mmol" && number.value.fract() > 0.0;
        let dose = self.table.says(unit, Part::Dose) && !self.table.is_unit_of(name, unit) && !ion;
        let placed = at.checked_sub(1).is_some_and(|before| self.says(before, Part::Place));
        if !fits || dose || placed || (percent && name != "oxygen") || self.is_time(at) {
            return None;
        }
        let first = self.table.crossed(name, age, value, number.bound);
        let second = number
            .second
            .filter(|_| name == "pressure")
            .and_then(|low| self.table.crossed("diastolic", age, low, number.bound));
        Some([first, second].into_iter().flatten().max_by_key(|limit| limit.weight))
    }

    /// The word after a number, joined with the next word across a slash: mg/dL, g/L.
    fn unit(&self, at: usize) -> &'r str {
        let grown = at.checked_sub(1).map(|last| self.spelling(last)).unwrap_or_default();
        let grown = grown.trim_start_matches(|c: char| c.is_ascii_digit());
        if !grown.is_empty() {
            return grown;
        }
        if self.word(at).is_none_or(|word| word.gap >= Gap::Comma) {
            return "";
        }
        match (self.spelling(at), self.between(at + 1), self.spelling(at + 1)) {
            ("mg", "/", "dl") => "mgdl",
            ("mmol" | "meq", "/", "l") => "mmoll",
            ("g", "/", "l") => "gl",
            ("g" | "gm" | "gr", "/", "dl") => "gdl",
            (unit, ..) => unit,
        }
    }

    fn is_time(&self, at: usize) -> bool {
        let digits = self.spelling(at);
        let clock = digits.len() == 4 && digits.starts_with('0');
        clock
            || self.between(at).ends_with(':') && at > 0 && is_digits(self.spelling(at - 1))
            || self.between(at + 1) == ":" && is_digits(self.spelling(at + 1))
    }

    /// The number that begins here, with its decimals or with the second number of a pair.
    fn number(&self, at: usize) -> Option<Number> {
        let spelling = self.spelling(at);
        let digits = leading_digits(spelling);
        let mut value: f64 = Some(digits).filter(|digits| (1..=4).contains(&digits.len()))?.parse().ok()?;
        let (mut end, mut second) = (at + 1, None);
        // "28jun" and "11am" are not values; "39c" is one.
        let grown = spelling.get(digits.len()..).unwrap_or_default();
        if !(grown.is_empty() || self.table.says(grown, Part::Grown)) {
            return None;
        }
        if is_digits(spelling) {
            let next = leading_digits(self.spelling(end));
            match (self.between(end), next.len()) {
                ("." | "," | "،" | "٫", 1..=2) => {
                    value = format!("{digits}.{next}").parse().ok()?;
                    end += 1;
                }
                ("/", 1..=3) => {
                    second = next.parse().ok();
                    end += 1;
                }
                _ => {}
            }
        }
        Some(Number { value, second, bound: self.bound(at), end })
    }

    fn bound(&self, at: usize) -> Bound {
        let sign = self.between(at);
        let before = |steps: usize| at.checked_sub(steps);
        let than = before(1).is_some_and(|word| self.says(word, Part::Than));
        let word = if than { before(2) } else { before(1) };
        let said = |part| word.is_some_and(|word| self.says(word, part));
        if sign.contains(['>', '≥']) || said(Part::Above) {
            Bound::Above
        } else if sign.contains(['<', '≤']) || said(Part::Below) {
            Bound::Below
        } else {
            Bound::Exact
        }
    }

    /// The age that begins at this word.
    fn age(&self, at: usize) -> Option<Age> {
        let spelling = self.spelling(at);
        let digits = leading_digits(spelling);
        if digits.is_empty() {
            return self.table.age(spelling.strip_prefix("ال").unwrap_or(spelling));
        }
        let count: f64 = digits.parse().ok()?;
        let grown = spelling.get(digits.len()..).unwrap_or_default();
        let (unit, after) = if grown.is_empty() { (self.spelling(at + 1), at + 2) } else { (grown, at + 1) };
        let aged = at.checked_sub(1).is_some_and(|before| self.says(before, Part::Aged));
        let old = self.says(after, Part::Old) || matches!(unit, "yo" | "yr" | "mo");
        let days = self.table.days(unit)?;
        (aged || old).then(|| Age::of_days(count * days))
    }
}

fn leading_digits(word: &str) -> &str {
    let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    word.get(..end).unwrap_or_default()
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && leading_digits(word).len() == word.len()
}

#[cfg(test)]
mod tests;
