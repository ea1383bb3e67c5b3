//! The server's HTTP API: JSON in and out, errors as RFC 9457, every route with its access.
//!
//! A request goes through [`frame`] (id, time, log, headers), then through the [`guard`] of its route (who
//! asks, whether they may, whether they have asked before) to its handler. Handlers translate and
//! nothing else: the engine decides.

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
    Alarm, Allowed, Auth, Behind, Provider, Proxies, Rates, doors, doors_after, household,
};
pub(crate) use self::health::FAILING;
pub(crate) use self::places::{Share, Shares};
pub(crate) use self::problem::subject;
use self::problem::{Code, Problem};
use self::routes::{Access, Endpoint, Routes};

/// Everything that the server answers. For real, how it is and what it has counted is for those who watch it alone, who
/// ask elsewhere: [`watched`].
pub(crate) fn router(app: &App) -> Router {
    let routes = if app.production { api(ready(Routes::new(app.clone()))) } else { documentation(all(app)) };
    framed(app, poster::routes(routes))
}

/// What those are answered who watch the server.
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

/// Every route of the API and for those who watch it.
fn all(app: &App) -> Routes {
    api(meters(ready(Routes::new(app.clone()))))
}

/// For whoever sends requests to one of several servers.
fn ready(routes: Routes) -> Routes {
    routes.add(
        Endpoint::get("/ready", Access::Public, "Says whether to send requests here").tells(&["text/plain"]),
        health::ready,
    )
}

fn meters(routes: Routes) -> Routes {
    routes
        .add(
            Endpoint::get("/health", Access::Public, "Says how the server is").gives::<health::Health>(),
            health::health,
        )
        .add(
            Endpoint::get("/metrics", Access::Public, "Gives the meters to Prometheus")
                .tells(&["text/plain"]),
            meters::metrics,
        )
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

/// What is for developers. It is worked out anew each time, which costs nothing where nobody asks.
fn documentation(routes: Routes) -> Routes {
    let listed: Arc<[Endpoint]> = routes.listed().into();
    let document = || async move { openapi::answer(&listed) };
    routes
        .add(Endpoint::get("/api/openapi.json", Access::Public, "Describes this API"), document)
        .add(Endpoint::get("/api/docs", Access::Public, "Shows the description"), docs::page)
        .add(Endpoint::get("/api/docs/{file}", Access::Public, "Gives a file of that page"), docs::file)
}
