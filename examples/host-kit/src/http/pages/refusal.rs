//! A problem as a page, in words for people, with what was typed.

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::form::keyed;
use super::{Form, Reader, browser};
use crate::http::kit::Kit;
use crate::http::problem::{Code, Problem};
use crate::http::repeat::HEADER;
use crate::ui::pieces::{Tone, note};
use crate::ui::words::Words;

/// Marks a response whose problem is already shown on its page.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Shown;

/// The page for a problem. A reader who must sign in first is led there, and back afterwards. A form that was refused can
/// be sent again from here, so that nothing that was typed is lost.
pub(in crate::http) fn shown(
    kit: &Kit,
    reader: &Reader,
    method: &Method,
    form: Option<&Form>,
    problem: Problem,
) -> Response {
    let words = Words(reader.language);
    if problem.code() == Code::Unauthenticated && method.is_safe() {
        let mut response = Redirect::to(&format!("/login?to={}", encoded(&reader.path))).into_response();
        browser::take(kit, &mut response);
        return response;
    }
    // A step is missing that the reader can take at once.
    let step = match problem.code() {
        Code::FactorNeeded => Some("/mfa/setup".to_owned()),
        Code::ProofNeeded => Some(format!("/prove?to={}", encoded(&reader.path))),
        _ => None,
    };
    if let Some(step) = step.filter(|_| method.is_safe()) {
        return Redirect::to(&step).into_response();
    }
    let (title, text) = match problem.code() {
        Code::ProofNeeded => (words.prove(), words.prove_why()),
        Code::Denied | Code::FactorNeeded => (words.denied_title(), words.denied()),
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
            @match problem.code() {
                Code::Unauthenticated => p { a href="/login" target="_blank" rel="noopener" { (words.sign_in_elsewhere()) } },
                Code::ProofNeeded => p { a href="/prove" target="_blank" rel="noopener" { (words.prove_elsewhere()) } },
                _ => {}
            }
            @match form.filter(|form| !form.key().is_empty() && may_pass_later(problem.code())) {
                Some(form) => (again(reader, form, problem.is_about(HEADER))),
                None => p { a href="/" { (words.to_the_start()) } },
            }
        }
    };
    let mut response = reader.page_with(kit, status, false, title, &main);
    response.extensions_mut().insert(problem);
    response.extensions_mut().insert(Shown);
    response
}

/// The answer at an address that is none: a page for a browser, a problem for a program.
pub(in crate::http) async fn nowhere(State(kit): State<Kit>, request: Request) -> Response {
    let problem = Problem::new(Code::NoSuchRoute);
    let accepted = request.headers().get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    let browses = accepted.is_some_and(|accepted| accepted.contains("text/html"));
    if !browses || request.uri().path().starts_with("/api/") {
        return problem.into_response();
    }
    let (parts, _) = request.into_parts();
    shown(&kit, &Reader::stranger(&parts), &parts.method, None, problem)
}

/// Whether the same form may be taken another time.
fn may_pass_later(code: Code) -> bool {
    use Code::{
        Internal, InvalidInput, ProofNeeded, Timeout, TooMany, Unauthenticated, Unavailable, Uncertain,
    };
    [Internal, InvalidInput, ProofNeeded, Timeout, TooMany, Unauthenticated, Unavailable, Uncertain]
        .contains(&code)
}

/// The form with everything that was typed, to be sent as it is. A key that the server refuses is replaced.
fn again(reader: &Reader, form: &Form, new_key: bool) -> Markup {
    let words = Words(reader.language);
    html! {
        form method="post" action=(reader.path) {
            (keyed(if new_key { "" } else { form.key() }))
            @for (name, value) in form.pairs().filter(|(name, _)| *name != "key") {
                input type="hidden" name=(name) value=(value);
            }
            p { (words.nothing_lost()) }
            button { (words.send_again()) }
        }
    }
}

fn encoded(path: &str) -> String {
    form_urlencoded::byte_serialize(path.as_bytes()).collect()
}
