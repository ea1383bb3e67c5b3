//! `POST …/transition`: performs a workflow action by name.

use eovr_core::decide::Command;
use eovr_core::incident::KIND;
use eovr_core::record::RecordId;
use eovr_host::http::body::{Json, Seen, object};
use eovr_host::http::caller::Caller;
use eovr_host::http::problem::Problem;
use eovr_host::http::reply::{Answered, at_version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::values;
use super::edit::Patch;
use super::show::Doable;
use crate::http::path::Incident;

/// The actions of this route. The other actions have their own routes, with their own parameters.
pub(crate) const ACTIONS: &[&str] = &[
    "start",
    "evaluate",
    "ask",
    "answer",
    "take_action",
    "complete",
    "complete_early",
    "add_remark",
    "dispose",
    "restore",
];

/// An action to be done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transition {
    /// Its name.
    #[schema(value_type = values::Step)]
    action: String,
    /// Why; for `ask`, `answer` and `add_remark` the words themselves.
    #[serde(default)]
    #[schema(max_length = 10_000)]
    note: Option<String>,
    /// What it sets, where it sets something: `disposition` and `duplicate_of`.
    #[serde(default, deserialize_with = "object")]
    fields: Fields,
}

/// What an action sets beside the state; only `dispose` sets something.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Fields {
    /// What the report is set aside as.
    #[serde(default)]
    #[schema(value_type = Option<values::Disposition>)]
    disposition: Patch<String>,
    /// The report that carries the work, where this one is a duplicate.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    duplicate_of: Patch<String>,
}

/// An incident after an action.
#[derive(Serialize, ToSchema)]
pub(crate) struct Moved<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    version: u64,
    state: &'a str,
    /// What the caller could do next.
    legal: Vec<Doable<'a>>,
}

pub(super) async fn transition(
    Caller(session): Caller,
    Incident(id): Incident,
    Seen(seen): Seen,
    Json(asked): Json<Transition>,
) -> Answered {
    let kind = session.eovr().catalog().kind(&KIND)?.clone();
    // The engine refuses an unknown action, because its error lists the legal ones.
    let elsewhere =
        kind.machine().action(&asked.action).is_some() && !ACTIONS.contains(&asked.action.as_str());
    if elsewhere {
        let accepted = format!("`{}`", ACTIONS.join("`, `"));
        return Err(Problem::invalid("action", "it has a route of its own", accepted));
    }
    let mut command = Command::new(asked.action);
    if let Some(note) = asked.note {
        command = command.note(note);
    }
    if let Some(version) = seen {
        command = command.expecting(version);
    }
    let Fields { disposition, duplicate_of } = asked.fields;
    command = set(command, "disposition", disposition);
    command = set(command, "duplicate_of", duplicate_of);
    session.act(&KIND, id, command).await?;
    // The legal actions belong to the current version, which may be later than this action's.
    let record = session.load(&KIND, id).await?;
    let legal = session.legal(&record).await?;
    let moved =
        Moved { id, version: record.version(), state: record.state().as_str(), legal: Doable::all(&legal) };
    at_version(record.version(), &moved)
}

fn set(command: Command, name: &str, patch: Patch<String>) -> Command {
    match patch {
        Patch::Keep => command,
        Patch::Clear => command.clear(name),
        Patch::Set(value) => command.set(name, value),
    }
}
