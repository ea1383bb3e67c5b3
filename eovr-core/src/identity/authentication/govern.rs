use crate::access::{Role, Tier};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::authentication::attempt::is_active;
use crate::identity::authentication::{Authenticated, Authentication};
use crate::identity::login::Reason;
use crate::identity::password::PasswordHash;
use crate::identity::{NewUser, user};
use crate::org::OrgId;
use crate::ports::Written;
use crate::record::{Record, RecordId};
use crate::service::{Session, until_won};

/// What users of tier 5 do with the accounts of others. Each action requires recent authentication, because its row
/// in the action table says so.
impl Authentication {
    /// Creates an account in a facility, with a password that its owner must change at the first login.
    ///
    /// # Errors
    /// `Unauthenticated` where `who` must authenticate again first; `Denied` below tier 5; `Conflict` where the
    /// address is taken; `InvalidInput` where address or name is invalid.
    pub async fn provision(&self, who: &Authenticated, facility: &OrgId, person: NewUser) -> Result<Written> {
        let person = NewUser { must_change: person.password_hash.is_some(), ..person };
        who.session.create(&user::KIND, facility, person.command()).await
    }

    /// Sets a new password that the owner must change, ends the account's logins, and ends its lock-outs. The second
    /// factor stays.
    ///
    /// # Errors
    /// The errors of [`Authentication::provision`]; `NotFound` where there is no such account.
    pub async fn reset_password(&self, who: &Authenticated, id: RecordId, new: &PasswordHash) -> Result<()> {
        let command = Command::new(user::Action::ResetPassword).write("password_hash", new.to_string());
        self.act_and_end(&who.session, id, without_lock(command)).await?;
        self.lift(&who.session, id, "the password was reset").await
    }

    /// Ends the lock-outs of an account, and gives the reason.
    ///
    /// # Errors
    /// The errors of [`Authentication::reset_password`].
    pub async fn unlock(&self, who: &Authenticated, id: RecordId, why: &str) -> Result<()> {
        let command = without_lock(Command::new(user::Action::Unlock)).note(why);
        who.session.act(&user::KIND, id, command).await?;
        self.lift(&who.session, id, why).await
    }

    /// Ends every login of an account, and gives the reason.
    ///
    /// # Errors
    /// The errors of [`Authentication::reset_password`].
    pub async fn end_logins(&self, who: &Authenticated, id: RecordId, why: &str) -> Result<()> {
        let command = Command::new(user::Action::EndLogins).note(why);
        self.act_and_end(&who.session, id, command).await
    }

    /// Gives an account another role, and ends its logins. A user cannot change their own role.
    ///
    /// # Errors
    /// The errors of [`Authentication::reset_password`]; `Denied` for one's own account.
    pub async fn assign(&self, who: &Authenticated, id: RecordId, role: Role) -> Result<()> {
        let command = Command::new(user::Action::Assign).set("role", role.name());
        self.take_from(who, id, command).await
    }

    /// Disables, enables or retires an account, and gives the reason. A user cannot disable or retire their own
    /// account.
    ///
    /// # Errors
    /// The errors of [`Authentication::assign`]; `Refused` where the account's state does not allow it.
    pub async fn govern(
        &self,
        who: &Authenticated,
        id: RecordId,
        action: user::Action,
        why: &str,
    ) -> Result<()> {
        let command = Command::new(action).note(why);
        match action {
            user::Action::Enable => self.act_and_end(&who.session, id, command).await,
            _ => self.take_from(who, id, command).await,
        }
    }

    /// Applies an action that may remove an account of top management. The caller's own account takes part in the
    /// commit and must still be top management. So if two users remove each other at once, one of them is refused and
    /// one account remains.
    async fn take_from(&self, who: &Authenticated, id: RecordId, command: Command) -> Result<()> {
        let kind = self.eovr().catalog().kind(&user::KIND)?.clone();
        let taken = until_won(|| async {
            let target = who.session.attested(&user::KIND, id).await?;
            let commit = who.session.decide_attested(&kind, &target, command.clone()).await?;
            let commit = if is_top(&target)? && id != who.user {
                let software = self.software(who.user)?;
                let own = software.attested(&user::KIND, who.user).await?;
                if !is_active(&own) || !is_top(&own)? {
                    return Err(Error::new(
                        ErrorKind::Denied,
                        "your own account has lost its role or was disabled meanwhile",
                    ));
                }
                let remain = Command::new(user::Action::Remain).expecting(own.version());
                commit.and(software.decide_attested(&kind, &own, remain).await?)
            } else {
                commit
            };
            self.eovr().commit(commit).await?;
            Ok(target)
        });
        let Some(target) = taken.await? else {
            return Err(Error::new(ErrorKind::Conflict, "the account kept changing").with_help("try again"));
        };
        self.end_all(&target, Reason::Closed, None).await.map(drop)
    }

    async fn act_and_end(&self, by: &Session, id: RecordId, command: Command) -> Result<()> {
        by.act(&user::KIND, id, command).await?;
        let account = self.account(id).await?;
        self.end_all(&account, Reason::Closed, None).await.map(drop)
    }
}

/// Also resets what nodes of earlier releases counted in the account.
fn without_lock(command: Command) -> Command {
    command.clear("attempts").clear("locked_until")
}

fn is_top(account: &Record) -> Result<bool> {
    Ok(user::role(account)?.tier() == Tier::HIGHEST)
}
