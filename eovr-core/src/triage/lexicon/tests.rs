use std::collections::HashMap;

use super::*;

#[track_caller]
fn check(text: &str, terms: &[&str]) {
    let read = Text::read(text);
    let hits = lexicon().find(&read);
    let found: Vec<&str> =
        hits.iter().filter(|hit| hit.entry.role.is_finding()).map(|hit| hit.entry.term.as_str()).collect();
    assert_eq!(found, terms, "{text}");
}

#[test]
fn the_shipped_lists_are_understood() {
    for list in [include_str!("../lexicon_en.tsv"), include_str!("../lexicon_ar.tsv")] {
        let mut lexicon = Lexicon::default();
        for line in list.lines() {
            assert!(lexicon.add(line), "{line}");
        }
        let findings = lexicon.entries.iter().filter(|entry| entry.role.is_finding()).count();
        assert!(findings >= 180, "{findings}");
        assert!(lexicon.entries.iter().all(|entry| !entry.gloss.is_empty()));
    }
}

#[test]
fn arabic_concepts_are_those_of_the_english_list() {
    let mut english = Lexicon::default();
    for line in include_str!("../lexicon_en.tsv").lines() {
        assert!(english.add(line));
    }
    assert_eq!(lexicon().concepts.len(), english.concepts.len());
}

#[test]
fn no_row_hides_another() {
    for entry in lexicon().entries.iter().filter(|entry| entry.role.is_finding()) {
        let text = Text::read(&entry.term);
        let concepts: Vec<usize> = lexicon()
            .find(&text)
            .iter()
            .filter(|hit| hit.entry.role.is_finding())
            .map(|hit| hit.entry.concept)
            .collect();
        let shown = &entry.term;
        // A heavier concept may match the same words, but at least one finding must remain.
        assert!(!concepts.is_empty(), "{shown}");
    }
}

/// A row that loses against another row in every spelling has no effect.
#[test]
fn every_row_wins_somewhere() {
    let lexicon = lexicon();
    let spellings: HashMap<u32, &String> = lexicon.ids.iter().map(|(word, &id)| (id, word)).collect();
    let wins = |entry: &Entry, words: &[u32]| {
        let text = words.iter().map(|id| spellings[id].as_str()).collect::<Vec<_>>().join(" ");
        lexicon.find(&Text::read(&text)).first().is_some_and(|hit| std::ptr::eq(hit.entry, entry))
    };
    let mut dead = Vec::new();
    for entry in &lexicon.entries {
        let plain: Vec<u32> = entry.slots.iter().map(|slot| slot[0]).collect();
        let others = entry
            .slots
            .iter()
            .enumerate()
            .flat_map(|(at, slot)| slot.iter().map(move |&choice| (at, choice)));
        let with = |(at, choice): (usize, u32)| {
            let mut words = plain.clone();
            words[at] = choice;
            words
        };
        // A few rows win only with two unusual choices at once; pseudo-random combinations cover those.
        let mut random = others.clone().map(with).collect::<Vec<_>>();
        for step in 1..40 {
            random.push(entry.slots.iter().map(|slot| slot[step * 7 % slot.len()]).collect());
        }
        if !random.iter().any(|words| wins(entry, words)) {
            dead.push(format!("{:?} {}", entry.role, entry.term));
        }
    }
    assert_eq!(dead, [""; 0], "{}", dead.len());
}

#[test]
fn rows_that_make_no_sense_are_refused() {
    for line in [
        "flag",
        "flag\tdeath\t4\tdead",
        "shout\tdeath\t4\tdead\tdeath",
        "flag\tdeath\t5\tdead\tdeath",
        "flag\tdeath\t0\tdead\tdeath",
        "pass\t-\t2\tfire drill\t-",
        "flag\tdeath\t4\tdead  end\tdeath",
        "flag\tdeath\t4\tco-dead\tdeath",
        "flag\tdeath\t4\tdead\tdeath\tmore",
    ] {
        assert!(!Lexicon::default().add(line), "{line}");
    }
}

#[test]
fn the_longest_term_wins() {
    check("fire", &["fire"]);
    check("the fire drill", &[]);
    check("hit his head", &["hit his head"]);
    check("cardiac\narrest", &["cardiac arrest"]);
    check("cardiac, arrest", &["arrest"]);
    check("wrong patient fell", &["wrong patient", "fell"]);
    check("the blood pressure fell", &["blood pressure dropped"]);
    check("the sodium level fell", &[]);
}

#[test]
fn arabic_articles_and_attachments() {
    check("المريض الخطأ", &["المريض الخطأ"]);
    check("للمريض الخطإ", &["المريض الخطأ"]);
    check("بنزيف والنزيف ونزيفا", &["نزيف", "نزيف", "نزيف"]);
    check("ماتت", &["مات"]);
}
