//! How a kind becomes a table, and the phrases of its statements, made once at start.

use eovr_core::kind::{FacetSpec, FieldSpec, Kind, Sealing};
use eovr_core::record::ValueType;
use eovr_core::{Error, ErrorKind, Name, Result};

use crate::bind::ColumnType;
use crate::dialect::{Dialect, mysql};

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
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) dialect: Dialect,
    pub(crate) name: Name,
    pub(crate) slots: Vec<Slot>,
    pub(crate) tallied: Vec<Name>,
    pub(crate) numbered: bool,
    pub(crate) is_child: bool,
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
const ENVELOPE: [(&str, ColumnType, &str); 14] = [
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

/// What a change of a record writes, besides its slots and sealed fields.
const CHANGING: [&str; 5] = ["state", "version", "updated_at", "seq", "head"];

/// What is written once and stays.
const FIXED: [&str; 8] =
    ["id", "number", "governorate", "administration", "facility", "author", "parent", "created_at"];

const PLACE: [&str; 3] = ["governorate", "administration", "facility"];

/// The tables of the store itself.
const TAKEN: [&str; 4] = ["layout", "events", "outbox", "counters"];

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
            tallied: kind.table().tallied.clone(),
            numbered: kind.table().number.is_some(),
            is_child: kind.table().parent.is_some(),
            reading: String::new(),
            insert: Default::default(),
            update: String::new(),
        };
        schema.reading = schema.reading_list();
        schema.insert = schema.insert_phrases();
        schema.update = schema.update_phrase();
        Ok(schema)
    }

    fn column_names(&self) -> impl Iterator<Item = &str> {
        let envelope = ENVELOPE.iter().map(|(name, ..)| *name);
        envelope.chain(self.slots.iter().map(|slot| slot.name.as_str())).chain(["sealed"])
    }

    fn reading_list(&self) -> String {
        let bytes = ["id", "parent", "head", "sealed"].into_iter();
        let bytes = bytes.chain(self.byte_slots().map(|slot| slot.name.as_str()));
        let plain = PLAIN.into_iter().chain(self.plain_slots().map(|(slot, _)| slot.name.as_str()));
        match self.dialect {
            Dialect::Sqlite => format!("{}, json_array({})", quoted(bytes), quoted(plain)),
            _ => quoted(bytes.chain(plain)),
        }
    }

    /// The columns of bytes, in the order that they are read.
    pub(crate) fn byte_slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(|slot| slot.plain_type().is_none())
    }

    /// The columns of text and numbers, in the order that they are read.
    pub(crate) fn plain_slots(&self) -> impl Iterator<Item = (&Slot, ValueType)> {
        self.slots.iter().filter_map(|slot| Some((slot, slot.plain_type()?)))
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

    /// One index for each tier of scope, ordered as pages are; one that covers the figures; one for each
    /// unique or indexed column. Each with the name that it has in the database.
    pub(crate) fn indexes(&self) -> Vec<Made> {
        let tier = |depth: usize| PLACE.iter().take(depth).copied().chain(["created_at", "id"]).collect();
        let mut indexes = vec![
            self.index("by_time", tier(0), false),
            self.index("by_governorate", tier(1), false),
            self.index("by_administration", tier(2), false),
            self.index("by_facility", tier(3), false),
            self.index("by_author", vec!["author", "created_at", "id"], false),
        ];
        let figures: Vec<_> = self.figures().collect();
        if !figures.is_empty() {
            indexes.push(self.index(&self.figures_name(), figures, false));
        }
        if self.numbered {
            indexes.push(self.index("by_number", vec!["number"], true));
        }
        if self.is_child {
            indexes.push(self.index("by_parent", vec!["parent", "created_at", "id"], false));
        }
        for slot in self.slots.iter().filter(|slot| slot.unique || slot.indexed) {
            let name = slot.name.as_str();
            // A name for each sort, so that a facet that becomes unique gets the index that makes it so.
            indexes.push(match slot.unique {
                true => self.index(&format!("unique${name}"), vec![name], true),
                false => self.index(&format!("facet${name}"), vec![name, "created_at", "id"], false),
            });
        }
        indexes
    }

    /// The columns of the index that covers the figures: none, where a kind has no figures, or more of them
    /// than an index of this database takes.
    pub(crate) fn figures(&self) -> impl Iterator<Item = &str> {
        let tallied = self.tallied.iter().map(Name::as_str);
        let columns = PLACE.into_iter().chain(tallied).chain(["state", "month", "created_at"]);
        let width: usize = columns.clone().map(|column| self.index_width(column)).sum();
        columns.filter(move |_| !self.tallied.is_empty() && width <= self.dialect.widest_index())
    }

    fn index_width(&self, column: &str) -> usize {
        let slot = self.slots.iter().find(|slot| slot.name == *column);
        let envelope = ENVELOPE.iter().find(|(name, ..)| *name == column);
        match (slot, envelope) {
            (Some(slot), _) => mysql::index_width(slot.column_type, true),
            (None, Some((_, column_type, _))) => mysql::index_width(*column_type, false),
            (None, None) => 0,
        }
    }

    /// Names what it covers, so that a kind that counts by something else gets an index that covers that.
    fn figures_name(&self) -> String {
        let tallied: Vec<_> = self.tallied.iter().map(Name::as_str).collect();
        format!("figures${}", tallied.join("$"))
    }

    /// The name of the index that covers the figures.
    pub(crate) fn figures_index(&self) -> String {
        short(&format!("{}${}", self.name, self.figures_name()))
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

    fn index(&self, name: &str, columns: Vec<&str>, unique: bool) -> Made {
        // No name has a `$` in it, so no two of these are alike.
        let name = short(&format!("{}${name}", self.name));
        let unique = if unique { "UNIQUE " } else { "" };
        let create = format!("CREATE {unique}INDEX \"{name}\" ON \"{}\" ({})", self.name, quoted(columns));
        Made { name, create }
    }
}

/// An index or a trigger, and how it is made.
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) create: String,
}

impl Slot {
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

    fn plain_type(&self) -> Option<ValueType> {
        self.facet.filter(|value_type| *value_type != ValueType::Bytes)
    }
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// PostgreSQL cuts names of more than 63 bytes without a word, and two indexes would share one. The end of
/// a long name becomes its hash (FNV-1a), the same in every release.
fn short(name: &str) -> String {
    const LONGEST: usize = 60;
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{}_{hash:016x}", name.get(..LONGEST - 17).unwrap_or_default())
}
