//! Incidents without persons: groups with counts, for readers who may not identify a person.

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
use crate::incident::KIND;
#[cfg(feature = "parquet")]
use crate::record::ValueType;

/// Incidents counted by facets that do not identify a person: facility, month of the report, category, reporter type,
/// harm and band. The export contains no text, number, id, day, ward or sub-type.
///
/// A count of 1 or 2 is shown as `< 3`. The total of a facility's month is public. Together with the shown counts it
/// gives the sum of the hidden counts. Where this sum would reveal a small count, the next smallest count is hidden as
/// well and shown as `*`. Where one more hidden count is not enough, every count of the month is `*`. A reader who
/// knows the total and this rule therefore finds at least two possible values for each small count. (Hiding cannot
/// protect two cases: a month with as many incidents as groups has one incident in each group, and a month with one
/// group has its total.)
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
/// # let report = testing::report();
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// use eovr_core::export::{Deidentified, Opened};
///
/// # let record = quality.incidents().load(id).await?;
/// let opened = Opened::of(&quality, record)?;
/// let mut counts = Deidentified::default();
/// counts.push(&opened)?;
/// assert_eq!(counts.k(), 1);
/// let text = String::from_utf8(counts.csv(Vec::new())?)?;
/// assert!(text.starts_with("facility,month,category,"));
/// assert!(!text.contains("dose") && !text.contains("OVR-"));
/// # Ok(()) });
/// ```
#[derive(Debug, Default)]
pub struct Deidentified {
    groups: BTreeMap<Key, u64>,
}

/// Smaller counts are not shown.
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

/// How a count is shown.
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
    /// Counts one incident and keeps nothing else of it. An incident that was disposed of is not counted.
    ///
    /// # Errors
    /// `InvalidInput` for a record of another kind.
    pub fn push(&mut self, incident: &Opened) -> Result<()> {
        incident.must_be(&KIND)?;
        if incident.code("disposition").is_some() {
            return Ok(());
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
        Ok(())
    }

    /// The k of k-anonymity over all columns: each combination that occurs is shared by at least k incidents. 0 where
    /// there are no incidents. With k = 1, a reader who knows all columns of an incident knows that the export contains
    /// it.
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

    /// Writes one JSON object per line. `count` is `null` where it is hidden, and `shown` holds the displayed value.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn ndjson<W: Write>(&self, mut to: W) -> Result<W> {
        for (key, shown) in self.shown() {
            serde_json::to_writer(&mut to, &Line { key, count: shown.count(), shown: shown.text() })
                .map_err(unwritten_json)?;
            to.write_all(b"\n").map_err(unwritten)?;
        }
        to.flush().map_err(unwritten)?;
        Ok(to)
    }

    /// Writes Apache Parquet. `count` is `null` where it is hidden, and `shown` holds the displayed value.
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
            let count =
                shown.count().and_then(|count| i64::try_from(count).ok()).map_or(Cell::Empty, Cell::Int);
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

    /// The groups with their counts as shown.
    fn shown(&self) -> Vec<(&Key, Shown)> {
        let show = |count: u64| if count < FEWEST { Shown::Few } else { Shown::Count(count) };
        let mut all: Vec<(&Key, Shown)> =
            self.groups.iter().map(|(key, count)| (key, show(*count))).collect();
        // Groups are in order, so those of one facility and month stand together.
        for month in all.chunk_by_mut(|(a, _), (b, _)| a.facility == b.facility && a.month == b.month) {
            self.hide(month);
        }
        all
    }

    /// Hides further counts of a facility's month where the total would reveal a small count.
    fn hide(&self, month: &mut [(&Key, Shown)]) {
        let few: Vec<u64> = month
            .iter()
            .filter(|(_, shown)| *shown == Shown::Few)
            .filter_map(|(key, _)| self.groups.get(key).copied())
            .collect();
        // The sum of the hidden counts, and the least and greatest sum that they could have.
        let (sum, least) = (few.iter().sum::<u64>(), few.len() as u64);
        let most = least * (FEWEST - 1);
        if few.is_empty() || least < sum && sum < most {
            return;
        }
        let mut told: Vec<u64> = month.iter().filter_map(|(_, shown)| shown.count()).collect();
        told.sort_unstable();
        // One more hidden count is enough where the hidden counts could all be least or all be greatest, and the rule
        // would hide the same count in both cases.
        let enough = told.first().is_some_and(|next| {
            let sum = sum + next;
            sum >= most + FEWEST && told.get(1).is_none_or(|other| sum < least + other)
        });
        for (_, shown) in month {
            if !enough || shown.count().is_some_and(|count| told.first() == Some(&count)) {
                *shown = Shown::Hidden;
            }
        }
    }
}

impl Shown {
    fn count(self) -> Option<u64> {
        if let Self::Count(count) = self { Some(count) } else { None }
    }

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

    /// The counts of a month as shown.
    fn told(counts: &[u64]) -> Vec<String> {
        let categories = ["a", "b", "c", "d"];
        let rows: Vec<_> = categories.iter().zip(counts).map(|(of, count)| (202_611, *of, *count)).collect();
        of(&rows).shown().into_iter().map(|(_, shown)| shown.text()).collect()
    }

    #[track_caller]
    fn check(counts: &[u64], shown: &[&str]) {
        assert_eq!(told(counts), shown);
    }

    #[test]
    fn counts_of_one_and_two_are_hidden_and_cannot_be_computed() {
        check(&[4, 5], &["4", "5"]);
        check(&[2, 9, 5], &["< 3", "9", "*"]);
        check(&[2, 1, 5], &["< 3", "< 3", "5"]);
        // The remaining sum is 2 or 4: both counts are 1, or both are 2.
        check(&[1, 1, 8], &["< 3", "< 3", "*"]);
        check(&[2, 2, 8], &["< 3", "< 3", "*"]);
        // One more hidden count is not enough: the remaining sum is 4 for two groups, of which one is at least 3;
        // otherwise the other group's 5 could not be shown.
        check(&[1, 3, 8], &["*", "*", "*"]);
        check(&[2, 5, 5], &["*", "*", "*"]);
        check(&[1, 3], &["*", "*"]);
        check(&[1], &["*"]);
        assert_eq!((of(&[(202_611, "a", 2)]).k(), of(&[]).k()), (2, 0));
    }

    /// All months with this number of groups and this total.
    fn months(groups: usize, total: u64) -> Vec<Vec<u64>> {
        if groups == 1 {
            return vec![vec![total]];
        }
        let rest = |first: u64| {
            months(groups - 1, total - first).into_iter().map(move |rest| [vec![first], rest].concat())
        };
        (1..=total - (groups as u64 - 1)).flat_map(rest).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// An attacker who knows the total and this code tries every possible month.
        #[test]
        fn no_small_count_can_be_computed(counts in proptest::collection::vec(1_u64..8, 2..5)) {
            let total: u64 = counts.iter().sum();
            let shown = told(&counts);
            let possible: Vec<_> =
                months(counts.len(), total).into_iter().filter(|month| told(month) == shown).collect();
            for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count < FEWEST) {
                let others = possible.iter().any(|month| month[at] != *count);
                prop_assert!(others || total == counts.len() as u64, "{shown:?} tells {counts:?}");
            }
        }
    }
}
