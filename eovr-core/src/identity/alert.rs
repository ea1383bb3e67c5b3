//! What somebody who answers for a host has to look at: an alert is a record of its own.
//!
//! A meter and a line in the log reach whoever watches the server, if anybody does. An alert also reaches the
//! accounts of tier 5: they are told ([`alert_rules`](crate::notice::alert_rules)) and settle it, saying what they
//! found. Its id follows from what it is about and the day, so that twenty nodes and a thousand requests that
//! meet the same damaged record tell of it once a day.

use crate::access::Tiers;
use crate::decide::Command;
use crate::error::{ErrorKind, Result};
use crate::identity::facet;
use crate::identity::watch::SecurityLog;
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::org::Stamp;
use crate::record::{RecordId, ValueType};
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: &str = "security_alert";

/// How much a note says at most, in characters.
const LONGEST_NOTE: usize = 1000;

labels! {
    /// What an alert is about.
    pub enum Alert {
        /// The log no longer begins with what its last checkpoint vouched for.
        LogRewritten = "log_rewritten",
        /// No checkpoint could be made, or kept.
        CheckpointFailed = "checkpoint_failed",
        /// A record does not fit its audit chain, or does not open as what was sealed there.
        RecordTampered = "record_tampered",
        /// The store took no writes for a while.
        WriteFailed = "write_failed",
        /// Second factors of an account were guessed at: its password is known to somebody.
        FactorGuessed = "factor_guessed",
        /// Many logins failed in a minute.
        LoginBurst = "login_burst",
        /// Somebody was given another role.
        RoleChanged = "role_changed",
        /// Somebody was handed very many records in an hour.
        BulkRead = "bulk_read",
        /// Somebody was handed many records at night.
        OffHoursRead = "off_hours_read",
        /// Mail is refused for the host's account, its sender or its settings, or was tried in vain for too long.
        MailFailed = "mail_failed",
        /// Another system refuses what it is told for the host's signature or settings, or was tried in vain for too long.
        WebhookFailed = "webhook_failed",
    }
}

labels! {
    /// The states of an alert.
    pub enum State {
        /// Nobody has said yet what it was.
        Open = "open",
        /// Somebody has looked into it.
        Settled = "settled",
    }
}

labels! {
    /// What can be done with an alert.
    pub enum Action {
        /// Tell of it.
        Raise = "raise",
        /// Say what was found.
        Settle = "settle",
    }
}

struct AlertWorkflow;

impl Workflow for AlertWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Open;
    const ENDS: &'static [State] = &[State::Settled];
    const CREATE: Action = Action::Raise;

    const MAY: &'static [May<Action>] = &[
        May::new(Action::Raise, (5, 5), &["alert", "subject", "day"]),
        May::new(Action::Settle, (5, 5), &[]),
    ];

    const RULES: &'static [Row<State, Action>] =
        &[Row::to(&[State::Open], Action::Settle, State::Settled, &[Need::Human, Need::Note])];
}

pub(super) fn kind() -> Result<Kind> {
    let required = |facet: FacetSpec| FacetSpec { required: true, ..facet };
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets: vec![
            required(FacetSpec::choice("alert", Alert::ALL.iter().map(|alert| alert.name()))?),
            facet("subject", ValueType::Text)?,
            required(facet("day", ValueType::Text)?),
        ],
        ..KindTable::new(KIND, Table::of::<AlertWorkflow>()?)?
    })
}

impl SecurityLog {
    /// Tells of something, unless it was told today already: by this node or by another. `subject` is what it is about:
    /// the id of an account or a record, or the code by which something was refused; `note` says more, and is sealed.
    ///
    /// # Errors
    /// What the store says; it was not told then, except after `Uncertain`.
    pub async fn raise(&self, alert: Alert, subject: Option<&str>, note: Option<&str>) -> Result<bool> {
        let session = self.session();
        let day = session.eovr().now().utc_day();
        let parts = [alert.name().as_bytes(), subject.unwrap_or_default().as_bytes(), day.as_bytes()];
        let id = RecordId::derived("eovr.security_alert.v1", &parts);
        let command = Command::new(Action::Raise)
            .set("alert", alert.name())
            .set_some("subject", subject)
            .set("day", day.as_str());
        let command = match note {
            Some(note) => command.note(note.chars().take(LONGEST_NOTE).collect::<String>()),
            None => command,
        };
        let kind = session.eovr().catalog().kind(KIND)?.clone();
        let decide = || session.decide_new(&kind, id, Stamp::national(), None, command.clone());
        match session.eovr().commit_sealed(decide).await {
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(false),
            done => done.map(|_| true),
        }
    }
}
