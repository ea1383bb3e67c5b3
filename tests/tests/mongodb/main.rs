//! The MongoDB store: its contract, the view of a person who opens the database without eovr, the loss of servers, and
//! keys shared with MongoDB's own clients.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

mod guarded;
mod layout;
mod lost;
mod outbox;
mod rights;
mod values;
mod vault;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Child, Command as Program, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use eovr_core::access::{Actor, Role, Seat};
use eovr_core::conformance;
use eovr_core::incident::{self, Action, KIND, Report, Settings};
use eovr_core::kind::{Catalog, FacetSpec, FieldSpec, Kind};
use eovr_core::ports::Store;
use eovr_core::record::{ActorId, Column, Cursor, Query, RecordId, Tally, Test, Value, ValueType};
use eovr_core::seal::csfle::LocalKey;
use eovr_core::seal::{Cipher as _, Entropy, Mode, Place};
use eovr_core::{Command, Eovr, ErrorKind, Name, Session};
use eovr_store_mongo::{Duty, MongoConfig, MongoStore, Vault, role};
use eovr_tests::servers::{ReplicaSet, mongodb_database};
use eovr_tests::{TestClock, TestEntropy, actor, hospital, id, org, report, stamp};
use mongodb::bson::raw::cstr;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Bson, Document, RawDocument, RawDocumentBuf, doc};
use mongodb::{Client, Collection, Database};

use self::guarded::Guarded;

const MARKER: &str = "ZEBRA";

/// 96 bytes, in base64.
const LOCAL_KEY: &str = "D73Kl51yn/HJx07d9yLryXxg42ADLuhaD4H6YYpfFm6O6JcRMwwczzmi5lrRK719\
                         9KSi7oV/U7SCPwD+y3vSUlUyleS4SL7ngcMKDIaltzEzCAbqrKIU3hleSHYbimHu";

fn local_key() -> LocalKey {
    LocalKey::from_base64(LOCAL_KEY).unwrap()
}

/// The database without eovr.
async fn prompt(url: &str) -> Database {
    let client = Client::with_uri_str(url).await.unwrap();
    client.default_database().unwrap()
}

/// An engine that seals for MongoDB's own clients.
async fn with_vault(url: &str) -> (Eovr, Arc<Vault>, MongoStore) {
    let store = MongoStore::open(url).await.unwrap();
    let vault = Arc::new(Vault::open(&store, local_key()).await.unwrap());
    let eovr = Eovr::builder()
        .store(store.clone())
        .org(org())
        .kinds(incident::kinds(Settings::default()).unwrap())
        .cipher(vault.clone())
        .audit_key(local_key().audit_key())
        .clock(TestClock::new())
        .entropy(TestEntropy::default())
        .open()
        .await
        .unwrap();
    (eovr, vault, store)
}

fn nurse(eovr: &Eovr) -> Session {
    eovr.session(actor("nurse", Role::Staff, "CAI-1-1"))
}

fn kind() -> Name {
    KIND
}

fn facet(name: &str) -> Column {
    Column::Facet(Name::new(name).unwrap())
}

/// A report with text in every field that takes text.
fn told() -> Report {
    let words = |what: &str| Some(format!("{MARKER} {what}"));
    Report {
        category: "medication".to_owned(),
        description: format!("{MARKER} died after the wrong drug was given"),
        specific_error: words("error"),
        involved_person: words("person"),
        medical_file_number: words("file"),
        immediate_action: words("action"),
        responsible_manager: words("manager"),
        disclosure_responsible: words("disclosure"),
        notes: words("notes"),
        ..Report::default()
    }
}

/// The suite, each case on a database of its own. The previous database is dropped, because each collection and each
/// index is an open file of the server.
async fn keeps_its_promises(seed: u64) {
    let before = Mutex::new(None::<Database>);
    let fresh = async || {
        let url = mongodb_database();
        let next = prompt(&url).await;
        let last = before.lock().unwrap().replace(next);
        if let Some(last) = last {
            last.drop().await.unwrap();
        }
        MongoStore::open(&url).await
    };
    conformance::run_seeded(seed, fresh).await.assert();
}

