//! The audit trail of an incident, and whether it is whole.

use axum::extract::State;
use axum::response::Response;
use eovr_host::http::auth::Trace;
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::Reader;
use eovr_host::http::problem::Problem;
use eovr_host::ui::pieces::{Said, Tone, code, note};
use eovr_host::ui::table::{Column, List};
use maud::{Markup, html};

use super::super::words::Words;
use crate::http::app::App;
use crate::http::pages::title;
use crate::http::path::Incident;

pub(super) async fn show(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    trace: Trace,
    Incident(id): Incident,
) -> Result<Response, Problem> {
    let (language, words) = (reader.language, Words(reader.language));
    let trail = session.incidents().trail(id).await?;
    let intact = trail.verdict.is_intact();
    if !intact {
        app.kit.auth.alarm.tampered(&id.to_string(), Some(&trace));
    }
    let zone = app.kit.eovr.org().zone(&trail.record.envelope().stamp.facility);
    let rows: Vec<Vec<Markup>> = trail
        .entries
        .iter()
        .map(|entry| {
            let event = &entry.event;
            let changed: Vec<_> = event.changes.keys().map(|name| field(&reader, name.as_str())).collect();
            vec![
                html! { (language.moment(event.at, &zone)) },
                html! { (title(language, event.action.as_str())) },
                html! { (title(language, &event.capacity)) br; small { bdi { (event.actor) } } },
                html! {
                    @if !changed.is_empty() { small { (changed.join(language.pick(", ", "، "))) } }
                    @if let Some(note) = &entry.note { (Said { text: note, marks: &[] }) }
                },
            ]
        })
        .collect();
    let number = trail.record.envelope().number.as_deref().unwrap_or("–");
    let columns = [words.when(), words.what_was_done(), words.by_whom(), words.changed()].map(Column::new);
    let count = trail.entries.len() as u64;
    let main = html! {
        p { a href={ "/incidents/" (id) } { (words.incident(number)) } }
        @if intact { (note(Tone::Good, words.trail_whole(count))) } @else { (note(Tone::Bad, words.trail_broken())) }
        (List { caption: words.trail(), columns: &columns, rows }.html())
        @if let Some(last) = trail.entries.last() { p.soft { (words.last_seal()) " " (code(&last.event.content)) } }
    };
    Ok(reader.page(&app.kit, words.trail(), &main))
}

/// The title of a field that changed.
fn field(reader: &Reader, name: &str) -> String {
    let column = eovr_core::export::columns::Column::named(name);
    column.map_or_else(
        || title(reader.language, name),
        |column| column.title(reader.language.into()).into_owned(),
    )
}
