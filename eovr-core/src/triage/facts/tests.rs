use crate::triage::lexicon::lexicon;

use super::*;

fn found(narrative: &str) -> Vec<&'static str> {
    let text = Text::read(narrative);
    let reading = lexicon().read(&text);
    find(narrative, &text, &reading.cues).into_iter().map(|fact| fact.gloss).collect()
}

#[track_caller]
fn check(meaning: Meaning, told: &[&str], untold: &[&str]) {
    for narrative in told {
        assert_eq!(found(narrative), [meaning.2], "{narrative}");
    }
    for narrative in untold {
        assert_eq!(found(narrative), [""; 0], "{narrative}");
    }
}

#[test]
fn contradictory_sides() {
    check(
        sides::MEANING,
        &[
            "Consent for the right knee. Surgeon opened the left.",
            "Left hip marked, right hip replaced.",
            "The mass is in the left breast and the right one was excised",
            "Booked for right eye, block was done in the left eye",
            "الموافقة للركبة اليمنى وفتحت اليسرى",
            "الورم في الكلية اليسار وشالوا اليمين",
        ],
        &[
            "Consent for the right knee. Surgeon opened the right.",
            "Left hip marked, right hip draped, changed before the cut.",
            "Left hip replaced, right hip planned for May, consent said left hip.",
            "Consent for left knee, right knee had been replaced in 2010.",
            "He left the ward right away after the scan was done.",
            "Bilateral hernia, left was done first, right is planned",
            "الموافقة للركبة اليمنى وفتحت اليمنى",
        ],
    );
}

#[test]
fn contradictory_amounts() {
    check(
        amounts::MANIFOLD,
        &[
            "Ordered 5 mg, given 50 mg",
            "Morphine 10 mg instead of 1 mg",
            "prescribed 0.5 mg but 5 mg was given",
            "100 units instead of 10",
            "الموصوف 5 ملغ وأعطي 50 ملغ",
            "عطوه 100 وحدة بدل 10",
        ],
        &[
            "Ordered 5 mg, given 5 mg",
            "1 mg instead of 10 mg",
            "Ordered at 10:00, given 50 mg at 11:00",
            "given over 60 minutes instead of 10",
            "bed 5 ordered, 50 mg given",
        ],
    );
    check(amounts::DOUBLE, &["ordered 5 mg, got 10 mg"], &[]);
}

#[test]
fn items_given_to_another_patient() {
    check(
        owners::BLOOD,
        &["Unit is group A, patient is group O", "unit B pos went up, he is group A"],
        &["Unit is group O, patient is group A", "unit A, patient A", "A patient was given a unit"],
    );
    check(
        owners::PATIENT,
        &["Mr A's blood was given to Mr B", "bed 4's insulin went to bed 5", "دواء سرير 4 أعطي لسرير 5"],
        &["bed 4's insulin went to bed 4", "Mr A gave his son to Mr B", "Bed 4 was moved to bed 5"],
    );
}
