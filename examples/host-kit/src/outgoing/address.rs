//! The addresses to which the server sends requests. Each one uses TLS or stays on this machine.

use std::net::IpAddr;

use axum::http::Uri;

/// An `https` address, or an `http` one on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether requests use TLS.
    pub secure: bool,
    /// The host, without the brackets of an IPv6 address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Host and port as they stand in the address, for the header `Host`.
    pub authority: String,
    /// Path and query.
    pub path: String,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// The fault of the address. Plain HTTP to another machine is refused, because an attacker could replace the
    /// answer.
    pub fn new(url: &str) -> Result<Self, &'static str> {
        let uri: Uri = url.parse().map_err(|_| "it is not a URL")?;
        let authority = uri.authority().ok_or("it is not a whole URL")?;
        if authority.as_str().contains('@') {
            return Err("a URL with a name or a password in it is not used");
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let (secure, usual_port) = match uri.scheme_str() {
            Some("https") => (true, 443),
            Some("http") if is_here(&host) => (false, 80),
            _ => return Err("it must begin with `https://`, or with `http://` and a loopback address"),
        };
        Ok(Self {
            secure,
            host,
            port: authority.port_u16().unwrap_or(usual_port),
            authority: authority.to_string(),
            path: uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        })
    }

    /// The address of an issuer's configuration (OpenID Connect Discovery 1.0, 4).
    ///
    /// # Errors
    /// As [`Address::new`].
    pub fn discovery(issuer: &str) -> Result<Self, &'static str> {
        if issuer.contains(['?', '#']) {
            return Err("an issuer has no query and no fragment");
        }
        Self::new(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))
    }
}

/// Whether a host is this machine.
pub fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_addresses_are_asked() {
        for good in [
            "https://login.example.org",
            "https://login.example.org:8443/realms/hospital",
            "http://127.0.0.1:8080/realms/hospital",
            "http://[::1]:8080",
            "http://localhost/realms/hospital/",
        ] {
            assert!(Address::discovery(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "login.example.org",
            "/realms/hospital",
            "ftp://login.example.org",
            "http://login.example.org",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "http://10.0.0.1:8080",
            "https://eovr:secret@login.example.org",
            "https://login.example.org/?realm=hospital",
            "https://login.example.org/#hospital",
        ] {
            assert!(Address::discovery(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_has_the_parts_that_a_request_needs() {
        let check = |issuer: &str, host: &str, port: u16, authority: &str, path: &str| {
            let found = Address::discovery(issuer).unwrap();
            assert_eq!((found.host.as_str(), found.port), (host, port), "{issuer}");
            assert_eq!((found.authority.as_str(), found.path.as_str()), (authority, path), "{issuer}");
        };
        let path = "/.well-known/openid-configuration";
        check("https://login.example.org", "login.example.org", 443, "login.example.org", path);
        check("https://login.example.org/", "login.example.org", 443, "login.example.org", path);
        check("http://[::1]:8080", "::1", 8080, "[::1]:8080", path);
        let below = format!("/realms/hospital{path}");
        check("https://a.example:8443/realms/hospital", "a.example", 8443, "a.example:8443", &below);
        check("http://localhost/realms/hospital/", "localhost", 80, "localhost", &below);
    }
}
