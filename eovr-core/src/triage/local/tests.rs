use proptest::prelude::*;

use super::*;
use crate::ErrorKind;
use crate::triage::random::Random;

/// A report whose risk depends on a word that no word list contains.
fn report(random: &mut Random) -> (String, bool) {
    const OTHERS: [&str; 8] = ["the", "nurse", "reported", "ward", "late", "المريض", "form", "again"];
    let high = random.below(3) == 0;
    let telling = if random.below(10) == 0 { !high } else { high };
    let mut text = String::from(if telling { "the xylotron valve stuck " } else { "the printer ran dry " });
    for _ in 0..6 {
        text.push_str(OTHERS[random.below(8)]);
        text.push(' ');
    }
    (text, high)
}

fn case(narrative: &str) -> Case<'_> {
    Case { narrative, ..Case::default() }
}

fn taught(reviews: usize, seed: u64) -> LocalLearner {
    let mut random = Random::new(seed);
    let mut learner = LocalLearner::default();
    for _ in 0..reviews {
        let (text, high) = report(&mut random);
        learner.review(&case(&text), high);
    }
    learner
}

#[test]
fn becomes_active_only_when_it_beats_the_rules() {
    let new = taught(100, 1).standing();
    assert!(!new.in_charge && new.compared < 100, "{new:?}");
    let learner = taught(300, 1);
    let standing = learner.standing();
    assert!(standing.in_charge && standing.interval.unwrap().0 > 0.0, "{standing:?}");
    let (high, low) = (case("the xylotron valve stuck again"), case("the printer ran dry again"));
    assert!(learner.probability(&high).unwrap() > 0.7 && learner.probability(&low).unwrap() < 0.2);
    let seen = learner.score(&high);
    assert!(seen.high_risk && seen.model.id == "eovr-local", "{seen:?}");
    assert!(!learner.score(&low).high_risk);
    let span = seen.reasons[0].span.clone().unwrap();
    assert!("the xylotron valve stuck".contains(&high.narrative[span]));
}

#[test]
fn leaves_texts_without_known_words_to_the_rules() {
    let learner = taught(300, 1);
    assert!(learner.standing().in_charge);
    let foreign = case("病人从床上摔下来");
    assert_eq!(learner.score(&foreign), EmbeddedRules.score(&foreign));
    assert!(learner.score(&foreign).abstained && !learner.score(&case("the xylotron")).abstained);
}

#[test]
fn noise_does_not_activate_it() {
    let mut random = Random::new(3);
    let mut learner = LocalLearner::default();
    for _ in 0..400 {
        let (text, _) = report(&mut random);
        learner.review(&case(&text), random.below(2) == 0);
    }
    assert!(!learner.standing().in_charge, "{:?}", learner.standing());
    assert_eq!(learner.score(&case("anything else")), EmbeddedRules.score(&case("anything else")));
}

#[test]
fn becomes_inactive_when_the_facility_changes() {
    let mut learner = taught(300, 1);
    assert!(learner.standing().in_charge);
    let mut random = Random::new(9);
    for _ in 0..400 {
        let (text, _) = report(&mut random);
        learner.review(&case(&text), random.below(2) == 0);
    }
    assert!(!learner.standing().in_charge, "{:?}", learner.standing());
}

#[test]
fn a_restored_learner_learns_like_the_original() {
    let mut learner = taught(250, 5);
    let mut kept = LocalLearner::from_bytes(&learner.to_bytes()).unwrap();
    assert_eq!(kept, learner);
    learner.review(&case("the xylotron valve"), true);
    kept.review(&case("the xylotron valve"), true);
    assert_eq!(kept.to_bytes(), learner.to_bytes());
    let bytes = learner.to_bytes();
    let kind = |bytes: &[u8]| LocalLearner::from_bytes(bytes).unwrap_err().kind();
    assert_eq!(kind(&bytes[..bytes.len() / 2]), ErrorKind::Tampered);
    assert_eq!(kind(b"something else"), ErrorKind::InvalidInput);
    let mut newer = bytes;
    newer[8] = 9;
    assert!(LocalLearner::from_bytes(&newer).unwrap_err().message().contains("newer version"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn raises_and_never_lowers(
        text in "(the|died|xylotron|valve|printer|نزيف|no|fell|, | ){0,20}",
        actual in prop::option::of(0_u8..8),
    ) {
        use std::sync::LazyLock;
        static LEARNER: LazyLock<LocalLearner> = LazyLock::new(|| taught(300, 1));
        let case = Case { narrative: &text, actual_harm: actual, ..Case::default() };
        let (rules, learned) = (EmbeddedRules.score(&case), LEARNER.score(&case));
        prop_assert!(learned.score >= rules.score && learned.band >= rules.band);
        prop_assert!(learned.high_risk >= rules.high_risk);
        let points: i16 = learned.reasons.iter().map(|reason| reason.points).sum();
        prop_assert_eq!(points.clamp(0, 100), i16::from(learned.score));
        prop_assert!(learned.reasons.iter().all(|reason| reason.points >= 0));
    }
}
