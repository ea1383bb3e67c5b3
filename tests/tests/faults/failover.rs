//! The database server dies during a storm of submissions: every acknowledged commit is stored, every chain verifies,
//! and no commit is partial.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use eovr_core::access::danger;
use eovr_core::audit;
use eovr_core::incident::KIND;
use eovr_core::record::{Query, RecordId};
use eovr_tests::servers::{Mariadb, Postgres, ReplicaSet};
use eovr_tests::{hospital, open_store};

/// How often the primary of the three nodes is killed.
const KILLS: usize = 20;

/// The primary of three nodes is killed repeatedly, and comes back each time as a secondary.
#[tokio::test(flavor = "multi_thread")]
async fn three_mongodb_nodes_lose_nothing_when_the_primary_is_killed() {
    let mut nodes = ReplicaSet::start(3);
    let mut storm = Storm::on(&nodes.url("storm"));
    for kill in 0..KILLS {
        // After a varying number of acknowledgements, so that the kill hits the writer at every step.
        storm.acknowledged_by(20 + kill * 37 % 101);
        let killed = nodes.kill_primary();
        nodes.primary(); // elected
        storm.acknowledged_by(5);
        nodes.restart(killed);
    }
    let seen = storm.stop();
    nothing_is_lost(&nodes.url("storm"), &seen).await;
}

/// The tests for servers that are killed and restarted.
macro_rules! killed_and_restarted {
    ($($name:ident: $server:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let mut server = $server::start();
            server.create_database("storm");
            let mut storm = Storm::on(&server.url("storm"));
            for kill in 0..5 {
                storm.acknowledged_by(20 + kill * 37 % 101);
                server.kill();
                server.restart();
            }
            storm.acknowledged_by(20);
            let seen = storm.stop();
            nothing_is_lost(&server.url("storm"), &seen).await;
        }
    )*};
}

killed_and_restarted! {
    postgres_loses_nothing_when_it_is_killed: Postgres;
    mariadb_loses_nothing_when_it_is_killed: Mariadb;
}

/// The primary is lost for good, and its replica takes its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_postgres_replica_has_everything() {
    let mut primary = Postgres::start();
    primary.create_database("storm");
    let replica = primary.replica();
    let mut storm = Storm::on(&primary.url("storm"));
    storm.acknowledged_by(400);
    primary.kill();
    replica.promote();
    let seen = storm.stop();
    nothing_is_lost(&replica.url("storm"), &seen).await;
    // The replica accepts new reports.
    let (eovr, _) = hospital(open_store(&replica.url("storm")).await.unwrap()).await;
    let nurse = eovr.session(eovr_tests::actor("nurse", eovr_core::access::Role::Staff, "CAI-1-1"));
    let report = eovr_tests::report("The first one after the change.");
    nurse.incidents().report(&eovr_tests::id("CAI-1-1"), report).await.unwrap();
}

/// A process that submits reports, and its printed acknowledgements.
struct Storm {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    seen: Vec<(RecordId, u64)>,
    errors: Vec<String>,
}

impl Drop for Storm {
    /// Kills the storm, which would otherwise run for ever.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Storm {
    fn on(url: &str) -> Self {
        let mut storm = Command::new(env!("CARGO_BIN_EXE_storm"));
        let storm = storm.args([url, "--stubborn"]).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut process = storm.spawn().expect("the storm starts");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "ready");
        Self { process, lines, seen: Vec::new(), errors: Vec::new() }
    }

    /// Waits for this many more acknowledgements.
    fn acknowledged_by(&mut self, more: usize) {
        let goal = self.seen.len() + more;
        while self.seen.len() < goal {
            match self.lines.next() {
                Some(line) => self.hear(line.unwrap()),
                None => panic!("the storm ended with {:?}", self.errors.last()),
            }
        }
    }

    fn hear(&mut self, line: String) {
        if line.starts_with("error ") {
            self.errors.push(line);
            return;
        }
        let (record, version) = line.split_once(' ').unwrap_or_else(|| panic!("the storm said `{line}`"));
        self.seen.push((record.parse().unwrap(), version.parse().unwrap()));
    }

    fn stop(mut self) -> Vec<(RecordId, u64)> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        // The last line may be incomplete.
        let rest: Vec<_> =
            self.lines.by_ref().map_while(Result::ok).filter(|line| line.len() == 38).collect();
        rest.into_iter().for_each(|line| self.hear(line));
        println!("{} acknowledged, {} errors: {:?}", self.seen.len(), self.errors.len(), self.errors.first());
        std::mem::take(&mut self.seen)
    }
}

/// Checks the whole store: every acknowledged commit is there, chains verify, the feed has every change once and in
/// order, and each number belongs to one incident.
async fn nothing_is_lost(url: &str, acknowledged: &[(RecordId, u64)]) {
    let store = open_store(url).await.unwrap();
    let (eovr, _) = hospital(store.clone()).await;
    let system = eovr.session(danger::unrestricted("test", "look at everything").unwrap());
    for (record, version) in acknowledged {
        let record = system.load(&KIND, *record).await.expect("an acknowledged report is there");
        assert!(record.version() >= *version, "an acknowledged change of {} was lost", record.id());
    }
    let (mut numbers, mut changes) = (BTreeSet::new(), 0);
    let mut query = Query::of(KIND).limit(500);
    loop {
        let page = system.find(&query).await.unwrap();
        for record in &page.items {
            let verdict = system.trail(&KIND, record.id()).await.unwrap().verdict;
            assert!(matches!(verdict, audit::Verdict::Intact { .. }), "{}: {verdict:?}", record.id());
            let number = record.envelope().number.clone().expect("an incident has a number");
            assert!(numbers.insert(number), "two incidents share a number");
            changes += record.version();
        }
        match page.next {
            Some(next) => query = query.after(Some(next)),
            None => break,
        }
    }
    let (mut last, mut told) = (0, 0);
    loop {
        let page = store.feed(last, 1000).await.unwrap();
        for posted in &page {
            assert_eq!(posted.position, last + 1, "the feed has a gap");
            last = posted.position;
            told += u64::from(posted.message.contains("\"topic\":\"incident."));
        }
        if page.len() < 1000 {
            break;
        }
    }
    assert_eq!(told, changes, "the feed tells of other changes than the records have");
    println!("{} incidents, {changes} changes, all there", numbers.len());
}
