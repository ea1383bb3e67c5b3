//! The way round scope, under a name that says so.
//!
//! A host needs it for work that no person asks for: reading the organisation at start, delivering
//! the outbox, an export for the ministry. Search for `danger::` to find every such place.

use crate::access::Actor;
use crate::error::Result;
use crate::record::ActorId;

/// An actor that sees every record and may do every action. Each change it makes carries `system` and
/// its id in the audit trail; it is not human, so it never meets the need `human`.
///
/// `reason` is a fixed text of the program, in words: `"load the organisation at start"`.
///
/// # Errors
/// `InvalidInput` where `name` is not an actor id.
pub fn unrestricted(name: &str, reason: &'static str) -> Result<Actor> {
    Ok(Actor::system(ActorId::new(name)?, reason))
}
