use std::fmt;

use zeroize::Zeroizing;

use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::doors::{Admitted, Doors};
use crate::identity::login::{self, Reason};
use crate::identity::password::{Password, PasswordCost, PasswordHash};
use crate::identity::token::Purpose;
use crate::identity::{RefreshToken, text, user};
use crate::record::{Column, Query, Record, RecordId, Test, Value};
use crate::workflow::Label;

/// Somebody who wants to come in, before the password was looked at.
pub struct Knock {
    account: Record,
    /// What the password is compared with; a hash that nothing matches where there is no such account.
    hash: PasswordHash,
    /// Whether there is an account that could be entered.
    open: bool,
    cost: PasswordCost,
}

/// The same after it was.
pub struct Tried {
    account: Record,
    right: bool,
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
}

impl Doors {
    /// Looks for an account, and counts the attempt. It says nothing of what it found.
    ///
    /// # Errors
    /// `Unavailable` where the store is away, or too many knock at the same account at once.
    pub async fn knock(&self, email: &str) -> Result<Knock> {
        let software = self.software(self.inner.nobody)?;
        let found = software.find(&user::find_by_email(email)?).await?.items.into_iter().next();
        let id = found.as_ref().map_or(self.inner.nobody, Record::id);
        // Attempts at no account count as well, so that both take the same time, and an auditor sees them.
        let account = self.count_attempt(id).await?;
        let kept = self.holder(&account)?.open(&account, "password_hash")?;
        let hash = kept.and_then(|kept| kept.parse::<PasswordHash>().ok());
        let open = hash.is_some() && is_active(&account) && !self.is_locked(&account);
        let cost = self.limits().cost;
        Ok(Knock { account, hash: hash.map_or_else(|| cost.nobodys(), Ok)?, open, cost })
    }

    /// Lets in who tried the right password.
    ///
    /// `client` is what came, as it calls itself: shown to the owner in the list of logins.
    ///
    /// # Errors
    /// `Unauthenticated`, in the same words for every reason.
    pub async fn enter(&self, tried: Tried, client: &str) -> Result<Entry> {
        if !tried.right {
            return Err(wrong());
        }
        self.forget_attempts(&tried.account).await?;
        if has_factor(&tried.account) {
            let token =
                self.signer().sign(Purpose::SecondStep, tried.account.id(), None, self.eovr().now())?;
            return Ok(Entry::SecondStep(token));
        }
        self.open_or_change(&tried.account, false, client).await
    }

    /// Opens a login, unless the password has to be changed first.
    pub(super) async fn open_or_change(
        &self,
        account: &Record,
        two_factors: bool,
        client: &str,
    ) -> Result<Entry> {
        if account.facet("must_change") == Some(&Value::Bool(true)) {
            let token = self.signer().sign(Purpose::NewPassword, account.id(), None, self.eovr().now())?;
            return Ok(Entry::NewPassword(token));
        }
        self.open_login(account, two_factors, client).await.map(Entry::Open)
    }

    /// Begins a login, and ends those that are too many.
    pub(super) async fn open_login(
        &self,
        account: &Record,
        two_factors: bool,
        client: &str,
    ) -> Result<Opened> {
        self.make_room(account).await?;
        if self.is_new(account, client).await? {
            let anew = Command::new(user::Action::EnterAnew);
            self.holder(account)?.act(user::KIND, account.id(), anew).await?;
        }
        let eovr = self.eovr();
        let (now, mut entropy) = (eovr.now(), eovr.entropy()?);
        let id = eovr.new_id(now, &mut entropy);
        let refresh = RefreshToken::first(id, &mut entropy);
        let command = login::begin(account, &refresh, two_factors, now, self.limits().login_days);
        let command = command.write_some("client", shown(client));
        let facility = &account.envelope().stamp.facility;
        self.software(account.id())?.create_as(login::KIND, facility, id, command).await?;
        let access = self.signer().sign(Purpose::Access, account.id(), Some(id), now)?;
        Ok(Opened { login: id, access, refresh })
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

    /// Counts an attempt, and returns the account as it was before.
    pub(super) async fn count_attempt(&self, id: RecordId) -> Result<Record> {
        let (now, limits) = (self.eovr().now(), self.limits());
        self.change(id, &self.software(id)?, |account| {
            let attempts = attempts(account).saturating_add(1).min(1_000_000);
            let locks = attempts >= limits.attempts && !self.is_locked(account);
            // The account that nobody has is locked as well, and nobody is told.
            let told = locks && account.id() != self.inner.nobody;
            let command = Command::new(if told { user::Action::Lock } else { user::Action::Attempt });
            let until = locks.then(|| now.plus_seconds(limits.lock_seconds));
            Ok(command.set("attempts", attempts).set_some("locked_until", until))
        })
        .await
    }

    pub(super) async fn forget_attempts(&self, account: &Record) -> Result<()> {
        let command = Command::new(user::Action::Succeed).clear("attempts").clear("locked_until");
        self.holder(account)?.act(user::KIND, account.id(), command).await.map(drop)
    }

    pub(super) fn is_locked(&self, account: &Record) -> bool {
        login::time(account, "locked_until") > self.eovr().now()
    }
}

impl Knock {
    /// Compares the password. It takes one core some 20 milliseconds, whatever comes out: run it on a
    /// thread for such work, and no more at once than there are cores.
    ///
    /// # Errors
    /// `Unavailable` where the memory cannot be had.
    pub fn try_password(self, password: &Password) -> Result<Tried> {
        let right = self.hash.verify(password, self.cost)?.matches;
        Ok(Tried { right: right && self.open, account: self.account })
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
    /// The account, where the password was right and it is that of somebody who is in.
    pub(super) fn of(self, who: &Admitted) -> Result<Record> {
        if self.right && self.account.id() == who.user { Ok(self.account) } else { Err(wrong()) }
    }

    /// The same, where it was that of somebody who is in.
    ///
    /// # Errors
    /// `Unauthenticated` where not.
    pub fn checked(self, who: &Admitted) -> Result<Self> {
        let right = self.right && self.account.id() == who.user;
        if right { Ok(self) } else { Err(wrong()) }
    }
}

pub(super) fn wrong() -> Error {
    Error::new(ErrorKind::Unauthenticated, "you cannot come in like that").with_help(
        "check address, password and code; after some wrong ones an account is locked for a quarter of an hour",
    )
}

pub(super) fn is_active(account: &Record) -> bool {
    *account.state() == user::State::Active.name()
}

pub(super) fn has_factor(account: &Record) -> bool {
    text(account, "factor") == "confirmed"
}

fn attempts(account: &Record) -> i64 {
    account.facet("attempts").and_then(Value::as_int).unwrap_or_default()
}

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
