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

/// What a decision needs to know and cannot find out by itself.
#[derive(Debug)]
pub struct Context<'a> {
    /// Who asks.
    pub actor: &'a Actor,
    /// The kinds of this host.
    pub catalog: &'a Catalog,
    /// What seals.
    pub cipher: &'a dyn Cipher,
    /// What vouches for events; without it they carry no code.
    pub authenticator: Option<&'a Authenticator>,
    /// The moment of the decision.
    pub now: Timestamp,
    /// The wall clock of the place.
    pub zone: &'a TimeZone,
    /// Fresh for every decision.
    pub entropy: &'a mut Entropy,
    /// The answers of the host's checks, by name; a check without an answer has not passed.
    pub checks: &'a BTreeMap<Name, bool>,
}

/// What a command is about.
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
    /// A record that was read through the actor's own scope, and is what its last event left.
    Existing {
        /// The record.
        record: &'a Attested,
        /// For each child kind that its workflow asks about, how many children are still open.
        open_children: &'a BTreeMap<Name, u64>,
    },
}

/// The record that a new one belongs to, as it was read through the actor's own scope.
#[derive(Clone, Copy, Debug)]
pub struct Parent<'a> {
    /// The record.
    pub record: &'a Attested,
    /// How many children of the new one's kind it has that are still open. Whoever adds another changes
    /// the parent's version, so the count is right when the commit is made, or the commit fails.
    pub open: u64,
}
