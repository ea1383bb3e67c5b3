//! Concurrent writes on every store: one winner for each version, and no duplicate number.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use eovr_core::access::Role;
use eovr_core::analytics::Source;
use eovr_core::incident::{self, Action, KIND, Settings};
use eovr_core::memory::MemoryStore;
use eovr_core::ports::Store;
use eovr_core::record::{Column, Tally, Test};
use eovr_core::{Command, Eovr, ErrorKind, Name};
use eovr_tests::servers::{mariadb_database, mongodb_database, postgres_database};
use eovr_tests::spy::Spy;
use eovr_tests::{actor, hospital, id, master_key, open_store, org, report};
use tokio::task::JoinSet;

const WRITERS: usize = 32;
const REPORTS: usize = 10_000;

/// 32 writers, ten versions, one winner each.
async fn one_winner_for_each_version(store: Arc<dyn Store>) {
    let (eovr, _) = hospital(store).await;
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let incident = nurse.incidents().report(&id("CAI-1-1"), report("a vial was dropped")).await.unwrap();
    let incident = incident.written.id;
    for version in 1..=10 {
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let session = eovr.session(actor(&format!("writer-{writer}"), Role::QualityAdmin, "CAI-1-1"));
            writers.spawn(async move {
                let command = Command::new("amend").set("location", format!("ward {writer}"));
                session.act(&KIND, incident, command.note("moved").expecting(version)).await
            });
        }
        let (mut won, mut lost) = (0, 0);
        while let Some(result) = writers.join_next().await {
            match result.unwrap() {
                Ok(written) => {
                    assert_eq!(written.version, version + 1);
                    won += 1;
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                    lost += 1;
                }
            }
        }
        assert_eq!((won, lost), (1, WRITERS - 1), "version {version}");
    }
    let trail = nurse.incidents().trail(incident).await.unwrap();
    assert_eq!((trail.record.version(), trail.entries.len()), (11, 11));
    assert!(trail.verdict.is_intact(), "{:?}", trail.verdict);
}

/// Concurrent reports: each has a number of its own and can be read, and none is stored twice.
async fn every_report_has_its_own_number(store: Arc<dyn Store>, reports: usize) {
    let (eovr, _) = hospital(store).await;
    let mut reporters = JoinSet::new();
    for reporter in 0..64 {
        let facility = ["CAI-1-1", "ALX-2-2"][reporter % 2];
        let session = eovr.session(actor(&format!("nurse-{reporter}"), Role::Staff, facility));
        let count = reports / 64 + usize::from(reporter < reports % 64);
        reporters.spawn(async move {
            let mut numbers = Vec::new();
            for _ in 0..count {
                let reported = session.incidents().report(&id(facility), report("a vial was dropped")).await;
                numbers.push(reported.unwrap().written.number.unwrap());
            }
            numbers
        });
    }
    let mut numbers = BTreeSet::new();
    while let Some(result) = reporters.join_next().await {
        for number in result.unwrap() {
            assert!(number.starts_with("OVR-2026-"), "{number}");
            assert!(numbers.insert(number.clone()), "{number} twice");
        }
    }
    assert_eq!(numbers.len(), reports);
    let top = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
    assert_eq!(top.incidents().summary().await.unwrap().total, reports as u64);
}

/// In memory a write follows its read too quickly for a race, so this store yields between them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_winner_where_many_have_read_first() {
    one_winner_for_each_version(Spy::new()).await;
}

