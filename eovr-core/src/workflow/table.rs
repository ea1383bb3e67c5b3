use serde::{Deserialize, Serialize};

use crate::access::ActionRow;
use crate::name::Name;

/// A workflow as plain data. [`crate::workflow::Machine::new`] checks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The state of a new record.
    pub start: Name,
    /// The action that creates a record.
    pub create: Name,
    /// All states.
    pub states: Vec<StateRow>,
    /// All actions, with their permissions.
    pub actions: Vec<ActionRow>,
    /// Which action is possible in which state, and its target state.
    pub rules: Vec<Rule>,
}

/// One state: an adjective or participle, as the field uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateRow {
    /// Its name.
    pub name: Name,
    /// Whether this is an end state. No rule leads out of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub end: bool,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The source states.
    pub from: Vec<Name>,
    /// The action.
    pub action: Name,
    /// The target state; `None` leaves the state unchanged, for example for a correction or an assessment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Name>,
    /// The needs that must be met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
}

/// A condition of an action in addition to the permission. The vocabulary is small, so that a need can be shown,
/// translated and checked in advance. For other conditions the host implements a [`Need::Check`]. Later releases may
/// add needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Need<N = Name> {
    /// The actor is a person: an AI model with the same role is refused.
    Human,
    /// The actor is software: a person is refused.
    Software,
    /// The actor is the author of the record.
    Author,
    /// Four eyes: the actor is not the author of the record.
    NotAuthor,
    /// The command has a note with the reason.
    Note,
    /// This facet or field is set, already or by this command.
    Field(N),
    /// The record is younger than this number of minutes.
    WithinMinutes(u32),
    /// The record has no open child of this kind.
    ChildrenClosed(N),
    /// The host's check of this name passes.
    Check(N),
}

impl<N: AsRef<str>> Need<N> {
    /// The need's stable name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Software => "software",
            Self::Author => "author",
            Self::NotAuthor => "not_author",
            Self::Note => "note",
            Self::Field(_) => "field",
            Self::WithinMinutes(_) => "within_minutes",
            Self::ChildrenClosed(_) => "children_closed",
            Self::Check(_) => "check",
        }
    }

    /// The name with its parameter, for a diagram: `field evidence`, `within_minutes 30`.
    pub(crate) fn label(&self) -> String {
        let name = self.name();
        match self {
            Self::Human | Self::Software | Self::Author | Self::NotAuthor | Self::Note => name.to_owned(),
            Self::WithinMinutes(minutes) => format!("{name} {minutes}"),
            Self::Field(what) | Self::ChildrenClosed(what) | Self::Check(what) => {
                format!("{name} {}", what.as_ref())
            }
        }
    }

    /// A description of how to meet it.
    pub fn wants(&self) -> String {
        match self {
            Self::Human => "a person to decide, not a machine".to_owned(),
            Self::Software => "software to do it, not a person".to_owned(),
            Self::Author => "the person who wrote the record".to_owned(),
            Self::NotAuthor => "a person other than the author of the record".to_owned(),
            Self::Note => "a note that says why".to_owned(),
            Self::Field(name) => format!("`{}` to be filled in", name.as_ref()),
            Self::WithinMinutes(minutes) => format!("to happen within {minutes} minutes of creation"),
            Self::ChildrenClosed(kind) => format!("every `{}` of the record to be closed", kind.as_ref()),
            Self::Check(name) => format!("the host's check `{}` to pass", name.as_ref()),
        }
    }
}
