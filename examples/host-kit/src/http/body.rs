//! Extractors for the body, the query parameters and the ids in the path.
//!
//! A parse error may quote the input, which may contain words of a report. So the answer contains only our own words: a
//! known member's name, and what was expected.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use eovr_core::attachment::LARGEST as LARGEST_FILE;
use eovr_core::identity::{alert, api_key, facility, login, user};
use eovr_core::name;
use eovr_core::notice;
use eovr_core::record::RecordId;
use eovr_core::{Error, Name};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use tokio::time::Instant;

use super::problem::{Code, Fault, Problem};

/// The timeout of a body. It is shorter than the timeout of the request, because a request that was never processed
/// must not end as `uncertain`.
const PATIENCE: Duration = Duration::from_secs(50);
/// The longest pause within a body.
const SILENCE: Duration = Duration::from_secs(10);

/// The longest body in bytes, except for files.
pub const LONGEST: usize = 1 << 20;

/// The body of an upload, of any content type.
pub struct Upload(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read(request.into_body(), LARGEST_FILE).await.map(Self)
    }
}

/// A JSON body.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        is_json(request.headers())?;
        let bytes = read(request.into_body(), LONGEST).await?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let field = member(error.path());
            of_json(error.inner(), field)
        })?;
        json.end().map_err(|error| of_json(&error, None))?;
        let Object(value) = value;
        Ok(Self(value))
    }
}

/// A JSON object only, because a derived deserializer also accepts an array of the members' values.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// As `Object`, for a member.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Members<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members))
        }
    }

    deserializer.deserialize_map(Members(PhantomData))
}

/// The query parameters.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = serde_urlencoded::from_str::<Vec<(Cow<'_, str>, Cow<'_, str>)>>(query);
        let pairs =
            pairs.map_err(|_| Problem::new(Code::MalformedBody).detail("the query cannot be read"))?;
        // Forms send empty members; the server ignores them.
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let asked = serde_urlencoded::to_string(pairs.collect::<Vec<_>>());
        let asked = asked.map_err(|error| Problem::internal(format!("pairs are always a query: {error}")))?;
        let asked = serde_urlencoded::Deserializer::new(form_urlencoded::parse(asked.as_bytes()));
        serde_path_to_error::deserialize(asked).map(Self).map_err(|error| {
            let field = member(error.path());
            Problem::new(Code::InvalidInput).fault(fault(&error.inner().to_string(), field))
        })
    }
}

/// Declares extractors, each for the record of one kind that a path names: its parameter, and the kind.
#[macro_export]
macro_rules! named {
    ($($(#[$says:meta])+ $name:ident = $param:literal, $kind:expr;)+) => {$(
        $(#[$says])+
        pub struct $name(pub ::eovr_core::record::RecordId);

        impl<S: Send + Sync> ::axum::extract::FromRequestParts<S> for $name {
            type Rejection = $crate::http::problem::Problem;

            async fn from_request_parts(
                parts: &mut ::axum::http::request::Parts,
                state: &S,
            ) -> Result<Self, Self::Rejection> {
                $crate::http::body::named(parts, state, $param, $kind).await.map(Self)
            }
        }
    )+};
}

named! {
    /// The notice that a path names.
    Notice = "id", notice::KIND;
    /// The account that a path names.
    Account = "id", user::KIND;
    /// The login that a path names.
    Login = "id", login::KIND;
    /// The key for a machine that a path names.
    MachineKey = "id", api_key::KIND;
    /// The data key that a path names.
    DataKey = "id", name!("data_key");
    /// The alert that a path names.
    RaisedAlert = "id", alert::KIND;
    /// The facility that a path names.
    Site = "id", facility::KIND;
}

/// The version in `If-Match`, which holds one or more entity tags of this server.
pub struct Seen(pub Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for Seen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut latest = None;
        for value in parts.headers.get_all(header::IF_MATCH) {
            let text = value.to_str().unwrap_or_default().trim();
            if text == "*" {
                return Ok(Self(None));
            }
            for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
                latest = latest.max(Some(version(tag).ok_or_else(not_ours)?));
            }
            if latest.is_none() {
                return Err(not_ours());
            }
        }
        // Versions only grow, so of several tags only the latest can match.
        Ok(Self(latest))
    }
}

/// The suffixes that compressing proxies add to a tag: Apache, Caddy and Jetty.
const COMPRESSED: [&str; 4] = ["--gzip", "-gzip", "-br", "-zstd"];

/// The version in a tag. A proxy that compresses an answer makes its tag weak (`W/"3"`, as nginx does) or adds a suffix
/// (`"3-gzip"`). RFC 9110 (13.1.1) requires a strong comparison for `If-Match`, because a weak tag may stand for
/// several representations. The server accepts these tags as `"3"`, because its tags name the version and not a
/// representation.
fn version(tag: &str) -> Option<u64> {
    let tag = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
    let tag = COMPRESSED.iter().find_map(|by| tag.strip_suffix(by)).unwrap_or(tag);
    tag.bytes().all(|byte| byte.is_ascii_digit()).then(|| tag.parse().ok())?
}

fn not_ours() -> Problem {
    Problem::invalid(
        "if-match",
        "not an entity tag of this server",
        "the `ETag` of the record, such as `\"3\"` or `W/\"3\"`, or `*`",
    )
}

