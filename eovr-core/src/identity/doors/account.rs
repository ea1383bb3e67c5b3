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

/// What the policy needs to know to check a new password.
pub struct OwnerWords {
    /// Whether the account has a second factor, which allows a shorter password.
    pub second_factor: bool,
    /// The owner's name and address.
    pub words: Vec<Zeroizing<String>>,
}

impl fmt::Debug for OwnerWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnerWords(redacted)")
    }
}

/// The owner's data on an account.
pub struct Profile {
    /// The person's name.
    pub name: Zeroizing<String>,
    /// The address.
    pub email: Zeroizing<String>,
    /// Whether the account has a second factor.
    pub second_factor: bool,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(redacted)")
    }
}

impl Doors {
    /// Authenticates a logged-in user again before a sensitive action, so that an unlocked screen is not enough. It
    /// takes the password and, where the account has a second factor, a code. The earlier tokens become invalid; the
    /// result contains the new ones (OWASP ASVS 5, 7.2.4).
    ///
    /// # Errors
    /// `Unauthenticated` where the password or the code is wrong, or the password belongs to another account.
    pub async fn prove(&self, who: &Admitted, tried: Tried, code: Option<&str>) -> Result<Opened> {
        let (account, lane) = tried.of(who)?;
        if has_factor(&account) {
            self.spend_code(&account, code.unwrap_or_default()).await?;
        }
        self.forget(&lane).await?;
        let holder = self.holder(&account)?;
        for _ in 0..TRIES {
            let login = self.software(account.id())?.attested(&login::KIND, who.login).await?;
            let now = self.eovr().now();
            let next = RefreshToken::first(who.login, &mut self.eovr().entropy()?);
            let command = login::prove(&login, &next, has_factor(&account), now);
            match holder.act(&login::KIND, who.login, command).await {
                // Another request renewed the login at the same moment.
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

    /// Checks that the user authenticated recently.
    ///
    /// # Errors
    /// `Unauthenticated` where the last authentication is too old.
    pub fn needs_proof(&self, who: &Admitted) -> Result<()> {
        who.session.actor().needs_proof()
    }

    /// Changes the password of a logged-in user, and ends all other logins.
    ///
    /// # Errors
    /// `Unauthenticated` where the old password was wrong.
    pub async fn change_password(&self, who: &Admitted, old: Tried, new: &PasswordHash) -> Result<()> {
        let (account, lane) = old.of(who)?;
        self.forget(&lane).await?;
        self.set_password(&account, new).await?;
        self.end_all(&account, Reason::Changed, Some(who.login)).await.map(drop)
    }

    /// Replaces a password that an administrator has set, with the token of [`Entry::NewPassword`], and logs the user
    /// in. The token becomes invalid when that password changes.
    ///
    /// # Errors
    /// `Unauthenticated` where the token is invalid or already used.
    pub async fn replace_password(&self, token: &str, new: &PasswordHash, origin: &Origin) -> Result<Entry> {
        let account = self.stepped(Purpose::NewPassword, token).await?;
        let changed = self.set_password(&account, new).await?;
        self.end_all(&account, Reason::Changed, None).await?;
        self.open_login(&changed, origin).await.map(Entry::Open)
    }

    /// The owner's words for the password policy, for a logged-in user.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn owner(&self, account: RecordId) -> Result<OwnerWords> {
        let account = self.account(account).await?;
        let holder = self.holder(&account)?;
        let texts = [holder.open(&account, "display_name")?, holder.open(&account, "email")?];
        Ok(OwnerWords { second_factor: has_factor(&account), words: texts.into_iter().flatten().collect() })
    }

    /// The same for the holder of a token of [`Entry::NewPassword`].
    ///
    /// # Errors
    /// `Unauthenticated` where the token is invalid.
    pub async fn owner_of_token(&self, token: &str) -> Result<OwnerWords> {
        self.owner(self.stepped(Purpose::NewPassword, token).await?.id()).await
    }

    /// The profile of a logged-in user.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn profile(&self, who: &Admitted) -> Result<Profile> {
        let account = self.account(who.user).await?;
        let holder = self.holder(&account)?;
        Ok(Profile {
            name: holder.open(&account, "display_name")?.unwrap_or_default(),
            email: holder.open(&account, "email")?.unwrap_or_default(),
            second_factor: has_factor(&account),
        })
    }

    /// Replaces the password that the caller has checked, and returns the account after the change. It fails if the
    /// password has changed since.
    async fn set_password(&self, before: &Record, new: &PasswordHash) -> Result<Record> {
        for _ in 0..TRIES {
            let account = self.account(before.id()).await?;
            if self.credentials(&account) != self.credentials(before) {
                return Err(bad_token());
            }
            let command = Command::new(user::Action::ChangePassword)
                .write("password_hash", new.to_string())
                .expecting(account.version());
            match self.holder(&account)?.act(&user::KIND, account.id(), command).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
                Ok(_) => {
                    let after = self.account(account.id()).await?;
                    // An administrator has reset the password since.
                    return if must_change(&after) { Err(bad_token()) } else { Ok(after) };
                }
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "the account kept changing").with_help("try again"))
    }
}
