//! The server's HTTP API: JSON in and out, errors as RFC 9457, every route with its access.
//!
//! A request passes [`frame`] (id, timeout, log, headers) and then the [`guard`] of its route (authentication,
//! authorization, rate limits, idempotency) before it reaches its handler. Handlers only translate; the engine decides.

mod ai;
mod alerts;
mod analytics;
mod app;
mod auth;
mod body;
mod caller;
mod data_keys;
mod docs;
mod exports;
mod facilities;
mod frame;
mod guard;
mod headers;
mod health;
mod host;
mod incidents;
pub(crate) mod meters;
mod models;
mod narrative;
mod notices;
mod openapi;
mod page;
mod places;
mod poster;
mod problem;
mod receipt;
mod repeat;
mod reply;
mod request_id;
mod routes;
#[cfg(test)]
mod tests;
mod transfers;
mod values;
mod visitors;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

pub(crate) use self::app::{App, Setup, Watched};
pub(crate) use self::auth::{
    Alarm, Allowed, Auth, Behind, Provider, Proxies, Rates, authentication, doors_after, household,
};
pub(crate) use self::health::FAILING;
pub(crate) use self::places::{Share, Shares};
pub(crate) use self::problem::subject;
use self::problem::{Code, Problem};
use self::routes::{Access, Endpoint, Routes};

/// Every route of the server. In production, `/health` and `/metrics` are only on the monitoring port: [`watched`].
pub(crate) fn router(app: &App) -> Router {
    let routes = if app.production { api(ready(Routes::new(app.clone()))) } else { documentation(all(app)) };
    framed(app, poster::routes(routes))
}

/// The routes of the monitoring port.
pub(crate) fn watched(app: &App) -> Router {
    framed(app, meters(ready(Routes::new(app.clone()))))
}

fn framed(app: &App, routes: Routes) -> Router {
    routes
        .router()
        .fallback(|| async { Problem::new(Code::NoSuchRoute) })
        .method_not_allowed_fallback(|| async { Problem::new(Code::MethodNotAllowed) })
        .layer(from_fn_with_state(app.clone(), frame::frame))
        .with_state(app.clone())
}

/// Every route of the API, and the ones for monitoring.
fn all(app: &App) -> Routes {
    api(meters(ready(Routes::new(app.clone()))))
}

/// The readiness route, for load balancers.
fn ready(routes: Routes) -> Routes {
    routes.add(
        Endpoint::get("/ready", Access::Public, "Says whether to send requests here").tells(&["text/plain"]),
        health::ready,
    )
}

fn meters(routes: Routes) -> Routes {
    let routes = routes.add(
        Endpoint::get("/health", Access::Public, "Says how the server is").gives::<health::Health>(),
        health::health,
    );
    #[cfg(feature = "prometheus")]
    let routes = routes.add(
        Endpoint::get("/metrics", Access::Public, "Gives the meters to Prometheus").tells(&["text/plain"]),
        meters::metrics,
    );
    routes
}

fn api(routes: Routes) -> Routes {
    let routes = auth::routes(routes);
    let routes = facilities::routes(routes);
    let routes = incidents::routes(routes);
    let routes = analytics::routes(routes);
    let routes = models::routes(ai::routes(routes));
    let routes = alerts::routes(exports::routes(routes));
    let routes = data_keys::routes(routes);
    let routes = notices::routes(routes);
    let routes = narrative::routes(visitors::routes(routes));
    receipt::routes(routes)
}

/// The routes for developers. The document is generated for each request, because it is rarely requested.
fn documentation(routes: Routes) -> Routes {
    let listed: Arc<[Endpoint]> = routes.listed().into();
    let document = || async move { openapi::answer(&listed) };
    routes
        .add(Endpoint::get("/api/openapi.json", Access::Public, "Describes this API"), document)
        .add(Endpoint::get("/api/docs", Access::Public, "Shows the description"), docs::page)
        .add(Endpoint::get("/api/docs/{file}", Access::Public, "Gives a file of that page"), docs::file)
}
