//! The shapes are those that the makers' own clients send and read (openai 3.54, anthropic 2.12, google-genai 3.4).

use serde_json::json;

use super::*;

fn question() -> Question<'static> {
    Question {
        model: "m-1",
        instructions: "judge it",
        question: "{\"narrative\":\"x\"}",
        schema: json!({"type": "object"}),
        tokens: 100,
    }
}

#[test]
fn each_request_has_its_provider_s_format_and_nothing_more() {
    let schema = json!({"type": "object"});
    let text = "{\"narrative\":\"x\"}";
    let expected = [
        (
            Dialect::OpenAi,
            json!({"model": "m-1", "instructions": "judge it", "input": [{"role": "user", "content": text}],
                "max_output_tokens": 100, "store": false, "text": {"format": {"type": "json_schema",
                "name": "eovr_analysis", "strict": true, "schema": schema}}}),
        ),
        (
            Dialect::Anthropic,
            json!({"model": "m-1", "system": "judge it", "messages": [{"role": "user", "content": text}],
                "max_tokens": 100, "output_config": {"format": {"type": "json_schema", "schema": schema}}}),
        ),
        (
            Dialect::Google,
            json!({"systemInstruction": {"parts": [{"text": "judge it"}]},
                "contents": [{"role": "user", "parts": [{"text": text}]}],
                "generationConfig": {"maxOutputTokens": 100, "responseMimeType": "application/json",
                "responseJsonSchema": schema}}),
        ),
        (
            Dialect::Local,
            json!({"model": "m-1", "messages": [{"role": "system", "content": "judge it"},
                {"role": "user", "content": text}], "max_tokens": 100, "response_format": {"type": "json_schema",
                "json_schema": {"name": "eovr_analysis", "strict": true, "schema": schema}}}),
        ),
    ];
    for (dialect, body) in expected {
        assert_eq!(dialect.body(&question()), body, "{dialect:?}");
    }
}

