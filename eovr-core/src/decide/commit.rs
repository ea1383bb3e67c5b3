use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use uuid::Uuid;

use crate::audit::{Attested, Link};
use crate::name::Name;
use crate::record::{Record, RecordId, Value};

/// The complete effect of one accepted command. A store applies all of it in one transaction, or
/// nothing; only [`crate::decide`] makes one.
///
/// ```compile_fail,E0451
/// let nothing = eovr_core::decide::Commit { changes: vec![], guards: vec![] };
/// ```
#[derive(Debug)]
pub struct Commit {
    changes: Vec<Change>,
    guards: Vec<Guard>,
}

/// A record that is not changed, and on which a decision stands: where it has another version by the time that the
/// commit is made, the commit is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Guard {
    /// Its kind.
    pub kind: Name,
    /// Its id.
    pub id: RecordId,
    /// The version that the decision knew.
    pub version: u64,
}

impl Commit {
    pub(crate) fn new() -> Self {
        Self { changes: Vec::with_capacity(1), guards: Vec::new() }
    }

    pub(crate) fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// A record that the commit itself changes has the version that it expects, and needs no other guard.
    pub(crate) fn guard(&mut self, guard: Guard) {
        let changes = |change: &Change| change.record.id() == guard.id;
        if !self.changes.iter().any(changes) && !self.guards.contains(&guard) {
            self.guards.push(guard);
        }
    }

    /// Puts two effects into one transaction.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.changes.extend(other.changes);
        for guard in std::mem::take(&mut self.guards).into_iter().chain(other.guards) {
            self.guard(guard);
        }
        self
    }

    /// The records that change, each once.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The records that have to be as the decision knew them, each once.
    pub fn guards(&self) -> &[Guard] {
        &self.guards
    }

    /// The records that change, to keep.
    pub fn into_changes(self) -> Vec<Change> {
        self.changes
    }
}

/// What becomes of one record.
#[derive(Debug)]
pub struct Change {
    pub(crate) record: Record,
    pub(crate) expected: Option<u64>,
    pub(crate) link: Link,
    pub(crate) number: Option<NumberRequest>,
    pub(crate) message: Message,
    pub(crate) posted: bool,
    pub(crate) keys: BTreeSet<Uuid>,
}

impl Change {
    /// The record as it will be.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The record as it will be, once it is: what its last event left, which is this change's.
    pub fn into_record(self) -> Attested {
        Attested::decided(self.record)
    }

    /// The version that it replaces; `None`: there must be no record of this id.
    pub fn expected(&self) -> Option<u64> {
        self.expected
    }

    /// Its next event.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The number that a store must assign to it.
    pub fn number(&self) -> Option<&NumberRequest> {
        self.number.as_ref()
    }

    /// What the feed will say, and the outbox, where it is [posted](Self::posted).
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The keys under which it seals something new.
    pub fn keys(&self) -> &BTreeSet<Uuid> {
        &self.keys
    }

    /// Whether the message goes into the outbox: of what is [internal](crate::kind::KindTable::internal)
    /// nobody is told.
    pub fn posted(&self) -> bool {
        self.posted
    }
}

/// A number to be taken from a series: the next one that nobody has. Gaps are allowed, doubles never.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NumberRequest {
    /// The series: prefix and year, `OVR-2026`.
    pub series: String,
    /// The least number of digits.
    pub width: u8,
}

impl NumberRequest {
    /// How the `count`-th number of the series is written: `OVR-2026-000123`.
    pub fn write(&self, count: u64) -> String {
        format!("{}-{count:0width$}", self.series, width = usize::from(self.width))
    }
}

/// What others are told about a change. Ids, names and codes: never text of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Kind and action: `incident.report`.
    pub topic: String,
    /// The record's id.
    pub record: String,
    /// The record's version after the change.
    pub version: u64,
    /// The state before; none at creation.
    pub from: Option<String>,
    /// The state after.
    pub to: String,
    /// The governorate.
    pub governorate: String,
    /// The administration.
    pub administration: String,
    /// The facility.
    pub facility: String,
    /// Year and month of creation on the facility's wall clock, as `yyyymm`.
    pub month: u32,
    /// The facets that figures count by, as they were; none at creation. What is not set is `null`, so
    /// that it differs from what this release does not count by.
    pub before: Option<BTreeMap<Name, Option<Value>>>,
    /// The same as they are. With state, place and month they say how every figure changed.
    pub after: BTreeMap<Name, Option<Value>>,
    /// The hash of the event, in hex: whoever commits to the feed has committed to what happened.
    pub event: String,
}
