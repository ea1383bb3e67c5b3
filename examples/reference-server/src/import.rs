//! Existing reports, from a CSV file of narratives.
//!
//! The id of each incident follows from the facility and from the old system's number, or else from the narrative
//! itself. So a report that is sent twice is a conflict and not a second incident, in whichever file and place it
//! comes again; and an import that was stopped, however hard, is simply run again. The progress file only makes that
//! quicker. Each import is an author of its own, so that its reports can be found and taken back as a whole.

mod progress;
mod rejected;
mod rows;
mod taken_back;

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, stderr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use eovr_core::access::{Actor, Role, Seat};
use eovr_core::incident::{self, Disposition, Report, taxonomy};
use eovr_core::org::OrgId;
use eovr_core::record::{ActorId, RecordId, Value};
use eovr_core::service::SystemClock;
use eovr_core::workflow::Label as _;
use eovr_core::{Eovr, Error, ErrorKind, Session};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use self::progress::Progress;
use self::rejected::Rejected;
use self::rows::{Row, Rows, Told};
use crate::csv_file::Reading;
use crate::engine;
use crate::output::{Failure, INTERRUPTED, Out, words};
use crate::settings::Place;
use crate::signal::asked_to_stop;

/// What the authors of imported reports begin with.
pub(crate) const AUTHOR: &str = "import";

/// Whom the reports of one import name as their author.
fn author(import: &str) -> String {
    format!("{AUTHOR}-{import}")
}

/// How many reports are on their way at once: the store puts what waits into one transaction.
const IN_FLIGHT: usize = 64;
/// Where there is no bar, a line after so many rows.
const LINE_EVERY: u64 = 10_000;
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Options of `import`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file, with a line of column names first
    #[arg(required_unless_present = "take_back")]
    file: Option<PathBuf>,
    /// The column with the narratives; of two with one name `NAME#2` is the second
    #[arg(long, value_name = "COLUMN", required_unless_present = "take_back")]
    text: Option<String>,
    /// The column with the old system's numbers: they say which report is which, also where its text changes
    /// [default: the narrative says it]
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    #[command(flatten)]
    reading: Reading,
    /// Sets all reports of an earlier import aside, if nothing was done with any of them
    #[arg(long, value_name = "IMPORT", value_parser = taken_back::name, requires = "who", conflicts_with_all = ["file", "text", "id"])]
    take_back: Option<String>,
    /// Who takes it back: the e-mail address of an active account
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

/// What became of the rows of this run.
#[derive(Default)]
struct Counts {
    rows: u64,
    accepted: u64,
    rejected: u64,
    there: u64,
    /// Of those that are there: set aside since, as an import that was taken back.
    set_aside: u64,
}

