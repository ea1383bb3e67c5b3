//! The client address of a request.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Once;

use axum::extract::connect_info::ConnectInfo;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, header};
use eovr_core::identity::authentication::{Network, Origin};
use ipnet::{IpNet, Ipv4Net};

use super::cookie;
use crate::http::kit::Kit;
use crate::http::problem::Problem;
use crate::http::request_id::RequestId;

/// The proxies in front of the server.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "proxies")]
pub struct Behind {
    /// An address or a network (CIDR) of proxies whose `x-forwarded-for` the server trusts; must not contain the
    /// addresses of clients. Several are separated by commas
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "EOVR_PROXY",
        value_delimiter = ',',
        conflicts_with = "no_proxy"
    )]
    proxy: Vec<Cidr>,
    /// No proxy is in front of the server; the peer address of a connection is the client's address
    #[arg(long)]
    no_proxy: bool,
}

impl Behind {
    /// The setting, in words.
    ///
    /// # Errors
    /// If no proxy is named, or the networks are too wide, with a hint. Both defeat the limits per address: behind a
    /// proxy that is not named, all clients share one address; with a network that is too wide, a client can claim any
    /// address.
    pub fn check(&self) -> Result<String, (String, String)> {
        let networks: Vec<IpNet> = self.proxy.iter().map(|Cidr(network)| *network).collect();
        if let Some(wide) = IpNet::aggregate(&networks).iter().find(|network| is_wide(network)) {
            return Err((
                format!("{wide} is no network of proxies, because it is so wide that it contains clients"),
                "name the proxy's own addresses, or its network, no wider than /8 (IPv6: /16)".to_owned(),
            ));
        }
        match (self.no_proxy, networks.as_slice()) {
            (false, []) => Err((
                "the proxy setting is missing".to_owned(),
                "set EOVR_PROXY (--proxy) to the address or the network of the proxy, or --no-proxy if there is none"
                    .to_owned(),
            )),
            (true, _) => Ok("none".to_owned()),
            (false, networks) => Ok(networks.iter().map(IpNet::to_string).collect::<Vec<_>>().join(", ")),
        }
    }

    /// Whether no proxy is in front of the server.
    pub fn is_alone(&self) -> bool {
        self.no_proxy
    }

    /// The proxies that the operator has named.
    pub fn proxies(&self) -> Proxies {
        Proxies(self.proxy.iter().map(|Cidr(network)| *network).collect())
    }
}

/// Networks wider than this also contain clients.
fn is_wide(network: &IpNet) -> bool {
    network.prefix_len() < if matches!(network, IpNet::V4(_)) { 8 } else { 16 }
}

/// A network in CIDR notation, or a single address. An IPv4-mapped IPv6 network becomes an IPv4 network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cidr(IpNet);

impl FromStr for Cidr {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        let network =
            network.map_err(|_| "not an address such as 10.0.0.1, nor a network such as 10.0.0.0/24")?;
        let mapped = network.addr().to_canonical();
        Ok(Self(match (network, mapped) {
            (IpNet::V6(network), IpAddr::V4(mapped)) if network.prefix_len() >= 96 => {
                let prefix = Ipv4Net::new(mapped, network.prefix_len() - 96);
                prefix.map_err(|_| "not a network")?.trunc().into()
            }
            _ => network.trunc(),
        }))
    }
}

/// The trusted proxies in front of the server, whose `x-forwarded-for` the server believes.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

impl Proxies {
    /// The client's address: the last one in the chain that is not a trusted proxy. Addresses further left come from
    /// the client, so the server ignores them.
    pub fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())?;
        let peer = peer.to_canonical();
        self.doubt(peer, headers);
        Some(self.behind(peer, headers))
    }

    /// Whether the address is a trusted proxy.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    fn behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let named = headers.get_all(FORWARDED).iter().filter_map(|named| named.to_str().ok());
        let named: Vec<&str> = named.flat_map(|named| named.split(',')).map(str::trim).collect();
        let mut client = peer;
        for name in named.iter().rev() {
            if !self.contains(client) {
                break;
            }
            let Ok(next) = name.parse::<IpAddr>() else { break };
            client = next.to_canonical();
        }
        client
    }

    /// Warns once if a trusted proxy sends no `x-forwarded-for`, because all its clients then share one limit.
    fn doubt(&self, peer: IpAddr, headers: &HeaderMap) {
        static SAID: Once = Once::new();
        if self.contains(peer) && !headers.contains_key(FORWARDED) {
            SAID.call_once(|| {
                tracing::warn!(
                    "a proxy sends no `x-forwarded-for`: limits per address count all its clients as one"
                );
            });
        }
    }
}

