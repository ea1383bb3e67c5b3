//! The pages of one's own account: what it is, its logins, its password, its second factor.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use eovr_core::ErrorKind;
use eovr_core::export;
use eovr_core::identity::login::LoginInfo;
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::form::keyed;
use super::reader::seconds_left;
use super::{Form, Reader, browser, login};
use crate::http::auth::{Failed, Person, Trace};
use crate::http::body::{Login, Params};
use crate::http::kit::{HostState, Kit};
use crate::http::problem::{Code, Problem};
use crate::http::routes::{Access, Endpoint, Routes};
use crate::ui::form::{Field, Mistakes, Sort};
use crate::ui::pieces::{self, Tone, badge, card, code, facts, note};
use crate::ui::shell::SESSION;
use crate::ui::words::Words;

/// The issuer that authenticator apps show.
const ISSUER: &str = "eovr";

/// Where to go afterwards.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    to: String,
}

pub(super) fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    let page = |path, says| Endpoint::page(path, Access::Signed, says);
    let form = |path, says| Endpoint::form(path, Access::Signed, says);
    routes
        .add(page("/account", "Shows the own account and its logins"), show)
        .add(form("/account/logins/{id}/end", "Ends an own login"), end_login)
        .add(page("/change-password", "Shows the form for a new password"), show_password)
        .add(form("/change-password", "Changes the own password"), change_password)
        .add(form(SESSION, "Keeps a session alive, and says until when").before_factor(), stay)
        .add(page("/prove", "Asks once more who it is"), show_proof)
        .add(form("/prove", "Proves once more who it is"), prove)
        .add(page("/mfa/setup", "Says what a second factor is").before_factor(), show_factor)
        .add(form("/mfa/setup", "Begins a second factor").before_factor(), begin_factor)
        .add(form("/mfa/enable", "Confirms the second factor").before_factor(), confirm_factor)
}

async fn show(State(kit): State<Kit>, reader: Reader, Person(who): Person) -> Result<Response, Problem> {
    let (language, words) = (reader.language, Words(reader.language));
    let profile = kit.auth.authentication.profile(&who).await?;
    let logins = kit.auth.authentication.logins(&who).await?;
    let actor = who.session.actor();
    let role = export::title(actor.capacity(), language.into());
    let factor = match profile.second_factor {
        true => badge(Tone::Good, words.factor_on()),
        false => {
            html! { (badge(Tone::Warning, words.factor_off())) " " a href="/mfa/setup" { (words.factor_set_up()) } }
        }
    };
    let told = facts(&[
        (words.name(), html! { bdi { (profile.name.as_str()) } }),
        (words.email(), code(&profile.email)),
        (words.role(), html! { (role.as_deref().unwrap_or_else(|| actor.capacity())) }),
        (words.second_step(), factor),
        (words.password(), html! { a href="/change-password" { (words.change_password()) } }),
    ]);
    let main = html! {
        div.narrow {
            (card(words.account(), &told))
            (card(words.logins(), &html! { @for login in &logins { (of_login(&kit, &reader, login)) } }))
            form method="post" action="/logout" { button.second { (words.sign_out()) } }
        }
    };
    Ok(reader.page(&kit, words.account(), &main))
}

fn of_login(kit: &Kit, reader: &Reader, login: &LoginInfo) -> Markup {
    let (words, zone) = (Words(reader.language), reader.zone(kit));
    html! {
        div.row {
            div {
                bdi { (login.client.as_deref().unwrap_or("–")) } br;
                small { (words.login_since(&reader.language.moment(login.began_at, &zone))) }
            }
            @if login.this_one { (badge(Tone::Good, words.this_login())) }
            @else {
                form method="post" action={ "/account/logins/" (login.id) "/end" } { button.second { (words.end_login()) } }
            }
        }
    }
}

async fn end_login(
    State(kit): State<Kit>,
    Person(who): Person,
    Login(id): Login,
) -> Result<Response, Problem> {
    kit.auth.authentication.end_login(&who, id).await?;
    Ok(Redirect::to("/account").into_response())
}

/// Every request keeps its session alive; this one does nothing else. It says for how many seconds.
async fn stay(State(kit): State<Kit>, Person(who): Person) -> String {
    seconds_left(&kit, &who).to_string()
}

async fn show_password(State(kit): State<Kit>, reader: Reader) -> Response {
    password_form(&kit, &reader, &Mistakes::default())
}

async fn change_password(
    State(kit): State<Kit>,
    reader: Reader,
    Person(who): Person,
    trace: Trace,
    sent: Form,
) -> Result<Response, Problem> {
    let (auth, words) = (&kit.auth, Words(reader.language));
    let account = who.user.to_string();
    let mut mistakes = Mistakes::default();
    // The old password is checked first, because only the account's owner may learn what is wrong with the new one.
    let old = auth.tried(auth.authentication.begin_again(&who).await?, sent.whole("old")).await?;
    let old = match auth.watched(old.checked(&who), Failed::Proof(&account), &trace) {
        Ok(old) => old,
        Err(error) if error.kind() == ErrorKind::Unauthenticated => {
            mistakes.add("old", words.password_wrong());
            return Ok(password_form(&kit, &reader, &mistakes));
        }
        Err(error) => return Err(error.into()),
    };
    let owner = auth.authentication.owner(who.user).await?;
    match auth.hash(Zeroizing::new(sent.whole("password").to_owned()), owner).await {
        Ok(hash) => auth.authentication.change_password(&who, old, &hash).await?,
        Err(problem) if problem.code() == Code::InvalidInput => {
            mistakes.add("password", words.password_weak());
            return Ok(password_form(&kit, &reader, &mistakes));
        }
        Err(problem) => return Err(problem),
    }
    let main = html! {
        div.narrow { (note(Tone::Good, words.password_changed())) p { a href="/account" { (words.account()) } } }
    };
    Ok(reader.page(&kit, words.change_password(), &main))
}

