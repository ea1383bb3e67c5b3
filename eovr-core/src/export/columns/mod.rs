//! The columns of a list. Every list format writes the same description: a column has a name, a title, and a source
//! that gives a typed cell.

mod incident;
mod own;

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
#[cfg(any(feature = "pdf", feature = "xlsx"))]
use jiff::tz::TimeZone;

pub use self::incident::COLUMNS;
use crate::error::Result;
use crate::export::Opened;
use crate::export::titles::{Lang, Words, words};
use crate::name::Name;
use crate::record::{Value, ValueType};
use crate::time::Timestamp;

/// The columns of one kind of record. [`Columns::incidents`] are those of the incident list, and [`Columns::of`] makes
/// those of any kind.
#[derive(Clone, Debug)]
pub struct Columns {
    kind: Name,
    /// The title of the list.
    title: Title,
    list: Cow<'static, [Column]>,
    /// Whether a workbook adds the figures of the incidents.
    #[cfg_attr(not(feature = "xlsx"), expect(dead_code, reason = "only a workbook has figures"))]
    figures: bool,
}

/// One column: its name, and how it is read from a record.
#[derive(Clone, Debug)]
pub struct Column {
    /// The stable name for programs. It never changes.
    pub code: Name,
    title: Title,
    source: Source,
    codes: Codes,
}

/// The content of one cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// The field is not set.
    Empty,
    /// The field is set, but its key was destroyed.
    Unreadable,
    /// Text that a person wrote.
    Text(&'a str),
    /// A code or an id.
    Code(Cow<'a, str>),
    /// A number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A moment.
    Time(Timestamp),
    /// Bytes, which a format of text writes in base64.
    Bytes(&'a [u8]),
}

/// Where a column's value comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    Number,
    Id,
    Parent,
    State,
    Facility,
    FacilityName,
    Administration,
    Governorate,
    Created,
    Updated,
    Version,
    Facet(ValueType),
    /// A facet whose codes people use as they are, so they are not translated.
    Standard,
    Field,
}

/// The title of a list, a column or a code.
#[derive(Clone, Debug)]
enum Title {
    Ours(Words),
    Given { en: String, ar: String },
}

/// What people read in place of a code.
#[derive(Clone, Debug)]
enum Codes {
    /// The titles of an incident's codes.
    Incident,
    /// The codes of a host's own kind, with their titles. Any other code stands for itself.
    Own(BTreeMap<String, Title>),
}

impl Columns {
    /// The columns, in the order of the list.
    pub(super) fn list(&self) -> &[Column] {
        &self.list
    }

    /// Refuses a record of another kind.
    pub(super) fn check(&self, record: &Opened) -> Result<()> {
        record.must_be(&self.kind)
    }

    /// The title that people read over the list.
    #[cfg(feature = "xlsx")]
    pub(super) fn title(&self, lang: Lang) -> Cow<'_, str> {
        self.title.of(lang)
    }

    /// Whether the records are incidents, which a workbook also counts.
    #[cfg(feature = "xlsx")]
    pub(super) fn have_figures(&self) -> bool {
        self.figures
    }
}

impl Column {
    const fn new(code: &'static str, title: Words, source: Source, codes: Codes) -> Self {
        Self { code: Name::from_static(code), title: Title::Ours(title), source, codes }
    }

    /// The title that people read.
    pub fn title(&self, lang: Lang) -> Cow<'_, str> {
        self.title.of(lang)
    }

    /// The type of the cells: that of the facet, and text for everything else but times and the version.
    pub fn value_type(&self) -> ValueType {
        match self.source {
            Source::Created | Source::Updated => ValueType::Time,
            Source::Version => ValueType::Int,
            Source::Facet(value_type) => value_type,
            _ => ValueType::Text,
        }
    }

    /// Whether the cells are codes in every language.
    #[cfg(feature = "xlsx")]
    pub(super) fn is_code(&self) -> bool {
        use Source::{Administration, Facility, Governorate, Id, Number, Parent, Standard};
        matches!(self.source, Number | Id | Parent | Facility | Administration | Governorate | Standard)
    }

    /// Whether the column has the codes of an incident, which have colours.
    #[cfg(feature = "xlsx")]
    pub(super) fn is_of_incidents(&self) -> bool {
        matches!(self.codes, Codes::Incident)
    }

    /// The value of this column for a record.
    pub fn read<'a>(&self, record: &'a Opened) -> Cell<'a> {
        let envelope = record.record().envelope();
        let name = self.code.as_str();
        let code = |code: &'a str| Cell::Code(code.into());
        let id = |id: crate::record::RecordId| Cell::Code(id.to_string().into());
        match self.source {
            Source::Number => envelope.number.as_deref().map_or(Cell::Empty, code),
            Source::Id => id(envelope.id),
            Source::Parent => envelope.parent.map_or(Cell::Empty, id),
            Source::State => code(envelope.state.as_str()),
            Source::Facility => code(envelope.stamp.facility.as_str()),
            Source::FacilityName => record.facility().map_or(Cell::Empty, |title| code(&title.en)),
            Source::Administration => code(envelope.stamp.administration.as_str()),
            Source::Governorate => code(envelope.stamp.governorate.as_str()),
            Source::Created => Cell::Time(envelope.created_at),
            Source::Updated => Cell::Time(envelope.updated_at),
            Source::Version => Cell::Int(i64::try_from(envelope.version).unwrap_or(i64::MAX)),
            Source::Facet(_) | Source::Standard => match record.record().facet(name) {
                Some(Value::Text(text)) => code(text),
                Some(Value::Int(int)) => Cell::Int(*int),
                Some(Value::Bool(bool)) => Cell::Bool(*bool),
                Some(Value::Time(time)) => Cell::Time(*time),
                Some(Value::Bytes(bytes)) => Cell::Bytes(bytes),
                None => Cell::Empty,
            },
            Source::Field if record.is_unreadable(name) => Cell::Unreadable,
            Source::Field => record.text(name).map_or(Cell::Empty, Cell::Text),
        }
    }

    /// The text that people read in place of this code.
    pub fn words<'a>(&'a self, record: &'a Opened, code: &'a str, lang: Lang) -> Cow<'a, str> {
        if let Source::FacilityName = self.source {
            return record.facility().map_or(code.into(), |title| lang.pick(&title.en, &title.ar));
        }
        match &self.codes {
            Codes::Incident => incident::in_words(self.code.as_str(), record, code, lang),
            Codes::Own(titles) => titles.get(code).map_or(code.into(), |title| title.of(lang)),
        }
    }
}

impl Title {
    fn of(&self, lang: Lang) -> Cow<'_, str> {
        match self {
            Self::Ours(words) => words.of(lang),
            // One word for both languages stands once.
            Self::Given { en, ar } if en == ar => en.into(),
            Self::Given { en, ar } => lang.pick(en, ar),
        }
    }
}

/// Bytes as a format of text writes them, and as JSON has them everywhere.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A time on the facility's wall clock: `2026-11-22 08:30`.
#[cfg(any(feature = "pdf", feature = "xlsx"))]
pub(super) fn on_the_wall(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.on(zone);
    format!("{:04}-{:02}-{:02} {:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
}

/// The text for a field that can no longer be opened.
pub(super) const UNREADABLE: Words = words("[erased: its key was destroyed]", "[محذوف: أُتلف مفتاح التشفير]");
