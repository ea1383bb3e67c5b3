//! `/new`: what a member of the staff saw. First the short form; the rest is closed until it is needed.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use eovr_core::incident::{FACTORS, Harm, KIND, Report, Reporter, taxonomy};
use eovr_core::name;
use eovr_core::record::{Column, Query, Test};
use eovr_core::triage::narrative::{What, analyse};
use eovr_core::triage::{Case, EmbeddedRules, Scorer as _};
use eovr_core::{ErrorKind, Session};
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::{Form, Reader, keyed};
use eovr_host::http::problem::Problem;
use eovr_host::http::routes::{Access, Endpoint, Routes};
use eovr_host::ui::form::{Choice, Field, Mistakes, Sort};
use eovr_host::ui::pieces::{Tone, badge, card, code, more, note};
use maud::{Markup, html};

use super::list::{of_band, title_of_band};
use super::report::{categories, occurred, told, when, zone};
use super::words::Words;
use super::{receipt, title};
use crate::http::app::App;
use crate::http::incidents::{own_facility, reported};

/// How many incidents of the past are shown beside a report.
const SIMILAR: u32 = 3;
/// Fields that the engine may refuse.
const FIELDS: &[&str] = &[
    "description",
    "category",
    "subtype",
    "location",
    "involved_person",
    "medical_file_number",
    "immediate_action",
    "specific_error",
    "notes",
];

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    let reports = || Access::Action { of: KIND, action: "report" };
    routes
        .add(Endpoint::page("/new", reports(), "Shows the form of a report"), show)
        .add(Endpoint::form("/new", reports(), "Takes a report"), send)
}

async fn show(State(app): State<App>, reader: Reader) -> Response {
    form(&app, &reader, None, &html! {}, &Mistakes::default())
}

async fn send(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    sent: Form,
) -> Result<Response, Problem> {
    let words = Words(reader.language);
    let facility = own_facility(session.actor())?;
    let place = app.kit.eovr.org().stamp(&facility).cloned().ok_or_else(Problem::unauthenticated)?;
    let mut mistakes = Mistakes::default();
    let occurred_at = occurred(&app, &sent, &zone(&app, &place), words, &mut mistakes);
    told(&sent, words, &mut mistakes);
    if mistakes.is_empty() && sent.some("look").is_some() {
        let hints = hints(&app, &session, &reader, &sent).await?;
        return Ok(form(&app, &reader, Some(&sent), &hints, &mistakes));
    }
    if !mistakes.is_empty() {
        return Ok(form(&app, &reader, Some(&sent), &html! {}, &mistakes));
    }
    let report = Report {
        category: sent.text("category").to_owned(),
        subtype: sent.some("subtype"),
        description: sent.text("description").to_owned(),
        specific_error: sent.some("specific_error"),
        occurred_at,
        location: sent.some("location"),
        reporter: if sent.text("who") == "anonymous" { Reporter::Anonymous } else { Reporter::Staff },
        involved_person: sent.some("involved_person"),
        medical_file_number: sent.some("medical_file_number"),
        immediate_action: sent.some("immediate_action"),
        disclosed: [("yes", true), ("no", false)]
            .into_iter()
            .find_map(|(code, told)| (code == sent.text("disclosed")).then_some(told)),
        notes: sent.some("notes"),
        factors: sent.all("factors").map(str::to_owned).collect(),
        actual_harm: sent.text("actual_harm").parse::<Harm>().ok(),
        ..Report::default()
    };
    let anonymous = report.reporter == Reporter::Anonymous;
    match reported(&session, &facility, sent.seed(&app.kit)?, report).await {
        // An anonymous report stands in no list of its reporter's, so only the code leads to it.
        Ok(told) if anonymous || session.actor().tier().is_none() => {
            Ok(receipt::handed_out(&app, &reader, told.number.as_deref(), &told.receipt.to_string()))
        }
        Ok(told) => Ok(Redirect::to(&format!("/incidents/{}?new=true", told.id)).into_response()),
        Err(problem) => {
            let mistakes = reader.mistakes(problem, FIELDS)?;
            Ok(form(&app, &reader, Some(&sent), &html! {}, &mistakes))
        }
    }
}

fn form(app: &App, reader: &Reader, sent: Option<&Form>, hints: &Markup, mistakes: &Mistakes) -> Response {
    let (language, words) = (reader.language, Words(reader.language));
    let typed = |name| sent.map_or("", |sent| sent.text(name));
    let field = |name, label| Field::new(language, name, label, mistakes);
    let harms: Vec<_> =
        Harm::ALL.iter().map(|harm| (harm.code(), language.pick(harm.title_en(), harm.title_ar()))).collect();
    let harms: Vec<_> = harms.iter().map(|(code, title)| Choice::new(code, title)).collect();
    let who = [
        Choice { hint: None, value: "staff", text: words.who_named() },
        Choice { hint: Some(words.why_anonymous()), value: "anonymous", text: words.who_anonymous() },
    ];
    let main = html! {
        div.narrow {
            (mistakes.summary(language))
            (hints)
            form method="post" action="/new" novalidate data-outbox {
                (keyed(sent.map_or("", Form::key)))
                (field("description", words.describe()).hint(words.describe_hint()).lines(60_000, typed("description")))
                (categories(reader, typed("category"), mistakes))
                (when(reader, sent, mistakes))
                (field("actual_harm", words.harm()).radios(&harms, typed("actual_harm")))
                (field("location", words.where_in()).hint(words.where_hint()).optional().line(Sort::Text, typed("location")))
                (field("who", words.who()).radios(&who, if typed("who").is_empty() { "staff" } else { typed("who") }))
                (more(words.more_details(), &details(reader, sent, mistakes)))
                div.buttons {
                    button { (words.send_report()) }
                    button.second name="look" value="1" { (words.look_first()) }
                }
            }
        }
    };
    reader.form(&app.kit, words.new_report(), &main, mistakes)
}

