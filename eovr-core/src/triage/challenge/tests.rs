use std::collections::BTreeSet;

use super::*;
use crate::ErrorKind;

const README: &str = include_str!("README.md");

#[test]
fn the_shipped_set_is_read_whole() {
    let challenge = Challenge::read(include_bytes!("cases.csv")).unwrap();
    let pairs: BTreeSet<&str> = challenge.texts().iter().map(|text| text.pair.as_str()).collect();
    assert!(pairs.len() >= 400, "{}", pairs.len());
    for language in ["en", "ar"] {
        assert!(challenge.texts().iter().filter(|text| text.language == language).count() >= 400);
    }
    assert!(README.contains(&format!(
        "{} bilingual minimal pairs ({} texts)",
        pairs.len(),
        challenge.texts().len()
    )));
}

#[test]
fn each_kind_and_rule_of_the_set_is_explained() {
    for text in Challenge::shipped().texts() {
        for word in [&text.kind, &text.rule] {
            assert!(README.contains(&format!("| `{word}` |")), "{word}");
        }
    }
}

#[test]
fn a_perfect_scorer_solves_all_and_a_silent_one_none() {
    let challenge = Challenge::shipped();
    let perfect = challenge.run(|text| {
        let score = match text.expect {
            Expect::Grave => 1.0,
            Expect::Possible => 0.5,
            Expect::Near | Expect::Quiet => 0.0,
        };
        Some(Said { score, flagged: text.expect == Expect::Grave })
    });
    assert_eq!(perfect.all.solved.rate(), Some(1.0));
    assert_eq!(perfect.all.ordered.rate(), Some(1.0));
    assert_eq!(perfect.all.false_flags.rate(), Some(0.0));
    assert_eq!(perfect.wrong, [""; 0]);

    let silent = challenge.run(|_| None);
    assert_eq!(silent.all.unanswered, challenge.texts().len());
    assert_eq!((silent.all.found.count, silent.all.solved.count, silent.all.ordered.count), (0, 0, 0));
    assert_eq!(silent.all.silent.rate(), Some(1.0));

    let loud = challenge.run(|_| Some(Said { score: 1.0, flagged: true }));
    assert_eq!((loud.all.found.rate(), loud.all.false_flags.rate()), (Some(1.0), Some(1.0)));
    // A possible text may be flagged.
    assert!(loud.all.solved.count <= loud.kinds["possible"].solved.of);
    assert_eq!(loud.kinds["denied"].solved.count, 0);
}

#[test]
fn held_back_ideas_keep_all_their_pairs() {
    let (all, held) = (Challenge::shipped(), Challenge::shipped().held_back());
    let ideas = |texts: &[ChallengeText]| texts.iter().map(|text| text.idea.clone()).collect::<BTreeSet<_>>();
    let kept = ideas(held.texts());
    assert!((0.4..0.6).contains(&(kept.len() as f64 / ideas(all.texts()).len() as f64)));
    let whole = all.texts().iter().filter(|text| kept.contains(&text.idea)).count();
    assert_eq!(held.texts().len(), whole);
}

#[test]
fn groups_add_up() {
    let outcome = Challenge::shipped().run(|text| {
        let odd = text.text.len() % 2 == 1;
        Some(Said { score: f64::from(u8::from(odd)), flagged: odd })
    });
    for groups in [&outcome.kinds, &outcome.languages, &outcome.varieties, &outcome.rules] {
        let found: usize = groups.values().map(|tally| tally.found.count).sum();
        let pairs: usize = groups.values().map(|tally| tally.solved.of).sum();
        assert_eq!((found, pairs), (outcome.all.found.count, outcome.all.solved.of));
    }
}

#[test]
fn wilsons_interval() {
    // statsmodels.stats.proportion.proportion_confint(45, 50, method="wilson")
    let (low, high) = Share { count: 45, of: 50 }.interval().unwrap();
    assert!((low - 0.786_397_685_625).abs() < 1e-9, "{low}");
    assert!((high - 0.956_524_235_068).abs() < 1e-9, "{high}");
    assert_eq!(Share::default().interval(), None);
}

#[test]
fn an_invalid_challenge_set_is_refused() {
    const HEAD: &str = "id,pair,idea,kind,rule,language,variety,expect,text\n";
    let row = |id: &str, expect: &str| format!("{id},p,i,denied,r,en,general,{expect},words\n");
    let read = |rows: &[String]| Challenge::read(format!("{HEAD}{}", rows.concat()).as_bytes());
    assert_eq!(read(&[row("a", "grave"), row("b", "quiet")]).unwrap().texts().len(), 2);
    for rows in [
        vec![row("a", "grave")],
        vec![row("a", "grave"), row("b", "grave")],
        vec![row("a", "quiet"), row("b", "quiet")],
        vec![row("a", "grave"), row("a", "quiet")],
        vec![row("a", "grave"), row("b", "loud")],
    ] {
        assert_eq!(read(&rows).unwrap_err().kind(), ErrorKind::InvalidInput, "{rows:?}");
    }
    assert!(Challenge::read(b"id,text\na,b\n").is_err());
}
