//! What a process and its children take of the machine, as the kernel counts it.

use std::fs;

use rustix::param::clock_ticks_per_second;

use crate::Outcome;

/// Reads the counters of a process.
#[derive(Clone, Copy)]
pub(super) struct Meter(u32);

impl Meter {
    pub(super) fn of(process: u32) -> Self {
        Self(process)
    }

    /// The processor's time so far, in microseconds, of all threads and the kernel on their behalf. The kernel
    /// counts it in steps of ten milliseconds.
    pub(super) fn cpu(self) -> Outcome<f64> {
        self.sum(|process| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
            // Behind the name, which may have spaces: state first, `utime` and `stime` as 12th and 13th.
            let (_, fields) = stat.rsplit_once(')').ok_or("a process has a name")?;
            let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
            Ok(ticks.iter().sum::<f64>() * 1e6 / clock_ticks_per_second() as f64)
        })
    }

    /// The memory that is there, in bytes; of files that are mapped, what was read of them.
    pub(super) fn memory(self) -> Outcome<f64> {
        self.sum(|process| line(process, "VmRSS:"))
    }

    /// The part of it that is no file.
    pub(super) fn own_memory(self) -> Outcome<f64> {
        self.sum(|process| line(process, "RssAnon:"))
    }

    fn sum(self, count: impl Fn(u32) -> Outcome<f64>) -> Outcome<f64> {
        let mut left = vec![self.0];
        let mut sum = 0.0;
        while let Some(process) = left.pop() {
            sum += count(process)?;
            let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
            left.extend(children.split_whitespace().flat_map(str::parse::<u32>));
        }
        Ok(sum)
    }
}

fn line(process: u32, name: &str) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("a process has memory")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024.0)
}
