//! Existing reports, from a CSV file of narratives.
//!
//! The id of each incident follows from the file's name, the row's place and its content. So a row that
//! is sent twice is a conflict and not a second incident, and an import that was stopped, however hard,
//! is simply run again. The progress file only makes that quicker.

mod progress;
mod rejected;
mod rows;

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, stderr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use eovr_core::access::{Actor, Role, Seat};
use eovr_core::incident::{Report, taxonomy};
use eovr_core::org::OrgId;
use eovr_core::record::{ActorId, RecordId};
use eovr_core::service::SystemClock;
use eovr_core::{Eovr, Error, ErrorKind, Session};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use self::progress::Progress;
use self::rejected::Rejected;
use self::rows::{Row, Rows};
use crate::engine;
use crate::output::{Failure, INTERRUPTED, Out, words};
use crate::settings::Place;
use crate::signal::asked_to_stop;

/// Who an imported report names as its author.
pub(crate) const AUTHOR: &str = "import";

/// How many reports are on their way at once: the store puts what waits into one transaction.
const IN_FLIGHT: usize = 64;
/// Where there is no bar, a line after so many rows.
const LINE_EVERY: u64 = 10_000;
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Options of `import`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file: UTF-8, with a line of column names first
    file: PathBuf,
    /// The column with the narratives
    #[arg(long, value_name = "COLUMN")]
    text: String,
    #[command(flatten)]
    place: Place,
    /// The facility that the reports belong to [default: the organisation's first]
    #[arg(long, value_name = "ID")]
    facility: Option<String>,
    /// What kind of event the reports are about: a category of the taxonomy
    #[arg(long, value_name = "CODE", default_value = "clinical_process")]
    category: String,
}

