//! How often somebody tried to come in and failed, counted where it was tried from.
//!
//! A count that stood in the account itself would be a lock that every stranger can close, for as long as it
//! pleases them. So each [`Place`] from which an account is tried has a record of its own, after the *device
//! cookies* of OWASP: a browser or a network from which the account was entered before, a login that is open
//! and asked for a fresh proof, and everybody else together, the strangers. Strangers close the door to
//! strangers alone.
//!
//! The id of a record follows from account and place by an HMAC, so every node counts in the same one and
//! whoever reads the store learns no address. Attempts at addresses that no account has are spread over some
//! hundred records, so that they cost as much and are raced for as seldom as those at accounts.

use crate::access::Tiers;
use crate::decide::Command;
use crate::error::Result;
use crate::identity::facet;
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name::Name;
use crate::record::{Column, Query, Record, RecordId, Test, Value, ValueType};
use crate::time::Timestamp;
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: &str = "throttle";

labels! {
    /// The states of a count.
    pub enum State {
        /// It counts.
        Counting = "counting",
        /// It does not any more; a table wants an end.
        Retired = "retired",
    }
}

labels! {
    /// What is done with a count.
    pub enum Action {
        /// Count the first attempt, or remember the network that the account was entered from.
        Begin = "begin",
        /// Count an attempt before anything of it is looked at, so that many at once are no more than many
        /// in a row.
        Attempt = "attempt",
        /// At an address that no account has: the door was closed. An account says it in its own chain.
        Lock = "lock",
        /// Take an attempt back, which was right: a login is not open yet, and what failed before stays.
        Settle = "settle",
        /// Forget the failures: a login was opened, or proved.
        Clear = "clear",
        /// Open the door again, for a person who says why.
        Lift = "lift",
        /// Count no more.
        Retire = "retire",
    }
}

labels! {
    /// Where an attempt comes from, as far as the account is concerned.
    pub enum Place {
        /// From something that the account was never entered with.
        Strangers = "strangers",
        /// From a network that the account was entered from before.
        Network = "network",
        /// From a browser that the account was entered with before.
        Device = "device",
        /// From inside: an open login is asked for a fresh proof.
        Login = "login",
    }
}

struct ThrottleWorkflow;

impl Workflow for ThrottleWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Counting;
    const ENDS: &'static [State] = &[State::Retired];
    const CREATE: Action = Action::Begin;

    const MAY: &'static [May<Action>] = &[
        May::new(Action::Begin, (5, 5), &["place", "user", "failures", "closed_until", "came_in_at"]),
        May::new(Action::Attempt, (5, 5), &["failures", "closed_until"]),
        May::new(Action::Lock, (5, 5), &[]),
        May::new(Action::Settle, (5, 5), &["failures", "closed_until"]),
        May::new(Action::Clear, (5, 5), &["failures", "closed_until", "came_in_at"]),
        May::new(Action::Lift, (5, 5), &["failures", "closed_until"]).with_proof(),
        May::new(Action::Retire, (5, 5), &[]),
    ];

    const RULES: &'static [Row<State, Action>] = {
        use State::{Counting, Retired};
        &[
            Row::stay(&[Counting], Action::Attempt, &[Need::Software]),
            Row::stay(&[Counting], Action::Lock, &[Need::Software]),
            Row::stay(&[Counting], Action::Settle, &[Need::Software]),
            Row::stay(&[Counting], Action::Clear, &[Need::Software]),
            Row::stay(&[Counting], Action::Lift, &[Need::Human, Need::Note]),
            Row::to(&[Counting], Action::Retire, Retired, &[Need::Software]),
        ]
    };
}

pub(super) fn kind() -> Result<Kind> {
    let places = Place::ALL.iter().map(|place| place.name());
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        internal: true,
        facets: vec![
            FacetSpec { required: true, ..FacetSpec::choice("place", places)? },
            FacetSpec { indexed: true, ..facet("user", ValueType::Text)? },
            FacetSpec { range: Some((0, i64::MAX)), ..facet("failures", ValueType::Int)? },
            facet("closed_until", ValueType::Time)?,
            facet("came_in_at", ValueType::Time)?,
        ],
        ..KindTable::new(KIND, Table::of::<ThrottleWorkflow>()?)?
    })
}

/// The rule by which failures close a door, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    /// So many failures close it.
    pub(super) after: i64,
    /// For so many seconds the first time, and twice as long each time after that.
    pub(super) first_seconds: i64,
    /// For so many at most.
    pub(super) longest_seconds: i64,
}

