//! Callers that repeat a request, and the latency of each response.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::connection::Connection;
use super::request::Ask;
use crate::Outcome;

/// When the callers stop.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    Seconds(f64),
    Requests(u64),
}

/// The result of a load.
pub(super) struct Load {
    pub(super) seconds: f64,
    /// Latencies in microseconds, the shortest first.
    times: Vec<f64>,
}

impl Load {
    pub(super) fn of(seconds: f64, mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self { seconds, times }
    }

    pub(super) fn done(&self) -> f64 {
        self.times.len() as f64
    }

    /// Requests a second.
    pub(super) fn rate(&self) -> f64 {
        self.done() / self.seconds
    }

    /// This percentile of the latencies.
    pub(super) fn percentile(&self, hundredths: usize) -> f64 {
        let at = (self.times.len() * hundredths / 100).min(self.times.len().saturating_sub(1));
        self.times.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// This many callers, each of which sends its next request when the response has arrived.
pub(super) async fn closed(to: SocketAddr, ask: Ask, callers: usize, until: Until) -> Outcome<Load> {
    let mut connections = Vec::with_capacity(callers);
    for _ in 0..callers {
        connections.push(Connection::open(to).await?);
    }
    let turns = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let (ask, turns) = (ask.clone(), turns.clone());
        tasks.spawn(async move {
            let mut times = Vec::new();
            loop {
                let turn = turns.fetch_add(1, Ordering::Relaxed);
                let over = match until {
                    // Each caller sends at least one request.
                    Until::Seconds(seconds) => {
                        !times.is_empty() && began.elapsed() >= Duration::from_secs_f64(seconds)
                    }
                    Until::Requests(requests) => turn >= requests,
                };
                if over {
                    return Ok::<_, Box<dyn std::error::Error + Send + Sync>>(times);
                }
                let request = ask(turn);
                let asked = Instant::now();
                connection.ask(&request).await?.good()?;
                times.push(asked.elapsed().as_secs_f64() * 1e6);
            }
        });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    Ok(Load::of(began.elapsed().as_secs_f64(), times))
}
