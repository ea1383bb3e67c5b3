//! Exports: a list of incidents as an Excel workbook, one incident as PDF.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use eovr_core::export::given::{Content, Format};
use eovr_core::export::pdf::Incident as Report;
use eovr_core::export::{Given, Lang, Look, Opened, Workbook};
use eovr_core::incident::KIND;
use eovr_core::record::{Query, Record};
use eovr_core::{Error, Name, Session};
use eovr_host::checkpoint::Kept;
use eovr_host::http::auth::{Arrival, Trace};
use eovr_host::http::body::Params;
use eovr_host::http::caller::Caller;
use eovr_host::http::places::{Share, Turn};
use eovr_host::http::problem::{Code, Problem};
use eovr_host::http::reply::{Answered, HandedOut, held};
use eovr_host::http::routes::{Access, Endpoint, Routes};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use crate::http::path::ReportFile;

const OF: Name = Name::from_static("exports");
/// An export of more rows than this requires a fresh proof.
const WITHOUT_PROOF: usize = 100;
/// The most rows in one workbook over HTTP; the command line has no limit.
const MOST: usize = 20_000;

/// How it is written.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The language: `en` where nothing is said.
    #[param(inline)]
    lang: Option<Tongue>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tongue {
    En,
    Ar,
    Both,
}

impl Asked {
    fn lang(&self) -> Lang {
        match self.lang {
            None | Some(Tongue::En) => Lang::En,
            Some(Tongue::Ar) => Lang::Ar,
            Some(Tongue::Both) => Lang::Both,
        }
    }
}

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    let may = |action| Access::Action { of: OF, action };
    const EXCEL: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    routes
        .add(
            Endpoint::get(
                "/api/exports/incidents.xlsx",
                may("list"),
                "Gives incidents in scope as a workbook",
            )
            .asks::<Asked>()
            .tells(&[EXCEL])
            .also(&[409]),
            list,
        )
        .add(
            Endpoint::get("/api/exports/incidents/{file}", may("report"), "Gives an incident as PDF: ID.pdf")
                .asks::<Asked>()
                .tells(&["application/pdf"]),
            report,
        )
}

/// The same files for the session of a browser.
pub(super) fn pages(routes: Routes<App>) -> Routes<App> {
    let may = |action| Access::Action { of: OF, action };
    routes
        .add(Endpoint::page("/exports/incidents.xlsx", may("list"), "Gives incidents as a workbook"), list)
        .add(Endpoint::page("/exports/incidents/{file}", may("report"), "Gives an incident as PDF"), report)
}

async fn list(
    State(app): State<App>,
    Caller(session): Caller,
    arrival: axum::Extension<Arrival>,
    trace: Trace,
    Params(asked): Params<Asked>,
) -> Answered {
    let turn = app.kit.exports.turn(session.actor().id().as_str()).await?;
    let mut pages = session.pages(Query::of(KIND).limit(Query::LARGEST_PAGE));
    let mut all = Vec::new();
    while let Some(page) = pages.next().await? {
        for id in page.damaged {
            app.kit.auth.alarm.tampered(&id.to_string(), Some(&trace));
        }
        for record in page.items {
            all.push(opened(&app, &session, record, &trace)?);
        }
        if all.len() > WITHOUT_PROOF {
            let person = arrival.person.as_ref().ok_or_else(|| {
                let said =
                    "an export of more than a hundred incidents needs an account that has logged in here";
                Problem::new(Code::Denied).detail(said)
            })?;
            app.kit.auth.authentication.needs_proof(person)?;
        }
        if all.len() > MOST {
            let said = "there are too many incidents for one file; `eovr-server export` has no limit";
            return Err(Problem::new(Code::Conflict).detail(said));
        }
    }
    let (look, rows) = (Look::new(asked.lang(), app.kit.auth.authentication.now()), all.len());
    let made = made(turn, move || {
        let mut book = Workbook::new(look)?;
        all.iter().try_for_each(|incident| book.push(incident))?;
        book.finish(Vec::new())
    });
    let made = made.await?;
    let given = Given::new(Format::Xlsx, Content::Incidents).filter("lang", asked.lang());
    given.enter(&session, rows as u64).await?;
    let media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    handed_out(rows, file(made, media, "incidents.xlsx")?)
}

