//! Converts a commit to statements.
//!
//! The effect is the same on every database: one transaction takes the next positions of the feed, writes records,
//! counts numbers, and adds events and outbox entries.
//!
//! A stale version is always detected, because the event of that version already exists, and an event is written only
//! where its record has the event's version. Likewise the first event of a commit is written only where its guards
//! hold.

use std::collections::BTreeMap;
use std::iter::repeat;
use std::sync::Arc;

use eovr_core::decide::{Change, Commit, Guard, NumberRequest};
use eovr_core::ports::Written;
use eovr_core::record::{Record, RecordId};
use eovr_core::{Error, Name, Result};

use crate::bind::{Bind, ColumnType};
use crate::dialect::Dialect;
use crate::query::Statement;
use crate::rows::bind_content;
use crate::schema::Schema;

pub(crate) type Schemas = BTreeMap<Name, Arc<Schema>>;

/// A job of the writer.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// One statement for PostgreSQL, otherwise a script of statements that end in `;\n`.
    pub(crate) statements: Statement,
    /// The new rows by which the job can be recognised; empty for idempotent work.
    pub(crate) traces: Vec<Trace>,
}

/// The row by which a change can be recognised.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) kind: Name,
    pub(crate) record: RecordId,
    pub(crate) seq: u64,
    pub(crate) hash: [u8; 32],
}

/// The lease of a message without a holder.
const FREE: i64 = i64::MIN;

pub(crate) fn job(dialect: Dialect, schemas: &Schemas, commit: &Commit) -> Result<Job> {
    let changes = commit.changes();
    let mut parts = Vec::with_capacity(changes.len());
    for change in changes {
        let kind = &change.record().envelope().kind;
        let schema = schemas.get(kind);
        let schema = schema.ok_or_else(|| Error::bug(format!("kind `{kind}` was not prepared")))?;
        parts.push((change, &**schema));
    }
    let mut statements = Statement::default();
    let guards = commit.guards();
    if let Some(guard) = guards.iter().find(|guard| !schemas.contains_key(&guard.kind)) {
        return Err(Error::bug(format!("kind `{}` was not prepared", guard.kind)));
    }
    match dialect {
        Dialect::Sqlite => {
            // One event that cannot be written is enough to fail the commit.
            for ((change, schema), first) in parts.iter().zip([true].into_iter().chain(repeat(false))) {
                sqlite(&mut statements, schema, change, if first { guards } else { &[] })?;
            }
        }
        Dialect::Mysql(_) => mysql(&mut statements, &parts, guards)?,
        Dialect::Postgres => postgres(&mut statements, &parts, guards)?,
    }
    Ok(Job { statements, traces: changes.iter().map(trace).collect() })
}

/// The written records with their assigned numbers.
pub(crate) fn written(commit: &Commit, numbers: Vec<Option<String>>) -> Vec<Written> {
    let changes = commit.changes().iter().map(Change::record);
    changes
        .zip(numbers)
        .map(|(record, number)| Written { id: record.id(), version: record.version(), number })
        .collect()
}

/// Positions are SQLite's row ids, because SQLite has a single writer and gives each event the next id.
fn sqlite(sql: &mut Statement, schema: &Schema, change: &Change, guards: &[Guard]) -> Result<()> {
    match (change.expected(), change.number()) {
        (Some(expected), _) => update(sql, schema, change, expected)?,
        (None, None) => insert(sql, schema, change, |sql| sql.push("NULL"))?,
        (None, Some(number)) => {
            sql.push("INSERT INTO counters (series, value) VALUES (");
            sql.bind(number.series.as_str());
            sql.push(", 1) ON CONFLICT (series) DO UPDATE SET value = value + 1;\n");
            insert(sql, schema, change, |sql| {
                sql.push("(SELECT series || '-' || printf('%0*d', ");
                sql.bind(i64::from(number.width));
                sql.push(", value) FROM counters WHERE series = ");
                sql.bind(number.series.as_str());
                sql.push(")");
            })?;
        }
    }
    sql.push(";\nINSERT INTO events (");
    sql.push(EVENT);
    sql.push(") VALUES (");
    event(sql, change, |sql| kind_at_version(sql, schema, change.record(), guards))?;
    sql.push(");\n");
    if change.posted() {
        sql.push("INSERT INTO outbox (id, held_until, attempts) VALUES (last_insert_rowid(), ");
        sql.bind(FREE);
        sql.push(", 0);\n");
    }
    Ok(())
}

