//! A node with minimal rights.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_a_node_cannot_change_an_event() {
    let server = Guarded::start().await;
    let root = prompt(&server.url("root", "wheel", "admin")).await;
    let kinds = || incident::kinds(Settings::default()).unwrap();
    // From the engine, whose own kind holds its keys.
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

    // A node creates no collection: neither on an empty database, nor if only its vault is missing.
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

    // Typical calls, by a user with no other right than the role.
    let vault = Arc::new(Vault::open(&store, local_key()).await.unwrap());
    let builder = Eovr::builder()
        .store(store.clone())
        .org(org())
        .kinds(kinds())
        .cipher(vault.clone())
        .audit_key(local_key().audit_key());
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

    // Another node that died, under the one user that all nodes share.
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
        // The server itself removes expired documents, with all rights.
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
    // A used position of the feed or of a chain cannot be used again.
    let again = doc! { "insert": "events", "documents": [before[0].clone()] };
    let reply = node.run_command(again).await.unwrap();
    assert!(reply.contains_key("writeErrors"), "{reply}");
    assert_eq!(events().await, before);
}
