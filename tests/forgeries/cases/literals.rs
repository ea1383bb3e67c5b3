//! A caller cannot write a proof as a literal. This file is separate, because the compiler checks privacy last.

use eovr_core::Name;
use eovr_core::access::{Actor, Permit, Reach, Scope};
use eovr_core::decide::{Change, Commit};
use eovr_core::seal::Sealed;
use eovr_core::workflow::{Machine, Table};

fn scope() -> Scope {
    Scope { reach: Reach::Country }
}

fn permit(actor: Actor, action: Name) -> Permit {
    Permit { actor, action }
}

fn commit(change: Change) -> Commit {
    Commit { changes: vec![change], guards: Vec::new() }
}

fn change(change: Change) -> Change {
    Change { expected: None, ..change }
}

fn sealed(other: Sealed) -> Sealed {
    Sealed { bytes: b"plain text".to_vec().into(), ..other }
}

fn machine(table: Table, other: Machine) -> Machine {
    Machine { table, ..other }
}

fn main() {}
