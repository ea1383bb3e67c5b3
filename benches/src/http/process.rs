//! The server as a process: how fast it starts, and how much memory it keeps.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::connection::Connection;
use super::load::{Until, closed};
use super::ours::{Ours, Place};
use super::peer::Peer;
use super::program::Program;
use super::request::{self, Ask};
use super::{megabytes, millis, runtime};
use crate::stopwatch::median;
use crate::table::Line;
use crate::{Outcome, Scale};

/// The targets, in microseconds and bytes.
const STARTED: f64 = 100_000.0;
const IDLE: f64 = 15e6;
const BUSY: f64 = 40e6;

/// How long a server has no request before it counts as idle.
const REST: Duration = Duration::from_secs(2);

const CALLERS: usize = 8;

/// The rows `http-process`.
pub(crate) fn rows(scale: Scale) -> Outcome<Vec<Line>> {
    let runtime = runtime()?;
    let (ours, its) = starts(&runtime, scale)?;
    let start = Line::new("http: from the start to the first answer", millis(ours));
    let mut lines =
        vec![start.floor(format!("{}  FastAPI", millis(its)), its / ours).target("< 100 ms", ours < STARTED)];
    let (requests, for_peer) = scale.pick((100_000, 10_000), (200, 200));
    let ours = Ours::start()?;
    std::thread::sleep(REST);
    let idle = ours.program.meter().memory()?;
    let (nurse, top) = runtime.block_on(ours.tokens())?;
    let busy = after(&runtime, &ours.program, mixed(Some((&nurse, &top))), requests)?;
    let own = ours.program.meter().own_memory()?;
    drop(ours);
    let peer = Peer::start(1)?;
    answers(&runtime, &peer.program)?;
    std::thread::sleep(REST);
    let its_idle = peer.program.meter().memory()?;
    let its_busy = after(&runtime, &peer.program, mixed(None), for_peer)?;
    let line = |what: String, ours: f64, its: f64, promised: f64| {
        let line = Line::new(what, megabytes(ours)).floor(format!("{}  FastAPI", megabytes(its)), its / ours);
        line.target(format!("≤ {}", megabytes(promised)), ours <= promised)
    };
    lines.push(line("http: memory, idle".to_owned(), idle, its_idle, IDLE));
    lines.push(line(format!("http: memory after {requests} requests"), busy, its_busy, BUSY));
    lines.push(Line::new("http: … of which no file of the database", megabytes(own)));
    Ok(lines)
}

/// The median of several starts on an existing store, ours and the peer's, in turns.
fn starts(runtime: &Runtime, scale: Scale) -> Outcome<(f64, f64)> {
    let place = Place::make()?;
    let (mut ours, mut its) = (Vec::new(), Vec::new());
    for _ in 0..scale.pick(7, 1) {
        let began = Instant::now();
        answers(runtime, &place.serve()?)?;
        ours.push(began.elapsed().as_secs_f64() * 1e6);
        let began = Instant::now();
        answers(runtime, &Peer::start(1)?.program)?;
        its.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok((median(ours), median(its)))
}

fn answers(runtime: &Runtime, program: &Program) -> Outcome<()> {
    let health = request::get("/health", None);
    runtime.block_on(async {
        let mut connection = Connection::open(program.address).await?;
        connection.ask(&health(0)).await?.good().map(drop)
    })
}

/// The memory in bytes after this many requests.
fn after(runtime: &Runtime, program: &Program, ask: Ask, requests: u64) -> Outcome<f64> {
    runtime.block_on(closed(program.address, ask, CALLERS, Until::Requests(requests)))?;
    std::thread::sleep(REST);
    program.meter().memory()
}

/// A report, a list, and so on in turn.
fn mixed(tokens: Option<(&str, &str)>) -> Ask {
    let (nurse, top) = tokens.unzip();
    request::in_turn(vec![request::submit(nurse), request::list(top)])
}
