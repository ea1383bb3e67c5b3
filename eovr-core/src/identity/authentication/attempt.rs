use std::fmt;

use zeroize::Zeroizing;

use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::authentication::lockout::Lane;
use crate::identity::authentication::{Authenticated, Authentication, Origin};
use crate::identity::device::Device;
use crate::identity::login::{self, Reason};
use crate::identity::password::{Password, PasswordCost, PasswordHash};
use crate::identity::token::{Bound, Purpose, bad_token, keyed};
use crate::identity::{RefreshToken, text, user};
use crate::record::{Column, Query, Record, RecordId, Test, Value};
use crate::time::Timestamp;
use crate::workflow::Label;

/// A login attempt before the password check.
pub struct Attempt {
    /// `None` where no account has the address.
    account: Option<Record>,
    /// The hash to compare with. For an unknown account it is a hash that no password matches.
    hash: PasswordHash,
    /// Whether the account exists, is active, and the attempt may be checked.
    open: bool,
    cost: PasswordCost,
    lane: Lane,
    origin: Origin,
}

/// A login attempt after the password check.
pub struct CheckedAttempt {
    /// The account, if the password was right.
    account: Option<Record>,
    /// Whether the password is long enough only together with a second factor.
    short: bool,
    lane: Lane,
    origin: Origin,
}

/// The result of the first or second step of a login.
#[derive(Debug)]
pub enum LoginStep {
    /// The user is logged in.
    Open(Opened),
    /// A second factor is required: a token for [`Authentication::second_step`].
    SecondStep(Zeroizing<String>),
    /// The password must be changed first: a token for [`Authentication::replace_password`].
    NewPassword(Zeroizing<String>),
}

/// The tokens of a login.
pub struct Opened {
    /// The login.
    pub login: RecordId,
    /// The access token, valid for 15 minutes.
    pub access: Zeroizing<String>,
    /// The refresh token, which can be exchanged for new tokens once.
    pub refresh: RefreshToken,
    /// The device cookies that the browser is to store ([`Origin::devices`]): first the one of this account, then
    /// those of others. They give no access and outlast the login. Empty where there is nothing new to store.
    pub devices: Vec<Zeroizing<String>>,
    /// Whether the user must set up a second factor before any other action.
    pub lacks_factor: bool,
}

impl Authentication {
    /// Looks up an account and counts the attempt. The result does not reveal whether the account exists.
    ///
    /// # Errors
    /// `Unavailable` where the store cannot be reached.
    pub async fn begin(&self, email: &str, origin: Origin) -> Result<Attempt> {
        let found = self.software_itself()?.find(&user::find_by_email(email)).await?;
        // The account is loaded with its audit proof. For an unknown address the same read is made.
        let id = found.items.first().map_or_else(|| RecordId::from_bytes(self.crowd(email)), Record::id);
        let found = match self.account(id).await {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            account => Some(account?),
        };
        // Attempts at unknown addresses count as well, so that both cases take the same time and an auditor sees
        // them.
        let lane = self.lane(found.as_ref(), email, &origin).await?;
        self.at(found, lane, origin).await
    }

    /// Starts another password check of a logged-in user, for [`Authentication::prove`] or
    /// [`Authentication::change_password`]. Failures count only for this login, and attempts of strangers are counted
    /// elsewhere.
    ///
    /// # Errors
    /// The errors of [`Authentication::begin`].
    pub async fn begin_again(&self, who: &Authenticated) -> Result<Attempt> {
        let account = self.account(who.user).await?;
        let lane = self.lane_inside(who, &account);
        self.at(Some(account), lane, Origin::default()).await
    }

    async fn at(&self, account: Option<Record>, lane: Lane, origin: Origin) -> Result<Attempt> {
        let may = self.count(&lane).await?;
        let kept = match &account {
            Some(account) => self.holder(account)?.open(account, "password_hash")?,
            None => None,
        };
        let hash = kept.and_then(|kept| kept.parse::<PasswordHash>().ok());
        let open = may && hash.is_some() && account.as_ref().is_some_and(is_active);
        let cost = self.limits().cost;
        Ok(Attempt { account, hash: hash.map_or_else(|| cost.nobodys(), Ok)?, open, cost, lane, origin })
    }

    /// Logs in after a password check, or returns the token of the next step.
    ///
    /// # Errors
    /// `Unauthenticated`, with the same message for every reason.
    pub async fn login(&self, tried: CheckedAttempt) -> Result<LoginStep> {
        let CheckedAttempt { account, short, lane, origin } = tried;
        let account = account.ok_or_else(wrong)?;
        if has_factor(&account) {
            self.settle(&lane).await?;
            return self.step_token(&account, Purpose::SecondStep).map(LoginStep::SecondStep);
        }
        self.open_or_change(&account, &lane, short, &origin).await
    }

