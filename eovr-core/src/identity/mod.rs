//! Who works where: the people of a host and its facilities, as record kinds like any other.
//!
//! A [`user`] is a person with a role; a [`facility`] is one leaf of the organisation. Both go through
//! the one write door, so who gave whom a role, and when, stands in an audit chain.
//!
//! With the feature `login` people can come in: `Doors` checks passwords and second factors, opens and
//! ends logins, and makes and reads their tokens. A host that knows its people already does
//! without: it finds the account ([`user::find_by_email`]) and asks [`user::actor`] for the actor.

mod address;
#[cfg(feature = "login")]
pub mod alert;
#[cfg(feature = "login")]
pub mod api_key;
#[cfg(feature = "login")]
mod base32;
#[cfg(feature = "login")]
mod device;
#[cfg(feature = "login")]
pub mod doors;
pub mod facility;
pub mod key_change;
#[cfg(feature = "login")]
pub mod login;
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
use crate::kind::{FacetSpec, FieldSpec, Kind};
use crate::name::Name;
use crate::record::{Record, Value, ValueType};

#[cfg(feature = "login")]
pub use self::doors::Doors;
pub use self::facility::{Site, org_from};
#[cfg(feature = "login")]
pub use self::refresh::RefreshToken;
pub use self::user::{NewUser, actor};

/// The kinds `user`, `facility` and `key_change`, and with the feature `login` `login`, `api_key`,
/// `security_day`, `security_alert` and `throttle`, for [`crate::service::EovrBuilder::kinds`].
///
/// # Errors
/// None that a host could cause.
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

fn facet(name: &str, value_type: ValueType) -> Result<FacetSpec> {
    Ok(FacetSpec::new(Name::new(name)?, value_type))
}

fn field(name: &str) -> Result<FieldSpec> {
    Ok(FieldSpec { max_chars: 500, ..FieldSpec::new(Name::new(name)?) })
}

fn text<'a>(record: &'a Record, facet: &str) -> &'a str {
    record.facet(facet).and_then(Value::as_text).unwrap_or_default()
}

/// Marks of direction and other signs without a width, which phones put into Arabic text: what a password is hashed
/// without. Not all that [`crate::typed`] leaves out, because hashes that are kept were made so.
#[cfg(feature = "login")]
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}
