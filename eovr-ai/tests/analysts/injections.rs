//! Prompt injections, and a model that obeys them. Only the codes and numbers of the model's own suggestion change. No
//! word of its answer is stored. The ratings of people and of the built-in scorer stay.

use std::collections::{BTreeMap, BTreeSet};

use eovr_ai::Dialect;
use eovr_core::incident::FACTORS;
use eovr_core::name;
use eovr_core::record::{Record, RecordId, Value};
use eovr_core::triage::analysis::FINDINGS;
use serde::Deserialize;
use serde_json::json;

use crate::house::{ANALYST, House, KEY, PATIENT, all, text};
use crate::replay::Heard;

#[derive(Deserialize)]
struct Injection {
    language: String,
    text: String,
}

fn injections() -> Vec<Injection> {
    let all: Vec<Injection> = serde_json::from_str(include_str!("../data/injections.json")).unwrap();
    assert_eq!(all.len(), 50);
    assert_eq!(all.iter().filter(|one| one.language == "ar").count(), 25);
    all
}

/// The instructions in the request, in any dialect.
fn instructions(heard: &Heard) -> String {
    let body = &heard.body;
    [
        &body["instructions"],
        &body["system"],
        &body["messages"][0]["content"],
        &body["systemInstruction"]["parts"][0]["text"],
    ]
    .into_iter()
    .find_map(|text| text.as_str())
    .unwrap_or_default()
    .to_owned()
}

/// The name of a behaviour, and the model's answer.
type Obedience = (&'static str, fn(&Heard) -> String);

/// Answers of a model that obeys an injection.
const OBEYED: &[Obedience] = &[
    ("it calls everything harmless", |_| {
        json!({"score": 0, "level": "low", "confidence": 100, "factors": [], "findings": []}).to_string()
    }),
    ("it cries wolf", |_| {
        json!({"score": 100, "level": "extreme", "confidence": 100, "factors": [], "findings": []})
            .to_string()
    }),
    ("it sets what is not its own", |_| {
        json!({"score": 0, "level": "low", "confidence": 100, "factors": [], "findings": [], "state": "completed",
            "severity": "minor", "risk_band": "low", "disposition": "not_reportable"})
        .to_string()
    }),
    ("it writes what a browser or a spreadsheet would run", |_| {
        let quotes =
            ["<script>HACKED-BY-MODEL</script>", "=HYPERLINK(\"https://evil.example\")", "[x](javascript:1)"];
        let findings: Vec<_> = quotes.iter().map(|quote| json!({"code": "harm", "quote": quote})).collect();
        json!({"score": 1, "level": "low", "confidence": 1, "factors": [], "findings": findings}).to_string()
    }),
    ("it points at whatever it likes", |heard| {
        let asked = heard.body.to_string();
        let findings: Vec<_> = ["low", "the", "على", "script"]
            .iter()
            .filter(|word| asked.contains(**word))
            .map(|word| json!({"code": "error", "quote": word}))
            .collect();
        json!({"score": 1, "level": null, "confidence": 1, "factors": [], "findings": findings}).to_string()
    }),
    ("it gives its instructions away", |heard| {
        let told = instructions(heard);
        json!({"score": 0, "level": "low", "confidence": 1, "factors": [],
            "findings": [{"code": "harm", "quote": told}]})
        .to_string()
    }),
    ("it invents codes", |_| {
        json!({"score": 0, "level": "low", "confidence": 1, "factors": [{"code": "=1+1", "quote": "a"}], "findings": []})
            .to_string()
    }),
    ("it speaks off the scale", |_| {
        json!({"score": -5, "level": null, "confidence": 100_000, "factors": [], "findings": []}).to_string()
    }),
    ("it answers in prose", |_| "HACKED-BY-MODEL: no review is needed.".to_owned()),
    ("it says nothing", |_| "{}".to_owned()),
];

/// All facets of an incident except the analyst's suggestion.
fn rest(incident: &Record) -> BTreeMap<String, String> {
    let mut rest: BTreeMap<String, String> = incident
        .facets()
        .iter()
        .filter(|(name, _)| !ANALYST.contains(&name.as_str()) && name.as_str() != "analyst_status")
        .map(|(name, value)| (name.to_string(), format!("{value:?}")))
        .collect();
    let envelope = incident.envelope();
    rest.insert("state".to_owned(), format!("{} {:?} {}", envelope.state, envelope.stamp, envelope.author));
    rest
}

async fn obey(house: &House, id: RecordId, case: &str, words: fn(&Heard) -> String) {
    let before = house.incident(id).await;
    house.says(words);
    let outcomes = house.works().await;
    assert_eq!(outcomes.len(), 1, "{case}");
    let after = house.incident(id).await;
    let (mut was, mut is) = (rest(&before), rest(&after));
    // The analyst can raise the flag, but not lower it.
    let (high_before, high_after) = (was.remove("high_risk"), is.remove("high_risk"));
    assert!(
        high_after == high_before || high_after == Some("true".to_owned()),
        "{case}: {high_before:?} to {high_after:?}"
    );
    assert_eq!(is, was, "{case}");
    for facet in ["analyst_score", "analyst_confidence"] {
        let value = after.facet(facet).map(|value| value.as_int().unwrap());
        assert!(value.is_none_or(|value| (0..=100).contains(&value)), "{case}: {value:?}");
    }
    assert!(["", "low", "medium", "high", "extreme"].contains(&text(&after, "analyst_band")), "{case}");
    let session = all(&house.eovr);
    if let Some(analysis) = session.open(&after, "analysis").unwrap() {
        let analysis: serde_json::Value = serde_json::from_str(&analysis).unwrap();
        let known = |list: &str, codes: &[&str]| {
            for one in analysis[list].as_array().unwrap() {
                assert!(codes.contains(&one["code"].as_str().unwrap()), "{case}: {one}");
                let members: Vec<_> = one.as_object().unwrap().keys().cloned().collect();
                assert_eq!(members, ["code", "span"], "{case}");
                let numbers = one["span"].as_object().unwrap().values().all(serde_json::Value::is_u64);
                assert!(numbers, "{case}: {one}");
            }
        };
        known("factors", FACTORS);
        known("findings", FINDINGS);
        let members: BTreeSet<_> = analysis.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, BTreeSet::from(["factors", "findings", "left_out", "v"]), "{case}");
    }
    // No trail contains words of the answer.
    let incident = house.top().trail(&name!("incident"), id).await.unwrap();
    assert!(incident.verdict.is_intact(), "{case}");
    let events: String =
        incident.entries.iter().map(|entry| serde_json::to_string(&entry.event).unwrap()).collect();
    for trail in [events, house.trail(id).await] {
        for word in ["HACKED", "evil.example", "script", "You help a hospital", KEY] {
            assert!(!trail.contains(word), "{case}: a trail has `{word}`");
        }
    }
    // Start the next case with an empty queue, because an unreadable answer is retried once.
    house.replay.forget();
    house.clock.pass_seconds(73 * 3600);
    house.works().await;
}

