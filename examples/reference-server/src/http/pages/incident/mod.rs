//! `/incidents/{id}`: one incident. What was told, where it stands, and everything that can be done with it.

mod files;
mod follow_ups;
mod panel;
mod rating;
mod steps;
mod told;
mod trail;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use eovr_core::incident::{FOLLOW_UP, KIND};
use eovr_core::record::{Record, RecordId};
use eovr_core::service::{Legal, Trail};
use eovr_core::{Command, Session};
use eovr_host::http::auth::Trace;
use eovr_host::http::body::Params;
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::{Form, Reader, keyed};
use eovr_host::http::problem::{Code, Problem};
use eovr_host::http::routes::{Access, Endpoint, Routes};
use eovr_host::ui::form::{Field, Mistakes};
use eovr_host::ui::pieces::{Tone, card, note};
use maud::{Markup, html};

use super::words::Words;
use crate::http::app::App;
use crate::http::incidents::{STEPS, attachments};
use crate::http::path::Incident;

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    let does = |action| Access::Action { of: KIND, action };
    let moves = Access::OneOf { of: KIND, actions: STEPS };
    let tends = Access::OneOf { of: FOLLOW_UP, actions: &["finish", "cancel"] };
    let reads = || Access::Reads(KIND);
    routes
        .add(Endpoint::page("/incidents/{id}", reads(), "Shows an incident"), show)
        .add(Endpoint::page("/incidents/{id}/trail", reads(), "Shows the audit trail"), trail::show)
        .add(Endpoint::form("/incidents/{id}/act", moves, "Does an action of the workflow"), steps::act)
        .add(Endpoint::form("/incidents/{id}/assess", does("assess"), "Rates the risk"), rating::assess)
        .add(
            Endpoint::form(
                "/incidents/{id}/ai-review",
                does("review_ai"),
                "Accepts or overrides the AI score",
            ),
            rating::review,
        )
        .add(Endpoint::form("/incidents/{id}/jci", does("edit_jci"), "Fills in the JCI panel"), panel::fill)
        .add(
            Endpoint::form("/incidents/{id}/follow-ups", does("open_follow_up"), "Adds a follow-up action"),
            follow_ups::add,
        )
        .add(
            Endpoint::form("/incidents/{id}/follow-ups/{action}", tends, "Ends a follow-up action"),
            follow_ups::end,
        )
        .add(Endpoint::form("/incidents/{id}/files", does("attach"), "Adds files").uploads(), files::attach)
        .add(
            Endpoint::page("/incidents/{id}/files/{file}", files::reads(), "Gives a file"),
            attachments::read,
        )
}

/// An incident as its page shows it.
struct View<'a> {
    app: &'a App,
    session: &'a Session,
    reader: &'a Reader,
    words: Words,
    record: &'a Record,
    trail: &'a Trail,
    legal: &'a [Legal],
    /// A form that came back, and what is wrong with it.
    sent: Option<&'a Form>,
    mistakes: &'a Mistakes,
}

async fn show(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    trace: Trace,
    Incident(id): Incident,
    asked: Params<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let (title, main) = main(&app, &session, &reader, Some(&trace), id, Came::default()).await?;
    let taken = asked.0.contains_key("new").then(|| {
        html! {
            div data-taken { (note(Tone::Good, Words(reader.language).incident_taken())) }
        }
    });
    Ok(reader.page(&app.kit, &title, &html! { @if let Some(taken) = taken { (taken) } (main) }))
}

/// How a form came back.
#[derive(Default)]
struct Came<'a> {
    sent: Option<&'a Form>,
    mistakes: Mistakes,
    said: Option<&'static str>,
}

