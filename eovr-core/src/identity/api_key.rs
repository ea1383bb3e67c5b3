//! Keys for machines: the laboratory system that reports, the board that shows figures.
//!
//! A key is a record with a role and a seat like an account, and three degrees of access. Its bearer is
//! never human: it proposes and does not approve. The key itself is shown once; what is kept is an HMAC of
//! it, so that whoever reads the store has no key, and cannot make one either.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::access::{Actor, Role, Tiers};
use crate::decide::Command;
use crate::error::{Error, Result};
use crate::identity::token::{bad_token, keyed};
use crate::identity::user::{LEVELS, level, role, seat};
use crate::identity::{facet, field, text};
use crate::kind::{Complete, Draft, FacetSpec, FieldSpec, Kind, KindTable};
use crate::labels;
use crate::record::{ActorId, Record, RecordId, Value, ValueType};
use crate::seal::Entropy;
use crate::time::Timestamp;
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: &str = "api_key";

labels! {
    /// The states of a key.
    pub enum State {
        /// It opens.
        Active = "active",
        /// It does not, ever again.
        Revoked = "revoked",
    }
}

labels! {
    /// What can be done with a key.
    pub enum Action {
        /// Make it.
        Issue = "issue",
        /// End it, and say why.
        Revoke = "revoke",
    }
}

labels! {
    /// How much a key opens, besides what its role may do.
    pub enum Access {
        /// Reading.
        Read = "read",
        /// Reading, and reporting and changing records.
        Write = "write",
        /// All of it.
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
        May::new(Action::Issue, (5, 5), &["role", "access", "expires_at", "digest", "label"]),
        May::new(Action::Revoke, (5, 5), &[]),
    ];

    const RULES: &'static [Row<State, Action>] =
        &[Row::to(&[State::Active], Action::Revoke, State::Revoked, &[Need::Human, Need::Note])];
}

pub(super) fn kind() -> Result<Kind> {
    let kind = Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets: vec![
            FacetSpec { required: true, ..FacetSpec::choice("role", Role::ALL.map(Role::name))? },
            FacetSpec { computed: true, ..FacetSpec::choice("seat", LEVELS)? },
            FacetSpec {
                required: true,
                ..FacetSpec::choice("access", Access::ALL.iter().map(|access| access.name()))?
            },
            facet("expires_at", ValueType::Time)?,
            FacetSpec { required: true, silent: true, ..facet("digest", ValueType::Bytes)? },
        ],
        fields: vec![FieldSpec { required: true, original: true, ..field("label")? }],
        ..KindTable::new(KIND, Table::of::<KeyWorkflow>()?)?
    })?;
    Ok(kind.completed_by(Seated))
}

#[derive(Debug)]
struct Seated;

impl Complete for Seated {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        if draft.changes("role") {
            let role: Role = draft.facet("role").and_then(Value::as_text).unwrap_or_default().parse()?;
            draft.set("seat", Some(level(role).into()))?;
        }
        Ok(())
    }
}

/// A key that is to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What its bearer may do at most.
    pub role: Role,
    /// How much of that.
    pub access: Access,
    /// What it is for, in words. Sealed.
    pub label: String,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A key as its bearer has it: an id and 256 secret bits. `eovr_` stands before it, by which those who
/// search code for lost secrets know it.
pub struct ApiKey {
    id: RecordId,
    secret: Zeroizing<[u8; 32]>,
}

/// What every key begins with.
pub const PREFIX: &str = "eovr_";

impl ApiKey {
    pub(super) fn draw(id: RecordId, entropy: &mut Entropy) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        entropy.fill(secret.as_mut_slice());
        Self { id, secret }
    }

    pub(super) fn id(&self) -> RecordId {
        self.id
    }

    pub(super) fn digest(&self, key: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        keyed(key, &[self.id.as_bytes(), self.secret.as_slice()])
    }

    /// The key as text, to be handed over once.
    pub fn reveal(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new([self.id.as_bytes().as_slice(), self.secret.as_slice()].concat());
        Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}, redacted)", self.id)
    }
}

impl FromStr for ApiKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.strip_prefix(PREFIX).filter(|text| text.len() == 64).ok_or_else(bad_token)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| bad_token())?);
        let (id, secret) = bytes.split_first_chunk::<16>().ok_or_else(bad_token)?;
        let mut kept = Zeroizing::new([0; 32]);
        if secret.len() != kept.len() {
            return Err(bad_token());
        }
        kept.copy_from_slice(secret);
        Ok(Self { id: RecordId::from_bytes(*id), secret: kept })
    }
}

pub(super) fn issue(new: &NewKey, key: &ApiKey, under: &[u8; 32]) -> Command {
    Command::new(Action::Issue)
        .set("role", new.role.name())
        .set("access", new.access.name())
        .set_some("expires_at", new.expires_at)
        .set("digest", key.digest(under).to_vec())
        .write("label", new.label.clone())
}

/// The actor that bears this key, and how much it may do.
pub(super) fn bearer(record: &Record) -> Result<(Actor, Access)> {
    let actor = Actor::new(ActorId::new(&record.id().to_string())?, role(record)?, seat(record)?)?;
    let access = Access::ALL.iter().find(|access| access.name() == text(record, "access"));
    Ok((actor.as_machine(), *access.ok_or_else(bad_token)?))
}
