//! The audit chain verifies after any history, and fails after any single change.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::Arc;

use eovr_core::access::Role;
use eovr_core::audit::{StoredEvent, Verdict, verify};
use eovr_core::incident::{Action, FOLLOW_UP, FollowUp, FollowUpKind, KIND};
use eovr_core::kind::Kind;
use eovr_core::name;
use eovr_core::org::OrgId;
use eovr_core::record::{ActorId, Record, RecordId, StoredRecord, Value};
use eovr_core::{Command, Timestamp};
use eovr_tests::chance::Chance;
use eovr_tests::spy::Spy;
use eovr_tests::{actor, hospital, id, report};
use sha2::{Digest, Sha256};

/// A record as stored, with its chain.
#[derive(Clone)]
struct Kept {
    kind: Arc<Kind>,
    record: StoredRecord,
    chain: Vec<StoredEvent>,
}

impl Kept {
    fn verdict(&self) -> Option<Verdict> {
        // A record that cannot be parsed is found before the verifier runs.
        Some(verify(&self.kind, &Record::try_from(self.record.clone()).ok()?, &self.chain))
    }

    fn is_intact(&self) -> bool {
        self.verdict().is_some_and(|verdict| verdict.is_intact())
    }
}

/// Incidents and follow-up actions after a random history through the facade.
async fn history(seed: u64, steps: usize) -> Vec<Kept> {
    let spy = Spy::new();
    let (eovr, clock) = hospital(spy.clone()).await;
    let mut chance = Chance::new(seed);
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let (mut incidents, mut follow_ups, mut receipts) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..steps {
        clock.pass_seconds(chance.below(400) as i64);
        if incidents.is_empty() || chance.percent(15) {
            let mut report = report("the patient fell from the bed, ward 3");
            report.medical_file_number = chance.percent(50).then(|| format!("MF {step}"));
            let reported = nurse.incidents().report(&id("CAI-1-1"), report).await.unwrap();
            incidents.push(reported.written.id);
            receipts.push(reported.receipt);
            continue;
        }
        let which = chance.below(incidents.len());
        let incident = incidents[which];
        let command = match chance.below(9) {
            0 => Command::new("start"),
            1 => Command::new("evaluate"),
            2 => Command::new("ask").note("was the rail up?"),
            3 => Command::new("take_action"),
            4 => Command::new("amend")
                .set("location", format!("ward {step}"))
                .write("notes", "seen")
                .note("moved"),
            5 => Command::new("assess").set("severity", "severe").set("probability", "rare"),
            6 => Command::new("amend").clear("location").erase("notes").note("wrong ward"),
            7 => Command::new("edit_jci").set("jci_chapter", "IPSG").write("jci_gap", "no rails"),
            _ => Command::new("dispose").set("disposition", "not_reportable").note("no incident"),
        };
        // Refused actions are part of a history.
        let _ = quality.act(&name!("incident"), incident, command).await;
        if chance.percent(30) {
            let _ = eovr.by_receipt(&receipts[which]).answer("it was down").await;
            let _ = nurse.incidents().act(incident, Action::AddRemark, Some("one more thing")).await;
        }
        if chance.percent(20) {
            let follow_up = FollowUp {
                task: "fit rails".to_owned(),
                owner: "quality".to_owned(),
                due_at: "2026-12-01T00:00:00Z".parse::<Timestamp>().unwrap(),
                kind: FollowUpKind::Corrective,
                strength: None,
            };
            if let Ok(written) = quality.incidents().follow_up(incident, follow_up).await {
                follow_ups.push(written.id);
            }
        }
        if let (Some(follow_up), true) = (follow_ups.last(), chance.percent(20)) {
            let _ = quality.incidents().finish_follow_up(*follow_up, "rails fitted").await;
        }
    }
    let mut kept = Vec::new();
    for (kind, ids) in [(&KIND, incidents), (&FOLLOW_UP, follow_ups)] {
        for id in ids {
            let (record, chain) = (spy.record(kind, id).await, spy.chain(kind, id).await);
            kept.push(Kept { kind: eovr.catalog().kind(kind).unwrap().clone(), record, chain });
        }
    }
    let keys = spy.dump().await;
    let keys = keys.0.into_iter().zip(keys.1).filter(|(record, _)| record.envelope.kind == "data_key");
    let kind = eovr.catalog().kind(&name!("data_key")).unwrap();
    kept.extend(keys.map(|(record, chain)| Kept { kind: kind.clone(), record, chain }));
    kept
}

