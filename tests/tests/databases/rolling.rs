//! A rolling deployment and its rollback on one database: nodes of the old kind beside nodes whose kind has new facets
//! and fields.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that panics has done its work"
)]

use std::sync::Arc;

use eovr_core::access::{Role, danger};
use eovr_core::kind::{Kind, KindTable};
use eovr_core::name;
use eovr_core::record::{Query, Record, RecordId, Value};
use eovr_core::{Command, Eovr, Session, Timestamp};
use eovr_tests::chance::Chance;
use eovr_tests::servers::{mariadb_database, mongodb_database, postgres_database};
use eovr_tests::{TestClock, TestEntropy, actor, id, master_key, open_store, org};

const WRITES: usize = 1000;
const AT_ONCE: usize = 8;

const KIND: &str = r#"{
    "name": "request",
    "facets": [
        {"name": "count", "type": "int"},
        {"name": "ward", "type": "text", "silent": true}
    ],
    "fields": [{"name": "words"}, {"name": "file", "sealing": "deterministic", "max_chars": 100}],
    "workflow": {
        "start": "open",
        "create": "ask",
        "states": [{"name": "open"}, {"name": "done", "end": true}],
        "actions": [
            {"name": "ask", "tiers": [1, 5], "sets": ["count", "ward", "words", "file"]},
            {"name": "change", "tiers": [1, 5], "sets": ["count", "ward", "words", "file"]},
            {"name": "finish", "tiers": [1, 5]}
        ],
        "rules": [
            {"from": ["open"], "action": "change"},
            {"from": ["open"], "action": "finish", "to": "done"}
        ]
    }
}"#;

/// The kind of the newer release: a new facet of each type, one of which is in no event, and a new field of each sort.
fn newer() -> Kind {
    let mut table: serde_json::Value = serde_json::from_str(KIND).unwrap();
    let learnt = [
        ("code", "text", false),
        ("score", "int", false),
        ("urgent", "bool", false),
        ("seen_at", "time", false),
        ("mark", "bytes", false),
        ("hidden", "int", true),
    ];
    for (name, of_type, silent) in learnt {
        let facet = serde_json::json!({"name": name, "type": of_type, "silent": silent});
        table["facets"].as_array_mut().unwrap().push(facet);
    }
    table["fields"].as_array_mut().unwrap().extend([
        serde_json::json!({"name": "remark"}),
        serde_json::json!({"name": "card", "sealing": "deterministic", "max_chars": 100}),
    ]);
    for action in table["workflow"]["actions"].as_array_mut().unwrap().iter_mut().take(2) {
        let sets = action["sets"].as_array_mut().unwrap();
        let names = learnt.iter().map(|(name, ..)| *name).chain(["remark", "card"]);
        sets.extend(names.map(serde_json::Value::from));
    }
    Kind::new(serde_json::from_value::<KindTable>(table).unwrap()).unwrap()
}

fn older() -> Kind {
    Kind::new(serde_json::from_str(KIND).unwrap()).unwrap()
}

