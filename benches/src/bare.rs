//! The floor under a store: the same statements with the same bytes, prepared, and nothing around them.

use std::path::Path;
use std::sync::Arc;

use eovr_core::decide::{Change, Commit};
use eovr_core::record;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, SqliteConnection};

use crate::Outcome;

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const COUNT: &str = "INSERT INTO counters (series, value) VALUES (?, 1) \
                     ON CONFLICT (series) DO UPDATE SET value = value + 1";
const EVENT: &str = "INSERT INTO events (record, seq, kind, at, actor, action, body, hash) VALUES \
                     (?, ?, (SELECT 'incident' FROM \"incident\" WHERE \"id\" = ? AND \"version\" = ?), \
                     ?, ?, ?, ?, ?)";
const POST: &str = "INSERT INTO outbox (id, held_until, attempts, message) \
                    VALUES (last_insert_rowid(), -9223372036854775808, 0, ?)";

/// What the writer of the store sets on its connection.
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
    message: Vec<Value>,
}

impl Rows {
    /// Takes a commit of one new incident apart.
    pub(crate) fn of(commit: &Commit, columns: &[String]) -> Outcome<Self> {
        let change = commit.changes().first().ok_or("a commit changes a record")?;
        let request = change.number().ok_or("an incident has a number")?;
        let series = Value::Text(request.series.clone());
        let mut record = Vec::with_capacity(columns.len() + 1);
        for column in columns {
            if column == "number" {
                record.extend([Value::Integer(i64::from(request.width)), series.clone()]);
            } else {
                record.push(value(change, column)?);
            }
        }
        let (event, link) = (change.link().event(), change.link());
        let id = Value::Blob(change.record().id().as_bytes().to_vec());
        let text = |text: &str| Value::Text(text.to_owned());
        Ok(Self {
            count: vec![series],
            record,
            event: vec![
                id.clone(),
                Value::Integer(i64::try_from(event.seq)?),
                id,
                Value::Integer(i64::try_from(event.version)?),
                Value::Integer(event.at.as_micros()),
                text(event.actor.as_str()),
                text(event.action.as_str()),
                text(link.body()),
                Value::Blob(link.hash().to_vec()),
            ],
            message: vec![Value::Text(serde_json::to_string(change.message())?)],
        })
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
        connection.prepare_cached(POST)?.execute(params_from_iter(&self.message))?;
        connection.prepare_cached(COMMIT)?.execute([])?;
        Ok(())
    }

    /// The values as sqlx binds them.
    pub(crate) fn bound(&self) -> Outcome<Bound> {
        Ok(Bound {
            count: bound(&self.count)?,
            record: bound(&self.record)?,
            event: bound(&self.event)?,
            message: bound(&self.message)?,
        })
    }
}

/// [`Rows`] for sqlx.
pub(crate) struct Bound {
    count: SqliteArguments,
    record: SqliteArguments,
    event: SqliteArguments,
    message: SqliteArguments,
}

impl Bound {
    /// One transaction, statement by statement.
    pub(crate) async fn commit(self, connection: &mut SqliteConnection, insert: &Arc<str>) -> Outcome<()> {
        sqlx::query(BEGIN).execute(&mut *connection).await?;
        sqlx::query_with(COUNT, self.count).execute(&mut *connection).await?;
        let insert = AssertSqlSafe(insert.clone());
        sqlx::query_with(insert, self.record).fetch_one(&mut *connection).await?;
        sqlx::query_with(EVENT, self.event).execute(&mut *connection).await?;
        sqlx::query_with(POST, self.message).execute(&mut *connection).await?;
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

/// What stands in a column of an incident.
fn value(change: &Change, column: &str) -> Outcome<Value> {
    let record = change.record();
    let envelope = record.envelope();
    let text = |text: &str| Value::Text(text.to_owned());
    Ok(match column {
        "id" => Value::Blob(envelope.id.as_bytes().to_vec()),
        "governorate" => text(envelope.stamp.governorate.as_str()),
        "administration" => text(envelope.stamp.administration.as_str()),
        "facility" => text(envelope.stamp.facility.as_str()),
        "author" => text(envelope.author.as_str()),
        "parent" => Value::Null,
        "state" => text(envelope.state.as_str()),
        "version" => Value::Integer(i64::try_from(envelope.version)?),
        "created_at" => Value::Integer(envelope.created_at.as_micros()),
        "updated_at" => Value::Integer(envelope.updated_at.as_micros()),
        "month" => Value::Integer(i64::from(envelope.month)),
        "seq" => Value::Integer(i64::try_from(envelope.head.seq)?),
        "head" => Value::Blob(envelope.head.hash.to_vec()),
        "sealed" => {
            let rest =
                record.sealed_fields().iter().filter(|(name, _)| *name.as_str() != *"medical_file_number");

            let rest: std::collections::BTreeMap<_, _> =
                rest.map(|(name, sealed)| (name.as_str(), sealed.to_base64())).collect();
            Value::Text(serde_json::to_string(&rest)?)
        }
        facet => match (record.facet(facet), record.sealed(facet)) {
            (Some(record::Value::Text(value)), _) => text(value),
            (Some(record::Value::Int(int)), _) => Value::Integer(*int),
            (Some(record::Value::Bool(bool)), _) => Value::Integer(i64::from(*bool)),
            (Some(record::Value::Time(at)), _) => Value::Integer(at.as_micros()),
            (Some(record::Value::Bytes(bytes)), _) => Value::Blob(bytes.clone()),
            (None, Some(sealed)) => Value::Blob(sealed.as_bytes().to_vec()),
            (None, None) => Value::Null,
        },
    })
}
