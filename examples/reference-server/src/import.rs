//! Imports existing reports from a CSV file of narratives.
//!
//! The id of each incident is derived from the facility and the old system's number. Without a number it is derived
//! from the narrative and from the number of earlier rows with the same narrative. A repeated report is therefore a
//! conflict and not a second incident, in any file and any row, and a user can run an interrupted import again. The
//! progress file only saves time. Each import is an author of its own, so that it can be found and taken back as a
//! whole. It also lists the reports that it found in the store.

mod intake;
mod listing;
mod progress;
mod rejected;
mod rows;
mod summary;
mod taken_back;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, stderr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use eovr_core::incident::taxonomy;
use eovr_core::record::RecordId;
use eovr_core::service::SystemClock;
use eovr_core::{Eovr, Error, ErrorKind};
use eovr_host::output::{Failure, INTERRUPTED, Out, words};
use eovr_host::settings::Place;
use eovr_host::signal::asked_to_stop;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use self::intake::{Became, Intake};
use self::listing::Listing;
pub(crate) use self::listing::kind as listing;
use self::progress::Progress;
use self::rejected::Rejected;
use self::rows::{Narrative, Row, Rows};
use self::summary::Counts;
use crate::csv_file::Reading;
use crate::engine;

/// The prefix of the authors of imported reports.
pub(crate) const AUTHOR: &str = "import";

/// The author of the reports of one import.
fn author(import: &str) -> String {
    format!("{AUTHOR}-{import}")
}

/// The number of concurrent reports. The store writes waiting reports in one transaction.
const IN_FLIGHT: usize = 64;
/// Without a progress bar, the import prints one line per this many rows.
const LINE_EVERY: u64 = 10_000;
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Options of `import`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file, with a line of column names first
    #[arg(required_unless_present = "take_back")]
    file: Option<PathBuf>,
    /// The column with the narratives; if two columns have the same name, `NAME#2` is the second
    #[arg(long, value_name = "COLUMN", required_unless_present = "take_back")]
    text: Option<String>,
    /// The column with the old system's numbers, which identify a report also if its text changes
    /// [default: the narrative identifies the report]
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    #[command(flatten)]
    reading: Reading,
    /// Sets aside the reports that no other import lists, if no account has worked on any of them
    #[arg(long, value_name = "IMPORT", value_parser = taken_back::name, requires = "who", conflicts_with_all = ["file", "text", "id"])]
    take_back: Option<String>,
    /// The account that takes the import back: the e-mail address of an active account
    #[arg(long = "as", value_name = "EMAIL", requires = "take_back")]
    who: Option<String>,
    #[command(flatten)]
    place: Place,
    /// The facility that the reports belong to [default: the organisation's first]
    #[arg(long, value_name = "ID")]
    facility: Option<String>,
    /// What kind of event the reports are about: a category of the taxonomy
    #[arg(long, value_name = "CODE", default_value = "clinical_process")]
    category: String,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<u8, Failure> {
    // Checks all arguments before it creates anything.
    taxonomy::find(&args.category)?;
    let rows = match (&args.file, &args.text) {
        (Some(file), Some(text)) => Some(Rows::open(file, text, args.id.as_deref(), &args.reading)?),
        _ => None,
    };
    let host = engine::open(&args.place, SystemClock, out).await?;
    let done = match (rows, &args.take_back, &args.who) {
        (Some(rows), ..) => {
            let stop = watch_signals();
            import(&args, rows, &host.eovr, |_| stop.load(Ordering::Relaxed), out).await
        }
        (None, Some(name), Some(who)) => match engine::account(&host.eovr, who).await {
            Ok(session) => taken_back::take_back(&session, name, out).await,
            Err(failure) => Err(failure),
        },
        (None, ..) => Err(Failure::usage("there is nothing to import", "name a file and --text")),
    };
    host.close().await;
    done
}

/// Imports the rows. Before each row, `stop` gets the row number and may end the import.
async fn import(
    args: &Args,
    rows: Rows,
    eovr: &Eovr,
    stop: impl Fn(u64) -> bool,
    out: &mut Out,
) -> Result<u8, Failure> {
    let facility = engine::facility(eovr, args.facility.as_deref())?;
    let rows = rows.of_facility(&facility);
    rows.say_what_was_found();
    let name = rows.name(&args.category);
    let intake = Intake::new(eovr, facility, &args.category, name, rows.have_numbers())?;

    let progress = Progress::load(args.place.dir(), &rows, &intake.name, &intake.reader).await?;
    let rejected = Rejected::open(args.place.dir(), &rows, progress.done())?;
    if progress.done() > 0 {
        out.line(format_args!("going on after row {}", progress.done()));
    }
    let bar = bar(rows.bytes());
    let before = rejected.count();
    let mut import = Import {
        intake,
        counts: Counts {
            rows: progress.done(),
            rejected: before,
            there: progress.done().saturating_sub(before),
            ..Counts::default()
        },
        skipped: progress.done(),
        progress,
        rejected,
        untold: BTreeMap::new(),
        tasks: JoinSet::new(),
        fatal: None,
        bar,
        out,
        saved: Instant::now(),
    };
    let started = Instant::now();
    let read = import.all(rows, &stop).await;
    let settled = import.settle().await;
    let told = import.summary(started.elapsed()).await;
    let again = "run the same command again to continue";
    if let Some(error) = import.fatal.take() {
        // The store's error comes first, because a full disk also causes the later errors.
        return Err(Failure::from(error).with_help(again));
    }
    let finished = read?;
    settled.and(told)?;
    if !finished {
        import.out.line(format_args!("stopped; {again}"));
        return Ok(INTERRUPTED);
    }
    import.progress.finish();
    if import.counts.rows == 0 {
        return Err(Failure::usage("the file names columns and has no rows", "give a file with rows"));
    }
    // An import without a single usable row has failed.
    Ok(u8::from(import.counts.accepted + import.counts.there == 0))
}

