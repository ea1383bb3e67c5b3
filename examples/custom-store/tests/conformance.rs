//! The store keeps the contract, and the suite catches a copy with a leak.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use custom_store::RedbStore;
use eovr_core::access::{Actor, Reach, Role, Scope, Seat};
use eovr_core::audit::StoredEvent;
use eovr_core::decide::Commit;
use eovr_core::incident::{self, Report, Settings};
use eovr_core::kind::{Catalog, Kind};
use eovr_core::org::{Org, OrgId};
use eovr_core::ports::{Census, Loaded, Parcel, Posted, Receipt, Store, Written};
use eovr_core::record::{ActorId, Column, Page, Query, RecordId, StoredRecord, Tally, TallyCell};
use eovr_core::seal::MasterKey;
use eovr_core::{Eovr, ErrorKind, Name, Result, Session, Timestamp, conformance};
use tempfile::TempDir;

/// A folder of files, each of which is a fresh store.
struct Folder(TempDir, AtomicU32);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap(), AtomicU32::new(0))
    }

    async fn store(&self) -> Result<RedbStore> {
        RedbStore::open(self.0.path().join(format!("{}.redb", self.1.fetch_add(1, Relaxed)))).await
    }
}

#[tokio::test]
async fn keeps_its_promises() {
    let folder = Folder::new();
    conformance::run(async || folder.store().await).await.assert();
}

/// A store that breaks one rule. This test cannot construct a `Scope`, so the store leaks as a cache would: it
/// remembers the first page of an actor who may see everything, and that actor's scope.
#[derive(Debug)]
struct Leaky {
    store: RedbStore,
    widest: Mutex<Option<Scope>>,
}

#[async_trait]
impl Store for Leaky {
    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        let scope = {
            let mut widest = self.widest.lock().unwrap();
            if matches!(scope.reach(), Reach::Country) {
                *widest = Some(scope.clone());
            }
            widest.clone().unwrap_or(scope.clone())
        };
        self.store.find(&scope, query).await
    }

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

#[tokio::test]
async fn a_leak_is_caught_and_named() {
    let folder = Folder::new();
    let report =
        conformance::run(async || Ok(Leaky { store: folder.store().await?, widest: Mutex::default() })).await;
    let named = |name| report.failed().iter().find(|(case, _)| case.name == name);
    let (case, failure) = named("out_of_scope_is_absent").unwrap();
    assert_eq!(case.promise, "a record out of scope looks the same as a record that does not exist");
    assert!(failure.to_string().starts_with("find leaks"), "{failure}");
    assert!(named("find_in_scope").is_some() && named("load_in_scope").is_none(), "{report}");
    assert!(report.passed().len() > report.failed().len(), "only `find` leaks: {report}");
}

/// One facility, with incidents.
async fn engine(store: Arc<dyn Store>) -> Eovr {
    let org = r#"[{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
        {"id": "CAI-E", "title": {"en": "Cairo East", "ar": "شرق القاهرة"}, "facilities": [
            {"id": "NIL", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"}]}]}]"#;
    Eovr::builder()
        .shared_store(store)
        .org(Org::new(serde_json::from_str(org).unwrap()).unwrap())
        .kinds(incident::kinds(Settings::default()).unwrap())
        .master_key(MasterKey::from_base64("Zm9yIHRoaXMgZXhhbXBsZSBvbmx5LCBuZXZlciByZWE=").unwrap())
        .open()
        .await
        .unwrap()
}

fn quality(eovr: &Eovr) -> Session {
    let seat = Seat::Facility(eovr.org().stamp(&OrgId::new("NIL").unwrap()).unwrap().clone());
    eovr.session(Actor::new(ActorId::new("quality-1").unwrap(), Role::QualityAdmin, seat).unwrap())
}

async fn report(eovr: &Eovr) -> Written {
    let description = "The wrong dose was noticed before it was given.".to_owned();
    let report = Report { category: "medication".to_owned(), description, ..Report::default() };
    quality(eovr).incidents().report(&OrgId::new("NIL").unwrap(), report).await.unwrap().written
}

#[tokio::test]
async fn a_report_survives_closing_and_opening() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.redb");
    let store = Arc::new(RedbStore::open(&file).await.unwrap());
    let eovr = engine(store.clone()).await;
    let reported = report(&eovr).await;
    let (before, feed) =
        (quality(&eovr).incidents().load(reported.id).await.unwrap(), store.feed(0, 100).await.unwrap());
    let now = before.envelope().created_at;
    store.acknowledge(&[1]).await.unwrap();
    assert_eq!(RedbStore::open(&file).await.unwrap_err().kind(), ErrorKind::Unavailable, "it is open");
    drop((eovr, store));

    let store = Arc::new(RedbStore::open(&file).await.unwrap());
    assert_eq!(store.feed(0, 100).await.unwrap(), feed);
    let outbox = store.lease(100, now, now).await.unwrap();
    let ids: Vec<_> = outbox.iter().map(|parcel| parcel.id).collect();
    assert_eq!(ids, (2..=feed.len() as u64).collect::<Vec<_>>());
    let eovr = engine(store).await;
    assert_eq!(quality(&eovr).incidents().load(reported.id).await.unwrap(), before);
    assert!(quality(&eovr).incidents().trail(reported.id).await.unwrap().verdict.is_intact());
    assert!(reported.number.unwrap().ends_with("-000001"));
    assert!(report(&eovr).await.number.unwrap().ends_with("-000002"), "the series goes on");
}

/// Kinds that do not fit the stored data.
#[tokio::test]
async fn a_facet_that_has_become_something_else_is_refused() {
    let store = Folder::new().store().await.unwrap();
    let catalog = |facet: &str| {
        let table = format!(
            r#"{{"name": "bed", "facets": [{facet}], "workflow": {{
                "start": "free", "create": "set_up", "states": [{{"name": "free", "end": true}}],
                "actions": [{{"name": "set_up", "tiers": [1, 5], "sets": ["place"]}}], "rules": []}}}}"#
        );
        Catalog::new([Kind::new(serde_json::from_str(&table).unwrap()).unwrap()], &[]).unwrap()
    };
    store.prepare(&catalog(r#"{"name": "place", "type": "int"}"#)).await.unwrap();
    store.prepare(&catalog(r#"{"name": "place", "type": "int", "unique": true}"#)).await.unwrap();
    let error = store.prepare(&catalog(r#"{"name": "place", "type": "text"}"#)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}
