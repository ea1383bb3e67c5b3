//! OpenAI's Responses.

use eovr_core::triage::analysis::{NoAnswer, NoAnswerReason};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Question, SCHEMA_NAME, Said, envelope, said};

pub(super) fn body(question: &Question<'_>) -> Value {
    json!({
        "model": question.model,
        "instructions": question.instructions,
        "input": [{"role": "user", "content": question.question}],
        "max_output_tokens": question.tokens,
        // Without this, OpenAI keeps the answer for 30 days or longer.
        "store": false,
        "text": {"format": {
            "type": "json_schema",
            "name": SCHEMA_NAME,
            "strict": true,
            "schema": question.schema,
        }},
    })
}

#[derive(Deserialize)]
struct Response {
    status: String,
    #[serde(default)]
    error: Option<Failed>,
    #[serde(default)]
    incomplete_details: Option<Incomplete>,
    #[serde(default)]
    output: Vec<Item>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Failed {
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
struct Incomplete {
    #[serde(default)]
    reason: String,
}

/// Items of other types (the model's reasoning) precede the message.
#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    content: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct Usage {
    input_tokens: Option<u32>,
    output_tokens: Option<u32>,
}

pub(super) fn read(body: &[u8]) -> Result<Said, NoAnswer> {
    let response: Response = envelope(body)?;
    match response.status.as_str() {
        "completed" => {}
        "incomplete" => {
            let reason = response.incomplete_details.map(|details| details.reason).unwrap_or_default();
            let reason =
                if reason == "content_filter" { NoAnswerReason::Blocked } else { NoAnswerReason::Truncated };
            return Err(reason.into());
        }
        "failed" => {
            let reason = match response.error.map(|error| error.code).unwrap_or_default().as_str() {
                "rate_limit_exceeded" => NoAnswerReason::RateLimited,
                "invalid_prompt" | "bio_policy" | "content_policy" => NoAnswerReason::Blocked,
                _ => NoAnswerReason::ServerError,
            };
            return Err(reason.into());
        }
        // `queued` or `cancelled`: we did not ask for either.
        _ => return Err(NoAnswerReason::ServerError.into()),
    }
    let parts =
        response.output.into_iter().filter(|item| item.kind == "message").flat_map(|item| item.content);
    let parts: Vec<Part> = parts.collect();
    // A refusal has the status `completed`.
    if parts.iter().any(|part| part.kind == "refusal") {
        return Err(NoAnswerReason::Refused.into());
    }
    let texts = parts.into_iter().filter(|part| part.kind == "output_text").map(|part| part.text);
    let usage = response.usage.map(|usage| (usage.input_tokens, usage.output_tokens)).unwrap_or_default();
    said(texts, usage.0, usage.1)
}
