//! The people who have an account.
//!
//! **The seat is the stamp, cut off at the role's level.** Every record needs a whole stamp, and a
//! governorate's manager sits in no facility; so the account is kept with some facility below its seat,
//! and the facet `seat` says how much of the stamp counts. What stands below that level means nothing. The
//! chain covers stamp and role, so a seat that was widened in the database does not verify.
//!
//! E-mail address, name and password hash are sealed. Only tier 5 reads accounts: those below would
//! otherwise find the people above them who happen to be kept with a facility of theirs.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use crate::access::{Actor, Role, Seat, Tiers};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::{facet, field, text};
use crate::kind::{Complete, Draft, FacetSpec, FieldSpec, Kind, KindTable, Sealing};
use crate::labels;
use crate::name::Name;
use crate::record::{ActorId, Column, Query, Record, Test, Value, ValueType};
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: &str = "user";

labels! {
    /// The states of an account.
    pub enum State {
        /// May log in.
        Active = "active",
        /// May not, for now.
        Disabled = "disabled",
        /// Never again: the person has left.
        Retired = "retired",
    }
}

labels! {
    /// What can be done with an account.
    pub enum Action {
        /// Give somebody an account.
        Provision = "provision",
        /// Replace the hash of the password.
        SetPassword = "set_password",
        /// Lock it, and say why.
        Disable = "disable",
        /// Unlock it, and say why.
        Enable = "enable",
        /// End it, and say why.
        Retire = "retire",
    }
}

struct UserWorkflow;

impl Workflow for UserWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Active;
    const ENDS: &'static [State] = &[State::Retired];
    const CREATE: Action = Action::Provision;

    const MAY: &'static [May<Action>] = &[
        May::new(Action::Provision, (5, 5), &["role", "email", "display_name", "password_hash"]),
        May::new(Action::SetPassword, (5, 5), &["password_hash"]),
        May::new(Action::Disable, (5, 5), &[]),
        May::new(Action::Enable, (5, 5), &[]),
        May::new(Action::Retire, (5, 5), &[]),
    ];

    const RULES: &'static [Row<State, Action>] = {
        use State::{Active, Disabled, Retired};
        const SAID: &[Need<&str>] = &[Need::Human, Need::Note];
        const HASHED: &[Need<&str>] = &[Need::Human, Need::Field("password_hash")];
        &[
            Row::stay(&[Active, Disabled], Action::SetPassword, HASHED),
            Row::to(&[Active], Action::Disable, Disabled, SAID),
            Row::to(&[Disabled], Action::Enable, Active, SAID),
            Row::to(&[Active, Disabled], Action::Retire, Retired, SAID),
        ]
    };
}

pub(super) fn kind() -> Result<Kind> {
    let kind = Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets: vec![
            FacetSpec { required: true, ..FacetSpec::choice("role", Role::ALL.map(Role::name))? },
            FacetSpec { computed: true, ..FacetSpec::choice("seat", LEVELS)? },
            FacetSpec {
                computed: true,
                unique: true,
                silent: true,
                ..facet("email_digest", ValueType::Bytes)?
            },
        ],
        fields: vec![
            FieldSpec {
                sealing: Sealing::Deterministic,
                required: true,
                original: true,
                min_chars: 3,
                ..field("email")?
            },
            FieldSpec { required: true, ..field("display_name")? },
            field("password_hash")?,
        ],
        ..KindTable::new(KIND, Table::of::<UserWorkflow>()?)?
    })?;
    Ok(kind.completed_by(Derived))
}

const LEVELS: [&str; 4] = ["facility", "administration", "governorate", "country"];

fn level(role: Role) -> &'static str {
    match role {
        Role::Staff | Role::QualityAdmin => "facility",
        Role::AdminManager => "administration",
        Role::GovernorateManager => "governorate",
        Role::TopManagement => "country",
    }
}

/// What follows from role and address, so that it can never disagree with them.
#[derive(Debug)]
struct Derived;

