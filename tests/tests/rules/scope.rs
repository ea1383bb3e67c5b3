//! No actor reads a record out of its scope: a million random queries against a plain statement of the rules.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::BTreeSet;
use std::sync::Arc;

use eovr_core::access::{Actor, Role};
use eovr_core::incident::{self, Action, KIND, ReceiptCode, Report, Reporter, Settings};
use eovr_core::memory::MemoryStore;
use eovr_core::name;
use eovr_core::record::{ActorId, Column, Query, RecordId, Tally, Test, Value};
use eovr_core::{Command, Eovr, ErrorKind};
use eovr_tests::chance::Chance;
use eovr_tests::{TestClock, TestEntropy, actor, id, master_key, org, report, stamp};

const FACILITIES: [&str; 8] =
    ["CAI-1-1", "CAI-1-2", "CAI-2-1", "CAI-2-2", "ALX-1-1", "ALX-1-2", "ALX-2-1", "ALX-2-2"];
const CATEGORIES: [&str; 3] = ["medication", "nutrition", "behaviour"];
const RECORDS: usize = 320;
const QUESTIONS: usize = 3200;

/// A record, as the test remembers it.
struct Known {
    id: RecordId,
    facility: &'static str,
    author: String,
    category: &'static str,
    state: &'static str,
    number: String,
    receipt: ReceiptCode,
}

/// The actor that asks, in the test's own words.
#[derive(Debug)]
struct Who {
    role: Option<Role>,
    name: &'static str,
    home: &'static str,
    own_only: bool,
}

impl Who {
    fn by_chance(chance: &mut Chance) -> Self {
        Self {
            role: [None].into_iter().chain(Role::ALL.map(Some)).nth(chance.below(6)).unwrap(),
            name: *chance.pick(&["ada", "ben", "cleo", "dora"]),
            home: *chance.pick(&FACILITIES),
            own_only: chance.percent(25),
        }
    }

    fn actor(&self) -> Actor {
        let actor = match self.role {
            Some(role) => actor(self.name, role, self.home),
            None => Actor::visitor(ActorId::new(self.name).unwrap(), stamp(self.home)),
        };
        if self.own_only { actor.own_records_only() } else { actor }
    }

    /// from the text of the ids alone: `CAI-1-2` lies in `CAI-1`, which lies in `CAI`.
    fn sees(&self, record: &Known) -> bool {
        let administration = |facility: &str| facility[..5].to_owned();
        let governorate = |facility: &str| facility[..3].to_owned();
        match self.role {
            None => false,
            Some(Role::Staff | Role::QualityAdmin) => {
                record.facility == self.home && (!self.own_only || record.author == self.name)
            }
            // The narrowing to own records is for staff of a facility; other actors see nothing under it.
            Some(_) if self.own_only => false,
            Some(Role::AdminManager) => administration(record.facility) == administration(self.home),
            Some(Role::GovernorateManager) => governorate(record.facility) == governorate(self.home),
            Some(Role::TopManagement) => true,
        }
    }
}

/// A condition, twice: for the engine, and as a predicate of the test.
type Condition = (Column, Test, Box<dyn Fn(&Known) -> bool>);

