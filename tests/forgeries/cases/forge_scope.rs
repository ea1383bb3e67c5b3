//! A scope comes only from an actor that the host has authenticated.

use eovr_core::access::{Actor, Scope};

fn made(actor: &Actor) -> Scope {
    Scope::of(actor)
}

fn everything() -> Scope {
    Scope::everything()
}

fn main() {}
