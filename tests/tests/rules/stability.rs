//! A release reads and verifies the data of every earlier release.
//!
//! `tests/data/stability/VERSION.db` is a database as that version left it. `EOVR_UPDATE=1` writes a missing file; it
//! never overwrites an existing one.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::path::{Path, PathBuf};

use eovr_core::access::{Role, danger};
use eovr_core::audit::Verdict;
use eovr_core::incident::{
    self, Action, FollowUp, FollowUpKind, KIND, ReceiptCode, Report, Reporter, Settings,
};
use eovr_core::name;
use eovr_core::record::{Column, RecordId, Tally};
use eovr_core::{Eovr, ErrorKind, Session, Timestamp};
use eovr_store_sql::SqlStore;
use eovr_tests::{TestClock, actor, id, master_key, org};
use sha2::{Digest as _, Sha256};
use sqlx::Connection as _;

const STORY: &str = "سقط المريض من السرير ليلا, the rail was down.";
const FILE_NUMBER: &str = "MRN-٠٠١٢٣";
const ANSWER: &str = "No, nobody had raised it.";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/stability")
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_of_every_release_load_and_verify() {
    let newest = folder().join(concat!(env!("CARGO_PKG_VERSION"), ".db"));
    if !newest.exists() && std::env::var_os("EOVR_UPDATE").is_some() {
        write(&newest).await;
    }
    let mut read = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "db") {
            check(&path).await;
            read += 1;
        }
    }
    assert!(read > 0 && newest.exists(), "this release has no database in tests/data/stability");
}

async fn check(release: &Path) {
    // A copy, because opening a database may add columns and indexes to it.
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("copy.db");
    std::fs::copy(release, &file).unwrap();
    let receipt: ReceiptCode =
        std::fs::read_to_string(release.with_extension("receipt")).unwrap().parse().unwrap();

    let (eovr, _) = open(&file).await;
    let system = eovr.session(danger::unrestricted("test", "look at everything").unwrap());
    let incidents = system.incidents().newest(10).await.unwrap().items;
    assert_eq!(incidents.len(), 2, "{}", release.display());
    for incident in &incidents {
        let trail = system.incidents().trail(incident.id()).await.unwrap();
        assert!(trail.verdict.is_intact(), "{}: {:?}", release.display(), trail.verdict);
    }
    let without_codes = vouched(&system, incidents[0].id()).await;
    let found = system.incidents().of_file(FILE_NUMBER).await.unwrap().items;
    assert_eq!(found.len(), 1);
    assert_eq!(system.open(&found[0], "description").unwrap().unwrap().as_str(), STORY);
    assert_eq!(found[0].envelope().number.as_deref(), Some("OVR-2026-000001"));
    let follow_ups = system.incidents().follow_ups(found[0].id()).await.unwrap();
    assert!(system.trail(&name!("follow_up"), follow_ups[0].id()).await.unwrap().verdict.is_intact());
    // Read by an index that the first release did not create.
    let trend = Tally::of(KIND).by(Column::Month);
    assert_eq!(system.tally(&trend).await.unwrap().cells.len(), 1, "{}", release.display());
    let seen = eovr.by_receipt(&receipt).view().await.unwrap();
    assert_eq!(seen.exchange.last().unwrap().text.as_str(), ANSWER);

    // The chain of the old release continues.
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    quality.incidents().act(found[0].id(), Action::AddRemark, Some("read by a newer release")).await.unwrap();
    assert!(quality.trail(&KIND, found[0].id()).await.unwrap().verdict.is_intact());
    if without_codes == Some((0, incidents[0].version())) {
        codes_are_required_once_all_is_vouched_for(&eovr, &file, found[0].id()).await;
    }
}

/// How many events of a chain have a code, and of how many; `None` if the chain is broken.
async fn vouched(system: &Session, incident: RecordId) -> Option<(u64, u64)> {
    match system.trail(&KIND, incident).await.unwrap().verdict {
        Verdict::Intact { events, authenticated } => Some((authenticated, events)),
        _ => None,
    }
}

