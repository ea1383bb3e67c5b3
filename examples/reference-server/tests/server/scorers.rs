//! `train` and `evaluate`: from a file of labelled narratives to a model, metrics and a page; and the errors for faulty
//! files.

#![expect(clippy::indexing_slicing, reason = "a test that panics has done its work")]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Folder, Run, Tested, run};

/// The words that distinguish the labels, in both languages; the rest of the text is the same.
const TOLD: [(&str, [&str; 3]); 2] = [
    ("low", ["a lamp was broken and replaced", "the form came late", "تأخر تسليم النموذج"]),
    ("high", ["the patient stopped breathing", "a vein bled heavily", "توقف قلب المريض"]),
];
const WARDS: [&str; 4] = ["ward one", "ward two", "the clinic", "القسم الثالث"];

/// A generated set: `count` rows with the columns text, level, part and ward.
fn set(folder: &Folder, count: usize) -> Result<PathBuf, Box<dyn Error>> {
    let mut table = "text,level,part,ward\n".to_owned();
    for number in 0..count {
        let (level, stories) = TOLD[usize::from(number % 5 == 0)];
        let (story, ward) = (stories[number / 5 % 3], WARDS[number % 4]);
        let part = ["train", "train", "train", "valid", "test", "test", "test"][number % 7];
        writeln!(table, "\"{story} in {ward}, case {number}\",{level},{part},{ward}")?;
    }
    let path = folder.file("told.csv");
    fs::write(&path, table)?;
    Ok(path)
}

fn command(verb: &str, data: &PathBuf, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eovr-server"));
    command.arg(verb).arg("--data").arg(data).args(["--text", "text", "--label", "level"]).args(more);
    command
}

fn trained(folder: &Folder, data: &PathBuf, name: &str) -> Result<(Run, PathBuf), Box<dyn Error>> {
    let path = folder.file(name);
    let mut command = command("train", data, &["--split", "part", "--ordinal", "low,high", "--high", "high"]);
    let run = run(command.args(["--seed", "7", "--out"]).arg(&path))?;
    Ok((run, path))
}

#[test]
fn a_model_is_trained_judged_and_compared() -> Tested {
    let folder = Folder::new()?;
    let data = set(&folder, 700)?;
    let (made, model) = trained(&folder, &data, "one.eovr")?;
    assert_eq!(made.code, Some(0), "{}", made.complained);
    made.says(&["seed 7", "high risk begins at `high`", "rows are kept for testing"])?;
    let (_, again) = trained(&folder, &data, "two.eovr")?;
    assert_eq!(fs::read(&model)?, fs::read(&again)?, "the same data and seed make another file");
    assert!(fs::metadata(&model)?.len() <= 1 << 20);

    let (json, html, csv) = (folder.file("out.json"), folder.file("out.html"), folder.file("out.csv"));
    let mut judge = command("evaluate", &data, &["--split", "part", "--group", "ward", "--draws", "50"]);
    judge.arg("--scorer").arg(&model).args(["--compare", "rules", "--json"]).arg(&json);
    let judged = run(judge.arg("--html").arg(&html).arg("--predictions").arg(&csv))?;
    assert_eq!(judged.code, Some(0), "{}", judged.complained);
    judged.says(&["AUROC"])?;

    let figures: Value = serde_json::from_slice(&fs::read(&json)?)?;
    let text = figures.to_string();
    for known in [sha256(&data)?, sha256(&model)?] {
        assert!(text.contains(&known), "the figures do not name {known}: {text}");
    }
    assert!(!text.contains("NaN"), "{text}");
    let page = fs::read_to_string(&html)?;
    assert!(page.starts_with("<!doctype html>") && page.contains("<svg") && !page.contains("src="));
    let rows = csv::Reader::from_path(&csv)?.records().count();
    assert_eq!(rows, 300, "one prediction for each row that is kept for testing");
    Ok(())
}

