//! How a kind becomes a table, and the phrases of its statements, made once at start.

use eovr_core::kind::{FacetSpec, FieldSpec, Kind, Sealing};
use eovr_core::record::ValueType;
use eovr_core::{Error, ErrorKind, Name, Result};

use crate::bind::ColumnType;
use crate::dialect::Dialect;
use crate::index::{self, Index};

/// One column after the envelope.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) name: Name,
    pub(crate) column_type: ColumnType,
    /// `None`: a deterministically sealed field.
    pub(crate) facet: Option<ValueType>,
    pub(crate) unique: bool,
    pub(crate) indexed: bool,
}

/// The table of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) dialect: Dialect,
    pub(crate) name: Name,
    pub(crate) slots: Vec<Slot>,
    /// The names of all sealed fields, in order.
    pub(crate) fields: Vec<Name>,
    pub(crate) tallied: Vec<Name>,
    pub(crate) numbered: bool,
    pub(crate) is_child: bool,
    pub(crate) internal: bool,
    pub(crate) indexes: Vec<Index>,
    /// The columns in the order that a record is read: bytes, then everything else. From SQLite that is one
    /// JSON array: each value that sqlx hands over is copied on its own, and one array stands for thirty
    /// columns.
    pub(crate) reading: String,
    /// `INSERT` up to the number, and from there on.
    pub(crate) insert: (String, String),
    /// `UPDATE` of the record with an id and a version.
    pub(crate) update: String,
}

/// The envelope, in the order that it is written. Every name is quoted wherever it is used: a facet may be
/// called `group`.
pub(crate) const ENVELOPE: [(&str, ColumnType, &str); 14] = [
    ("id", ColumnType::Id, " PRIMARY KEY"),
    ("number", ColumnType::Text, ""),
    ("governorate", ColumnType::Text, " NOT NULL"),
    ("administration", ColumnType::Text, " NOT NULL"),
    ("facility", ColumnType::Text, " NOT NULL"),
    ("author", ColumnType::Text, " NOT NULL"),
    ("parent", ColumnType::Id, ""),
    ("state", ColumnType::Text, " NOT NULL"),
    ("version", ColumnType::Int, " NOT NULL"),
    ("created_at", ColumnType::Int, " NOT NULL"),
    ("updated_at", ColumnType::Int, " NOT NULL"),
    ("month", ColumnType::Int, " NOT NULL"),
    ("seq", ColumnType::Int, " NOT NULL"),
    ("head", ColumnType::Bytes, " NOT NULL"),
];

/// The part of the envelope that is read as text and numbers, in order.
const PLAIN: [&str; 11] = [
    "number",
    "governorate",
    "administration",
    "facility",
    "author",
    "state",
    "version",
    "created_at",
    "updated_at",
    "month",
    "seq",
];

/// Id, parent, head and what is sealed are read as bytes, before all others.
const READ_BYTES: usize = 4;

/// What a change of a record writes, besides its slots and sealed fields.
const CHANGING: [&str; 5] = ["state", "version", "updated_at", "seq", "head"];

/// What is written once and stays.
const FIXED: [&str; 8] =
    ["id", "number", "governorate", "administration", "facility", "author", "parent", "created_at"];

pub(crate) const PLACE: [&str; 3] = ["governorate", "administration", "facility"];

/// The tables of the store itself.
const TAKEN: [&str; 5] = ["layout", COLUMNS, "events", "outbox", "counters"];

/// Which columns each kind has, and of which type: what a database calls `INTEGER` may be a number or a time.
pub(crate) const COLUMNS: &str = "layout_columns";

/// The word for a column of sealed bytes.
const SEALED: &str = "sealed";

impl Schema {
    pub(crate) fn of(kind: &Kind, dialect: Dialect) -> Result<Self> {
        if TAKEN.contains(&kind.name().as_str()) {
            return Err(Error::new(ErrorKind::Config, format!("a kind cannot be called `{}`", kind.name()))
                .with_help(format!("`{}` are tables of the store", TAKEN.join("`, `"))));
        }
        let searchable = kind.fields().filter(|field| field.sealing == Sealing::Deterministic);
        let slots: Vec<Slot> = kind.facets().map(Slot::facet).chain(searchable.map(Slot::field)).collect();
        let mut schema = Self {
            dialect,
            name: kind.name().clone(),
            slots,
            fields: kind.fields().map(|field| field.name.clone()).collect(),
            tallied: kind.table().tallied.clone(),
            numbered: kind.table().number.is_some(),
            is_child: kind.table().parent.is_some(),
            internal: kind.table().internal,
            indexes: Vec::new(),
            reading: String::new(),
            insert: Default::default(),
            update: String::new(),
        };
        schema.indexes = index::indexes(&schema);
        schema.phrase();
        Ok(schema)
    }

    /// The same with columns that the kind of this node does not know, and another node's does.
    pub(crate) fn carrying(&self, columns: impl IntoIterator<Item = Slot>) -> Self {
        let mut schema = self.clone();
        schema.slots.extend(columns);
        schema.phrase();
        schema
    }

    fn phrase(&mut self) {
        self.reading = self.reading_list(None);
        self.insert = self.insert_phrases();
        self.update = self.update_phrase();
    }

    fn column_names(&self) -> impl Iterator<Item = &str> {
        let envelope = ENVELOPE.iter().map(|(name, ..)| *name);
        envelope.chain(self.slots.iter().map(|slot| slot.name.as_str())).chain(["sealed"])
    }

