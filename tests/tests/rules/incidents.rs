//! The guarantees for reporters and reviewers, beside the six states.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::Arc;

use eovr_core::access::{Actor, Role};
use eovr_core::incident::{Action, Harm, KIND, Report, Reporter, State};
use eovr_core::memory::MemoryStore;
use eovr_core::name;
use eovr_core::record::{ActorId, Record, RecordId, Value};
use eovr_core::{Command, Eovr, ErrorKind, Session};
use eovr_tests::{TestClock, actor, hospital, id, report, stamp};

struct Ward {
    eovr: Eovr,
    clock: TestClock,
    nurse: Session,
    quality: Session,
}

async fn ward() -> Ward {
    let (eovr, clock) = hospital(Arc::new(MemoryStore::new())).await;
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    Ward { eovr, clock, nurse, quality }
}

impl Ward {
    async fn told(&self) -> RecordId {
        self.nurse
            .incidents()
            .report(&id("CAI-1-1"), report("The wrong syringe was given."))
            .await
            .unwrap()
            .written
            .id
    }

    async fn completed(&self) -> RecordId {
        let incident = self.told().await;
        for action in [Action::Start, Action::Evaluate, Action::TakeAction, Action::Complete] {
            self.quality.incidents().act(incident, action, None).await.unwrap();
        }
        incident
    }

    async fn load(&self, incident: RecordId) -> Record {
        self.quality.incidents().load(incident).await.unwrap()
    }
}

fn text<'r>(record: &'r Record, facet: &str) -> Option<&'r str> {
    record.text(facet)
}

#[tokio::test]
async fn the_reporter_corrects_for_thirty_minutes_and_a_manager_later_with_a_reason() {
    let ward = ward().await;
    let incident = ward.told().await;
    let correct = |location: &str| Command::new(Action::Correct).set("location", location);
    let amend = || Command::new(Action::Amend).set("location", "ward-9");

    ward.clock.pass_seconds(30 * 60);
    ward.nurse.act(&KIND, incident, correct("ward-3")).await.unwrap();
    let other = ward.eovr.session(actor("other", Role::Staff, "CAI-1-1"));
    let refused = other.act(&KIND, incident, correct("ward-4")).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().unmet[0].need, "author");
    ward.clock.pass_seconds(1);
    let refused = ward.nurse.act(&KIND, incident, correct("ward-5")).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().unmet[0].need, "within_minutes");
    let refused = ward.quality.act(&KIND, incident, amend()).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().unmet[0].need, "note");
    ward.quality.act(&KIND, incident, amend().note("the ward was moved")).await.unwrap();

    assert_eq!(text(&ward.load(incident).await, "location"), Some("ward-9"));
    let trail = ward.quality.incidents().trail(incident).await.unwrap();
    let change = &trail.entries[2].event.changes["location"];
    assert_eq!((change.before.as_str(), change.after.as_str()), (Some("ward-3"), Some("ward-9")));
    assert_eq!(trail.entries[2].note.as_ref().unwrap().as_str(), "the ward was moved");
}

#[tokio::test]
async fn the_first_words_are_kept_for_ever() {
    let ward = ward().await;
    let incident = ward.told().await;
    for action in [Action::Correct, Action::Amend] {
        let rewrite = Command::new(action).write("description", "Nothing happened at all.").note("tidier");
        let session = if action == Action::Correct { &ward.nurse } else { &ward.quality };
        let refused = session.act(&KIND, incident, rewrite).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{refused}");
    }
    ward.nurse.incidents().act(incident, Action::AddRemark, Some("it was the green one")).await.unwrap();
    let record = ward.load(incident).await;
    assert_eq!(
        ward.quality.open(&record, "description").unwrap().unwrap().as_str(),
        "The wrong syringe was given."
    );
    let trail = ward.quality.incidents().trail(incident).await.unwrap();
    assert_eq!(trail.entries[1].note.as_ref().unwrap().as_str(), "it was the green one");
}

