//! Time: wall clock, CPU time, and the median of several rounds.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::Outcome;

/// The cost of one operation, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// From call to answer.
    pub(crate) wall: f64,
    /// The same in the quietest quarter of the rounds. An operation that waits for the disk may also wait, in steps of
    /// milliseconds, for another process on its core.
    pub(crate) quiet: f64,
    /// CPU time of all threads of the process, kernel time included.
    pub(crate) cpu: f64,
}

/// Runs from its start to [`Stopwatch::each`].
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { cpu: process_cpu(), wall: Instant::now() }
    }

    /// The cost of one of `count` operations.
    pub(crate) fn each(&self, count: usize) -> Cost {
        let wall = self.wall.elapsed();
        let cpu = process_cpu().saturating_sub(self.cpu);
        let each = |time: Duration| time.as_secs_f64() * 1e6 / count.max(1) as f64;
        Cost { wall: each(wall), quiet: each(wall), cpu: each(cpu) }
    }
}

/// A measured operation: does its work once and returns the cost of one operation.
pub(crate) type Contestant<'a> = dyn FnMut() -> Outcome<Cost> + 'a;

/// Runs the contestants in turns (A B C, A B C, …), so that other load on the machine affects all of them alike, and
/// returns the median of each. The first round warms up and does not count.
pub(crate) fn take_turns(rounds: usize, contestants: &mut [&mut Contestant<'_>]) -> Outcome<Vec<Cost>> {
    let mut costs = vec![Vec::with_capacity(rounds); contestants.len()];
    for round in 0..=rounds {
        for (contestant, costs) in contestants.iter_mut().zip(&mut costs) {
            let cost = contestant()?;
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    let middle = |costs: &Vec<Cost>| Cost {
        wall: median(costs.iter().map(|cost| cost.wall).collect()),
        quiet: quantile(costs.iter().map(|cost| cost.quiet).collect(), 4),
        cpu: median(costs.iter().map(|cost| cost.cpu).collect()),
    };
    Ok(costs.iter().map(middle).collect())
}

pub(crate) fn median(values: Vec<f64>) -> f64 {
    quantile(values, 2)
}

/// The value below which one in `part` values lies.
fn quantile(mut values: Vec<f64>, part: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / part).copied().unwrap_or(f64::NAN)
}

/// Runs `work` `count` times on this thread and counts only the CPU time of this thread.
pub(crate) fn thread_cpu_each(count: usize, mut work: impl FnMut(usize) -> Outcome<()>) -> Outcome<Cost> {
    let before = read(ClockId::ThreadCPUTime);
    for index in 0..count {
        work(index)?;
    }
    let spent = read(ClockId::ThreadCPUTime).saturating_sub(before).as_secs_f64() * 1e6;
    let cpu = spent / count.max(1) as f64;
    Ok(Cost { wall: cpu, quiet: cpu, cpu })
}

fn process_cpu() -> Duration {
    read(ClockId::ProcessCPUTime)
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}
