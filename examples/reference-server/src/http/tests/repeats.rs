//! Idempotency: requests that are sent twice.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use eovr_core::memory::MemoryStore;
use eovr_core::ports::Store;

use eovr_core::access::danger;
use eovr_core::identity::facility::ReportLink;
use eovr_core::identity::{Site, facility};
use eovr_core::seal::Entropy;

use super::{Got, NURSE, QUALITY, REPORT, Server, TOP, Tested, actor};

async fn keyed(
    server: &Server,
    who: &str,
    path: &str,
    key: &str,
    body: &str,
) -> Result<Got, Box<dyn std::error::Error>> {
    server.with(who, Method::POST, path, &[("idempotency-key", key)], body).await
}

const OTHER: &str = r#"{"category": "medication", "description": "It happened in another night."}"#;
const ANONYMOUS: &str = r#"{"category": "medication", "reporter": "anonymous",
    "description": "The syringe was used for two patients."}"#;

#[tokio::test]
async fn a_report_that_is_sent_twice_is_one_report() -> Tested {
    let server = Server::new().await?;
    let first = keyed(&server, NURSE, "/api/incidents", "key-1", REPORT).await?.is(201)?;
    let again = keyed(&server, NURSE, "/api/incidents", "key-1", REPORT).await?.is(201)?;
    assert_eq!(first.text, again.text);
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    let reused = keyed(&server, NURSE, "/api/incidents", "key-1", OTHER).await?;
    assert_eq!(reused.problem(422, "invalid_input")?["errors"][0]["field"], "idempotency-key");
    // Another key or another caller makes another report.
    keyed(&server, NURSE, "/api/incidents", "key-2", REPORT).await?.is(201)?;
    keyed(&server, "staff F1 nurse-8", "/api/incidents", "key-1", REPORT).await?.is(201)?;
    let page = server.get(NURSE, "/api/incidents").await?.json()?;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(3));
    Ok(())
}

