//! How a kind becomes a table, and the statements over it, made once at start.

use std::sync::Arc;

use eovr_core::kind::{Kind, Sealing};
use eovr_core::record::ValueType;
use eovr_core::{Error, ErrorKind, Name, Result};

use crate::dialect::type_name;

/// One column after the envelope.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) name: Name,
    /// `None`: a deterministically sealed field.
    pub(crate) facet: Option<ValueType>,
    pub(crate) unique: bool,
    pub(crate) indexed: bool,
}

/// The table of one kind.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) name: Name,
    pub(crate) slots: Vec<Slot>,
    pub(crate) tallied: Vec<Name>,
    pub(crate) numbered: bool,
    pub(crate) is_child: bool,
    /// Envelope, slots and the sealed rest, as a list to be written.
    columns: String,
    /// The same as a list to be read: bytes as they are, everything else as one JSON array. Each value
    /// that sqlx hands over is copied on its own; one array stands for thirty columns.
    pub(crate) reading: String,
    pub(crate) insert: Arc<str>,
    pub(crate) update: Arc<str>,
}

/// The part of the envelope that is read as JSON, in order.
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

/// The envelope, in order. Every name is quoted wherever it is used: a facet may be called `group`.
const ENVELOPE: [(&str, &str); 14] = [
    ("id", "BLOB PRIMARY KEY"),
    ("number", "TEXT"),
    ("governorate", "TEXT NOT NULL"),
    ("administration", "TEXT NOT NULL"),
    ("facility", "TEXT NOT NULL"),
    ("author", "TEXT NOT NULL"),
    ("parent", "BLOB"),
    ("state", "TEXT NOT NULL"),
    ("version", "INTEGER NOT NULL"),
    ("created_at", "INTEGER NOT NULL"),
    ("updated_at", "INTEGER NOT NULL"),
    ("month", "INTEGER NOT NULL"),
    ("seq", "INTEGER NOT NULL"),
    ("head", "BLOB NOT NULL"),
];

const PLACE: [&str; 3] = ["governorate", "administration", "facility"];

impl Schema {
    pub(crate) fn of(kind: &Kind) -> Result<Self> {
        if ["events", "outbox", "counters"].contains(&kind.name().as_str()) {
            return Err(Error::new(ErrorKind::Config, format!("a kind cannot be called `{}`", kind.name()))
                .with_help("`events`, `outbox` and `counters` are tables of the store"));
        }
        let facets = kind.facets().map(|facet| Slot {
            name: facet.name.clone(),
            facet: Some(facet.value_type),
            unique: facet.unique,
            indexed: facet.indexed,
        });
        let fields = kind
            .fields()
            .filter(|field| field.sealing == Sealing::Deterministic)
            .map(|field| Slot { name: field.name.clone(), facet: None, unique: false, indexed: true });
        let slots: Vec<Slot> = facets.chain(fields).collect();
        let mut schema = Self {
            name: kind.name().clone(),
            slots,
            tallied: kind.table().tallied.clone(),
            numbered: kind.table().number.is_some(),
            is_child: kind.table().parent.is_some(),
            columns: String::new(),
            reading: String::new(),
            insert: "".into(),
            update: "".into(),
        };
        schema.columns =
            schema.column_names().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        schema.reading = schema.reading_list();
        schema.insert = schema.insert_statement().into();
        schema.update = schema.update_statement().into();
        Ok(schema)
    }

    fn column_names(&self) -> impl Iterator<Item = &str> {
        let envelope = ENVELOPE.iter().map(|(name, _)| *name);
        envelope.chain(self.slots.iter().map(|slot| slot.name.as_str())).chain(["sealed"])
    }

    fn reading_list(&self) -> String {
        let bytes = ["id", "parent", "head", "sealed"]
            .into_iter()
            .chain(self.byte_slots().map(|slot| slot.name.as_str()));
        let bytes: Vec<_> = bytes.map(|name| format!("\"{name}\"")).collect();
        let plain = PLAIN.into_iter().chain(self.plain_slots().map(|(slot, _)| slot.name.as_str()));
        let plain: Vec<_> = plain.map(|name| format!("\"{name}\"")).collect();
        format!("{}, json_array({})", bytes.join(", "), plain.join(", "))
    }

