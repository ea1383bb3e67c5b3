//! What those who watch over the server and its reports are told.

use eovr_core::access::danger;
use eovr_core::identity::watch::{self, SecurityLog};
use eovr_core::record::{Query, Record, Value};
use eovr_core::{Name, Session};

use super::{NURSE, QUALITY, Server, TOP, Tested};

type Failing<T> = Result<T, Box<dyn std::error::Error>>;

fn everybody(server: &Server) -> Failing<Session> {
    Ok(server.app.eovr.session(danger::unrestricted("test", "look")?))
}

async fn days(server: &Server) -> Failing<Vec<Record>> {
    Ok(everybody(server)?.find(&Query::of(Name::new(watch::KIND)?)).await?.items)
}

fn count(day: &Record, concern: &str) -> i64 {
    day.facet(concern).and_then(Value::as_int).unwrap_or_default()
}

#[tokio::test]
async fn what_was_turned_away_stands_in_a_chain() -> Tested {
    let server = Server::new().await?;
    let log = SecurityLog::of(&server.app.eovr)?;
    let forged = [("authorization", "Bearer eyJhbGciOiJub25lIn0.e30.")];
    server.with("nobody", axum::http::Method::GET, "/api/incidents", &forged, "").await?.is(401)?;
    // Who shows nothing has forgotten to log in.
    server.get("nobody", "/api/incidents").await?.is(401)?;
    server.get(NURSE, "/api/users").await?.problem(403, "denied")?;
    server.app.auth.alarm.write(&log).await?;
    server.get(NURSE, "/api/users").await?.problem(403, "denied")?;
    server.app.auth.alarm.write(&log).await?;
    server.app.auth.alarm.write(&log).await?;
    let days = days(&server).await?;
    assert_eq!(days.len(), 1, "two nodes or two writes made two days");
    assert_eq!((count(&days[0], "token_refused"), count(&days[0], "denied")), (1, 2));
    let trail = everybody(&server)?.trail(watch::KIND, days[0].id()).await?;
    assert!(trail.verdict.is_intact());
    assert_eq!(trail.entries.len(), 3, "nothing was turned away, and it was written");
    Ok(())
}

#[tokio::test]
async fn who_reads_very_much_is_noted_with_the_account() -> Tested {
    let server = Server::new().await?;
    let log = SecurityLog::of(&server.app.eovr)?;
    for _ in 0..50 {
        server.reported().await?;
    }
    // A page counts by what is on it.
    for _ in 0..40 {
        server.get(QUALITY, "/api/incidents?state=completed").await?.is(200)?;
        server.get(QUALITY, "/api/incidents").await?.is(200)?;
    }
    server.app.auth.alarm.write(&log).await?;
    let days = days(&server).await?;
    // At night, where these tests run, it is noted earlier and as that.
    assert_eq!(count(&days[0], "bulk_read") + count(&days[0], "off_hours_read"), 1);
    let trail = everybody(&server)?.trail(watch::KIND, days[0].id()).await?;
    let said = trail.entries.last().and_then(|entry| entry.note.as_ref());
    assert!(said.is_some_and(|note| note.contains("quality-1")), "nobody knows who");
    Ok(())
}

#[tokio::test]
async fn suggestions_stand_beside_what_people_say() -> Tested {
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
