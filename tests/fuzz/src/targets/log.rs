//! Exported logs, checked against a checkpoint.

use std::sync::LazyLock;

use eovr_core::Error;
use eovr_core::audit::log::{Checkpoint, LogVerdict, Signer, Tree, verify_log};
use eovr_core::service::LogKeeper;
use serde_json::Value;

use crate::fixture::{bench, wait};

/// Lines of a log, and the checkpoint of it.
static KNOWN: LazyLock<(Vec<Value>, Checkpoint)> = LazyLock::new(|| {
    let lines = read(&whole()).expect("lines of JSON");
    let mut tree = Tree::default();
    lines
        .iter()
        .filter_map(|line| line.get("message")?.as_str())
        .for_each(|message| tree.push(message.as_bytes()));
    let checkpoint =
        Checkpoint { origin: "hospital.example/eovr".to_owned(), size: tree.size(), root: tree.root() };
    assert_eq!(tree.size(), lines.len() as u64, "each line has a message");
    (lines, checkpoint)
});

/// The unchanged log.
pub(crate) fn whole() -> Vec<u8> {
    wait(async {
        let eovr = bench().await?;
        let keeper = LogKeeper::new(&eovr.0, Signer::new("hospital.example/eovr", &[7; 32])?)?;
        let mut lines = Vec::new();
        keeper.write(&mut lines).await?;
        Ok::<_, Error>(lines)
    })
    .expect("an honest log")
}

/// A log that fits the checkpoint says, line by line, what the signed log said.
pub(crate) fn check(bytes: &[u8]) {
    let (lines, checkpoint) = &*KNOWN;
    match verify_log(bytes, &[]) {
        Ok(LogVerdict::Intact { entries, vouched }) => {
            assert_eq!((entries, vouched), (bytes_lines(bytes), 0), "entries that are none");
        }
        Ok(LogVerdict::Broken { entry, .. }) => assert!((1..=bytes_lines(bytes)).contains(&entry)),
        _ => assert!(std::str::from_utf8(bytes).is_err(), "text cannot be read"),
    }
    let Ok(LogVerdict::Intact { entries, vouched }) = verify_log(bytes, std::slice::from_ref(checkpoint))
    else {
        return;
    };
    assert!(vouched == checkpoint.size && entries >= vouched);
    let read = read(bytes).expect("an intact log is lines of JSON");
    for (found, signed) in read.iter().zip(lines) {
        for member in ["message", "event"] {
            assert_eq!(found.get(member), signed.get(member), "another `{member}` passed");
        }
    }
}

fn read(bytes: &[u8]) -> Option<Vec<Value>> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.lines().map(|line| serde_json::from_str(line).ok()).collect()
}

fn bytes_lines(bytes: &[u8]) -> u64 {
    let parts = bytes.split(|byte| *byte == b'\n').count() as u64;
    if bytes.is_empty() || bytes.ends_with(b"\n") { parts - 1 } else { parts }
}
