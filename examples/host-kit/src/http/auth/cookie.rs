//! Two cookies: one holds the refresh token, the other holds device tokens, by which the server recognises a browser.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use eovr_core::identity::RefreshToken;
use eovr_core::record::RecordId;
use zeroize::Zeroizing;

use crate::http::kit::Kit;
use crate::http::problem::{Code, Problem};

const DAY_SECONDS: i64 = 24 * 3600;

/// A script on our own pages can set this header. For a script of another origin, the browser first asks the server
/// (CORS preflight), which does not allow it.
const OWN: HeaderName = HeaderName::from_static("x-eovr");

/// The header in which a browser names the site that a request comes from.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The lifetime of the device cookie. The device tokens have an expiry of their own.
const DEVICE_DAYS: i64 = 180;
/// The most device tokens read from a cookie; the server never gives a browser more.
const MOST_DEVICES: usize = 16;

fn name(production: bool) -> &'static str {
    // Browsers accept a cookie with this prefix over HTTPS only.
    if production { "__Secure-eovr-refresh" } else { "eovr-refresh" }
}

fn device_name(production: bool) -> &'static str {
    if production { "__Secure-eovr-device" } else { "eovr-device" }
}

/// Sets the device cookie, so that the server recognises the browser later. It grants no access, and it stays after a
/// logout.
pub(in crate::http) fn remember(kit: &Kit, response: &mut Response, devices: &[Zeroizing<String>]) {
    if !devices.is_empty() {
        let devices: Vec<&str> = devices.iter().map(|device| device.as_str()).collect();
        put(kit, response, device_name(kit.production), &devices.join("."), DEVICE_DAYS * DAY_SECONDS);
    }
}

/// The device tokens that a browser sends.
pub(super) fn devices(kit: &Kit, headers: &HeaderMap) -> Vec<Zeroizing<String>> {
    let devices = kept(headers, device_name(kit.production)).unwrap_or_default();
    devices.split('.').take(MOST_DEVICES).map(|device| Zeroizing::new(device.to_owned())).collect()
}

/// Sets the refresh cookie: scripts cannot read it (`HttpOnly`), and forms of other sites do not send it (`SameSite`).
pub(super) fn give(kit: &Kit, response: &mut Response, token: &RefreshToken) {
    let seconds = kit.auth.authentication.limits().login_days * DAY_SECONDS;
    put(kit, response, name(kit.production), &token.reveal(), seconds);
}

/// Deletes the refresh cookie.
pub(super) fn take(kit: &Kit, response: &mut Response) {
    put(kit, response, name(kit.production), "", 0);
}

fn put(kit: &Kit, response: &mut Response, name: &str, value: &str, seconds: i64) {
    set(response, &format!("{name}={value}; Path=/api/auth; Max-Age={seconds}; HttpOnly{}", same_site(kit)));
}

/// Sets a cookie of the session of pages, which the browser sends with each of them. `Lax`, because the links in mails open
/// pages.
pub(in crate::http) fn put_for_site(kit: &Kit, response: &mut Response, name: &str, value: &str, days: i64) {
    let seconds = days * DAY_SECONDS;
    set(response, &format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly{}", same_site(kit)));
}

/// Sets a cookie for a year that is no secret.
pub(in crate::http) fn put_open(response: &mut Response, name: &str, value: &str) {
    set(response, &format!("{name}={value}; Path=/; Max-Age={}; SameSite=Lax", 365 * DAY_SECONDS));
}

fn same_site(kit: &Kit) -> &'static str {
    if kit.production { "; SameSite=Lax; Secure" } else { "; SameSite=Lax" }
}

fn set(response: &mut Response, cookie: &str) {
    if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The refresh token of a request from our own pages or from a program.
pub(super) struct Refresh(pub(super) Option<RefreshToken>);

impl<S: Send + Sync> FromRequestParts<S> for Refresh
where
    Kit: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let kit = &Kit::from_ref(state);
        let Some(text) = kept(&parts.headers, name(kit.production)) else { return Ok(Self(None)) };
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

/// The login that the refresh token in a request names; the token is not verified here.
pub fn login_of(kit: &Kit, headers: &HeaderMap) -> Option<RecordId> {
    let token: RefreshToken = kept(headers, name(kit.production))?.parse().ok()?;
    Some(token.login())
}

/// The value of a cookie.
pub(in crate::http) fn kept<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}
