//! The compiled `measures.tsv`: names, limits and words of measured values.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::triage::text::Text;

/// The shipped table, compiled.
pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for line in include_str!("measures.tsv").lines() {
        // A row that does not parse is skipped; a test ensures that the shipped table has none.
        let _understood = table.add(line);
    }
    table
});

/// The meaning of a value that crosses a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) concept: &'static str,
    pub(super) weight: u8,
    pub(super) gloss: &'static str,
}

/// Whether a number is the value itself or a bound of it ("above 90", "< 80").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Exact,
    Above,
    Below,
}

/// The age group whose limits apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
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

    /// The age group of an age in days.
    pub(super) fn of_days(days: f64) -> Self {
        match days {
            ..=28.0 => Self::Neonate,
            ..365.0 => Self::Infant,
            ..5840.0 => Self::Child,
            _ => Self::Adult,
        }
    }
}

/// The compiled table.
#[derive(Debug, Default)]
pub(super) struct Table {
    // For each first word, the remaining words of the names that begin with it.
    names: FxHashMap<String, Vec<Name>>,
    ranges: FxHashMap<&'static str, (f64, f64)>,
    limits: Vec<Row>,
    // The units of each measure that elsewhere mark a dose.
    units: FxHashMap<&'static str, Vec<&'static str>>,
    words: FxHashMap<String, Vec<Part>>,
}

/// The name of a measure without its first word.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) measure: &'static str,
    pub(super) rest: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Row {
    measure: &'static str,
    ages: &'static [Age],
    at_most: bool,
    value: f64,
    limit: Limit,
}

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
            ["unit", measure, units] => self.units.insert(measure, units.split('|').collect()).is_none(),
            ["word", part, words] => {
                let Some(part) = Part::named(part) else { return false };
                for word in choices(words) {
                    self.words.entry(word).or_default().push(part);
                }
                true
            }
            _ => false,
        }
    }

    /// The names that begin with this word.
    pub(super) fn names(&self, word: &str) -> &[Name] {
        self.names.get(word).map(Vec::as_slice).unwrap_or_default()
    }

    /// The first words of all names.
    pub(super) fn first_words(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// The words that name an age group.
    pub(super) fn ages(&self) -> impl Iterator<Item = &str> {
        let tells = |parts: &[Part]| parts.iter().any(|part| matches!(part, Part::Who(_)));
        self.words.iter().filter(move |(_, parts)| tells(parts)).map(|(word, _)| word.as_str())
    }

    /// The lowest and the highest value that a measure can have.
    pub(super) fn range(&self, measure: &str) -> Option<(f64, f64)> {
        self.ranges.get(measure).copied()
    }

    /// All limits.
    pub(super) fn limits(&self) -> impl Iterator<Item = Limit> {
        self.limits.iter().map(|row| row.limit)
    }

    /// Whether a unit belongs to the measure.
    pub(super) fn is_unit_of(&self, measure: &str, unit: &str) -> bool {
        self.units.get(measure).is_some_and(|units| units.contains(&unit))
    }

    /// Whether a word has this meaning for the number next to it.
    pub(super) fn says(&self, word: &str, part: Part) -> bool {
        self.words.get(word).is_some_and(|parts| parts.contains(&part))
    }

    /// The age group that a word names.
    pub(super) fn age(&self, word: &str) -> Option<Age> {
        self.words.get(word)?.iter().find_map(|part| match part {
            Part::Who(age) => Some(*age),
            _ => None,
        })
    }

    /// The number of days in a unit of age.
    pub(super) fn days(&self, unit: &str) -> Option<f64> {
        self.words.get(unit)?.iter().find_map(|part| match part {
            Part::Span(days) => Some(f64::from(*days) / 10.0),
            _ => None,
        })
    }

    /// The heaviest limit that a value crosses.
    pub(super) fn crossed(&self, measure: &str, age: Age, value: f64, bound: Bound) -> Option<Limit> {
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

/// The meaning of a word for the number next to it; the head of `measures.tsv` explains each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Target,
    Spoilt,
    Link,
    Place,
    Dose,
    Grown,
    Above,
    Below,
    Than,
    Aged,
    Old,
    Who(Age),
    /// Tenths of days.
    Span(u16),
}

impl Part {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "target" => Self::Target,
            "spoilt" => Self::Spoilt,
            "link" => Self::Link,
            "place" => Self::Place,
            "dose" => Self::Dose,
            "grown" => Self::Grown,
            "above" => Self::Above,
            "below" => Self::Below,
            "than" => Self::Than,
            "aged" => Self::Aged,
            "old" => Self::Old,
            "neonate" => Self::Who(Age::Neonate),
            "infant" => Self::Who(Age::Infant),
            "child" => Self::Who(Age::Child),
            "adult" => Self::Who(Age::Adult),
            "years" => Self::Span(3650),
            "months" => Self::Span(304),
            "weeks" => Self::Span(70),
            "days" => Self::Span(10),
            _ => return None,
        })
    }
}

/// The choices for one word of a name, folded like a narrative.
fn choices(slot: &str) -> Vec<String> {
    let mut words = Vec::new();
    for choice in slot.split('|') {
        let text = Text::read(choice);
        words.extend(text.words.iter().map(|word| text.spelling(word).to_owned()));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_is_understood() {
        let mut table = Table::default();
        for line in include_str!("measures.tsv").lines() {
            assert!(table.add(line), "{line}");
        }
        let lexicon = crate::triage::lexicon::lexicon();
        for row in &table.limits {
            let known = lexicon
                .concepts
                .iter()
                .any(|concept| concept.stated == format!("flag.{}", row.limit.concept));
            assert!(known, "{row:?}");
            assert!(row.measure == "diastolic" || table.ranges.contains_key(row.measure), "{row:?}");
        }
    }

    #[test]
    fn rows_that_make_no_sense_are_refused() {
        for line in [
            "name\toxygen",
            "range\toxygen\tlow\t3",
            "limit\toxygen\told\t<=\t3\tdeath\t3\tx\ty",
            "unit\tglucose",
            "word\tshout\ta",
            "shout\ta\tb",
        ] {
            assert!(!Table::default().add(line), "{line}");
        }
    }
}
