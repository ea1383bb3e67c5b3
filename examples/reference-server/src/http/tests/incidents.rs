//! The life of an incident over HTTP, with clients of three tiers.

use axum::http::Method;
use serde_json::json;

use super::{MANAGER, NURSE, QUALITY, Server, Tested, WORDS};

#[tokio::test]
async fn an_incident_is_reported_reviewed_and_closed() -> Tested {
    let server = Server::new().await?;
    let path = server.reported().await?;
    let shown = server.get(NURSE, &path).await?.is(200)?;
    assert_eq!(shown.header("etag"), "\"1\"");
    let shown = shown.json()?;
    assert_eq!(shown["report"]["description"], WORDS);
    assert_eq!(shown["author"], "nurse-7");
    assert_eq!(shown["ai"]["band"], "high");
    let nurses: Vec<_> =
        shown["legal"].as_array().into_iter().flatten().map(|legal| &legal["action"]).collect();
    assert_eq!(nurses, ["add_remark", "attach", "correct"]);

    let act = async |who: &str, body: &str, state: &str| -> Tested {
        let moved = server.post(who, &format!("{path}/transition"), body).await?.is(200)?;
        assert_eq!(moved.json()?["state"], state);
        assert_eq!(moved.header("etag"), format!("\"{}\"", moved.json()?["version"]));
        Ok(())
    };
    act(QUALITY, r#"{"action": "start"}"#, "in_progress").await?;
    act(QUALITY, r#"{"action": "evaluate"}"#, "evaluating").await?;
    act(QUALITY, r#"{"action": "ask", "note": "Which pump was it?"}"#, "more_info_needed").await?;
    act(NURSE, r#"{"action": "answer", "note": "The one in room 3."}"#, "evaluating").await?;
    let rated = server
        .patch(
            QUALITY,
            &format!("{path}/risk"),
            r#"{"severity": "3", "probability": "2", "actual_harm": "severe"}"#,
        )
        .await?
        .is(200)?;
    assert_eq!(rated.header("etag"), "\"6\"");
    server
        .patch(QUALITY, &format!("{path}/jci-fields"), r#"{"chapter": "MMU", "gap": "no double check"}"#)
        .await?
        .is(200)?;
    server.post(QUALITY, &format!("{path}/ai-review"), r#"{"verdict": "accepted"}"#).await?.is(200)?;
    act(QUALITY, r#"{"action": "take_action"}"#, "action_taken").await?;

    let task = r#"{"task": "Lock the concentrated vials away", "owner": "pharmacy-1",
        "due_at": "2027-01-31T12:00:00Z", "purpose": "preventive", "strength": "stronger"}"#;
    let made = server.post(QUALITY, &format!("{path}/actions"), task).await?.is(201)?;
    let follow_up = made.header("location").to_owned();
    let early = server.post(QUALITY, &format!("{path}/transition"), r#"{"action": "complete"}"#).await?;
    assert_eq!(early.problem(400, "refused")?["unmet"][0]["need"], "children_closed");
    let done = r#"{"action": "finish", "evidence": "Seen by me on the ward."}"#;
    server.patch(NURSE, &follow_up, done).await?.is(200)?;
    server.patch(NURSE, &follow_up, done).await?.problem(400, "refused")?;
    let list = server.get(NURSE, &format!("{path}/actions")).await?.is(200)?.json()?;
    assert_eq!(list["items"][0]["state"], "done");
    assert_eq!(list["items"][0]["task"], "Lock the concentrated vials away");
    act(MANAGER, r#"{"action": "complete"}"#, "completed").await?;

    let shown = server.get(QUALITY, &path).await?.is(200)?.json()?;
    assert_eq!(shown["risk"]["band"], "high");
    assert_eq!(shown["report"]["actual_harm"], "severe");
    assert_eq!(shown["jci"]["chapter"], "MMU");
    assert_eq!(shown["jci"]["gap"], "no double check");
    assert_eq!(shown["unreadable"], json!([]));
    let audit = server.get(QUALITY, &format!("{path}/audit")).await?.is(200)?.json()?;
    assert_eq!(audit["intact"], true);
    assert_eq!(audit["verdict"]["intact"]["events"], shown["version"]);
    let events = audit["events"].as_array().ok_or("a list")?;
    let actions: Vec<_> = events.iter().filter_map(|event| event["action"].as_str()).collect();
    assert_eq!(actions.first(), Some(&"report"));
    assert_eq!(actions.last(), Some(&"complete"));
    let asked = events.iter().find(|event| event["action"] == "ask").ok_or("it was asked")?;
    assert_eq!(asked["note"], "Which pump was it?");

    let again = r#"{"reason": "It went on.", "report": {"category": "medication",
        "description": "The next patient was given ten times the dose."}}"#;
    let newer = server.post(QUALITY, &format!("{path}/reopen"), again).await?.is(201)?;
    let shown = server.get(QUALITY, newer.header("location")).await?.is(200)?.json()?;
    assert_eq!(format!("/api/incidents/{}", shown["continues"].as_str().unwrap_or_default()), path);
    Ok(())
}

#[tokio::test]
async fn a_change_of_an_old_version_is_refused() -> Tested {
    let server = Server::new().await?;
    let path = server.taken_up().await?;
    let stale = [("if-match", "\"1\"")];
    let changes = [
        (Method::PATCH, "/risk", r#"{"severity": "3", "probability": "3"}"#),
        (Method::PATCH, "/jci-fields", r#"{"chapter": "MMU"}"#),
        (Method::PATCH, "", r#"{"location": "ward-3", "reason": "it was another ward"}"#),
        (Method::POST, "/transition", r#"{"action": "evaluate"}"#),
        (Method::POST, "/ai-review", r#"{"verdict": "overridden"}"#),
    ];
    for (method, rest, body) in &changes {
        let got = server.with(QUALITY, method.clone(), &format!("{path}{rest}"), &stale, body).await?;
        assert_eq!(got.problem(409, "conflict")?["current_version"], 2, "{rest}");
    }
    assert_eq!(server.get(QUALITY, &path).await?.header("etag"), "\"2\"");
    for (at, (method, rest, body)) in changes.iter().enumerate() {
        let seen = format!("\"{}\"", at + 2);
        let got = server
            .with(QUALITY, method.clone(), &format!("{path}{rest}"), &[("if-match", &seen)], body)
            .await?;
        got.is(200).map_err(|error| format!("{rest}: {error}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn the_reporter_corrects_and_a_reviewer_amends() -> Tested {
    let server = Server::new().await?;
    let path = server.reported().await?;
    let patch =
        r#"{"location": "ward-3", "factors": ["staff", "workload"], "notes": "Called the physician."}"#;
    server.patch(NURSE, &path, patch).await?.is(200)?;
    // The reviewer did not author the report, so a reason is required.
    let refused = server.patch(QUALITY, &path, r#"{"location": "ward-4"}"#).await?.problem(400, "refused")?;
    assert_eq!(refused["unmet"][0]["need"], "author");
    server
        .patch(QUALITY, &path, r#"{"location": null, "reason": "The ward is not known."}"#)
        .await?
        .is(200)?;
    let report = server.get(QUALITY, &path).await?.json()?["report"].clone();
    assert_eq!(report["location"], json!(null));
    assert_eq!(report["factors"], json!(["staff", "workload"]));
    assert_eq!(report["notes"], "Called the physician.");
    server
        .patch(NURSE, &path, r#"{"description": "It was different."}"#)
        .await?
        .problem(422, "invalid_input")?;
    server.patch(NURSE, &path, "{}").await?.problem(422, "invalid_input")?;
    Ok(())
}

#[tokio::test]
async fn an_action_with_a_route_of_its_own_does_not_go_through_transition() -> Tested {
    let server = Server::new().await?;
    let path = format!("{}/transition", server.taken_up().await?);
    for action in ["report", "assess", "reopen", "open_follow_up", "correct", "edit_jci"] {
        let got = server.post(QUALITY, &path, &format!(r#"{{"action": "{action}", "note": "x"}}"#)).await?;
        assert_eq!(got.problem(422, "invalid_input")?["errors"][0]["field"], "action");
    }
    let set_aside =
        r#"{"action": "dispose", "note": "It was a drill.", "fields": {"disposition": "not_reportable"}}"#;
    server.post(QUALITY, &path, set_aside).await?.is(200)?;
    Ok(())
}
