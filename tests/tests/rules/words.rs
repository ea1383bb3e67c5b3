//! No error and no log line contains words of a report.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::fmt::Debug;

use eovr_core::access::{Actor, Role};
use eovr_core::identity::NewUser;
use eovr_core::incident::{Action, FollowUp, FollowUpKind, Harm, ReceiptCode, Report, jci, taxonomy};
use eovr_core::kind::Draft;
use eovr_core::name;
use eovr_core::org::OrgId;
use eovr_core::record::{ActorId, Column, Query, RecordId, Tally, Test, Value};
use eovr_core::seal::MasterKey;
use eovr_core::{Command, Error, ErrorKind, Name, Result, Session, Timestamp};
use eovr_tests::spy::Spy;
use eovr_tests::{actor, hospital, id};

/// Confidential words, where text is expected and where a code is expected.
const TEXT: &str = "Hassan Zamalek fell, عطية too";
const CODE: &str = "hassan_zamalek";
/// The same words as an id.
const ID: &str = "Hassan-Zamalek";

#[track_caller]
fn silent(what: &str, words: &str) {
    let lower = words.to_lowercase();
    for word in ["hassan", "zamalek", "عطية"] {
        assert!(!lower.contains(word), "{what} says `{word}`: {words}");
    }
}

#[track_caller]
fn silent_debug(what: &str, value: &dyn Debug) {
    silent(what, &format!("{value:?}"));
    silent(what, &format!("{value:#?}"));
}

/// Asserts that no part of an error contains the words.
#[track_caller]
fn silent_error(what: &str, error: &Error) {
    silent(what, &error.to_string());
    silent_debug(what, error);
    silent(what, error.message());
    silent(what, error.help().unwrap_or_default());
    silent_debug(what, &error.context());
    silent_debug(what, &error.refusal());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        silent(what, &cause.to_string());
        silent_debug(what, &cause);
        source = cause.source();
    }
}

/// Asserts that the call fails and its error does not contain the words.
#[track_caller]
fn fails<T>(what: &str, result: Result<T>) -> ErrorKind {
    let Err(error) = result else { panic!("{what} was accepted") };
    silent_error(what, &error);
    error.kind()
}

/// A report with words in every field.
fn words() -> Report {
    let some = || Some(TEXT.to_owned());
    Report {
        category: "medication".to_owned(),
        description: TEXT.to_owned(),
        specific_error: some(),
        location: some(),
        involved_person: some(),
        medical_file_number: some(),
        immediate_action: some(),
        responsible_manager: some(),
        disclosure_responsible: some(),
        notes: some(),
        ..Report::default()
    }
}

fn follow_up() -> FollowUp {
    FollowUp {
        task: TEXT.to_owned(),
        owner: CODE.to_owned(),
        due_at: "2026-12-01T00:00:00Z".parse().unwrap(),
        kind: FollowUpKind::Corrective,
        strength: None,
    }
}

/// A rule of the host that inspects every draft.
#[derive(Debug)]
struct Curious(std::sync::Mutex<String>);

impl eovr_core::kind::Complete for &'static Curious {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        self.0.lock().unwrap().push_str(&format!("{draft:?}\n{draft:#?}\n"));
        Ok(())
    }
}

