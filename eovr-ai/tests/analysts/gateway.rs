//! What the gateway sends, to which provider, what it records about it, and what it never sends.

use eovr_ai::Dialect;
use eovr_core::ErrorKind;
use eovr_core::analyst::{Limits, Outcome, Registry};
use eovr_core::incident::Report;
use eovr_core::name;
use eovr_core::record::Value;
use eovr_core::seal::Purpose;
use eovr_core::triage::analysis::NoAnswerReason;

use crate::fixture::report;
use crate::house::{ANSWER, House, KEY, PATIENT, WORDS, all, int, text};

#[tokio::test]
async fn an_answer_stands_beside_the_house_s_own_opinion_and_points_into_the_original() {
    for dialect in Dialect::ALL {
        let house = House::open(dialect, PATIENT).await;
        let id = house.told(WORDS).await;
        let before = house.incident(id).await;
        house.says(|_| ANSWER.to_owned());
        assert_eq!(house.works().await, [Outcome::Answered], "{dialect:?}");
        let incident = house.incident(id).await;
        assert_eq!(text(&incident, "analyst_status"), "answered");
        assert_eq!(text(&incident, "analyst_model"), format!("{}/m-1", dialect.name()));
        assert!(text(&incident, "analyst_version").starts_with("eovr.prompt.v1-"));
        assert_eq!(
            (int(&incident, "analyst_score"), int(&incident, "analyst_confidence")),
            (Some(83), Some(71))
        );
        assert_eq!(text(&incident, "analyst_band"), "high");
        for facet in ["ai_model", "ai_score", "ai_band", "ai_high_risk", "severity", "risk_band"] {
            assert_eq!(incident.facet(facet), before.facet(facet), "{facet}");
        }
        assert_eq!(incident.facet("high_risk"), Some(&Value::Bool(true)));
        let analysis = all(&house.eovr).open(&incident, "analysis").unwrap().unwrap();
        let analysis: serde_json::Value = serde_json::from_str(&analysis).unwrap();
        let span = |list: &str| {
            let at = |end: &str| analysis[list][0]["span"][end].as_u64().unwrap() as usize;
            &WORDS[at("start")..at("end")]
        };
        assert_eq!((span("factors"), span("findings")), ("pump", "morphine"));
        let record = house.analysis(id).await;
        assert_eq!((int(&record, "tokens_in"), int(&record, "tokens_out")), (Some(310), Some(42)));
        assert!(house.top().trail(&name!("incident"), id).await.unwrap().verdict.is_intact());
    }
}

#[tokio::test]
async fn identifiers_are_not_sent_and_the_trail_records_what_was_sent() {
    let house = House::open(Dialect::Anthropic, PATIENT).await;
    let named = Report {
        involved_person: Some("Zaynab Q., Pharmacy".to_owned()),
        medical_file_number: Some("4471-22".to_owned()),
        notes: Some("a note that is nobody's business".to_owned()),
        location: Some("ward-9".to_owned()),
        ..report(&format!("{WORDS} zaynab had warned us; call 0100 123 4567 or mona@example.org."))
    };
    let id = house.reports(named).await;
    house.says(|_| ANSWER.to_owned());
    house.works().await;
    let heard = house.replay.heard().remove(0);
    let question: serde_json::Value =
        serde_json::from_str(heard.body["messages"][0]["content"].as_str().unwrap()).unwrap();
    let sent = question["narrative"].as_str().unwrap();
    assert_eq!(
        sent,
        "Mr. [name], MRN [file number], was given morphine from the wrong pump. [name] had warned us; \
         call [phone] or [email]."
    );
    assert_eq!(question["facts"], serde_json::json!({"category": "medication"}));
    let whole = format!("{}{}", heard.head, heard.body).to_lowercase();
    for secret in
        ["hassan", "4471", "zaynab", "0100", "mona@", "nobody's business", "ward-9", "nurse-7", "cai-1-1"]
    {
        assert!(!whole.contains(secret), "`{secret}` went out");
    }
    assert!(!heard.path.contains(KEY) && !heard.body.to_string().contains(KEY));

    let record = house.analysis(id).await;
    use sha2::{Digest as _, Sha256};
    assert_eq!(record.facet("digest"), Some(&Value::Bytes(Sha256::digest(sent).to_vec())));
    assert_eq!(int(&record, "characters"), Some(sent.chars().count() as i64));
    assert_eq!((int(&record, "taken_out"), text(&record, "beside")), (Some(5), "category"));
    let trail = house.top().trail(&name!("analysis"), record.id()).await.unwrap();
    assert!(trail.verdict.is_intact());
    let events: Vec<_> = trail.entries.iter().map(|entry| entry.event.action.to_string()).collect();
    assert_eq!(events, ["open", "send", "answer"]);
    let send = &trail.entries[1].event;
    assert_eq!((send.actor.as_str(), send.capacity.as_str(), send.human), ("eovr.analyst", "system", false));
    assert_eq!(send.changes["processor"].after, "anthropic");
    assert!(!house.trail(id).await.contains("morphine"));
}