#[tokio::test]
async fn an_anonymous_report_names_no_author_and_can_still_be_answered() {
    let ward = ward().await;
    let told = Report { reporter: Reporter::Anonymous, ..report("The wrong syringe was given.") };
    let reported = ward.nurse.incidents().report(&id("CAI-1-1"), told.clone()).await.unwrap();
    let incident = reported.written.id;
    let record = ward.load(incident).await;
    assert_eq!(record.envelope().author.as_str(), "anonymous");
    for action in [Action::Start, Action::Evaluate] {
        ward.quality.incidents().act(incident, action, None).await.unwrap();
    }
    ward.quality
        .incidents()
        .act(incident, Action::AddRemark, Some("a reviewer's own thoughts"))
        .await
        .unwrap();
    ward.quality.incidents().act(incident, Action::Ask, Some("which ward was it?")).await.unwrap();

    // As typed from a slip of paper.
    let typed =
        reported.receipt.to_string().to_lowercase().replace('0', "o").replace('1', "l").replace('-', " ");
    let code = typed.parse().unwrap();
    let seen = ward.eovr.by_receipt(&code).view().await.unwrap();
    assert!(seen.waiting && seen.state == "more_info_needed");
    assert_eq!(seen.exchange.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["which ward was it?"]);
    ward.eovr.by_receipt(&code).answer("ward 3, in the night").await.unwrap();
    assert_eq!(ward.eovr.by_receipt(&code).answer("again").await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(ward.eovr.by_receipt(&code).view().await.unwrap().state, "evaluating");
    let trail = ward.quality.incidents().trail(incident).await.unwrap();
    assert!(
        trail.entries.iter().all(|entry| entry.event.actor.as_str() != "nurse"),
        "the trail names the nurse"
    );

    // Staff of another facility cannot report here, with or without a name.
    let elsewhere = ward.eovr.session(actor("other", Role::Staff, "CAI-1-2"));
    assert_eq!(
        elsewhere.incidents().report(&id("CAI-1-1"), told).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    let wrong = "0000-0000-0000-0000-0000-0000-0000-0000".parse().unwrap();
    assert_eq!(ward.eovr.by_receipt(&wrong).view().await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_visitor_reports_and_sees_nothing() {
    let ward = ward().await;
    let visitor = ward.eovr.session(Actor::visitor(ActorId::new("poster-7").unwrap(), stamp("CAI-1-1")));
    let told = Report { reporter: Reporter::Patient, ..report("I was given somebody else's tablets.") };
    let incident = visitor.incidents().report(&id("CAI-1-1"), told.clone()).await.unwrap().written.id;
    assert_eq!(visitor.incidents().load(incident).await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(visitor.incidents().newest(5).await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(
        visitor.incidents().act(incident, Action::Start, None).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        visitor.incidents().report(&id("CAI-1-2"), told).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn dispositions_stand_beside_the_states_and_figures_leave_them_out() {
    let ward = ward().await;
    let (original, copy, other) = (ward.told().await, ward.told().await, ward.told().await);
    let dispose =
        |disposition: &str| Command::new(Action::Dispose).set("disposition", disposition).note("seen twice");
    let duplicate = |of: RecordId| dispose("duplicate").set("duplicate_of", of);
    for wrong in [dispose("duplicate"), duplicate(copy), dispose("reopened"), dispose("forgotten")] {
        assert_eq!(ward.quality.act(&KIND, copy, wrong).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    ward.quality.act(&KIND, copy, duplicate(original)).await.unwrap();
    ward.quality.act(&KIND, other, dispose("not_reportable")).await.unwrap();
    assert_eq!(ward.load(copy).await.state().as_str(), State::Created.to_string());
    assert_eq!(ward.quality.incidents().summary().await.unwrap().total, 1);
    ward.quality
        .act(&KIND, copy, Command::new(Action::Restore).note("not the same after all"))
        .await
        .unwrap();
    let restored = ward.load(copy).await;
    assert_eq!((text(&restored, "disposition"), text(&restored, "duplicate_of")), (None, None));
    assert_eq!(ward.quality.incidents().summary().await.unwrap().total, 2);
}

#[tokio::test]
async fn work_on_a_closed_incident_goes_on_in_a_new_one() {
    let ward = ward().await;
    let open = ward.told().await;
    let again = || report("It has happened once more in the same ward.");
    let refused = ward.quality.incidents().reopen(open, "it came back", again()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert_eq!(
        ward.quality.incidents().summary().await.unwrap().total,
        1,
        "half of a refused reopening was kept"
    );

    let closed = ward.completed().await;
    let new = ward.quality.incidents().reopen(closed, "it came back", again()).await.unwrap().written.id;
    let (old, new) = (ward.load(closed).await, ward.load(new).await);
    assert_eq!((old.state().as_str(), text(&old, "disposition")), ("completed", Some("reopened")));
    assert_eq!(text(&old, "continued_in"), Some(new.id().to_string().as_str()));
    assert_eq!(
        (new.state().as_str(), text(&new, "continues")),
        ("created", Some(closed.to_string().as_str()))
    );
    assert_eq!(ward.quality.incidents().summary().await.unwrap().total, 2);

    // Only once, because a second successor or a way back would count the event twice.
    let restore = Command::new(Action::Restore).note("a mistake");
    assert_eq!(ward.quality.act(&KIND, closed, restore).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    let twice = ward.quality.incidents().reopen(closed, "again", again()).await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::InvalidInput);
    let other = ward.completed().await;
    let alone =
        ward.quality.incidents().act(other, Action::Reopen, Some("nothing follows")).await.unwrap_err();
    assert_eq!(alone.kind(), ErrorKind::InvalidInput);
    let anonymous = Report { reporter: Reporter::Anonymous, ..again() };
    let new = ward.quality.incidents().reopen(other, "it came back", anonymous).await.unwrap().written.id;
    assert_eq!(ward.load(new).await.envelope().author.as_str(), "anonymous");
    assert_eq!(ward.quality.incidents().summary().await.unwrap().total, 3);
}

#[tokio::test]
async fn a_file_number_is_found_however_it_was_typed_or_corrected() {
    let ward = ward().await;
    let told = Report {
        medical_file_number: Some("mrn ٠٠٧".to_owned()),
        ..report("The wrong syringe was given.")
    };
    let incident = ward.nurse.incidents().report(&id("CAI-1-1"), told).await.unwrap().written.id;
    assert_eq!(ward.quality.incidents().of_file("MRN 007").await.unwrap().items.len(), 1);
    let corrected = Command::new(Action::Correct).write("medical_file_number", "Mrn  ٠٠٨");
    ward.nurse.act(&KIND, incident, corrected).await.unwrap();
    assert_eq!(ward.quality.incidents().of_file("mrn۰۰۸").await.unwrap().items.len(), 1);
    assert_eq!(ward.quality.incidents().of_file("MRN 007").await.unwrap().items.len(), 0);
}

#[tokio::test]
async fn pasted_text_gives_the_same_number_place_and_person() {
    let ward = ward().await;
    let some = |text: &str| Some(text.to_owned());
    let told = Report {
        medical_file_number: some("\u{202A}MF\u{2013}٧٧\u{200B}٢٣١\u{2011}b\u{202C}"),
        location: some(" ICU\u{A0}–\u{200F} ٢ "),
        involved_person: some("\u{202B}Zoe\u{308}  منى\u{202C}\n"),
        ..report("The wrong syringe was given.")
    };
    let incident = ward.nurse.incidents().report(&id("CAI-1-1"), told).await.unwrap().written.id;
    let found = |number: &'static str| {
        let quality = ward.quality.clone();
        async move { quality.incidents().of_file(number).await.unwrap().items.len() }
    };
    for typed in
        ["MF-77231-B", "mf–77231–b", "MF−٧٧٢٣١−B", "\u{200F}ＭＦ-77231-Ｂ", "MFـ77231ـB", "“MF-77231-B”."]
    {
        assert_eq!(found(typed).await, 1, "{typed:?}");
    }
    for other in ["MF77231B", "MF-77231", "MF-77232-B"] {
        assert_eq!(found(other).await, 0, "{other:?}");
    }
    let record = ward.quality.load(&KIND, incident).await.unwrap();
    assert_eq!(record.facet("location"), Some(&Value::from("ICU - 2")));
    assert_eq!(*ward.quality.open(&record, "involved_person").unwrap().unwrap(), "Zo\u{EB} منى");
    let moved = Command::new(Action::Correct).set("location", "icu \u{2014} ۳");
    ward.nurse.act(&KIND, incident, moved).await.unwrap();
    let record = ward.quality.load(&KIND, incident).await.unwrap();
    assert_eq!(record.facet("location"), Some(&Value::from("icu - 3")));
}

#[tokio::test]
async fn an_empty_narrative_is_refused_and_a_real_one_keeps_every_letter() {
    let ward = ward().await;
    let nothing = "\u{200B}\u{200F}\u{640}\u{3164}\u{FEFF}\u{2800}\u{AD}\u{64B}\u{A0}\u{2066}\u{2069}\u{61C}";
    type Change = fn(&mut Report, &str);
    let changes: [(&str, Change); 4] = [
        ("description", |report, text| report.description = text.to_owned()),
        ("location", |report, text| report.location = Some(text.to_owned())),
        ("involved_person", |report, text| report.involved_person = Some(text.to_owned())),
        ("medical_file_number", |report, text| report.medical_file_number = Some(text.to_owned())),
    ];
    for (field, change) in changes {
        for empty in [nothing, "  \u{A0} \u{200F} "] {
            let mut told = report("The wrong syringe was given.");
            change(&mut told, empty);
            let refused = ward.nurse.incidents().report(&id("CAI-1-1"), told).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{field}");
            assert!(refused.to_string().contains(field) && refused.help().is_some(), "{refused}");
        }
    }
    // Eight letters stay fewer than ten with any invisible characters between them.
    let eight = format!("too\u{200B}\u{200F}\u{3164}short{nothing}");
    assert!(ward.nurse.incidents().report(&id("CAI-1-1"), report(&eight)).await.is_err());
    let told = "\u{202B}سقطـ المريض\u{202C} Zoe\u{308} \u{FEB3}\u{200C} \r\n ok ";
    let incident = ward.nurse.incidents().report(&id("CAI-1-1"), report(told)).await.unwrap().written.id;
    let record = ward.quality.load(&KIND, incident).await.unwrap();
    assert_eq!(*ward.quality.open(&record, "description").unwrap().unwrap(), told);
    for action in [Action::Start, Action::Evaluate] {
        ward.quality.incidents().act(incident, action, None).await.unwrap();
    }
    let silent =
        ward.quality.incidents().act(incident, Action::Ask, Some("\u{200F}\u{200B}")).await.unwrap_err();
    assert_eq!(silent.kind(), ErrorKind::Refused, "a question of nothing is none");
}

#[tokio::test]
async fn a_receipt_corrects_for_thirty_minutes_and_shows_no_reviewers_words() {
    let ward = ward().await;
    let told = Report { reporter: Reporter::Anonymous, ..report("The wrong syringe was given.") };
    let reported = ward.nurse.incidents().report(&id("CAI-1-1"), told).await.unwrap();
    let (incident, code) = (reported.written.id, reported.receipt);
    let correction = || Command::new(Action::Correct).set("location", "ward-3");
    ward.eovr.by_receipt(&code).correct(correction()).await.unwrap();
    ward.clock.pass_seconds(31 * 60);
    let late = ward.eovr.by_receipt(&code).correct(correction()).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Refused);
    for action in [Action::Start, Action::Evaluate] {
        ward.quality.incidents().act(incident, action, None).await.unwrap();
    }
    ward.quality.incidents().act(incident, Action::Ask, Some("which ward?")).await.unwrap();
    let answer = Some("phoned the ward: it was nurse Y");
    ward.quality.incidents().act(incident, Action::Answer, answer).await.unwrap();
    let seen = ward.eovr.by_receipt(&code).view().await.unwrap();
    assert_eq!(seen.exchange.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["which ward?"]);
    let start = ward.eovr.by_receipt(&code).correct(Command::new(Action::Start)).await.unwrap_err();
    assert_eq!(start.kind(), ErrorKind::Denied);
}

/// A caller without read access to a kind learns neither whether a record exists nor its state.
#[tokio::test]
async fn a_refusal_tells_a_stranger_nothing() {
    let ward = ward().await;
    let top = ward.eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
    let key = top.data_keys().await.unwrap().first().unwrap().id;
    let manager = ward.eovr.session(actor("manager", Role::GovernorateManager, "CAI-1-1"));
    for action in ["rewrap", "no_such_action"] {
        let refused =
            manager.act(&name!("data_key"), key, Command::new(action).expecting(99)).await.unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::Denied | ErrorKind::NotFound), "{refused}");
        assert!(!refused.to_string().contains("version"), "{refused}");
    }
    let record = top.load(&name!("data_key"), key).await.unwrap();
    assert_eq!(manager.legal(&record).await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn a_person_rates_beside_the_scorer_and_never_over_it() {
    let ward = ward().await;
    let told = Report {
        actual_harm: Some(Harm::NoHarm),
        potential_harm: Some(Harm::Death),
        ..report("The patient was found dead after a tenfold overdose of insulin.")
    };
    let incident = ward.nurse.incidents().report(&id("CAI-1-1"), told).await.unwrap().written.id;
    let before = ward.load(incident).await;
    assert_eq!(
        (text(&before, "actual_harm"), text(&before, "potential_harm")),
        (Some("no_harm"), Some("death"))
    );
    assert_eq!(before.bool("ai_high_risk"), Some(true));
    assert_eq!(text(&before, "ai_model"), Some("eovr-rules"));

    for computed in ["risk_score", "risk_band", "ai_score", "high_risk"] {
        let typed_in = Command::new(Action::Assess).set(computed, 1);
        let refused = ward.quality.act(&KIND, incident, typed_in).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{computed} was typed in");
    }
    ward.quality.incidents().assess(incident, None, "severe", "rare").await.unwrap();
    let after = ward.load(incident).await;
    assert_eq!((after.int("risk_score"), text(&after, "risk_band")), (Some(3), Some("high")));
    assert_eq!(after.facet("ai_score"), before.facet("ai_score"));

    let model = ward.eovr.session(actor("a-model", Role::QualityAdmin, "CAI-1-1").as_machine());
    let refused = model.incidents().act(incident, Action::Start, None).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().unmet[0].need, "human");
}

#[tokio::test]
async fn own_records_only_narrows_staff() {
    let ward = ward().await;
    let theirs = ward.told().await;
    let narrowed = ward.eovr.session(actor("second", Role::Staff, "CAI-1-1").own_records_only());
    let own = narrowed
        .incidents()
        .report(&id("CAI-1-1"), report("The drip had run dry for an hour."))
        .await
        .unwrap();
    assert_eq!(narrowed.incidents().load(theirs).await.unwrap_err().kind(), ErrorKind::NotFound);
    let page = narrowed.incidents().newest(10).await.unwrap();
    assert_eq!(page.items.iter().map(Record::id).collect::<Vec<_>>(), [own.written.id]);
}
