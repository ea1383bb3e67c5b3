//! Analytics, health and metrics.

use std::sync::Arc;

use eovr_core::memory::MemoryStore;

use super::{GOVERNOR, MANAGER, NURSE, QUALITY, REPORT, Server, TOP, Tested};

#[tokio::test]
async fn counts_follow_every_change() -> Tested {
    let server = Server::new().await?;
    server.taken_up().await?;
    server.reported().await?;
    server.post("staff F3 other", "/api/incidents", REPORT).await?.is(201)?;
    let summary = server.get(QUALITY, "/api/analytics/summary").await?.is(200)?.json()?;
    assert_eq!((summary["total"].as_u64(), summary["pending_review"].as_u64()), (Some(2), Some(1)));
    assert_eq!(summary["cells"].as_array().map(Vec::len), Some(2));

    let trends = server.get(MANAGER, "/api/analytics/trends?by=state").await?.is(200)?.json()?;
    assert_eq!(trends["source"], "memory");
    let cells = trends["cells"].as_array().ok_or("a list")?;
    assert_eq!(cells.len(), 2);
    let month = cells[0]["month"].as_str().ok_or("a month")?;
    assert!(month.len() == 7 && cells.iter().all(|cell| cell["count"] == 1), "{trends}");
    let none = server.get(MANAGER, "/api/analytics/trends?to=2001-12").await?.is(200)?.json()?;
    assert_eq!(none["cells"], serde_json::json!([]));
    let long = server.get(MANAGER, "/api/analytics/trends?from=1900-01").await?;
    long.problem(422, "invalid_input")?;
    let before =
        server.get(MANAGER, "/api/analytics/trends?from=2001-01&to=2001-02").await?.is(200)?.json()?;
    let unknown = |month: &str| serde_json::json!({"month": month, "value": null, "count": null});
    assert_eq!(before["cells"], serde_json::json!([unknown("2001-01"), unknown("2001-02")]));
    assert_eq!(before["since"], *month);
    let this = format!("/api/analytics/trends?from={month}&to={month}");
    assert_eq!(server.get(MANAGER, &this).await?.is(200)?.json()?["cells"][0]["count"], 2);
    for wrong in ["from=2026-13", "from=2026", "to=x", "by=author", "level=facility"] {
        let got = server.get(MANAGER, &format!("/api/analytics/trends?{wrong}")).await?;
        got.problem(422, "invalid_input")?;
    }

    let compare = server.get(TOP, "/api/analytics/compare?level=governorate").await?.is(200)?.json()?;
    let places: Vec<_> =
        compare["cells"].as_array().into_iter().flatten().map(|cell| &cell["place"]).collect();
    assert_eq!(places, ["G", "H"]);
    assert!(compare["note"]["en"].as_str().is_some_and(|note| note.contains("not a ranking")), "{compare}");
    let own = server.get(GOVERNOR, "/api/analytics/compare").await?.is(200)?.json()?;
    let cells = own["cells"].as_array().ok_or("a list")?;
    assert_eq!(cells[0], serde_json::json!({"place": "F1", "value": null, "count": 2, "of": 2}));
    // A facility without reports is listed too.
    assert!(cells.len() > 1 && cells[1..].iter().all(|cell| cell["of"] == 0), "{own}");
    Ok(())
}

#[tokio::test]
async fn health_and_readiness_are_reported() -> Tested {
    let server = Server::new().await?;
    let health = server.get("anonymous", "/health").await?.is(200)?.json()?;
    assert_eq!((health["status"].as_str(), health["database"].as_str()), (Some("ok"), Some("ok")));
    server.get("anonymous", "/ready").await?.is(200)?;
    server.app.kit.stop();
    let gone = server.get("anonymous", "/ready").await?;
    assert_eq!(gone.header("retry-after"), "5");
    gone.problem(503, "unavailable")?;
    Ok(())
}

#[tokio::test]
async fn metrics_have_route_templates_and_no_ids() -> Tested {
    let server = Server::new().await?;
    let path = server.reported().await?;
    server.get(NURSE, &path).await?.is(200)?;
    server.get(NURSE, "/api/mr-hassan").await?;
    let meters = server.get("anonymous", "/metrics").await?.is(200)?;
    assert!(meters.text.contains(r#"route="/api/incidents/{id}",status="200""#), "{}", meters.text);
    let id = path.rsplit('/').next().unwrap_or_default();
    assert!(!meters.text.contains(id) && !meters.text.contains("hassan") && !meters.text.contains("nurse"));
    Ok(())
}

#[tokio::test]
async fn every_answer_has_security_headers() -> Tested {
    let server = Server::new().await?;
    let got = server.get(NURSE, "/api/auth/me").await?.is(200)?;
    assert_eq!(got.json()?["role"], "staff");
    assert_eq!(got.header("cache-control"), "no-store");
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    assert_eq!(got.header("referrer-policy"), "no-referrer");
    let policy = got.header("content-security-policy");
    for part in ["default-src", "object-src", "base-uri", "form-action", "frame-ancestors"] {
        assert!(policy.split("; ").any(|said| said == format!("{part} 'none'")), "{policy}");
    }
    assert_eq!(got.header("strict-transport-security"), "");
    let real = Server::on(Arc::new(MemoryStore::new()), true).await?;
    assert!(real.get(NURSE, "/api/auth/me").await?.header("strict-transport-security").contains("max-age="));
    real.get(NURSE, "/api/docs").await?.problem(404, "no_such_route")?;
    real.get(NURSE, "/api/openapi.json").await?.problem(404, "no_such_route")?;
    Ok(())
}
