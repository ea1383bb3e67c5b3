//! The cost of eovr above its floor: one run, one table.
//!
//! A row with a floor runs both in turns, in this process, on this machine, and prints the medians. On a busy machine
//! absolute figures are unreliable and ratios somewhat better; the first line says how busy it was.
//!
//! ```text
//! cargo bench -p eovr-benches                     everything; the first run builds a large file
//! cargo bench -p eovr-benches -- --quick          small sizes, for CI
//! cargo bench -p eovr-benches -- decide submit    rows whose names begin so
//! cargo bench -p eovr-benches -- stores           beside Python on every server; only when named
//! cargo bench -p eovr-benches -- http             the reference server beside FastAPI; only when named
//! cargo bench -p eovr-benches -- http-soak --seconds 600
//! cargo bench -p eovr-benches -- export           beside Python's libraries; only when named
//! cargo bench -p eovr-benches -- triage-peers     the trainer beside scikit-learn; only when named
//! cargo bench -p eovr-benches -- deidentify-peers    beside Presidio; only when named
//! ```

mod bare;
mod decisions;
mod ear;
mod exports;
mod http;
mod identifiers;
mod large;
mod learners;
mod reads;
mod server;
mod stopwatch;
mod stores;
mod submits;
mod table;
mod world;

use std::error::Error;

use crate::table::Line;

/// The allocator of the reference server.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A result with any error.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The size of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// The size of the figures in the documentation.
    Full,
    /// A small size, to check that the benchmark runs.
    Quick,
}

impl Scale {
    pub(crate) fn pick<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

type Row = (&'static str, fn(Scale) -> Outcome<Vec<Line>>);

const ROWS: [Row; 7] = [
    ("decide", decisions::decide_rows),
    ("submit-1", submits::one_caller),
    ("submit-8", submits::eight_callers),
    ("list", reads::list_rows),
    ("summary", reads::summary_rows),
    ("verify", decisions::verify_rows),
    ("triage", decisions::triage_rows),
];

/// Rows at a size that can be chosen. They need servers and Python, so they run only when named.
type SizedRow = (&'static str, fn(Scale, Option<usize>) -> Outcome<Vec<Line>>);

const NAMED: [SizedRow; 8] = [
    ("export-xlsx", exports::xlsx_rows),
    ("export-pdf", exports::pdf_rows),
    ("export-store", exports::store_rows),
    ("triage-peers", learners::peer_rows),
    ("deidentify-peers", identifiers::peer_rows),
    ("stores-submit", stores::submit_rows),
    ("stores-read", stores::read_rows),
    ("stores-seal", stores::seal_rows),
];

/// Rows that start HTTP servers. They need Python, so they run only when named.
const HTTP: [Row; 4] = [
    ("http-submit", http::submit_rows),
    ("http-list", http::list_rows),
    ("http-process", http::process_rows),
    ("http-logins", http::login_rows),
];

/// A long row, so it runs only when its whole name is given.
const SOAK: &str = "http-soak";

fn main() -> Outcome<()> {
    // Cargo adds `--bench` of its own.
    let mut arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let size = taken(&mut arguments, "--size", "incidents")?;
    let seconds = taken(&mut arguments, "--seconds", "seconds")?;
    let scale =
        if arguments.iter().any(|argument| argument == "--quick") { Scale::Quick } else { Scale::Full };
    let names: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let chosen = |row: &str| names.is_empty() || names.iter().any(|name| row.starts_with(name.as_str()));
    table::say(&machine());
    let mut lines = Vec::new();
    for (name, measure) in ROWS {
        if chosen(name) {
            lines.extend(measure(scale)?);
        }
    }
    for (name, measure) in NAMED {
        if !names.is_empty() && chosen(name) {
            lines.extend(measure(scale, size)?);
        }
    }
    for (name, measure) in HTTP {
        if !names.is_empty() && chosen(name) {
            lines.extend(measure(scale)?);
        }
    }
    if names.iter().any(|name| *name == SOAK) {
        lines.extend(http::soak_rows(scale, seconds)?);
    }
    table::print(&lines);
    if chosen("plan") {
        table::say("");
        table::print(&reads::plans(scale)?);
    }
    table::say(&format!("load afterwards {}", load()));
    Ok(())
}

/// The number after an option.
fn taken(arguments: &mut Vec<String>, option: &str, what: &str) -> Outcome<Option<usize>> {
    let Some(at) = arguments.iter().position(|argument| argument == option) else { return Ok(None) };
    let end = arguments.len().min(at + 2);
    let number = arguments.drain(at..end).nth(1).and_then(|number| number.parse().ok());
    Ok(Some(number.ok_or_else(|| format!("`{option}` takes a number of {what}"))?))
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rustc = std::process::Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!("{cores} cores, load {}, {}", load(), rustc.unwrap_or_else(|_| "rustc unknown".to_owned()))
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
