//! The global log: a change behind the engine's back is found.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::Arc;

use eovr_core::access::Role;
use eovr_core::audit::log::{Checkpoint, LogVerdict, Signer, verify_log};
use eovr_core::incident::Action;
use eovr_core::memory::MemoryStore;
use eovr_core::service::LogKeeper;
use eovr_core::{Eovr, ErrorKind};
use eovr_tests::chance::Chance;
use eovr_tests::{actor, hospital, id, report};
use proptest::prelude::*;

const NAME: &str = "hospital.example/eovr";
const FALL: &str = "the patient fell from the bed at night";

fn keeper(eovr: &Eovr) -> LogKeeper {
    LogKeeper::new(eovr, Signer::new(NAME, &[9; 32]).unwrap()).unwrap()
}

async fn reported(eovr: &Eovr, told: &str, count: usize) {
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    for _ in 0..count {
        let made = nurse.incidents().report(&id("CAI-1-1"), report(told)).await.unwrap();
        quality.incidents().act(made.written.id, Action::Start, None).await.unwrap();
        quality.incidents().act(made.written.id, Action::AddRemark, Some("seen")).await.unwrap();
    }
}

/// A log of some events as lines, and checkpoints taken while it grew.
async fn kept(told: &str) -> (Vec<String>, Vec<Checkpoint>) {
    let (eovr, _) = hospital(Arc::new(MemoryStore::default())).await;
    let keeper = keeper(&eovr);
    let mut checkpoints: Vec<Checkpoint> = Vec::new();
    for _ in 0..3 {
        reported(&eovr, told, 2).await;
        let note = keeper.checkpoint(checkpoints.last()).await.unwrap();
        checkpoints.push(keeper.public().open(&note).unwrap());
    }
    let mut log = Vec::new();
    let count = keeper.write(&mut log).await.unwrap();
    let lines: Vec<String> = String::from_utf8(log).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(lines.len() as u64, count);
    (lines, checkpoints)
}

fn verdict(lines: &[String], checkpoints: &[Checkpoint]) -> LogVerdict {
    verify_log(lines.join("\n").as_bytes(), checkpoints).unwrap()
}

#[tokio::test]
async fn an_untouched_log_verifies() {
    let (lines, checkpoints) = kept(FALL).await;
    let entries = lines.len() as u64;
    assert_eq!(verdict(&lines, &checkpoints), LogVerdict::Intact { entries, vouched: entries });
    let vouched = checkpoints.first().unwrap().size;
    assert_eq!(verdict(&lines, checkpoints.get(..1).unwrap()), LogVerdict::Intact { entries, vouched });
    assert_eq!(verdict(&lines, &[]), LogVerdict::Intact { entries, vouched: 0 });
}

/// One manipulation of the lines of a log.
fn tampered(lines: &[String], chance: &mut Chance) -> Vec<String> {
    let mut lines = lines.to_vec();
    let at = chance.below(lines.len());
    match chance.below(4) {
        0 => drop(lines.remove(at)),
        1 => {
            let other = chance.below(lines.len());
            lines.swap(at, other);
        }
        2 => lines.insert(chance.below(lines.len()), lines.get(at).unwrap().clone()),
        _ => {
            // A character of a value; a change in the JSON around it would be another spelling of the same entry.
            let line = lines.get_mut(at).unwrap();
            let digits: Vec<usize> =
                line.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).collect();
            let place = *digits.get(chance.below(digits.len())).unwrap();
            let other = if line.get(place..=place) == Some("7") { "8" } else { "7" };
            line.replace_range(place..=place, other);
        }
    }
    lines
}

#[test]
fn every_changed_removed_added_or_moved_line_is_found() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (lines, checkpoints) = runtime.block_on(kept(FALL));
    proptest!(|(seed in any::<u64>())| {
        let tampered = tampered(&lines, &mut Chance::new(seed));
        let found = verdict(&tampered, &checkpoints);
        prop_assert_eq!(found == verdict(&lines, &checkpoints), tampered == lines, "{:?}", found);
    });
}

/// Only a checkpoint can find an attacker who rewrites the message, its event and all later events consistently. The
/// verdict names the two checkpoints between which the change lies.
#[tokio::test]
async fn a_rewritten_history_fails_at_the_first_checkpoint_after_it() {
    let (_, checkpoints) = kept(FALL).await;
    // Another hospital with as many events, in a consistent chain of its own.
    let (others, _) = kept("a dose was given twice, and seen").await;
    let first = checkpoints.first().unwrap().size;
    let LogVerdict::Broken { entry, finding } = verdict(&others, &checkpoints) else { panic!("it fits") };
    assert_eq!(entry, first);
    assert!(finding.contains(&format!("between 1 and {first}")), "{finding}");
}

#[tokio::test]
async fn a_log_that_was_cut_off_is_found_by_a_checkpoint() {
    let (mut lines, checkpoints) = kept(FALL).await;
    lines.pop();
    let LogVerdict::Broken { entry, finding } = verdict(&lines, &checkpoints) else { panic!("it is whole") };
    assert_eq!(entry, lines.len() as u64 + 1);
    assert!(finding.contains("the log ends before"), "{finding}");
}

/// After an older backup was restored, or on another database, the keeper signs no checkpoint that does not continue
/// the last one.
#[tokio::test]
async fn nothing_is_signed_that_does_not_begin_with_what_was_signed() {
    let (eovr, _) = hospital(Arc::new(MemoryStore::default())).await;
    reported(&eovr, FALL, 2).await;
    let first = keeper(&eovr);
    let note = first.checkpoint(None).await.unwrap();
    let earlier = first.public().open(&note).unwrap();
    reported(&eovr, FALL, 1).await;
    // The grown log, for a keeper that knows the beginning and for one that has to read it.
    for keeper in [first, keeper(&eovr)] {
        let later = keeper.public().open(&keeper.checkpoint(Some(&earlier)).await.unwrap()).unwrap();
        assert!(later.size > earlier.size);
        keeper.checkpoint(Some(&later)).await.unwrap();
        keeper.checkpoint(Some(&earlier)).await.unwrap();
    }
    for events in [0, 2, 3] {
        let (other, _) = hospital(Arc::new(MemoryStore::default())).await;
        reported(&other, "a dose was given twice, and seen", events).await;
        let refused = keeper(&other).checkpoint(Some(&earlier)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Tampered, "{events}: {refused}");
    }
}

#[test]
fn a_file_that_is_no_log_is_named_as_such() {
    for (text, finding) in [
        ("\n", "the line is not an entry"),
        ("{\"message\":\"{}\",\"event\":\"\"}", "the message cannot be read"),
        ("{\"message\":3}", "the line is not an entry"),
    ] {
        let found = verify_log(text.as_bytes(), &[]).unwrap();
        assert_eq!(found, LogVerdict::Broken { entry: 1, finding: finding.to_owned() });
    }
}
