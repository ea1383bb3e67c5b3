//! Lists: filters, pagination and scope; and that they show nothing sealed.

use std::collections::BTreeSet;

use super::{ELSEWHERE, NURSE, QUALITY, Server, TOP, Tested, WORDS};

fn ids(page: &serde_json::Value) -> Vec<String> {
    let items = page["items"].as_array().into_iter().flatten();
    items.filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn pages_join_without_gaps_or_duplicates() -> Tested {
    let server = Server::new().await?;
    let mut made = BTreeSet::new();
    for _ in 0..7 {
        made.insert(server.reported().await?.replace("/api/incidents/", ""));
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page =
            server.get(NURSE, &format!("/api/incidents?limit=3&after={after}")).await?.is(200)?.json()?;
        seen.extend(ids(&page));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), made);
    for limit in ["0", "101", "-1", "many"] {
        let got = server.get(NURSE, &format!("/api/incidents?limit={limit}")).await?;
        assert_eq!(got.problem(422, "invalid_input")?["errors"][0]["field"], "limit");
    }
    let got = server.get(NURSE, "/api/incidents?after=abc").await?;
    assert_eq!(got.problem(422, "invalid_input")?["errors"][0]["field"], "after");
    Ok(())
}

#[tokio::test]
async fn filters_narrow_and_scope_holds() -> Tested {
    let server = Server::new().await?;
    let path = server.taken_up().await?;
    let rated = r#"{"severity": "3", "probability": "3"}"#;
    server.patch(QUALITY, &format!("{path}/risk"), rated).await?.is(200)?;
    server.reported().await?;
    let fall = r#"{"category": "patient_accident", "description": "He slid from the chair by the window."}"#;
    server.post("staff F3", "/api/incidents", fall).await?.is(201)?;

    let count = async |who: &str, query: &str, expected: usize| -> Tested {
        let page = server.get(who, &format!("/api/incidents?{query}")).await?.is(200)?.json()?;
        assert_eq!(ids(&page).len(), expected, "{who} {query}");
        Ok(())
    };
    count(TOP, "", 3).await?;
    count(NURSE, "", 2).await?;
    count(ELSEWHERE, "", 0).await?;
    count(ELSEWHERE, "facility=F1", 0).await?;
    count(TOP, "facility=F3", 1).await?;
    count(TOP, "state=in_progress", 1).await?;
    count(TOP, "state=created&category=medication", 1).await?;
    count(TOP, "band=high", 1).await?;
    count(TOP, "severity=no_such", 0).await?;
    count(TOP, "from=2000-01-01T00:00:00Z", 3).await?;
    count(TOP, "to=2000-01-01T00:00:00Z", 0).await?;
    count(TOP, "state=&category=", 3).await?;
    Ok(())
}

#[tokio::test]
async fn a_list_shows_no_sealed_field() -> Tested {
    let server = Server::new().await?;
    server.reported().await?;
    let got = server.get(QUALITY, "/api/incidents").await?.is(200)?;
    assert!(!got.text.contains(WORDS) && !got.text.contains("receipt") && !got.text.contains("ai_reasons"));
    let item = &got.json()?["items"][0];
    assert_eq!(item["state"], "created");
    assert_eq!(item["category"], "medication");
    assert_eq!(item["facility"], "F1");
    assert_eq!(item["version"], 1);
    assert_eq!(item["ai_band"], "high");
    assert!(item["number"].as_str().is_some_and(|number| number.starts_with("OVR-")), "{item}");
    Ok(())
}
