//! The layout of the database: indexes, types, collections, and the accepted URLs.

use super::*;
use eovr_core::name;

/// Lists scan an index in the order of the page; figures read an index and no record.
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
        let session = eovr.session(actor("reader", role, "CAI-1-1"));
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
        // For one part of the country, the index by month alone is not sufficient.
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
            // A plain count reads no index entries; the server counts in the index.
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
    let (column, test) = nurse.sealed_is(&KIND, "medical_file_number", "7").unwrap();
    let query = Query::of(kind()).filter(column, test);
    let everywhere = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
    let plan = store.explain_find(&everywhere.scope(), &query).await.unwrap();
    assert!(plan.contains(&"IXSCAN facet_medical_file_number".to_owned()), "{plan:?}");
}

fn with_facet(value_type: Option<ValueType>) -> Catalog {
    let mut table = incident::kinds(Settings::default()).unwrap().remove(1).table().clone();
    table.facets.extend(value_type.map(|value_type| FacetSpec::new(name!("learnt"), value_type)));
    table.parent = None;
    Catalog::new([Kind::new(table).unwrap()], &[]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_may_learn_a_facet_and_never_change_its_type() {
    let url = mongodb_database();
    // Several nodes start at once, as after an update.
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
    // A node of the older release preserves values that it does not know.
    nodes[0].prepare(&first).await.unwrap();
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
    let named = |name: &str| {
        let mut table = incident::kinds(Settings::default()).unwrap().remove(1).table().clone();
        (table.name, table.parent) = (Name::new(name).unwrap(), None);
        Kind::new(table).unwrap()
    };
    let kinds = [named("boxe"), named("box")];
    let error = store.prepare(&Catalog::new(kinds, &[]).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

/// The plan of a new database makes everything, and that of an up-to-date one nothing; neither changes the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_names_what_is_missing_and_changes_nothing() {
    let url = mongodb_database();
    let store = MongoStore::open(&url).await.unwrap();
    let plan = store.plan(&with_facet(None)).await.unwrap();
    assert!(
        plan.statements.iter().any(|command| command.contains(r#""createIndexes": "follow_ups""#)),
        "{plan:?}"
    );
    assert!(prompt(&url).await.list_collection_names().await.unwrap().is_empty());
    store.prepare(&with_facet(None)).await.unwrap();
    assert!(store.plan(&with_facet(None)).await.unwrap().statements.is_empty());
    let plan = store.plan(&with_facet(Some(ValueType::Int))).await.unwrap();
    assert!(plan.statements.len() == 1 && plan.statements[0].contains("kinds.follow_up.learnt"), "{plan:?}");
    let error =
        store.prepare(&with_facet(Some(ValueType::Int))).await.map(|()| with_facet(Some(ValueType::Text)));
    assert_eq!(store.plan(&error.unwrap()).await.unwrap_err().kind(), ErrorKind::Config);
    // Two records that an earlier release has left.
    let records = prompt(&url).await.collection::<Document>("follow_ups");
    records.insert_many([doc! { "state": "open" }, doc! { "state": "held" }]).await.unwrap();
    let plan = store.plan(&with_facet(Some(ValueType::Int))).await.unwrap();
    let stranded: Vec<_> = plan.stranded.iter().map(ToString::to_string).collect();
    assert!(stranded[0].starts_with("1 record of `follow_up` is in the state `held`"), "{stranded:?}");
    assert!(stranded.iter().any(|one| one.contains("has no `")), "{stranded:?}");
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
async fn an_absent_server_is_reported_within_seconds() {
    let began = Instant::now();
    let error =
        MongoStore::open("mongodb://user:ZEBRA@127.0.0.1:9/hospital?replicaSet=rs0").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(!format!("{error} {error:?}").contains(MARKER), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}
