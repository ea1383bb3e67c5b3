//! Errors as RFC 9457 `application/problem+json`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use eovr_core::Error;
use serde_json::json;

/// The answer to a request that failed.
pub(crate) struct Problem(Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let kind = error.kind();
        let status = StatusCode::from_u16(kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = json!({ "type": format!("urn:problem:{}", kind.name()), "status": status.as_u16() });
        if status.is_server_error() {
            // The details are for the operator.
            tracing::error!(%error, "a request failed");
        } else if let Some(body) = body.as_object_mut() {
            body.insert("detail".to_owned(), error.message().into());
            body.insert("help".to_owned(), error.help().into());
            body.insert("field".to_owned(), error.field().into());
            body.insert("refusal".to_owned(), json!(error.refusal()));
        }
        let mut response = (status, Json(body)).into_response();
        let media = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        response
    }
}