/// The event is stored before the request is sent, so a crash in between hides nothing.
#[tokio::test]
async fn the_trail_records_a_request_even_if_the_process_dies() {
    let house = House::open(Dialect::OpenAi, PATIENT).await;
    let id = house.told(WORDS).await;
    house.replay.plays(crate::replay::Play::Stall);
    let job = house.worker.due().await.unwrap()[0];
    let (worker, heard) = (house.worker.clone(), house.replay.listen());
    let working = tokio::spawn(async move { worker.work(job).await });
    heard.notified().await;
    assert!(house.trail(id).await.contains(r#""action":"send""#));
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled());
    // Another worker gets the analysis only after the first worker's lease has expired.
    assert!(house.another_worker().due().await.unwrap().is_empty());
    house.clock.pass_seconds(PATIENT.as_secs() as i64 + 61);
    house.says(|_| ANSWER.to_owned());
    assert_eq!(house.another_worker().work(job).await.unwrap(), Outcome::Answered);
}

#[tokio::test]
async fn nothing_is_sent_without_the_facility_s_permission() {
    let house = House::dark(Dialect::Google, PATIENT).await;
    house.switch_on(house.model).await;
    for allowed in [&[][..], &["openai", "local"]] {
        house.allow(allowed).await;
        let id = house.told(WORDS).await;
        assert_eq!(house.works().await, [Outcome::Withheld(NoAnswerReason::NotAllowed)]);
        let record = house.analysis(id).await;
        assert_eq!((text(&record, "reason"), text(&record, "processor")), ("not_allowed", "google"));
        assert_eq!(text(&house.incident(id).await, "analyst_status"), "");
    }
    assert!(house.replay.heard().is_empty());
    house.allow(&["google"]).await;
    house.told(WORDS).await;
    house.says(|_| ANSWER.to_owned());
    assert_eq!(house.works().await, [Outcome::Answered]);
}

#[tokio::test]
async fn only_tier_5_permits_sending_and_gives_a_reason() {
    let house = House::dark(Dialect::Google, PATIENT).await;
    let page = house.top().find(&eovr_core::record::Query::of(name!("facility"))).await.unwrap();
    let facility = page.items[0].id();
    let openai = [name!("openai")];
    let allow = || eovr_core::identity::facility::allowance(&openai);
    let act = |session: eovr_core::Session, command| async move {
        session.act(&name!("facility"), facility, command).await.map(drop).map_err(|error| error.kind())
    };
    assert_eq!(act(house.top(), allow()).await, Err(ErrorKind::Refused));
    let quality = act(house.quality(), allow().note("I say so")).await.unwrap_err();
    assert!(matches!(quality, ErrorKind::Denied | ErrorKind::NotFound), "{quality:?}");
    assert_eq!(act(all(&house.eovr), allow().note("the software says so")).await, Err(ErrorKind::Refused));
    let wrong = eovr_core::Command::new("allow_processors")
        .set("processors", "Open AI, really")
        .note("a typing error");
    assert_eq!(act(house.top(), wrong).await, Err(ErrorKind::InvalidInput));
    assert_eq!(act(house.top(), allow().note("agreed on with the data protection officer")).await, Ok(()));
}

#[tokio::test]
async fn nothing_is_sent_unless_a_model_is_active() {
    let house = House::dark(Dialect::Local, PATIENT).await;
    house.allow(&["local"]).await;
    house.told(WORDS).await;
    assert_eq!(house.works().await, [Outcome::Withheld(NoAnswerReason::SwitchedOff)]);
    house.switch_on(house.model).await;
    house.told(WORDS).await;
    house.says(|_| ANSWER.to_owned());
    assert_eq!(house.works().await, [Outcome::Answered]);
    let waiting = house.told(WORDS).await;
    Registry::of(&house.top()).retire(house.model, "the contract ended").await.unwrap();
    assert_eq!(house.works().await, [Outcome::Withheld(NoAnswerReason::SwitchedOff)]);
    assert_eq!(text(&house.analysis(waiting).await, "reason"), "switched_off");
    assert_eq!(house.replay.heard().len(), 1);
}

#[tokio::test]
async fn all_processes_share_a_daily_budget_and_the_rest_waits_for_the_next_day() {
    let limits = Limits { questions_a_day: 3, patience: PATIENT };
    let store = std::sync::Arc::new(eovr_core::memory::MemoryStore::new());
    let house = House::on(store, Dialect::OpenAi, limits).await;
    house.allow(&["openai"]).await;
    house.switch_on(house.model).await;
    for number in 0..5 {
        house.told(&format!("The lift stood still for an hour, number {number}.")).await;
        house.says(|_| ANSWER.to_owned());
    }
    let (mut outcomes, other) = (Vec::new(), house.another_worker());
    for (number, job) in house.worker.due().await.unwrap().into_iter().enumerate() {
        let worker = if number % 2 == 0 { &house.worker } else { &other };
        outcomes.push(worker.work(job).await.unwrap());
    }
    let held =
        outcomes.iter().filter(|outcome| **outcome == Outcome::Later(NoAnswerReason::NoBudget)).count();
    assert_eq!((held, house.replay.heard().len()), (2, 3), "{outcomes:?}");
    assert_eq!(house.worker.budget_left(crate::house::FACILITY).await.unwrap(), 0);
    assert_eq!(house.worker.budget_left("CAI-1-2").await.unwrap(), 3, "another hospital's is its own");
    assert!(house.works().await.is_empty());
    house.clock.pass_seconds(86_400);
    assert_eq!(house.works().await, [Outcome::Answered, Outcome::Answered]);
}

/// With a check before the increment, all of them would see the same unspent budget.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_questions_do_not_exceed_the_daily_budget() {
    let limits = Limits { questions_a_day: 5, patience: PATIENT };
    let store = std::sync::Arc::new(eovr_core::memory::MemoryStore::new());
    let house = House::on(store, Dialect::OpenAi, limits).await;
    house.allow(&["openai"]).await;
    house.switch_on(house.model).await;
    for number in 0..12 {
        house.told(&format!("The lift stood still for an hour, number {number}.")).await;
        house.says(|_| ANSWER.to_owned());
    }
    let mut racing = tokio::task::JoinSet::new();
    for job in house.worker.due().await.unwrap() {
        let worker = house.another_worker();
        racing.spawn(async move { worker.work(job).await.unwrap() });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(house.replay.heard().len(), 5, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Answered).count(), 5, "{outcomes:?}");
    assert_eq!(house.worker.budget_left(crate::house::FACILITY).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_processes_asks() {
    let house = House::open(Dialect::OpenAi, PATIENT).await;
    let id = house.told(WORDS).await;
    let job = house.worker.due().await.unwrap()[0];
    for _ in 0..8 {
        house.says(|_| ANSWER.to_owned());
    }
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let worker = house.another_worker();
        racing.spawn(async move { worker.work(job).await.unwrap() });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Answered).count(), 1, "{outcomes:?}");
    assert_eq!(house.replay.heard().len(), 1);
    assert_eq!(text(&house.incident(id).await, "analyst_status"), "answered");
}

