//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::connect_info::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderName, header};

/// The proxies that stand before the server and are believed when they say whom they speak for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(pub(crate) Vec<IpAddr>);

const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

impl Proxies {
    /// The address of the client: the last one that is no proxy of ours. What a client says of itself
    /// stands further left, and is not believed.
    pub(crate) fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())?;
        Some(self.behind(peer.to_canonical(), headers))
    }

    fn behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let named = headers.get_all(FORWARDED).iter().filter_map(|named| named.to_str().ok());
        let named: Vec<&str> = named.flat_map(|named| named.split(',')).map(str::trim).collect();
        let mut client = peer;
        for name in named.iter().rev() {
            if !self.0.contains(&client) {
                break;
            }
            let Ok(next) = name.parse::<IpAddr>() else { break };
            client = next.to_canonical();
        }
        client
    }
}

/// What a client calls itself.
pub(super) fn agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_known_proxy_is_believed() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = Proxies(vec![ip("10.0.0.1"), ip("10.0.0.2")]);
        let check = |peer: &str, forwarded: &str, client: &str| {
            let mut headers = HeaderMap::new();
            if !forwarded.is_empty() {
                headers.insert(FORWARDED, HeaderValue::from_str(forwarded).unwrap());
            }
            assert_eq!(proxies.behind(ip(peer), &headers), ip(client), "{peer} {forwarded}");
        };
        check("203.0.113.7", "", "203.0.113.7");
        check("203.0.113.7", "198.51.100.1", "203.0.113.7");
        check("10.0.0.1", "198.51.100.1", "198.51.100.1");
        check("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9");
        check("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1");
        check("10.0.0.1", "a patient's name", "10.0.0.1");
        check("10.0.0.1", "", "10.0.0.1");
    }
}
