//! The cookie with the refresh token.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use eovr_core::identity::RefreshToken;
use eovr_core::record::RecordId;

use crate::http::app::App;
use crate::http::problem::{Code, Problem};

const DAY_SECONDS: i64 = 24 * 3600;

/// Only a script of our own pages can send it: a browser asks us before it lets a foreign one.
const OWN: HeaderName = HeaderName::from_static("x-eovr");

/// Where browsers say which page a request comes from.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

fn name(production: bool) -> &'static str {
    // Browsers take a cookie with this prefix over HTTPS only.
    if production { "__Secure-eovr-refresh" } else { "eovr-refresh" }
}

/// Gives the cookie to the browser: no script reads it, and no other site's form sends it.
pub(super) fn give(app: &App, response: &mut Response, token: &RefreshToken) {
    let seconds = app.auth.doors.limits().login_days * DAY_SECONDS;
    put(app, response, &token.reveal(), seconds);
}

/// Takes it away.
pub(super) fn take(app: &App, response: &mut Response) {
    put(app, response, "", 0);
}

fn put(app: &App, response: &mut Response, value: &str, seconds: i64) {
    let name = name(app.production);
    let secure = if app.production { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/api/auth; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The refresh token of a request that comes from our own pages, or from a program.
pub(super) struct Refresh(pub(super) Option<RefreshToken>);

impl FromRequestParts<App> for Refresh {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Some(text) = kept(&parts.headers, name(app.production)) else { return Ok(Self(None)) };
        let site = parts.headers.get(SITE).map(HeaderValue::as_bytes);
        let foreign = site.is_some_and(|site| ![b"same-origin".as_slice(), b"none"].contains(&site));
        if foreign || !parts.headers.contains_key(OWN) {
            return Err(Problem::new(Code::Denied).detail(
                "a request with this cookie must carry the header `x-eovr`, and come from our own pages",
            ));
        }
        Ok(Self(text.parse().ok()))
    }
}

/// The login that a request says it renews.
pub(crate) fn login_of(app: &App, headers: &HeaderMap) -> Option<RecordId> {
    let token: RefreshToken = kept(headers, name(app.production))?.parse().ok()?;
    Some(token.login())
}

fn kept<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}
