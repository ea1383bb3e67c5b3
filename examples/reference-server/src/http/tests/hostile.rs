//! Hostile and malformed requests: each is answered with the right problem, and no answer repeats input.

use axum::body::Body;
use axum::http::{Method, Request};

use super::{Got, NURSE, QUALITY, Server, Tested};

/// A marker that no answer may contain.
const MARK: &str = "hassan";

async fn sent(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Result<Got, Box<dyn std::error::Error>> {
    let mut request = Request::builder().method(Method::from_bytes(method.as_bytes())?).uri(path);
    for (name, value) in [("x-test-actor", QUALITY)].iter().chain(headers) {
        request = request.header(*name, *value);
    }
    server.send(request.body(body.into())?).await
}

/// The answer is this problem, and contains nothing of the request.
fn refused(got: Got, status: u16, code: &str, what: &str) -> Tested {
    assert!(!got.text.to_lowercase().contains(MARK), "{what}: {}", got.text);
    for (name, value) in &got.headers {
        let value = value.to_str().unwrap_or_default();
        assert!(!value.to_lowercase().contains(MARK), "{what}: {name}: {value}");
    }
    assert!(got.text.len() < 2000, "{what}: {}", got.text);
    got.problem(status, code).map_err(|error| format!("{what}: {error}"))?;
    Ok(())
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn told(description: &str) -> String {
    format!(r#"{{"category": "medication", "description": {description}}}"#)
}

#[tokio::test]
async fn malformed_bodies_are_refused() -> Tested {
    let server = Server::new().await?;
    let path = server.taken_up().await?;
    let (report, transition) = ("/api/incidents".to_owned(), format!("{path}/transition"));
    let risk = format!("{path}/risk");
    let deep = |open: &str, close: &str, times: usize| {
        format!("{}\"{MARK}\"{}", open.repeat(times), close.repeat(times))
    };
    let at = |path: &str, body: String| (path.to_owned(), body.into_bytes());
    let fields = |fields: &str| format!(r#"{{"action": "dispose", "note": "n", "fields": {fields}}}"#);
    let table = [
        // Duplicate members, also where the client chooses the names, or escapes them.
        (
            422,
            "invalid_input",
            at(&report, told(&format!("\"It was a fall.\", \"description\": \"{MARK} fell.\""))),
        ),
        (
            422,
            "invalid_input",
            at(&report, told(r#""It was a fall.", "descr\u0069ption": "It was hassan.""#)),
        ),
        (
            422,
            "invalid_input",
            at(&report, told(&format!("\"It was a fall.\", \"{MARK}\": 1, \"{MARK}\": 2"))),
        ),
        (422, "invalid_input", at(&transition, r#"{"action": "evaluate", "action": "hassan"}"#.to_owned())),
        (
            422,
            "invalid_input",
            at(&transition, fields(r#"{"disposition": "duplicate", "disposition": "not_reportable"}"#)),
        ),
        (422, "invalid_input", at(&transition, fields(r#"{"hassan": "a", "h\u0061ssan": "b"}"#))),
        // Nested too deeply.
        (422, "invalid_input", at(&report, deep("[", "]", 400_000))),
        (422, "invalid_input", at(&report, told(&deep("[", "]", 400_000)))),
        (422, "invalid_input", at(&report, told(&deep(r#"{"hassan":"#, "}", 80_000)))),
        (422, "invalid_input", at(&transition, fields(&deep(r#"{"hassan":"#, "}", 80_000)))),
        (
            422,
            "invalid_input",
            at(&transition, fields(&format!(r#"{{"disposition": {}}}"#, deep("[", "]", 400_000)))),
        ),
        // Numbers out of range.
        (400, "malformed_body", at(&report, told("1e400"))),
        (400, "malformed_body", at(&report, told(&"9".repeat(100_000)))),
        (422, "invalid_input", at(&transition, fields(r#"{"disposition": 99999999999999999999999}"#))),
        (422, "invalid_input", at(&transition, fields(r#"{"disposition": 1.5}"#))),
        (422, "invalid_input", at(&transition, fields(r#"{"disposition": -9223372036854775809}"#))),
        (
            422,
            "invalid_input",
            at(&risk, r#"{"severity": "99999999999999999999", "probability": "1"}"#.to_owned()),
        ),
        (
            422,
            "invalid_input",
            at(&risk, format!(r#"{{"severity": "{}", "probability": "1"}}"#, "1".repeat(5000))),
        ),
        // Invalid text.
        (
            422,
            "invalid_input",
            at(&report, r#"{"category": "medi\u0000cation", "description": "It was hassan."}"#.to_owned()),
        ),
        (422, "invalid_input", at(&report, told(r#""It was a fall.", "location": "hassan\u0000""#))),
        (400, "malformed_body", at(&report, told(r#""It was hassan. \ud800""#))),
        (400, "malformed_body", at(&report, told(r#""It was hassan. \udc00\ud800""#))),
        (400, "malformed_body", at(&report, told("\"It was hassan.\0\""))),
        (400, "malformed_body", at(&report, format!("\u{feff}{}", told("\"It was hassan.\"")))),
        (400, "malformed_body", (report.clone(), b"{\"category\": \"hassan\xff\xfe\"}".to_vec())),
        (400, "malformed_body", (report.clone(), b"{\"category\": \"\xc0\xaf hassan\"}".to_vec())),
        (400, "malformed_body", (report.clone(), b"{\"category\": \"\xed\xa0\x80 hassan\"}".to_vec())),
        // Not JSON, or more than one value.
        (400, "malformed_body", at(&report, String::new())),
        (400, "malformed_body", at(&report, format!("{} {MARK}", told("\"It was a fall.\"")))),
        (400, "malformed_body", at(&report, "category=hassan".to_owned())),
        (400, "malformed_body", at(&report, told("NaN"))),
        (400, "malformed_body", at(&report, told("'It was hassan.'"))),
        (400, "malformed_body", at(&report, told("\"It was a fall.\", /* hassan */ \"location\": \"w\""))),
        (422, "invalid_input", at(&report, "null".to_owned())),
        (422, "invalid_input", at(&report, "[]".to_owned())),
        (422, "invalid_input", at(&report, r#"["medication", null, "It was hassan."]"#.to_owned())),
    ];
    for (status, code, (path, body)) in table {
        let what = format!("{path} {}", String::from_utf8_lossy(&body[..body.len().min(120)]));
        let method = if path.ends_with("/risk") { "PATCH" } else { "POST" };
        refused(sent(&server, method, &path, &[JSON], body).await?, status, code, &what)?;
    }
    assert_eq!(server.get(QUALITY, &path).await?.header("etag"), "\"2\"", "nothing was changed");
    Ok(())
}

/// Sealed fields keep emoji, characters beyond the Basic Multilingual Plane, and NUL.
#[tokio::test]
async fn every_character_that_json_has_is_kept() -> Tested {
    let server = Server::new().await?;
    let odd = "He fell 🩺 \u{10ffff} \u{1d11e} at \u{0} night, \u{202e}said he.";
    let body = serde_json::json!({"category": "medication", "description": odd}).to_string();
    let made = server.post(NURSE, "/api/incidents", &body).await?.is(201)?;
    let shown = server.get(NURSE, made.header("location")).await?.is(200)?.json()?;
    assert_eq!(shown["report"]["description"], odd);
    let escaped = r#"{"category": "medication", "description": "He fell \ud83e\ude7a at night."}"#;
    let made = server.post(NURSE, "/api/incidents", escaped).await?.is(201)?;
    let shown = server.get(NURSE, made.header("location")).await?.is(200)?.json()?;
    assert_eq!(shown["report"]["description"], "He fell 🩺 at night.");
    Ok(())
}

#[tokio::test]
async fn another_media_type_or_charset_is_refused() -> Tested {
    let server = Server::new().await?;
    let body = told("\"It was hassan.\"");
    let types = [
        "",
        "text/plain",
        "text/json",
        "application/jsonp",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=hassan",
        "application/problem+json",
        "application/json; charset=utf-16",
        "application/json; charset=\"iso-8859-6\"",
        "application/json; hassan=1; charset=windows-1256",
        "application/json, text/plain; hassan",
    ];
    for media in types {
        let got = sent(&server, "POST", "/api/incidents", &[("content-type", media)], body.clone()).await?;
        refused(got, 415, "unsupported_type", media)?;
    }
    let none = sent(&server, "POST", "/api/incidents", &[], body.clone()).await?;
    refused(none, 415, "unsupported_type", "no type")?;
    for media in [
        "application/json",
        "Application/JSON;charset=UTF-8",
        "application/json; charset=\"utf-8\"",
        "application/json ; version=1",
    ] {
        let got = sent(&server, "POST", "/api/incidents", &[("content-type", media)], body.clone()).await?;
        got.is(201).map_err(|error| format!("{media}: {error}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_body_may_have_one_mebibyte_and_no_more() -> Tested {
    let server = Server::new().await?;
    let filled = |length: usize| {
        let (head, tail) = (r#"{"category": "medication", "description": ""#, "\"}");
        format!("{head}{}{tail}", "h".repeat(length - head.len() - tail.len()))
    };
    for headers in [&[JSON][..], &[JSON, ("idempotency-key", "key-1")][..]] {
        let at = sent(&server, "POST", "/api/incidents", headers, filled(1 << 20)).await?;
        refused(at, 422, "invalid_input", "1 MiB")?;
        let more = sent(&server, "POST", "/api/incidents", headers, filled((1 << 20) + 1)).await?;
        refused(more, 413, "too_large", "1 MiB and one byte")?;
    }
    // An unauthenticated client gets 401, whatever the size of its body.
    let request = Request::post("/api/incidents").header("content-type", "application/json");
    let got = server.send(request.body(Body::from(filled((1 << 20) + 1)))?).await?;
    refused(got, 401, "unauthenticated", "a body without credentials")?;
    Ok(())
}

#[tokio::test]
async fn a_header_of_a_hundred_kilobytes_is_refused_or_ignored() -> Tested {
    let server = Server::new().await?;
    let path = server.taken_up().await?;
    let long = MARK.repeat(100 * 1024 / MARK.len());
    let assess = r#"{"severity": "1", "probability": "1"}"#;
    let table = [
        ("if-match", "PATCH", format!("{path}/risk"), assess, 422, "invalid_input"),
        (
            "idempotency-key",
            "POST",
            format!("{path}/transition"),
            r#"{"action": "evaluate"}"#,
            422,
            "invalid_input",
        ),
        ("content-type", "PATCH", format!("{path}/risk"), assess, 415, "unsupported_type"),
        ("cookie", "POST", "/api/auth/refresh".to_owned(), "", 401, "unauthenticated"),
        ("x-request-id", "GET", "/api/nothing".to_owned(), "", 404, "no_such_route"),
        ("accept", "GET", "/api/nothing".to_owned(), "", 404, "no_such_route"),
        ("x-forwarded-for", "GET", "/api/nothing".to_owned(), "", 404, "no_such_route"),
    ];
    for (name, method, path, body, status, code) in table {
        let headers =
            if name == "content-type" { vec![(name, long.as_str())] } else { vec![JSON, (name, &long)] };
        let got = sent(&server, method, &path, &headers, body).await?;
        refused(got, status, code, name)?;
    }
    let who = Request::get(&path).header("x-test-actor", long.as_str());
    refused(server.send(who.body(Body::empty())?).await?, 401, "unauthenticated", "x-test-actor")?;
    Ok(())
}

/// A percent-encoded id is the same id. Text that is not an id gets 404.
#[tokio::test]
async fn a_percent_encoded_id_is_the_same_id() -> Tested {
    let server = Server::new().await?;
    let path = server.reported().await?;
    let id = path.rsplit('/').next().unwrap_or_default().to_owned();
    let percent: String = id.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for same in [percent.as_str(), &percent.to_uppercase(), &id.to_uppercase(), &id.replace('-', "%2D")] {
        server.get(QUALITY, &format!("/api/incidents/{same}")).await?.is(200)?;
    }
    let double = percent.replace('%', "%25");
    let odd = [
        double.as_str(),
        "%00",
        "%68assan",
        "hassan",
        "%ff%fe",
        "%c0%af",
        "%ed%a0%80",
        "%zz",
        "%",
        "..%2f..%2fmetrics",
        "%2e%2e%2f%2e%2e",
        "%F0%9F%A9%BA",
        "%0d%0ax-hassan:%201",
        "%7B%7Bhassan%7D%7D",
        "'%20or%20'1'='1",
    ];
    for odd in odd {
        for rest in ["", "/audit", "/actions"] {
            let got = server.get(QUALITY, &format!("/api/incidents/{odd}{rest}")).await?;
            refused(got, 404, "not_found", &format!("{odd}{rest}"))?;
        }
    }
    for (odd, nowhere) in [("", "no_such_route"), ("a/b/c", "no_such_route"), ("a//audit", "no_such_route")] {
        refused(server.get(QUALITY, &format!("/api/incidents/{odd}")).await?, 404, nowhere, odd)?;
    }
    Ok(())
}

#[tokio::test]
async fn invalid_query_parameters_are_refused() -> Tested {
    let server = Server::new().await?;
    let table = [
        "state=created&state=completed",
        "limit=1&limit=2",
        "limit=99999999999999999999",
        "limit=1e1",
        "limit=-1",
        "limit=%D9%A1",
        "after=hassan",
        "after=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "from=hassan",
        "from=99999-01-01T00:00:00Z",
        "hassan=1",
        "facility=hassan%00",
        "facility=%F0%9F%A9%BA",
        "severity=hassan%00",
        "severity=%0A",
        "state[]=created",
    ];
    for query in table {
        let got = server.get(QUALITY, &format!("/api/incidents?{query}")).await?;
        refused(got, 422, "invalid_input", query)?;
    }
    Ok(())
}

#[tokio::test]
async fn unknown_methods_are_refused() -> Tested {
    let server = Server::new().await?;
    let path = server.reported().await?;
    for method in ["TRACE", "OPTIONS", "PUT", "DELETE", "PROPFIND", "HASSAN", "get", "PRI", "M-SEARCH"] {
        for (path, allowed) in [("/api/incidents", "GET,HEAD,POST"), (path.as_str(), "GET,HEAD,PATCH")] {
            let got = sent(&server, method, path, &[], "hassan").await?;
            let mut said: Vec<_> = got.header("allow").split(',').map(str::trim).collect();
            said.sort_unstable();
            assert_eq!(said.join(","), allowed, "{method} {path}");
            refused(got, 405, "method_not_allowed", &format!("{method} {path}"))?;
        }
        let got = sent(&server, method, "/api/hassan", &[], "hassan").await?;
        refused(got, 404, "no_such_route", method)?;
    }
    // Headers that override the method are ignored.
    let forged = [("x-http-method-override", "DELETE"), ("x-method-override", "PATCH")];
    sent(&server, "GET", &path, &forged, "").await?.is(200)?;
    Ok(())
}
