//! Values bound to a statement.

use eovr_core::record::{RecordId, Value, ValueType};
#[cfg(feature = "mysql")]
use sqlx::mysql::MySqlArguments;
#[cfg(feature = "postgres")]
use sqlx::postgres::PgArguments;
#[cfg(feature = "sqlite")]
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Encode, Type};

/// One value. A value that is not set still has a type, because PostgreSQL requires it.
#[derive(Clone, Debug)]
pub(crate) enum Bind {
    Null(ColumnType),
    Id(RecordId),
    Int(i64),
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Id,
    Int,
    Bool,
    Text,
    Bytes,
}

impl From<ValueType> for ColumnType {
    fn from(value_type: ValueType) -> Self {
        match value_type {
            ValueType::Text => Self::Text,
            ValueType::Int | ValueType::Time => Self::Int,
            ValueType::Bool => Self::Bool,
            ValueType::Bytes => Self::Bytes,
        }
    }
}

impl From<&Value> for Bind {
    fn from(value: &Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text.to_string()),
            Value::Int(int) => Self::Int(*int),
            Value::Bool(bool) => Self::Bool(*bool),
            Value::Time(at) => Self::Int(at.as_micros()),
            Value::Bytes(bytes) => Self::Bytes(bytes.clone()),
        }
    }
}

impl From<&str> for Bind {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&[u8]> for Bind {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<i64> for Bind {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<RecordId> for Bind {
    fn from(id: RecordId) -> Self {
        Self::Id(id)
    }
}

#[cfg(feature = "sqlite")]
pub(crate) fn to_sqlite(binds: Vec<Bind>) -> sqlx::Result<SqliteArguments> {
    without_types(binds)
}

#[cfg(feature = "mysql")]
pub(crate) fn to_mysql(binds: Vec<Bind>) -> sqlx::Result<MySqlArguments> {
    without_types(binds)
}

/// For databases that keep ids as bytes and truth as a number, and ask for no type of what is not set.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
fn without_types<A>(binds: Vec<Bind>) -> sqlx::Result<A>
where
    A: Arguments + Default,
    Option<i64>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    i64: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    String: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Vec<u8>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
{
    let mut arguments = A::default();
    for bind in binds {
        match bind {
            Bind::Null(_) => add(&mut arguments, None::<i64>)?,
            Bind::Id(id) => add(&mut arguments, id.as_bytes().to_vec())?,
            Bind::Int(int) => add(&mut arguments, int)?,
            Bind::Bool(bool) => add(&mut arguments, i64::from(bool))?,
            Bind::Text(text) => add(&mut arguments, text)?,
            Bind::Bytes(bytes) => add(&mut arguments, bytes)?,
        }
    }
    Ok(arguments)
}

#[cfg(feature = "postgres")]
pub(crate) fn to_postgres(binds: Vec<Bind>) -> sqlx::Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for bind in binds {
        match bind {
            Bind::Null(ColumnType::Id) => add(&mut arguments, None::<uuid::Uuid>)?,
            Bind::Null(ColumnType::Int) => add(&mut arguments, None::<i64>)?,
            Bind::Null(ColumnType::Bool) => add(&mut arguments, None::<bool>)?,
            Bind::Null(ColumnType::Text) => add(&mut arguments, None::<String>)?,
            Bind::Null(ColumnType::Bytes) => add(&mut arguments, None::<Vec<u8>>)?,
            Bind::Id(id) => add(&mut arguments, uuid::Uuid::from_bytes(*id.as_bytes()))?,
            Bind::Int(int) => add(&mut arguments, int)?,
            Bind::Bool(bool) => add(&mut arguments, bool)?,
            Bind::Text(text) => add(&mut arguments, text)?,
            Bind::Bytes(bytes) => add(&mut arguments, bytes)?,
        }
    }
    Ok(arguments)
}

fn add<A, T>(arguments: &mut A, value: T) -> sqlx::Result<()>
where
    A: Arguments,
    T: for<'q> Encode<'q, A::Database> + Type<A::Database>,
{
    arguments.add(value).map_err(sqlx::Error::Encode)
}