fn condition(chance: &mut Chance) -> Condition {
    let text = |text: &str| Value::from(text);
    match chance.below(7) {
        0 => {
            let facility = *chance.pick(&FACILITIES);
            (Column::Facility, Test::Is(text(facility)), Box::new(move |known| known.facility == facility))
        }
        1 => {
            let one = *chance.pick(&FACILITIES);
            let other = *chance.pick(&FACILITIES);
            let test = Test::In(vec![text(one), text(other)]);
            (Column::Facility, test, Box::new(move |known| known.facility == one || known.facility == other))
        }
        2 => {
            let author = *chance.pick(&["ada", "ben", "cleo", "anonymous"]);
            (Column::Author, Test::Not(text(author)), Box::new(move |known| known.author != author))
        }
        3 => {
            let governorate = *chance.pick(&["CAI", "ALX"]);
            let test = Test::Is(text(governorate));
            (Column::Governorate, test, Box::new(move |known| known.facility.starts_with(governorate)))
        }
        4 => {
            let state = *chance.pick(&["created", "in_progress", "evaluating"]);
            (Column::State, Test::Is(text(state)), Box::new(move |known| known.state == state))
        }
        5 => {
            let category = *chance.pick(&CATEGORIES);
            let column = Column::Facet(name!("category"));
            (column, Test::Not(text(category)), Box::new(move |known| known.category != category))
        }
        _ => {
            let first = format!("OVR-2026-{:06}", chance.below(RECORDS));
            let test = Test::From(text(&first));
            (Column::Number, test, Box::new(move |known| known.number >= first))
        }
    }
}

async fn filled() -> (Eovr, Vec<Known>) {
    let kinds = incident::kinds(Settings { scorer: None, ..Settings::default() }).unwrap();
    let clock = TestClock::new();
    let eovr = Eovr::builder()
        .shared_store(Arc::new(MemoryStore::new()))
        .org(org())
        .kinds(kinds)
        .master_key(master_key())
        .clock(clock.clone())
        .entropy(TestEntropy::default())
        .open()
        .await
        .unwrap();
    let mut chance = Chance::new(1);
    let mut known = Vec::new();
    for _ in 0..RECORDS {
        let facility = *chance.pick(&FACILITIES);
        let name = *chance.pick(&["ada", "ben", "cleo"]);
        let role = *chance.pick(&[Role::Staff, Role::QualityAdmin]);
        let category = *chance.pick(&CATEGORIES);
        let mut report = report("somebody fell down the stairs");
        report.category = category.to_owned();
        let anonymous = chance.percent(15);
        if anonymous {
            report.reporter = Reporter::Anonymous;
        }
        let session = eovr.session(actor(name, role, facility));
        let reported = session.incidents().report(&id(facility), report).await.unwrap();
        let mut state = "created";
        let quality = eovr.session(actor("quality", Role::QualityAdmin, facility));
        for (action, next) in [(Action::Start, "in_progress"), (Action::Evaluate, "evaluating")] {
            if chance.percent(40) && (state == "in_progress") == (action == Action::Evaluate) {
                quality.incidents().act(reported.written.id, action, None).await.unwrap();
                state = next;
            }
        }
        clock.pass_seconds(chance.below(2) as i64);
        known.push(Known {
            id: reported.written.id,
            facility,
            author: if anonymous { "anonymous" } else { name }.to_owned(),
            category,
            state,
            number: reported.written.number.unwrap(),
            receipt: reported.receipt,
        });
    }
    (eovr, known)
}