    /// Opens a login, unless the user must change the password first.
    pub(super) async fn open_or_change(
        &self,
        account: &Record,
        lane: &Lane,
        short: bool,
        origin: &Origin,
    ) -> Result<LoginStep> {
        let must_change = must_change(account);
        if must_change && self.first_password_is_over(account).await? {
            return Err(wrong());
        }
        if must_change || short {
            self.settle(lane).await?;
            return self.step_token(account, Purpose::NewPassword).map(LoginStep::NewPassword);
        }
        self.open_login(account, origin).await.map(LoginStep::Open)
    }

    /// Whether a password that an administrator set has expired.
    async fn first_password_is_over(&self, account: &Record) -> Result<bool> {
        use user::Action::{ChangePassword, Provision, ResetPassword};
        let trail = self.software(account.id())?.trail(&user::KIND, account.id()).await?;
        if !trail.verdict.is_intact() {
            return Err(Error::new(ErrorKind::Tampered, "the trail of an account does not fit the account")
                .with_help("ask for its audit trail")
                .with("record", account.id()));
        }
        let set = trail.entries.iter().rev().find(|entry| {
            let action = entry.event.action.as_str();
            [Provision, ResetPassword, ChangePassword].iter().any(|set| set.name() == action)
        });
        let by_another = set.filter(|entry| entry.event.action.as_str() != ChangePassword.name());
        let until = by_another
            .map(|entry| entry.event.at.plus_seconds(self.limits().first_password_days * DAY_SECONDS));
        Ok(until.is_some_and(|until| until <= self.eovr().now()))
    }

    /// A token for the next step. It becomes invalid when the credentials of the account change.
    fn step_token(&self, account: &Record, purpose: Purpose) -> Result<Zeroizing<String>> {
        let bound = Bound::Credentials(self.credentials(account));
        self.signer().sign_bound(purpose, account.id(), None, bound, self.eovr().now())
    }

    /// The account of a step token, if its credentials have not changed since.
    pub(super) async fn stepped(&self, purpose: Purpose, token: &str) -> Result<Record> {
        let bearer = self.signer().read(purpose, token, self.eovr().now())?;
        let account = self.account(bearer.user).await?;
        let same = bearer.bound == Bound::Credentials(self.credentials(&account));
        if same && is_active(&account) { Ok(account) } else { Err(bad_token()) }
    }

