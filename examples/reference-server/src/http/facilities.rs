//! The facilities, and the poster in each waiting room with the address of the facility's report page.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use eovr_core::analyst::Trained;
use eovr_core::identity::facility::{self, ReportLink};
use eovr_core::record::{Query, Record, RecordId};
use eovr_core::{Command, Name, Session};
use eovr_host::http::body::{Json, Params, Site};
use eovr_host::http::caller::Caller;
use eovr_host::http::page::{After, next};
use eovr_host::http::problem::{Code, Problem};
use eovr_host::http::reply::{self, Answered, json};
use eovr_host::http::routes::{Access, Endpoint, Routes};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::values;
use crate::provider::Dialect;

/// A facility.
#[derive(Serialize, ToSchema)]
#[schema(as = Facility)]
pub(crate) struct Listed<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    state: &'a str,
    /// Its id in the organisation.
    facility: &'a str,
    administration: &'a str,
    governorate: &'a str,
    title_en: &'a str,
    title_ar: &'a str,
    time_zone: &'a str,
    /// Where visitors report; none where there is no such address.
    link: Option<&'a str>,
    /// Who may be sent narratives of here to be read, once names are taken out. None: nothing leaves.
    processors: Vec<String>,
}

/// A page of facilities.
#[derive(Serialize, ToSchema)]
pub(crate) struct Facilities<'a> {
    items: Vec<Listed<'a>>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
}

/// Who may be sent narratives of a facility to be read, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allowance {
    /// These and no others. None: nothing leaves.
    #[schema(value_type = Vec<values::Provider>)]
    processors: Vec<String>,
    #[schema(value_type = values::Reason)]
    reason: String,
}

/// The address of a facility's poster.
#[derive(Serialize, ToSchema)]
#[schema(as = Poster)]
pub(crate) struct Given {
    link: String,
    /// What the poster's QR code holds.
    url: String,
}

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    let may = |action| Access::Action { of: facility::KIND, action };
    routes
        .add(
            Endpoint::get("/api/facilities", Access::Reads(facility::KIND), "Lists facilities in scope")
                .asks::<After>()
                .gives::<Facilities<'_>>(),
            list,
        )
        .add(
            Endpoint::post("/api/facilities/{id}/link", may("give_link"), "Gives the poster a new address")
                .gives::<Given>()
                .secret(),
            rotate,
        )
        .add(
            Endpoint::delete(
                "/api/facilities/{id}/link",
                may("revoke_link"),
                "Takes the poster's address away",
            ),
            revoke,
        )
        .add(
            Endpoint::get(
                "/api/facilities/{id}/qr",
                Access::Reads(facility::KIND),
                "Draws the poster's code, SVG",
            )
            .tells(&["image/svg+xml"])
            .also(&[409]),
            draw,
        )
        .add(
            Endpoint::post(
                "/api/facilities/{id}/processors",
                may("allow_processors"),
                "Says who may be sent narratives of a facility",
            )
            .takes::<Allowance>(),
            allow,
        )
}

async fn list(Caller(session): Caller, Params(after): Params<After>) -> Answered {
    let query = Query::of(facility::KIND).limit(after.limit()?).after(after.cursor()?);
    let page = session.find(&query).await?;
    let items = page.items.iter().map(listed).collect();
    reply::page(page.items.len(), &Facilities { items, next: next(page.next) })
}

fn listed(record: &Record) -> Listed<'_> {
    let text = |name| record.facet(name).and_then(|value| value.as_text()).unwrap_or_default();
    let stamp = &record.envelope().stamp;
    Listed {
        id: record.id(),
        state: record.state().as_str(),
        facility: stamp.facility.as_str(),
        administration: stamp.administration.as_str(),
        governorate: stamp.governorate.as_str(),
        title_en: text("title_en"),
        title_ar: text("title_ar"),
        time_zone: text("time_zone"),
        link: record.facet("link").and_then(|value| value.as_text()),
        processors: facility::processors(record).iter().map(ToString::to_string).collect(),
    }
}

async fn rotate(
    State(app): State<App>,
    Caller(session): Caller,
    Site(id): Site,
    headers: HeaderMap,
) -> Answered {
    let link = ReportLink::draw(&mut app.kit.auth.authentication.entropy()?);
    session.act(&facility::KIND, id, link.command()).await?;
    json(&Given { link: link.to_string(), url: poster(&app, &headers, &link.to_string()) })
}

async fn revoke(Caller(session): Caller, Site(id): Site) -> Answered {
    act(&session, id, ReportLink::revocation()).await
}

async fn allow(Caller(session): Caller, Site(id): Site, Json(allowance): Json<Allowance>) -> Answered {
    let known = |name: &String| match Trained::PROCESSOR == **name {
        true => Name::new(name),
        false => name.parse::<Dialect>().and_then(|dialect| Name::new(dialect.name())),
    };
    let processors = allowance.processors.iter().map(known).collect::<Result<Vec<_>, _>>().map_err(|_| {
        let accepted =
            format!("`{}`, `{}`", Dialect::ALL.map(Dialect::name).join("`, `"), Trained::PROCESSOR);
        Problem::invalid("processors", "it has one that is not known", accepted)
    })?;
    act(&session, id, facility::allowance(&processors).note(allowance.reason)).await
}

async fn act(session: &Session, id: RecordId, command: Command) -> Answered {
    session.act(&facility::KIND, id, command).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn draw(
    State(app): State<App>,
    Caller(session): Caller,
    Site(id): Site,
    headers: HeaderMap,
) -> Answered {
    let record = session.load(&facility::KIND, id).await?;
    let link = record.facet("link").and_then(|value| value.as_text());
    let link = link.ok_or_else(|| {
        Problem::new(Code::Conflict).detail("the facility has no address for visitors; give it one first")
    })?;
    let code = QrCode::new(poster(&app, &headers, link))
        .map_err(|error| Problem::internal(format!("an address is no code: {error}")))?;
    let picture = code.render::<svg::Color<'_>>().min_dimensions(256, 256).build();
    let mut response: Response = picture.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml; charset=utf-8"));
    Ok(response)
}

/// The URL that a poster shows: below the configured public URL, or the host that the client used.
pub(super) fn poster(app: &App, headers: &HeaderMap, link: &str) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let scheme = if app.kit.production { "https" } else { "http" };
    match &app.kit.public_url {
        Some(url) => format!("{}/r/{link}", url.trim_end_matches('/')),
        None => format!("{scheme}://{host}/r/{link}"),
    }
}
