use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::error::{Error, ErrorKind, Result};
use crate::triage::random::Random;
use crate::triage::{Case, Scorer as _};

/// Invented reports in two languages with three levels and a little noise.
fn rows(count: usize, seed: u64) -> Vec<(String, usize)> {
    const WORDS: [[&str; 6]; 3] = [
        ["late", "form", "missing", "label", "تأخير", "ورقة"],
        ["fell", "bruise", "dose", "slipped", "سقط", "جرعة"],
        ["died", "arrest", "bleeding", "resuscitated", "توفي", "نزيف"],
    ];
    const ALL: [&str; 6] = ["the", "patient", "nurse", "ward", "المريض", "القسم"];
    let mut random = Random::new(seed);
    (0..count)
        .map(|_| {
            let level = random.below(3);
            let shown = if random.below(8) == 0 { random.below(3) } else { level };
            let mut text = String::new();
            for _ in 0..4 {
                text.push_str(ALL[random.below(6)]);
                text.push(' ');
                text.push_str(WORDS[shown][random.below(6)]);
                text.push(' ');
            }
            (text, level)
        })
        .collect()
}

fn model(plan: &Plan, names: [&str; 3]) -> TextModel {
    let mut trainer = Trainer::new(42);
    for (place, (text, level)) in rows(300, 1).iter().enumerate() {
        let part = if place % 5 == 0 { Part::Valid } else { Part::Train };
        trainer.add(text, names[*level], part).unwrap();
    }
    trainer.train(plan, |_| {}).unwrap()
}

fn levels() -> TextModel {
    model(&ordered("invented"), ["0", "1", "2"])
}

fn ordered(name: &str) -> Plan {
    Plan { name: name.to_owned(), order: Some(Order::Ordinal), ..Plan::default() }
}

#[test]
fn a_training_finds_the_pattern_of_its_rows() {
    let model = levels();
    let new = rows(200, 2);
    let right = new.iter().filter(|(text, level)| model.read(text).label == *level).count();
    assert!(right > 160, "{right} of 200");
    let high = model.read("the patient died of bleeding").high.unwrap();
    let low = model.read("a form was missing").high.unwrap();
    assert!(high > 0.6 && low < 0.2, "{high} {low}");
    assert!(model.read("توفي المريض").high.unwrap() > 0.5);
    assert!(model.card().held_out.auroc.unwrap() > 0.9);
    let sum: f64 = model.read("anything").probabilities.iter().sum();
    assert!((sum - 1.0).abs() < 1e-5);
}