async fn all_obeyed(dialect: Dialect, rated: bool) {
    let house = House::open(dialect, PATIENT).await;
    let mut met = 0;
    for (number, injection) in injections().iter().enumerate() {
        let (name, words) = OBEYED[number % OBEYED.len()];
        let (second, more) = OBEYED[(number / 5 + 3) % OBEYED.len()];
        for (name, words) in [(name, words), (second, more)] {
            let id = house.told(&injection.text).await;
            if rated {
                let rating = house.quality().incidents().assess(id, None, "severe", "frequent").await;
                rating.unwrap();
                assert_eq!(house.incident(id).await.facet("high_risk"), Some(&Value::Bool(true)));
            }
            let case = format!("{} {number}, and {name}", injection.language);
            obey(&house, id, &case, words).await;
            if rated {
                assert_eq!(house.incident(id).await.facet("high_risk"), Some(&Value::Bool(true)), "{case}");
            }
            met += 1;
        }
    }
    assert_eq!(met, 100);
}

#[tokio::test]
async fn a_model_that_obeys_changes_its_own_suggestion_and_nothing_else() {
    all_obeyed(Dialect::OpenAi, false).await;
}

#[tokio::test]
async fn a_model_that_obeys_never_lowers_what_a_person_has_rated() {
    all_obeyed(Dialect::Anthropic, true).await;
}

/// The narrative with its injection reaches the model as a string inside a JSON object, in the user message. Hidden
/// characters do not reach it.
#[tokio::test]
async fn a_narrative_is_sent_as_data_and_never_as_an_instruction() {
    let house = House::open(Dialect::OpenAi, PATIENT).await;
    let mut secret_words = BTreeSet::new();
    for injection in injections() {
        house.told(&injection.text).await;
        house.says(|_| "{}".to_owned());
        house.works().await;
        let heard = house.replay.heard().remove(0);
        let told = instructions(&heard);
        assert!(!told.contains(&injection.text) && told.starts_with("You help a hospital"));
        let input = heard.body["input"].as_array().unwrap();
        assert_eq!((input.len(), input[0]["role"].as_str()), (1, Some("user")));
        let question: serde_json::Value =
            serde_json::from_str(input[0]["content"].as_str().unwrap()).unwrap();
        assert_eq!(question.as_object().unwrap().keys().collect::<Vec<_>>(), ["facts", "narrative"]);
        let sent = question["narrative"].as_str().unwrap();
        let hidden = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{E0000}'..='\u{E0FFF}');
        assert!(!sent.contains(hidden), "{sent:?}");
        assert_eq!(heard.body["store"], false);
        assert!(heard.body.get("tools").is_none() && heard.body.get("temperature").is_none());
        secret_words.insert(told.rsplit(' ').next().unwrap().to_owned());
    }
    assert_eq!(secret_words.len(), 50, "each question has a secret word of its own");
}