    /// A digest of the account's credentials, which changes with the password and with the second factor.
    pub(super) fn credentials(&self, account: &Record) -> [u8; 16] {
        let sealed = |field| account.sealed(field).map(|sealed| sealed.as_bytes()).unwrap_or_default();
        let must_change = [u8::from(must_change(account))];
        let mut parts = vec![b"credentials\n".to_vec()];
        for part in [
            sealed("password_hash"),
            sealed("factor_secret"),
            text(account, "factor").as_bytes(),
            &must_change,
        ] {
            parts.push(part.len().to_be_bytes().to_vec());
            parts.push(part.to_vec());
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let digest = keyed(self.signer().throttle_key(), &parts);
        let mut short = [0; 16];
        short.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
        short
    }

    /// Opens a login and ends the oldest ones above the limit. The caller has checked the second factor.
    pub(super) async fn open_login(&self, account: &Record, origin: &Origin) -> Result<Opened> {
        self.make_room(account).await?;
        let holder = self.holder(account)?;
        if self.is_new(account, &origin.client).await? {
            holder.act(&user::KIND, account.id(), Command::new(user::Action::EnterAnew)).await?;
        }
        self.came_in(account, origin).await?;
        if account.facet("attempts").is_some() || account.facet("locked_until").is_some() {
            // A node of an earlier release counted these, and would continue from there.
            let succeed = Command::new(user::Action::Succeed).clear("attempts").clear("locked_until");
            holder.act(&user::KIND, account.id(), succeed).await?;
        }
        let eovr = self.eovr();
        let (now, mut entropy) = (eovr.now(), eovr.entropy()?);
        let id = eovr.new_id(now, &mut entropy);
        let device = Device { account: account.id(), id: eovr.new_id(now, &mut entropy) };
        let known = self.known_device(account.id().as_bytes(), origin);
        let refresh = RefreshToken::first(id, &mut entropy);
        let command = login::begin(account, &refresh, has_factor(account), now, self.limits().login_days);
        let command = command.write_some("client", shown(&origin.client));
        let facility = &account.envelope().stamp.facility;
        self.software(account.id())?.create_as(&login::KIND, facility, id, command).await?;
        // Checked last: a concurrent reset of the account ended the logins that existed then, and not yet this one.
        let there = self.account(account.id()).await?;
        if !is_active(&there) || self.credentials(&there) != self.credentials(account) {
            self.end(account.id(), id, Reason::Closed).await?;
            return Err(wrong());
        }
        let own = known.unwrap_or(device).sign(self.signer(), now);
        let devices = std::iter::once(own).chain(self.devices_of_others(account, origin)).collect();
        Ok(Opened { devices, ..self.opened(account, refresh, now, now)? })
    }

    /// The tokens of an open login.
    pub(super) fn opened(
        &self,
        account: &Record,
        refresh: RefreshToken,
        proved_at: Timestamp,
        now: Timestamp,
    ) -> Result<Opened> {
        let login = refresh.login();
        let bound = Bound::Proof(proved_at);
        let access = self.signer().sign_bound(Purpose::Access, account.id(), Some(login), bound, now)?;
        Ok(Opened { login, access, refresh, devices: Vec::new(), lacks_factor: self.lacks_factor(account)? })
    }

    /// Whether the account must have a second factor and has none.
    pub(super) fn lacks_factor(&self, account: &Record) -> Result<bool> {
        let from = self.limits().second_factor_from;
        Ok(match from {
            Some(from) => !has_factor(account) && user::role(account)?.tier() >= from,
            None => false,
        })
    }

    /// Whether this browser is new to an account that was used before (OWASP ASVS 5, 6.3.5).
    async fn is_new(&self, account: &Record, client: &str) -> Result<bool> {
        let query = login::of(account).limit(REMEMBERED);
        let software = self.software(account.id())?;
        let before = software.find(&query).await?.items;
        // Compared in the form in which it is stored, that is, cut to length. A login whose key was destroyed is
        // ignored.
        let client = make(&shown(client).unwrap_or_default());
        let known = |login: &Record| {
            let opened = software.open(login, "client").ok().flatten();
            make(opened.as_deref().map_or("", String::as_str)) == client
        };
        Ok(!before.is_empty() && !before.iter().any(known))
    }

    async fn make_room(&self, account: &Record) -> Result<()> {
        let mut logins = self.open_logins(account).await?;
        logins.sort_by_key(|login| std::cmp::Reverse(login::time(login, "seen_at")));
        for login in logins.iter().skip(self.limits().logins.saturating_sub(1)) {
            self.end(account.id(), login.id(), Reason::Crowded).await?;
        }
        Ok(())
    }

    pub(super) async fn open_logins(&self, account: &Record) -> Result<Vec<Record>> {
        let query = login::of(account)
            .filter(Column::State, Test::Is(login::State::Open.into()))
            .limit(Query::LARGEST_PAGE);
        Ok(self.software(account.id())?.find(&query).await?.items)
    }
}

impl Attempt {
    /// Compares the password. It takes about 20 milliseconds of one core, whatever the result. Run it on a thread for
    /// blocking work, with at most as many at once as there are cores.
    ///
    /// # Errors
    /// `Unavailable` where there is not enough memory.
    pub fn try_password(self, password: &Password) -> Result<CheckedAttempt> {
        let right = self.hash.verify(password, self.cost)?.matches && self.open;
        let Self { account, lane, origin, .. } = self;
        Ok(CheckedAttempt {
            account: account.filter(|_| right),
            short: !password.stands_alone(),
            lane,
            origin,
        })
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attempt(redacted)")
    }
}

impl fmt::Debug for CheckedAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckedAttempt(redacted)")
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({}, redacted)", self.login)
    }
}

impl CheckedAttempt {
    /// The account and the lane of the attempt, if the password was right and belongs to the logged-in user.
    pub(super) fn of(self, who: &Authenticated) -> Result<(Record, Lane)> {
        let account = self.account.filter(|account| account.id() == who.user).ok_or_else(wrong)?;
        Ok((account, self.lane))
    }

    /// The same attempt, if its password belongs to the logged-in user.
    ///
    /// # Errors
    /// `Unauthenticated` otherwise.
    pub fn checked(self, who: &Authenticated) -> Result<Self> {
        let right = self.account.as_ref().is_some_and(|account| account.id() == who.user);
        if right { Ok(self) } else { Err(wrong()) }
    }
}

pub(super) fn wrong() -> Error {
    Error::new(ErrorKind::Unauthenticated, "the login failed").with_help(
        "check address, password and code; after several failures the login is locked for some time, and a first \
         password expires after some days",
    )
}

pub(super) fn is_active(account: &Record) -> bool {
    *account.state() == user::State::Active.name()
}

pub(super) fn must_change(account: &Record) -> bool {
    account.facet("must_change") == Some(&Value::Bool(true))
}

pub(super) fn has_factor(account: &Record) -> bool {
    text(account, "factor") == "confirmed"
}

const DAY_SECONDS: i64 = 24 * 3600;

/// The number of recent logins with which a new one is compared.
const REMEMBERED: u32 = 100;

/// The browser without its version, because versions change every month.
fn make(client: &str) -> String {
    client.chars().filter(|c| c.is_alphabetic()).collect()
}

/// The browser's description of itself, in a readable form.
fn shown(client: &str) -> Option<String> {
    let shown: String = client.chars().filter(|c| !c.is_control()).take(200).collect();
    Some(shown.trim().to_owned()).filter(|shown| !shown.is_empty())
}
