//! Runs untrusted bytes through every parser that eovr wrote itself.
//!
//! Each [`Target`] takes any bytes and panics if an invariant fails: a written value is read back, a read value is
//! written the same, and the parser accepts nothing that eovr did not make. `tests/fuzz/run` searches for such bytes by
//! coverage; the test of this crate replays the inputs that the search found.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a target says that something does not hold"
)]

mod fixture;
mod seeds;
mod targets;

#[path = "../../../examples/reference-server/src/csv_file/mod.rs"]
mod csv_file;
#[expect(dead_code, reason = "the server's own, which is a program and no library; this is a part of it")]
#[path = "../../../examples/reference-server/src/import/rows.rs"]
mod imported;
#[expect(dead_code, reason = "the server's own, which is a program and no library; this is a part of it")]
#[path = "../../../examples/reference-server/src/triage/labelled.rs"]
mod labelled;

pub use seeds::{Seed, seeds};
use targets::{
    attachment, bson, codes, events, key_set, kind, learner, log, model, note, place, rows, sealed, tokens,
};

/// A parser and its invariants.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of the parser, which is also its folder in `tests/fuzz/corpus`.
    pub name: &'static str,
    /// Parses these bytes, and panics if an invariant fails.
    pub check: fn(&[u8]),
}

/// All parsers, by name.
pub const TARGETS: [Target; 14] = [
    Target { name: "attachment", check: attachment::check },
    Target { name: "bson", check: bson::check },
    Target { name: "codes", check: codes::check },
    Target { name: "events", check: events::check },
    Target { name: "key_set", check: key_set::check },
    Target { name: "kind", check: kind::check },
    Target { name: "learner", check: learner::check },
    Target { name: "log", check: log::check },
    Target { name: "model", check: model::check },
    Target { name: "note", check: note::check },
    Target { name: "place", check: place::check },
    Target { name: "rows", check: rows::check },
    Target { name: "sealed", check: sealed::check },
    Target { name: "tokens", check: tokens::check },
];

/// The parser of this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}
