//! The doors: how people come in, stay in, and leave.
//!
//! Each step is a function from what a client sent to what it gets, and everything that happens on the way
//! is a change of an audited record: attempts are counted where they come from
//! ([`throttle`](crate::identity::throttle)), the account spends codes, the login is begun, renewed and ended. What takes long (hashing a password) is a step of its own that waits for nothing, so
//! that a host can run it where it does not stand in the way:
//!
//! ```text
//! knock(address, origin) → Knock ─ try_password(…), 20 ms of one core → Tried ─ enter(…) → Entry
//! ```
//!
//! Whoever may not come in is told the same, after the same work, whatever the reason: no such account,
//! a wrong password, a closed door, a lost race.
//!
//! What was wrong counts until a login opens: a right password in front of a wrong code takes back itself and
//! no more.

mod account;
mod count;
mod enter;
mod factor;
mod govern;
mod keep;
mod keys;
mod leave;
mod origin;

use std::fmt;
use std::sync::Arc;

pub use self::account::{OwnerWords, Profile};
pub use self::enter::{Entry, Knock, Opened, Tried};
pub use self::factor::Enrolment;
pub use self::keep::Admitted;
use self::keep::Known;
pub use self::keys::KeyBearer;
pub use self::origin::{Network, Origin};
use crate::access::{Tier, danger};
use crate::audit::Attested;
use crate::error::Result;
use crate::identity::password::PasswordCost;
use crate::identity::token::Signer;
use crate::identity::{login, user};
use crate::record::{Record, RecordId};
use crate::seal::Entropy;
use crate::service::{Eovr, Session};
use crate::time::Timestamp;

/// Limits of logging in. The defaults are those of OWASP ASVS 5 at level 2 and NIST SP 800-63B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// After so many failures from one place the door is closed to it for a while.
    pub attempts: i64,
    /// For so many seconds, and twice as long each time after that.
    pub lock_seconds: i64,
    /// For so many seconds at most.
    pub longest_lock_seconds: i64,
    /// A password that somebody else has set is good for so many days.
    pub first_password_days: i64,
    /// From this tier on people have to have a second factor: who has none may set one up and nothing else.
    /// `None`: it is everybody's own choice.
    pub second_factor_from: Option<Tier>,
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
            longest_lock_seconds: 4 * 3600,
            first_password_days: 7,
            second_factor_from: None,
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
}

/// How often a change is decided again after it lost a race.
const TRIES: u32 = 16;

impl Doors {
    /// The doors of an engine that has the kinds of [`crate::identity::kinds`].
    ///
    /// # Errors
    /// `Config` where it does not have them; what the store says.
    pub async fn open(eovr: Eovr, signer: Signer, limits: Limits) -> Result<Self> {
        eovr.catalog().kind(user::KIND)?;
        let kind = eovr.catalog().kind(login::KIND)?.clone();
        let known = Known::from(eovr.store().census(kind.name(), &[]).await?.position);
        Ok(Self { inner: Arc::new(Inner { eovr, signer, limits, known }) })
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

    /// The same, as far as the person has proved it: what asks for a proof asks for one here too.
    fn holder_for(&self, who: &Admitted, account: &Record) -> Result<Session> {
        let holder = user::holder(account)?;
        let proven = who.session.actor().needs_proof().is_ok();
        Ok(self.eovr().session(if proven { holder } else { holder.unproven() }))
    }

    /// The software itself, on behalf of an account.
    fn software(&self, account: RecordId) -> Result<Session> {
        self.software_as(&account.to_string())
    }

    /// The software itself, on behalf of nobody who is known.
    fn software_itself(&self) -> Result<Session> {
        self.software_as("eovr.doors")
    }

    fn software_as(&self, name: &str) -> Result<Session> {
        let reason = "find accounts, count attempts, begin and end logins";
        Ok(self.eovr().session(danger::unrestricted(name, reason)?))
    }

    async fn account(&self, id: RecordId) -> Result<Record> {
        self.software(id)?.attested(user::KIND, id).await.map(Attested::into_record)
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Doors({:?})", self.inner.signer)
    }
}
