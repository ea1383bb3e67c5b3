//! Recall and precision of de-identification on sentences written for this test, in English and Arabic. The author of
//! the sentences also wrote the rules, so real text will score lower. The narratives in `EOVR_DATA` contain no names to
//! measure on.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::BTreeMap;

use eovr_core::triage::deidentify::{Identifier, find, redact};

/// A sentence without its braces, and the ranges that the braces marked.
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
            // A span that overlaps a marked name counts as correct under any label.
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

/// Each label of a number, each mark that can follow a label, and digits of three scripts.
#[test]
fn file_numbers_go_under_every_label_mark_and_script() {
    let labels = [
        "Patient ID",
        "Pt",
        "Patient",
        "MR",
        "MRN",
        "Hosp",
        "Hospital",
        "Unit",
        "File",
        "Case",
        "Encounter",
        "Admission",
        "CR",
        "IP",
        "OP",
        "UHID",
        "QID",
        "Civil ID",
        "Iqama",
        "CPR",
        "Health card",
        "Chart",
        "Medical record",
        "Med rec",
        "Visit",
    ];
    let arabic = [
        "رقم الملف",
        "الملف رقم",
        "الرقم الطبي",
        "رقم المريض",
        "المريضة رقم",
        "رقم الحالة",
        "رقم الدخول",
        "رقم الهوية",
        "رقم الإقامة",
        "الرقم المدني",
        "رقم البطاقة الصحية",
        "رقم السجل الطبي",
        "رقم الزيارة",
        "رقم التنويم",
    ];
    let numbers = ["8067123", "٨٠٦٧١٢٣", "۸۰۶۷۱۲۳", "８０６７１２３"];
    let english = labels.iter().flat_map(|label| {
        [" no. ", " No ", "# ", " #", " no: ", " number is ", " Number: "]
            .map(|mark| format!("{label}{mark}"))
    });
    let arabic = arabic.iter().flat_map(|label| [" ", ": ", " : ", ":"].map(|mark| format!("{label}{mark}")));
    for before in english.chain(arabic) {
        for number in numbers {
            let redacted = redact(&format!("{before}{number} fell, 5 mg"));
            assert!(
                !redacted.contains(number) && redacted.ends_with(" fell, 5 mg"),
                "{before}{number}: {redacted}"
            );
        }
    }
}

/// Redaction keeps an amount after any word.
#[test]
fn an_amount_after_any_word_stays() {
    let before = [
        "",
        "given",
        "on",
        "In March",
        "May",
        "patient",
        "file",
        "call",
        "his son",
        "DOB",
        "Dr",
        "يوم",
        "المريض",
        "ملف",
        "جوال",
    ];
    let amounts = [
        "5 mg",
        "5000 units",
        "25000 IU",
        "0.9%",
        "125 ml/h",
        "10-20 mg",
        "12/12 hourly",
        "1/2 tablet",
        "3/7 course",
        "5 ملغ",
        "5000 وحدة",
        "12/12 ساعة",
        "1000 ml",
        "500 مل",
        "100 mcg",
    ];
    for before in before {
        for amount in amounts {
            let text = format!("{before} {amount} then");
            assert!(redact(&text).contains(amount), "{text}: {}", redact(&text));
        }
    }
}

/// Pieces in random order: each span lies within the text, spans are in order and do not overlap.
#[test]
fn spans_are_in_order_and_do_not_overlap() {
    let pieces = [
        "MRN ",
        "Dr. ",
        "12",
        "/",
        "-",
        "–",
        "\u{200F}",
        "٣",
        "۴",
        "８",
        "T",
        "@",
        "＠",
        "a.b",
        "محمد ",
        "شارع ",
        " ",
        ". ",
        ", ",
        "May ",
        "من ",
        "الثاني عشر ",
        "Flat 3",
        "🙂",
        "\u{301}",
        "ﻣ",
        "+",
        "(",
        ")",
        "no",
        "#",
        "\n",
        "ابن ",
        "المريضة ",
        "شهد ",
        "van der ",
        "RN",
    ];
    let mut state = 20_260_u64;
    for _ in 0..3000 {
        let mut text = String::new();
        for _ in 0..24 {
            // A linear congruential generator: the same pieces in every run.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        let mut end = 0;
        for one in find(&text) {
            assert!(
                one.span.start >= end && text.get(one.span.clone()).is_some_and(|part| !part.is_empty()),
                "{text:?}"
            );
            end = one.span.end;
        }
    }
}

#[test]
fn hostile_text_gives_valid_spans() {
    for unit in [
        "@",
        "a@b.",
        "1-",
        "١/",
        "د. ",
        "Dr. ",
        "🙂",
        "\u{202E}",
        "{",
        "شارع ",
        "12 ",
        "12/03/2024 ",
        "a-",
        "1a-",
        "a.",
        "Flat 3, ",
        "files 445566 and ",
        "12 March ",
        "van ",
        "Smith ",
        "السيد ",
        "محمد ",
        "no. ",
        "+(",
        "M.R.N. ",
        "، الزمالك",
    ] {
        let text = unit.repeat(200_000 / unit.len());
        for one in find(&text) {
            assert!(text.get(one.span).is_some());
        }
        redact(text.get(..text.floor_char_boundary(4000)).unwrap());
    }
    let late = format!("{}Mr. John Smith", " ".repeat(70_000));
    assert!(!redact(&late).contains("John"), "what was not looked at is left out");
}
