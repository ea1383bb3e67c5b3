//! `account`: creates an account on behalf of the operator. It creates the first account, which creates the others, or
//! a new one after the loss of all others.

use eovr_core::access::Role;
use eovr_core::identity::password::{self, Password, PasswordCost, PasswordFlaw};
use eovr_core::identity::{NewUser, user};
use eovr_core::org::OrgId;
use eovr_core::seal::Entropy;
use eovr_core::service::SystemClock;
use eovr_core::{Error, ErrorKind, Result, Session};
use eovr_host::output::{Failure, Out};
use eovr_host::settings::Place;
use zeroize::Zeroizing;

use crate::engine::{self, Opening};

/// Options of `account`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// The e-mail address for login
    #[arg(long, value_name = "EMAIL")]
    email: String,
    /// The name of the person
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The person's role
    #[arg(long, value_name = "ROLE", default_value_t = Role::TopManagement)]
    role: Role,
    /// The facility of the account [default: the organisation's first]
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
            "an account of top management can set a new password; or create one with another address",
        ),
        _ => error.into(),
    })?;
    out.line(format_args!("{} of {facility}: {}", args.role, args.email));
    out.line(format_args!("first password: {}", first.as_str()));
    out.line("it is valid for one login, at which the person must choose another");
    Ok(())
}

/// Creates an account with a random password, and returns the password.
pub(crate) async fn provide(maker: &Session, facility: &OrgId, person: NewUser) -> Result<Zeroizing<String>> {
    let password = password::drawn(&mut Entropy::from_seed(&*random()?));
    let person = NewUser { password_hash: Some(hash(&password)?), ..person };
    maker.create(&user::KIND, facility, person.command()).await?;
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
