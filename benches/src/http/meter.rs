//! The CPU time and memory of a process and its children, as the kernel counts them.

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

    /// The CPU time so far, in microseconds, of all threads, kernel time included. The kernel counts in steps of ten
    /// milliseconds.
    pub(super) fn cpu(self) -> Outcome<f64> {
        self.sum(|process| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
            // The fields follow the name, which may have spaces: state first, `utime` and `stime` as 12th and 13th.
            let (_, fields) = stat.rsplit_once(')').ok_or("a process has a name")?;
            let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
            Ok(ticks.iter().sum::<f64>() * 1e6 / clock_ticks_per_second() as f64)
        })
    }

    /// The resident memory in bytes, with the pages of mapped files that were read.
    pub(super) fn memory(self) -> Outcome<f64> {
        self.sum(|process| line(process, "VmRSS:"))
    }

    /// The resident memory without file pages.
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
