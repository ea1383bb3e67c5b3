//! MongoDB's outbox: a message enters it at its first lease, on any node and after any failure.

use eovr_core::Timestamp;
use eovr_core::ports::Parcel;
use tokio::task::JoinSet;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn ids(parcels: &[Parcel]) -> Vec<u64> {
    parcels.iter().map(|parcel| parcel.id).collect()
}

/// An engine, its store, and the database without eovr.
async fn open(url: &str) -> (Eovr, MongoStore, Database) {
    let store = MongoStore::open(url).await.unwrap();
    let (eovr, _) = hospital(Arc::new(store.clone())).await;
    (eovr, store, prompt(url).await)
}

async fn tell(eovr: &Eovr, reports: usize) {
    for _ in 0..reports {
        nurse(eovr).incidents().report(&id("CAI-1-1"), report("A vial was dropped.")).await.unwrap();
    }
}

async fn count(database: &Database, collection: &str) -> u64 {
    database.collection::<Document>(collection).count_documents(doc! {}).await.unwrap()
}

async fn watermark(database: &Database) -> i64 {
    let counters = database.collection::<Document>("counters");
    counters.find_one(doc! { "_id": "outbox" }).await.unwrap().unwrap().get_i64("filled").unwrap()
}

/// The size of the log does not matter: a host that never leases pays nothing for the outbox, and one that leases a few
/// messages pays for a few.
#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_holds_what_was_handed_out_and_no_more() {
    let (eovr, store, database) = open(&mongodb_database()).await;
    tell(&eovr, 2).await;
    let written = count(&database, "events").await;
    assert_eq!((count(&database, "outbox").await, watermark(&database).await), (0, 0));

    // More than one command can hold.
    let (log, last) = (database.collection::<Document>("events"), 25_000);
    let position = |position| doc! { "_id": position, "record": position, "seq": 1_i64, "message": "{}" };
    log.insert_many((written as i64 + 1..=last).map(position)).await.unwrap();
    let counters = database.collection::<Document>("counters");
    counters.update_one(doc! { "_id": "eovr" }, doc! { "$set": { "position": last } }).await.unwrap();
    assert_eq!(ids(&store.lease(3, at(0), at(60)).await.unwrap()), [1, 2, 3]);
    assert_eq!((count(&database, "outbox").await, watermark(&database).await), (3, 3));
    assert!(ids(&store.lease(u32::MAX, at(0), at(60)).await.unwrap()).into_iter().eq(4..=last as u64));
    assert!(store.lease(1, at(0), at(60)).await.unwrap().is_empty());
    assert_eq!(ids(&store.lease(2, at(60), at(90)).await.unwrap()), [1, 2]);
}

/// Twenty nodes lease while two report: each message is leased once.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_lease_at_once_share_the_messages() {
    let url = mongodb_database();
    let (eovr, _, database) = open(&url).await;
    // The engine's own key is a record, too.
    let before = count(&database, "events").await as usize;
    let mut reporting = JoinSet::new();
    for _ in 0..2 {
        let eovr = eovr.clone();
        reporting.spawn(async move { tell(&eovr, 100).await });
    }
    let (wanted, handed_out) = (before + 200, Arc::new(Mutex::new(Vec::new())));
    let mut leasing = JoinSet::new();
    for node in 0..20 {
        let (store, handed_out) = (MongoStore::open(&url).await.unwrap(), handed_out.clone());
        leasing.spawn(async move {
            while handed_out.lock().unwrap().len() < wanted {
                let parcels = store.lease(node % 5 + 1, at(0), at(60)).await.unwrap();
                assert!(parcels.len() as u32 <= node % 5 + 1);
                assert!(parcels.is_sorted_by(|one, next| one.id < next.id), "{parcels:?}");
                assert!(parcels.iter().all(|parcel| parcel.attempts == 1), "{parcels:?}");
                store.acknowledge(&ids(&parcels)).await.unwrap();
                handed_out.lock().unwrap().extend(ids(&parcels));
            }
        });
    }
    reporting.join_all().await;
    leasing.join_all().await;
    let mut handed_out = handed_out.lock().unwrap().clone();
    handed_out.sort_unstable();
    assert_eq!(handed_out, (1..=wanted as u64).collect::<Vec<_>>(), "lost or doubled");
    assert_eq!(count(&database, "events").await, wanted as u64);
    assert_eq!((count(&database, "outbox").await, watermark(&database).await), (0, wanted as i64));
}