#[tokio::test]
async fn debug_shows_structure_and_no_words() {
    let spy = Spy::new();
    let (eovr, _) = hospital(spy.clone()).await;
    let session = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let incidents = session.incidents();
    silent_debug("a report", &words());
    silent_debug("a follow-up", &follow_up());
    let user = NewUser {
        role: Role::Staff,
        email: TEXT.to_owned(),
        display_name: TEXT.to_owned(),
        password_hash: Some(TEXT.to_owned()),
        must_change: true,
    };
    silent_debug("a new user", &user);
    silent_debug("a new user's command", &user.command());
    let command = Command::new(TEXT).set(CODE, TEXT).write(CODE, TEXT).note(TEXT).clear(ID).erase(ID);
    silent_debug("a command", &command);
    let reported = incidents.report(&id("CAI-1-1"), words()).await.unwrap();
    let incident = reported.written.id;
    silent_debug("what a reporter gets", &reported);
    incidents.act(incident, Action::Start, Some(TEXT)).await.unwrap();
    incidents.act(incident, Action::AddRemark, Some(TEXT)).await.unwrap();
    let panel = ["jci_evidence", "jci_gap", "jci_plan"];
    let panel = panel.iter().fold(Command::new("edit_jci"), |command, field| command.write(field, TEXT));
    let panel = panel.set("jci_standard", TEXT).set("jci_element", TEXT).note(TEXT);
    session.act(&name!("incident"), incident, panel).await.unwrap();
    let amend = Command::new("amend").set("location", CODE).write("notes", CODE).note(TEXT);
    session.act(&name!("incident"), incident, amend).await.unwrap();
    let task = incidents.follow_up(incident, follow_up()).await.unwrap().id;
    incidents.finish_follow_up(task, TEXT).await.unwrap();

    let record = incidents.load(incident).await.unwrap();
    assert_eq!(session.open(&record, "description").unwrap().unwrap().as_str(), TEXT);
    assert_eq!(record.facet("location"), Some(&Value::from(CODE)), "the words did go in");
    silent_debug("a record", &record);
    silent_debug("a follow-up's record", &session.load(&name!("follow_up"), task).await.unwrap());
    silent_debug("a page", &incidents.newest(10).await.unwrap());
    silent_debug("a trail", &incidents.trail(incident).await.unwrap());
    silent_debug("what is legal", &session.legal(&record).await.unwrap());
    silent_debug("a summary", &incidents.summary().await.unwrap());
    silent_debug("a receipt", &eovr.by_receipt(&reported.receipt).view().await.unwrap());
    silent_debug("a kept record", &spy.record(&name!("incident"), incident).await);
    silent_debug("kept events", &spy.chain(&name!("incident"), incident).await);
    silent_debug("the session", &session);
    silent_debug("the engine", &eovr);
    silent_debug("incidents", &incidents);
    silent_debug("the store", &spy);
    assert!(spy.heard().contains("Commit"), "the spy heard nothing");
    silent("a commit", &spy.heard());
    silent("the outbox", &spy.dump().await.2.join("\n"));
}

#[tokio::test]
async fn drafts_are_silent_in_a_hosts_own_rules() {
    static CURIOUS: Curious = Curious(std::sync::Mutex::new(String::new()));
    let table = r#"{
        "name": "letter",
        "facets": [{"name": "place", "type": "text"}],
        "fields": [{"name": "body"}],
        "workflow": {
            "start": "open", "create": "write",
            "states": [{"name": "open", "end": true}],
            "actions": [{"name": "write", "tiers": [1, 5], "sets": ["place", "body"]}],
            "rules": []
        }
    }"#;
    let kind = eovr_core::kind::Kind::new(serde_json::from_str(table).unwrap()).unwrap();
    let eovr = eovr_core::Eovr::builder()
        .store(eovr_core::memory::MemoryStore::new())
        .org(eovr_tests::org())
        .kind(kind.completed_by(&CURIOUS))
        .master_key(eovr_tests::master_key())
        .clock(eovr_tests::TestClock::new())
        .entropy(eovr_tests::TestEntropy::default())
        .open()
        .await
        .unwrap();
    let session = eovr.session(actor("ada", Role::Staff, "CAI-1-1"));
    let command = Command::new("write").set("place", TEXT).write("body", TEXT).note(TEXT);
    session.create(&name!("letter"), &id("CAI-1-1"), command).await.unwrap();
    let heard = CURIOUS.0.lock().unwrap().clone();
    assert!(heard.contains("Draft"), "the rules were not asked");
    silent("a draft", &heard);
}

async fn ward() -> (std::sync::Arc<Spy>, Session, RecordId) {
    let spy = Spy::new();
    let (eovr, _) = hospital(spy.clone()).await;
    let session = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let reported = session.incidents().report(&id("CAI-1-1"), words()).await.unwrap();
    (spy, session, reported.written.id)
}

