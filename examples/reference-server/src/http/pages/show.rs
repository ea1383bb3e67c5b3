//! One incident: what was told, where it stands, and what can be done with it.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use eovr_core::incident::{IncidentFacets as Facets, KIND, State as Step};
use eovr_core::record::Record;
use eovr_core::service::Legal;
use eovr_core::workflow::Label as _;
use eovr_core::{Command, Session};
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::{Form, Reader};
use eovr_host::http::problem::Problem;
use eovr_host::ui::form::{Field, Mistakes};
use eovr_host::ui::pieces::{self, Said, badge, card, code, facts};
use maud::{Markup, html};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::list::{of_band, title_of_band};
use super::words::Words;
use super::{title, tone};
use crate::http::app::App;
use crate::http::incidents::{STEPS, readable};
use crate::http::path::Incident;

/// An action of the workflow, as its button sends it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    action: String,
    note: String,
    version: u64,
}

pub(super) async fn show(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    Incident(id): Incident,
) -> Result<Response, Problem> {
    let record = session.load(&KIND, id).await?;
    let legal = session.legal(&record).await?;
    let words = Words(reader.language);
    let number = record.envelope().number.clone().unwrap_or_default();
    let main = html! {
        (steps(&reader, &record))
        div.cols {
            div {
                (card(words.what_happened(), &text(&app, &session, &reader, &record, "description")?))
                (card(words.what_next(), &next(&reader, &record, &legal)))
            }
            div {
                (card(words.facts(), &told(&app, &session, &reader, &record)?))
                (card(words.risk(), &risk(&reader, &record)))
            }
        }
    };
    Ok(reader.page(&app.kit, &words.incident(&number), &main))
}

pub(super) async fn act(
    Caller(session): Caller,
    Incident(id): Incident,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let mut command = Command::new(&sent.action).expecting(sent.version);
    if !sent.note.trim().is_empty() {
        command = command.note(sent.note);
    }
    session.act(&KIND, id, command).await?;
    Ok(Redirect::to(&format!("/incidents/{id}")).into_response())
}

fn steps(reader: &Reader, record: &Record) -> Markup {
    let here = record.state().as_str();
    let at = Step::ALL.iter().position(|state| state.name() == here);
    let titles: Vec<_> = Step::ALL.iter().map(|state| title(reader.language, state.name())).collect();
    let steps: Vec<_> = titles
        .iter()
        .enumerate()
        .filter(|(place, _)| Step::ALL.get(*place) != Some(&Step::MoreInfoNeeded) || at == Some(*place))
        .map(|(place, text)| pieces::Step {
            text,
            done: at.is_some_and(|at| place < at),
            here: at == Some(place),
        })
        .collect();
    pieces::steps(reader.language, &steps)
}

/// A sealed text, or why it cannot be read.
fn text(
    app: &App,
    session: &Session,
    reader: &Reader,
    record: &Record,
    field: &str,
) -> Result<Markup, Problem> {
    let words = Words(reader.language);
    let text: Option<Option<Zeroizing<String>>> = readable(app, session.open(record, field))?;
    Ok(match text {
        None => html! { p { (words.unreadable()) } },
        Some(None) => html! { span.soft { (words.not_said()) } },
        Some(Some(text)) => html! { (Said { text: &text, marks: &[] }) },
    })
}

fn told(app: &App, session: &Session, reader: &Reader, record: &Record) -> Result<Markup, Problem> {
    let (language, words) = (reader.language, Words(reader.language));
    let (envelope, of) = (record.envelope(), Facets::of(record));
    let org = session.eovr().org();
    let facility = &envelope.stamp.facility;
    let zone = org.zone(facility);
    let place = org.title(facility).map_or(facility.as_str(), |title| language.pick(&title.en, &title.ar));
    let or_not = |value: Option<String>| match value {
        Some(value) => html! { bdi { (value) } },
        None => html! { span.soft { (words.not_said()) } },
    };
    let state = envelope.state.as_str();
    Ok(facts(&[
        (words.number(), code(envelope.number.as_deref().unwrap_or("–"))),
        (words.state(), badge(tone(state), &title(language, state))),
        (words.facility(), html! { bdi { (place) } }),
        (words.category(), or_not(of.category().map(|category| title(language, category)))),
        (words.reported_on(), or_not(Some(language.moment(envelope.created_at, &zone)))),
        (words.occurred_on(), or_not(of.occurred_at().map(|at| language.moment(at, &zone)))),
        (words.place(), or_not(of.location().map(str::to_owned))),
        (words.reporter(), or_not(of.reporter_type().map(|reporter| title(language, reporter)))),
        (words.file_number(), text(app, session, reader, record, "medical_file_number")?),
        (words.involved(), text(app, session, reader, record, "involved_person")?),
        (words.immediate_action(), text(app, session, reader, record, "immediate_action")?),
    ]))
}

fn risk(reader: &Reader, record: &Record) -> Markup {
    let (words, of) = (Words(reader.language), Facets::of(record));
    let band = |band: Option<&str>| match band {
        Some(band) => badge(of_band(band), &title_of_band(reader, band)),
        None => html! { span.soft { (words.not_rated()) } },
    };
    let suggested = html! {
        (band(of.ai_band()))
        @if let Some(score) = of.ai_score().and_then(|score| u64::try_from(score).ok()) {
            " " (words.out_of_hundred(score))
        }
    };
    facts(&[(words.risk_by_person(), band(of.risk_band())), (words.risk_by_ai(), suggested)])
}

/// The legal actions, each with its button, and the others with what they need.
fn next(reader: &Reader, record: &Record, legal: &[Legal]) -> Markup {
    let (language, words) = (reader.language, Words(reader.language));
    let ours = |legal: &&Legal| STEPS.contains(&legal.action.as_str());
    let (mistakes, path) = (Mistakes::default(), format!("/incidents/{}/act", record.id()));
    let note = |action: &str| {
        let (id, label, hint) = (format!("note-{action}"), words.note(), Some(words.note_hint()));
        Field { language, name: "note", id: Some(&id), label, hint, optional: true, mistakes: &mistakes }
            .lines(2000, "")
    };
    html! {
        @if !legal.iter().any(|legal| ours(&legal)) { p { (words.nothing_to_do()) } }
        @for legal in legal.iter().filter(ours) {
            @let missing: Vec<_> = legal.unmet.iter().filter(|unmet| unmet.need != "note").collect();
            @if missing.is_empty() {
                (pieces::more(&title(language, legal.action.as_str()), &html! {
                    form method="post" action=(path) {
                        input type="hidden" name="action" value=(legal.action);
                        input type="hidden" name="version" value=(record.version());
                        (note(legal.action.as_str()))
                        button { (title(language, legal.action.as_str())) }
                    }
                }))
            } @else {
                p.soft {
                    (title(language, legal.action.as_str())) ": "
                    @for unmet in missing { (words.needs(&unmet.wants)) " " }
                }
            }
        }
    }
}
