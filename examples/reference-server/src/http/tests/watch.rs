//! The security log, and the reviews of suggestions.

use eovr_core::Session;
use eovr_core::access::danger;
use eovr_core::identity::watch::{self, SecurityLog};
use eovr_core::record::{Query, Record};

use super::{NURSE, QUALITY, Server, TOP, Tested};

type Failing<T> = Result<T, Box<dyn std::error::Error>>;

fn unrestricted(server: &Server) -> Failing<Session> {
    Ok(server.app.kit.eovr.session(danger::unrestricted("test", "look")?))
}

async fn days(server: &Server) -> Failing<Vec<Record>> {
    Ok(unrestricted(server)?.find(&Query::of(watch::KIND)).await?.items)
}

fn count(day: &Record, concern: &str) -> i64 {
    day.int(concern).unwrap_or_default()
}

#[tokio::test]
async fn refusals_are_counted_in_an_audit_chain() -> Tested {
    let server = Server::new().await?;
    let log = SecurityLog::of(&server.app.kit.eovr)?;
    let forged = [("authorization", "Bearer eyJhbGciOiJub25lIn0.e30.")];
    server.with("anonymous", axum::http::Method::GET, "/api/incidents", &forged, "").await?.is(401)?;
    // A request without credentials is not counted.
    server.get("anonymous", "/api/incidents").await?.is(401)?;
    server.get(NURSE, "/api/users").await?.problem(403, "denied")?;
    server.app.kit.auth.alarm.write(&log).await?;
    server.get(NURSE, "/api/users").await?.problem(403, "denied")?;
    server.app.kit.auth.alarm.write(&log).await?;
    server.app.kit.auth.alarm.write(&log).await?;
    let days = days(&server).await?;
    assert_eq!(days.len(), 1, "two nodes or two writes made two days");
    assert_eq!((count(&days[0], "token_refused"), count(&days[0], "denied")), (1, 2));
    let trail = unrestricted(&server)?.trail(&watch::KIND, days[0].id()).await?;
    assert!(trail.verdict.is_intact());
    assert_eq!(trail.entries.len(), 3, "an entry was written without a refusal");
    Ok(())
}

#[tokio::test]
async fn bulk_reading_is_noted_with_the_account() -> Tested {
    let server = Server::new().await?;
    let log = SecurityLog::of(&server.app.kit.eovr)?;
    for _ in 0..50 {
        server.reported().await?;
    }
    // A page counts by the number of its items.
    for _ in 0..40 {
        server.get(QUALITY, "/api/incidents?state=completed").await?.is(200)?;
        server.get(QUALITY, "/api/incidents").await?.is(200)?;
    }
    server.app.kit.auth.alarm.write(&log).await?;
    let days = days(&server).await?;
    // These tests run at night by their clock, so the lower threshold applies.
    assert_eq!(count(&days[0], "bulk_read") + count(&days[0], "off_hours_read"), 1);
    let trail = unrestricted(&server)?.trail(&watch::KIND, days[0].id()).await?;
    let said = trail.entries.last().and_then(|entry| entry.note.as_ref());
    assert!(said.is_some_and(|note| note.contains("quality-1")), "the note lacks the account");
    Ok(())
}

#[tokio::test]
async fn suggestions_are_listed_beside_ratings() -> Tested {
    let server = Server::new().await?;
    let path = server.taken_up().await?;
    let pending = server.get(QUALITY, "/api/ai/reviews?review=pending").await?.is(200)?.json()?;
    assert_eq!(pending["items"].as_array().map(Vec::len), Some(1));
    let rating = r#"{"severity": "3", "probability": "3"}"#;
    server.patch(QUALITY, &format!("{path}/risk"), rating).await?.is(200)?;
    let verdict = r#"{"verdict": "overridden", "note": "worse than it reads"}"#;
    server.post(QUALITY, &format!("{path}/ai-review"), verdict).await?.is(200)?;
    let reviews = server.get(QUALITY, "/api/ai/reviews").await?.is(200)?.json()?;
    let one = &reviews["items"][0];
    assert_eq!((one["review"].as_str(), one["severity"].is_string()), (Some("overridden"), true));
    assert!(one["suggested_score"].is_i64() && one["score"].is_i64() && one["model"].is_string(), "{one}");
    assert_eq!(
        server.get(QUALITY, "/api/ai/reviews?review=pending").await?.json()?["items"],
        serde_json::json!([])
    );
    server.get(NURSE, "/api/ai/reviews").await?.problem(403, "denied")?;
    let status = server.get(TOP, "/api/ai/status").await?.is(200)?.json()?;
    assert_eq!((status["scorer"].is_string(), status["remote"].as_bool()), (true, Some(false)));
    Ok(())
}
