//! Values as wards write them, numbers that are not values, and properties that hold for every text.

use proptest::prelude::*;

use super::*;
use crate::triage::lexicon::lexicon;

fn found(narrative: &str) -> Vec<Measure> {
    let text = Text::read(narrative);
    find(narrative, &text, &lexicon().read(&text).cues)
}

/// Checks the weights of the values found, in order.
#[track_caller]
fn check(narrative: &str, weights: &[u8]) {
    let seen = found(narrative);
    assert_eq!(
        seen.iter().map(|measure| measure.weight).collect::<Vec<_>>(),
        weights,
        "{narrative} {seen:?}"
    );
}

#[test]
fn values_as_wards_write_them() {
    check("SpO2 dropped to 60 %", &[3]);
    check("sats 88% on air", &[2]);
    check("Oxygen saturation was 75", &[3]);
    check("BP 80/40", &[2]);
    check("BP was recorded as 60/30 mmHg", &[3]);
    check("blood pressure 230/110", &[3]);
    check("BP 150/125", &[2]);
    check("pulse 28", &[3]);
    check("HR 180", &[3]);
    check("RR 6", &[2]);
    check("respiratory rate of 40", &[3]);
    check("GCS 3", &[3]);
    check("GCS 3/15", &[3]);
    check("temp 34.2", &[2]);
    check("temperature 41,5 C", &[2]);
    check("temperature was 106.2 F", &[2]);
    check("blood sugar 1.8", &[3]);
    check("glucose 30 mg/dL", &[3]);
    check("glucose 32 mmol/L", &[3]);
    check("K 7.1", &[3]);
    check("K 2.1 mmol", &[3]);
    check("K+ 2.3", &[3]);
    check("potassium came back at 6.2 mmol/L", &[2]);
    check("Na 112", &[3]);
    check("Hb 4.5", &[3]);
    check("Hb 65 g/L", &[2]);
    check("lactate 6", &[3]);
    check("saturation fell from 98 to 60", &[3]);
    check("found with 60% saturation", &[3]);
    check("SpO2 < 80%", &[3]);
    check("temp 39.5C", &[1]);
    check("fever of 41.2", &[2]);
    check("40 breaths per minute", &[3]);
    check("SpO2 70, BP 60/20", &[3, 3]);
}

#[test]
fn arabic() {
    check("تشبع الأكسجين نزل إلى ٦٠٪", &[3]);
    check("التشبع كان 70", &[3]);
    check("الضغط 80/40", &[2]);
    check("ضغط الدم ٦٠/٣٠", &[3]);
    check("النبض ٢٨", &[3]);
    check("السكر 35", &[3]);
    check("السكر ٣٠ ملجم", &[3]);
    check("البوتاسيوم ٧٫٢", &[3]);
    check("الصوديوم 110", &[3]);
    check("الهيموجلوبين 4", &[3]);
    check("درجة الحرارة ٣٤", &[2]);
}

#[test]
fn numbers_that_are_not_alarming_values() {
    check("keep SpO2 above 90", &[]);
    check("target saturation 88-92%", &[]);
    check("inform the doctor if BP below 90", &[]);
    check("SpO2 > 90 %", &[]);
    check("SpO2 98%, BP 120/80, pulse 72, temp 36.8", &[]);
    check("glucose 5% infusion given", &[]);
    check("potassium 10 mmol given", &[]);
    check("vitamin K 2 mg", &[]);
    check("potassium 6 mmol was added", &[]);

    check("60 minutes later", &[]);
    check("60", &[]);
    check("BP at 10:30 was 120/80", &[]);
    check("sats. 60 beds were free", &[]);
    check("bed 60 pulse normal", &[]);
    check("temp on 28jun", &[]);
    check("fever for 36 hours", &[]);
    check("fever, rash, seen by 3 doctors", &[]);
    check("2 breaths were given", &[]);
    check("2 hr 20 min", &[]);
    check("pulse 72 at the start, 30 visitors", &[]);
    check("حافظ على التشبع فوق 90", &[]);
    check("أعطي بوتاسيوم 10 مل", &[]);
}

#[test]
fn limits_follow_the_age() {
    check("pulse 120", &[]);
    check("newborn, pulse 90", &[2]);
    check("3 year old, BP 75/40", &[]);
    check("72 year old, BP 75/40", &[2]);
    check("10 day old with temp 38.5", &[2]);
    check("6 month old RR 55", &[]);
    check("adult with RR 55", &[3]);
    check("newborn crying. The mother had BP 85/50", &[2]);
    check("عمره 5 سنوات والنبض 120", &[]);
}

proptest! {
    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        let read = Text::read(&text);
        prop_assert!(find(&text, &read, &lexicon().read(&read).cues).iter().all(|measure| measure.words.end <= read.words.len()));
    }

    #[test]
    fn values_do_not_overlap(text in "((spo2|bp|k|السكر|pulse|of|from|is) ?[0-9]{0,3}[./, ]{0,2}){0,12}") {
        let read = Text::read(&text);
        let mut end = 0;
        for measure in find(&text, &read, &lexicon().read(&read).cues) {
            prop_assert!(measure.words.start >= end && !measure.words.is_empty(), "{measure:?}");
            end = measure.words.end;
        }
    }

    #[test]
    fn a_number_without_a_name_is_not_a_value(text in "[0-9 ./,%]{0,40}") {
        prop_assert_eq!(found(&text), Vec::new());
    }
}
