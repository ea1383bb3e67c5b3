//! Security alerts and the log of exports, for tier 5.

use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use eovr_core::Timestamp;
use eovr_core::decide::Command;
use eovr_core::export::given;
use eovr_core::identity::alert;
use eovr_core::record::{Query, Record, RecordId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Json, Params, RaisedAlert};
use super::caller::Caller;
use super::kit::HostState;
use super::page::{After, next};
use super::reply::{Answered, page};
use super::routes::{Access, Endpoint, Routes};
use super::values;

/// A page of alerts, newest first.
#[derive(Serialize, ToSchema)]
pub struct Alerts<'a> {
    items: Vec<Raised<'a>>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
}

/// An alert.
#[derive(Serialize, ToSchema)]
#[schema(as = Alert)]
struct Raised<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    /// `open` or `settled`.
    state: &'a str,
    /// What it is about, such as `record_tampered`.
    alert: &'a str,
    /// The id of the account or the record that it is about, where it is about one.
    subject: Option<&'a str>,
    /// The day, in UTC, that it is of.
    day: &'a str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// What was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    #[schema(value_type = values::Reason)]
    found: String,
}

/// A page of exports, newest first.
#[derive(Serialize, ToSchema)]
pub struct Exports<'a> {
    items: Vec<Taken<'a>>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
}

/// An export.
#[derive(Serialize, ToSchema)]
#[schema(as = Export)]
struct Taken<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    /// The id of who took it.
    by: &'a str,
    format: &'a str,
    /// `incidents`, `figures`, `labelled` or `audit`.
    content: &'a str,
    /// The record that it is of, where it is of one.
    about: Option<&'a str>,
    filters: Option<&'a str>,
    rows: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Adds the routes of alerts.
pub fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    routes
        .add(
            Endpoint::get("/api/alerts", Access::Reads(alert::KIND), "Lists security alerts")
                .asks::<After>()
                .gives::<Alerts<'_>>(),
            alerts,
        )
        .add(
            Endpoint::post(
                "/api/alerts/{id}/settle",
                Access::Action { of: alert::KIND, action: "settle" },
                "Says what was found behind an alert",
            )
            .takes::<Finding>(),
            settle,
        )
        .add(
            Endpoint::get(
                "/api/exports",
                Access::Reads(given::KIND),
                "Lists what was taken out, and by whom",
            )
            .asks::<After>()
            .gives::<Exports<'_>>(),
            exports,
        )
}

async fn alerts(Caller(session): Caller, Params(after): Params<After>) -> Answered {
    let query = Query::of(alert::KIND).limit(after.limit()?).after(after.cursor()?);
    let found = session.find(&query).await?;
    let items = found.items.iter().map(raised).collect();
    page(found.items.len(), &Alerts { items, next: next(found.next) })
}

fn raised(record: &Record) -> Raised<'_> {
    Raised {
        id: record.id(),
        state: record.state().as_str(),
        alert: record.text("alert").unwrap_or_default(),
        subject: record.text("subject"),
        day: record.text("day").unwrap_or_default(),
        created_at: record.envelope().created_at,
    }
}

async fn settle(
    Caller(session): Caller,
    RaisedAlert(id): RaisedAlert,
    Json(finding): Json<Finding>,
) -> Answered {
    let command = Command::new(alert::Action::Settle).note(finding.found);
    session.act(&alert::KIND, id, command).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn exports(Caller(session): Caller, Params(after): Params<After>) -> Answered {
    let query = Query::of(given::KIND).limit(after.limit()?).after(after.cursor()?);
    let found = session.find(&query).await?;
    let items = found.items.iter().map(taken).collect();
    page(found.items.len(), &Exports { items, next: next(found.next) })
}

fn taken(record: &Record) -> Taken<'_> {
    Taken {
        id: record.id(),
        by: record.envelope().author.as_str(),
        format: record.text("format").unwrap_or_default(),
        content: record.text("content").unwrap_or_default(),
        about: record.text("about"),
        filters: record.text("filters"),
        rows: record.int("rows").unwrap_or_default(),
        created_at: record.envelope().created_at,
    }
}
