//! The cookies: one with the refresh token, and one by which a browser is known again.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use eovr_core::identity::RefreshToken;
use eovr_core::record::RecordId;
use zeroize::Zeroizing;

use crate::http::app::App;
use crate::http::problem::{Code, Problem};

const DAY_SECONDS: i64 = 24 * 3600;

/// Only a script of our own pages can send it: a browser asks us before it lets a foreign one.
const OWN: HeaderName = HeaderName::from_static("x-eovr");

/// Where browsers say which page a request comes from.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// So long a browser keeps by what it is known: the tokens say themselves when they are too old.
const DEVICE_DAYS: i64 = 180;
/// No browser has more tokens than the doors have given it.
const MOST_DEVICES: usize = 16;

fn name(production: bool) -> &'static str {
    // Browsers take a cookie with this prefix over HTTPS only.
    if production { "__Secure-eovr-refresh" } else { "eovr-refresh" }
}

fn device_name(production: bool) -> &'static str {
    if production { "__Secure-eovr-device" } else { "eovr-device" }
}

/// Lets the browser be known again. The cookie opens nothing, and stays when somebody leaves.
pub(super) fn remember(app: &App, response: &mut Response, devices: &[Zeroizing<String>]) {
    if !devices.is_empty() {
        let devices: Vec<&str> = devices.iter().map(|device| device.as_str()).collect();
        put(app, response, device_name(app.production), &devices.join("."), DEVICE_DAYS * DAY_SECONDS);
    }
}

/// By what a browser says that it is known.
pub(super) fn devices(app: &App, headers: &HeaderMap) -> Vec<Zeroizing<String>> {
    let devices = kept(headers, device_name(app.production)).unwrap_or_default();
    devices.split('.').take(MOST_DEVICES).map(|device| Zeroizing::new(device.to_owned())).collect()
}

/// Gives the cookie to the browser: no script reads it, and no other site's form sends it.
pub(super) fn give(app: &App, response: &mut Response, token: &RefreshToken) {
    let seconds = app.auth.doors.limits().login_days * DAY_SECONDS;
    put(app, response, name(app.production), &token.reveal(), seconds);
}

/// Takes it away.
pub(super) fn take(app: &App, response: &mut Response) {
    put(app, response, name(app.production), "", 0);
}

fn put(app: &App, response: &mut Response, name: &str, value: &str, seconds: i64) {
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
