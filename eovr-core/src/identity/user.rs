//! User accounts.
//!
//! **The seat is the stamp, cut off at the role's level.** Every record needs a whole stamp, but a governorate
//! manager sits in no facility. So the account is stored with some facility below its seat, and the facet `seat` says
//! how much of the stamp counts. The ids below that level have no meaning. The audit chain covers stamp and role, so
//! a seat that was widened in the database does not verify.
//!
//! E-mail address, name, password hash and the secret of the second factor are sealed. Only tier 5 reads accounts,
//! because lower tiers would otherwise see superiors whose accounts happen to be stored with one of their facilities.
//! A user acts on their own account as its *holder*, who sees that account alone. Login attempts are counted in
//! separate records, by where they come from (`throttle`). The account's own chain records their consequences:
//! lock-outs and guessed codes.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use crate::access::{Actor, Role, Seat, Standing, Tiers};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::{address, text};
use crate::kind::{Complete, Draft, FacetSpec, FieldSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::record::{ActorId, Column, Query, Record, Test, Value};
use crate::typed;
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: Name = Name::from_static("user");

labels! {
    /// The states of an account.
    pub enum State {
        /// The user can log in.
        Active = "active",
        /// The user cannot log in for now.
        Disabled = "disabled",
        /// The user has left and can never log in again.
        Retired = "retired",
    }
}

labels! {
    /// The actions on an account.
    pub enum Action {
        /// Create it for a user.
        Provision = "provision",
        /// Set a password that the owner must change. It replaces a forgotten password, not a second factor.
        ResetPassword = "reset_password",
        /// Replace the password hash. Only the owner knows the password.
        ChangePassword = "change_password",
        /// Give the user another role in the same place.
        Assign = "assign",
        /// End the lock-outs, and give the reason.
        Unlock = "unlock",
        /// End every login of the account, and give the reason.
        EndLogins = "end_logins",
        /// This account of top management took part in removing another one, which ensures that one remains.
        Remain = "remain",
        /// Count a login attempt. Only releases before [`crate::identity::throttle`] did so.
        Attempt = "attempt",
        /// Too many attempts failed, so their place is locked out for some time.
        Lock = "lock",
        /// The password was right, but the code of the second factor was wrong.
        FailFactor = "fail_factor",
        /// The user logged in with a new browser.
        EnterAnew = "enter_anew",
        /// Reset the attempts counted by releases before [`crate::identity::throttle`].
        Succeed = "succeed",
        /// Start the setup of a second factor: store its secret.
        EnrolFactor = "enrol_factor",
        /// Confirm the second factor. From now on it is required.
        ConfirmFactor = "confirm_factor",
        /// Use up a code of the second factor.
        UseFactor = "use_factor",
        /// Use up a recovery code.
        UseRecovery = "use_recovery",
        /// Remove the second factor.
        RemoveFactor = "remove_factor",
        /// Disable it, and give the reason.
        Disable = "disable",
        /// Enable it again, and give the reason.
        Enable = "enable",
        /// Retire it, and give the reason.
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
            FacetSpec::choice(name!("role"), Role::ALL).required(),
            FacetSpec::choice(name!("seat"), LEVELS).computed(),
            FacetSpec::bytes(name!("email_digest")).computed().unique().silent(),
            FacetSpec::bool(name!("must_change")),
            FacetSpec::int(name!("attempts")).range(0..=1_000_000),
            FacetSpec::time(name!("locked_until")),
            FacetSpec::choice(name!("factor"), ["enrolled", "confirmed"]),
            FacetSpec::int(name!("factor_step")),
            FacetSpec::bytes(name!("recovery")).silent(),
        ],
        fields: vec![
            FieldSpec::text(name!("email"), 3..=500).required().original().searchable(),
            FieldSpec::text(name!("display_name"), 0..=500).required(),
            FieldSpec::text(name!("password_hash"), 0..=500).secret(),
            FieldSpec::text(name!("factor_secret"), 0..=500).secret(),
        ],
        ..KindTable::new(KIND, Table::of::<UserWorkflow>()?)
    })?;
    Ok(kind.completed_by(Derived))
}

pub(crate) const LEVELS: [&str; 4] = ["facility", "administration", "governorate", "country"];

/// Sets the seat to the level of the role.
pub(super) fn seat_follows_role(draft: &mut Draft<'_>) -> Result<()> {
    if draft.changes("role") {
        let role: Role = draft.facet("role").and_then(Value::as_text).unwrap_or_default().parse()?;
        draft.set("seat", Some(role.level().into()))?;
    }
    Ok(())
}

