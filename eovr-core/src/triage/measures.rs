//! Vital signs and results that a narrative tells as a number with its name: "SpO2 dropped to 60 %", البوتاسيوم ٧.
//!
//! The names and limits stand in `measures.tsv`, each limit with its source. A number counts where it follows its name
//! within a few words of the same sentence, or stands right before it ("60 % saturation"). It does not count as a dose
//! ("potassium 10 mmol given", a number with another unit), as a target ("keep SpO2 above 90"), as a time or as a place.
//! Several numbers of one name ("fell from 98 to 60") are all looked at: the heaviest limit that one of them crosses
//! is told. The age that was told last before the name decides which limits apply.

use std::ops::Range;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::text::{Gap, Text, Word, arabic_forms};

/// How many other words may stand between a name and its number.
const REACH: usize = 5;
/// How many words a name has at most.
const NAME: usize = 4;
/// How many words before a name may say that what follows is wished for.
const BEFORE: usize = 4;
/// How many words behind a value may say that its sample was spoilt.
const AFTER: usize = 8;

/// A value that crosses a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    concept: &'static str,
    weight: u8,
    gloss: &'static str,
}

/// A vital sign or result out of its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Measure {
    /// Indexes of its words, from the name to the number.
    pub(super) words: Range<usize>,
    /// The idea of the word lists that it belongs to.
    pub(super) concept: &'static str,
    /// As in the word lists: 2 alarming, 3 critical.
    pub(super) weight: u8,
    /// What the value means, in plain words.
    pub(super) gloss: &'static str,
}

/// What a value out of its limits can mean: the idea, its weight and its words.
pub(super) fn meanings() -> impl Iterator<Item = (&'static str, u8, &'static str)> {
    TABLE.limits.iter().map(|row| (row.limit.concept, row.limit.weight, row.limit.gloss))
}

/// Finds the values out of their limits, from left to right and without overlap. `narrative` is what `text` was read from:
/// signs between numbers (`80/40`, `36,5`) stand only there.
pub(super) fn find(narrative: &str, text: &Text) -> Vec<Measure> {
    let reader = Reader { narrative, text, table: &TABLE };
    let mut measures = Vec::new();
    let (mut at, mut age, mut free, mut number) = (0, Age::Adult, 0, 0);
    while at < text.words.len() {
        age = match (age, reader.age(at)) {
            // A newborn is a girl, too.
            (Age::Neonate | Age::Infant, Some(Age::Child)) | (_, None) => age,
            (_, Some(told)) => told,
        };
        // A name far from any number is not looked up.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Neonate,
    Infant,
    Child,
    Adult,
}

impl Age {
    const ALL: [Self; 4] = [Self::Neonate, Self::Infant, Self::Child, Self::Adult];

    fn named(name: &str) -> Option<&'static [Self]> {
        Some(match name {
            "neonate" => &[Self::Neonate],
            "infant" => &[Self::Infant],
            "child" => &[Self::Child],
            "adult" => &[Self::Adult],
            "any" => &Self::ALL,
            _ => return None,
        })
    }

    fn of_days(days: f64) -> Self {
        match days {
            ..=28.0 => Self::Neonate,
            ..365.0 => Self::Infant,
            ..5840.0 => Self::Child,
            _ => Self::Adult,
        }
    }
}

/// Whether a number is the value itself, or a bound of it ("above 90", "< 80").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Exact,
    Above,
    Below,
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

/// The compiled table.
#[derive(Debug, Default)]
struct Table {
    // For each first word, the rest of the names that begin with it.
    names: FxHashMap<String, Vec<Name>>,
    ranges: FxHashMap<&'static str, (f64, f64)>,
    limits: Vec<Row>,
}

#[derive(Debug)]
struct Name {
    measure: &'static str,
    rest: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Row {
    measure: &'static str,
    ages: &'static [Age],
    at_most: bool,
    value: f64,
    limit: Limit,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for line in include_str!("measures.tsv").lines() {
        // A row that does not parse is left out; a test keeps the shipped table free of such rows.
        let _understood = table.add(line);
    }
    table
});

