//! A common interface for rows of three databases.

use eovr_core::Result;
use eovr_core::Timestamp;
use eovr_core::record::{RecordId, Value, ValueType};
use sqlx::Row as _;
#[cfg(feature = "mysql")]
use sqlx::mysql::MySqlRow;
#[cfg(feature = "postgres")]
use sqlx::postgres::PgRow;
#[cfg(feature = "sqlite")]
use sqlx::sqlite::SqliteRow;

use crate::connection::each;
use crate::error::{damaged, translate};

/// One row. Each value is read with its type; a value of another type is damage.
pub(crate) enum Row {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteRow),
    #[cfg(feature = "postgres")]
    Postgres(PgRow),
    #[cfg(feature = "mysql")]
    Mysql(MySqlRow),
}

impl Row {
    pub(crate) fn text(&self, at: usize) -> Result<Option<&str>> {
        each!(Self, self, row => row.try_get(at)).map_err(translate)
    }

    pub(crate) fn int(&self, at: usize) -> Result<Option<i64>> {
        each!(Self, self, row => row.try_get(at)).map_err(translate)
    }

    pub(crate) fn bytes(&self, at: usize) -> Result<Option<&[u8]>> {
        each!(Self, self, row => row.try_get(at)).map_err(translate)
    }

    pub(crate) fn bool(&self, at: usize) -> Result<Option<bool>> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => row.try_get(at).map_err(translate),
            #[cfg(any(feature = "sqlite", feature = "mysql"))]
            _ => Ok(self.int(at)?.map(|int| int != 0)),
        }
    }

    pub(crate) fn id(&self, at: usize) -> Result<Option<RecordId>> {
        let bytes: Option<[u8; 16]> = match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => {
                row.try_get::<Option<uuid::Uuid>, _>(at).map_err(translate)?.map(uuid::Uuid::into_bytes)
            }
            #[cfg(any(feature = "sqlite", feature = "mysql"))]
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
            // The fourth column of SQLite's plan says it all.
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => 3..4,
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => 0..row.len(),
            #[cfg(feature = "mysql")]
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
