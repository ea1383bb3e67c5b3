//! `/workflow`: the open incidents by state, with those that are late. A card is moved by its buttons, which keyboards reach.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use eovr_core::incident::{IncidentFacets as Facets, KIND, State as Step, Summary};
use eovr_core::record::{Column, Listed, Query, Test};
use eovr_core::workflow::Label as _;
use eovr_core::{Command, Session};
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::{Form, Reader, keyed};
use eovr_host::http::problem::Problem;
use eovr_host::ui::pieces::{Tone, badge, code};
use maud::{Markup, html};

use super::list::{of_band, title_of_band};
use super::title;
use super::words::Words;
use crate::http::app::App;
use crate::http::path::Incident;

/// The cards of a column; the list has the rest.
const CARDS: u32 = 20;
/// The states in the order of the work, and the step that leads on from each.
const COLUMNS: &[(Step, Option<&str>)] = &[
    (Step::Created, Some("start")),
    (Step::InProgress, Some("evaluate")),
    (Step::Evaluating, Some("take_action")),
    (Step::MoreInfoNeeded, None),
    (Step::ActionTaken, Some("complete")),
];

pub(super) async fn show(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
) -> Result<Response, Problem> {
    let words = Words(reader.language);
    let mut columns = Vec::new();
    for (state, step) in COLUMNS {
        let query = Query::of(KIND).limit(CARDS).filter(Column::State, Test::Is((*state).into()));
        let page = session.list(&query, &["category", "risk_band", "ai_band", "disposition"]).await?;
        columns.push((*state, *step, page.items, page.next.is_some()));
    }
    let main = html! {
        div.board {
            @for (state, step, cards, more) in &columns {
                section aria-labelledby={ "state-" (state.name()) } {
                    h2 id={ "state-" (state.name()) } { (title(reader.language, state.name())) }
                    @if cards.is_empty() { p.soft { (words.nothing_waits()) } }
                    ul.plain { @for record in cards { li { (card(&app, &session, &reader, record, *step)) } } }
                    @if *more { p { a href={ "/incidents?state=" (state.name()) } { (words.all_of_them()) } } }
                }
            }
        }
    };
    Ok(reader.page(&app.kit, words.board(), &main))
}

/// Moves a card, and shows the board again.
pub(super) async fn step(
    Caller(session): Caller,
    Incident(id): Incident,
    sent: Form,
) -> Result<Response, Problem> {
    let command = Command::new(sent.text("part"));
    let command = match sent.text("version").parse() {
        Ok(version) => command.expecting(version),
        Err(_) => command,
    };
    session.act(&KIND, id, command).await?;
    Ok(Redirect::to("/workflow").into_response())
}

fn card(app: &App, session: &Session, reader: &Reader, record: &Listed, step: Option<&str>) -> Markup {
    let (language, words) = (reader.language, Words(reader.language));
    let (envelope, of) = (record.envelope(), Facets::listed(record));
    let late = envelope.created_at.plus_seconds(Summary::DAYS_TO_COMPLETE * 24 * 3600)
        < app.kit.auth.authentication.now();
    let zone = session.eovr().org().zone(&envelope.stamp.facility);
    let number = envelope.number.as_deref().unwrap_or("–");
    html! {
        article.card {
            p { a href={ "/incidents/" (envelope.id) } { (code(number)) } }
            @if let Some(category) = of.category() { p { (title(language, category)) } }
            p {
                @if let Some(band) = of.risk_band().or(of.ai_band()) { (badge(of_band(band), &title_of_band(reader, band))) " " }
                @if late { (badge(Tone::Bad, words.overdue())) " " }
                small { (language.day(envelope.created_at, &zone)) }
            }
            @if let Some(step) = step {
                form method="post" action={ "/workflow/" (envelope.id) } {
                    (keyed(""))
                    input type="hidden" name="part" value=(step);
                    input type="hidden" name="version" value=(envelope.version);
                    button.second aria-label={ (verb(words, step)) " · " (number) } { (verb(words, step)) }
                }
            }
        }
    }
}

fn verb(words: Words, step: &str) -> &'static str {
    match step {
        "start" => words.do_start(),
        "evaluate" => words.do_evaluate(),
        "take_action" => words.do_take_action(),
        _ => words.do_complete(),
    }
}
