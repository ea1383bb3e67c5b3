//! HTTP: JSON in and out, errors as RFC 9457, every route with its access.
//!
//! A request passes `frame` (id, timeout, log, headers) and then the [`guard`] of its route (authentication,
//! authorization, rate limits, idempotency) before it reaches its handler. Handlers only translate; the engine decides.

pub mod alerts;
pub mod auth;
pub mod body;
pub mod caller;
pub mod data_keys;
pub mod docs;
mod frame;
pub mod guard;
pub mod headers;
pub mod health;
mod host;
pub mod kit;
pub mod meters;
pub mod notices;
pub mod openapi;
pub mod page;
pub mod pages;
pub mod places;
pub mod problem;
pub mod repeat;
pub mod reply;
pub mod request_id;
pub mod routes;
pub mod transfers;
pub mod values;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use self::kit::HostState;
use self::openapi::Description;
use self::problem::{Code, Problem};
use self::routes::{Access, Endpoint, Routes};

/// The routes behind the `frame`, with the answers for other paths and methods.
pub fn framed<S: HostState>(state: &S, routes: Routes<S>) -> Router {
    routes
        .router()
        .fallback(pages::nowhere)
        .method_not_allowed_fallback(|| async { Problem::new(Code::MethodNotAllowed) })
        .layer(from_fn_with_state(state.kit().clone(), frame::frame))
        .with_state(state.clone())
}

/// Adds the routes for developers. The document is generated for each request, because it is rarely requested.
pub fn documentation<S: HostState>(routes: Routes<S>, description: Description) -> Routes<S> {
    let listed: Arc<[Endpoint]> = routes.listed().into();
    let document = move || async move { openapi::answer(&listed, &description) };
    routes
        .add(Endpoint::get("/api/openapi.json", Access::Public, "Describes this API"), document)
        .add(Endpoint::get("/api/docs", Access::Public, "Shows the description"), docs::page)
        .add(Endpoint::get("/api/docs/{file}", Access::Public, "Gives a file of that page"), docs::file)
}
