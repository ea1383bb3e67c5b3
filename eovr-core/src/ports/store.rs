use std::fmt::Debug;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::access::Scope;
use crate::audit::StoredEvent;
use crate::decide::{Commit, Headline, Message};
use crate::error::Result;
use crate::kind::Catalog;
use crate::name::Name;
use crate::record::{Column, Page, Query, RecordId, StoredRecord, Tally, TallyCell};
use crate::time::Timestamp;

/// Stores commits and answers scoped queries. A store makes no decisions.
///
/// The conformance suite in [`crate::conformance`] tests every promise below. A store that passes it can be trusted
/// with records. A caller may drop a future at any await; the store then holds either the old state or the new state.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let org = testing::org()?;
/// # use std::sync::atomic::{AtomicU64, Ordering};
/// # use eovr_core::audit::StoredEvent;
/// # use eovr_core::kind::Catalog;
/// # use eovr_core::ports::{Census, Loaded, Parcel, Posted, Receipt};
/// use eovr_core::{decide::Commit, ports::Store};
///
/// /// Counts the commits of another store.
/// #[derive(Debug, Default)]
/// struct Counting {
///     inner: MemoryStore,
///     commits: AtomicU64,
/// }
///
/// #[async_trait::async_trait]
/// impl Store for Counting {
///     async fn commit(&self, commit: Commit) -> Result<Receipt> {
///         self.commits.fetch_add(1, Ordering::Relaxed);
///         self.inner.commit(commit).await
///     }
///
///     // … and the other methods, which call `inner`
/// #   async fn prepare(&self, catalog: &Catalog) -> Result<()> { self.inner.prepare(catalog).await }
/// #   async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
/// #       self.inner.load(scope, kind, id).await
/// #   }
/// #   async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
/// #       self.inner.load_for_decision(scope, kind, id).await
/// #   }
/// #   async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
/// #       self.inner.find(scope, query).await
/// #   }
/// #   async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
/// #       self.inner.tally(scope, tally).await
/// #   }
/// #   async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>> {
/// #       self.inner.events(scope, kind, record).await
/// #   }
/// #   async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>> { self.inner.feed(after, limit).await }
/// #   async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census> { self.inner.census(kind, by).await }
/// #   async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
/// #       self.inner.lease(limit, now, until).await
/// #   }
/// #   async fn acknowledge(&self, ids: &[u64]) -> Result<()> { self.inner.acknowledge(ids).await }
/// }
///
/// let store = std::sync::Arc::new(Counting::default());
/// # let eovr = Eovr::builder().shared_store(store.clone()).org(org).kinds(kinds(Settings::default())?)
/// #     .master_key(MasterKey::from_bytes(&[7; 32])).open().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let report = testing::report();
/// let before = store.commits.load(Ordering::Relaxed);
/// nurse.incidents().report(&nile, report).await?;
/// assert_eq!(store.commits.load(Ordering::Relaxed), before + 1);
/// # Ok(()) });
/// ```
#[async_trait]
pub trait Store: Debug + Send + Sync {
    /// Creates missing tables and indexes for these kinds. It only adds, and it is safe to call repeatedly and on many
    /// nodes at once.
    ///
    /// A newer release or catalog may have added further columns. The store keeps them: it reads them with each record,
    /// leaves them unchanged and does not refuse to start.
    ///
    /// # Errors
    /// `Config` where the existing schema does not fit the kinds.
    async fn prepare(&self, catalog: &Catalog) -> Result<()>;

    /// Looks for facets or fields that another node has added to the kinds, and reads them from now on. Returns `true`
    /// once for each addition. The engine calls this before it reports a record as damaged, because such a node may
    /// have written it. A store that reads every stored member may keep this default.
    async fn refresh(&self) -> Result<bool> {
        Ok(false)
    }

    /// Applies a commit: records, events, outbox messages and numbers, in one transaction or not at all.
    ///
    /// - A new record must not exist yet, in this kind or another. A changed record must have the expected version.
    ///   Otherwise `Conflict`, and nothing changes.
    /// - A record named by a [guard](crate::decide::Guard) must have the guard's version at the moment when the commit
    ///   is ordered among the others, not only when it began. Otherwise `Conflict`, and nothing changes.
    /// - A unique facet whose value is taken is a `Conflict` too. No commit frees a value in one record and claims it
    ///   in another, so that case is unspecified.
    /// - A number is the next free number of its series. Gaps are allowed, duplicates are not.
    /// - Every change's message is in the feed, and in the outbox where the change is
    ///   [posted](crate::decide::Change::posted).
    /// - When the call returns, the effect is durable. When it fails, nothing has changed, with one exception:
    ///   `Uncertain` means that the connection was lost in the middle and the outcome is unknown. A store that can
    ///   determine the outcome by the hash of an event must do so first.
    async fn commit(&self, commit: Commit) -> Result<Receipt>;

