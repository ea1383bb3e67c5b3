//! The MongoDB store: its contract, what a person sees who opens the database without eovr, what happens
//! when servers die, and keys that MongoDB's own clients share.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

mod outbox;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Child, Command as Program, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use eovr_core::access::{Actor, Role, Seat};
use eovr_core::conformance;
use eovr_core::incident::{self, Action, KIND, Report, Settings};
use eovr_core::kind::{Catalog, FacetSpec, FieldSpec, Kind, KindTable};
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

const MARKER: &str = "ZEBRA";

/// 96 bytes, in base64.
const LOCAL_KEY: &str = "D73Kl51yn/HJx07d9yLryXxg42ADLuhaD4H6YYpfFm6O6JcRMwwczzmi5lrRK719\
                         9KSi7oV/U7SCPwD+y3vSUlUyleS4SL7ngcMKDIaltzEzCAbqrKIU3hleSHYbimHu";

fn local_key() -> LocalKey {
    LocalKey::from_base64(LOCAL_KEY).unwrap()
}

/// The database as somebody without eovr sees it.
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
    Name::new(KIND).unwrap()
}

fn facet(name: &str) -> Column {
    Column::Facet(Name::new(name).unwrap())
}

/// A report with words in every field that somebody can write into.
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

/// The suite, each case on a database of its own. The one before is dropped: a collection and each of its
/// indexes is an open file of the server.
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
async fn other_histories_are_kept_too() {
    keeps_its_promises(7).await;
}

/// Everything that somebody wrote is sealed before it reaches the database; codes stay readable.
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
        quality.act(KIND, reported.written.id, amend).await.unwrap();

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
        // What is not set is not there.
        assert!(!kept.contains_key("parent") && !kept.contains_key("subtype"), "{kept}");
        let log = prompt.collection::<Document>("events");
        let events = log.count_documents(doc! {}).await.unwrap();
        let last = log.find_one(doc! { "_id": events as i64 });
        assert_eq!(last.await.unwrap().unwrap().get_str("action").unwrap(), "amend");
        // Whatever spaces and digits it is typed with, the file number is found.
        assert_eq!(quality.incidents().of_file("zebra  FILE").await.unwrap().items.len(), 1);
    }
}

/// Lists walk an index in the order of the page; figures read an index and never a record.
#[tokio::test(flavor = "multi_thread")]
async fn lists_and_figures_are_answered_by_index_alone() {
    let store = MongoStore::open(&mongodb_database()).await.unwrap();
    let (eovr, _) = hospital(Arc::new(store.clone())).await;
    let nurse = nurse(&eovr);
    nurse.incidents().report(&id("CAI-1-1"), report("The wrong syringe was given.")).await.unwrap();
    let page = nurse.incidents().newest(1).await.unwrap();
    let record = &page.items[0];
    let cursor = Cursor { created_at: record.envelope().created_at, id: record.id() };

    for (role, index) in [
        (Role::Staff, "by_facility"),
        (Role::AdminManager, "by_administration"),
        (Role::GovernorateManager, "by_governorate"),
        (Role::TopManagement, "by_time"),
    ] {
        let session = eovr.session(actor("somebody", role, "CAI-1-1"));
        for query in [Query::of(kind()), Query::of(kind()).after(Some(cursor))] {
            let plan = store.explain_find(&session.scope(), &query).await.unwrap();
            assert!(plan.contains(&format!("IXSCAN {index}")), "{role}: {plan:?}");
            assert!(!plan.contains(&"SORT".to_owned()), "{role} sorts: {plan:?}");
        }
        let figures = [
            Tally::of(kind())
                .filter(facet("disposition"), Test::Absent)
                .by(Column::State)
                .by(facet("severity")),
            Tally::of(kind())
                .filter(facet("disposition"), Test::Absent)
                .filter(Column::State, Test::Not("completed".into()))
                .filter(facet("high_risk"), Test::Is(true.into())),
            Tally::of(kind())
                .filter(facet("disposition"), Test::Absent)
                .filter(Column::State, Test::Not("completed".into()))
                .filter(Column::Created, Test::Before(record.envelope().created_at.into())),
        ];
        let all = || Tally::of(kind());
        // Of a part of the country, the index by month alone does not know what lies in it.
        let month = if role == Role::TopManagement { "by_month" } else { "figures" };
        let narrow = [
            (all().by(Column::Month), month),
            (all().by(Column::Month).filter(Column::Month, Test::From(202_601.into())), month),
            (all().by(Column::Facility), "by_facility"),
            (all().filter(Column::Created, Test::From(record.envelope().created_at.into())), "by_facility"),
            (all().by(Column::Month).by(Column::Facility), "figures"),
        ];
        for (tally, index) in figures.map(|tally| (tally, "figures")).into_iter().chain(narrow) {
            let plan = store.explain_tally(&session.scope(), &tally).await.unwrap();
            // A number alone is not even read from the index, but counted there.
            let reads = |stage: &String| stage.contains(&format!("SCAN {index}"));
            assert!(plan.iter().any(reads), "{role}, {index}: {plan:?}");
            assert!(!plan.iter().any(|stage| stage == "FETCH"), "{role} reads records: {plan:?}");
        }
    }
    let own = Actor::new(ActorId::new("nurse").unwrap(), Role::Staff, Seat::Facility(stamp("CAI-1-1")));
    let own = eovr.session(own.unwrap().own_records_only());
    let plan = store.explain_find(&own.scope(), &Query::of(kind())).await.unwrap();
    assert!(plan.contains(&"IXSCAN by_author".to_owned()), "{plan:?}");
    assert!(!plan.contains(&"SORT".to_owned()), "{plan:?}");
    let (column, test) = nurse.sealed_is(KIND, "medical_file_number", "7").unwrap();
    let query = Query::of(kind()).filter(column, test);
    let everywhere = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
    let plan = store.explain_find(&everywhere.scope(), &query).await.unwrap();
    assert!(plan.contains(&"IXSCAN facet_medical_file_number".to_owned()), "{plan:?}");
}

