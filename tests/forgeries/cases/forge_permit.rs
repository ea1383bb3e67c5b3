//! Only the table of actions issues a permit.

use eovr_core::Name;
use eovr_core::access::{ActionRow, Actor, Permit};

fn asked(actor: &Actor, of: &Name, row: &ActionRow) -> Permit {
    Permit::of(actor, of, row, eovr_core::access::Place::Seen).unwrap()
}

fn main() {}
