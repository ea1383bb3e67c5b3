//! Incidents without persons: groups with counts, for who learns from them and may not know of whom.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use crate::error::Result;
use crate::export::Opened;
#[cfg(feature = "parquet")]
use crate::export::columns::Cell;
use crate::export::csv::{cell, end, guarded};
#[cfg(feature = "parquet")]
use crate::export::parquet::Sheet;
use crate::export::write::{unwritten, unwritten_json};
#[cfg(feature = "parquet")]
use crate::record::ValueType;

/// Incidents counted by what does not identify: facility, month of the report, category, who reported, harm
/// and band. No text, number, id, day, ward or sub-type leaves.
///
/// A count of 1 or 2 is shown as `< 3`. Where that hides a single group of a facility's month, whoever knows
/// the month's total could work it out, so the next smallest is hidden as well: its count is shown as `*`.
#[derive(Debug, Default)]
pub struct Deidentified {
    groups: BTreeMap<Key, u64>,
}

/// Counts below this are not shown.
const FEWEST: u64 = 3;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Key {
    facility: String,
    /// `yyyymm`, on the facility's wall clock.
    month: u32,
    category: String,
    reporter_type: String,
    actual_harm: Option<String>,
    risk_band: Option<String>,
}

/// What is shown of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Count(u64),
    Few,
    Hidden,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    key: &'a Key,
    count: Option<u64>,
    shown: String,
}

const COLUMNS: &[&str] =
    &["facility", "month", "category", "reporter_type", "actual_harm", "risk_band", "count"];

impl Deidentified {
    /// Counts one incident; nothing else of it is kept. One that was set aside counts nowhere.
    pub fn push(&mut self, incident: &Opened) {
        if incident.code("disposition").is_some() {
            return;
        }
        let envelope = incident.record().envelope();
        let text = |facet: &str| incident.code(facet).map(str::to_owned);
        let key = Key {
            facility: envelope.stamp.facility.to_string(),
            month: envelope.month,
            category: text("category").unwrap_or_default(),
            reporter_type: text("reporter_type").unwrap_or_default(),
            actual_harm: text("actual_harm"),
            risk_band: text("risk_band"),
        };
        *self.groups.entry(key).or_default() += 1;
    }

    /// The k of k-anonymity over all columns: so many incidents at least share every combination that occurs.
    /// 0 where there is none. A 1 means that somebody who knows all columns of an incident knows it is there.
    pub fn k(&self) -> u64 {
        self.groups.values().copied().min().unwrap_or(0)
    }

