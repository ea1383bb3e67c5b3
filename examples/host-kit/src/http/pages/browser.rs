//! The session of a browser: two cookies, and the check that a form comes from our own pages.
//!
//! One cookie holds the access token, the other the refresh token. When the first has expired, the guard exchanges the second
//! and gives the browser new ones with the page. Scripts read neither.

use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use eovr_core::ErrorKind;
use eovr_core::identity::RefreshToken;
use eovr_core::identity::authentication::{Authenticated, Opened};

use crate::http::auth::{Arrival, cookie};
use crate::http::kit::Kit;
use crate::http::problem::{Code, Problem};

/// Cookies of the whole site. Browsers accept the prefix over HTTPS only.
const fn session(production: bool) -> &'static str {
    if production { "__Host-eovr-session" } else { "eovr-session" }
}

const fn renewal(production: bool) -> &'static str {
    if production { "__Host-eovr-renewal" } else { "eovr-renewal" }
}

/// The person whose browser sends these cookies, and new tokens where the access token had expired.
///
/// # Errors
/// [`Problem::unauthenticated`] without a session that is open; errors of the store.
pub(in crate::http) async fn arrival(
    kit: &Kit,
    headers: &HeaderMap,
) -> Result<(Arrival, Option<Opened>), Problem> {
    let authentication = &kit.auth.authentication;
    if let Some(token) = cookie::kept(headers, session(kit.production)) {
        match authentication.authenticate_to_enrol(token).await {
            Ok(person) => return Ok((of(person), None)),
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {}
            Err(error) => return Err(error.into()),
        }
    }
    let token =
        cookie::kept(headers, renewal(kit.production)).and_then(|text| text.parse::<RefreshToken>().ok());
    let token = token.ok_or_else(Problem::unauthenticated)?;
    let opened = authentication.refresh(&token).await?;
    let person = authentication.authenticate_to_enrol(&opened.access).await?;
    Ok((of(person), Some(opened)))
}

fn of(person: Authenticated) -> Arrival {
    Arrival { session: person.session.clone(), person: Some(person), key: None }
}

/// Gives the browser the tokens of a login.
pub(in crate::http) fn give(kit: &Kit, response: &mut Response, login: &Opened) {
    let days = kit.auth.authentication.limits().login_days;
    cookie::put_for_site(kit, response, session(kit.production), &login.access, days);
    cookie::put_for_site(kit, response, renewal(kit.production), &login.refresh.reveal(), days);
    cookie::remember(kit, response, &login.devices);
}

/// Takes the tokens from the browser.
pub(super) fn take(kit: &Kit, response: &mut Response) {
    for name in [session(kit.production), renewal(kit.production)] {
        cookie::put_for_site(kit, response, name, "", 0);
    }
}

/// Refuses a form of another site. Browsers say where a request comes from in `Sec-Fetch-Site`, older ones in `Origin`; a
/// program says neither, and no browser can be made to.
///
/// # Errors
/// `Denied`.
pub(in crate::http) fn comes_from_our_pages(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("another"));
    let ours = match (method.is_safe(), text("sec-fetch-site"), text(header::ORIGIN.as_str())) {
        (true, ..) | (_, Some("same-origin" | "none"), _) | (_, None, None) => true,
        (_, Some(_), _) => false,
        (_, None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == headers.get(header::HOST).map(HeaderValue::as_bytes).and_then(as_text)
        }
    };
    match ours {
        true => Ok(()),
        false => Err(Problem::new(Code::Denied).detail("this form was sent from another site")),
    }
}

fn as_text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn forms_of_other_sites_are_refused() {
        let said = |method: Method, pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("ovr.example.org:8443"));
            for (name, value) in pairs {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            comes_from_our_pages(&method, &headers).is_ok()
        };
        assert!(said(Method::GET, &[("sec-fetch-site", "cross-site")]));
        for ours in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://ovr.example.org:8443")],
        ] {
            assert!(said(Method::POST, ours), "{ours:?}");
        }
        for foreign in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://ovr.example.org:8443")],
            &[("origin", "null")],
            &[("origin", "https://ovr.example.org")],
            &[("origin", "https://evil.example")],
        ] {
            assert!(!said(Method::POST, foreign), "{foreign:?}");
        }
    }
}
