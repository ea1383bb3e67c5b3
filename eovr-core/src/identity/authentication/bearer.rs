use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::access::Actor;
use crate::audit::Attested;
use crate::decide::Headline;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::authentication::attempt::is_active;
use crate::identity::authentication::{Authentication, Opened};
use crate::identity::login::{self, Reason};
use crate::identity::token::{Bearer, Bound, Purpose, bad_token};
use crate::identity::{RefreshToken, user};
use crate::record::{Record, RecordId, Value};
use crate::service::{Follower, Session, until_won};
use crate::time::Timestamp;
use crate::workflow::Label;

/// A logged-in user, for one request.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// The session with the user's rights.
    pub session: Session,
    /// The user's account.
    pub user: RecordId,
    /// The login.
    pub login: RecordId,
    /// Whether the user gave a second factor.
    pub two_factors: bool,
    /// When the user last authenticated.
    pub proved_at: Timestamp,
    /// When the login ends if no further request comes.
    pub idle_at: Timestamp,
    /// Whether the user must set up a second factor before any other action.
    pub lacks_factor: bool,
}

impl Authentication {
    /// Authenticates a request by its access token. The login must be open and the account active. A change of either
    /// takes effect at once on the node that made it, and within a second on the others.
    ///
    /// # Errors
    /// `Unauthenticated` where the token, the login or the account is no longer valid; `Denied` where the user must
    /// set up a second factor first ([`Authentication::authenticate_to_enrol`]).
    pub async fn authenticate(&self, access: &str) -> Result<Authenticated> {
        let who = self.authenticate_to_enrol(access).await?;
        if who.lacks_factor { Err(Self::factor_needed()) } else { Ok(who) }
    }

    /// The error of [`Authentication::authenticate`] for users who must set up a second factor first.
    pub fn factor_needed() -> Error {
        Error::new(ErrorKind::Denied, "your role requires a second factor, and your account has none")
            .with_help("set one up; no other action is allowed before")
            .with("second_factor", "needed")
    }

    /// As [`Authentication::authenticate`], but it also admits users who must set up a second factor. A host must allow them only the
    /// setup, authenticating again, and logging out ([`Authenticated::lacks_factor`]).
    ///
    /// # Errors
    /// `Unauthenticated` where the token, the login or the account is no longer valid.
    pub async fn authenticate_to_enrol(&self, access: &str) -> Result<Authenticated> {
        let now = self.eovr().now();
        let bearer = self.signer().read(Purpose::Access, access, now)?;
        let id = bearer.login.ok_or_else(bad_token)?;
        self.follow(now).await?;
        let guest = self.guest(id, bearer, now).await?;
        if guest.user != bearer.user || !is_of(&bearer, guest.proved_at) {
            return Err(bad_token());
        }
        let idle_at = guest.seen_at.plus_seconds(self.limits().idle_seconds);
        let late = if idle_at <= now { Some(Reason::Idle) } else { None };
        if let Some(reason) = late.or((guest.expires_at <= now).then_some(Reason::Expired)) {
            self.end(guest.user, id, reason).await?;
            return Err(over(reason));
        }
        self.inner.known.see(id, now);
        let proven = guest.proved_at.plus_seconds(self.limits().proof_seconds) > now;
        Ok(Authenticated {
            session: self.eovr().session(if proven { guest.actor } else { guest.actor.unproven() }),
            user: guest.user,
            login: id,
            two_factors: guest.two_factors,
            proved_at: guest.proved_at,
            idle_at: now.plus_seconds(self.limits().idle_seconds),
            lacks_factor: guest.lacks_factor,
        })
    }

    /// The user of a login. It is loaded where this node does not know the login, or the token is newer than what the
    /// node knows.
    async fn guest(&self, id: RecordId, bearer: Bearer, now: Timestamp) -> Result<Guest> {
        let known = &self.inner.known;
        let newer = |guest: &Guest| matches!(bearer.bound, Bound::Proof(at) if at > guest.proved_at);
        if let Some(guest) = known.get(id).filter(|guest| !newer(guest)) {
            return Ok(guest);
        }
        let (login, account) = self.look_up(id, bearer).await?;
        let guest = Guest { lacks_factor: self.lacks_factor(&account)?, ..Guest::of(&login, &account, now)? };
        known.put(id, guest.clone(), self.limits().idle_seconds, now);
        Ok(guest)
    }

    /// When a login ends if no further request comes, as far as this node knows. `None` for a login that this node
    /// has not seen, or that has ended. This call does not count as a request.
    pub fn idle_at(&self, login: RecordId) -> Option<Timestamp> {
        let guest = self.inner.known.get(login)?;
        Some(guest.seen_at.plus_seconds(self.limits().idle_seconds).min(guest.expires_at))
    }

