//! What is taken out of sentences that were written for it, in both languages: recall and precision. Who
//! wrote the sentences also wrote the rules, so real text will be worse; `EOVR_DATA` has none with names.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::BTreeMap;

use eovr_core::triage::deidentify::{Identifier, find, redact};

/// A sentence without its braces, and where they were.
fn unmarked(line: &str) -> (String, Vec<(String, std::ops::Range<usize>)>) {
    let (mut text, mut marked) = (String::new(), Vec::new());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (inside, after) = after.split_once('}').unwrap();
        let (kind, words) = inside.split_once('|').unwrap();
        let start = text.len();
        text.push_str(words);
        marked.push((kind.to_owned(), start..text.len()));
        rest = after;
    }
    text.push_str(rest);
    (text, marked)
}

#[derive(Default)]
struct Count {
    there: u32,
    found: u32,
    said: u32,
    right: u32,
}

#[test]
fn recall_and_precision_on_sentences_in_two_languages() {
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/deidentify.txt")).unwrap();
    let mut counts: BTreeMap<(String, String), Count> = BTreeMap::new();
    let mut wrong = String::new();
    for line in file.lines().filter(|line| !line.starts_with('#')) {
        let (language, line) = line.split_once(' ').unwrap();
        let (text, marked) = unmarked(line);
        let found = find(&text);
        let covers = |kind: &str, span: &std::ops::Range<usize>, one: &Identifier| {
            one.kind.name() == kind && one.span.start <= span.start && span.end <= one.span.end
        };
        for (kind, span) in &marked {
            for name in [kind.as_str(), "all"] {
                let count = counts.entry((language.to_owned(), name.to_owned())).or_default();
                count.there += 1;
                count.found += u32::from(found.iter().any(|one| covers(kind, span, one)));
            }
            if !found.iter().any(|one| covers(kind, span, one)) {
                wrong.push_str(&format!("missed {kind}: {}\n", text.get(span.clone()).unwrap()));
            }
        }
        for one in &found {
            // What overlaps something that names a person was rightly taken out, whatever it was called.
            let right = marked.iter().any(|(_, span)| one.span.start < span.end && span.start < one.span.end);
            for name in [one.kind.name(), "all"] {
                let count = counts.entry((language.to_owned(), name.to_owned())).or_default();
                count.said += 1;
                count.right += u32::from(right);
            }
            if !right {
                wrong.push_str(&format!(
                    "taken for {}: {}\n",
                    one.kind.name(),
                    text.get(one.span.clone()).unwrap()
                ));
            }
        }
    }
    let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole.max(1));
    for ((language, kind), count) in &counts {
        let (recall, precision) = (share(count.found, count.there), share(count.right, count.said));
        println!("{language} {kind:<12} recall {recall:.2} of {}, precision {precision:.2}", count.there);
        if kind == "all" {
            assert!(recall >= 0.9 && precision >= 0.9, "{language}: {recall:.2} {precision:.2}\n{wrong}");
        }
    }
    println!("{wrong}");
}

#[test]
fn hostile_text_is_survived_and_spans_fit() {
    for unit in ["@", "a@b.", "1-", "١/", "د. ", "Dr. ", "🙂", "\u{202E}", "{", "شارع ", "12 "] {
        let text = unit.repeat(200_000 / unit.len());
        for one in find(&text) {
            assert!(text.get(one.span).is_some());
        }
        redact(&text);
    }
    let late = format!("{}Mr. John Smith", " ".repeat(70_000));
    assert!(!redact(&late).contains("John"), "what was not looked at is left out");
}
