//! `GET …/audit`: the audit trail, and whether its chain is intact.

use std::collections::BTreeMap;

use axum::extract::State;
use eovr_core::Timestamp;
use eovr_core::audit::EventChange;
use eovr_core::record::RecordId;
use eovr_core::service::Entry;
use eovr_host::http::auth::Trace;
use eovr_host::http::caller::Caller;
use eovr_host::http::reply::{Answered, at_version};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::app::App;
use crate::http::path::Incident;

/// The audit trail of an incident.
#[derive(Serialize, ToSchema)]
pub(crate) struct Audit<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    /// Whether nothing was found wrong.
    intact: bool,
    /// What the verifier found: `{"intact": {"events": 3}}`, or `{"broken": {"seq": 2, "finding": "…"}}`.
    #[schema(value_type = Object)]
    verdict: &'a eovr_core::audit::Verdict,
    events: Vec<Happened<'a>>,
}

/// One event.
#[derive(Serialize, ToSchema)]
struct Happened<'a> {
    /// Its place in the chain, from 1.
    seq: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    actor: &'a str,
    /// The role, or `visitor`, `holder`, `system`.
    capacity: &'a str,
    human: bool,
    action: &'a str,
    from: Option<&'a str>,
    to: &'a str,
    version: u64,
    /// Why, in the actor's own words.
    note: Option<&'a str>,
    /// What changed: facets in the clear, fields sealed and in base64.
    #[schema(value_type = Object)]
    changes: BTreeMap<&'a str, &'a EventChange>,
    /// The hash of the event before, in hex.
    prev: &'a str,
    /// The digest of the record's content after, in hex.
    content: &'a str,
}

pub(super) async fn audit(
    State(app): State<App>,
    Caller(session): Caller,
    trace: Trace,
    Incident(id): Incident,
) -> Answered {
    let trail = session.incidents().trail(id).await?;
    if !trail.verdict.is_intact() {
        app.kit.auth.alarm.tampered(&id.to_string(), Some(&trace));
    }
    let audit = Audit {
        id,
        intact: trail.verdict.is_intact(),
        verdict: &trail.verdict,
        events: trail.entries.iter().map(happened).collect(),
    };
    at_version(trail.record.version(), &audit)
}

fn happened(entry: &Entry) -> Happened<'_> {
    let event = &entry.event;
    Happened {
        seq: event.seq,
        at: event.at,
        actor: event.actor.as_str(),
        capacity: &event.capacity,
        human: event.human,
        action: event.action.as_str(),
        from: event.from.as_ref().map(|from| from.as_str()),
        to: event.to.as_str(),
        version: event.version,
        note: entry.note.as_ref().map(|note| note.as_str()),
        changes: event.changes.iter().map(|(name, change)| (name.as_str(), change)).collect(),
        prev: &event.prev,
        content: &event.content,
    }
}