    /// Exchanges a refresh token for new tokens. The old token is used up.
    ///
    /// # Errors
    /// `Unauthenticated` where the token is not the newest of its login. If the token was already used, a second
    /// party has a copy, so the login ends for both.
    pub async fn refresh(&self, token: &RefreshToken) -> Result<Opened> {
        let now = self.eovr().now();
        let refreshed = until_won(|| async {
            let software = self.software(token.login())?;
            let login = absent_is_bad(software.attested(&login::KIND, token.login()).await)?;
            let user = owner(&login)?;
            let account = self.account(user).await?;
            let next = self.followers(token).next().ok_or_else(bad_token)?;
            if !holds(&login, "token", token) {
                return self.again(token, &login, &account, now).await;
            }
            if *login.state() != login::State::Open.name() || !is_active(&account) {
                return Err(bad_token());
            }
            if let Some(reason) = self.lateness(&login, now) {
                self.end(user, login.id(), reason).await?;
                return Err(over(reason));
            }
            let renewed = login::renew(&login, &next, now);
            // It loses the race where the same token comes twice at the same moment.
            self.holder(&account)?.act(&login::KIND, login.id(), renewed).await?;
            self.inner.known.see(login.id(), now);
            self.opened(&account, next, login::time(&login, "proved_at"), now)
        });
        refreshed.await?.ok_or_else(bad_token)
    }

    /// Handles a token that is not the newest: either the last response was lost a moment ago, or a second party has
    /// a copy.
    async fn again(
        &self,
        token: &RefreshToken,
        login: &Record,
        account: &Record,
        now: Timestamp,
    ) -> Result<Opened> {
        let open = *login.state() == login::State::Open.name() && is_active(account);
        let recent = login::time(login, "seen_at").plus_seconds(self.limits().overlap_seconds) > now;
        if open
            && recent
            && holds(login, "spent", token)
            && let Some(next) = self.followers(token).find(|next| holds(login, "token", next))
        {
            return self.opened(account, next, login::time(login, "proved_at"), now);
        }
        let newest = login.facet("token").and_then(Value::as_bytes).unwrap_or_default();
        // Only a token that was valid once ends the login, because an attacker can invent an invalid one. The last
        // token before an authentication leads to no later one.
        let led = self.signer().refresh_keys().any(|key| token.leads_to(newest, key));
        if open && (led || holds(login, "spent", token) && !recent) {
            self.end(account.id(), login.id(), Reason::Reused).await?;
        }
        Err(bad_token())
    }

    /// The tokens that follow a token, under the current key and under earlier ones.
    fn followers<'a>(&'a self, token: &'a RefreshToken) -> impl Iterator<Item = RefreshToken> + 'a {
        self.signer().refresh_keys().map(|key| token.next(key))
    }

    /// Whether a login is idle or expired. A node that has not seen the login's requests does not know about requests
    /// since the last renewal, so it adds the lifetime of one access token.
    fn lateness(&self, login: &Record, now: Timestamp) -> Option<Reason> {
        let limit = self.limits().idle_seconds;
        let idle_at = match self.inner.known.get(login.id()) {
            Some(guest) => guest.seen_at.plus_seconds(limit),
            None => login::time(login, "seen_at").plus_seconds(limit + Purpose::Access.lifetime_seconds()),
        };
        if login::time(login, "expires_at") <= now {
            Some(Reason::Expired)
        } else {
            (idle_at <= now).then_some(Reason::Idle)
        }
    }

    async fn look_up(&self, id: RecordId, bearer: Bearer) -> Result<(Record, Record)> {
        let software = self.software(bearer.user)?;
        let login = absent_is_bad(software.attested(&login::KIND, id).await)?;
        let account = absent_is_bad(software.attested(&user::KIND, bearer.user).await)?;
        if *login.state() != login::State::Open.name() || owner(&login)? != bearer.user {
            return Err(bad_token());
        }
        if !is_active(&account) {
            self.end(bearer.user, id, Reason::Closed).await?;
            return Err(bad_token());
        }
        Ok((login, account))
    }

    /// Reads the feed, at most once a second, and forgets the logins and accounts that have changed.
    async fn follow(&self, now: Timestamp) -> Result<()> {
        let Some(position) = self.inner.known.due(now) else { return Ok(()) };
        let mut feed = Follower::after(position);
        while !feed.at_end() {
            for posted in feed.next(&**self.eovr().store()).await? {
                match posted.headline() {
                    Some(message) => self.inner.known.forget_changed(&message),
                    // An unreadable message may be about any login.
                    None => self.inner.known.forget_all(),
                }
            }
            self.inner.known.read_to(feed.position());
        }
        Ok(())
    }
}