impl Table {
    fn add(&mut self, line: &'static str) -> bool {
        if line.starts_with('#') || line.trim().is_empty() {
            return true;
        }
        let columns: Vec<&'static str> = line.split('\t').collect();
        match *columns.as_slice() {
            ["name", measure, term] => {
                let slots: Vec<Vec<String>> = term.split(' ').map(choices).collect();
                let Some((first, rest)) = slots.split_first() else { return false };
                for word in first {
                    let name = Name { measure, rest: rest.to_vec() };
                    self.names.entry(word.clone()).or_default().push(name);
                }
                slots.iter().all(|slot| !slot.is_empty())
            }
            ["range", measure, lowest, highest] => match (lowest.parse(), highest.parse()) {
                (Ok(lowest), Ok(highest)) => self.ranges.insert(measure, (lowest, highest)).is_none(),
                _ => false,
            },
            ["limit", measure, age, sign @ ("<=" | ">="), value, concept, weight, gloss, _source] => {
                let (Some(ages), Ok(value), Ok(weight @ 1..=4)) =
                    (Age::named(age), value.parse(), weight.parse())
                else {
                    return false;
                };
                let limit = Limit { concept, weight, gloss };
                self.limits.push(Row { measure, ages, at_most: sign == "<=", value, limit });
                true
            }
            _ => false,
        }
    }

    /// The heaviest limit that a value crosses.
    fn crossed(&self, measure: &str, age: Age, value: f64, bound: Bound) -> Option<Limit> {
        let crosses = |row: &&Row| {
            row.measure == measure
                && row.ages.contains(&age)
                && match row.at_most {
                    true => bound != Bound::Above && value <= row.value,
                    false => bound != Bound::Below && value >= row.value,
                }
        };
        self.limits.iter().filter(crosses).map(|row| row.limit).max_by_key(|limit| limit.weight)
    }
}

/// The words of one place of a name, as narratives are read.
fn choices(slot: &str) -> Vec<String> {
    let mut words = Vec::new();
    for choice in slot.split('|') {
        let text = Text::read(choice);
        words.extend(text.words.iter().map(|word| text.spelling(word).to_owned()));
    }
    words
}

