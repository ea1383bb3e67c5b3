//! The unread notices of an account; and for tier 5, the notices that could not be sent.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use eovr_core::Timestamp;
use eovr_core::notice::{Inbox, KIND, Parked, Retried};
use eovr_core::record::{Record, RecordId};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{Notice, Params};
use super::caller::Caller;
use super::kit::{HostState, Kit};
use super::page::{After, next};
use super::reply::{Answered, json, page};
use super::routes::{Access, Endpoint, Routes};

/// A page of notices.
#[derive(Serialize, ToSchema)]
pub struct Notices<'a> {
    items: Vec<Unread<'a>>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
}

/// A notice that something happened. The recipient reads the record to learn what.
#[derive(Serialize, ToSchema)]
#[schema(as = Notice)]
struct Unread<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    /// Kind and action, such as `incident.report`.
    topic: &'a str,
    /// The id of the record that it happened to.
    about: &'a str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A page of notices that could not be sent.
#[derive(Serialize, ToSchema)]
pub struct ParkedNotices<'a> {
    items: Vec<GivenUp<'a>>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
}

/// A notice that could not be sent.
#[derive(Serialize, ToSchema)]
#[schema(as = ParkedNotice)]
struct GivenUp<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    /// `email` or `webhook`.
    channel: &'a str,
    /// The id of the account that it is for; `system` for another system.
    recipient: &'a str,
    /// Kind and action, such as `incident.report`.
    topic: &'a str,
    /// The id of the record that it happened to.
    about: &'a str,
    /// How often it was tried.
    attempts: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// What is sent again.
#[derive(Serialize, ToSchema)]
pub struct SentAgain {
    /// How many wait to be sent now.
    waiting: usize,
    /// Whether more are parked: ask again.
    more: bool,
}

/// Adds the routes of notices.
pub fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    let retry = || Access::Action { of: KIND, action: "retry" };
    routes
        .add(
            Endpoint::get("/api/notices/parked", Access::Reads(KIND), "Lists notices that could not be sent")
                .asks::<After>()
                .gives::<ParkedNotices<'_>>(),
            parked,
        )
        .add(
            Endpoint::post("/api/notices/parked/retry", retry(), "Has all of them sent again")
                .gives::<SentAgain>(),
            retry_all,
        )
        .add(
            Endpoint::post(
                "/api/notices/{id}/retry",
                retry(),
                "Has a notice that could not be sent sent again",
            ),
            retry_one,
        )
        .add(
            Endpoint::get("/api/notices", Access::Signed, "Lists what one was told and has not read")
                .asks::<After>()
                .gives::<Notices<'_>>(),
            list,
        )
        .add(Endpoint::post("/api/notices/{id}/read", Access::Signed, "Marks a notice as read"), read)
}

async fn list(State(kit): State<Kit>, Caller(session): Caller, Params(after): Params<After>) -> Answered {
    let inbox = Inbox::of(&kit.eovr, session.actor().id().clone())?;
    let found = inbox.unread(after.limit()?, after.cursor()?).await?;
    let items = found.items.iter().map(told).collect();
    json(&Notices { items, next: next(found.next) })
}

fn told(record: &Record) -> Unread<'_> {
    let text = |name| record.text(name).unwrap_or_default();
    Unread {
        id: record.id(),
        topic: text("topic"),
        about: text("about"),
        created_at: record.envelope().created_at,
    }
}

async fn parked(Caller(session): Caller, Params(after): Params<After>) -> Answered {
    let found = Parked::of(&session).list(after.limit()?, after.cursor()?).await?;
    let items = found.items.iter().map(given_up).collect();
    page(found.items.len(), &ParkedNotices { items, next: next(found.next) })
}

fn given_up(record: &Record) -> GivenUp<'_> {
    let text = |name| record.text(name).unwrap_or_default();
    GivenUp {
        id: record.id(),
        channel: text("channel"),
        recipient: text("recipient"),
        topic: text("topic"),
        about: text("about"),
        attempts: record.int("attempts").unwrap_or_default(),
        created_at: record.envelope().created_at,
    }
}

async fn retry_all(Caller(session): Caller) -> Answered {
    let Retried { waiting, more } = Parked::of(&session).retry_all().await?;
    json(&SentAgain { waiting, more })
}

async fn retry_one(Caller(session): Caller, Notice(id): Notice) -> Answered {
    Parked::of(&session).retry(id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn read(State(kit): State<Kit>, Caller(session): Caller, Notice(id): Notice) -> Answered {
    Inbox::of(&kit.eovr, session.actor().id().clone())?.read(id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