/// Links a log line to a request and to the network of its client, without naming a person.
#[derive(Clone, Debug)]
pub struct Trace {
    request_id: RequestId,
    network: Option<Network>,
}

impl Trace {
    /// The trace of a request with this id, from this address.
    pub fn new(request_id: RequestId, client: Option<IpAddr>) -> Self {
        Self { request_id, network: client.map(Network::of) }
    }

    /// The id of the request.
    pub fn request_id(&self) -> &str {
        self.request_id.as_str()
    }

    /// The network of the client, or `unknown`.
    pub fn network(&self) -> String {
        self.network.map_or_else(|| "unknown".to_owned(), |network| network.to_string())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Trace {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let trace = parts.extensions.get::<Self>().cloned();
        trace.ok_or_else(|| Problem::internal("a request has no trace"))
    }
}

/// The origin of a request, for [`Authentication`](eovr_core::identity::Authentication).
pub struct Whence(pub Origin);

impl<S: Send + Sync> FromRequestParts<S> for Whence
where
    Kit: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let kit = &Kit::from_ref(state);
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self(Origin {
            client: agent.unwrap_or_default().to_owned(),
            network: kit.auth.proxies.client(&parts.extensions, &parts.headers).map(Network::of),
            devices: cookie::devices(kit, &parts.headers),
        }))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn behind(networks: &[&str]) -> Behind {
        let proxy = networks.iter().map(|text| text.parse().unwrap()).collect();
        Behind { proxy, no_proxy: false }
    }

    #[test]
    fn only_a_known_proxy_is_trusted() {
        let proxies = behind(&["10.0.0.1", "10.0.1.0/24", "2001:db8::/64", "::ffff:192.0.2.0/120"]).proxies();
        let check = |peer: &str, forwarded: &str, client: &str| {
            let mut headers = HeaderMap::new();
            if !forwarded.is_empty() {
                headers.insert(FORWARDED, HeaderValue::from_str(forwarded).unwrap());
            }
            let ip = |text: &str| text.parse::<IpAddr>().unwrap();
            assert_eq!(proxies.behind(ip(peer), &headers), ip(client), "{peer} {forwarded}");
        };
        check("203.0.113.7", "", "203.0.113.7");
        check("203.0.113.7", "198.51.100.1", "203.0.113.7");
        check("10.0.0.2", "198.51.100.1", "10.0.0.2");
        check("10.0.0.1", "198.51.100.1", "198.51.100.1");
        check("10.0.1.77", "198.51.100.1", "198.51.100.1");
        check("192.0.2.9", "198.51.100.1", "198.51.100.1");
        check("2001:db8::5", "2001:db8:9::1", "2001:db8:9::1");
        check("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9");
        check("10.0.0.1", "198.51.100.1, 10.0.1.2", "198.51.100.1");
        check("10.0.0.1", "a patient's name", "10.0.0.1");
        check("10.0.0.1", "", "10.0.0.1");
    }

    #[test]
    fn missing_and_too_wide_proxy_lists_are_refused() {
        assert!(behind(&[]).check().is_err());
        assert_eq!(Behind { no_proxy: true, ..Behind::default() }.check().as_deref(), Ok("none"));
        for well in [&["10.0.0.1"][..], &["10.0.0.0/8", "fd00::/16"], &["192.168.0.0/17", "192.168.128.0/17"]]
        {
            assert!(behind(well).check().is_ok(), "{well:?}");
        }
        for wide in [
            &["0.0.0.0/0"][..],
            &["::/0"],
            &["10.0.0.1", "0.0.0.0/1", "128.0.0.0/1"],
            &["64.0.0.0/8", "65.0.0.0/8"],
            &["::ffff:0:0/96"],
            &["2000::/3"],
        ] {
            let said = behind(wide).check().unwrap_err().0;
            assert!(said.contains("no network of proxies"), "{wide:?}: {said}");
        }
        for none in ["", "proxy.example", "10.0.0.0/33", "10.0.0"] {
            assert!(none.parse::<Cidr>().is_err(), "{none}");
        }
    }
}
