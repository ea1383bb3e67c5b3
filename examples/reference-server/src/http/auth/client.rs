//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::extract::connect_info::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, header};
use eovr_core::identity::doors::{Network, Origin};

use super::cookie;
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::request_id::RequestId;

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

/// What joins a line in the log with a request, and with whoever sent it, without naming a person.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    request_id: RequestId,
    network: Option<Network>,
}

impl Trace {
    pub(crate) fn new(request_id: RequestId, client: Option<IpAddr>) -> Self {
        Self { request_id, network: client.map(Network::of) }
    }

    pub(crate) fn request_id(&self) -> &str {
        self.request_id.as_str()
    }

    /// The network of the client, or `unknown`.
    pub(crate) fn network(&self) -> String {
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

/// Where a request comes from, for the doors.
pub(super) struct Whence(pub(super) Origin);

impl FromRequestParts<App> for Whence {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self(Origin {
            client: agent.unwrap_or_default().to_owned(),
            network: app.auth.proxies.client(&parts.extensions, &parts.headers).map(Network::of),
            devices: cookie::devices(app, &parts.headers),
        }))
    }
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
