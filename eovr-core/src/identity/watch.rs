//! What was turned away, as a record of each day.
//!
//! Whoever is refused at the door has no record of their own that could tell of it, and an event for every bad
//! token would let an attacker fill a database. So a day has one record, shared by all nodes, that
//! counts: each time a host writes it ([`SecurityLog::add`]) the counts since the last time go into its audit
//! chain, which cannot be changed afterwards. What belongs to an account (attempts, a refresh token that
//! was used twice) stands in that account's chain besides.

use std::collections::BTreeMap;

use crate::access::{Tiers, danger};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name::Name;
use crate::org::Stamp;
use crate::record::{RecordId, Value, ValueType};
use crate::service::{Eovr, Session};
use crate::workflow::{Label, May, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: &str = "security_day";

/// Whoever loses the race for the day's record decides again, this often.
const TRIES: u32 = 16;

labels! {
    /// What somebody who watches over a host should know.
    pub enum Concern {
        /// A token or a key that opens nothing was shown: forged, expired, withdrawn, or for something else.
        TokenRefused = "token_refused",
        /// A login failed.
        LoginFailed = "login_failed",
        /// Somebody asked for what they may not do.
        Denied = "denied",
        /// Somebody asked more often than they may.
        TooMany = "too_many",
        /// Many logins failed in a minute.
        LoginBurst = "login_burst",
        /// Somebody was given another role.
        RoleChanged = "role_changed",
        /// Somebody read very many records in an hour.
        BulkRead = "bulk_read",
        /// Somebody read many records at night.
        OffHoursRead = "off_hours_read",
    }
}

labels! {
    enum State {
        Open = "open",
        // A day is never closed; a table wants an end.
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

/// The facets, in the order of [`Concern::ALL`]; all of a day are set by either action.
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
    let count = |name: &&str| {
        Ok(FacetSpec { range: Some((0, i64::MAX)), ..FacetSpec::new(Name::new(name)?, ValueType::Int) })
    };
    let mut facets = COUNTS.iter().map(count).collect::<Result<Vec<_>>>()?;
    facets.push(FacetSpec { required: true, ..FacetSpec::new(Name::new("day")?, ValueType::Text) });
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets,
        ..KindTable::new(KIND, Table::of::<DayWorkflow>()?)?
    })
}

/// Writes what was turned away.
#[derive(Clone, Debug)]
pub struct SecurityLog {
    session: Session,
}

impl SecurityLog {
    /// The log of this engine.
    ///
    /// # Errors
    /// None that a host could cause.
    pub fn of(eovr: &Eovr) -> Result<Self> {
        Ok(Self { session: eovr.session(danger::unrestricted("eovr.watch", "log what was turned away")?) })
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// Adds these counts to today's. `note` says more where counts do not, such as which account read so
    /// much; it is sealed.
    ///
    /// # Errors
    /// What the store says; nothing was counted then, except after `Uncertain`.
    pub async fn add(&self, counts: &BTreeMap<Concern, u64>, note: Option<&str>) -> Result<()> {
        let day = self.session.eovr().now().utc_day();
        let id = id(&day);
        for _ in 0..TRIES {
            let record = match self.session.load(KIND, id).await {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.begin(id, &day).await?;
                    continue;
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
            match self.session.act(KIND, id, command).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                done => return done.map(drop),
            }
        }
        Err(Error::new(ErrorKind::Conflict, "too many nodes write the security log at once"))
    }

    async fn begin(&self, id: RecordId, day: &str) -> Result<()> {
        let kind = self.session.eovr().catalog().kind(KIND)?.clone();
        let command = Command::new(Action::Begin).set("day", day);
        let commit = self.session.decide_new(&kind, id, Stamp::national(), None, command)?;
        match self.session.eovr().commit(commit).await {
            // Another node was faster.
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
