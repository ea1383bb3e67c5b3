//! The mapping of a kind to a table, and the phrases of its statements, built once at start.

use eovr_core::Name;
use eovr_core::kind::{FacetSpec, FieldSpec, Kind, Sealing};
use eovr_core::record::ValueType;

use crate::bind::ColumnType;
use crate::dialect::Dialect;
use crate::index::{self, Index};

/// One column after the envelope.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) name: Name,
    pub(crate) column_type: ColumnType,
    /// The facet's type; `None`: a deterministically sealed field.
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
    /// The columns in the order of reading: bytes, then everything else. On SQLite everything else is one JSON array,
    /// because sqlx copies each value separately, and the array replaces thirty columns.
    pub(crate) reading: String,
    /// `INSERT` up to the number, and the rest.
    pub(crate) insert: (String, String),
    /// `UPDATE` of the record with an id and a version.
    pub(crate) update: String,
}

/// The envelope in the order of writing. Every name is quoted in SQL, because a facet may have the name `group`.
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

/// The number of columns that are read as bytes before all others: id, parent, head and sealed fields.
const READ_BYTES: usize = 4;

/// The columns that a change of a record writes, in addition to its facets and sealed fields.
const CHANGING: [&str; 5] = ["state", "version", "updated_at", "seq", "head"];

/// The immutable columns.
const FIXED: [&str; 8] =
    ["id", "number", "governorate", "administration", "facility", "author", "parent", "created_at"];

pub(crate) const PLACE: [&str; 3] = ["governorate", "administration", "facility"];

/// The table with the columns of each kind and their types. A database's `INTEGER` can be a number or a time.
pub(crate) const COLUMNS: &str = "layout_columns";

/// The type name of a column of sealed bytes.
const SEALED: &str = "sealed";

impl Schema {
    pub(crate) fn of(kind: &Kind, dialect: Dialect) -> Self {
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
        schema
    }

    /// The schema with additional columns that only another node's kind has.
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

    /// The columns to read: all, or these facets without sealed fields.
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

    /// The number of columns of [`Schema::reading`].
    pub(crate) fn read_columns(&self) -> usize {
        let plain = match self.dialect {
            Dialect::Sqlite => 1,
            _ => PLAIN.len() + self.plain_slots(None).count(),
        };
        READ_BYTES + self.byte_slots(None).count() + plain
    }

    /// The byte columns in the order of reading.
    pub(crate) fn byte_slots(&self, shown: Option<&[Name]>) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(move |slot| slot.plain_type().is_none() && slot.is_shown(shown))
    }

    /// The columns of text and numbers in the order of reading, which is the order of their names.
    pub(crate) fn plain_slots(&self, shown: Option<&[Name]>) -> impl Iterator<Item = (&Slot, ValueType)> {
        let shown = self.slots.iter().filter(move |slot| slot.is_shown(shown));
        shown.filter_map(|slot| Some((slot, slot.plain_type()?)))
    }

    /// Binds every column in order; the caller sets the second one, the number.
    fn insert_phrases(&self) -> (String, String) {
        let columns = quoted(self.column_names());
        let rest = vec!["?"; self.column_names().count() - 2].join(", ");
        let (kind, begin, end) = match self.dialect {
            // Reads from `p`, so that nothing is written before the commit has the lock: see `commit.rs`.
            Dialect::Postgres => (&self.name, "SELECT ?, ", " FROM p RETURNING \"number\""),
            Dialect::Sqlite => (&self.name, "VALUES (?, ", ") RETURNING \"number\""),
            Dialect::Mysql(_) => (&self.name, "VALUES (?, ", ")"),
        };
        (format!("INSERT INTO \"{kind}\" ({columns}) {begin}"), format!(", {rest}{end}"))
    }

    /// Binds the changing columns, facets and sealed fields; then id and expected version.
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

    /// The narrowest index that covers these columns.
    pub(crate) fn covering(&self, columns: &[&str]) -> Option<&Index> {
        self.indexes.iter().find(|index| index.covers(columns))
    }

    /// The immutable columns, quoted: place, number and author of a record never change.
    pub(crate) fn fixed(&self) -> Vec<String> {
        FIXED.iter().map(|name| format!("\"{name}\"")).collect()
    }

    /// Whether the table should have this column.
    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.column_names().any(|known| known == name)
    }
}

/// A trigger with its definition.
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) create: String,
}

impl Slot {
    /// Whether it is read, if only some facets are requested.
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

    /// A column that this node's kind does not have; `None` where its type belongs to a later release.
    pub(crate) fn carried(name: Name, type_name: &str) -> Option<Self> {
        let facet = match type_name {
            SEALED => None,
            name => Some(ValueType::named(name)?),
        };
        let column_type = facet.map_or(ColumnType::Bytes, Into::into);
        Some(Self { name, column_type, facet, unique: false, indexed: false })
    }

    /// The type name in the layout.
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

#[cfg(test)]
mod tests {
    use eovr_core::kind::Kind;

    use crate::dialect::Dialect;
    use crate::dialect::mysql::Flavour;

    /// A kind with the name of one of our tables or indexes would share it.
    #[test]
    fn no_kind_may_have_the_name_of_a_table_of_ours() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql(Flavour::Mariadb)] {
            let statements = dialect.system_tables().into_iter().chain(dialect.table_of_columns());
            let mut names = 0;
            for statement in statements {
                let mut words = statement.split_whitespace().skip_while(|word| *word != "EXISTS").skip(1);
                let Some(name) = words.next().filter(|_| !statement.contains("TRIGGER")) else { continue };
                assert!(Kind::STORES_OWN.contains(&name), "a kind may be called `{name}`");
                names += 1;
            }
            assert!(names >= 5, "{names} tables");
        }
    }
}
