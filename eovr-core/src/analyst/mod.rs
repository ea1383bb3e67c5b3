//! A second opinion from an external provider: which model may be asked, what may be sent, and where the answer is
//! stored.
//!
//! The embedded scorer reads a report while the report is made. A provider's model is asked afterwards, from the
//! outbox, so it can neither delay nor lose a report. A rule with [`crate::notice::To::Analyst`] opens an
//! **analysis**, which is a record like any other, and [`Worker`] works on it. Three conditions must hold before any
//! text is sent:
//!
//! 1. A **model** is active. Each model is a record ([`Registry`]). A person first puts it on trial: it reads
//!    reports, but no user sees its answers. A person activates it once figures show that it is better ([`compare`]).
//! 2. The **facility allows the processor**: `allow_processors` on the facility's record, which is off until an
//!    administrator sets it.
//! 3. The facility's daily **budget** is not used up, and the provider's [`Breaker`] is closed. The commit that
//!    releases a request also counts it, so requests in flight never exceed the budget, on any number of nodes.
//!
//! Then the gateway removes names of persons from the text. It writes `send` into the audit chain of the analysis:
//! the recipient, the number of characters, the codes sent beside them, and their digest, but no content. Only then
//! does it make a [`crate::triage::analysis::Cleared`], which an [`crate::ports::Analyst`] requires. So the trail
//! records every request, even if the process dies in the next moment.
//!
//! An action of the subject's own workflow stores the answer on the subject, in the same commit as `answer` on the
//! analysis. If no answer comes, the subject's fields stay empty and the [`NoAnswerReason`] is recorded. The analysis is
//! retried with growing pauses, and is **parked** in the end.
//!
//! The engine does not know what is analysed: a [`Subject`] names the kind, the field and the codes.

mod breaker;
mod budget;
mod gateway;
mod pause;
mod registry;
mod standing;
mod subject;
#[cfg(feature = "training")]
mod trained;
#[cfg(feature = "training")]
mod trial;
mod worker;

use crate::access::Tiers;
use crate::decide::Command;
use crate::error::Result;
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::record::RecordId;
use crate::risk::Band;
use crate::service::Session;
use crate::time::Timestamp;
use crate::triage::analysis::NoAnswerReason;
use crate::workflow::{May, Need, Row, Table, Workflow};

pub use self::breaker::Breaker;
pub use self::registry::{Chosen, Examined, MODEL, ModelAction, ModelState, Registry};
pub use self::standing::{Month, standing};
pub use self::subject::{SETS, Subject};
#[cfg(feature = "training")]
pub use self::trained::Trained;
#[cfg(feature = "training")]
pub use self::trial::{Compared, compare};
pub use self::worker::{Equipment, Limits, Outcome, Provider, Worker};

/// The name of the kind.
pub const KIND: Name = Name::from_static("analysis");

/// An analysis is parked after this many requests.
pub const MOST_ATTEMPTS: i64 = 6;

labels! {
    /// The states of an analysis.
    pub enum State {
        /// Waits to be sent.
        Waiting = "waiting",
        /// The analyst has answered.
        Answered = "answered",
        /// There was no answer, and there is no automatic retry.
        Parked = "parked",
        /// Nothing was sent, because it was not allowed or no model is active.
        Withheld = "withheld",
    }
}

labels! {
    /// The actions on an analysis.
    pub enum Action {
        /// Open it.
        Open = "open",
        /// Record what will be sent to which processor. The record is written before the request is sent.
        Send = "send",
        /// Postpone it; nothing is sent.
        Wait = "wait",
        /// Record that this request got no answer.
        Fail = "fail",
        /// Store the answer.
        Answer = "answer",
        /// Give up: there will be no answer.
        Park = "park",
        /// Record that nothing may be sent.
        Withhold = "withhold",
        /// Retry an analysis that was parked or withheld.
        Retry = "retry",
    }
}

struct AnalysisWorkflow;

