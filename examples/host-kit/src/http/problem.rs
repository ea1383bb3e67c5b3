//! Every error that a client sees, as RFC 9457 `application/problem+json`.
//!
//! A problem has no request id: `frame` adds it when it writes the body, so handlers need not carry it. A
//! problem never repeats input.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use eovr_core::error::{Refusal, Unmet};
use eovr_core::record::RecordId;
use eovr_core::{Error, ErrorKind};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub const MEDIA: &str = "application/problem+json";

/// The reason why a request failed.
#[derive(Clone, Debug)]
pub struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    code: Code,
    detail: Option<Cow<'static, str>>,
    faults: Vec<Fault>,
    refusal: Option<Refusal>,
    current_version: Option<u64>,
    retry_after: Option<u32>,
    /// For the log only; the client does not see it.
    cause: Option<String>,
    /// The id of the tampered record, if that is the reason.
    tampered: Option<String>,
}

/// The kind of problem, as a stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The head of the request cannot be read.
    MalformedRequest,
    /// The body cannot be read.
    MalformedBody,
    /// The workflow does not allow it now.
    Refused,
    /// Credentials are missing or invalid.
    Unauthenticated,
    /// A fresh authentication is needed.
    ProofNeeded,
    /// The caller may not do it.
    Denied,
    /// The account must set up a second factor first.
    FactorNeeded,
    /// There is no such record in scope.
    NotFound,
    /// There is nothing at the address.
    NoSuchRoute,
    /// The address does not take the method.
    MethodNotAllowed,
    /// The body did not come in time.
    Timeout,
    /// The request conflicts with the current state.
    Conflict,
    /// The body is too large.
    TooLarge,
    /// The body is of another media type.
    UnsupportedType,
    /// A value breaks a rule.
    InvalidInput,
    /// A rate limit is reached.
    TooMany,
    /// The database is away, or the server is busy.
    Unavailable,
    /// It is not known whether the change was made.
    Uncertain,
    /// An error of the server.
    Internal,
}

impl Code {
    /// Status, code and title. The title is the same for every problem of a code. The engine's errors have the status
    /// of their kind.
    fn row(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as Is;
        let of = |kind: ErrorKind| {
            StatusCode::from_u16(kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        };
        match self {
            Self::MalformedRequest => (Is::BAD_REQUEST, "malformed_request", "The request cannot be read"),
            Self::MalformedBody => (Is::BAD_REQUEST, "malformed_body", "The body cannot be read"),
            Self::Refused => (of(ErrorKind::Refused), "refused", "The workflow does not allow this now"),
            Self::Unauthenticated => {
                (of(ErrorKind::Unauthenticated), "unauthenticated", "The request is not authenticated")
            }
            Self::ProofNeeded => {
                (of(ErrorKind::Unauthenticated), "proof_needed", "This needs a fresh proof of who you are")
            }
            Self::Denied => (of(ErrorKind::Denied), "denied", "You may not do this"),
            Self::FactorNeeded => (of(ErrorKind::Denied), "factor_needed", "Set up a second factor first"),
            Self::NotFound => (of(ErrorKind::NotFound), "not_found", "There is no such record in your scope"),
            Self::NoSuchRoute => (Is::NOT_FOUND, "no_such_route", "There is nothing at this address"),
            Self::MethodNotAllowed => {
                (Is::METHOD_NOT_ALLOWED, "method_not_allowed", "This address does not take this method")
            }
            Self::Timeout => (Is::REQUEST_TIMEOUT, "timeout", "The body did not come in time"),
            Self::Conflict => {
                (of(ErrorKind::Conflict), "conflict", "The request conflicts with the current state")
            }
            Self::TooLarge => (Is::PAYLOAD_TOO_LARGE, "too_large", "The body is too large"),
            Self::UnsupportedType => {
                (Is::UNSUPPORTED_MEDIA_TYPE, "unsupported_type", "The body is of another type")
            }
            Self::InvalidInput => (of(ErrorKind::InvalidInput), "invalid_input", "A value breaks a rule"),
            Self::TooMany => (Is::TOO_MANY_REQUESTS, "too_many", "Too many requests"),
            Self::Unavailable => (of(ErrorKind::Unavailable), "unavailable", "Try again later"),
            Self::Uncertain => {
                (of(ErrorKind::Uncertain), "uncertain", "It is not known whether the change was made")
            }
            Self::Internal => (of(ErrorKind::Bug), "internal", "Something is wrong on our side"),
        }
    }

    /// The code for a status without a problem, as routers and servers produce it.
    fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NoSuchRoute,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedType,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            other if other.is_client_error() => Self::MalformedBody,
            _ => Self::Internal,
        }
    }
}

