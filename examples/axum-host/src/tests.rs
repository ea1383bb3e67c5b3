//! The whole story of a reaction, over HTTP and without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use eovr_core::memory::MemoryStore;
use eovr_core::record::RecordId;
use eovr_core::seal::MasterKey;
use serde_json::{Value, json};
use tower::ServiceExt as _;

type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Who calls: user, role and place, or no header at all.
type Who = &'static [&'static str];

const NURSE: Who = &["nurse-7", "staff", "NIL"];
const BANK: Who = &["bank-1", "quality_admin", "NIL"];
const ELSEWHERE: Who = &["nurse-9", "staff", "DEL"];

struct Host(Router);

impl Host {
    /// Sends a request and returns the answer, which must have this status.
    async fn send(&self, who: Who, line: &str, body: Option<Value>, status: u16) -> Tested<Value> {
        let (method, path) = line.split_once(' ').ok_or("a method and a path")?;
        let names = ["x-user", "x-role", "x-place"];
        let request =
            Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        let request = names
            .iter()
            .zip(who.iter().copied())
            .fold(request, |request, (name, value)| request.header(*name, value));
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.0.clone().oneshot(request.body(body)?).await?;
        let (parts, body) = response.into_parts();
        let body: Value = serde_json::from_slice(&to_bytes(body, 1_000_000).await?)?;
        assert_eq!(parts.status.as_u16(), status, "{line}: {body}");
        if status >= 400 {
            assert_eq!(parts.headers[header::CONTENT_TYPE], "application/problem+json");
        }
        Ok(body)
    }
}

#[tokio::test]
async fn a_reaction_is_reported_listed_examined_and_closed() -> Tested {
    let host = Host(crate::router(crate::opened(MemoryStore::new(), MasterKey::from_bytes(&[7; 32])).await?));
    let report = |number: u8| {
        let id = RecordId::derived("axum_host.tests.v1", &[&[number]]);
        Some(json!({ "id": id, "product": "plasma", "story": "Fever after ten minutes." }))
    };
    let written = host.send(NURSE, "POST /reactions", report(0), 201).await?;
    assert_eq!(written["version"], 1);
    // Sent again, because the first answer was lost.
    host.send(NURSE, "POST /reactions", report(0), 409).await?;
    let id = written["id"].as_str().ok_or("an id")?;

    // The list: a filter, and a cursor.
    let plasma = host.send(BANK, "GET /reactions?state=reported&product=plasma", None, 200).await?;
    assert_eq!((&plasma["items"][0]["envelope"]["id"], &plasma["next"]), (&json!(id), &Value::Null));
    assert_eq!(plasma["items"][0]["facets"], json!({ "product": "plasma" }));
    let platelets = host.send(BANK, "GET /reactions?product=platelets", None, 200).await?;
    assert_eq!(platelets["items"], json!([]));
    for number in 1..=20 {
        host.send(NURSE, "POST /reactions", report(number), 201).await?;
    }
    let first = host.send(BANK, "GET /reactions", None, 200).await?;
    let next = first["next"].as_str().ok_or("a cursor")?;
    let last = host.send(BANK, &format!("GET /reactions?after={next}"), None, 200).await?;
    assert_eq!(
        (first["items"].as_array().map(Vec::len), &last["items"][0]["envelope"]["id"]),
        (Some(20), &json!(id))
    );

    // A record out of scope does not exist.
    let absent = host.send(ELSEWHERE, &format!("GET /reactions/{id}"), None, 404).await?;
    assert_eq!(absent["type"], "urn:problem:not_found");
    assert_eq!(host.send(ELSEWHERE, "GET /reactions", None, 200).await?["items"], json!([]));

    // The buttons of the screen, and the actions behind them.
    let shown = host.send(BANK, &format!("GET /reactions/{id}"), None, 200).await?;
    assert_eq!(
        (&shown["story"], &shown["legal"][0]["action"]),
        (&json!("Fever after ten minutes."), &json!("investigate"))
    );
    let investigate = format!("POST /reactions/{id}/investigate");
    let denied = host.send(NURSE, &investigate, Some(json!({ "version": 1 })), 403).await?;
    assert_eq!(denied["type"], "urn:problem:denied");
    let taken =
        host.send(BANK, &investigate, Some(json!({ "version": 1, "note": "two of one donor" })), 200).await?;
    assert_eq!(taken["version"], 2);
    let stale = host.send(BANK, &investigate, Some(json!({ "version": 1 })), 409).await?;
    assert_eq!(stale["type"], "urn:problem:conflict");
    let close = format!("POST /reactions/{id}/close");
    let refused = host.send(BANK, &close, Some(json!({ "version": 2 })), 400).await?;
    assert_eq!(refused["refusal"]["unmet"][0]["need"], "field");
    host.send(BANK, &close, Some(json!({ "version": 2, "finding": "An allergy to plasma." })), 200).await?;

    let trail = host.send(BANK, &format!("GET /reactions/{id}/trail"), None, 200).await?;
    let events = trail["events"].as_array().ok_or("events")?;
    let actions: Vec<_> = events.iter().filter_map(|event| event["action"].as_str()).collect();
    assert_eq!((&trail["intact"], actions), (&json!(true), vec!["report", "investigate", "close"]));
    assert_eq!(trail["events"][1]["note_text"], "two of one donor");
    Ok(())
}

#[tokio::test]
async fn a_caller_without_a_name_is_asked_for_one_and_a_wrong_value_is_named() -> Tested {
    let host = Host(crate::router(crate::opened(MemoryStore::new(), MasterKey::from_bytes(&[7; 32])).await?));
    let asked = host.send(&[], "GET /reactions", None, 401).await?;
    assert!(asked["help"].as_str().is_some_and(|help| help.contains("`x-user`")));
    host.send(&["nurse 7", "staff", "NIL"], "GET /reactions", None, 422).await?;
    let id = RecordId::derived("axum_host.tests.v1", &[&[0]]);
    let wrong = json!({ "id": id, "product": "plasma", "story": "Fever" });
    let wrong = host.send(NURSE, "POST /reactions", Some(wrong), 422).await?;
    assert_eq!((&wrong["field"], &wrong["help"]), (&json!("story"), &json!("give 10 to 10000")));
    Ok(())
}
