use crate::error::{Error, ErrorKind, Result};
use crate::identity::authentication::{Authenticated, Authentication};
use crate::identity::login::{self, LoginInfo, Reason};
use crate::record::{Record, RecordId, Value};
use crate::workflow::Label;

impl Authentication {
    /// Logs out: ends this login.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn logout(&self, who: &Authenticated) -> Result<()> {
        self.end(who.user, who.login, Reason::LeftBySelf).await
    }

    /// Ends every login of the account, including this one, and returns how many there were.
    ///
    /// # Errors
    /// `Unauthenticated` where `who` must authenticate again first.
    pub async fn logout_everywhere(&self, who: &Authenticated) -> Result<usize> {
        self.may_end(who)?;
        let account = self.account(who.user).await?;
        self.end_all(&account, Reason::LeftBySelf, None).await
    }

    /// The open logins of the account, most recently used first.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn logins(&self, who: &Authenticated) -> Result<Vec<LoginInfo>> {
        let account = self.account(who.user).await?;
        let holder = self.holder(&account)?;
        let mut logins = Vec::new();
        for login in self.open_logins(&account).await? {
            let client = holder.open(&login, "client")?.map(|client| client.to_string());
            logins.push(LoginInfo {
                id: login.id(),
                began_at: login.envelope().created_at,
                seen_at: login::time(&login, "seen_at"),
                expires_at: login::time(&login, "expires_at"),
                two_factors: login.facet("two_factors") == Some(&Value::Bool(true)),
                client,
                this_one: login.id() == who.login,
            });
        }
        logins.sort_by_key(|login| std::cmp::Reverse(login.seen_at));
        Ok(logins)
    }

    /// Ends one login of the account.
    ///
    /// # Errors
    /// `Unauthenticated` where `who` must authenticate again first; `NotFound` where the account has no such login,
    /// also where another account has it.
    pub async fn end_login(&self, who: &Authenticated, login: RecordId) -> Result<()> {
        self.may_end(who)?;
        let account = self.account(who.user).await?;
        if !self.open_logins(&account).await?.iter().any(|open| open.id() == login) {
            return Err(Error::not_found(login::KIND));
        }
        self.end(who.user, login, Reason::LeftBySelf).await
    }

    /// A person needs what the row of the action requires. The software itself may always end logins.
    fn may_end(&self, who: &Authenticated) -> Result<()> {
        let kind = self.eovr().catalog().kind(&login::KIND)?;
        let row = kind.machine().action(login::Action::End.name());
        row.map_or(Ok(()), |row| row.proven(who.session.actor()))
    }

    /// Ends the logins of an account except one, and returns how many it ended.
    pub(super) async fn end_all(
        &self,
        account: &Record,
        reason: Reason,
        but: Option<RecordId>,
    ) -> Result<usize> {
        let mut ended = 0;
        for login in self.open_logins(account).await? {
            if Some(login.id()) != but {
                self.end(account.id(), login.id(), reason).await?;
                ended += 1;
            }
        }
        self.inner.known.forget_user(account.id());
        Ok(ended)
    }

    /// Ends a login. A login that has already ended stays unchanged.
    pub(super) async fn end(&self, user: RecordId, login: RecordId, reason: Reason) -> Result<()> {
        let ended = self.software(user)?.act(&login::KIND, login, login::end(reason)).await;
        self.inner.known.forget(login);
        match ended {
            Err(error) if error.kind() == ErrorKind::Refused => Ok(()),
            done => done.map(drop),
        }
    }
}
