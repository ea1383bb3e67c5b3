use crate::analyst;
use crate::labels;
use crate::workflow::{May, Need, Row, Workflow};

labels! {
    /// The six states of an incident.
    pub enum State {
        /// Reported, and not yet taken up.
        Created = "created",
        /// A member of the quality department has taken it up.
        InProgress = "in_progress",
        /// Under evaluation: severity, causes, measures.
        Evaluating = "evaluating",
        /// The reporter was asked a question.
        MoreInfoNeeded = "more_info_needed",
        /// A measure was taken.
        ActionTaken = "action_taken",
        /// Closed.
        Completed = "completed",
    }
}

labels! {
    /// The actions on an incident.
    pub enum Action {
        /// Report what happened.
        Report = "report",
        /// Take it up.
        Start = "start",
        /// Begin the evaluation.
        Evaluate = "evaluate",
        /// Ask the reporter a question, which is the note.
        Ask = "ask",
        /// Answer the question; the note is the answer.
        Answer = "answer",
        /// Record that a measure was taken.
        TakeAction = "take_action",
        /// Close it; every follow-up action must be closed.
        Complete = "complete",
        /// Close it although follow-up actions are open; a reason is required.
        CompleteEarly = "complete_early",
        /// Correct one's own report, within 30 minutes.
        Correct = "correct",
        /// Correct a report later; a reason is required.
        Amend = "amend",
        /// Add a remark; the note is the addendum. The narrative itself stays as first written.
        AddRemark = "add_remark",
        /// Rate severity, probability and harm.
        Assess = "assess",
        /// Fill in the accreditation panel.
        EditJci = "edit_jci",
        /// Accept or override the scorer's suggestion.
        ReviewAi = "review_ai",
        /// Record the external analyst's suggestion, or why there is none. Only software may do this.
        Analyse = "analyse",
        /// Add a follow-up action.
        OpenFollowUp = "open_follow_up",
        /// Add a photograph or a document.
        Attach = "attach",
        /// Dispose of it: a duplicate, or not reportable.
        Dispose = "dispose",
        /// Take a disposition back.
        Restore = "restore",
        /// Continue the work in a newer report.
        Reopen = "reopen",
    }
}

labels! {
    /// The disposition of a report, independent of its state. Figures exclude disposed reports.
    pub enum Disposition {
        /// The same event as another report, which carries the work.
        Duplicate = "duplicate",
        /// Not an incident.
        NotReportable = "not_reportable",
        /// Closed, and continued in a newer report.
        Reopened = "reopened",
    }
}

/// The fields that a reporter may set and correct. The narrative is not included, because corrections of it are
/// addenda.
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

/// The workflow of an incident, as enums. [`crate::workflow::Table::of`] converts it to data.
#[derive(Clone, Copy, Debug)]
pub struct IncidentWorkflow;

impl Workflow for IncidentWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Created;
    const ENDS: &'static [State] = &[State::Completed];
    const CREATE: Action = Action::Report;

    const MAY: &'static [May<Action>] = &[
        May::new(
            Action::Report,
            (1, 2),
            correctable!["description", "reporter_type", "receipt", "continues"],
        )
        .and_visitors(),
        May::new(Action::Start, (2, 5), &[]),
        May::new(Action::Evaluate, (2, 5), &[]),
        May::new(Action::Ask, (2, 5), &[]),
        May::new(Action::Answer, (1, 5), &[]).and_holders(),
        May::new(Action::TakeAction, (2, 5), &[]),
        May::new(Action::Complete, (2, 5), &[]),
        May::new(Action::CompleteEarly, (3, 5), &[]),
        May::new(Action::Correct, (1, 2), correctable![]).and_holders(),
        May::new(Action::Amend, (2, 5), correctable![]),
        May::new(Action::AddRemark, (1, 5), &[]).and_holders(),
        May::new(
            Action::Assess,
            (2, 5),
            &["risk_scheme", "severity", "probability", "actual_harm", "potential_harm"],
        ),
        May::new(Action::EditJci, (2, 5), JCI),
        May::new(Action::ReviewAi, (2, 5), &["ai_review"]),
        May::new(Action::Analyse, (5, 5), analyst::SETS),
        May::new(Action::OpenFollowUp, (2, 5), &[]),
        May::new(Action::Attach, (1, 5), &[]),
        May::new(Action::Dispose, (2, 5), &["disposition", "duplicate_of"]),
        May::new(Action::Restore, (2, 5), &[]),
        May::new(Action::Reopen, (2, 2), &["continued_in"]),
    ];

    const RULES: &'static [Row<State, Action>] = {
        use State::{ActionTaken, Completed, Created, Evaluating, InProgress, MoreInfoNeeded};
        const OPEN: &[State] = &[Created, InProgress, Evaluating, MoreInfoNeeded, ActionTaken];
        const TAKEN_UP: &[State] = &[InProgress, Evaluating, MoreInfoNeeded, ActionTaken];
        const ALL: &[State] = &[Created, InProgress, Evaluating, MoreInfoNeeded, ActionTaken, Completed];
        &[
            Row::to(&[Created], Action::Start, InProgress, &[Need::Human]),
            Row::to(&[InProgress], Action::Evaluate, Evaluating, &[Need::Human]),
            Row::to(&[Evaluating], Action::Ask, MoreInfoNeeded, &[Need::Human, Need::Note]),
            Row::to(&[MoreInfoNeeded], Action::Answer, Evaluating, &[Need::Human, Need::Note]),
            Row::to(&[Evaluating], Action::TakeAction, ActionTaken, &[Need::Human]),
            Row::to(
                &[ActionTaken],
                Action::Complete,
                Completed,
                &[Need::Human, Need::ChildrenClosed("follow_up")],
            ),
            Row::to(&[ActionTaken], Action::CompleteEarly, Completed, &[Need::Human, Need::Note]),
            Row::stay(OPEN, Action::Correct, &[Need::Human, Need::Author, Need::WithinMinutes(30)]),
            Row::stay(OPEN, Action::Amend, &[Need::Human, Need::Note]),
            Row::stay(ALL, Action::AddRemark, &[Need::Human, Need::Note]),
            Row::stay(OPEN, Action::Assess, &[Need::Human]),
            Row::stay(ALL, Action::EditJci, &[Need::Human]),
            Row::stay(ALL, Action::ReviewAi, &[Need::Human, Need::Field("ai_model")]),
            Row::stay(ALL, Action::Analyse, &[Need::Software]),
            Row::stay(TAKEN_UP, Action::OpenFollowUp, &[Need::Human]),
            Row::stay(OPEN, Action::Attach, &[Need::Human]),
            Row::stay(ALL, Action::Dispose, &[Need::Human, Need::Note]),
            Row::stay(ALL, Action::Restore, &[Need::Human, Need::Note, Need::Field("disposition")]),
            Row::stay(&[Completed], Action::Reopen, &[Need::Human, Need::Note]),
        ]
    };
}
