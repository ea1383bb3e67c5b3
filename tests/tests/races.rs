//! Many at once: one winner for each version, and no number twice. For every store.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::BTreeSet;
use std::sync::Arc;

use eovr_core::access::Role;
use eovr_core::incident::KIND;
use eovr_core::memory::MemoryStore;
use eovr_core::ports::Store;
use eovr_core::{Command, ErrorKind};
use eovr_tests::servers::{mariadb_database, mongodb_database, postgres_database};
use eovr_tests::spy::Spy;
use eovr_tests::{actor, hospital, id, open_store, report};
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
                session.act(KIND, incident, command.note("moved").expecting(version)).await
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

/// So many reports at once: each has a number of its own, each can be read, none is there twice.
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

/// In memory a write follows its read too quickly to be raced: here others get their turn in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_winner_where_many_have_read_first() {
    one_winner_for_each_version(Spy::new()).await;
}

/// The tests for one store: a line each.
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
    async fn every_report_has_its_own_number() {
        let folder = tempfile::tempdir().unwrap();
        super::every_report_has_its_own_number(store(&folder).await, REPORTS).await;
    }
}
