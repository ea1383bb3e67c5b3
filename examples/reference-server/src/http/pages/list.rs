//! The list of incidents.

use axum::extract::State;
use axum::response::Response;
use eovr_core::incident::{IncidentFacets as Facets, KIND, State as Step, taxonomy};
use eovr_core::name;
use eovr_core::org::Org;
use eovr_core::record::{Column as Facet, Listed, Query, Test};
use eovr_core::risk::Band;
use eovr_core::workflow::Label as _;
use eovr_host::http::body::Params;
use eovr_host::http::caller::Caller;
use eovr_host::http::page;
use eovr_host::http::pages::Reader;
use eovr_host::http::problem::Problem;
use eovr_host::http::reply::HandedOut;
use eovr_host::ui::form::Choice;
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
    after: Option<String>,
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let language = reader.language;
    let words = Words(language);
    let found = session.list(&query(&asked)?, FACETS).await?;
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
        ],
    )
}

fn query(asked: &Asked) -> Result<Query, Problem> {
    let mut query = Query::of(KIND).limit(ROWS);
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
    let pairs = [("state", asked.state.as_str()), ("category", &asked.category), ("band", &asked.band)];
    let pairs =
        pairs.into_iter().filter(|(_, value)| !value.is_empty()).chain(after.map(|after| ("after", after)));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    if query.is_empty() { "/incidents".to_owned() } else { format!("/incidents?{query}") }
}
