//! The data after a crash, on a full disk, and in a damaged file.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use eovr_core::access::{Role, danger};
use eovr_core::incident::KIND;
use eovr_core::record::{Query, RecordId};
use eovr_core::{ErrorKind, Session, audit};
use eovr_store_sql::SqlStore;
use eovr_tests::{actor, hospital, id, report};
use sqlx::Connection as _;

const KILLS: usize = 50;

/// After a kill, every acknowledged submission is stored, every chain verifies, and no commit is partial.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("storm.db");
    let mut acknowledged = Vec::new();
    for round in 0..KILLS {
        let before = acknowledged.len();
        // The kill follows a number of acknowledgements that differs from round to round, so that it hits the writer at
        // every step.
        acknowledged.extend(storm_until_killed(&file, 1 + round * 37 % 101));
        assert!(acknowledged.len() > before, "round {round} acknowledged nothing");
        nothing_is_half(&file).await;
    }
    let (eovr, _) = hospital(Arc::new(SqlStore::open(&url(&file)).await.unwrap())).await;
    let system = eovr.session(danger::unrestricted("test", "look at everything").unwrap());
    for (record, version) in &acknowledged {
        let record = system.load(&KIND, *record).await.expect("an acknowledged report is there");
        assert!(record.version() >= *version, "an acknowledged change of {} was lost", record.id());
    }
    let verified = verify_all(&system).await;
    println!("{KILLS} kills, {} acknowledged, {verified} chains verified", acknowledged.len());
}

fn storm_until_killed(file: &Path, acknowledgements: usize) -> Vec<(RecordId, u64)> {
    let mut child = storm(Command::new(env!("CARGO_BIN_EXE_storm")).arg(url(file)));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen = Vec::new();
    let read = |line: String| {
        let (record, version) = line.split_once(' ').unwrap_or_else(|| panic!("the storm said `{line}`"));
        (record.parse().unwrap(), version.parse().unwrap())
    };
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    while seen.len() < acknowledgements {
        seen.push(read(lines.next().expect("the storm goes on").unwrap()));
    }
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    // Lines printed before the kill were acknowledged too; the last line may be incomplete.
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    seen.extend(rest.iter().filter(|line| line.len() == 38).cloned().map(read));
    seen
}

/// Counts in the tables directly, without our code: as many events as the versions add up to, a message for each event,
/// a different number for each incident.
async fn nothing_is_half(file: &Path) {
    let mut connection = sqlx::SqliteConnection::connect(&url(file)).await.unwrap();
    let count = async |connection: &mut sqlx::SqliteConnection, sql: &'static str| {
        sqlx::query_scalar::<_, i64>(sql).fetch_one(connection).await.unwrap()
    };
    let kinds: Vec<String> = sqlx::query_scalar("SELECT DISTINCT kind FROM layout_columns")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let mut versions = 0;
    for kind in kinds {
        let sum = sqlx::AssertSqlSafe(format!("SELECT coalesce(sum(version), 0) FROM {kind}"));
        versions += sqlx::query_scalar::<_, i64>(sum).fetch_one(&mut connection).await.unwrap();
    }
    assert_eq!(count(&mut connection, "SELECT count(*) FROM events").await, versions);
    assert_eq!(count(&mut connection, "SELECT count(*) FROM outbox").await, versions);
    let incidents = count(&mut connection, "SELECT count(*) FROM incident").await;
    assert_eq!(count(&mut connection, "SELECT count(DISTINCT number) FROM incident").await, incidents);
    assert_eq!(
        count(&mut connection, "SELECT max(value) FROM counters").await,
        incidents,
        "a gap in the numbers"
    );
    assert_eq!(
        count(&mut connection, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'")
            .await,
        0
    );
    connection.close().await.unwrap();
}

async fn verify_all(system: &Session) -> usize {
    let mut query = Query::of(KIND).limit(500);
    let verified = AtomicUsize::new(0);
    loop {
        let page = system.find(&query).await.unwrap();
        for record in &page.items {
            let verdict = system.trail(&KIND, record.id()).await.unwrap().verdict;
            assert!(matches!(verdict, audit::Verdict::Intact { .. }), "{}: {verdict:?}", record.id());
            verified.fetch_add(1, Ordering::Relaxed);
        }
        match page.next {
            Some(next) => query = query.after(Some(next)),
            None => return verified.into_inner(),
        }
    }
}

/// On a full disk, the error says so, and every acknowledged report is still stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_an_error_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let file = disk.join("storm.db");
    let copy = folder.path().join("copy");
    // A disk of 3 MiB, which exists as long as the process.
    let script = "mount -t tmpfs -o size=3m tmpfs \"$1\" && \"$2\" \"$3\"; cp -r \"$1\" \"$4\"";
    let mut child = storm(
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .args([
                disk.as_os_str(),
                env!("CARGO_BIN_EXE_storm").as_ref(),
                url(&file).as_ref(),
                copy.as_os_str(),
            ]),
    );
    let lines: Vec<String> =
        BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).collect();
    child.wait().unwrap();
    let errors: Vec<_> = lines.iter().filter(|line| line.starts_with("error ")).collect();
    assert!(errors.iter().any(|line| line.contains("unavailable the disk is full")), "{errors:?}");
    let acknowledged: Vec<&String> = lines.iter().filter(|line| line.len() == 38).collect();
    assert!(acknowledged.len() > 50, "only {} before the disk was full", acknowledged.len());

    let file = copy.join("storm.db");
    nothing_is_half(&file).await;
    let (eovr, _) = hospital(Arc::new(SqlStore::open(&url(&file)).await.unwrap())).await;
    let system = eovr.session(danger::unrestricted("test", "look at everything").unwrap());
    for line in acknowledged {
        let (record, version) = line.split_once(' ').unwrap();
        let record = system.load(&KIND, record.parse().unwrap()).await.unwrap();
        assert!(record.version() >= version.parse().unwrap());
    }
    verify_all(&system).await;
}

/// The store refuses a truncated file, or one that is no database, when it opens it.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    {
        let store = Arc::new(SqlStore::open(&url(&file)).await.unwrap());
        let (eovr, _) = hospital(store).await;
        let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
        for count in 0..20 {
            let text = format!("The patient in bed {count} fell and was helped up.");
            nurse.incidents().report(&id("CAI-1-1"), report(&text)).await.unwrap();
        }
    }
    // Merges the write-ahead log into the file, as after a clean stop.
    let mut connection = sqlx::SqliteConnection::connect(&url(&file)).await.unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();

    let whole = std::fs::read(&file).unwrap();
    let refused = async |bytes: &[u8]| {
        let damaged = folder.path().join("damaged.db");
        let _ = std::fs::remove_file(damaged.with_extension("db-wal"));
        let _ = std::fs::remove_file(damaged.with_extension("db-shm"));
        std::fs::write(&damaged, bytes).unwrap();
        let error = SqlStore::open(&url(&damaged)).await.expect_err("a damaged file was let in");
        assert_eq!(error.kind(), ErrorKind::Tampered, "{error:?}");
        assert!(error.help().unwrap().contains("backup"));
        assert_eq!(std::fs::read(&damaged).unwrap(), bytes, "the damaged file was changed");
    };
    refused(&whole[..whole.len() / 2]).await;
    refused(&whole[..whole.len() - 4096]).await;
    refused(b"this is a letter to the director, and not a database").await;
}

fn storm(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("the storm starts")
}

fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}