struct Reader<'r> {
    narrative: &'r str,
    text: &'r Text,
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

    /// What stands between a word and the one before it.
    fn between(&self, at: usize) -> &'r str {
        let before = at.checked_sub(1).and_then(|before| self.word(before));
        match (before, self.word(at)) {
            (Some(before), Some(word)) => {
                self.narrative.get(before.span.end..word.span.start).unwrap_or_default()
            }
            _ => "",
        }
    }

    /// What follows a word, up to the next.
    fn behind(&self, at: usize) -> &'r str {
        let rest = self.word(at).and_then(|word| self.narrative.get(word.span.end..)).unwrap_or_default();
        rest.get(..rest.find(char::is_alphanumeric).unwrap_or(rest.len())).unwrap_or_default().trim_start()
    }

    /// The measure that is named here by most words, and by how many.
    fn name(&self, at: usize) -> Option<(&'r str, usize)> {
        let mut best: Option<(&'r str, usize)> = None;
        self.each_form(at, |form| {
            for name in self.table.names.get(form).into_iter().flatten() {
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

    /// Names that mean something else as well count only right before a number, a sign or a word like "was"; "vitamin K" and
    /// "2 hr" are none.
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

    /// The value of a name that stands at `start..end`, if it crosses a limit; and where its words end.
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
            if same && is_target(self.spelling(at)) {
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
        while let Some(word) = self.word(at).filter(|word| word.gap < Gap::Stop && left > 0) {
            let spelling = self.text.spelling(word);
            // Past a comma, or another word once a value was seen, the talk is of something else.
            let apart = self.between(at).contains([',', '،']) && !seen;
            if apart || is_target(spelling) || (at > end && self.name(at).is_some()) {
                break;
            }
            if let Some(number) = self.number(at) {
                if let Some(limit) = self.judged(name, age, at, number) {
                    seen = true;
                    take(limit, start..number.end);
                }
                at = number.end;
            } else if seen && !is_link(spelling) {
                break;
            } else {
                at += 1;
            }
            left -= 1;
        }
        // "60 % saturation": only where no number follows.
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

    /// Whether the value is said to be the sample's fault, soon behind it: "K 8.1 in a haemolysed sample".
    fn is_of_the_sample(&self, end: usize) -> bool {
        let same = |at: &usize| self.word(*at).is_some_and(|word| word.gap < Gap::Stop);
        (end..end + AFTER).take_while(same).any(|at| {
            matches!(
                self.spelling(at),
                "clotted"
                    | "haemolysed"
                    | "hemolysed"
                    | "hemolyzed"
                    | "haemolyzed"
                    | "artefact"
                    | "artifact"
                    | "متجلطه"
                    | "متحلله"
                    | "متكسره"
            )
        })
    }

    /// None where the number is no value of this name; else the limit it crosses, if any.
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
        let (lowest, highest) = *self.table.ranges.get(name)?;
        let fits = value >= lowest && value <= highest;
        let percent = self.behind(number.end.saturating_sub(1)).starts_with(['%', '٪']) || unit == "percent";
        // A dose of an ion is a whole number; "K 2.1 mmol" is a result.
        let ion = unit == "mmol" && number.value.fract() > 0.0;
        let dose = is_dose(unit) && !is_unit(name, unit) && !ion;
        let placed = at.checked_sub(1).is_some_and(|before| is_place(self.spelling(before)));
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

    /// The word behind a number, joined with the next where a slash parts them: mg/dL, g/L.
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

    /// The number that begins here, with its decimals, or with the second of a pair.
    fn number(&self, at: usize) -> Option<Number> {
        let spelling = self.spelling(at);
        let digits = leading_digits(spelling);
        let mut value: f64 = Some(digits).filter(|digits| (1..=4).contains(&digits.len()))?.parse().ok()?;
        let (mut end, mut second) = (at + 1, None);
        // "28jun" and "11am" are no values; "39c" is one.
        if !is_grown(spelling.get(digits.len()..).unwrap_or_default()) {
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
        let back = |steps: usize| at.checked_sub(steps).map(|at| self.spelling(at)).unwrap_or_default();
        let word = if matches!(back(1), "than" | "من") { back(2) } else { back(1) };
        if sign.contains(['>', '≥'])
            || matches!(word, "above" | "over" | "more" | "greater" | "اعلي" | "فوق" | "اكثر" | "اكبر")
        {
            Bound::Above
        } else if sign.contains(['<', '≤'])
            || matches!(word, "below" | "under" | "less" | "lower" | "اقل" | "تحت" | "دون")
        {
            Bound::Below
        } else {
            Bound::Exact
        }
    }

    /// The age that is told at this word.
    fn age(&self, at: usize) -> Option<Age> {
        let spelling = self.spelling(at);
        let digits = leading_digits(spelling);
        if digits.is_empty() {
            return age_word(spelling.strip_prefix("ال").unwrap_or(spelling));
        }
        let years: f64 = digits.parse().ok()?;
        let grown = spelling.get(digits.len()..).unwrap_or_default();
        let (unit, after) = if grown.is_empty() { (self.spelling(at + 1), at + 2) } else { (grown, at + 1) };
        let aged = at.checked_sub(1).is_some_and(|before| {
            matches!(
                self.spelling(before),
                "aged" | "age" | "عمره" | "عمرها" | "العمر" | "عمر" | "تبلغ" | "يبلغ"
            )
        });
        let old = matches!(self.spelling(after), "old" | "o" | "من") || matches!(unit, "yo" | "yr" | "mo");
        let days = match unit {
            "year" | "years" | "yr" | "yrs" | "y" | "yo" | "سنه" | "سنوات" | "عام" | "عاما" | "اعوام" => {
                365.0
            }
            "month" | "months" | "mo" | "شهر" | "شهرا" | "اشهر" | "شهور" => 30.4,
            "week" | "weeks" | "wk" | "اسبوع" | "اسابيع" => 7.0,
            "day" | "days" | "يوم" | "ايام" => 1.0,
            _ => return None,
        };
        (aged || old).then(|| Age::of_days(years * days))
    }
}

fn leading_digits(word: &str) -> &str {
    let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    word.get(..end).unwrap_or_default()
}

/// What may be grown onto a value.
fn is_grown(unit: &str) -> bool {
    matches!(
        unit,
        "" | "c" | "f" | "s" | "bpm" | "mmhg" | "mmol" | "mmoll" | "mg" | "mgdl" | "g" | "gdl" | "min"
    )
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && leading_digits(word).len() == word.len()
}

fn age_word(word: &str) -> Option<Age> {
    Some(match word {
        "neonate" | "neonatal" | "newborn" | "preterm" | "premature" | "مولود" | "مولوده" | "خديج"
        | "وليد" => Age::Neonate,
        "infant" | "baby" | "رضيع" | "رضيعه" | "بيبي" => Age::Infant,
        "child" | "toddler" | "boy" | "girl" | "paediatric" | "pediatric" | "طفل" | "طفله" => {
            Age::Child
        }
        "mother" | "woman" | "man" | "lady" | "gentleman" | "adult" | "elderly" | "ام" | "والده" | "رجل"
        | "سيده" => Age::Adult,
        _ => return None,
    })
}

/// Words that tell a value that is wished for, allowed or set, not one that was seen.
fn is_target(word: &str) -> bool {
    matches!(
        word,
        "keep"
            | "keeping"
            | "maintain"
            | "maintaining"
            | "target"
            | "aim"
            | "aiming"
            | "goal"
            | "if"
            | "unless"
            | "when"
            | "limit"
            | "limits"
            | "threshold"
            | "range"
            | "should"
            | "must"
            | "inform"
            | "titrate"
            | "baseline"
            | "usually"
            | "normally"
            | "الهدف"
            | "هدف"
            | "حافظ"
            | "المحافظه"
            | "الحفاظ"
            | "ابقاء"
            | "يجب"
            | "اذا"
            | "لو"
            | "حد"
            | "عاده"
            | "المستهدف"
    )
}

/// Words between two values of one name.
fn is_link(word: &str) -> bool {
    matches!(
        word,
        "to" | "from"
            | "then"
            | "and"
            | "down"
            | "up"
            | "later"
            | "percent"
            | "mmhg"
            | "bpm"
            | "الي"
            | "ثم"
            | "من"
            | "و"
    )
}

/// Words before a number that is no value.
fn is_place(word: &str) -> bool {
    matches!(
        word,
        "day"
            | "bed"
            | "room"
            | "ward"
            | "bay"
            | "stage"
            | "grade"
            | "page"
            | "x"
            | "every"
            | "q"
            | "سرير"
            | "غرفه"
            | "يوم"
            | "الساعه"
            | "كل"
    )
}

/// Units of other things: a dose, a time, a length.
fn is_dose(unit: &str) -> bool {
    matches!(
        unit,
        "mg" | "mgdl"
            | "mcg"
            | "ug"
            | "g"
            | "gm"
            | "gl"
            | "gdl"
            | "ml"
            | "mls"
            | "l"
            | "litre"
            | "litres"
            | "liter"
            | "liters"
            | "units"
            | "unit"
            | "iu"
            | "mmol"
            | "mmoll"
            | "meq"
            | "tablet"
            | "tablets"
            | "tabs"
            | "puffs"
            | "drops"
            | "amp"
            | "ampoule"
            | "ampoules"
            | "vial"
            | "vials"
            | "minute"
            | "minutes"
            | "min"
            | "mins"
            | "hour"
            | "hours"
            | "hr"
            | "hrs"
            | "h"
            | "day"
            | "days"
            | "week"
            | "weeks"
            | "times"
            | "am"
            | "pm"
            | "st"
            | "nd"
            | "rd"
            | "th"
            | "kg"
            | "cm"
            | "hourly"
            | "ملغ"
            | "ملجم"
            | "مجم"
            | "مل"
            | "وحده"
            | "وحدات"
            | "جرام"
            | "غرام"
            | "لتر"
            | "ساعه"
            | "ساعات"
            | "دقيقه"
            | "دقايق"
            | "ايام"
            | "يوم"
            | "حبه"
            | "حبات"
            | "مرات"
            | "امبول"
    )
}

/// Units that are those of the measure itself.
fn is_unit(name: &str, unit: &str) -> bool {
    matches!(
        (name, unit),
        ("glucose", "mg" | "mgdl" | "mmol" | "mmoll" | "ملغ" | "ملجم" | "مجم")
            | ("potassium" | "sodium" | "lactate", "mmoll")
            | ("haemoglobin", "g" | "gl" | "gdl" | "gm")
            | ("breaths" | "pulse", "min")
    )
}

#[cfg(test)]
#[path = "measures_tests.rs"]
mod tests;
