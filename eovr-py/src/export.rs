//! Exports: records and audit events as files for other programs, if the actor may export.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use eovr_core::export::crosswalk::Mim;
use eovr_core::export::fhir::{Bundle, Release};
use eovr_core::export::pdf::{Fonts, Incident, Made};
use eovr_core::export::{
    AuditFilter, AuditReport, Columns, Csv, Deidentified, Lang, Look, Ndjson, Opened, Workbook,
};
use eovr_core::incident::KIND;
use eovr_core::name;
use eovr_core::ports::Clock as _;
use eovr_core::record::{ActorId, Query, Record, RecordId};
use eovr_core::service::{self, SystemClock};
use eovr_core::{Error, ErrorKind, Name, Session};
use jiff::tz::TimeZone;
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use tempfile::NamedTempFile;
use tokio::task::block_in_place;

use crate::failure::Outcome;
use crate::inward::{self, Id, KindName, Moment, Text, field, optional};
use crate::outward::Outward;

/// The pages of a query, in order.
pub(crate) struct Pages {
    session: Session,
    pages: service::Pages,
}

impl Pages {
    pub(crate) fn new(session: Session, query: Query) -> Self {
        Self { pages: session.pages(query), session }
    }

    /// The next page; `None` after the last.
    pub(crate) async fn next(&mut self) -> Outcome<Option<Vec<Record>>> {
        Ok(self.pages.next().await?.map(|page| page.items))
    }

    async fn opened(&mut self) -> Outcome<Option<Vec<Opened>>> {
        let Some(page) = self.next().await? else { return Ok(None) };
        let opened = page.into_iter().map(|record| Opened::of(&self.session, record));
        Ok(Some(opened.collect::<Result<_, _>>()?))
    }
}

/// The formats.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Ndjson,
    Xlsx,
    Fhir(Release),
    Mim,
    Deidentified,
    Pdf,
    Audit(Paper),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Paper {
    Csv,
    Json,
    Pdf,
}

const FORMATS: &[(&str, Format)] = &[
    ("csv", Format::Csv),
    ("ndjson", Format::Ndjson),
    ("xlsx", Format::Xlsx),
    ("fhir_r4", Format::Fhir(Release::R4)),
    ("fhir_r5", Format::Fhir(Release::R5)),
    ("mim", Format::Mim),
    ("deidentified", Format::Deidentified),
    ("pdf", Format::Pdf),
    ("audit_csv", Format::Audit(Paper::Csv)),
    ("audit_json", Format::Audit(Paper::Json)),
    ("audit_pdf", Format::Audit(Paper::Pdf)),
];

impl Format {
    /// Whether the format takes records of any kind. The others are made for incidents.
    fn takes_any_kind(self) -> bool {
        matches!(self, Self::Csv | Self::Ndjson | Self::Xlsx | Self::Audit(_))
    }
}

/// The parsed request.
pub(crate) struct Asked {
    format: Format,
    lang: Lang,
    to: Option<PathBuf>,
    incident: Option<RecordId>,
    kind: Name,
    columns: Columns,
    query: Query,
    filter: AuditFilter,
}

impl Asked {
    pub(crate) fn new(session: &Session, asked: &Bound<'_, PyAny>) -> Outcome<Self> {
        let Text(name) = field(asked, "format")?;
        let format = FORMATS.iter().find(|(known, _)| *known == name).map(|(_, format)| *format);
        let format = format.ok_or_else(|| {
            let names: Vec<_> = FORMATS.iter().map(|(name, _)| *name).collect();
            Error::invalid("there is no such format").with_help(format!("accepted: `{}`", names.join("`, `")))
        })?;
        let KindName(kind) = field(asked, "kind")?;
        if kind != KIND && !format.takes_any_kind() {
            let help = format!("accepted: `{KIND}`; other kinds as csv, ndjson, xlsx or audit events");
            let error = Error::invalid(format!("`{name}` is made for `{KIND}`, and not for `{kind}`"));
            return Err(error.with_field("kind").with_help(help).into());
        }
        let incident = optional::<Id>(asked, "incident")?.map(|id| id.0);
        if (format == Format::Pdf) != incident.is_some() {
            let help = "give `incident` with `pdf`, and with no other format";
            return Err(Error::invalid("a PDF is of one incident").with_help(help).into());
        }
        allowed(session, if format == Format::Pdf { "report" } else { "list" })?;
        let filter = asked.getattr("filter")?;
        let filter = filter.cast::<PyDict>().map_err(PyErr::from)?;
        let columns = match kind == KIND {
            true => Columns::incidents(),
            false => Columns::of(session.eovr().catalog().kind(&kind)?),
        };
        let names = |name: &str| -> PyResult<Vec<Text>> {
            asked.getattr(name)?.try_iter()?.map(|text| text?.extract()).collect()
        };
        Ok(Self {
            format,
            lang: field::<Text>(asked, "lang")?.0.parse()?,
            to: optional::<Text>(asked, "to")?.map(|path| PathBuf::from(path.0)),
            incident,
            columns: titled(columns, asked)?,
            query: inward::query(session, &kind, Some(filter), None, Query::LARGEST_PAGE)?,
            kind,
            filter: AuditFilter {
                from: optional::<Moment>(asked, "since")?.map(|at| at.0),
                before: optional::<Moment>(asked, "before")?.map(|at| at.0),
                actions: names("actions")?.iter().map(|name| Name::new(&name.0)).collect::<Result<_, _>>()?,
                actors: names("actors")?.iter().map(|id| ActorId::new(&id.0)).collect::<Result<_, _>>()?,
            },
        })
    }

