//! The people who have an account.
//!
//! **The seat is the stamp, cut off at the role's level.** Every record needs a whole stamp, and a
//! governorate's manager sits in no facility; so the account is kept with some facility below its seat,
//! and the facet `seat` says how much of the stamp counts. What stands below that level means nothing. The
//! chain covers stamp and role, so a seat that was widened in the database does not verify.
//!
//! E-mail address, name, password hash and the secret of the second factor are sealed. Only tier 5 reads
//! accounts: those below would otherwise find the people above them who happen to be kept with a facility
//! of theirs. What people do with their own account they do as its *holder*, who sees that account alone.
//! Attempts to log in are counted beside it, where they come from (`throttle`); what they mean for the account
//! (closed doors, codes that were guessed) stands in its own chain.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use crate::access::{Actor, Role, Seat, Standing, Tiers};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::{address, facet, field, text};
use crate::kind::{Complete, Draft, FacetSpec, FieldSpec, Kind, KindTable, Sealing};
use crate::labels;
use crate::name::Name;
use crate::record::{ActorId, Column, Query, Record, Test, Value, ValueType};
use crate::typed;
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
        /// Give the account a password that its owner has to change. It takes the place of a forgotten one,
        /// not of a second factor.
        ResetPassword = "reset_password",
        /// Replace the hash of the password, which nobody but its owner knows.
        ChangePassword = "change_password",
        /// Give the person another role in the same place.
        Assign = "assign",
        /// Open the doors that failed attempts have closed, and say why.
        Unlock = "unlock",
        /// End every login of the account, and say why.
        EndLogins = "end_logins",
        /// This account of top management is there, and took another one's place from it: so the last stays.
        Remain = "remain",
        /// Count an attempt to log in: as releases before [`crate::identity::throttle`] did.
        Attempt = "attempt",
        /// Too many attempts failed: nobody comes in from there for some time.
        Lock = "lock",
        /// The password was right, and the code of the second factor was not.
        FailFactor = "fail_factor",
        /// The account was entered with something that it was never entered with before: another browser.
        EnterAnew = "enter_anew",
        /// Forget the attempts that releases before [`crate::identity::throttle`] have counted.
        Succeed = "succeed",
        /// Begin a second factor: keep its secret.
        EnrolFactor = "enrol_factor",
        /// The second factor works, from now on it is asked for.
        ConfirmFactor = "confirm_factor",
        /// A code of the second factor was used, and is spent.
        UseFactor = "use_factor",
        /// A recovery code was used, and is spent.
        UseRecovery = "use_recovery",
        /// Do without a second factor.
        RemoveFactor = "remove_factor",
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
        May::new(
            Action::Provision,
            (5, 5),
            &["role", "email", "display_name", "password_hash", "must_change"],
        )
        .with_proof(),
        May::new(Action::ResetPassword, (5, 5), &["password_hash", "attempts", "locked_until"]).with_proof(),
        May::new(Action::ChangePassword, (5, 5), &["password_hash"]).and_holders(),
        May::new(Action::Assign, (5, 5), &["role"]).with_proof(),
        May::new(Action::Unlock, (5, 5), &["attempts", "locked_until"]).with_proof(),
        May::new(Action::EndLogins, (5, 5), &[]).with_proof(),
        May::new(Action::Remain, (5, 5), &[]),
        May::new(Action::Disable, (5, 5), &[]).with_proof(),
        May::new(Action::Enable, (5, 5), &[]).with_proof(),
        May::new(Action::Retire, (5, 5), &[]).with_proof(),
        May::new(Action::Attempt, (5, 5), &["attempts", "locked_until"]).and_holders(),
        May::new(Action::Lock, (5, 5), &["attempts", "locked_until"]).and_holders(),
        May::new(Action::FailFactor, (5, 5), &[]).and_holders(),
        May::new(Action::EnterAnew, (5, 5), &[]).and_holders(),
        May::new(Action::Succeed, (5, 5), &["attempts", "locked_until"]).and_holders(),
        May::new(Action::EnrolFactor, (5, 5), &["factor_secret", "factor"]).and_holders().with_proof(),
        May::new(Action::ConfirmFactor, (5, 5), &["factor", "factor_step", "recovery"]).and_holders(),
        May::new(Action::UseFactor, (5, 5), &["factor_step"]).and_holders(),
        May::new(Action::UseRecovery, (5, 5), &["recovery"]).and_holders(),
        May::new(
            Action::RemoveFactor,
            (5, 5),
            &["factor", "factor_secret", "factor_step", "recovery", "password_hash"],
        )
        .and_holders()
        .with_proof(),
    ];

    const RULES: &'static [Row<State, Action>] = {
        use State::{Active, Disabled, Retired};
        const SAID: &[Need<&str>] = &[Need::Human, Need::Note];
        const HASHED: &[Need<&str>] = &[Need::Human, Need::Field("password_hash")];
        &[
            Row::stay(&[Active, Disabled], Action::ResetPassword, HASHED),
            Row::stay(&[Active], Action::ChangePassword, HASHED),
            Row::stay(&[Active, Disabled], Action::Assign, &[Need::Human, Need::Field("role")]),
            Row::stay(&[Active, Disabled], Action::Unlock, SAID),
            Row::stay(&[Active, Disabled], Action::EndLogins, SAID),
            Row::stay(&[Active], Action::Remain, &[]),
            Row::to(&[Active], Action::Disable, Disabled, SAID),
            Row::to(&[Disabled], Action::Enable, Active, SAID),
            Row::to(&[Active, Disabled], Action::Retire, Retired, SAID),
            Row::stay(&[Active, Disabled, Retired], Action::Attempt, &[]),
            Row::stay(&[Active, Disabled, Retired], Action::Lock, &[]),
            Row::stay(&[Active], Action::FailFactor, &[]),
            Row::stay(&[Active], Action::EnterAnew, &[]),
            Row::stay(&[Active], Action::Succeed, &[]),
            Row::stay(&[Active], Action::EnrolFactor, &[Need::Human]),
            Row::stay(&[Active], Action::ConfirmFactor, &[Need::Human, Need::Field("factor_secret")]),
            Row::stay(&[Active], Action::UseFactor, &[Need::Field("factor_secret")]),
            Row::stay(&[Active], Action::UseRecovery, &[Need::Field("recovery")]),
            Row::stay(&[Active, Disabled], Action::RemoveFactor, &[Need::Human]),
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
            facet("must_change", ValueType::Bool)?,
            FacetSpec { range: Some((0, 1_000_000)), ..facet("attempts", ValueType::Int)? },
            facet("locked_until", ValueType::Time)?,
            FacetSpec::choice("factor", ["enrolled", "confirmed"])?,
            facet("factor_step", ValueType::Int)?,
            FacetSpec { silent: true, ..facet("recovery", ValueType::Bytes)? },
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
            field("factor_secret")?,
        ],
        ..KindTable::new(KIND, Table::of::<UserWorkflow>()?)?
    })?;
    Ok(kind.completed_by(Derived))
}

