//! Ports behind an `Arc`: the engine holds one handle, and the host keeps another.
//!
//! ```
//! # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
//! # testing::run(async {
//! # let org = testing::org()?;
//! use std::sync::Arc;
//!
//! let clock = Arc::new(testing::TestClock::at("2026-12-31T08:00:00Z".parse()?));
//! let eovr = Eovr::builder()
//!     .clock(clock.clone())
//! #   .store(MemoryStore::new()).org(org).kinds(kinds(Settings::default())?)
//! #   .master_key(MasterKey::from_bytes(&[7; 32]))
//!     .open()
//!     .await?;
//! # let nurse = testing::session(&eovr, "nurse-7", Role::Staff, "NIL")?;
//! # let (nile, report) = (OrgId::new("NIL")?, testing::report());
//! clock.pass_seconds(24 * 3600);
//! let written = nurse.incidents().report(&nile, report).await?.written;
//! assert_eq!(written.number.as_deref(), Some("OVR-2027-000001"));
//! # Ok(()) });
//! ```

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::access::{Actor, Scope};
use crate::audit::StoredEvent;
use crate::decide::Commit;
use crate::error::Result;
use crate::kind::Catalog;
use crate::name::Name;
use crate::ports::{
    Analyst, Answered, Blobs, Census, Check, Clock, EntropySource, Loaded, Parcel, Posted, Receipt, Store,
};
use crate::record::{Column, Page, Query, Record, RecordId, StoredRecord, Tally, TallyCell};
use crate::seal::Sealed;
use crate::time::Timestamp;
use crate::triage::analysis::{Cleared, NoAnswer};

impl<T: ?Sized + Clock> Clock for Arc<T> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

impl<T: ?Sized + EntropySource> EntropySource for Arc<T> {
    fn seed(&self) -> Result<[u8; 32]> {
        (**self).seed()
    }
}

impl<T: ?Sized + Check> Check for Arc<T> {
    fn passes(&self, record: &Record, actor: &Actor) -> bool {
        (**self).passes(record, actor)
    }
}

#[async_trait]
impl<T: ?Sized + Analyst> Analyst for Arc<T> {
    fn processor(&self) -> &Name {
        (**self).processor()
    }

    fn prompt(&self) -> &str {
        (**self).prompt()
    }

    fn knows(&self, model: &str) -> bool {
        (**self).knows(model)
    }

    async fn analyse(&self, model: &str, narrative: &Cleared) -> Result<Answered, NoAnswer> {
        (**self).analyse(model, narrative).await
    }
}

#[async_trait]
impl<T: ?Sized + Blobs> Blobs for Arc<T> {
    async fn put(&self, id: Uuid, sealed: &Sealed) -> Result<()> {
        (**self).put(id, sealed).await
    }

    async fn get(&self, id: Uuid) -> Result<Option<Vec<u8>>> {
        (**self).get(id).await
    }

    async fn remove(&self, id: Uuid) -> Result<()> {
        (**self).remove(id).await
    }
}

#[async_trait]
impl<T: ?Sized + Store> Store for Arc<T> {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        (**self).prepare(catalog).await
    }

    async fn refresh(&self) -> Result<bool> {
        (**self).refresh().await
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        (**self).commit(commit).await
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        (**self).load(scope, kind, id).await
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
        (**self).load_for_decision(scope, kind, id).await
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        (**self).find(scope, query).await
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
        (**self).tally(scope, tally).await
    }

    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>> {
        (**self).events(scope, kind, record).await
    }

    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>> {
        (**self).feed(after, limit).await
    }

    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census> {
        (**self).census(kind, by).await
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        (**self).lease(limit, now, until).await
    }

    async fn acknowledge(&self, ids: &[u64]) -> Result<()> {
        (**self).acknowledge(ids).await
    }
}
