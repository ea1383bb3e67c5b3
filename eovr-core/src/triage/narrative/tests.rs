use proptest::prelude::*;

use super::*;

#[test]
fn a_name_equals_the_json_value() {
    for found in analyse(
        "At 03:40 the careless nurse Fatima gave heparin by pump into the arm, short staffed; a fall.",
    ) {
        assert_eq!(serde_json::to_value(found.what).unwrap(), found.what.name());
    }
}

#[track_caller]
fn check(text: &str, what: What, expected: &[(&str, &str)]) {
    let found = analyse(text);
    let found: Vec<_> = found
        .iter()
        .filter(|one| one.what == what)
        .map(|one| (&*one.code, text.get(one.span.clone()).unwrap()))
        .collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn finds_terms_of_each_kind() {
    check("Insulin and Heparin", What::Drug, &[("insulin", "Insulin"), ("heparin", "Heparin")]);
    check("أعطي الإنسولين مرتين", What::Drug, &[("insulin", "الإنسولين")]);
    check(
        "The syringe pump failed",
        What::Device,
        &[("infusion_pump", "syringe pump"), ("infusion_pump", "pump")],
    );
    check("تعطلت المضخة", What::Device, &[("infusion_pump", "المضخة")]);
    check("he fell on his hip", What::BodySite, &[("hip", "hip")]);
    check("كسر في الورك", What::BodySite, &[("hip", "الورك")]);
    check("the ward was short staffed", What::Factor, &[("workload", "short staffed")]);
    check("بسبب نقص التمريض", What::Factor, &[("workload", "نقص التمريض")]);
    check("سقطت من السرير", What::Type, &[("patient_accident", "سقطت")]);
    check("طبيب وممرضة", What::Person, &[("doctor", "طبيب"), ("nurse", "وممرضة")]);
}

#[test]
fn finds_times_of_day() {
    check("at 14:30 and 3 pm", What::Time, &[("14:30", "14:30"), ("15:00", "3")]);
    check("الساعة ٣:٤٠", What::Time, &[("03:40", "٣:٤٠")]);
    check("الساعة ٥ مساء", What::Time, &[("17:00", "٥"), ("evening", "مساء")]);
    check("12 am", What::Time, &[("00:00", "12")]);
    check("bed 12, 5 mg, 99:10", What::Time, &[]);
}

#[test]
fn finds_names_and_words_of_blame() {
    check("Dr. John Smith is incompetent", What::Name, &[("name", "John Smith")]);
    check("Dr. John Smith is incompetent", What::Blame, &[("blame", "incompetent")]);
    check("هذا إهمال واضح", What::Blame, &[("blame", "إهمال")]);
    check("The dose was checked by two nurses.", What::Blame, &[]);
}

#[test]
fn every_row_has_the_folded_spelling_and_is_found() {
    for line in include_str!("terms.tsv").lines().filter(|line| !line.starts_with('#')) {
        let (_, term) = parse(line).unwrap_or_else(|| panic!("{line}"));
        let written = term.words.join(" ");
        let read = Text::read(&written);
        let folded: Vec<_> = read.words.iter().map(|word| read.spelling(word)).collect();
        assert_eq!(folded.join(" "), written, "not in plain spelling");
        let whole = analyse(&written);
        assert!(whole.iter().any(|one| one.what == term.what), "{written} is not found");
    }
}

proptest! {
    #[test]
    fn every_span_is_within_the_text(text in "[ -~ا-ي٠-٩:]{0,60}|(12:30|am|الساعة|pump|short|staffed| ){0,12}") {
        for one in analyse(&text) {
            prop_assert!(text.get(one.span).is_some_and(|place| !place.is_empty()));
        }
    }
}
