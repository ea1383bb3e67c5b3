//! `/report/{link}`, and `/r/{link}` as printed posters name it: what a visitor saw, without an account.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use eovr_core::Timestamp;
use eovr_core::incident::{Report, Reporter, taxonomy};
use eovr_core::org::Stamp;
use eovr_host::http::auth::Category;
use eovr_host::http::pages::{Form, Reader, keyed};
use eovr_host::http::problem::Problem;
use eovr_host::http::repeat::HEADER;
use eovr_host::http::routes::{Access, Endpoint, Routes};
use eovr_host::ui::form::{Choice, Field, Mistakes, Sort};
use eovr_host::ui::pieces::{Tone, note};
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::receipt;
use super::title;
use super::words::Words;
use crate::http::app::App;
use crate::http::path::Poster;
use crate::http::visitors;

/// The fewest characters of a narrative.
const SHORTEST: usize = 10;

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    ["/report/{link}", "/r/{link}"].into_iter().fold(routes, |routes, path| {
        let shown = "Shows a visitor where and how to report";
        let taken = "Takes a visitor's report from that page";
        routes
            .add(Endpoint::page(path, Access::Public, shown).counted(Category::Visit), show)
            .add(Endpoint::form(path, Access::Public, taken).counted(Category::Visit), send)
    })
}

async fn show(State(app): State<App>, reader: Reader, Poster(link): Poster) -> Result<Response, Problem> {
    match visitors::place(&app, link).await {
        Ok(place) => Ok(form(&app, &reader, &place, None, &Mistakes::default())),
        Err(problem) => nowhere(&app, &reader, problem),
    }
}

async fn send(
    State(app): State<App>,
    reader: Reader,
    Poster(link): Poster,
    sent: Form,
) -> Result<Response, Problem> {
    let words = Words(reader.language);
    let place = match visitors::place(&app, link).await {
        Ok(place) => place,
        Err(problem) => return nowhere(&app, &reader, problem),
    };
    let mut mistakes = Mistakes::default();
    let occurred_at = occurred(&app, &sent, &zone(&app, &place), words, &mut mistakes);
    told(&sent, words, &mut mistakes);
    if !mistakes.is_empty() {
        return Ok(form(&app, &reader, &place, Some(&sent), &mistakes));
    }
    let report = Report {
        category: sent.text("category").to_owned(),
        description: sent.text("description").to_owned(),
        location: sent.some("location"),
        reporter: if sent.text("who") == "anonymous" { Reporter::Anonymous } else { Reporter::Patient },
        occurred_at,
        ..Report::default()
    };
    // The page contains a random key, so a form that is sent twice is one report.
    let taken = match sent.seed(&app.kit) {
        Ok(seed) => visitors::take(&app, link, seed, report).await,
        Err(problem) => Err(problem),
    };
    match taken {
        Ok(thanks) => Ok(receipt::handed_out(&app, &reader, thanks.number.as_deref(), &thanks.receipt)),
        // The key came with another report before. The form gets a new one.
        Err(problem) if problem.is_about(HEADER) => {
            mistakes.add("description", words.sent_before());
            Ok(form(&app, &reader, &place, Some(&sent), &mistakes))
        }
        Err(problem) => {
            let mistakes = reader.mistakes(problem, &["description", "category", "location"])?;
            Ok(form(&app, &reader, &place, Some(&sent), &mistakes))
        }
    }
}

/// A poster that was taken away, or an address that never was one.
fn nowhere(app: &App, reader: &Reader, problem: Problem) -> Result<Response, Problem> {
    if problem.status() != StatusCode::NOT_FOUND {
        return Err(problem);
    }
    let words = Words(reader.language);
    let main = html! { div.narrow { (note(Tone::Bad, words.no_poster())) } };
    Ok(reader.page_at(&app.kit, StatusCode::NOT_FOUND, words.report_title(), &main))
}

