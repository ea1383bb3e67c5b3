//! What somebody is told in the application, and has not read.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use eovr_core::Timestamp;
use eovr_core::notice::Inbox;
use eovr_core::record::{Record, RecordId, Value};
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;
use super::body::{Notice, Params};
use super::caller::Caller;
use super::page::{After, next};
use super::reply::{Answered, json};
use super::routes::{Access, Endpoint, Routes};

/// A page of notices.
#[derive(Serialize, ToSchema)]
pub(crate) struct Notices<'a> {
    items: Vec<Told<'a>>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
}

/// That something happened. What, whoever is told looks up.
#[derive(Serialize, ToSchema)]
#[schema(as = Notice)]
struct Told<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    /// Kind and action, such as `incident.report`.
    topic: &'a str,
    /// The id of the record that it happened to.
    about: &'a str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            Endpoint::get("/api/notices", Access::Signed, "Lists what one was told and has not read")
                .asks::<After>()
                .gives::<Notices<'_>>(),
            list,
        )
        .add(Endpoint::post("/api/notices/{id}/read", Access::Signed, "Marks a notice as read"), read)
}

async fn list(State(app): State<App>, Caller(session): Caller, Params(after): Params<After>) -> Answered {
    let inbox = Inbox::of(&app.eovr, session.actor().id().clone())?;
    let page = inbox.unread(after.limit()?, after.cursor()?).await?;
    let items = page.items.iter().map(told).collect();
    json(&Notices { items, next: next(page.next) })
}

fn told(record: &Record) -> Told<'_> {
    let text = |name| record.facet(name).and_then(Value::as_text).unwrap_or_default();
    Told {
        id: record.id(),
        topic: text("topic"),
        about: text("about"),
        created_at: record.envelope().created_at,
    }
}

async fn read(State(app): State<App>, Caller(session): Caller, Notice(id): Notice) -> Answered {
    Inbox::of(&app.eovr, session.actor().id().clone())?.read(id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