/// What is wrong with one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// Which: a member of the body, a parameter or a header; absent where it is the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
    /// What is wrong with it.
    pub problem: Cow<'static, str>,
    /// What would have been accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Cow<'static, str>>,
}

impl Problem {
    /// A problem of this code.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Inner {
            code,
            detail: None,
            faults: Vec::new(),
            refusal: None,
            current_version: None,
            retry_after: None,
            cause: None,
            tampered: None,
        }))
    }

    /// The credentials are missing or invalid. The answer does not tell which.
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated).detail("log in first")
    }

    /// Rate limited; the client may retry after this many seconds.
    pub fn too_many(seconds: u32) -> Self {
        Self::new(Code::TooMany).detail("wait, and send it again").retry_after(seconds)
    }

    /// One invalid value: its name, the reason, and what is accepted.
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        problem: impl Into<Cow<'static, str>>,
        accepted: impl Into<Cow<'static, str>>,
    ) -> Self {
        let fault =
            Fault { field: Some(field.into()), problem: problem.into(), accepted: Some(accepted.into()) };
        Self::new(Code::InvalidInput).fault(fault)
    }

    /// An error of the server. The cause goes to the log.
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut problem = Self::new(Code::Internal);
        problem.0.cause = Some(cause.into());
        problem
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        let (status, ..) = self.0.code.row();
        status
    }

    /// Says what happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds what is wrong with one value.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.0.faults.push(fault);
        self
    }

    /// Says after how many seconds the client may try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Whether this value is what is wrong.
    pub fn is_about(&self, field: &str) -> bool {
        self.0.faults.iter().any(|fault| fault.field.as_deref() == Some(field))
    }

    /// The values that are wrong.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.faults.iter().filter_map(|fault| fault.field.as_deref())
    }

    /// What sort of problem it is.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The cause, for the log only.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The id of the tampered record, if any, for the alarm.
    pub fn tampered(&self) -> Option<&str> {
        self.0.tampered.as_deref()
    }

    /// The problem of a response, if it has one: its own, or one for its status.
    pub fn taken_from(response: &mut Response) -> Option<Self> {
        if let Some(problem) = response.extensions_mut().remove::<Self>() {
            return Some(problem);
        }
        let status = response.status();
        let media = response.headers().get(header::CONTENT_TYPE);
        // Covers responses that are neither a problem of ours nor an error page.
        let ours = media.is_some_and(|media| media == JSON || media == PAGE);
        let failed = status.is_client_error() || status.is_server_error();
        (failed && !ours).then(|| Self::new(Code::of(status)))
    }

    /// The whole response. Other headers, such as `Allow`, stay.
    pub fn written(&self, request_id: &str, mut response: Response) -> Response {
        let (status, code, title) = self.0.code.row();
        let Inner { detail, faults, refusal, current_version, .. } = &*self.0;
        let body = Written {
            kind: format!("urn:eovr:problem:{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: detail.as_deref(),
            errors: faults,
            request_id,
            state: refusal.as_ref().map(|refusal| refusal.state.as_str()),
            legal: refusal.as_ref().map(|refusal| refusal.legal.as_slice()),
            unmet: refusal.as_ref().map(|refusal| refusal.unmet.iter().map(Lack::from).collect()),
            current_version: *current_version,
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        *response.status_mut() = status;
        *response.body_mut() = Body::from(body);
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        let challenge = match self.0.code {
            Code::Unauthenticated => Some("Bearer realm=\"eovr\""),
            // RFC 9470.
            Code::ProofNeeded => Some("Bearer realm=\"eovr\", error=\"insufficient_user_authentication\""),
            _ => None,
        };
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

const JSON: &str = "application/json";
/// The media type of a page.
pub const PAGE: &str = "text/html; charset=utf-8";

/// The status only, with the problem as an extension: `frame` writes the rest.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.code.row().0.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            ErrorKind::InvalidInput => Code::InvalidInput,
            ErrorKind::Refused => Code::Refused,
            ErrorKind::Unauthenticated if says(&error, "proof") => Code::ProofNeeded,
            ErrorKind::Unauthenticated => Code::Unauthenticated,
            ErrorKind::Denied if says(&error, "second_factor") => Code::FactorNeeded,
            ErrorKind::Denied => Code::Denied,
            ErrorKind::NotFound => Code::NotFound,
            ErrorKind::Conflict => Code::Conflict,
            ErrorKind::Unavailable => Code::Unavailable,
            ErrorKind::Uncertain => Code::Uncertain,
            // Errors of keys and chains, and bugs, go to the log only.
            kind => {
                let mut problem = Self::internal(error.to_string());
                problem.0.tampered = (kind == ErrorKind::Tampered).then(|| subject(&error));
                return problem;
            }
        };
        let mut problem = Self::new(code);
        let inner = &mut *problem.0;
        match code {
            Code::InvalidInput => inner.faults.push(Fault {
                field: error.field().map(|field| field.to_owned().into()),
                problem: error.message().to_owned().into(),
                accepted: error.help().map(|help| help.to_owned().into()),
            }),
            // No help, because an absent record and one out of scope must look the same.
            Code::NotFound => inner.detail = Some(error.message().to_owned().into()),
            Code::Unavailable | Code::Uncertain => {
                inner.detail = error.help().map(|help| help.to_owned().into());
                inner.retry_after = Some(RETRY_SECONDS);
                inner.cause = Some(error.to_string());
            }
            _ => {
                let help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
                inner.detail = Some(format!("{}{help}", error.message()).into());
            }
        }
        let version = error.context().iter().find(|(name, _)| *name == "current_version");
        inner.current_version = version.and_then(|(_, version)| version.parse().ok());
        inner.refusal = error.refusal().cloned();
        problem
    }
}

