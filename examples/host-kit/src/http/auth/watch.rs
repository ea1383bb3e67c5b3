//! `GET /api/auth/events`: warns a page before its login ends because of inactivity, and announces new notices.
//!
//! An open stream is not activity, so it does not keep the login alive.

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
use crate::http::kit::{HostState, Kit};
use crate::http::problem::Problem;
use crate::http::routes::{Access, Endpoint, Routes};

/// A comment at this interval keeps the connection open, because proxies close one that is idle for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Headers that keep proxies from buffering (nginx), compressing or caching the stream.
const AS_IT_COMES: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store, no-transform"),
    (HeaderName::from_static("x-accel-buffering"), "no"),
];
/// How long before its end the page is warned.
const WARNING_SECONDS: i64 = 120;
const LOOK: Duration = Duration::from_secs(1);
/// The longest delay of notices from other nodes.
const OTHERS: Duration = Duration::from_secs(15);

pub(super) fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    let endpoint = Endpoint::get(
        "/api/auth/events",
        Access::Signed,
        "Warns before the login ends, and tells of notices, as server-sent events",
    )
    .tells(&["text/event-stream"]);
    routes.add(endpoint, listen)
}

async fn listen(State(kit): State<Kit>, Person(who): Person) -> Result<Response, Problem> {
    let owner = ActorId::new(&who.user.to_string())?;
    let inbox = Inbox::of(&kit.eovr, owner)?;
    // The first event goes out at once, so that proxies and the page know that the connection works.
    let open = stream::once(std::future::ready(Ok(Event::default().comment("open"))));
    let events = Sse::new(open.chain(events(kit, who.login, inbox)));
    let mut response = events.keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    for (name, value) in AS_IT_COMES {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// The data of an event about the login.
#[derive(Serialize)]
struct LoginEnd {
    /// When the login ends or ended, if known.
    idle_at: Option<Timestamp>,
}

/// The number of unread notices.
#[derive(Serialize)]
struct Unread {
    /// At most one page.
    unread: usize,
}

struct Watch {
    kit: Kit,
    login: RecordId,
    inbox: Inbox,
    /// Signals that this node has added notices.
    signals: watch::Receiver<()>,
    /// When the inbox was last read; other nodes do not ring this signals.
    looked: Option<Instant>,
    /// The number that the page was last told.
    unread: usize,
    /// The end of the login that the page was last warned of.
    warned: Option<Timestamp>,
    over: bool,
}

fn events(kit: Kit, login: RecordId, inbox: Inbox) -> impl Stream<Item = Result<Event, Infallible>> {
    let signals = kit.signals.listen();
    let watch = Watch { kit, login, inbox, signals, looked: None, unread: 0, warned: None, over: false };
    stream::unfold(watch, |mut watch| async move {
        loop {
            if watch.over || watch.kit.is_stopping() {
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
    /// The next event about the login: one warning per end that comes near, then the end itself.
    fn look(&mut self) -> Option<Event> {
        let authentication = &self.kit.auth.authentication;
        let (now, idle_at) = (authentication.now(), authentication.idle_at(self.login));
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

    /// The number of unread notices, if it has changed.
    async fn news(&mut self) -> Option<Event> {
        let rung = self.signals.has_changed().unwrap_or_default();
        if !rung && self.looked.is_some_and(|at| at.elapsed() < OTHERS) {
            return None;
        }
        self.signals.mark_unchanged();
        self.looked = Some(Instant::now());
        // If the store fails, the stream tries again later; other requests show the failure to the page.
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
    // A timestamp always serializes; even without it the page knows the event.
    let data = serde_json::to_string(&LoginEnd { idle_at }).unwrap_or_default();
    Event::default().event(event).data(data)
}