async fn report(
    State(app): State<App>,
    Caller(session): Caller,
    trace: Trace,
    ReportFile(id): ReportFile,
    Params(asked): Params<Asked>,
) -> Answered {
    // The turn comes first, so that no records wait in memory.
    let turn = app.kit.exports.turn(session.actor().id().as_str()).await?;
    let incidents = session.incidents();
    let record = incidents.load(id).await?;
    let number = record.envelope().number.clone().unwrap_or_else(|| id.to_string());
    let given = Given::new(Format::Pdf, Content::Incidents).about(&record).filter("lang", asked.lang());
    let incident = opened(&app, &session, record, &trace)?;
    let follow_ups = incidents.follow_ups(id).await?;
    let follow_ups = follow_ups.into_iter().map(|record| opened(&app, &session, record, &trace));
    let follow_ups = follow_ups.collect::<Result<Vec<_>, _>>()?;
    let trail = incidents.trail(id).await?;
    if !trail.verdict.is_intact() {
        app.kit.auth.alarm.tampered(&id.to_string(), Some(&trace));
    }
    let (made_by, made_at, lang) = (who(&session), app.kit.auth.authentication.now(), asked.lang());
    let made = made(turn, move || {
        let checkpoint = last_checkpoint(&app.kit.kept);
        let report = Report {
            incident: &incident,
            follow_ups: &follow_ups,
            trail: Some(&trail),
            scheme: None,
            checkpoint: checkpoint.as_deref(),
            made_by: &made_by,
            made_at,
        };
        let mut bytes = Vec::new();
        report.write(app.fonts.fonts()?, lang, &mut bytes)?;
        Ok(bytes)
    });
    let made = made.await?;
    // The export is recorded before the file is sent, so that no export lacks a record.
    given.enter(&session, 1).await?;
    handed_out(1, file(made, "application/pdf", &format!("{number}.pdf"))?)
}

/// Opens a record. A damaged field raises an alert and does not block the other fields.
fn opened(app: &App, session: &Session, record: Record, trace: &Trace) -> Result<Opened, Problem> {
    let opened = Opened::of(session, record)?;
    if opened.is_damaged() {
        app.kit.auth.alarm.tampered(&opened.record().id().to_string(), Some(trace));
    }
    Ok(opened)
}

/// Adds the number of rows to the response, for the count of records that each caller reads.
fn handed_out(rows: usize, mut response: Response) -> Answered {
    response.extensions_mut().insert(HandedOut::of(rows));
    Ok(response)
}

/// The last checkpoint. A failure to read it does not stop the report.
fn last_checkpoint(kept: &Kept) -> Option<String> {
    kept.last().unwrap_or_else(|failure| {
        tracing::warn!("a report was made without a checkpoint: {failure}");
        None
    })
}

fn who(session: &Session) -> String {
    session.actor().id().to_string()
}

/// A file, and the share of the queue that its caller holds.
type Made = (Vec<u8>, Share);

async fn made(
    turn: Turn,
    work: impl FnOnce() -> Result<Vec<u8>, Error> + Send + 'static,
) -> Result<Made, Problem> {
    let (bytes, share) = turn.work(work).await?;
    Ok((bytes?, share))
}

fn file((bytes, share): Made, media: &'static str, name: &str) -> Answered {
    let mut response = held(bytes, share);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    let name = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    headers.insert(header::CONTENT_DISPOSITION, name.map_err(|error| Problem::internal(error.to_string()))?);
    Ok(response)
}