#[tokio::test]
async fn a_repetition_after_a_restart_gets_the_first_answer() -> Tested {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    for (key, body) in [("key-a", REPORT), ("key-b", ANONYMOUS)] {
        let before = Server::on(store.clone(), false).await?;
        let first = keyed(&before, NURSE, "/api/incidents", key, body).await?.is(201)?;
        let after = Server::on(store.clone(), false).await?;
        let again = keyed(&after, NURSE, "/api/incidents", key, body).await?.is(201)?;
        assert_eq!(first.text, again.text, "number and receipt are the first ones");
        keyed(&after, NURSE, "/api/incidents", key, body).await?.is(201)?;
        let other = Server::on(store.clone(), false).await?;
        let reused = keyed(&other, NURSE, "/api/incidents", key, OTHER).await?;
        assert_eq!(reused.problem(422, "invalid_input")?["errors"][0]["field"], "idempotency-key");
    }
    let server = Server::on(store.clone(), false).await?;
    let page = server.get(QUALITY, "/api/incidents").await?.json()?;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(2));

    let path = server.taken_up().await?;
    let task = r#"{"task": "Lock the vials away", "owner": "pharmacy-1", "due_at": "2027-01-31T12:00:00Z",
        "purpose": "preventive"}"#;
    let actions = format!("{path}/actions");
    let first = keyed(&server, QUALITY, &actions, "key-f", task).await?.is(201)?;
    let restarted = Server::on(store, false).await?;
    let again = keyed(&restarted, QUALITY, &actions, "key-f", task).await?.is(201)?;
    assert_eq!(first.text, again.text, "the first answer");
    let restarted = Server::on(restarted.app.kit.eovr.store().clone(), false).await?;
    let other = task.replace("Lock", "Throw");
    keyed(&restarted, QUALITY, &actions, "key-f", &other).await?.problem(422, "invalid_input")?;
    let list = server.get(QUALITY, &actions).await?.json()?;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn an_action_that_is_sent_twice_is_done_once() -> Tested {
    let server = Server::new().await?;
    let path = format!("{}/transition", server.taken_up().await?);
    let remark = r#"{"action": "add_remark", "note": "The family was told."}"#;
    let first = keyed(&server, QUALITY, &path, "r-1", remark).await?.is(200)?;
    let again = keyed(&server, QUALITY, &path, "r-1", remark).await?.is(200)?;
    assert_eq!((first.text.as_str(), first.header("etag")), (again.text.as_str(), again.header("etag")));
    assert_eq!(first.json()?["version"], 3);
    // A refusal is not stored, because the same request may succeed later.
    keyed(&server, QUALITY, &path, "t-1", r#"{"action": "ask", "note": "Which?"}"#)
        .await?
        .problem(400, "refused")?;
    server.post(QUALITY, &path, r#"{"action": "evaluate"}"#).await?.is(200)?;
    keyed(&server, QUALITY, &path, "t-1", r#"{"action": "ask", "note": "Which?"}"#).await?.is(200)?;
    // Another caller with the same key never gets this answer.
    let stranger = keyed(&server, "quality_admin F2 quality-2", &path, "r-1", remark).await?;
    stranger.problem(404, "not_found")?;
    Ok(())
}

/// Found by Schemathesis: the stored answer was repeated, whatever `If-Match` said.
#[tokio::test]
async fn if_match_is_part_of_the_request() -> Tested {
    let server = Server::new().await?;
    let path = format!("{}/transition", server.taken_up().await?);
    let remark = r#"{"action": "add_remark", "note": "The family was told."}"#;
    for (seen, status) in [("\"2\"", 200), ("\"2\"", 200), ("\"3\"", 422), ("nonsense", 422)] {
        let headers = [("idempotency-key", "r-1"), ("if-match", seen)];
        server.with(QUALITY, Method::POST, &path, &headers, remark).await?.is(status)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_concurrent_repetitions_is_executed() -> Tested {
    let server = Arc::new(Server::new().await?);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let server = server.clone();
        tasks.spawn(async move {
            let got = keyed(&server, NURSE, "/api/incidents", "the-one", REPORT).await;
            got.map(|got| got.status.as_u16()).unwrap_or_default()
        });
    }
    let mut statuses = tasks.join_all().await;
    statuses.sort_unstable();
    statuses.dedup();
    assert!(statuses == [201] || statuses == [201, 409], "{statuses:?}");
    let page = server.get(NURSE, "/api/incidents").await?.json()?;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}

/// The path of a facility's poster.
async fn poster(server: &Server, facility: &str, seed: u8) -> Result<String, Box<dyn std::error::Error>> {
    let sites = Site::all(&server.app.kit.eovr.org());
    let site = sites.into_iter().find(|site| site.stamp.facility.as_str() == facility).ok_or("a facility")?;
    let setup = server.app.kit.eovr.session(danger::unrestricted("test", "hang up a poster")?);
    let id = site.register(&setup).await?.id;
    let link = ReportLink::draw(&mut Entropy::from_seed(&[seed; 32]));
    let top = server.app.kit.eovr.session(actor(&server.app.kit.eovr, TOP).ok_or("an account")?);
    top.act(&facility::KIND, id, link.command()).await?;
    Ok(format!("/api/report/{link}"))
}

const STRANGER: &str = "anonymous";

/// A visitor with a bad connection sends the same report twice.
#[tokio::test]
async fn a_report_at_a_poster_that_is_sent_twice_is_one_report() -> Tested {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let server = Server::on(store.clone(), false).await?;
    let (here, elsewhere) = (poster(&server, "F1", 1).await?, poster(&server, "F2", 2).await?);
    let key = "5f1c2f0e-4a5b-4c6d-8e7f-0123456789ab";
    let unsaid = ANONYMOUS.replace(r#""reporter": "anonymous""#, r#""anonymous": true"#);
    for body in [REPORT, &unsaid] {
        let key = format!("{key}-{}", body.len());
        let first = keyed(&server, STRANGER, &here, &key, body).await?.is(201)?;
        let again = keyed(&server, STRANGER, &here, &key, body).await?.is(201)?;
        assert_eq!(first.text, again.text);
        assert_eq!(again.header("idempotency-replayed"), "true");
        // Also after a restart or on another node.
        let restarted = Server::on(store.clone(), false).await?;
        for server in [&server, &restarted] {
            for (path, body) in [(&here, OTHER), (&elsewhere, body)] {
                let reused = keyed(server, STRANGER, path, &key, body).await?;
                assert_eq!(reused.problem(422, "invalid_input")?["errors"][0]["field"], "idempotency-key");
            }
        }
        let again = keyed(&restarted, STRANGER, &here, &key, body).await?.is(201)?;
        assert_eq!(first.text, again.text, "number and receipt are the first ones");
    }
    // The same key of a logged-in account is another key. Without a key each request is a report.
    keyed(&server, NURSE, "/api/incidents", key, REPORT).await?.is(201)?;
    server.post(STRANGER, &here, REPORT).await?.is(201)?;
    let page = server.get(QUALITY, "/api/incidents").await?.json()?;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(4));
    let page = server.get("quality_admin F2 quality-2", "/api/incidents").await?.json()?;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_concurrent_repetitions_at_a_poster_is_stored() -> Tested {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    // Two nodes, which do not share stored answers.
    let nodes = [Server::on(store.clone(), false).await?, Server::on(store, false).await?].map(Arc::new);
    let path = poster(&nodes[0], "F1", 1).await?;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..16 {
        let (server, path) = (nodes[number % 2].clone(), path.clone());
        tasks.spawn(async move {
            let got = keyed(&server, STRANGER, &path, "the-one-of-the-many-at-once", REPORT).await;
            got.map(|got| (got.status.as_u16(), got.text)).unwrap_or_default()
        });
    }
    let mut said = tasks.join_all().await;
    said.retain(|(status, _)| *status != 409);
    said.sort_unstable();
    said.dedup();
    assert!(matches!(said.as_slice(), [(201, _)]), "{said:?}");
    let page = nodes[0].get(QUALITY, "/api/incidents").await?.json()?;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}

/// Sends the form of the page as a browser does.
async fn form(
    server: &Server,
    path: &str,
    fields: &[(&str, &str)],
) -> Result<Got, Box<dyn std::error::Error>> {
    let body = serde_urlencoded::to_string(fields)?;
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    server.send(request.body(Body::from(body))?).await
}

/// The random key in a page.
fn key_of(page: &Got) -> Result<&str, Box<dyn std::error::Error>> {
    let key = page.text.split_once("name=\"key\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
    Ok(key.ok_or("the page has a key")?.0)
}

/// The page of a poster is in both languages and needs no script. A form that is sent twice is one report.
#[tokio::test]
async fn the_page_of_a_poster_takes_a_report_once() -> Tested {
    let server = Server::new().await?;
    let page = poster(&server, "F1", 1).await?.replace("/api/report/", "/r/");
    for (language, expected) in
        [("en", ["one", "quality department", "dir=\"ltr\""]), ("ar", ["واحد", "قسم الجودة", "dir=\"rtl\""])]
    {
        let shown = server.get(STRANGER, &format!("{page}?lang={language}")).await?.is(200)?;
        assert_eq!(shown.header("content-type"), "text/html; charset=utf-8");
        for expected in expected {
            assert!(shown.text.contains(expected), "{expected}");
        }
    }
    let shown = server.get(STRANGER, &page.replace("/r/", "/report/")).await?.is(200)?;
    let key = key_of(&shown)?;
    let told = "أخذت دواء مريض آخر <b>بالخطأ</b> في العنبر";
    let fields = [("key", key), ("category", "medication"), ("description", told)];
    let first = form(&server, &page, &fields).await?.is(201)?;
    let again = form(&server, &page, &fields).await?.is(201)?;
    let shown = |got: &Got| got.text.split_once("<body>").map(|(_, body)| body.to_owned());
    assert_eq!(shown(&first), shown(&again), "number and receipt are the first ones");
    let other = [("key", key), ("category", "medication"), ("description", "It was another patient.")];
    let got = form(&server, &page, &other).await?.is(422)?;
    assert!(
        got.text.contains("in other words") && got.text.contains("It was another patient."),
        "{}",
        got.text
    );
    assert_ne!(key_of(&got)?, key, "the page kept a key that the server refuses");
    let told = [("category", "medication"), ("description", "It was another patient.")];
    for of_key in [" ", "1", "\n"] {
        let fields: Vec<_> = [("key", of_key)].into_iter().chain(told).collect();
        let got = form(&server, &page, &fields).await?.is(422)?;
        assert_ne!(key_of(&got)?, of_key, "the page kept a key that the server refuses");
    }
    for wrong in [vec![], vec![("category", "medication"), ("description", "short")]] {
        let got = form(&server, &page, &wrong).await?.is(422)?;
        assert!(got.text.contains("ten letters") && got.text.contains("data-focus"), "{}", got.text);
    }
    let list = server.get(QUALITY, "/api/incidents").await?.is(200)?.json()?;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    for nowhere in ["/r/nonsense", "/report/0192f0c0-0000-4000-8000-000000000000"] {
        let got = server.get(STRANGER, nowhere).await?.is(404)?;
        assert!(got.text.contains("Ask at the desk"), "{}", got.text);
        let got = form(&server, &format!("{nowhere}?lang=ar"), &fields).await?.is(404)?;
        assert!(got.text.contains("الاستقبال"), "{}", got.text);
    }
    Ok(())
}

/// The page of a refused report contains the visitor's text.
#[tokio::test]
async fn the_page_of_a_poster_returns_the_text_of_a_refused_report() -> Tested {
    let server = Server::new().await?;
    let page = poster(&server, "F1", 1).await?.replace("/api/report/", "/r/");
    let shown = server.get(STRANGER, &page).await?.is(200)?;
    let key = key_of(&shown)?;
    let told = "أخذت دواء </textarea><script>\"مريض\" & آخر";
    let fields = [("key", key), ("description", told), ("who", "anonymous")];
    let refused = form(&server, &page, &fields).await?.is(422)?;
    let kept = "\nأخذت دواء &lt;/textarea&gt;&lt;script&gt;&quot;مريض&quot; &amp; آخر</textarea>";
    assert!(refused.text.contains(kept), "{}", refused.text);
    assert!(refused.text.contains("value=\"anonymous\" checked") && !refused.text.contains(" selected"));
    assert_eq!(key_of(&refused)?, key, "a corrected report keeps its key");
    let short = [("key", key), ("category", "patient_accident"), ("description", "ward")];
    let refused = form(&server, &page, &short).await?.is(422)?;
    assert!(refused.text.contains("<option value=\"patient_accident\" selected>"), "{}", refused.text);
    assert!(
        refused.text.contains("\nward</textarea>") && !refused.text.contains("value=\"anonymous\" checked"),
        "{}",
        refused.text
    );
    let whole = [("key", key), ("category", "patient_accident"), ("description", told)];
    let first = form(&server, &page, &whole).await?.is(201)?;
    let again = form(&server, &page, &whole).await?.is(201)?;
    let body = |got: &Got| got.text.split_once("<body>").map(|(_, body)| body.to_owned());
    assert_eq!(body(&first), body(&again));
    Ok(())
}

/// A form that the guard refuses can be sent again as it is: the page of the refusal holds it.
#[tokio::test]
async fn a_rate_limited_page_holds_the_report_that_it_refused() -> Tested {
    let server = Server::new().await?;
    let page = poster(&server, "F1", 1).await?.replace("/api/report/", "/r/");
    let key = "k".repeat(22);
    let fields = [("category", "patient_accident"), ("description", "\"ward\""), ("key", &*key)];
    let mut statuses = Vec::new();
    for _ in 0..40 {
        let got = form(&server, &page, &fields).await?;
        assert_eq!(got.header("content-type"), "text/html; charset=utf-8");
        assert!(
            got.text.contains("patient_accident") && got.text.contains("&quot;ward&quot;"),
            "{}",
            got.text
        );
        assert_eq!(key_of(&got)?, key);
        statuses.push(got.status.as_u16());
    }
    assert_eq!((statuses.first(), statuses.last()), (Some(&422), Some(&429)));
    let got = server.get(STRANGER, &page).await?.is(429)?;
    assert!(got.text.contains("Wait a minute") && !got.text.contains("name=\"key\""), "{}", got.text);
    Ok(())
}

/// All visitors count as one caller, so two visitors with the same short key would share a receipt.
#[tokio::test]
async fn the_key_of_a_visitor_must_be_long() -> Tested {
    let server = Server::new().await?;
    let poster = poster(&server, "F1", 1).await?;
    for key in ["1", "report-1", &"k".repeat(21), &"k".repeat(129), "a key with several spaces"] {
        let refused = keyed(&server, STRANGER, &poster, key, REPORT).await?.problem(422, "invalid_input")?;
        let fault = &refused["errors"][0];
        assert_eq!(fault["field"], "idempotency-key", "{key}");
        assert!(fault["accepted"].as_str().is_some_and(|said| said.contains("22 to 128")), "{fault}");
    }
    for key in ["k".repeat(22), "k".repeat(128)] {
        keyed(&server, STRANGER, &poster, &key, REPORT).await?.is(201)?;
    }
    // Each logged-in account has its own keys.
    let one = keyed(&server, NURSE, "/api/incidents", "1", REPORT).await?.is(201)?;
    let other = keyed(&server, "staff F1 nurse-8", "/api/incidents", "1", REPORT).await?.is(201)?;
    assert_ne!(one.text, other.text);
    Ok(())
}

/// Also if the client sends the key as a header: the style has the nonce of the new answer, and the media type is HTML.
#[tokio::test]
async fn a_repeated_answer_with_a_page_is_html_with_its_own_nonce() -> Tested {
    let server = Server::new().await?;
    let page = poster(&server, "F1", 1).await?.replace("/api/report/", "/r/");
    let body = serde_urlencoded::to_string([
        ("category", "patient_accident"),
        ("description", "She fell out of bed."),
    ])?;
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let request = Request::post(&page)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("idempotency-key", "5f1c2f0e-4a5b-4c6d-8e7f-0123456789ab");
        let got = server.send(request.body(Body::from(body.clone()))?).await?.is(201)?;
        assert_eq!(got.header("content-type"), "text/html; charset=utf-8");
        let nonce = got.text.split_once("<style nonce=\"").and_then(|(_, rest)| rest.split_once('"'));
        let (nonce, _) = nonce.ok_or("a style")?;
        assert!(got.header("content-security-policy").contains(nonce), "the policy refuses the style");
        bodies.push(got.text.split_once("<body>").map(|(_, body)| body.to_owned()));
    }
    assert_eq!(bodies[0], bodies[1], "number and receipt are the first ones");
    let list = server.get(QUALITY, "/api/incidents").await?.is(200)?.json()?;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}
