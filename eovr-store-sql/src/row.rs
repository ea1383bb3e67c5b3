//! A common interface for rows of three databases.

use eovr_core::Result;
use eovr_core::Timestamp;
use eovr_core::record::{RecordId, Value, ValueType};
use sqlx::Row as _;
use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::error::{damaged, translate};

/// One row. Each value is read with its type; a value of another type is damage.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
    Mysql(MySqlRow),
}

impl Row {
    pub(crate) fn text(&self, at: usize) -> Result<Option<&str>> {
        match self {
            Self::Sqlite(row) => row.try_get(at),
            Self::Postgres(row) => row.try_get(at),
            Self::Mysql(row) => row.try_get(at),
        }
        .map_err(translate)
    }

    pub(crate) fn int(&self, at: usize) -> Result<Option<i64>> {
        match self {
            Self::Sqlite(row) => row.try_get(at),
            Self::Postgres(row) => row.try_get(at),
            Self::Mysql(row) => row.try_get(at),
        }
        .map_err(translate)
    }

    pub(crate) fn bytes(&self, at: usize) -> Result<Option<&[u8]>> {
        match self {
            Self::Sqlite(row) => row.try_get(at),
            Self::Postgres(row) => row.try_get(at),
            Self::Mysql(row) => row.try_get(at),
        }
        .map_err(translate)
    }

    pub(crate) fn bool(&self, at: usize) -> Result<Option<bool>> {
        match self {
            Self::Postgres(row) => row.try_get(at).map_err(translate),
            _ => Ok(self.int(at)?.map(|int| int != 0)),
        }
    }

    pub(crate) fn id(&self, at: usize) -> Result<Option<RecordId>> {
        let bytes: Option<[u8; 16]> = match self {
            Self::Postgres(row) => {
                row.try_get::<Option<Uuid>, _>(at).map_err(translate)?.map(Uuid::into_bytes)
            }
            _ => self.bytes(at)?.map(|bytes| bytes.try_into().map_err(|_| damaged())).transpose()?,
        };
        Ok(bytes.map(RecordId::from_bytes))
    }

    /// A whole number that is never NULL and never negative.
    pub(crate) fn count(&self, at: usize) -> Result<u64> {
        u64::try_from(self.int(at)?.ok_or_else(damaged)?).map_err(|_| damaged())
    }

    /// All columns as text, for a plan that a person reads.
    pub(crate) fn words(&self) -> String {
        let columns = match self {
            // The fourth column of SQLite's plan contains the whole description.
            Self::Sqlite(_) => 3..4,
            Self::Postgres(row) => 0..row.len(),
            Self::Mysql(row) => 0..row.len(),
        };
        // Counts of rows and steps are omitted, because the text contains the essentials.
        columns.filter_map(|at| self.text(at).ok().flatten()).collect::<Vec<_>>().join(" ")
    }

    /// A value of this type.
    pub(crate) fn value(&self, at: usize, value_type: ValueType) -> Result<Option<Value>> {
        Ok(match value_type {
            ValueType::Text => self.text(at)?.map(Value::from),
            ValueType::Int => self.int(at)?.map(Value::Int),
            ValueType::Bool => self.bool(at)?.map(Value::Bool),
            ValueType::Time => self.int(at)?.map(|at| Value::Time(Timestamp::from_micros(at))),
            ValueType::Bytes => self.bytes(at)?.map(|bytes| Value::Bytes(bytes.to_vec())),
        })
    }
}
