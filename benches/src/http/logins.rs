//! Whether the server still responds during many logins.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use tokio::task::JoinSet;

use super::connection::Connection;
use super::load::Load;
use super::ours::Ours;
use super::{megabytes, millis, request, runtime};
use crate::stopwatch::median;
use crate::table::Line;
use crate::{Outcome, Scale};

/// How many log in at once, from different addresses, because the server limits logins per minute and address.
const CROWD: u8 = 50;

const HEALTH: f64 = 20_000.0;

/// The rows `http-logins`.
pub(crate) fn rows(scale: Scale) -> Outcome<Vec<Line>> {
    let runtime = runtime()?;
    let ours = Ours::start()?;
    let people: Vec<Vec<u8>> =
        ours.accounts().iter().map(|(email, password)| request::login(email, password)).collect();
    let meter = ours.program.meter();
    let before = meter.memory()?;
    let (mut health, mut each, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    for burst in 0..scale.pick(6, 1) {
        let spent = meter.cpu()?;
        let load = runtime.block_on(crowd(ours.program.address, &people, burst))?;
        cpu.push((meter.cpu()? - spent) / f64::from(CROWD));
        health.push(load.percentile(99));
        each.push(load.seconds * 1e6 / f64::from(CROWD));
    }
    let health = median(health);
    Ok(vec![
        Line::new(format!("http: /health while {CROWD} log in, p99"), millis(health))
            .target("≤ 20 ms", health <= HEALTH),
        Line::new("http: a login in such a crowd", millis(median(each))),
        Line::new("http: a login: CPU", millis(median(cpu))),
        Line::new("http: memory before logins", megabytes(before)),
        Line::new("http: memory after them", megabytes(meter.memory()?)),
    ])
}

/// The latency of `/health` for a client that repeats it until all are logged in.
async fn crowd(to: SocketAddr, people: &[Vec<u8>], burst: u8) -> Outcome<Load> {
    let mut tasks = JoinSet::new();
    for (number, person) in (1..=CROWD).zip(people.iter().cycle()) {
        let mut connection = Connection::open_from(Ipv4Addr::new(127, 1, burst, number), to).await?;
        let person = person.clone();
        tasks.spawn(async move { connection.ask(&person).await?.good().map(drop) });
    }
    let mut watcher = Connection::open(to).await?;
    let health = request::get("/health", None)(0);
    let (began, mut times) = (Instant::now(), Vec::new());
    while !tasks.is_empty() {
        let asked = Instant::now();
        watcher.ask(&health).await?.good()?;
        times.push(asked.elapsed().as_secs_f64() * 1e6);
        while let Some(done) = tasks.try_join_next() {
            done??;
        }
    }
    Ok(Load::of(began.elapsed().as_secs_f64(), times))
}
