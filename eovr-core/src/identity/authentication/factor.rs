use std::fmt;

use zeroize::Zeroizing;

use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::authentication::attempt::{has_factor, wrong};
use crate::identity::authentication::{Authenticated, Authentication, LoginStep, Origin};
use crate::identity::login::Reason;
use crate::identity::password::PasswordHash;
use crate::identity::recovery::RecoveryCode;
use crate::identity::token::Purpose;
use crate::identity::totp::TotpSecret;
use crate::identity::{recovery, text, user};
use crate::record::{Record, RecordId, Value};
use crate::service::{Session, until_won};

/// A new second factor that is not confirmed yet. It is shown once.
pub struct Enrolment {
    /// The secret in base 32, for users who type it.
    pub secret: Zeroizing<String>,
    /// The secret as an `otpauth://` address.
    pub uri: Zeroizing<String>,
    /// The secret as a QR code, in SVG.
    pub qr: Zeroizing<String>,
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Enrolment(redacted)")
    }
}

impl Authentication {
    /// The second step of a login: a code of the app, or a recovery code. A wrong code notifies the owner, because
    /// the caller knows the password.
    ///
    /// # Errors
    /// `Unauthenticated`, with the same message for every reason.
    pub async fn second_step(&self, token: &str, code: &str, origin: &Origin) -> Result<LoginStep> {
        let account = self.stepped(Purpose::SecondStep, token).await?;
        let lane = self.lane(Some(&account), "", origin).await?;
        let may = self.count(&lane).await?;
        if !may || !has_factor(&account) {
            return Err(wrong().with("user", account.id()));
        }
        self.spend_code(&account, code).await?;
        self.open_or_change(&account, &lane, false, origin).await
    }

    /// Starts the setup of a second factor: an app that makes a code every 30 seconds. The factor is required after
    /// [`Authentication::confirm_factor`] has seen one of its codes.
    ///
    /// # Errors
    /// `Unauthenticated` where `who` must authenticate again first; `Conflict` where the account already has a
    /// factor.
    pub async fn enrol_factor(&self, who: &Authenticated, issuer: &str) -> Result<Enrolment> {
        let account = self.account(who.user).await?;
        if has_factor(&account) {
            return Err(Error::new(ErrorKind::Conflict, "the account already has a second factor")
                .with_help("remove it first, then set up the new one"));
        }
        let holder = self.holder_for(who, &account)?;
        let secret = TotpSecret::draw(&mut self.eovr().entropy()?);
        let command = Command::new(user::Action::EnrolFactor)
            .write("factor_secret", secret.to_base32().as_str())
            .set("factor", "enrolled");
        holder.act(&user::KIND, account.id(), command).await?;
        let name = holder.open(&account, "email")?.unwrap_or_default();
        Ok(Enrolment {
            secret: secret.to_base32(),
            uri: secret.uri(issuer, &name)?,
            qr: secret.qr_svg(issuer, &name)?,
        })
    }

    /// Completes the setup with a first code, and returns the recovery codes. They are shown once, and each is valid
    /// once. All other logins end, because they were opened without a second factor.
    ///
    /// # Errors
    /// `InvalidInput` where the code is wrong; `Conflict` where no setup was started.
    pub async fn confirm_factor(&self, who: &Authenticated, code: &str) -> Result<Vec<Zeroizing<String>>> {
        let account = self.account(who.user).await?;
        if text(&account, "factor") != "enrolled" {
            return Err(Error::new(ErrorKind::Conflict, "no setup of a second factor was started")
                .with_help("start the setup first"));
        }
        let holder = self.holder(&account)?;
        let step = self.step(&holder, &account, code)?.ok_or_else(|| {
            Error::invalid("the code is wrong").with_help("give the six digits that the app shows now")
        })?;
        let codes = RecoveryCode::draw(&mut self.eovr().entropy()?);
        let digests: Vec<u8> = codes.iter().flat_map(RecoveryCode::digest).collect();
        let command = Command::new(user::Action::ConfirmFactor)
            .set("factor", "confirmed")
            .set("factor_step", step)
            .set("recovery", digests)
            .expecting(account.version());
        holder.act(&user::KIND, account.id(), command).await?;
        self.end_all(&account, Reason::Changed, Some(who.login)).await?;
        Ok(codes.iter().map(RecoveryCode::shown).collect())
    }

