//! `eovr-server import`, as a person runs it, and as a machine that fails runs it.

use std::fmt::Write as _;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Folder, Tested, run};

const GOOD: u64 = 3;

/// Three rows that can be used and five that cannot.
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
fn what_cannot_be_done_is_said_before_anything_is_made() -> Tested {
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
fn an_import_that_was_killed_goes_on_and_loses_nothing() -> Tested {
    let folder = Folder::new()?;
    let file = folder.file("many.csv");
    let rows = many(&file, 4_000)?;
    let mut child = begin(&folder, &file)?;
    child.kill()?; // SIGKILL: nothing is tidied up
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
fn an_import_that_is_interrupted_stops_cleanly_and_says_how_to_go_on() -> Tested {
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
fn a_progress_file_of_another_store_is_not_believed() -> Tested {
    let folder = Folder::new()?;
    let file = folder.file("many.csv");
    let rows = many(&file, 12_000)?;
    let mut child = begin(&folder, &file)?;
    // Ctrl-C: it stops in good order and says how far it has come.
    Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    assert_eq!(child.wait()?.code(), Some(130), "the import was over before it was interrupted");
    assert!(folder.data().join("many.progress.json").exists());
    // Closed in good order, the store is one file.
    fs::remove_file(folder.data().join("eovr.db"))?;
    let again = run(&mut folder.import(&file))?;
    again.says(&[&format!("{rows} rows: {rows} accepted, 0 rejected, 0 already there")])?;
    assert_eq!(folder.incidents()?, rows);
    Ok(())
}

fn many(file: &std::path::Path, rows: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let mut text = String::from("text\n");
    for row in 0..rows {
        writeln!(text, "Row {row}: the patient waited two hours for a porter and missed the appointment.")?;
    }
    fs::write(file, text)?;
    Ok(rows)
}

/// Starts an import and returns when it is under way.
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
