//! The model registry: registration, examination, activation, and the counted results.

use std::sync::Arc;

use eovr_ai::Dialect;
use eovr_core::ErrorKind;
use eovr_core::analyst::{Equipment, Examined, Limits, Outcome, Registry, Trained, Worker, standing};
use eovr_core::incident;
use eovr_core::name;
use eovr_core::triage::analysis::NoAnswerReason;
use eovr_core::triage::learn::{Order, Part, Plan, Trainer};

use crate::house::{ANSWER, House, PATIENT, WORDS, all, better, text};
use crate::replay::Play;

#[tokio::test]
async fn a_model_is_activated_only_if_it_was_found_to_be_better() {
    let house = House::dark(Dialect::OpenAi, PATIENT).await;
    let registry = Registry::of(&house.top());
    let kind = |result: eovr_core::Result<()>| result.map_err(|error| error.kind());
    assert_eq!(kind(registry.activate(house.model, "it is new").await), Err(ErrorKind::Refused));
    for not_better in [
        Examined { cases: 99, ..better() },
        Examined { gain_low: 0, ..better() },
        Examined { gain: -20, gain_low: -60, ..better() },
    ] {
        registry.examine(house.model, not_better).await.unwrap();
        assert_eq!(kind(registry.activate(house.model, "it is new").await), Err(ErrorKind::Refused));
    }
    for wrong in [
        Examined { gain: 10, gain_low: 20, ..better() },
        Examined { report: "trust me".to_owned(), ..better() },
        Examined { gain: 5000, ..better() },
    ] {
        assert_eq!(kind(registry.examine(house.model, wrong).await), Err(ErrorKind::InvalidInput));
    }
    registry.examine(house.model, better()).await.unwrap();
    assert_eq!(kind(registry.activate(house.model, " ").await), Err(ErrorKind::Refused), "without a reason");
    for who in [house.quality(), all(&house.eovr)] {
        assert!(Registry::of(&who).activate(house.model, "because").await.is_err());
    }
    assert!(house.worker.chosen().await.unwrap().is_none());
    registry.activate(house.model, "better on our own reports").await.unwrap();
    let chosen = house.worker.chosen().await.unwrap().unwrap();
    assert_eq!((chosen.processor.as_str(), chosen.model.as_str(), chosen.on_trial), ("openai", "m-1", false));
    // The verdict is computed; a caller cannot enter it.
    let lie = eovr_core::Command::new("examine").set("verdict", "better");
    assert!(house.top().act(&name!("ai_model"), house.model, lie).await.is_err());
}

