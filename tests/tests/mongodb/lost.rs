//! Servers and nodes that die, and responses that are lost.

use super::*;

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
async fn a_server_that_stays_away_is_reported_with_the_known_result_of_the_commit() {
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

/// Two nodes report at once, into one feed.
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

/// A node was killed during a transaction. The other nodes do not wait for the minute for which the server would keep
/// it.
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
    assert!(
        began.elapsed() > Duration::from_millis(900),
        "no transaction was in the way: {:?}",
        began.elapsed()
    );
    assert!(session.commit_transaction().await.is_err(), "the dead node's transaction went through");
    check_whole(&url, &eovr, &BTreeSet::new()).await;
}

/// Commits whose response is lost: each is done once, and a caller without a certain result gets the error `Uncertain`.
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
        // Committed, but the server reports a failure.
        doc! { "failCommands": ["commitTransaction"], "writeConcernError": {
            "code": 251, "errmsg": "", "errorLabels": [transient],
        } },
        // Committed, but with an unknown outcome.
        doc! { "failCommands": ["commitTransaction"], "writeConcernError": { "code": 64, "errmsg": "" } },
        // Not committed.
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
    // The server's response is slower than every timeout.
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

/// An interrupted change is reported as `Uncertain` and not as undone, and the vault stays consistent.
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
    // It was committed, which shows as soon as a majority has it.
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
    // Once they are in the outbox: the key of the trail and the report. `outbox` tests how they get there.
    assert_eq!(store.lease(9, at(1), at(1)).await.unwrap().len(), 2);
    fail(1, not_told("update")).await;
    assert_eq!(store.lease(9, at(1), at(2)).await.unwrap_err().kind(), ErrorKind::Uncertain);
    assert!(store.lease(9, at(1), at(3)).await.unwrap().is_empty(), "it was done");
    let leased = store.lease(9, at(2), at(3)).await.unwrap();
    fail(1, cut("delete")).await;
    let done = store.acknowledge(&[leased[0].id]).await;
    assert_eq!(done.unwrap_err().kind(), ErrorKind::Uncertain);

    // The rewrap checks its own result, even if a commit's response is lost.
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