/// Computes what follows from role and address, so that they always agree.
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
                "you cannot change your own role, or disable or retire your own account",
            )
            .with_help("ask another user of tier 5"));
        }
        if let Some(digest) = draft.text("email").map(email_digest) {
            draft.set("email_digest", Some(Value::Bytes(digest.to_vec())))?;
        }
        seat_follows_role(draft)?;
        match draft.action() {
            // The administrator knows the new password.
            "reset_password" => draft.set("must_change", Some(true.into()))?,
            "change_password" => draft.set("must_change", None)?,
            // The password may be one that is long enough only with a second factor.
            "remove_factor" => {
                let kept = !draft.changes("password_hash") && draft.keeps_text("password_hash");
                draft.set("must_change", kept.then_some(true.into()))?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether a user acts on their own account.
fn is_own(draft: &Draft<'_>) -> bool {
    let member = matches!(draft.actor().standing(), Standing::Member { .. });
    member && draft.before.is_some_and(|account| account.id().to_string() == draft.actor().id().as_str())
}

/// The data of a new account.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let org = testing::org()?;
/// # use eovr_core::identity::{self, NewUser, user};
/// # let eovr = Eovr::builder().store(MemoryStore::new()).org(org).kinds(kinds(Settings::default())?)
/// #     .kinds(identity::kinds()?).master_key(MasterKey::from_bytes(&[7; 32])).open().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
/// let manager = eovr.session(member("top-1", Role::TopManagement, "CAI")?);
/// let account = NewUser {
///     role: Role::QualityAdmin,
///     email: "mona@example.org".to_owned(),
///     display_name: "Mona Hassan".to_owned(),
///     password_hash: None,
///     must_change: false,
/// };
/// manager.create(&user::KIND, &nile, account.command()).await?;
///
/// // At each login of a host that authenticates users itself:
/// let found = manager.find(&user::find_by_email("Mona@Example.org")).await?;
/// let mona = eovr.session(user::actor(&found.items[0])?);
/// assert_eq!(mona.actor().capacity(), "quality_admin");
/// assert_eq!(mona.scope(), quality.scope());
/// # Ok(()) });
/// ```
#[derive(Clone)]
pub struct NewUser {
    /// The role.
    pub role: Role,
    /// The address with which the user logs in.
    pub email: String,
    /// The user's name.
    pub display_name: String,
    /// The hash of the password; `None` for a user who logs in elsewhere.
    pub password_hash: Option<String>,
    /// Whether the user must change the password at the first login, because others know it.
    pub must_change: bool,
}

impl NewUser {
    /// The command that creates the account, in a facility of the user's seat. The same address a second time is a
    /// `Conflict`.
    pub fn command(self) -> Command {
        Command::new(Action::Provision)
            .set("role", self.role.name())
            .write("email", self.email)
            .write("display_name", self.display_name)
            .write_some("password_hash", self.password_hash)
            .set_some("must_change", self.must_change.then_some(true))
    }
}

/// Prints the role and no name.
impl std::fmt::Debug for NewUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewUser({})", self.role)
    }
}

/// The query for the account with this address, in any spelling.
pub fn find_by_email(email: &str) -> Query {
    let column = Column::Facet(name!("email_digest"));
    let (digest, earlier) = (email_digest(email), earlier_email_digest(email));
    let value = |digest: [u8; 32]| Value::Bytes(digest.to_vec());
    let test = match digest == earlier {
        true => Test::Is(value(digest)),
        false => Test::In(vec![value(digest), value(earlier)]),
    };
    Query::of(KIND).filter(column, test).limit(1)
}

/// The actor of an account: its record's id, its role, its seat.
///
/// # Errors
/// `InvalidInput` where the record is not an account; `Denied` where the account is not active; `Tampered` where it
/// has no valid role.
pub fn actor(record: &Record) -> Result<Actor> {
    if record.envelope.kind != KIND {
        return Err(Error::invalid(format!("a `{}` is not an account", record.envelope.kind)));
    }
    if *record.state() != State::Active.name() {
        return Err(Error::new(ErrorKind::Denied, format!("the account is {}", record.state()))
            .with_help("ask a user of tier 5 to enable it, unless it is retired")
            .with("user", record.id()));
    }
    Actor::new(ActorId::new(&record.id().to_string())?, role(record)?, seat(record)?)
}

/// The role of an account.
///
/// # Errors
/// `Tampered` where the account has no valid role.
pub fn role(record: &Record) -> Result<Role> {
    text(record, "role").parse().map_err(|error| {
        Error::new(ErrorKind::Tampered, "an account has no role").with("user", record.id()).because(error)
    })
}

pub(super) fn seat(record: &Record) -> Result<Seat> {
    Ok(Seat::of(role(record)?, &record.envelope.stamp))
}

/// The actor of an account's owner, who sees only that account and its logins.
#[cfg(feature = "login")]
pub(super) fn holder(record: &Record) -> Result<Actor> {
    let digest =
        record.facet("email_digest").and_then(Value::as_bytes).and_then(|bytes| bytes.try_into().ok());
    let digest = digest.ok_or_else(|| {
        Error::new(ErrorKind::Tampered, "an account has no address").with("user", record.id())
    })?;
    Ok(Actor::holder(ActorId::new(&record.id().to_string())?, name!("email_digest"), digest))
}

/// The digest that keeps addresses unique. It has no key: an attacker who reads the table can test whether a guessed
/// address is there, but learns no other address.
pub(super) fn email_digest(email: &str) -> [u8; 32] {
    digest_of(&typed::email(email))
}

/// The digest of an address as earlier releases computed it: without white space, but with invisible marks.
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
    fn an_address_is_found_in_every_spelling() {
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
    fn the_kinds_are_valid() -> Result<()> {
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
