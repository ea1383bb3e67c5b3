//! Counts of refused requests, as one record for each day.
//!
//! A refused caller has no record that could log the refusal, and an event for every invalid token would let an
//! attacker fill the database. So each day has one record with counts, shared by all nodes. Each time a host writes
//! it ([`SecurityLog::add`]), the new counts go into its audit chain, which cannot be changed afterwards. Events of
//! an account (attempts, a refresh token that was used twice) are also recorded in that account's chain.

use std::collections::BTreeMap;

use crate::access::{Tiers, danger};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::org::Stamp;
use crate::record::{RecordId, Value};
use crate::service::{Eovr, Session, until_won};
use crate::workflow::{Label, May, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: Name = Name::from_static("security_day");

labels! {
    /// The events that an administrator should know about.
    pub enum Concern {
        /// A token or key was invalid: forged, expired, revoked, or for another purpose.
        TokenRefused = "token_refused",
        /// A login failed.
        LoginFailed = "login_failed",
        /// A user tried an action without permission.
        Denied = "denied",
        /// A client exceeded its rate limit.
        TooMany = "too_many",
        /// Many logins failed within one minute.
        LoginBurst = "login_burst",
        /// An account got another role.
        RoleChanged = "role_changed",
        /// A user read very many records in one hour.
        BulkRead = "bulk_read",
        /// A user read many records at night.
        OffHoursRead = "off_hours_read",
    }
}

labels! {
    enum State {
        Open = "open",
        // A day is never closed, but a workflow needs a final state.
        Kept = "kept",
    }
}

labels! {
    enum Action {
        Begin = "begin",
        Add = "add",
        Keep = "keep",
    }
}

struct DayWorkflow;

/// The facets, in the order of [`Concern::ALL`]. Either action sets all of them.
const COUNTS: &[&str] = &[
    "token_refused",
    "login_failed",
    "denied",
    "too_many",
    "login_burst",
    "role_changed",
    "bulk_read",
    "off_hours_read",
];

impl Workflow for DayWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Open;
    const ENDS: &'static [State] = &[State::Kept];
    const CREATE: Action = Action::Begin;

    const MAY: &'static [May<Action>] = &[
        May::new(Action::Begin, (5, 5), &["day"]),
        May::new(Action::Add, (5, 5), COUNTS),
        May::new(Action::Keep, (5, 5), &[]),
    ];

    const RULES: &'static [Row<State, Action>] = &[
        Row::stay(&[State::Open], Action::Add, &[]),
        Row::to(&[State::Open], Action::Keep, State::Kept, &[]),
    ];
}

pub(super) fn kind() -> Result<Kind> {
    let counts = Concern::ALL.iter().map(|concern| FacetSpec::int((*concern).into()).range(0..=i64::MAX));
    let facets = counts.chain([FacetSpec::text(name!("day")).required()]).collect();
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets,
        ..KindTable::new(KIND, Table::of::<DayWorkflow>()?)
    })
}

/// Writes the security log.
#[derive(Clone, Debug)]
pub struct SecurityLog {
    session: Session,
}

impl SecurityLog {
    /// The log of this engine.
    ///
    /// # Errors
    /// None that a host can cause.
    pub fn of(eovr: &Eovr) -> Result<Self> {
        Ok(Self { session: eovr.session(danger::unrestricted("eovr.watch", "log what was turned away")?) })
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// Adds these counts to today's. `note` gives details, such as which account read so much. It is sealed.
    ///
    /// # Errors
    /// Errors of the store. After an error nothing was counted, except after `Uncertain`.
    pub async fn add(&self, counts: &BTreeMap<Concern, u64>, note: Option<&str>) -> Result<()> {
        let day = self.session.eovr().now().utc_day();
        let id = id(&day);
        let added = until_won(|| async {
            let record = match self.session.load(&KIND, id).await {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.begin(id, &day).await?;
                    self.session.load(&KIND, id).await?
                }
                loaded => loaded?,
            };
            let mut command = Command::new(Action::Add).expecting(record.version());
            for (concern, count) in counts {
                let before = record.facet(concern.name()).and_then(Value::as_int).unwrap_or_default();
                let count = i64::try_from(*count).unwrap_or(i64::MAX);
                command = command.set(concern.name(), before.saturating_add(count));
            }
            if let Some(note) = note {
                command = command.note(note);
            }
            self.session.act(&KIND, id, command).await
        });
        let added = added.await?.map(drop);
        added.ok_or_else(|| Error::new(ErrorKind::Conflict, "too many nodes write the security log at once"))
    }

    async fn begin(&self, id: RecordId, day: &str) -> Result<()> {
        let kind = self.session.eovr().catalog().kind(&KIND)?.clone();
        let command = Command::new(Action::Begin).set("day", day);
        let commit = self.session.decide_new(&kind, id, Stamp::national(), None, command)?;
        match self.session.eovr().commit(commit).await {
            // Another node created it first.
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            done => done.map(drop),
        }
    }
}

fn id(day: &str) -> RecordId {
    RecordId::derived("eovr.security_day.v1", &[day.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_concern_has_its_count() {
        assert!(Concern::ALL.iter().map(|concern| concern.name()).eq(COUNTS.iter().copied()));
    }
}