#[tokio::test]
async fn a_process_without_the_key_leaves_it_to_another() {
    let house = House::open(Dialect::OpenAi, PATIENT).await;
    let elsewhere = crate::house::worker(&house.eovr, Dialect::Google, &house.replay.address, house.limits);
    house.told(WORDS).await;
    let job = house.worker.due().await.unwrap()[0];
    assert_eq!(elsewhere.work(job).await.unwrap(), Outcome::Later(NoAnswerReason::NotEquipped));
    house.clock.pass_seconds(301);
    house.says(|_| ANSWER.to_owned());
    assert_eq!(house.works().await, [Outcome::Answered]);
}

#[tokio::test]
async fn a_report_that_changes_during_an_analysis_keeps_both_changes() {
    let house = House::open(Dialect::OpenAi, PATIENT).await;
    let id = house.told(WORDS).await;
    house.replay.plays(crate::replay::Play::Held(ANSWER.to_owned()));
    let job = house.worker.due().await.unwrap()[0];
    let (worker, heard) = (house.worker.clone(), house.replay.listen());
    let working = tokio::spawn(async move { worker.work(job).await.unwrap() });
    heard.notified().await;
    house.quality().incidents().act(id, eovr_core::incident::Action::Start, None).await.unwrap();
    house.replay.let_go();
    assert_eq!(working.await.unwrap(), Outcome::Answered);
    let incident = house.incident(id).await;
    assert_eq!((incident.state().as_str(), int(&incident, "analyst_score")), ("in_progress", Some(83)));
}

