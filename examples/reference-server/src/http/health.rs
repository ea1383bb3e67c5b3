//! Health and readiness, for monitoring.

use axum::extract::State;
use axum::http::StatusCode;
use eovr_core::analyst::Worker;
use eovr_host::http::auth::Provider;
use eovr_host::http::health::FAILING;
use eovr_host::http::reply::{Answered, json};
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;

/// How the server is, in words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`; `alarmed`: it answers, and an administrator should look; or `failing`.
    status: &'static str,
    /// Whether the database answers: `ok` or `unavailable`.
    database: &'static str,
    /// Whether the database takes writes: `ok`, or `failing` where the last one could not be made.
    writes: &'static str,
    /// Whether the audit log fits its checkpoints: `off` where none are made, `ok`, or `failing` where it does not, or
    /// the last one could not be made.
    log: &'static str,
    /// Whether records fit their audit chains: `ok`, or `tampered` where one that does not was met today.
    records: &'static str,
    /// What reads new reports: `embedded`; with one outside `ok`, or `failing` where it is left alone for a while.
    ai: &'static str,
    /// What sends mail: `off`, `ok`, or `failing` where the last one could not be sent.
    mail: &'static str,
    /// What opens sealed fields: `loaded`.
    keys: &'static str,
    /// Whose tokens are accepted beside our own: `off`, `ok`, or `unavailable` where it gave no keys when it
    /// was last asked.
    identity_provider: &'static str,
}

/// `GET /health`: 503 if the server cannot answer requests, otherwise 200; the body has the state of each part.
pub(super) async fn health(State(app): State<App>) -> Answered {
    let answers = app.kit.last_check.answers(&app.kit.eovr).await;
    let writes = app.kit.watched.writes.failing_since().is_none();
    let (log, tampered) = (app.kit.watched.log.word(), app.kit.auth.alarm.met_tampering());
    let serves = answers && writes;
    let health = Health {
        status: match serves {
            false => "failing",
            true if tampered || log == FAILING => "alarmed",
            true => "ok",
        },
        database: if answers { "ok" } else { "unavailable" },
        writes: if writes { "ok" } else { FAILING },
        log,
        records: if tampered { "tampered" } else { "ok" },
        ai: reads(&app),
        mail: app.kit.signals.mail(),
        // The engine does not open without its keys.
        keys: "loaded",
        // A missing provider does not make the server unhealthy, because accounts of this server can still log in.
        identity_provider: app.kit.auth.provider.as_ref().map_or("off", Provider::state),
    };
    let mut response = json(&health)?;
    if !serves {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}

/// The state of the models. A failing provider does not make the server unhealthy, because it can take reports without
/// one.
fn reads(app: &App) -> &'static str {
    let providers = app.worker.as_ref().map(Worker::providers).unwrap_or_default();
    match providers.iter().all(|provider| provider.breaker == "closed") {
        _ if providers.is_empty() => "embedded",
        true => "ok",
        false => "failing",
    }
}
