//! Entity tags that a compressing proxy has changed.

use axum::http::Method;

use super::{QUALITY, Server, Tested};

/// nginx makes the tag of a compressed answer weak; other proxies add a suffix.
#[tokio::test]
async fn a_tag_changed_by_a_proxy_still_matches_the_version() -> Tested {
    let server = Server::new().await?;
    let path = server.taken_up().await?;
    let change = |ward: &str| format!(r#"{{"location": "{ward}", "reason": "another ward"}}"#);
    let patch = async |seen: &str, ward: &str| {
        server.with(QUALITY, Method::PATCH, &path, &[("if-match", seen)], &change(ward)).await
    };
    let mut version = 2;
    for tag in ["\"#\"", "W/\"#\"", "\"#-gzip\"", "W/\"1\", W/\"#\"", "\"#\", \"1\"", "W/\"#\" ,"] {
        let tag = tag.replace('#', &version.to_string());
        let ward = format!("ward-{version}");
        let changed = patch(&tag, &ward).await?.is(200).map_err(|error| format!("{tag}: {error}"))?;
        version += 1;
        assert_eq!(changed.header("etag"), format!("\"{version}\""));
    }
    // An old version is refused in any form.
    for tag in ["\"2\"", "W/\"2\"", "\"2-gzip\"", "W/\"1\", W/\"2\""] {
        patch(tag, "ward-9").await?.problem(409, "conflict").map_err(|error| format!("{tag}: {error}"))?;
    }
    for tag in ["2", "", ",", "W/2", "\"two\"", "\"2\", nonsense", "w/\"2\""] {
        let problem = patch(tag, "ward-9").await?.problem(422, "invalid_input")?;
        assert_eq!(problem["errors"][0]["field"], "if-match", "{tag}");
    }
    Ok(())
}