/// The positions are counted first, which locks their row until the end of the transaction. Commits are therefore
/// serialised, a later commit has later positions, and no two commits deadlock.
fn mysql(sql: &mut Statement, parts: &[(&Change, &Schema)], guards: &[Guard]) -> Result<()> {
    sql.push("UPDATE counters SET value = value + ");
    sql.bind(i64::try_from(parts.len()).unwrap_or(i64::MAX));
    sql.push(" WHERE series = 'position';\n");
    for (index, (change, schema)) in parts.iter().enumerate() {
        let left = parts.len() - 1 - index;
        let position = format!("(SELECT value - {left} FROM counters WHERE series = 'position')");
        match (change.expected(), change.number()) {
            (Some(expected), _) => update(sql, schema, change, expected)?,
            (None, None) => insert(sql, schema, change, |sql| sql.push("NULL"))?,
            (None, Some(number)) => {
                sql.push("INSERT INTO counters (series, value) VALUES (");
                sql.bind(number.series.as_str());
                sql.push(", 1) ON DUPLICATE KEY UPDATE value = value + 1;\n");
                insert(sql, schema, change, |sql| {
                    sql.push("(SELECT CONCAT(series, '-', LPAD(value, GREATEST(LENGTH(value), ");
                    sql.bind(i64::from(number.width));
                    sql.push("), '0')) FROM counters WHERE series = ");
                    sql.bind(number.series.as_str());
                    sql.push(")");
                })?;
            }
        }
        sql.push(&format!(";\nSELECT \"number\" FROM \"{}\" WHERE \"id\" = ", schema.name));
        sql.bind(change.record().id());
        sql.push(&format!(";\nINSERT INTO events (position, {EVENT}) VALUES ({position}, "));
        let guards = if index == 0 { guards } else { &[] };
        event(sql, change, |sql| kind_at_version(sql, schema, change.record(), guards))?;
        sql.push(");\n");
        if change.posted() {
            sql.push(&format!("INSERT INTO outbox (id, held_until, attempts) VALUES ({position}, "));
            sql.bind(FREE);
            sql.push(", 0);\n");
        }
    }
    Ok(())
}

/// One statement for the whole commit, so that it needs one round trip and no `BEGIN`. Its parts run in any order,
/// except that each waits for the parts that it reads. All of them read `p`, the positions, whose row stays locked
/// until the end. Commits are therefore serialised, a later commit has later positions, and no two commits deadlock.
///
/// The statement's snapshot begins before it has the lock on the positions. A guard therefore locks its record and
/// reads the newest version, after `p`, because a change of that record locks `p` first.
fn postgres(sql: &mut Statement, parts: &[(&Change, &Schema)], guards: &[Guard]) -> Result<()> {
    sql.push("WITH p AS (UPDATE counters SET value = value + ");
    sql.bind(i64::try_from(parts.len()).unwrap_or(i64::MAX));
    sql.push(" WHERE series = 'position' RETURNING value - ");
    sql.push(&parts.len().to_string());
    sql.push(" AS last)");
    for (at, guard) in guards.iter().enumerate() {
        sql.push(&format!(",\ng{at} AS (SELECT 1 FROM p, LATERAL (SELECT 1 FROM \"{}\" WHERE ", guard.kind));
        at_version(sql, guard.id, guard.version)?;
        sql.push(" FOR SHARE) held)");
    }
    let requests: Vec<_> = parts.iter().filter_map(|(change, _)| change.number()).collect();
    let series: Vec<&str> = {
        let mut series: Vec<_> = requests.iter().map(|request| request.series.as_str()).collect();
        series.sort_unstable();
        series.dedup();
        series
    };
    for (at, name) in series.iter().enumerate() {
        let count = requests.iter().filter(|request| request.series == *name).count();
        sql.push(&format!(",\nn{at} AS (INSERT INTO counters (series, value) SELECT "));
        sql.bind(*name);
        sql.push(&format!(
            ", {count} FROM p ON CONFLICT (series) DO UPDATE SET value = counters.value + {count} \
             RETURNING series, value - {count} AS value)"
        ));
    }
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, (change, schema)) in parts.iter().enumerate() {
        sql.push(&format!(",\nr{index} AS ("));
        match (change.expected(), change.number()) {
            (Some(expected), _) => update(sql, schema, change, expected)?,
            (None, None) => insert(sql, schema, change, |sql| sql.push("NULL"))?,
            (None, Some(NumberRequest { series: name, width })) => {
                let at = series.iter().position(|series| series == name).unwrap_or_default();
                let next = counted.entry(name.as_str()).or_default();
                *next += 1;
                let number = format!(
                    "(SELECT series || '-' || lpad((value + {next})::text, \
                     greatest(length((value + {next})::text), {width}), '0') FROM n{at})"
                );
                insert(sql, schema, change, |sql| sql.push(&number))?;
            }
        }
        let position = index + 1;
        sql.push(&format!(
            "),\ne{index} AS (INSERT INTO events (position, {EVENT}) SELECT last + {position}, "
        ));
        event(sql, change, |sql| {
            sql.push(&format!("(SELECT '{}' FROM r{index}", schema.name));
            for at in 0..if index == 0 { guards.len() } else { 0 } {
                let first = if at == 0 { " WHERE" } else { " AND" };
                sql.push(&format!("{first} EXISTS (SELECT 1 FROM g{at})"));
            }
            sql.push(")");
            Ok(())
        })?;
        sql.push(" FROM p)");
        if change.posted() {
            sql.push(&format!(
                ",\no{index} AS (INSERT INTO outbox (id, held_until, attempts) SELECT last + {position}, "
            ));
            sql.bind(FREE);
            sql.push(", 0 FROM p)");
        }
    }
    for index in 0..parts.len() {
        sql.push(if index == 0 { "\n" } else { " UNION ALL " });
        sql.push(&format!("SELECT \"number\", {index} AS place FROM r{index}"));
    }
    if parts.len() > 1 {
        sql.push(" ORDER BY place");
    }
    Ok(())
}

