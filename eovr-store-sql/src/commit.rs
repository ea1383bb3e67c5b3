//! A commit to statements.

use std::collections::BTreeMap;
use std::sync::Arc;

use eovr_core::decide::{Change, Commit};
use eovr_core::ports::Written;
use eovr_core::{Error, Name, Result};

use crate::rows::{Binds, bind_content};
use crate::schema::Schema;
use crate::writer::Job;

pub(crate) type Schemas = BTreeMap<Name, Arc<Schema>>;

/// The whole commit as one string of statements, so that it crosses to the database's thread once.
///
/// A stale version cannot slip through: the event of that version is there already, and an event is
/// only written where its record has the version that it names.
pub(crate) fn job(schemas: &Schemas, commit: &Commit) -> Result<Job> {
    let mut sql = String::new();
    let mut binds = Binds::default();
    for change in commit.changes() {
        let kind = &change.record().envelope().kind;
        let schema =
            schemas.get(kind).ok_or_else(|| Error::bug(format!("kind `{kind}` was not prepared")))?;
        match change.expected() {
            None => insert(&mut sql, &mut binds, schema, change)?,
            Some(expected) => update(&mut sql, &mut binds, schema, change, expected)?,
        }
        event(&mut sql, &mut binds, schema, change)?;
    }
    Ok(Job { sql, binds })
}

/// What was written, from the numbers that came back.
pub(crate) fn written(commit: &Commit, numbers: Vec<Option<String>>) -> Vec<Written> {
    let changes = commit.changes().iter().map(Change::record);
    changes
        .zip(numbers)
        .map(|(record, number)| Written { id: record.id(), version: record.version(), number })
        .collect()
}

fn insert(sql: &mut String, binds: &mut Binds, schema: &Schema, change: &Change) -> Result<()> {
    let record = change.record();
    let envelope = record.envelope();
    if let Some(number) = change.number() {
        binds.text(&number.series)?; // the counter
    }
    binds.bytes(envelope.id.as_bytes())?;
    if let Some(number) = change.number() {
        binds.int(i64::from(number.width))?;
        binds.text(&number.series)?;
    }
    binds.text(envelope.stamp.governorate.as_str())?;
    binds.text(envelope.stamp.administration.as_str())?;
    binds.text(envelope.stamp.facility.as_str())?;
    binds.text(envelope.author.as_str())?;
    match &envelope.parent {
        Some(parent) => binds.bytes(parent.as_bytes())?,
        None => binds.null()?,
    }
    binds.text(envelope.state.as_str())?;
    binds.int(integer(envelope.version)?)?;
    binds.int(envelope.created_at.as_micros())?;
    binds.int(envelope.updated_at.as_micros())?;
    binds.int(i64::from(envelope.month))?;
    binds.int(integer(envelope.head.seq)?)?;
    binds.bytes(&envelope.head.hash)?;
    bind_content(binds, schema, record)?;
    sql.push_str(&schema.insert);
    Ok(())
}

fn update(
    sql: &mut String,
    binds: &mut Binds,
    schema: &Schema,
    change: &Change,
    expected: u64,
) -> Result<()> {
    let record = change.record();
    let envelope = record.envelope();
    binds.text(envelope.state.as_str())?;
    binds.int(integer(envelope.version)?)?;
    binds.int(envelope.updated_at.as_micros())?;
    binds.int(integer(envelope.head.seq)?)?;
    binds.bytes(&envelope.head.hash)?;
    bind_content(binds, schema, record)?;
    binds.bytes(envelope.id.as_bytes())?;
    binds.int(integer(expected)?)?;
    sql.push_str(&schema.update);
    Ok(())
}

fn event(sql: &mut String, binds: &mut Binds, schema: &Schema, change: &Change) -> Result<()> {
    let record = change.record();
    let (link, event) = (change.link(), change.link().event());
    binds.bytes(record.id().as_bytes())?;
    binds.int(integer(event.seq)?)?;
    binds.bytes(record.id().as_bytes())?;
    binds.int(integer(event.version)?)?;
    binds.int(event.at.as_micros())?;
    binds.text(event.actor.as_str())?;
    binds.text(event.action.as_str())?;
    binds.text(link.body())?;
    binds.bytes(link.hash())?;
    let message = serde_json::to_string(change.message());
    binds.text(&message.map_err(|error| Error::bug("a message is always JSON").because(error))?)?;
    // The kind comes from the record itself: without the record at this version it is NULL, which the
    // column refuses. The message takes the position of its event.
    sql.push_str(&format!(
        ";\nINSERT INTO events (record, seq, kind, at, actor, action, body, hash) VALUES \
         (?, ?, (SELECT '{kind}' FROM \"{kind}\" WHERE \"id\" = ? AND \"version\" = ?), ?, ?, ?, ?, ?);\n\
         INSERT INTO outbox (id, held_until, attempts, message) \
         VALUES (last_insert_rowid(), {FREE}, 0, ?);\n",
        kind = schema.name,
        FREE = i64::MIN,
    ));
    Ok(())
}

fn integer(count: u64) -> Result<i64> {
    i64::try_from(count).map_err(|_| Error::bug("a version is beyond what a database can count"))
}
