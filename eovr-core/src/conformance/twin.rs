use std::sync::Arc;

use async_trait::async_trait;

use crate::access::Scope;
use crate::audit::StoredEvent;
use crate::decide::{Change, Commit};
use crate::error::{Error, Result};
use crate::kind::Catalog;
use crate::memory::MemoryStore;
use crate::name::Name;
use crate::ports::{Census, Loaded, Parcel, Posted, Receipt, Store};
use crate::record::{Column, Cursor, Page, Query, RecordId, StoredRecord, Tally, TallyCell};
use crate::time::Timestamp;

/// A store and the reference store side by side. Each call goes to both, and a difference is a `Bug` that names it.
/// The engine on top does not notice.
#[derive(Debug)]
pub(super) struct Twin {
    store: Arc<dyn Store>,
    reference: MemoryStore,
}

impl Twin {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, reference: MemoryStore::new() }
    }
}

#[async_trait]
impl Store for Twin {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        self.reference.prepare(catalog).await?;
        self.store.prepare(catalog).await
    }

    async fn refresh(&self) -> Result<bool> {
        self.store.refresh().await
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        let mut mirror: Vec<Change> = commit.changes().iter().map(copy).collect();
        let (what, guards) = (summary(&commit), commit.guards().to_vec());
        let got = self.store.commit(commit).await;
        // A store may leave gaps in a series, so the reference takes over the store's numbers.
        for (change, written) in mirror.iter_mut().zip(got.iter().flat_map(|receipt| &receipt.written)) {
            if change.number.take().is_some() {
                change.record.envelope.number = written.number.clone();
            }
        }
        let mut commit = Commit::new();
        mirror.into_iter().for_each(|change| commit.push(change));
        guards.into_iter().for_each(|guard| commit.guard(guard));
        same(|| what, got, self.reference.commit(commit).await)
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        let got = self.store.load(scope, kind, id).await;
        let wanted = self.reference.load(scope, kind, id).await;
        same(|| format!("load of {kind:?} {id} under {:?}", scope.reach()), got, wanted)
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
        let got = self.store.load_for_decision(scope, kind, id).await;
        let wanted = self.reference.load_for_decision(scope, kind, id).await;
        same(|| format!("load of {kind:?} {id} with its last event under {:?}", scope.reach()), got, wanted)
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        let place = || format!("find {query:?} under {:?}", scope.reach());
        let parts = |page: Page<StoredRecord>| {
            let mut items = page.items;
            // A store may leave out or return facets that the query did not request, so they are not compared.
            if let Some(shown) = query.shown() {
                for record in &mut items {
                    record.facets.retain(|name, _| shown.contains(name));
                    record.sealed.clear();
                }
            }
            (items, page.next)
        };
        let got = self.store.find(scope, query).await.map(parts);
        let wanted = self.reference.find(scope, query).await.map(parts);
        // The ids come first, because a difference of ids is easier to read than two pages of records.
        let ids = |page: &Result<(Vec<StoredRecord>, _)>| match page {
            Ok((items, _)) => items.iter().map(|record| record.envelope.id).collect::<Vec<_>>(),
            Err(_) => Vec::new(),
        };
        let (got_ids, wanted_ids) = (ids(&got), ids(&wanted));
        if got.is_ok() && wanted.is_ok() && got_ids != wanted_ids {
            return Err(differ(&place(), &got_ids.shown(), &wanted_ids.shown()));
        }
        let (items, next) = same(place, got, wanted)?;
        Ok(Page { items, next, damaged: Vec::new() })
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
        let got = self.store.tally(scope, tally).await;
        let wanted = self.reference.tally(scope, tally).await;
        same(|| format!("tally {tally:?} under {:?}", scope.reach()), got, wanted)
    }

    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>> {
        let mut got = self.store.events(scope, kind, record).await;
        let mut wanted = self.reference.events(scope, kind, record).await;
        // Each store may keep its own copies beside an event, and the verifier checks them.
        for event in [&mut got, &mut wanted].into_iter().flat_map(|events| events.iter_mut().flatten()) {
            event.beside = None;
        }
        same(|| format!("events of {kind:?} {record} under {:?}", scope.reach()), got, wanted)
    }

    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>> {
        let parsed = |posted: Vec<Posted>| -> Vec<_> {
            posted.into_iter().map(|posted| (posted.position, json(&posted.message))).collect()
        };
        let got = self.store.feed(after, limit).await?;
        let wanted = self.reference.feed(after, limit).await?;
        if parsed(got.clone()) != parsed(wanted.clone()) {
            let place = format!("feed of {limit} after {after}");
            return Err(differ(&place, &format!("{got:?}"), &format!("{wanted:?}")));
        }
        Ok(got)
    }

    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census> {
        let sorted = |census: Census| {
            let mut cells = census.cells;
            cells.sort();
            (census.position, cells)
        };
        let got = self.store.census(kind, by).await?;
        let wanted = sorted(self.reference.census(kind, by).await?);
        if sorted(got.clone()) != wanted {
            return Err(differ(
                &format!("census of {kind} by {by:?}"),
                &format!("{got:?}"),
                &format!("{wanted:?}"),
            ));
        }
        Ok(got)
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        let got = self.store.lease(limit, now, until).await?;
        let wanted = self.reference.lease(limit, now, until).await?;
        let shown = |parcels: &[Parcel]| -> Vec<_> {
            parcels.iter().map(|parcel| (parcel.id, json(&parcel.message), parcel.attempts)).collect()
        };
        let ordered = got.is_sorted_by(|one, next| one.id < next.id);
        if !ordered || shown(&got) != shown(&wanted) {
            return Err(differ(
                &format!("lease of {limit} at {now}"),
                &format!("{got:?}"),
                &format!("{wanted:?}"),
            ));
        }
        Ok(got)
    }

    async fn acknowledge(&self, ids: &[u64]) -> Result<()> {
        self.reference.acknowledge(ids).await?;
        self.store.acknowledge(ids).await
    }
}

