//! Examples of narratives for the embedded rules, and properties that hold for every text.

use proptest::prelude::*;

use super::super::text::arabic_forms;
use super::*;

fn score(narrative: &str) -> Suggestion {
    EmbeddedRules.score(&Case { narrative, ..Case::default() })
}

fn graded_case(narrative: &str, actual: u8) -> Suggestion {
    EmbeddedRules.score(&Case { narrative, actual_harm: Some(actual), ..Case::default() })
}

/// Checks the band of a narrative, and that the high-risk flag agrees with it.
#[track_caller]
fn check(narrative: &str, expected: Band) {
    let seen = score(narrative);
    assert_eq!(seen.band, expected, "{narrative} {seen:#?}");
    assert_eq!(seen.high_risk, expected >= Band::High);
    assert!(!seen.abstained, "{narrative}");
}

#[test]
fn english() {
    check("Patient died during the night shift.", Band::High);
    check("Patient fell from stairs, massive haemorrhage, cardiac arrest and died.", Band::Extreme);
    check("Cardiac arrest in the ward.", Band::High);
    check("Wrong blood given to Mr X.", Band::High);
    check("The swab count: retained swab found on x-ray.", Band::High);
    check("Infant abduction from nursery", Band::High);
    check("Patient tried to hang; suicide attempt", Band::High);
    check("Anaphylaxis after penicillin.", Band::High);
    check("The patient fell in the bathroom and has a fracture of the hip.", Band::Medium);
    check("Fire in the kitchen.", Band::Medium);
    check("Patient fell in the bathroom.", Band::Low);
    check("The coffee machine was nice and the staff very kind.", Band::Low);
    check("Fire drill was held on the ward.", Band::Low);
}

#[test]
fn arabic() {
    check("توفي المريض أثناء الليل", Band::High);
    check("المريض مات في العناية المركزة", Band::High);
    check("المريضة اتوفت بعد العملية", Band::High);
    check("توقف القلب في قسم الباطنة", Band::High);
    check("تم نقل دم خاطئ للمريض", Band::High);
    check("محاولة انتحار في القسم", Band::High);
    check("خطف طفل من الحضانة", Band::High);
    check("تم إعطاء الدواء للمريض الخطأ", Band::High);
    check("المريض بينزف بعد العملية", Band::Medium);
    check("المريض عنده نزيف شديد واتنقل العناية", Band::Medium);
    check("حريق في المطبخ", Band::Medium);
    check("وقع المريض في الحمام", Band::Low);
    check("طاح المريض من السرير", Band::Low);
    check("شكرا على كل شيء في المستشفى", Band::Low);
}

/// Checks that each term scores when stated and not when denied.
#[test]
fn each_term_scores_when_stated_and_not_when_negated() {
    #[track_caller]
    fn check(stated: &str, denied: &str) {
        let (stated, denied) = (score(stated), score(denied));
        assert!(stated.score > 0, "{stated:#?}");
        assert_eq!(denied.score, 0, "{denied:#?}");
        assert!(denied.reasons.iter().all(|reason| reason.rule.starts_with("negated.")));
    }
    for term in
        ["death", "bleeding", "suicide attempt", "fracture", "fire", "wrong patient", "sepsis", "burns"]
    {
        check(&format!("There was {term} here"), &format!("There was no {term} here"));
        check(&format!("Report of {term}"), &format!("No report of injury, {term} or delay"));
        check(&format!("There was {term}"), &format!("{term} was ruled out"));
        check(&format!("but {term}"), &format!("without any {term}"));
    }
    for term in ["وفاة", "نزيف", "كسر", "حريق", "تشنج", "غيبوبة", "انتحار", "عدوى"]
    {
        check(&format!("حدث {term}"), &format!("لم يحدث {term}"));
        check(&format!("حدثت {term} في القسم"), &format!("لا يوجد {term} في القسم"));
        check(&format!("هناك {term}"), &format!("بدون إصابة أو {term}"));
        check(&format!("فيه {term}"), &format!("مفيش {term}"));
    }
}