    /// Reads page by page what the session may see, and writes it.
    pub(crate) async fn write(self, session: Session) -> Outcome<Product> {
        let mut sink = Sink::new(self.to.as_deref())?;
        self.into(&session, &mut sink).await?;
        sink.finish()
    }
}

impl Asked {
    async fn into(self, session: &Session, sink: &mut Sink) -> Outcome<()> {
        let mut pages = Pages::new(session.clone(), self.query.clone());
        match self.format {
            Format::Csv => {
                let mut csv = Csv::of(self.columns, sink)?;
                while let Some(page) = pages.opened().await? {
                    page.iter().try_for_each(|record| csv.push(record))?;
                }
                csv.finish()?;
            }
            Format::Ndjson => {
                let mut lines = Ndjson::of(self.columns, sink);
                while let Some(page) = pages.opened().await? {
                    page.iter().try_for_each(|record| lines.push(record))?;
                }
                lines.finish()?;
            }
            Format::Xlsx => {
                // Buffered rows go to the disk of the file, because that disk has the room.
                let spool = sink.folder();
                let look = Look { spool, ..Look::new(self.lang, SystemClock.now()) };
                let mut book = Workbook::of(self.columns, look)?;
                while let Some(page) = pages.opened().await? {
                    page.iter().try_for_each(|record| book.push(record))?;
                }
                block_in_place(|| book.finish(sink))?;
            }
            Format::Fhir(release) => {
                let mut bundle = Bundle::new(sink, release, SystemClock.now())?;
                while let Some(page) = pages.opened().await? {
                    for incident in &page {
                        let trail = session.incidents().trail(incident.record().id()).await?;
                        bundle.push(incident, Some(&trail))?;
                    }
                }
                bundle.finish()?;
            }
            Format::Mim => {
                while let Some(page) = pages.opened().await? {
                    for incident in &page {
                        let line = serde_json::to_string(&Mim::of(incident)?);
                        let line =
                            line.map_err(|error| Error::bug("a model is always JSON").because(error))?;
                        writeln!(sink, "{line}").map_err(unwritten)?;
                    }
                }
            }
            Format::Deidentified => {
                let mut counts = Deidentified::default();
                while let Some(page) = pages.next().await? {
                    for record in page {
                        // No field is opened, so no text is exported.
                        counts.push(&Opened::only(session, record, &[])?)?;
                    }
                }
                counts.csv(sink)?;
            }
            Format::Pdf => self.pdf(session, sink).await?,
            Format::Audit(paper) => self.audit(paper, session, pages, sink).await?,
        }
        Ok(())
    }

    async fn pdf(&self, session: &Session, sink: &mut Sink) -> Outcome<()> {
        let id = self.incident.ok_or_else(|| Error::bug("a PDF without an incident was refused before"))?;
        let incidents = session.incidents();
        let incident = Opened::of(session, incidents.load(id).await?)?;
        let follow_ups = incidents.follow_ups(id).await?.into_iter();
        let follow_ups =
            follow_ups.map(|record| Opened::of(session, record)).collect::<Result<Vec<_>, _>>()?;
        let trail = incidents.trail(id).await?;
        let report = Incident {
            incident: &incident,
            follow_ups: &follow_ups,
            trail: Some(&trail),
            scheme: None,
            checkpoint: None,
            made_by: session.actor().id().as_str(),
            made_at: SystemClock.now(),
        };
        Ok(block_in_place(|| report.write(fonts()?, self.lang, sink))?)
    }