/// Two nodes with figures in memory on one database, while both write. A node's figure lies between the writes
/// completed before the question and the writes begun before the answer. In the end both equal the database, cell for
/// cell.
async fn every_node_counts_as_its_database(url: &str) {
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let engine = Eovr::builder()
            .shared_store(open_store(url).await.unwrap())
            .org(org())
            .kinds(incident::kinds(Settings::default()).unwrap())
            .master_key(master_key())
            .figures_in_memory();
        nodes.push(engine.open().await.unwrap());
    }
    let kind = KIND;
    let facet = |name: &str| Column::Facet(Name::new(name).unwrap());
    let all = Tally::of(kind.clone());
    let (begun, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut tasks = JoinSet::new();
    for (node, eovr) in nodes.iter().enumerate() {
        for writer in 0..4 {
            let (eovr, begun, done) = (eovr.clone(), begun.clone(), done.clone());
            tasks.spawn(async move {
                let here = ["CAI-1-1", "CAI-2-1", "ALX-1-1", "ALX-2-2"][(node + writer) % 4];
                let nurse = eovr.session(actor("nurse", Role::Staff, here));
                let quality = eovr.session(actor("quality", Role::QualityAdmin, here));
                for count in 0..25 {
                    begun.fetch_add(1, Ordering::SeqCst);
                    let told =
                        nurse.incidents().report(&id(here), report("a vial was dropped")).await.unwrap();
                    done.fetch_add(1, Ordering::SeqCst);
                    if count % 2 == 0 {
                        quality.incidents().act(told.written.id, Action::Start, None).await.unwrap();
                    }
                }
            });
        }
        let (top, all) = (eovr.session(actor("top", Role::TopManagement, "CAI-1-1")), all.clone());
        let (begun, done) = (begun.clone(), done.clone());
        tasks.spawn(async move {
            for _ in 0..60 {
                let least = done.load(Ordering::SeqCst);
                let said: u64 = top.tally(&all).await.unwrap().cells.iter().map(|cell| cell.count).sum();
                let most = begun.load(Ordering::SeqCst);
                assert!((least..=most).contains(&said), "{said} is not from {least} to {most}");
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    let questions = [
        all.clone(),
        Tally::of(kind.clone())
            .by(Column::State)
            .by(facet("severity"))
            .filter(facet("disposition"), Test::Absent),
        Tally::of(kind.clone()).by(Column::Facility).by(Column::Month),
        Tally::of(kind).by(Column::Governorate).by(facet("high_risk")),
    ];
    for eovr in &nodes {
        let top = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
        for question in &questions {
            let wanted = eovr.store().tally(&top.scope(), question).await.unwrap();
            let said = top.tally(question).await.unwrap();
            assert_eq!((said.source, said.cells), (Source::Memory, wanted), "{question:?}");
        }
    }
}

/// The tests for one store, one line each.
macro_rules! races {
    ($store:ident, $reports:expr, $factory:expr) => {
        mod $store {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn one_winner_for_each_version() {
                super::one_winner_for_each_version($factory).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn every_report_has_its_own_number() {
                super::every_report_has_its_own_number($factory, $reports).await;
            }
        }
    };
}

races!(memory, REPORTS, Arc::new(MemoryStore::new()));
races!(postgres, REPORTS, open_store(&postgres_database()).await.unwrap());
races!(mariadb, REPORTS, open_store(&mariadb_database()).await.unwrap());
races!(mongodb, REPORTS, open_store(&mongodb_database()).await.unwrap());

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_nodes_count_as_their_database() {
    every_node_counts_as_its_database(&postgres_database()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mariadb_nodes_count_as_their_database() {
    every_node_counts_as_its_database(&mariadb_database()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mongodb_nodes_count_as_their_database() {
    every_node_counts_as_its_database(&mongodb_database()).await;
}

mod sqlite {
    use super::*;

    async fn store(folder: &tempfile::TempDir) -> Arc<dyn Store> {
        let url = format!("sqlite://{}", folder.path().join("races.db").display());
        Arc::new(eovr_store_sql::SqlStore::open(&url).await.unwrap())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn one_winner_for_each_version() {
        let folder = tempfile::tempdir().unwrap();
        super::one_winner_for_each_version(store(&folder).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn nodes_count_as_their_database() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("races.db").display());
        every_node_counts_as_its_database(&url).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn every_report_has_its_own_number() {
        let folder = tempfile::tempdir().unwrap();
        super::every_report_has_its_own_number(store(&folder).await, REPORTS).await;
    }
}