fn password_form(kit: &Kit, reader: &Reader, mistakes: &Mistakes) -> Response {
    let words = Words(reader.language);
    let field = |name, label| Field::new(reader.language, name, label, mistakes);
    let new = field("password", words.new_password()).hint(words.new_password_hint());
    let main = html! {
        div.narrow {
            (mistakes.summary(reader.language))
            form method="post" action="/change-password" novalidate {
                (field("old", words.password()).line(Sort::Password, ""))
                (new.line(Sort::NewPassword, ""))
                button { (words.change_password()) }
            }
        }
    };
    reader.form(kit, words.change_password(), &main, mistakes)
}

async fn show_proof(State(kit): State<Kit>, reader: Reader, asked: Params<Asked>) -> Response {
    proof_form(&kit, &reader, &asked.0.to, &Mistakes::default())
}

async fn prove(
    State(kit): State<Kit>,
    reader: Reader,
    Person(who): Person,
    trace: Trace,
    sent: Form,
) -> Result<Response, Problem> {
    let auth = &kit.auth;
    let account = who.user.to_string();
    let tried = auth.tried(auth.authentication.begin_again(&who).await?, sent.whole("password")).await?;
    let code = sent.some("code");
    let proved = auth.authentication.prove(&who, tried, code.as_deref()).await;
    match auth.watched(proved, Failed::Proof(&account), &trace) {
        Ok(login) => {
            let mut response = Redirect::to(login::inside(sent.text("to"))).into_response();
            browser::give(&kit, &mut response, &login);
            Ok(response)
        }
        Err(error) if error.kind() == ErrorKind::Unauthenticated => {
            let mut mistakes = Mistakes::default();
            mistakes.add("password", Words(reader.language).proof_wrong());
            Ok(proof_form(&kit, &reader, sent.text("to"), &mistakes))
        }
        Err(error) => Err(error.into()),
    }
}

fn proof_form(kit: &Kit, reader: &Reader, to: &str, mistakes: &Mistakes) -> Response {
    let words = Words(reader.language);
    let field = |name, label| Field::new(reader.language, name, label, mistakes);
    let code = field("code", words.code()).hint(words.code_where_set_up()).optional();
    let main = html! {
        div.narrow {
            (mistakes.summary(reader.language))
            p { (words.prove_why()) }
            form method="post" action="/prove" novalidate {
                input type="hidden" name="to" value=(to);
                (field("password", words.password()).line(Sort::Password, ""))
                (code.line(Sort::OneTimeCode, ""))
                button { (words.proceed()) }
            }
        }
    };
    reader.form(kit, words.prove(), &main, mistakes)
}

async fn show_factor(State(kit): State<Kit>, reader: Reader) -> Response {
    let words = Words(reader.language);
    let main = html! {
        div.narrow {
            p { (words.factor_why()) }
            form method="post" action="/mfa/setup" { (keyed("")) button { (words.factor_set_up()) } }
        }
    };
    reader.page(&kit, words.factor(), &main)
}

async fn begin_factor(
    State(kit): State<Kit>,
    reader: Reader,
    Person(who): Person,
) -> Result<Response, Problem> {
    let words = Words(reader.language);
    let begun = kit.auth.authentication.enrol_factor(&who, ISSUER).await?;
    let picture = html! {
        div.qr { (PreEscaped(begun.qr.as_str())) }
        (pieces::more(words.factor_by_hand(), &html! { p { (code(&begun.secret)) } }))
    };
    Ok(first_code(&kit, &reader, &picture, &Mistakes::default()))
}

async fn confirm_factor(
    State(kit): State<Kit>,
    reader: Reader,
    Person(who): Person,
    sent: Form,
) -> Result<Response, Problem> {
    let words = Words(reader.language);
    match kit.auth.authentication.confirm_factor(&who, sent.text("code")).await {
        Ok(codes) => {
            let main = html! {
                div.narrow {
                    (note(Tone::Good, words.factor_done()))
                    p { (words.recovery_codes()) }
                    ul.codes { @for one in &codes { li { (code(one.as_str())) } } }
                    p { a.button href="/" { (words.codes_written_down()) } }
                }
            };
            Ok(reader.page(&kit, words.factor(), &main))
        }
        Err(error) if matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::InvalidInput) => {
            let mut mistakes = Mistakes::default();
            mistakes.add("code", words.code_wrong());
            Ok(first_code(&kit, &reader, &html! {}, &mistakes))
        }
        Err(error) => Err(error.into()),
    }
}

fn first_code(kit: &Kit, reader: &Reader, above: &Markup, mistakes: &Mistakes) -> Response {
    let words = Words(reader.language);
    let field = Field::new(reader.language, "code", words.code(), mistakes).hint(words.first_code_hint());
    let main = html! {
        div.narrow {
            (mistakes.summary(reader.language))
            (above)
            form method="post" action="/mfa/enable" novalidate {
                (field.line(Sort::OneTimeCode, ""))
                button { (words.proceed()) }
            }
        }
    };
    reader.form(kit, words.factor(), &main, mistakes)
}
