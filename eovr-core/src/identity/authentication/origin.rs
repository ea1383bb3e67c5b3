use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

/// Where a login attempt comes from, as far as the host knows. The host leaves unknown parts empty. A caller of
/// unknown origin counts as a stranger.
#[derive(Clone, Default)]
pub struct Origin {
    /// The client's description of itself, which the owner sees in the list of logins.
    pub client: String,
    /// The client's network.
    pub network: Option<Network>,
    /// The device cookies from [`Opened::devices`](crate::identity::authentication::Opened::devices) that this browser has,
    /// for this account and for others.
    pub devices: Vec<Zeroizing<String>>,
}

impl Origin {
    /// A client of which only its description of itself is known.
    pub fn client(client: &str) -> Self {
        Self { client: client.to_owned(), ..Self::default() }
    }
}

/// Prints the network and no token.
impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({:?}, {} devices, redacted)", self.network, self.devices.len())
    }
}

/// A network: the first 24 bits of an IPv4 address, or the first 64 bits of an IPv6 address. It is one household or
/// one ward, so it identifies no person and may appear in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// The first three bytes.
    V4([u8; 3]),
    /// The first four groups.
    V6([u16; 4]),
}

impl Network {
    /// The network of an address. An IPv4-mapped IPv6 address counts as IPv4.
    ///
    /// ```
    /// use eovr_core::identity::authentication::Network;
    ///
    /// assert_eq!(Network::of("203.0.113.77".parse()?).to_string(), "203.0.113.0/24");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

/// The usual notation: `203.0.113.0/24`, `2001:db8:1:2::/64`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4([a, b, c]) => write!(f, "{a}.{b}.{c}.0/24"),
            Self::V6([a, b, c, d]) => write!(f, "{}/64", std::net::Ipv6Addr::new(*a, *b, *c, *d, 0, 0, 0, 0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_hides_the_host_part() {
        let check = |address: &str, network: &str| {
            let address: Result<IpAddr, _> = address.parse();
            assert_eq!(address.map(|address| Network::of(address).to_string()).as_deref(), Ok(network));
        };
        check("203.0.113.7", "203.0.113.0/24");
        check("::ffff:203.0.113.7", "203.0.113.0/24");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64");
        check("::1", "::/64");
    }
}
