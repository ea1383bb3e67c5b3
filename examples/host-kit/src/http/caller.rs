//! The authenticated caller.

use async_trait::async_trait;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use eovr_core::Session;

use super::auth::{Arrival, Person};
use super::problem::Problem;

/// Authenticates a request. A handler gets a [`Session`] in no other way.
#[async_trait]
pub trait Authenticate: Send + Sync {
    /// Identifies the caller.
    ///
    /// # Errors
    /// [`Problem::unauthenticated`] without valid credentials.
    async fn arrival(&self, headers: &HeaderMap) -> Result<Arrival, Problem>;
}

/// The caller's session, as an argument of a handler. The guard has checked the access already.
pub struct Caller(pub Session);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let arrival = parts.extensions.get::<Arrival>();
        let session = arrival.map(|arrival| arrival.session.clone());
        session.map(Self).ok_or_else(|| Problem::internal("a public route has no caller"))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        Ok(parts.extensions.get::<Arrival>().and_then(|arrival| arrival.person.clone()).map(Self))
    }
}
