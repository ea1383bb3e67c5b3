//! The list of incidents.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use eovr_core::incident::{IncidentFacets as Facets, KIND, State as Step, taxonomy};
use eovr_core::org::Org;
use eovr_core::org::OrgId;
use eovr_core::record::{Column as Facet, Listed, Query, RecordId, Test};
use eovr_core::risk::Band;
use eovr_core::workflow::Label as _;
use eovr_core::{Session, name};
use eovr_host::http::body::Params;
use eovr_host::http::caller::Caller;
use eovr_host::http::page;
use eovr_host::http::pages::Reader;
use eovr_host::http::problem::Problem;
use eovr_host::http::reply::HandedOut;
use eovr_host::ui::form::Choice;
use eovr_host::ui::latin;
use eovr_host::ui::pieces::{Tone, badge, code, empty};
use eovr_host::ui::table::{Column, Filter, List, filters, pager};
use maud::{Markup, html};
use serde::Deserialize;

use super::words::Words;
use super::{title, tone};
use crate::http::app::App;

/// The rows of a page.
const ROWS: u32 = 25;
/// The facets that a row shows.
const FACETS: &[&str] = &["category", "risk_band", "ai_band", "ai_score", "high_risk"];

/// Which incidents. A value that is none of the known ones filters nothing.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
    category: String,
    band: String,
    facility: String,
    /// A month of the report, such as `2026-01`.
    month: String,
    /// `true`: of high risk only.
    high: String,
    /// A number of an incident, or of a patient's file.
    search: String,
    after: Option<String>,
}

