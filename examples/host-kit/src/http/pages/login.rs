//! The pages to sign in and out.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Redirect, Response};
use eovr_core::identity::authentication::{LoginStep, Origin};
use eovr_core::{Error, ErrorKind};
use maud::{Markup, html};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Form, Reader, browser};
use crate::http::auth::{Category, Failed, Person, Trace, Whence};
use crate::http::body::Params;
use crate::http::kit::{HostState, Kit};
use crate::http::problem::{Code, Problem};
use crate::http::routes::{Access, Endpoint, Routes};
use crate::ui::form::{Field, Mistakes, Sort};
use crate::ui::words::Words;

/// Where to go after signing in.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    to: String,
}

pub(super) fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    let form = |path, says| Endpoint::form(path, Access::Public, says).counted(Category::Login);
    routes
        .add(Endpoint::page("/login", Access::Public, "Shows the form to sign in"), show)
        .add(form("/login", "Takes address and password"), first_step)
        .add(form("/mfa/verify", "Takes the second step"), second_step)
        .add(form("/login/new-password", "Replaces a password that others know"), new_password)
        .add(Endpoint::form("/logout", Access::Signed, "Ends this login").before_factor(), log_out)
}

async fn show(State(kit): State<Kit>, reader: Reader, asked: Params<Asked>) -> Response {
    first_form(&kit, &reader, &asked.0.to, "", &Mistakes::default())
}

async fn first_step(
    State(kit): State<Kit>,
    reader: Reader,
    trace: Trace,
    Whence(origin): Whence,
    sent: Form,
) -> Result<Response, Problem> {
    let (email, to) = (sent.text("email"), sent.text("to"));
    match sign_in(&kit, &reader, &trace, origin, (email, sent.whole("password")), to).await? {
        Some(response) => Ok(response),
        None => {
            let mut mistakes = Mistakes::default();
            mistakes.add("email", Words(reader.language).login_wrong());
            Ok(first_form(&kit, &reader, to, email, &mistakes))
        }
    }
}

/// Signs a person in with address and password. The response leads to a page of this server, or shows the next step; `None`
/// where address or password is wrong.
///
/// # Errors
/// `TooMany` where an account or an address has failed too often; errors of the store.
pub async fn sign_in(
    kit: &Kit,
    reader: &Reader,
    trace: &Trace,
    origin: Origin,
    (email, password): (&str, &str),
    to: &str,
) -> Result<Option<Response>, Problem> {
    let auth = &kit.auth;
    let attempt = auth.authentication.begin(email, origin).await?;
    let tried = auth.tried(attempt, password).await?;
    let step = auth.watched(auth.authentication.login(tried).await, Failed::Password(email), trace);
    Ok(known(step)?.map(|step| next(kit, reader, to, step)))
}

async fn second_step(
    State(kit): State<Kit>,
    reader: Reader,
    trace: Trace,
    Whence(origin): Whence,
    sent: Form,
) -> Result<Response, Problem> {
    let auth = &kit.auth;
    let step = auth.authentication.second_step(sent.text("token"), sent.text("code"), &origin).await;
    match known(auth.watched(step, Failed::Step, &trace))? {
        Some(step) => Ok(next(&kit, &reader, sent.text("to"), step)),
        None => {
            let mut mistakes = Mistakes::default();
            mistakes.add("code", Words(reader.language).code_wrong());
            Ok(code_form(&kit, &reader, sent.text("to"), sent.text("token"), &mistakes))
        }
    }
}

async fn new_password(
    State(kit): State<Kit>,
    reader: Reader,
    trace: Trace,
    Whence(origin): Whence,
    sent: Form,
) -> Result<Response, Problem> {
    let auth = &kit.auth;
    let owner =
        auth.watched(auth.authentication.owner_of_token(sent.text("token")).await, Failed::Step, &trace)?;
    let hash = match auth.hash(Zeroizing::new(sent.whole("password").to_owned()), owner).await {
        Ok(hash) => hash,
        Err(problem) if problem.code() == Code::InvalidInput => {
            let mut mistakes = Mistakes::default();
            mistakes.add("password", Words(reader.language).password_weak());
            return Ok(password_form(&kit, &reader, sent.text("to"), sent.text("token"), &mistakes));
        }
        Err(problem) => return Err(problem),
    };
    let step = auth.authentication.replace_password(sent.text("token"), &hash, &origin).await;
    let step = auth.watched(step, Failed::Step, &trace)?;
    Ok(next(&kit, &reader, sent.text("to"), step))
}

