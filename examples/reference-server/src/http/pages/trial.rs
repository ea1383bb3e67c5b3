//! `/try`: one press signs in as an invented person. Only the demonstration has it.

use axum::extract::State;
use axum::response::Response;
use eovr_core::access::Role;
use eovr_host::http::auth::{Category, Trace, Whence};
use eovr_host::http::pages::{Form, Reader, sign_in};
use eovr_host::http::problem::Problem;
use eovr_host::http::routes::{Access, Endpoint, Routes};
use eovr_host::ui::pieces::code;
use maud::html;
use zeroize::Zeroizing;

use super::title;
use super::words::Words;
use crate::http::app::App;

/// An account of the demonstration whose password is known.
pub(crate) struct Trial {
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) password: Zeroizing<String>,
}

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    routes.add(Endpoint::page("/try", Access::Public, "Shows the accounts of the demonstration"), show).add(
        Endpoint::form("/try", Access::Public, "Signs in to the demonstration").counted(Category::Login),
        enter,
    )
}

async fn show(State(app): State<App>, reader: Reader) -> Response {
    let words = Words(reader.language);
    let main = html! {
        div.narrow {
            p { (words.try_about()) }
            @for trial in &app.trial {
                form method="post" action="/try" {
                    input type="hidden" name="role" value=(trial.role.name());
                    div.row {
                        div { bdi { (trial.name) } br; small { (title(reader.language, trial.role.name())) } }
                        button aria-label={ (words.try_enter()) ": " (trial.name) } { (words.try_enter()) }
                    }
                    p.soft { (code(&trial.email)) " " (code(&trial.password)) }
                }
            }
        }
    };
    reader.page(&app.kit, words.try_title(), &main)
}

async fn enter(
    State(app): State<App>,
    reader: Reader,
    trace: Trace,
    Whence(origin): Whence,
    sent: Form,
) -> Result<Response, Problem> {
    let trial = app.trial.iter().find(|trial| trial.role.name() == sent.text("role"));
    let trial = trial.ok_or_else(Problem::unauthenticated)?;
    let entered = sign_in(&app.kit, &reader, &trace, origin, (&trial.email, &trial.password), "/").await?;
    entered.ok_or_else(Problem::unauthenticated)
}
