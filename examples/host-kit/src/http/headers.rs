//! Security headers of each response.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::request_id::drawn;

/// The CSP nonce of one response. Browsers run only scripts and styles that carry it.
#[derive(Clone, Debug)]
pub struct Nonce(Arc<str>);

impl Nonce {
    /// A new random nonce.
    pub fn drawn() -> Self {
        Self(drawn().into())
    }

    /// The nonce as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The policy of data: browsers must not render it as a page.
const DATA: &str =
    "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The policy of the kit's pages. With Trusted Types and no policy for them, no script can turn a text into a page.
pub(super) fn of_page(nonce: &Nonce) -> Option<HeaderValue> {
    let nonce = nonce.as_str();
    HeaderValue::try_from(format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; form-action 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    ))
    .ok()
}

/// Adds the headers that the response lacks. Only pages have a nonce.
pub fn secure(headers: &mut HeaderMap, nonce: Option<&Nonce>, production: bool) {
    let mut say = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // With `no-referrer`, a browser names no origin with the forms of our own pages, and they would be refused.
    say(header::REFERRER_POLICY, if nonce.is_some() { "same-origin" } else { "no-referrer" });
    say(header::X_FRAME_OPTIONS, "DENY");
    say(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    say(header::CACHE_CONTROL, "no-store");
    if production {
        say(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    let policy = match nonce {
        None => Some(HeaderValue::from_static(DATA)),
        Some(nonce) => {
            let nonce = nonce.as_str();
            HeaderValue::try_from(format!(
                "default-src 'none'; object-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; \
                 img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; \
                 base-uri 'none'; frame-ancestors 'none'"
            ))
            .ok()
        }
    };
    if let Some(policy) = policy {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    }
}