fn sha256(path: &PathBuf) -> Result<String, Box<dyn Error>> {
    use sha2::{Digest as _, Sha256};

    Ok(Sha256::digest(fs::read(path)?).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Each mistake is an error with exit code 2 and the accepted input; no metric is printed.
#[test]
fn a_faulty_training_file_is_reported() -> Tested {
    let folder = Folder::new()?;
    let data = set(&folder, 140)?;
    let (_, model) = trained(&folder, &data, "model.eovr")?;
    let model_path = model.to_str().ok_or("a path is text")?;
    let out = folder.file("never.eovr");
    let out = out.to_str().ok_or("a path is text")?;

    let one_class = folder.file("one.csv");
    fs::write(
        &one_class,
        format!("text,level\n{}", "a lamp broke,low\nthe form came late,low\n".repeat(40)),
    )?;
    let empty = folder.file("empty.csv");
    fs::write(&empty, "text,level\n")?;
    let bytes = fs::read(&model)?;
    let short = folder.file("short.eovr");
    fs::write(&short, &bytes[..bytes.len() / 2])?;
    let newer = folder.file("newer.eovr");
    let line = bytes.iter().position(|byte| *byte == b'\n').ok_or("a first line")?;
    let mut changed = bytes.clone();
    changed[line + 1..line + 5].copy_from_slice(&99_u32.to_le_bytes());
    fs::write(&newer, &changed)?;
    let (short, newer) = (short.to_str().ok_or("text")?, newer.to_str().ok_or("text")?);

    let chance = folder.file("chance.eovr");
    let mut by_chance = command("train", &data, &["--ordinal", "low,high", "--seed", "1", "--out"]);
    assert_eq!(run(by_chance.arg(&chance))?.code, Some(0));
    let chance = chance.to_str().ok_or("text")?;
    let unlabelled = folder.file("unlabelled.csv");
    fs::write(&unlabelled, "text,level\na lamp broke,0\nthe form came late,\na vein bled,1\n")?;
    let many = folder.file("many.csv");
    let rows: String = (0..1200).map(|row| format!("a lamp broke,{row}\n")).collect();
    fs::write(&many, format!("text,level\n{rows}"))?;

    let names = folder.file("names.csv");
    let rows: String = (0..300).map(|row| format!("a lamp broke,id {row}\n")).collect();
    fs::write(&names, format!("text,level\n{rows}"))?;
    let numbers = folder.file("numbers.csv");
    let rows: String = (0..60).map(|row| format!("{},{}\n", TOLD[row % 2].1[row % 3], row % 3)).collect();
    fs::write(&numbers, format!("text,level\n{rows}"))?;

    let cases: [(&str, Command, &str); 19] = [
        (
            "rows that the other learned",
            command("evaluate", &data, &["--scorer", "rules", "--compare", model_path]),
            "--split part",
        ),
        (
            "another split",
            command("evaluate", &data, &["--scorer", model_path, "--split", "ward"]),
            "--split part",
        ),
        (
            "a split after chance",
            command("evaluate", &data, &["--scorer", chance, "--split", "part"]),
            "leave `--split` out",
        ),
        (
            "labels turned round",
            command("evaluate", &data, &["--scorer", model_path, "--split", "part", "--ordinal", "high,low"]),
            "`low`, `high`",
        ),
        ("no label", command("evaluate", &unlabelled, &["--scorer", "rules"]), "row 2 has no label"),
        ("ids to judge", command("evaluate", &many, &["--scorer", "rules"]), "different labels"),
        ("ids to learn", command("train", &many, &["--out", out]), "different labels"),
        ("ids in words", command("train", &names, &["--out", out]), "a label of its own"),
        ("levels or kinds to learn", command("train", &numbers, &["--out", out]), "`--ordinal 0,1,2`"),
        ("levels or kinds to judge", command("evaluate", &numbers, &["--scorer", "rules"]), "`--nominal`"),
        (
            "a prevalence beyond all",
            command("evaluate", &data, &["--scorer", model_path, "--split", "part", "--prevalence", "5"]),
            "between 0 and 1",
        ),
        (
            "several of one",
            command("evaluate", &data, &["--scorer", model_path, "--split", "part", "--multi", ";"]),
            "leave `--multi` out",
        ),
        ("no such column", command("train", &data, &["--split", "parts", "--out", out]), "`parts`"),
        (
            "a label outside",
            command("train", &data, &["--ordinal", "low,middle", "--out", out]),
            "`low`, `middle`",
        ),
        ("one class to learn", command("train", &one_class, &["--out", out]), "two labels or more"),
        ("no row", command("evaluate", &empty, &["--scorer", "rules"]), "row"),
        ("half a model", command("evaluate", &data, &["--scorer", short]), "model"),
        ("a newer model", command("evaluate", &data, &["--scorer", newer]), "version"),
        ("a provider", command("evaluate", &data, &["--scorer", "openai"]), "accepted: `rules`"),
    ];
    for (what, mut command, says) in cases {
        let run = run(&mut command)?;
        assert!(matches!(run.code, Some(1 | 2)), "{what}: {:?} {}", run.code, run.said);
        assert!(run.complained.contains(says), "{what}: {}", run.complained);
        assert!(!run.said.contains("NaN") && !run.said.contains("AUROC"), "{what}: {}", run.said);
    }
    assert!(!folder.file("never.eovr").exists());
    // A set with one class can be evaluated; only metrics that need two classes are left out.
    let judged = run(&mut command("evaluate", &one_class, &["--scorer", model_path]))?;
    assert!(!judged.said.contains("NaN"), "{}", judged.said);
    Ok(())
}

/// The page has the items that journals require; a row whose text is in the training data is left out.
#[test]
fn a_page_can_go_into_an_appendix() -> Tested {
    let folder = Folder::new()?;
    let data = set(&folder, 700)?;
    let mut table = fs::read_to_string(&data)?;
    let learned = table.lines().find(|line| line.contains(",train,")).ok_or("a row for training")?;
    table = format!("{table}{}\n", learned.replace(",train,", ",test,"));
    fs::write(&data, table)?;
    let (_, model) = trained(&folder, &data, "one.eovr")?;
    let (json, html) = (folder.file("out.json"), folder.file("out.html"));
    let mut judge = command("evaluate", &data, &["--split", "part", "--cluster", "ward", "--draws", "20"]);
    judge.args(["--prevalence", "0.05", "--date", "2026-11-30"]).arg("--scorer").arg(&model);
    let judged = run(judge.arg("--json").arg(&json).arg("--html").arg(&html))?;
    assert_eq!(judged.code, Some(0), "{}", judged.complained);
    judged.says(&["1 rows are left out", "4 clusters"])?;
    let figures: Value = serde_json::from_slice(&fs::read(&json)?)?;
    assert_eq!(figures.pointer("/settings/flow/evaluated"), Some(&300.into()));
    assert_eq!(figures.pointer("/settings/flow/read"), Some(&701.into()));
    assert_eq!(figures.pointer("/clusters"), Some(&4.into()));
    for figure in figures["figures"].as_array().ok_or("figures")? {
        if let (Some(value), Some(low), Some(high)) =
            (figure["value"].as_f64(), figure["low"].as_f64(), figure["high"].as_f64())
        {
            assert!(low <= value && value <= high, "{figure}");
        }
    }
    let page = fs::read_to_string(&html)?;
    for part in [
        "Reporting checklist",
        "Training card",
        "Flow of rows",
        "Latin script",
        "2026-11-30",
        "Decision curve",
    ] {
        assert!(page.contains(part), "{part}");
    }
    Ok(())
}

#[test]
fn a_narrative_may_have_several_labels() -> Tested {
    let folder = Folder::new()?;
    let data = folder.file("several.csv");
    let mut table = "text,level,part\n".to_owned();
    for number in 0..280 {
        let parts = [("fall", "the patient fell"), ("drug", "a wrong dose"), ("نار", "دخان في المطبخ")];
        let own =
            || parts.iter().enumerate().filter(|(place, _)| (number >> place) & 1 == 1).map(|(_, part)| part);
        let labels: Vec<&str> = own().map(|part| part.0).collect();
        let story: Vec<&str> = own().map(|part| part.1).collect();
        let part = ["train", "train", "test"][number % 3];
        writeln!(table, "a report {} number {number},{},{part}", story.join(" and "), labels.join(";"))?;
    }
    fs::write(&data, table)?;
    let (model, said) = (folder.file("several.eovr"), folder.file("said.csv"));
    let mut train = command("train", &data, &["--split", "part", "--multi", ";", "--out"]);
    let made = run(train.arg(&model))?;
    assert_eq!(made.code, Some(0), "{}", made.complained);
    let mut judge = command("evaluate", &data, &["--split", "part", "--multi", ";", "--draws", "20"]);
    let judged = run(judge.arg("--scorer").arg(&model).arg("--predictions").arg(&said))?;
    assert_eq!(judged.code, Some(0), "{}", judged.complained);
    judged.says(&["micro_f1", "hamming_loss"])?;
    let said = fs::read_to_string(&said)?;
    assert!(said.contains("fall;drug"), "{said}");
    let mut without = command("evaluate", &data, &["--split", "part", "--scorer"]);
    let refused = run(without.arg(&model))?;
    assert!(refused.code != Some(0) && refused.complained.contains("--multi ';'"), "{}", refused.complained);
    Ok(())
}

/// A killed training resumes, and gives the same model as an uninterrupted one.
#[test]
fn a_training_that_was_killed_goes_on_where_it_was() -> Tested {
    let folder = Folder::new()?;
    let data = set(&folder, 6000)?;
    let (_, alone) = trained(&folder, &data, "alone.eovr")?;
    let killed = folder.file("killed.eovr");
    let command = || {
        let mut command =
            command("train", &data, &["--split", "part", "--ordinal", "low,high", "--high", "high"]);
        command.args(["--seed", "7", "--out"]).arg(&killed);
        command
    };
    let mut training = command().stdout(Stdio::null()).spawn()?;
    let partial = folder.file("killed.eovr.partial");
    while !partial.join("step-1").exists() {
        assert!(training.try_wait()?.is_none(), "it was done before it could be stopped");
        std::thread::sleep(Duration::from_millis(1));
    }
    training.kill()?;
    training.wait()?;
    assert!(!killed.exists());
    let went_on = run(&mut command())?;
    assert_eq!(went_on.code, Some(0), "{}", went_on.complained);
    went_on.says(&["resumed after "])?;
    assert_eq!(fs::read(&killed)?, fs::read(&alone)?);
    assert!(!partial.exists());
    Ok(())
}
