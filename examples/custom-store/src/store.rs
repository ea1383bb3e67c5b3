//! A store of your own, in one file: eovr on [`redb`], an embedded key-value database. Read it from the top and replace
//! redb by your database. Two more files belong to it: `layout.rs` defines how a record is stored, and `error.rs`
//! converts redb's errors into eovr's.
//!
//! [`Store`] has eleven methods. Their contract has five rules:
//!
//! 1. **All or nothing.** A commit writes its records, events, messages, numbers and unique values together, and they
//!    are durable when it returns. Here: one write transaction for each commit.
//! 2. **No lost update.** A change that expects another version than the stored one is a `Conflict`, and so is a unique
//!    value that another record has. Here: checked in that same transaction.
//! 3. **Out of scope is absent.** No read returns, counts or hints at a record outside its [`Scope`]. Here:
//!    `Scope::matches`, before any other work on a record.
//! 4. **Values come back unchanged.** Every text, time and byte, and each event byte for byte, because otherwise the
//!    audit trail does not verify. Here: JSON that names the type of each value.
//! 5. **The feed has every change, once, in order.** Positions 1, 2, 3 … without a gap, also under concurrent commits.
//!    Here: there is one writer at a time.
//!
//! `tests/conformance.rs` runs the contract's test suite against this file.
//!
//! This store is not fast. Every query reads all records and filters them in Rust with the core's own reference
//! functions, so that it cannot disagree with the core. Start like this and add indexes later.

mod error;
mod layout;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use eovr_core::access::Scope;
use eovr_core::audit::StoredEvent;
use eovr_core::decide::{Change, Commit, Guard};
use eovr_core::kind::Catalog;
use eovr_core::ports::{Census, Loaded, Parcel, Posted, Receipt, Store, Written};
use eovr_core::record::{
    Column, Cursor, Page, Query, Record, RecordId, StoredRecord, Tally, TallyCell, Value,
};
use eovr_core::{Error, ErrorKind, Name, Result, Timestamp};
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::error::{damaged, failed, unavailable, uncertain};
use crate::layout::{EVENTS, FEED, Id, OUTBOX, RECORDS, Saved, Tables, claim};

/// eovr in one file on disk. It requires tokio.
#[derive(Debug)]
pub struct RedbStore {
    database: Arc<Database>,
    turn: Arc<Mutex<()>>,
}

impl RedbStore {
    /// Opens a file, or creates it. One process at a time, because redb locks the file.
    ///
    /// # Errors
    /// `Unavailable` if the file cannot be opened.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let opening = spawn_blocking(move || Database::create(path).map_err(failed));
        let database = Arc::new(opening.await.map_err(|_| unavailable())??);
        let store = Self { database, turn: Arc::default() };
        // A reader must find every table, and redb creates a table when a writer first opens it.
        store.write(|to| Tables::open(to).map(drop)).await?;
        Ok(store)
    }

    /// One write transaction on a blocking thread, because redb waits for the disk.
    ///
    /// The caller may drop this future at any await. Before its turn, nothing has happened. Once the work has begun, it
    /// owns the lock and runs to its end even without its caller, and the next writer waits for it. So a commit is
    /// either complete or absent.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let database = Arc::clone(&self.database);
        let working = spawn_blocking(move || {
            let _turn = turn;
            let transaction = database.begin_write().map_err(failed)?;
            // An error returns here; redb discards a dropped transaction.
            let done = work(&transaction)?;
            transaction.commit().map_err(|error| uncertain().because(error))?;
            Ok(done)
        });
        working.await.map_err(|_| uncertain())?
    }

    /// One snapshot, without later commits.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = Arc::clone(&self.database);
        let working = spawn_blocking(move || work(&database.begin_read().map_err(failed)?));
        working.await.map_err(|_| unavailable())?
    }
}

