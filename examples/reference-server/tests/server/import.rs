//! `eovr-server import`, run by a user, and interrupted by failures.

use std::fmt::Write as _;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use eovr_core::access::{Actor, Role, Seat};
use eovr_core::incident::{Action, KIND};
use eovr_core::record::ActorId;

use crate::support::{Folder, Run, Tested, run};

const GOOD: u64 = 3;

/// Three valid rows and five invalid ones.
fn mixed() -> Vec<u8> {
    let mut file = Vec::from(
        "id,text,ward\n\
         1,\"The pump stopped,\nand nobody heard the alarm.\",A\n\
         2,سقط المريض بجوار السرير ليلًا,B\n\
         3,too short,C\n\
         4,The wrong ampoule was drawn up and discarded.,D\n\
         5,A row with too few cells\n\
         6,A row with too many cells,E,F\n",
    );
    file.extend(b"7,not \xff\xfe in UTF-8 at all,G\n8,,H\n");
    file
}

#[test]
fn every_row_is_in_the_store_or_among_the_rejected() -> Tested {
    let folder = Folder::new()?;
    let file = folder.file("reports.csv");
    fs::write(&file, mixed())?;
    let first = run(&mut folder.import(&file))?;
    assert_eq!(first.code, Some(0), "{}", first.complained);
    first.says(&["8 rows: 3 accepted, 5 rejected, 0 already there"])?;
    first.says(&[
        "row 3 (line 5) rejected: invalid_input: `description` has 9 characters; give 10 to 60000",
    ])?;
    first.says(&[
        "row 5 (line 7) rejected: it has fewer cells",
        "row 6 (line 8) rejected: it has more cells",
    ])?;
    first.says(&["row 7 (line 9) rejected: its text is not UTF-8", "row 8 (line 10) rejected"])?;
    assert!(!first.said.contains("too short"), "the text of a report stays out of the output");
    assert_eq!(folder.incidents()?, GOOD);

    let rejected = fs::read(folder.data().join("reports.rejected.csv"))?;
    let holds = |text: &[u8]| rejected.windows(text.len()).any(|window| window == text);
    assert!(holds(b"row,reason,id,text,ward\n") && holds(b",3,too short,C\n"));
    assert!(holds(b",7,not \xff\xfe in UTF-8 at all,G\n"), "byte for byte");
    assert!(!folder.data().join("reports.progress.json").exists());

    let second = run(&mut folder.import(&file))?;
    second.says(&["8 rows: 0 accepted, 5 rejected, 3 already there"])?;
    assert_eq!((second.code, folder.incidents()?), (Some(0), GOOD));
    assert!(fs::read(folder.data().join("reports.rejected.csv"))? == rejected);

    run(folder.command("demo").arg("--once"))?.says(&["built in", "all intact"])
}

#[test]
fn an_impossible_import_is_refused_before_anything_is_created() -> Tested {
    let folder = Folder::new()?;
    let file = folder.file("reports.csv");
    fs::write(&file, mixed())?;
    fs::write(folder.file("empty.csv"), "")?;
    let check = |command: &mut Command, expected: &[&str]| {
        let refused = run(command)?;
        assert_eq!(refused.code, Some(2), "{}", refused.said);
        refused.says(expected)?;
        refused.says(&["error: ", "help: "])
    };
    check(
        folder.command("import").arg(&file).args(["--text", "narrative"]),
        &["has no column `narrative`", "its columns: `id`, `text`, `ward`"],
    )?;
    check(&mut folder.import(&folder.file("nowhere.csv")), &["cannot read"])?;
    check(&mut folder.import(&folder.file("empty.csv")), &["it is empty"])?;
    check(&mut folder.import(&folder.file("")), &["it is a folder"])?;
    check(folder.import(&file).args(["--category", "medicaton"]), &["did you mean `medication`?"])?;
    assert!(!folder.data().exists());
    check(folder.import(&file).args(["--facility", "nowhere"]), &["there is no such facility", "`WN-E-1`"])?;
    assert_eq!(folder.incidents()?, 0);
    Ok(())
}