/// Outside the core a commit cannot be cloned, so that a commit is never applied twice. The twin must apply it to
/// both stores.
pub(super) fn copy(change: &Change) -> Change {
    Change {
        record: change.record.clone(),
        expected: change.expected,
        link: change.link.clone(),
        number: change.number.clone(),
        message: change.message.clone(),
        posted: change.posted,
        keys: change.keys.clone(),
    }
}

fn same<T: PartialEq + Shown>(
    place: impl FnOnce() -> String,
    got: Result<T>,
    wanted: Result<T>,
) -> Result<T> {
    let shown = |answer: &Result<T>| match answer {
        Ok(answer) => answer.shown(),
        Err(error) => format!("{error:?}"),
    };
    match (got, wanted) {
        (Ok(got), Ok(wanted)) if got == wanted => Ok(got),
        (Err(got), Err(wanted)) if got.kind() == wanted.kind() => Err(got),
        (got, wanted) => Err(differ(&place(), &shown(&got), &shown(&wanted))),
    }
}

fn differ(place: &str, got: &str, wanted: &str) -> Error {
    Error::bug(format!("{place}\n      store:     {}\n      reference: {}", short(got), short(wanted)))
}

/// Enough text to see the difference, not a screenful of bytes.
fn short(text: &str) -> String {
    const LONGEST: usize = 1500;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A readable answer. Records and events keep their values out of `Debug`; here the values are test data.
trait Shown {
    fn shown(&self) -> String;
}

impl Shown for StoredRecord {
    fn shown(&self) -> String {
        let Self { envelope, facets, sealed } = self;
        let sealed: Vec<_> =
            sealed.iter().map(|(name, bytes)| format!("{name}: {} bytes", bytes.len())).collect();
        format!("{envelope:?} {facets:?} {sealed:?}")
    }
}

impl Shown for Loaded {
    fn shown(&self) -> String {
        format!("{}, last event {:?}", self.record.shown(), self.last)
    }
}

impl Shown for StoredEvent {
    fn shown(&self) -> String {
        self.body.clone()
    }
}

impl Shown for TallyCell {
    fn shown(&self) -> String {
        format!("{:?}: {}", self.key, self.count)
    }
}

impl Shown for RecordId {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for Receipt {
    fn shown(&self) -> String {
        format!("{:?}", self.written)
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> String {
        self.as_ref().map_or("nothing".to_owned(), Shown::shown)
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn shown(&self) -> String {
        self.iter().map(Shown::shown).collect::<Vec<_>>().join("; ")
    }
}

impl Shown for (Vec<StoredRecord>, Option<Cursor>) {
    fn shown(&self) -> String {
        format!("next {:?}, {}", self.1, self.0.shown())
    }
}

fn summary(commit: &Commit) -> String {
    let changes = commit.changes().iter();
    let changes: Vec<_> = changes
        .map(|change| {
            let record = change.record();
            let kind = &record.envelope.kind;
            format!("{kind} {} from version {:?} to {}", record.id(), change.expected(), record.version())
        })
        .collect();
    format!("commit of {}", changes.join(" and "))
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_default()
}
