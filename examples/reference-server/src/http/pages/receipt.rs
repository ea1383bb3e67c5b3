//! `/receipt`: where a report stands, for a reporter without an account. The code travels in a form, because browsers and
//! proxies store addresses.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use eovr_core::ErrorKind;
use eovr_core::incident::{ReceiptCode, ReceiptView};
use eovr_host::http::auth::Category;
use eovr_host::http::pages::{Form, Reader, keyed};
use eovr_host::http::problem::Problem;
use eovr_host::http::routes::{Access, Endpoint, Routes};
use eovr_host::ui::form::{Field, Mistakes, Sort};
use eovr_host::ui::pieces::{Said, Tone, badge, card, code, facts, note};
use maud::html;

use super::words::Words;
use super::{title, tone};
use crate::http::app::App;

/// The most characters of an answer.
const LONGEST: u32 = 10_000;

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    let form = |path, says| Endpoint::form(path, Access::Public, says).counted(Category::Visit);
    routes
        .add(Endpoint::page("/receipt", Access::Public, "Asks for the code of a report"), ask)
        .add(form("/receipt", "Shows where a report stands"), look)
        .add(form("/receipt/answer", "Answers the reviewer's question"), answer)
        .add(form("/receipt/remark", "Adds to a report"), remark)
}

/// The page that hands out a code. It is shown this once.
pub(super) fn handed_out(app: &App, reader: &Reader, number: Option<&str>, receipt: &str) -> Response {
    let words = Words(reader.language);
    let main = html! {
        div.narrow {
            (note(Tone::Good, words.report_taken()))
            (facts(&[
                (words.number(), code(number.unwrap_or("–"))),
                (words.receipt_code(), html! { strong.receipt data-taken { (code(receipt)) } }),
            ]))
            p { (words.receipt_keep()) }
            p { a.button href="/receipt" { (words.receipt_written_down()) } }
        }
    };
    reader.page_at(&app.kit, StatusCode::CREATED, words.thank_you(), &main)
}

async fn ask(State(app): State<App>, reader: Reader) -> Response {
    code_form(&app, &reader, "", &Mistakes::default())
}

async fn look(State(app): State<App>, reader: Reader, sent: Form) -> Result<Response, Problem> {
    let Ok(receipt) = sent.text("code").parse::<ReceiptCode>() else {
        return Ok(unknown(&app, &reader, &sent));
    };
    match app.kit.eovr.by_receipt(&receipt).view().await {
        Ok(view) => Ok(standing(&app, &reader, &receipt, &view, None)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(unknown(&app, &reader, &sent)),
        Err(error) => Err(error.into()),
    }
}

async fn answer(State(app): State<App>, reader: Reader, sent: Form) -> Result<Response, Problem> {
    say(&app, &reader, &sent, true).await
}

async fn remark(State(app): State<App>, reader: Reader, sent: Form) -> Result<Response, Problem> {
    say(&app, &reader, &sent, false).await
}

async fn say(app: &App, reader: &Reader, sent: &Form, answers: bool) -> Result<Response, Problem> {
    let words = Words(reader.language);
    let receipt: ReceiptCode = sent.text("code").parse()?;
    let report = app.kit.eovr.by_receipt(&receipt);
    let text = sent.text("text");
    let note = match text.is_empty() {
        true => (Tone::Bad, words.write_something()),
        false => {
            match answers {
                true => report.answer(text).await?,
                false => report.remark(text).await?,
            };
            (Tone::Good, words.said_thanks())
        }
    };
    Ok(standing(app, reader, &receipt, &report.view().await?, Some(note)))
}

fn standing(
    app: &App,
    reader: &Reader,
    receipt: &ReceiptCode,
    view: &ReceiptView,
    said: Option<(Tone, &str)>,
) -> Response {
    let (language, words, zone) = (reader.language, Words(reader.language), reader.zone(&app.kit));
    let no_mistakes = Mistakes::default();
    let (path, label, button) = match view.waiting {
        true => ("/receipt/answer", words.your_answer(), words.send_answer()),
        false => ("/receipt/remark", words.your_remark(), words.send_remark()),
    };
    let main = html! {
        div.narrow {
            @if let Some((tone, text)) = said { (note(tone, text)) }
            @if view.waiting { (note(Tone::Warning, words.question_waits())) }
            (facts(&[
                (words.number(), code(view.number.as_deref().unwrap_or("–"))),
                (words.state(), badge(tone(&view.state), &title(language, &view.state))),
                (words.reported_on(), html! { (language.moment(view.created_at, &zone)) }),
                (words.changed_on(), html! { (language.moment(view.updated_at, &zone)) }),
            ]))
            @if !view.exchange.is_empty() {
                (card(words.conversation(), &html! {
                    @for said in &view.exchange {
                        div.speech {
                            small { (speaker(words, &said.action)) " · " (language.moment(said.at, &zone)) }
                            (Said { text: &said.text, marks: &[] })
                        }
                    }
                }))
            }
            form method="post" action=(path) novalidate {
                (keyed(""))
                input type="hidden" name="code" value=(receipt);
                (Field::new(language, "text", label, &no_mistakes).lines(LONGEST, ""))
                button { (button) }
            }
        }
    };
    reader.page(&app.kit, words.receipt_title(), &main)
}

/// Who said something: the quality department or the reporter.
pub(super) fn speaker(words: Words, action: &str) -> &'static str {
    if action == "ask" { words.quality_asks() } else { words.reporter_says() }
}

fn unknown(app: &App, reader: &Reader, sent: &Form) -> Response {
    let mut mistakes = Mistakes::default();
    mistakes.add("code", Words(reader.language).receipt_unknown());
    code_form(app, reader, sent.text("code"), &mistakes)
}

fn code_form(app: &App, reader: &Reader, typed: &str, mistakes: &Mistakes) -> Response {
    let (language, words) = (reader.language, Words(reader.language));
    let main = html! {
        div.narrow {
            (mistakes.summary(language))
            form method="post" action="/receipt" novalidate {
                (Field::new(language, "code", words.receipt_code(), mistakes).hint(words.receipt_hint()).line(Sort::Code, typed))
                button { (words.receipt_look()) }
            }
        }
    };
    reader.form(&app.kit, words.receipt_title(), &main, mistakes)
}
