//! OpenAI's Chat Completions, as vLLM, llama.cpp, Ollama and others speak it.

use eovr_core::triage::analysis::{NoAnswer, NoAnswerReason};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Question, SCHEMA_NAME, Said, envelope, said};

pub(super) fn body(question: &Question<'_>) -> Value {
    json!({
        "model": question.model,
        "messages": [
            {"role": "system", "content": question.instructions},
            {"role": "user", "content": question.question},
        ],
        // OpenAI has renamed this parameter; self-hosted servers still expect this name.
        "max_tokens": question.tokens,
        "response_format": {"type": "json_schema", "json_schema": {
            "name": SCHEMA_NAME,
            "strict": true,
            "schema": question.schema,
        }},
    })
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    finish_reason: Option<String>,
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u32>,
    completion_tokens: Option<u32>,
}

pub(super) fn read(body: &[u8]) -> Result<Said, NoAnswer> {
    let completion: Completion = envelope(body)?;
    let usage =
        completion.usage.map(|usage| (usage.prompt_tokens, usage.completion_tokens)).unwrap_or_default();
    let choice =
        completion.choices.into_iter().next().ok_or_else(|| NoAnswer::from(NoAnswerReason::InvalidOutput))?;
    // A refusal has the same stop reason as any other answer.
    if choice.message.refusal.is_some_and(|refusal| !refusal.is_empty()) {
        return Err(NoAnswerReason::Refused.into());
    }
    match choice.finish_reason.as_deref() {
        Some("stop") | None => said(choice.message.content.into_iter(), usage.0, usage.1),
        Some("length") => Err(NoAnswerReason::Truncated.into()),
        Some("content_filter") => Err(NoAnswerReason::Blocked.into()),
        Some(_) => Err(NoAnswerReason::InvalidOutput.into()),
    }
}
