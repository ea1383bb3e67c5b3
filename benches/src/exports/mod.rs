//! Our exports beside Python's libraries: same rows, same content, in turns, by CPU time.
//!
//! The peers (`benches/python/exports.py`) get the rows as finished objects, and reading them is not timed; ours are
//! sealed records of a store, opened before. Each turn of a peer is a process of its own, whose imports are not timed
//! either. The list has all its columns, about 430 bytes of text a row, half of it Arabic.
//!
//! ```text
//! . tests/tools; need_python        and DejaVu Sans for reportlab (Debian: fonts-dejavu-core)
//! cargo bench -p eovr-benches -- export                    10,000 rows, and a report of four pages
//! cargo bench -p eovr-benches -- export --size 100000
//! cargo bench -p eovr-benches -- export-store --size 1000000    the memory of a whole export, from a database
//! ```

mod content;
mod peer;
mod whole;

use std::io::Write as _;

use eovr_core::Timestamp;
use eovr_core::export::pdf::{Fonts, Incident};
use eovr_core::export::{Lang, Look, Workbook};

use self::content::Content;
pub(crate) use self::whole::store_rows;
use crate::stopwatch::{Contestant, Cost, Stopwatch, take_turns};
use crate::table::Line;
use crate::{Outcome, Scale, world};

/// The list as an Excel workbook.
pub(crate) fn xlsx_rows(scale: Scale, size: Option<usize>) -> Outcome<Vec<Line>> {
    let size = size.unwrap_or(scale.pick(10_000, 1000));
    let content = Content::new()?;
    let folder = tempfile::tempdir()?;
    let rows = &content.rows_file(folder.path())?;
    let mut peak = 0;
    let mut ours = || -> Outcome<Cost> {
        let watch = Stopwatch::start();
        let file = std::fs::File::create(folder.path().join("ours.xlsx"))?;
        let look = Look { spool: Some(folder.path().to_owned()), ..Look::new(Lang::Ar, made_at()) };
        let mut book = Workbook::new(look)?;
        for (number, incident) in content.incidents.iter().cycle().take(size).enumerate() {
            book.push(incident)?;
            if number % 1000 == 0 {
                peak = peak.max(resident()?);
            }
        }
        book.finish(std::io::BufWriter::new(file))?.flush()?;
        peak = peak.max(resident()?);
        Ok(watch.each(1))
    };
    const PEERS: [(&str, f64); 4] = [
        ("openpyxl", 15.0),
        ("openpyxl-write-only", 10.0),
        ("xlsxwriter-constant", 7.0),
        ("xlsxwriter", 7.0),
    ];
    let mut peers: Vec<_> = PEERS.iter().map(|(name, _)| move || peer::turn(name, rows, size)).collect();
    let mut all: Vec<&mut Contestant<'_>> = vec![&mut ours];
    all.extend(peers.iter_mut().map(|peer| peer as &mut Contestant<'_>));
    let costs = take_turns(scale.pick(3, 1), &mut all)?;
    drop(all);
    let (ours, others) = costs.split_first().ok_or("every contestant was measured")?;
    let mut lines = vec![Line::new(
        format!("export-xlsx {size} rows: resident while it writes"),
        format!("{} MB", peak / 1024),
    )];
    for ((name, target), other) in PEERS.iter().zip(others) {
        lines.push(against(&format!("export-xlsx {size} rows: {name}"), ours, other, *target));
    }
    Ok(lines)
}

/// The report of one incident as PDF.
pub(crate) fn pdf_rows(scale: Scale, _: Option<usize>) -> Outcome<Vec<Line>> {
    let content = Content::new()?;
    let folder = tempfile::tempdir()?;
    let document = &content.document_file(folder.path())?;
    let fonts = Fonts::embedded()?;
    let (incident, follow_ups, trail) = content.report()?;
    let report = Incident {
        incident: &incident,
        follow_ups: &follow_ups,
        trail: Some(&trail),
        scheme: None,
        checkpoint: None,
        made_by: "bench",
        made_at: made_at(),
    };
    let times = scale.pick(40, 4);
    let mut size = 0;
    let mut ours = || -> Outcome<Cost> {
        let watch = Stopwatch::start();
        for _ in 0..times {
            let mut bytes = Vec::new();
            report.write(&fonts, Lang::Ar, &mut bytes)?;
            size = bytes.len();
        }
        Ok(watch.each(times))
    };
    let mut kept = 0;
    let mut by_printpdf = || -> Outcome<Cost> {
        let watch = Stopwatch::start();
        for _ in 0..times {
            let mut bytes = Vec::new();
            report.write_by_printpdf(&fonts, Lang::Ar, &mut bytes)?;
            kept = bytes.len();
        }
        Ok(watch.each(times))
    };
    ours()?;
    let resident = resident()? / 1024;
    const PEERS: [(&str, f64); 4] =
        [("reportlab", 8.0), ("typst", 4.0), ("fpdf2", 70.0), ("weasyprint", 70.0)];
    let mut peers: Vec<_> =
        PEERS.iter().map(|(name, _)| move || peer::turn(name, document, scale.pick(5, 1))).collect();
    let mut all: Vec<&mut Contestant<'_>> = vec![&mut ours, &mut by_printpdf];
    all.extend(peers.iter_mut().map(|peer| peer as &mut Contestant<'_>));
    let costs = take_turns(scale.pick(3, 1), &mut all)?;
    drop(all);
    let [ours, by_printpdf, others @ ..] = costs.as_slice() else {
        return Err("every contestant was measured".into());
    };
    let millis = |cost: &Cost| format!("{:.1} ms CPU", cost.cpu / 1000.0);
    let mut lines = vec![
        Line::new("export-pdf: one report", format!("{} KB", size / 1024)),
        Line::new(format!("export-pdf: resident after {times} of them"), format!("{resident} MB"))
            .target("< 20 MB", resident < 20),
        Line::new(format!("export-pdf: by printpdf, {} KB", kept / 1024), millis(by_printpdf))
            .floor(format!("{}  as it is", millis(ours)), by_printpdf.cpu / ours.cpu),
    ];
    for ((name, target), other) in PEERS.iter().zip(others) {
        lines.push(against(&format!("export-pdf: {name}"), ours, other, *target));
    }
    Ok(lines)
}

/// The ratio of a peer's cost to ours.
fn against(what: &str, ours: &Cost, other: &Cost, target: f64) -> Line {
    let ratio = other.cpu / ours.cpu;
    let millis = |cost: &Cost| format!("{:.1} ms CPU", cost.cpu / 1000.0);
    Line::new(what, millis(ours)).floor(millis(other), ratio).target(format!("≥ {target}×"), ratio >= target)
}

fn made_at() -> Timestamp {
    Timestamp::from_micros(world::NOW)
}

/// This process's resident memory in kilobytes.
fn resident() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("Linux says how much")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
