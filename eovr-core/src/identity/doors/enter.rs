use std::fmt;

use zeroize::Zeroizing;

use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::device::Device;
use crate::identity::doors::count::Lane;
use crate::identity::doors::{Admitted, Doors, Origin};
use crate::identity::login::{self, Reason};
use crate::identity::password::{Password, PasswordCost, PasswordHash};
use crate::identity::token::{Bound, Purpose, bad_token, keyed};
use crate::identity::{RefreshToken, text, user};
use crate::record::{Column, Query, Record, RecordId, Test, Value};
use crate::time::Timestamp;
use crate::workflow::Label;

/// Somebody who wants to come in, before the password was looked at.
pub struct Knock {
    /// None where no account has the address.
    account: Option<Record>,
    /// What the password is compared with; a hash that nothing matches where there is no such account.
    hash: PasswordHash,
    /// Whether there is an account that could be entered.
    open: bool,
    cost: PasswordCost,
    lane: Lane,
    origin: Origin,
}

/// The same after it was.
pub struct Tried {
    /// The account, where the password was right.
    account: Option<Record>,
    /// Whether the password is one that is long enough beside a second factor only.
    short: bool,
    lane: Lane,
    origin: Origin,
}

/// What comes of the first or the second step of logging in.
#[derive(Debug)]
pub enum Entry {
    /// Somebody is in.
    Open(Opened),
    /// The second factor is asked for: a token for [`Doors::second_step`].
    SecondStep(Zeroizing<String>),
    /// The password must be changed first: a token for [`Doors::replace_password`].
    NewPassword(Zeroizing<String>),
}

/// The tokens of a login.
pub struct Opened {
    /// The login.
    pub login: RecordId,
    /// Opens everything that the account may do, for 15 minutes.
    pub access: Zeroizing<String>,
    /// Gives new ones of both kinds, once.
    pub refresh: RefreshToken,
    /// What the browser is to keep, to be known again ([`Origin::devices`]): a token for this account, before
    /// those of others. They open nothing, and outlast the login. Empty where nothing new is to be kept.
    pub devices: Vec<Zeroizing<String>>,
    /// Whether the person has to set up a second factor before anything else.
    pub lacks_factor: bool,
}

impl Doors {
    /// Looks for an account, and counts the attempt. It says nothing of what it found.
    ///
    /// # Errors
    /// `Unavailable` where the store is away.
    pub async fn knock(&self, email: &str, origin: Origin) -> Result<Knock> {
        let found = self.software_itself()?.find(&user::find_by_email(email)?).await?;
        // An account is believed where it proves itself. At an address that nobody has as much is asked.
        let id = found.items.first().map_or_else(|| RecordId::from_bytes(self.crowd(email)), Record::id);
        let found = match self.account(id).await {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            account => Some(account?),
        };
        // Attempts at no account count as well, so that both take the same time, and an auditor sees them.
        let lane = self.lane(found.as_ref(), email, &origin).await?;
        self.at(found, lane, origin).await
    }

    /// Asks somebody who is in for the password once more, for [`Doors::prove`] or [`Doors::change_password`].
    /// What is wrong counts for this login alone, and what strangers try counts elsewhere.
    ///
    /// # Errors
    /// As [`Doors::knock`].
    pub async fn knock_inside(&self, who: &Admitted) -> Result<Knock> {
        let account = self.account(who.user).await?;
        let lane = self.lane_inside(who, &account);
        self.at(Some(account), lane, Origin::default()).await
    }

    async fn at(&self, account: Option<Record>, lane: Lane, origin: Origin) -> Result<Knock> {
        let may = self.count(&lane).await?;
        let kept = match &account {
            Some(account) => self.holder(account)?.open(account, "password_hash")?,
            None => None,
        };
        let hash = kept.and_then(|kept| kept.parse::<PasswordHash>().ok());
        let open = may && hash.is_some() && account.as_ref().is_some_and(is_active);
        let cost = self.limits().cost;
        Ok(Knock { account, hash: hash.map_or_else(|| cost.nobodys(), Ok)?, open, cost, lane, origin })
    }

    /// Lets in who tried the right password.
    ///
    /// # Errors
    /// `Unauthenticated`, in the same words for every reason.
    pub async fn enter(&self, tried: Tried) -> Result<Entry> {
        let Tried { account, short, lane, origin } = tried;
        let account = account.ok_or_else(wrong)?;
        if has_factor(&account) {
            self.settle(&lane).await?;
            return self.step_token(&account, Purpose::SecondStep).map(Entry::SecondStep);
        }
        self.open_or_change(&account, &lane, short, &origin).await
    }

    /// Opens a login, unless the password has to be changed first.
    pub(super) async fn open_or_change(
        &self,
        account: &Record,
        lane: &Lane,
        short: bool,
        origin: &Origin,
    ) -> Result<Entry> {
        let must_change = must_change(account);
        if must_change && self.first_password_is_over(account).await? {
            return Err(wrong());
        }
        if must_change || short {
            self.settle(lane).await?;
            return self.step_token(account, Purpose::NewPassword).map(Entry::NewPassword);
        }
        self.open_login(account, origin).await.map(Entry::Open)
    }