#[test]
fn a_killed_import_continues_and_loses_nothing() -> Tested {
    let folder = Folder::new()?;
    let file = folder.file("many.csv");
    let rows = many(&file, 4_000)?;
    let mut child = begin(&folder, &file)?;
    child.kill()?; // SIGKILL: no cleanup runs
    child.wait()?;
    let there = folder.incidents()?;
    assert!(0 < there && there < rows, "killed in the middle, at {there}");

    let resumed = run(&mut folder.import(&file))?;
    assert_eq!(resumed.code, Some(0), "{}", resumed.complained);
    resumed.says(&[&format!("{rows} rows: "), &format!(" {there} already there"), " 0 rejected"])?;
    assert_eq!(folder.incidents()?, rows);
    run(&mut folder.import(&file))?
        .says(&[&format!("{rows} rows: 0 accepted, 0 rejected, {rows} already there")])
}

#[cfg(unix)]
#[test]
fn an_interrupted_import_stops_cleanly_and_says_how_to_continue() -> Tested {
    let folder = Folder::new()?;
    let file = folder.file("many.csv");
    let rows = many(&file, 4_000)?;
    let child = begin(&folder, &file)?;
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status()?.success());
    let stopped = child.wait_with_output()?;
    let said = String::from_utf8(stopped.stdout)?;
    assert_eq!(stopped.status.code(), Some(130), "{said}");
    assert!(said.contains("stopped; run the same command again"), "{said}");
    let there = folder.incidents()?;
    assert!(said.contains(&format!("{there} accepted")), "{there}: {said}");

    let resumed = run(&mut folder.import(&file))?;
    resumed.says(&[&format!("going on after row {there}"), &format!(" {there} already there")])?;
    assert_eq!(folder.incidents()?, rows);
    Ok(())
}

#[test]
fn a_progress_file_of_another_store_is_ignored() -> Tested {
    let folder = Folder::new()?;
    let file = folder.file("many.csv");
    let rows = many(&file, 12_000)?;
    let mut child = begin(&folder, &file)?;
    // Ctrl-C: it stops cleanly and prints its progress.
    Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    assert_eq!(child.wait()?.code(), Some(130), "the import was over before it was interrupted");
    assert!(folder.data().join("many.progress.json").exists());
    // After a clean close, the store is one file.
    fs::remove_file(folder.data().join("eovr.db"))?;
    let again = run(&mut folder.import(&file))?;
    again.says(&[&format!("{rows} rows: {rows} accepted, 0 rejected, 0 already there")])?;
    assert_eq!(folder.incidents()?, rows);
    Ok(())
}

#[test]
fn a_file_with_merged_rows_creates_no_report() -> Tested {
    let folder = Folder::new()?;
    let rows: Vec<String> = (1..=9).map(|row| format!("{row},Report {row} tells of a fall,W{row}")).collect();
    let file = folder.file("open.csv");
    for (broken, expected) in [
        ("Report 3 tells", "cell 2 of line 4 begins with it"),
        ("Report 7 tells", "cell 2 of line 8 begins with it"),
    ] {
        let text = format!("id,text,ward\r\n{}\r\n", rows.join("\r\n"));
        fs::write(&file, text.replace(broken, &format!("\"{broken}")))?;
        let refused = run(&mut folder.import(&file))?;
        assert_eq!(refused.code, Some(2), "{}", refused.said);
        refused.says(&["has a quotation mark that is never closed", expected, "none was used"])?;
        assert!(!folder.data().exists(), "a store was made");
        for verb in ["evaluate", "train"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_eovr-server"));
            command.arg(verb).arg("--data").arg(&file).args(["--text", "text", "--label", "ward"]);
            match verb {
                "train" => command.arg("--out").arg(folder.file("model")),
                _ => command.args(["--scorer", "rules"]),
            };
            let refused = run(&mut command)?;
            assert_eq!(refused.code, Some(2), "{}", refused.said);
            refused.says(&["has a quotation mark that is never closed"])?;
        }
    }
    Ok(())
}

