//! `eovr-server checkpoint` and `verify`: the log is exported, and verified elsewhere.

use std::fs;
use std::process::Command;

use crate::support::{Folder, Run, Tested, run};

const CSV: &str = "text\nThe patient fell from the bed at night\nA dose was given twice\n";

fn checkpoint(folder: &Folder) -> Command {
    let mut command = folder.command("checkpoint");
    command
        .args(["--log-name", "hospital.example/eovr"])
        .arg("--checkpoints")
        .arg(folder.file("checkpoints.txt"));
    command
}

fn verify(folder: &Folder, log: &str, key: &str) -> Result<Run, Box<dyn std::error::Error>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eovr-server"));
    command.arg("verify").arg(folder.file(log));
    command.arg("--checkpoints").arg(folder.file("checkpoints.txt")).args(["--key", key]);
    run(&mut command)
}

#[test]
fn a_log_is_written_signed_and_checked_and_a_change_is_named() -> Tested {
    let folder = Folder::new()?;
    let file = folder.file("told.csv");
    fs::write(&file, CSV)?;
    let imported = run(&mut folder.import(&file))?;
    assert_eq!(imported.code, Some(0), "{}", imported.complained);
    let first = run(&mut checkpoint(&folder))?;
    assert_eq!(first.code, Some(0), "{}", first.complained);
    assert!(first.said.contains("— hospital.example/eovr "), "{}", first.said);
    let second = run(checkpoint(&folder).arg("--log").arg(folder.file("log.ndjson")))?;
    assert_eq!(second.code, Some(0), "{}", second.complained);
    let key = second.said.lines().find_map(|line| line.strip_prefix("key: ")).ok_or("a key")?;
    let good = verify(&folder, "log.ndjson", key)?;
    assert_eq!(good.code, Some(0), "{}{}", good.said, good.complained);
    good.says(&["ok", "vouched for by 2 checkpoints"])?;

    let log = fs::read_to_string(folder.file("log.ndjson"))?;
    let lines: Vec<&str> = log.lines().collect();
    let without: Vec<&str> =
        lines.iter().enumerate().filter(|(at, _)| *at != 3).map(|(_, line)| *line).collect();
    fs::write(folder.file("without.ndjson"), without.join("\n"))?;
    let broken = verify(&folder, "without.ndjson", key)?;
    assert_eq!(broken.code, Some(1), "{}", broken.said);
    broken.says(&["FAIL", "entry "])?;

    let other = key.replacen("hospital", "hotel", 1);
    let refused = verify(&folder, "log.ndjson", &other)?;
    assert_eq!(refused.code, Some(2), "{}", refused.complained);
    assert!(refused.complained.contains("name+id+key"), "{}", refused.complained);
    Ok(())
}

/// After an older database was restored, the server signs no checkpoint.
#[test]
fn an_older_database_gets_no_checkpoint() -> Tested {
    let folder = Folder::new()?;
    let made = run(&mut checkpoint(&folder))?;
    assert_eq!(made.code, Some(0), "{}", made.complained);
    let database = folder.data().join("eovr.db");
    let older = fs::read(&database)?;
    let file = folder.file("told.csv");
    fs::write(&file, CSV)?;
    assert_eq!(run(&mut folder.import(&file))?.code, Some(0));
    assert_eq!(run(&mut checkpoint(&folder))?.code, Some(0));
    for left in ["eovr.db-wal", "eovr.db-shm"] {
        let _ = fs::remove_file(folder.data().join(left));
    }
    fs::write(&database, older)?;
    let refused = run(&mut checkpoint(&folder))?;
    assert_eq!(refused.code, Some(1), "{}", refused.said);
    assert!(
        refused.complained.contains("does not begin with what its last checkpoint vouched for"),
        "{}",
        refused.complained
    );
    Ok(())
}
