//! A store applies only a commit that the engine decided.

use eovr_core::decide::{Change, Commit};

fn new() -> Commit {
    Commit::new()
}

fn default() -> Commit {
    Default::default()
}

fn twice(commit: &Commit) -> Commit {
    commit.clone()
}

fn changed(mut change: Change) -> Change {
    change.expected = None;
    change
}

fn main() {}