#[tokio::test]
async fn after_any_history_every_chain_is_whole() {
    let (mut events, mut longest) = (0, 0);
    for seed in 0..40 {
        for kept in history(seed, 60).await {
            assert!(kept.is_intact(), "seed {seed}: {:?}", kept.verdict());
            events += kept.chain.len();
            longest = longest.max(kept.chain.len());
        }
    }
    assert!(events > 1500 && longest > 10, "{events} events, the longest chain has {longest}");
}

/// The rule of the documentation, implemented without the library.
#[tokio::test]
async fn a_chain_can_be_checked_with_sha256_alone() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for kept in history(100, 80).await {
        let mut prev = "0".repeat(64);
        for (stored, seq) in kept.chain.iter().zip(1..) {
            let hash: [u8; 32] = Sha256::digest(format!("eovr.event.v1\n{}", stored.body)).into();
            assert_eq!(hex(&stored.hash), hex(&hash));
            let body: serde_json::Value = serde_json::from_str(&stored.body).unwrap();
            assert_eq!((body["prev"].as_str(), body["seq"].as_u64()), (Some(prev.as_str()), Some(seq)));
            prev = hex(&hash);
        }
        assert_eq!(hex(&kept.record.envelope.head.hash), prev);
        assert_eq!(kept.record.envelope.head.seq, kept.chain.len() as u64);
    }
}

/// The text with one character changed at a random position.
fn flip(text: &str, chance: &mut Chance) -> String {
    let place = chance.below(text.chars().count());
    let other = |c: char| char::from_u32(u32::from(c) ^ 1).unwrap_or('?');
    text.chars().enumerate().map(|(index, c)| if index == place { other(c) } else { c }).collect()
}