pub(crate) const LEVELS: [&str; 4] = ["facility", "administration", "governorate", "country"];

pub(crate) fn level(role: Role) -> &'static str {
    match role {
        Role::Staff | Role::QualityAdmin => "facility",
        Role::AdminManager => "administration",
        Role::GovernorateManager => "governorate",
        Role::TopManagement => "country",
    }
}

/// Whoever has a role sits at its level.
pub(super) fn seat_follows_role(draft: &mut Draft<'_>) -> Result<()> {
    if draft.changes("role") {
        let role: Role = draft.facet("role").and_then(Value::as_text).unwrap_or_default().parse()?;
        draft.set("seat", Some(level(role).into()))?;
    }
    Ok(())
}

/// What follows from role and address, so that it can never disagree with them.
#[derive(Debug)]
struct Derived;

impl Complete for Derived {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        if let Some(email) = draft.text("email").map(typed::email) {
            address::check_email(&email)?;
            draft.write("email", email)?;
        }
        if let Some(name) = draft.text("display_name") {
            address::check_name(name)?;
            draft.write("display_name", typed::name(name))?;
        }
        if ["assign", "disable", "retire"].contains(&draft.action()) && is_own(draft) {
            return Err(Error::new(
                ErrorKind::Denied,
                "nobody takes their own role or account from themselves",
            )
            .with_help("ask somebody else of tier 5"));
        }
        if let Some(digest) = draft.text("email").map(email_digest) {
            draft.set("email_digest", Some(Value::Bytes(digest.to_vec())))?;
        }
        seat_follows_role(draft)?;
        match draft.action() {
            // Somebody else knows it.
            "reset_password" => draft.set("must_change", Some(true.into()))?,
            "change_password" => draft.set("must_change", None)?,
            // It may be one that was long enough beside a second factor only.
            "remove_factor" => {
                let kept = !draft.changes("password_hash") && draft.keeps_text("password_hash");
                draft.set("must_change", kept.then_some(true.into()))?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether a person acts on the account that is theirs.
fn is_own(draft: &Draft<'_>) -> bool {
    let member = matches!(draft.actor().standing(), Standing::Member { .. });
    member && draft.before.is_some_and(|account| account.id().to_string() == draft.actor().id().as_str())
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
    /// The hash of the password; none for who logs in elsewhere.
    pub password_hash: Option<String>,
    /// Whether the password is one that others know, and that must be changed at the first login.
    pub must_change: bool,
}

impl NewUser {
    /// Asks to make the account, in a facility of the person's seat. The same address a second time is
    /// a `Conflict`.
    pub fn command(self) -> Command {
        Command::new(Action::Provision)
            .set("role", self.role.name())
            .write("email", self.email)
            .write("display_name", self.display_name)
            .write_some("password_hash", self.password_hash)
            .set_some("must_change", self.must_change.then_some(true))
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
    let (digest, earlier) = (email_digest(email), earlier_email_digest(email));
    let value = |digest: [u8; 32]| Value::Bytes(digest.to_vec());
    let test = match digest == earlier {
        true => Test::Is(value(digest)),
        false => Test::In(vec![value(digest), value(earlier)]),
    };
    Ok(Query::of(Name::new(KIND)?).filter(column, test).limit(1))
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

pub(super) fn seat(record: &Record) -> Result<Seat> {
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

/// The actor that the owner of an account is towards it: sees that account and its logins, nothing else.
#[cfg(feature = "login")]
pub(super) fn holder(record: &Record) -> Result<Actor> {
    let digest =
        record.facet("email_digest").and_then(Value::as_bytes).and_then(|bytes| bytes.try_into().ok());
    let digest = digest.ok_or_else(|| {
        Error::new(ErrorKind::Tampered, "an account has no address").with("user", record.id())
    })?;
    Ok(Actor::holder(ActorId::new(&record.id().to_string())?, Name::new("email_digest")?, digest))
}

/// Keeps addresses unique. It has no key: who reads the table can test whether a guessed address is
/// there, and learns no address that was not guessed.
pub(super) fn email_digest(email: &str) -> [u8; 32] {
    digest_of(&typed::email(email))
}

/// The same for an address as earlier releases kept it: without any white space, and with marks that are not seen.
fn earlier_email_digest(email: &str) -> [u8; 32] {
    digest_of(&email.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect::<String>())
}

fn digest_of(email: &str) -> [u8; 32] {
    Sha256::new().chain_update(b"eovr.email.v1\n").chain_update(email).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_however_it_is_typed() {
        for typed in [
            "Mona@Example.org",
            " mona@example.org ",
            "ＭＯＮＡ@example.org",
            "\u{202A}mona@example.org\u{202C}",
        ] {
            assert_eq!(email_digest(typed), email_digest("mona@example.org"), "{typed}");
        }
        assert_ne!(email_digest("mona@example.org"), email_digest("muna@example.org"));
    }

    #[test]
    fn the_kinds_are_sound() -> Result<()> {
        let names: Vec<String> =
            crate::identity::kinds()?.iter().map(|kind| kind.name().to_string()).collect();
        let expected: &[&str] = if cfg!(feature = "login") {
            &[
                "user",
                "facility",
                "key_change",
                "login",
                "api_key",
                "security_day",
                "security_alert",
                "throttle",
            ]
        } else {
            &["user", "facility", "key_change"]
        };
        assert_eq!(names, expected);
        Ok(())
    }
}
