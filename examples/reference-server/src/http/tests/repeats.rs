//! Requests that are sent twice.

use std::sync::Arc;

use axum::http::Method;
use eovr_core::memory::MemoryStore;
use eovr_core::ports::Store;

use super::{Got, NURSE, QUALITY, REPORT, Server, Tested};

async fn keyed(
    server: &Server,
    who: &str,
    path: &str,
    key: &str,
    body: &str,
) -> Result<Got, Box<dyn std::error::Error>> {
    server.with(who, Method::POST, path, &[("idempotency-key", key)], body).await
}

const OTHER: &str = r#"{"category": "medication", "description": "It happened in another night."}"#;
const ANONYMOUS: &str = r#"{"category": "medication", "reporter": "anonymous",
    "description": "The syringe was used for two patients."}"#;

#[tokio::test]
async fn a_report_that_is_sent_twice_is_one_report() -> Tested {
    let server = Server::new().await?;
    let first = keyed(&server, NURSE, "/api/incidents", "key-1", REPORT).await?.is(201)?;
    let again = keyed(&server, NURSE, "/api/incidents", "key-1", REPORT).await?.is(201)?;
    assert_eq!(first.text, again.text);
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    let reused = keyed(&server, NURSE, "/api/incidents", "key-1", OTHER).await?;
    assert_eq!(reused.problem(422, "invalid_input")?["errors"][0]["field"], "idempotency-key");
    // Another key, another caller: another report.
    keyed(&server, NURSE, "/api/incidents", "key-2", REPORT).await?.is(201)?;
    keyed(&server, "staff F1 nurse-8", "/api/incidents", "key-1", REPORT).await?.is(201)?;
    let page = server.get(NURSE, "/api/incidents").await?.json()?;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(3));
    Ok(())
}

#[tokio::test]
async fn also_after_a_restart() -> Tested {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    for (key, body) in [("key-a", REPORT), ("key-b", ANONYMOUS)] {
        let before = Server::on(store.clone(), false).await?;
        let first = keyed(&before, NURSE, "/api/incidents", key, body).await?.is(201)?;
        let after = Server::on(store.clone(), false).await?;
        let again = keyed(&after, NURSE, "/api/incidents", key, body).await?.is(201)?;
        assert_eq!(first.text, again.text, "number and receipt are the first ones");
        keyed(&after, NURSE, "/api/incidents", key, body).await?.is(201)?;
        let other = Server::on(store.clone(), false).await?;
        let reused = keyed(&other, NURSE, "/api/incidents", key, OTHER).await?;
        assert_eq!(reused.problem(422, "invalid_input")?["errors"][0]["field"], "idempotency-key");
    }
    let server = Server::on(store.clone(), false).await?;
    let page = server.get(QUALITY, "/api/incidents").await?.json()?;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(2));

    let path = server.taken_up().await?;
    let task = r#"{"task": "Lock the vials away", "owner": "pharmacy-1", "due_at": "2027-01-31T12:00:00Z",
        "purpose": "preventive"}"#;
    let actions = format!("{path}/actions");
    let first = keyed(&server, QUALITY, &actions, "key-f", task).await?.is(201)?;
    let restarted = Server::on(store, false).await?;
    let again = keyed(&restarted, QUALITY, &actions, "key-f", task).await?.is(201)?;
    assert_eq!(first.text, again.text, "the first answer");
    let restarted = Server::on(restarted.app.eovr.store().clone(), false).await?;
    let other = task.replace("Lock", "Throw");
    keyed(&restarted, QUALITY, &actions, "key-f", &other).await?.problem(422, "invalid_input")?;
    let list = server.get(QUALITY, &actions).await?.json()?;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn an_action_that_is_sent_twice_is_done_once() -> Tested {
    let server = Server::new().await?;
    let path = format!("{}/transition", server.taken_up().await?);
    let remark = r#"{"action": "add_remark", "note": "The family was told."}"#;
    let first = keyed(&server, QUALITY, &path, "r-1", remark).await?.is(200)?;
    let again = keyed(&server, QUALITY, &path, "r-1", remark).await?.is(200)?;
    assert_eq!((first.text.as_str(), first.header("etag")), (again.text.as_str(), again.header("etag")));
    assert_eq!(first.json()?["version"], 3);
    // What was refused may be right later, so it is not remembered.
    keyed(&server, QUALITY, &path, "t-1", r#"{"action": "ask", "note": "Which?"}"#)
        .await?
        .problem(400, "refused")?;
    server.post(QUALITY, &path, r#"{"action": "evaluate"}"#).await?.is(200)?;
    keyed(&server, QUALITY, &path, "t-1", r#"{"action": "ask", "note": "Which?"}"#).await?.is(200)?;
    // Nobody reads another's answer with the same key.
    let stranger = keyed(&server, "quality_admin F2 quality-2", &path, "r-1", remark).await?;
    stranger.problem(404, "not_found")?;
    Ok(())
}

/// Schemathesis has found it: the answer came again, whatever the client said that it had seen.
#[tokio::test]
async fn what_the_client_has_seen_belongs_to_what_it_asks() -> Tested {
    let server = Server::new().await?;
    let path = format!("{}/transition", server.taken_up().await?);
    let remark = r#"{"action": "add_remark", "note": "The family was told."}"#;
    for (seen, status) in [("\"2\"", 200), ("\"2\"", 200), ("\"3\"", 422), ("nonsense", 422)] {
        let headers = [("idempotency-key", "r-1"), ("if-match", seen)];
        server.with(QUALITY, Method::POST, &path, &headers, remark).await?.is(status)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_is_done() -> Tested {
    let server = Arc::new(Server::new().await?);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let server = server.clone();
        tasks.spawn(async move {
            let got = keyed(&server, NURSE, "/api/incidents", "the-one", REPORT).await;
            got.map(|got| got.status.as_u16()).unwrap_or_default()
        });
    }
    let mut statuses = tasks.join_all().await;
    statuses.sort_unstable();
    statuses.dedup();
    assert!(statuses == [201] || statuses == [201, 409], "{statuses:?}");
    let page = server.get(NURSE, "/api/incidents").await?.json()?;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}
