//! The pages of the server, in English and Arabic.

mod list;
mod show;

use axum::response::{IntoResponse as _, Redirect, Response};
use eovr_core::Eovr;
use eovr_core::access::Actor;
use eovr_core::export;
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

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    let moves = Access::OneOf { of: KIND, actions: super::incidents::STEPS };
    eovr_host::http::pages::routes(routes)
        .add(Endpoint::page("/", Access::Signed, "Leads to the first page"), start)
        .add(Endpoint::page("/incidents", Access::Reads(KIND), "Shows the incidents in scope"), list::list)
        .add(Endpoint::page("/incidents/{id}", Access::Reads(KIND), "Shows an incident"), show::show)
        .add(Endpoint::form("/incidents/{id}/act", moves, "Does an action of the workflow"), show::act)
}

async fn start() -> Response {
    Redirect::to("/incidents").into_response()
}

/// The pages that an actor may open.
fn menu(eovr: &Eovr, actor: &Actor, language: Language) -> Vec<Entry<'static>> {
    let words = Words(language);
    let all = [(Access::Reads(KIND), Entry { path: "/incidents", text: words.incidents() })];
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
