//! `export`: the incidents that an account may see, as a file.
//!
//! The export runs with that account's session, page by page, so it contains only what the account may see. It writes
//! while it reads, so a million incidents need no more memory than a hundred. The file gets its name when it is
//! complete, so a full disk leaves no partial file.

pub(crate) mod fonts;
pub(crate) mod place;

use std::io::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;
use eovr_core::export::crosswalk::Mim;
use eovr_core::export::fhir::{Bundle, Release};
use eovr_core::export::given::{self, Content};
use eovr_core::export::pdf::{Incident, Made};
use eovr_core::export::{
    AuditFilter, AuditReport, Csv, Deidentified, Given, Labelled, Lang, Look, Ndjson, Opened, Workbook,
};
use eovr_core::identity::alert::Alert;
use eovr_core::identity::watch::SecurityLog;
use eovr_core::incident::{Action, KIND};
use eovr_core::ports::Clock as _;
use eovr_core::record::{ActorId, Column, Query, Record, Test, Value};
use eovr_core::service::{self, SystemClock};
use eovr_core::workflow::Label as _;
use eovr_core::{Eovr, Error, Name, Session, Timestamp};
use eovr_host::checkpoint::Kept;
use eovr_host::output::{Failure, Out};
use eovr_host::settings::Place;
use eovr_host::signal::asked_to_stop;
use zeroize::Zeroizing;

use self::place::{Destination, Part};
use crate::engine::{self, Opening};

/// An export of this many incidents raises an alert.
const MANY: u64 = 2_000;

/// Options of `export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// The e-mail address of an active account, whose view is exported
    #[arg(long = "as", value_name = "EMAIL")]
    who: String,
    /// The format
    #[arg(long, value_enum)]
    format: Format,
    /// One incident, by its number; a PDF needs one
    #[arg(long, value_name = "NUMBER")]
    incident: Option<String>,
    /// The language of texts for people: en, ar or both
    #[arg(long, default_value = "en", value_parser = lang)]
    lang: Lang,
    /// Counts without persons, small ones hidden: for csv, ndjson and parquet
    #[arg(long)]
    deidentify: bool,
    /// No PDF at all rather than one that is not PDF/UA-1 and PDF/A-2a, for an archive that takes nothing less
    #[arg(long)]
    archival: bool,
    /// Audit: events from this time on, as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Audit: events before this time
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Audit: only events of this action; may be given several times
    #[arg(long, value_name = "ACTION")]
    action: Vec<String>,
    /// Audit: only events by this actor, by id; may be given several times
    #[arg(long, value_name = "ACTOR")]
    by: Vec<String>,
    /// The file to write; it must not exist yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    kept: Kept,
    /// A font with Arabic for PDFs, used before the embedded one; its bold face is looked for beside it
    #[arg(long, value_name = "FILE", env = "PDF_ARABIC_FONT_PATH")]
    font: Option<PathBuf>,
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The list as an Excel workbook
    Xlsx,
    /// One incident as PDF
    Pdf,
    /// The list as CSV
    Csv,
    /// The list as one JSON object a line
    Ndjson,
    /// The list as Apache Parquet
    Parquet,
    /// Incidents and their trails as an HL7 FHIR bundle, release 4
    FhirR4,
    /// The same, release 5
    FhirR5,
    /// WHO's minimal information model, as one JSON object a line
    Mim,
    /// Audit events; the ending of the file selects the format: .csv, .json or .pdf
    Audit,
    /// Reviews of the scorer's suggestions as training data, without names; .csv, .ndjson or .parquet
    Labelled,
}

