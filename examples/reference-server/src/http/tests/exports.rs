//! Exports contain only what the reader may see, and large ones require a proof.

use super::{ELSEWHERE, NURSE, QUALITY, Server, Tested};

#[tokio::test]
async fn a_report_and_a_list_are_exported_within_the_scope() -> Tested {
    let server = Server::new().await?;
    let incident = server.reported().await?;
    let id = incident.rsplit('/').next().ok_or("an id")?;
    let pdf = format!("/api/exports/incidents/{id}.pdf?lang=both");
    let request = axum::http::Request::get(&pdf).header("host", "test").header("x-test-actor", QUALITY);
    let response =
        tower::ServiceExt::oneshot(server.router.clone(), request.body(axum::body::Body::empty())?).await?;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"OVR-2026-000001.pdf\"");
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await?;
    assert!(bytes.starts_with(b"%PDF-") && bytes.len() > 10_000);
    server.get(ELSEWHERE, &pdf).await?.problem(404, "not_found")?;
    server.get(QUALITY, &pdf.replace(".pdf", ".doc")).await?.problem(404, "not_found")?;
    server.get(NURSE, "/api/exports/incidents.xlsx").await?.problem(403, "denied")?;
    Ok(())
}

/// The actors of these tests have no login on this server, so they cannot give a proof.
#[tokio::test]
async fn more_than_a_hundred_are_not_exported_without_a_proof() -> Tested {
    let server = Server::new().await?;
    for _ in 0..101 {
        server.reported().await?;
    }
    server.get(QUALITY, "/api/exports/incidents.xlsx").await?.problem(403, "denied")?;
    Ok(())
}
