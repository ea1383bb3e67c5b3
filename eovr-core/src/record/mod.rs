//! Records: versioned documents of a kind.
//!
//! A record has three parts. The **envelope** is the same for every kind: ids, stamp, state, version, times, the head
//! of the audit chain. **Facets** are typed and can be queried: codes, numbers, times; a facet never identifies a
//! person. **Sealed fields** contain everything else, and only a key opens them ([`crate::seal`]).

mod hex;
mod id;
mod query;
mod value;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use self::hex::{Hex, unhex};
pub use self::id::{ActorId, RecordId};
pub(crate) use self::query::check_limit;
pub use self::query::{Clause, Column, Cursor, Page, Query, Tally, TallyCell, Test};
pub use self::value::{Value, ValueType};
use crate::error::Result;
use crate::name::Name;
use crate::org::Stamp;
use crate::seal::Sealed;
use crate::time::Timestamp;

/// The common part of all records. A store writes and reads every member, so the list is exhaustive on purpose: a new
/// member does not compile until each store keeps it.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nurse = testing::session(&eovr, "nurse-7", Role::Staff, "NIL")?;
/// # let (nile, report) = (OrgId::new("NIL")?, testing::report());
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// let json = serde_json::to_value(nurse.incidents().load(id).await?.envelope())?;
/// assert_eq!(json["state"], "created");
/// assert_eq!(json["stamp"]["facility"], "NIL");
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The kind.
    pub kind: Name,
    /// Unique for ever; sorts by time of creation (UUID version 7).
    pub id: RecordId,
    /// The number for people (`OVR-2026-000123`), for kinds that have one. The store assigns it in the transaction that
    /// creates the record.
    pub number: Option<String>,
    /// Its place in the organisation.
    pub stamp: Stamp,
    /// The actor who created it.
    pub author: ActorId,
    /// The parent record, for child kinds.
    pub parent: Option<RecordId>,
    /// Its state in the workflow of its kind.
    pub state: Name,
    /// The version: 1 at creation, plus one with every change. It prevents lost updates.
    pub version: u64,
    /// When it was created, by the server's clock.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Year and month of creation on the facility's wall clock, as `yyyymm`: `202611`.
    pub month: u32,
    /// The head of its audit chain.
    pub head: Head,
}

/// The newest event of a record's audit chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Head {
    /// The number of events in the chain.
    pub seq: u64,
    /// The hash of the newest event; 64 hexadecimal digits in JSON.
    #[serde(with = "hex")]
    pub hash: [u8; 32],
}

impl Head {
    /// The head of an empty chain.
    pub const EMPTY: Self = Self { seq: 0, hash: [0; 32] };
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:", self.seq)?;
        self.hash.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A record in the core. Only the core makes one: [`crate::decide`] makes new records, and the core reads stored ones.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let report = testing::report();
/// let factors = vec!["staff".to_owned(), "training".to_owned()];
/// let report = Report { location: Some("ward-3".to_owned()), disclosed: Some(true), factors, ..report };
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// let record = nurse.incidents().load(id).await?;
/// assert_eq!((record.state().as_str(), record.version()), ("created", 1));
/// assert_eq!(record.text("location"), Some("ward-3"));
/// assert_eq!(record.bool("disclosed"), Some(true));
/// assert!(record.codes("factors").eq(["staff", "training"]));
/// // The narrative is no facet: it is sealed.
/// assert!(record.facet("description").is_none() && record.sealed("description").is_some());
/// # Ok(()) });
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    pub(crate) envelope: Envelope,
    pub(crate) facets: BTreeMap<Name, Value>,
    pub(crate) sealed: BTreeMap<Name, Sealed>,
}

impl Record {
    /// The envelope.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The envelope's id.
    pub fn id(&self) -> RecordId {
        self.envelope.id
    }

    /// The envelope's state.
    pub fn state(&self) -> &Name {
        &self.envelope.state
    }

    /// The envelope's version.
    pub fn version(&self) -> u64 {
        self.envelope.version
    }

    /// One facet; `None` where it is not set.
    pub fn facet(&self, name: &str) -> Option<&Value> {
        self.facets.get(name)
    }

