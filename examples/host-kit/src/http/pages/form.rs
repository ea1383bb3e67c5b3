//! The body of a form, as it is read and as it is shown again.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use eovr_core::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use zeroize::Zeroizing;

use crate::http::auth::Arrival;
use crate::http::kit::Kit;
use crate::http::problem::{Code, Problem};
use crate::http::repeat::{HEADER, Seed};
use crate::http::request_id::drawn;
use crate::ui::latin;

/// The member of a form that makes it one request, however often it is sent.
const KEY: &str = "key";

/// A form, as browsers send it (`application/x-www-form-urlencoded`). The guard of the page reads it, so that a page that
/// refuses a form can give back what was typed. Its values are erased from memory afterwards, because one may be a password.
#[derive(Clone)]
pub struct Form(Arc<Sent>);

struct Sent {
    pairs: Vec<(String, Zeroizing<String>)>,
    body: Bytes,
    headers: HeaderMap,
    caller: Option<String>,
    path: String,
    template: String,
}

impl Form {
    /// What was typed into a field, without the blanks around it; empty where there is no such field.
    pub fn text(&self, name: &str) -> &str {
        self.whole(name).trim()
    }

    /// What was typed into a field, with the blanks around it, which belong to a password.
    pub fn whole(&self, name: &str) -> &str {
        let typed = self.0.pairs.iter().find(|(known, _)| known == name);
        typed.map_or("", |(_, value)| value.as_str())
    }

    /// What was typed into a field; `None` where it stayed empty.
    pub fn some(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The values of every field with this name, such as the boxes that are ticked.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.pairs.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The three parts of a [day](crate::ui::form::Field::day).
    pub fn day(&self, name: &str) -> [&str; 3] {
        ["day", "month", "year"].map(|part| {
            let typed = self.0.pairs.iter().find(|(known, _)| {
                known.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')) == Some(part)
            });
            typed.map_or("", |(_, value)| value.trim())
        })
    }

    /// The moment of a day at an hour of that place; `Some(None)` where the day stayed empty, `None` where it is no day.
    pub fn moment(&self, name: &str, hour: i8, zone: &TimeZone) -> Option<Option<Timestamp>> {
        let typed = self.day(name);
        if typed.iter().all(|part| part.is_empty()) {
            return Some(None);
        }
        let [day, month, year] = typed.map(|part| latin(part).parse::<i16>().ok());
        let day = civil::Date::new(year?, i8::try_from(month?).ok()?, i8::try_from(day?).ok()?).ok()?;
        let at = day.at(hour, 0, 0, 0).to_zoned(zone.clone()).ok()?;
        Some(Some(Timestamp::from_micros(at.timestamp().as_microsecond())))
    }

    /// The seed of this form, from its [key](keyed) or from the header of a program; `None` without a key.
    ///
    /// # Errors
    /// `InvalidInput` about [`HEADER`] where the key is not valid.
    pub fn seed(&self, kit: &Kit) -> Result<Option<Seed>, Problem> {
        let Sent { body, headers, caller, path, template, .. } = &*self.0;
        let mut headers = headers.clone();
        if let Some(key) = self.all(KEY).next() {
            // What cannot be a header is no key.
            let key = HeaderValue::try_from(key).unwrap_or_else(|_| HeaderValue::from_static(""));
            headers.insert(HEADER, key);
        }
        kit.repeats.seed_at(&headers, caller.as_deref(), template, path, body)
    }

    /// The key with which this form was sent.
    pub fn key(&self) -> &str {
        self.all(KEY).next().unwrap_or_default()
    }

    /// Every name and value, in the order of the page.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a request has such a body.
    pub(in crate::http) fn is_in(headers: &HeaderMap) -> bool {
        const MEDIA: &str = "application/x-www-form-urlencoded";
        let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or(MEDIA);
        media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(MEDIA))
    }

    /// The form of a request.
    pub(in crate::http) fn new(parts: &Parts, body: Bytes) -> Self {
        // Browsers end lines with CR LF.
        let pairs = form_urlencoded::parse(&body)
            .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.replace("\r\n", "\n"))))
            .collect();
        let caller = parts.extensions.get::<Arrival>();
        let template = parts.extensions.get::<MatchedPath>();
        Self(Arc::new(Sent {
            pairs,
            body,
            headers: parts.headers.clone(),
            caller: caller.map(|arrival| arrival.session.actor().id().to_string()),
            path: parts.uri.path().to_owned(),
            template: template.map(|matched| matched.as_str().to_owned()).unwrap_or_default(),
        }))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Form {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let form = parts.extensions.get::<Self>().cloned();
        form.ok_or_else(|| Problem::new(Code::UnsupportedType))
    }
}

/// The key of a form, hidden in it. The form that came back keeps its key, so that a form that is sent twice counts once.
pub fn keyed(key: &str) -> Markup {
    let new = if key.is_empty() { drawn() } else { key.to_owned() };
    html! { input type="hidden" name=(KEY) value=(new) data-key; }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        let parts = axum::http::Request::new(()).into_parts().0;
        Form::new(&parts, Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn a_form_is_read_as_it_was_typed() {
        let form = form("a=+one+&b=1%0D%0A2&b=3&c=");
        assert_eq!((form.text("a"), form.whole("a"), form.text("none")), ("one", " one ", ""));
        assert_eq!(form.all("b").collect::<Vec<_>>(), ["1\n2", "3"]);
        assert_eq!((form.some("a").as_deref(), form.some("c")), (Some("one"), None));
    }

    #[test]
    fn a_day_takes_the_digits_of_both_languages() {
        let cairo = TimeZone::get("Africa/Cairo").unwrap();
        let day = |day: &str, month: &str, year: &str| {
            let pairs = [("at-day", day), ("at-month", month), ("at-year", year)];
            form(&form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
                .moment("at", 12, &cairo)
        };
        let expected = "2026-12-01T10:00:00Z".parse().unwrap();
        assert_eq!(day("1", "12", "2026"), Some(Some(expected)));
        assert_eq!(day("١", "۱۲", "٢٠٢٦"), Some(Some(expected)));
        assert_eq!(day("", "", ""), Some(None));
        for wrong in [("31", "2", "2026"), ("1", "", "2026"), ("a", "1", "2026"), ("1", "1", "99999")] {
            assert_eq!(day(wrong.0, wrong.1, wrong.2), None, "{wrong:?}");
        }
    }
}
