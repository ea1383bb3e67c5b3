//! The SQLite store: its contract, and the view of a person who opens the file without eovr.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eovr_core::access::{Actor, Role, Seat};
use eovr_core::conformance;
use eovr_core::incident::{Action, KIND, Report};
use eovr_core::kind::{Catalog, FacetSpec, Kind};
use eovr_core::name;
use eovr_core::ports::Store as _;
use eovr_core::record::{ActorId, Column, Query, Tally, Test, ValueType};
use eovr_core::{Command, ErrorKind, Name, incident};
use eovr_store_sql::SqlStore;
use eovr_tests::{actor, hospital, id, report, stamp};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::sync::atomic::AtomicU32::new(0);
    let fresh = async || {
        let next = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        SqlStore::open(&url(&folder.path().join(format!("{next}.db")))).await
    };
    conformance::run(fresh).await.assert();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_cannot_be_changed_at_the_sql_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let (eovr, _) = hospital(Arc::new(SqlStore::open(&url(&file)).await.unwrap())).await;
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    nurse.incidents().report(&id("CAI-1-1"), report("The wrong syringe was given.")).await.unwrap();

    let mut prompt = SqliteConnection::connect(&url(&file)).await.unwrap();
    let before = events(&mut prompt).await;
    for attempt in [
        "UPDATE events SET actor = 'attacker'",
        "UPDATE events SET body = body || ' '",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT * FROM events",
        "INSERT OR REPLACE INTO events SELECT position + 1000, record, seq, kind, at, 'x', action, body, hash, message FROM events",
        "REPLACE INTO events SELECT position, record, seq + 1000, kind, at, actor, action, body, hash, message FROM events",
    ] {
        let refused = sqlx::query(attempt).execute(&mut prompt).await.expect_err(attempt);
        assert!(refused.to_string().contains("append-only"), "{attempt}: {refused}");
    }
    assert_eq!(events(&mut prompt).await, before);
    for attempt in [
        "DELETE FROM incident",
        "UPDATE incident SET number = 'OVR-2026-000999'",
        "UPDATE incident SET facility = 'CAI-1-2'",
        "UPDATE incident SET author = 'attacker'",
    ] {
        let refused = sqlx::query(attempt).execute(&mut prompt).await.expect_err(attempt);
        assert!(refused.to_string().contains("records are never"), "{attempt}: {refused}");
    }
}

async fn events(prompt: &mut SqliteConnection) -> Vec<(i64, String, Vec<u8>)> {
    sqlx::query_as("SELECT position, actor || body, hash FROM events ORDER BY position")
        .fetch_all(prompt)
        .await
        .unwrap()
}

/// Every text is sealed before it reaches the file; codes stay readable.
#[tokio::test(flavor = "multi_thread")]
async fn no_words_of_a_report_reach_the_file() {
    const MARKER: &str = "ZEBRA";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let (eovr, _) = hospital(Arc::new(SqlStore::open(&url(&file)).await.unwrap())).await;
    let words = |what: &str| Some(format!("{MARKER} {what}"));
    let told = Report {
        category: "medication".to_owned(),
        description: "ZEBRA died after the wrong drug was given".to_owned(),
        specific_error: words("error"),
        involved_person: words("person"),
        medical_file_number: words("file"),
        immediate_action: words("action"),
        responsible_manager: words("manager"),
        disclosure_responsible: words("disclosure"),
        notes: words("notes"),
        ..Report::default()
    };
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let reported = nurse.incidents().report(&id("CAI-1-1"), told).await.unwrap();
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    quality.incidents().act(reported.written.id, Action::Start, Some("ZEBRA note")).await.unwrap();
    let jci = Command::new(Action::EditJci).set("jci_chapter", "MMU").write("jci_evidence", "ZEBRA evidence");
    quality.session_act(reported.written.id, jci).await;
    let amend = Command::new(Action::Amend).write("notes", "ZEBRA corrected").note("ZEBRA why");
    quality.session_act(reported.written.id, amend).await;

    for name in ["hospital.db", "hospital.db-wal"] {
        let bytes = std::fs::read(folder.path().join(name)).unwrap();
        let found = bytes.windows(MARKER.len()).any(|window| window.eq_ignore_ascii_case(MARKER.as_bytes()));
        assert!(!found, "words of a report stand in {name}");
        let receipt = reported.receipt.to_string().replace('-', "");
        assert!(!bytes.windows(receipt.len()).any(|window| window == receipt.as_bytes()));
    }
    let mut prompt = SqliteConnection::connect(&url(&file)).await.unwrap();
    let readable: (String, String, String) =
        sqlx::query_as("SELECT number, state, category FROM incident").fetch_one(&mut prompt).await.unwrap();
    assert_eq!(readable, ("OVR-2026-000001".to_owned(), "in_progress".to_owned(), "medication".to_owned()));
    // A search finds the file number with any spaces and digits.
    assert_eq!(quality.incidents().of_file("zebra  FILE").await.unwrap().items.len(), 1);
}

