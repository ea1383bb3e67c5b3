//! Values come back unchanged, and changes behind eovr's back are found.

use super::*;
use eovr_core::name;

/// A value that looks like an operator or a path of MongoDB is stored as a plain value.
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

/// Texts with zero bytes, with four-byte characters, and of a megabyte come back unchanged.
#[tokio::test(flavor = "multi_thread")]
async fn any_text_comes_back() {
    let mut table = incident::kinds(Settings::default()).unwrap().remove(0).table().clone();
    table.name = name!("essay");
    table.parent = None;
    table.fields = vec![FieldSpec::text(name!("essay_text"), 0..=20_000_000)];
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
    let eovr =
        Eovr::builder().store(store).org(org()).kind(kind).cipher(vault).audit_key(local_key().audit_key());
    let eovr = eovr.clock(TestClock::new()).entropy(TestEntropy::default()).open().await.unwrap();
    let nurse = nurse(&eovr);
    let texts = ["a\0b\0".to_owned(), "😀\u{10ffff}".to_owned(), "سقط".to_owned(), "x".repeat(1 << 20)];
    for text in texts.into_iter().chain(["😀".repeat(1 << 18)]) {
        let write = Command::new("write").write("essay_text", text.clone());
        let made = nurse.create(&name!("essay"), &id("CAI-1-1"), write).await.unwrap().id;
        // The event of a change has the text before and the text after.
        let rewrite = Command::new("rewrite").write("essay_text", format!("{text}!"));
        nurse.act(&name!("essay"), made, rewrite).await.unwrap();
        let record = nurse.load(&name!("essay"), made).await.unwrap();
        assert!(*nurse.open(&record, "essay_text").unwrap().unwrap() == format!("{text}!"), "{}", text.len());
        assert!(nurse.trail(&name!("essay"), made).await.unwrap().verdict.is_intact());
    }
    // Several at once, more than one command can hold.
    let big = "y".repeat(3 << 20);
    let facility = id("CAI-1-1");
    let essay = name!("essay");
    let write = || nurse.create(&essay, &facility, Command::new("write").write("essay_text", big.clone()));
    let (a, b, c, d) = tokio::join!(write(), write(), write(), write());
    for done in [a, b, c, d] {
        done.unwrap();
    }
    // The store refuses more than the server accepts, because the server would close the connection and fail other
    // callers.
    let huge = "😀".repeat(15_000_000);
    let small = Command::new("write").write("essay_text", "short");
    let (too_large, fine) = tokio::join!(
        nurse.create(&essay, &facility, Command::new("write").write("essay_text", huge)),
        nurse.create(&essay, &facility, small)
    );
    assert_eq!(too_large.unwrap_err().kind(), ErrorKind::InvalidInput);
    fine.unwrap();
}

/// A change of a document behind eovr's back is found, for each kind of change.
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
