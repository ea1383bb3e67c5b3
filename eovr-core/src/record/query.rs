use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};
use crate::name::Name;
use crate::record::{Record, RecordId, Value};
use crate::time::Timestamp;

/// A query for one page of records of a kind, newest first.
///
/// The query does not contain the scope; a store receives the scope as a separate argument.
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
/// let query = Query::of(KIND)
///     .filter(Column::State, Test::Is("created".into()))
///     .filter(Column::Facet(name!("category")), Test::In(vec!["fall".into(), "medication".into()]))
///     .limit(20);
/// assert_eq!(quality.find(&query).await?.items.len(), 1);
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct Query {
    /// The kind of the records.
    pub kind: Name,
    /// The conditions; a record must match all of them.
    pub clauses: Vec<Clause>,
    /// Continue after this record: the cursor of the previous page.
    pub after: Option<Cursor>,
    /// The maximum number of records, 1 to [`Query::LARGEST_PAGE`].
    pub limit: u32,
    pub(crate) shown: Option<Vec<Name>>,
}

impl Query {
    /// The largest page.
    pub const LARGEST_PAGE: u32 = 500;

    /// The newest 50 records of a kind.
    pub fn of(kind: Name) -> Self {
        Self { kind, clauses: Vec::new(), after: None, limit: 50, shown: None }
    }

    /// Adds a condition.
    #[must_use]
    pub fn filter(mut self, column: Column, test: Test) -> Self {
        self.clauses.push(Clause { column, test });
        self
    }

    /// Sets the page size.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Sets the cursor of the previous page.
    #[must_use]
    pub fn after(mut self, cursor: Option<Cursor>) -> Self {
        self.after = cursor;
        self
    }

    /// The requested facets, for a list ([`crate::Session::list`]). A store may omit all other facets and all sealed
    /// fields.
    pub fn shown(&self) -> Option<&[Name]> {
        self.shown.as_deref()
    }

    /// Whether a record matches every clause. This is the reference for every store.
    pub fn matches(&self, record: &Record) -> bool {
        self.clauses.iter().all(|clause| clause.matches(record))
    }
}

/// One condition: a column and a test.
#[derive(Clone, Debug)]
pub struct Clause {
    /// The tested column.
    pub column: Column,
    /// The test.
    pub test: Test,
}

impl Clause {
    /// Whether a record matches. A column that is not set matches only [`Test::Absent`] and [`Test::Not`].
    pub fn matches(&self, record: &Record) -> bool {
        self.test.holds(self.column.of(record).as_ref())
    }
}

/// A test of a column.
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
/// let severity = || Column::Facet(name!("severity"));
/// // A facet that is not set matches `Absent` and `Not`, and no other test.
/// for (test, found) in [(Test::Absent, 1), (Test::Not("severe".into()), 1), (Test::Is("severe".into()), 0)] {
///     assert_eq!(quality.find(&Query::of(KIND).filter(severity(), test)).await?.items.len(), found);
/// }
/// # Ok(()) });
/// ```
///
/// The list is exhaustive on purpose: a new test does not compile until each store answers it.
#[derive(Clone, Debug)]
pub enum Test {
    /// Equal to the value.
    Is(Value),
    /// Not equal to the value, or not set.
    Not(Value),
    /// One of the values.
    In(Vec<Value>),
    /// At least the value. Not for bytes, because databases order bytes differently.
    From(Value),
    /// Less than the value. Not for bytes.
    Before(Value),
    /// Not set.
    Absent,
}

impl Test {
    /// Whether a column with this value matches.
    pub(crate) fn holds(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Self::Is(wanted), Some(value)) => value == wanted,
            (Self::Not(unwanted), value) => value != Some(unwanted),
            (Self::In(wanted), Some(value)) => wanted.contains(value),
            (Self::From(low), Some(value)) => value >= low,
            (Self::Before(high), Some(value)) => value < high,
            (Self::Absent, value) => value.is_none(),
            (_, None) => false,
        }
    }
}

impl Test {
    /// The maximum number of values in [`Test::In`].
    pub(crate) const MOST_VALUES: usize = 1000;
}

/// A property of a record that queries can test and count by.
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
/// let record = quality.incidents().load(id).await?;
/// assert_eq!(Column::Facility.of(&record), Some("NIL".into()));
/// assert_eq!(Column::Facet(name!("category")).of(&record), Some("medication".into()));
/// assert_eq!(Column::Facet(name!("severity")).of(&record), None);
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// The number, as text.
    Number,
    /// The governorate's id, as text.
    Governorate,
    /// The administration's id, as text.
    Administration,
    /// The facility's id, as text.
    Facility,
    /// The author's id, as text.
    Author,
    /// The parent's id, as text.
    Parent,
    /// The state, as text.
    State,
    /// Year and month of creation on the facility's wall clock, as the number `yyyymm`.
    Month,
    /// The time of creation.
    Created,
    /// A facet or a deterministically sealed field of the kind.
    Facet(Name),
}

impl Column {
    /// The column's value in one record.
    pub fn of(&self, record: &Record) -> Option<Value> {
        let envelope = &record.envelope;
        let text = |text: &str| Some(Value::from(text));
        match self {
            Self::Number => envelope.number.as_deref().and_then(text),
            Self::Governorate => text(envelope.stamp.governorate.as_str()),
            Self::Administration => text(envelope.stamp.administration.as_str()),
            Self::Facility => text(envelope.stamp.facility.as_str()),
            Self::Author => text(envelope.author.as_str()),
            Self::Parent => envelope.parent.map(Value::from),
            Self::State => text(envelope.state.as_str()),
            Self::Month => Some(Value::Int(i64::from(envelope.month))),
            Self::Created => Some(Value::Time(envelope.created_at)),
            Self::Facet(name) => {
                record.facets.get(name).cloned().or_else(|| {
                    record.sealed.get(name).map(|sealed| Value::Bytes(sealed.as_bytes().to_vec()))
                })
            }
        }
    }
}

