use zeroize::Zeroizing;

use super::*;

const FACTORS: &[&str] = &["staff", "equipment"];

fn sent(narrative: &str) -> Cleared {
    Cleared::new(narrative, &[]).beside(Vec::new(), FACTORS, "canary-7".to_owned(), 1)
}

fn read(narrative: &str, answer: &str) -> Result<Analysis, NoAnswerReason> {
    Analysis::read(answer, &sent(narrative)).map_err(|no| no.reason)
}

const STORY: &str = "Dr. Ahmed Hassan gave insulin twice; the pump was broken.";

#[test]
fn a_quote_is_kept_as_a_position_in_the_original() {
    let answer = r#"{"score": 80, "level": "high", "confidence": 70,
        "factors": [{"code": "equipment", "quote": "the pump was broken"}],
        "findings": [{"code": "drug", "quote": "insulin"}, {"code": "person_role", "quote": "[name] gave"}]}"#;
    let analysis = read(STORY, answer).unwrap();
    let words = |finding: &MarkedPassage| &STORY[finding.span.clone()];
    assert_eq!(analysis.factors().iter().map(words).collect::<Vec<_>>(), ["the pump was broken"]);
    assert_eq!(analysis.findings().iter().map(words).collect::<Vec<_>>(), ["insulin", "Ahmed Hassan gave"]);
    assert_eq!(
        (analysis.score(), analysis.level(), analysis.confidence()),
        (Some(80), Some(Band::High), Some(70))
    );
    assert!(analysis.high_risk() && !analysis.abstained());
    assert!(!analysis.to_json().contains("insulin") && !analysis.to_json().contains("Ahmed"));
}

#[test]
fn an_answer_of_another_shape_is_rejected() {
    let well = r#"{"score": 1, "level": null, "confidence": 2, "factors": [], "findings": []}"#;
    assert!(read(STORY, well).is_ok());
    for bad in [
        "",
        "null",
        "[]",
        "{}",
        "Sure! Here it is: {}",
        r#"{"score": 1, "level": null, "confidence": 2, "factors": []}"#,
        r#"{"level": null, "confidence": 2, "factors": [], "findings": []}"#,
        r#"{"score": "1", "level": null, "confidence": 2, "factors": [], "findings": []}"#,
        r#"{"score": 1.5, "level": null, "confidence": 2, "factors": [], "findings": []}"#,
        r#"{"score": 1, "level": "dreadful", "confidence": 2, "factors": [], "findings": []}"#,
        r#"{"score": 1, "level": null, "confidence": 2, "factors": null, "findings": []}"#,
        r#"{"score": 1, "level": null, "confidence": 2, "factors": [], "findings": [], "state": "completed"}"#,
        r#"{"score": 1, "score": 2, "level": null, "confidence": 2, "factors": [], "findings": []}"#,
        r#"{"score": 1, "level": null, "confidence": 2, "factors": [{"code": "magic", "quote": "the"}], "findings": []}"#,
        r#"{"score": 1, "level": null, "confidence": 2, "factors": [], "findings": [{"code": "drug", "quote": "insulin", "url": "x"}]}"#,
        r#"{"score": 1, "level": null, "confidence": 2, "factors": [], "findings": []"#,
        r#"{"score": 1, "level": null, "confidence": 2, "factors": [], "findings": []} and more"#,
    ] {
        assert_eq!(read(STORY, bad), Err(NoAnswerReason::InvalidOutput), "{bad}");
    }
    let long = format!("{}{well}", " ".repeat(LONGEST_ANSWER));
    assert_eq!(read(STORY, &long), Err(NoAnswerReason::InvalidOutput));
}

#[test]
fn a_number_off_its_scale_is_omitted_and_not_corrected() {
    for off in ["-1", "101", "256", "9223372036854775807"] {
        let answer = format!(
            r#"{{"score": {off}, "level": "low", "confidence": {off}, "factors": [], "findings": []}}"#
        );
        let analysis = read(STORY, &answer).unwrap();
        assert_eq!(
            (analysis.score(), analysis.confidence(), analysis.level()),
            (None, None, Some(Band::Low))
        );
    }
}

