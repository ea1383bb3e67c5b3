//! `PATCH /api/incidents/{id}`: corrects or amends a report.

use eovr_core::Timestamp;
use eovr_core::decide::Command;
use eovr_core::incident::{Action, Harm, KIND};
use eovr_core::record::Value;
use eovr_host::http::body::{Json, Seen};
use eovr_host::http::caller::Caller;
use eovr_host::http::problem::Problem;
use eovr_host::http::reply::{Answered, Changed};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::super::values;
use super::report::Factors;
use crate::http::path::Incident;

/// A member of a patch: absent leaves the value, `null` clears it, a value sets it.
#[derive(Clone, Debug, Default)]
pub(super) enum Patch<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::deserialize(deserializer)? {
            Some(value) => Self::Set(value),
            None => Self::Clear,
        })
    }
}

/// Builds a command from the members of a patch.
pub(super) struct Changes {
    command: Command,
    any: bool,
}

impl Changes {
    pub(super) fn of(action: Action, seen: Option<u64>) -> Self {
        let command = Command::new(action);
        let command = match seen {
            Some(version) => command.expecting(version),
            None => command,
        };
        Self { command, any: false }
    }

    pub(super) fn note(mut self, note: Option<String>) -> Self {
        if let Some(note) = note {
            self.command = self.command.note(note);
        }
        self
    }

    pub(super) fn facet(mut self, name: &str, patch: Patch<impl Into<Value>>) -> Self {
        self.any |= !matches!(patch, Patch::Keep);
        self.command = match patch {
            Patch::Keep => self.command,
            Patch::Clear => self.command.clear(name),
            Patch::Set(value) => self.command.set(name, value),
        };
        self
    }

    pub(super) fn text(mut self, name: &str, patch: Patch<String>) -> Self {
        self.any |= !matches!(patch, Patch::Keep);
        self.command = match patch {
            Patch::Keep => self.command,
            Patch::Clear => self.command.erase(name),
            Patch::Set(text) => self.command.write(name, text),
        };
        self
    }

    /// The command, or an error if the patch is empty.
    pub(super) fn command(self) -> Result<Command, Problem> {
        match self.any {
            true => Ok(self.command),
            false => Err(Problem::invalid("body", "it changes nothing", "at least one member to change")),
        }
    }
}

/// What may be put right. The narrative is not among it: what is added to it goes through `add_remark`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// Why. Without a reason only the reporter may correct, within 30 minutes.
    #[serde(default)]
    #[schema(value_type = Option<values::Reason>)]
    reason: Option<String>,
    #[serde(default)]
    #[schema(value_type = values::Category)]
    category: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<values::Subtype>)]
    subtype: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Patch<Timestamp>,
    #[serde(default)]
    #[schema(value_type = Option<values::ShortCode>)]
    location: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    disclosed: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<BTreeSet<values::Factor>>)]
    factors: Patch<Factors>,
    #[serde(default)]
    #[schema(value_type = Option<values::Harm>)]
    actual_harm: Patch<Harm>,
    #[serde(default)]
    #[schema(value_type = Option<values::Harm>)]
    potential_harm: Patch<Harm>,
    #[serde(default)]
    #[schema(value_type = Option<values::Prose>)]
    specific_error: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<values::Line>)]
    involved_person: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<values::FileNumber>)]
    medical_file_number: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<values::Prose>)]
    immediate_action: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<values::Line>)]
    responsible_manager: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<values::Line>)]
    disclosure_responsible: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<values::Prose>)]
    notes: Patch<String>,
}

pub(super) async fn edit(
    Caller(session): Caller,
    Incident(id): Incident,
    Seen(seen): Seen,
    Json(edit): Json<Edit>,
) -> Answered {
    let action = if edit.reason.is_some() { Action::Amend } else { Action::Correct };
    let command = Changes::of(action, seen)
        .note(edit.reason)
        .facet("category", edit.category)
        .facet("subtype", edit.subtype)
        .facet("occurred_at", edit.occurred_at)
        .facet("location", edit.location)
        .facet("disclosed", edit.disclosed)
        .facet("factors", joined(edit.factors))
        .facet("actual_harm", harm(edit.actual_harm))
        .facet("potential_harm", harm(edit.potential_harm))
        .text("specific_error", edit.specific_error)
        .text("involved_person", edit.involved_person)
        .text("medical_file_number", edit.medical_file_number)
        .text("immediate_action", edit.immediate_action)
        .text("responsible_manager", edit.responsible_manager)
        .text("disclosure_responsible", edit.disclosure_responsible)
        .text("notes", edit.notes)
        .command()?;
    Changed::answer(session.act(&KIND, id, command).await?)
}

pub(super) fn harm(patch: Patch<Harm>) -> Patch<&'static str> {
    match patch {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(harm) => Patch::Set(harm.code()),
    }
}

/// The store holds the factors as one text. An empty list clears them.
fn joined(patch: Patch<Factors>) -> Patch<String> {
    match patch {
        Patch::Keep => Patch::Keep,
        Patch::Set(Factors(factors)) if !factors.is_empty() => Patch::Set(factors.join(",")),
        Patch::Clear | Patch::Set(_) => Patch::Clear,
    }
}