#[tokio::test]
async fn a_million_questions_and_no_leak() {
    let (eovr, known) = filled().await;
    let mut chance = Chance::new(2);
    let everything = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
    let (mut triples, mut seen) = (0, 0);
    for _ in 0..QUESTIONS {
        let who = Who::by_chance(&mut chance);
        let session = eovr.session(who.actor());
        let conditions: Vec<Condition> = (0..chance.below(3)).map(|_| condition(&mut chance)).collect();
        let mut query = Query::of(KIND).limit(Query::LARGEST_PAGE);
        for (column, test, _) in &conditions {
            query = query.filter(column.clone(), test.clone());
        }
        let wanted: BTreeSet<RecordId> = known
            .iter()
            .filter(|known| who.sees(known) && conditions.iter().all(|(.., holds)| holds(known)))
            .map(|known| known.id)
            .collect();
        let got: BTreeSet<RecordId> = match session.find(&query).await {
            Ok(page) => page.items.iter().map(|record| record.id()).collect(),
            Err(error) => {
                assert_eq!((error.kind(), who.role), (ErrorKind::Denied, None), "{who:?}: {error}");
                BTreeSet::new()
            }
        };
        assert_eq!(got, wanted, "{who:?} asks {query:?}");
        triples += known.len();
        seen += got.len();

        // The other ways to read give the same answer for a random record.
        let one = chance.pick(&known);
        match session.load(&KIND, one.id).await {
            Ok(_) => assert!(who.sees(one), "{who:?} loads a record of {}", one.facility),
            Err(error) => assert!(!who.sees(one), "{who:?} cannot load {}: {error}", one.facility),
        }
        assert_eq!(session.trail(&KIND, one.id).await.is_ok(), who.sees(one), "trail, {who:?}");
        let record = everything.load(&KIND, one.id).await.unwrap();
        assert_eq!(session.legal(&record).await.is_ok(), who.sees(one), "legal, {who:?}");
        let tally = Tally { clauses: query.clauses.clone(), ..Tally::of(KIND) };
        if let Ok(figures) = session.tally(&tally).await {
            let count: u64 = figures.cells.iter().map(|cell| cell.count).sum();
            assert_eq!(count, wanted.len() as u64, "tally, {who:?}");
        }
    }
    assert!(triples >= 1_000_000, "{triples} triples");
    assert!(seen > triples / 20, "the questions hardly find anything: {seen}");
}

#[tokio::test]
async fn an_absent_record_and_one_out_of_scope_give_the_same_message() {
    let (eovr, known) = filled().await;
    let never = RecordId::from_bytes([9; 16]);
    for role in Role::ALL {
        let who = Who { role: Some(role), name: "ada", home: "CAI-1-1", own_only: false };
        let session = eovr.session(who.actor());
        let Some(hidden) = known.iter().find(|known| !who.sees(known)) else { continue };
        let kind = KIND;
        for action in ["start", "amend", "fly"] {
            let act = |id| session.act(&kind, id, Command::new(action).note("because"));
            let (absent, outside) = (act(never).await.unwrap_err(), act(hidden.id).await.unwrap_err());
            assert_eq!(absent.to_string(), outside.to_string());
            assert_eq!(outside.kind(), ErrorKind::NotFound);
        }
        let absent = session.load(&KIND, never).await.unwrap_err().to_string();
        assert_eq!(session.load(&KIND, hidden.id).await.unwrap_err().to_string(), absent);
        let absent = session.trail(&KIND, never).await.unwrap_err().to_string();
        assert_eq!(session.trail(&KIND, hidden.id).await.unwrap_err().to_string(), absent);
    }
}

#[tokio::test]
async fn a_receipt_shows_its_one_record() {
    let (eovr, known) = filled().await;
    for known in &known {
        let view = eovr.by_receipt(&known.receipt).view().await.unwrap();
        assert_eq!(view.number.as_deref(), Some(known.number.as_str()));
        assert_eq!(view.state, known.state);
    }
    let stranger: ReceiptCode = "0000-0000-0000-0000-0000-0000-0000-0000".parse().unwrap();
    assert_eq!(eovr.by_receipt(&stranger).view().await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_report_into_a_facility_out_of_scope_is_refused() {
    let (eovr, _) = filled().await;
    let mut chance = Chance::new(3);
    for _ in 0..500 {
        let who = Who::by_chance(&mut chance);
        let target = *chance.pick(&FACILITIES);
        let own = target == who.home;
        let reporter = if who.role.is_none() { Reporter::Patient } else { Reporter::Staff };
        let told = Report { reporter, ..report("what happened here") };
        let outcome = eovr.session(who.actor()).incidents().report(&id(target), told).await;
        match (who.role, outcome) {
            (None | Some(Role::Staff | Role::QualityAdmin), outcome) => {
                assert_eq!(outcome.is_ok(), own, "{who:?} reports in {target}: {outcome:?}");
            }
            (Some(_), outcome) => assert!(outcome.is_err(), "{who:?} reports at all"),
        }
    }
}
