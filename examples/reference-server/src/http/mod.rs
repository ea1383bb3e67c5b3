//! The server's HTTP API. The kit has what every host has; here are the routes of incidents, and their order.

mod ai;
mod analytics;
mod app;
mod exports;
mod facilities;
mod health;
mod incidents;
mod models;
mod narrative;
pub(crate) mod pages;
mod path;
mod receipt;
#[cfg(test)]
mod tests;
mod values;
mod visitors;

use axum::Router;
use eovr_host::http::openapi::Description;
use eovr_host::http::routes::{Access, Endpoint, Routes};
use eovr_host::http::{self as kit, alerts, auth, data_keys, documentation, framed, notices};
use serde_json::{Value, json};

pub(crate) use self::app::{App, Setup};

/// Every route of the server. In production, `/health` and `/metrics` are only on the monitoring port: [`watched`].
pub(crate) fn router(app: &App) -> Router {
    let ready = kit::health::routes(Routes::new(app));
    let routes = match app.kit.production {
        true => api(ready),
        false => documentation(api(meters(ready)), DESCRIPTION),
    };
    framed(app, pages::routes(app, routes))
}

/// The routes of the monitoring port.
pub(crate) fn watched(app: &App) -> Router {
    framed(app, meters(kit::health::routes(Routes::new(app))))
}

/// Every route of the API, and the ones for monitoring.
#[cfg(test)]
fn all(app: &App) -> Routes<App> {
    api(meters(kit::health::routes(Routes::new(app))))
}

const DESCRIPTION: Description = Description {
    title: "eovr",
    about: "Incident reporting for hospitals.",
    version: env!("CARGO_PKG_VERSION"),
    corrected: say_what_must_be_there,
};

/// Adds constraints that the Rust types cannot express: a change has at least one member, and a report that reopens an
/// incident names no facility.
fn say_what_must_be_there(document: &mut Value) {
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let Some(schemas) = schemas else { return };
    for name in ["Edit", "PanelChange", "Rating"] {
        if let Some(schema) = schemas.get_mut(name).and_then(Value::as_object_mut) {
            schema.insert("minProperties".to_owned(), 1.into());
        }
    }
    let report = schemas.get_mut("Reopening").and_then(|schema| schema.pointer_mut("/properties/report"));
    if let Some(report) = report {
        let nowhere = json!({"properties": {"facility": {"type": "null"}}});
        *report = json!({"allOf": [report.take(), nowhere]});
    }
}

fn meters(routes: Routes<App>) -> Routes<App> {
    let routes = routes.add(
        Endpoint::get("/health", Access::Public, "Says how the server is").gives::<health::Health>(),
        health::health,
    );
    kit::meters::routes(routes)
}

fn api(routes: Routes<App>) -> Routes<App> {
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