async fn node(url: &str, kind: Kind, clock: &TestClock) -> Eovr {
    let builder = Eovr::builder().shared_store(open_store(url).await.unwrap()).org(org()).kinds([kind]);
    // The system's entropy, because two nodes of one seed would choose the same ids.
    builder.master_key(master_key()).clock(clock.clone()).open().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_both_releases_work_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    both_releases(&format!("sqlite://{}", folder.path().join("hospital.db").display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_both_releases_work_side_by_side() {
    both_releases(&postgres_database()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_mariadb_both_releases_work_side_by_side() {
    both_releases(&mariadb_database()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_mongodb_both_releases_work_side_by_side() {
    both_releases(&mongodb_database()).await;
}

async fn both_releases(url: &str) {
    let seed = 0x0E0B_2026;
    println!("seed {seed:#x}");
    let mut chance = Chance::new(seed);
    let clock = TestClock::new();
    let old = node(url, older(), &clock).await;
    let mut known = Vec::new();
    write(&[&old], &mut known, &mut chance, WRITES / 10).await;

    // While the old node runs.
    let new = node(url, newer(), &clock).await;
    clock.pass_seconds(60);
    write(&[&old, &new], &mut known, &mut chance, WRITES * 8 / 10).await;
    all_intact(&[&old, &new], &known).await;
    let learnt = learnt(&new, &known).await;
    assert!(learnt > known.len() / 10, "{learnt} of {} records have what is new", known.len());

    // The rollback: the newer node stops, and the older one starts on its data.
    drop((old, new));
    let old = node(url, older(), &clock).await;
    clock.pass_seconds(60);
    write(&[&old], &mut known, &mut chance, WRITES / 10).await;
    all_intact(&[&old], &known).await;
    let new = node(url, newer(), &clock).await;
    all_intact(&[&old, &new], &known).await;
    // The older node removed nothing.
    assert_eq!(self::learnt(&new, &known).await, learnt);
}

fn nurse(eovr: &Eovr) -> Session {
    eovr.session(actor("nurse", Role::Staff, "CAI-1-1"))
}

/// This many changes, some of them concurrent on one record.
async fn write(nodes: &[&Eovr], known: &mut Vec<RecordId>, chance: &mut Chance, writes: usize) {
    for _ in 0..writes / AT_ONCE {
        let mut at_once = Vec::new();
        for _ in 0..AT_ONCE {
            let eovr = *chance.pick(nodes);
            let is_new = eovr.catalog().kind(&name!("request")).unwrap().facet("score").is_some();
            let recent = &known[known.len().saturating_sub(40)..];
            let record = (!recent.is_empty() && chance.percent(60)).then(|| *chance.pick(recent));
            let command = command(is_new, record.is_none(), chance);
            let session = nurse(eovr);
            at_once.push(tokio::spawn(async move {
                match record {
                    Some(id) => session.act(&name!("request"), id, command).await.map(|_| None),
                    None => session
                        .create(&name!("request"), &id("CAI-1-1"), command)
                        .await
                        .map(|made| Some(made.id)),
                }
            }));
        }
        for written in at_once {
            known.extend(written.await.unwrap().unwrap());
        }
    }
}

fn command(is_new: bool, creates: bool, chance: &mut Chance) -> Command {
    let mut command = Command::new(if creates { "ask" } else { "change" });
    let number = chance.below(1_000_000) as i64;
    if chance.percent(70) {
        command = command.set("count", number).write("words", format!("words {number}"));
    }
    if chance.percent(50) {
        command = command.set("ward", format!("ward {number}")).write("file", format!("MRN {number}"));
    }
    if is_new && chance.percent(50) {
        command = command
            .set("code", format!("code {number}"))
            .set("score", number)
            .set("urgent", number % 2 == 0)
            .set("seen_at", Timestamp::from_micros(number))
            .set("mark", Value::Bytes(number.to_be_bytes().to_vec()))
            .set("hidden", number)
            .write("remark", format!("remark {number}"))
            .write("card", format!("card {number}"));
    }
    if is_new && !creates && chance.percent(10) {
        command = command.clear("seen_at").clear("mark").clear("hidden").erase("remark");
    }
    command
}

/// No node finds a broken trail or an unreadable record.
async fn all_intact(nodes: &[&Eovr], known: &[RecordId]) {
    for eovr in nodes {
        let top = eovr.session(danger::unrestricted("test", "look at everything").unwrap());
        let found = top.inspect().await.unwrap();
        assert!(found.is_intact(), "{:?}", found.findings.first());
        assert_eq!(found.kinds[&name!("request")].records, known.len() as u64);
        for id in known.iter().step_by(10) {
            let trail = nurse(eovr).trail(&name!("request"), *id).await.unwrap();
            assert!(trail.verdict.is_intact(), "{:?}", trail.verdict);
        }
        let page = top.find(&Query::of(name!("request")).limit(Query::LARGEST_PAGE)).await.unwrap();
        assert!(page.damaged.is_empty(), "{:?}", page.damaged);
    }
}

/// How many records have the newer release's values; each such value opens.
async fn learnt(new: &Eovr, known: &[RecordId]) -> usize {
    let nurse = nurse(new);
    let mut learnt = 0;
    for id in known {
        let record: Record = nurse.load(&name!("request"), *id).await.unwrap();
        let Some(score) = record.int("score") else { continue };
        learnt += 1;
        assert_eq!(record.facet("code"), Some(&Value::from(format!("code {score}").as_str())));
        assert_eq!(nurse.open(&record, "card").unwrap().unwrap().as_str(), format!("card {score}"));
    }
    learnt
}

/// A column of the table that no node has created is no facet, so the store refuses it as before.
#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_no_node_has_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("hospital.db").display());
    let clock = TestClock::new();
    drop(node(&url, older(), &clock).await);
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("ALTER TABLE request ADD COLUMN score INTEGER").execute(&pool).await.unwrap();
    let store: Arc<dyn eovr_core::ports::Store> = open_store(&url).await.unwrap();
    let opened = Eovr::builder().shared_store(store).org(org()).kinds([older()]).master_key(master_key());
    let opened = opened.clock(clock).entropy(TestEntropy::default()).open().await;
    let error = opened.unwrap_err();
    assert!(error.message().contains("the layout does not know"), "{error}");
}