#[tokio::test]
async fn another_model_takes_over_with_the_next_report() {
    let house = House::open(Dialect::OpenAi, PATIENT).await;
    house.told(WORDS).await;
    house.says(|_| ANSWER.to_owned());
    house.works().await;
    let registry = Registry::of(&house.top());
    let newer = Registry::equip(&house.eovr, &name!("openai"), "m-2").await.unwrap();
    // A refused activation must leave the active model active.
    assert!(registry.activate(newer, "newer").await.is_err());
    assert!(house.worker.chosen().await.unwrap().is_some());
    house.switch_on(newer).await;
    house.told(WORDS).await;
    house.says(|_| ANSWER.to_owned());
    house.works().await;
    let asked: Vec<_> = house
        .replay
        .heard()
        .iter()
        .map(|heard| heard.body["model"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(asked, ["m-1", "m-2"]);
    let states: Vec<_> = registry
        .models()
        .await
        .unwrap()
        .iter()
        .map(|model| (text(model, "model").to_owned(), model.state().to_string()))
        .collect();
    assert!(states.contains(&("m-1".to_owned(), "retired".to_owned())), "{states:?}");
    assert!(states.contains(&("m-2".to_owned(), "active".to_owned())), "{states:?}");
    // Reactivation needs no restart.
    registry.reconsider(house.model).await.unwrap();
    registry.activate(house.model, "the newer one declines too much").await.unwrap();
    assert_eq!(house.worker.chosen().await.unwrap().unwrap().model, "m-1");
    // A second registration changes nothing.
    Registry::equip(&house.eovr, &name!("openai"), "m-1").await.unwrap();
    assert_eq!(house.worker.chosen().await.unwrap().unwrap().model, "m-1");
}

#[tokio::test]
async fn a_model_name_cannot_change_the_url() {
    let house = House::open(Dialect::Google, PATIENT).await;
    for name in ["../../steal", "m?key=1", "m#a", "m 1", ""] {
        let Ok(model) = Registry::equip(&house.eovr, &name!("google"), name).await else {
            continue;
        };
        house.switch_on(model).await;
        house.told(WORDS).await;
        let outcomes = house.works().await;
        assert_eq!(outcomes, [Outcome::Later(NoAnswerReason::UnknownModel)], "{name}");
        house.clock.pass_seconds(4 * 86_400);
        house.works().await;
    }
    assert!(house.replay.heard().is_empty());
}

#[tokio::test]
async fn a_model_s_results_are_counted_from_its_analyses() {
    let house = House::open(Dialect::Anthropic, PATIENT).await;
    let level = |level: &str| ANSWER.replace("\"high\"", &format!("\"{level}\""));
    // Answers that agree with the person, that are higher and that are lower; one refusal and one failure.
    for (said, severity, probability) in
        [("high", "moderate", "frequent"), ("high", "minor", "rare"), ("low", "moderate", "frequent")]
    {
        let id = house.told(WORDS).await;
        let words = level(said);
        house.says(move |_| words.clone());
        house.works().await;
        let quality = house.quality();
        quality.incidents().assess(id, None, severity, probability).await.unwrap();
    }
    house.told(WORDS).await;
    house.replay.plays(Play::Reply(200, Vec::new(), crate::replay::refusal(Dialect::Anthropic).to_string()));
    house.works().await;
    house.told(WORDS).await;
    house.replay.plays(Play::Reply(500, Vec::new(), String::new()));
    house.works().await;
    house.clock.pass_seconds(3600);
    house.says(|_| ANSWER.to_owned());
    house.works().await;

    let (subject, processor) = (incident::analysed(), name!("anthropic"));
    let months = standing(&all(&house.eovr), &subject, &processor, "m-1").await.unwrap();
    assert_eq!(months.keys().collect::<Vec<_>>(), [&202_611]);
    let month = &months[&202_611];
    assert_eq!((month.asked, month.answered), (6, 4));
    assert_eq!(month.parked.iter().collect::<Vec<_>>(), [(&"refused".to_owned(), &1)]);
    assert_eq!(month.agreement(), (1, 1, 1), "{:?}", month.rated);
    assert_eq!(month.sure[&7], (1, 3));
    assert!(month.median_took().is_some());
    let none = standing(&all(&house.eovr), &subject, &processor, "m-9").await.unwrap();
    assert!(none.is_empty());
}

#[tokio::test]
async fn a_model_on_trial_is_asked_and_its_answers_are_hidden() {
    let house = House::dark(Dialect::OpenAi, PATIENT).await;
    house.allow(&["openai"]).await;
    let registry = Registry::of(&house.top());
    registry.put_on_trial(house.model, "we want to know").await.unwrap();
    assert!(house.worker.chosen().await.unwrap().unwrap().on_trial);
    let subject = incident::analysed();
    let nothing = registry.examine_trial(house.model, &subject).await.unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::InvalidInput);
    // The rules rate all of these as mild; the model and the people find the severe ones.
    for number in 0..120 {
        let grave = number % 3 == 0;
        let id = house.told(&format!("The tall man of room {number} got his tea late.")).await;
        let level = if grave { "high" } else { "low" };
        house.says(move |_| {
            format!(r#"{{"score": 10, "level": "{level}", "confidence": 50, "factors": [], "findings": []}}"#)
        });
        assert_eq!(house.works().await, [Outcome::Answered]);
        let incident = house.incident(id).await;
        assert!(text(&incident, "analyst_status").is_empty() && incident.facet("analyst_band").is_none());
        assert_eq!((text(&house.analysis(id).await, "level"), incident.version()), (level, 1));
        let (severity, probability) = if grave { ("moderate", "frequent") } else { ("minor", "rare") };
        house.quality().incidents().assess(id, None, severity, probability).await.unwrap();
        house.clock.pass_seconds(3600);
    }
    let compared = registry.examine_trial(house.model, &subject).await.unwrap();
    assert_eq!(compared.examined.cases, 120, "{}", compared.report);
    assert!(compared.examined.gain_low > 900, "{}", compared.report);
    use sha2::{Digest as _, Sha256};
    let digest: String = Sha256::digest(&compared.report).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(compared.examined.report, digest);
    let again = registry.examine_trial(house.model, &subject).await.unwrap();
    assert_eq!(again.report, compared.report, "the same records give the same report");
    registry.activate(house.model, "better on 120 of our own reports").await.unwrap();
    let id = house.told(WORDS).await;
    house.says(|_| ANSWER.to_owned());
    house.works().await;
    assert_eq!(text(&house.incident(id).await, "analyst_status"), "answered");
}

/// From people's ratings to a local model: trained, tested on unseen reports, found to be better, activated.
#[tokio::test]
async fn a_model_that_was_trained_here_is_tried_compared_and_switched_on() {
    let house = House::dark(Dialect::OpenAi, PATIENT).await;
    // A rule that only this hospital knows, and no word list: incidents on its own ward are severe.
    let told = |number: usize| match number % 3 {
        0 => (format!("The blue pump of bed {number} was set by the night shift again."), "extreme"),
        1 => (format!("The menu of room {number} had no soup on it."), "low"),
        _ => (format!("The lamp of corridor {number} flickers in the evening."), "medium"),
    };
    let mut trainer = Trainer::new(1);
    for number in 0..400 {
        let (narrative, label) = told(number);
        trainer.add(&narrative, label, if number % 5 == 0 { Part::Valid } else { Part::Train }).unwrap();
    }
    let labels = ["low", "medium", "high", "extreme"].map(str::to_owned).to_vec();
    let (name, order) = ("wards".to_owned(), Some(Order::Ordinal));
    let plan = Plan { name, order, labels: Some(labels), ..Plan::default() };
    let trained = Trained::new(trainer.train(&plan, |_| {}).unwrap()).unwrap();
    let name = trained.name().to_owned();
    let processor = Trained::PROCESSOR;
    let equipment = Equipment::default().with(Arc::new(trained));
    let subject = incident::analysed();
    let worker = Worker::new(&house.eovr, subject.clone(), equipment, Limits::default()).unwrap();
    let model = Registry::equip(&house.eovr, &processor, &name).await.unwrap();
    house.allow(&[Trained::PROCESSOR.as_str()]).await;
    let registry = Registry::of(&house.top());
    registry.activate(model, "it is ours").await.unwrap_err();
    registry.put_on_trial(model, "it learned from us").await.unwrap();
    for number in 1000..1120 {
        let (narrative, level) = told(number);
        let id = house.told(&narrative).await;
        for due in worker.due().await.unwrap() {
            assert_eq!(worker.work(due).await.unwrap(), Outcome::Answered);
        }
        assert_eq!(text(&house.analysis(id).await, "level"), level);
        assert!(house.incident(id).await.facet("analyst_band").is_none());
        let (severity, probability) = match level {
            "extreme" => ("severe", "frequent"),
            "medium" => ("moderate", "rare"),
            _ => ("minor", "rare"),
        };
        house.quality().incidents().assess(id, None, severity, probability).await.unwrap();
        house.clock.pass_seconds(3600);
    }
    assert_eq!(house.replay.count(), 0, "nothing has left the house");
    let compared = registry.examine_trial(model, &subject).await.unwrap();
    assert!(compared.examined.cases == 120 && compared.examined.gain_low > 0, "{}", compared.report);
    registry.activate(model, "better on 120 of our own reports").await.unwrap();
    let id = house.told(&told(3).0).await;
    for due in worker.due().await.unwrap() {
        worker.work(due).await.unwrap();
    }
    let incident = house.incident(id).await;
    assert_eq!(
        (text(&incident, "analyst_band"), incident.facet("high_risk")),
        ("extreme", Some(&true.into()))
    );
    // A file of another training is another model and cannot answer in this model's name.
    let other = Registry::equip(&house.eovr, &processor, "wards@0").await.unwrap();
    registry.put_on_trial(other, "the one before").await.unwrap();
    house.told(WORDS).await;
    let due = worker.due().await.unwrap();
    assert_eq!(worker.work(due[0]).await.unwrap(), Outcome::Later(NoAnswerReason::NotEquipped));
}

#[tokio::test]
async fn a_model_with_other_labels_is_rejected_as_analyst() {
    let mut trainer = Trainer::new(1);
    for number in 0..60 {
        trainer.add(&format!("case {number} grave"), "1", Part::Train).unwrap();
        trainer.add(&format!("matter {number} light"), "0", Part::Train).unwrap();
    }
    let model = trainer.train(&Plan { name: "x".to_owned(), ..Plan::default() }, |_| {}).unwrap();
    let error = Trained::new(model).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.help().is_some_and(|help| help.contains("low, medium, high, extreme")));
}