    /// What is read: all of it, or these facets and nothing that is sealed.
    pub(crate) fn reading_list(&self, shown: Option<&[Name]>) -> String {
        let sealed = shown.is_none().then_some("sealed");
        let bytes = ["id", "parent", "head"].into_iter().chain(sealed);
        let bytes = bytes.chain(self.byte_slots(shown).map(|slot| slot.name.as_str()));
        let plain = PLAIN.into_iter().chain(self.plain_slots(shown).map(|(slot, _)| slot.name.as_str()));
        match self.dialect {
            Dialect::Sqlite => format!("{}, json_array({})", quoted(bytes), quoted(plain)),
            _ => quoted(bytes.chain(plain)),
        }
    }

    /// How many columns [`Schema::reading`] has.
    pub(crate) fn read_columns(&self) -> usize {
        let plain = match self.dialect {
            Dialect::Sqlite => 1,
            _ => PLAIN.len() + self.plain_slots(None).count(),
        };
        READ_BYTES + self.byte_slots(None).count() + plain
    }

    /// The columns of bytes, in the order that they are read.
    pub(crate) fn byte_slots(&self, shown: Option<&[Name]>) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(move |slot| slot.plain_type().is_none() && slot.is_shown(shown))
    }

    /// The columns of text and numbers, in the order that they are read, which is that of their names.
    pub(crate) fn plain_slots(&self, shown: Option<&[Name]>) -> impl Iterator<Item = (&Slot, ValueType)> {
        let shown = self.slots.iter().filter(move |slot| slot.is_shown(shown));
        shown.filter_map(|slot| Some((slot, slot.plain_type()?)))
    }

    /// Binds every column in its order; the number, the second one, is for the caller to say.
    fn insert_phrases(&self) -> (String, String) {
        let columns = quoted(self.column_names());
        let rest = vec!["?"; self.column_names().count() - 2].join(", ");
        let (kind, begin, end) = match self.dialect {
            // Out of `p`, so that nothing is written before the turn is ours: see `commit.rs`.
            Dialect::Postgres => (&self.name, "SELECT ?, ", " FROM p RETURNING \"number\""),
            Dialect::Sqlite => (&self.name, "VALUES (?, ", ") RETURNING \"number\""),
            Dialect::Mysql(_) => (&self.name, "VALUES (?, ", ")"),
        };
        (format!("INSERT INTO \"{kind}\" ({columns}) {begin}"), format!(", {rest}{end}"))
    }

    /// Binds: what changes, slots, sealed; then id and the expected version.
    fn update_phrase(&self) -> String {
        let sets = CHANGING.into_iter().chain(self.slots.iter().map(|slot| slot.name.as_str()));
        let sets: Vec<_> = sets.chain(["sealed"]).map(|name| format!("\"{name}\" = ?")).collect();
        let end = match self.dialect {
            Dialect::Postgres => " AND EXISTS (SELECT 1 FROM p) RETURNING \"number\"",
            Dialect::Sqlite => " RETURNING \"number\"",
            Dialect::Mysql(_) => "",
        };
        format!("UPDATE \"{}\" SET {} WHERE \"id\" = ? AND \"version\" = ?{end}", self.name, sets.join(", "))
    }

    pub(crate) fn create_table(&self) -> String {
        let dialect = self.dialect;
        let envelope = ENVELOPE.iter().map(|(name, column_type, rest)| {
            format!("\"{name}\" {}{rest}", dialect.envelope_type(*column_type))
        });
        let slots = self.slots.iter().map(|slot| format!("\"{}\" {}", slot.name, dialect.slot_type(slot)));
        let sealed = format!("\"sealed\" {} NOT NULL", dialect.envelope_type(ColumnType::Bytes));
        let columns: Vec<_> = envelope.chain(slots).chain([sealed]).collect();
        format!(
            "CREATE TABLE IF NOT EXISTS \"{}\" ({}){}",
            self.name,
            columns.join(", "),
            dialect.table_options()
        )
    }

    /// The narrowest index that answers a question about these columns without a row of the table.
    pub(crate) fn covering(&self, columns: &[&str]) -> Option<&Index> {
        self.indexes.iter().find(|index| index.covers(columns))
    }

    /// What is written once and stays, quoted: a record is never moved, renumbered or given to another
    /// author.
    pub(crate) fn fixed(&self) -> Vec<String> {
        FIXED.iter().map(|name| format!("\"{name}\"")).collect()
    }

    /// Whether the table should have this column.
    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.column_names().any(|known| known == name)
    }
}

/// A trigger, and how it is made.
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) create: String,
}

impl Slot {
    /// Whether it is read, where only some facets are asked for.
    fn is_shown(&self, shown: Option<&[Name]>) -> bool {
        shown.is_none_or(|shown| self.facet.is_some() && shown.contains(&self.name))
    }

    fn facet(facet: &FacetSpec) -> Self {
        Self {
            name: facet.name.clone(),
            column_type: facet.value_type.into(),
            facet: Some(facet.value_type),
            unique: facet.unique,
            indexed: facet.indexed,
        }
    }

    fn field(field: &FieldSpec) -> Self {
        let (name, column_type) = (field.name.clone(), ColumnType::Bytes);
        Self { name, column_type, facet: None, unique: false, indexed: true }
    }

    /// A column that this node's kind does not have; `None` where its type is of a later release.
    pub(crate) fn carried(name: Name, type_name: &str) -> Option<Self> {
        let facet = match type_name {
            SEALED => None,
            name => Some(ValueType::named(name)?),
        };
        let column_type = facet.map_or(ColumnType::Bytes, Into::into);
        Some(Self { name, column_type, facet, unique: false, indexed: false })
    }

    /// The word for its type, as the layout remembers it.
    pub(crate) fn type_name(&self) -> &'static str {
        self.facet.map_or(SEALED, ValueType::name)
    }

    fn plain_type(&self) -> Option<ValueType> {
        self.facet.filter(|value_type| *value_type != ValueType::Bytes)
    }
}

pub(crate) fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