/// The subject of an error: the first record that its context names.
pub fn subject(error: &Error) -> String {
    let mut named = error.context().iter().map(|(_, value)| value.as_str());
    named.find(|value| value.parse::<RecordId>().is_ok()).unwrap_or("unnamed").to_owned()
}

fn says(error: &Error, fact: &str) -> bool {
    error.context().iter().any(|(name, _)| *name == fact)
}

/// How long a client should wait for a store that is away: about as long as a failover takes.
const RETRY_SECONDS: u32 = 5;

/// A problem as it is written (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Written<'a> {
    /// The code as a URN.
    #[serde(rename = "type")]
    kind: String,
    /// What kind of problem, in words.
    title: &'a str,
    /// The status of the response.
    status: u16,
    /// What kind of problem, for programs.
    code: &'a str,
    /// What happened this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// What is wrong with which value.
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
    /// The id under which the log knows the request.
    request_id: &'a str,
    /// The state that refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    /// What it would have allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    legal: Option<&'a [String]>,
    /// What the action lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    unmet: Option<Vec<Lack<'a>>>,
    /// The version that the record has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_version: Option<u64>,
}

/// Something that an action lacks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Lack<'a> {
    /// The need's name.
    pub need: &'a str,
    /// What would meet it.
    pub wants: &'a str,
}

impl<'a> From<&'a Unmet> for Lack<'a> {
    fn from(unmet: &'a Unmet) -> Self {
        Self { need: &unmet.need, wants: &unmet.wants }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_the_engine_is_answered_with_the_status_of_its_kind() {
        let expected = [
            (ErrorKind::InvalidInput, 422),
            (ErrorKind::Refused, 400),
            (ErrorKind::Unauthenticated, 401),
            (ErrorKind::Denied, 403),
            (ErrorKind::NotFound, 404),
            (ErrorKind::Conflict, 409),
            (ErrorKind::Tampered, 500),
            (ErrorKind::Key, 500),
            (ErrorKind::Unavailable, 503),
            (ErrorKind::Uncertain, 503),
            (ErrorKind::Config, 500),
            (ErrorKind::Bug, 500),
        ];
        for (kind, status) in expected {
            assert_eq!(Problem::from(Error::new(kind, "a test")).status().as_u16(), status, "{kind:?}");
            assert_eq!(kind.http_status(), status);
        }
        let proof = Error::new(ErrorKind::Unauthenticated, "a test").with("proof", "fresh");
        assert_eq!(Problem::from(proof).status(), StatusCode::UNAUTHORIZED);
        let factor = Error::new(ErrorKind::Denied, "a test").with("second_factor", "missing");
        assert_eq!(Problem::from(factor).status(), StatusCode::FORBIDDEN);
    }
}
