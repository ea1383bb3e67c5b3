//! The workflow of an incident against a list written by hand, and the rules of soundness for any table.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

mod tables;

use std::collections::{BTreeMap, BTreeSet};

use eovr_core::access::{Actor, Role};
use eovr_core::audit::Attested;
use eovr_core::decide::{self, Context, Target};
use eovr_core::incident::{self, Settings};
use eovr_core::kind::{Catalog, Kind};
use eovr_core::name;
use eovr_core::record::{RecordId, Value};
use eovr_core::seal::{Entropy, KeyRing};
use eovr_core::{Command, ErrorKind, Result, Timestamp};
use eovr_tests::chance::Chance;
use eovr_tests::{actor, hospital, master_key, stamp};
use uuid::Uuid;

const WALKS: usize = 100_000;

const STATES: [&str; 6] =
    ["created", "in_progress", "evaluating", "more_info_needed", "action_taken", "completed"];

/// and the action of each transition: created → in progress → evaluating ⇄ more info needed, evaluating → action
/// taken → completed. There is no other.
const EDGES: [(&str, &str, &str); 7] = [
    ("created", "start", "in_progress"),
    ("in_progress", "evaluate", "evaluating"),
    ("evaluating", "ask", "more_info_needed"),
    ("more_info_needed", "answer", "evaluating"),
    ("evaluating", "take_action", "action_taken"),
    ("action_taken", "complete", "completed"),
    ("action_taken", "complete_early", "completed"),
];

/// Actions that leave the state unchanged: in every state, while open, once taken up, once closed.
const EVERYWHERE: [&str; 5] = ["add_remark", "edit_jci", "review_ai", "dispose", "restore"];
const WHILE_OPEN: [&str; 4] = ["amend", "assess", "attach", "correct"];

/// The lowest tier that may do each action; the highest is 5, or 2 for a reporter's actions.
const LOWEST: [(&str, u8); 19] = [
    ("start", 2),
    ("evaluate", 2),
    ("ask", 2),
    ("answer", 1),
    ("take_action", 2),
    ("complete", 2),
    ("complete_early", 3),
    ("correct", 1),
    ("amend", 2),
    ("add_remark", 1),
    ("assess", 2),
    ("attach", 1),
    ("edit_jci", 2),
    ("review_ai", 2),
    // Only a machine may do it, which is a need and not a tier.
    ("analyse", 5),
    ("open_follow_up", 2),
    ("dispose", 2),
    ("restore", 2),
    ("reopen", 2),
];

/// The actions that a refusal lists for a state.
fn legal(state: &str) -> Vec<String> {
    known(state, false)
}

fn known(state: &str, machine: bool) -> Vec<String> {
    let edges = EDGES.iter().filter(|(from, ..)| *from == state).map(|(_, action, _)| *action);
    let mut legal: Vec<String> = edges.chain(EVERYWHERE).map(str::to_owned).collect();
    // No person may do it at any tier.
    if machine {
        legal.push("analyse".to_owned());
    }
    if state != "completed" {
        legal.extend(WHILE_OPEN.map(str::to_owned));
    }
    if !["created", "completed"].contains(&state) {
        legal.push("open_follow_up".to_owned());
    }
    if state == "completed" {
        legal.push("reopen".to_owned());
    }
    legal.sort();
    legal
}

fn may(action: &str, tier: u8) -> bool {
    let (_, lowest) = LOWEST.iter().find(|(name, _)| *name == action).expect("a listed action");
    // Reporters correct; reopening makes a new report.
    *lowest <= tier && (!["correct", "reopen"].contains(&action) || tier <= 2)
}

/// A decision without an engine: a kind, a key ring, and a clock that a walk moves.
struct Ground {
    catalog: Catalog,
    ring: KeyRing,
    now: Timestamp,
    seeds: u64,
}

impl Ground {
    fn new() -> Self {
        let kinds = incident::kinds(Settings { scorer: None, ..Settings::default() }).unwrap();
        let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let ring = KeyRing::create(&master_key(), ids, 0, &mut Entropy::from_seed(&[1; 32])).unwrap();
        let now = "2026-11-22T08:00:00Z".parse().unwrap();
        Self { catalog: Catalog::new(kinds, &[]).unwrap(), ring, now, seeds: 0 }
    }

    fn kind(&self) -> &Kind {
        self.catalog.kind(&name!("incident")).unwrap()
    }

