use std::fmt;

use zeroize::Zeroizing;

use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::doors::enter::{has_factor, must_change};
use crate::identity::doors::{Admitted, Doors, Entry, Opened, Origin, TRIES, Tried};
use crate::identity::login::{self, Reason};
use crate::identity::password::PasswordHash;
use crate::identity::token::{Purpose, bad_token};
use crate::identity::{RefreshToken, user};
use crate::record::{Record, RecordId};

/// What a new password must not be made of.
pub struct OwnerWords {
    /// Whether the account has a second factor: the password may be shorter then.
    pub second_factor: bool,
    /// Name and address of its owner.
    pub words: Vec<Zeroizing<String>>,
}

impl fmt::Debug for OwnerWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnerWords(redacted)")
    }
}

/// What an account says of its owner.
pub struct Profile {
    /// What the person is called.
    pub name: Zeroizing<String>,
    /// The address.
    pub email: Zeroizing<String>,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(redacted)")
    }
}

impl Doors {
    /// Proves once more who somebody is, for what must not be done by whoever finds an open screen: the
    /// password again, and a code where there is a second factor. The tokens of before are worth nothing from
    /// then on; these are the new ones (OWASP ASVS 5, 7.2.4).
    ///
    /// # Errors
    /// `Unauthenticated` where one of them is wrong, or the password is of another account.
    pub async fn prove(&self, who: &Admitted, tried: Tried, code: Option<&str>) -> Result<Opened> {
        let (account, lane) = tried.of(who)?;
        if has_factor(&account) {
            self.spend_code(&account, code.unwrap_or_default()).await?;
        }
        self.forget(&lane).await?;
        let holder = self.holder(&account)?;
        for _ in 0..TRIES {
            let login = self.software(account.id())?.attested(login::KIND, who.login).await?;
            let now = self.eovr().now();
            let next = RefreshToken::first(who.login, &mut self.eovr().entropy()?);
            let command = login::prove(&login, &next, has_factor(&account), now);
            match holder.act(login::KIND, who.login, command).await {
                // The login was renewed at the same moment.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
                Ok(_) => {
                    self.inner.known.forget(who.login);
                    return self.opened(&account, next, now, now);
                }
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "the login is renewed too often").with_help("try again"))
    }

    /// Whether somebody proved who they are just now.
    ///
    /// # Errors
    /// `Unauthenticated` where that was too long ago.
    pub fn needs_proof(&self, who: &Admitted) -> Result<()> {
        who.session.actor().needs_proof()
    }

    /// Changes the password of somebody who is in, and ends all other logins.
    ///
    /// # Errors
    /// `Unauthenticated` where the old password was wrong.
    pub async fn change_password(&self, who: &Admitted, old: Tried, new: &PasswordHash) -> Result<()> {
        let (account, lane) = old.of(who)?;
        self.forget(&lane).await?;
        self.set_password(&account, new).await?;
        self.end_all(&account, Reason::Changed, Some(who.login)).await.map(drop)
    }

    /// Replaces a password that somebody else has set, with the token of [`Entry::NewPassword`], and lets
    /// the person in. The token ends with the password that it was given for.
    ///
    /// # Errors
    /// `Unauthenticated` where the token is not good, or was used.
    pub async fn replace_password(&self, token: &str, new: &PasswordHash, origin: &Origin) -> Result<Entry> {
        let account = self.stepped(Purpose::NewPassword, token).await?;
        let changed = self.set_password(&account, new).await?;
        self.end_all(&account, Reason::Changed, None).await?;
        self.open_login(&changed, origin).await.map(Entry::Open)
    }

    /// What a new password is held against besides the lists, for somebody who is in.
    ///
    /// # Errors
    /// What the store says.
    pub async fn owner(&self, account: RecordId) -> Result<OwnerWords> {
        let account = self.account(account).await?;
        let holder = self.holder(&account)?;
        let texts = [holder.open(&account, "display_name")?, holder.open(&account, "email")?];
        Ok(OwnerWords { second_factor: has_factor(&account), words: texts.into_iter().flatten().collect() })
    }

    /// The same for whoever holds the token of [`Entry::NewPassword`].
    ///
    /// # Errors
    /// `Unauthenticated` where the token is not good.
    pub async fn owner_of_token(&self, token: &str) -> Result<OwnerWords> {
        self.owner(self.stepped(Purpose::NewPassword, token).await?.id()).await
    }

    /// What the account of somebody who is in says of them.
    ///
    /// # Errors
    /// What the store says.
    pub async fn profile(&self, who: &Admitted) -> Result<Profile> {
        let account = self.account(who.user).await?;
        let holder = self.holder(&account)?;
        Ok(Profile {
            name: holder.open(&account, "display_name")?.unwrap_or_default(),
            email: holder.open(&account, "email")?.unwrap_or_default(),
            second_factor: has_factor(&account),
        })
    }

    /// Sets a password in place of the one that was looked at, and of no other. Says how the account stands
    /// then.
    async fn set_password(&self, before: &Record, new: &PasswordHash) -> Result<Record> {
        for _ in 0..TRIES {
            let account = self.account(before.id()).await?;
            if self.credentials(&account) != self.credentials(before) {
                return Err(bad_token());
            }
            let command = Command::new(user::Action::ChangePassword)
                .write("password_hash", new.to_string())
                .expecting(account.version());
            match self.holder(&account)?.act(user::KIND, account.id(), command).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
                Ok(_) => {
                    let after = self.account(account.id()).await?;
                    // It was reset since.
                    return if must_change(&after) { Err(bad_token()) } else { Ok(after) };
                }
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "the account kept changing").with_help("try again"))
    }
}
