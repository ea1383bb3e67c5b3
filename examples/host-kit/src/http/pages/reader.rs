//! The reader of a page: language, nonce, and who is signed in.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use eovr_core::access::Actor;
use eovr_core::identity::authentication::Authenticated;
use jiff::tz::TimeZone;
use maud::Markup;

use crate::http::auth::cookie;
use crate::http::headers::{Nonce, of_page};
use crate::http::kit::Kit;
use crate::http::problem::{Code, PAGE, Problem};
use crate::ui::form::Mistakes;
use crate::ui::words::Words;
use crate::ui::{Language, Page};

/// The cookie with the language that a reader has chosen.
const LANGUAGE: &str = "eovr-language";

/// Who reads a page, and how. The guard of the page makes it.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The language of the page.
    pub language: Language,
    /// The path of the page.
    pub path: Arc<str>,
    /// Whether the address names the language, which the browser then remembers.
    asked: bool,
    nonce: Nonce,
    person: Option<Who>,
}

/// The person who is signed in.
#[derive(Clone, Debug)]
struct Who {
    actor: Actor,
    name: Arc<str>,
    session_seconds: Option<i64>,
}

impl Reader {
    /// A reader whom the server does not know.
    pub(in crate::http) fn stranger(parts: &Parts) -> Self {
        let asked = asked(&parts.uri);
        Self {
            language: asked.unwrap_or_else(|| preferred(&parts.headers)),
            path: parts.uri.path().into(),
            asked: asked.is_some(),
            nonce: parts.extensions.get::<Nonce>().cloned().unwrap_or_else(Nonce::drawn),
            person: None,
        }
    }

    /// The same reader, signed in.
    pub(in crate::http) fn named(self, actor: &Actor, name: &str, session_seconds: Option<i64>) -> Self {
        Self { person: Some(Who { actor: actor.clone(), name: name.into(), session_seconds }), ..self }
    }

    /// A whole page.
    pub fn page(&self, kit: &Kit, title: &str, main: &Markup) -> Response {
        self.page_with(kit, StatusCode::OK, false, title, main)
    }

    /// The page of a form, which may have come back with mistakes.
    pub fn form(&self, kit: &Kit, title: &str, main: &Markup, mistakes: &Mistakes) -> Response {
        match mistakes.is_empty() {
            true => self.page(kit, title, main),
            false => self.page_with(kit, StatusCode::UNPROCESSABLE_ENTITY, true, title, main),
        }
    }

    /// The time zone of the reader: the one of the first facility in scope.
    pub fn zone(&self, kit: &Kit) -> TimeZone {
        let org = kit.eovr.org();
        let scope = self.person.as_ref().map(|who| kit.eovr.session(who.actor.clone()).scope());
        let mut within = org.stamps().filter(|stamp| scope.as_ref().is_none_or(|scope| scope.covers(stamp)));
        within.next().map_or(TimeZone::UTC, |stamp| org.zone(&stamp.facility))
    }

    /// The mistakes of a form that the engine refused, one for each field of the form that does not fit.
    ///
    /// # Errors
    /// The problem itself, where it is not about one of these fields.
    pub fn mistakes(&self, problem: Problem, fields: &[&str]) -> Result<Mistakes, Problem> {
        let mut mistakes = Mistakes::default();
        let wrong = problem.fields().filter_map(|wrong| fields.iter().find(|field| **field == wrong));
        for field in wrong {
            mistakes.add(*field, Words(self.language).does_not_fit());
        }
        if mistakes.is_empty() || problem.code() != Code::InvalidInput { Err(problem) } else { Ok(mistakes) }
    }

    /// A page with another status.
    pub fn page_at(&self, kit: &Kit, status: StatusCode, title: &str, main: &Markup) -> Response {
        self.page_with(kit, status, false, title, main)
    }

    pub(super) fn page_with(
        &self,
        kit: &Kit,
        status: StatusCode,
        mistaken: bool,
        title: &str,
        main: &Markup,
    ) -> Response {
        let language = self.language;
        let actor = self.person.as_ref().map(|who| &who.actor);
        let menu = actor.map(|actor| (kit.pages.menu)(&kit.eovr, actor, language)).unwrap_or_default();
        let page = Page {
            language,
            nonce: self.nonce.as_str(),
            product: (kit.pages.product)(language),
            menu: &menu,
            here: &self.path,
            person: self.person.as_ref().map(|who| &*who.name),
            session_seconds: self.person.as_ref().and_then(|who| who.session_seconds),
            mistaken,
        };
        let html = page.html(title, main).into_string();
        let mut response = (status, html).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PAGE));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        if let Some(policy) = of_page(&self.nonce) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if self.asked {
            cookie::put_open(&mut response, LANGUAGE, language.tag());
        }
        response
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let reader = parts.extensions.get::<Self>().cloned();
        reader.ok_or_else(|| Problem::internal("a route that is no page has no reader"))
    }
}

/// After how many seconds a session ends unless something is asked before.
pub(in crate::http) fn seconds_left(kit: &Kit, person: &Authenticated) -> i64 {
    (person.idle_at.as_micros() - kit.auth.authentication.now().as_micros()) / 1_000_000
}

/// The language that the address names, such as `?lang=ar`.
fn asked(uri: &Uri) -> Option<Language> {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut named = pairs.filter(|(name, _)| name == "lang");
    named.next().and_then(|(_, tag)| Language::of(&tag))
}

/// The language that the reader has chosen before, or the first that the browser prefers and that has pages.
fn preferred(headers: &HeaderMap) -> Language {
    let chosen = cookie::kept(headers, LANGUAGE).and_then(Language::of);
    let accepted =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    chosen.or_else(|| accepted.split(',').find_map(Language::of)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn the_language_is_asked_for_or_chosen_or_preferred() {
        let language = |path: &str, headers: &[(&str, &str)]| {
            let request = headers
                .iter()
                .fold(Request::builder().uri(path), |request, (name, value)| request.header(*name, *value));
            Reader::stranger(&request.body(()).unwrap().into_parts().0).language
        };
        let prefers_arabic = ("accept-language", "fr, ar-EG;q=0.9, en;q=0.8");
        assert_eq!(language("/", &[]), Language::En);
        assert_eq!(language("/", &[prefers_arabic]), Language::Ar);
        assert_eq!(language("/", &[prefers_arabic, ("cookie", "eovr-language=en")]), Language::En);
        assert_eq!(language("/?lang=ar", &[("cookie", "eovr-language=en")]), Language::Ar);
        assert_eq!(language("/?lang=%3Cscript%3E", &[prefers_arabic]), Language::Ar);
    }
}
