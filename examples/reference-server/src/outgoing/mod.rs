//! What the server asks of others over HTTP: keys of an identity provider, mail to be sent, a word to another
//! system.

mod address;
mod fetch;

pub(crate) use self::address::{Address, is_here};
pub(crate) use self::fetch::Fetch;