#[test]
fn a_report_is_recognised_in_any_file_and_row() -> Tested {
    let folder = Folder::new()?;
    let row = |number: u64| format!("{number},Report {number} tells of a fall beside the bed,W");
    let rows: Vec<String> = (1..=20).map(row).collect();
    let file = folder.file("list.csv");
    fs::write(&file, format!("id,text,ward\n{}\n", rows.join("\n")))?;
    run(&mut folder.import(&file))?.says(&["20 rows: 20 accepted, 0 rejected, 0 already there"])?;
    // Newest first, one more row, another name, one more column, other line ends, and UTF-16.
    let newer: Vec<String> = (1..=21).rev().map(|number| format!("{},later", row(number))).collect();
    let text = format!("id;text;ward;note\r\n{}\r\n", newer.join("\r\n").replace(',', ";"));
    let next = folder.file("list next.csv");
    fs::write(
        &next,
        std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
    )?;
    let again = run(&mut folder.import(&next))?;
    again.says(&["21 rows: 1 accepted, 0 rejected, 20 already there"])?;
    again.says(&["20 of them have the text of a report from import ", ": lines 3-22"])?;
    again.says(&["note: ", "is read as UTF-16LE, with `;` between cells; say --encoding or --separator"])?;
    assert_eq!(folder.incidents()?, 21);
    // Two reports with the same text stay two; a third is new.
    for (times, said) in [(2, "2 accepted, 0 rejected, 0 already"), (3, "1 accepted, 0 rejected, 2 already")]
    {
        fs::write(&file, format!("text\n{}", "The lift was stuck again.\n".repeat(times)))?;
        run(&mut folder.import(&file))?.says(&[said])?;
    }
    Ok(())
}

#[test]
fn the_numbers_of_the_old_system_identify_reports() -> Tested {
    let folder = Folder::new()?;
    let file = folder.file("list.csv");
    let import = |rows: &str| {
        fs::write(&file, format!("number,text\n{rows}"))?;
        run(folder.import(&file).args(["--id", "number"]))
    };
    import("A-1,The lift was stuck.\nA-2,The lift was stuck.\n")?.says(&["2 accepted"])?;
    let said = import(
        "A-3,The lift was stuck.\nA-2,The lift was stuck.\nA-1,The patient fell.\n,The patient fell.\nA-3,The patient fell.\n",
    )?;
    said.says(&["5 rows: 1 accepted, 3 rejected, 1 already there"])?;
    said.says(&[
        "row 3 (line 4) rejected: invalid_input: the report with this number already exists with another text",
    ])?;
    said.says(&["row 4 (line 5) rejected: it has no number in `number`"])?;
    said.says(&["row 5 (line 6) rejected: another row has the same number in `number`"])?;
    assert_eq!(folder.incidents()?, 3);
    Ok(())
}

#[test]
fn an_import_is_taken_back_as_a_whole_or_not_at_all() -> Tested {
    let folder = Folder::new()?;
    let file = folder.file("list.csv");
    fs::write(&file, "text\nThe lift was stuck.\nThe patient fell.\n")?;
    let wrong = name(&run(&mut folder.import(&file))?)?;
    fs::write(&file, "text\nThe door was locked.\nThe pump stopped.\n")?;
    let worked_on = name(&run(&mut folder.import(&file))?)?;
    assert_ne!(wrong, worked_on);
    run(folder.command("account").args(["--email", "mona@hospital.example", "--name", "Mona Zaki"]))?
        .says(&["first password"])?;
    let take_back =
        |name: &str, email: &str| run(folder.command("import").args(["--take-back", name, "--as", email]));
    let quality = Actor::new(ActorId::new("quality-1")?, Role::TopManagement, Seat::Country)?;
    folder.with_store_as(quality, async |session| {
        let newest = session.incidents().newest(1).await?.items.swap_remove(0);
        session.incidents().act(newest.id(), Action::Start, None).await?;
        Ok(())
    })?;
    let refused = take_back(&worked_on, "mona@hospital.example")?;
    assert_eq!(refused.code, Some(2), "{}", refused.said);
    refused
        .says(&["was worked on: last `start`", "1 of 2 reports were worked on; nothing was taken back"])?;
    take_back("0123456789ab", "mona@hospital.example")?
        .says(&["this account sees no report of such an import"])?;
    take_back(&wrong, "unknown@hospital.example")?.says(&["no active account has this address"])?;
    take_back("everything", "mona@hospital.example")?.says(&["accepted: the 12 letters and digits"])?;

    take_back(&wrong, "mona@hospital.example")?
        .says(&["2 reports were set aside as not reportable, 0 had been"])?;
    take_back(&wrong, "mona@hospital.example")?
        .says(&["0 reports were set aside as not reportable, 2 had been"])?;
    folder.with_store(async |session| {
        let mut dispositions: Vec<_> = Vec::new();
        for record in session.incidents().newest(9).await?.items {
            let trail = session.trail(&KIND, record.id()).await?;
            assert!(trail.verdict.is_intact());
            let note =
                trail.entries.last().and_then(|entry| entry.note.as_ref().map(|note| note.to_string()));
            dispositions.push((record.facet("disposition").cloned(), note));
        }
        let set_aside = (Some("not_reportable".into()), Some(format!("import {wrong} was taken back")));
        assert_eq!(dispositions.iter().filter(|each| **each == set_aside).count(), 2, "{dispositions:?}");
        assert_eq!(dispositions.iter().filter(|each| **each == (None, None)).count(), 2, "{dispositions:?}");
        Ok(())
    })?;
    fs::write(&file, "text\nThe lift was stuck.\nThe patient fell.\n")?;
    run(&mut folder.import(&file))?.says(&["2 accepted, 0 rejected, 0 already there"])
}

