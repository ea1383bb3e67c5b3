//! Anthropic's Messages.

use eovr_core::triage::analysis::{NoAnswer, NoAnswerReason};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Question, Said, envelope, said};

/// The API version that this dialect implements.
pub(super) const VERSION: &str = "2026-10-21";

pub(super) fn body(question: &Question<'_>) -> Value {
    json!({
        "model": question.model,
        "system": question.instructions,
        "messages": [{"role": "user", "content": question.question}],
        "max_tokens": question.tokens,
        "output_config": {"format": {"type": "json_schema", "schema": question.schema}},
    })
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    content: Vec<Block>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Block {
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
    let message: Message = envelope(body)?;
    match message.stop_reason.as_deref() {
        Some("end_turn" | "stop_sequence") => {}
        Some("max_tokens" | "model_context_window_exceeded") => return Err(NoAnswerReason::Truncated.into()),
        Some("refusal") => return Err(NoAnswerReason::Refused.into()),
        Some(_) => return Err(NoAnswerReason::InvalidOutput.into()),
        // An envelope without this field is not a reply of this API.
        None => return Err(NoAnswerReason::ServerError.into()),
    }
    let texts = message.content.into_iter().filter(|block| block.kind == "text").map(|block| block.text);
    let usage = message.usage.map(|usage| (usage.input_tokens, usage.output_tokens)).unwrap_or_default();
    said(texts, usage.0, usage.1)
}
