//! `…/actions`: follow-up actions of an incident, each with an owner and a due date.

use axum::extract::State;
use eovr_core::decide::Command;
use eovr_core::incident::{FOLLOW_UP, FollowUp, FollowUpKind, Strength};
use eovr_core::record::{Record, RecordId};
use eovr_core::{Error, ErrorKind, Session, Timestamp};
use eovr_host::http::body::{Json, Seen};
use eovr_host::http::caller::Caller;
use eovr_host::http::problem::Problem;
use eovr_host::http::repeat::{Keyed, Seed};
use eovr_host::http::reply::{Answered, Changed, created, page};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::super::app::App;
use super::super::values;
use super::readable;
use crate::http::path::{FollowUpAction, Incident};

/// Something to be done.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFollowUp {
    /// What; 5 characters at least.
    #[schema(value_type = values::Sentence)]
    task: String,
    /// Who sees to it: an actor's id.
    #[schema(value_type = values::ShortCode)]
    owner: String,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    /// `corrective` or `preventive`.
    #[schema(value_type = values::Purpose)]
    purpose: FollowUpKind,
    /// `stronger`, `intermediate` or `weaker`.
    #[serde(default)]
    #[schema(value_type = Option<values::Strength>)]
    strength: Option<Strength>,
}

/// What is to become of one. It is revised, finished or cancelled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FollowUpChange {
    action: Deed,
    /// Why, for `cancel`.
    #[serde(default)]
    #[schema(value_type = Option<values::Prose>)]
    note: Option<String>,
    /// What shows that it was done, for `finish`.
    #[serde(default)]
    #[schema(value_type = Option<values::Sentence>)]
    evidence: Option<String>,
    /// For `revise`.
    #[serde(default)]
    #[schema(value_type = Option<values::ShortCode>)]
    owner: Option<String>,
    /// For `revise`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// For `revise`.
    #[serde(default)]
    #[schema(value_type = Option<values::Purpose>)]
    purpose: Option<FollowUpKind>,
    /// For `revise`.
    #[serde(default)]
    #[schema(value_type = Option<values::Strength>)]
    strength: Option<Strength>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Deed {
    Revise,
    Finish,
    Cancel,
}

/// The follow-up actions of an incident, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct FollowUps<'a> {
    items: Vec<Item<'a>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FollowUp)]
struct Item<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    version: u64,
    state: &'a str,
    #[schema(value_type = Option<String>)]
    task: Option<Zeroizing<String>>,
    owner: Option<&'a str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    purpose: Option<&'a str>,
    strength: Option<&'a str>,
    #[schema(value_type = Option<String>)]
    evidence: Option<Zeroizing<String>>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(session): Caller,
    Incident(id): Incident,
) -> Answered {
    // For an incident out of scope the answer is 404, not an empty list.
    session.incidents().load(id).await?;
    let records = session.incidents().follow_ups(id).await?;
    let items = records.iter().map(|record| item(&app, &session, record)).collect::<Result<_, _>>()?;
    page(records.len(), &FollowUps { items })
}

pub(super) async fn add(
    Caller(session): Caller,
    Incident(id): Incident,
    Keyed(seed): Keyed,
    Json(new): Json<NewFollowUp>,
) -> Answered {
    let written = match seed {
        None => session.incidents().follow_up(id, new.into()).await?,
        Some(seed) => {
            let done = session.incidents().follow_up_as(id, seed.record(), new.clone().into()).await;
            match done {
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    return again(&session, id, &seed, &new, error).await;
                }
                done => done?,
            }
        }
    };
    let place = format!("/api/incidents/{id}/actions/{}", written.id);
    created(written.version, &place, &Changed::from(written))
}

/// Repeats the first answer of a request that already created the follow-up action, if the task is the same.
async fn again(
    session: &Session,
    incident: RecordId,
    seed: &Seed,
    new: &NewFollowUp,
    lost: Error,
) -> Answered {
    let there = match session.load(&FOLLOW_UP, seed.record()).await {
        // The conflict has another cause than a repeated request.
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(lost.into()),
        loaded => loaded?,
    };
    // The task is never revised; the other members may have changed since.
    let task = session.open(&there, "task")?;
    if task.is_none_or(|task| *task != new.task) {
        return Err(Seed::other_body());
    }
    let place = format!("/api/incidents/{incident}/actions/{}", there.id());
    created(1, &place, &Changed::first(there.id()))
}

pub(super) async fn change(
    Caller(session): Caller,
    Incident(id): Incident,
    FollowUpAction(action): FollowUpAction,
    Seen(seen): Seen,
    Json(change): Json<FollowUpChange>,
) -> Answered {
    let record = session.load(&FOLLOW_UP, action).await?;
    if record.envelope().parent != Some(id) {
        return Err(Error::not_found(FOLLOW_UP).into());
    }
    let mut command = Command::new(match change.action {
        Deed::Revise => "revise",
        Deed::Finish => "finish",
        Deed::Cancel => "cancel",
    });
    if let Some(note) = change.note {
        command = command.note(note);
    }
    if let Some(version) = seen {
        command = command.expecting(version);
    }
    let command = command
        .set_some("owner", change.owner)
        .set_some("due_at", change.due_at)
        .set_some("purpose", change.purpose)
        .set_some("strength", change.strength)
        .write_some("evidence", change.evidence);
    Changed::answer(session.act(&FOLLOW_UP, action, command).await?)
}

fn item<'a>(app: &App, session: &Session, record: &'a Record) -> Result<Item<'a>, Problem> {
    let text = |name: &str| record.text(name);
    let envelope = record.envelope();
    Ok(Item {
        id: envelope.id,
        version: envelope.version,
        state: envelope.state.as_str(),
        task: readable(app, session.open(record, "task"))?.flatten(),
        owner: text("owner"),
        due_at: record.time("due_at"),
        purpose: text("purpose"),
        strength: text("strength"),
        evidence: readable(app, session.open(record, "evidence"))?.flatten(),
        created_at: envelope.created_at,
    })
}

impl From<NewFollowUp> for FollowUp {
    fn from(new: NewFollowUp) -> Self {
        let NewFollowUp { task, owner, due_at, purpose, strength } = new;
        Self { task, owner, due_at, kind: purpose, strength }
    }
}