#[tokio::test]
async fn a_narrative_whose_key_was_destroyed_is_not_sent() {
    let house = House::open(Dialect::OpenAi, PATIENT).await;
    let id = house.told(WORDS).await;
    let keys = house.top();
    let listed = keys.data_keys().await.unwrap();
    let old = listed.iter().find(|key| key.purpose == Purpose::Fields).unwrap();
    keys.rotate_key(Purpose::Fields).await.unwrap();
    keys.destroy_key(old.id, "the patient asked for it").await.unwrap();
    assert_eq!(house.works().await, [Outcome::Parked(NoAnswerReason::Unreadable)]);
    assert!(house.replay.heard().is_empty());
    assert_eq!(text(&house.incident(id).await, "analyst_status"), "unreadable");
}

#[tokio::test]
async fn a_person_cannot_act_as_an_analyst() {
    let house = House::open(Dialect::OpenAi, PATIENT).await;
    let id = house.told(WORDS).await;
    let posing = || {
        eovr_core::Command::new("analyse").set("analyst_status", "answered").set("analyst_high_risk", true)
    };
    // Tier 5 has the tier but is no software account; a reviewer has neither.
    for (session, kind) in [(house.top(), ErrorKind::Refused), (house.quality(), ErrorKind::Denied)] {
        let error = session.act(&name!("incident"), id, posing()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    // The same holds for the analysis: a person can neither enter an answer nor mark it as sent.
    let analysis = eovr_core::analyst::analysis_of(&name!("incident"), &id.to_string());
    for action in ["send", "answer", "fail", "park", "withhold"] {
        let error =
            house.top().act(&name!("analysis"), analysis, eovr_core::Command::new(action)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{action}: {error}");
    }
}