#[async_trait]
impl Store for RedbStore {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        // A store without columns must also know which facets are unique, and refuse a facet whose type differs from
        // the stored records.
        let catalog = catalog.clone();
        self.write(move |to| {
            let mut tables = Tables::open(to)?;
            for (kind, facet) in
                catalog.kinds().flat_map(|kind| kind.facets().map(move |facet| (kind, facet)))
            {
                let key = (kind.name().as_str(), facet.name.as_str());
                let spec = (facet.value_type.name(), facet.unique);
                let before = tables.facets.insert(key, spec).map_err(failed)?;
                if before.is_some_and(|before| before.value().0 != spec.0) {
                    return Err(Error::new(ErrorKind::Config, format!("`{}` had another type", facet.name))
                        .with("kind", kind.name()));
                }
            }
            tables.claim_again()
        })
        .await
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        self.write(move |to| {
            let mut tables = Tables::open(to)?;
            commit.guards().iter().try_for_each(|guard| tables.holds(guard))?;
            let written =
                commit.changes().iter().map(|change| tables.apply(change)).collect::<Result<_>>()?;
            Ok(Receipt { written })
        })
        .await
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        let (scope, kind) = (scope.clone(), kind.clone());
        self.read(move |from| Ok(one(from, &scope, &kind, id)?.as_ref().map(StoredRecord::from))).await
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
        let (scope, kind) = (scope.clone(), kind.clone());
        // From one snapshot, because a commit between two reads would look like damage.
        self.read(move |from| {
            let Some(record) = one(from, &scope, &kind, id)? else { return Ok(None) };
            let events = from.open_table(EVENTS).map_err(failed)?;
            let last = events.get((id.as_bytes(), record.envelope().head.seq)).map_err(failed)?;
            let last = last.map(|row| row.value().1.to_owned());
            Ok(Some(Loaded { record: StoredRecord::from(&record), last }))
        })
        .await
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        if !(1..=Query::LARGEST_PAGE).contains(&query.limit) {
            return Err(Error::invalid("a page of that size cannot be had"));
        }
        let (scope, query) = (scope.clone(), query.clone());
        self.read(move |from| {
            let place =
                |record: &Record| Cursor { created_at: record.envelope().created_at, id: record.id() };
            let mut found = all(from, &query.kind, |record| {
                let behind = query.after.is_none_or(|after| place(record) < after);
                scope.matches(record) && query.matches(record) && behind
            })?;
            found.sort_by_key(|record| std::cmp::Reverse(place(record)));
            let more = found.len() > query.limit as usize;
            found.truncate(query.limit as usize);
            let next = found.last().filter(|_| more).map(place);
            let items = found.iter().map(StoredRecord::from).collect();
            Ok(Page { items, next, damaged: Vec::new() })
        })
        .await
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
        let (scope, tally) = (scope.clone(), tally.clone());
        self.read(move |from| {
            let counted = all(from, &tally.kind, |record| scope.matches(record) && tally.matches(record))?;
            Ok(count(&counted, &tally.by))
        })
        .await
    }

    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>> {
        let (scope, kind) = (scope.clone(), kind.clone());
        self.read(move |from| {
            if one(from, &scope, &kind, record)?.is_none() {
                return Ok(Vec::new());
            }
            let events = from.open_table(EVENTS).map_err(failed)?;
            let chain = (record.as_bytes(), 0)..=(record.as_bytes(), u64::MAX);
            let chain = events.range(chain).map_err(failed)?.map(|row| {
                let (_, row) = row.map_err(failed)?;
                let (hash, body) = row.value();
                Ok(StoredEvent { body: body.to_owned(), hash: *hash, beside: None })
            });
            chain.collect()
        })
        .await
    }

    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>> {
        self.read(move |from| {
            let feed = from.open_table(FEED).map_err(failed)?;
            let posted = feed.range(after.saturating_add(1)..).map_err(failed)?.map(|row| {
                let (position, message) = row.map_err(failed)?;
                Ok(Posted { position: position.value(), message: message.value().to_owned() })
            });
            posted.take(limit as usize).collect()
        })
        .await
    }

    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census> {
        let (kind, by) = (kind.clone(), by.to_vec());
        // The counts and the position must come from one snapshot.
        self.read(move |from| {
            let feed = from.open_table(FEED).map_err(failed)?;
            let position = feed.last().map_err(failed)?.map_or(0, |(position, _)| position.value());
            Ok(Census { position, cells: count(&all(from, &kind, |_| true)?, &by) })
        })
        .await
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        self.write(move |to| {
            let Tables { mut outbox, feed, .. } = Tables::open(to)?;
            let mut free = Vec::new();
            for row in outbox.iter().map_err(failed)? {
                let (id, held) = row.map_err(failed)?;
                let (held_until, attempts) = held.value();
                if held_until <= now.as_micros() && free.len() < limit as usize {
                    free.push((id.value(), attempts + 1));
                }
            }
            let handed_out = free.into_iter().map(|(id, attempts)| {
                outbox.insert(id, (until.as_micros(), attempts)).map_err(failed)?;
                let message = feed.get(id).map_err(failed)?.ok_or_else(damaged)?.value().to_owned();
                Ok(Parcel { id, attempts, message })
            });
            handed_out.collect()
        })
        .await
    }

    async fn acknowledge(&self, ids: &[u64]) -> Result<()> {
        let ids = ids.to_vec();
        self.write(move |to| {
            let mut outbox = to.open_table(OUTBOX).map_err(failed)?;
            ids.iter().try_for_each(|id| outbox.remove(id).map(drop).map_err(failed))
        })
        .await
    }
}

