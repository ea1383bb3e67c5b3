//! A problem as a page, in words for people.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::Reader;
use super::browser;
use crate::http::kit::Kit;
use crate::http::problem::{Code, Problem};
use crate::ui::pieces::{Tone, note};
use crate::ui::words::Words;

/// Marks a response whose problem is already shown on its page.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Shown;

/// The page for a problem. A reader who must sign in first is led there, and back afterwards.
pub(in crate::http) fn shown(kit: &Kit, reader: &Reader, safe: bool, problem: Problem) -> Response {
    let words = Words(reader.language);
    if problem.code() == Code::Unauthenticated && safe {
        let to: String = form_urlencoded::byte_serialize(reader.path.as_bytes()).collect();
        let mut response = Redirect::to(&format!("/login?to={to}")).into_response();
        browser::take(kit, &mut response);
        return response;
    }
    let (title, text) = match problem.code() {
        Code::Denied | Code::FactorNeeded | Code::ProofNeeded => (words.denied_title(), words.denied()),
        Code::NotFound | Code::NoSuchRoute => (words.not_found_title(), words.not_found()),
        Code::Conflict => (words.conflict_title(), words.conflict()),
        Code::TooMany => (words.too_many_title(), words.too_many()),
        Code::Unauthenticated => (words.signed_out_title(), words.signed_out()),
        Code::TooLarge => (words.too_large_title(), words.too_large()),
        Code::Unavailable | Code::Uncertain | Code::Timeout => {
            (words.unavailable_title(), words.unavailable())
        }
        Code::Internal => (words.internal_title(), words.internal()),
        _ => (words.refused_title(), words.refused()),
    };
    let status = match problem.status() {
        // A page of ours is what the browser asked for.
        StatusCode::METHOD_NOT_ALLOWED => StatusCode::NOT_FOUND,
        status => status,
    };
    let main = html! {
        div.narrow {
            (note(Tone::Bad, text))
            p { a href="/" { (words.to_the_start()) } }
        }
    };
    let mut response = reader.page_with(kit, status, false, title, &main);
    response.extensions_mut().insert(problem);
    response.extensions_mut().insert(Shown);
    response
}