impl Workflow for AnalysisWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Waiting;
    const ENDS: &'static [State] = &[State::Answered];
    const CREATE: Action = Action::Open;

    // Software does all of it (see the rules). Tier 5 may see what was sent, and may order a retry.
    const MAY: &'static [May<Action>] = &[
        May::new(Action::Open, (5, 5), &["about", "of", "since", "due_at"]),
        May::new(
            Action::Send,
            (5, 5),
            &[
                "processor",
                "model",
                "prompt",
                "characters",
                "taken_out",
                "beside",
                "digest",
                "sent_on",
                "attempts",
                "on_trial",
                "due_at",
            ],
        ),
        May::new(Action::Wait, (5, 5), &["reason", "due_at"]),
        May::new(Action::Fail, (5, 5), &["reason", "due_at", "took"]),
        May::new(
            Action::Answer,
            (5, 5),
            &["reason", "level", "confidence", "took", "tokens_in", "tokens_out"],
        ),
        May::new(Action::Park, (5, 5), &["reason", "took"]),
        May::new(Action::Withhold, (5, 5), &["reason", "processor"]),
        May::new(Action::Retry, (5, 5), &["since", "due_at", "attempts", "reason"]),
    ];

    const RULES: &'static [Row<State, Action>] = {
        use State::{Answered, Parked, Waiting, Withheld};
        const SOFTWARE: &[Need<&str>] = &[Need::Software];
        &[
            Row::stay(&[Waiting], Action::Send, SOFTWARE),
            Row::stay(&[Waiting], Action::Wait, SOFTWARE),
            Row::stay(&[Waiting], Action::Fail, SOFTWARE),
            Row::to(&[Waiting], Action::Answer, Answered, SOFTWARE),
            Row::to(&[Waiting], Action::Park, Parked, SOFTWARE),
            Row::to(&[Waiting], Action::Withhold, Withheld, SOFTWARE),
            Row::to(&[Parked, Withheld], Action::Retry, Waiting, &[Need::Human]),
        ]
    };
}

/// The kinds `analysis`, `ai_model` and `analysis_budget`, for [`crate::service::EovrBuilder::kinds`].
///
/// # Errors
/// None that a host can cause.
pub fn kinds() -> Result<Vec<Kind>> {
    Ok(vec![kind()?, registry::kind()?, budget::kind()?])
}

fn kind() -> Result<Kind> {
    let count = |name| FacetSpec::int(name).range(0..=u32::MAX.into());
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets: vec![
            FacetSpec::text(name!("about")).required(),
            FacetSpec::text(name!("of")).required(),
            FacetSpec::time(name!("since")).required(),
            FacetSpec::time(name!("due_at")).required().indexed(),
            count(name!("attempts")),
            FacetSpec::bool(name!("on_trial")),
            FacetSpec::text(name!("processor")),
            FacetSpec::text(name!("model")),
            FacetSpec::text(name!("prompt")),
            count(name!("characters")),
            count(name!("taken_out")),
            FacetSpec::text(name!("beside")),
            FacetSpec::bytes(name!("digest")),
            FacetSpec::text(name!("sent_on")).indexed(),
            FacetSpec::choice(name!("reason"), NoAnswerReason::ALL.map(NoAnswerReason::name)),
            FacetSpec::choice(name!("level"), Band::ALL),
            FacetSpec::int(name!("confidence")).range(0..=100),
            count(name!("took")),
            count(name!("tokens_in")),
            count(name!("tokens_out")),
        ],
        ..KindTable::new(KIND, Table::of::<AnalysisWorkflow>()?)
    })
}

/// The id of a record's analysis. It follows from the record, so a record never has two.
#[must_use]
pub fn analysis_of(kind: &Name, about: &str) -> RecordId {
    RecordId::derived("eovr.analysis.v1", &[kind.as_str().as_bytes(), about.as_bytes()])
}

/// The command that opens the analysis of a record.
pub(crate) fn opening(kind: &Name, about: &str, now: Timestamp) -> Command {
    Command::new(Action::Open)
        .set("about", about)
        .set("of", kind.as_str())
        .set("since", now)
        .set("due_at", now)
}

/// Orders a retry of a record's analysis that was parked or withheld.
///
/// # Errors
/// `NotFound` where the record has no analysis; `Refused` where the analysis is answered or already waiting; `Denied`
/// below tier 5.
pub async fn retry(session: &Session, of: &Name, about: RecordId) -> Result<()> {
    let now = session.eovr().now();
    let command = Command::new(Action::Retry)
        .set("since", now)
        .set("due_at", now)
        .set("attempts", 0_i64)
        .clear("reason");
    session.act(&KIND, analysis_of(of, &about.to_string()), command).await.map(drop)
}

#[cfg(test)]
mod tests;
