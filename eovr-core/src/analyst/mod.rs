//! A second opinion from outside the house: who may be asked, what may leave, and what becomes of the answer.
//!
//! The embedded scorer reads a report while it is made. A provider's model is asked afterwards, from the
//! outbox, so it can neither delay nor lose one: a rule with [`crate::notice::To::Analyst`] opens an
//! **analysis**, a record like any other, and [`Desk`] works it off. Three things have to agree before a word
//! goes out:
//!
//! 1. a **model** is switched on. Each is a record ([`Registry`]): a person puts it on trial, where it is asked
//!    and nobody sees what it says, and switches it on once figures say that it is better ([`compare`]);
//! 2. the **facility allows the processor**: `allow_processors` on its record, off until somebody sets it;
//! 3. the facility's **budget** of the day is not spent, and the provider's [`Breaker`] is closed. A question is counted
//!    in the commit that lets it out, so that those in flight never overspend, on however many nodes.
//!
//! Then the gateway takes out what names a person and writes `send` into the analysis' audit chain (to whom, how
//! many characters, which codes beside them, their digest, and no content), and only then is there a
//! [`crate::triage::analysis::Cleared`] that an [`crate::ports::Analyst`] could be handed. So what went out is in
//! the trail even where the process dies in the next moment.
//!
//! What comes back goes onto the subject by an action of its own workflow, in the same commit as `answer` on
//! the analysis. Where nothing comes, its fields stay empty and the [`Reason`] is written down; the analysis is
//! tried again after a pause that grows, and **parked** in the end.
//!
//! The engine does not know what is analysed: a [`Subject`] says which kind, which field, which codes.

mod breaker;
mod budget;
mod desk;
mod gateway;
mod pause;
mod registry;
mod standing;
mod subject;
mod trained;
mod trial;

use crate::access::Tiers;
use crate::decide::Command;
use crate::error::Result;
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name::Name;
use crate::record::{RecordId, ValueType};
use crate::risk::Band;
use crate::service::Session;
use crate::time::Timestamp;
use crate::triage::analysis::Reason;
use crate::workflow::{May, Need, Row, Table, Workflow};

pub use self::breaker::Breaker;
pub use self::desk::{Desk, Equipment, Limits, Outcome, Provider};
pub use self::registry::{Chosen, Examined, MODEL, ModelAction, ModelState, Registry};
pub use self::standing::{Month, standing};
pub use self::subject::{SETS, Subject};
pub use self::trained::Trained;
pub use self::trial::{Compared, compare};

/// The name of the kind.
pub const KIND: &str = "analysis";

/// After so many times of being sent an analysis is parked.
pub const MOST_ATTEMPTS: i64 = 6;

labels! {
    /// The states of an analysis.
    pub enum State {
        /// To be asked for.
        Waiting = "waiting",
        /// The analyst has answered.
        Answered = "answered",
        /// There was no answer, and it will not be tried again by itself.
        Parked = "parked",
        /// Nothing left the house: it was not allowed, or nothing is switched on.
        Withheld = "withheld",
    }
}

labels! {
    /// What can be done with one.
    pub enum Action {
        /// Open it.
        Open = "open",
        /// Send the narrative out, and say what and to whom: written before it is sent.
        Send = "send",
        /// Leave it for later; nothing is sent.
        Wait = "wait",
        /// There was no answer this time.
        Fail = "fail",
        /// Take the answer down.
        Answer = "answer",
        /// There will be no answer.
        Park = "park",
        /// Nothing may be sent.
        Withhold = "withhold",
        /// Try again what was parked or withheld.
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

    // Software does all of it (see the rules); tier 5 may look what left the house, and have something tried again.
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
/// None that a host could cause.
pub fn kinds() -> Result<Vec<Kind>> {
    Ok(vec![kind()?, registry::kind()?, budget::kind()?])
}

fn kind() -> Result<Kind> {
    let plain = |name: &str, value_type| Ok::<_, crate::Error>(FacetSpec::new(Name::new(name)?, value_type));
    let required = |facet: FacetSpec| FacetSpec { required: true, ..facet };
    let indexed = |facet: FacetSpec| FacetSpec { indexed: true, ..facet };
    let count = |name: &str| {
        Ok::<_, crate::Error>(FacetSpec {
            range: Some((0, i64::from(u32::MAX))),
            ..plain(name, ValueType::Int)?
        })
    };
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets: vec![
            required(plain("about", ValueType::Text)?),
            required(plain("of", ValueType::Text)?),
            required(plain("since", ValueType::Time)?),
            indexed(required(plain("due_at", ValueType::Time)?)),
            count("attempts")?,
            plain("on_trial", ValueType::Bool)?,
            plain("processor", ValueType::Text)?,
            plain("model", ValueType::Text)?,
            plain("prompt", ValueType::Text)?,
            count("characters")?,
            count("taken_out")?,
            plain("beside", ValueType::Text)?,
            plain("digest", ValueType::Bytes)?,
            indexed(plain("sent_on", ValueType::Text)?),
            FacetSpec::choice("reason", Reason::ALL.map(Reason::name))?,
            FacetSpec::choice("level", Band::ALL.map(Band::name))?,
            FacetSpec { range: Some((0, 100)), ..plain("confidence", ValueType::Int)? },
            count("took")?,
            count("tokens_in")?,
            count("tokens_out")?,
        ],
        ..KindTable::new(KIND, Table::of::<AnalysisWorkflow>()?)?
    })
}

/// The id of a record's analysis follows from the record: there is never a second one.
#[must_use]
pub fn analysis_of(kind: &Name, about: &str) -> RecordId {
    RecordId::derived("eovr.analysis.v1", &[kind.as_str().as_bytes(), about.as_bytes()])
}

/// Asks to open the analysis of a record.
pub(crate) fn opening(kind: &Name, about: &str, now: Timestamp) -> Command {
    Command::new(Action::Open)
        .set("about", about)
        .set("of", kind.as_str())
        .set("since", now)
        .set("due_at", now)
}

/// Has the analysis of a record tried again that was parked or withheld.
///
/// # Errors
/// `NotFound` where it has none; `Refused` where it is answered or waits already; `Denied` below tier 5.
pub async fn retry(session: &Session, of: &Name, about: RecordId) -> Result<()> {
    let now = session.eovr().now();
    let command = Command::new(Action::Retry)
        .set("since", now)
        .set("due_at", now)
        .set("attempts", 0_i64)
        .clear("reason");
    session.act(KIND, analysis_of(of, &about.to_string()), command).await.map(drop)
}

#[cfg(test)]
mod tests;
