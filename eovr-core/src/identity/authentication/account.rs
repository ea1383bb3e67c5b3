use std::fmt;

use zeroize::Zeroizing;

use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::authentication::attempt::{has_factor, must_change};
use crate::identity::authentication::{
    Authenticated, Authentication, CheckedAttempt, LoginStep, Opened, Origin,
};
use crate::identity::login::{self, Reason};
use crate::identity::password::PasswordHash;
use crate::identity::token::{Purpose, bad_token};
use crate::identity::{RefreshToken, user};
use crate::record::{Record, RecordId};
use crate::service::until_won;

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

impl Authentication {
    /// Authenticates a logged-in user again before a sensitive action, so that an unlocked screen is not enough. It
    /// takes the password and, where the account has a second factor, a code. The earlier tokens become invalid; the
    /// result contains the new ones (OWASP ASVS 5, 7.2.4).
    ///
    /// # Errors
    /// `Unauthenticated` where the password or the code is wrong, or the password belongs to another account.
    pub async fn prove(
        &self,
        who: &Authenticated,
        tried: CheckedAttempt,
        code: Option<&str>,
    ) -> Result<Opened> {
        let (account, lane) = tried.of(who)?;
        if has_factor(&account) {
            self.spend_code(&account, code.unwrap_or_default()).await?;
        }
        self.forget(&lane).await?;
        let holder = self.holder(&account)?;
        // Another request may renew the login at the same moment.
        let proved = until_won(|| async {
            let login = self.software(account.id())?.attested(&login::KIND, who.login).await?;
            let now = self.eovr().now();
            let next = RefreshToken::first(who.login, &mut self.eovr().entropy()?);
            let command = login::prove(&login, &next, has_factor(&account), now);
            holder.act(&login::KIND, who.login, command).await?;
            Ok((next, now))
        });
        let Some((next, now)) = proved.await? else {
            return Err(
                Error::new(ErrorKind::Unavailable, "the login is renewed too often").with_help("try again")
            );
        };
        self.inner.known.forget(who.login);
        self.opened(&account, next, now, now)
    }

    /// Checks that the user authenticated recently.
    ///
    /// # Errors
    /// `Unauthenticated` where the last authentication is too old.
    pub fn needs_proof(&self, who: &Authenticated) -> Result<()> {
        who.session.actor().needs_proof()
    }

    /// Changes the password of a logged-in user, and ends all other logins.
    ///
    /// # Errors
    /// `Unauthenticated` where the old password was wrong.
    pub async fn change_password(
        &self,
        who: &Authenticated,
        old: CheckedAttempt,
        new: &PasswordHash,
    ) -> Result<()> {
        let (account, lane) = old.of(who)?;
        self.forget(&lane).await?;
        self.set_password(&account, new).await?;
        self.end_all(&account, Reason::Changed, Some(who.login)).await.map(drop)
    }

    /// Replaces a password that an administrator has set, with the token of [`LoginStep::NewPassword`], and logs the user
    /// in. The token becomes invalid when that password changes.
    ///
    /// # Errors
    /// `Unauthenticated` where the token is invalid or already used.
    pub async fn replace_password(
        &self,
        token: &str,
        new: &PasswordHash,
        origin: &Origin,
    ) -> Result<LoginStep> {
        let account = self.stepped(Purpose::NewPassword, token).await?;
        let changed = self.set_password(&account, new).await?;
        self.end_all(&account, Reason::Changed, None).await?;
        self.open_login(&changed, origin).await.map(LoginStep::Open)
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

    /// The same for the holder of a token of [`LoginStep::NewPassword`].
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
    pub async fn profile(&self, who: &Authenticated) -> Result<Profile> {
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
        let changed = until_won(|| async {
            let account = self.account(before.id()).await?;
            if self.credentials(&account) != self.credentials(before) {
                return Err(bad_token());
            }
            let command = Command::new(user::Action::ChangePassword)
                .write("password_hash", new.to_string())
                .expecting(account.version());
            self.holder(&account)?.act(&user::KIND, account.id(), command).await
        });
        if changed.await?.is_none() {
            return Err(
                Error::new(ErrorKind::Unavailable, "the account kept changing").with_help("try again")
            );
        }
        let after = self.account(before.id()).await?;
        // An administrator may have reset the password since.
        if must_change(&after) { Err(bad_token()) } else { Ok(after) }
    }
}
