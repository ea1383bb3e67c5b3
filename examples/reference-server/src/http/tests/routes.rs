//! The routes themselves: that each says its access, and that its access is one that the engine knows.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use axum::http::Method;
use eovr_core::Name;
use eovr_core::incident::KIND;
use eovr_core::kind::Catalog;

use super::super::all;
use super::super::openapi;
use super::super::routes::{Access, Endpoint};
use super::{GOVERNOR, MANAGER, NURSE, QUALITY, Server, TOP, Tested};

/// The rows of the engine's table that an access stands on and that are not there.
fn unknown(access: Access, catalog: &Catalog) -> Vec<String> {
    let (of, actions): (_, &[&str]) = match &access {
        Access::Public | Access::Signed => return Vec::new(),
        Access::Reads(kind) if catalog.kind(kind).is_ok() => return Vec::new(),
        Access::Reads(kind) => return vec![format!("kind {kind}")],
        Access::Action { of, action } | Access::Own { of, action } => (of, &[action]),
        Access::OneOf { of, actions } => (of, actions),
    };
    let row = |action: &&&str| {
        let names = Name::new(of).and_then(|of| Ok((of, Name::new(action)?)));
        names.is_ok_and(|(of, action)| catalog.actions().row(&of, &action).is_some())
    };
    actions.iter().filter(|action| !row(action)).map(|action| format!("{of}: {action}")).collect()
}

#[tokio::test]
async fn every_route_stands_on_rows_that_the_engine_has() -> Tested {
    let server = Server::new().await?;
    let catalog = server.app.eovr.catalog();
    for route in all(&server.app).listed() {
        assert!(unknown(route.access, catalog).is_empty(), "{} {:?}", route.path, route.access);
    }
    let invented = Access::OneOf { of: KIND, actions: &["start", "shred"] };
    assert_eq!(unknown(invented, catalog), ["incident: shred"]);
    assert_eq!(unknown(Access::Action { of: "analytics", action: "guess" }, catalog), ["analytics: guess"]);
    assert_eq!(unknown(Access::Reads("gossip"), catalog), ["kind gossip"]);
    Ok(())
}

/// An action of an incident that no route does would be one that no client can do.
#[tokio::test]
async fn every_action_of_an_incident_has_a_route() -> Tested {
    let server = Server::new().await?;
    let mut done = BTreeSet::new();
    for route in all(&server.app).listed() {
        match route.access {
            Access::Action { of: KIND, action } => drop(done.insert(action)),
            Access::OneOf { of: KIND, actions } => done.extend(actions),
            _ => {}
        }
    }
    let kind = server.app.eovr.catalog().kind(KIND)?;
    let without = kind.table().workflow.actions.iter().map(|row| row.name.as_str());
    // What an analyst says the software takes down; no client may.
    let without: Vec<_> = without.filter(|action| !done.contains(action) && *action != "analyse").collect();
    assert!(without.is_empty(), "{without:?}");
    Ok(())
}

