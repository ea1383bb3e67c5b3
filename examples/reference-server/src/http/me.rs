//! Who the caller is, to the caller.

use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::reply::{Answered, json};

/// The caller, as the engine knows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me<'a> {
    /// The actor's id, as the audit trail names it.
    id: &'a str,
    /// The role.
    capacity: &'a str,
    /// The role's tier.
    tier: Option<u8>,
    /// Whether a person decides here.
    human: bool,
}

/// `GET /api/me`.
pub(super) async fn me(Caller(session): Caller) -> Answered {
    let actor = session.actor();
    let tier = actor.tier().map(|tier| tier.number());
    json(&Me { id: actor.id().as_str(), capacity: actor.capacity(), tier, human: actor.is_human() })
}