fn insert(
    sql: &mut Statement,
    schema: &Schema,
    change: &Change,
    number: impl FnOnce(&mut Statement),
) -> Result<()> {
    let record = change.record();
    let envelope = record.envelope();
    let (before, after) = &schema.insert;
    sql.push(before);
    sql.binds.push(envelope.id.into());
    number(sql);
    sql.push(after);
    let stamp = &envelope.stamp;
    sql.binds.extend([
        stamp.governorate.as_str().into(),
        stamp.administration.as_str().into(),
        stamp.facility.as_str().into(),
        envelope.author.as_str().into(),
        envelope.parent.map_or(Bind::Null(ColumnType::Id), Bind::Id),
        envelope.state.as_str().into(),
        integer(envelope.version)?.into(),
        envelope.created_at.as_micros().into(),
        envelope.updated_at.as_micros().into(),
        i64::from(envelope.month).into(),
        integer(envelope.head.seq)?.into(),
        envelope.head.hash.as_slice().into(),
    ]);
    bind_content(&mut sql.binds, schema, record)
}

fn update(sql: &mut Statement, schema: &Schema, change: &Change, expected: u64) -> Result<()> {
    let record = change.record();
    let envelope = record.envelope();
    sql.push(&schema.update);
    sql.binds.extend([
        envelope.state.as_str().into(),
        integer(envelope.version)?.into(),
        envelope.updated_at.as_micros().into(),
        integer(envelope.head.seq)?.into(),
        envelope.head.hash.as_slice().into(),
    ]);
    bind_content(&mut sql.binds, schema, record)?;
    sql.binds.extend([envelope.id.into(), integer(expected)?.into()]);
    Ok(())
}

/// The columns of an event after its position.
const EVENT: &str = "record, seq, kind, at, actor, action, body, hash, message";

/// The values of an event. The kind is read from the record: if the record does not have this version, the kind is
/// NULL, which the column refuses.
fn event(
    sql: &mut Statement,
    change: &Change,
    kind: impl FnOnce(&mut Statement) -> Result<()>,
) -> Result<()> {
    let (link, event) = (change.link(), change.link().event());
    sql.bind(change.record().id());
    sql.push(", ");
    sql.bind(integer(event.seq)?);
    sql.push(", ");
    kind(sql)?;
    sql.push(", ?, ?, ?, ?, ?, ?");
    let message = serde_json::to_string(change.message());
    let message = message.map_err(|error| Error::bug("a message is always JSON").because(error))?;
    sql.binds.extend([
        event.at.as_micros().into(),
        event.actor.as_str().into(),
        event.action.as_str().into(),
        link.body().into(),
        link.hash().as_slice().into(),
        Bind::Text(message),
    ]);
    Ok(())
}

/// The kind, read from the record where it has the expected version and the guards hold.
fn kind_at_version(sql: &mut Statement, schema: &Schema, record: &Record, guards: &[Guard]) -> Result<()> {
    sql.push(&format!("(SELECT '{kind}' FROM \"{kind}\" WHERE ", kind = schema.name));
    at_version(sql, record.id(), record.version())?;
    for guard in guards {
        sql.push(&format!(" AND EXISTS (SELECT 1 FROM \"{}\" WHERE ", guard.kind));
        at_version(sql, guard.id, guard.version)?;
        sql.push(")");
    }
    sql.push(")");
    Ok(())
}

fn at_version(sql: &mut Statement, id: RecordId, version: u64) -> Result<()> {
    sql.push("\"id\" = ");
    sql.bind(id);
    sql.push(" AND \"version\" = ");
    sql.bind(integer(version)?);
    Ok(())
}

fn trace(change: &Change) -> Trace {
    let record: &Record = change.record();
    let kind = record.envelope().kind.clone();
    Trace { kind, record: record.id(), seq: change.link().event().seq, hash: *change.link().hash() }
}

fn integer(count: u64) -> Result<i64> {
    i64::try_from(count).map_err(|_| Error::bug("a version is too large for the database"))
}