    async fn audit(self, paper: Paper, session: &Session, mut pages: Pages, sink: &mut Sink) -> Outcome<()> {
        let mut report = AuditReport::new(self.filter);
        while let Some(page) = pages.next().await? {
            for record in page {
                report.add(session.trail(&self.kind, record.id()).await?);
            }
        }
        match paper {
            Paper::Csv => drop(report.csv(sink)?),
            Paper::Json => drop(report.json(sink)?),
            Paper::Pdf => {
                let (org, scope) = (session.eovr().org(), session.scope());
                let first = org.stamps().find(|stamp| scope.covers(stamp));
                let zone = first.map_or(TimeZone::UTC, |stamp| org.zone(&stamp.facility));
                let made = Made { by: session.actor().id().as_str(), at: SystemClock.now(), zone };
                block_in_place(|| report.pdf(fonts()?, self.lang, &made, sink).map(drop))?;
            }
        }
        Ok(())
    }
}

/// The columns with the titles of the dict `titles`: from a name to its English and its Arabic title.
fn titled(columns: Columns, asked: &Bound<'_, PyAny>) -> Outcome<Columns> {
    let titles = asked.getattr("titles")?;
    let mut all = Vec::new();
    for (name, title) in titles.cast::<PyDict>().map_err(PyErr::from)?.iter() {
        let (Text(name), (Text(en), Text(ar))) = (name.extract()?, title.extract()?);
        all.push((name, en, ar));
    }
    let all: Vec<_> = all.iter().map(|(name, en, ar)| (name.as_str(), en.as_str(), ar.as_str())).collect();
    Ok(columns.titled(&all)?)
}

/// Read once per process.
fn fonts() -> Result<&'static Fonts, Error> {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    if let Some(fonts) = FONTS.get() {
        return Ok(fonts);
    }
    let fonts = Fonts::embedded()?;
    Ok(FONTS.get_or_init(|| fonts))
}

/// Whether the actor may export this, by the engine's own table of actions.
pub(crate) fn allowed(session: &Session, action: &str) -> Outcome<()> {
    let (of, action) = (name!("exports"), Name::new(action)?);
    let row = session.eovr().catalog().actions().row(&of, &action);
    if row.is_some_and(|row| row.allows(session.actor())) {
        return Ok(());
    }
    let who = session.actor().capacity();
    Err(Error::new(ErrorKind::Denied, format!("`{who}` may not take out a {action}")).into())
}

/// The destination: memory, or a file that gets its name when it is complete. An incomplete file is removed, after an
/// error and after the caller is gone.
enum Sink {
    Memory(Vec<u8>),
    File { part: BufWriter<NamedTempFile>, path: PathBuf },
}

/// The result: bytes, or the path of the file.
pub(crate) enum Product {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl Sink {
    fn new(to: Option<&Path>) -> Outcome<Self> {
        let Some(path) = to else { return Ok(Self::Memory(Vec::new())) };
        let part = tempfile::Builder::new().prefix(".eovr-").suffix(".part").tempfile_in(folder(path));
        let part = BufWriter::with_capacity(1 << 16, part.map_err(unwritten)?);
        Ok(Self::File { part, path: path.to_owned() })
    }

    fn folder(&self) -> Option<PathBuf> {
        if let Self::File { path, .. } = self { Some(folder(path)) } else { None }
    }

    fn finish(self) -> Outcome<Product> {
        match self {
            Self::Memory(bytes) => Ok(Product::Bytes(bytes)),
            Self::File { part, path } => {
                let part = part.into_inner().map_err(|error| unwritten(error.into_error()))?;
                part.as_file().sync_all().map_err(unwritten)?;
                part.persist(&path).map_err(|error| unwritten(error.error))?;
                Ok(Product::File(path))
            }
        }
    }
}

fn folder(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Memory(all) => all.write(bytes),
            Self::File { part, .. } => part.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::File { part, .. } => part.flush(),
        }
    }
}

impl Outward for Product {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Bytes(bytes) => Ok(PyBytes::new(py, &bytes).into_any().unbind()),
            Self::File(path) => path.into_py_any(py),
        }
    }
}

fn unwritten(error: io::Error) -> Error {
    let help = "look at the folder, and at what is left of the disk";
    Error::new(ErrorKind::Unavailable, "the file cannot be written").with_help(help).because(error)
}