impl Complete for Derived {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        if let Some(digest) = draft.text("email").map(email_digest) {
            draft.set("email_digest", Some(Value::Bytes(digest.to_vec())))?;
        }
        if draft.changes("role") {
            let role: Role = draft.facet("role").and_then(Value::as_text).unwrap_or_default().parse()?;
            draft.set("seat", Some(level(role).into()))?;
        }
        Ok(())
    }
}

/// Somebody who is to get an account.
#[derive(Clone)]
pub struct NewUser {
    /// The role.
    pub role: Role,
    /// The address that the person logs in with.
    pub email: String,
    /// What the person is called.
    pub display_name: String,
    /// The hash of the password, in the host's own format; none for who logs in elsewhere.
    pub password_hash: Option<String>,
}

impl NewUser {
    /// Asks to make the account, in a facility of the person's seat. The same address a second time is
    /// a `Conflict`.
    pub fn command(self) -> Command {
        Command::new(Action::Provision)
            .set("role", self.role.name())
            .write("email", normal_email(&self.email))
            .write("display_name", self.display_name)
            .write_some("password_hash", self.password_hash)
    }
}

/// Shows the role and nobody's name.
impl std::fmt::Debug for NewUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewUser({})", self.role)
    }
}

/// The question for the account with this address, however it was typed.
///
/// # Errors
/// None that a caller could cause.
pub fn find_by_email(email: &str) -> Result<Query> {
    let column = Column::Facet(Name::new("email_digest")?);
    let digest = Value::Bytes(email_digest(email).to_vec());
    Ok(Query::of(Name::new(KIND)?).filter(column, Test::Is(digest)).limit(1))
}

/// The actor that an account stands for: its record's id, its role, its seat.
///
/// # Errors
/// `InvalidInput` where the record is no account; `Denied` where the account is not active; `Tampered`
/// where its role is none.
pub fn actor(record: &Record) -> Result<Actor> {
    if record.envelope.kind != KIND {
        return Err(Error::invalid(format!("a `{}` is no account", record.envelope.kind)));
    }
    if *record.state() != State::Active.name() {
        return Err(Error::new(ErrorKind::Denied, format!("the account is {}", record.state()))
            .with_help("somebody of tier 5 can enable it, unless it is retired")
            .with("user", record.id()));
    }
    Actor::new(ActorId::new(&record.id().to_string())?, role(record)?, seat(record)?)
}

/// The role of an account.
///
/// # Errors
/// `Tampered` where it is none.
pub fn role(record: &Record) -> Result<Role> {
    text(record, "role").parse().map_err(|error| {
        Error::new(ErrorKind::Tampered, "an account has no role").with("user", record.id()).because(error)
    })
}

fn seat(record: &Record) -> Result<Seat> {
    let stamp = record.envelope.stamp.clone();
    Ok(match role(record)? {
        Role::Staff | Role::QualityAdmin => Seat::Facility(stamp),
        Role::AdminManager => {
            Seat::Administration { governorate: stamp.governorate, administration: stamp.administration }
        }
        Role::GovernorateManager => Seat::Governorate(stamp.governorate),
        Role::TopManagement => Seat::Country,
    })
}

/// An address in the one form under which it is sealed and found: NFKC, lower case, no white space.
fn normal_email(email: &str) -> String {
    email.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Keeps addresses unique. It has no key: who reads the table can test whether a guessed address is
/// there, and learns no address that was not guessed.
fn email_digest(email: &str) -> [u8; 32] {
    Sha256::new().chain_update(b"eovr.email.v1\n").chain_update(normal_email(email)).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_however_it_is_typed() {
        for typed in ["Mona@Example.org", " mona@example.org ", "ＭＯＮＡ@example.org"] {
            assert_eq!(email_digest(typed), email_digest("mona@example.org"), "{typed}");
        }
        assert_ne!(email_digest("mona@example.org"), email_digest("muna@example.org"));
    }

    #[test]
    fn the_kinds_are_sound() -> Result<()> {
        let names: Vec<String> =
            crate::identity::kinds()?.iter().map(|kind| kind.name().to_string()).collect();
        assert_eq!(names, ["user", "facility"]);
        Ok(())
    }
}