impl Asked {
    /// The filters as the address names them.
    fn pairs(&self) -> [(&'static str, &str); 7] {
        [
            ("state", &self.state),
            ("category", &self.category),
            ("band", &self.band),
            ("facility", &self.facility),
            ("month", &self.month),
            ("high", &self.high),
            ("search", &self.search),
        ]
    }

    fn month(&self) -> Option<u32> {
        let (year, month) = self.month.split_once('-')?;
        let (year, month) = (year.parse::<u32>().ok()?, month.parse::<u32>().ok()?);
        ((2000..2100).contains(&year) && (1..=12).contains(&month)).then_some(year * 100 + month)
    }
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let language = reader.language;
    let words = Words(language);
    let found = match searched(&session, &asked).await? {
        Some(id) => return Ok(Redirect::to(&format!("/incidents/{id}")).into_response()),
        None => session.list(&query(&session, &asked)?, FACETS).await?,
    };
    for id in &found.damaged {
        app.kit.auth.alarm.tampered(&id.to_string(), None);
    }
    let org = session.eovr().org();
    let columns = [
        words.number(),
        words.reported_on(),
        words.facility(),
        words.category(),
        words.state(),
        words.risk(),
    ];
    let rows: Vec<Vec<Markup>> = found.items.iter().map(|record| row(&reader, &org, record)).collect();
    let shown = rows.len();
    let next = found.next.map(|next| address(&asked, Some(&next.to_string())));
    let first = asked.after.is_some().then(|| address(&asked, None));
    let main = html! {
        (choices(&reader, &asked))
        p.noprint { a href={ "/exports/incidents.xlsx?lang=" (language.tag()) } { (words.excel()) } }
        @if shown == 0 { (empty(words.no_incidents(), None)) }
        @else {
            (List { caption: &words.list_count(shown as u64), columns: &columns.map(Column::new), rows }.html())
        }
        (pager(language, first.as_deref(), next.as_deref()))
    };
    let mut response = reader.page(&app.kit, words.incidents(), &main);
    response.extensions_mut().insert(HandedOut::of(shown));
    Ok(response)
}

fn row(reader: &Reader, org: &Org, record: &Listed) -> Vec<Markup> {
    let (language, words) = (reader.language, Words(reader.language));
    let (envelope, facets) = (record.envelope(), Facets::listed(record));
    let facility = &envelope.stamp.facility;
    let place = org.title(facility).map_or(facility.as_str(), |title| language.pick(&title.en, &title.ar));
    let (number, path) = (envelope.number.as_deref().unwrap_or("–"), format!("/incidents/{}", envelope.id));
    let risk = match (facets.risk_band(), facets.ai_band()) {
        (Some(band), _) => badge(of_band(band), &title_of_band(reader, band)),
        (None, Some(band)) => html! {
            (badge(of_band(band), &title_of_band(reader, band))) " " small { (words.suggested()) }
        },
        (None, None) => html! { small { (words.not_rated()) } },
    };
    vec![
        html! { a href=(path) { (code(number)) } },
        html! { time datetime=(envelope.created_at) { (language.day(envelope.created_at, &org.zone(facility))) } },
        html! { bdi { (place) } },
        html! { @if let Some(category) = facets.category() { (title(language, category)) } },
        badge(tone(envelope.state.as_str()), &title(language, envelope.state.as_str())),
        risk,
    ]
}

pub(super) fn of_band(band: &str) -> Tone {
    match band {
        "low" => Tone::Good,
        "medium" => Tone::Warning,
        "high" | "extreme" => Tone::Bad,
        _ => Tone::Plain,
    }
}

pub(super) fn title_of_band(reader: &Reader, band: &str) -> String {
    let titles = Band::named(band).map(|band| (band.title_en(), band.title_ar()));
    titles.map_or_else(|| band.to_owned(), |(en, ar)| reader.language.pick(en, ar).to_owned())
}

fn choices(reader: &Reader, asked: &Asked) -> Markup {
    let (language, words) = (reader.language, Words(reader.language));
    let states: Vec<_> =
        Step::ALL.iter().map(|state| (state.name(), title(language, state.name()))).collect();
    let categories: Vec<_> =
        taxonomy::CATEGORIES.iter().map(|category| (category.code, title(language, category.code))).collect();
    let bands: Vec<_> =
        Band::ALL.iter().map(|band| (band.name(), title_of_band(reader, band.name()))).collect();
    let [states, categories, bands] = [&states, &categories, &bands]
        .map(|all| all.iter().map(|(value, text)| Choice::new(value, text)).collect::<Vec<_>>());
    let filter = |name, label, choices, chosen| Filter { name, label, choices, chosen };
    filters(
        language,
        "/incidents",
        &[
            filter("state", words.state(), &states, &asked.state),
            filter("category", words.category(), &categories, &asked.category),
            filter("band", words.risk(), &bands, &asked.band),
            filter("search", words.search(), &[], &asked.search),
        ],
    )
}

/// The one incident that has the number that was searched for.
async fn searched(session: &Session, asked: &Asked) -> Result<Option<RecordId>, Problem> {
    let number = latin(asked.search.trim()).to_uppercase();
    if !number.starts_with("OVR-") {
        return Ok(None);
    }
    let query = Query::of(KIND).limit(1).filter(Facet::Number, Test::Is(number.as_str().into()));
    Ok(session.list(&query, &[]).await?.items.first().map(|record| record.envelope().id))
}

fn query(session: &Session, asked: &Asked) -> Result<Query, Problem> {
    let mut query = Query::of(KIND).limit(ROWS);
    if let Some(month) = asked.month() {
        query = query.filter(Facet::Month, Test::Is(i64::from(month).into()));
    }
    if asked.high == "true" {
        query = query.filter(Facet::Facet(name!("high_risk")), Test::Is(true.into()));
    }
    if let Ok(facility) = OrgId::new(&asked.facility) {
        query = query.filter(Facet::Facility, Test::Is(facility.as_str().into()));
    }
    if !asked.search.trim().is_empty() {
        // Anything that is no number of an incident is one of a patient's file, which is sealed.
        let (column, test) = session.sealed_is(&KIND, "medical_file_number", &asked.search)?;
        query = query.filter(column, test);
    }
    let known = [
        (Facet::State, &asked.state, Step::named(&asked.state).is_some()),
        (Facet::Facet(name!("category")), &asked.category, taxonomy::find(&asked.category).is_ok()),
        (Facet::Facet(name!("risk_band")), &asked.band, Band::named(&asked.band).is_some()),
    ];
    for (column, value, known) in known {
        if known {
            query = query.filter(column, Test::Is(value.as_str().into()));
        }
    }
    Ok(query.after(asked.after.as_deref().map(page::place).transpose()?))
}

/// The address of this list, at another page.
fn address(asked: &Asked, after: Option<&str>) -> String {
    let pairs = asked
        .pairs()
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .chain(after.map(|after| ("after", after)));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    if query.is_empty() { "/incidents".to_owned() } else { format!("/incidents?{query}") }
}
