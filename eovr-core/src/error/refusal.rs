use std::fmt;

use serde::Serialize;

/// Why the workflow refused an action, and which actions it would have allowed.
///
/// A screen can draw its buttons from this answer. `legal` lists the actions that the state allows; `unmet` lists the
/// unmet needs of the requested action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// The kind of record.
    pub kind: String,
    /// The record's state.
    pub state: String,
    /// The requested action.
    pub action: String,
    /// The actions that the workflow allows in this state, for any actor.
    pub legal: Vec<String>,
    /// The unmet needs of the action; empty where the state does not allow the action at all.
    pub unmet: Vec<Unmet>,
    /// Whether the kind's table has the state. A record may be in a state that an earlier or later release has.
    #[serde(skip)]
    pub(crate) is_known: bool,
}

/// One need that was not met.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
/// # let report = testing::report();
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// let error = quality.incidents().act(id, Action::Dispose, None).await.unwrap_err();
/// let unmet = &error.refusal().unwrap().unmet[0];
/// assert_eq!((unmet.need.as_str(), unmet.wants.as_str()), ("note", "a note that says why"));
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unmet {
    /// The need's name in the table: `human`, `note`, `children_closed`, …
    pub need: String,
    /// What would meet the need, in words.
    pub wants: String,
}

impl Refusal {
    pub(crate) fn help(&self) -> String {
        if !self.unmet.is_empty() {
            let wants: Vec<&str> = self.unmet.iter().map(|unmet| unmet.wants.as_str()).collect();
            return format!("it needs {}", wants.join("; "));
        }
        if !self.is_known {
            return format!(
                "this release does not know the state `{}`: run a release whose `{}` has it",
                self.state, self.kind
            );
        }
        if self.legal.is_empty() {
            return format!("`{}` is a final state: it allows no more actions", self.state);
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