#[test]
fn a_report_of_two_lists_stays_until_both_imports_are_taken_back() -> Tested {
    let folder = Folder::new()?;
    let (january, february) = (folder.file("january.csv"), folder.file("february.csv"));
    fs::write(&january, "number,text\n1,The lift was stuck.\n2,The patient fell.\n")?;
    fs::write(&february, "number,text\n4,The pump\n2,The patient fell.\n3,The pump stopped.\n")?;
    let first = name(&run(&mut folder.import(&january))?)?;
    let said = run(&mut folder.import(&february))?;
    said.says(&["3 rows: 1 accepted, 1 rejected, 1 already there"])?;
    said.says(&[
        &format!("1 of them have the text of a report from import {first}: line 3"),
        "take this import and the earlier one back, and import both lists with `--id COLUMN`",
    ])?;
    let second = name(&said)?;
    run(folder.command("account").args(["--email", "mona@hospital.example", "--name", "Mona Zaki"]))?
        .says(&["first password"])?;
    let take_back = |name: &str| {
        run(folder.command("import").args(["--take-back", name, "--as", "mona@hospital.example"]))
    };
    let said = take_back(&first)?;
    said.says(&["1 reports were set aside", "1 stay, because other imports list them too"])?;
    said.says(&[&format!("import {second} lists 1 of them: they are set aside when it is taken back too")])?;
    take_back(&second)?.says(&["2 reports were set aside as not reportable, 0 had been before"])?;
    // The advice of the summary: numbers identify the reports, and reports that were taken back cause no conflict.
    run(folder.import(&january).args(["--id", "number"]))?.says(&["2 rows: 2 accepted"])?;
    let said = run(folder.import(&february).args(["--id", "number"]))?;
    said.says(&["3 rows: 1 accepted, 1 rejected, 1 already there"])?;
    assert!(!said.said.contains("have the text of a report"), "{}", said.said);
    // After a take-back, the same number may have another text.
    take_back(&name(&run(folder.import(&january).args(["--id", "number"]))?)?)?;
    fs::write(&january, "number,text\n1,The lift was stuck again.\n")?;
    run(folder.import(&january).args(["--id", "number"]))?.says(&["1 rows: 1 accepted, 0 rejected"])
}

/// The name that an import has printed.
fn name(run: &Run) -> Result<String, Box<dyn std::error::Error>> {
    let line = run.said.lines().find_map(|line| line.strip_prefix("import ")).ok_or("no name was said")?;
    Ok(line.split(':').next().unwrap_or_default().to_owned())
}

fn many(file: &std::path::Path, rows: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let mut text = String::from("text\n");
    for row in 0..rows {
        writeln!(text, "Row {row}: the patient waited two hours for a porter and missed the appointment.")?;
    }
    fs::write(file, text)?;
    Ok(rows)
}

/// Starts an import and returns when it is running.
fn begin(folder: &Folder, file: &std::path::Path) -> Result<Child, Box<dyn std::error::Error>> {
    let child = folder.import(file).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let log = folder.data().join("eovr.db-wal");
    wait_for("some rows", || fs::metadata(&log).is_ok_and(|log| log.len() > 1_500_000))?;
    Ok(child)
}

fn wait_for(what: &str, is_there: impl Fn() -> bool) -> Tested {
    let started = Instant::now();
    while !is_there() {
        if started.elapsed() > Duration::from_secs(60) {
            return Err(format!("{what} did not come").into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
