//! The server's outgoing HTTP requests: to an identity provider, to a mail service and to a webhook.

mod address;
mod fetch;

pub(crate) use self::address::{Address, is_here};
pub(crate) use self::fetch::Fetch;
