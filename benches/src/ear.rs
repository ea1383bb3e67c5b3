//! A store that records the engine's queries, so that the benchmark can run the same queries without the engine.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use eovr_core::access::Scope;
use eovr_core::audit::StoredEvent;
use eovr_core::decide::Commit;
use eovr_core::kind::Catalog;
use eovr_core::ports::{Census, Loaded, Parcel, Posted, Receipt, Store};
use eovr_core::record::{Column, Page, Query, RecordId, StoredRecord, Tally, TallyCell};
use eovr_core::{Name, Result, Timestamp};

/// The recorded queries.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Queries for pages.
    pub(crate) finds: Vec<(Scope, Query)>,
    /// Queries for counts.
    pub(crate) tallies: Vec<(Scope, Tally)>,
}

/// Wraps another store.
#[derive(Debug)]
pub(crate) struct Ear {
    store: Arc<dyn Store>,
    heard: Mutex<Heard>,
}

impl Ear {
    pub(crate) fn on(store: Arc<dyn Store>) -> Self {
        Self { store, heard: Mutex::default() }
    }

    /// The queries since the last call.
    pub(crate) fn take(&self) -> Heard {
        std::mem::take(&mut self.heard())
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Ear {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        self.store.prepare(catalog).await
    }

    async fn refresh(&self) -> Result<bool> {
        self.store.refresh().await
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        self.store.commit(commit).await
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
        self.store.load_for_decision(scope, kind, id).await
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        self.store.load(scope, kind, id).await
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        self.heard().finds.push((scope.clone(), query.clone()));
        self.store.find(scope, query).await
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
        self.heard().tallies.push((scope.clone(), tally.clone()));
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