/// The previous release wrote a row of the outbox with each commit, and had no watermark.
#[tokio::test(flavor = "multi_thread")]
async fn an_outbox_of_the_release_before_goes_on() {
    let url = mongodb_database();
    let (eovr, store, database) = open(&url).await;
    tell(&eovr, 5).await;
    let (counters, outbox) =
        (database.collection::<Document>("counters"), database.collection::<Document>("outbox"));
    let row = |position: i64| doc! { "_id": position, "held_until": i64::MIN, "attempts": 0_i64 };
    // As that release left it: two messages delivered, one held by a node that died.
    let last = count(&database, "events").await as i64;
    outbox.insert_many((3..=last).map(row)).await.unwrap();
    let held = doc! { "$set": { "held_until": at(60).as_micros(), "attempts": 1_i64, "lease": "x" } };
    outbox.update_one(doc! { "_id": 3_i64 }, held.clone()).await.unwrap();
    counters.delete_one(doc! { "_id": "outbox" }).await.unwrap();
    counters.update_one(doc! { "_id": "layout" }, doc! { "$set": { "version": 1_i64 } }).await.unwrap();

    // All nodes are updated at once and continue.
    let mut nodes = JoinSet::new();
    for _ in 0..4 {
        let url = url.clone();
        nodes.spawn(async move { drop(open(&url).await) });
    }
    nodes.join_all().await;
    assert_eq!(watermark(&database).await, last);
    tell(&eovr, 2).await;
    let leased = store.lease(99, at(0), at(60)).await.unwrap();
    assert!(ids(&leased).into_iter().eq(4..=last as u64 + 2), "{leased:?}");
    assert!(leased.iter().all(|parcel| parcel.attempts == 1), "{leased:?}");
    let again = store.lease(1, at(60), at(90)).await.unwrap();
    assert_eq!((again[0].id, again[0].attempts), (3, 2));
    assert!(ids(&store.lease(99, at(60), at(90)).await.unwrap()).into_iter().eq(4..=last as u64 + 2));
    store.acknowledge(&(1..=last as u64 + 2).collect::<Vec<_>>()).await.unwrap();

    // A node of that release that still runs writes rows behind the watermark. Of its four messages, another such node
    // delivered one, one is held, and two wait.
    let before = last as u64 + 2;
    tell(&eovr, 4).await;
    outbox.insert_many((before as i64 + 2..=before as i64 + 4).map(row)).await.unwrap();
    outbox.update_one(doc! { "_id": before as i64 + 2 }, held).await.unwrap();
    let first = ids(&store.lease(99, at(0), at(60)).await.unwrap());
    let mut late = ids(&store.lease(99, at(60), at(90)).await.unwrap());
    late.retain(|id| !first.contains(id));
    assert_eq!(late, [before + 2], "what was held comes when its time has come");
    assert_eq!(first, [before + 1, before + 3, before + 4], "at worst twice, and never not at all");

    // No node of that release can start here again, because it would not lease the messages of our nodes.
    let layout = counters.find_one(doc! { "_id": "layout" }).await.unwrap().unwrap();
    assert_eq!(layout.get_i64("version").unwrap(), 2);
}

/// A node dies during a lease, after each of its steps: another node leases the messages, at once or after the lease
/// expires.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_cut_loses_nothing() {
    let server = Guarded::start().await;
    let url = server.url("root", "wheel", "admin");
    let admin = Client::with_uri_str(&url).await.unwrap().database("admin");
    let fail = async |mode: Bson, data: Document| {
        let command = doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data };
        admin.run_command(command).await.unwrap();
    };
    let mut config = MongoConfig::from_url(&url).unwrap();
    config.patience = Duration::from_millis(500);
    let mortal = MongoStore::connect(config).await.unwrap();
    let (eovr, other, database) = open(&url).await;
    other.acknowledge(&ids(&other.lease(9, at(0), at(0)).await.unwrap())).await.unwrap();
    for told in [
        // Committed, but the server reports a failure.
        doc! { "code": 251, "errmsg": "", "errorLabels": ["TransientTransactionError"] },
        // Committed, but with an unknown outcome.
        doc! { "code": 64, "errmsg": "" },
    ] {
        tell(&eovr, 2).await;
        let told = doc! { "failCommands": ["commitTransaction"], "writeConcernError": told };
        fail(doc! { "times": 1 }.into(), told.clone()).await;
        let leased = mortal.lease(1, at(0), at(1)).await.unwrap();
        let next = mortal.lease(9, at(0), at(1)).await.unwrap();
        assert_eq!((leased.len(), next.len(), leased[0].id + 1), (1, 1, next[0].id), "{told}");
        other.acknowledge(&[leased[0].id, next[0].id]).await.unwrap();
    }

    let mut uncertain = Vec::new();
    for step in 0_i32.. {
        // One message that waits since an earlier lease, and two that were never leased.
        tell(&eovr, 1).await;
        let now = at(i64::from(step) * 1000);
        let known = other.lease(9, now, now).await.unwrap();
        tell(&eovr, 2).await;
        let last = count(&database, "events").await;
        let wanted: Vec<u64> = (known[0].id..=last).collect();

        let cut = doc! { "failCommands": ["find", "update", "commitTransaction"], "closeConnection": true };
        fail(doc! { "skip": step }.into(), cut).await;
        let died = mortal.lease(9, now, now.plus_seconds(60)).await;
        fail("off".into(), doc! {}).await;
        let first = ids(&other.lease(9, now, now.plus_seconds(60)).await.unwrap());
        let again = ids(&other.lease(9, now.plus_seconds(60), now.plus_seconds(90)).await.unwrap());
        assert_eq!(again, wanted, "step {step}: lost, after {died:?}");
        other.acknowledge(&wanted).await.unwrap();
        match died.map(|parcels| ids(&parcels)).map_err(|error| error.kind()) {
            Ok(leased) => {
                assert_eq!((leased, first), (wanted, Vec::new()));
                break;
            }
            Err(ErrorKind::Unavailable) => assert_eq!(first, wanted, "step {step}: something was changed"),
            Err(ErrorKind::Uncertain) => uncertain.push(first.len()),
            Err(other) => panic!("step {step}: {other:?}"),
        }
    }
    // The dead node held nothing, the old message, or all of them.
    assert!([3, 2, 0].iter().all(|free| uncertain.contains(free)), "{uncertain:?}");
}