/// Title and content of the page.
async fn main(
    app: &App,
    session: &Session,
    reader: &Reader,
    trace: Option<&Trace>,
    id: RecordId,
    came: Came<'_>,
) -> Result<(String, Markup), Problem> {
    // One reading for the record, its legal actions and its trail, so that they are of one version.
    let trail = session.incidents().trail(id).await?;
    if !trail.verdict.is_intact() {
        app.kit.auth.alarm.tampered(&id.to_string(), trace);
    }
    let legal = session.legal(&trail.record).await?;
    let words = Words(reader.language);
    let view = View {
        app,
        session,
        reader,
        words,
        record: &trail.record,
        trail: &trail,
        legal: &legal,
        sent: came.sent,
        mistakes: &came.mistakes,
    };
    let number = view.record.envelope().number.as_deref().unwrap_or("–");
    let main = html! {
        (came.mistakes.summary(reader.language))
        @if let Some(said) = came.said { (note(Tone::Bad, said)) }
        @if !trail.verdict.is_intact() { (note(Tone::Bad, words.trail_broken())) }
        (view.step_bar())
        div.cols {
            div {
                (card(words.what_happened(), &view.narrative()?))
                (view.conversation())
                (view.next())
                (view.follow_ups().await?)
                (view.panel()?)
            }
            div {
                (card(words.risk(), &view.risk()))
                (card(words.facts(), &view.facts()?))
                (view.files().await?)
                (view.papers())
            }
        }
    };
    Ok((words.incident(number), main))
}

/// Back to the incident after a form; or the incident with the form and what is wrong, so that nothing typed is lost.
async fn after<T>(
    (app, session, reader): (&App, &Session, &Reader),
    id: RecordId,
    sent: &Form,
    fields: &[&'static str],
    done: Result<T, impl Into<Problem>>,
) -> Result<Response, Problem> {
    let problem: Problem = match done {
        Ok(_) => return Ok(Redirect::to(&format!("/incidents/{id}")).into_response()),
        Err(problem) => problem.into(),
    };
    let words = Words(reader.language);
    let (status, came) = match problem.code() {
        Code::Conflict => (
            StatusCode::CONFLICT,
            Came { sent: Some(sent), said: Some(words.changed_meanwhile()), ..Came::default() },
        ),
        Code::InvalidInput => {
            let mistakes = reader.mistakes(problem, fields)?;
            (StatusCode::UNPROCESSABLE_ENTITY, Came { sent: Some(sent), mistakes, said: None })
        }
        _ => return Err(problem),
    };
    let (title, main) = main(app, session, reader, None, id, came).await?;
    Ok(reader.page_at(&app.kit, status, &title, &main))
}

impl View<'_> {
    /// What was typed into a form of this page that came back; otherwise the value of the record.
    fn typed<'b>(&'b self, part: &str, name: &str, value: &'b str) -> &'b str {
        let sent = self.sent.filter(|sent| sent.text("part") == part);
        sent.map_or(value, |sent| sent.text(name))
    }

    /// A field of one of this page's forms; ids are unique, because several forms have a note.
    fn field<'b>(&'b self, name: &'b str, id: &'b str, label: &'b str) -> Field<'b> {
        Field::new(self.reader.language, name, label, self.mistakes).with_id(id)
    }

    /// A form of this page: it names its part and the version that the reader saw.
    fn form(&self, path: &str, part: &str, inside: &Markup) -> Markup {
        html! {
            form method="post" action={ "/incidents/" (self.record.id()) "/" (path) } novalidate {
                (keyed(""))
                input type="hidden" name="part" value=(part);
                input type="hidden" name="version" value=(self.record.version());
                (inside)
            }
        }
    }

    /// The action, if the reader may do it now; a note is asked for with it.
    fn may(&self, action: &str) -> bool {
        let found = self.legal.iter().find(|legal| legal.action.as_str() == action);
        found.is_some_and(|legal| legal.unmet.iter().all(|unmet| unmet.need == "note"))
    }
}

/// A command of a form: it counts for the version that the reader saw.
fn command(action: &str, sent: &Form) -> Command {
    let command = Command::new(action);
    let command = match sent.text("version").parse() {
        Ok(version) => command.expecting(version),
        Err(_) => command,
    };
    match sent.some("note") {
        Some(note) => command.note(note),
        None => command,
    }
}