/// The logged-in users, as far as this node has seen them.
pub(super) struct Known {
    guests: RwLock<HashMap<RecordId, Guest>>,
    position: AtomicU64,
    read_at: AtomicI64,
}

#[derive(Clone)]
pub(super) struct Guest {
    actor: Actor,
    user: RecordId,
    two_factors: bool,
    proved_at: Timestamp,
    expires_at: Timestamp,
    seen_at: Timestamp,
    lacks_factor: bool,
}

/// The most logins in memory; the oldest are loaded again when needed.
const MOST_GUESTS: usize = 20_000;

impl Guest {
    fn of(login: &Record, account: &Record, now: Timestamp) -> Result<Self> {
        Ok(Self {
            actor: user::actor(account)?,
            user: account.id(),
            two_factors: login.facet("two_factors") == Some(&Value::Bool(true)),
            proved_at: login::time(login, "proved_at"),
            expires_at: login::time(login, "expires_at"),
            seen_at: now,
            lacks_factor: false,
        })
    }
}

impl Known {
    pub(super) fn from(position: u64) -> Self {
        Self { guests: RwLock::default(), position: position.into(), read_at: i64::MIN.into() }
    }

    fn get(&self, login: RecordId) -> Option<Guest> {
        self.guests.read().unwrap_or_else(PoisonError::into_inner).get(&login).cloned()
    }

    fn put(&self, login: RecordId, guest: Guest, idle_seconds: i64, now: Timestamp) {
        let mut guests = self.guests.write().unwrap_or_else(PoisonError::into_inner);
        if guests.len() >= MOST_GUESTS {
            guests.retain(|_, guest| guest.seen_at.plus_seconds(idle_seconds) > now);
        }
        if guests.len() >= MOST_GUESTS {
            guests.clear();
        }
        guests.insert(login, guest);
    }

    fn see(&self, login: RecordId, now: Timestamp) {
        let mut guests = self.guests.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(guest) = guests.get_mut(&login) {
            guest.seen_at = guest.seen_at.max(now);
        }
    }

    pub(super) fn forget(&self, login: RecordId) {
        self.guests.write().unwrap_or_else(PoisonError::into_inner).remove(&login);
    }

    fn forget_all(&self) {
        self.guests.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn forget_user(&self, user: RecordId) {
        self.guests.write().unwrap_or_else(PoisonError::into_inner).retain(|_, guest| guest.user != user);
    }

    fn forget_changed(&self, message: &Headline<'_>) {
        let Ok(record) = message.record.parse() else { return };
        match (message.kind(), message.action()) {
            // A renewal changes no cached data.
            (Some(kind), Some("renew")) if login::KIND == kind => {}
            (Some(kind), _) if login::KIND == kind => self.forget(record),
            (Some(kind), _) if user::KIND == kind => self.forget_user(record),
            _ => {}
        }
    }

    /// The position from which to read the feed, for the one caller whose turn it is.
    fn due(&self, now: Timestamp) -> Option<u64> {
        let last = self.read_at.load(Ordering::Relaxed);
        // If the system clock was set back, reading must still continue.
        let fresh = (last..last.saturating_add(1_000_000)).contains(&now.as_micros());
        let mine = !fresh
            && self
                .read_at
                .compare_exchange(last, now.as_micros(), Ordering::AcqRel, Ordering::Relaxed)
                .is_ok();
        mine.then(|| self.position.load(Ordering::Acquire))
    }

    fn read_to(&self, position: u64) {
        self.position.fetch_max(position, Ordering::AcqRel);
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known")
    }
}

/// Whether a token was made after the last authentication. A token of the previous release has only its time, in
/// seconds.
fn is_of(bearer: &Bearer, proved_at: Timestamp) -> bool {
    match bearer.bound {
        Bound::Proof(at) => at == proved_at,
        Bound::Credentials(_) => false,
        Bound::Nothing => bearer.issued_at.plus_seconds(1) > proved_at,
    }
}

fn holds(login: &Record, facet: &str, token: &RefreshToken) -> bool {
    login.facet(facet).and_then(Value::as_bytes) == Some(token.digest().as_slice())
}

pub(super) fn owner(login: &Record) -> Result<RecordId> {
    login.text("user").unwrap_or_default().parse()
}

/// A record that grants rights must have its audit proof.
fn absent_is_bad(record: Result<Attested>) -> Result<Record> {
    match record {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(bad_token()),
        record => record.map(Attested::into_record),
    }
}

fn over(reason: Reason) -> Error {
    let why = match reason {
        Reason::Idle => "the login was idle for too long",
        _ => "the login has expired",
    };
    Error::new(ErrorKind::Unauthenticated, why).with_help("log in again")
}
