use std::fmt;

use zeroize::Zeroizing;

use crate::access::Role;
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::doors::enter::{has_factor, is_active};
use crate::identity::doors::{Admitted, Doors, Entry, Tried};
use crate::identity::login::{self, Reason};
use crate::identity::password::PasswordHash;
use crate::identity::token::{Purpose, bad_token};
use crate::identity::{NewUser, user};
use crate::org::OrgId;
use crate::ports::Written;
use crate::record::{Record, RecordId, Value};
use crate::service::Session;

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
    /// password again, and a code where there is a second factor.
    ///
    /// # Errors
    /// `Unauthenticated` where one of them is wrong, or the password is of another account.
    pub async fn prove(&self, who: &Admitted, tried: Tried, code: Option<&str>) -> Result<()> {
        let account = tried.of(who)?;
        if has_factor(&account) {
            self.spend_code(who.user, code.unwrap_or_default()).await?;
        }
        self.forget_attempts(&account).await?;
        let command = Command::new(login::Action::Prove)
            .set("proved_at", self.eovr().now())
            .set_some("two_factors", has_factor(&account).then_some(true));
        self.holder(&account)?.act(login::KIND, who.login, command).await?;
        self.inner.known.forget(who.login);
        Ok(())
    }

    /// Whether somebody proved who they are just now.
    ///
    /// # Errors
    /// `Unauthenticated` where that was too long ago.
    pub fn needs_proof(&self, who: &Admitted) -> Result<()> {
        if who.proved_at.plus_seconds(self.limits().proof_seconds) > self.eovr().now() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Unauthenticated, "this needs a fresh proof of who you are")
            .with_help("give your password once more, and a code where you have a second factor")
            .with("proof", "needed"))
    }

    /// Changes the password of somebody who is in, and ends all other logins.
    ///
    /// # Errors
    /// `Unauthenticated` where the old password was wrong.
    pub async fn change_password(&self, who: &Admitted, old: Tried, new: &PasswordHash) -> Result<()> {
        let account = old.of(who)?;
        self.forget_attempts(&account).await?;
        self.set_password(&account, new).await?;
        self.end_all(&account, Reason::Changed, Some(who.login)).await.map(drop)
    }

    /// Replaces a password that somebody else has set, with the token of [`Entry::NewPassword`], and lets
    /// the person in.
    ///
    /// # Errors
    /// `Unauthenticated` where the token is not good, or was used.
    pub async fn replace_password(&self, token: &str, new: &PasswordHash, client: &str) -> Result<Entry> {
        let bearer = self.signer().read(Purpose::NewPassword, token, self.eovr().now())?;
        let account = self.account(bearer.user).await?;
        if !is_active(&account) || account.facet("must_change") != Some(&Value::Bool(true)) {
            return Err(bad_token());
        }
        self.set_password(&account, new).await?;
        self.end_all(&account, Reason::Changed, None).await?;
        // Whoever has a second factor gave it before this token was made.
        self.open_login(&account, has_factor(&account), client).await.map(Entry::Open)
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
        let bearer = self.signer().read(Purpose::NewPassword, token, self.eovr().now())?;
        self.owner(bearer.user).await
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

    /// Makes an account in a facility, with a password that its owner must change at the first login.
    ///
    /// # Errors
    /// `Unauthenticated` where `who` has to prove who they are first; `Denied` below tier 5; `Conflict`
    /// where the address is taken.
    pub async fn provision(&self, who: &Admitted, facility: &OrgId, person: NewUser) -> Result<Written> {
        self.needs_proof(who)?;
        let person = NewUser { must_change: person.password_hash.is_some(), ..person };
        who.session.create(user::KIND, facility, person.command()).await
    }

    /// Gives an account a new password that its owner must change, and ends its logins. A second factor
    /// stays.
    ///
    /// # Errors
    /// As [`Doors::provision`]; `NotFound` where there is no such account.
    pub async fn reset_password(&self, who: &Admitted, id: RecordId, new: &PasswordHash) -> Result<()> {
        self.needs_proof(who)?;
        let command = Command::new(user::Action::ResetPassword).write("password_hash", new.to_string());
        self.act_and_end(&who.session, id, command).await
    }

    /// Gives somebody another role, and ends their logins. Nobody gives one to themselves.
    ///
    /// # Errors
    /// As [`Doors::reset_password`].
    pub async fn assign(&self, who: &Admitted, id: RecordId, role: Role) -> Result<()> {
        self.needs_proof(who)?;
        if id == who.user {
            return Err(Error::new(ErrorKind::Denied, "nobody changes their own role")
                .with_help("ask somebody else of tier 5"));
        }
        let command = Command::new(user::Action::Assign).set("role", role.name());
        self.act_and_end(&who.session, id, command).await
    }

    /// Disables, enables or retires an account, and says why.
    ///
    /// # Errors
    /// As [`Doors::reset_password`]; `Refused` where its state does not allow it.
    pub async fn govern(&self, who: &Admitted, id: RecordId, action: user::Action, why: &str) -> Result<()> {
        self.needs_proof(who)?;
        self.act_and_end(&who.session, id, Command::new(action).note(why)).await
    }

    async fn act_and_end(&self, by: &Session, id: RecordId, command: Command) -> Result<()> {
        by.act(user::KIND, id, command).await?;
        let account = self.account(id).await?;
        self.end_all(&account, Reason::Closed, None).await.map(drop)
    }

    async fn set_password(&self, account: &Record, new: &PasswordHash) -> Result<()> {
        let command = Command::new(user::Action::ChangePassword).write("password_hash", new.to_string());
        self.holder(account)?.act(user::KIND, account.id(), command).await.map(drop)
    }
}