/// The result of a row, or its error.
type Settled = Result<(RecordId, Became), Error>;

struct Import<'a> {
    intake: Intake,
    counts: Counts,
    skipped: u64,
    progress: Progress,
    rejected: Rejected,
    /// Rejected rows that are not printed yet, because an earlier row is still unfinished.
    untold: BTreeMap<u64, (Row, String)>,
    tasks: JoinSet<(Row, Settled)>,
    fatal: Option<Error>,
    bar: ProgressBar,
    out: &'a mut Out,
    saved: Instant,
}

impl Import<'_> {
    /// Sends every row; `false` if it was stopped before the last.
    async fn all(&mut self, mut rows: Rows, stop: &impl Fn(u64) -> bool) -> Result<bool, Failure> {
        while let Some(row) = rows.next()? {
            if row.number <= self.skipped {
                continue;
            }
            if stop(row.number) || self.fatal.is_some() {
                return Ok(false);
            }
            self.counts.rows += 1;
            self.bar.set_position(rows.read());
            if self.bar.is_hidden() && self.counts.rows.is_multiple_of(LINE_EVERY) {
                self.out.line(format_args!("{} rows", self.counts.rows));
            }
            match row.told.clone() {
                Ok(told) => self.send(told, row),
                Err(reason) => self.reject(row, &reason)?,
            }
            while self.tasks.len() >= IN_FLIGHT {
                self.join().await?;
            }
            if self.saved.elapsed() > SAVE_EVERY {
                self.save()?;
            }
        }
        Ok(true)
    }

    fn send(&mut self, told: Narrative, row: Row) {
        let (intake, at) = (self.intake.clone(), (row.number, row.line));
        self.tasks.spawn(async move { (row, intake.report(told, at).await) });
    }

    /// Waits for one report.
    async fn join(&mut self) -> Result<(), Failure> {
        let Some(joined) = self.tasks.join_next().await else { return Ok(()) };
        let (row, result) = joined.map_err(|error| Failure::broken(format!("a row was lost: {error}")))?;
        match result {
            Ok((id, became)) => {
                match became {
                    Became::Accepted => self.counts.accepted += 1,
                    Became::There => self.counts.there += 1,
                    Became::SetAside => {
                        self.counts.there += 1;
                        self.counts.set_aside += 1;
                    }
                }
                self.progress.settle(row.number, Some(id));
            }
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                // The error has the rule and the number of characters, but not the text.
                let (sentence, help) = words(&error);
                let reason = help.map_or_else(|| sentence.clone(), |help| format!("{sentence}; {help}"));
                return self.reject(row, &reason);
            }
            Err(error) => self.fatal = Some(error),
        }
        self.tell_rejected()
    }

    fn reject(&mut self, row: Row, reason: &str) -> Result<(), Failure> {
        self.progress.settle(row.number, None);
        self.untold.insert(row.number, (row, reason.to_owned()));
        self.tell_rejected()
    }

    /// Writes and prints the rejected rows, in the order of the file.
    fn tell_rejected(&mut self) -> Result<(), Failure> {
        while let Some(first) = self.untold.first_entry().filter(|first| *first.key() <= self.progress.done())
        {
            let (row, reason) = first.remove();
            self.counts.rejected += 1;
            self.rejected.write(&row, &reason)?;
            let line = format!("row {} (line {}) rejected: {reason}", row.number, row.line);
            self.bar.suspend(|| self.out.line(line));
        }
        Ok(())
    }

    fn save(&mut self) -> Result<(), Failure> {
        // The rejected rows come first, because the progress file counts them as finished.
        self.rejected.flush()?;
        self.progress.save()?;
        self.saved = Instant::now();
        Ok(())
    }

    /// Waits for all unfinished reports and saves the progress.
    async fn settle(&mut self) -> Result<(), Failure> {
        while !self.tasks.is_empty() {
            self.join().await?;
        }
        self.save()
    }

    async fn summary(&mut self, took: Duration) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        let Counts { rows, accepted, rejected, there, set_aside } = self.counts;
        let seconds = took.as_secs_f64();
        let pace = (rows - self.skipped) as f64 / seconds.max(0.001);
        self.out.line(format_args!(
            "{rows} rows: {accepted} accepted, {rejected} rejected, {there} already there; {seconds:.1} s, {pace:.0} rows/s"
        ));
        let name = &self.intake.name;
        if !self.intake.is_numbered {
            // Includes the listings of earlier runs, because a killed run printed no summary.
            let listings = Listing::all_of(&self.intake.reader, name).await;
            let listings = if self.fatal.is_some() { listings.unwrap_or_default() } else { listings? };
            summary::say_known_by_words(self.out, name, &listings);
        }
        if set_aside > 0 {
            self.out.line(format_args!(
                "{set_aside} of the existing reports were set aside as not reportable; `restore` brings one back"
            ));
        }
        if accepted + there > 0 {
            self.out.line(format_args!(
                "import {name}: `--take-back {name} --as EMAIL` sets it aside if no account has worked on its reports"
            ));
        }
        if rejected > 0 {
            let path = self.rejected.path().display().to_string();
            self.out.line(format_args!(
                "the rejected rows are in {path}, readable by you alone: they are not sealed"
            ));
        }
        Ok(())
    }
}

fn bar(bytes: u64) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} % of {total_bytes}, {eta} left");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Becomes true when a signal asks the import to stop.
fn watch_signals() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let (seen, asked) = (stop.clone(), asked_to_stop());
    tokio::spawn(async move {
        asked.await;
        seen.store(true, Ordering::Relaxed);
    });
    stop
}