impl Tables<'_> {
    /// A record that the decision depends on must be unchanged.
    fn holds(&self, guard: &Guard) -> Result<()> {
        let now = self.records.get(guard.id.as_bytes()).map_err(failed)?;
        let now = now.map(|json| Saved::read(json.value())).transpose()?;
        let now = now.filter(|record| record.envelope().kind == guard.kind);
        match now.as_ref().map(Record::version) == Some(guard.version) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Conflict, "what the decision stands on has changed")
                .with("record", guard.id)),
        }
    }

    /// The central step: applies the change of one record. An error here rolls back the whole commit.
    fn apply(&mut self, change: &Change) -> Result<Written> {
        let (record, id) = (change.record(), change.record().id());
        let current = self.records.get(id.as_bytes()).map_err(failed)?;
        let current = current.map(|json| Saved::read(json.value())).transpose()?;
        // `None` on both sides is a new record.
        if current.as_ref().map(Record::version) != change.expected() {
            return Err(Error::new(ErrorKind::Conflict, "the record has changed since it was read")
                .with("record", id));
        }
        // Its old unique values are released before it claims the new ones, because most of them are the same.
        for claim in current.map(|current| self.claims(&current)).transpose()?.unwrap_or_default() {
            self.taken.remove(claim.as_str()).map_err(failed)?;
        }
        self.claim(record, ErrorKind::Conflict)?;
        let mut stored = StoredRecord::from(record);
        if let Some(request) = change.number() {
            let series = request.series.as_str();
            let next = self.numbers.get(series).map_err(failed)?.map_or(0, |last| last.value()) + 1;
            self.numbers.insert(series, next).map_err(failed)?;
            stored.envelope.number = Some(request.write(next));
        }
        let (link, place) = (change.link(), (id.as_bytes(), change.link().head().seq));
        self.events.insert(place, (link.hash(), link.body())).map_err(failed)?;
        let message = serde_json::to_string(change.message()).map_err(|_| Error::bug("a message is JSON"))?;
        let position = self.feed.last().map_err(failed)?.map_or(0, |(last, _)| last.value()) + 1;
        self.feed.insert(position, message.as_str()).map_err(failed)?;
        if change.posted() {
            self.outbox.insert(position, (i64::MIN, 0)).map_err(failed)?;
        }
        let written = Written { id, version: record.version(), number: stored.envelope.number.clone() };
        self.records.insert(id.as_bytes(), Saved::write(stored)?.as_str()).map_err(failed)?;
        Ok(written)
    }

    /// The values of a record that no other record of its kind may have.
    fn claims(&self, record: &Record) -> Result<Vec<String>> {
        let kind = &record.envelope().kind;
        let mut claims = Vec::new();
        for (facet, value) in record.facets() {
            let known = self.facets.get((kind.as_str(), facet.as_str())).map_err(failed)?;
            if known.is_some_and(|known| known.value().1) {
                claims.push(claim(kind, facet, value)?);
            }
        }
        Ok(claims)
    }

    fn claim(&mut self, record: &Record, otherwise: ErrorKind) -> Result<()> {
        for claim in self.claims(record)? {
            if self.taken.insert(claim.as_str(), record.id().as_bytes()).map_err(failed)?.is_some() {
                return Err(Error::new(otherwise, "a unique value is taken").with("record", record.id()));
            }
        }
        Ok(())
    }

    /// If a facet becomes unique, the rule also applies to existing records.
    fn claim_again(&mut self) -> Result<()> {
        self.taken.retain(|_, _| false).map_err(failed)?;
        let records = scan(&self.records, |_| true)?;
        records.iter().try_for_each(|record| self.claim(record, ErrorKind::Config))
    }
}

/// One record, if it is of this kind and in scope. Both reads of a single record use this function.
fn one(from: &ReadTransaction, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Record>> {
    let records = from.open_table(RECORDS).map_err(failed)?;
    let Some(json) = records.get(id.as_bytes()).map_err(failed)? else { return Ok(None) };
    let record = Saved::read(json.value())?;
    Ok(Some(record).filter(|record| record.envelope().kind == *kind && scope.matches(record)))
}

/// All records of a kind that match.
fn all(from: &ReadTransaction, kind: &Name, passes: impl Fn(&Record) -> bool) -> Result<Vec<Record>> {
    let records = from.open_table(RECORDS).map_err(failed)?;
    scan(&records, |record| record.envelope().kind == *kind && passes(record))
}

fn scan(
    records: &impl ReadableTable<Id, &'static str>,
    passes: impl Fn(&Record) -> bool,
) -> Result<Vec<Record>> {
    let rows = records.iter().map_err(failed)?.map(|row| Saved::read(row.map_err(failed)?.1.value()));
    rows.filter(|record| record.as_ref().map_or(true, &passes)).collect()
}

fn count(records: &[Record], by: &[Column]) -> Vec<TallyCell> {
    let mut counts: BTreeMap<Vec<Option<Value>>, u64> = BTreeMap::new();
    for record in records {
        *counts.entry(by.iter().map(|column| column.of(record)).collect()).or_default() += 1;
    }
    counts.into_iter().map(|(key, count)| TallyCell { key, count }).collect()
}
