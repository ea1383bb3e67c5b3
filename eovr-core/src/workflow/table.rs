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
    /// All actions, and who may do each.
    pub actions: Vec<ActionRow>,
    /// Which action is possible in which state, and what it leads to.
    pub rules: Vec<Rule>,
}

/// One state: an adjective or participle, as the field uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateRow {
    /// Its name.
    pub name: Name,
    /// Whether the work ends here. No rule leads out of an end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub end: bool,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// In these states …
    pub from: Vec<Name>,
    /// … this action …
    pub action: Name,
    /// … leads to this state. Without one the record stays where it is: a correction, an assessment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Name>,
    /// … once all of these are met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
}

/// What an action needs besides a permitted actor. A small vocabulary, so that a need can be shown,
/// translated and asked before acting; what does not fit is a [`Need::Check`] that the host answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need<N = Name> {
    /// A person decides: an AI model with the same role may not.
    Human,
    /// Software does it: no person may, in its name.
    Software,
    /// The actor wrote the record.
    Author,
    /// Four eyes: the actor did not write the record.
    NotAuthor,
    /// The command says why.
    Note,
    /// This facet or field is set, by now or by this command.
    Field(N),
    /// The record is younger than so many minutes.
    WithinMinutes(u32),
    /// No child record of this kind is still open.
    ChildrenClosed(N),
    /// The host's check of this name passed.
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

    /// The name with what it is about, for a diagram: `field evidence`, `within_minutes 30`.
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

    /// What would meet it, in words.
    pub fn wants(&self) -> String {
        match self {
            Self::Human => "a person to decide, not a machine".to_owned(),
            Self::Software => "software to do it, not a person".to_owned(),
            Self::Author => "the person who wrote the record".to_owned(),
            Self::NotAuthor => "somebody other than the person who wrote the record".to_owned(),
            Self::Note => "a note that says why".to_owned(),
            Self::Field(name) => format!("`{}` to be filled in", name.as_ref()),
            Self::WithinMinutes(minutes) => format!("to happen within {minutes} minutes of creation"),
            Self::ChildrenClosed(kind) => format!("every `{}` of the record to be closed", kind.as_ref()),
            Self::Check(name) => format!("the host's check `{}` to pass", name.as_ref()),
        }
    }
}
