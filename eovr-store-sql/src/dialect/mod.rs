//! All differences between databases: connecting, column types, the phrases of SQL that differ, and the meaning of
//! errors.

pub(crate) mod mysql;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use crate::bind::ColumnType;
use crate::schema::{COLUMNS, Made, Schema, Slot};

/// The database product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
    Mysql(mysql::Flavour),
}

impl Dialect {
    /// The declared type of a column of a kind's table.
    pub(crate) fn slot_type(self, slot: &Slot) -> String {
        match self {
            Self::Sqlite => sqlite::type_name(slot.column_type).to_owned(),
            Self::Postgres => postgres::type_name(slot.column_type).to_owned(),
            Self::Mysql(flavour) => flavour.slot_type(slot),
        }
    }

    /// The declared type of a column of the envelope.
    pub(crate) fn envelope_type(self, column_type: ColumnType) -> String {
        match self {
            Self::Sqlite => sqlite::type_name(column_type).to_owned(),
            Self::Postgres => postgres::type_name(column_type).to_owned(),
            Self::Mysql(flavour) => flavour.envelope_type(column_type),
        }
    }

    /// The options after the columns of a new table.
    pub(crate) fn table_options(self) -> &'static str {
        match self {
            Self::Sqlite => " STRICT",
            Self::Postgres => "",
            Self::Mysql(flavour) => flavour.table_options(),
        }
    }

    /// `<column> <this> ?`: differs; NULL differs from every value.
    pub(crate) fn differs(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("{column} IS NOT ?"),
            Self::Postgres => format!("{column} IS DISTINCT FROM ?"),
            Self::Mysql(_) => format!("NOT ({column} <=> ?)"),
        }
    }

    /// The condition of the next page. It binds the time and the id; on MariaDB it binds the time twice before them,
    /// because MariaDB's planner does not use a comparison of pairs as a range.
    pub(crate) fn after(self) -> (&'static str, bool) {
        match self {
            Self::Mysql(_) => ("\"created_at\" <= ? AND (\"created_at\" < ? OR \"id\" < ?)", true),
            _ => ("(\"created_at\", \"id\") < (?, ?)", false),
        }
    }

    /// The table with a mandatory index. Without it, SQLite and MariaDB choose another index and fetch each row;
    /// PostgreSQL chooses by its statistics.
    pub(crate) fn table_by_index(self, table: &str, index: &str) -> String {
        match self {
            Self::Sqlite => format!("\"{table}\" INDEXED BY \"{index}\""),
            Self::Postgres => format!("\"{table}\""),
            Self::Mysql(_) => format!("\"{table}\" FORCE INDEX (\"{index}\")"),
        }
    }

    /// The maximum width of an index, in bytes.
    pub(crate) fn widest_index(self) -> usize {
        match self {
            Self::Mysql(_) => mysql::WIDEST_INDEX,
            _ => usize::MAX,
        }
    }

    /// Triggers by which the database refuses to delete or move the records of a kind.
    pub(crate) fn guards(self, schema: &Schema) -> Vec<Made> {
        match self {
            Self::Sqlite => sqlite::guards(schema),
            Self::Postgres => postgres::guards(schema),
            Self::Mysql(_) => mysql::guards(schema),
        }
    }

    /// The tables that every database has, independent of its kinds.
    pub(crate) fn system_tables(self) -> Vec<String> {
        match self {
            Self::Sqlite => sqlite::SYSTEM_TABLES.iter().map(|sql| (*sql).to_owned()).collect(),
            Self::Postgres => postgres::SYSTEM_TABLES.iter().map(|sql| (*sql).to_owned()).collect(),
            Self::Mysql(flavour) => flavour.system_tables(),
        }
    }

    /// The table with the columns of the kinds and their types. It is separate, because earlier databases have all
    /// other tables but not this one.
    pub(crate) fn table_of_columns(self) -> [String; 1] {
        let text = self.envelope_type(ColumnType::Text);
        let column = |name: &str| format!("{name} {text} NOT NULL");
        let columns = ["kind", "name", "type"].map(column).join(", ");
        let options = self.table_options();
        [format!("CREATE TABLE IF NOT EXISTS {COLUMNS} ({columns}, PRIMARY KEY (kind, name)){options}")]
    }

    /// The prefix that asks for a query's plan.
    pub(crate) fn explain(self) -> &'static str {
        match self {
            Self::Sqlite => "EXPLAIN QUERY PLAN ",
            Self::Postgres => "EXPLAIN ",
            Self::Mysql(_) => "EXPLAIN ",
        }
    }
}
