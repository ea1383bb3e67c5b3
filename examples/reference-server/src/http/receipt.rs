//! Routes for reporters without an account: the state of a report, and the answer to a question.
//!
//! The receipt code travels in the body, because browsers and proxies store URLs.

use axum::extract::State;
use eovr_core::Timestamp;
use eovr_core::incident::{ReceiptCode, ReceiptView};
use eovr_core::ports::Written;
use eovr_host::http::auth::Category;
use eovr_host::http::body::Json;
use eovr_host::http::problem::Problem;
use eovr_host::http::reply::{Answered, json};
use eovr_host::http::routes::{Access, Endpoint, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::values;

/// The receipt code that the reporter was given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    /// Eight groups of four letters and digits.
    #[schema(value_type = values::ReceiptText)]
    code: String,
}

/// Words from the reporter.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// Eight groups of four letters and digits.
    #[schema(value_type = values::ReceiptText)]
    code: String,
    /// The words: the answer to the question that was asked, or something to add.
    #[schema(value_type = values::Reason)]
    text: String,
}

/// Where a report stands, for its reporter.
#[derive(Serialize, ToSchema)]
pub(crate) struct Standing<'a> {
    number: Option<&'a str>,
    state: &'a str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Whether a question waits for an answer.
    waiting: bool,
    exchange: Vec<Said<'a>>,
}

/// A question to the reporter, or what the reporter answered or added.
#[derive(Serialize, ToSchema)]
struct Said<'a> {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `ask`, `answer` or `add_remark`.
    action: &'a str,
    text: &'a str,
}

/// That the words were taken.
#[derive(Serialize, ToSchema)]
pub(crate) struct Heard {
    /// The report's version now.
    version: u64,
}

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    routes
        .add(
            Endpoint::post("/api/report/receipt", Access::Public, "Says where a report stands")
                .counted(Category::Visit)
                .takes::<Code>()
                .gives::<Standing<'_>>()
                // The answer changes over time, so the server must not keep it for repeated requests.
                .secret(),
            look,
        )
        .add(
            Endpoint::post("/api/report/receipt/answer", Access::Public, "Answers the reviewer's question")
                .counted(Category::Visit)
                .takes::<Words>()
                .gives::<Heard>(),
            answer,
        )
        .add(
            Endpoint::post("/api/report/receipt/remark", Access::Public, "Adds to a report")
                .counted(Category::Visit)
                .takes::<Words>()
                .gives::<Heard>(),
            remark,
        )
}

async fn look(State(app): State<App>, Json(Code { code }): Json<Code>) -> Answered {
    let view = app.kit.eovr.by_receipt(&read(&code)?).view().await?;
    let ReceiptView { number, state, created_at, updated_at, exchange, waiting } = &view;
    let said = exchange.iter().map(|said| Said { at: said.at, action: &said.action, text: &said.text });
    json(&Standing {
        number: number.as_deref(),
        state,
        created_at: *created_at,
        updated_at: *updated_at,
        waiting: *waiting,
        exchange: said.collect(),
    })
}

async fn answer(State(app): State<App>, Json(words): Json<Words>) -> Answered {
    heard(app.kit.eovr.by_receipt(&read(&words.code)?).answer(&words.text).await?)
}

async fn remark(State(app): State<App>, Json(words): Json<Words>) -> Answered {
    heard(app.kit.eovr.by_receipt(&read(&words.code)?).remark(&words.text).await?)
}

fn read(code: &str) -> Result<ReceiptCode, Problem> {
    Ok(code.parse()?)
}

fn heard(written: Written) -> Answered {
    json(&Heard { version: written.version })
}