fn lang(text: &str) -> Result<Lang, String> {
    text.parse().map_err(|error: Error| error.help().unwrap_or_default().to_owned())
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<(), Failure> {
    args.check()?;
    let destination = Destination::new(&args.out)?;
    let opening = Opening { read_once: true, ..Opening::default() };
    let host = engine::open_with(&args.place, SystemClock, opening, out).await?;
    let stopped = asked_to_stop();
    let done = tokio::select! {
        done = export(&args, &host.eovr, destination, out) => done,
        () = stopped => Err(Failure::interrupted("stopped before the file was complete; no file was written")),
    };
    host.close().await;
    done
}

impl Args {
    /// Validates the whole request before anything is opened.
    fn check(&self) -> Result<(), Failure> {
        if self.format == Format::Pdf && self.incident.is_none() {
            return Err(Failure::usage("a PDF is of one incident", "name it: --incident OVR-2026-000123"));
        }
        if self.deidentify && !matches!(self.format, Format::Csv | Format::Ndjson | Format::Parquet) {
            return Err(Failure::usage(
                "counts without persons are csv, ndjson or parquet",
                "choose --format csv, ndjson or parquet",
            ));
        }
        let asks = self.from.is_some() || self.to.is_some() || !self.action.is_empty() || !self.by.is_empty();
        if asks && self.format != Format::Audit {
            return Err(Failure::usage(
                "--from, --to, --action and --by are for audit events",
                "choose --format audit",
            ));
        }
        let ending = self.out.extension().and_then(|ending| ending.to_str());
        if self.format == Format::Audit && !matches!(ending, Some("csv" | "json" | "pdf")) {
            return Err(Failure::usage(
                "audit events are CSV, JSON or PDF",
                "let --out end in .csv, .json or .pdf",
            ));
        }
        let prints = self.format == Format::Pdf || self.format == Format::Audit && ending == Some("pdf");
        if self.archival && !prints {
            return Err(Failure::usage(
                "--archival is for a PDF",
                "choose --format pdf, or audit with an --out that ends in .pdf",
            ));
        }
        let is_parquet =
            self.format == Format::Parquet || self.format == Format::Labelled && ending == Some("parquet");
        if is_parquet && cfg!(not(feature = "parquet")) {
            return Err(no_parquet());
        }
        if self.format == Format::Labelled && !matches!(ending, Some("csv" | "ndjson" | "parquet")) {
            return Err(Failure::usage(
                "a labelled set is CSV, NDJSON or Parquet",
                "let --out end in .csv, .ndjson or .parquet",
            ));
        }
        Ok(())
    }

    /// The content of the export, for the audit trail.
    fn given(&self, one: Option<&Record>) -> Result<Given, Failure> {
        let format = match self.format {
            Format::Xlsx => given::Format::Xlsx,
            Format::Pdf => given::Format::Pdf,
            Format::Csv => given::Format::Csv,
            Format::Ndjson => given::Format::Ndjson,
            Format::Parquet => given::Format::Parquet,
            Format::FhirR4 => given::Format::FhirR4,
            Format::FhirR5 => given::Format::FhirR5,
            Format::Mim => given::Format::Mim,
            Format::Audit | Format::Labelled => {
                let ending = self.out.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
                let known = given::Format::named(ending);
                known.ok_or_else(|| Failure::broken("a file was made whose ending is not known"))?
            }
        };
        let content = match self.format {
            Format::Audit => Content::Audit,
            Format::Labelled => Content::Labelled,
            _ if self.deidentify => Content::Figures,
            _ => Content::Incidents,
        };
        let mut given = Given::new(format, content).filter("via", "command_line").filter("lang", self.lang);
        if let (Some(record), Some(number)) = (one, &self.incident) {
            given = given.about(record).filter("number", number);
        }
        let times = [("from", self.from), ("to", self.to)];
        for (name, time) in times {
            if let Some(time) = time {
                given = given.filter(name, time);
            }
        }
        given = self.action.iter().fold(given, |given, action| given.filter("action", action));
        Ok(self.by.iter().fold(given, |given, actor| given.filter("by", actor)))
    }

    fn filter(&self) -> Result<AuditFilter, Error> {
        Ok(AuditFilter {
            from: self.from,
            before: self.to,
            actions: self.action.iter().map(|name| Name::new(name)).collect::<Result<_, _>>()?,
            actors: self.by.iter().map(|id| ActorId::new(id)).collect::<Result<_, _>>()?,
        })
    }
}

async fn export(args: &Args, eovr: &Eovr, to: Destination, out: &mut Out) -> Result<(), Failure> {
    let session = engine::account(eovr, &args.who).await?;
    let mut pages = Pages::new(session, args.incident.as_deref())?;
    let file = to.open()?;
    let written = match args.format {
        Format::Xlsx => xlsx(args, &mut pages, file, to.folder()).await,
        Format::Pdf => pdf(args, &mut pages, file, out).await,
        Format::Csv | Format::Ndjson | Format::Parquet if args.deidentify => {
            deidentified(args, &mut pages, file, out).await
        }
        Format::Csv => csv(&mut pages, file).await,
        Format::Ndjson => ndjson(&mut pages, file).await,
        #[cfg(feature = "parquet")]
        Format::Parquet => parquet(&mut pages, file).await,
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => Err(no_parquet()),
        Format::FhirR4 => fhir(&mut pages, file, Release::R4).await,
        Format::FhirR5 => fhir(&mut pages, file, Release::R5).await,
        Format::Mim => mim(&mut pages, file).await,
        Format::Audit => audit(args, &mut pages, file, out).await,
        Format::Labelled => labelled(args, &mut pages, file, out).await,
    };
    let file = written?;
    // Before the file gets its name, because an export without an audit entry must not exist.
    args.given(pages.one.as_ref())?.enter(&pages.session, pages.count).await?;
    if pages.count >= MANY {
        let who = pages.session.actor().id().as_str();
        SecurityLog::of(eovr)?
            .raise(Alert::BulkRead, Some(who), Some("an export at the command line"))
            .await?;
    }
    let bytes = to.settle(file)?;
    out.line(format_args!("{} incidents, {bytes} bytes: {}", pages.count, args.out.display()));
    Ok(())
}

/// The incidents that the account may see, page by page.
struct Pages {
    session: Session,
    pages: service::Pages,
    count: u64,
    /// The last record read, for an export of one incident.
    one: Option<Record>,
}

impl Pages {
    fn new(session: Session, number: Option<&str>) -> Result<Self, Error> {
        let query = Query::of(KIND).limit(Query::LARGEST_PAGE);
        let query = match number {
            Some(number) => query.filter(Column::Number, Test::Is(Value::from(number))),
            None => query,
        };
        Ok(Self { pages: session.pages(query), session, count: 0, one: None })
    }

    /// The next page; empty after the last.
    async fn next(&mut self) -> Result<Vec<Record>, Error> {
        let Some(page) = self.pages.next().await? else { return Ok(Vec::new()) };
        self.count += page.items.len() as u64;
        self.one = page.items.last().cloned().or(self.one.take());
        Ok(page.items)
    }

    /// The next page, with its texts opened.
    async fn opened(&mut self) -> Result<Vec<Opened>, Error> {
        let page = self.next().await?;
        page.into_iter().map(|record| Opened::of(&self.session, record)).collect()
    }
}

async fn csv(pages: &mut Pages, file: Part) -> Result<Part, Failure> {
    let mut csv = Csv::new(file)?;
    loop {
        let page = pages.opened().await?;
        if page.is_empty() {
            return Ok(csv.finish()?);
        }
        page.iter().try_for_each(|incident| csv.push(incident))?;
    }
}

async fn ndjson(pages: &mut Pages, file: Part) -> Result<Part, Failure> {
    let mut lines = Ndjson::new(file);
    loop {
        let page = pages.opened().await?;
        if page.is_empty() {
            return Ok(lines.finish()?);
        }
        page.iter().try_for_each(|incident| lines.push(incident))?;
    }
}

fn no_parquet() -> Failure {
    Failure::usage(
        "this program was built without Parquet",
        "build it with the feature `parquet`, or with `full`",
    )
}

#[cfg(feature = "parquet")]
async fn parquet(pages: &mut Pages, file: Part) -> Result<Part, Failure> {
    let mut table = eovr_core::export::Parquet::new(file)?;
    loop {
        let page = pages.opened().await?;
        if page.is_empty() {
            return Ok(table.finish()?);
        }
        page.iter().try_for_each(|incident| table.push(incident))?;
    }
}

async fn xlsx(args: &Args, pages: &mut Pages, file: Part, folder: PathBuf) -> Result<Part, Failure> {
    // Buffered rows go to the disk of the file, because that disk has the room.
    let look = Look { spool: Some(folder), ..Look::new(args.lang, SystemClock.now()) };
    let mut book = Workbook::new(look)?;
    loop {
        let page = pages.opened().await?;
        if page.is_empty() {
            return Ok(book.finish(file)?);
        }
        page.iter().try_for_each(|incident| book.push(incident))?;
    }
}

async fn mim(pages: &mut Pages, mut file: Part) -> Result<Part, Failure> {
    loop {
        let page = pages.opened().await?;
        if page.is_empty() {
            return Ok(file);
        }
        for incident in &page {
            let line = serde_json::to_string(&Mim::of(incident)?);
            let line =
                line.map_err(|error| Failure::broken(format!("cannot be written as JSON: {error}")))?;
            writeln!(file, "{line}").map_err(place::unwritten)?;
        }
    }
}

async fn fhir(pages: &mut Pages, file: Part, release: Release) -> Result<Part, Failure> {
    let mut bundle = Bundle::new(file, release, SystemClock.now())?;
    loop {
        let page = pages.opened().await?;
        if page.is_empty() {
            return Ok(bundle.finish()?);
        }
        for incident in &page {
            let trail = pages.session.incidents().trail(incident.record().id()).await?;
            bundle.push(incident, Some(&trail))?;
        }
    }
}

async fn deidentified(args: &Args, pages: &mut Pages, file: Part, out: &mut Out) -> Result<Part, Failure> {
    let mut counts = Deidentified::default();
    loop {
        // No field is opened, so no text is exported.
        let page = pages.next().await?;
        if page.is_empty() {
            break;
        }
        for record in page {
            counts.push(&Opened::only(&pages.session, record, &[])?)?;
        }
    }
    out.line(format_args!("k-anonymity over all columns, before small counts are hidden: {}", counts.k()));
    Ok(match args.format {
        Format::Csv => counts.csv(file)?,
        #[cfg(feature = "parquet")]
        Format::Parquet => counts.parquet(file)?,
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => return Err(no_parquet()),
        _ => counts.ndjson(file)?,
    })
}

async fn labelled(args: &Args, pages: &mut Pages, file: Part, out: &mut Out) -> Result<Part, Failure> {
    let mut set = match args.out.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Labelled::csv(file)?,
        #[cfg(feature = "parquet")]
        Some("parquet") => Labelled::parquet(file)?,
        #[cfg(not(feature = "parquet"))]
        Some("parquet") => return Err(no_parquet()),
        _ => Labelled::ndjson(file),
    };
    let mut labels = 0;
    loop {
        let page = pages.opened().await?;
        if page.is_empty() {
            break;
        }
        for incident in &page {
            let reason = reason(&pages.session, incident.record()).await?;
            labels += u64::from(set.push(incident, reason.as_ref().map(|reason| reason.as_str()))?);
        }
    }
    out.line(format_args!("{labels} of them reviewed, with a level: train with --text text --label level"));
    Ok(set.finish()?)
}

