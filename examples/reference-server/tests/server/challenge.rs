//! `challenge`: our rules, and any other scorer through a file of its answers.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::{Folder, Run, Tested, run};

fn challenge(more: &[&str]) -> Result<Run, Box<dyn std::error::Error>> {
    run(Command::new(env!("CARGO_BIN_EXE_eovr-server")).arg("challenge").args(more))
}

/// The documented results of the rules, on the held-back ideas.
#[test]
fn the_rules_are_no_worse_than_the_page_says() -> Tested {
    let folder = Folder::new()?;
    let json = folder.file("figures.json");
    let said = challenge(&["--held-back", "--json", &json.display().to_string()])?;
    said.says(&["eovr-rules", "on the challenge set", "CC BY 4.0"])?;
    let figures: Value = serde_json::from_slice(&fs::read(&json)?)?;
    let rate = |name: &str| {
        let share = figures.pointer(&format!("/all/{name}")).unwrap_or(&Value::Null);
        let count = |of: &str| share.get(of).and_then(Value::as_f64).unwrap_or_default();
        count("count") / count("of").max(1.0)
    };
    assert!(rate("found") >= 0.745, "found {}", rate("found"));
    assert!(rate("false_flags") <= 0.185, "false flags {}", rate("false_flags"));
    assert!(rate("ordered") >= 0.68, "in order {}", rate("ordered"));
    Ok(())
}

#[test]
fn any_scorer_is_judged_by_its_answers() -> Tested {
    let folder = Folder::new()?;
    let (texts, answers) = (folder.file("texts.csv"), folder.file("said.csv"));
    let (texts, answers) = (texts.display().to_string(), answers.display().to_string());
    challenge(&["--texts", &texts])?.says(&["texts; answer them with the columns"])?;
    let mut said = "id;score;flagged\n".to_owned();
    for row in csv::Reader::from_path(&texts)?.records() {
        let id = row?.get(0).unwrap_or_default().to_owned();
        // The first text of each pair is the grave one.
        let grave = id.ends_with('a');
        writeln!(said, "{id};{};{grave}", u8::from(grave))?;
    }
    fs::write(&answers, &said)?;
    challenge(&["--answers", &answers])?.says(&["100.0 % of 926", "0.0 % of 798"])?;

    for (wrong, line) in
        [("\nen-denied-001a;1;true\n", 1871), ("\nunknown;1;true\n", 1871), ("\nx;NaN;true\n", 1871)]
    {
        fs::write(&answers, format!("{}{wrong}", said.trim_end()))?;
        let refused = challenge(&["--answers", &answers])?;
        assert_eq!(refused.code, Some(2), "{}", refused.said);
        refused.says(&[&format!("line {line} of"), "is not a valid answer"])?;
    }
    Ok(())
}

#[test]
fn an_invalid_challenge_set_is_refused() -> Tested {
    let folder = Folder::new()?;
    let path = folder.file("cases.csv");
    fs::write(
        &path,
        "id,pair,idea,kind,rule,language,variety,expect,text\na,p,i,denied,r,en,general,grave,died\n",
    )?;
    let refused = challenge(&["--cases", &path.display().to_string()])?;
    assert_eq!(refused.code, Some(2), "{}", refused.said);
    refused.says(&["a pair of the challenge set is invalid", "one text that is `grave`"])?;
    challenge(&["--scorer", "nothing.model"])?
        .says(&["cannot read the model", "or `--answers` of any other scorer"])
}
