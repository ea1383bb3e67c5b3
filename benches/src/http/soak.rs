//! Seven tenths of the server's peak rate for a long time: no error, and no growth of memory.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval_at};

use super::connection::Connection;
use super::load::{Load, Until, closed};
use super::meter::Meter;
use super::ours::Ours;
use super::request::{self, Ask};
use super::{megabytes, millis, runtime};
use crate::stopwatch::median;
use crate::table::{self, Line};
use crate::{Outcome, Scale};

const CALLERS: usize = 32;

/// The fraction of the peak rate.
const PART: f64 = 0.7;

/// How many samples of the memory are taken.
const LOOKS: u32 = 60;

/// How much more memory there may be at the end than after a third of the time.
const GROWTH: f64 = 1.1;

/// The rows `http-soak`.
pub(crate) fn rows(scale: Scale, seconds: Option<usize>) -> Outcome<Vec<Line>> {
    let seconds = seconds.map_or(scale.pick(600.0, 3.0), |seconds| seconds as f64);
    let runtime = runtime()?;
    let ours = Ours::start()?;
    let (nurse, top) = runtime.block_on(ours.tokens())?;
    let (report, list) = (request::submit(Some(&nurse)), request::list(Some(&top)));
    // People read more than they write.
    let ask = request::in_turn(vec![report, list.clone(), list.clone(), list]);
    let to = ours.program.address;
    let warm = Until::Seconds(scale.pick(10.0, 1.0));
    let peak = runtime.block_on(closed(to, ask.clone(), CALLERS, warm))?.rate();
    let asked = peak * PART;
    table::say(&format!("http-soak: peak {peak:.0}/s, so {asked:.0}/s for {seconds} s"));
    let soaked = runtime.block_on(soak(to, &ask, asked, seconds, ours.program.meter()))?;

    let (early, late) = (part(&soaked.memory, 1), part(&soaked.memory, 2));
    let (load, errors) = (soaked.load, soaked.errors);
    Ok(vec![
        Line::new(format!("http-soak: errors in {seconds} s"), errors.to_string()).target("0", errors == 0),
        Line::new("http-soak: answered", format!("{:.0}/s", load.rate()))
            .floor(format!("{asked:.0}/s asked"), load.rate() / asked),
        Line::new("http-soak: p50", millis(load.percentile(50))),
        Line::new("http-soak: p99", millis(load.percentile(99))),
        Line::new("http-soak: memory in the last third", megabytes(late))
            .floor(format!("{}  in the second", megabytes(early)), late / early)
            .target(format!("≤ {GROWTH} ×"), late <= early * GROWTH),
    ])
}

/// The median of a third of the samples, the first third being 0.
fn part(looks: &[f64], third: usize) -> f64 {
    let size = looks.len().div_ceil(3).max(1);
    median(looks.chunks(size).nth(third).unwrap_or(looks).to_vec())
}

struct Soaked {
    load: Load,
    errors: u64,
    memory: Vec<f64>,
}

/// Each caller sends at a fixed rate, even if the server is slower; it sends missed requests late.
async fn soak(to: SocketAddr, ask: &Ask, rate: f64, seconds: f64, meter: Meter) -> Outcome<Soaked> {
    let (turns, errors) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let beat = Duration::from_secs_f64(CALLERS as f64 / rate);
    let (began, lasts) = (Instant::now(), Duration::from_secs_f64(seconds));
    let mut tasks = JoinSet::new();
    for caller in 0..CALLERS {
        let mut connection = Connection::open(to).await?;
        let (ask, turns, errors) = (ask.clone(), turns.clone(), errors.clone());
        let first = began + beat.mul_f64(caller as f64 / CALLERS as f64);
        tasks.spawn(async move {
            let mut beats = interval_at(first.into(), beat);
            beats.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let mut times = Vec::new();
            loop {
                let due = beats.tick().await;
                if began.elapsed() >= lasts {
                    return Outcome::Ok(times);
                }
                let request = ask(turns.fetch_add(1, Ordering::Relaxed));
                match connection.ask(&request).await.and_then(|answer| answer.good().map(drop)) {
                    // Latency counts from the due time, so that it includes the time in the queue.
                    Ok(()) => times.push(due.elapsed().as_secs_f64() * 1e6),
                    Err(error) => {
                        if errors.fetch_add(1, Ordering::Relaxed) == 0 {
                            table::say(&format!("http-soak: after {:?}: {error}", began.elapsed()));
                        }
                        connection = Connection::open(to).await?;
                    }
                }
            }
        });
    }
    let mut looks = interval_at((began + lasts / LOOKS).into(), lasts / LOOKS);
    let mut memory = Vec::new();
    while began.elapsed() < lasts {
        looks.tick().await;
        memory.push(meter.memory()?);
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    let load = Load::of(began.elapsed().as_secs_f64(), times);
    Ok(Soaked { load, errors: errors.load(Ordering::Relaxed), memory })
}
