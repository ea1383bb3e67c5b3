//! The reference store. It keeps everything in memory and is written to be read.
//!
//! Its code shows as plainly as possible what a store must do, and the conformance tests compare the other stores
//! with it on random histories. Use it for tests and for a first look: it loses everything when the process ends.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use crate::access::Scope;
use crate::audit::{Beside, StoredEvent};
use crate::decide::{Change, Commit, Guard};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::Catalog;
use crate::name::Name;
use crate::ports::{Blobs, Census, Loaded, Parcel, Posted, Receipt, Store, Written};
use crate::record::{
    Column, Cursor, Page, Query, Record, RecordId, StoredRecord, Tally, TallyCell, Value, check_limit,
};
use crate::seal::Sealed;
use crate::time::Timestamp;

/// A store that keeps everything in memory.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let report = testing::report();
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// // A second engine with a store of its own knows nothing of the first.
/// # let org = eovr.org().clone();
/// let empty = Eovr::builder()
///     .store(MemoryStore::new())
/// #   .org(org).kinds(kinds(Settings::default())?).master_key(MasterKey::from_bytes(&[7; 32]))
///     .open()
///     .await?;
/// let elsewhere = empty.session(nurse.actor().clone());
/// assert_eq!(elsewhere.incidents().load(id).await.unwrap_err().kind(), ErrorKind::NotFound);
/// # Ok(()) });
/// ```
#[derive(Default)]
pub struct MemoryStore {
    world: Mutex<World>,
}

#[derive(Default)]
struct World {
    unique: BTreeMap<Name, Vec<Name>>,
    records: BTreeMap<RecordId, Record>,
    events: BTreeMap<RecordId, Vec<StoredEvent>>,
    numbers: BTreeMap<String, u64>,
    taken: BTreeSet<(Name, Name, Value)>,
    /// The message at position 1, 2, 3 …
    feed: Vec<String>,
    outbox: BTreeMap<u64, Held>,
}

/// A message of the outbox: when its lease ends, and how often it was leased.
struct Held {
    until: Timestamp,
    attempts: u32,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // A panic elsewhere cannot leave half a commit, because `apply` checks everything before it changes anything.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Prints how many entries there are, and no content.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let world = self.world();
        write!(f, "MemoryStore({} records, {} messages)", world.records.len(), world.outbox.len())
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        let mut world = self.world();
        for kind in catalog.kinds() {
            let unique = kind.facets().filter(|facet| facet.unique).map(|facet| facet.name.clone()).collect();
            world.unique.insert(kind.name().clone(), unique);
        }
        Ok(())
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        let mut world = self.world();
        commit.guards().iter().try_for_each(|guard| world.holds(guard))?;
        let mut claimed = BTreeSet::new();
        commit.changes().iter().try_for_each(|change| world.check(change, &mut claimed))?;
        let written = commit.into_changes().into_iter().map(|change| world.apply(change)).collect();
        Ok(Receipt { written })
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        Ok(self.world().seen(scope, kind, id).map(StoredRecord::from))
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
        let world = self.world();
        let Some(record) = world.seen(scope, kind, id) else { return Ok(None) };
        let chain = world.events.get(&id);
        let place = usize::try_from(record.envelope.head.seq).ok().and_then(|seq| seq.checked_sub(1));
        let last = chain.zip(place).and_then(|(chain, place)| chain.get(place));
        Ok(Some(Loaded { record: record.into(), last: last.map(|event| event.body.clone()) }))
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        check_limit(query.limit)?;
        let world = self.world();
        let place = |record: &Record| Cursor { created_at: record.envelope.created_at, id: record.id() };
        let mut found: Vec<&Record> = world
            .records
            .values()
            .filter(|record| {
                record.envelope.kind == query.kind && scope.matches(record) && query.matches(record)
            })
            .filter(|record| query.after.is_none_or(|after| place(record) < after))
            .collect();
        found.sort_by_key(|record| std::cmp::Reverse(place(record)));
        let limit = query.limit as usize;
        let next = if found.len() > limit { found.get(limit - 1).map(|record| place(record)) } else { None };
        let items = found.into_iter().take(limit).map(StoredRecord::from).collect();
        Ok(Page { items, next, damaged: Vec::new() })
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
        let world = self.world();
        let records = world.records.values().filter(|record| {
            record.envelope.kind == tally.kind && scope.matches(record) && tally.matches(record)
        });
        Ok(count(records, &tally.by))
    }

    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>> {
        let world = self.world();
        let seen = world.seen(scope, kind, record).is_some();
        Ok(world.events.get(&record).filter(|_| seen).cloned().unwrap_or_default())
    }

    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>> {
        let world = self.world();
        let posted = (1..).zip(&world.feed).filter(|(position, _)| *position > after);
        let posted = posted.map(|(position, message)| Posted { position, message: message.clone() });
        Ok(posted.take(limit as usize).collect())
    }

    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census> {
        let world = self.world();
        let records = world.records.values().filter(|record| record.envelope.kind == *kind);
        Ok(Census { position: world.feed.len() as u64, cells: count(records, by) })
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        let mut world = self.world();
        let World { feed, outbox, .. } = &mut *world;
        let free = outbox.iter_mut().filter(|(_, held)| held.until <= now).take(limit as usize);
        let handed_out = free.map(|(id, held)| {
            *held = Held { until, attempts: held.attempts + 1 };
            let message = usize::try_from(*id - 1).ok().and_then(|index| feed.get(index));
            Parcel { id: *id, attempts: held.attempts, message: message.cloned().unwrap_or_default() }
        });
        Ok(handed_out.collect())
    }

    async fn acknowledge(&self, ids: &[u64]) -> Result<()> {
        let mut world = self.world();
        for id in ids {
            world.outbox.remove(id);
        }
        Ok(())
    }
}