#[test]
fn every_term_can_be_denied() {
    use super::super::roles::Role;
    let mut wrong = Vec::new();
    for entry in lexicon().entries.iter().filter(|entry| matches!(entry.role, Role::Flag | Role::Verb)) {
        let term = &entry.term;
        let arabic = term.chars().any(|c| c > '\u{600}');
        let denied =
            score(&if arabic { format!("بدون {term}") } else { format!("There was no {term}.") });
        let stated: Vec<_> = denied.reasons.iter().filter(|reason| reason.points > 0).collect();
        if !stated.is_empty() {
            wrong.push(format!("{term}: {stated:?}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn near_misses_count_less_and_never_high() {
    #[track_caller]
    fn check(stated: &str, nearly: &str) {
        let (stated, nearly) = (score(stated), score(nearly));
        assert!(nearly.score > 0 && nearly.score < stated.score, "{nearly:#?}");
        assert!(!nearly.high_risk);
    }
    check("wrong blood was given", "wrong blood was nearly given, caught before transfusion");
    check("given to the wrong patient", "nearly given to the wrong patient");
    check("the patient fell", "the patient almost fell");
    check("سقط المريض", "كاد المريض أن يسقط");
    check("خطف طفل", "تم منع خطف طفل");
    check("suicide, overdose", "near miss, suicide, overdose, wrong patient, wrong site");
}

#[test]
fn spelling_does_not_matter() {
    #[track_caller]
    fn check(one: &str, other: &str) {
        let (one, other) = (score(one), score(other));
        assert!(one.score > 0);
        assert_eq!(one.score, other.score, "{one:#?} {other:#?}");
    }
    check("نزيف شديد", "نَزِيفٌ شَدِيدٌ");
    check("نزيف", "نـــزيف");
    check("نزيف", "بنزيف");
    check("نزيف", "والنزيف");
    check("إنعاش", "انعاش");
    check("وفاة", "وفاه");
    check("توفى المريض", "توفي المريض");
    check("قرحة الفراش", "قرحه فراش");
    check("stage 3", "stage ٣");
    check("stage 3", "stage ۳");
    check("DEATH", "death");
    check("near-miss suicide", "near miss suicide");
    check("self-harm", "self harm");
}

#[test]
fn the_reporters_grading_is_the_floor() {
    for words in ["", "no death, no injury", "near miss, prevented", "all fine, thank you", "بدون وفاة"]
    {
        assert_eq!(graded_case(words, 6).band, Band::Extreme, "{words}");
        assert!(graded_case(words, 5).high_risk);
        assert!(graded_case(words, 4).band >= Band::High);
        assert!(!graded_case(words, 4).abstained);
    }
    assert_eq!(graded_case("", 2).band, Band::Low);
    assert_eq!(graded_case("", 3).band, Band::Medium);
    assert_eq!(graded_case("patient died", 2).band, Band::High, "words raise a mild grading");
    let potential = |actual, potential| {
        let case = Case { actual_harm: Some(actual), potential_harm: Some(potential), ..Case::default() };
        EmbeddedRules.score(&case)
    };
    assert!(potential(1, 6).high_risk);
    assert_eq!(potential(1, 5).band, Band::Medium);
    assert_eq!(potential(4, 3), potential(4, 0), "a potential below the harm done adds nothing");
    assert_eq!(graded_case("", 7).reasons, [], "off the scale is not given");
}

#[test]
fn a_category_helps_where_the_text_is_silent() {
    let with = |narrative, category| {
        EmbeddedRules.score(&Case { narrative, category: Some(category), ..Case::default() })
    };
    let silent = with("The event was reported at noon.", "wrong_site_surgery");
    assert_eq!(silent.reasons[0].rule, "category.wrong_site");
    assert_eq!((silent.band, silent.reasons[0].span.clone()), (Band::Medium, None));
    assert_eq!(with("The patient fell.", "fall").score, score("The patient fell.").score);
}

#[test]
fn the_rules_abstain_on_texts_they_cannot_judge() {
    for text in [
        "",
        "   ",
        "ok",
        "病人从床上摔下来",
        "Пациент упал с кровати",
        "le malade est tombé du lit",
        "12 13 14",
    ] {
        let seen = score(text);
        assert!(seen.abstained, "{text}");
        assert_eq!((seen.score, seen.high_risk), (0, false));
    }
    for text in ["patient died", "وفاة", "the ward was clean", "كل شيء جيد في القسم"] {
        assert!(!score(text).abstained, "{text}");
    }
}

#[test]
fn survives_hostile_text() {
    for unit in
        ["no ", "death ", "prevented death ", "ruled out ", "و", "a", "\u{64B}", "no death, ", "بدون وفاة "]
    {
        let text = unit.repeat(1_000_000 / unit.len());
        let seen = score(&text);
        assert!(seen.reasons.len() <= lexicon().concepts.len());
    }
    let late = format!("{} death", "the ".repeat(64 * 1024));
    assert_eq!(score(&late).score, 0, "beyond the first 64 KiB nothing is read");
}

#[test]
fn a_suggestion_survives_json_and_quotes_no_text() {
    let seen = score("Mrs Secretname fell and died");
    let json = serde_json::to_string(&seen).unwrap();
    assert_eq!(serde_json::from_str::<Suggestion>(&json).unwrap(), seen);
    assert!(!json.contains("Secretname"));
    assert!(json.contains(r#""rule":"flag.death""#) && json.contains(r#""high_risk":true"#), "{json}");
    let case = Case { narrative: "Mrs Secretname", ..Case::default() };
    assert!(!format!("{case:?}").contains("Secretname"));
}

/// A narrative of findings, ordinary words and punctuation.
fn narrative() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "no",
        "not",
        "death",
        "died",
        "fell",
        "wrong",
        "patient",
        "blood",
        "and",
        "or",
        "but",
        "prevented",
        "almost",
        "ruled",
        "out",
        "fire",
        "drill",
        "the",
        "نزيف",
        "والنزيف",
        "وفاة",
        "لم",
        "بدون",
        "كسر",
        "أو",
        "لكن",
        "كاد",
        "إصابته",
        "المريض",
        "الخطأ",
        "مات",
        "xyz",
        "٣",
        "stage",
        "bedsore",
    ]);
    let mark = prop::sample::select(vec![" ", ", ", ". ", "، ", "\n", " - "]);
    prop::collection::vec((word, mark), 0..30)
        .prop_map(|parts| parts.into_iter().flat_map(|(word, mark)| [word, mark]).collect())
}

proptest! {
    #[test]
    fn reasons_add_up(
        text in narrative(),
        actual in prop::option::of(0_u8..9),
        potential in prop::option::of(0_u8..9),
    ) {
        let category = Some("fall");
        let case = Case { narrative: &text, category, actual_harm: actual, potential_harm: potential, house: None };
        let seen = EmbeddedRules.score(&case);
        let sum: i16 = seen.reasons.iter().map(|reason| reason.points).sum();
        prop_assert_eq!(i16::from(seen.score), sum.clamp(0, 100));
        prop_assert_eq!(&seen, &EmbeddedRules.score(&case));
        prop_assert!(seen.reasons.iter().all(|reason| reason.points >= 0));
        prop_assert!(actual != Some(6) || seen.band == Band::Extreme);
        let words_alone = score(&text);
        prop_assert!(seen.score >= words_alone.score, "a grading never hides the words");
    }

    #[test]
    fn spans_point_at_their_term(text in narrative()) {
        for reason in score(&text).reasons {
            let place = text.get(reason.span.unwrap()).unwrap();
            let (place, term) = (Text::read(place), Text::read(&reason.term));
            prop_assert_eq!(place.words.len(), term.words.len());
            // The text of the span alone gives the same concept, and a one-word Arabic term is a form of that text.
            let stated = format!("flag.{}", reason.rule.split_once('.').unwrap().1);
            let there = lexicon().find(&place);
            prop_assert!(there.iter().any(|hit| lexicon().concepts[hit.entry.concept].stated == stated));
            prop_assert!(there.iter().any(|hit| hit.entry.term == reason.term));
            if &*reason.term == "نزيف" {
                let mut forms = Vec::new();
                let word = place.spelling(&place.words[0]);
                arabic_forms(word, &mut String::new(), |form, _| forms.push(form.to_owned()));
                prop_assert!(forms.contains(&"نزيف".to_owned()));
            }
        }
    }

    #[test]
    fn vowel_marks_change_nothing(text in narrative(), marks in prop::collection::vec(0..12_usize, 1..200)) {
        const MARKS: [&str; 6] = ["\u{64B}", "\u{64E}", "\u{651}", "\u{670}", "\u{640}", "\u{652}"];
        let mut marked = String::new();
        for (c, mark) in text.chars().zip(marks.iter().cycle()) {
            marked.push(c);
            if ('\u{621}'..='\u{64A}').contains(&c) {
                marked.push_str(MARKS.get(*mark).copied().unwrap_or_default());
            }
        }
        let (plain, marked) = (score(&text), score(&marked));
        prop_assert_eq!(plain.score, marked.score);
        prop_assert_eq!(plain.reasons.len(), marked.reasons.len());
    }

    #[test]
    fn any_text_is_survived(text in any::<String>(), category in any::<String>()) {
        let case = Case { narrative: &text, category: Some(&category), ..Case::default() };
        for reason in EmbeddedRules.score(&case).reasons {
            prop_assert!(reason.span.is_none_or(|span| text.get(span).is_some()));
        }
    }

    #[test]
    fn marks_are_survived(text in "[ا-ي\u{64B}-\u{65F}\u{200B}-\u{200F}ﷺﻻ a-c.,\n'-]{0,60}") {
        for reason in score(&text).reasons {
            prop_assert!(reason.span.is_none_or(|span| text.get(span).is_some()));
        }
    }
}