    /// A facet's text; `None` where it is not set or of another type.
    pub fn text(&self, facet: &str) -> Option<&str> {
        self.facet(facet).and_then(Value::as_text)
    }

    /// A facet's number; `None` where it is not set or of another type.
    pub fn int(&self, facet: &str) -> Option<i64> {
        self.facet(facet).and_then(Value::as_int)
    }

    /// A facet's boolean; `None` where it is not set or of another type.
    pub fn bool(&self, facet: &str) -> Option<bool> {
        self.facet(facet).and_then(Value::as_bool)
    }

    /// A facet's time; `None` where it is not set or of another type.
    pub fn time(&self, facet: &str) -> Option<Timestamp> {
        self.facet(facet).and_then(Value::as_time)
    }

    /// The codes of a facet that holds a list ([`Value::codes`]); none where it is not set.
    pub fn codes(&self, facet: &str) -> impl Iterator<Item = &str> {
        self.facet(facet).into_iter().flat_map(Value::as_codes)
    }

    /// All facets that are set.
    pub fn facets(&self) -> &BTreeMap<Name, Value> {
        &self.facets
    }

    /// One sealed field.
    pub fn sealed(&self, name: &str) -> Option<&Sealed> {
        self.sealed.get(name)
    }

    /// All sealed fields that are set.
    pub fn sealed_fields(&self) -> &BTreeMap<Name, Sealed> {
        &self.sealed
    }

    /// The keys of the sealed fields.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Uuid> {
        self.sealed.values().map(Sealed::key_id)
    }
}

/// A record in a list: its envelope and the requested facets, without sealed fields. It is not a [`Record`], because a
/// decision needs a complete record.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub(crate) envelope: Envelope,
    pub(crate) facets: BTreeMap<Name, Value>,
}

impl Listed {
    /// The envelope.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// One of the requested facets; `None` where it is not set.
    pub fn facet(&self, name: &str) -> Option<&Value> {
        self.facets.get(name)
    }
}

/// Prints which facets are set, but not their values.
impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed")
            .field("envelope", &self.envelope)
            .field("facets", &self.facets.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// A record as a store returns it. Its sealed values are plain bytes, because a store cannot make a [`Sealed`]. The
/// core checks them.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// The envelope.
    pub envelope: Envelope,
    /// The facets that are set.
    pub facets: BTreeMap<Name, Value>,
    /// The sealed fields that are set, byte for byte as they were committed.
    pub sealed: BTreeMap<Name, Vec<u8>>,
}

/// Prints the envelope and the names of the facets and fields that are set, but not their values, because a code can
/// contain text of a report in the wrong place.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "Record", &self.envelope, self.facets.keys(), self.sealed.keys())
    }
}

/// Prints the same as [`Record`].
impl fmt::Debug for StoredRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "StoredRecord", &self.envelope, self.facets.keys(), self.sealed.keys())
    }
}

fn show<'a>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    envelope: &Envelope,
    facets: impl Iterator<Item = &'a Name>,
    sealed: impl Iterator<Item = &'a Name>,
) -> fmt::Result {
    f.debug_struct(name)
        .field("envelope", envelope)
        .field("facets", &facets.collect::<Vec<_>>())
        .field("sealed", &sealed.collect::<Vec<_>>())
        .finish()
}

impl TryFrom<StoredRecord> for Record {
    type Error = crate::error::Error;

    fn try_from(stored: StoredRecord) -> Result<Self> {
        let StoredRecord { envelope, facets, sealed } = stored;
        let sealed = sealed.into_iter().map(|(name, bytes)| (name, Sealed::from_kept(bytes))).collect();
        Ok(Self { envelope, facets, sealed })
    }
}

impl From<&Record> for StoredRecord {
    fn from(record: &Record) -> Self {
        Self {
            envelope: record.envelope.clone(),
            facets: record.facets.clone(),
            sealed: record
                .sealed
                .iter()
                .map(|(name, value)| (name.clone(), value.as_bytes().to_vec()))
                .collect(),
        }
    }
}
