//! Converts a commit to documents.

use std::collections::BTreeMap;
use std::sync::Arc;

use eovr_core::decide::{Change, Commit, Guard, NumberRequest};
use eovr_core::ports::Written;
use eovr_core::record::RecordId;
use eovr_core::{Error, Name, Result};
use mongodb::bson::raw::cstr;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{RawDocumentBuf, rawdoc};

use crate::error::too_large;
use crate::rows::{binary, id_ref, integer, write_change, write_new};
use crate::schema::Schema;

pub(crate) type Schemas = BTreeMap<Name, Arc<Schema>>;

/// The maximum size of a document, minus the parts that the transaction adds.
const MOST_BYTES: usize = (16 << 20) - 256;

/// The mark of an event whose message is not posted to the outbox.
pub(crate) const UNPOSTED: &str = "unposted";

/// A commit as documents, without positions and numbers, which only the transaction knows.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) steps: Vec<Step>,
    /// The required versions: collection, id, version.
    pub(crate) guards: Vec<(String, RecordId, i64)>,
}

/// The documents of one change.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) collection: String,
    pub(crate) id: RecordId,
    pub(crate) write: Write,
    pub(crate) seq: i64,
    pub(crate) hash: [u8; 32],
    /// The event without its position.
    event: RawDocumentBuf,
}

#[derive(Debug)]
pub(crate) enum Write {
    /// A new record without its number, and the request for one.
    New(RawDocumentBuf, Option<NumberRequest>),
    /// A statement for the command `update`, and the record's number.
    Changed(RawDocumentBuf, Option<String>),
}

pub(crate) fn job(schemas: &Schemas, commit: &Commit) -> Result<Job> {
    let step = |change| step(schemas, change);
    let guard = |guard: &Guard| {
        let schema = schema_of(schemas, &guard.kind)?;
        Ok((schema.collection.clone(), guard.id, integer(guard.version)?))
    };
    Ok(Job {
        steps: commit.changes().iter().map(step).collect::<Result<_>>()?,
        guards: commit.guards().iter().map(guard).collect::<Result<_>>()?,
    })
}

/// The written records with their assigned numbers.
pub(crate) fn written(commit: &Commit, numbers: Vec<Option<String>>) -> Vec<Written> {
    let changes = commit.changes().iter().map(Change::record);
    changes
        .zip(numbers)
        .map(|(record, number)| Written { id: record.id(), version: record.version(), number })
        .collect()
}

fn step(schemas: &Schemas, change: &Change) -> Result<Step> {
    let record = change.record();
    let schema = schema_of(schemas, &record.envelope().kind)?;
    let write = match change.expected() {
        None => {
            let document = write_new(schema, record)?;
            check_size(&document)?;
            Write::New(document, change.number().cloned())
        }
        Some(expected) => {
            let query = rawdoc! { "_id": id_ref(&record.id()), "version": integer(expected)? };
            let statement = rawdoc! { "q": query, "u": write_change(schema, record)? };
            check_size(&statement)?;
            Write::Changed(statement, record.envelope().number.clone())
        }
    };
    let event = event(change)?;
    check_size(&event)?;
    Ok(Step {
        collection: schema.collection.clone(),
        id: record.id(),
        write,
        seq: integer(change.link().event().seq)?,
        hash: *change.link().hash(),
        event,
    })
}

fn schema_of<'s>(schemas: &'s Schemas, kind: &Name) -> Result<&'s Schema> {
    let schema = schemas.get(kind);
    schema.map(|schema| &**schema).ok_or_else(|| Error::bug(format!("kind `{kind}` was not prepared")))
}

/// The server closes the connection on a document that is too large, which looks like a lost server.
fn check_size(document: &RawDocumentBuf) -> Result<()> {
    if document.as_bytes().len() <= MOST_BYTES { Ok(()) } else { Err(too_large()) }
}

fn event(change: &Change) -> Result<RawDocumentBuf> {
    let (link, event) = (change.link(), change.link().event());
    let message = serde_json::to_string(change.message())
        .map_err(|error| Error::bug("a message is always JSON").because(error))?;
    let mut document = rawdoc! {
        "record": id_ref(&change.record().id()),
        "seq": integer(event.seq)?,
        "kind": event.kind.as_str(),
        "at": event.at.as_micros(),
        "actor": event.actor.as_str(),
        "action": event.action.as_str(),
        "body": link.body(),
        "hash": binary(BinarySubtype::Generic, link.hash()),
        "message": message,
    };
    if !change.posted() {
        document.append(cstr!("unposted"), true);
    }
    Ok(document)
}

impl Step {
    /// The event at its position. The server puts `_id` first.
    pub(crate) fn event(&self, position: i64) -> RawDocumentBuf {
        let mut event = self.event.clone();
        event.append(cstr!("_id"), position);
        event
    }

    pub(crate) fn number_request(&self) -> Option<&NumberRequest> {
        match &self.write {
            Write::New(_, request) => request.as_ref(),
            Write::Changed(..) => None,
        }
    }

    /// The approximate size in bytes.
    pub(crate) fn size(&self) -> usize {
        let (Write::New(record, _) | Write::Changed(record, _)) = &self.write;
        record.as_bytes().len() + self.event.as_bytes().len()
    }
}
