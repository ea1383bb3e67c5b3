//! A complete export, from a database to a file, by the reference server's program: how much memory it needs.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::server::{built, command};
use crate::table::Line;
use crate::{Outcome, Scale, world};

/// An account that sees every incident of the demonstration.
const TOP: &str = "top@eovr.test";

/// The sampling interval. The kernel keeps the peak, so sampling misses little.
const LOOK: Duration = Duration::from_millis(20);

const TARGET_MB: u64 = 50;

/// The list as a workbook, from SQLite.
pub(crate) fn store_rows(scale: Scale, size: Option<usize>) -> Outcome<Vec<Line>> {
    let size = size.unwrap_or(scale.pick(20_000, 1000));
    let binary = built()?;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let table = folder.path().join("told.csv");
    told(&table, size)?;
    finished(command(&binary, "demo", folder.path()).arg("--once").stdout(Stdio::null()).spawn()?)?;
    let mut import = command(&binary, "import", folder.path());
    import.arg(&table).args(["--text", "text"]).stdout(Stdio::null()).stderr(Stdio::null());
    finished(import.spawn()?)?;
    let mut export = command(&binary, "export", folder.path());
    export
        .args(["--as", TOP, "--format", "xlsx", "--lang", "ar", "--out"])
        .arg(folder.path().join("all.xlsx"));
    let begun = Instant::now();
    let peak = finished(export.stdout(Stdio::null()).spawn()?)?;
    let seconds = begun.elapsed().as_secs_f64();
    let megabytes = std::fs::metadata(folder.path().join("all.xlsx"))?.len() >> 20;
    Ok(vec![
        Line::new(format!("export-store {size} rows: memory of its own"), format!("{} MB", peak.own >> 10))
            .target(format!("≤ {TARGET_MB} MB"), peak.own >> 10 <= TARGET_MB),
        Line::new(
            format!("export-store {size} rows: with the pages of files"),
            format!("{} MB", peak.resident >> 10),
        ),
        Line::new(format!("export-store {size} rows: a file of {megabytes} MB"), format!("{seconds:.1} s")),
    ])
}

fn told(path: &Path, rows: usize) -> Outcome<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "text")?;
    for number in 0..rows {
        writeln!(file, "\"{} ({number})\"", world::NARRATIVE.replace('"', "'"))?;
    }
    Ok(file.flush()?)
}

/// Peak memory in kilobytes.
#[derive(Default)]
struct Peak {
    /// Memory of the process alone.
    own: u64,
    /// With file pages of the database and the program, which the system can reclaim.
    resident: u64,
}

/// Waits for the end of a program, and samples its memory meanwhile.
fn finished(mut program: Child) -> Outcome<Peak> {
    let path = format!("/proc/{}/status", program.id());
    let mut peak = Peak::default();
    loop {
        if let Some(status) = program.try_wait()? {
            return if status.success() { Ok(peak) } else { Err(format!("it ended with {status}").into()) };
        }
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        let kilobytes = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
        };
        peak.own = peak.own.max(kilobytes("RssAnon:"));
        peak.resident = peak.resident.max(kilobytes("VmHWM:"));
        sleep(LOOK);
    }
}
