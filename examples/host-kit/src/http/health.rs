//! Whether the server can answer: the last check of its database, and readiness for load balancers.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use eovr_core::Eovr;
use tokio::sync::Mutex;

use super::kit::{HostState, Kit};
use super::problem::{Code, Problem};
use super::routes::{Access, Endpoint, Routes};

/// The state of a part that fails.
pub const FAILING: &str = "failing";
/// The timeout of the database check.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a result of the database check is reused, so that frequent health checks do not load the database.
const FRESH: Duration = Duration::from_secs(1);

/// The time and the result of the last database check.
#[derive(Default)]
pub struct LastCheck(Mutex<Option<(Instant, bool)>>);

impl LastCheck {
    /// Whether the database answers.
    pub async fn answers(&self, eovr: &Eovr) -> bool {
        // The lock is held during the check, so that concurrent requests share its result.
        let mut last = self.0.lock().await;
        if let Some((at, answers)) = *last
            && at.elapsed() < FRESH
        {
            return answers;
        }
        let asked = tokio::time::timeout(PATIENCE, eovr.store().feed(0, 1)).await;
        let answers = matches!(asked, Ok(Ok(_)));
        *last = Some((Instant::now(), answers));
        answers
    }
}

/// The readiness route, for load balancers.
pub fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    routes.add(
        Endpoint::get("/ready", Access::Public, "Says whether to send requests here").tells(&["text/plain"]),
        ready,
    )
}

/// `GET /ready`: whether a load balancer should send requests here. After a failed write it answers 503 until a write
/// succeeds; the server retries in the background.
async fn ready(State(kit): State<Kit>) -> Result<Response, Problem> {
    if kit.is_stopping()
        || kit.watched.writes.failing_since().is_some()
        || !kit.last_check.answers(&kit.eovr).await
    {
        return Err(Problem::new(Code::Unavailable).detail("not ready").retry_after(5));
    }
    Ok("ready\n".into_response())
}
