//! `POST /api/report/{link}`: a report by a visitor at a facility's poster, without an account.

use axum::extract::State;
use eovr_core::ErrorKind;
use eovr_core::access::{Actor, danger};
use eovr_core::identity::facility::ReportLink;
use eovr_core::incident::{KIND, ReceiptCode, Report, Reporter, taxonomy};
use eovr_core::org::Stamp;
use eovr_core::record::ActorId;
use eovr_host::http::auth::Category;
use eovr_host::http::body::Json;
use eovr_host::http::problem::{Code, Problem};
use eovr_host::http::repeat::{Keyed, Seed};
use eovr_host::http::reply::{Answered, created, json};
use eovr_host::http::routes::{Access, Endpoint, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::values;
use crate::http::path::Poster;

/// What a visitor tells.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VisitorReport {
    /// What kind of event: a code of the list that `GET` gives.
    #[schema(value_type = values::Category)]
    pub(super) category: String,
    /// What happened, in the visitor's own words: 10 to 60,000 characters.
    #[schema(value_type = values::Narrative)]
    pub(super) description: String,
    /// Whether the visitor is the patient, or does not say.
    #[serde(default)]
    pub(super) anonymous: bool,
    /// Where in the facility: the code of a ward or unit.
    #[serde(default)]
    #[schema(value_type = Option<values::ShortCode>)]
    pub(super) location: Option<String>,
}

/// What a visitor is shown before anything is asked.
#[derive(Serialize, ToSchema)]
pub(crate) struct Welcome<'a> {
    title_en: &'a str,
    title_ar: &'a str,
    categories: Vec<Choice>,
}

/// A kind of event.
#[derive(Serialize, ToSchema)]
pub(crate) struct Choice {
    code: &'static str,
    title_en: &'static str,
    title_ar: &'static str,
}

/// What a visitor gets back.
#[derive(Serialize, ToSchema)]
pub(crate) struct Thanks {
    /// The incident's number, as people say it.
    pub(super) number: Option<String>,
    /// With this code the visitor follows the report. It is shown this once.
    pub(super) receipt: String,
}

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    const PATH: &str = "/api/report/{link}";
    routes
        .add(
            Endpoint::get(PATH, Access::Public, "Says whose poster it is, and what may be reported")
                .gives::<Welcome<'_>>()
                .counted(Category::Visit),
            welcome,
        )
        .add(
            Endpoint::post(PATH, Access::Public, "Takes a report from the poster's address")
                .takes::<VisitorReport>()
                .creates::<Thanks>()
                .counted(Category::Visit),
            report,
        )
}

async fn welcome(State(app): State<App>, Poster(link): Poster) -> Answered {
    let stamp = place(&app, link).await?;
    let org = app.kit.eovr.org();
    let title = org.title(&stamp.facility);
    let choices = taxonomy::CATEGORIES.iter().map(|category| Choice {
        code: category.code,
        title_en: category.title_en,
        title_ar: category.title_ar,
    });
    json(&Welcome {
        title_en: title.map_or("", |title| title.en.as_str()),
        title_ar: title.map_or("", |title| title.ar.as_str()),
        categories: choices.collect(),
    })
}

async fn report(
    State(app): State<App>,
    Poster(link): Poster,
    Keyed(seed): Keyed,
    Json(told): Json<VisitorReport>,
) -> Answered {
    let report = Report {
        category: told.category,
        description: told.description,
        location: told.location,
        reporter: if told.anonymous { Reporter::Anonymous } else { Reporter::Patient },
        ..Report::default()
    };
    created(1, "/api/report/receipt", &take(&app, link, seed, report).await?)
}

/// Stores a report from a poster, once for each key.
///
/// # Errors
/// `NotFound` if no poster has this address; `TooMany` above the rate limit of the poster or facility; `InvalidInput`
/// if the report is not valid, or if its key came with another report.
pub(super) async fn take(
    app: &App,
    link: Option<ReportLink>,
    seed: Option<Seed>,
    report: Report,
) -> Result<Thanks, Problem> {
    let stamp = place(app, link).await?;
    let facility = stamp.facility.clone();
    // The limits count requests from all addresses, because each report stays forever and notifies people.
    app.kit.auth.rates.by_name(Category::Poster, &link.map(|link| link.to_string()).unwrap_or_default())?;
    app.kit.auth.rates.by_name(Category::Facility, facility.as_str())?;
    let visitor = app.kit.eovr.session(Actor::visitor(ActorId::new("poster")?, stamp));
    let Some(seed) = seed else {
        let reported = visitor.incidents().report(&facility, report).await?;
        return Ok(Thanks::new(reported.written.number, &reported.receipt));
    };
    let receipt = ReceiptCode::from_bytes(seed.bytes());
    match visitor.incidents().report_with(&facility, seed.record(), receipt.clone(), report).await {
        Ok(reported) => Ok(Thanks::new(reported.written.number, &receipt)),
        Err(error) if error.kind() == ErrorKind::Conflict => again(app, &seed, &receipt).await,
        Err(error) => Err(error.into()),
    }
}

/// Repeats the first answer, if the report exists from before a restart or from another node.
async fn again(app: &App, seed: &Seed, receipt: &ReceiptCode) -> Result<Thanks, Problem> {
    let software = danger::unrestricted("eovr-server.visitors", "find a report that was sent twice")?;
    let record = app.kit.eovr.session(software).load(&KIND, seed.record()).await?;
    // The receipt is also derived from the address and the body, and the record has only its digest.
    if !receipt.is_of(&record) {
        return Err(Seed::other_body());
    }
    Ok(Thanks::new(record.envelope().number.clone(), receipt))
}

impl Thanks {
    fn new(number: Option<String>, receipt: &ReceiptCode) -> Self {
        Self { number, receipt: receipt.to_string() }
    }
}

/// The facility of the poster with this address. A removed poster and an unknown address get the same answer.
pub(super) async fn place(app: &App, link: Option<ReportLink>) -> Result<Stamp, Problem> {
    let nowhere = || Problem::new(Code::NotFound).detail("nothing is taken at this address; ask at the desk");
    let link = link.ok_or_else(nowhere)?;
    let software = danger::unrestricted("eovr-server.visitors", "find the facility of a poster")?;
    let found = app.kit.eovr.session(software).find(&link.find()).await?.items;
    found.first().map(|record| record.envelope().stamp.clone()).ok_or_else(nowhere)
}
