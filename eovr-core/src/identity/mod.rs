//! Users and facilities of a host, as record kinds like any other.
//!
//! A [`user`] is a person with a role; a [`facility`] is one leaf of the organisation. Both are written as commits
//! like every record, so an audit chain shows who gave which role to whom, and when.
//!
//! With the feature `login`, users can log in: `Authentication` checks passwords and second factors, opens and ends logins,
//! and makes and reads their tokens. A host that authenticates its users itself does not need it. Such a host looks
//! up the account ([`user::find_by_email`]) and gets the actor from [`user::actor`].

mod address;
#[cfg(feature = "login")]
pub mod alert;
#[cfg(feature = "login")]
pub mod api_key;
#[cfg(feature = "login")]
pub mod authentication;
#[cfg(feature = "login")]
mod base32;
#[cfg(feature = "login")]
mod device;
pub mod facility;
pub mod key_change;
#[cfg(feature = "login")]
pub mod login;
mod organisation;
#[cfg(feature = "login")]
pub mod outside;
#[cfg(feature = "login")]
pub mod password;
#[cfg(feature = "login")]
pub mod recovery;
#[cfg(feature = "login")]
mod refresh;
#[cfg(feature = "login")]
pub mod throttle;
#[cfg(feature = "login")]
mod ticket;
#[cfg(feature = "login")]
pub mod token;
#[cfg(feature = "login")]
pub mod totp;
pub mod user;
#[cfg(feature = "login")]
pub mod watch;

use crate::error::Result;
use crate::kind::Kind;
use crate::record::Record;

#[cfg(feature = "login")]
pub use self::authentication::Authentication;
pub use self::organisation::{Organisation, Site, org_from};
#[cfg(feature = "login")]
pub use self::refresh::RefreshToken;
pub use self::user::{NewUser, actor};

/// The kinds `user`, `facility` and `key_change`, and with the feature `login` `login`, `api_key`,
/// `security_day`, `security_alert` and `throttle`, for [`crate::service::EovrBuilder::kinds`].
///
/// # Errors
/// None that a host can cause.
pub fn kinds() -> Result<Vec<Kind>> {
    Ok(vec![
        user::kind()?,
        facility::kind()?,
        key_change::kind()?,
        #[cfg(feature = "login")]
        login::kind()?,
        #[cfg(feature = "login")]
        api_key::kind()?,
        #[cfg(feature = "login")]
        watch::kind()?,
        #[cfg(feature = "login")]
        alert::kind()?,
        #[cfg(feature = "login")]
        throttle::kind()?,
    ])
}

fn text<'a>(record: &'a Record, facet: &str) -> &'a str {
    record.text(facet).unwrap_or_default()
}

/// Marks of text direction and other characters without a width, which phones insert into Arabic text. They are
/// removed before a password is hashed. The list differs from [`crate::typed`], because stored hashes were made with
/// this one.
#[cfg(feature = "login")]
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}