#[tokio::test]
async fn refused_reports_are_not_repeated() {
    let (_, session, _) = ward().await;
    let incidents = session.incidents();
    let long = TEXT.repeat(3_000);
    type Spoil<'a> = Box<dyn Fn(&mut Report) + 'a>;
    let changes: Vec<(&str, Spoil<'_>)> = vec![
        ("category text", Box::new(|report| report.category = TEXT.into())),
        ("category code", Box::new(|report| report.category = CODE.into())),
        ("subtype text", Box::new(|report| report.subtype = Some(TEXT.into()))),
        ("subtype code", Box::new(|report| report.subtype = Some(CODE.into()))),
        ("factors", Box::new(|report| report.factors = vec![CODE.into(), TEXT.into()])),
        ("long narrative", Box::new(|report| report.description = long.clone())),
        ("short narrative", Box::new(|report| report.description = "Hassan".into())),
        ("long place", Box::new(|report| report.location = Some(long.clone()))),
        ("place with NUL", Box::new(|report| report.location = Some(format!("{TEXT}\0")))),
        ("person", Box::new(|report| report.involved_person = Some(long.clone()))),
        ("manager", Box::new(|report| report.responsible_manager = Some(long.clone()))),
        ("who told", Box::new(|report| report.disclosure_responsible = Some(long.clone()))),
        ("file", Box::new(|report| report.medical_file_number = Some(long.clone()))),
        ("error", Box::new(|report| report.specific_error = Some(long.clone()))),
        ("notes", Box::new(|report| report.notes = Some(long.clone()))),
        ("at once", Box::new(|report| report.immediate_action = Some(long.clone()))),
        ("the future", Box::new(|report| report.occurred_at = Some(Timestamp::from_micros(i64::MAX)))),
    ];
    for (what, change) in changes {
        let mut report = words();
        change(&mut report);
        assert_eq!(fails(what, incidents.report(&id("CAI-1-1"), report).await), ErrorKind::InvalidInput);
    }
    fails("elsewhere", incidents.report(&id("ALX-1-1"), words()).await);
    fails("nowhere", incidents.report(&id(ID), words()).await);
    let reported = incidents.report(&id("CAI-1-1"), words()).await.unwrap();
    let again = incidents.report_as(&id("CAI-1-1"), reported.written.id, words()).await;
    assert_eq!(fails("the same twice", again), ErrorKind::Conflict);
    let reopen = incidents.reopen(reported.written.id, TEXT, words()).await;
    assert_eq!(fails("reopening what is open", reopen), ErrorKind::Refused);
}

