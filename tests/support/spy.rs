//! A store that a test can inspect: it forwards every call, and keeps a scope that sees all records.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use eovr_core::access::{Reach, Scope};
use eovr_core::audit::StoredEvent;
use eovr_core::decide::Commit;
use eovr_core::kind::Catalog;
use eovr_core::memory::MemoryStore;
use eovr_core::ports::{Census, Loaded, Parcel, Posted, Receipt, Store};
use eovr_core::record::{Column, Page, Query, RecordId, StoredRecord, Tally, TallyCell};
use eovr_core::{Name, Result, Timestamp};

type Spoil<T> = Box<dyn Fn(&mut T) + Send>;

/// Stands between an engine and the reference store.
#[derive(Default)]
pub struct Spy {
    inner: MemoryStore,
    // A store must not keep a scope; this spy does so on purpose.
    widest: Mutex<Option<Scope>>,
    kinds: Mutex<Vec<Name>>,
    spoil: Mutex<Option<Spoil<StoredRecord>>>,
    spoil_events: Mutex<Option<Spoil<StoredEvent>>>,
    spoil_messages: Mutex<Option<Spoil<String>>>,
    heard: Mutex<String>,
    deaf: AtomicBool,
}

impl std::fmt::Debug for Spy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

/// The complete content of the store: records, events, messages.
pub type Dump = (Vec<StoredRecord>, Vec<Vec<StoredEvent>>, Vec<String>);

impl Spy {
    /// A spy on an empty store.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Applies `how` to every record that is read from now on.
    pub fn spoil(&self, how: impl Fn(&mut StoredRecord) + Send + 'static) {
        *self.spoil.lock().expect("no test panics here") = Some(Box::new(how));
    }

    /// Applies `how` to every event that is read from now on.
    pub fn spoil_events(&self, how: impl Fn(&mut StoredEvent) + Send + 'static) {
        *self.spoil_events.lock().expect("no test panics here") = Some(Box::new(how));
    }

    /// Applies `how` to every message of the feed and the outbox that is read from now on.
    pub fn spoil_messages(&self, how: impl Fn(&mut String) + Send + 'static) {
        *self.spoil_messages.lock().expect("no test panics here") = Some(Box::new(how));
    }

    /// Switches the loss of message acknowledgements on or off.
    pub fn lose_acknowledgements(&self, lost: bool) {
        self.deaf.store(lost, Ordering::SeqCst);
    }

    /// The `Debug` of every commit so far.
    pub fn heard(&self) -> String {
        self.heard.lock().expect("no test panics here").clone()
    }

    /// A scope that sees all.
    pub fn everything(&self) -> Scope {
        self.widest.lock().expect("no test panics here").clone().expect("the engine has read its keys")
    }

    /// A record as stored.
    pub async fn record(&self, kind: &Name, id: RecordId) -> StoredRecord {
        self.inner.load(&self.everything(), kind, id).await.expect("it reads").expect("it is there")
    }

    /// The events of a record as stored.
    pub async fn chain(&self, kind: &Name, id: RecordId) -> Vec<StoredEvent> {
        self.inner.events(&self.everything(), kind, id).await.expect("it reads")
    }

    /// The complete content.
    pub async fn dump(&self) -> Dump {
        let everything = self.everything();
        let kinds = self.kinds.lock().expect("no test panics here").clone();
        let (mut records, mut events) = (Vec::new(), Vec::new());
        for kind in kinds {
            let mut query = Query::of(kind.clone()).limit(Query::LARGEST_PAGE);
            loop {
                let page = self.inner.find(&everything, &query).await.expect("it reads");
                for record in page.items {
                    events.push(
                        self.inner.events(&everything, &kind, record.envelope.id).await.expect("it reads"),
                    );
                    records.push(record);
                }
                match page.next {
                    Some(next) => query = query.after(Some(next)),
                    None => break,
                }
            }
        }
        let now = Timestamp::from_micros(0);
        let parcels = self.inner.lease(u32::MAX, now, now).await.expect("it reads");
        (records, events, parcels.into_iter().map(|parcel| parcel.message).collect())
    }

    fn read(&self, mut record: StoredRecord) -> StoredRecord {
        if let Some(spoil) = &*self.spoil.lock().expect("no test panics here") {
            spoil(&mut record);
        }
        record
    }

    fn garble<'a>(&self, messages: impl Iterator<Item = &'a mut String>) {
        if let Some(spoil) = &*self.spoil_messages.lock().expect("no test panics here") {
            messages.for_each(spoil);
        }
    }

    fn note(&self, scope: &Scope) {
        if matches!(scope.reach(), Reach::Country) {
            *self.widest.lock().expect("no test panics here") = Some(scope.clone());
        }
    }
}

#[async_trait]
impl Store for Spy {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        *self.kinds.lock().expect("no test panics here") =
            catalog.kinds().map(|kind| kind.name().clone()).collect();
        self.inner.prepare(catalog).await
    }

    async fn refresh(&self) -> Result<bool> {
        self.inner.refresh().await
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        // As with a database, other tasks run between a read and a write.
        tokio::task::yield_now().await;
        self.heard.lock().expect("no test panics here").push_str(&format!("{commit:?}\n{commit:#?}\n"));
        self.inner.commit(commit).await
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
        self.note(scope);
        let loaded = self.inner.load_for_decision(scope, kind, id).await?;
        Ok(loaded.map(|loaded| Loaded { record: self.read(loaded.record), ..loaded }))
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        self.note(scope);
        Ok(self.inner.load(scope, kind, id).await?.map(|record| self.read(record)))
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        self.note(scope);
        self.inner.find(scope, query).await?.try_map(|record| Ok(self.read(record)))
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
        self.inner.tally(scope, tally).await
    }

    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>> {
        // Also between two reads.
        tokio::task::yield_now().await;
        let mut events = self.inner.events(scope, kind, record).await?;
        if let Some(spoil) = &*self.spoil_events.lock().expect("no test panics here") {
            events.iter_mut().for_each(spoil);
        }
        Ok(events)
    }

    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>> {
        let mut page = self.inner.feed(after, limit).await?;
        self.garble(page.iter_mut().map(|posted| &mut posted.message));
        Ok(page)
    }

    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census> {
        self.inner.census(kind, by).await
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        let mut parcels = self.inner.lease(limit, now, until).await?;
        self.garble(parcels.iter_mut().map(|parcel| &mut parcel.message));
        Ok(parcels)
    }

    async fn acknowledge(&self, ids: &[u64]) -> Result<()> {
        if self.deaf.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.inner.acknowledge(ids).await
    }
}