    /// As CSV.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn csv<W: Write>(&self, mut to: W) -> Result<W> {
        let mut line = String::new();
        COLUMNS.iter().for_each(|name| cell(&mut line, name));
        end(&mut line, &mut to)?;
        for (key, shown) in self.shown() {
            guarded(&mut line, &key.facility);
            cell(&mut line, &month(key.month));
            guarded(&mut line, &key.category);
            guarded(&mut line, &key.reporter_type);
            guarded(&mut line, key.actual_harm.as_deref().unwrap_or_default());
            guarded(&mut line, key.risk_band.as_deref().unwrap_or_default());
            cell(&mut line, &shown.text());
            end(&mut line, &mut to)?;
        }
        to.flush().map_err(unwritten)?;
        Ok(to)
    }

    /// As one JSON object a line; `count` is `null` where it is not shown, and `shown` says how it is.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn ndjson<W: Write>(&self, mut to: W) -> Result<W> {
        for (key, shown) in self.shown() {
            let count = if let Shown::Count(count) = shown { Some(count) } else { None };
            serde_json::to_writer(&mut to, &Line { key, count, shown: shown.text() })
                .map_err(unwritten_json)?;
            to.write_all(b"\n").map_err(unwritten)?;
        }
        to.flush().map_err(unwritten)?;
        Ok(to)
    }

    /// As Apache Parquet; `count` is `null` where it is not shown, and `shown` says how it is.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    #[cfg(feature = "parquet")]
    pub fn parquet<W: Write + Send>(&self, to: W) -> Result<W> {
        let types = COLUMNS.iter().map(|name| match *name {
            "count" => (*name, ValueType::Int),
            name => (name, ValueType::Text),
        });
        let mut sheet = Sheet::new(to, &types.chain([("shown", ValueType::Text)]).collect::<Vec<_>>())?;
        for (key, shown) in self.shown() {
            let code =
                |code: &Option<String>| code.clone().map_or(Cell::Empty, |code| Cell::Code(code.into()));
            let count = match shown {
                Shown::Count(count) => Cell::Int(i64::try_from(count).unwrap_or(i64::MAX)),
                Shown::Few | Shown::Hidden => Cell::Empty,
            };
            let (month, text) = (month(key.month), shown.text());
            let cells = [
                Cell::Text(&key.facility),
                Cell::Text(&month),
                Cell::Text(&key.category),
                Cell::Text(&key.reporter_type),
                code(&key.actual_harm),
                code(&key.risk_band),
                count,
                Cell::Text(&text),
            ];
            cells.iter().enumerate().for_each(|(column, cell)| sheet.set(column, cell));
            sheet.end()?;
        }
        sheet.finish()
    }

    /// The groups with what is shown of their counts.
    fn shown(&self) -> Vec<(&Key, Shown)> {
        let show = |count: u64| if count < FEWEST { Shown::Few } else { Shown::Count(count) };
        let mut all: Vec<(&Key, Shown)> =
            self.groups.iter().map(|(key, count)| (key, show(*count))).collect();
        // Groups are in order, so those of one facility and month stand together.
        for margin in all.chunk_by_mut(|(a, _), (b, _)| a.facility == b.facility && a.month == b.month) {
            let hidden = margin.iter().filter(|(_, shown)| *shown == Shown::Few).count();
            if hidden != 1 {
                continue;
            }
            let count = |shown: &Shown| if let Shown::Count(count) = shown { Some(*count) } else { None };
            let next = margin.iter_mut().filter(|(_, shown)| count(shown).is_some());
            if let Some((_, shown)) = next.min_by_key(|(_, shown)| count(shown)) {
                *shown = Shown::Hidden;
            }
        }
        all
    }
}

impl Shown {
    fn text(self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Few => format!("< {FEWEST}"),
            Self::Hidden => "*".to_owned(),
        }
    }
}

fn month(month: u32) -> String {
    format!("{:04}-{:02}", month / 100, month % 100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(counts: &[(u32, &str, u64)]) -> Deidentified {
        let key = |month: u32, category: &str| Key {
            facility: "A".to_owned(),
            month,
            category: category.to_owned(),
            reporter_type: "staff".to_owned(),
            actual_harm: None,
            risk_band: None,
        };
        let groups = counts.iter().map(|(month, category, count)| (key(*month, category), *count));
        Deidentified { groups: groups.collect() }
    }

    #[test]
    fn one_and_two_are_not_shown_and_cannot_be_worked_out() {
        let counts = of(&[(202_611, "a", 2), (202_611, "b", 9), (202_611, "c", 5), (202_612, "a", 4)]);
        let shown: Vec<_> = counts.shown().into_iter().map(|(_, shown)| shown.text()).collect();
        assert_eq!(shown, ["< 3", "9", "*", "4"]);
        assert_eq!((counts.k(), of(&[]).k()), (2, 0));
    }

    #[test]
    fn two_that_are_hidden_need_no_third() {
        let counts = of(&[(202_611, "a", 2), (202_611, "b", 1), (202_611, "c", 5)]);
        let shown: Vec<_> = counts.shown().into_iter().map(|(_, shown)| shown.text()).collect();
        assert_eq!(shown, ["< 3", "< 3", "5"]);
    }

    proptest! {
        #[test]
        fn no_small_count_is_ever_shown_nor_stands_hidden_alone(
            counts in proptest::collection::vec((202_601_u32..202_604, "[a-f]", 1_u64..8), 0..30)
        ) {
            let rows: Vec<(u32, &str, u64)> =
                counts.iter().map(|(month, category, count)| (*month, category.as_str(), *count)).collect();
            let counted = of(&rows);
            let shown = counted.shown();
            for margin in shown.chunk_by(|(a, _), (b, _)| a.month == b.month) {
                let small = |shown: &Shown| matches!(shown, Shown::Count(count) if *count < FEWEST);
                prop_assert!(!margin.iter().any(|(_, shown)| small(shown)));
                let hidden = margin.iter().filter(|(_, shown)| !matches!(shown, Shown::Count(_))).count();
                prop_assert!(hidden != 1 || margin.len() == 1);
            }
        }
    }
}
