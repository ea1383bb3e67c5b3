//! Authentication of a request by its token.

use async_trait::async_trait;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use eovr_core::Session;
use eovr_core::identity::api_key;
use eovr_core::identity::authentication::Authenticated;

use super::Auth;
use crate::http::caller::Authenticate;
use crate::http::problem::{Code, Problem};

/// The authenticated caller of one request.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The caller's permissions.
    pub session: Session,
    /// The login, if the caller is an account of this server.
    pub person: Option<Authenticated>,
    /// The access that the API key grants, if the caller is a machine.
    pub key: Option<api_key::Access>,
}

impl Arrival {
    /// A caller without a login on this server.
    pub fn of(session: Session) -> Self {
        Self { session, person: None, key: None }
    }
}

#[async_trait]
impl Authenticate for Auth {
    async fn arrival(&self, headers: &HeaderMap) -> Result<Arrival, Problem> {
        let token = bearer(headers).ok_or_else(Problem::unauthenticated)?;
        if token.starts_with(api_key::PREFIX) {
            let bearer = self.authentication.authenticate_key(token).await?;
            return Ok(Arrival { session: bearer.session, person: None, key: Some(bearer.access) });
        }
        if let Some(provider) = &self.provider
            && provider.is_named_by(token)
        {
            let actor = provider.actor(token, &self.authentication).await?;
            return Ok(Arrival::of(self.authentication.eovr().session(actor)));
        }
        // An account that must still set up a second factor is authenticated here; the guard limits it to the setup
        // routes.
        let person = self.authentication.authenticate_to_enrol(token).await?;
        Ok(Arrival { session: person.session.clone(), person: Some(person), key: None })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// An account with a login on this server, as an argument of a handler. API keys and external accounts are refused.
pub struct Person(pub Authenticated);

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let arrival = parts.extensions.get::<Arrival>();
        let person = arrival.and_then(|arrival| arrival.person.clone());
        person.map(Self).ok_or_else(|| {
            Problem::new(Code::Denied).detail(
                "this needs an account that has logged in here; API keys and external accounts are refused",
            )
        })
    }
}
