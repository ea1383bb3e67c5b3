//! The problems that a client receives; and that they never repeat input.

use axum::body::Body;
use axum::http::{Method, Request};

use super::{ELSEWHERE, NURSE, QUALITY, REPORT, Server, Tested};

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn each_kind_of_error_has_its_status() -> Tested {
    let server = Server::new().await?;
    let path = server.reported().await?;
    let problem = server.get("anonymous", "/api/incidents").await?;
    assert_eq!(problem.header("www-authenticate"), "Bearer realm=\"eovr\"");
    problem.problem(401, "unauthenticated")?;
    server.get(NURSE, "/api/nothing").await?.problem(404, "no_such_route")?;
    let wrong = server.with(NURSE, Method::DELETE, "/api/incidents", &[], "").await?;
    let mut allowed: Vec<_> = wrong.header("allow").split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    wrong.problem(405, "method_not_allowed")?;
    server.post(NURSE, "/api/incidents", "{\"category\": ").await?.problem(400, "malformed_body")?;
    server
        .post(NURSE, "/api/incidents", &format!("{REPORT} {REPORT}"))
        .await?
        .problem(400, "malformed_body")?;

    let text =
        Request::post("/api/incidents").header("x-test-actor", NURSE).header("content-type", "text/plain");
    server.send(text.body(Body::from(REPORT))?).await?.problem(415, "unsupported_type")?;
    let long = format!(r#"{{"category": "medication", "description": "{}"}}"#, "a".repeat(1 << 20));
    server.post(NURSE, "/api/incidents", &long).await?.problem(413, "too_large")?;
    let keyed =
        server.with(NURSE, Method::POST, "/api/incidents", &[("idempotency-key", "k")], &long).await?;
    keyed.problem(413, "too_large")?;

    let refused = server.post(QUALITY, &format!("{path}/transition"), r#"{"action": "complete"}"#).await?;
    let refused = refused.problem(400, "refused")?;
    assert_eq!(refused["state"], "created");
    assert!(refused["legal"].as_array().is_some_and(|legal| legal.contains(&"start".into())), "{refused}");
    assert_eq!(refused["unmet"], serde_json::json!([]));
    server.post(QUALITY, &format!("{path}/transition"), r#"{"action": "start"}"#).await?.is(200)?;
    server.post(QUALITY, &format!("{path}/transition"), r#"{"action": "evaluate"}"#).await?.is(200)?;
    let lacking = server.post(QUALITY, &format!("{path}/transition"), r#"{"action": "ask"}"#).await?;
    let lacking = lacking.problem(400, "refused")?;
    assert_eq!(lacking["unmet"][0]["need"], "note");
    Ok(())
}

#[tokio::test]
async fn out_of_scope_looks_like_absent() -> Tested {
    let server = Server::new().await?;
    let there = server.reported().await?;
    let absent = "/api/incidents/0192f0c0-0000-7000-8000-000000000000";
    let odd = "/api/incidents/not-an-id";
    let bodies = [
        (Method::GET, "", ""),
        (Method::PATCH, "", r#"{"location": "ward-3", "reason": "it was another ward"}"#),
        (Method::PATCH, "/risk", r#"{"severity": "major", "probability": "likely"}"#),
        (Method::PATCH, "/jci-fields", r#"{"chapter": "MMU"}"#),
        (Method::POST, "/transition", r#"{"action": "start"}"#),
        (Method::POST, "/transition", r#"{"action": "no such action"}"#),
        (Method::POST, "/ai-review", r#"{"verdict": "accepted"}"#),
        (
            Method::POST,
            "/reopen",
            r#"{"reason": "it went on", "report": {"category": "medication", "description": "It happened again."}}"#,
        ),
        (Method::GET, "/audit", ""),
        (Method::GET, "/actions", ""),
        (
            Method::POST,
            "/actions",
            r#"{"task": "train them", "owner": "x", "due_at": "2027-01-01T00:00:00Z", "purpose": "preventive"}"#,
        ),
    ];
    for (method, rest, body) in bodies {
        let mut said = Vec::new();
        for path in [there.as_str(), absent, odd] {
            let id = [("x-request-id", "the-same-one")];
            let got = server.with(ELSEWHERE, method.clone(), &format!("{path}{rest}"), &id, body).await?;
            said.push((got.status, got.text.clone()));
            got.problem(404, "not_found").map_err(|error| format!("{method} {rest}: {error}"))?;
        }
        said.dedup();
        assert_eq!(said.len(), 1, "{method} {rest}: {said:?}");
    }
    Ok(())
}

/// Puts a marker wherever a client can send text; no answer may contain it.
#[tokio::test]
async fn problems_never_repeat_input() -> Tested {
    const MARK: &str = "mr_hassan_fell";
    let server = Server::new().await?;
    let path = server.reported().await?;
    let bodies = [
        format!(r#"{{"category": "{MARK}", "description": "It happened in the night."}}"#),
        format!(r#"{{"{MARK}": 1, "category": "medication", "description": "It happened in the night."}}"#),
        format!(r#"{{"category": 1, "description": "{MARK}"}}"#),
        format!(r#"{{"category": "medication", "description": {{"{MARK}": 1}}}}"#),
        format!(r#"{{"category": "medication", "description": "It happened.", "actual_harm": "{MARK}"}}"#),
        format!(r#"{{"category": "medication", "description": "It happened.", "occurred_at": "{MARK}"}}"#),
        format!(r#"{{"category": "medication", "description": "It happened.", "disclosed": "{MARK}"}}"#),
        format!(r#"{{"category": "medication", "description": "It happened.", "facility": "{MARK} x"}}"#),
        format!(r#"{{"category": "medication", "description": "It happened.", "factors": ["{MARK}"]}}"#),
        format!(r#"{{"category": "medication", "subtype": "{MARK}", "description": "It happened."}}"#),
        format!(r#"{{"category": "medication", "description": "It happened." {MARK}"#),
        format!(r#"{{"action": "{MARK}"}}"#),
        format!(r#"{{"action": "dispose", "note": "{MARK}", "fields": {{"{MARK}": "{MARK}"}}}}"#),
        format!(
            r#"{{"action": "dispose", "note": "it is one", "fields": {{"disposition": {{"{MARK}": 1}}}}}}"#
        ),
        format!(r#"{{"action": "dispose", "note": "it is one", "fields": {{"disposition": "{MARK}"}}}}"#),
        format!(r#"{{"severity": "{MARK}", "probability": "{MARK}"}}"#),
        format!(r#"{{"scheme": "{MARK}", "severity": "1", "probability": "1"}}"#),
        format!(r#"{{"chapter": "{MARK}"}}"#),
        format!(r#"{{"edition": "{MARK}"}}"#),
        format!(r#"{{"verdict": "{MARK}"}}"#),
        format!(r#"{{"code": "{MARK}"}}"#),
        format!("\"{MARK}\""),
    ];
    let places = [
        (Method::POST, "/api/incidents".to_owned()),
        (Method::POST, format!("{path}/transition")),
        (Method::PATCH, path.clone()),
        (Method::PATCH, format!("{path}/risk")),
        (Method::PATCH, format!("{path}/jci-fields")),
        (Method::POST, format!("{path}/ai-review")),
        (Method::POST, format!("{path}/actions")),
        (Method::POST, format!("{path}/reopen")),
        (Method::POST, "/api/report/receipt".to_owned()),
    ];
    for (method, place) in &places {
        for body in &bodies {
            let got = server.with(QUALITY, method.clone(), place, &[], body).await?;
            assert!(got.status.is_client_error(), "{place} {body}: {} {}", got.status, got.text);
            assert!(!got.text.contains("hassan"), "{place} {body}: {}", got.text);
        }
    }
    for query in ["state", "category", "band", "from", "after", "limit", MARK] {
        let got = server.get(QUALITY, &format!("/api/incidents?{query}={MARK}")).await?;
        assert!(got.status == 422 && !got.text.contains("hassan"), "{query}: {}", got.text);
    }
    for (name, value) in [("if-match", MARK), ("idempotency-key", ""), ("x-request-id", "mr hassan fell")] {
        let headers = [JSON, (name, value)];
        let got =
            server.with(QUALITY, Method::POST, &format!("{path}/transition"), &headers[1..], "{}").await?;
        assert!(got.status == 422 && !got.text.contains("hassan"), "{name}: {}", got.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_value_is_named_with_accepted_values() -> Tested {
    let server = Server::new().await?;
    let check = async |body: &str, field: &str, accepted: &str| -> Tested {
        let problem = server.post(NURSE, "/api/incidents", body).await?.problem(422, "invalid_input")?;
        let error = &problem["errors"][0];
        assert_eq!(error["field"].as_str().unwrap_or_default(), field, "{problem}");
        assert!(error["accepted"].as_str().unwrap_or_default().contains(accepted), "{problem}");
        assert!(error["problem"].is_string(), "{problem}");
        Ok(())
    };
    let told =
        |more: &str| format!(r#"{{"category": "medication", "description": "It happened at night."{more}}}"#);
    check(r#"{"category": "medication"}"#, "description", "").await?;
    check(r#"{"category": "surgery", "description": "It happened at night."}"#, "category", "").await?;
    check(r#"{"category": "medication", "description": "short"}"#, "description", "10 to 60000").await?;
    check(&told(r#", "extra": 1"#), "", "`category`").await?;
    check(&told(r#", "actual_harm": "bad""#), "actual_harm", "`near_miss`").await?;
    check(&told(r#", "occurred_at": "yesterday""#), "occurred_at", "2026-11-22T08:30:00Z").await?;
    check(&told(r#", "disclosed": "yes""#), "disclosed", "boolean").await?;
    check(&told(r#", "facility": "no such""#), "facility", "").await?;
    Ok(())
}
