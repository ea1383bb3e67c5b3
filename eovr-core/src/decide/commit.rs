use std::collections::BTreeSet;

use uuid::Uuid;

use crate::audit::{Attested, Link, Message, Tallied};
use crate::name::Name;
use crate::record::{Record, RecordId};

/// The complete effect of one accepted command. A store applies all of it in one transaction, or nothing. Only
/// [`crate::decide`] makes one.
///
/// ```compile_fail,E0451
/// let nothing = eovr_core::decide::Commit { changes: vec![], guards: vec![] };
/// ```
#[derive(Debug)]
pub struct Commit {
    changes: Vec<Change>,
    guards: Vec<Guard>,
}

/// A record that the decision depends on and does not change. If it has another version when the store applies the
/// commit, the commit fails.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Guard {
    /// Its kind.
    pub kind: Name,
    /// Its id.
    pub id: RecordId,
    /// The version that the decision read.
    pub version: u64,
}

impl Commit {
    pub(crate) fn new() -> Self {
        Self { changes: Vec::with_capacity(1), guards: Vec::new() }
    }

    pub(crate) fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// A record that the commit itself changes needs no guard, because the change already expects a version.
    pub(crate) fn guard(&mut self, guard: Guard) {
        let changes = |change: &Change| change.record.id() == guard.id;
        if !self.changes.iter().any(changes) && !self.guards.contains(&guard) {
            self.guards.push(guard);
        }
    }

    /// Combines two effects into one transaction.
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

    /// The guarded records, each once.
    pub fn guards(&self) -> &[Guard] {
        &self.guards
    }

    /// The records that change, by value.
    pub fn into_changes(self) -> Vec<Change> {
        self.changes
    }
}

/// The change of one record.
#[derive(Debug)]
pub struct Change {
    pub(crate) record: Record,
    pub(crate) expected: Option<u64>,
    pub(crate) link: Link,
    pub(crate) number: Option<NumberRequest>,
    pub(crate) message: Message<'static, Tallied>,
    pub(crate) posted: bool,
    pub(crate) keys: BTreeSet<Uuid>,
}

impl Change {
    /// The record after the change.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The record after the change, attested by this change's event, which is its last.
    pub fn into_record(self) -> Attested {
        Attested::decided(self.record)
    }

    /// The version that the change replaces. `None`: no record with this id may exist.
    pub fn expected(&self) -> Option<u64> {
        self.expected
    }

    /// Its next event.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The number that the store must assign to the record.
    pub fn number(&self) -> Option<&NumberRequest> {
        self.number.as_ref()
    }

    /// The message for the feed, and for the outbox where the change is [posted](Self::posted).
    pub fn message(&self) -> &Message<'static, Tallied> {
        &self.message
    }

    /// The keys under which the change seals new content.
    pub fn keys(&self) -> &BTreeSet<Uuid> {
        &self.keys
    }

    /// Whether the message goes into the outbox. Changes of an [internal](crate::kind::KindTable::internal) kind
    /// notify no recipient.
    pub fn posted(&self) -> bool {
        self.posted
    }
}

/// A number to take from a series: the next free one. Gaps are allowed, duplicates never.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NumberRequest {
    /// The series: prefix and year, `OVR-2026`.
    pub series: String,
    /// The least number of digits.
    pub width: u8,
}

impl NumberRequest {
    /// The text of the `count`-th number of the series: `OVR-2026-000123`.
    pub fn write(&self, count: u64) -> String {
        format!("{}-{count:0width$}", self.series, width = usize::from(self.width))
    }
}
