//! Actors that bypass scope, under a name that warns the reader.
//!
//! A host needs such an actor for work that no person requests: it loads the organisation at start, delivers the
//! outbox, or exports data for the ministry. Search for `danger::` to find every use.

use crate::access::Actor;
use crate::error::Result;
use crate::record::ActorId;

/// An actor that sees every record and may do every action. The audit trail records each of its changes with `system`
/// and its id. It is not human, so it never meets the need `human`.
///
/// `reason` is a fixed sentence of the program: `"load the organisation at start"`.
///
/// ```
/// use eovr_core::access::danger;
///
/// let exporter = danger::unrestricted("ministry.export", "export figures for the ministry")?;
/// assert_eq!(exporter.capacity(), "system");
/// assert!(!exporter.is_human());
/// # Ok::<(), eovr_core::Error>(())
/// ```
///
/// # Errors
/// `InvalidInput` where `name` is not an actor id.
pub fn unrestricted(name: &str, reason: &'static str) -> Result<Actor> {
    Ok(Actor::system(ActorId::new(name)?, reason))
}
