//! External models over HTTP: registered, and inactive until figures and a person activate them.

use eovr_core::access::danger;
use eovr_core::analyst::MODEL;
use serde_json::json;

use super::{NURSE, QUALITY, Server, TOP, Tested};

const NEW: &str = r#"{"provider": "anthropic", "model": "m-1"}"#;
const BECAUSE: &str = r#"{"reason": "it is better on our own reports"}"#;

fn figures(cases: u32, low: i32) -> String {
    json!({"cases": cases, "gain": 90, "gain_low": low, "against": "eovr-rules", "report": "ab".repeat(32)})
        .to_string()
}

#[tokio::test]
async fn a_model_is_switched_on_by_figures_and_a_person() -> Tested {
    let server = Server::new().await?;
    let made = server.post(TOP, "/api/ai/models", NEW).await?.is(200)?.json()?;
    let again = server.post(TOP, "/api/ai/models", NEW).await?.is(200)?.json()?;
    assert_eq!(made["id"], again["id"], "it is known once");
    let id = made["id"].as_str().ok_or("an id")?.parse()?;
    let session = server.app.kit.eovr.session(danger::unrestricted("test", "look")?);
    let trail = session.trail(&MODEL, id).await?;
    let first = &trail.entries.first().ok_or("an event")?.event;
    assert_eq!((first.actor.as_str(), first.capacity.as_str()), ("top-1", "top_management"));
    let model = format!("/api/ai/models/{}", made["id"].as_str().unwrap_or_default());
    let post = |what: &'static str, body: String| {
        let (server, path) = (&server, format!("{model}/{what}"));
        async move { server.post(TOP, &path, &body).await }
    };
    post("activate", BECAUSE.to_owned()).await?.problem(400, "refused")?;
    post("examine", figures(99, 40)).await?.is(204)?;
    post("activate", BECAUSE.to_owned()).await?.problem(400, "refused")?;
    post("examine", figures(400, 0)).await?.is(204)?;
    post("activate", BECAUSE.to_owned()).await?.problem(400, "refused")?;
    post("compare", String::new()).await?.is(422)?;
    post("examine", figures(400, 40)).await?.is(204)?;
    server.post(QUALITY, &format!("{model}/activate"), BECAUSE).await?.problem(403, "denied")?;
    post("activate", BECAUSE.to_owned()).await?.is(204)?;
    let listed = server.get(TOP, "/api/ai/models").await?.is(200)?.json()?;
    let one = &listed["items"][0];
    assert_eq!(
        (&one["state"], &one["verdict"], &one["gain_low"]),
        (&json!("active"), &json!("better"), &json!(40))
    );
    // This server has no API key for the provider, so no report can leave.
    assert_eq!(server.get(TOP, "/api/ai/status").await?.json()?["remote"], false);
    assert_eq!(server.get(TOP, &model).await?.is(200)?.json()?["months"], json!([]));
    post("retire", BECAUSE.to_owned()).await?.is(204)?;
    post("reconsider", String::new()).await?.is(204)?;
    post("try", BECAUSE.to_owned()).await?.is(204)?;
    post("scrap", BECAUSE.to_owned()).await?.problem(400, "refused")?;
    post("retire", BECAUSE.to_owned()).await?.is(204)?;
    post("scrap", BECAUSE.to_owned()).await?.is(204)?;
    post("reconsider", String::new()).await?.problem(400, "refused")?;
    assert_eq!(server.get(TOP, "/api/ai/models").await?.json()?["items"][0]["state"], "scrapped");
    for who in [NURSE, QUALITY] {
        server.get(who, "/api/ai/models").await?.problem(403, "denied")?;
    }
    Ok(())
}

#[tokio::test]
async fn an_invalid_model_is_refused_with_the_accepted_providers() -> Tested {
    let server = Server::new().await?;
    let wrong =
        server.post(TOP, "/api/ai/models", r#"{"provider": "openia", "model": "m"}"#).await?.is(422)?.text;
    assert!(
        wrong.contains("`openai`, `anthropic`, `google`, `local`") && !wrong.contains("openia"),
        "{wrong}"
    );
    server.post(QUALITY, "/api/ai/models", NEW).await?.problem(403, "denied")?;
    let made = server.post(TOP, "/api/ai/models", NEW).await?.is(200)?.json()?;
    let examine = format!("/api/ai/models/{}/examine", made["id"].as_str().unwrap_or_default());
    let digest = figures(400, 40).replace("abab", "zzzz");
    server.post(TOP, &examine, &digest).await?.is(422)?;
    server.post(TOP, &examine, &figures(400, 91)).await?.is(422)?;
    server.post(TOP, "/api/ai/models/not-an-id/retire", BECAUSE).await?.problem(404, "not_found")?;
    Ok(())
}

#[tokio::test]
async fn a_report_without_an_external_analysis_has_none_to_retry() -> Tested {
    let server = Server::new().await?;
    let path = server.reported().await?;
    let analyst = server.get(QUALITY, &path).await?.is(200)?.json()?["analyst"].clone();
    assert!(
        analyst.as_object().is_some_and(|members| members.values().all(serde_json::Value::is_null)),
        "{analyst}"
    );
    server.post(TOP, &format!("{path}/analysis/retry"), "").await?.problem(404, "not_found")?;
    server.post(QUALITY, &format!("{path}/analysis/retry"), "").await?.problem(403, "denied")?;
    Ok(())
}
