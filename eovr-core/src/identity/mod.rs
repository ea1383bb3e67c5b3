//! Who works where: the people of a host and its facilities, as record kinds like any other.
//!
//! A [`user`] is a person with a role; a [`facility`] is one leaf of the organisation. Both go through
//! the one write door, so who gave whom a role, and when, stands in an audit chain. Logging in is the
//! host's work: it finds the account ([`user::find_by_email`]), lets the person prove who it is, and asks
//! [`user::actor`] for the actor. The feature `login` has the proofs, as pure functions: passwords, codes
//! of an authenticator app, and recovery codes for who has lost it.

#[cfg(feature = "login")]
mod base32;
pub mod facility;
#[cfg(feature = "login")]
pub mod password;
#[cfg(feature = "login")]
pub mod recovery;
#[cfg(feature = "login")]
pub mod totp;
pub mod user;

use crate::error::Result;
use crate::kind::{FacetSpec, FieldSpec, Kind};
use crate::name::Name;
use crate::record::{Record, Value, ValueType};

pub use self::facility::{Site, org_from};
pub use self::user::{NewUser, actor};

/// The kinds `user` and `facility`, for [`crate::service::EovrBuilder::kinds`].
///
/// # Errors
/// None that a host could cause.
pub fn kinds() -> Result<Vec<Kind>> {
    Ok(vec![user::kind()?, facility::kind()?])
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

/// A digit as people write it in Latin, Arabic and Persian.
#[cfg(feature = "login")]
fn plain_digit(c: char) -> Option<u32> {
    match c {
        '٠'..='٩' => Some(u32::from(c) - u32::from('٠')),
        '۰'..='۹' => Some(u32::from(c) - u32::from('۰')),
        _ => c.to_digit(10),
    }
}

/// Marks of direction and other signs without a width, which phones put into Arabic text and nobody sees.
#[cfg(feature = "login")]
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}
