use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::access::Actor;
use crate::audit::{Attested, Authenticator};
use crate::kind::Catalog;
use crate::name::Name;
use crate::org::Stamp;
use crate::record::RecordId;
use crate::seal::{Cipher, Entropy};
use crate::time::Timestamp;

/// The inputs of a decision, which itself reads no clock, no store and no random source.
#[derive(Debug)]
pub struct Context<'a> {
    /// The caller.
    pub actor: &'a Actor,
    /// The kinds of this host.
    pub catalog: &'a Catalog,
    /// Seals fields and notes.
    pub cipher: &'a dyn Cipher,
    /// Authenticates events. Without it events carry no code.
    pub authenticator: Option<&'a Authenticator>,
    /// The moment of the decision.
    pub now: Timestamp,
    /// The time zone of the place.
    pub zone: &'a TimeZone,
    /// Entropy, fresh for every decision. A question of [`legal`](crate::decide::legal) draws none.
    pub entropy: &'a mut Entropy,
    /// The results of the host's checks, by name. A check without a result has not passed.
    pub checks: &'a BTreeMap<Name, bool>,
}

/// The record that a command is about.
#[derive(Debug)]
pub enum Target<'a> {
    /// A record to be created.
    New {
        /// Its id.
        id: RecordId,
        /// Its place.
        stamp: Stamp,
        /// For child kinds, the record that it belongs to.
        parent: Option<Parent<'a>>,
    },
    /// A record that was read through the actor's own scope and matches its last event.
    Existing {
        /// The record.
        record: &'a Attested,
        /// For each child kind that the workflow asks about, the number of open children.
        open_children: &'a BTreeMap<Name, u64>,
    },
}

/// The parent of a new record, read through the actor's own scope.
#[derive(Clone, Copy, Debug)]
pub struct Parent<'a> {
    /// The record.
    pub record: &'a Attested,
    /// The number of its open children of the new record's kind. Every added child changes the parent's version. So
    /// either the count is still right when the store commits, or the commit fails.
    pub open: u64,
}
