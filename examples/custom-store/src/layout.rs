//! The content of the file: seven tables, with records as JSON.
//!
//! The core's types have no JSON representation for a store. The `remote` types below define one. They stop compiling
//! when the core gets a new field, so that no field is lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eovr_core::org::Stamp;
use eovr_core::record::{ActorId, Envelope, Head, Record, RecordId, StoredRecord, Value};
use eovr_core::{Error, Name, Result, Timestamp};
use redb::{Table, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use crate::error::{damaged, failed};

pub(crate) type Id = &'static [u8; 16];

/// The record as JSON.
pub(crate) const RECORDS: TableDefinition<'_, Id, &str> = TableDefinition::new("records");
/// Record and position in its chain: hash and body.
pub(crate) const EVENTS: TableDefinition<'_, (Id, u64), (&[u8; 32], &str)> = TableDefinition::new("events");
/// Position: message. A message is never removed.
pub(crate) const FEED: TableDefinition<'_, u64, &str> = TableDefinition::new("feed");
/// Position: the end of its lease (microseconds), and the number of its leases.
pub(crate) const OUTBOX: TableDefinition<'_, u64, (i64, u32)> = TableDefinition::new("outbox");
/// Series: its last assigned number.
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");
/// Kind and facet: its type, and whether its values are unique.
const FACETS: TableDefinition<'_, (&str, &str), (&str, bool)> = TableDefinition::new("facets");
/// A claim, see [`claim`]: the record that holds it.
const TAKEN: TableDefinition<'_, &str, Id> = TableDefinition::new("taken");

/// The tables that a commit writes.
pub(crate) struct Tables<'t> {
    pub(crate) records: Table<'t, Id, &'static str>,
    pub(crate) events: Table<'t, (Id, u64), (&'static [u8; 32], &'static str)>,
    pub(crate) feed: Table<'t, u64, &'static str>,
    pub(crate) outbox: Table<'t, u64, (i64, u32)>,
    pub(crate) numbers: Table<'t, &'static str, u64>,
    pub(crate) facets: Table<'t, (&'static str, &'static str), (&'static str, bool)>,
    pub(crate) taken: Table<'t, &'static str, Id>,
}

impl<'t> Tables<'t> {
    pub(crate) fn open(to: &'t WriteTransaction) -> Result<Self> {
        Ok(Self {
            records: to.open_table(RECORDS).map_err(failed)?,
            events: to.open_table(EVENTS).map_err(failed)?,
            feed: to.open_table(FEED).map_err(failed)?,
            outbox: to.open_table(OUTBOX).map_err(failed)?,
            numbers: to.open_table(NUMBERS).map_err(failed)?,
            facets: to.open_table(FACETS).map_err(failed)?,
            taken: to.open_table(TAKEN).map_err(failed)?,
        })
    }
}

/// A record.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    #[serde(with = "EnvelopeJson")]
    envelope: Envelope,
    facets: BTreeMap<Name, Facet>,
    /// In base64. The engine seals these fields before the store sees them.
    sealed: BTreeMap<Name, String>,
}

impl Saved {
    pub(crate) fn write(record: StoredRecord) -> Result<String> {
        let StoredRecord { envelope, facets, sealed } = record;
        let facets = facets.into_iter().map(|(name, value)| (name, Facet(value))).collect();
        let sealed = sealed.into_iter().map(|(name, bytes)| (name, STANDARD.encode(bytes))).collect();
        json(&Self { envelope, facets, sealed })
    }

    /// The core reads it back, because it does not accept arbitrary bytes as sealed ones.
    pub(crate) fn read(json: &str) -> Result<Record> {
        let Self { envelope, facets, sealed } = serde_json::from_str(json).map_err(|_| damaged())?;
        let facets = facets.into_iter().map(|(name, Facet(value))| (name, value)).collect();
        let bytes = |text: String| STANDARD.decode(text).map_err(|_| damaged());
        let sealed =
            sealed.into_iter().map(|(name, text)| Ok((name, bytes(text)?))).collect::<Result<_>>()?;
        Record::try_from(StoredRecord { envelope, facets, sealed })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Envelope")]
struct EnvelopeJson {
    kind: Name,
    id: RecordId,
    number: Option<String>,
    stamp: Stamp,
    author: ActorId,
    parent: Option<RecordId>,
    state: Name,
    version: u64,
    #[serde(with = "micros")]
    created_at: Timestamp,
    #[serde(with = "micros")]
    updated_at: Timestamp,
    month: u32,
    #[serde(with = "HeadJson")]
    head: Head,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Head")]
struct HeadJson {
    seq: u64,
    hash: [u8; 32],
}

#[derive(Serialize, Deserialize)]
struct Facet(#[serde(with = "ValueJson")] Value);

/// With the name of its type: `{"Text":"7"}` is not `{"Int":7}`.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Value")]
enum ValueJson {
    Text(Arc<str>),
    Int(i64),
    Bool(bool),
    Time(#[serde(with = "micros")] Timestamp),
    Bytes(Vec<u8>),
}

/// As a number. The text of a [`Timestamp`] is for people and cannot express the last hours of the year 9999.
mod micros {
    use eovr_core::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.as_micros())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(from).map(Timestamp::from_micros)
    }
}

/// A key for the fact that this kind has this value in this facet.
pub(crate) fn claim(kind: &Name, facet: &Name, value: &Value) -> Result<String> {
    json(&(kind, facet, Facet(value.clone())))
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Error::bug("a record is JSON"))
}
