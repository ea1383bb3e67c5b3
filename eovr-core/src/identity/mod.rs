//! Who works where: the people of a host and its facilities, as record kinds like any other.
//!
//! A [`user`] is a person with a role; a [`facility`] is one leaf of the organisation. Both go through
//! the one write door, so who gave whom a role, and when, stands in an audit chain. Logging in is the
//! host's work: it finds the account ([`user::find_by_email`]), compares the password with whatever it
//! hashes passwords by, and asks [`user::actor`] for the actor.

pub mod facility;
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
