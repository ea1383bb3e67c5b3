//! Keys shared with MongoDB's own clients.

use super::*;

/// A vault of another application, in another database of the server.
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

    // The other node does not know the new key until it reads the vault again.
    assert_eq!(other_node.keys().len(), 1);
    other_node.refresh().await.unwrap();
    assert_eq!(other_node.keys(), vault.keys());

    let error = vault.destroy(new).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Key);
    // A third node may not know the new key yet, and seals with the old one.
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

    // A new local key wraps the existing keys, and the old one opens nothing any more.
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
        // The keys in memory stay in use.
        assert_eq!(vault.keys()[0].id, key);
        keys.replace_one(doc! {}, before.clone()).await.unwrap();
    }
    let error = Vault::open(&store, LocalKey::from_bytes(&[9; 96])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Key);

    // Keys of other applications: with another local key, with another provider, and a document of another shape.
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

/// MongoDB's own Python client and eovr share one key and one vault on one database.
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

    // The other client has added a key to the vault.
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
    // The last value of the other client, opened as the engine would.
    let theirs = doc! { "key": "another application", "name": "string" };
    let theirs = database.collection::<Document>("interop").find_one(theirs).await.unwrap().unwrap();
    let Some(Bson::Binary(theirs)) = theirs.get("sealed") else { panic!("not sealed") };
    assert_eq!(vault.open_bytes(&theirs.bytes).unwrap().into_plain().unwrap().as_slice(), b"MRN-000001");
    let place = Place { kind: "incident", record: Default::default(), field: "notes" };
    let ours = vault.seal(&place, Mode::Random, b"ours", &mut entropy).unwrap();
    assert_eq!(ours.key_id(), vault.keys()[0].id, "a key of theirs seals for us");
}

/// Type and bytes of one value in the document.
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
