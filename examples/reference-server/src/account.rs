//! `account`: somebody who can come in, made by whoever runs the server: the first of all, who makes the others, or
//! one more where nobody can come in any more.

use eovr_core::access::Role;
use eovr_core::identity::password::{self, Password, PasswordCost, PasswordFlaw};
use eovr_core::identity::{NewUser, user};
use eovr_core::org::OrgId;
use eovr_core::seal::Entropy;
use eovr_core::service::SystemClock;
use eovr_core::{Error, ErrorKind, Result, Session};
use zeroize::Zeroizing;

use crate::engine::{self, Opening};
use crate::output::{Failure, Out};
use crate::settings::Place;

/// Options of `account`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// The address that the person logs in with
    #[arg(long, value_name = "EMAIL")]
    email: String,
    /// What the person is called
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The person's role
    #[arg(long, value_name = "ROLE", default_value_t = Role::TopManagement)]
    role: Role,
    /// The facility of the person's seat [default: the organisation's first]
    #[arg(long, value_name = "ID")]
    facility: Option<String>,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<(), Failure> {
    let opening = Opening { for_real: true, ..Opening::default() };
    let host = engine::open_with(&args.place, SystemClock, opening, out).await?;
    let done = make(&args, &host.eovr, out).await;
    host.close().await;
    done
}

async fn make(args: &Args, eovr: &eovr_core::Eovr, out: &mut Out) -> Result<(), Failure> {
    let facility = engine::facility(eovr, args.facility.as_deref())?;
    let person = NewUser {
        role: args.role,
        email: args.email.clone(),
        display_name: args.name.clone(),
        password_hash: None,
        must_change: true,
    };
    let made = provide(&engine::setup(eovr)?, &facility, person).await;
    let first = made.map_err(|error| match error.kind() {
        ErrorKind::Conflict => Failure::usage(
            "there is an account with this address already",
            "somebody of top management gives it a new password; or make one with another address",
        ),
        _ => error.into(),
    })?;
    out.line(format_args!("{} of {facility}: {}", args.role, args.email));
    out.line(format_args!("first password: {}", first.as_str()));
    out.line("it opens the door once, and asks for another one there");
    Ok(())
}

/// Makes an account with a password that was drawn, and says which.
pub(crate) async fn provide(maker: &Session, facility: &OrgId, person: NewUser) -> Result<Zeroizing<String>> {
    let password = password::drawn(&mut Entropy::from_seed(&*random()?));
    let person = NewUser { password_hash: Some(hash(&password)?), ..person };
    maker.create(user::KIND, facility, person.command()).await?;
    Ok(password)
}

fn hash(password: &str) -> Result<String> {
    let password = Password::typed(password).map_err(PasswordFlaw::error)?;
    let hash = PasswordCost::default().hash(&password, &mut Entropy::from_seed(&*random()?))?;
    Ok(hash.to_string())
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut random = Zeroizing::new([0; N]);
    getrandom::fill(random.as_mut_slice()).map_err(|error| {
        Error::new(ErrorKind::Unavailable, "the system gives no randomness").because(error)
    })?;
    Ok(random)
}

#[cfg(test)]
mod tests {
    use eovr_core::identity::password::PasswordHash;

    use super::*;

    #[test]
    fn a_password_is_long_and_its_hash_knows_it() -> Result<()> {
        let password = password::drawn(&mut Entropy::from_seed(&[3; 32]));
        assert_eq!(password.len(), 32);
        let hash: PasswordHash = hash(&password)?.parse()?;
        let matches = |text: &str| {
            let typed = Password::typed(text).map_err(PasswordFlaw::error)?;
            Ok::<bool, Error>(hash.verify(&typed, PasswordCost::default())?.matches)
        };
        assert!(matches(&password)? && !matches("another")?);
        Ok(())
    }
}
