//! Who asks.

use async_trait::async_trait;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use eovr_core::Session;

use super::auth::{Arrival, Person};
use super::problem::Problem;

/// Decides who asks, from what a request carries. The only way into a [`Session`] that a request has.
#[async_trait]
pub(crate) trait Gate: Send + Sync {
    /// Whoever asks.
    ///
    /// # Errors
    /// [`Problem::unauthenticated`] where nobody is logged in.
    async fn arrival(&self, headers: &HeaderMap) -> Result<Arrival, Problem>;
}

/// The session of who asks, in a handler. The route's access was checked before.
pub(crate) struct Caller(pub(crate) Session);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let arrival = parts.extensions.get::<Arrival>();
        let session = arrival.map(|arrival| arrival.session.clone());
        session.map(Self).ok_or_else(|| Problem::internal("a public route asks who calls"))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        Ok(parts.extensions.get::<Arrival>().and_then(|arrival| arrival.person.clone()).map(Self))
    }
}