    /// Removes the second factor and sets a new password that is long enough alone, because the earlier one may be
    /// shorter.
    ///
    /// # Errors
    /// `Unauthenticated` where `who` must authenticate again first; `Conflict` where the role requires a second
    /// factor.
    pub async fn remove_factor(&self, who: &Authenticated, new: &PasswordHash) -> Result<()> {
        let account = self.account(who.user).await?;
        let tier = user::role(&account)?.tier();
        if self.limits().second_factor_from.is_some_and(|from| tier >= from) {
            return Err(Error::new(ErrorKind::Conflict, "your role requires a second factor").with_help(
                "if you have lost it, ask another user of tier 5 to remove it; then set up a new one",
            ));
        }
        let command = removal().write("password_hash", new.to_string());
        self.holder_for(who, &account)?.act(&user::KIND, account.id(), command).await?;
        self.end_all(&account, Reason::Changed, Some(who.login)).await.map(drop)
    }

    /// Removes the second factor of a user who has lost it. Check the person's identity first. The user must change
    /// the password at the next login.
    ///
    /// # Errors
    /// The errors of [`Authentication::reset_password`].
    pub async fn reset_factor(&self, who: &Authenticated, id: RecordId, why: &str) -> Result<()> {
        let account = who.session.attested(&user::KIND, id).await?;
        let command = removal().note(why);
        who.session.act(&user::KIND, id, command).await?;
        self.end_all(&account, Reason::Closed, None).await.map(drop)
    }

    /// As [`Authentication::use_up`]; a wrong code also notifies the owner.
    pub(super) async fn spend_code(&self, account: &Record, code: &str) -> Result<()> {
        let spent = self.use_up(account.id(), code).await;
        let Err(error) = spent else { return Ok(()) };
        if error.kind() == ErrorKind::Unauthenticated {
            let told = Command::new(user::Action::FailFactor);
            self.holder(account)?.act(&user::KIND, account.id(), told).await?;
        }
        Err(error.with("user", account.id()))
    }

    /// Uses up a code of the app or a recovery code. A second use fails, on any node.
    async fn use_up(&self, id: RecordId, code: &str) -> Result<()> {
        let used = until_won(|| async {
            let account = self.account(id).await?;
            let holder = self.holder(&account)?;
            let command = match self.step(&holder, &account, code)? {
                Some(step) => Command::new(user::Action::UseFactor).set("factor_step", step),
                None => Command::new(user::Action::UseRecovery).set("recovery", without(&account, code)?),
            };
            holder.act(&user::KIND, id, command.expecting(account.version())).await
        });
        used.await?.map(drop).ok_or_else(wrong)
    }

    /// The time step of an app code, if the code is valid and unused.
    fn step(&self, holder: &Session, account: &Record, code: &str) -> Result<Option<i64>> {
        let Some(secret) = holder.open(account, "factor_secret")? else { return Ok(None) };
        let secret = TotpSecret::from_base32(&secret)?;
        let last = account.int("factor_step");
        Ok(secret.check(code, self.eovr().now(), last))
    }
}

/// The recovery codes that remain after this one.
fn without(account: &Record, code: &str) -> Result<Vec<u8>> {
    let kept = account.facet("recovery").and_then(Value::as_bytes).unwrap_or_default();
    let (digests, _) = kept.as_chunks::<32>();
    let spent = recovery::check(code, digests).ok_or_else(wrong)?;
    let left = digests.iter().enumerate().filter(|(index, _)| *index != spent);
    Ok(left.flat_map(|(_, digest)| *digest).collect())
}

fn removal() -> Command {
    Command::new(user::Action::RemoveFactor)
        .clear("factor")
        .erase("factor_secret")
        .clear("factor_step")
        .clear("recovery")
}
