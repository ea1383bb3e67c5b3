//! `/admin/provision`: the facilities of the organisation, and the posters in their waiting rooms.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use eovr_core::Command;
use eovr_core::identity::Site as Facility;
use eovr_core::identity::facility::{self, ReportLink};
use eovr_core::org::{OrgId, Stamp, Title};
use eovr_core::record::{Query, Record};
use eovr_host::http::body::Site;
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::{Form, Reader, keyed};
use eovr_host::http::problem::{Code, Problem};
use eovr_host::http::routes::{Access, Endpoint, Routes};
use eovr_host::ui::form::{Field, Mistakes, Sort};
use eovr_host::ui::pieces::{Tone, badge, card, code, more};
use eovr_host::ui::table::{Column, List};
use maud::{Markup, PreEscaped, html};
use qrcode::QrCode;
use qrcode::render::svg;

use super::words::Words;
use crate::http::app::App;
use crate::http::facilities::poster;

const FIELDS: &[&str] = &[
    "code",
    "administration",
    "governorate",
    "title_en",
    "title_ar",
    "administration_en",
    "administration_ar",
    "governorate_en",
    "governorate_ar",
    "time_zone",
];

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    let may = |action| Access::Action { of: facility::KIND, action };
    const TREE: &str = "/admin/provision";
    routes
        .add(Endpoint::page(TREE, may("register"), "Shows the facilities"), show)
        .add(Endpoint::form(TREE, may("register"), "Registers a facility"), register)
        .add(
            Endpoint::form("/admin/provision/{id}/link", may("give_link"), "Gives the poster a new address"),
            give_link,
        )
        .add(
            Endpoint::page("/admin/provision/{id}/poster", may("register"), "Shows the poster to print"),
            show_poster,
        )
        .add(Endpoint::form("/admin/provision/{id}/close", may("close"), "Closes a facility"), close)
}

async fn show(State(app): State<App>, Caller(session): Caller, reader: Reader) -> Result<Response, Problem> {
    let main = tree(&session, &reader, None, &Mistakes::default()).await?;
    Ok(reader.page(&app.kit, Words(reader.language).facilities(), &main))
}

async fn register(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    sent: Form,
) -> Result<Response, Problem> {
    let words = Words(reader.language);
    let mut mistakes = Mistakes::default();
    for field in FIELDS {
        if sent.text(field).is_empty() {
            mistakes.add(*field, words.write_something());
        }
    }
    let id = |field: &'static str| {
        OrgId::new(sent.text(field)).map_err(|error| Problem::from(error.with_field(field)))
    };
    let title = |of: &str| Title {
        en: sent.text(&format!("{of}_en")).to_owned(),
        ar: sent.text(&format!("{of}_ar")).to_owned(),
    };
    let ids = (|| Ok((id("governorate")?, id("administration")?, id("code")?)))();
    let done = match ids {
        Ok((governorate, administration, facility)) if mistakes.is_empty() => {
            let site = Facility {
                stamp: Stamp { governorate, administration, facility },
                title: title("title"),
                administration: title("administration"),
                governorate: title("governorate"),
                time_zone: sent.text("time_zone").to_owned(),
            };
            site.register(&session).await.map(drop).map_err(Problem::from)
        }
        Ok(_) => Ok(()),
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) if mistakes.is_empty() => return Ok(Redirect::to("/admin/provision").into_response()),
        Ok(()) => {}
        Err(problem) if problem.code() == Code::Conflict => mistakes.add("code", words.code_taken()),
        Err(problem) => mistakes = reader.mistakes(problem, FIELDS)?,
    }
    let main = tree(&session, &reader, Some(&sent), &mistakes).await?;
    Ok(reader.form(&app.kit, words.facilities(), &main, &mistakes))
}

async fn give_link(
    State(app): State<App>,
    Caller(session): Caller,
    Site(id): Site,
) -> Result<Response, Problem> {
    let link = ReportLink::draw(&mut app.kit.auth.authentication.entropy()?);
    session.act(&facility::KIND, id, link.command()).await?;
    Ok(Redirect::to(&format!("/admin/provision/{id}/poster")).into_response())
}

async fn close(Caller(session): Caller, Site(id): Site, sent: Form) -> Result<Response, Problem> {
    let command = Command::new("close");
    let command = match sent.some("note") {
        Some(note) => command.note(note),
        None => command,
    };
    session.act(&facility::KIND, id, command).await?;
    Ok(Redirect::to("/admin/provision").into_response())
}