/// A node of a release without codes may append events without a code. Once every chain has codes, such an event is a
/// forgery.
async fn codes_are_required_once_all_is_vouched_for(eovr: &Eovr, file: &Path, incident: RecordId) {
    let system = eovr.session(danger::unrestricted("test", "vouch").unwrap());
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let remark = || async { quality.incidents().act(incident, Action::AddRemark, Some("one more")).await };
    let (_, events) = vouched(&system, incident).await.unwrap();
    as_an_older_release_writes(file, incident).await;
    assert_eq!(vouched(&system, incident).await, Some((0, events)));
    remark().await.unwrap();

    let done = system.vouch().await.unwrap();
    assert!(done.vouched > 0 && done.broken.is_empty(), "{done:?}");
    let again = system.vouch().await.unwrap();
    assert_eq!((again.vouched, again.had > done.vouched), (0, true), "{again:?}");
    let inspection = system.inspect().await.unwrap();
    assert!(inspection.is_intact(), "{:?}", inspection.findings);
    assert!(inspection.kinds.values().all(|kind| kind.events == kind.authenticated), "{inspection:?}");

    as_an_older_release_writes(file, incident).await;
    assert_eq!(vouched(&system, incident).await, None, "an event without a code passes");
    assert_eq!(remark().await.unwrap_err().kind(), ErrorKind::Tampered);
    // Also after a restart, because the wrapped key stores that codes are required.
    let (again, _) = open(file).await;
    let system = again.session(danger::unrestricted("test", "look").unwrap());
    assert_eq!(vouched(&system, incident).await, None);
}

/// Removes the code of the last event, and corrects hash and row.
async fn as_an_older_release_writes(file: &Path, incident: RecordId) {
    let mut prompt = sqlx::SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query("DROP TRIGGER IF EXISTS events_refuse_update").execute(&mut prompt).await.unwrap();
    let id = incident.as_bytes().as_slice();
    let last = "SELECT body, message FROM events WHERE record = ? ORDER BY seq DESC LIMIT 1";
    let (body, message): (String, String) =
        sqlx::query_as(last).bind(id).fetch_one(&mut prompt).await.unwrap();
    let hex = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let hash = |body: &str| -> Vec<u8> { Sha256::digest(format!("eovr.event.v1\n{body}")).to_vec() };
    let covered = body.split_once(",\"mac\":").map(|(covered, _code)| covered).unwrap();
    let bare = format!("{covered}}}");
    let message = message.replace(&hex(&hash(&body)), &hex(&hash(&bare)));
    let event = "UPDATE events SET body = ?, hash = ?, message = ? WHERE record = ? AND body = ?";
    let event = sqlx::query(event).bind(&bare).bind(hash(&bare)).bind(message).bind(id).bind(&body);
    event.execute(&mut prompt).await.unwrap();
    let row = sqlx::query("UPDATE incident SET head = ? WHERE id = ?").bind(hash(&bare)).bind(id);
    row.execute(&mut prompt).await.unwrap();
    prompt.close().await.unwrap();
}

async fn write(file: &Path) {
    let (eovr, clock) = open(file).await;
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let told = Report {
        category: "patient_accident".to_owned(),
        subtype: Some("fall_bed".to_owned()),
        description: STORY.to_owned(),
        medical_file_number: Some(FILE_NUMBER.to_owned()),
        notes: Some("night shift".to_owned()),
        ..Report::default()
    };
    let reported = nurse.incidents().report(&id("CAI-1-1"), told.clone()).await.unwrap();
    let incident = reported.written.id;
    clock.pass_seconds(60);
    for (action, note) in
        [(Action::Start, None), (Action::Evaluate, None), (Action::Ask, Some("was the rail up?"))]
    {
        quality.incidents().act(incident, action, note).await.unwrap();
        clock.pass_seconds(60);
    }
    eovr.by_receipt(&reported.receipt).answer(ANSWER).await.unwrap();
    quality.incidents().assess(incident, None, "moderate", "frequent").await.unwrap();
    let task = FollowUp {
        task: "fit a rail that locks".to_owned(),
        owner: "quality".to_owned(),
        due_at: "2026-12-24T00:00:00Z".parse::<Timestamp>().unwrap(),
        kind: FollowUpKind::Preventive,
        strength: None,
    };
    let task = quality.incidents().follow_up(incident, task).await.unwrap().id;
    quality.incidents().finish_follow_up(task, "fitted on 23 December").await.unwrap();
    let anonymous = Report { reporter: Reporter::Anonymous, medical_file_number: None, ..told };
    nurse.incidents().report(&id("CAI-1-1"), anonymous).await.unwrap();
    std::fs::write(file.with_extension("receipt"), reported.receipt.to_string()).unwrap();
    drop((nurse, quality, eovr));

    let mut prompt = sqlx::SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    for tidy in
        ["DELETE FROM outbox", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode = DELETE", "VACUUM"]
    {
        sqlx::query(tidy).execute(&mut prompt).await.unwrap();
    }
    prompt.close().await.unwrap();
}

async fn open(file: &Path) -> (Eovr, TestClock) {
    let (store, clock) =
        (SqlStore::open(&format!("sqlite://{}", file.display())).await.unwrap(), TestClock::new());
    let builder =
        Eovr::builder().store(store).org(org()).kinds(incident::kinds(Settings::default()).unwrap());
    // With the system's entropy, because the database already holds the ids that a fixture draws.
    let eovr = builder.master_key(master_key()).clock(clock.clone()).open().await.unwrap();
    (eovr, clock)
}