async fn log_out(State(kit): State<Kit>, Person(who): Person) -> Result<Response, Problem> {
    kit.auth.authentication.logout(&who).await?;
    let mut response = Redirect::to("/login").into_response();
    browser::take(&kit, &mut response);
    // Not `"storage"`: reports that wait on the device for a connection are there.
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(response)
}

/// The step, or `None` where what was typed is wrong, which the form then says.
fn known(step: Result<LoginStep, Error>) -> Result<Option<LoginStep>, Problem> {
    match step {
        Ok(step) => Ok(Some(step)),
        Err(error) if error.kind() == ErrorKind::Unauthenticated => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn next(kit: &Kit, reader: &Reader, to: &str, step: LoginStep) -> Response {
    match step {
        LoginStep::Open(login) => {
            let mut response = Redirect::to(inside(to)).into_response();
            browser::give(kit, &mut response, &login);
            response
        }
        LoginStep::SecondStep(token) => code_form(kit, reader, to, &token, &Mistakes::default()),
        LoginStep::NewPassword(token) => password_form(kit, reader, to, &token, &Mistakes::default()),
    }
}

/// A path of this server; the start for anything else, so that no link to the login leads to another site.
pub(super) fn inside(to: &str) -> &str {
    let local = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n', '\t']);
    if local && HeaderValue::from_str(to).is_ok() { to } else { "/" }
}

fn first_form(kit: &Kit, reader: &Reader, to: &str, address: &str, mistakes: &Mistakes) -> Response {
    let words = Words(reader.language);
    let email = Field::new(reader.language, "email", words.email(), mistakes).line(Sort::Email, address);
    let password =
        Field::new(reader.language, "password", words.password(), mistakes).line(Sort::Password, "");
    let inside = html! { (email) (password) };
    answered(kit, reader, "/login", (words.sign_in(), words.sign_in()), to, "", &inside, mistakes)
}

fn code_form(kit: &Kit, reader: &Reader, to: &str, token: &str, mistakes: &Mistakes) -> Response {
    let words = Words(reader.language);
    let code = Field::new(reader.language, "code", words.code(), mistakes).hint(words.code_hint());
    let inside = code.line(Sort::OneTimeCode, "");
    let titles = (words.second_step(), words.proceed());
    answered(kit, reader, "/mfa/verify", titles, to, token, &inside, mistakes)
}

fn password_form(kit: &Kit, reader: &Reader, to: &str, token: &str, mistakes: &Mistakes) -> Response {
    let words = Words(reader.language);
    let password = Field::new(reader.language, "password", words.new_password(), mistakes);
    let inside = password.hint(words.new_password_hint()).line(Sort::NewPassword, "");
    let titles = (words.choose_password(), words.proceed());
    answered(kit, reader, "/login/new-password", titles, to, token, &inside, mistakes)
}

#[expect(clippy::too_many_arguments, reason = "the three forms differ in all of them")]
fn answered(
    kit: &Kit,
    reader: &Reader,
    path: &str,
    (title, button): (&str, &str),
    to: &str,
    token: &str,
    inside: &Markup,
    mistakes: &Mistakes,
) -> Response {
    let main = html! {
        div.narrow {
            (mistakes.summary(reader.language))
            form method="post" action=(path) novalidate {
                @if !to.is_empty() { input type="hidden" name="to" value=(to); }
                @if !token.is_empty() { input type="hidden" name="token" value=(token); }
                (inside)
                button { (button) }
            }
        }
    };
    reader.form(kit, title, &main, mistakes)
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn a_login_leads_to_our_own_pages_only() {
        for ours in ["/", "/incidents?state=created", "/incidents/1"] {
            assert_eq!(inside(ours), ours);
        }
        for foreign in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "/a\r\nb",
        ] {
            assert_eq!(inside(foreign), "/", "{foreign:?}");
        }
    }
}
