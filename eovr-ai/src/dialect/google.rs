//! Google's `generateContent`.

use eovr_core::triage::analysis::{NoAnswer, NoAnswerReason};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Question, Said, envelope, said};

pub(super) fn body(question: &Question<'_>) -> Value {
    json!({
        "systemInstruction": {"parts": [{"text": question.instructions}]},
        "contents": [{"role": "user", "parts": [{"text": question.question}]}],
        "generationConfig": {
            "maxOutputTokens": question.tokens,
            "responseMimeType": "application/json",
            "responseJsonSchema": question.schema,
        },
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generated {
    #[serde(default)]
    candidates: Vec<Candidate>,
    #[serde(default)]
    prompt_feedback: Option<Feedback>,
    #[serde(default)]
    usage_metadata: Option<Usage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
    /// Whether this part is the model's reasoning.
    #[serde(default)]
    thought: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    #[serde(default)]
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    prompt_token_count: Option<u32>,
    candidates_token_count: Option<u32>,
}

pub(super) fn read(body: &[u8]) -> Result<Said, NoAnswer> {
    let generated: Generated = envelope(body)?;
    if generated.prompt_feedback.is_some_and(|feedback| feedback.block_reason.is_some()) {
        return Err(NoAnswerReason::Blocked.into());
    }
    let usage = generated.usage_metadata;
    let usage =
        usage.map(|usage| (usage.prompt_token_count, usage.candidates_token_count)).unwrap_or_default();
    // A Google reply has a candidate or a block reason.
    let candidate =
        generated.candidates.into_iter().next().ok_or_else(|| NoAnswer::from(NoAnswerReason::ServerError))?;
    match candidate.finish_reason.as_deref() {
        Some("STOP") => {}
        Some("MAX_TOKENS" | "CONTINUATION") => return Err(NoAnswerReason::Truncated.into()),
        Some(
            "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE"
            | "MODEL_ARMOR",
        ) => {
            return Err(NoAnswerReason::Refused.into());
        }
        Some("MALFORMED_RESPONSE" | "OTHER") | None => return Err(NoAnswerReason::ServerError.into()),
        Some(_) => return Err(NoAnswerReason::InvalidOutput.into()),
    }
    let parts = candidate.content.map(|content| content.parts).unwrap_or_default();
    said(parts.into_iter().filter(|part| !part.thought).map(|part| part.text), usage.0, usage.1)
}