/// What became of one row.
enum Became {
    Accepted,
    There,
    SetAside,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<u8, Failure> {
    // Everything that can be wrong with the question is looked at before anything is made.
    taxonomy::find(&args.category)?;
    let rows = match (&args.file, &args.text) {
        (Some(file), Some(text)) => Some(Rows::open(file, text, args.id.as_deref(), &args.reading)?),
        _ => None,
    };
    let host = engine::open(&args.place, SystemClock, out).await?;
    let done = match (rows, &args.take_back, &args.who) {
        (Some(rows), ..) => import(&args, rows, &host.eovr, out).await,
        (None, Some(name), Some(who)) => taken_back::take_back(&host.eovr, name, who, out).await,
        (None, ..) => Err(Failure::usage("there is nothing to import", "name a file and --text")),
    };
    host.close().await;
    done
}

async fn import(args: &Args, rows: Rows, eovr: &Eovr, out: &mut Out) -> Result<u8, Failure> {
    let facility = engine::facility(eovr, args.facility.as_deref())?;
    let rows = rows.of_facility(&facility);
    rows.say_what_was_found();
    let name = rows.name(&args.category);
    let session = machine(eovr, &facility, &name, Role::Staff)?;
    // Who reports sees nothing that others have reported.
    let reader = machine(eovr, &facility, &name, Role::QualityAdmin)?;
    let numbered = rows.have_numbers();

    let progress = Progress::load(args.place.dir(), &rows, &reader).await;
    let rejected = Rejected::open(args.place.dir(), &rows, progress.done())?;
    if progress.done() > 0 {
        out.line(format_args!("going on after row {}", progress.done()));
    }
    let bar = bar(rows.bytes());
    let stop = watch_signals();
    let before = rejected.count();
    let mut import = Import {
        work: Work { session, reader, facility, category: args.category.clone(), numbered },
        name,
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
    name: String,
    counts: Counts,
    skipped: u64,
    progress: Progress,
    rejected: Rejected,
    /// Rejected, and not yet told: a row before them is still on its way.
    untold: BTreeMap<u64, (Row, String)>,
    tasks: JoinSet<(Row, RecordId, Result<Became, Error>)>,
    fatal: Option<Error>,
    bar: ProgressBar,
    out: &'a mut Out,
    saved: Instant,
}

#[derive(Clone)]
struct Work {
    session: Session,
    reader: Session,
    facility: OrgId,
    category: String,
    numbered: bool,
}

impl Work {
    async fn report(self, told: Told) -> Result<Became, Error> {
        let description = told.text.clone();
        let report = Report { category: self.category, description, ..Report::default() };
        match self.session.incidents().report_as(&self.facility, told.id, report).await {
            Ok(_) => Ok(Became::Accepted),
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let there = self.reader.load(incident::KIND, told.id).await?;
                // With the same number another text is another report, or an old one that was rewritten there.
                let kept = self.reader.open(&there, "description");
                if self.numbered
                    && let Ok(Some(kept)) = kept
                    && rows::in_one_form(&kept) != rows::in_one_form(&told.text)
                {
                    return Err(Error::invalid("the report with this number is there in other words")
                        .with_help("an addendum goes to the incident; a report of another system needs other numbers")
                        .with("incident", there.envelope().number.as_deref().unwrap_or_default()));
                }
                let disposition = there.facet("disposition").and_then(Value::as_text);
                let set_aside = disposition == Some(Disposition::NotReportable.name());
                Ok(if set_aside { Became::SetAside } else { Became::There })
            }
            Err(error) => Err(error),
        }
    }
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

    fn send(&mut self, told: Told, row: Row) {
        let work = self.work.clone();
        self.tasks.spawn(async move {
            let id = told.id;
            (row, id, work.report(told).await)
        });
    }

    /// Waits for one report.
    async fn join(&mut self) -> Result<(), Failure> {
        let Some(joined) = self.tasks.join_next().await else { return Ok(()) };
        let (row, id, result) =
            joined.map_err(|error| Failure::broken(format!("a row was lost: {error}")))?;
        match result {
            Ok(became) => {
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
        let Counts { rows, accepted, rejected, there, set_aside } = self.counts;
        let seconds = took.as_secs_f64();
        let pace = (rows - self.skipped) as f64 / seconds.max(0.001);
        self.out.line(format_args!(
            "{rows} rows: {accepted} accepted, {rejected} rejected, {there} already there; {seconds:.1} s, {pace:.0} rows/s"
        ));
        if there > self.skipped && !self.work.numbered {
            self.out.line("a report in the words of one that is there counts as that one; `--id COLUMN` tells them apart");
        }
        if set_aside > 0 {
            self.out.line(format_args!(
                "{set_aside} of those that are there were set aside as not reportable; `restore` brings one back"
            ));
        }
        if accepted > 0 {
            let name = &self.name;
            self.out.line(format_args!(
                "import {name}: `--take-back {name} --as EMAIL` sets it aside while nothing was done with its reports"
            ));
        }
        if rejected > 0 {
            let path = self.rejected.path().display().to_string();
            self.out.line(format_args!(
                "the rejected rows are in {path}, readable by you alone: they are not sealed"
            ));
        }
    }
}

/// A machine with the rights of a role in the facility, and no more: the trail says that no person did it.
fn machine(eovr: &Eovr, facility: &OrgId, import: &str, role: Role) -> Result<Session, Failure> {
    let stamp = eovr.org().stamp(facility).cloned().ok_or_else(|| Error::not_found("facility"))?;
    let actor = Actor::new(ActorId::new(&author(import))?, role, Seat::Facility(stamp))?;
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
