//! The floor under a store: the same prepared statements with the same bytes, and no other work.

use std::path::Path;
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, SqliteConnection};

use crate::Outcome;

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const COUNT: &str = "INSERT INTO counters (series, value) VALUES (?, 1) \
                     ON CONFLICT (series) DO UPDATE SET value = value + 1";
const EVENT: &str = "INSERT INTO events (record, seq, kind, at, actor, action, body, hash, message) VALUES \
                     (?, ?, (SELECT 'incident' FROM \"incident\" WHERE \"id\" = ? AND \"version\" = ?), \
                     ?, ?, ?, ?, ?, ?)";
const POST: &str =
    "INSERT INTO outbox (id, held_until, attempts) VALUES (last_insert_rowid(), -9223372036854775808, 0)";

/// The settings of the store's writer connection.
const PRAGMAS: [(&str, &str); 9] = [
    ("busy_timeout", "10000"),
    ("journal_mode", "WAL"),
    ("synchronous", "FULL"),
    ("foreign_keys", "ON"),
    ("secure_delete", "ON"),
    ("wal_autocheckpoint", "4000"),
    ("cache_size", "-65536"),
    ("temp_store", "MEMORY"),
    ("mmap_size", "1073741824"),
];

/// Opens a file that the store has prepared.
pub(crate) fn open(path: &Path) -> Outcome<Connection> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(64);
    for (name, value) in PRAGMAS {
        connection.execute_batch(&format!("PRAGMA {name} = {value}"))?;
    }
    Ok(connection)
}

/// The same through sqlx.
pub(crate) async fn open_sqlx(path: &Path) -> Outcome<SqliteConnection> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).disable_statement_logging();
    let options = PRAGMAS.iter().fold(options, |options, (name, value)| options.pragma(*name, *value));
    Ok(options.connect().await?)
}

/// The columns of incidents, in the order of the table.
pub(crate) fn columns(connection: &Connection) -> Outcome<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info('incident')")?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

/// Names for SQL: quoted, with commas between.
pub(crate) fn quoted(columns: &[String]) -> String {
    columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// The statement that creates an incident.
pub(crate) fn insert_statement(columns: &[String]) -> Arc<str> {
    let number = "(SELECT series || '-' || printf('%0*d', ?, value) FROM counters WHERE series = ?)";
    let values: Vec<_> = columns.iter().map(|name| if name == "number" { number } else { "?" }).collect();
    let names = quoted(columns);
    format!("INSERT INTO \"incident\" ({names}) VALUES ({}) RETURNING \"number\"", values.join(", ")).into()
}

/// The values of one commit, statement by statement.
pub(crate) struct Rows {
    count: Vec<Value>,
    record: Vec<Value>,
    event: Vec<Value>,
}

impl Rows {
    /// Reads the incidents of a file, first to last, so that a floor writes the same bytes as the store.
    pub(crate) fn of(connection: &Connection, columns: &[String]) -> Outcome<Vec<Self>> {
        let records = format!("SELECT {} FROM \"incident\" ORDER BY created_at, id", quoted(columns));
        let events = "SELECT record, seq, record, 1, at, actor, action, body, hash, message \
                      FROM events WHERE kind = 'incident' ORDER BY position";
        let (records, events) = (read(connection, &records)?, read(connection, events)?);
        let number = columns.iter().position(|name| name == "number").ok_or("incidents have a number")?;
        records.into_iter().zip(events).map(|(record, event)| Self::join(record, number, event)).collect()
    }

    fn join(mut record: Vec<Value>, number: usize, event: Vec<Value>) -> Outcome<Self> {
        let Some(Value::Text(text)) = record.get(number) else {
            return Err("an incident has a number".into());
        };
        let (series, digits) = text.rsplit_once('-').ok_or("a number has a series")?;
        let (series, width) = (Value::Text(series.to_owned()), i64::try_from(digits.len())?);
        record.splice(number..=number, [Value::Integer(width), series.clone()]);
        Ok(Self { count: vec![series], record, event })
    }

    /// One transaction on the calling thread.
    pub(crate) fn commit(&self, connection: &Connection, insert: &str) -> Outcome<()> {
        connection.prepare_cached(BEGIN)?.execute([])?;
        connection.prepare_cached(COUNT)?.execute(params_from_iter(&self.count))?;
        let mut statement = connection.prepare_cached(insert)?;
        let mut rows = statement.query(params_from_iter(&self.record))?;
        while let Some(row) = rows.next()? {
            std::hint::black_box(row.get_ref(0)?);
        }
        drop(rows);
        connection.prepare_cached(EVENT)?.execute(params_from_iter(&self.event))?;
        connection.prepare_cached(POST)?.execute([])?;
        connection.prepare_cached(COMMIT)?.execute([])?;
        Ok(())
    }

    /// The values as sqlx binds them.
    pub(crate) fn bound(&self) -> Outcome<Bound> {
        Ok(Bound { count: bound(&self.count)?, record: bound(&self.record)?, event: bound(&self.event)? })
    }
}

/// [`Rows`] for sqlx.
pub(crate) struct Bound {
    count: SqliteArguments,
    record: SqliteArguments,
    event: SqliteArguments,
}

impl Bound {
    /// One transaction, statement by statement.
    pub(crate) async fn commit(self, connection: &mut SqliteConnection, insert: &Arc<str>) -> Outcome<()> {
        sqlx::query(BEGIN).execute(&mut *connection).await?;
        sqlx::query_with(COUNT, self.count).execute(&mut *connection).await?;
        let insert = AssertSqlSafe(insert.clone());
        sqlx::query_with(insert, self.record).fetch_one(&mut *connection).await?;
        sqlx::query_with(EVENT, self.event).execute(&mut *connection).await?;
        sqlx::query(POST).execute(&mut *connection).await?;
        sqlx::query(COMMIT).execute(&mut *connection).await?;
        Ok(())
    }
}

fn bound(values: &[Value]) -> Outcome<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Null => arguments.add(None::<i64>)?,
            Value::Integer(int) => arguments.add(*int)?,
            Value::Real(real) => arguments.add(*real)?,
            Value::Text(text) => arguments.add(text.clone())?,
            Value::Blob(bytes) => arguments.add(bytes.clone())?,
        }
    }
    Ok(arguments)
}

fn read(connection: &Connection, sql: &str) -> Outcome<Vec<Vec<Value>>> {
    let mut statement = connection.prepare(sql)?;
    let count = statement.column_count();
    let rows = statement.query_map([], |row| (0..count).map(|at| row.get(at)).collect())?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