/// The end of a page. Pages are ordered by time of creation, newest first, then by id, so a cursor stays valid while
/// new records arrive.
///
/// Its text form has 32 letters and digits and is opaque to clients. In JSON it is that text.
///
/// ```
/// use eovr_core::record::{Cursor, RecordId};
///
/// let cursor = Cursor { created_at: "2026-11-22T08:30:00Z".parse()?, id: RecordId::from_bytes([7; 16]) };
/// let link = format!("/incidents?after={cursor}");
/// assert_eq!(link["/incidents?after=".len()..].parse::<Cursor>()?, cursor);
/// # Ok::<(), eovr_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The time of creation of the page's last record.
    pub created_at: Timestamp,
    /// Its id.
    pub id: RecordId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 24];
        let at = self.created_at.as_micros().to_be_bytes();
        bytes.iter_mut().zip(at.iter().chain(self.id.as_bytes())).for_each(|(to, from)| *to = *from);
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = Error;

    /// # Errors
    /// `InvalidInput` where the text is not a cursor.
    fn from_str(text: &str) -> Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        let parts = bytes.split_first_chunk::<8>();
        let parts = parts.and_then(|(at, id)| Some((*at, <[u8; 16]>::try_from(id).ok()?)));
        let (at, id) = parts.ok_or_else(|| {
            Error::invalid("not a cursor").with_help("give the `next` cursor of a page unchanged")
        })?;
        let created_at = Timestamp::from_micros(i64::from_be_bytes(at));
        Ok(Self { created_at, id: RecordId::from_bytes(id) })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One page.
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
/// for _ in 0..3 {
///     nurse.incidents().report(&nile, report.clone()).await?;
/// }
/// let (mut query, mut seen) = (Query::of(KIND).limit(2), 0);
/// loop {
///     let page = quality.find(&query).await?;
///     seen += page.items.len();
///     let Some(next) = page.next else { break };
///     query = query.after(Some(next));
/// }
/// assert_eq!(seen, 3);
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The records, newest first.
    pub items: Vec<T>,
    /// The start of the next page; `None` on the last page.
    pub next: Option<Cursor>,
    /// Unreadable records of this page: a value in the database does not fit its column. They do not hide the readable
    /// records.
    pub damaged: Vec<RecordId>,
}

impl<T> Page<T> {
    /// The same page with every item converted.
    ///
    /// # Errors
    /// The first error that `turn` returns.
    pub fn try_map<U>(self, turn: impl FnMut(T) -> Result<U>) -> Result<Page<U>> {
        let items = self.items.into_iter().map(turn).collect::<Result<_>>()?;
        Ok(Page { items, next: self.next, damaged: self.damaged })
    }
}

/// A query for counts: the number of records for each combination of some columns.
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
/// let tally = Tally::of(KIND).by(Column::State).by(Column::Facet(name!("severity")));
/// let figures = quality.tally(&tally).await?;
/// assert_eq!(figures.cells, [TallyCell { key: vec![Some("created".into()), None], count: 1 }]);
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct Tally {
    /// The kind counted.
    pub kind: Name,
    /// The conditions; a record must match all of them.
    pub clauses: Vec<Clause>,
    /// The columns to count by, at most [`Tally::MOST_COLUMNS`]; empty: one total.
    pub by: Vec<Column>,
}

impl Tally {
    /// The maximum number of columns of a tally.
    pub const MOST_COLUMNS: usize = 4;

    /// All records of a kind, as one total.
    pub fn of(kind: Name) -> Self {
        Self { kind, clauses: Vec::new(), by: Vec::new() }
    }

    /// Adds a column to count by.
    #[must_use]
    pub fn by(mut self, column: Column) -> Self {
        self.by.push(column);
        self
    }

    /// Adds a condition.
    #[must_use]
    pub fn filter(mut self, column: Column, test: Test) -> Self {
        self.clauses.push(Clause { column, test });
        self
    }

    /// Whether a record matches every clause.
    pub fn matches(&self, record: &Record) -> bool {
        self.clauses.iter().all(|clause| clause.matches(record))
    }
}

/// One count of a tally. It is written as JSON and not read back, because only the kind knows the types of the values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct TallyCell {
    /// The values of the columns of [`Tally::by`], in their order; `None`: not set.
    pub key: Vec<Option<Value>>,
    /// The number of records.
    pub count: u64,
}

pub(crate) fn check_limit(limit: u32) -> Result<()> {
    if (1..=Query::LARGEST_PAGE).contains(&limit) {
        Ok(())
    } else {
        Err(Error::invalid("invalid page size")
            .with_help(format!("ask for 1 to {} records", Query::LARGEST_PAGE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_round_through_json_with_its_cursor_as_one_text() {
        let id = RecordId::from_bytes([7; 16]);
        let next = Cursor { created_at: Timestamp::from_micros(1_795_336_200_000_000), id };
        let page = Page { items: vec![id], next: Some(next), damaged: vec![id] };
        let json = serde_json::to_value(&page).unwrap();
        assert_eq!(json["next"], next.to_string());
        assert_eq!(serde_json::from_value::<Page<RecordId>>(json).unwrap(), page);
        let error = serde_json::from_str::<Cursor>(r#""page 2""#).unwrap_err().to_string();
        assert!(error.contains("`next` cursor") && !error.contains("page 2"), "{error}");
    }
}