    fn decide(&mut self, actor: &Actor, target: Target<'_>, command: Command) -> Result<Attested> {
        self.seeds += 1;
        let mut seed = [3; 32];
        seed[..8].copy_from_slice(&self.seeds.to_be_bytes());
        let mut context = Context {
            actor,
            catalog: &self.catalog,
            cipher: &self.ring,
            authenticator: None,
            now: self.now,
            zone: &jiff::tz::TimeZone::UTC,
            entropy: &mut Entropy::from_seed(&seed),
            checks: &BTreeMap::new(),
        };
        let commit = decide::decide(self.kind(), target, command, &mut context)?;
        Ok(commit.into_changes().remove(0).into_record())
    }

    fn report(&mut self, actor: &Actor) -> Attested {
        let command = Command::new("report")
            .set("category", "medication")
            .set("reporter_type", "staff")
            .write("description", "a vial was dropped");
        let id = RecordId::from_parts(self.now, [7; 10]);
        let target = Target::New { id, stamp: stamp("CAI-1-1"), parent: None };
        self.decide(actor, target, command).unwrap()
    }
}

fn command(action: &str, note: bool, version: Option<u64>) -> Command {
    let command = match action {
        "assess" => Command::new(action).set("severity", "severe").set("probability", "rare"),
        "dispose" => Command::new(action).set("disposition", "not_reportable"),
        "reopen" => Command::new(action).set("continued_in", RecordId::from_bytes([7; 16])),
        _ => Command::new(action),
    };
    let command = if note { command.note("because") } else { command };
    match version {
        Some(version) => command.expecting(version),
        None => command,
    }
}

#[test]
fn no_walk_leaves_the_map() {
    let walked: Vec<Walked> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=4).map(|seed| scope.spawn(move || walk(seed, WALKS / 4))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (from, _, to) in EDGES {
        let way = (from.to_owned(), to.to_owned());
        assert!(walked.iter().all(|walked| walked.ways.contains(&way)), "no walk went from {from} to {to}");
    }
    let refused: u64 = walked.iter().map(|walked| walked.refused).sum();
    let completed: u64 = walked.iter().map(|walked| walked.completed).sum();
    assert!(refused > 50_000 && completed > 50, "{refused} refused, {completed} completed");
}

/// The result of some walks.
#[derive(Default)]
struct Walked {
    ways: BTreeSet<(String, String)>,
    refused: u64,
    completed: u64,
}

fn walk(seed: u64, walks: usize) -> Walked {
    let mut ground = Ground::new();
    let people: Vec<(Actor, u8)> =
        Role::ALL.iter().map(|role| (actor("ada", *role, "CAI-1-1"), role.tier().number())).collect();
    let first = ground.report(&people[0].0);
    assert_eq!(first.state().as_str(), "created");
    let mut chance = Chance::new(seed);
    let start = ground.now;
    let mut walked = Walked::default();
    for _ in 0..walks {
        let mut record = first.clone();
        ground.now = start;
        for _ in 0..3 + chance.below(10) {
            let (person, tier) = chance.pick(&people);
            let machine = chance.percent(5);
            let person = if machine { &person.clone().as_machine() } else { person };
            // Half of the time an action of the current state, so that walks make progress.
            let state = record.state().to_string();
            let known = known(&state, machine);
            let action = match chance.percent(60) {
                true => chance.pick(&known).clone(),
                false => chance.pick(&LOWEST).0.to_owned(),
            };
            let note = chance.percent(70);
            let version = chance.percent(20).then(|| record.version() + u64::from(chance.percent(30)));
            let closed = BTreeMap::from([(name!("follow_up"), chance.below(2) as u64)]);
            ground.now = ground.now.plus_seconds(chance.below(600) as i64);
            let target = Target::Existing { record: &record, open_children: &closed };
            match ground.decide(person, target, command(&action, note, version)) {
                Ok(next) => {
                    let edge = (state.as_str(), action.as_str(), next.state().as_str());
                    let stays = state == next.state().as_str()
                        && !EDGES.iter().any(|(from, taking, _)| *from == state && *taking == action);
                    assert!(EDGES.contains(&edge) || stays, "{edge:?} is no way on the map");
                    assert!(known.contains(&action), "{edge:?} was not legal");
                    assert!(may(&action, *tier), "tier {tier} did {action}");
                    assert_eq!(machine, action == "analyse", "machine: {machine}, {action}");
                    assert!(version.is_none_or(|version| version == record.version()), "a stale version");
                    assert_eq!(next.version(), record.version() + 1);
                    walked.ways.insert((state.clone(), next.state().to_string()));
                    walked.completed +=
                        u64::from(next.state().as_str() == "completed" && state != "completed");
                    record = next;
                }
                Err(error) => match error.kind() {
                    ErrorKind::Refused => {
                        let refusal = error.refusal().expect("a refusal says why");
                        assert_eq!(refusal.legal, known, "in {state}");
                        assert_eq!((refusal.state.as_str(), refusal.action.as_str()), (&*state, &*action));
                        let here = known.contains(&action) || action == "analyse";
                        assert_eq!(refusal.unmet.is_empty(), !here, "{error}");
                        walked.refused += 1;
                    }
                    ErrorKind::Denied => assert!(!may(&action, *tier), "{error}"),
                    ErrorKind::Conflict => assert_ne!(version, Some(record.version()), "{error}"),
                    // A report has one disposition at a time.
                    ErrorKind::InvalidInput if ["dispose", "reopen", "restore"].contains(&&*action) => {}
                    other => panic!("{other:?}: {error}"),
                },
            }
        }
    }
    walked
}

