//! The doors: how people come in, stay in, and leave.
//!
//! Each step is a function from what a client sent to what it gets, and everything that happens on the way
//! is a change of an audited record: the account counts attempts and spends codes, the login is begun,
//! renewed and ended. What takes long (hashing a password) is a step of its own that waits for nothing, so
//! that a host can run it where it does not stand in the way:
//!
//! ```text
//! knock(address) → Knock ─ try_password(…), 20 ms of one core → Tried ─ enter(…) → Entry
//! ```
//!
//! Whoever may not come in is told the same, after the same work, whatever the reason: no such account,
//! a wrong password, a locked account.

mod account;
mod enter;
mod factor;
mod keep;
mod keys;
mod leave;

use std::fmt;
use std::sync::Arc;

pub use self::account::{OwnerWords, Profile};
pub use self::enter::{Entry, Knock, Opened, Tried};
pub use self::factor::Enrolment;
pub use self::keep::Admitted;
use self::keep::Known;
pub use self::keys::KeyBearer;
use crate::access::Role;
use crate::access::danger;
use crate::audit::Attested;
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::password::PasswordCost;
use crate::identity::token::Signer;
use crate::identity::{NewUser, login, user};
use crate::ports::Written;
use crate::record::{Record, RecordId};
use crate::seal::Entropy;
use crate::service::{Eovr, Session};
use crate::time::Timestamp;

/// Limits of logging in. The defaults are those of OWASP ASVS 5 at level 2 and NIST SP 800-63B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// After so many attempts that were not right in a row the account is locked for a while.
    pub attempts: i64,
    /// For so many seconds.
    pub lock_seconds: i64,
    /// A login lasts so many days at most, however busy.
    pub login_days: i64,
    /// It ends when nothing was done for so many seconds.
    pub idle_seconds: i64,
    /// One account has at most so many logins at once; the one not used for longest makes room.
    pub logins: usize,
    /// For so many seconds a used refresh token gives the same answer again: the first one may have been
    /// lost on its way. Later it means that somebody has a copy.
    pub overlap_seconds: i64,
    /// What needs a fresh proof of who somebody is accepts one that is so many seconds old.
    pub proof_seconds: i64,
    /// How much work it is to try a password.
    pub cost: PasswordCost,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 5,
            lock_seconds: 15 * 60,
            login_days: 30,
            idle_seconds: 15 * 60,
            logins: 10,
            overlap_seconds: 10,
            proof_seconds: 5 * 60,
            cost: PasswordCost::default(),
        }
    }
}

/// Logging in and out, on one engine. Cheap to clone; one for a process, as it remembers who is in.
#[derive(Clone)]
pub struct Doors {
    inner: Arc<Inner>,
}

struct Inner {
    eovr: Eovr,
    signer: Signer,
    limits: Limits,
    known: Known,
    /// The account that takes the attempts at addresses which nobody has.
    nobody: RecordId,
}

/// How often a change is decided again after it lost a race.
const TRIES: u32 = 16;

/// No address of a person ends like this (RFC 6761).
const NOBODY: &str = "nobody@eovr.invalid";

impl Doors {
    /// The doors of an engine that has the kinds of [`crate::identity::kinds`].
    ///
    /// # Errors
    /// `Config` where it does not have them; what the store says.
    pub async fn open(eovr: Eovr, signer: Signer, limits: Limits) -> Result<Self> {
        eovr.catalog().kind(user::KIND)?;
        let kind = eovr.catalog().kind(login::KIND)?.clone();
        let nobody = nobody(&eovr).await?;
        let known = Known::from(eovr.store().census(kind.name(), &[]).await?.position);
        Ok(Self { inner: Arc::new(Inner { eovr, signer, limits, known, nobody }) })
    }

    /// The engine.
    pub fn eovr(&self) -> &Eovr {
        &self.inner.eovr
    }

    /// The moment, by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.eovr().now()
    }

    /// Fresh entropy of the engine, for one hash.
    ///
    /// # Errors
    /// `Unavailable` where there is none.
    pub fn entropy(&self) -> Result<Entropy> {
        self.eovr().entropy()
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(super) fn signer(&self) -> &Signer {
        &self.inner.signer
    }

    /// The owner of an account, towards that account and its logins.
    fn holder(&self, account: &Record) -> Result<Session> {
        Ok(self.eovr().session(user::holder(account)?))
    }

    /// The software itself, on behalf of an account.
    fn software(&self, account: RecordId) -> Result<Session> {
        let reason = "find accounts, count attempts, begin and end logins";
        Ok(self.eovr().session(danger::unrestricted(&account.to_string(), reason)?))
    }

    async fn account(&self, id: RecordId) -> Result<Record> {
        self.software(id)?.attested(user::KIND, id).await.map(Attested::into_record)
    }

    /// Changes an account by a command that is worked out anew from what stands there, as often as others
    /// are faster. What comes out is what stood there before.
    async fn change(
        &self,
        id: RecordId,
        by: &Session,
        command: impl Fn(&Record) -> Result<Command>,
    ) -> Result<Record> {
        for _ in 0..TRIES {
            let account = self.account(id).await?;
            let command = command(&account)?.expecting(account.version());
            match by.act(user::KIND, id, command).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                done => return done.map(|_| account),
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "too many want to change this account at once")
            .with_help("try again in a moment"))
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Doors({:?})", self.inner.signer)
    }
}

/// Finds the account that nobody has, or makes it. It has no password, so nobody comes in by it.
async fn nobody(eovr: &Eovr) -> Result<RecordId> {
    let software = eovr.session(danger::unrestricted("eovr.doors", "keep the account that nobody has")?);
    let query = user::find_by_email(NOBODY)?;
    let find = || async { Ok::<_, Error>(software.find(&query).await?.items.first().map(Record::id)) };
    if let Some(id) = find().await? {
        return Ok(id);
    }
    let facility = eovr.org().stamps().next().map(|stamp| stamp.facility.clone());
    let facility =
        facility.ok_or_else(|| Error::new(ErrorKind::Config, "the organisation has no facility"))?;
    let account = NewUser {
        role: Role::Staff,
        email: NOBODY.to_owned(),
        display_name: "attempts at addresses that nobody has".to_owned(),
        password_hash: None,
        must_change: false,
    };
    match software.create(user::KIND, &facility, account.command()).await {
        Ok(Written { id, .. }) => Ok(id),
        // Another node was faster.
        Err(error) if error.kind() == ErrorKind::Conflict => {
            find().await?.ok_or_else(|| Error::bug("an address that is taken is somebody's"))
        }
        Err(error) => Err(error),
    }
}
