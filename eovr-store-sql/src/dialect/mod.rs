//! The differences between databases, and nothing else: how to connect, how a column is called, the few
//! phrases of SQL that each says in its own way, and what its errors mean.

pub(crate) mod mysql;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use crate::bind::ColumnType;
use crate::schema::{COLUMNS, Made, Schema, Slot};

/// Which database is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
    Mysql(mysql::Flavour),
}

impl Dialect {
    /// What a column of a kind's table is declared as.
    pub(crate) fn slot_type(self, slot: &Slot) -> String {
        match self {
            Self::Sqlite => sqlite::type_name(slot.column_type).to_owned(),
            Self::Postgres => postgres::type_name(slot.column_type).to_owned(),
            Self::Mysql(flavour) => flavour.slot_type(slot),
        }
    }

    /// What a column of the envelope is declared as.
    pub(crate) fn envelope_type(self, column_type: ColumnType) -> String {
        match self {
            Self::Sqlite => sqlite::type_name(column_type).to_owned(),
            Self::Postgres => postgres::type_name(column_type).to_owned(),
            Self::Mysql(flavour) => flavour.envelope_type(column_type),
        }
    }

    /// Stands behind the columns of a new table.
    pub(crate) fn table_options(self) -> &'static str {
        match self {
            Self::Sqlite => " STRICT",
            Self::Postgres => "",
            Self::Mysql(flavour) => flavour.table_options(),
        }
    }

    /// `<column> <this> ?`: differs, where not set differs from every value.
    pub(crate) fn differs(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("{column} IS NOT ?"),
            Self::Postgres => format!("{column} IS DISTINCT FROM ?"),
            Self::Mysql(_) => format!("NOT ({column} <=> ?)"),
        }
    }

    /// The condition of the next page. It binds the moment and the id; on MariaDB, whose planner reads a
    /// comparison of pairs as no range at all, the moment twice before them.
    pub(crate) fn after(self) -> (&'static str, bool) {
        match self {
            Self::Mysql(_) => ("\"created_at\" <= ? AND (\"created_at\" < ? OR \"id\" < ?)", true),
            _ => ("(\"created_at\", \"id\") < (?, ?)", false),
        }
    }

    /// A table that must be read by one index. Left alone, SQLite and MariaDB would rather find the rows by
    /// another one and fetch each of them for the rest; PostgreSQL chooses by its statistics.
    pub(crate) fn table_by_index(self, table: &str, index: &str) -> String {
        match self {
            Self::Sqlite => format!("\"{table}\" INDEXED BY \"{index}\""),
            Self::Postgres => format!("\"{table}\""),
            Self::Mysql(_) => format!("\"{table}\" FORCE INDEX (\"{index}\")"),
        }
    }

    /// The most bytes that the columns of one index may have.
    pub(crate) fn widest_index(self) -> usize {
        match self {
            Self::Mysql(_) => mysql::WIDEST_INDEX,
            _ => usize::MAX,
        }
    }

    /// Refuses to delete or move the records of a kind, in the database itself.
    pub(crate) fn guards(self, schema: &Schema) -> Vec<Made> {
        match self {
            Self::Sqlite => sqlite::guards(schema),
            Self::Postgres => postgres::guards(schema),
            Self::Mysql(_) => mysql::guards(schema),
        }
    }

    /// The tables that every database has, whatever its kinds.
    pub(crate) fn system_tables(self) -> Vec<String> {
        match self {
            Self::Sqlite => sqlite::SYSTEM_TABLES.iter().map(|sql| (*sql).to_owned()).collect(),
            Self::Postgres => postgres::SYSTEM_TABLES.iter().map(|sql| (*sql).to_owned()).collect(),
            Self::Mysql(flavour) => flavour.system_tables(),
        }
    }

    /// Which columns the kinds have, and of which type. By itself, as databases before have all but this.
    pub(crate) fn table_of_columns(self) -> [String; 1] {
        let text = self.envelope_type(ColumnType::Text);
        let column = |name: &str| format!("{name} {text} NOT NULL");
        let columns = ["kind", "name", "type"].map(column).join(", ");
        let options = self.table_options();
        [format!("CREATE TABLE IF NOT EXISTS {COLUMNS} ({columns}, PRIMARY KEY (kind, name)){options}")]
    }

    /// What puts a question's plan before it.
    pub(crate) fn explain(self) -> &'static str {
        match self {
            Self::Sqlite => "EXPLAIN QUERY PLAN ",
            Self::Postgres => "EXPLAIN ",
            Self::Mysql(_) => "EXPLAIN ",
        }
    }
}
