//! Guessing passwords and codes over HTTP: what counts, who is locked out, and who is notified.

use axum::body::Body;
use axum::extract::connect_info::ConnectInfo;
use eovr_core::Name;
use eovr_core::identity::alert;
use eovr_core::identity::watch::{self, SecurityLog};
use eovr_core::record::{Query, RecordId, Value as Facet};
use eovr_host::http::routes::Access;

use super::*;
use crate::http::all;

const WRONG: &str = "four boats on the nile";

/// Sets up a second factor, and returns its secret.
async fn with_factor(site: &Deployment, who: &In) -> Failing<String> {
    let begun = site.post(who, "/api/auth/mfa/setup", None).await?.is(200)?.json()?;
    let secret = begun["secret"].as_str().ok_or("a secret")?.to_owned();
    let right = json!({"code": code(&secret, now(&site.clock))?});
    site.post(who, "/api/auth/mfa/enable", Some(right)).await?.is(200)?;
    site.clock.pass_seconds(60);
    Ok(secret)
}

/// Sends one step of a login from an address, with cookies.
async fn step(site: &Deployment, path: &str, address: &str, cookie: &str, body: Value) -> Failing<Got> {
    let mut request = Request::builder().method(Method::POST).uri(path);
    request = request.header("content-type", "application/json");
    if !cookie.is_empty() {
        request = request.header("cookie", cookie);
    }
    let mut request = request.body(Body::from(body.to_string()))?;
    let peer: std::net::SocketAddr = format!("{address}:4711").parse()?;
    request.extensions_mut().insert(ConnectInfo(peer));
    site.server.send(request).await
}

async fn log_in(site: &Deployment, address: &str, cookie: &str, password: &str) -> Failing<Got> {
    let body = json!({"email": MONA, "password": password});
    step(site, "/api/auth/login", address, cookie, body).await
}

/// The device cookie of an answer.
fn device(got: &Got) -> Failing<String> {
    let cookies = got.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let cookie = cookies
        .filter_map(|cookie| cookie.split(';').next())
        .find(|cookie| cookie.starts_with("eovr-device="));
    Ok(cookie.ok_or("no cookie by which the browser is known")?.to_owned())
}

async fn said(site: &Deployment, action: &str) -> Failing<usize> {
    let topic = format!("\"user.{action}\"");
    let feed = site.eovr.store().feed(0, 10_000).await?;
    Ok(feed.iter().filter(|posted| posted.message.contains(&topic)).count())
}

#[tokio::test]
async fn code_guesses_are_limited_and_the_owner_is_notified() -> Tested {
    let site = site().await?;
    let mona = In::of(log_in(&site, "203.0.113.7", "", PASSWORD).await?)?;
    let secret = with_factor(&site, &mona).await?;
    let mut looked_at = 0;
    for round in 0..40 {
        // The attacker changes the address each round, and gives the right password before every three codes.
        let address = format!("198.51.{round}.9");
        let first = log_in(&site, &address, "", PASSWORD).await?;
        if first.status != 200 {
            first.problem(401, "unauthenticated")?;
            continue;
        }
        let token = first.json()?["token"].clone();
        for guess in 0..3 {
            let body = json!({"token": token, "code": format!("{:06}", round * 3 + guess)});
            step(&site, "/api/auth/mfa/verify", &address, "", body).await?.problem(401, "unauthenticated")?;
            looked_at += 1;
        }
    }
    assert!(looked_at <= 6, "{looked_at} codes were checked for a client that had the password");
    let told = said(&site, "fail_factor").await?;
    assert_eq!((told, said(&site, "lock").await?), (5, 1), "the owner is told");
    // The owner can still log in, from a network that the server knows.
    let token = log_in(&site, "203.0.113.99", "", PASSWORD).await?.is(200)?.json()?["token"].clone();
    let body = json!({"token": token, "code": code(&secret, now(&site.clock))?});
    In::of(step(&site, "/api/auth/mfa/verify", "203.0.113.99", "", body).await?)?;

    let log = SecurityLog::of(&site.eovr)?;
    site.server.app.kit.auth.alarm.write(&log).await?;
    let look = site.eovr.session(danger::unrestricted("test", "look")?);
    let day = look.find(&Query::of(watch::KIND)).await?.items.into_iter().next().ok_or("a day")?;
    assert!(day.facet("login_failed").and_then(Facet::as_int) >= Some(5));
    let trail = look.trail(&watch::KIND, day.id()).await?;
    let notes = trail.entries.iter().filter_map(|entry| entry.note.as_ref());
    assert!(notes.into_iter().any(|note| note.contains("second factor guessed")), "the security log says it");
    let alerts = look.find(&Query::of(alert::KIND)).await?.items;
    let about = |alert: &Record, facet| alert.facet(facet).and_then(Facet::as_text).map(str::to_owned);
    let guessed: Vec<_> =
        alerts.iter().filter(|one| about(one, "alert").as_deref() == Some("factor_guessed")).collect();
    let [guessed] = guessed.as_slice() else { return Err("one alert tells tier 5".into()) };
    assert!(about(guessed, "subject").is_some_and(|account| account.parse::<RecordId>().is_ok()));
    let meters = site.ask(Method::GET, "/metrics", &[], None).await?.text;
    assert!(meters.contains("eovr_logins_failed_total{step=\"code\"}"), "{meters}");
    Ok(())
}