/// Two sheets: A4 for a wall, A6 for a desk, each in both languages.
async fn show_poster(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    Site(id): Site,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let words = Words(reader.language);
    let record = session.load(&facility::KIND, id).await?;
    let link = record.text("link").map(str::to_owned);
    let renew = html! {
        form method="post" action={ "/admin/provision/" (id) "/link" } { (keyed("")) button { (words.give_link()) } }
    };
    let main = match link {
        None => html! { p { (words.no_link()) } (renew) },
        Some(link) => {
            let url = poster(&app, &headers, &link);
            let code = QrCode::new(&url)
                .map_err(|error| Problem::internal(format!("an address is no code: {error}")))?
                .render::<svg::Color<'_>>()
                .min_dimensions(240, 240)
                .build();
            // Inside of a page an SVG has no XML declaration.
            let code = code.find("<svg").and_then(|at| code.get(at..)).unwrap_or_default().to_owned();
            html! {
                p.noprint { (words.poster_hint()) }
                (sheet("a4", &record, &url, &code))
                (sheet("a6", &record, &url, &code))
                div.noprint { (more(words.give_link(), &html! { p { (words.link_replaced()) } (renew) })) }
            }
        }
    };
    Ok(reader.page(&app.kit, words.poster(), &main))
}

fn sheet(size: &str, record: &Record, url: &str, code: &str) -> Markup {
    let text = |name| record.text(name).unwrap_or_default();
    let [english, arabic] = [eovr_host::ui::Language::En, eovr_host::ui::Language::Ar].map(Words);
    html! {
        section class={ "poster poster--" (size) } {
            div lang="ar" dir="rtl" { h2 { (arabic.poster_title()) } p { (text("title_ar")) } p { (arabic.poster_text()) } }
            div.qr { (PreEscaped(code)) }
            p.code dir="ltr" { (url) }
            div lang="en" dir="ltr" { h2 { (english.poster_title()) } p { (text("title_en")) } p { (english.poster_text()) } }
        }
    }
}

async fn tree(
    session: &eovr_core::Session,
    reader: &Reader,
    sent: Option<&Form>,
    mistakes: &Mistakes,
) -> Result<Markup, Problem> {
    let (language, words) = (reader.language, Words(reader.language));
    let mut pages = session.pages(Query::of(facility::KIND).limit(Query::LARGEST_PAGE));
    let mut records = Vec::new();
    while let Some(page) = pages.next().await? {
        records.extend(page.items);
    }
    records.sort_by(|a, b| a.envelope().stamp.facility.as_str().cmp(b.envelope().stamp.facility.as_str()));
    let titled = |record: &Record, of: &str| {
        let name = format!("{of}_{}", language.tag());
        record.text(&name).unwrap_or_default().to_owned()
    };
    let rows: Vec<Vec<Markup>> = records
        .iter()
        .map(|record| {
            let open = record.state().as_str() == "open";
            let poster = format!("/admin/provision/{}/poster", record.id());
            vec![
                html! { (code(record.envelope().stamp.facility.as_str())) },
                html! { bdi { (titled(record, "title")) } },
                html! { bdi { (titled(record, "administration")) } br; small { bdi { (titled(record, "governorate")) } } },
                if open { badge(Tone::Good, words.facility_open()) } else { badge(Tone::Plain, words.facility_closed()) },
                html! {
                    @if open {
                        a href=(poster) { (words.poster()) }
                        (more(words.facility_close(), &html! {
                            form method="post" action={ "/admin/provision/" (record.id()) "/close" } {
                                (keyed(""))
                                (Field::new(language, "note", words.reason(), mistakes).with_id(&format!("note-{}", record.id())).lines(2_000, ""))
                                button { (words.facility_close()) }
                            }
                        }))
                    }
                },
            ]
        })
        .collect();
    let columns = [words.code(), words.facility(), words.administration(), words.state(), words.what_next()];
    let typed = |name| sent.map_or("", |sent| sent.text(name));
    let field = |name, label, sort| Field::new(language, name, label, mistakes).line(sort, typed(name));
    let form = html! {
        form method="post" action="/admin/provision" novalidate {
            (keyed(""))
            (field("code", words.code(), Sort::Code))
            (field("title_en", words.title_en(), Sort::Text))
            (field("title_ar", words.title_ar(), Sort::Text))
            (field("administration", words.administration_code(), Sort::Code))
            (field("administration_en", words.administration_en(), Sort::Text))
            (field("administration_ar", words.administration_ar(), Sort::Text))
            (field("governorate", words.governorate_code(), Sort::Code))
            (field("governorate_en", words.governorate_en(), Sort::Text))
            (field("governorate_ar", words.governorate_ar(), Sort::Text))
            (Field::new(language, "time_zone", words.time_zone(), mistakes).hint(words.time_zone_hint()).line(Sort::Code, if typed("time_zone").is_empty() { "Africa/Cairo" } else { typed("time_zone") }))
            button { (words.facility_add()) }
        }
    };
    let open = !mistakes.is_empty();
    Ok(html! {
        (mistakes.summary(language))
        @if open { (card(words.facility_add(), &form)) } @else { (more(words.facility_add(), &form)) }
        (List { caption: &words.facility_count(rows.len() as u64), columns: &columns.map(Column::new), rows }.html())
    })
}