/// The reason for accepting or overriding a suggestion: the note of the last review.
async fn reason(session: &Session, incident: &Record) -> Result<Option<Zeroizing<String>>, Error> {
    if incident.facet("ai_review").is_none() {
        return Ok(None);
    }
    let trail = session.incidents().trail(incident.id()).await?;
    let reviews = trail.entries.into_iter().rev();
    let mut reviews = reviews.filter(|entry| entry.event.action == Action::ReviewAi.name());
    Ok(reviews.next().and_then(|entry| entry.note))
}

async fn pdf(args: &Args, pages: &mut Pages, file: Part, out: &mut Out) -> Result<Part, Failure> {
    let fonts = fonts::load(args.font.as_deref(), |wrong| out.line(wrong))?;
    let found = pages.opened().await?.into_iter().next();
    let found = found.ok_or_else(|| Failure::from(Error::not_found(KIND)))?;
    let id = found.record().id();
    let incidents = pages.session.incidents();
    let follow_ups = incidents.follow_ups(id).await?;
    let follow_ups: Vec<Opened> =
        follow_ups.into_iter().map(|record| Opened::of(&pages.session, record)).collect::<Result<_, _>>()?;
    let trail = incidents.trail(id).await?;
    let checkpoint = args.kept.last()?;
    let report = Incident {
        incident: &found,
        follow_ups: &follow_ups,
        trail: Some(&trail),
        scheme: None,
        checkpoint: checkpoint.as_deref(),
        made_by: &args.who,
        made_at: SystemClock.now(),
    };
    let mut file = file;
    match args.archival {
        true => report.write_archival(&fonts, args.lang, &mut file)?,
        false => report.write(&fonts, args.lang, &mut file)?,
    }
    Ok(file)
}

async fn audit(args: &Args, pages: &mut Pages, file: Part, out: &mut Out) -> Result<Part, Failure> {
    let mut report = AuditReport::new(args.filter()?);
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            break;
        }
        for record in page {
            report.add(pages.session.incidents().trail(record.id()).await?);
        }
    }
    out.line(format_args!("{} events", report.len()));
    Ok(match args.out.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => report.csv(file)?,
        Some("json") => report.json(file)?,
        _ => {
            let fonts = fonts::load(args.font.as_deref(), |wrong| out.line(wrong))?;
            let org = pages.session.eovr().org();
            let scope = pages.session.scope();
            let first = org.stamps().find(|stamp| scope.covers(stamp));
            let zone = first.map_or(jiff::tz::TimeZone::UTC, |stamp| org.zone(&stamp.facility));
            let made = Made { by: &args.who, at: SystemClock.now(), zone };
            match args.archival {
                true => report.archival_pdf(&fonts, args.lang, &made, file)?,
                false => report.pdf(&fonts, args.lang, &made, file)?,
            }
        }
    })
}