/// What can follow later.
fn details(reader: &Reader, sent: Option<&Form>, mistakes: &Mistakes) -> Markup {
    let (language, words) = (reader.language, Words(reader.language));
    let typed = |name| sent.map_or("", |sent| sent.text(name));
    let field = |name, label| Field::new(language, name, label, mistakes).optional();
    let yes_or_no = [Choice::new("yes", words.yes()), Choice::new("no", words.no())];
    let factors: Vec<_> = FACTORS.iter().map(|factor| (*factor, title(language, factor))).collect();
    let factors: Vec<_> = factors.iter().map(|(code, title)| Choice::new(code, title)).collect();
    let ticked: Vec<_> = sent.map(|sent| sent.all("factors").collect()).unwrap_or_default();
    let subtypes = taxonomy::find(typed("category")).map(|category| category.subtypes).unwrap_or_default();
    let subtypes: Vec<_> = subtypes
        .iter()
        .map(|subtype| Choice::new(subtype.code, language.pick(subtype.title_en, subtype.title_ar)))
        .collect();
    html! {
        @if !subtypes.is_empty() { (field("subtype", words.subtype()).select(&subtypes, typed("subtype"))) }
        (field("involved_person", words.involved()).line(Sort::Text, typed("involved_person")))
        (field("medical_file_number", words.file_number()).line(Sort::Code, typed("medical_file_number")))
        (field("immediate_action", words.immediate_action()).lines(10_000, typed("immediate_action")))
        (field("disclosed", words.disclosed()).radios(&yes_or_no, typed("disclosed")))
        (field("factors", words.factors()).checkboxes(&factors, &ticked))
        (field("notes", words.notes()).lines(10_000, typed("notes")))
    }
}

/// What helps before a report is sent: names and blame in it, what the embedded rules make of it, and what is similar.
async fn hints(app: &App, session: &Session, reader: &Reader, sent: &Form) -> Result<Markup, Problem> {
    let (language, words) = (reader.language, Words(reader.language));
    let narrative = sent.text("description").to_owned();
    let category = sent.text("category").to_owned();
    let harm = sent.text("actual_harm").parse::<Harm>().ok();
    let (found, suggestion) = app
        .looks
        .turn("")
        .await?
        .work(move || {
            let quoted = |what: What| {
                let found = analyse(&narrative).into_iter().filter(|one| one.what == what);
                let mut quoted: Vec<String> =
                    found.filter_map(|one| narrative.get(one.span).map(str::to_owned)).collect();
                quoted.dedup();
                quoted
            };
            let case = Case {
                narrative: &narrative,
                category: taxonomy::find(&category).ok().map(|category| category.title_en),
                actual_harm: harm
                    .and_then(|harm| Harm::ALL.iter().position(|one| *one == harm))
                    .and_then(|at| u8::try_from(at).ok()),
                ..Case::default()
            };
            ((quoted(What::Name), quoted(What::Blame)), EmbeddedRules.score(&case))
        })
        .await?
        .0;
    let (names, blame) = found;
    let band = suggestion.band.name();
    let similar = similar(session, sent.text("category")).await?;
    Ok(card(
        words.before_you_send(),
        &html! {
            @if !names.is_empty() { (note(Tone::Warning, words.names_found(&names.join(language.pick(", ", "، "))))) }
            @if !blame.is_empty() { (note(Tone::Warning, words.blame_found(&blame.join(language.pick(", ", "، "))))) }
            p { (words.rules_say()) " " (badge(of_band(band), &title_of_band(reader, band))) }
            @if !similar.is_empty() {
                p { (words.similar()) }
                ul {
                    @for (path, number, place) in &similar { li { a href=(path) { (code(number)) } " " bdi { (place) } } }
                }
            }
        },
    ))
}

/// The newest incidents of a category in scope: address, number, place.
async fn similar(session: &Session, category: &str) -> Result<Vec<(String, String, String)>, Problem> {
    let query =
        Query::of(KIND).limit(SIMILAR).filter(Column::Facet(name!("category")), Test::Is(category.into()));
    let found = match session.list(&query, &["location"]).await {
        Ok(found) => found.items,
        Err(error) if error.kind() == ErrorKind::Denied => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let one = |record: &eovr_core::record::Listed| {
        let facets = eovr_core::incident::IncidentFacets::listed(record);
        let envelope = record.envelope();
        let number = envelope.number.clone().unwrap_or_default();
        (format!("/incidents/{}", envelope.id), number, facets.location().unwrap_or_default().to_owned())
    };
    Ok(found.iter().map(one).collect())
}