#[test]
fn each_state_refuses_every_other_action_and_lists_its_own() {
    let mut ground = Ground::new();
    let top = actor("top", Role::TopManagement, "CAI-1-1");
    let quality = actor("ada", Role::QualityAdmin, "CAI-1-1");
    let mut record = ground.report(&quality);
    let closed = BTreeMap::from([(name!("follow_up"), 0)]);
    for (state, way) in STATES.iter().zip(["start", "evaluate", "ask", "answer", "complete", ""]) {
        if *state == "action_taken" {
            // The edge leads back from more info needed; take the other one.
            let target = Target::Existing { record: &record, open_children: &closed };
            record = ground.decide(&quality, target, command("take_action", true, None)).unwrap();
        }
        assert_eq!(record.state().as_str(), *state);
        for (action, _) in LOWEST.iter().chain(&[("fly", 1), ("Report something", 1)]) {
            if legal(state).contains(&(*action).to_owned()) {
                continue;
            }
            let target = Target::Existing { record: &record, open_children: &closed };
            let error = ground.decide(&quality, target, command(action, true, None)).unwrap_err();
            // This tier may not close early in any state; no person may analyse.
            if ["complete_early", "analyse"].contains(action) {
                assert_eq!(error.kind(), ErrorKind::Denied);
                let target = Target::Existing { record: &record, open_children: &closed };
                let error = ground.decide(&top, target, command(action, true, None)).unwrap_err();
                assert_eq!(error.refusal().unwrap().legal, legal(state));
                continue;
            }
            let refusal = error.refusal().unwrap_or_else(|| panic!("{action} in {state}: {error}"));
            assert_eq!(refusal.legal, legal(state));
            assert!(error.help().unwrap().starts_with("allowed here: `"), "{error}");
        }
        if !way.is_empty() {
            let target = Target::Existing { record: &record, open_children: &closed };
            record = ground.decide(&quality, target, command(way, true, None)).unwrap();
        }
    }
    assert_eq!(record.facet("category"), Some(&Value::from("medication")));
}

#[test]
fn the_literal_list_and_the_table_say_the_same() {
    let ground = Ground::new();
    let machine = ground.kind().machine();
    assert_eq!(machine.table().states.iter().map(|state| state.name.as_str()).collect::<Vec<_>>(), STATES);
    for state in STATES {
        let names: Vec<_> = machine.legal(state).map(|rule| rule.action.to_string()).collect();
        assert_eq!(names, known(state, true));
    }
    for (action, lowest) in LOWEST {
        for role in Role::ALL {
            let tier = role.tier().number();
            let allowed = machine.action(action).unwrap().allows(&actor("ada", role, "CAI-1-1"));
            assert_eq!(allowed, may(action, tier), "{action} from tier {lowest} by tier {tier}");
        }
    }
}

/// Compares with a file; `EOVR_UPDATE=1` writes it.
pub(crate) fn snapshot(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    if std::env::var_os("EOVR_UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, text, "{} is out of date: run the test with EOVR_UPDATE=1", path.display());
}

#[tokio::test]
async fn diagram_and_action_table_are_as_drawn() {
    let (eovr, _) = hospital(std::sync::Arc::new(eovr_core::memory::MemoryStore::new())).await;
    let incident = eovr.catalog().kind(&name!("incident")).unwrap();
    snapshot("incident.mmd", &incident.machine().diagram());
    snapshot("actions.md", &eovr.catalog().actions().to_markdown());
}