#[tokio::test]
async fn the_table_of_routes_is_the_one_that_was_read() -> Tested {
    let server = Server::new().await?;
    let mut table = String::from("| method | path | access | what |\n|---|---|---|---|\n");
    for Endpoint { method, path, access, says, .. } in all(&server.app).listed() {
        writeln!(table, "| {method} | {path} | {} | {says} |", access.words())?;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/routes.md");
    if std::env::var_os("EOVR_UPDATE").is_some() {
        std::fs::write(&path, &table)?;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        kept, table,
        "read the difference, then renew it with EOVR_UPDATE=1 cargo test -p eovr-server"
    );
    Ok(())
}

/// Whoever is below the row's tiers is turned away before the handler runs: also from a record that is
/// not there, with a body that is none.
#[tokio::test]
async fn a_tier_is_refused_before_anything_is_looked_at() -> Tested {
    let server = Server::new().await?;
    let nowhere = "/api/incidents/0192f0c0-0000-7000-8000-000000000000";
    let check = async |who: &str, method: Method, path: &str, may: bool| -> Tested {
        let got = server.with(who, method, path, &[], "no JSON").await?;
        let refused = got.status == 403;
        assert_eq!(refused, !may, "{who} {path}: {}", got.text);
        if refused {
            let problem = got.problem(403, "denied")?;
            assert!(problem["detail"].as_str().is_some_and(|text| text.contains("tiers")), "{problem}");
        }
        Ok(())
    };
    for (who, tier) in [(NURSE, 1), (QUALITY, 2), (MANAGER, 3), (GOVERNOR, 4), (TOP, 5)] {
        check(who, Method::POST, "/api/incidents", tier <= 2).await?;
        check(who, Method::PATCH, &format!("{nowhere}/risk"), tier >= 2).await?;
        check(who, Method::PATCH, &format!("{nowhere}/jci-fields"), tier >= 2).await?;
        check(who, Method::POST, &format!("{nowhere}/ai-review"), tier >= 2).await?;
        check(who, Method::POST, &format!("{nowhere}/actions"), tier >= 2).await?;
        check(who, Method::POST, &format!("{nowhere}/reopen"), tier == 2).await?;
        check(who, Method::POST, &format!("{nowhere}/transition"), true).await?;
        check(who, Method::GET, "/api/analytics/summary", tier >= 2).await?;
        check(who, Method::GET, "/api/analytics/trends", tier >= 3).await?;
        check(who, Method::GET, "/api/analytics/compare", tier >= 4).await?;
        check(who, Method::GET, "/api/auth/me", true).await?;
    }
    Ok(())
}

/// Nobody who is not logged in gets past a guard; what is public asks nobody.
#[tokio::test]
async fn only_what_is_public_answers_strangers() -> Tested {
    let server = Server::new().await?;
    for route in all(&server.app).listed() {
        let path = route.path.replace(['{', '}'], "");
        let got = server.with("nobody", route.method.clone(), &path, &[], "{").await?;
        // The one that is public and asks who it is itself: for the cookie.
        let asks = route.access != Access::Public || route.path == "/api/auth/refresh";
        assert_eq!(got.status == 401, asks, "{path}: {}", got.text);
    }
    Ok(())
}

#[tokio::test]
async fn the_document_names_every_route_and_every_schema_it_refers_to() -> Tested {
    let server = Server::new().await?;
    let got = server.get("nobody", "/api/openapi.json").await?.is(200)?;
    let document = got.json()?;
    for route in all(&server.app).listed() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert!(operation["summary"].is_string(), "{} {}", route.method, route.path);
    }
    let mut rest = got.text.as_str();
    while let Some((_, after)) = rest.split_once("#/components/schemas/") {
        let (name, after) = after.split_once('"').ok_or("a reference ends")?;
        assert!(document["components"]["schemas"][name].is_object(), "{name} is not there");
        rest = after;
    }
    assert_eq!(openapi::clashes(all(&server.app).listed()), BTreeSet::new());
    // What takes JSON refuses members that are not in its schema, and says so.
    let new = &document["components"]["schemas"]["NewIncident"];
    assert_eq!(new["additionalProperties"], false);
    assert_eq!(new["required"], serde_json::json!(["category", "description"]));
    Ok(())
}

#[tokio::test]
async fn the_page_of_the_documentation_runs_only_its_own_scripts() -> Tested {
    let server = Server::new().await?;
    let page = server.get("nobody", "/api/docs").await?.is(200)?;
    let policy = page.header("content-security-policy").to_owned();
    let nonce = policy.split_once("script-src 'nonce-").and_then(|(_, rest)| rest.split_once('\''));
    let (nonce, _) = nonce.ok_or("the policy has a nonce")?;
    assert_eq!(page.text.matches(&format!("nonce=\"{nonce}\"")).count(), 2, "{}", page.text);
    assert!(!policy.contains("unsafe") && !page.text.contains("http://") && !page.text.contains("https://"));
    let again = server.get("nobody", "/api/docs").await?;
    assert_ne!(again.header("content-security-policy"), policy);
    let request = axum::http::Request::get("/api/docs/swagger-ui.css").body(axum::body::Body::empty())?;
    let css = server.send(request).await?.is(200)?;
    assert_eq!(css.header("content-type"), "text/css");
    server.get("nobody", "/api/docs/nothing.js").await?.problem(404, "no_such_route")?;
    Ok(())
}