/// Every way to change one part of a record.
fn changed_records(
    record: &StoredRecord,
    other: &StoredRecord,
    chance: &mut Chance,
) -> Vec<(String, StoredRecord)> {
    let mut all: Vec<(String, StoredRecord)> = Vec::new();
    let mut with = |what: String, change: &dyn Fn(&mut StoredRecord)| {
        let mut changed = record.clone();
        change(&mut changed);
        if changed != *record {
            all.push((what, changed));
        }
    };
    let org = |text: &str| OrgId::new(text).unwrap();
    with("governorate".to_owned(), &|record| record.envelope.stamp.governorate = org("XX"));
    with("administration".to_owned(), &|record| record.envelope.stamp.administration = org("CAI-2"));
    with("facility".to_owned(), &|record| record.envelope.stamp.facility = org("CAI-1-2"));
    with("author".to_owned(), &|record| record.envelope.author = ActorId::new("attacker").unwrap());
    with("state".to_owned(), &|record| record.envelope.state = name!("completed"));
    with("kind".to_owned(), &|record| record.envelope.kind = name!("other"));
    with("id".to_owned(), &|record| record.envelope.id = RecordId::from_bytes([5; 16]));
    with("parent".to_owned(), &|record| record.envelope.parent = Some(RecordId::from_bytes([6; 16])));
    with("no parent".to_owned(), &|record| record.envelope.parent = None);
    with("version up".to_owned(), &|record| record.envelope.version += 1);
    with("version down".to_owned(), &|record| record.envelope.version -= 1);
    with("month".to_owned(), &|record| record.envelope.month += 1);
    let later = |at: Timestamp| Timestamp::from_micros(at.as_micros() + 1);
    with("created_at".to_owned(), &|record| record.envelope.created_at = later(record.envelope.created_at));
    with("updated_at".to_owned(), &|record| record.envelope.updated_at = later(record.envelope.updated_at));
    with("head seq".to_owned(), &|record| record.envelope.head.seq += 1);
    with("head hash".to_owned(), &|record| record.envelope.head.hash[31] ^= 1);
    if record.envelope.version > 1 {
        // The engine assigns a new record's number after its first event; events from the second on cover it.
        with("number".to_owned(), &|record| record.envelope.number = Some("OVR-2026-999999".to_owned()));
        with("no number".to_owned(), &|record| record.envelope.number = None);
    }
    for name in record.facets.keys() {
        with(format!("facet {name} gone"), &|record| drop(record.facets.remove(name)));
        let text = Value::from("other");
        with(format!("facet {name} other"), &|record| drop(record.facets.insert(name.clone(), text.clone())));
        with(format!("facet {name} one off"), &|record| {
            let changed = match &record.facets[name] {
                Value::Text(text) => Value::from(format!("{text} ")),
                Value::Int(int) => Value::Int(int + 1),
                Value::Bool(bool) => Value::Bool(!bool),
                Value::Time(at) => Value::Time(later(*at)),
                Value::Bytes(bytes) => Value::Bytes(bytes.iter().map(|byte| byte ^ 1).collect()),
            };
            record.facets.insert(name.clone(), changed);
        });
    }
    with("facet added".to_owned(), &|record| drop(record.facets.insert(name!("x"), Value::Bool(true))));
    for (name, bytes) in &record.sealed {
        let (place, bit) = (chance.below(bytes.len()), 1 << chance.below(8));
        with(format!("sealed {name} flipped"), &|record| record.sealed.get_mut(name).unwrap()[place] ^= bit);
        with(format!("sealed {name} gone"), &|record| drop(record.sealed.remove(name)));
        with(format!("sealed {name} cut"), &|record| {
            record.sealed.get_mut(name).unwrap().truncate(bytes.len() - 1)
        });
        if let Some(others) = other.sealed.get(name) {
            with(format!("sealed {name} of another"), &|record| {
                record.sealed.insert(name.clone(), others.clone());
            });
        }
        with(format!("sealed {name} under another name"), &|record| {
            let bytes = record.sealed.remove(name).unwrap();
            record.sealed.insert(name!("elsewhere"), bytes);
        });
    }
    all
}

/// Every way to change a chain at one place.
fn changed_chains(
    chain: &[StoredEvent],
    other: &[StoredEvent],
    chance: &mut Chance,
) -> Vec<(String, Vec<StoredEvent>)> {
    let mut all = Vec::new();
    for place in 0..chain.len() {
        let mut with = |what: &str, change: &dyn Fn(&mut Vec<StoredEvent>)| {
            let mut changed = chain.to_vec();
            change(&mut changed);
            if changed != chain {
                all.push((format!("{what} at {place}"), changed));
            }
        };
        for _ in 0..6 {
            let body = flip(&chain[place].body, chance);
            with("body", &|chain| chain[place].body.clone_from(&body));
            // An attacker who knows the rule but cannot change the later events.
            let hash = Sha256::digest(format!("eovr.event.v1\n{body}")).into();
            with("body and hash", &|chain| {
                chain[place] = StoredEvent { body: body.clone(), hash, beside: None }
            });
        }
        with("hash", &|chain| chain[place].hash[7] ^= 0x10);
        with("dropped", &|chain| drop(chain.remove(place)));
        with("dropped from", &|chain| chain.truncate(place));
        with("twice", &|chain| chain.insert(place, chain[place].clone()));
        for second in place + 1..chain.len() {
            with("swapped", &|chain| chain.swap(place, second));
        }
        for foreign in other {
            with("moved in", &|chain| chain.insert(place, foreign.clone()));
            with("put in place", &|chain| chain[place] = foreign.clone());
        }
    }
    let mut longer = chain.to_vec();
    longer.extend(other.last().cloned());
    all.push(("appended".to_owned(), longer));
    all
}

