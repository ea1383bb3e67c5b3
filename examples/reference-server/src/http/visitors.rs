//! `POST /api/report/{link}`: a report by somebody who stands before a facility's poster, without an account.

use axum::extract::State;
use eovr_core::access::{Actor, danger};
use eovr_core::identity::facility::Link;
use eovr_core::incident::{Report, Reporter, taxonomy};
use eovr_core::org::Stamp;
use eovr_core::record::ActorId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::Category;
use super::body::{Json, Poster};
use super::problem::{Code, Problem};
use super::reply::{Answered, created, json};
use super::routes::{Access, Endpoint, Routes};
use super::values;

/// What a visitor tells.
#[derive(Deserialize, ToSchema)]
#[schema(as = VisitorReport)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    /// What kind of event: a code of the list that `GET` gives.
    #[schema(value_type = values::Category)]
    category: String,
    /// What happened, in the visitor's own words: 10 to 60,000 characters.
    #[schema(value_type = values::Narrative)]
    description: String,
    /// Whether the visitor is the patient, or somebody who does not say.
    #[serde(default)]
    anonymous: bool,
    /// Where in the facility: the code of a ward or unit.
    #[serde(default)]
    #[schema(value_type = Option<values::ShortCode>)]
    location: Option<String>,
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
    number: Option<String>,
    /// With this code the visitor follows the report. It is shown this once.
    receipt: String,
}

pub(super) fn routes(routes: Routes) -> Routes {
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
                .takes::<Told>()
                .creates::<Thanks>()
                .counted(Category::Visit)
                .secret(),
            report,
        )
}

async fn welcome(State(app): State<App>, Poster(link): Poster) -> Answered {
    let stamp = place(&app, link).await?;
    let title = app.eovr.org().title(&stamp.facility);
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

async fn report(State(app): State<App>, Poster(link): Poster, Json(told): Json<Told>) -> Answered {
    let stamp = place(&app, link).await?;
    let facility = stamp.facility.clone();
    // What is reported here stays for good, and each tells people of it: wherever it comes from, there is an end.
    app.auth.rates.by_name(Category::Poster, &link.map(|link| link.to_string()).unwrap_or_default())?;
    app.auth.rates.by_name(Category::Facility, facility.as_str())?;
    let visitor = app.eovr.session(Actor::visitor(ActorId::new("poster")?, stamp));
    let reporter = if told.anonymous { Reporter::Anonymous } else { Reporter::Patient };
    let report = Report {
        category: told.category,
        description: told.description,
        location: told.location,
        reporter,
        ..Report::default()
    };
    let reported = visitor.incidents().report(&facility, report).await?;
    let thanks = Thanks { number: reported.written.number, receipt: reported.receipt.to_string() };
    created(reported.written.version, "/api/report/receipt", &thanks)
}

/// Where the poster of this address hangs. One that was taken away looks like one that never was.
async fn place(app: &App, link: Option<Link>) -> Result<Stamp, Problem> {
    let nowhere = || Problem::new(Code::NotFound).detail("nothing is taken at this address; ask at the desk");
    let link = link.ok_or_else(nowhere)?;
    let software = danger::unrestricted("eovr-server.visitors", "find the facility of a poster")?;
    let found = app.eovr.session(software).find(&link.find()?).await?.items;
    found.first().map(|record| record.envelope().stamp.clone()).ok_or_else(nowhere)
}