fn count<'a>(records: impl Iterator<Item = &'a Record>, by: &[Column]) -> Vec<TallyCell> {
    let mut counts: BTreeMap<Vec<Option<Value>>, u64> = BTreeMap::new();
    for record in records {
        *counts.entry(by.iter().map(|column| column.of(record)).collect()).or_default() += 1;
    }
    counts.into_iter().map(|(key, count)| TallyCell { key, count }).collect()
}

impl World {
    fn seen(&self, scope: &Scope, kind: &Name, id: RecordId) -> Option<&Record> {
        self.records.get(&id).filter(|record| record.envelope.kind == *kind && scope.matches(record))
    }

    /// The unique values of a record.
    fn claims(&self, record: &Record) -> Vec<(Name, Name, Value)> {
        let kind = &record.envelope.kind;
        let unique = self.unique.get(kind).into_iter().flatten();
        unique
            .filter_map(|facet| Some((kind.clone(), facet.clone(), record.facet(facet.as_str())?.clone())))
            .collect()
    }

    fn holds(&self, guard: &Guard) -> Result<()> {
        let now = self.records.get(&guard.id).filter(|record| record.envelope.kind == guard.kind);
        match now.map(Record::version) == Some(guard.version) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Conflict, "what the decision stands on has changed")
                .with("kind", &guard.kind)
                .with("record", guard.id)),
        }
    }

    /// `claimed`: the unique values of the same commit's changes before this one.
    fn check(&self, change: &Change, claimed: &mut BTreeSet<(Name, Name, Value)>) -> Result<()> {
        let record = change.record();
        let current = self.records.get(&record.id());
        if current.map(Record::version) != change.expected() {
            return Err(Error::new(ErrorKind::Conflict, "the record has changed since it was read")
                .with("record", record.id())
                .with("current_version", current.map_or(0, Record::version)));
        }
        let own = current.map(|current| self.claims(current)).unwrap_or_default();
        for claim in self.claims(record) {
            let taken = self.taken.contains(&claim) && !own.contains(&claim);
            let (_, facet, _) = &claim;
            if taken || claimed.contains(&claim) {
                return Err(Error::new(ErrorKind::Conflict, format!("this value of `{facet}` is taken"))
                    .with("record", record.id()));
            }
            claimed.insert(claim);
        }
        Ok(())
    }

    fn apply(&mut self, change: Change) -> Written {
        let mut record = change.record;
        if let Some(request) = &change.number {
            let count = self.numbers.entry(request.series.clone()).or_default();
            *count += 1;
            record.envelope.number = Some(request.write(*count));
        }
        if let Some(current) = self.records.get(&record.id()) {
            for claim in self.claims(current) {
                self.taken.remove(&claim);
            }
        }
        self.taken.extend(self.claims(&record));
        // A message holds ids and codes only, so it is always JSON.
        let message = serde_json::to_string(&change.message).unwrap_or_default();
        let event = change.link.event();
        let beside = Some(Beside {
            kind: event.kind.to_string(),
            seq: event.seq,
            at: event.at,
            actor: event.actor.to_string(),
            action: event.action.to_string(),
            message: message.clone(),
        });
        let stored = StoredEvent { beside, ..StoredEvent::from(&change.link) };
        self.events.entry(record.id()).or_default().push(stored);
        self.feed.push(message);
        let position = self.feed.len() as u64;
        if change.posted {
            self.outbox.insert(position, Held { until: Timestamp::from_micros(i64::MIN), attempts: 0 });
        }
        let written =
            Written { id: record.id(), version: record.version(), number: record.envelope.number.clone() };
        self.records.insert(record.id(), record);
        written
    }
}

/// A blob store that keeps blobs in memory.
#[derive(Default)]
pub struct MemoryBlobs {
    kept: Mutex<BTreeMap<Uuid, Vec<u8>>>,
}

impl MemoryBlobs {
    /// An empty blob store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of blobs.
    pub fn count(&self) -> usize {
        self.kept().len()
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<Uuid, Vec<u8>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryBlobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryBlobs({} blobs)", self.count())
    }
}

#[async_trait]
impl Blobs for MemoryBlobs {
    async fn put(&self, id: Uuid, sealed: &Sealed) -> Result<()> {
        self.kept().insert(id, sealed.as_bytes().to_vec());
        Ok(())
    }

    async fn get(&self, id: Uuid) -> Result<Option<Vec<u8>>> {
        Ok(self.kept().get(&id).cloned())
    }

    async fn remove(&self, id: Uuid) -> Result<()> {
        self.kept().remove(&id);
        Ok(())
    }
}