/// Reads the whole body.
///
/// # Errors
/// `TooLarge` beyond `most` bytes; `MalformedBody` if the client disconnects in the middle; `Timeout` if it stalls.
pub async fn read(body: Body, most: usize) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(Code::TooLarge).detail(format!("send at most {most} bytes"));
    // A body that announces too many bytes is refused at once.
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let late = || Problem::new(Code::Timeout).detail("nothing was done; send it again").retry_after(1);
    let end = Instant::now() + PATIENCE;
    let mut body = Limited::new(body, most);
    let mut bytes = Vec::new();
    loop {
        let next = tokio::time::timeout_at(end.min(Instant::now() + SILENCE), body.frame()).await;
        let frame = match next.map_err(|_| late())? {
            None => return Ok(bytes.into()),
            Some(Ok(frame)) => frame,
            Some(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large()),
            Some(Err(_)) => {
                return Err(Problem::new(Code::MalformedBody).detail("the body is incomplete"));
            }
        };
        let Ok(data) = frame.into_data() else { continue };
        if bytes.is_empty() {
            // A body that arrived in one piece is not copied.
            if body.is_end_stream() {
                return Ok(data);
            }
            bytes.reserve_exact(data.len() + usize::try_from(body.size_hint().lower()).unwrap_or(0));
        }
        bytes.extend_from_slice(&data);
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    let mut parts = media.split(';').map(str::trim);
    let json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    // JSON has one encoding (RFC 8259); the server would misread a body in another charset.
    let mut named = parts.filter_map(|part| part.split_once('='));
    let utf_8 = named.all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset")
            || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if json && utf_8 {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedType)
        .detail("send JSON in UTF-8, with `content-type: application/json`"))
}

/// The id of a record that a path names.
///
/// # Errors
/// `NotFound`, also where it is no id.
pub async fn named<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    name: &str,
    kind: Name,
) -> Result<RecordId, Problem> {
    // An invalid id gets the same answer as an unknown id.
    read_path(parts, state, name).await.ok_or_else(|| Error::not_found(kind).into())
}

/// A parameter of the path, if it is valid.
pub async fn read_path<S: Send + Sync, T: FromStr>(parts: &mut Parts, state: &S, name: &str) -> Option<T> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    let (_, text) = params.iter().find(|(param, _)| *param == name)?;
    text.parse().ok()
}

fn of_json(error: &serde_json::Error, field: Option<String>) -> Problem {
    if error.is_data() {
        return Problem::new(Code::InvalidInput).fault(fault(&error.to_string(), field));
    }
    let place = format!("it stops being JSON at line {}, column {}", error.line(), error.column());
    Problem::new(Code::MalformedBody).detail(place)
}

/// The top-level member of a path. Deeper names may be keys that the client chose.
fn member(path: &serde_path_to_error::Path) -> Option<String> {
    match path.iter().next() {
        Some(serde_path_to_error::Segment::Map { key }) => Some(key.clone()),
        _ => None,
    }
}

/// The parser's error, without the input.
fn fault(message: &str, field: Option<String>) -> Fault {
    // serde_json appends the position.
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    // The quoted input stands before the expectation, so the last `, expected ` is the parser's own.
    let expected = message.rfind(", expected ").and_then(|at| message.get(at + ", expected ".len()..));
    let accepted = expected.map(|expected| expected.to_owned().into());
    let quoted = || message.split('`').nth(1).map(|name| name.to_owned().into());
    if message.starts_with("unknown field") {
        return Fault { field: None, problem: "it has a member that is not known".into(), accepted };
    }
    if message.starts_with("missing field") {
        return Fault { field: quoted(), problem: "it is missing".into(), accepted: None };
    }
    if message.starts_with("duplicate field") {
        return Fault { field: quoted(), problem: "it is given twice".into(), accepted: None };
    }
    let field = field.map(Cow::Owned);
    // Our own errors name what they accept, and do not repeat input.
    if let Some((problem, help)) =
        message.strip_prefix("invalid_input: ").and_then(|own| own.split_once("; "))
    {
        return Fault { field, problem: problem.to_owned().into(), accepted: Some(help.to_owned().into()) };
    }
    let problem = match message.starts_with("unknown variant") {
        true => "it is not one of the words that are known",
        false => "it is of another type or out of range",
    };
    Fault { field, problem: problem.into(), accepted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_changed_by_a_proxy_still_names_its_version() {
        for tag in ["\"3\"", "W/\"3\"", "\"3-gzip\"", "\"3--gzip\"", "W/\"3-br\""] {
            assert_eq!(version(tag), Some(3), "{tag}");
        }
        for tag in [
            "3",
            "W/3",
            "\"\"",
            "\"+3\"",
            "\"3",
            "w/\"3\"",
            "\"3-\"",
            "\"-gzip\"",
            "\"99999999999999999999\"",
        ] {
            assert_eq!(version(tag), None, "{tag}");
        }
    }

    fn said(message: &str) -> String {
        serde_json::to_string(&fault(message, Some("severity".to_owned()))).unwrap()
    }

    #[test]
    fn parse_errors_repeat_no_input() {
        let wicked = [
            "unknown field `Mr Hassan, expected fell`, expected one of `a`, `b` at line 1 column 2",
            "unknown variant `Mr Hassan`, expected `a` or `b` at line 1 column 2",
            "invalid type: string \"Mr Hassan, expected nothing at line 3\", expected u32 at line 1 column 2",
            "invalid value: string \"Mr Hassan\", expected a word at line 1 column 2",
            "Mr Hassan",
        ];
        for message in wicked {
            let said = said(message);
            assert!(
                !said.contains("Hassan") && !said.contains("fell") && !said.contains("nothing"),
                "{said}"
            );
        }
        assert!(said(wicked[0]).contains("one of `a`, `b`"));
        assert!(said(wicked[2]).contains("\"accepted\":\"u32\""));
    }
}