    /// One record; `None` where it is absent or out of scope.
    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>>;

    /// One record with the bytes of the event that its head names, read at one moment, as a decision needs them. `None`
    /// where the record is absent or out of scope.
    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>>;

    /// A page of the records that are in scope and match the query, ordered by time of creation and id, newest first.
    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>>;

    /// Counts of the records that are in scope and match, one cell for each combination that occurs, in the order of
    /// the keys (`None` first, then by value).
    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>>;

    /// The events of one record in the order of its chain; empty for a record out of scope.
    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>>;

    /// The messages of all committed changes after a position, oldest first: `limit` messages, or fewer at the end of
    /// the feed. The feed is the log behind the outbox; messages are never removed from it.
    ///
    /// Positions begin at 1 and have no gaps, and a later commit has later positions. A reader that has read up to a
    /// position has therefore missed nothing before it, on any node and with concurrent commits.
    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>>;

    /// Counts over all records of a kind, one cell for each combination that occurs, and the position of the feed to
    /// which they belong. The counts include every change up to this position and no later change.
    ///
    /// Unlike [`Store::tally`], it has no order, no scope and no limit of columns. [`crate::analytics`] builds its cube
    /// from it.
    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census>;

    /// Leases up to `limit` outbox messages, oldest first, that have no lease at `now`. The leases last until `until`.
    /// A message that is not acknowledged by then is handed out again: delivery is at least once.
    ///
    /// The outbox has a single reader, the [`Dispatcher`](crate::notice::Dispatcher). Every other reader is a
    /// [`FeedReader`](crate::service::FeedReader), which removes nothing.
    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>>;

    /// Removes delivered messages from the outbox. Unknown ids are ignored.
    async fn acknowledge(&self, ids: &[u64]) -> Result<()>;
}

/// A record and the last event of its chain.
#[derive(Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The record.
    pub record: StoredRecord,
    /// The bytes of the event at the record's own `seq`; `None` where there is none.
    pub last: Option<String>,
}

/// Prints the record without its values, and not the event, whose bytes contain facets in plain text.
impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Loaded({:?}, {} bytes)", self.record, self.last.as_ref().map_or(0, String::len))
    }
}

/// The result of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The records that were written, in the order of the commit.
    pub written: Vec<Written>,
}

/// One record that was written.
///
/// ```
/// use eovr_core::ports::Written;
///
/// let json = r#"{"id":"0192f0c1-7c00-7000-8000-000000000001","version":1,"number":"OVR-2026-000001"}"#;
/// let written: Written = serde_json::from_str(json)?;
/// assert_eq!(serde_json::to_string(&written)?, json);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its id.
    pub id: RecordId,
    /// Its version now.
    pub version: u64,
    /// Its number, for kinds that have one.
    pub number: Option<String>,
}

/// A message of the feed.
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
/// let feed = eovr.store().feed(0, 100).await?;
/// let reported = feed.iter().filter_map(|posted| posted.headline());
/// let reported: Vec<_> = reported.filter(|message| message.is("incident", "report")).collect();
/// assert_eq!(reported.len(), 1);
/// assert_eq!(reported[0].record, id.to_string());
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Its position.
    pub position: u64,
    /// The message: [`crate::decide::Message`] as JSON, with the same bytes at every read, because the global log
    /// commits to them.
    pub message: String,
}

impl Posted {
    /// The message; `None` where it cannot be read.
    pub fn read(&self) -> Option<Message<'_>> {
        Message::read(&self.message)
    }

    /// The message without its facets; `None` where it cannot be read.
    pub fn headline(&self) -> Option<Headline<'_>> {
        Headline::read(&self.message)
    }

    /// Whether this is the next message after a position: a feed without gaps.
    pub fn follows(&self, position: u64) -> bool {
        position.checked_add(1) == Some(self.position)
    }
}

/// Counts with their position in the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// The last position that is included; 0 for an empty feed.
    pub position: u64,
    /// A cell for each combination that occurs.
    pub cells: Vec<TallyCell>,
}

/// A leased outbox message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Its position in the feed.
    pub id: u64,
    /// The number of leases, including this one.
    pub attempts: u32,
    /// The message: [`crate::decide::Message`] as JSON.
    pub message: String,
}
