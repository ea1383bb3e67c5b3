use std::fmt;

use serde::Serialize;

/// Why a workflow said no, and what it would have said yes to.
///
/// A screen can draw its buttons from this answer: `legal` are the actions that the state allows,
/// `unmet` is what the asked action still lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// The kind of record.
    pub kind: String,
    /// The state that it is in.
    pub state: String,
    /// The action that was asked.
    pub action: String,
    /// The actions that the workflow knows from this state, whoever asks.
    pub legal: Vec<String>,
    /// What the action lacks; empty where the state does not know the action at all.
    pub unmet: Vec<Unmet>,
}

/// One need that was not met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unmet {
    /// The need's name in the table: `human`, `note`, `children_closed`, …
    pub need: String,
    /// The same in words: what would meet it.
    pub wants: String,
}

impl Refusal {
    pub(crate) fn help(&self) -> String {
        if !self.unmet.is_empty() {
            let wants: Vec<&str> = self.unmet.iter().map(|unmet| unmet.wants.as_str()).collect();
            return format!("it needs {}", wants.join("; "));
        }
        if self.legal.is_empty() {
            return format!("`{}` is an end: nothing more can be done", self.state);
        }
        format!(
            "allowed here: {}",
            self.legal.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not allowed on `{}` in state `{}`", self.action, self.kind, self.state)
    }
}
