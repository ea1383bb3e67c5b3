//! Reports and lists, from callers that load the three servers in turns.

use tokio::runtime::Runtime;

use super::load::{Until, closed};
use super::ours::Ours;
use super::peer::Peer;
use super::program::Program;
use super::request::{self, Ask};
use super::{megabytes, millis, runtime};
use crate::stopwatch::median;
use crate::table::Line;
use crate::{Outcome, Scale};

/// How many callers send at once.
const CALLERS: [usize; 3] = [1, 8, 32];

/// The three measured servers.
struct Field {
    runtime: Runtime,
    ours: Ours,
    peers: [(&'static str, Peer); 2],
    /// The token of a reporter, and of an account that sees every incident.
    nurse: String,
    top: String,
}

/// The result of a turn: the median of several.
struct Turn {
    rate: f64,
    cpu: f64,
    p50: f64,
    p99: f64,
}

/// The targets.
struct Promise {
    times: f64,
    p99: f64,
}

/// The rows `http-submit`.
pub(crate) fn submit_rows(scale: Scale) -> Outcome<Vec<Line>> {
    let field = Field::start()?;
    let ours = request::submit(Some(&field.nurse));
    field.measure("submit", &ours, &request::submit(None), scale, &Promise { times: 8.0, p99: 5.0 })
}

/// The rows `http-list`.
pub(crate) fn list_rows(scale: Scale) -> Outcome<Vec<Line>> {
    let field = Field::start()?;
    let each = Until::Requests(scale.pick(2_000, 200));
    let fill = |program: &Program, token| {
        field.runtime.block_on(closed(program.address, request::submit(token), 8, each))
    };
    fill(&field.ours.program, Some(&field.nurse))?;
    for (_, peer) in &field.peers {
        fill(&peer.program, None)?;
    }
    let ours = request::list(Some(&field.top));
    field.measure("list of 50", &ours, &request::list(None), scale, &Promise { times: 7.0, p99: 5.0 })
}

impl Field {
    fn start() -> Outcome<Self> {
        let runtime = runtime()?;
        let ours = Ours::start()?;
        let peers = [("FastAPI", Peer::start(1)?), ("FastAPI, 2 processes", Peer::start(2)?)];
        let (nurse, top) = runtime.block_on(ours.tokens())?;
        Ok(Self { runtime, ours, peers, nurse, top })
    }

    fn measure(
        &self,
        what: &str,
        ours: &Ask,
        peers: &Ask,
        scale: Scale,
        promise: &Promise,
    ) -> Outcome<Vec<Line>> {
        let (rounds, seconds) = (scale.pick(5, 1), scale.pick(2.0, 0.3));
        let mut lines = Vec::new();
        for callers in CALLERS {
            let mut turns = [Vec::new(), Vec::new(), Vec::new()];
            let rivals = self.peers.iter().map(|(_, peer)| (&peer.program, peers));
            let field: Vec<_> = std::iter::once((&self.ours.program, ours)).chain(rivals).collect();
            // The first round warms up and does not count.
            for round in 0..=rounds {
                for ((program, ask), turns) in field.iter().zip(&mut turns) {
                    let turn = self.turn(program, ask, callers, seconds)?;
                    if round > 0 {
                        turns.push(turn);
                    }
                }
            }
            let [ours, rivals @ ..] = turns.each_ref().map(|turns| Turn::middle(turns));
            let who = if callers == 1 { "1 caller".to_owned() } else { format!("{callers} callers") };
            let what = format!("http: {what}, {who}");
            for ((name, _), rival) in self.peers.iter().zip(&rivals) {
                // The targets are relative to one process of the peer, because our server is one process.
                let promise = (*name == "FastAPI").then_some(promise);
                lines.extend(ours.beside(&what, name, rival, promise));
            }
        }
        lines.extend(self.memory(what)?);
        Ok(lines)
    }

    fn turn(&self, program: &Program, ask: &Ask, callers: usize, seconds: f64) -> Outcome<Turn> {
        let meter = program.meter();
        let before = meter.cpu()?;
        let load =
            self.runtime.block_on(closed(program.address, ask.clone(), callers, Until::Seconds(seconds)))?;
        let cpu = (meter.cpu()? - before) / load.done();
        Ok(Turn { rate: load.rate(), cpu, p50: load.percentile(50), p99: load.percentile(99) })
    }

    fn memory(&self, what: &str) -> Outcome<Vec<Line>> {
        let ours = self.ours.program.meter().memory()?;
        let line = |(name, peer): &(&str, Peer)| {
            let its = peer.program.meter().memory()?;
            let line = Line::new(format!("http: {what}, memory afterwards"), megabytes(ours));
            Ok(line.floor(format!("{}  {name}", megabytes(its)), its / ours))
        };
        self.peers.iter().map(line).collect()
    }
}

impl Turn {
    fn middle(turns: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(turns.iter().map(figure).collect());
        Self { rate: of(|t| t.rate), cpu: of(|t| t.cpu), p50: of(|t| t.p50), p99: of(|t| t.p99) }
    }

    fn beside(&self, what: &str, name: &str, peer: &Self, promise: Option<&Promise>) -> [Line; 4] {
        let line = |what: String, ours: String, its: String, times: f64, promised: Option<f64>| {
            let line = Line::new(what, ours).floor(format!("{its}  {name}"), times);
            match promised {
                Some(promised) => line.target(format!("≥ {promised} ×"), times >= promised),
                None => line,
            }
        };
        let times = promise.map(|promise| promise.times);
        let rate = |turn: &Self| format!("{:.0}/s", turn.rate);
        let cpu = |turn: &Self| format!("{:.0} µs", turn.cpu);
        [
            line(what.to_owned(), rate(self), rate(peer), self.rate / peer.rate, times),
            line(format!("{what}: CPU"), cpu(self), cpu(peer), peer.cpu / self.cpu, times),
            line(format!("{what}: p50"), millis(self.p50), millis(peer.p50), peer.p50 / self.p50, None),
            line(
                format!("{what}: p99"),
                millis(self.p99),
                millis(peer.p99),
                peer.p99 / self.p99,
                promise.map(|promise| promise.p99),
            ),
        ]
    }
}