    /// The columns of bytes, in the order that they are read.
    pub(crate) fn byte_slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(|slot| slot.plain_type().is_none())
    }

    /// The columns of text and numbers, in the order that they are read.
    pub(crate) fn plain_slots(&self) -> impl Iterator<Item = (&Slot, ValueType)> {
        self.slots.iter().filter_map(|slot| Some((slot, slot.plain_type()?)))
    }

    /// Binds: series and width where there is a number; then every column but the number.
    fn insert_statement(&self) -> String {
        let counter = "INSERT INTO counters (series, value) VALUES (?, 1) \
                       ON CONFLICT (series) DO UPDATE SET value = value + 1;\n";
        let number = "(SELECT series || '-' || printf('%0*d', ?, value) FROM counters WHERE series = ?)";
        let values = self.column_names().map(|name| match name {
            "number" if self.numbered => number,
            "number" => "NULL",
            _ => "?",
        });
        format!(
            "{}INSERT INTO \"{}\" ({}) VALUES ({}) RETURNING \"number\"",
            if self.numbered { counter } else { "" },
            self.name,
            self.columns,
            values.collect::<Vec<_>>().join(", ")
        )
    }

    /// Binds: state, version, updated_at, seq, head, slots, sealed; then id and the expected version.
    fn update_statement(&self) -> String {
        let changing = ["state", "version", "updated_at", "seq", "head"].into_iter();
        let sets = changing
            .chain(self.slots.iter().map(|slot| slot.name.as_str()))
            .chain(["sealed"])
            .map(|name| format!("\"{name}\" = ?"));
        format!(
            "UPDATE \"{}\" SET {} WHERE \"id\" = ? AND \"version\" = ? RETURNING \"number\"",
            self.name,
            sets.collect::<Vec<_>>().join(", ")
        )
    }

    pub(crate) fn create_table(&self) -> String {
        let envelope = ENVELOPE.iter().map(|(name, definition)| format!("\"{name}\" {definition}"));
        let slots = self.slots.iter().map(|slot| format!("\"{}\" {}", slot.name, slot.type_name()));
        let columns: Vec<_> = envelope.chain(slots).chain(["\"sealed\" BLOB NOT NULL".to_owned()]).collect();
        format!("CREATE TABLE IF NOT EXISTS \"{}\" ({}) STRICT", self.name, columns.join(", "))
    }

    /// One index for each tier of scope, ordered as pages are; one that covers the figures; one for each
    /// unique or indexed column.
    pub(crate) fn create_indexes(&self) -> Vec<String> {
        let place = ["governorate", "administration", "facility"];
        let tier =
            |depth: usize| place.iter().take(depth).copied().chain(["created_at", "id"]).collect::<Vec<_>>();
        let mut indexes = vec![
            self.index("by_time", &tier(0), false),
            self.index("by_governorate", &tier(1), false),
            self.index("by_administration", &tier(2), false),
            self.index("by_facility", &tier(3), false),
            self.index("by_author", &["author", "created_at", "id"], false),
        ];
        let figures: Vec<_> = self.figures().collect();
        if !figures.is_empty() {
            indexes.push(self.index(&self.figures_name(), &figures, false));
        }
        if self.numbered {
            indexes.push(self.index("by_number", &["number"], true));
        }
        if self.is_child {
            indexes.push(self.index("by_parent", &["parent", "created_at", "id"], false));
        }
        for slot in self.slots.iter().filter(|slot| slot.unique || slot.indexed) {
            let name = slot.name.as_str();
            // A name for each sort, so that a facet that becomes unique gets the index that makes it so.
            indexes.push(match slot.unique {
                true => self.index(&format!("unique_{name}"), &[name], true),
                false => self.index(&format!("facet_{name}"), &[name, "created_at", "id"], false),
            });
        }
        indexes
    }

    /// The columns of the index that covers the figures: none, where a kind has no figures.
    pub(crate) fn figures(&self) -> impl Iterator<Item = &str> {
        let tallied = self.tallied.iter().map(Name::as_str);
        let columns = PLACE.into_iter().chain(tallied).chain(["state", "month", "created_at"]);
        columns.filter(|_| !self.tallied.is_empty())
    }

    /// Names what it covers, so that a kind that counts by something else gets an index that covers that.
    pub(crate) fn figures_name(&self) -> String {
        let tallied: Vec<_> = self.tallied.iter().map(Name::as_str).collect();
        format!("figures_{}", tallied.join("_"))
    }

    /// What is written once stays: a record is never deleted, and never moved, renumbered or given to
    /// another author.
    pub(crate) fn create_triggers(&self) -> [String; 2] {
        let kind = &self.name;
        let fixed = "\"id\", \"number\", \"governorate\", \"administration\", \"facility\", \"author\", \"parent\", \"created_at\"";
        [
            format!(
                "CREATE TRIGGER IF NOT EXISTS \"{kind}_refuse_delete\" BEFORE DELETE ON \"{kind}\" \
                 BEGIN SELECT RAISE(ABORT, 'records are never deleted'); END"
            ),
            format!(
                "CREATE TRIGGER IF NOT EXISTS \"{kind}_refuse_move\" BEFORE UPDATE OF {fixed} ON \"{kind}\" \
                 BEGIN SELECT RAISE(ABORT, 'records are never moved'); END"
            ),
        ]
    }

    /// Every column that the table should have.
    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.column_names().any(|known| known == name)
    }

    fn index(&self, name: &str, columns: &[&str], unique: bool) -> String {
        let columns: Vec<_> = columns.iter().map(|column| format!("\"{column}\"")).collect();
        let unique = if unique { "UNIQUE " } else { "" };
        format!(
            "CREATE {unique}INDEX IF NOT EXISTS \"{kind}_{name}\" ON \"{kind}\" ({columns})",
            kind = self.name,
            columns = columns.join(", ")
        )
    }
}

impl Slot {
    fn plain_type(&self) -> Option<ValueType> {
        self.facet.filter(|value_type| *value_type != ValueType::Bytes)
    }

    pub(crate) fn type_name(&self) -> &'static str {
        type_name(self.facet.unwrap_or(ValueType::Bytes))
    }
}
