//! Login, session and logout of users.
//!
//! Each step is a function from a client's input to its result. Each step changes audited records: attempts are
//! counted by where they come from ([`throttle`](crate::identity::throttle)), the account uses up codes, and the
//! login is begun, renewed and ended. Hashing a password is slow, so it is a separate step without `await`, which a
//! host can run on a thread for blocking work:
//!
//! ```text
//! begin(address, origin) → Attempt ─ try_password(…), 20 ms of one core → CheckedAttempt ─ login(…) → LoginStep
//! ```
//!
//! A refused caller gets the same message, after the same work, for every reason: unknown account, wrong password,
//! lock-out, or a lost race.
//!
//! Failures count until a login opens. A right password before a wrong code takes back only its own attempt.

mod account;
mod attempt;
mod bearer;
mod factor;
mod govern;
mod keys;
mod lockout;
mod logout;
mod origin;

use std::fmt;
use std::sync::Arc;

pub use self::account::{OwnerWords, Profile};
pub use self::attempt::{Attempt, CheckedAttempt, LoginStep, Opened};
pub use self::bearer::Authenticated;
use self::bearer::Known;
pub use self::factor::Enrolment;
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

/// Limits of login. The defaults follow OWASP ASVS 5 at level 2 and NIST SP 800-63B.
///
/// ```
/// use eovr_core::access::Role;
/// use eovr_core::identity::authentication::Limits;
///
/// let strict = Limits { second_factor_from: Some(Role::AdminManager.tier()), ..Limits::default() };
/// assert_eq!((strict.attempts, strict.lock_seconds), (5, 900));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of failures from one place that causes a lock-out of that place.
    pub attempts: i64,
    /// The first lock-out, in seconds. Each further one is twice as long.
    pub lock_seconds: i64,
    /// The longest lock-out, in seconds.
    pub longest_lock_seconds: i64,
    /// The days after which a password set by an administrator expires.
    pub first_password_days: i64,
    /// From this tier on, users must have a second factor. Without one they can only set it up. `None`: each user
    /// decides.
    pub second_factor_from: Option<Tier>,
    /// The longest duration of a login, in days, even if it is in use.
    pub login_days: i64,
    /// A login ends after this many seconds without a request.
    pub idle_seconds: i64,
    /// The most logins of one account at once. A new login ends the one that was idle for longest.
    pub logins: usize,
    /// For this many seconds a used refresh token gets the same response again, because the first response may have
    /// been lost. After that a second use means that a second party has a copy.
    pub overlap_seconds: i64,
    /// The greatest age of an authentication, in seconds, that counts as recent.
    pub proof_seconds: i64,
    /// The cost of a password check.
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

/// Login and logout on one engine. Cheap to clone. Use one per process, because it caches the logged-in users.
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
/// use eovr_core::identity::authentication::{LoginStep, Limits, Origin};
/// use eovr_core::identity::password::{Password, PasswordFlaw};
/// use eovr_core::identity::{Authentication, token::Signer};
///
/// let secret = [9; 32]; // an example: 32 random bytes, the same on every node
/// let signer = Signer::new("https://reports.example.org", &secret)?;
/// let authentication = Authentication::open(eovr.clone(), signer, Limits::default()).await?;
/// let password = Password::typed("three camels read the news").map_err(PasswordFlaw::error)?;
/// # let hash = authentication.limits().cost.hash(&password, &mut authentication.entropy()?)?.to_string();
/// # let (email, display_name) = ("mona@example.org".to_owned(), "Mona Hassan".to_owned());
/// # let (role, password_hash) = (Role::Staff, Some(hash));
/// # let account = NewUser { role, email, display_name, password_hash, must_change: false };
/// # let manager = eovr.session(member("top-1", Role::TopManagement, "CAI")?);
/// # manager.create(&user::KIND, &nile, account.command()).await?;
///
/// let attempt = authentication.begin("mona@example.org", Origin::client("ward tablet")).await?;
/// let tried = attempt.try_password(&password)?; // on a thread for blocking work
/// let LoginStep::Open(opened) = authentication.login(tried).await? else { panic!("mona has no second factor") };
/// let who = authentication.authenticate(&opened.access).await?; // at each request
/// assert_eq!(who.session.actor().capacity(), "staff");
/// authentication.logout(&who).await?;
/// assert_eq!(authentication.authenticate(&opened.access).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
/// # Ok(()) });
/// ```
#[derive(Clone)]
pub struct Authentication {
    inner: Arc<Inner>,
}

struct Inner {
    eovr: Eovr,
    signer: Signer,
    limits: Limits,
    known: Known,
}

impl Authentication {
    /// Opens the login service of an engine that has the kinds of [`crate::identity::kinds`].
    ///
    /// # Errors
    /// `Config` where the engine does not have them; errors of the store.
    pub async fn open(eovr: Eovr, signer: Signer, limits: Limits) -> Result<Self> {
        eovr.catalog().kind(&user::KIND)?;
        let kind = eovr.catalog().kind(&login::KIND)?.clone();
        let known = Known::from(eovr.store().census(kind.name(), &[]).await?.position);
        Ok(Self { inner: Arc::new(Inner { eovr, signer, limits, known }) })
    }

    /// The engine.
    pub fn eovr(&self) -> &Eovr {
        &self.inner.eovr
    }

    /// The time of the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.eovr().now()
    }

    /// Fresh entropy of the engine, for one hash.
    ///
    /// # Errors
    /// `Unavailable` where the system provides none.
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

    /// A session of the account's owner, limited to that account and its logins.
    fn holder(&self, account: &Record) -> Result<Session> {
        Ok(self.eovr().session(user::holder(account)?))
    }

    /// The same, with the state of the user's authentication, so that actions that require a recent one still check
    /// it.
    fn holder_for(&self, who: &Authenticated, account: &Record) -> Result<Session> {
        let holder = user::holder(account)?;
        let proven = who.session.actor().needs_proof().is_ok();
        Ok(self.eovr().session(if proven { holder } else { holder.unproven() }))
    }

    /// A session of the software itself, acting for an account.
    fn software(&self, account: RecordId) -> Result<Session> {
        self.software_as(&account.to_string())
    }

    /// A session of the software itself, acting for no known account.
    fn software_itself(&self) -> Result<Session> {
        self.software_as("eovr.doors")
    }

    fn software_as(&self, name: &str) -> Result<Session> {
        let reason = "find accounts, count attempts, begin and end logins";
        Ok(self.eovr().session(danger::unrestricted(name, reason)?))
    }

    async fn account(&self, id: RecordId) -> Result<Record> {
        self.software(id)?.attested(&user::KIND, id).await.map(Attested::into_record)
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authentication({:?})", self.inner.signer)
    }
}
