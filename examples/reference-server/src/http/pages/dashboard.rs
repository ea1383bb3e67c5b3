//! `/dashboard`: what needs the reader today, then the figures of the scope.

use axum::extract::State;
use axum::response::Response;
use eovr_core::Session;
use eovr_core::access::Role;
use eovr_core::incident::{IncidentFacets as Facets, KIND, State as Step, Summary};
use eovr_core::name;
use eovr_core::record::{Column, Listed, Query, Test};
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::Reader;
use eovr_host::http::problem::Problem;
use eovr_host::ui::pieces::{badge, card, code, empty};
use maud::{Markup, html};

use super::list::{of_band, title_of_band};
use super::words::Words;
use super::{title, tone};
use crate::http::app::App;

/// The incidents of each list.
const ROWS: u32 = 8;

pub(super) async fn show(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
) -> Result<Response, Problem> {
    let words = Words(reader.language);
    let staff = session.actor().capacity() == Role::Staff.name();
    let main = if staff { own(&session, &reader).await? } else { waiting(&session, &reader).await? };
    Ok(reader.page(&app.kit, words.dashboard(), &main))
}

/// A nurse's page: questions to answer, and the own reports.
async fn own(session: &Session, reader: &Reader) -> Result<Markup, Problem> {
    let words = Words(reader.language);
    let asked = Query::of(KIND).limit(ROWS).filter(Column::State, Test::Is(Step::MoreInfoNeeded.into()));
    let (asked, all) = (list(session, &asked).await?, list(session, &Query::of(KIND).limit(ROWS)).await?);
    Ok(html! {
        p { a.button href="/new" { (words.new_report()) } }
        @if !asked.is_empty() { (card(words.questions_for_you(), &rows(session, reader, &asked))) }
        (card(words.your_reports(), &html! {
            @if all.is_empty() { (empty(words.no_reports_yet(), Some(("/new", words.new_report())))) }
            @else { (rows(session, reader, &all)) }
        }))
    })
}

/// A reviewer's page: what waits, the worst first, then the figures.
async fn waiting(session: &Session, reader: &Reader) -> Result<Markup, Problem> {
    let words = Words(reader.language);
    let high = Query::of(KIND)
        .limit(ROWS)
        .filter(Column::Facet(name!("high_risk")), Test::Is(true.into()))
        .filter(Column::State, Test::Not(Step::Completed.into()));
    let new = Query::of(KIND).limit(ROWS).filter(Column::State, Test::Is(Step::Created.into()));
    let (high, new) = (list(session, &high).await?, list(session, &new).await?);
    let Summary { total, high_risk, pending_review, overdue, .. } = session.incidents().summary().await?;
    let number = |number: u64| reader.language.number(number);
    let figures = [
        (words.figure_high(), high_risk, "/incidents?high=true"),
        (words.figure_new(), pending_review, "/incidents?state=created"),
        (words.figure_overdue(), overdue, "/workflow"),
        (words.figure_all(), total, "/incidents"),
    ];
    Ok(html! {
        ul.figures {
            @for (label, count, path) in figures {
                li { a href=(path) { strong { (number(count)) } " " span { (label) } } }
            }
        }
        div.cols.even {
            (card(words.high_first(), &html! {
                @if high.is_empty() { p.soft { (words.nothing_waits()) } } @else { (rows(session, reader, &high)) }
            }))
            (card(words.not_taken_up(), &html! {
                @if new.is_empty() { p.soft { (words.nothing_waits()) } } @else { (rows(session, reader, &new)) }
            }))
        }
    })
}

async fn list(session: &Session, query: &Query) -> Result<Vec<Listed>, Problem> {
    Ok(session.list(query, &["category", "risk_band", "ai_band"]).await?.items)
}

fn rows(session: &Session, reader: &Reader, all: &[Listed]) -> Markup {
    let (language, org) = (reader.language, session.eovr().org());
    html! {
        ul.plain.rows {
            @for record in all {
                @let (envelope, of) = (record.envelope(), Facets::listed(record));
                li {
                    a href={ "/incidents/" (envelope.id) } { (code(envelope.number.as_deref().unwrap_or("–"))) }
                    @if let Some(category) = of.category() { " " (title(language, category)) }
                    @if let Some(band) = of.risk_band().or(of.ai_band()) {
                        " " (badge(of_band(band), &title_of_band(reader, band)))
                    }
                    " " (badge(tone(envelope.state.as_str()), &title(language, envelope.state.as_str())))
                    br;
                    small { time datetime=(envelope.created_at) {
                        (language.moment(envelope.created_at, &org.zone(&envelope.stamp.facility)))
                    } }
                }
            }
        }
    }
}
