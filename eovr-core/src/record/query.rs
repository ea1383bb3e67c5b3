use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, Result};
use crate::name::Name;
use crate::record::{Record, RecordId, Value};
use crate::time::Timestamp;

/// A question for one page of records of a kind, newest first.
///
/// It says *what*; *whose* is the scope, which a store is handed beside it.
#[derive(Clone, Debug)]
pub struct Query {
    /// The kind asked for.
    pub kind: Name,
    /// All of these must hold.
    pub clauses: Vec<Clause>,
    /// Continue behind this record: the cursor of the page before.
    pub after: Option<Cursor>,
    /// At most so many records, 1 to [`Query::LARGEST_PAGE`].
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

    /// Only records that pass this test too.
    #[must_use]
    pub fn filter(mut self, column: Column, test: Test) -> Self {
        self.clauses.push(Clause { column, test });
        self
    }

    /// Another size of page.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// The page behind this cursor.
    #[must_use]
    pub fn after(mut self, cursor: Option<Cursor>) -> Self {
        self.after = cursor;
        self
    }

    /// The only facets that are asked for, where a list is ([`crate::Session::list`]). A store may then leave
    /// out every other one and all sealed fields; it need not.
    pub fn shown(&self) -> Option<&[Name]> {
        self.shown.as_deref()
    }

    /// Whether a record passes every clause: the reference that every store is compared with.
    pub fn matches(&self, record: &Record) -> bool {
        self.clauses.iter().all(|clause| clause.matches(record))
    }
}

/// One condition: a column and a test.
#[derive(Clone, Debug)]
pub struct Clause {
    /// What is tested.
    pub column: Column,
    /// How.
    pub test: Test,
}

impl Clause {
    /// Whether a record passes. A column that is not set passes only [`Test::Absent`] and [`Test::Not`].
    pub fn matches(&self, record: &Record) -> bool {
        self.test.holds(self.column.of(record).as_ref())
    }
}

/// How a column is tested.
#[derive(Clone, Debug)]
pub enum Test {
    /// Equal to the value.
    Is(Value),
    /// Not equal to the value, or not set.
    Not(Value),
    /// One of the values.
    In(Vec<Value>),
    /// The value or more. Not for bytes, which databases do not put into the same order.
    From(Value),
    /// Less than the value. Not for bytes either.
    Before(Value),
    /// Not set.
    Absent,
}

impl Test {
    /// Whether a column with this value passes.
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
    /// The most values that [`Test::In`] may list.
    pub const MOST_VALUES: usize = 1000;
}

/// Something of a record that can be tested and counted by.
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
    /// The moment of creation.
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

/// Where a page ended. Pages are ordered by time of creation, newest first, then by id, so a cursor
/// stays right while new records arrive.
///
/// As text it has 32 letters and digits that mean something to eovr alone, for a client that hands it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// When the last record of the page was created.
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
    /// `InvalidInput` where the text is no cursor.
    fn from_str(text: &str) -> Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        let parts = bytes.split_first_chunk::<8>();
        let parts = parts.and_then(|(at, id)| Some((*at, <[u8; 16]>::try_from(id).ok()?)));
        let (at, id) = parts.ok_or_else(|| {
            Error::invalid("it is no place in a list")
                .with_help("give the cursor of a page, as it was handed out")
        })?;
        let created_at = Timestamp::from_micros(i64::from_be_bytes(at));
        Ok(Self { created_at, id: RecordId::from_bytes(id) })
    }
}

/// One page.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The records, newest first.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
    /// Records that stand on this page and cannot be read: a value in the database is none of its column's. One of
    /// them hides no other.
    pub damaged: Vec<RecordId>,
}

impl<T> Page<T> {
    /// The same page with every item turned into something else.
    ///
    /// # Errors
    /// The first error that `turn` returns.
    pub fn try_map<U>(self, turn: impl FnMut(T) -> Result<U>) -> Result<Page<U>> {
        let items = self.items.into_iter().map(turn).collect::<Result<_>>()?;
        Ok(Page { items, next: self.next, damaged: self.damaged })
    }
}

/// A question for counts: how many records for each combination of some columns.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The kind counted.
    pub kind: Name,
    /// All of these must hold.
    pub clauses: Vec<Clause>,
    /// Count for each combination of these, at most [`Tally::MOST_COLUMNS`]; none: one total.
    pub by: Vec<Column>,
}

impl Tally {
    /// The most columns one tally may count by.
    pub const MOST_COLUMNS: usize = 4;

    /// All records of a kind, as one total.
    pub fn of(kind: Name) -> Self {
        Self { kind, clauses: Vec::new(), by: Vec::new() }
    }

    /// Counts for each value of this column too.
    #[must_use]
    pub fn by(mut self, column: Column) -> Self {
        self.by.push(column);
        self
    }

    /// Only records that pass this test.
    #[must_use]
    pub fn filter(mut self, column: Column, test: Test) -> Self {
        self.clauses.push(Clause { column, test });
        self
    }

    /// Whether a record is counted.
    pub fn matches(&self, record: &Record) -> bool {
        self.clauses.iter().all(|clause| clause.matches(record))
    }
}

/// One count of a tally.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The values counted by, in the order of [`Tally::by`]; `None`: not set.
    pub key: Vec<Option<Value>>,
    /// How many records.
    pub count: u64,
}

pub(crate) fn check_limit(limit: u32) -> Result<()> {
    if (1..=Query::LARGEST_PAGE).contains(&limit) {
        Ok(())
    } else {
        Err(Error::invalid("a page of that size cannot be had")
            .with_help(format!("ask for 1 to {} records", Query::LARGEST_PAGE)))
    }
}
