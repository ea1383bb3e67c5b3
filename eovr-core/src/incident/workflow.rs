use crate::labels;
use crate::workflow::{May, Need, Row, Workflow};

labels! {
    /// The six states of an incident. There is no other.
    pub enum State {
        /// Reported; nobody has looked yet.
        Created = "created",
        /// Somebody in quality has taken it up.
        InProgress = "in_progress",
        /// Under evaluation: how bad, why, what to do.
        Evaluating = "evaluating",
        /// The reporter was asked a question.
        MoreInfoNeeded = "more_info_needed",
        /// Something was done about it.
        ActionTaken = "action_taken",
        /// Closed.
        Completed = "completed",
    }
}

labels! {
    /// What can be done with an incident.
    pub enum Action {
        /// Report what happened.
        Report = "report",
        /// Take it up.
        Start = "start",
        /// Begin the evaluation.
        Evaluate = "evaluate",
        /// Ask the reporter something: the note is the question.
        Ask = "ask",
        /// Answer the question: the note is the answer.
        Answer = "answer",
        /// Record that something was done about it.
        TakeAction = "take_action",
        /// Close it; every follow-up action must be closed.
        Complete = "complete",
        /// Close it although follow-up actions are open, and say why.
        CompleteEarly = "complete_early",
        /// Correct one's own report, within 30 minutes.
        Correct = "correct",
        /// Correct a report later, and say why.
        Amend = "amend",
        /// Add to the story: the note is the addendum. The narrative itself stays as first written.
        AddRemark = "add_remark",
        /// Rate severity, probability and harm.
        Assess = "assess",
        /// Fill in the accreditation panel.
        EditJci = "edit_jci",
        /// Accept or override what the scorer suggested.
        ReviewAi = "review_ai",
        /// Add a follow-up action.
        OpenFollowUp = "open_follow_up",
        /// Set aside: a duplicate, or not reportable.
        Dispose = "dispose",
        /// Take a disposition back.
        Restore = "restore",
        /// Let the work go on in a newer report.
        Reopen = "reopen",
    }
}

labels! {
    /// What a report may be besides its state; figures leave such reports out.
    pub enum Disposition {
        /// The same event as another report, which carries the work.
        Duplicate = "duplicate",
        /// Not an incident after all.
        NotReportable = "not_reportable",
        /// Closed once, and continued in a newer report.
        Reopened = "reopened",
    }
}

/// What a reporter fills in and may correct. The narrative is not among it: corrections are addenda.
macro_rules! correctable {
    ($($more:literal),*) => {
        &[
            "category", "subtype", "occurred_at", "location", "disclosed", "factors", "actual_harm",
            "potential_harm", "specific_error", "involved_person", "medical_file_number",
            "immediate_action", "responsible_manager", "disclosure_responsible", "notes", $($more),*
        ]
    };
}

const JCI: &[&str] = &[
    "jci_edition",
    "jci_chapter",
    "jci_standard",
    "jci_element",
    "jci_status",
    "jci_evidence",
    "jci_gap",
    "jci_plan",
];

const fn may(action: Action, tiers: (u8, u8), sets: &'static [&'static str]) -> May<Action> {
    May { action, tiers, visitor: false, holder: false, sets }
}

const fn row(from: &'static [State], action: Action, to: State, needs: Needs) -> Row<State, Action> {
    Row { from, action, to: Some(to), needs }
}

const fn stay(from: &'static [State], action: Action, needs: Needs) -> Row<State, Action> {
    Row { from, action, to: None, needs }
}

type Needs = &'static [Need<&'static str>];

/// The workflow of an incident, as enums; [`crate::workflow::Table::of`] makes it data.
#[derive(Clone, Copy, Debug)]
pub struct IncidentWorkflow;

impl Workflow for IncidentWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Created;
    const ENDS: &'static [State] = &[State::Completed];
    const CREATE: Action = Action::Report;

    const MAY: &'static [May<Action>] = &[
        May {
            action: Action::Report,
            tiers: (1, 2),
            visitor: true,
            holder: false,
            sets: correctable!["description", "reporter_type", "receipt", "continues"],
        },
        may(Action::Start, (2, 5), &[]),
        may(Action::Evaluate, (2, 5), &[]),
        may(Action::Ask, (2, 5), &[]),
        May { action: Action::Answer, tiers: (1, 5), visitor: false, holder: true, sets: &[] },
        may(Action::TakeAction, (2, 5), &[]),
        may(Action::Complete, (2, 5), &[]),
        may(Action::CompleteEarly, (3, 5), &[]),
        May { action: Action::Correct, tiers: (1, 2), visitor: false, holder: true, sets: correctable![] },
        may(Action::Amend, (2, 5), correctable![]),
        May { action: Action::AddRemark, tiers: (1, 5), visitor: false, holder: true, sets: &[] },
        may(
            Action::Assess,
            (2, 5),
            &["risk_scheme", "severity", "probability", "actual_harm", "potential_harm"],
        ),
        may(Action::EditJci, (2, 5), JCI),
        may(Action::ReviewAi, (2, 5), &["ai_review"]),
        may(Action::OpenFollowUp, (2, 5), &[]),
        may(Action::Dispose, (2, 5), &["disposition", "duplicate_of"]),
        may(Action::Restore, (2, 5), &[]),
        may(Action::Reopen, (2, 5), &[]),
    ];

    const RULES: &'static [Row<State, Action>] = {
        use State::{ActionTaken, Completed, Created, Evaluating, InProgress, MoreInfoNeeded};
        const OPEN: &[State] = &[Created, InProgress, Evaluating, MoreInfoNeeded, ActionTaken];
        const TAKEN_UP: &[State] = &[InProgress, Evaluating, MoreInfoNeeded, ActionTaken];
        const ALL: &[State] = &[Created, InProgress, Evaluating, MoreInfoNeeded, ActionTaken, Completed];
        &[
            row(&[Created], Action::Start, InProgress, &[Need::Human]),
            row(&[InProgress], Action::Evaluate, Evaluating, &[Need::Human]),
            row(&[Evaluating], Action::Ask, MoreInfoNeeded, &[Need::Human, Need::Note]),
            row(&[MoreInfoNeeded], Action::Answer, Evaluating, &[Need::Human, Need::Note]),
            row(&[Evaluating], Action::TakeAction, ActionTaken, &[Need::Human]),
            row(
                &[ActionTaken],
                Action::Complete,
                Completed,
                &[Need::Human, Need::ChildrenClosed("follow_up")],
            ),
            row(&[ActionTaken], Action::CompleteEarly, Completed, &[Need::Human, Need::Note]),
            stay(OPEN, Action::Correct, &[Need::Human, Need::Author, Need::WithinMinutes(30)]),
            stay(OPEN, Action::Amend, &[Need::Human, Need::Note]),
            stay(ALL, Action::AddRemark, &[Need::Human, Need::Note]),
            stay(OPEN, Action::Assess, &[Need::Human]),
            stay(ALL, Action::EditJci, &[Need::Human]),
            stay(ALL, Action::ReviewAi, &[Need::Human, Need::Field("ai_model")]),
            stay(TAKEN_UP, Action::OpenFollowUp, &[Need::Human]),
            stay(ALL, Action::Dispose, &[Need::Human, Need::Note]),
            stay(ALL, Action::Restore, &[Need::Human, Need::Note, Need::Field("disposition")]),
            stay(&[Completed], Action::Reopen, &[Need::Human, Need::Note]),
        ]
    };
}
