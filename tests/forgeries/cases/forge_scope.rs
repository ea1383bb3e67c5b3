//! A scope comes from an actor that the host has verified, never from thin air.

use eovr_core::access::{Actor, Scope};

fn made(actor: &Actor) -> Scope {
    Scope::of(actor)
}

fn everything() -> Scope {
    Scope::everything()
}

fn main() {}