/// What became of the rows of this run.
#[derive(Default)]
struct Counts {
    rows: u64,
    accepted: u64,
    rejected: u64,
    there: u64,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<u8, Failure> {
    // Everything that can be wrong with the question is looked at before anything is made.
    taxonomy::find(&args.category)?;
    let rows = Rows::open(&args.file, &args.text)?;
    let host = engine::open(&args.place, SystemClock, out).await?;
    let done = import(&args, rows, &host.eovr, out).await;
    host.close().await;
    done
}

async fn import(args: &Args, rows: Rows, eovr: &Eovr, out: &mut Out) -> Result<u8, Failure> {
    let facility = engine::facility(eovr, args.facility.as_deref())?;
    let session = importer(eovr, &facility)?;
    let rows = rows.of_facility(&facility);

    let progress = Progress::load(args.place.dir(), &rows, &session).await;
    let rejected = Rejected::open(args.place.dir(), &rows, progress.done())?;
    if progress.done() > 0 {
        out.line(format_args!("going on after row {}", progress.done()));
    }
    let bar = bar(rows.bytes());
    let stop = watch_signals();
    let before = rejected.count();
    let mut import = Import {
        work: Work { session, facility, category: args.category.clone() },
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
    import.summary(started.elapsed());
    let again = "run the same command again: it goes on where it was";
    if let Some(error) = import.fatal.take() {
        // First the cause: where the disk is full, more than the store fails.
        return Err(Failure::from(error).with_help(again));
    }
    let finished = read?;
    settled?;
    if !finished {
        import.out.line(format_args!("stopped; {again}"));
        return Ok(INTERRUPTED);
    }
    import.progress.finish();
    if import.counts.rows == 0 {
        return Err(Failure::usage("the file names columns and has no rows", "give a file with rows"));
    }
    // An import of which nothing could be used has failed, whatever the file was.
    Ok(u8::from(import.counts.accepted + import.counts.there == 0))
}

struct Import<'a> {
    work: Work,
    counts: Counts,
    skipped: u64,
    progress: Progress,
    rejected: Rejected,
    /// Rejected, and not yet told: a row before them is still on its way.
    untold: BTreeMap<u64, (Row, String)>,
    tasks: JoinSet<(Row, Result<RecordId, Error>)>,
    fatal: Option<Error>,
    bar: ProgressBar,
    out: &'a mut Out,
    saved: Instant,
}

#[derive(Clone)]
struct Work {
    session: Session,
    facility: OrgId,
    category: String,
}

impl Import<'_> {
    /// Sends every row; `false` where it was told to stop before the last.
    async fn all(&mut self, mut rows: Rows, stop: &AtomicBool) -> Result<bool, Failure> {
        while let Some(row) = rows.next()? {
            if row.number <= self.skipped {
                continue;
            }
            if stop.load(Ordering::Relaxed) || self.fatal.is_some() {
                return Ok(false);
            }
            self.counts.rows += 1;
            self.bar.set_position(rows.read());
            if self.bar.is_hidden() && self.counts.rows.is_multiple_of(LINE_EVERY) {
                self.out.line(format_args!("{} rows", self.counts.rows));
            }
            match row.text() {
                Ok(text) => self.send(text.to_owned(), row),
                Err(reason) => self.reject(row, reason)?,
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

    fn send(&mut self, description: String, row: Row) {
        let work = self.work.clone();
        self.tasks.spawn(async move {
            let Work { session, facility, category } = work;
            let report = Report { category, description, ..Report::default() };
            let done = session.incidents().report_as(&facility, row.id, report).await;
            let id = row.id;
            (row, done.map(|_| id))
        });
    }

    /// Waits for one report.
    async fn join(&mut self) -> Result<(), Failure> {
        let Some(joined) = self.tasks.join_next().await else { return Ok(()) };
        let (row, result) = joined.map_err(|error| Failure::broken(format!("a row was lost: {error}")))?;
        match result {
            Ok(id) => {
                self.counts.accepted += 1;
                self.progress.settle(row.number, Some(id));
            }
            Err(error) if error.kind() == ErrorKind::Conflict => {
                self.counts.there += 1;
                self.progress.settle(row.number, Some(row.id));
            }
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                // The error names the column's rule and counts characters; the text is not in it.
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

    /// Writes and says what was rejected, in the order of the file.
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
        // First what was rejected: the progress file says that it was.
        self.rejected.flush()?;
        self.progress.save()?;
        self.saved = Instant::now();
        Ok(())
    }

    /// Waits for every report that is on its way, and remembers how far it went.
    async fn settle(&mut self) -> Result<(), Failure> {
        while !self.tasks.is_empty() {
            self.join().await?;
        }
        self.save()
    }

    fn summary(&mut self, took: Duration) {
        self.bar.finish_and_clear();
        let Counts { rows, accepted, rejected, there } = self.counts;
        let seconds = took.as_secs_f64();
        let pace = (rows - self.skipped) as f64 / seconds.max(0.001);
        self.out.line(format_args!(
            "{rows} rows: {accepted} accepted, {rejected} rejected, {there} already there; {seconds:.1} s, {pace:.0} rows/s"
        ));
        if rejected > 0 {
            let path = self.rejected.path().display().to_string();
            self.out.line(format_args!(
                "the rejected rows are in {path}, readable by you alone: they are not sealed"
            ));
        }
    }
}

/// A machine that reports with the rights of staff, and no more: the trail says that no person did.
fn importer(eovr: &Eovr, facility: &OrgId) -> Result<Session, Failure> {
    let stamp = eovr.org().stamp(facility).cloned().ok_or_else(|| Error::not_found("facility"))?;
    let actor = Actor::new(ActorId::new(AUTHOR)?, Role::Staff, Seat::Facility(stamp))?;
    Ok(eovr.session(actor.as_machine()))
}

fn bar(bytes: u64) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} % of {total_bytes}, {eta} left");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Becomes true when somebody wants the import to stop.
fn watch_signals() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let (seen, asked) = (stop.clone(), asked_to_stop());
    tokio::spawn(async move {
        asked.await;
        seen.store(true, Ordering::Relaxed);
    });
    stop
}
