use serde::{Deserialize, Serialize};

use crate::decide::Command;
use crate::error::Result;
use crate::incident::{FOLLOW_UP, KIND};
use crate::kind::{FacetSpec, FieldSpec, Kind, KindTable, ParentSpec};
use crate::labels;
use crate::name;
use crate::time::Timestamp;
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// A follow-up action of an incident, with its owner and its due date.
///
/// ```
/// use eovr_core::incident::{FollowUp, Strength};
///
/// let follow_up: FollowUp = serde_json::from_str(
///     r#"{"task": "Store the look-alike vials apart", "owner": "pharmacist-2",
///         "due_at": "2027-01-31T12:00:00Z", "kind": "preventive", "strength": "stronger"}"#,
/// )?;
/// assert_eq!(follow_up.strength, Some(Strength::Stronger));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowUp {
    /// The task, at least 5 characters. Sealed.
    pub task: String,
    /// The responsible person: an actor id.
    pub owner: String,
    /// The due date.
    pub due_at: Timestamp,
    /// Corrective or preventive.
    pub kind: FollowUpKind,
    /// The reliability of the action.
    #[serde(default)]
    pub strength: Option<Strength>,
}

labels! {
    /// The purpose of a follow-up action.
    pub enum FollowUpKind {
        /// Corrects what went wrong.
        Corrective = "corrective",
        /// Prevents a recurrence.
        Preventive = "preventive",
    }
}

labels! {
    /// The reliability of an action, according to the action hierarchy of RCA² (NPSF, 2015).
    pub enum Strength {
        /// Changes the place or the device, so that safety does not depend on memory.
        Stronger = "stronger",
        /// Checklists, redundancy, fewer distractions.
        Intermediate = "intermediate",
        /// Training, policies, warnings.
        Weaker = "weaker",
    }
}

labels! {
    /// The states of a follow-up action.
    pub(super) enum State {
        Open = "open",
        Done = "done",
        Cancelled = "cancelled",
    }
}

labels! {
    /// The actions on a follow-up action.
    pub(super) enum Action {
        Add = "add",
        Revise = "revise",
        Finish = "finish",
        Cancel = "cancel",
    }
}

struct FollowUpWorkflow;

impl Workflow for FollowUpWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Open;
    const ENDS: &'static [State] = &[State::Done, State::Cancelled];
    const CREATE: Action = Action::Add;

    const MAY: &'static [May<Action>] = &[
        May::new(Action::Add, (2, 5), &["task", "owner", "due_at", "purpose", "strength"]),
        May::new(Action::Revise, (2, 5), &["owner", "due_at", "purpose", "strength"]),
        May::new(Action::Finish, (1, 5), &["evidence"]),
        May::new(Action::Cancel, (2, 5), &[]),
    ];

    const RULES: &'static [Row<State, Action>] = &[
        Row::stay(&[State::Open], Action::Revise, &[Need::Human]),
        Row::to(&[State::Open], Action::Finish, State::Done, &[Need::Human, Need::Field("evidence")]),
        Row::to(&[State::Open], Action::Cancel, State::Cancelled, &[Need::Human, Need::Note]),
    ];
}

/// Does not print the task.
impl std::fmt::Debug for FollowUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FollowUp({} due {}, {} characters)", self.kind, self.due_at, self.task.chars().count())
    }
}

pub(super) fn kind() -> Result<Kind> {
    Kind::new(KindTable {
        parent: Some(ParentSpec { kind: KIND, action: super::Action::OpenFollowUp.into(), most: None }),
        facets: vec![
            FacetSpec::text(name!("owner")).required().indexed(),
            FacetSpec::time(name!("due_at")).required().indexed(),
            FacetSpec::choice(name!("purpose"), FollowUpKind::ALL).required(),
            FacetSpec::choice(name!("strength"), Strength::ALL),
        ],
        fields: vec![
            FieldSpec::text(name!("task"), 5..=10_000).required().original(),
            FieldSpec::text(name!("evidence"), 5..=10_000),
        ],
        ..KindTable::new(FOLLOW_UP, Table::of::<FollowUpWorkflow>()?)
    })
}

impl FollowUp {
    pub(super) fn command(self) -> Command {
        Command::new(Action::Add)
            .write("task", self.task)
            .set("owner", self.owner)
            .set("due_at", self.due_at)
            .set("purpose", self.kind)
            .set_some("strength", self.strength)
    }
}