#[tokio::test]
async fn any_single_change_is_found() {
    let mut tried = 0;
    let mut chance = Chance::new(5);
    for seed in 200..206 {
        let kept = history(seed, 50).await;
        for (index, one) in kept.iter().enumerate() {
            assert!(one.is_intact());
            let other = &kept[(index + 1) % kept.len()];
            for (what, record) in changed_records(&one.record, &other.record, &mut chance) {
                let changed = Kept { record, ..one.clone() };
                assert!(!changed.is_intact(), "seed {seed}: not found: {what} of {:?}", one.record);
                tried += 1;
            }
            for (what, chain) in changed_chains(&one.chain, &other.chain, &mut chance) {
                let changed = Kept { chain, ..one.clone() };
                assert!(!changed.is_intact(), "seed {seed}: not found: {what}, chain of {:?}", one.record);
                tried += 1;
            }
            // An older version of the record with the complete chain, and the reverse.
            let short = Kept { chain: Vec::new(), ..one.clone() };
            assert!(!short.is_intact(), "an empty chain passes");
        }
    }
    assert!(tried > 5_000, "only {tried} changes were tried");
}

#[tokio::test]
async fn a_record_set_back_with_its_chain_is_found_by_its_own_head() {
    let spy = Spy::new();
    let (eovr, _) = hospital(spy.clone()).await;
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let reported = quality.incidents().report(&id("CAI-1-1"), report("a vial was dropped")).await.unwrap();
    let incident = reported.written.id;
    let old = spy.record(&name!("incident"), incident).await;
    quality.incidents().act(incident, Action::Start, None).await.unwrap();
    let chain = spy.chain(&name!("incident"), incident).await;
    let kind = eovr.catalog().kind(&name!("incident")).unwrap().clone();
    let new = Kept { kind, record: spy.record(&name!("incident"), incident).await, chain: chain.clone() };
    assert!(!Kept { record: old, ..new.clone() }.is_intact(), "the record alone was set back");
    assert!(!Kept { chain: chain[..1].to_vec(), ..new.clone() }.is_intact(), "the chain alone");
    assert!(new.is_intact());
    let trail = quality.incidents().trail(incident).await.unwrap();
    assert!(trail.verdict.is_intact());
    spy.spoil(|record| drop(record.facets.insert(name!("category"), Value::from("behaviour"))));
    let trail = quality.incidents().trail(incident).await.unwrap();
    assert!(!trail.verdict.is_intact(), "the facade says so too");
}

#[tokio::test]
async fn a_commit_between_two_reads_breaks_no_chain() {
    let (eovr, _) = hospital(Spy::new()).await;
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let told =
        nurse.incidents().report(&id("CAI-1-1"), report("It fell to the floor.")).await.unwrap().written.id;
    for severity in ["minor", "moderate", "severe"] {
        let incidents = quality.incidents();
        // The engine reads the record, another caller commits, then the engine reads the events.
        let (assessed, trail) =
            tokio::join!(biased; incidents.assess(told, None, severity, "rare"), incidents.trail(told));
        assert!(assessed.is_ok());
        let verdict = trail.unwrap().verdict;
        assert!(verdict.is_intact(), "{verdict:?}");
    }
}

/// An event that cannot be opened is reported in the verdict and hides no other event.
#[tokio::test]
async fn an_event_that_cannot_be_read_is_in_the_verdict_and_hides_no_other() {
    let spy = Spy::new();
    let (eovr, _) = hospital(spy.clone()).await;
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let told = quality.incidents().report(&id("CAI-1-1"), report("It fell to the floor.")).await.unwrap();
    let told = told.written.id;
    quality.incidents().assess(told, None, "minor", "rare").await.unwrap();
    spy.spoil_events(|event| {
        if event.body.contains("\"assess\"") {
            event.body = "no JSON".to_owned();
        }
    });
    let trail = quality.incidents().trail(told).await.unwrap();
    assert!(!trail.verdict.is_intact() && trail.entries.len() == 1, "{:?}", trail.verdict);
}
