//! The routes themselves: each has an access, and the engine knows it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use axum::http::Method;
use eovr_core::Name;
use eovr_core::incident::KIND;
use eovr_core::kind::Catalog;
use eovr_core::name;
use eovr_host::http::openapi;
use eovr_host::http::routes::{Access, Endpoint};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::super::all;
use super::{GOVERNOR, MANAGER, NURSE, QUALITY, Server, TOP, Tested};

/// The actions and kinds of an access that the engine's table lacks.
fn unknown(access: &Access, catalog: &Catalog) -> Vec<String> {
    let (of, actions): (_, &[&str]) = match access {
        Access::Public | Access::Signed => return Vec::new(),
        Access::Reads(kind) if catalog.kind(kind).is_ok() => return Vec::new(),
        Access::Reads(kind) => return vec![format!("kind {kind}")],
        Access::Action { of, action } | Access::Own { of, action } => (of, std::slice::from_ref(action)),
        Access::OneOf { of, actions } => (of, actions),
    };
    let row =
        |action: &&&str| Name::new(action).is_ok_and(|action| catalog.actions().row(of, &action).is_some());
    actions.iter().filter(|action| !row(action)).map(|action| format!("{of}: {action}")).collect()
}

#[tokio::test]
async fn every_route_uses_rows_of_the_engine() -> Tested {
    let server = Server::new().await?;
    let catalog = server.app.kit.eovr.catalog();
    for route in all(&server.app).listed() {
        assert!(unknown(&route.access, catalog).is_empty(), "{} {:?}", route.path, route.access);
    }
    let invented = Access::OneOf { of: KIND, actions: &["start", "shred"] };
    assert_eq!(unknown(&invented, catalog), ["incident: shred"]);
    assert_eq!(
        unknown(&Access::Action { of: name!("analytics"), action: "guess" }, catalog),
        ["analytics: guess"]
    );
    assert_eq!(unknown(&Access::Reads(name!("gossip")), catalog), ["kind gossip"]);
    Ok(())
}

/// An action without a route would be one that no client can do.
#[tokio::test]
async fn every_action_of_an_incident_has_a_route() -> Tested {
    let server = Server::new().await?;
    let mut done = BTreeSet::new();
    for route in all(&server.app).listed() {
        match &route.access {
            Access::Action { of, action } if *of == KIND => drop(done.insert(*action)),
            Access::OneOf { of, actions } if *of == KIND => done.extend(*actions),
            _ => {}
        }
    }
    let kind = server.app.kit.eovr.catalog().kind(&KIND)?;
    let without = kind.table().workflow.actions.iter().map(|row| row.name.as_str());
    // Only the software records an analyst's answer.
    let without: Vec<_> = without.filter(|action| !done.contains(action) && *action != "analyse").collect();
    assert!(without.is_empty(), "{without:?}");
    Ok(())
}

/// Clients generate code from the document. A line for each operation and each schema, with a digest of it, so that a
/// change is seen and named.
#[tokio::test]
async fn the_document_of_the_api_is_the_reviewed_one() -> Tested {
    let server = Server::new().await?;
    let document = server.get(NURSE, "/api/openapi.json").await?.is(200)?.json()?;
    let mut lines = String::new();
    let mut line = |name: &str, value: &Value| {
        let digest = Sha256::digest(value.to_string());
        let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        writeln!(lines, "{short} {name}")
    };
    for (path, methods) in document["paths"].as_object().ok_or("paths")? {
        for (method, operation) in methods.as_object().ok_or("operations")? {
            line(&format!("{} {path}", method.to_uppercase()), operation)?;
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().ok_or("schemas")? {
        line(name, schema)?;
    }
    line("info", &document["info"])?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/openapi.txt");
    if std::env::var_os("EOVR_UPDATE").is_some() {
        std::fs::write(&path, &lines)?;
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap_or_default(),
        lines,
        "see CONTRIBUTING.md for the update"
    );
    Ok(())
}

#[tokio::test]
async fn the_table_of_routes_is_the_reviewed_one() -> Tested {
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

/// A caller below the tiers of the row is refused before the handler runs, even for an unknown record and with an
/// invalid body.
#[tokio::test]
async fn a_tier_is_refused_before_the_handler_runs() -> Tested {
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

/// A caller without a login is refused by the guard of each route that is not public.
#[tokio::test]
async fn only_public_routes_answer_without_credentials() -> Tested {
    let server = Server::new().await?;
    for route in all(&server.app).listed() {
        let path = route.path.replace(['{', '}'], "");
        let got = server.with("anonymous", route.method.clone(), &path, &[], "{").await?;
        // The refresh route is public, but checks its cookie and answers 401 itself.
        let asks = route.access != Access::Public || route.path == "/api/auth/refresh";
        assert_eq!(got.status == 401, asks, "{path}: {}", got.text);
    }
    Ok(())
}

#[tokio::test]
async fn the_document_names_every_route_and_every_schema_it_refers_to() -> Tested {
    let server = Server::new().await?;
    let got = server.get("anonymous", "/api/openapi.json").await?.is(200)?;
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
    // A JSON schema rejects members that it does not list.
    let new = &document["components"]["schemas"]["NewIncident"];
    assert_eq!(new["additionalProperties"], false);
    assert_eq!(new["required"], serde_json::json!(["category", "description"]));
    Ok(())
}

#[tokio::test]
async fn the_page_of_the_documentation_runs_only_its_own_scripts() -> Tested {
    let server = Server::new().await?;
    let page = server.get("anonymous", "/api/docs").await?.is(200)?;
    let policy = page.header("content-security-policy").to_owned();
    let nonce = policy.split_once("script-src 'nonce-").and_then(|(_, rest)| rest.split_once('\''));
    let (nonce, _) = nonce.ok_or("the policy has a nonce")?;
    assert_eq!(page.text.matches(&format!("nonce=\"{nonce}\"")).count(), 2, "{}", page.text);
    assert!(!policy.contains("unsafe") && !page.text.contains("http://") && !page.text.contains("https://"));
    let again = server.get("anonymous", "/api/docs").await?;
    assert_ne!(again.header("content-security-policy"), policy);
    let request = axum::http::Request::get("/api/docs/swagger-ui.css").body(axum::body::Body::empty())?;
    let css = server.send(request).await?.is(200)?;
    assert_eq!(css.header("content-type"), "text/css");
    server.get("anonymous", "/api/docs/nothing.js").await?.problem(404, "no_such_route")?;
    Ok(())
}