#[tokio::test]
async fn refused_actions_are_not_repeated() {
    let (_, session, incident) = ward().await;
    let kind = session.eovr().catalog().kind(&name!("incident")).unwrap().clone();
    let actions = kind.machine().table().actions.iter().map(|row| row.name.as_str()).chain([TEXT, CODE, ""]);
    let mut tried = 0;
    for action in actions {
        let base = || Command::new(action).note(TEXT);
        let mut commands = vec![
            base().set(TEXT, TEXT),
            base().set(CODE, CODE),
            base().write(TEXT, TEXT),
            base().write(CODE, CODE),
            base().clear(CODE).erase(CODE),
            base().expecting(77).set("location", TEXT),
            Command::new(action).note(TEXT.repeat(1000)),
        ];
        for facet in kind.facets() {
            let name = facet.name.as_str();
            commands.push(base().set(name, TEXT));
            commands.push(base().set(name, CODE));
            commands.push(base().set(name, Value::Bytes(TEXT.as_bytes().to_vec())));
            commands.push(base().set(name, TEXT.repeat(100)));
            commands.push(base().write(name, TEXT));
        }
        for field in kind.fields() {
            commands.push(base().write(field.name.as_str(), TEXT.repeat(3000)));
            commands.push(base().set(field.name.as_str(), TEXT));
        }
        for who in [Role::Staff, Role::QualityAdmin, Role::TopManagement] {
            let person = session.eovr().session(actor("ada", who, "CAI-1-1"));
            for command in &commands {
                if let Err(error) = person.act(&name!("incident"), incident, command.clone()).await {
                    silent_error(action, &error);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 4_000, "only {tried} calls failed");
    for (severity, probability) in [(TEXT, "rare"), (CODE, "rare"), ("severe", TEXT), ("severe", CODE)] {
        fails("assess", session.incidents().assess(incident, None, severity, probability).await);
    }
    fails("scheme", session.incidents().assess(incident, Some(CODE), "severe", "rare").await);
    let task = FollowUp { owner: TEXT.repeat(20), ..follow_up() };
    fails("follow-up", session.incidents().follow_up(incident, task).await);
    fails(
        "another's child",
        session.create_child(&name!("follow_up"), RecordId::from_bytes([1; 16]), Command::new(CODE)).await,
    );
    let kind = Name::new(CODE).unwrap();
    fails("kind", session.create(&kind, &id("CAI-1-1"), Command::new(TEXT)).await);
    fails("kind", session.act(&kind, incident, Command::new(TEXT)).await);
}

#[tokio::test]
async fn refused_questions_are_not_repeated() {
    let (spy, session, incident) = ward().await;
    let name = |text: &str| Name::new(text).unwrap();
    fails("kind", session.load(&name(CODE), incident).await);
    fails("kind", session.trail(&name(CODE), incident).await);
    fails("kind", session.find(&Query::of(name(CODE))).await);
    fails("kind", session.tally(&Tally::of(name(CODE))).await);
    let incidents = || Query::of(name("incident"));
    fails("facet", session.find(&incidents().filter(Column::Facet(name(CODE)), Test::Absent)).await);
    fails("value", session.find(&incidents().filter(Column::Month, Test::Is(Value::from(TEXT)))).await);
    fails("facet", session.tally(&Tally::of(name("incident")).by(Column::Facet(name(CODE)))).await);
    fails("field", session.sealed_is(&name!("incident"), TEXT, TEXT));
    fails("kind", session.sealed_is(&name(CODE), "medical_file_number", TEXT));
    // A sealed value with a changed byte, in each field.
    let record = spy.record(&name!("incident"), incident).await;
    spy.spoil(|record| record.sealed.values_mut().for_each(|bytes| bytes[40] ^= 1));
    let spoilt = session.load(&name!("incident"), incident).await.unwrap();
    for field in record.sealed.keys() {
        assert_eq!(fails("a touched text", session.open(&spoilt, field.as_str())), ErrorKind::Tampered);
    }
    spy.spoil(|record| record.sealed.values_mut().for_each(|bytes| *bytes = TEXT.as_bytes().to_vec()));
    let spoilt = session.load(&name!("incident"), incident).await.unwrap();
    for field in record.sealed.keys() {
        assert_eq!(fails("a plain text", session.open(&spoilt, field.as_str())), ErrorKind::Tampered);
    }
    assert_eq!(
        fails("a plain text", session.attested(&name!("incident"), incident).await),
        ErrorKind::Tampered
    );
    // A changed event.
    let event =
        eovr_core::audit::StoredEvent { body: format!("{{\"v\": \"{TEXT}\"}}"), hash: [0; 32], beside: None };
    assert_eq!(fails("an event", event.read()), ErrorKind::Tampered);
}

#[test]
fn unreadable_input_is_not_repeated() {
    for words in [TEXT, CODE, ID] {
        fails("a record id", words.parse::<RecordId>());
        fails("a time", words.parse::<Timestamp>());
        fails("a role", words.parse::<Role>());
        fails("a receipt code", words.parse::<ReceiptCode>());
        fails("a harm", words.parse::<Harm>());
        fails("an edition", words.parse::<jci::Edition>());
        fails("a status", words.parse::<jci::Status>());
        fails("a chapter", jci::Edition::Jci8.chapter(words));
        fails("a proposal", jci::propose(jci::Edition::Jci8, "medication", Some(words)));
        fails("a category", taxonomy::find(words));
        fails("a subtype", taxonomy::find_subtype("medication", words));
        fails("a master key", MasterKey::from_base64(words));
        fails("a master key", MasterKey::from_base64(&format!("{words:a<44}")[..44]));
        let scheme = eovr_core::risk::three_by_three();
        fails("a severity", scheme.assess(words, "rare"));
        fails("a probability", scheme.assess("severe", words));
    }
    fails("a name", Name::new(TEXT));
    fails("an id", OrgId::new(TEXT));
    fails("an actor", ActorId::new(TEXT));
    let seat = eovr_core::access::Seat::Governorate(id(ID));
    fails("a seat", Actor::new(ActorId::new(ID).unwrap(), Role::Staff, seat));
}