/// Otherwise the commit that fills the log copies all of it, and the callers of that commit wait.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_copied_into_the_file_while_commits_go_on() {
    const DEADLINE: Duration = Duration::from_secs(20);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let store = SqlStore::open(&url(&file)).await.unwrap();
    let (eovr, _) = hospital(Arc::new(store.clone())).await;
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let length = || std::fs::metadata(&file).unwrap().len();
    let before = length();
    let end = Instant::now() + DEADLINE;
    while length() == before {
        nurse.incidents().report(&id("CAI-1-1"), report("The wrong syringe was given.")).await.unwrap();
        assert!(Instant::now() < end, "nothing was copied");
    }
    let log = file.with_extension("db-wal");
    assert!(std::fs::metadata(&log).unwrap().len() < 32 << 20, "the log was full, so a commit copied it");
    store.close().await;
    assert!(!log.exists(), "the writer closes last and removes the log");
}

/// An operator moves the file away under a running store: no empty database takes its place, which the next start would
/// open.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_moved_away_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let (file, moved) = (folder.path().join("hospital.db"), folder.path().join("moved.db"));
    let store = SqlStore::open(&url(&file)).await.unwrap();
    let (eovr, _) = hospital(Arc::new(store.clone())).await;
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    for end in ["", "-wal", "-shm"] {
        let name = |file: &Path| PathBuf::from(format!("{}{end}", file.display()));
        std::fs::rename(name(&file), name(&moved)).unwrap();
    }
    // Twice as many as the copier waits for.
    for _ in 0..128 {
        nurse.incidents().report(&id("CAI-1-1"), report("The wrong syringe was given.")).await.unwrap();
    }
    store.close().await;
    assert!(!file.exists(), "an empty database took its place");
    assert!(std::fs::metadata(&moved).unwrap().len() > 0);
}

trait Act {
    async fn session_act(&self, id: eovr_core::record::RecordId, command: Command);
}

impl Act for eovr_core::Session {
    async fn session_act(&self, id: eovr_core::record::RecordId, command: Command) {
        self.act(&KIND, id, command).await.unwrap();
    }
}

