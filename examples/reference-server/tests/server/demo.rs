//! `eovr-server demo`, as a user runs it.

use std::process::Stdio;

use eovr_tests::servers::{mariadb_database, mongodb_database, postgres_database};

use crate::support::{Folder, Tested, run};

#[test]
fn it_builds_once_and_shows_everything_every_time() -> Tested {
    let folder = Folder::new()?;
    let first = run(folder.command("demo").arg("--once"))?;
    assert_eq!(first.code, Some(0), "{}", first.complained);
    first.says(&["created", "in_progress", "evaluating", "more_info_needed", "action_taken", "completed"])?;
    first.says(&["staff", "quality_admin", "admin_manager", "governorate_manager", "top_management"])?;
    first.says(&["duplicate", "not_reportable", "reopened", "all intact", "made a master key"])?;
    first.says(&[
        "denied: ",
        "refused: ",
        "not_found: ",
        "conflict: ",
        "a person to decide, not a machine",
    ])?;
    first.says(&["every `follow_up` of the record to be closed", "مستشفى"])?;
    assert!(!first.said.contains('\u{1b}'), "no colours into a pipe");

    let password = |line: &str| line.split_whitespace().nth(2).map(str::to_owned);
    let row = first.said.lines().find(|line| line.starts_with("top_management"));
    let password = row.and_then(password).ok_or("the password is shown")?;
    assert_eq!(password.len(), 32, "{password}");

    let second = run(folder.command("demo").arg("--once"))?;
    assert_eq!(second.code, Some(0), "{}", second.complained);
    second.says(&["is there already", "Passwords cannot be shown again", "all intact"])?;
    second.says(&["top@eovr.test", "refused: "])?;
    assert!(!second.said.contains(&password), "a password is shown once");
    let figures = |said: &str| said.lines().filter(|line| line.contains("all intact")).count();
    assert_eq!(figures(&first.said), figures(&second.said));
    Ok(())
}

/// The same command gives the same output on every database.
#[test]
fn it_runs_on_every_database() -> Tested {
    for url in [postgres_database(), mariadb_database(), mongodb_database()] {
        let folder = Folder::new()?;
        let built = run(folder.command("demo").args(["--once", "--store", &url]))?;
        assert_eq!(built.code, Some(0), "{}", built.complained);
        built.says(&["top_management", "all intact", "refused: ", "OVR-", "مستشفى"])?;
        assert!(!folder.data().join("eovr.db").exists(), "a file was made beside {url}");
        let again = run(folder.command("demo").args(["--once", "--store", &url]))?;
        assert_eq!(again.code, Some(0), "{}", again.complained);
        again.says(&["is there already", "all intact"])?;

        let file = folder.file("reports.csv");
        std::fs::write(
            &file,
            "text\nThe wrong dose was given to the patient.\nshort\nوقع المريض من السرير ليلا\n",
        )?;
        let imported = run(folder.import(&file).args(["--store", &url]))?;
        assert_eq!(imported.code, Some(0), "{}", imported.complained);
        imported.says(&["3 rows: 2 accepted, 1 rejected, 0 already there"])?;
        std::fs::write(&file, "text\nThe pump stopped.\nThe wrong dose was given to the patient.\n")?;
        let listed = run(folder.import(&file).args(["--store", &url]))?;
        listed.says(&[
            "2 rows: 1 accepted, 0 rejected, 1 already there",
            "have the text of a report from import ",
        ])?;
    }
    Ok(())
}

#[test]
fn the_file_holds_nothing_that_identifies_a_person() -> Tested {
    let folder = Folder::new()?;
    let built = run(folder.command("demo").arg("--once"))?;
    assert_eq!(built.code, Some(0), "{}", built.complained);
    let file = std::fs::read(folder.data().join("eovr.db"))?;
    let holds = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(
        holds("El-Nakheel General Hospital") && holds("not_reportable"),
        "codes and places are in the clear"
    );
    for secret in ["top@eovr.test", "Samia Elwany", "argon2id", "head nurse", "رئيسة التمريض", "The patient"]
    {
        assert!(!holds(secret), "`{secret}` is in the file");
    }
    Ok(())
}

#[test]
fn a_wrong_key_is_refused_and_changes_nothing() -> Tested {
    let folder = Folder::new()?;
    assert_eq!(run(folder.command("demo").arg("--once"))?.code, Some(0));
    let before = std::fs::read(folder.data().join("eovr.db"))?;
    let check = |key: &str, expected: &str| {
        let refused = run(folder.command("demo").arg("--once").env("EOVR_MASTER_KEY", key))?;
        assert_eq!(refused.code, Some(1), "{}", refused.said);
        refused.says(&["error: key: ", expected, "help: "])
    };
    check("d3JvbmcgYnV0IHdlbGwgZm9ybWVkIG1hc3RlciBrZXk=", "does not open a stored data key")?;
    check("tooshort", "wrong length")?;
    check("", "wrong length")?;
    std::fs::remove_file(folder.data().join("master.key"))?;
    let refused = run(folder.command("demo").arg("--once"))?;
    assert_eq!(refused.code, Some(1));
    refused.says(&["its master key is missing", "put `"])?;
    assert!(std::fs::read(folder.data().join("eovr.db"))? == before, "the file has changed");
    Ok(())
}

#[test]
fn a_reader_that_goes_away_is_no_failure() -> Tested {
    let folder = Folder::new()?;
    let mut child =
        folder.command("demo").arg("--once").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    drop(child.stdout.take());
    let ended = child.wait_with_output()?;
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
    run(folder.command("demo").arg("--once"))?.says(&["is there already", "all intact"])
}
