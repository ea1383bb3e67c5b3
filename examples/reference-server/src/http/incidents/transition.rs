//! `POST …/transition`: an action of the workflow, by its name.

use std::collections::BTreeMap;

use eovr_core::Timestamp;
use eovr_core::decide::Command;
use eovr_core::incident::KIND;
use eovr_core::kind::Kind;
use eovr_core::record::{RecordId, ValueType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body::{Incident, Json, Seen};
use super::super::caller::Caller;
use super::super::problem::Problem;
use super::super::reply::{Answered, at_version};
use super::show::Doable;

/// The actions that go through here. The others have routes of their own, which say what they take.
pub(super) const ACTIONS: &[&str] = &[
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
    action: String,
    /// Why; for `ask`, `answer` and `add_remark` the words themselves.
    #[serde(default)]
    note: Option<String>,
    /// What it sets, where it sets something: `disposition` and `duplicate_of`.
    #[serde(default)]
    #[schema(value_type = Object)]
    fields: BTreeMap<String, Scalar>,
}

/// The value of a field.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Bool(bool),
    Int(i64),
    Text(String),
    None(()),
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
    let kind = session.eovr().catalog().kind(KIND)?.clone();
    // A name that the workflow does not know is the engine's to refuse: it says what is legal.
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
    for (name, value) in asked.fields {
        command = set(&kind, command, &name, value)?;
    }
    session.act(KIND, id, command).await?;
    // What is legal now belongs to the version that is there now, which may be a later one.
    let record = session.load(KIND, id).await?;
    let legal = session.legal(KIND, id).await?;
    let moved =
        Moved { id, version: record.version(), state: record.state().as_str(), legal: Doable::all(&legal) };
    at_version(record.version(), &moved)
}

fn set(kind: &Kind, command: Command, name: &str, value: Scalar) -> Result<Command, Problem> {
    if kind.field(name).is_some() {
        return match value {
            Scalar::Text(text) => Ok(command.write(name, text)),
            Scalar::None(()) => Ok(command.erase(name)),
            _ => Err(Problem::invalid("fields", "a value is of another type", "text, or null")),
        };
    }
    let wanted = kind.facet(name).map(|facet| facet.value_type);
    Ok(match (value, wanted) {
        (Scalar::None(()), _) => command.clear(name),
        (Scalar::Text(text), Some(ValueType::Time)) => {
            let at: Timestamp =
                text.parse().map_err(|error: eovr_core::Error| error.with("field", "fields"))?;
            command.set(name, at)
        }
        (Scalar::Text(text), _) => command.set(name, text),
        (Scalar::Int(int), _) => command.set(name, int),
        (Scalar::Bool(bool), _) => command.set(name, bool),
    })
}
