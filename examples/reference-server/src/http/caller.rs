//! Who asks.

use async_trait::async_trait;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use eovr_core::Session;

use super::problem::Problem;

/// Decides who asks, from what a request carries. The only way into a [`Session`] that a request has.
#[async_trait]
pub(crate) trait Gate: Send + Sync {
    /// The session of whoever asks.
    ///
    /// # Errors
    /// [`Problem::unauthenticated`] where nobody is logged in.
    async fn session(&self, headers: &HeaderMap) -> Result<Session, Problem>;
}

/// Lets nobody in.
pub(crate) struct Closed;

#[async_trait]
impl Gate for Closed {
    async fn session(&self, _: &HeaderMap) -> Result<Session, Problem> {
        Err(Problem::unauthenticated())
    }
}

/// The session of who asks, in a handler. The route's access was checked before.
pub(crate) struct Caller(pub(crate) Session);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let session = parts.extensions.get::<Session>().cloned();
        session.map(Self).ok_or_else(|| Problem::internal("a public route asks who calls"))
    }
}
