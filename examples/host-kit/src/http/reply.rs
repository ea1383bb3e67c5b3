//! Building blocks of responses.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use eovr_core::ports::Written;
use eovr_core::record::RecordId;
use http_body_util::{BodyExt as _, Full};
use serde::Serialize;
use utoipa::ToSchema;

use super::places::Share;
use super::problem::Problem;

/// A handler's result.
pub type Answered = Result<Response, Problem>;

/// A value as JSON.
pub fn json(value: &impl Serialize) -> Answered {
    let body = serde_json::to_vec(value)
        .map_err(|error| Problem::internal(format!("an answer is no JSON: {error}")))?;
    let media = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, media)], body).into_response())
}

/// The number of records in a response; the guard counts them for the caller.
#[derive(Clone, Copy, Debug)]
pub struct HandedOut(pub u32);

impl HandedOut {
    /// This many records.
    pub fn of(records: usize) -> Self {
        Self(u32::try_from(records).unwrap_or(u32::MAX))
    }
}

/// A page with this many records, as JSON.
pub fn page(items: usize, value: &impl Serialize) -> Answered {
    let mut response = json(value)?;
    response.extensions_mut().insert(HandedOut::of(items));
    Ok(response)
}

/// A value as JSON, with the record's version as `ETag`.
pub fn at_version(version: u64, value: &impl Serialize) -> Answered {
    let mut response = json(value)?;
    if let Ok(tag) = HeaderValue::try_from(format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// The answer for a new record: 201 with its version and its location.
pub fn created(version: u64, place: &str, value: &impl Serialize) -> Answered {
    let mut response = at_version(version, value)?;
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(place) = HeaderValue::try_from(place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// A file. The caller's share is held until the client has received it, because the file stays in memory until then.
pub fn held(bytes: Vec<u8>, share: Share) -> Response {
    let length = bytes.len();
    let body = Full::new(Bytes::from(bytes)).map_frame(move |frame| {
        let _held = &share;
        frame
    });
    let mut response = Body::new(body).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

/// A record that was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changed {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    /// Its version now; the `ETag` says the same.
    version: u64,
    /// Its number, for kinds that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
}

impl Changed {
    /// A new record.
    pub fn first(id: RecordId) -> Self {
        Self { id, version: 1, number: None }
    }

    /// The answer to a change: the record's id and new version.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn answer(written: Written) -> Answered {
        at_version(written.version, &Self::from(written))
    }
}

impl From<Written> for Changed {
    fn from(Written { id, version, number }: Written) -> Self {
        Self { id, version, number }
    }
}
