//! The storage for attachments: in a bucket as in a folder, and sealed in both.

use serde_json::json;

use crate::beside::Beside;
use crate::hospital::{Hospital, text};
use crate::served::ask;
use crate::support::Tested;

const PAPER: &str = "%PDF-1.7 the drug chart of bed 4 %%EOF";

#[test]
fn files_lie_sealed_in_a_bucket_and_come_back() -> Tested {
    let (bucket, _) = Beside::start("bucket.py")?;
    let hospital = Hospital::open(|serve| {
        serve.args(["--files", "s3://reports/sealed"]);
        serve.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", bucket.port));
        serve.envs([("AWS_ALLOW_HTTP", "true"), ("AWS_REGION", "eu-south-1")]);
        serve.envs([("AWS_ACCESS_KEY_ID", "eovr"), ("AWS_SECRET_ACCESS_KEY", "for tests only")]);
    })?;
    let nurse = hospital.known("staff.wn-e-1@eovr.test")?;
    let report = json!({"category": "medication", "description": "The wrong drug chart lay at bed 4."});
    let incident = text(&hospital.post("/api/incidents", &nurse, &report)?, "id")?;
    let path = format!("/api/incidents/{incident}/attachments");
    let head = |what: &str| format!("{what} HTTP/1.1\r\nauthorization: Bearer {nurse}");
    let upload = head(&format!("POST {path}?name=chart.pdf")) + "\r\ncontent-type: application/octet-stream";
    let added = hospital.server.ask(&upload, PAPER)?;
    let (_, body) = added.split_once("\r\n\r\n").ok_or("an answer has a body")?;
    let file = text(&serde_json::from_str(body)?, "id")?;
    let back = hospital.server.ask(&head(&format!("GET {path}/{file}")), "")?;
    assert!(back.ends_with(PAPER), "{back}");

    // The bucket has one object, and its content is unreadable. This bucket requires no signature.
    let place = format!("127.0.0.1:{}", bucket.port);
    let list = ask(&place, "GET /reports?list-type=2&prefix=sealed HTTP/1.1", "")?;
    assert_eq!(list.matches("<Key>sealed/").count(), 1, "{list}");
    assert!(!list.contains("chart") && list.contains("<Size>"), "{list}");

    // An unavailable bucket is reported as such, and its content is not lost.
    drop(bucket);
    let away = hospital.server.ask(&head(&format!("GET {path}/{file}")), "")?;
    assert!(away.starts_with("HTTP/1.1 503") && !away.contains("for tests only"), "{away}");
    Ok(())
}
