//! Where a request came from, as far as a log may say it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::request_id::RequestId;

/// The id of a request and the network of its client: enough to trace an attack, too little to tell which person of a
/// house it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) request_id: String,
    pub(crate) client: String,
}

impl Origin {
    pub(super) fn new(request_id: &RequestId, client: Option<IpAddr>) -> Self {
        let client = client.map_or_else(|| "unknown".to_owned(), shortened);
        Self { request_id: request_id.as_str().to_owned(), client }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {} from {}", self.request_id, self.client)
    }
}

/// The network that an address lies in: the first 24 bits of IPv4, the first 48 of IPv6.
pub(super) fn shortened(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shortened_to_its_network() {
        let short = |text: &str| shortened(text.parse().unwrap());
        assert_eq!(short("203.0.113.77"), "203.0.113.0/24");
        assert_eq!(short("2001:db8:17:4::9"), "2001:db8:17::/48");
    }
}