#[tokio::test]
async fn a_known_browser_is_not_locked_out_by_strangers() -> Tested {
    let site = site().await?;
    let got = log_in(&site, "203.0.113.7", "", PASSWORD).await?.is(200)?;
    let known = device(&got)?;
    let all = got.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let cookie = all.into_iter().find(|cookie| cookie.starts_with("eovr-device=")).ok_or("a cookie")?;
    for part in ["HttpOnly", "SameSite=Lax", "Path=/api/auth", "Max-Age=15552000"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let mona = In::of(got)?;
    for minutes in [0, 16, 32, 48, 64] {
        site.clock.pass_seconds(16 * 60);
        for _ in 0..6 {
            log_in(&site, "198.51.100.9", "", WRONG).await?.problem(401, "unauthenticated")?;
        }
        log_in(&site, "198.51.100.9", "", PASSWORD).await?.problem(401, "unauthenticated")?;
        let got = log_in(&site, "192.0.2.1", &known, PASSWORD).await?;
        assert_eq!(got.status, 200, "after {minutes} minutes");
        // A logout keeps the device cookie and clears the browser's storage.
        let inside = In::of(got)?;
        let left = site.post(&inside, "/api/auth/logout", None).await?.is(204)?;
        assert_eq!(left.header("clear-site-data"), "\"cache\", \"storage\"");
        assert!(!left.header("set-cookie").contains("eovr-device"));
    }
    // A forged device token, or one of another account, does not help.
    let mut made_up = known.clone();
    made_up.replace_range(20..24, "AAAA");
    log_in(&site, "198.51.100.9", &made_up, PASSWORD).await?.problem(401, "unauthenticated")?;
    drop(mona);
    Ok(())
}

#[tokio::test]
async fn tier_5_sees_a_locked_account_and_unlocks_it() -> Tested {
    let site = site().await?;
    let top = site.come_in(TOP).await?;
    for _ in 0..5 {
        log_in(&site, "198.51.100.9", "", WRONG).await?.problem(401, "unauthenticated")?;
    }
    let account = async || {
        let list = site.get(&top, "/api/users").await?.is(200)?.json()?;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        Ok::<_, Box<dyn std::error::Error>>(
            items.into_iter().find(|item| item["email"] == MONA).ok_or("an account")?,
        )
    };
    let before = account().await?;
    assert_eq!(before["locked"], true);
    let path = format!("/api/users/{}", before["id"].as_str().ok_or("an id")?);
    let why = || Some(json!({"why": "she called from the ward"}));
    site.post(&top, &format!("{path}/unlock"), why()).await?.is(204)?;
    assert_eq!(account().await?["locked"], false);
    let mona = In::of(log_in(&site, "192.0.2.1", "", PASSWORD).await?)?;
    site.post(&mona, &format!("{path}/unlock"), why()).await?.problem(403, "denied")?;
    site.post(&top, &format!("{path}/end-logins"), why()).await?.is(204)?;
    site.get(&mona, "/api/auth/me").await?.problem(401, "unauthenticated")?;
    Ok(())
}

#[tokio::test]
async fn without_a_second_factor_a_password_must_be_longer() -> Tested {
    let site = site().await?;
    let mona = site.come_in(MONA).await?;
    with_factor(&site, &mona).await?;
    let short = json!({"old_password": PASSWORD, "password": "kivu9zpd"});
    site.post(&mona, "/api/auth/change-password", Some(short)).await?.is(204)?;
    let off = async |password: &str| {
        site.post(&mona, "/api/auth/mfa/disable", Some(json!({"password": password}))).await
    };
    off("kivu9zpd").await?.problem(422, "invalid_input")?;
    off("a lamp beside the window").await?.is(204)?;
    site.log_in(MONA, "kivu9zpd").await?.problem(401, "unauthenticated")?;
    In::of(site.log_in(MONA, "a lamp beside the window").await?)?;
    Ok(())
}

#[tokio::test]
async fn after_a_factor_reset_the_account_needs_a_new_password() -> Tested {
    let site = site().await?;
    let (mona, top) = (site.come_in(MONA).await?, site.come_in(TOP).await?);
    with_factor(&site, &mona).await?;
    let short = json!({"old_password": PASSWORD, "password": "kivu9zpd"});
    site.post(&mona, "/api/auth/change-password", Some(short)).await?.is(204)?;
    let id = site.get(&mona, "/api/auth/me").await?.is(200)?.json()?["id"].clone();
    let path = format!("/api/users/{}/reset-factor", id.as_str().ok_or("an id")?);
    site.post(&top, &path, Some(json!({"why": "lost the telephone"}))).await?.is(204)?;
    let step = site.log_in(MONA, "kivu9zpd").await?.is(200)?.json()?;
    assert_eq!(step["status"], "new_password");
    let replace = async |password: &str| {
        let body = json!({"token": step["token"], "password": password});
        site.ask(Method::POST, "/api/auth/new-password", &[], Some(body)).await
    };
    replace("zpdkivu9").await?.problem(422, "invalid_input")?;
    In::of(replace("a lamp beside the window").await?)?;
    Ok(())
}

#[tokio::test]
async fn a_role_that_requires_a_second_factor_must_enrol_first() -> Tested {
    let site = opened(Allowed::ANY, Proxies::default(), None, Some(Tier::new(4)?), false).await?;
    site.come_in(MONA).await?;
    let entered = site.log_in(TOP, PASSWORD).await?.is(200)?.json()?;
    assert_eq!(entered["status"], "enrol_factor");
    let access = entered["access_token"].as_str().ok_or("a token")?.to_owned();
    let top = In { access, cookie: String::new() };
    for path in ["/api/users", "/api/incidents", "/api/auth/sessions", "/api/permissions", "/api/notices"] {
        site.get(&top, path).await?.problem(403, "factor_needed")?;
    }
    assert_eq!(site.get(&top, "/api/auth/me").await?.is(200)?.json()?["lacks_factor"], true);
    let secret = with_factor(&site, &top).await?;
    site.get(&top, "/api/users").await?.is(200)?;
    let off = Some(json!({"password": "a lamp beside the window"}));
    site.post(&top, "/api/auth/mfa/disable", off).await?.problem(409, "conflict")?;
    let step = site.log_in(TOP, PASSWORD).await?.is(200)?.json()?;
    let body = json!({"token": step["token"], "code": code(&secret, now(&site.clock))?});
    In::of(site.ask(Method::POST, "/api/auth/mfa/verify", &[], Some(body)).await?)?;
    Ok(())
}

/// A stale proof is refused on every route whose row requires a proof, before the body is read.
#[tokio::test]
async fn every_row_that_requires_a_proof_refuses_a_stale_one() -> Tested {
    let site = site().await?;
    let top = site.come_in(TOP).await?;
    site.clock.pass_seconds(6 * 60);
    let table = site.eovr.catalog().actions();
    let mut refused = std::collections::BTreeSet::new();
    for route in all(&site.server.app).listed() {
        let (Access::Action { of, action } | Access::Own { of, action }) = &route.access else { continue };
        let row = table.row(of, &Name::new(action)?).ok_or("a row")?;
        let path = route.path.replace("{id}", "0192f0c0-0000-7000-8000-000000000000");
        let got = site.ask(route.method.clone(), &path, &[("authorization", &top.bearer())], None).await?;
        let asked = got.status == 401;
        assert_eq!(asked, row.proof, "{} {path}: {}", route.method, got.text);
        if asked {
            got.problem(401, "proof_needed")?;
            refused.insert(format!("{of}.{action}"));
        }
    }
    for wanted in [
        "ai_model.activate",
        "ai_model.try",
        "api_key.issue",
        "api_key.revoke",
        "facility.allow_processors",
        "facility.give_link",
        "facility.revoke_link",
        "key_change.begin",
        "login.end",
        "user.assign",
        "user.disable",
        "user.enable",
        "user.end_logins",
        "user.provision",
        "user.remove_factor",
        "user.reset_password",
        "user.retire",
        "user.unlock",
    ] {
        assert!(refused.contains(wanted), "{wanted} asks for no proof: {refused:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_write_key_cannot_do_what_requires_a_proof() -> Tested {
    let site = site().await?;
    let top = site.come_in(TOP).await?;
    let key = async |access: &str| {
        let wanted = json!({"label": "a job", "role": "top_management", "facility": "F1", "access": access});
        let issued = site.post(&top, "/api/keys", Some(wanted)).await?.is(201)?.json()?;
        let access = issued["key"].as_str().ok_or("a key")?.to_owned();
        Ok::<_, Box<dyn std::error::Error>>(In { access, cookie: String::new() })
    };
    let path = "/api/facilities/0192f0c0-0000-7000-8000-000000000000/link";
    let writer = site.post(&key("write").await?, path, None).await?.problem(403, "denied")?;
    assert!(writer["detail"].as_str().is_some_and(|said| said.contains("`admin`")), "{writer}");
    // An admin key passes the row; then the facility does not exist.
    site.post(&key("admin").await?, path, None).await?.problem(404, "not_found")?;
    Ok(())
}

/// Captures the log of this process, as the server writes it. It is installed for all threads, because with a
/// subscriber of one thread, an event that another thread emits first would be disabled everywhere.
#[derive(Clone, Default)]
struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn refusals_are_logged_with_network_and_request_id() -> Tested {
    let site = site().await?;
    let lines = Lines::default();
    let writer = lines.clone();
    let logged = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(logged.finish())?;
    let got = log_in(&site, "203.0.113.77", "", WRONG).await?;
    let failed = got.header("x-request-id").to_owned();
    let mut request =
        Request::get("/api/users").header("authorization", "Bearer nonsense").body(Body::empty())?;
    let peer: std::net::SocketAddr = "[2001:db8:1:2:3:4:5:6]:4711".parse()?;
    request.extensions_mut().insert(ConnectInfo(peer));
    let away = site.server.send(request).await?.header("x-request-id").to_owned();
    let text = String::from_utf8(lines.0.lock().unwrap().clone())?;
    for (message, network, id) in
        [("login failed", "203.0.113.0/24", failed), ("turned away", "2001:db8:1:2::/64", away)]
    {
        let line = text.lines().find(|line| line.contains(message) && line.contains(&id)).ok_or("a line")?;
        assert!(
            !line.contains("203.0.113.77") && !line.contains("3:4:5:6") && !line.contains(MONA),
            "{line}"
        );
        let line: Value = serde_json::from_str(line)?;
        assert_eq!((&line["network"], &line["request_id"]), (&json!(network), &json!(id)), "{line}");
    }
    Ok(())
}
