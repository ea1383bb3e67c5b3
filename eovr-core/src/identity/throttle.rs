//! Rate limits for failed logins, counted by where the attempts come from.
//!
//! With one count in the account itself, any stranger could lock the owner out for as long as they like. So each
//! [`Place`] from which an account is tried has a record of its own, following the *device cookies* of OWASP: a
//! browser or a network from which the owner logged in before, an open login that must authenticate again, and all
//! others together as strangers. Failed attempts of strangers lock out only strangers.
//!
//! The id of a record is an HMAC of account and place. So every node uses the same record, and an attacker who reads
//! the store learns no address. Attempts at unknown addresses are spread over some hundred records, so they cost as
//! much, and conflict as rarely, as attempts at accounts.

use crate::access::Tiers;
use crate::decide::Command;
use crate::error::Result;
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::record::{Column, Query, Record, RecordId, Test, Value};
use crate::time::Timestamp;
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: Name = Name::from_static("throttle");

labels! {
    /// The states of a count.
    pub enum State {
        /// In use.
        Counting = "counting",
        /// Not in use. A workflow needs a final state.
        Retired = "retired",
    }
}

labels! {
    /// The actions on a count.
    pub enum Action {
        /// Count the first attempt, or record the network from which the user logged in.
        Begin = "begin",
        /// Count an attempt before its password is checked, so that concurrent attempts count like consecutive ones.
        Attempt = "attempt",
        /// For an unknown address: record the lock-out. For an account, the account's own chain records it.
        Lock = "lock",
        /// Take back a successful attempt. No login is open yet, so earlier failures stay.
        Settle = "settle",
        /// Reset the failures after a login or an authentication.
        Clear = "clear",
        /// End the lock-out. A person gives the reason.
        Lift = "lift",
        /// Take it out of use.
        Retire = "retire",
    }
}

labels! {
    /// Where an attempt comes from, from the account's point of view.
    pub enum Place {
        /// An unknown browser and network.
        Strangers = "strangers",
        /// A network from which the user logged in before.
        Network = "network",
        /// A browser with which the user logged in before.
        Device = "device",
        /// An open login that must authenticate again.
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
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        internal: true,
        facets: vec![
            FacetSpec::choice(name!("place"), Place::ALL).required(),
            FacetSpec::text(name!("user")).indexed(),
            FacetSpec::int(name!("failures")).range(0..=i64::MAX),
            FacetSpec::time(name!("closed_until")),
            FacetSpec::time(name!("came_in_at")),
        ],
        ..KindTable::new(KIND, Table::of::<ThrottleWorkflow>()?)
    })
}

/// The rule for lock-outs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    /// The number of failures that causes a lock-out.
    pub(super) after: i64,
    /// The first lock-out, in seconds. Each further one is twice as long.
    pub(super) first_seconds: i64,
    /// The longest lock-out, in seconds.
    pub(super) longest_seconds: i64,
}

/// After a day without an attempt, earlier failures no longer count.
const FORGOTTEN_SECONDS: i64 = 24 * 3600;

/// The current value of a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    failures: i64,
    closed_until: Option<Timestamp>,
}

impl Standing {
    /// The value of a record at this time.
    pub(super) fn of(record: &Record, now: Timestamp) -> Self {
        let closed_until = record.time("closed_until").filter(|until| *until > now);
        let calm = record.envelope().updated_at.plus_seconds(FORGOTTEN_SECONDS) <= now;
        let failures = record.int("failures").unwrap_or_default();
        Self { failures: if calm && closed_until.is_none() { 0 } else { failures }, closed_until }
    }

    /// Whether attempts from this place are locked out.
    pub(super) fn is_closed(self) -> bool {
        self.closed_until.is_some()
    }

    /// The value after one more attempt. Attempts during a lock-out do not extend it.
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

    /// The value after a successful attempt was taken back. If that attempt caused the lock-out, the lock-out ends.
    pub(super) fn settled(self, pauses: Pauses) -> Self {
        let closed_by_it = self.failures % pauses.after.max(1) == 0;
        let closed_until = self.closed_until.filter(|_| !closed_by_it);
        Self { failures: self.failures.saturating_sub(1).max(0), closed_until }
    }

    /// Adds the value to a command.
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

/// The query for the counts of these accounts that are locked out.
pub fn closed(accounts: impl IntoIterator<Item = RecordId>, now: Timestamp) -> Query {
    let until = Column::Facet(name!("closed_until"));
    of(accounts).filter(until, Test::From(now.into()))
}

/// The query for the counts of these accounts.
pub(super) fn of(accounts: impl IntoIterator<Item = RecordId>) -> Query {
    let accounts = accounts.into_iter().map(|account| Value::from(account.to_string())).collect();
    let user = Column::Facet(name!("user"));
    Query::of(KIND).filter(user, Test::In(accounts)).limit(Query::LARGEST_PAGE)
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
    fn each_lock_out_is_twice_as_long_up_to_a_limit() {
        let pause = |failures| after(failures).attempted(at(0), PAUSES).closed_until;
        assert_eq!(pause(3), None);
        for (failures, seconds) in
            [(4, 900), (9, 1800), (14, 3600), (19, 7200), (24, 14_400), (999_999, 14_400)]
        {
            assert_eq!(pause(failures), Some(at(seconds)), "{failures}");
        }
        assert_eq!(pause(5), None, "one failure after a lock-out does not cause another");
    }

    #[test]
    fn attempts_during_a_lock_out_do_not_extend_it() {
        let closed = after(4).attempted(at(0), PAUSES);
        assert!(closed.is_closed());
        assert_eq!(closed.attempted(at(800), PAUSES), closed);
    }

    #[test]
    fn only_the_successful_attempt_is_taken_back() {
        let closed = after(4).attempted(at(0), PAUSES);
        assert_eq!(closed.settled(PAUSES), after(4));
        assert_eq!(after(3).settled(PAUSES), after(2));
        assert_eq!(after(0).settled(PAUSES), after(0));
    }
}