fn form(app: &App, reader: &Reader, place: &Stamp, sent: Option<&Form>, mistakes: &Mistakes) -> Response {
    let (language, words) = (reader.language, Words(reader.language));
    let typed = |name| sent.map_or("", |sent| sent.text(name));
    let org = app.kit.eovr.org();
    let name = org.title(&place.facility).map_or("", |title| language.pick(&title.en, &title.ar));
    let who = [Choice::new("patient", words.who_patient()), Choice::new("anonymous", words.who_unsaid())];
    let field = |name, label| Field::new(language, name, label, mistakes);
    // A key that the server refused is not used again.
    let key = match mistakes.of("description") == Some(words.sent_before()) {
        true => "",
        false => sent.map_or("", Form::key),
    };
    let main = html! {
        div.narrow {
            (mistakes.summary(language))
            p.lead { bdi { (name) } }
            p { (words.report_welcome()) }
            (note(Tone::Warning, words.report_emergency()))
            form method="post" novalidate data-outbox {
                (keyed(key))
                (field("description", words.describe()).hint(words.describe_hint()).lines(60_000, typed("description")))
                (categories(reader, typed("category"), mistakes))
                (when(reader, sent, mistakes))
                (field("location", words.where_in()).hint(words.where_hint()).optional().line(Sort::Text, typed("location")))
                (field("who", words.who()).radios(&who, if typed("who").is_empty() { "patient" } else { typed("who") }))
                button { (words.send_report()) }
            }
        }
    };
    reader.form(&app.kit, words.report_title(), &main, mistakes)
}

/// The select of categories.
pub(super) fn categories(reader: &Reader, chosen: &str, mistakes: &Mistakes) -> Markup {
    let (language, words) = (reader.language, Words(reader.language));
    let titles: Vec<_> =
        taxonomy::CATEGORIES.iter().map(|category| (category.code, title(language, category.code))).collect();
    let choices: Vec<_> = titles.iter().map(|(code, title)| Choice::new(code, title)).collect();
    Field::new(language, "category", words.which_category(), mistakes).select(&choices, chosen)
}

/// When it happened: today, yesterday, or a day that is typed.
pub(super) fn when(reader: &Reader, sent: Option<&Form>, mistakes: &Mistakes) -> Markup {
    let (language, words) = (reader.language, Words(reader.language));
    let chosen = sent.map(|sent| sent.text("when")).filter(|chosen| !chosen.is_empty()).unwrap_or("today");
    let choices = [
        Choice::new("today", words.today()),
        Choice::new("yesterday", words.yesterday()),
        Choice::new("earlier", words.earlier()),
    ];
    let day = sent.map_or([""; 3], |sent| sent.day("occurred"));
    html! {
        (Field::new(language, "when", words.when(), mistakes).radios(&choices, chosen))
        div data-shown-by="when=earlier" {
            (Field::new(language, "occurred", words.which_day(), mistakes).hint(words.which_day_hint()).optional().day(day))
        }
    }
}

/// The moment that [`when`] asks for. A day has noon, because no more is known.
pub(super) fn occurred(
    app: &App,
    sent: &Form,
    zone: &TimeZone,
    words: Words,
    mistakes: &mut Mistakes,
) -> Option<Timestamp> {
    const DAY: i64 = 24 * 3600;
    let now = app.kit.auth.authentication.now();
    match sent.text("when") {
        "yesterday" => Some(now.plus_seconds(-DAY)),
        "earlier" => {
            let at = sent.moment("occurred", 12, zone).flatten().filter(|at| *at <= now);
            if at.is_none() {
                mistakes.add("occurred", words.day_wrong());
            }
            at
        }
        _ => Some(now),
    }
}

/// What must be told: enough words, and what sort of event.
pub(super) fn told(sent: &Form, words: Words, mistakes: &mut Mistakes) {
    if sent.text("description").chars().count() < SHORTEST {
        mistakes.add("description", words.describe_more());
    }
    if taxonomy::find(sent.text("category")).is_err() {
        mistakes.add("category", words.choose_category());
    }
}

pub(super) fn zone(app: &App, place: &Stamp) -> TimeZone {
    app.kit.eovr.org().zone(&place.facility)
}
