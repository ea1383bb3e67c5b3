use std::fmt::Debug;

use async_trait::async_trait;

use crate::access::Scope;
use crate::audit::StoredEvent;
use crate::decide::Commit;
use crate::error::Result;
use crate::kind::Catalog;
use crate::name::Name;
use crate::record::{Cell, Column, Page, Query, RecordId, StoredRecord, Tally};
use crate::time::Timestamp;

/// Keeps what was decided and answers scoped questions. It decides nothing.
///
/// Every promise below is a case of the suite in [`crate::conformance`]; a store that passes it may be
/// trusted with records, whoever wrote it. Futures may be dropped at any await: afterwards the store
/// holds either the old or the new world.
#[async_trait]
pub trait Store: Debug + Send + Sync {
    /// Makes tables and indexes for these kinds, where they are missing. Only ever adds; safe to call
    /// again, and on twenty nodes at once.
    ///
    /// What the database has beyond them, because a newer release or catalogue once added it, is carried: read with
    /// each record, left as it is, and no reason to refuse.
    ///
    /// # Errors
    /// `Config` where what is there does not fit the kinds.
    async fn prepare(&self, catalog: &Catalog) -> Result<()>;

    /// Looks whether another node has added facets or fields to the kinds since, and carries them from now on; `true`
    /// where there were some, once for each. The engine asks before it calls a record damaged that such a node may have
    /// written. A store that reads whatever a record has may keep this default.
    async fn refresh(&self) -> Result<bool> {
        Ok(false)
    }

    /// Applies a commit: records, events, outbox messages and numbers, in one transaction or not at all.
    ///
    /// - A record that is to be new must not be there, of this kind or another; one that is to change must
    ///   have the expected version. Otherwise `Conflict`, and nothing is changed.
    /// - A record that a [guard](crate::decide::Guard) names must have the version that it names when the commit takes
    ///   its place among the others, and not only when it was begun. Otherwise `Conflict`, and nothing is changed.
    /// - A unique facet whose value is taken is a `Conflict` too. No commit frees a value in one record and
    ///   claims it in another: whether that would do is left open.
    /// - A number is the next of its series that nobody has: gaps are allowed, doubles never.
    /// - Every change's message is in the feed, and in the outbox where the change is
    ///   [posted](crate::decide::Change::posted).
    /// - When it returns, the effect is durable. When it fails nothing was changed, except that `Uncertain`
    ///   says that nobody knows: the store was lost in the middle. A store that can find out by the hash of
    ///   an event whether the commit was made does so before it says that.
    async fn commit(&self, commit: Commit) -> Result<Receipt>;

    /// One record. Out of scope looks the same as absent: `None`.
    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>>;

    /// One record with the bytes of the event that its head names, as of one moment: what is asked before anything
    /// is decided on it. Out of scope looks the same as absent: `None`.
    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>>;

    /// A page of the records that lie in scope and pass the query, by time of creation and id, newest
    /// first.
    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>>;

    /// Counts of the records that lie in scope and pass, a cell for each combination that occurs, in the
    /// order of the keys (`None` first, then by value).
    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<Cell>>;

    /// The events of one record in the order of its chain. None for a record out of scope.
    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>>;

    /// The message of every change that was ever committed, after a position and oldest first: `limit` of
    /// them, or all that there are, so that fewer mean that the end was reached. It is the log behind the outbox, and nobody takes anything out of it.
    ///
    /// Positions begin at 1 and leave none out, and what is committed later has later ones. So whoever
    /// has read up to a position has missed nothing before it, on any node, whatever else is going on.
    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>>;

    /// Counts over all records of a kind, a cell for each combination of the columns that occurs, and the
    /// position of the feed that they belong to: every change up to it is counted, and none after it.
    ///
    /// Unlike [`Store::tally`] it has no order, no scope and no limit of columns: it is what the cube of
    /// [`crate::analytics`] is built from.
    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census>;

    /// Takes up to `limit` outbox messages, oldest first, that nobody holds at `now`, and holds them until
    /// `until`. A message that is not acknowledged by then is handed out again: delivered at least once.
    ///
    /// The outbox has one reader, the [post room](crate::notice::Post); every other one is a
    /// [`FeedReader`](crate::service::FeedReader), from whom nothing is taken away.
    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>>;

    /// Removes delivered messages from the outbox. Ids that are not there are passed over.
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

/// The record as it shows itself; the bytes of the event hold facets in the clear.
impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Loaded({:?}, {} bytes)", self.record, self.last.as_ref().map_or(0, String::len))
    }
}

/// What a store did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The records that were written, in the order of the commit.
    pub written: Vec<Written>,
}

/// One record that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its id.
    pub id: RecordId,
    /// Its version now.
    pub version: u64,
    /// Its number, for kinds that have one.
    pub number: Option<String>,
}

/// A message of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Its position.
    pub position: u64,
    /// The message: [`crate::decide::Message`] as JSON, the same bytes at every reading: the log of
    /// everything commits to them.
    pub message: String,
}

/// Counts, and when they were right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// The last position of the feed that is counted; 0 where there is none.
    pub position: u64,
    /// A cell for each combination that occurs.
    pub cells: Vec<Cell>,
}

/// An outbox message, handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Its position in the feed.
    pub id: u64,
    /// How many times it has been handed out, this time included.
    pub attempts: u32,
    /// The message: [`crate::decide::Message`] as JSON.
    pub message: String,
}