/// The numbers of a model, without the version of eovr in its card.
fn numbers(model: &TextModel) -> String {
    use sha2::{Digest as _, Sha256};
    let bytes: Vec<u8> = model.buckets.iter().map(|byte| byte.to_le_bytes()[0]).collect();
    let others = format!("{:?} {:?} {:?}", model.scales, model.calibration, model.decision);
    Sha256::digest([bytes, others.into_bytes()].concat())[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// One machine computed the digest; every other machine must give the same one.
#[test]
fn the_same_rows_and_seed_make_the_same_bytes() {
    let (first, second) = (levels(), levels());
    assert_eq!(first.to_bytes(), second.to_bytes());
    assert_eq!(numbers(&first), "4bcf074fbc3c585d");
    let other = model(&ordered("other"), ["0", "1", "2"]);
    assert_ne!(first.model().version, other.model().version);
}

#[test]
fn a_file_is_read_back_whole_or_not_at_all() {
    let model = levels();
    let bytes = model.to_bytes();
    assert_eq!(TextModel::from_bytes(&bytes).unwrap(), model);
    assert!(bytes.len() < 1_000_000);
    let kind = |bytes: &[u8]| TextModel::from_bytes(bytes).unwrap_err().kind();
    for cut in [8, 12, 16, 500, 5000, bytes.len() / 2, bytes.len() - 1] {
        assert_eq!(kind(&bytes[..cut]), ErrorKind::Tampered, "{cut}");
    }
    for place in [20, 5000, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert_eq!(kind(&changed), ErrorKind::Tampered, "{place}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(kind(&longer), ErrorKind::Tampered);
    let mut newer = bytes;
    newer[8] = 3;
    let error = TextModel::from_bytes(&newer).unwrap_err();
    assert!(error.message().contains("newer version"), "{error}");
    assert_eq!(kind(b""), ErrorKind::InvalidInput);
    assert_eq!(kind(b"PK\x03\x04 something else"), ErrorKind::InvalidInput);
}

#[test]
fn rows_without_enough_information_are_refused() {
    let mut trainer = Trainer::new(0);
    assert!(trainer.add("", "1", Part::Train).is_err());
    assert!(trainer.add("🙂🙂 …", "1", Part::Train).is_err());
    assert!(trainer.add("words", " ", Part::Train).is_err());
    let message = |labels: &[&str], plan: &Plan| {
        let mut trainer = Trainer::new(0);
        for label in labels {
            trainer.add("some words", label, Part::Train).unwrap();
        }
        trainer.train(plan, |_| {}).unwrap_err().to_string()
    };
    let few = message(&["a", "b"], &Plan::default());
    assert!(few.contains("too few rows"), "{few}");
    let one = message(&["a"; 20], &Plan::default());
    assert!(one.contains("one label only"), "{one}");
    let named = Plan { labels: Some(vec!["low".to_owned(), "high".to_owned()]), ..Plan::default() };
    let outside = message(&["low", "high", "hgih", "low", "low", "low", "low", "low", "low", "low"], &named);
    assert!(outside.contains("outside the scheme") && outside.contains("`low`, `high`"), "{outside}");
    let nowhere = Plan { high_from: Some("a".to_owned()), ..Plan::default() };
    let lowest = message(&["a", "b", "a", "b", "a", "b", "a", "b", "a", "b"], &nowhere);
    assert!(lowest.contains("high risk cannot begin there"), "{lowest}");
}

#[test]
fn whether_labels_have_an_order() {
    let plan = Plan::default();
    let levels = levels();
    assert_eq!((levels.card().order, levels.card().high_from), (Order::Ordinal, Some(2)));
    let words = model(&plan, ["fall", "drug", "fire"]);
    assert_eq!((words.card().order, words.card().high_from), (Order::Nominal, None));
    let labels = Some(["green", "amber", "red"].map(str::to_owned).to_vec());
    let given = Plan { labels, high_from: Some("amber".to_owned()), ..Plan::default() };
    let given = model(&given, ["green", "amber", "red"]);
    assert_eq!((given.card().order, given.card().high_from), (Order::Ordinal, Some(1)));
    let told = Plan { order: Some(Order::Nominal), ..Plan::default() };
    assert_eq!(model(&told, ["0", "1", "2"]).card().order, Order::Nominal);
    // Numbers are sorted by value: "10" is greater than "9".
    assert_eq!(model(&ordered("numbers"), ["8", "9", "10"]).labels(), ["8", "9", "10"]);
}

/// For numeric kinds and for few rows the training asks the user. The error says how to answer and is always the same.
#[test]
fn numbers_that_may_be_levels_or_kinds_are_asked_about() {
    const KINDS: [[&str; 3]; 3] =
        [["fell", "slipped", "floor"], ["dose", "tablet", "drug"], ["fire", "smoke", "alarm"]];
    let trained = |rows: usize, plan: &Plan| {
        let mut random = Random::new(5);
        let mut trainer = Trainer::new(1);
        for _ in 0..rows {
            let kind = random.below(3);
            let words: Vec<&str> = (0..4).map(|_| KINDS[kind][random.below(3)]).collect();
            trainer.add(&words.join(" the "), &(kind * 10 + 10).to_string(), Part::Train).unwrap();
        }
        trainer.train(plan, |_| {})
    };
    let error = trained(12, &Plan::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let told = error.to_string();
    assert!(told.contains("`--ordinal 10,20,30`") && told.contains("`--nominal`"), "{told}");
    assert_eq!(told, trained(12, &Plan::default()).unwrap_err().to_string());
    match trained(150, &Plan::default()) {
        Ok(model) => assert_eq!(model.card().order, Order::Nominal),
        Err(error) => assert_eq!(error.to_string(), told),
    }
    let kinds = trained(150, &Plan { order: Some(Order::Nominal), ..Plan::default() }).unwrap();
    assert_eq!((kinds.card().order, kinds.card().high_from), (Order::Nominal, None));
}

/// Five levels whose neighbours share words are recognised; five kinds are never taken for levels.
#[test]
fn five_levels_are_distinguished_from_five_kinds() {
    let trained = |levels: bool| {
        let mut random = Random::new(8);
        let mut trainer = Trainer::new(1);
        for _ in 0..400 {
            let label = random.below(5);
            // A level shares its words with the adjacent levels; a kind shares them with the adjacent kinds of another
            // numbering.
            let place = if levels { label } else { [0, 3, 1, 4, 2][label] };
            let words: Vec<String> = (0..6).map(|_| format!("word{}", place * 4 + random.below(8))).collect();
            trainer.add(&words.join(" "), &label.to_string(), Part::Train).unwrap();
        }
        trainer.train(&Plan::default(), |_| {})
    };
    assert_eq!(trained(true).unwrap().card().order, Order::Ordinal);
    assert!(trained(false).is_err() || trained(false).unwrap().card().order == Order::Nominal);
}

/// A file of earlier releases: version 1, without high risk and several labels.
#[test]
fn a_file_of_the_first_version_is_read() {
    use sha2::{Digest as _, Sha256};
    let model = levels();
    let bytes = model.to_bytes();
    let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let head = String::from_utf8(bytes[16..16 + length].to_vec()).unwrap();
    let old_head = head.replace(r#","high_step":true"#, "");
    assert_ne!(head, old_head);
    let steps = 4 * (2 * 3 + 3 + 1 + 3 + 2);
    let numbers = 16 + length;
    let mut old = [b"eovr-tm\n".as_slice(), &1_u32.to_le_bytes()].concat();
    old.extend((old_head.len() as u32).to_le_bytes());
    old.extend(old_head.as_bytes());
    old.extend(&bytes[numbers..numbers + steps]);
    old.extend(&bytes[numbers + steps + 8..bytes.len() - 32]);
    old.extend(Sha256::digest(&old));
    let read = TextModel::from_bytes(&old).unwrap();
    assert_eq!((read.calibration.high, read.to_bytes()), (None, old));
    assert_eq!((&read.buckets, &read.scales, read.card()), (&model.buckets, &model.scales, model.card()));
    assert!(read.read("the patient died of bleeding").high.unwrap() > 0.5);
}

/// The probability of high risk is calibrated separately: on new rows its calibration slope is close to 1.
#[test]
fn the_probability_of_high_risk_comes_true_as_often_as_it_says() {
    use crate::triage::metrics::Flags;
    let model = levels();
    let new = rows(3000, 77);
    let (truth, said): (Vec<bool>, Vec<f64>) =
        new.iter().map(|(text, level)| (*level == 2, model.read(text).high.unwrap())).unzip();
    let line = Flags::new(&truth, &said).unwrap().calibration_line().unwrap();
    assert!((0.8..1.25).contains(&line.slope) && line.intercept.abs() < 0.3, "{line:?}");
    for (text, _) in new.iter().take(50) {
        let answer = model.read(text);
        let sum: f64 = answer.probabilities.iter().sum();
        assert!((sum - 1.0).abs() < 1e-5 && (answer.probabilities[2] - answer.high.unwrap()).abs() < 1e-9);
    }
}

/// Narratives with any number of labels.
fn several(labels: usize, rows: usize) -> TextModel {
    let mut random = Random::new(4);
    let mut trainer = Trainer::new(9);
    let names: Vec<String> = (0..labels).map(|label| format!("label{label}")).collect();
    for row in 0..rows {
        let mut own: Vec<usize> = (0..random.below(4)).map(|_| random.below(labels)).collect();
        own.push(row % labels);
        let words: Vec<String> = own.iter().map(|label| format!("sign{label} {label}mark")).collect();
        let text = format!("the patient {}", words.join(" and "));
        let own: Vec<&str> = own.iter().map(|&label| names[label].as_str()).collect();
        trainer.add_several(&text, &own, Part::Train).unwrap();
    }
    trainer.train(&Plan::default(), |_| {}).unwrap()
}

#[test]
fn a_narrative_may_have_several_labels_or_none() {
    let model = several(4, 300);
    assert!(model.card().several && model.card().high_from.is_none());
    let said = |text: &str| -> Vec<&str> {
        model.read(text).labels.iter().map(|&label| model.labels()[label].as_str()).collect()
    };
    assert_eq!(said("the patient sign1 1mark and sign3 3mark"), ["label1", "label3"]);
    assert_eq!(said("the patient sign2 2mark"), ["label2"]);
    let held = &model.card().held_out;
    assert!(held.macro_f1.unwrap() > 0.9 && held.auroc.unwrap() > 0.95 && held.kappa.is_none(), "{held:?}");
    assert_eq!(TextModel::from_bytes(&model.to_bytes()).unwrap(), model);
    assert!(levels().read("the patient died").labels.is_empty());
    let mut trainer = Trainer::new(0);
    for row in 0..20 {
        trainer
            .add_several("some words", if row % 2 == 0 { &["a"] } else { &["b", "a"] }, Part::Train)
            .unwrap();
    }
    let error = trainer.train(&ordered("x"), |_| {}).unwrap_err();
    assert!(error.to_string().contains("labels are unordered"), "{error}");
}

#[test]
fn hundreds_of_labels_are_learned_and_kept() {
    const LABELS: usize = 300;
    let mut trainer = Trainer::new(2);
    for row in 0..LABELS * 3 {
        let label = row % LABELS;
        trainer.add(&format!("code{label} word{label}x"), &format!("kind{label:03}"), Part::Train).unwrap();
    }
    let model = trainer.train(&Plan::default(), |_| {}).unwrap();
    let right = (0..LABELS)
        .filter(|label| {
            model.labels()[model.read(&format!("code{label} word{label}x")).label]
                == format!("kind{label:03}")
        })
        .count();
    assert!(right * 10 > LABELS * 9, "{right}");
    let bytes = model.to_bytes();
    assert_eq!(TextModel::from_bytes(&bytes).unwrap(), model);
    assert!(bytes.len() < 12_000_000, "{}", bytes.len());
}

#[test]
fn a_model_abstains_on_unknown_words() {
    let model = levels();
    for text in ["", "🙂🙂", "病人从床上摔下来", "zzzz qqqq xxxx jjjj"] {
        let seen = model.score(&Case { narrative: text, ..Case::default() });
        assert!(seen.abstained && !seen.high_risk && seen.score == 0, "{text}: {seen:?}");
        assert!(seen.reasons.is_empty());
    }
    let seen = model.score(&Case { narrative: "the patient died of bleeding", ..Case::default() });
    assert!(!seen.abstained && seen.high_risk);
    assert_eq!(seen.model.id, "invented");
}

#[test]
fn survives_hostile_text() {
    let model = levels();
    for unit in ["a", "و", "\u{64B}", "died ", "🙂", "\u{200B}", "<b>died</b> ", "\u{202E}نزيف "] {
        let text = unit.repeat(1_000_000 / unit.len());
        assert!(model.read(&text).probabilities.iter().all(|p| p.is_finite()));
    }
    let plain = model.read("the patient died");
    assert_eq!(model.read("the pa\u{200B}tient d\u{AD}ied").probabilities, plain.probabilities);
}

#[test]
fn reused_memory_changes_no_answer() {
    let model = levels();
    let mut memory = TextReader::default();
    for (text, _) in rows(50, 3) {
        assert_eq!(model.read_with(&mut memory, &text), model.read(&text));
        let (answer, explained) = model.explain_with(&mut memory, &text);
        assert_eq!((answer, explained), (model.read(&text), model.explain(&text)));
    }
}

#[test]
fn a_card_is_readable_json() {
    let model = levels();
    let json = serde_json::to_string(model.card()).unwrap();
    assert!(json.contains(r#""name":"invented""#) && json.contains(r#""order":"ordinal""#), "{json}");
    assert_eq!(serde_json::from_str::<Card>(&json).unwrap(), *model.card());
    assert!(!format!("{model:?}").contains("bleeding"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn shares_add_up_and_point_into_the_text(text in "[a-eا-ه \u{64B},.]{0,80}|(the|died|نزيف|لم|ward| ){0,30}") {
        use std::sync::LazyLock;
        static MODEL: LazyLock<TextModel> = LazyLock::new(levels);
        let explained = MODEL.explain(&text);
        let sum: f32 = explained.words.iter().map(|word| word.share).sum::<f32>() + explained.rest;
        prop_assert!((sum - explained.margin).abs() < 1e-3, "{} {}", sum, explained.margin);
        for word in &explained.words {
            prop_assert!(text.get(word.span.clone()).is_some_and(|word| !word.is_empty()));
        }
        let seen = MODEL.score(&Case { narrative: &text, ..Case::default() });
        let points: i16 = seen.reasons.iter().map(|reason| reason.points).sum();
        prop_assert!(seen.abstained || points == i16::from(seen.score));
    }
}

/// A notebook in memory. It can fail, which ends the training.
#[derive(Default)]
struct Paper {
    steps: BTreeMap<usize, Vec<u8>>,
    /// The number of steps after which it fails.
    full_at: Option<usize>,
}

impl Notebook for Paper {
    fn look_up(&mut self, step: usize) -> Result<Option<Vec<u8>>> {
        Ok(self.steps.get(&step).cloned())
    }

    fn write_down(&mut self, step: usize, learned: &[u8]) -> Result<()> {
        if self.full_at == Some(step) {
            return Err(Error::new(ErrorKind::Unavailable, "the paper is full"));
        }
        self.steps.insert(step, learned.to_vec());
        Ok(())
    }
}

#[test]
fn a_training_that_was_stopped_anywhere_comes_to_the_same_model() {
    let whole = some_trainer().train(&Plan::default(), |_| {}).unwrap().to_bytes();
    let mut all = Paper::default();
    assert_eq!(some_trainer().resume(&Plan::default(), &mut all, |_| {}).unwrap().to_bytes(), whole);
    assert!(all.steps.len() > 5, "{} steps", all.steps.len());
    for stop in 0..all.steps.len() {
        let mut paper = Paper { full_at: Some(stop), ..Paper::default() };
        let stopped = some_trainer().resume(&Plan::default(), &mut paper, |_| {}).unwrap_err();
        assert_eq!((stopped.kind(), paper.steps.len()), (ErrorKind::Unavailable, stop));
        paper.full_at = None;
        assert_eq!(some_trainer().resume(&Plan::default(), &mut paper, |_| {}).unwrap().to_bytes(), whole);
    }
    // Stored steps are used and not written again; a damaged step is trained again.
    let mut known = Paper { steps: all.steps.clone(), full_at: Some(0) };
    assert_eq!(some_trainer().resume(&Plan::default(), &mut known, |_| {}).unwrap().to_bytes(), whole);
    let damages: [fn(&mut Vec<u8>); 3] =
        [|kept| kept.fill(0), |kept| kept.truncate(kept.len() / 2), |kept| kept[7] ^= 1];
    for damage in damages {
        let mut torn = Paper { steps: all.steps.clone(), full_at: None };
        torn.steps.values_mut().for_each(damage);
        assert_eq!(some_trainer().resume(&Plan::default(), &mut torn, |_| {}).unwrap().to_bytes(), whole);
        assert_eq!(torn.steps, all.steps);
    }
}

fn some_trainer() -> Trainer {
    let mut trainer = Trainer::new(3);
    for number in 0..30 {
        trainer.add(&format!("the patient fell in room {number}"), "fall", Part::Train).unwrap();
        trainer.add(&format!("the wrong dose was given at {number}"), "medication", Part::Train).unwrap();
    }
    trainer
}

/// Evaluates the public data sets in the directory `EOVR_DATA`, if it is set: the finding about numeric labels, and the
/// calibration of high risk on test rows, with and without its separate step.
#[test]
#[expect(clippy::print_stdout, reason = "the figures of this test are worth reading")]
fn high_risk_on_the_public_sets() {
    use crate::triage::metrics::{Bins, Flags};
    let Some(folder) = std::env::var_os("EOVR_DATA").map(std::path::PathBuf::from) else { return };
    for (file, column, high) in [
        ("mentalqa_ar_question_type.csv", "label_name", None),
        ("fda_drug_recall_class.csv", "label", Some("2")),
        ("nhs_fft_criticality.csv", "label", Some("4")),
        ("vaers_severity.csv", "label", Some("2")),
    ] {
        let rows = cells(&read(&folder.join(file)));
        let place = |name: &str| rows[0].iter().position(|column| column == name).unwrap();
        let (text, label, split) = (place("text"), place(column), place("split"));
        let train = |order: Option<Order>| {
            let mut trainer = Trainer::new(1);
            for row in rows[1..].iter().filter(|row| row[split] != "test") {
                let part = if row[split] == "valid" { Part::Valid } else { Part::Train };
                trainer.add(&row[text], &row[label], part).unwrap();
            }
            let high_from = high.map(str::to_owned);
            trainer.train(&Plan { order, high_from, ..Plan::default() }, |_| {})
        };
        if high.is_some() && std::env::var_os("EOVR_ORDER").is_some() {
            let found = train(None).map(|model| model.card().order_because.clone());
            println!("{file}: {found:?}");
        }
        let model = train(high.map(|_| Order::Ordinal)).unwrap();
        let without = TextModel {
            calibration: super::calibration::Calibration { high: None, ..model.calibration.clone() },
            ..model.clone()
        };
        let figures = |model: &TextModel| {
            let from = model.card().high_from.unwrap();
            let test: Vec<_> = rows[1..].iter().filter(|row| row[split] == "test").collect();
            let truth: Vec<bool> = test
                .iter()
                .map(|row| model.labels().iter().position(|known| *known == row[label]).unwrap() >= from)
                .collect();
            let said: Vec<f64> = test.iter().map(|row| model.read(&row[text]).high.unwrap()).collect();
            let flags = Flags::new(&truth, &said).unwrap();
            let line = flags.calibration_line().unwrap();
            println!(
                "{file}: slope {:.3}, intercept {:.3}, in the large {:.3}, O:E {:.3}, ECE15 {:.3}, Brier {:.4}, AUROC {:.4}",
                line.slope,
                line.intercept,
                flags.calibration_in_the_large().unwrap(),
                flags.observed_expected().unwrap(),
                flags.calibration_error(Bins::WIDTH_15).unwrap(),
                flags.brier().unwrap(),
                flags.auroc().unwrap()
            );
            (line.slope, flags.auroc().unwrap(), flags.brier().unwrap())
        };
        let (before, after) = (figures(&without), figures(&model));
        assert!(
            (before.1 - after.1).abs() < 1e-3 && after.2 < before.2 + 0.002,
            "{file}: {before:?}, {after:?}"
        );
        println!("{file}: {:?}", model.calibration.high);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test may read a file")]
fn read(path: &std::path::Path) -> String {
    String::from_utf8(std::fs::read(path).unwrap()).unwrap()
}

/// The cells of a CSV file.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            letter => cell.push(letter),
        }
    }
    rows
}