/// Lists scan an index in the order of the page; figures read an index and no row.
#[tokio::test(flavor = "multi_thread")]
async fn lists_and_figures_are_answered_by_index_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqlStore::open(&url(&folder.path().join("hospital.db"))).await.unwrap();
    let (eovr, _) = hospital(Arc::new(store.clone())).await;
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    nurse.incidents().report(&id("CAI-1-1"), report("The wrong syringe was given.")).await.unwrap();
    let page = nurse.incidents().newest(1).await.unwrap();
    let record = &page.items[0];
    let cursor = eovr_core::record::Cursor { created_at: record.envelope().created_at, id: record.id() };

    let incident = || KIND;
    let facet = |name: &str| Column::Facet(Name::new(name).unwrap());
    for (role, index) in [
        (Role::Staff, "incident$by_facility"),
        (Role::AdminManager, "incident$by_administration"),
        (Role::GovernorateManager, "incident$by_governorate"),
        (Role::TopManagement, "incident$by_time"),
    ] {
        let session = eovr.session(actor("reader", role, "CAI-1-1"));
        for query in [Query::of(incident()), Query::of(incident()).after(Some(cursor))] {
            let plan = store.explain_find(&session.scope(), &query).await.unwrap().join("\n");
            assert!(plan.contains(index), "{role}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{role} sorts: {plan}");
        }
        let figures = [
            Tally::of(incident())
                .filter(facet("disposition"), Test::Absent)
                .by(Column::State)
                .by(facet("severity")),
            Tally::of(incident())
                .filter(facet("disposition"), Test::Absent)
                .filter(Column::State, Test::Not("completed".into()))
                .filter(facet("high_risk"), Test::Is(true.into())),
            Tally::of(incident())
                .filter(facet("disposition"), Test::Absent)
                .filter(Column::State, Test::Not("completed".into()))
                .filter(Column::Created, Test::Before(record.envelope().created_at.into())),
        ];
        for tally in figures {
            let plan = store.explain_tally(&session.scope(), &tally).await.unwrap().join("\n");
            let country = role == Role::TopManagement;
            let covered = plan.contains("COVERING INDEX incident$figures")
                || (country && plan.contains("COVERING INDEX incident$national"));
            assert!(covered, "{role}: {plan}");
            assert!(plan.contains("SEARCH incident") || country, "{role} walks the whole index: {plan}");
        }
    }
    // A query that needs fewer columns reads a narrower index, in its order.
    let top = eovr.session(actor("reader", Role::TopManagement, "CAI-1-1"));
    let manager = eovr.session(actor("reader", Role::AdminManager, "CAI-1-1"));
    let of = |column: Column| Tally::of(incident()).by(column);
    let this_year = Test::From(202_601.into());
    let recent = Test::From(record.envelope().created_at.into());
    for (session, tally, wanted) in [
        (
            &top,
            of(Column::Month).filter(Column::Month, this_year),
            "SEARCH incident USING COVERING INDEX incident$by_month",
        ),
        (
            &top,
            of(Column::State).by(facet("severity")),
            "SCAN incident USING COVERING INDEX incident$national",
        ),
        (
            &top,
            of(Column::State).by(facet("severity")).filter(facet("disposition"), Test::Absent),
            "SEARCH incident USING COVERING INDEX incident$national",
        ),
        (&top, of(Column::Facility), "SCAN incident USING COVERING INDEX incident$by_place"),
        (&top, of(Column::Administration), "SCAN incident USING COVERING INDEX incident$by_administration"),
        (&top, of(Column::Governorate), "SCAN incident USING COVERING INDEX incident$by_governorate"),
        (
            &top,
            Tally::of(incident()).filter(Column::Created, recent.clone()),
            "SEARCH incident USING COVERING INDEX incident$by_time",
        ),
        (
            &top,
            of(Column::Facility).filter(facet("disposition"), Test::Absent),
            "SCAN incident USING COVERING INDEX incident$figures",
        ),
        (
            &manager,
            of(Column::Facility).filter(Column::Created, recent),
            "SEARCH incident USING COVERING INDEX incident$by_facility",
        ),
    ] {
        let plan = store.explain_tally(&session.scope(), &tally).await.unwrap().join("\n");
        assert!(plan.contains(wanted) && !plan.contains("TEMP B-TREE"), "{tally:?} {wanted}: {plan}");
    }
    let own =
        Actor::new(ActorId::new("nurse").unwrap(), Role::Staff, Seat::Facility(stamp("CAI-1-1"))).unwrap();
    let own = eovr.session(own.own_records_only());
    let plan = store.explain_find(&own.scope(), &Query::of(incident())).await.unwrap().join("\n");
    assert!(plan.contains("SEARCH incident USING INDEX") && !plan.contains("TEMP B-TREE"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_may_learn_a_facet_and_never_change_its_type() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let table = incident::kinds(incident::Settings::default()).unwrap().remove(1).table().clone();
    let with = |value_type: Option<ValueType>| {
        let mut table = table.clone();
        table.facets.extend(value_type.map(|value_type| FacetSpec::new(name!("learnt"), value_type)));
        table.parent = None;
        Catalog::new([Kind::new(table).unwrap()], &[]).unwrap()
    };
    // Several nodes start at once, as after an update.
    let open = async || SqlStore::open(&url(&file)).await.unwrap();
    let nodes = [open().await, open().await, open().await, open().await];
    let (first, second) = (with(None), with(Some(ValueType::Int)));
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
    let error = nodes[0].prepare(&with(Some(ValueType::Text))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.help().unwrap().contains("new name"), "{error}");
    let mut prompt = SqliteConnection::connect(&url(&file)).await.unwrap();
    let columns: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe("SELECT name FROM pragma_table_info('follow_up')"))
            .fetch_all(&mut prompt)
            .await
            .unwrap();
    assert_eq!(columns.iter().filter(|name| *name == "learnt").count(), 1);
}

#[tokio::test]
async fn a_url_that_is_not_ours_is_refused_and_not_repeated() {
    for url in ["oracle://user:ZEBRA@host/db", "sqlite://", "sqlite://a.db?ZEBRA=1", "ZEBRA"] {
        let error = SqlStore::open(url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.help().is_some() && !format!("{error} {error:?}").contains("ZEBRA"), "{error:?}");
    }
}

fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}
