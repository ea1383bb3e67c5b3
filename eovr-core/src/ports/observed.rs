use std::time::Duration;

use async_trait::async_trait;
use tracing::{debug, warn};

use crate::access::Scope;
use crate::audit::StoredEvent;
use crate::decide::Commit;
use crate::error::{ErrorKind, Result};
use crate::kind::Catalog;
use crate::name::Name;
use crate::ports::observe::{micros, outcome, timed};
use crate::ports::{Census, Loaded, Parcel, Posted, Receipt, Store};
use crate::record::{Column, Page, Query, RecordId, StoredRecord, Tally, TallyCell};
use crate::time::Timestamp;

const TARGET: &str = "eovr_core::store";
const SLOW: Duration = Duration::from_millis(500);

/// A store that tells a subscriber of `tracing` what it does: one event for each operation, with the target
/// `eovr_core::store` and the fields `operation`, `kind`, `rows`, `outcome`, `error` and `micros`.
///
/// The level is `DEBUG`. It is `WARN` for an operation that is slow or fails with `Conflict`, `Unavailable` or
/// `Uncertain`. An event never contains a value or an id of a record.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let org = testing::org()?;
/// use std::time::Duration;
///
/// use eovr_core::ports::Observed;
///
/// let store = MemoryStore::new();
/// let eovr = Eovr::builder()
///     .store(Observed::new(store).slow_from(Duration::from_millis(200)))
/// #   .org(org).kinds(kinds(Settings::default())?).master_key(MasterKey::from_bytes(&[7; 32]))
///     .open()
///     .await?;
/// # let nurse = testing::session(&eovr, "nurse-7", Role::Staff, "NIL")?;
/// assert!(nurse.incidents().newest(10).await?.items.is_empty());
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct Observed<S> {
    store: S,
    slow: Duration,
}

impl<S: Store> Observed<S> {
    /// Wraps a store. An operation of 500 milliseconds or more is slow.
    pub fn new(store: S) -> Self {
        Self { store, slow: SLOW }
    }

    /// Sets the duration from which an operation is slow.
    #[must_use]
    pub fn slow_from(self, slow: Duration) -> Self {
        Self { slow, ..self }
    }

    async fn tell<T>(
        &self,
        operation: &'static str,
        kind: Option<&Name>,
        rows: fn(&T) -> usize,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        use ErrorKind::{Conflict, Unavailable, Uncertain};
        let (done, took) = timed(work).await;
        let (outcome, error) = outcome(&done);
        let (kind, rows) = (kind.map(Name::as_str), done.as_ref().ok().map(rows));
        let (slow, micros) = (took >= self.slow, micros(took));
        let failed =
            done.as_ref().is_err_and(|error| matches!(error.kind(), Conflict | Unavailable | Uncertain));
        macro_rules! told {
            ($event:ident, $message:literal) => {
                $event!(target: TARGET, operation, kind, rows, outcome, error, micros, $message)
            };
        }
        match () {
            () if failed => told!(warn, "the store refused"),
            () if slow => told!(warn, "the store was slow"),
            () => told!(debug, "the store answered"),
        }
        done
    }
}

#[async_trait]
impl<S: Store> Store for Observed<S> {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        self.tell("prepare", None, |()| 0, self.store.prepare(catalog)).await
    }

    async fn refresh(&self) -> Result<bool> {
        self.tell("refresh", None, |new| usize::from(*new), self.store.refresh()).await
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        let kind = commit.changes().first().map(|change| change.record().envelope().kind.clone());
        let rows = |receipt: &Receipt| receipt.written.len();
        self.tell("commit", kind.as_ref(), rows, self.store.commit(commit)).await
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        let rows = |found: &Option<_>| usize::from(found.is_some());
        self.tell("load", Some(kind), rows, self.store.load(scope, kind, id)).await
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
        let rows = |found: &Option<_>| usize::from(found.is_some());
        self.tell("load_for_decision", Some(kind), rows, self.store.load_for_decision(scope, kind, id)).await
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        let rows = |page: &Page<_>| page.items.len();
        self.tell("find", Some(&query.kind), rows, self.store.find(scope, query)).await
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
        self.tell("tally", Some(&tally.kind), Vec::len, self.store.tally(scope, tally)).await
    }

    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>> {
        self.tell("events", Some(kind), Vec::len, self.store.events(scope, kind, record)).await
    }

    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>> {
        self.tell("feed", None, Vec::len, self.store.feed(after, limit)).await
    }

    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census> {
        let rows = |census: &Census| census.cells.len();
        self.tell("census", Some(kind), rows, self.store.census(kind, by)).await
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        self.tell("lease", None, Vec::len, self.store.lease(limit, now, until)).await
    }

    async fn acknowledge(&self, ids: &[u64]) -> Result<()> {
        self.tell("acknowledge", None, |()| 0, self.store.acknowledge(ids)).await
    }
}
