use eovr_core::{Error, ErrorKind};
use reqwest::Url;

/// Parses the address of a provider: `https`, or `http` on this machine.
///
/// # Errors
/// `Config`; the message says which addresses are accepted. An unencrypted connection would expose the key and the
/// narrative.
pub(crate) fn address(text: &str) -> Result<Url, Error> {
    let wrong = |what: &str| {
        Error::new(ErrorKind::Config, format!("the analyst's address {what}"))
            .with_help("write `https://HOST`, or `http://` and a loopback address")
    };
    // Other programs expect the address with `/v1`.
    let text = text.trim().trim_end_matches('/').trim_end_matches("/v1");
    let url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("contains a user name or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has a query or a fragment"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here(&url) => Ok(url),
        _ => Err(wrong("is not encrypted")),
    }
}

/// Whether the host is this machine.
pub(crate) fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_sent_over_an_unencrypted_connection() {
        for good in [
            "https://api.example.org",
            "https://api.example.org/v1/",
            "https://gateway.example.org/openai",
            "http://127.0.0.1:8000",
            "http://[::1]:8000/v1",
            "http://localhost:11434",
        ] {
            let url = address(good).unwrap();
            assert!(!url.as_str().contains("/v1"), "{good}: {url}");
        }
        for bad in [
            "",
            "api.example.org",
            "http://api.example.org",
            "http://10.0.0.1:8000",
            "http://127.0.0.1.example.org",
            "https://me:secret@api.example.org",
            "https://api.example.org/?key=1",
            "https://api.example.org/#a",
            "file:///etc/passwd",
        ] {
            let error = address(bad).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
