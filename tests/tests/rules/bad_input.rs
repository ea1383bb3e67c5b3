//! The engine refuses wrong input with an error kind and a message that names the correct form, and changes nothing.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::future::Future;
use std::sync::Arc;

use eovr_core::access::{Actor, Role};
use eovr_core::incident::{self, Action, FollowUp, FollowUpKind, Harm, Report, Settings};
use eovr_core::name;
use eovr_core::record::{Column, Query, RecordId, Tally, Test, Value};
use eovr_core::seal::MasterKey;
use eovr_core::{Command, Eovr, Error, ErrorKind, Name, Result, Session, Timestamp};
use eovr_tests::spy::Spy;
use eovr_tests::{TestClock, TestEntropy, actor, hospital, id, org, report};

struct Ward {
    spy: Arc<Spy>,
    eovr: Eovr,
    quality: Session,
    incident: RecordId,
}

impl Ward {
    async fn new() -> Self {
        let spy = Spy::new();
        let (eovr, _) = hospital(spy.clone()).await;
        let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
        let reported = quality.incidents().report(&id("CAI-1-1"), report("a vial was dropped")).await;
        Self { spy, eovr, incident: reported.unwrap().written.id, quality }
    }

    /// Asserts that the call fails with this kind and message and changes no record.
    async fn check<T>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T>>,
        kind: ErrorKind,
        help: &str,
    ) -> Error {
        let before = self.spy.dump().await;
        let Err(error) = call.await else { panic!("{what} was accepted") };
        assert_eq!(error.kind(), kind, "{what}: {error}");
        let said = error.help().unwrap_or_else(|| panic!("{what} says nothing of what is right: {error}"));
        assert!(said.contains(help), "{what} should say `{help}`: {said}");
        assert!(self.spy.dump().await == before, "{what} changed something");
        error
    }

    async fn reports(&self, what: &str, change: impl FnOnce(&mut Report), help: &str) {
        let mut wrong = report("a vial was dropped");
        change(&mut wrong);
        let incidents = self.quality.incidents();
        let facility = id("CAI-1-1");
        let call = incidents.report(&facility, wrong);
        self.check(what, call, ErrorKind::InvalidInput, help).await;
    }

    async fn acts(&self, what: &str, command: Command, kind: ErrorKind, help: &str) {
        self.check(what, self.quality.act(&name!("incident"), self.incident, command), kind, help).await;
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn reports_that_are_not_right() {
    let ward = Ward::new().await;
    let description = "give 10 to 60000";
    ward.reports("an empty narrative", |report| report.description.clear(), description).await;
    ward.reports("five characters", |report| report.description = "12345".into(), description).await;
    ward.reports("nine and spaces", |report| report.description = "  123456789  ".into(), description).await;
    ward.reports("a novel", |report| report.description = "x".repeat(60_001), description).await;
    ward.reports("no category", |report| report.category.clear(), "`medication`").await;
    ward.reports("a category of its own", |report| report.category = "surgery".into(), "`medication`").await;
    ward.reports(
        "a subtype of another",
        |report| report.subtype = Some("fall_bed".into()),
        "patient_accident",
    )
    .await;
    let future = Some(time("2027-01-01T00:00:00Z"));
    ward.reports("tomorrow", |report| report.occurred_at = future, "up to now").await;
    let past = Some(time("1900-01-01T00:00:00Z"));
    ward.reports("1900", |report| report.occurred_at = past, "from 2000-01-01").await;
    ward.reports("factors", |report| report.factors = vec!["weather".into()], "`communication`").await;
    let long = Some("x".repeat(201));
    ward.reports("a place of 201 bytes", |report| report.location = long, "1 to 200 bytes").await;
    ward.reports("a place with NUL", |report| report.location = Some("a\0b".into()), "control").await;
    ward.reports("an empty place", |report| report.location = Some(String::new()), "1 to 200 bytes").await;
    let long = Some("9".repeat(65));
    ward.reports("a long file number", |report| report.medical_file_number = long, "1 to 64").await;
    let near = |report: &mut Report| report.occurred_at = Some(time("2026-11-22T08:04:00Z"));
    let mut fine = report("a vial was dropped");
    near(&mut fine);
    fine.actual_harm = Some(Harm::Mild);
    ward.quality.incidents().report(&id("CAI-1-1"), fine).await.unwrap();
}

#[tokio::test]
async fn places_that_are_not_there_or_not_theirs() {
    let ward = Ward::new().await;
    let incidents = ward.quality.incidents();
    let [nowhere, far, near] = ["NOWHERE", "ALX-1-1", "CAI-1-1"].map(id);
    let absent = incidents.report(&nowhere, report("a vial was dropped"));
    let absent = ward.check("an unknown facility", absent, ErrorKind::NotFound, "`CAI-1-1`").await;
    let other = incidents.report(&far, report("a vial was dropped"));
    let other = ward.check("another's facility", other, ErrorKind::NotFound, "facility").await;
    assert_eq!(absent.message(), other.message());
    let manager = ward.eovr.session(actor("boss", Role::TopManagement, "CAI-1-1"));
    let incidents = manager.incidents();
    let call = incidents.report(&near, report("a vial was dropped"));
    ward.check("a report from the top", call, ErrorKind::Denied, "tiers 1 to 2 may").await;
}

#[tokio::test]
async fn actions_that_are_not_right() {
    use ErrorKind::{Conflict, InvalidInput, Refused};
    let ward = Ward::new().await;
    let assess = |severity: &str| Command::new("assess").set("severity", severity).set("probability", "rare");
    ward.acts("off the scale", assess("catastrophic"), InvalidInput, "`minor`, `moderate`, `severe`").await;
    ward.acts("a number off the scale", assess("7"), InvalidInput, "or 1 to 3").await;
    let half = Command::new("assess").set("severity", "severe");
    ward.acts("severity alone", half, InvalidInput, "give both").await;
    let scheme = assess("severe").set("risk_scheme", "ours");
    ward.acts("an unknown scheme", scheme, InvalidInput, "accepted: `").await;
    let typed = Command::new("assess").set("severity", 3).set("probability", "rare");
    ward.acts("a number for a code", typed, InvalidInput, "give text").await;
    ward.acts("a stale version", Command::new("start").expecting(9), Conflict, "load it again").await;
    ward.acts("an illegal state", Command::new("complete"), Refused, "allowed here: `").await;
    ward.acts("an unknown action", Command::new("fly"), Refused, "`start`").await;
    ward.acts("no note", Command::new("amend"), Refused, "a note that says why").await;
    ward.acts("a blank note", Command::new("amend").note(" \n"), Refused, "a note that says why").await;
    let long = Command::new("amend").note("x".repeat(10_001));
    ward.acts("a long note", long, InvalidInput, "at most 10000").await;
    let computed = Command::new("amend").set("risk_score", 1).note("so");
    ward.acts("a computed facet", computed, InvalidInput, "it sets `category`").await;
    let original = Command::new("amend").write("description", "another story").note("so");
    ward.acts("another narrative", original, InvalidInput, "it sets `category`").await;
    ward.acts(
        "setting by `start`",
        Command::new("start").set("location", "x"),
        InvalidInput,
        "it sets nothing",
    )
    .await;
    let dispose = Command::new("dispose").set("disposition", "reopened").note("so");
    ward.acts("reopened by hand", dispose, InvalidInput, "`duplicate`, `not_reportable`").await;
    let own = ward.incident.to_string();
    let dispose = Command::new("dispose").set("disposition", "duplicate").note("so");
    ward.acts("a duplicate of nothing", dispose.clone(), InvalidInput, "UUID").await;
    let dispose = dispose.set("duplicate_of", own);
    ward.acts("a duplicate of itself", dispose, InvalidInput, "the other report").await;
    let chapter = Command::new("edit_jci").set("jci_chapter", "HCT").set("jci_edition", "jci7");
    ward.acts("a chapter of another edition", chapter, InvalidInput, "`MOI`").await;
    let incident = name!("incident");
    let machine = ward.eovr.session(actor("model", Role::QualityAdmin, "CAI-1-1").as_machine());
    let call = machine.act(&incident, ward.incident, Command::new("start"));
    ward.check("a machine that decides", call, Refused, "a person to decide").await;
    let task = FollowUp {
        task: "rail".into(),
        owner: "quality".into(),
        due_at: time("2026-12-01T00:00:00Z"),
        kind: FollowUpKind::Corrective,
        strength: None,
    };
    let incidents = ward.quality.incidents();
    let call = incidents.follow_up(ward.incident, task.clone());
    ward.check("a follow-up of four letters", call, InvalidInput, "give 5 to 10000").await;
    let task = FollowUp { task: "fit rails".into(), ..task };
    let call = incidents.follow_up(ward.incident, task);
    ward.check("a follow-up before the start", call, Refused, "allowed here: `").await;
}

#[tokio::test]
async fn questions_that_are_not_right() {
    use ErrorKind::InvalidInput;
    let ward = Ward::new().await;
    let name = |text: &str| Name::new(text).unwrap();
    let unknown = name!("incidents");
    let call = ward.quality.load(&unknown, ward.incident);
    ward.check("an unknown kind", call, InvalidInput, "known kinds: `attachment`, `audit_key`").await;
    let facet = |text: &str| Column::Facet(name(text));
    let incidents = || Query::of(name("incident"));
    let unknown = incidents().filter(facet("colour"), Test::Absent);
    ward.check("an unknown facet", ward.quality.find(&unknown), InvalidInput, "its facets: `").await;
    let sealed = incidents().filter(facet("description"), Test::Absent);
    ward.check("a sealed field", ward.quality.find(&sealed), InvalidInput, "its facets: `").await;
    let typed = incidents().filter(Column::Month, Test::From(Value::from("202611")));
    ward.check("a month in text", ward.quality.find(&typed), InvalidInput, "test it with int").await;
    let typed = incidents().filter(facet("disclosed"), Test::In(vec![true.into(), 1.into()]));
    ward.check("yes or 1", ward.quality.find(&typed), InvalidInput, "test it with bool").await;
    for limit in [0, Query::LARGEST_PAGE + 1, u32::MAX] {
        let page = incidents().limit(limit);
        ward.check("a page too large", ward.quality.find(&page), InvalidInput, "ask for 1 to 500").await;
    }
    let columns = ["category", "severity", "probability", "risk_band", "high_risk"];
    let tally = columns.iter().fold(Tally::of(name("incident")), |tally, column| tally.by(facet(column)));
    ward.check("five columns", ward.quality.tally(&tally), InvalidInput, "at most 4").await;
    let places = Tally::of(name("incident")).by(Column::Facility);
    ward.check("a comparison from below", ward.quality.tally(&places), ErrorKind::Denied, "tiers 4 to 5")
        .await;
    for wrong in ["", "UPPER", "with space", "a-b", "1a"] {
        assert!(Name::new(wrong).unwrap_err().help().unwrap().contains("starts with a letter"));
    }
}

async fn reopened(spy: &Arc<Spy>, master: [u8; 32]) -> Result<Eovr> {
    Eovr::builder()
        .shared_store(spy.clone())
        .org(org())
        .kinds(incident::kinds(Settings::default())?)
        .master_key(MasterKey::from_bytes(&master))
        .clock(TestClock::new())
        .entropy(TestEntropy::default())
        .open()
        .await
}

#[tokio::test]
async fn the_wrong_master_key_opens_nothing() {
    let ward = Ward::new().await;
    let call = reopened(&ward.spy, [43; 32]);
    ward.check("another master key", call, ErrorKind::Key, "the master key that wrapped it").await;
    assert!(reopened(&ward.spy, [42; 32]).await.is_ok());
    for (wrong, help) in [("", "32 bytes in base64"), ("c2hvcnQ=", "44 characters"), (&"A".repeat(43), "44")]
    {
        assert!(MasterKey::from_base64(wrong).unwrap_err().help().unwrap().contains(help));
    }
}

#[tokio::test]
async fn a_sealed_text_that_was_touched_does_not_open() {
    let ward = Ward::new().await;
    let other = ward.quality.incidents().report(&id("CAI-1-1"), report("another story entirely")).await;
    let other = ward.spy.record(&name!("incident"), other.unwrap().written.id).await;
    let description = name!("description");
    let own = ward.spy.record(&name!("incident"), ward.incident).await.sealed[&description].clone();

    type Spoil = Box<dyn Fn(&mut Vec<u8>) + Send>;
    let moved = other.sealed[&description].clone();
    // The parts after the header, which is not covered by the text: key id, nonce, text and tag.
    let mut ways: Vec<(&str, Spoil)> =
        vec![("moved from another record", Box::new(move |bytes| bytes.clone_from(&moved)))];
    for place in [18, 30, own.len() - 17, own.len() - 1] {
        ways.push(("a flipped bit", Box::new(move |bytes| bytes[place] ^= 1)));
    }
    ways.push(("cut short", Box::new(|bytes| bytes.truncate(60))));
    for (what, spoil) in ways {
        let name = description.clone();
        ward.spy.spoil(move |record| record.sealed.get_mut(&name).into_iter().for_each(&spoil));
        let record = ward.quality.load(&name!("incident"), ward.incident).await.unwrap();
        let opened = async { ward.quality.open(&record, "description") };
        ward.check(what, opened, ErrorKind::Tampered, "it was changed, or it was sealed for another").await;
        // The chain fails to verify, too.
        assert!(
            !ward.quality.trail(&name!("incident"), ward.incident).await.unwrap().verdict.is_intact(),
            "{what}"
        );
    }
    let name = description.clone();
    ward.spy.spoil(move |record| {
        record.sealed.get_mut(&name).into_iter().for_each(|bytes| *bytes = b"plain".to_vec())
    });
    let record = ward.quality.load(&name!("incident"), ward.incident).await.unwrap();
    let opened = async { ward.quality.open(&record, "description") };
    ward.check("a plain text", opened, ErrorKind::Tampered, "written without being sealed").await;
    let name = description;
    ward.spy.spoil(move |record| record.sealed.get_mut(&name).into_iter().for_each(|bytes| bytes[5] ^= 1));
    let record = ward.quality.load(&name!("incident"), ward.incident).await.unwrap();
    let opened = async { ward.quality.open(&record, "description") };
    ward.check("an unknown key", opened, ErrorKind::Key, "read the stored keys again").await;
}

#[tokio::test]
async fn people_who_are_not_right() {
    use eovr_core::access::Seat;
    use eovr_core::record::ActorId;
    let seat = Seat::Country;
    let error = Actor::new(ActorId::new("ada").unwrap(), Role::Staff, seat).unwrap_err();
    assert_eq!((error.kind(), error.help()), (ErrorKind::Config, Some("give a facility as the seat")));
    for wrong in ["", "two words", "tab\t", &"x".repeat(129)] {
        assert!(ActorId::new(wrong).unwrap_err().help().unwrap().contains("without spaces"));
    }
    let ward = Ward::new().await;
    let visitor =
        ward.eovr.session(Actor::visitor(ActorId::new("qr-7").unwrap(), eovr_tests::stamp("CAI-1-1")));
    let error = visitor.incidents().act(ward.incident, Action::Start, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