    /// Whether somebody else has set the password so long ago that it is worth nothing.
    async fn first_password_is_over(&self, account: &Record) -> Result<bool> {
        use user::Action::{ChangePassword, Provision, ResetPassword};
        let trail = self.software(account.id())?.trail(user::KIND, account.id()).await?;
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

    /// A token for the next step. It ends when the account is entered with something else.
    fn step_token(&self, account: &Record, purpose: Purpose) -> Result<Zeroizing<String>> {
        let bound = Bound::Credentials(self.credentials(account));
        self.signer().sign_bound(purpose, account.id(), None, bound, self.eovr().now())
    }

    /// The account for which a step was taken, as long as it is entered with the same.
    pub(super) async fn stepped(&self, purpose: Purpose, token: &str) -> Result<Record> {
        let bearer = self.signer().read(purpose, token, self.eovr().now())?;
        let account = self.account(bearer.user).await?;
        let same = bearer.bound == Bound::Credentials(self.credentials(&account));
        if same && is_active(&account) { Ok(account) } else { Err(bad_token()) }
    }

    /// What an account is entered with, as a digest: another password or second factor makes another one.
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

    /// Begins a login, and ends those that are too many.
    /// Whoever has a second factor has given it before.
    pub(super) async fn open_login(&self, account: &Record, origin: &Origin) -> Result<Opened> {
        self.make_room(account).await?;
        let holder = self.holder(account)?;
        if self.is_new(account, &origin.client).await? {
            holder.act(user::KIND, account.id(), Command::new(user::Action::EnterAnew)).await?;
        }
        self.came_in(account, origin).await?;
        if account.facet("attempts").is_some() || account.facet("locked_until").is_some() {
            // Counted by a node of an earlier release, which would go on from there.
            let succeed = Command::new(user::Action::Succeed).clear("attempts").clear("locked_until");
            holder.act(user::KIND, account.id(), succeed).await?;
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
        self.software(account.id())?.create_as(login::KIND, facility, id, command).await?;
        // Looked at last: who resets an account ends the logins that are there, and this one was not yet.
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

    /// Whether somebody has no second factor and has to have one.
    pub(super) fn lacks_factor(&self, account: &Record) -> Result<bool> {
        let from = self.limits().second_factor_from;
        Ok(match from {
            Some(from) => !has_factor(account) && user::role(account)?.tier() >= from,
            None => false,
        })
    }

    /// Whether an account that was entered before is entered with something new (OWASP ASVS 5, 6.3.5).
    async fn is_new(&self, account: &Record, client: &str) -> Result<bool> {
        let query = login::of(account)?.limit(REMEMBERED);
        let software = self.software(account.id())?;
        let before = software.find(&query).await?.items;
        // As it will be kept: what is longer is cut. One whose key was destroyed tells nothing.
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
        let query = login::of(account)?
            .filter(Column::State, Test::Is(login::State::Open.name().into()))
            .limit(Query::LARGEST_PAGE);
        Ok(self.software(account.id())?.find(&query).await?.items)
    }
}

impl Knock {
    /// Compares the password. It takes one core some 20 milliseconds, whatever comes out: run it on a
    /// thread for such work, and no more at once than there are cores.
    ///
    /// # Errors
    /// `Unavailable` where the memory cannot be had.
    pub fn try_password(self, password: &Password) -> Result<Tried> {
        let right = self.hash.verify(password, self.cost)?.matches && self.open;
        let Self { account, lane, origin, .. } = self;
        Ok(Tried { account: account.filter(|_| right), short: !password.stands_alone(), lane, origin })
    }
}

impl fmt::Debug for Knock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Knock(redacted)")
    }
}

impl fmt::Debug for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tried(redacted)")
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({}, redacted)", self.login)
    }
}

impl Tried {
    /// The account, where the password was right and it is that of somebody who is in; and where that was
    /// counted.
    pub(super) fn of(self, who: &Admitted) -> Result<(Record, Lane)> {
        let account = self.account.filter(|account| account.id() == who.user).ok_or_else(wrong)?;
        Ok((account, self.lane))
    }

    /// The same, where it was that of somebody who is in.
    ///
    /// # Errors
    /// `Unauthenticated` where not.
    pub fn checked(self, who: &Admitted) -> Result<Self> {
        let right = self.account.as_ref().is_some_and(|account| account.id() == who.user);
        if right { Ok(self) } else { Err(wrong()) }
    }
}

pub(super) fn wrong() -> Error {
    Error::new(ErrorKind::Unauthenticated, "you cannot come in like that").with_help(
        "check address, password and code; after some wrong ones the door stays closed for a while, and a first \
         password is good for some days only",
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

/// With so many of the last logins a new one is compared.
const REMEMBERED: u32 = 100;

/// A browser without its version: a new one of those comes every month.
fn make(client: &str) -> String {
    client.chars().filter(|c| c.is_alphabetic()).collect()
}

/// What a browser says of itself, as far as a person wants to read it.
fn shown(client: &str) -> Option<String> {
    let shown: String = client.chars().filter(|c| !c.is_control()).take(200).collect();
    Some(shown.trim().to_owned()).filter(|shown| !shown.is_empty())
}