#[test]
fn the_key_is_in_a_header_that_is_never_printed() {
    for dialect in Dialect::ALL {
        let headers = dialect.headers(&Key::new(" sk-secret-7\n")).unwrap();
        assert!(!format!("{headers:?}").contains("secret"), "{headers:?}");
        assert!(headers.values().any(|value| value.to_str().is_ok_and(|text| text.ends_with("sk-secret-7"))));
        assert!(!dialect.path("m").contains("secret"));
        let error = dialect.headers(&Key::new("sk-secret\n7")).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(Dialect::Google.path("gemini-9"), "/v1/models/gemini-9:generateContent");
    let anthropic = Dialect::Anthropic.headers(&Key::new("k")).unwrap();
    assert_eq!(anthropic.get("anthropic-version").unwrap(), "2026-10-21");
}

fn read(dialect: Dialect, body: &Value) -> Result<(String, Option<u32>), NoAnswerReason> {
    let said = dialect.read(body.to_string().as_bytes()).map_err(|no| no.reason)?;
    Ok((said.text, said.tokens_out))
}

#[test]
fn parts_are_joined_and_unknown_parts_are_skipped() {
    let answer = Ok(("{}".to_owned(), Some(2)));
    let openai = json!({"id": "r", "status": "completed", "output": [
        {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
        {"type": "message", "role": "assistant", "content": [
            {"type": "output_text", "text": "{", "annotations": []}, {"type": "output_text", "text": "}"}]},
        {"type": "something_new"}], "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}});
    assert_eq!(read(Dialect::OpenAi, &openai), answer);
    let anthropic = json!({"type": "message", "stop_reason": "end_turn", "content": [
        {"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "{"},
        {"type": "something_new", "text": "no"}, {"type": "text", "text": "}"}],
        "usage": {"input_tokens": 1, "output_tokens": 2}});
    assert_eq!(read(Dialect::Anthropic, &anthropic), answer);
    let google = json!({"candidates": [{"finishReason": "STOP", "content": {"role": "model", "parts": [
        {"text": "hm", "thought": true}, {"text": "{"}, {"text": "}"}]}}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2}, "modelVersion": "g"});
    assert_eq!(read(Dialect::Google, &google), answer);
    let chat = json!({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant",
        "content": "{}", "refusal": null}}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}});
    assert_eq!(read(Dialect::Local, &chat), answer);
}

#[test]
fn a_reply_with_status_200_may_hold_no_answer() {
    use Dialect::{Anthropic, Google, Local, OpenAi};
    use NoAnswerReason::{Blocked, InvalidOutput, RateLimited, Refused, ServerError, Truncated};
    let output =
        |part: Value| json!({"status": "completed", "output": [{"type": "message", "content": [part]}]});
    let stopped =
        |reason: &str| json!({"stop_reason": reason, "content": [{"type": "text", "text": "{\"score\": 1"}]});
    let finished = |reason: &str| json!({"candidates": [{"finishReason": reason, "content": {"parts": [{"text": "{"}]}}]});
    let choice =
        |reason: &str, message: Value| json!({"choices": [{"finish_reason": reason, "message": message}]});
    for (dialect, body, reason) in [
        (OpenAi, output(json!({"type": "refusal", "refusal": "I cannot"})), Refused),
        (OpenAi, output(json!({"type": "output_text", "text": ""})), InvalidOutput),
        (
            OpenAi,
            json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}),
            Truncated,
        ),
        (
            OpenAi,
            json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}),
            Blocked,
        ),
        (OpenAi, json!({"status": "failed", "error": {"code": "server_error", "message": "x"}}), ServerError),
        (OpenAi, json!({"status": "failed", "error": {"code": "rate_limit_exceeded"}}), RateLimited),
        (OpenAi, json!({"status": "failed", "error": {"code": "invalid_prompt"}}), Blocked),
        (OpenAi, json!({"status": "queued"}), ServerError),
        (OpenAi, json!({"status": "completed", "output": []}), InvalidOutput),
        (OpenAi, json!({}), ServerError),
        (Anthropic, stopped("max_tokens"), Truncated),
        (Anthropic, stopped("model_context_window_exceeded"), Truncated),
        (Anthropic, stopped("pause_turn"), InvalidOutput),
        (Anthropic, stopped("tool_use"), InvalidOutput),
        (
            Anthropic,
            json!({"stop_reason": "refusal", "content": [], "stop_details": {"type": "refusal", "category": "bio"}}),
            Refused,
        ),
        (Anthropic, json!({"stop_reason": "end_turn", "content": []}), InvalidOutput),
        (Anthropic, json!({"type": "error", "error": {"type": "api_error"}}), ServerError),
        (Google, finished("MAX_TOKENS"), Truncated),
        (Google, finished("CONTINUATION"), Truncated),
        (Google, finished("SAFETY"), Refused),
        (Google, finished("SPII"), Refused),
        (Google, finished("PROHIBITED_CONTENT"), Refused),
        (Google, finished("MALFORMED_RESPONSE"), ServerError),
        (Google, finished("SOMETHING_NEW"), InvalidOutput),
        (Google, json!({"candidates": [{"finishReason": "STOP"}]}), InvalidOutput),
        (Google, json!({"promptFeedback": {"blockReason": "SAFETY"}}), Blocked),
        (Google, json!({"candidates": []}), ServerError),
        (Local, choice("stop", json!({"content": null, "refusal": "I cannot"})), Refused),
        (Local, choice("length", json!({"content": "{"})), Truncated),
        (Local, choice("content_filter", json!({"content": null})), Blocked),
        (Local, choice("tool_calls", json!({"content": null})), InvalidOutput),
        (Local, choice("stop", json!({"content": ""})), InvalidOutput),
        (Local, json!({"choices": []}), InvalidOutput),
        (Local, json!({"error": "no model"}), ServerError),
    ] {
        assert_eq!(read(dialect, &body), Err(reason), "{dialect:?} {body}");
    }
    for dialect in Dialect::ALL {
        for body in ["", "<html>blocked by the proxy</html>", "{\"status\": \"comp", "[1]", "null"] {
            let found = dialect.read(body.as_bytes()).map_err(|no| no.reason);
            assert_eq!(found, Err(ServerError), "{dialect:?} {body}");
        }
    }
}

#[test]
fn a_provider_has_the_name_that_facilities_allow() {
    for dialect in Dialect::ALL {
        assert_eq!(dialect.name().parse::<Dialect>().unwrap(), dialect);
    }
    let error = "openia".parse::<Dialect>().unwrap_err().to_string();
    assert!(error.contains("`openai`, `anthropic`, `google`, `local`"), "{error}");
}