/// After a day without an attempt the failures before it count no more.
const FORGOTTEN_SECONDS: i64 = 24 * 3600;

/// How a count stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    failures: i64,
    closed_until: Option<Timestamp>,
}

impl Standing {
    /// How a record stands now.
    pub(super) fn of(record: &Record, now: Timestamp) -> Self {
        let closed_until = record.facet("closed_until").and_then(Value::as_time).filter(|until| *until > now);
        let calm = record.envelope().updated_at.plus_seconds(FORGOTTEN_SECONDS) <= now;
        let failures = record.facet("failures").and_then(Value::as_int).unwrap_or_default();
        Self { failures: if calm && closed_until.is_none() { 0 } else { failures }, closed_until }
    }

    /// Whether nobody comes in from there.
    pub(super) fn is_closed(self) -> bool {
        self.closed_until.is_some()
    }

    /// With one attempt more. A door that is closed stays so for as long as it was going to: who knocks
    /// meanwhile makes it no longer.
    pub(super) fn attempted(self, now: Timestamp, pauses: Pauses) -> Self {
        if self.is_closed() {
            return self;
        }
        let failures = self.failures.saturating_add(1);
        let after = pauses.after.max(1);
        let closes = failures % after == 0;
        let doublings = u32::try_from(failures / after - 1).unwrap_or(u32::MAX).min(30);
        let seconds = pauses.first_seconds.saturating_mul(1 << doublings).min(pauses.longest_seconds);
        Self { failures, closed_until: closes.then(|| now.plus_seconds(seconds)) }
    }

    /// With the attempt that turned out right taken back; where it was the one that closed the door, the door
    /// is open again.
    pub(super) fn settled(self, pauses: Pauses) -> Self {
        let closed_by_it = self.failures % pauses.after.max(1) == 0;
        let closed_until = self.closed_until.filter(|_| !closed_by_it);
        Self { failures: self.failures.saturating_sub(1).max(0), closed_until }
    }

    /// Asks to keep this.
    pub(super) fn set(self, command: Command) -> Command {
        let command = match self.failures {
            0 => command.clear("failures"),
            failures => command.set("failures", failures),
        };
        match self.closed_until {
            None => command.clear("closed_until"),
            Some(until) => command.set("closed_until", until),
        }
    }
}

/// The question for the counts of these accounts whose door is closed.
///
/// # Errors
/// None that a caller could cause.
pub fn closed(accounts: impl IntoIterator<Item = RecordId>, now: Timestamp) -> Result<Query> {
    let until = Column::Facet(Name::new("closed_until")?);
    Ok(of(accounts)?.filter(until, Test::From(now.into())))
}

/// The question for the counts of these accounts.
pub(super) fn of(accounts: impl IntoIterator<Item = RecordId>) -> Result<Query> {
    let accounts = accounts.into_iter().map(|account| Value::from(account.to_string())).collect();
    let user = Column::Facet(Name::new("user")?);
    Ok(Query::of(Name::new(KIND)?).filter(user, Test::In(accounts)).limit(Query::LARGEST_PAGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSES: Pauses = Pauses { after: 5, first_seconds: 900, longest_seconds: 4 * 3600 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(0).plus_seconds(seconds)
    }

    fn after(failures: i64) -> Standing {
        Standing { failures, closed_until: None }
    }

    #[test]
    fn each_round_closes_for_twice_as_long_up_to_a_limit() {
        let pause = |failures| after(failures).attempted(at(0), PAUSES).closed_until;
        assert_eq!(pause(3), None);
        for (failures, seconds) in
            [(4, 900), (9, 1800), (14, 3600), (19, 7200), (24, 14_400), (999_999, 14_400)]
        {
            assert_eq!(pause(failures), Some(at(seconds)), "{failures}");
        }
        assert_eq!(pause(5), None, "one attempt after a pause closes it again");
    }

    #[test]
    fn who_knocks_at_a_closed_door_makes_it_no_longer() {
        let closed = after(4).attempted(at(0), PAUSES);
        assert!(closed.is_closed());
        assert_eq!(closed.attempted(at(800), PAUSES), closed);
    }

    #[test]
    fn an_attempt_that_was_right_is_taken_back_and_no_other() {
        let closed = after(4).attempted(at(0), PAUSES);
        assert_eq!(closed.settled(PAUSES), after(4));
        assert_eq!(after(3).settled(PAUSES), after(2));
        assert_eq!(after(0).settled(PAUSES), after(0));
    }
}