#[tokio::test(flavor = "multi_thread")]
async fn mongodb_keeps_its_promises() {
    keeps_its_promises(conformance::SEED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_stores_keep_their_promises_on_other_histories() {
    keeps_its_promises(7).await;
}

/// Every text is sealed before it reaches the database; codes stay readable.
#[tokio::test(flavor = "multi_thread")]
async fn no_words_of_a_report_reach_the_database() {
    for sealed_for_mongodb in [false, true] {
        let url = mongodb_database();
        let eovr = match sealed_for_mongodb {
            true => with_vault(&url).await.0,
            false => hospital(Arc::new(MongoStore::open(&url).await.unwrap())).await.0,
        };
        let reported = nurse(&eovr).incidents().report(&id("CAI-1-1"), told()).await.unwrap();
        let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
        quality.incidents().act(reported.written.id, Action::Start, Some("ZEBRA note")).await.unwrap();
        let amend = Command::new(Action::Amend).write("notes", "ZEBRA corrected").note("ZEBRA why");
        quality.act(&KIND, reported.written.id, amend).await.unwrap();

        let prompt = prompt(&url).await;
        let receipt = reported.receipt.to_string().replace('-', "");
        for collection in prompt.list_collection_names().await.unwrap() {
            let mut cursor = prompt.collection::<RawDocumentBuf>(&collection).find(doc! {}).await.unwrap();
            while cursor.advance().await.unwrap() {
                let bytes = cursor.current().as_bytes();
                let has =
                    |word: &str| bytes.windows(word.len()).any(|at| at.eq_ignore_ascii_case(word.as_bytes()));
                assert!(!has(MARKER), "words of a report stand in `{collection}`");
                assert!(!has(&receipt), "the receipt stands in `{collection}`");
            }
        }
        let kept = prompt.collection::<Document>("incidents").find_one(doc! {}).await.unwrap().unwrap();
        for (field, code) in [
            ("number", "OVR-2026-000001"),
            ("state", "in_progress"),
            ("category", "medication"),
            ("governorate", "CAI"),
            ("administration", "CAI-1"),
            ("facility", "CAI-1-1"),
            ("author", "nurse"),
        ] {
            assert_eq!(kept.get_str(field).unwrap(), code, "{field}");
        }
        assert_eq!(kept.get_i64("version").unwrap(), 3);
        assert_eq!(kept.get_i64("created_at").unwrap(), 1_795_334_400_000_000);
        let subtype = |field: &str| match kept.get(field) {
            Some(Bson::Binary(binary)) => binary.subtype,
            other => panic!("{field}: {other:?}"),
        };
        let sealed = if sealed_for_mongodb { BinarySubtype::Encrypted } else { BinarySubtype::Generic };
        assert_eq!(subtype("description"), sealed);
        assert_eq!(subtype("medical_file_number"), sealed);
        assert_eq!(subtype("_id"), BinarySubtype::Uuid);
        // An unset value is absent.
        assert!(!kept.contains_key("parent") && !kept.contains_key("subtype"), "{kept}");
        let log = prompt.collection::<Document>("events");
        let events = log.count_documents(doc! {}).await.unwrap();
        let last = log.find_one(doc! { "_id": events as i64 });
        assert_eq!(last.await.unwrap().unwrap().get_str("action").unwrap(), "amend");
        // A search finds the file number with any spaces and digits.
        assert_eq!(quality.incidents().of_file("zebra  FILE").await.unwrap().items.len(), 1);
    }
}

/// `close` waits for running operations, in the first call as in the second.
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_has_done_what_it_was_given() {
    let url = mongodb_database();
    let store = MongoStore::open(&url).await.unwrap();
    let (eovr, _) = hospital(Arc::new(store.clone())).await;
    let running = tokio::spawn(storm(eovr.clone(), 8, Instant::now() + Duration::from_millis(300)));
    tokio::time::sleep(Duration::from_millis(150)).await;
    let events = prompt(&url).await.collection::<Document>("events");
    let close = async || {
        store.close().await;
        events.count_documents(doc! {}).await.unwrap()
    };
    let (first, second) = tokio::join!(close(), close());
    let (done, failed) = running.await.unwrap();
    assert!(failed.iter().all(|kind| *kind == ErrorKind::Unavailable), "{failed:?}");
    let last = events.count_documents(doc! {}).await.unwrap();
    assert_eq!((first, second), (last, last));
    assert_eq!(
        events.count_documents(doc! { "kind": KIND.as_str(), "seq": 1 }).await.unwrap(),
        done.len() as u64
    );
}

/// The store moves out-of-range settings to the nearest valid ones.
#[tokio::test(flavor = "multi_thread")]
async fn settings_out_of_range_do_no_harm() {
    for (group, patience) in [(0, Duration::MAX), (usize::MAX, Duration::from_secs(u64::MAX))] {
        let mut config = MongoConfig::from_url(&mongodb_database()).unwrap();
        (config.group, config.patience) = (group, patience);
        let (eovr, _) = hospital(Arc::new(MongoStore::connect(config).await.unwrap())).await;
        nurse(&eovr).incidents().report(&id("CAI-1-1"), told()).await.unwrap();
    }
}

/// Checks the data after a storm: no partial commit, no duplicate, no skipped position.
async fn check_whole(url: &str, eovr: &Eovr, acknowledged: &BTreeSet<RecordId>) {
    let top = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
    let (mut there, mut query) = (Vec::new(), Query::of(kind()).limit(Query::LARGEST_PAGE));
    loop {
        let page = top.find(&query).await.unwrap();
        there.extend(page.items.iter().map(|record| record.id()));
        match page.next {
            Some(next) => query = query.after(Some(next)),
            None => break,
        }
    }
    let kept: BTreeSet<RecordId> = there.iter().copied().collect();
    assert_eq!(kept.len(), there.len(), "a record is there twice");
    assert!(acknowledged.is_subset(&kept), "an acknowledged report is gone");
    let mut numbers = BTreeSet::new();
    for id in &kept {
        let trail = top.incidents().trail(*id).await.unwrap();
        assert!(trail.verdict.is_intact(), "{:?}", trail.verdict);
        assert!(numbers.insert(trail.record.envelope().number.clone()), "a number was given twice");
    }
    let prompt = prompt(url).await;
    let count =
        async |name: &str, filter| prompt.collection::<Document>(name).count_documents(filter).await.unwrap();
    let events = count("events", doc! {}).await;
    assert_eq!(count("events", doc! { "kind": KIND.as_str(), "seq": 1 }).await, kept.len() as u64);
    let now = eovr_core::Timestamp::from_micros(0);
    let parcels = eovr.store().lease(u32::MAX, now, now).await.unwrap();
    assert!(parcels.iter().map(|parcel| parcel.id).eq(1..=events), "a message was left out");
    let log = prompt.collection::<Document>("events");
    let last = log.find_one(doc! {}).sort(doc! { "_id": -1 });
    assert_eq!(
        last.await.unwrap().unwrap().get_i64("_id").unwrap(),
        events as i64,
        "a position was left out"
    );
}

/// Callers that report one after the other until the deadline.
async fn storm(eovr: Eovr, callers: usize, until: Instant) -> (BTreeSet<RecordId>, Vec<ErrorKind>) {
    let caller = move |eovr: Eovr| async move {
        let (mut done, mut failed) = (BTreeSet::new(), Vec::new());
        while Instant::now() < until {
            let told =
                nurse(&eovr).incidents().report(&id("CAI-1-1"), report("The wrong syringe was given.")).await;
            match told {
                Ok(reported) => drop(done.insert(reported.written.id)),
                Err(error) => failed.push(error.kind()),
            }
        }
        (done, failed)
    };
    let running: Vec<_> = (0..callers).map(|_| tokio::spawn(caller(eovr.clone()))).collect();
    let (mut done, mut failed) = (BTreeSet::new(), Vec::new());
    for one in running {
        let (more, worse) = one.await.unwrap();
        done.extend(more);
        failed.extend(worse);
    }
    (done, failed)
}

/// Makes all keys an hour older.
async fn an_hour_later(keys: &Collection<Document>) {
    let older = doc! { "creationDate": { "$subtract": ["$creationDate", 3_600_000_i64] } };
    keys.update_many(doc! {}, vec![doc! { "$set": older }]).await.unwrap();
}
