//! Reporters without an account.

use axum::http::Method;

use super::{NURSE, QUALITY, Server, Tested};

#[tokio::test]
async fn a_receipt_shows_the_state_and_answers_the_question() -> Tested {
    let server = Server::new().await?;
    let body = r#"{"category": "medication", "reporter": "anonymous",
        "description": "The syringe was used for two patients."}"#;
    let made = server.post(NURSE, "/api/incidents", body).await?.is(201)?.json()?;
    let code = made["receipt"].as_str().ok_or("a receipt")?.to_owned();
    let path = format!("/api/incidents/{}", made["id"].as_str().ok_or("an id")?);
    assert_eq!(server.get(QUALITY, &path).await?.json()?["author"], "anonymous");
    for action in [r#"{"action": "start"}"#, r#"{"action": "evaluate"}"#] {
        server.post(QUALITY, &format!("{path}/transition"), action).await?.is(200)?;
    }
    let ask = r#"{"action": "ask", "note": "Which ward was it?"}"#;
    server.post(QUALITY, &format!("{path}/transition"), ask).await?.is(200)?;

    let look = format!(r#"{{"code": "{}"}}"#, code.to_lowercase().replace('-', " "));
    let seen = server.post("anonymous", "/api/report/receipt", &look).await?.is(200)?;
    assert!(!seen.text.contains("quality-1") && !seen.text.contains("syringe"), "{}", seen.text);
    let seen = seen.json()?;
    assert_eq!((seen["state"].as_str(), seen["waiting"].as_bool()), (Some("more_info_needed"), Some(true)));
    assert_eq!(seen["exchange"][0]["text"], "Which ward was it?");

    let words = format!(r#"{{"code": "{code}", "text": "Ward three."}}"#);
    server.post("anonymous", "/api/report/receipt/answer", &words).await?.is(200)?;
    let twice = server.post("anonymous", "/api/report/receipt/answer", &words).await?;
    assert_eq!(twice.problem(400, "refused")?["state"], "evaluating");
    server.post("anonymous", "/api/report/receipt/remark", &words).await?.is(200)?;
    let seen = server.post("anonymous", "/api/report/receipt", &look).await?.is(200)?.json()?;
    assert_eq!(seen["exchange"].as_array().map(Vec::len), Some(3));
    Ok(())
}

/// The route ignores idempotency keys, because its answer changes over time.
#[tokio::test]
async fn the_state_of_a_report_is_never_a_stored_answer() -> Tested {
    let server = Server::new().await?;
    let body = r#"{"category": "medication", "reporter": "anonymous",
        "description": "The syringe was used for two patients."}"#;
    let made = server.post(NURSE, "/api/incidents", body).await?.is(201)?.json()?;
    let code = format!(r#"{{"code": "{}"}}"#, made["receipt"].as_str().ok_or("a receipt")?);
    let key = [("idempotency-key", "look-1")];
    let look = async || server.with("anonymous", Method::POST, "/api/report/receipt", &key, &code).await;
    assert_eq!(look().await?.json()?["state"], "created");
    let path = format!("/api/incidents/{}/transition", made["id"].as_str().ok_or("an id")?);
    server.post(QUALITY, &path, r#"{"action": "start"}"#).await?.is(200)?;
    let seen = look().await?.is(200)?;
    assert_eq!(
        (seen.json()?["state"].as_str(), seen.header("idempotency-replayed")),
        (Some("in_progress"), "")
    );
    Ok(())
}

#[tokio::test]
async fn an_unknown_receipt_code_is_refused() -> Tested {
    let server = Server::new().await?;
    let unknown = r#"{"code": "7K2M-7K2M-7K2M-7K2M-7K2M-7K2M-7K2M-7K2M"}"#;
    server.post("anonymous", "/api/report/receipt", unknown).await?.problem(404, "not_found")?;
    let odd = server.post("anonymous", "/api/report/receipt", r#"{"code": "7K2M"}"#).await?;
    assert_eq!(odd.problem(422, "invalid_input")?["errors"][0]["field"], "code");
    Ok(())
}

/// The draft check is public.
#[tokio::test]
async fn a_draft_is_checked_without_an_account() -> Tested {
    let server = Server::new().await?;
    let path = "/api/narratives/look";
    let draft = r#"{"narrative": "The careless nurse Fatima gave heparin twice."}"#;
    let seen = server.post("anonymous", path, draft).await?.is(200)?.json()?;
    let found: Vec<_> = seen["findings"].as_array().ok_or("a list")?.iter().map(|one| &one["what"]).collect();
    assert_eq!(found, ["blame", "person", "name", "drug"]);
    assert_eq!((&seen["findings"][0]["start"], &seen["findings"][0]["end"]), (&4.into(), &12.into()));
    let empty = server.post("anonymous", path, r#"{"narrative": ""}"#).await?.is(200)?.json()?;
    assert_eq!(empty["findings"], serde_json::json!([]));
    let long = format!(r#"{{"narrative": "{}"}}"#, "ع".repeat(60_001));
    server.post("anonymous", path, &long).await?.problem(422, "invalid_input")?;
    Ok(())
}