#[test]
fn a_quote_that_does_not_occur_is_omitted() {
    let finding = |quote: &str| format!(r#"{{"code": "drug", "quote": {}}}"#, json!(quote));
    let long = "a".repeat(LONGEST_QUOTE + 1);
    let quotes = ["<script>alert(1)</script>", "", "   ", "INSULIN", "insulin", long.as_str()].map(finding);
    let answer = format!(
        r#"{{"score": null, "level": null, "confidence": null, "factors": [], "findings": [{}]}}"#,
        quotes.join(",")
    );
    let analysis = read(&format!("{STORY} {long}"), &answer).unwrap();
    assert_eq!((analysis.findings().len(), analysis.left_out()), (1, 5));
    assert!(analysis.abstained());
}

#[test]
fn an_answer_with_the_canary_is_rejected() {
    let answer = r#"{"score": 1, "level": null, "confidence": 2, "factors": [], "findings": [
        {"code": "drug", "quote": "canary-7"}]}"#;
    assert_eq!(read(STORY, answer), Err(NoAnswerReason::Injection));
}

#[test]
fn invisible_characters_and_identifiers_are_not_sent() {
    let hidden = "Mr. Jo\u{200B}hn Sm\u{2060}ith fell.\u{202E}\u{E0041} Call 0100 123 4567.\u{0}";
    let cleared = sent(hidden);
    assert_eq!(cleared.text(), "Mr. [name] fell. Call [phone].");
    assert_eq!((cleared.replaced(), cleared.whole()), (2, true));
    let known =
        ["Zaphod B., night nurse", "A-4471", "المريضة زينبية"].map(|text| Zeroizing::new(text.to_owned()));
    let story = "zaphod dropped it beside the nurse of file A-4471. ثم سقطت المريضة وزينبية";
    let cleared = Cleared::new(story, &known);
    assert_eq!(
        cleared.text(),
        "[name] dropped it beside the nurse of file [file number]. ثم سقطت المريضة [name]"
    );
}

#[test]
fn a_long_narrative_is_cut_and_positions_stay_right() {
    let story = "ع".repeat(Cleared::MOST_CHARACTERS + 5);
    let cleared = sent(&story);
    assert_eq!((cleared.characters(), cleared.whole()), (Cleared::MOST_CHARACTERS, false));
    for story in ["", "\u{200B}", "🙂🙂🙂", "a\u{300}b"] {
        let cleared = sent(story);
        assert!(cleared.whole());
        assert_eq!(cleared.place_of("b").map(|span| &story[span]), story.contains('b').then_some("b"));
    }
}

#[test]
fn every_reason_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> =
        NoAnswerReason::ALL.iter().map(|reason| reason.name()).collect();
    assert_eq!(names.len(), NoAnswerReason::ALL.len());
}

/// Providers reject a schema with an open object or an unknown keyword.
#[test]
fn the_schema_uses_only_what_every_provider_supports() {
    fn check(schema: &Value) {
        let Some(object) = schema.as_object() else { return };
        for word in object.keys() {
            let known = [
                "type",
                "properties",
                "required",
                "additionalProperties",
                "anyOf",
                "enum",
                "items",
                "description",
            ];
            assert!(known.contains(&word.as_str()), "{word}");
        }
        if let Some(properties) = object.get("properties").and_then(Value::as_object) {
            assert_eq!(object["additionalProperties"], false);
            let required: Vec<_> =
                object["required"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
            assert_eq!(required.len(), properties.len());
            assert!(properties.keys().all(|name| required.contains(&name.as_str())));
            properties.values().for_each(check);
        }
        object.get("items").into_iter().for_each(check);
        object.get("anyOf").and_then(Value::as_array).into_iter().flatten().for_each(check);
    }
    check(&schema(FACTORS));
}
