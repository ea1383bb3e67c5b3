//! Security alerts for the administrators of a host. Each alert is a record.
//!
//! A metric and a log line reach only an administrator who watches the server. An alert also notifies the accounts of
//! tier 5 ([`alert_rules`](crate::notice::alert_rules)). They settle it and say what they found. The id of an alert
//! follows from its subject and the day, so twenty nodes and a thousand requests that find the same damaged record
//! raise one alert a day.

use crate::access::Tiers;
use crate::decide::Command;
use crate::error::{ErrorKind, Result};
use crate::identity::watch::SecurityLog;
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::org::Stamp;
use crate::record::RecordId;
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: Name = Name::from_static("security_alert");

/// The longest note, in characters.
const LONGEST_NOTE: usize = 1000;

labels! {
    /// The reasons for an alert.
    pub enum Alert {
        /// The beginning of the log no longer matches the last checkpoint.
        LogRewritten = "log_rewritten",
        /// The server could not make or store a checkpoint.
        CheckpointFailed = "checkpoint_failed",
        /// A record does not match its audit chain, or a sealed value does not open.
        RecordTampered = "record_tampered",
        /// The store accepted no writes for some time.
        WriteFailed = "write_failed",
        /// An attacker tried several second-factor codes of an account, and so knows its password.
        FactorGuessed = "factor_guessed",
        /// Many logins failed within one minute.
        LoginBurst = "login_burst",
        /// An account got another role.
        RoleChanged = "role_changed",
        /// A user read very many records in one hour.
        BulkRead = "bulk_read",
        /// A user read many records at night.
        OffHoursRead = "off_hours_read",
        /// The mail server rejects the host's account, sender or settings, or delivery has failed for too long.
        MailFailed = "mail_failed",
        /// A webhook's receiver rejects the host's signature or settings, or delivery has failed for too long.
        WebhookFailed = "webhook_failed",
    }
}

labels! {
    /// The states of an alert.
    pub enum State {
        /// No user has explained it yet.
        Open = "open",
        /// A user has explained it.
        Settled = "settled",
    }
}

labels! {
    /// The actions on an alert.
    pub enum Action {
        /// Raise it.
        Raise = "raise",
        /// Record what was found.
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
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets: vec![
            FacetSpec::choice(name!("alert"), Alert::ALL).required(),
            FacetSpec::text(name!("subject")),
            FacetSpec::text(name!("day")).required(),
        ],
        ..KindTable::new(KIND, Table::of::<AlertWorkflow>()?)
    })
}

impl SecurityLog {
    /// Raises an alert, unless any node has raised the same alert today. `subject` identifies the cause: the id of an
    /// account or a record, or the code of a refusal. `note` gives details and is sealed.
    ///
    /// # Errors
    /// Errors of the store. After an error the alert was not raised, except after `Uncertain`.
    pub async fn raise(&self, alert: Alert, subject: Option<&str>, note: Option<&str>) -> Result<bool> {
        let session = self.session();
        let day = session.eovr().now().utc_day();
        let parts = [alert.name().as_bytes(), subject.unwrap_or_default().as_bytes(), day.as_bytes()];
        let id = RecordId::derived("eovr.security_alert.v1", &parts);
        let command = Command::new(Action::Raise)
            .set("alert", alert)
            .set_some("subject", subject)
            .set("day", day.as_str());
        let command = match note {
            Some(note) => command.note(note.chars().take(LONGEST_NOTE).collect::<String>()),
            None => command,
        };
        let kind = session.eovr().catalog().kind(&KIND)?.clone();
        let decide = || session.decide_new(&kind, id, Stamp::national(), None, command.clone());
        match session.eovr().commit_sealed(decide).await {
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(false),
            done => done.map(|_| true),
        }
    }
}
