//! Monitors whether the store accepts writes, because a database with a full disk or a lock still reads well.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use eovr_core::access::Scope;
use eovr_core::audit::StoredEvent;
use eovr_core::decide::Commit;
use eovr_core::kind::Catalog;
use eovr_core::ports::{Census, Clock as _, Loaded, Parcel, Posted, Receipt, Store};
use eovr_core::record::{Column, Page, Query, RecordId, StoredRecord, Tally, TallyCell};
use eovr_core::service::SystemClock;
use eovr_core::{ErrorKind, Name, Result, Timestamp};

/// The result of the last write.
#[derive(Debug, Default)]
pub struct Writes {
    /// The start of the failure in microseconds; 0 if the last write succeeded.
    failing_since: AtomicI64,
}

impl Writes {
    /// Since when every write has failed; `None` if the last one succeeded.
    pub fn failing_since(&self) -> Option<Timestamp> {
        match self.failing_since.load(Ordering::Relaxed) {
            0 => None,
            micros => Some(Timestamp::from_micros(micros)),
        }
    }

    fn succeeded(&self) {
        if self.failing_since.swap(0, Ordering::Relaxed) != 0 {
            tracing::info!(target: "eovr_host::writes", "the store takes writes again");
        }
    }

    fn failed(&self, kind: ErrorKind) {
        metrics::counter!("eovr_writes_failed_total", "kind" => kind.name()).increment(1);
        let now = SystemClock.now().as_micros();
        let begins = self.failing_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        if begins.is_ok() {
            tracing::error!(target: "eovr_host::writes", kind = kind.name(), "the store takes no writes");
        }
    }
}

/// A store with a monitor on its writes, and no other change.
#[derive(Debug)]
pub struct WatchedStore {
    store: Arc<dyn Store>,
    writes: Arc<Writes>,
}

impl WatchedStore {
    /// Watches the writes of a store.
    pub fn new(store: Arc<dyn Store>, writes: Arc<Writes>) -> Self {
        Self { store, writes }
    }
}

/// Whether the error is about the store, and not about the request.
fn is_of_the_store(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unavailable | ErrorKind::Uncertain | ErrorKind::Config)
}

#[async_trait]
impl Store for WatchedStore {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        self.store.prepare(catalog).await
    }

    async fn refresh(&self) -> Result<bool> {
        self.store.refresh().await
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        let done = self.store.commit(commit).await;
        match &done {
            Ok(_) => self.writes.succeeded(),
            Err(error) if is_of_the_store(error.kind()) => self.writes.failed(error.kind()),
            Err(_) => {}
        }
        done
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        self.store.load(scope, kind, id).await
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
        self.store.load_for_decision(scope, kind, id).await
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        self.store.find(scope, query).await
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
        self.store.tally(scope, tally).await
    }

    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>> {
        self.store.events(scope, kind, record).await
    }

    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>> {
        self.store.feed(after, limit).await
    }

    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census> {
        self.store.census(kind, by).await
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        self.store.lease(limit, now, until).await
    }

    async fn acknowledge(&self, ids: &[u64]) -> Result<()> {
        self.store.acknowledge(ids).await
    }
}
