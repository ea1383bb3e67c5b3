//! The pages of the server, in English and Arabic.

mod analytics;
mod board;
mod dashboard;
mod incident;
mod list;
mod new;
mod provision;
mod receipt;
mod report;
mod trial;

use axum::response::{IntoResponse as _, Redirect, Response};
use eovr_core::Eovr;
use eovr_core::access::Actor;
use eovr_core::export;
use eovr_core::identity::facility;
use eovr_core::incident::{KIND, taxonomy};
use eovr_host::http::pages::Pages;
use eovr_host::http::routes::{Access, Endpoint, Routes};
use eovr_host::ui::pieces::Tone;
use eovr_host::ui::{Entry, Language};

use self::words::Words;
use super::app::App;

mod words {
    //! The words of the server's pages.
    include!(concat!(env!("OUT_DIR"), "/words.rs"));
}

/// What stands on each page.
pub(crate) const PAGES: Pages = Pages { product: |language| Words(language).product(), menu };

pub(crate) use self::trial::Trial;

pub(super) fn routes(app: &App, routes: Routes<App>) -> Routes<App> {
    let reads = || Access::Reads(KIND);
    let moves = Access::OneOf { of: KIND, actions: super::incidents::STEPS };
    let routes = eovr_host::http::pages::routes(routes)
        .add(Endpoint::page("/", Access::Signed, "Leads to the first page"), start)
        .add(Endpoint::page("/dashboard", reads(), "Shows what waits"), dashboard::show)
        .add(Endpoint::page("/incidents", reads(), "Shows the incidents in scope"), list::list)
        .add(Endpoint::page("/workflow", reads(), "Shows the open incidents by state"), board::show)
        .add(Endpoint::form("/workflow/{id}", moves, "Moves an incident on"), board::step)
        .add(Endpoint::page("/analytics", ANALYTICS, "Shows reports by month and place"), analytics::show);
    let routes = super::exports::pages(incident::routes(routes));
    let routes = receipt::routes(report::routes(new::routes(routes)));
    let routes = provision::routes(routes);
    let routes = if app.kit.production { routes } else { eovr_host::http::pages::showcase(routes) };
    if app.trial.is_empty() { routes } else { trial::routes(routes) }
}

/// Trends are for those who are responsible for more than one facility.
const ANALYTICS: Access = Access::Action { of: super::analytics::OF, action: "trends" };

async fn start() -> Response {
    Redirect::to("/dashboard").into_response()
}

/// The pages that an actor may open.
fn menu(eovr: &Eovr, actor: &Actor, language: Language) -> Vec<Entry<'static>> {
    let words = Words(language);
    let entry = |access, path, text| (access, Entry { path, text });
    let all = [
        entry(Access::Reads(KIND), "/dashboard", words.dashboard()),
        entry(Access::Action { of: KIND, action: "report" }, "/new", words.new_report()),
        entry(Access::Reads(KIND), "/incidents", words.incidents()),
        entry(Access::Action { of: KIND, action: "start" }, "/workflow", words.board()),
        entry(ANALYTICS, "/analytics", words.analytics()),
        entry(
            Access::Action { of: facility::KIND, action: "register" },
            "/admin/provision",
            words.facilities(),
        ),
    ];
    let open = all.into_iter().filter(|(access, _)| access.check(actor, eovr.catalog()).is_ok());
    open.map(|(_, entry)| entry).collect()
}

/// The title of a code; the code itself where the engine has no title for it.
fn title(language: Language, code: &str) -> String {
    if let Ok(category) = taxonomy::find(code) {
        return language.pick(category.title_en, category.title_ar).to_owned();
    }
    export::title(code, language.into()).map_or_else(|| code.to_owned(), |title| title.into_owned())
}

/// How a state looks.
fn tone(state: &str) -> Tone {
    match state {
        "completed" => Tone::Good,
        "more_info_needed" => Tone::Warning,
        _ => Tone::Plain,
    }
}
