//! `GET /api/auth/events`: tells a page that its login is about to end because nothing is done.
//!
//! Listening is no use of the login: who only listens grows idle.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use eovr_core::Timestamp;
use eovr_core::record::RecordId;
use futures_util::stream::{self, Stream};
use serde::Serialize;

use super::Person;
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::routes::{Access, Endpoint, Routes};

/// A page is warned so long before its login ends.
const WARNING_SECONDS: i64 = 120;
const LOOK: Duration = Duration::from_secs(1);

pub(super) fn routes(routes: Routes) -> Routes {
    let endpoint = Endpoint::get(
        "/api/auth/events",
        Access::Signed,
        "Warns before the login ends, as server-sent events",
    )
    .tells("text/event-stream");
    routes.add(endpoint, listen)
}

async fn listen(State(app): State<App>, Person(who): Person) -> Result<Response, Problem> {
    let events = Sse::new(events(app, who.login));
    Ok(events.keep_alive(KeepAlive::default()).into_response())
}

/// What a page is told.
#[derive(Serialize)]
struct Told {
    /// When the login ends, or ended, where that is known.
    idle_at: Option<Timestamp>,
}

struct Watch {
    app: App,
    login: RecordId,
    /// The end that the page was warned of.
    warned: Option<Timestamp>,
    over: bool,
}

fn events(app: App, login: RecordId) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Watch { app, login, warned: None, over: false }, |mut watch| async move {
        loop {
            if watch.over || watch.app.is_stopping() {
                return None;
            }
            if let Some(event) = watch.look() {
                return Some((Ok(event), watch));
            }
            tokio::time::sleep(LOOK).await;
        }
    })
}

impl Watch {
    /// The next thing to tell, where there is one: once for each end that comes near, and the end itself.
    fn look(&mut self) -> Option<Event> {
        let doors = &self.app.auth.doors;
        let (now, idle_at) = (doors.now(), doors.idle_at(self.login));
        let Some(idle_at) = idle_at.filter(|idle_at| *idle_at > now) else {
            self.over = true;
            return Some(told("ended", idle_at));
        };
        let near = idle_at <= now.plus_seconds(WARNING_SECONDS);
        if !near || self.warned == Some(idle_at) {
            return None;
        }
        self.warned = Some(idle_at);
        Some(told("idle", Some(idle_at)))
    }
}

fn told(event: &str, idle_at: Option<Timestamp>) -> Event {
    // A moment is always JSON; without it a page still knows what happened.
    let data = serde_json::to_string(&Told { idle_at }).unwrap_or_default();
    Event::default().event(event).data(data)
}
