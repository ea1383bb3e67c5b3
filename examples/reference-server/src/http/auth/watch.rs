//! `GET /api/auth/events`: tells a page that its login is about to end because nothing is done, and that there
//! is something new to read.
//!
//! Listening is no use of the login: who only listens grows idle.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use eovr_core::Timestamp;
use eovr_core::notice::Inbox;
use eovr_core::record::{ActorId, RecordId};
use futures_util::stream::{self, Stream, StreamExt as _};
use serde::Serialize;
use tokio::sync::watch;

use super::Person;
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::routes::{Access, Endpoint, Routes};

/// Where nothing happens a comment says that the line is open: proxies close one on which nothing comes for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// What goes through a proxy as it comes: nginx would gather it, others compress it first, and no one may keep it.
const AS_IT_COMES: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store, no-transform"),
    (HeaderName::from_static("x-accel-buffering"), "no"),
];
/// A page is warned so long before its login ends.
const WARNING_SECONDS: i64 = 120;
const LOOK: Duration = Duration::from_secs(1);
/// What other nodes have told is seen this late at most.
const OTHERS: Duration = Duration::from_secs(15);

pub(super) fn routes(routes: Routes) -> Routes {
    let endpoint = Endpoint::get(
        "/api/auth/events",
        Access::Signed,
        "Warns before the login ends, and tells of notices, as server-sent events",
    )
    .tells(&["text/event-stream"]);
    routes.add(endpoint, listen)
}

async fn listen(State(app): State<App>, Person(who): Person) -> Result<Response, Problem> {
    let owner = ActorId::new(&who.user.to_string())?;
    let inbox = Inbox::of(&app.eovr, owner)?;
    // The first byte at once: a proxy and a page that wait for it know that they are through.
    let open = stream::once(std::future::ready(Ok(Event::default().comment("open"))));
    let events = Sse::new(open.chain(events(app, who.login, inbox)));
    let mut response = events.keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    for (name, value) in AS_IT_COMES {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// What a page is told.
#[derive(Serialize)]
struct Told {
    /// When the login ends, or ended, where that is known.
    idle_at: Option<Timestamp>,
}

/// How many notices are not read.
#[derive(Serialize)]
struct Unread {
    /// As many as fit on a page, at most.
    unread: usize,
}

struct Watch {
    app: App,
    login: RecordId,
    inbox: Inbox,
    /// Rings when this node has told people something.
    bell: watch::Receiver<()>,
    /// When the inbox was last looked into: other nodes ring elsewhere.
    looked: Option<Instant>,
    /// What the page was told of it.
    unread: usize,
    /// The end that the page was warned of.
    warned: Option<Timestamp>,
    over: bool,
}

fn events(app: App, login: RecordId, inbox: Inbox) -> impl Stream<Item = Result<Event, Infallible>> {
    let bell = app.bell.listen();
    let watch = Watch { app, login, inbox, bell, looked: None, unread: 0, warned: None, over: false };
    stream::unfold(watch, |mut watch| async move {
        loop {
            if watch.over || watch.app.is_stopping() {
                return None;
            }
            if let Some(event) = watch.look() {
                return Some((Ok(event), watch));
            }
            if let Some(event) = watch.news().await {
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

    /// How many notices are not read, where that has changed.
    async fn news(&mut self) -> Option<Event> {
        let rung = self.bell.has_changed().unwrap_or_default();
        if !rung && self.looked.is_some_and(|at| at.elapsed() < OTHERS) {
            return None;
        }
        self.bell.mark_unchanged();
        self.looked = Some(Instant::now());
        // A store that does not answer is asked again; the page hears of it elsewhere.
        let unread = self.inbox.unread(100, None).await.ok()?.items.len();
        if unread == self.unread {
            return None;
        }
        self.unread = unread;
        let data = serde_json::to_string(&Unread { unread }).unwrap_or_default();
        Some(Event::default().event("notices").data(data))
    }
}

fn told(event: &str, idle_at: Option<Timestamp>) -> Event {
    // A moment is always JSON; without it a page still knows what happened.
    let data = serde_json::to_string(&Told { idle_at }).unwrap_or_default();
    Event::default().event(event).data(data)
}
