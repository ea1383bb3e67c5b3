//! Authentication: login and logout, second factors, tokens, and API keys for machines.
//!
//! The access token travels in a header, so another site cannot make a browser send it. The refresh token is in a
//! cookie that scripts cannot read. The two routes that take it also require a header (`cookie`) that another site
//! cannot send. A hospital with its own identity provider can use that provider's tokens instead (`provider`).

mod account;
mod alarm;
mod alerts;
mod client;
pub(in crate::http) mod cookie;
mod factor;
mod failures;
mod hashing;
mod keys;
mod login;
mod people;
mod provider;
mod rates;
mod request;
mod watch;

use eovr_core::access::Tier;
use eovr_core::identity::Authentication;
use eovr_core::identity::authentication::Limits;
use eovr_core::identity::password::PasswordPolicy;
use eovr_core::{Eovr, Result};

pub use self::alarm::Alarm;
pub(in crate::http) use self::alarm::Failed;
pub use self::client::{Behind, Proxies, Trace, Whence};
pub use self::cookie::login_of;
pub use self::failures::Attempt;
use self::hashing::Hashing;
pub use self::provider::Provider;
pub use self::rates::{Allowed, Category, Rates, household};
pub use self::request::{Arrival, Person};
use super::kit::HostState;
use super::routes::Routes;
use crate::secrets::Secret;

/// The state of authentication.
pub struct Auth {
    /// Logins, tokens and second factors.
    pub authentication: Authentication,
    /// The rate limits.
    pub rates: Rates,
    /// The proxies in front of the server.
    pub proxies: Proxies,
    /// What administrators should know about.
    pub alarm: Alarm,
    /// The identity provider whose tokens are accepted too.
    pub provider: Option<Provider>,
    hashing: Hashing,
    policy: PasswordPolicy,
}

impl Auth {
    /// The password policy rejects passwords made of this organisation's names.
    pub fn new(authentication: Authentication, rates: Rates, proxies: Proxies) -> Self {
        let policy = policy(authentication.eovr());
        let (alarm, hashing) = (Alarm::default(), Hashing::default());
        Self { authentication, rates, proxies, alarm, provider: None, hashing, policy }
    }

    /// Also accepts the tokens of an external identity provider.
    #[must_use]
    pub fn accepting(self, provider: Provider) -> Self {
        Self { provider: Some(provider), ..self }
    }
}

fn policy(eovr: &Eovr) -> PasswordPolicy {
    let mut names = vec!["eovr".to_owned()];
    for governorate in eovr.org().governorates() {
        names.extend([governorate.title.en.clone(), governorate.title.ar.clone()]);
        for administration in &governorate.administrations {
            names.extend([administration.title.en.clone(), administration.title.ar.clone()]);
            for facility in &administration.facilities {
                names.extend([facility.title.en.clone(), facility.title.ar.clone()]);
            }
        }
    }
    PasswordPolicy::new().knowing(names.iter().map(String::as_str))
}

/// Adds the routes of login, factors, accounts and keys.
pub fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    let routes = login::routes(routes);
    let routes = account::routes(routes);
    let routes = factor::routes(routes);
    let routes = people::routes(routes);
    let routes = watch::routes(routes);
    keys::routes(routes)
}

/// Opens the authentication service of an engine with its own token secret. Accounts of this tier and above must have a
/// second factor.
///
/// # Errors
/// As [`Authentication::open`].
pub async fn authentication(
    eovr: &Eovr,
    secret: &Secret,
    second_factor_from: Option<Tier>,
) -> Result<Authentication> {
    doors_after(eovr, secret, None, Limits { second_factor_from, ..Limits::default() }).await
}

/// As [`authentication`], and also accepts tokens signed with the previous secret.
///
/// # Errors
/// As [`Authentication::open`].
pub async fn doors_after(
    eovr: &Eovr,
    secret: &Secret,
    previous: Option<&Secret>,
    limits: Limits,
) -> Result<Authentication> {
    use eovr_core::identity::token::Signer;
    let signer = Signer::new("eovr-server", secret)?;
    let signer = match previous {
        Some(previous) => signer.also_accepting(previous),
        None => signer,
    };
    Authentication::open(eovr.clone(), signer, limits).await
}
