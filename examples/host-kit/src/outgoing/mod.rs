//! The server's outgoing HTTP requests: to an identity provider, to a mail service and to a webhook.

mod address;
mod fetch;

pub use self::address::{Address, is_here};
pub use self::fetch::Fetch;
