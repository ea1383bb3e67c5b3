//! API keys for machines, such as a laboratory system that reports or a dashboard that shows figures.
//!
//! A key is a record with a role and a seat, like an account, and one of three degrees of access. Its bearer is never
//! human, so it can propose and not approve. The key itself is shown once. The store keeps only an HMAC of it, so an
//! attacker who reads the store gets no key and cannot make one.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::access::{Actor, Role, Tiers};
use crate::decide::Command;
use crate::error::{Error, Result};
use crate::identity::text;
use crate::identity::ticket::Ticket;
use crate::identity::token::{bad_token, keyed};
use crate::identity::user::{LEVELS, role, seat, seat_follows_role};
use crate::kind::{Complete, Draft, FacetSpec, FieldSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::record::{ActorId, Record, RecordId};
use crate::seal::Entropy;
use crate::time::Timestamp;
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: Name = Name::from_static("api_key");

labels! {
    /// The states of a key.
    pub enum State {
        /// The key is valid.
        Active = "active",
        /// The key is invalid for good.
        Revoked = "revoked",
    }
}

labels! {
    /// The actions on a key.
    pub enum Action {
        /// Issue it.
        Issue = "issue",
        /// Revoke it, and give the reason.
        Revoke = "revoke",
    }
}

labels! {
    /// The access that a key gives, within what its role may do.
    pub enum Access {
        /// Read records.
        Read = "read",
        /// Read, report and change records; no action that requires recent authentication.
        Write = "write",
        /// All actions that do not require a person.
        Admin = "admin",
    }
}

struct KeyWorkflow;

impl Workflow for KeyWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Active;
    const ENDS: &'static [State] = &[State::Revoked];
    const CREATE: Action = Action::Issue;

    const MAY: &'static [May<Action>] = &[
        May::new(Action::Issue, (5, 5), &["role", "access", "expires_at", "digest", "label"]).with_proof(),
        May::new(Action::Revoke, (5, 5), &[]).with_proof(),
    ];

    const RULES: &'static [Row<State, Action>] =
        &[Row::to(&[State::Active], Action::Revoke, State::Revoked, &[Need::Human, Need::Note])];
}

pub(super) fn kind() -> Result<Kind> {
    let kind = Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets: vec![
            FacetSpec::choice(name!("role"), Role::ALL).required(),
            FacetSpec::choice(name!("seat"), LEVELS).computed(),
            FacetSpec::choice(name!("access"), Access::ALL).required(),
            FacetSpec::time(name!("expires_at")),
            FacetSpec::bytes(name!("digest")).required().silent(),
        ],
        fields: vec![FieldSpec::text(name!("label"), 0..=500).required().original()],
        ..KindTable::new(KIND, Table::of::<KeyWorkflow>()?)
    })?;
    Ok(kind.completed_by(Seated))
}

#[derive(Debug)]
struct Seated;

impl Complete for Seated {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        seat_follows_role(draft)
    }
}

/// The data of a new key.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The role of the bearer, which limits what it may do.
    pub role: Role,
    /// The degree of access within that role.
    pub access: Access,
    /// The purpose of the key, in words. Sealed.
    pub label: String,
    /// The time at which the key expires.
    pub expires_at: Option<Timestamp>,
}

/// A key as its bearer has it: an id and 256 secret bits. The prefix `eovr_` lets secret scanners recognise it.
pub struct ApiKey(Ticket);

/// The prefix of every key.
pub const PREFIX: &str = "eovr_";

impl ApiKey {
    pub(super) fn draw(id: RecordId, entropy: &mut Entropy) -> Self {
        Self(Ticket::draw(id, entropy))
    }

    pub(super) fn id(&self) -> RecordId {
        self.0.id
    }

    pub(super) fn digest(&self, key: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        keyed(key, &[self.0.id.as_bytes(), self.0.secret.as_slice()])
    }

    /// The key as text, to be shown once.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", *self.0.to_text()))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}, redacted)", self.0.id)
    }
}

impl FromStr for ApiKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ticket::from_text(text.strip_prefix(PREFIX).ok_or_else(bad_token)?).map(Self)
    }
}

pub(super) fn issue(new: &NewKey, key: &ApiKey, under: &[u8; 32]) -> Command {
    Command::new(Action::Issue)
        .set("role", new.role.name())
        .set("access", new.access)
        .set_some("expires_at", new.expires_at)
        .set("digest", key.digest(under).to_vec())
        .write("label", new.label.clone())
}

/// The actor of this key, and its degree of access.
pub(super) fn bearer(record: &Record) -> Result<(Actor, Access)> {
    let actor = Actor::new(ActorId::new(&record.id().to_string())?, role(record)?, seat(record)?)?;
    let access = Access::named(text(record, "access"));
    let (actor, access) = (actor.as_machine(), access.ok_or_else(bad_token)?);
    Ok((if access == Access::Admin { actor } else { actor.unproven() }, access))
}