fn with_facet(value_type: Option<ValueType>) -> Catalog {
    let table = incident::kinds(Settings::default()).unwrap().remove(1).table().clone();
    let mut facets = table.facets.clone();
    facets.extend(value_type.map(|value_type| FacetSpec::new(Name::new("learnt").unwrap(), value_type)));
    Catalog::new([Kind::new(KindTable { facets, parent: None, ..table }).unwrap()], &[]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_may_learn_a_facet_and_never_change_its_type() {
    let url = mongodb_database();
    // As many nodes at once as start together after an update.
    let open = async || MongoStore::open(&url).await.unwrap();
    let nodes = [open().await, open().await, open().await, open().await];
    let (first, second) = (with_facet(None), with_facet(Some(ValueType::Int)));
    for catalog in [&first, &second] {
        let [a, b, c, d] = nodes.each_ref();
        let (a, b, c, d) =
            tokio::join!(a.prepare(catalog), b.prepare(catalog), c.prepare(catalog), d.prepare(catalog));
        for done in [a, b, c, d] {
            done.unwrap();
        }
    }
    // A node of the older release would read records without what their chain says is there.
    let error = nodes[0].prepare(&first).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.help().unwrap().contains("keep the facet"), "{error}");
    let error = nodes[0].prepare(&with_facet(Some(ValueType::Text))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.help().unwrap().contains("new name"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_release_is_refused_before_anything_is_changed() {
    let url = mongodb_database();
    let older = MongoStore::open(&url).await.unwrap();
    let counters = prompt(&url).await.collection::<Document>("counters");
    counters.insert_one(doc! { "_id": "layout", "version": 3_i64 }).await.unwrap();
    for error in [
        MongoStore::open(&url).await.map(drop).unwrap_err(),
        older.prepare(&with_facet(None)).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("made by a newer eovr"), "{error}");
    }
    assert_eq!(prompt(&url).await.list_collection_names().await.unwrap(), ["counters"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_is_refused_where_its_collection_is_taken() {
    let store = MongoStore::open(&mongodb_database()).await.unwrap();
    let table = incident::kinds(Settings::default()).unwrap().remove(1).table().clone();
    let named = |name: &str| {
        Kind::new(KindTable { name: Name::new(name).unwrap(), parent: None, ..table.clone() }).unwrap()
    };
    for kinds in [vec![named("event")], vec![named("counter")], vec![named("boxe"), named("box")]] {
        let error = store.prepare(&Catalog::new(kinds, &[]).unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

#[tokio::test]
async fn a_url_that_is_not_ours_is_refused_and_not_repeated() {
    for url in [
        "postgres://user:ZEBRA@host/db",
        "mongodb://user:ZEBRA@host",
        "mongodb://user:ZEBRA@host/",
        "mongodb://user:ZEBRA@host/admin",
        "mongodb+srv://user:ZEBRA@host.example/db",
        "mongodb://user:ZEBRA@host/db?w=ZEBRA&tls=ZEBRA",
        "ZEBRA",
    ] {
        let error = MongoStore::open(url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.help().is_some() && !format!("{error} {error:?}").contains(MARKER), "{error:?}");
    }
    let config = MongoConfig::from_url("mongodb://user:ZEBRA@host/hospital").unwrap();
    assert_eq!(config.database, "hospital");
    assert!(!format!("{config:?}").contains(MARKER));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_said_within_seconds() {
    let began = Instant::now();
    let error =
        MongoStore::open("mongodb://user:ZEBRA@127.0.0.1:9/hospital?replicaSet=rs0").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(!format!("{error} {error:?}").contains(MARKER), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

/// A value that looks like one of MongoDB's operators or paths is a value like any other.
#[tokio::test(flavor = "multi_thread")]
async fn values_are_never_taken_for_something_else() {
    let store = MongoStore::open(&mongodb_database()).await.unwrap();
    let (eovr, _) = hospital(Arc::new(store)).await;
    let nurse = nurse(&eovr);
    for location in ["$state", "$$ROOT", "a.b", "{\"$ne\":1}", "$"] {
        let told = Report { location: Some(location.to_owned()), ..report("The wrong syringe was given.") };
        let made = nurse.incidents().report(&id("CAI-1-1"), told).await.unwrap().written.id;
        let query = Query::of(kind()).filter(facet("location"), Test::Is(location.into()));
        let found: Vec<RecordId> =
            nurse.find(&query).await.unwrap().items.iter().map(|one| one.id()).collect();
        assert_eq!(found, [made], "{location}");
        let tally = Tally::of(kind()).filter(facet("location"), Test::Is(location.into()));
        let cells = eovr.store().tally(&nurse.scope(), &tally.by(facet("location"))).await.unwrap();
        assert_eq!(cells[0].key, [Some(Value::from(location))]);
    }
}

/// Texts with zero bytes, with characters of four bytes, and of a megabyte come back as they were.
#[tokio::test(flavor = "multi_thread")]
async fn any_text_comes_back() {
    let mut table = incident::kinds(Settings::default()).unwrap().remove(0).table().clone();
    table.name = Name::new("essay").unwrap();
    table.parent = None;
    table.fields =
        vec![FieldSpec { max_chars: 20_000_000, ..FieldSpec::new(Name::new("essay_text").unwrap()) }];
    table.facets.clear();
    table.tallied.clear();
    table.workflow = serde_json::from_str(
        r#"{"start": "open", "create": "write",
            "states": [{"name": "open"}, {"name": "shut", "end": true}],
            "actions": [{"name": "write", "tiers": [1, 5], "sets": ["essay_text"]},
                        {"name": "rewrite", "tiers": [1, 5], "sets": ["essay_text"]},
                        {"name": "shut", "tiers": [1, 5]}],
            "rules": [{"from": ["open"], "action": "rewrite"}, {"from": ["open"], "action": "shut", "to": "shut"}]}"#,
    )
    .unwrap();
    let kind = Kind::new(table).unwrap();
    let url = mongodb_database();
    let store = MongoStore::open(&url).await.unwrap();
    let vault = Arc::new(Vault::open(&store, local_key()).await.unwrap());
    let eovr = Eovr::builder().store(store).org(org()).kind(kind).cipher(vault);
    let eovr = eovr.clock(TestClock::new()).entropy(TestEntropy::default()).open().await.unwrap();
    let nurse = nurse(&eovr);
    let texts = ["a\0b\0".to_owned(), "😀\u{10ffff}".to_owned(), "سقط".to_owned(), "x".repeat(1 << 20)];
    for text in texts.into_iter().chain(["😀".repeat(1 << 18)]) {
        let write = Command::new("write").write("essay_text", text.clone());
        let made = nurse.create("essay", &id("CAI-1-1"), write).await.unwrap().id;
        // The event of a change has the text before and the text after.
        let rewrite = Command::new("rewrite").write("essay_text", format!("{text}!"));
        nurse.act("essay", made, rewrite).await.unwrap();
        let record = nurse.load("essay", made).await.unwrap();
        assert!(*nurse.open(&record, "essay_text").unwrap().unwrap() == format!("{text}!"), "{}", text.len());
        assert!(nurse.trail("essay", made).await.unwrap().verdict.is_intact());
    }
    // Several at once: more than one command takes.
    let big = "y".repeat(3 << 20);
    let facility = id("CAI-1-1");
    let write = || nurse.create("essay", &facility, Command::new("write").write("essay_text", big.clone()));
    let (a, b, c, d) = tokio::join!(write(), write(), write(), write());
    for done in [a, b, c, d] {
        done.unwrap();
    }
    // More than the server takes is refused, and takes nobody along: it would hang up on us.
    let huge = "😀".repeat(15_000_000);
    let small = Command::new("write").write("essay_text", "short");
    let (too_large, fine) = tokio::join!(
        nurse.create("essay", &facility, Command::new("write").write("essay_text", huge)),
        nurse.create("essay", &facility, small)
    );
    assert_eq!(too_large.unwrap_err().kind(), ErrorKind::InvalidInput);
    fine.unwrap();
}

/// Whoever changes a document behind our back is found out, by kind of change.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_was_changed_behind_our_back_is_noticed() {
    let url = mongodb_database();
    let (eovr, ..) = with_vault(&url).await;
    let nurse = nurse(&eovr);
    let made = nurse.incidents().report(&id("CAI-1-1"), told()).await.unwrap().written.id;
    let incidents = prompt(&url).await.collection::<Document>("incidents");
    let before = incidents.find_one(doc! {}).await.unwrap().unwrap();
    let Some(Bson::Binary(mut sealed)) = before.get("description").cloned() else { panic!("not sealed") };
    let last = sealed.bytes.len() - 1;
    sealed.bytes[last] ^= 1;
    incidents.update_one(doc! {}, doc! { "$set": { "description": sealed.clone() } }).await.unwrap();
    let record = nurse.incidents().load(made).await.unwrap();
    assert_eq!(nurse.open(&record, "description").unwrap_err().kind(), ErrorKind::Tampered);

    sealed.subtype = BinarySubtype::Generic;
    for change in [
        doc! { "$set": { "description": sealed } },
        doc! { "$set": { "description": "ZEBRA" } },
        doc! { "$set": { "zebra": 1 } },
        doc! { "$set": { "category": 1_i64 } },
        doc! { "$set": { "version": 1_i32 } },
        doc! { "$set": { "version": -1_i64 } },
        doc! { "$unset": { "facility": "" } },
        doc! { "$set": { "facility": Bson::Null } },
        doc! { "$set": { "head": "ZEBRA" } },
    ] {
        incidents.replace_one(doc! {}, before.clone()).await.unwrap();
        assert!(nurse.incidents().load(made).await.is_ok());
        incidents.update_one(doc! {}, change.clone()).await.unwrap();
        let everything = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
        let error = everything.incidents().load(made).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tampered, "{change}: {error}");
        assert!(!format!("{error:?}").contains(MARKER));
    }
}

/// What is there after a storm: nothing half, nothing twice, no position left out.
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
    assert_eq!(count("events", doc! { "kind": KIND, "seq": 1 }).await, kept.len() as u64);
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

/// Callers that report one after the other, until they are stopped or the store gives up.
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

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_and_comes_back_leaves_nothing_half() {
    let mut set = ReplicaSet::start(1);
    let url = set.url("hospital");
    let (eovr, _) = hospital(Arc::new(MongoStore::open(&url).await.unwrap())).await;
    let until = Instant::now() + Duration::from_secs(12);
    let running = tokio::spawn(storm(eovr.clone(), 8, until));
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        tokio::task::block_in_place(|| {
            set.kill(0);
            set.restart(0);
            set.primary();
        });
    }
    let (done, failed) = running.await.unwrap();
    let lost = [ErrorKind::Unavailable, ErrorKind::Uncertain];
    assert!(failed.iter().all(|kind| lost.contains(kind)), "{failed:?}");
    assert!(done.len() > 20, "{} reports, {failed:?}", done.len());
    check_whole(&url, &eovr, &done).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_primary_loses_no_report() {
    let mut set = ReplicaSet::start(3);
    let url = set.url("hospital");
    let (eovr, _) = hospital(Arc::new(MongoStore::open(&url).await.unwrap())).await;
    let until = Instant::now() + Duration::from_secs(14);
    let running = tokio::spawn(storm(eovr.clone(), 4, until));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let lost = tokio::task::block_in_place(|| set.kill_primary());
    tokio::time::sleep(Duration::from_secs(5)).await;
    tokio::task::block_in_place(|| set.restart(lost));
    let (done, failed) = running.await.unwrap();
    let lost = [ErrorKind::Unavailable, ErrorKind::Uncertain];
    assert!(failed.iter().all(|kind| lost.contains(kind)), "{failed:?}");
    assert!(done.len() > 20, "{} reports, {failed:?}", done.len());
    check_whole(&url, &eovr, &done).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stays_away_is_said_and_what_is_known_of_the_commit() {
    let mut set = ReplicaSet::start(1);
    let url = format!("{}&serverSelectionTimeoutMS=300", set.url("hospital"));
    let mut config = MongoConfig::from_url(&url).unwrap();
    config.patience = Duration::from_secs(1);
    let (eovr, _) = hospital(Arc::new(MongoStore::connect(config).await.unwrap())).await;
    tokio::task::block_in_place(|| set.kill(0));
    let began = Instant::now();
    let nurse = nurse(&eovr);
    let error =
        nurse.incidents().report(&id("CAI-1-1"), report("The wrong syringe was given.")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.help().unwrap().contains("nothing was changed"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let error = nurse.incidents().newest(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

/// Two nodes that report at once, into one feed.
#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_share_positions_and_numbers() {
    let url = mongodb_database();
    let (first, _) = hospital(Arc::new(MongoStore::open(&url).await.unwrap())).await;
    let store = Arc::new(MongoStore::open(&url).await.unwrap());
    let second =
        Eovr::builder().shared_store(store).org(org()).kinds(incident::kinds(Settings::default()).unwrap());
    let second = second.master_key(eovr_tests::master_key()).clock(TestClock::new()).open().await.unwrap();
    let until = Instant::now() + Duration::from_secs(3);
    let before = first.store().feed(0, 100).await.unwrap().len() as u64;
    let reader = tokio::spawn({
        let store = first.store().clone();
        async move {
            let mut last = 0;
            while Instant::now() < until {
                let census = store.census(&kind(), &[Column::State]).await.unwrap();
                let counted: u64 = census.cells.iter().map(|cell| cell.count).sum();
                assert_eq!(census.position, before + counted, "not of one moment");
                for posted in store.feed(last, 50).await.unwrap() {
                    assert_eq!(posted.position, last + 1, "something came late");
                    last = posted.position;
                }
            }
        }
    });
    let (a, b) = tokio::join!(storm(first.clone(), 4, until), storm(second, 4, until));
    reader.await.unwrap();
    assert!(a.1.is_empty() && b.1.is_empty(), "{:?} {:?}", a.1, b.1);
    assert!(a.0.len() > 5 && b.0.len() > 5, "one node starves: {} and {}", a.0.len(), b.0.len());
    let all: BTreeSet<_> = a.0.union(&b.0).copied().collect();
    assert_eq!(all.len(), a.0.len() + b.0.len());
    check_whole(&url, &first, &all).await;
}

/// A node that was killed in the middle of a transaction does not stand in the way of the others for the
/// minute that the server would keep it.
#[tokio::test(flavor = "multi_thread")]
async fn the_transaction_of_a_dead_node_is_ended() {
    let url = mongodb_database();
    let (eovr, _) = hospital(Arc::new(MongoStore::open(&url).await.unwrap())).await;
    let client =
        Client::with_uri_str(format!("{url}&appName=eovr {}", prompt(&url).await.name())).await.unwrap();
    let counters = client.default_database().unwrap().collection::<Document>("counters");
    let mut session = client.start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    let take = doc! { "$inc": { "position": 1_i64 } };
    counters.update_one(doc! { "_id": "eovr" }, take).session(&mut session).await.unwrap();

    let began = Instant::now();
    nurse(&eovr).incidents().report(&id("CAI-1-1"), report("The wrong syringe was given.")).await.unwrap();
    assert!(began.elapsed() > Duration::from_millis(900), "nobody was in the way: {:?}", began.elapsed());
    assert!(session.commit_transaction().await.is_err(), "the dead node's transaction went through");
    check_whole(&url, &eovr, &BTreeSet::new()).await;
}

/// A replica set of one node that asks who calls, and that fails on request.
struct Guarded {
    server: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Guarded {
    async fn start() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        std::fs::write(&key, "c3VyZWx5LW5vdC1hLXNlY3JldA==").unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let program = std::env::var_os("EOVR_MONGOD").unwrap_or_else(|| "mongod".into());
        let server = Program::new("setpriv")
            .args(["--pdeathsig", "SIGKILL", "--"])
            .arg(program)
            .args([
                "--replSet",
                "rs0",
                "--bind_ip",
                "127.0.0.1",
                "--nounixsocket",
                "--wiredTigerCacheSizeGB",
                "0.25",
            ])
            .args(["--port", &port.to_string(), "--keyFile"])
            .arg(&key)
            .args(["--setParameter", "enableTestCommands=1", "--dbpath"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let guarded = Self { server, port, _folder: folder };
        // Before there is a user, whoever calls from the same machine may make the first.
        let admin =
            Client::with_uri_str(format!("mongodb://127.0.0.1:{port}/?directConnection=true")).await.unwrap();
        let admin = admin.database("admin");
        let config = doc! { "_id": "rs0", "members": [{ "_id": 0, "host": format!("127.0.0.1:{port}") }] };
        admin.run_command(doc! { "replSetInitiate": config }).await.unwrap();
        let root = doc! { "createUser": "root", "pwd": "wheel", "roles": ["root"] };
        let began = Instant::now();
        while admin.run_command(root.clone()).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "no primary was elected");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        guarded
    }

    fn url(&self, user: &str, password: &str, of: &str) -> String {
        format!("mongodb://{user}:{password}@127.0.0.1:{}/hospital?replicaSet=rs0&authSource={of}", self.port)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

/// Commits whose answer is lost: each is done once, and who cannot be told so is told that.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_done_once() {
    let server = Guarded::start().await;
    let url = server.url("root", "wheel", "admin");
    let admin = Client::with_uri_str(&url).await.unwrap().database("admin");
    let fail = async |mode: Bson, data: Document| {
        let command = doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data };
        admin.run_command(command).await.unwrap();
    };
    let times = |times: i32| Bson::from(doc! { "times": times });
    let mut config = MongoConfig::from_url(&url).unwrap();
    config.patience = Duration::from_secs(3);
    let (eovr, _) = hospital(Arc::new(MongoStore::connect(config).await.unwrap())).await;
    let transient = "TransientTransactionError";

    for data in [
        // Done, and then the server says that it was not.
        doc! { "failCommands": ["commitTransaction"], "writeConcernError": {
            "code": 251, "errmsg": "", "errorLabels": [transient],
        } },
        // Done, and then nobody knows.
        doc! { "failCommands": ["commitTransaction"], "writeConcernError": { "code": 64, "errmsg": "" } },
        // Not done.
        doc! { "failCommands": ["commitTransaction"], "errorCode": 251, "errorLabels": [transient] },
        doc! { "failCommands": ["commitTransaction"], "closeConnection": true },
        doc! { "failCommands": ["insert"], "closeConnection": true },
        doc! { "failCommands": ["findAndModify"], "errorCode": 112, "errorLabels": [transient] },
    ] {
        fail(times(3), data.clone()).await;
        let (done, failed) = storm(eovr.clone(), 8, Instant::now() + Duration::from_millis(300)).await;
        assert!(failed.is_empty() && done.len() >= 8, "{data}: {} done, {failed:?}", done.len());
        fail("off".into(), doc! {}).await;
        check_whole(&url, &eovr, &done).await;
    }
    // The server is slower with its answer than anybody waits.
    let slow = doc! { "failCommands": ["commitTransaction"], "blockConnection": true, "blockTimeMS": 5000 };
    fail(times(1), slow).await;
    let told = report("The wrong syringe was given.");
    let error = nurse(&eovr).incidents().report(&id("CAI-1-1"), told).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Uncertain);
    assert!(error.help().unwrap().contains("not known whether the change was made"), "{error}");
    assert!(!error.is_retryable());
    tokio::time::sleep(Duration::from_secs(3)).await;
    check_whole(&url, &eovr, &BTreeSet::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_do_what_a_node_does_changes_no_event() {
    let server = Guarded::start().await;
    let root = prompt(&server.url("root", "wheel", "admin")).await;
    let kinds = || incident::kinds(Settings::default()).unwrap();
    // As the engine has it, whose own kind holds its keys.
    let (engine, _) = hospital(Arc::new(MongoStore::open(&mongodb_database()).await.unwrap())).await;
    for (user, duty) in [("node", Duty::Node), ("deploy", Duty::Deploy)] {
        root.run_command(role(user, root.name(), engine.catalog(), duty).unwrap()).await.unwrap();
        root.run_command(doc! { "createUser": user, "pwd": "ZEBRA", "roles": [user] }).await.unwrap();
    }
    root.run_command(doc! { "createUser": "cleaner", "pwd": "ZEBRA", "roles": [] }).await.unwrap();

    for (user, password) in [("node", "ZEBRA2"), ("ZEBRA", "ZEBRA"), ("cleaner", "ZEBRA")] {
        let error = MongoStore::open(&server.url(user, password, "hospital")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
        assert!(error.help().is_some() && !format!("{error} {error:?}").contains(MARKER), "{error:?}");
    }
    let error =
        MongoStore::open(&format!("mongodb://127.0.0.1:{}/hospital?replicaSet=rs0", server.port)).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Config);

    // A node makes nothing: neither on an empty database, nor where only its vault is missing.
    let url = server.url("node", "ZEBRA", "hospital");
    let store = MongoStore::open(&url).await.unwrap();
    let deploy = MongoStore::open(&server.url("deploy", "ZEBRA", "hospital")).await.unwrap();
    assert_eq!(store.prepare(engine.catalog()).await.unwrap_err().kind(), ErrorKind::Config);
    deploy.prepare(engine.catalog()).await.unwrap();
    store.prepare(engine.catalog()).await.unwrap();
    let error = Vault::open(&store, local_key()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.help().unwrap().contains("Duty::Deploy"), "{error}");
    let keeper = Vault::open(&deploy, local_key()).await.unwrap();

    // A whole day's work, by a user who has nothing but the role.
    let vault = Arc::new(Vault::open(&store, local_key()).await.unwrap());
    let builder = Eovr::builder().store(store.clone()).org(org()).kinds(kinds()).cipher(vault.clone());
    let eovr = builder.clock(TestClock::new()).open().await.unwrap();
    let made = nurse(&eovr).incidents().report(&id("CAI-1-1"), told()).await.unwrap().written.id;
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    quality.incidents().act(made, Action::Start, None).await.unwrap();
    let old = vault.keys()[0].id;
    vault.rotate().await.unwrap();
    an_hour_later(&root.collection("__keyVault")).await;
    assert_eq!(vault.destroy(old).await.unwrap_err().kind(), ErrorKind::Config);
    let next = || LocalKey::from_bytes(&[9; 96]);
    let error = Vault::rewrap(&store, &local_key(), &next()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    keeper.destroy(old).await.unwrap();
    assert_eq!(Vault::rewrap(&deploy, &local_key(), &next()).await.unwrap(), 1);
    let now = eovr_core::Timestamp::from_micros(i64::MAX - 1);
    let leased = store.lease(10, now, now).await.unwrap();
    store.acknowledge(&[leased[0].id]).await.unwrap();
    store.census(&kind(), &[Column::State]).await.unwrap();

    // Of the one user that all nodes have, another node that died.
    let dead = Client::with_uri_str(format!("{url}&appName=eovr hospital")).await.unwrap();
    let mut session = dead.start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    let take = doc! { "$inc": { "position": 1_i64 } };
    let counters = dead.default_database().unwrap().collection::<Document>("counters");
    counters.update_one(doc! { "_id": "eovr" }, take).session(&mut session).await.unwrap();
    nurse(&eovr).incidents().report(&id("CAI-1-1"), told()).await.unwrap();

    let events = async || {
        let mut all = Vec::new();
        let mut cursor = root.collection::<Document>("events").find(doc! {}).await.unwrap();
        while cursor.advance().await.unwrap() {
            all.push(cursor.deserialize_current().unwrap());
        }
        all
    };
    let before = events().await;
    let node = prompt(&url).await;
    let tell = async |command: Document| node.run_command(command).await.err().map(|error| error.to_string());
    let everything = || doc! { "q": {}, "limit": 0 };
    let expiring = doc! { "name": "gone", "key": { "gone": 1 }, "expireAfterSeconds": 0 };
    for command in [
        doc! { "update": "events", "updates": [{ "q": {}, "u": { "$set": { "actor": "x" } } }] },
        doc! { "findAndModify": "events", "query": {}, "update": { "$set": { "actor": "x" } } },
        doc! { "findAndModify": "events", "query": {}, "remove": true },
        doc! { "delete": "events", "deletes": [everything()] },
        doc! { "delete": "incidents", "deletes": [everything()] },
        doc! { "drop": "events" },
        doc! { "drop": "incidents" },
        doc! { "dropIndexes": "events", "index": "*" },
        doc! { "dropDatabase": 1 },
        doc! { "aggregate": "incidents", "pipeline": [{ "$out": "events" }], "cursor": {} },
        doc! { "aggregate": "incidents", "pipeline": [{ "$merge": { "into": "events" } }], "cursor": {} },
        doc! { "collMod": "events", "validator": {} },
        // What expires is removed by the server, which may do everything.
        doc! { "createIndexes": "events", "indexes": [expiring.clone()] },
        doc! { "createIndexes": "incidents", "indexes": [expiring] },
        doc! { "collMod": "incidents", "index": { "name": "by_number", "expireAfterSeconds": 0 } },
        doc! { "create": "another" },
        doc! { "delete": "__keyVault", "deletes": [everything()] },
        doc! { "update": "__keyVault", "updates": [{ "q": {}, "u": { "$set": { "status": 1 } } }] },
        doc! { "insert": "counters", "documents": [{ "_id": "x" }] },
    ] {
        let refused = tell(command.clone()).await;
        assert!(
            refused.as_ref().is_some_and(|error| error.contains("not authorized")),
            "{command}: {refused:?}"
        );
    }
    // A position or a place in a chain that is taken is taken for good.
    let again = doc! { "insert": "events", "documents": [before[0].clone()] };
    let reply = node.run_command(again).await.unwrap();
    assert!(reply.contains_key("writeErrors"), "{reply}");
    assert_eq!(events().await, before);
}

/// Makes all keys older.
async fn an_hour_later(keys: &Collection<Document>) {
    let older = doc! { "creationDate": { "$subtract": ["$creationDate", 3_600_000_i64] } };
    keys.update_many(doc! {}, vec![doc! { "$set": older }]).await.unwrap();
}

/// What was lost in the middle is not called undone, and the vault stays one that opens as a whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_keys_or_outbox_that_is_lost_in_the_middle_is_in_doubt() {
    let server = Guarded::start().await;
    let url = server.url("root", "wheel", "admin");
    let (eovr, vault, store) = with_vault(&url).await;
    let admin = Client::with_uri_str(&url).await.unwrap().database("admin");
    let fail = async |times: i32, data: Document| {
        let mode = doc! { "times": times };
        let command = doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data };
        admin.run_command(command).await.unwrap();
    };
    let not_told = |command: &str| {
        let concern = doc! { "code": 64, "errmsg": "waiting for replication timed out" };
        doc! { "failCommands": [command], "writeConcernError": concern }
    };
    let cut = |command: &str| doc! { "failCommands": [command], "closeConnection": true };

    fail(1, not_told("insert")).await;
    assert_eq!(vault.rotate().await.unwrap_err().kind(), ErrorKind::Uncertain);
    // It was done, which shows as soon as a majority has it.
    let began = Instant::now();
    while vault.keys().len() < 2 {
        assert!(began.elapsed() < Duration::from_secs(10), "{vault:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
        vault.refresh().await.unwrap();
    }
    let old = vault.keys()[1].id;
    an_hour_later(&prompt(&url).await.collection("__keyVault")).await;
    fail(2, cut("delete")).await;
    assert_eq!(vault.destroy(old).await.unwrap_err().kind(), ErrorKind::Uncertain);
    vault.refresh().await.unwrap();
    assert_eq!(vault.keys().len(), 2, "it was not done");
    vault.destroy(old).await.unwrap();

    nurse(&eovr).incidents().report(&id("CAI-1-1"), told()).await.unwrap();
    let at = eovr_core::Timestamp::from_micros;
    // Once it is in the outbox; how it comes there is told in `outbox`.
    assert_eq!(store.lease(9, at(1), at(1)).await.unwrap().len(), 1);
    fail(1, not_told("update")).await;
    assert_eq!(store.lease(9, at(1), at(2)).await.unwrap_err().kind(), ErrorKind::Uncertain);
    assert!(store.lease(9, at(1), at(3)).await.unwrap().is_empty(), "it was done");
    let leased = store.lease(9, at(2), at(3)).await.unwrap();
    fail(1, cut("delete")).await;
    let done = store.acknowledge(&[leased[0].id]).await;
    assert_eq!(done.unwrap_err().kind(), ErrorKind::Uncertain);

    // Wrapping looks for itself what was done, even where a commit's answer is lost.
    let next = || LocalKey::from_bytes(&[9; 96]);
    fail(1, not_told("commitTransaction")).await;
    assert_eq!(Vault::rewrap(&store, &local_key(), &next()).await.unwrap(), 1);
    assert_eq!(Vault::rewrap(&store, &local_key(), &next()).await.unwrap(), 0);

    // The local key changes after a rotation has read the vault and before it writes.
    let vault = Arc::new(Vault::open(&store, next()).await.unwrap());
    fail(1, doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 1500 }).await;
    let rotating = tokio::spawn({
        let vault = vault.clone();
        async move { vault.rotate().await }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(Vault::rewrap(&store, &next(), &local_key()).await.unwrap(), 1);
    assert_eq!(rotating.await.unwrap().unwrap_err().kind(), ErrorKind::Conflict);
    let vault = Vault::open(&store, local_key()).await.unwrap();
    assert_eq!(vault.keys().len(), 1);
    vault.rotate().await.unwrap();
}

/// Whoever closes the store waits for what is under way, the second as well as the first.
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
    assert_eq!(events.count_documents(doc! { "kind": KIND, "seq": 1 }).await.unwrap(), done.len() as u64);
}

/// Settings that make no sense are brought to the next ones that do.
#[tokio::test(flavor = "multi_thread")]
async fn settings_out_of_range_do_no_harm() {
    for (group, patience) in [(0, Duration::MAX), (usize::MAX, Duration::from_secs(u64::MAX))] {
        let mut config = MongoConfig::from_url(&mongodb_database()).unwrap();
        (config.group, config.patience) = (group, patience);
        let (eovr, _) = hospital(Arc::new(MongoStore::connect(config).await.unwrap())).await;
        nurse(&eovr).incidents().report(&id("CAI-1-1"), told()).await.unwrap();
    }
}

/// A vault that another application made, elsewhere on the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_vault_may_lie_in_another_database() {
    let (url, theirs) = (mongodb_database(), prompt(&mongodb_database()).await);
    let store = MongoStore::open(&url).await.unwrap();
    let namespace = format!("{}.__keyVault", theirs.name());
    let vault = Vault::open_in(&store, local_key(), &namespace).await.unwrap();
    let keys = theirs.collection::<Document>("__keyVault");
    assert_eq!(keys.count_documents(doc! {}).await.unwrap(), 1);
    assert!(prompt(&url).await.list_collection_names().await.unwrap().is_empty());
    let next = LocalKey::from_bytes(&[9; 96]);
    assert_eq!(Vault::rewrap_in(&store, &local_key(), &next, &namespace).await.unwrap(), 1);
    assert_eq!(Vault::open_in(&store, next, &namespace).await.unwrap().keys(), vault.keys());
    for namespace in ["", "encryption", ".__keyVault", "encryption."] {
        let error = Vault::open_in(&store, local_key(), namespace).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_nodes_one_makes_the_first_key() {
    let url = mongodb_database();
    let store = MongoStore::open(&url).await.unwrap();
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { Vault::open(&store, local_key()).await.unwrap() })
        })
        .collect();
    let mut keys = BTreeSet::new();
    for vault in opening {
        let all = vault.await.unwrap().keys();
        assert_eq!(all.len(), 1);
        keys.insert(all[0].id);
    }
    assert_eq!(keys.len(), 1, "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_still_opens_and_a_destroyed_one_never() {
    let url = mongodb_database();
    let (eovr, vault, store) = with_vault(&url).await;
    let nurse = nurse(&eovr);
    let made = nurse.incidents().report(&id("CAI-1-1"), told()).await.unwrap().written.id;
    let other_node = Vault::open(&store, local_key()).await.unwrap();
    let old = vault.keys()[0].id;
    let new = vault.rotate().await.unwrap();
    assert_eq!(
        vault.keys().iter().map(|key| (key.id, key.active)).collect::<Vec<_>>(),
        [(new, true), (old, false)]
    );
    nurse.incidents().report(&id("CAI-1-1"), told()).await.unwrap();
    assert_eq!(
        nurse.incidents().of_file("ZEBRA file").await.unwrap().items.len(),
        2,
        "seals of both keys are found"
    );
    let record = nurse.incidents().load(made).await.unwrap();
    assert!(nurse.open(&record, "description").unwrap().is_some());

    // The other node has not heard of it, until it reads the vault again.
    assert_eq!(other_node.keys().len(), 1);
    other_node.refresh().await.unwrap();
    assert_eq!(other_node.keys(), vault.keys());

    let error = vault.destroy(new).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Key);
    // A third node may not have heard of the new key yet, and seals with the old one.
    let error = vault.destroy(old).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.help().unwrap().contains("ten minutes"), "{error}");
    assert_eq!(vault.keys().len(), 2);
    an_hour_later(&prompt(&url).await.collection("__keyVault")).await;
    vault.destroy(old).await.unwrap();
    let error = nurse.open(&record, "description").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Key);
    assert!(format!("{error}").contains(&old.to_string()), "{error}");
    assert_eq!(vault.destroy(old).await.unwrap_err().kind(), ErrorKind::Key);

    // A new local key wraps what is there, and the old one opens nothing any more.
    let next = || LocalKey::from_bytes(&[9; 96]);
    assert_eq!(Vault::rewrap(&store, &local_key(), &next()).await.unwrap(), 1);
    assert_eq!(Vault::rewrap(&store, &local_key(), &next()).await.unwrap(), 0, "it was done already");
    let error = Vault::open(&store, local_key()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Key);
    assert_eq!(Vault::open(&store, next()).await.unwrap().keys(), vault.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_is_refused_by_name_and_a_strange_one_left_alone() {
    let url = mongodb_database();
    let (_, vault, store) = with_vault(&url).await;
    let key = vault.keys()[0].id;
    let keys = prompt(&url).await.collection::<Document>("__keyVault");
    let before = keys.find_one(doc! {}).await.unwrap().unwrap();
    let material = |bytes: Vec<u8>| {
        let binary = mongodb::bson::Binary { subtype: BinarySubtype::Generic, bytes };
        doc! { "$set": { "keyMaterial": binary } }
    };
    for (change, wanted) in [
        (material(vec![7; 160]), ErrorKind::Key),
        (material(vec![7; 159]), ErrorKind::Tampered),
        (material(Vec::new()), ErrorKind::Tampered),
        (doc! { "$set": { "keyMaterial": "ZEBRA" } }, ErrorKind::Tampered),
        (doc! { "$unset": { "creationDate": "" } }, ErrorKind::Tampered),
    ] {
        keys.update_one(doc! {}, change).await.unwrap();
        for error in [
            Vault::open(&store, local_key()).await.map(drop).unwrap_err(),
            vault.refresh().await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), wanted, "{error}");
            let words = format!("{error:?}");
            assert!(words.contains(&key.to_string()) && !words.contains(MARKER), "{words}");
        }
        // What was read before stays in use.
        assert_eq!(vault.keys()[0].id, key);
        keys.replace_one(doc! {}, before.clone()).await.unwrap();
    }
    let error = Vault::open(&store, LocalKey::from_bytes(&[9; 96])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Key);

    // Other applications: with another local key, with another provider, and something else altogether.
    let mut strange = before.clone();
    strange.insert("_id", mongodb::bson::Uuid::new());
    strange.insert("keyAltNames", vec!["theirs"]);
    strange.insert(
        "keyMaterial",
        mongodb::bson::Binary { subtype: BinarySubtype::Generic, bytes: vec![7; 160] },
    );
    let mut elsewhere = strange.clone();
    elsewhere.insert("_id", mongodb::bson::Uuid::new());
    elsewhere.insert("keyAltNames", vec!["eovr-9"]);
    elsewhere.insert("masterKey", doc! { "provider": "aws" });
    keys.insert_many([strange, elsewhere, doc! { "_id": "a note" }]).await.unwrap();
    vault.refresh().await.unwrap();
    assert_eq!(vault.keys().len(), 1);
    vault.rotate().await.unwrap();
}

/// MongoDB's own client for Python and eovr, with one key and one vault, on one database.
#[tokio::test(flavor = "multi_thread")]
async fn mongodb_s_own_client_reads_what_we_seal_and_we_what_it_seals() {
    let url = mongodb_database();
    let (eovr, vault, _) = with_vault(&url).await;
    let told = Report { medical_file_number: Some("MF 00٧".to_owned()), ..told() };
    let made = nurse(&eovr).incidents().report(&id("CAI-1-1"), told).await.unwrap().written.id;
    let record = nurse(&eovr).incidents().load(made).await.unwrap();
    let fields: BTreeMap<String, String> = record
        .sealed_fields()
        .keys()
        .map(|name| {
            (name.to_string(), nurse(&eovr).open(&record, name.as_str()).unwrap().unwrap().to_string())
        })
        .collect();
    assert!(fields.len() >= 8, "{:?}", fields.keys());
    let database = prompt(&url).await;
    let number = &fields["medical_file_number"];
    let asked = serde_json::json!({
        "url": url, "database": database.name(), "local_key": LOCAL_KEY, "number": number,
    });
    let answer = tokio::task::spawn_blocking(move || python("csfle.py", &asked)).await.unwrap();

    assert_eq!(answer["opened"], serde_json::to_value(&fields).unwrap());
    for (name, words) in &fields {
        assert_eq!(answer["by_itself"][name], words.as_str(), "{name}, read by itself");
    }
    assert_eq!(answer["by_itself"]["number"], "OVR-2026-000001");
    assert_eq!(answer["found"], true, "equality search from Python");
    assert_eq!(answer["same_bytes"], true, "deterministic seals differ");

    // A key of theirs came into the vault meanwhile.
    vault.refresh().await.unwrap();
    assert_eq!(vault.keys().len(), 1);
    let ring = vault.ring();
    let mut entropy = Entropy::from_seed(&[1; 32]);
    let (mut opened, mut cursor) =
        (0, database.collection::<RawDocumentBuf>("interop").find(doc! {}).await.unwrap());
    while cursor.advance().await.unwrap() {
        let written = cursor.current();
        let (key, name) = (written.get_str("key").unwrap(), written.get_str("name").unwrap());
        let sealed = written.get_binary("sealed").unwrap().bytes;
        let value = vault.open_bytes(sealed).unwrap_or_else(|error| panic!("{key} {name}: {error}"));
        let (bson_type, plain) = element(written, "plain");
        assert!((value.bson_type(), value.bytes()) == (bson_type, plain.as_slice()), "{key} {name}");
        if key == "eovr-1" && written.get_str("algorithm").unwrap().ends_with("Deterministic") {
            let again = ring.seal_value(Mode::Deterministic, bson_type, &plain, &mut entropy).unwrap();
            assert_eq!(again.as_bytes(), sealed, "{name}");
        }
        opened += 1;
    }
    assert_eq!(answer["written"], opened);
    assert!(opened > 50);
    // The last one of theirs, opened as the engine would.
    let theirs = doc! { "key": "another application", "name": "string" };
    let theirs = database.collection::<Document>("interop").find_one(theirs).await.unwrap().unwrap();
    let Some(Bson::Binary(theirs)) = theirs.get("sealed") else { panic!("not sealed") };
    assert_eq!(vault.open_bytes(&theirs.bytes).unwrap().into_plain().unwrap().as_slice(), b"MRN-000001");
    let place = Place { kind: KIND, record: Default::default(), field: "notes" };
    let ours = vault.seal(&place, Mode::Random, b"ours", &mut entropy).unwrap();
    assert_eq!(ours.key_id(), vault.keys()[0].id, "a key of theirs seals for us");
}

/// Type and bytes of one value, as they stand in the document.
fn element(document: &RawDocument, name: &str) -> (u8, Vec<u8>) {
    let mut alone = RawDocumentBuf::new();
    alone.append(cstr!(""), document.get(name).unwrap().unwrap());
    let bytes = alone.as_bytes();
    (bytes[4], bytes[6..bytes.len() - 1].to_vec())
}

fn python(script: &str, asked: &serde_json::Value) -> serde_json::Value {
    let interpreter =
        std::env::var_os("EOVR_PYTHON").expect("EOVR_PYTHON names a Python with pymongo[encryption]");
    let script = format!("{}/python/{script}", env!("CARGO_MANIFEST_DIR"));
    let mut running =
        Program::new(interpreter).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    running.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "the script failed: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}
