//! The header `Host`: exactly one, with a valid authority (RFC 9112, 3.2).

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Version, header};

use super::problem::{Code, Problem};

/// A host name has at most 253 characters, and a port may follow.
const LONGEST: usize = 260;

/// Checks `Host`. Clients before HTTP/1.1 may omit it.
///
/// # Errors
/// `MalformedRequest` if the header is missing, repeated or invalid.
pub(crate) fn check(version: Version, headers: &HeaderMap) -> Result<(), Problem> {
    let mut all = headers.get_all(header::HOST).iter();
    let well = match (all.next(), all.next()) {
        (None, _) => version <= Version::HTTP_10,
        (Some(host), None) => host.to_str().is_ok_and(is_authority),
        (Some(_), Some(_)) => false,
    };
    match well {
        true => Ok(()),
        false => Err(Problem::new(Code::MalformedRequest)
            .detail("send one `host` header, with the name of the server")),
    }
}

fn is_authority(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let port = host.strip_prefix(authority.host());
    host.len() <= LONGEST && port.is_some_and(|port| port.is_empty() || authority.port_u16().is_some())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn exactly_one_host_is_accepted() {
        let said = |hosts: &[&str], version: Version| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_str(host).unwrap());
            }
            check(version, &headers).is_ok()
        };
        for well in ["reports.example.org", "reports.example.org:8443", "127.0.0.1:8080", "[::1]:8080"] {
            assert!(said(&[well], Version::HTTP_11), "{well}");
        }
        for odd in ["", "a b", "mona@example.org", "example.org/path", "example.org:port", &"a".repeat(3000)]
        {
            assert!(!said(&[odd], Version::HTTP_11), "{odd}");
        }
        assert!(!said(&[], Version::HTTP_11) && !said(&["a", "a"], Version::HTTP_11));
        assert!(said(&[], Version::HTTP_10) && !said(&["a", "b"], Version::HTTP_10));
    }
}
