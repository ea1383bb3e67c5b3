//! Pages as a browser sees them: signing in by a form, the session of a cookie, lists and records in both languages.

use axum::body::Body;
use axum::http::{Method, Request};

use super::authentication::{Deployment, Failing, MONA, PASSWORD, TOP, site};
use super::{Got, REPORT, Tested};

/// A browser with its cookies.
struct Browser<'a> {
    site: &'a Deployment,
    cookies: Vec<(String, String)>,
    language: &'static str,
}

impl<'a> Browser<'a> {
    fn new(site: &'a Deployment, language: &'static str) -> Self {
        Self { site, cookies: Vec::new(), language }
    }

    async fn get(&mut self, path: &str) -> Failing<Got> {
        self.ask(Method::GET, path, &[], None).await
    }

    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Failing<Got> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.ask(Method::POST, path, &[("sec-fetch-site", "same-origin")], Some(body)).await
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Failing<Got> {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path).header("cookie", cookies.join("; "));
        request = request.header("accept-language", self.language);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let got = self.site.server.send(request.body(Body::from(body.unwrap_or_default()))?).await?;
        for cookie in got.headers.get_all("set-cookie") {
            let (pair, rest) = cookie.to_str()?.split_once(';').ok_or("a cookie has attributes")?;
            let (name, value) = pair.split_once('=').ok_or("a cookie has a value")?;
            self.cookies.retain(|(known, _)| known != name);
            if !rest.contains("Max-Age=0;") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(got)
    }

    async fn sign_in(&mut self, email: &str) -> Failing<Got> {
        self.post("/login", &[("email", email), ("password", PASSWORD), ("to", "/incidents")]).await
    }
}

#[tokio::test]
async fn a_person_signs_in_sees_the_list_and_signs_out() -> Tested {
    let site = site().await?;
    let reporter = site.come_in(MONA).await?;
    site.post(&reporter, "/api/incidents", Some(serde_json::from_str(REPORT)?)).await?.is(201)?;

    let mut browser = Browser::new(&site, "ar-EG,en;q=0.5");
    let away = browser.get("/incidents").await?.is(303)?;
    assert_eq!(away.header("location"), "/login?to=%2Fincidents");
    let login = browser.get("/login?to=%2Fincidents").await?.is(200)?;
    assert_eq!(login.header("referrer-policy"), "same-origin");
    assert!(login.text.contains("dir=\"rtl\"") && login.text.contains("name=\"to\" value=\"/incidents\""));

    let wrong = browser.post("/login", &[("email", MONA), ("password", "four boats on the nile")]).await?;
    let wrong = wrong.is(422)?;
    assert!(wrong.text.contains("data-focus") && wrong.text.contains(MONA) && !wrong.text.contains("boats"));
    assert!(browser.cookies.is_empty());

    assert_eq!(browser.sign_in(MONA).await?.is(303)?.header("location"), "/incidents");
    let list = browser.get("/incidents").await?.is(200)?;
    for expected in ["OVR-", "البلاغات", "جديد", "واحد", "aria-current=\"page\"", "A Colleague"]
    {
        assert!(list.text.contains(expected), "{expected}: {}", list.text);
    }
    assert!(!list.text.contains("ten times"), "a list opens no narrative");
    assert_eq!(list.header("cache-control"), "no-store");

    let english = browser.get("/incidents?lang=en&state=completed").await?.is(200)?;
    assert!(english.text.contains("No incident fits.") && english.text.contains("lang=\"en-GB\""));
    assert!(
        browser.get("/incidents").await?.text.contains("lang=\"en-GB\""),
        "the browser remembers the language"
    );

    assert_eq!(browser.post("/logout", &[]).await?.is(303)?.header("location"), "/login");
    browser.get("/incidents").await?.is(303)?;
    Ok(())
}

#[tokio::test]
async fn an_incident_is_read_and_taken_up_on_its_page() -> Tested {
    let site = site().await?;
    let reporter = site.come_in(MONA).await?;
    let report = serde_json::json!({"category": "medication", "description": "<script>alert(1)</script> ten times the dose"});
    let told = site.post(&reporter, "/api/incidents", Some(report)).await?.is(201)?.json()?;
    let path = format!("/incidents/{}", told["id"].as_str().ok_or("an id")?);

    let mut browser = Browser::new(&site, "en");
    browser.sign_in(MONA).await?.is(303)?;
    let page = browser.get(&path).await?.is(200)?;
    assert!(
        page.text.contains("&lt;script&gt;alert(1)") && !page.text.contains("<script>alert"),
        "{}",
        page.text
    );
    assert!(page.text.contains("name=\"action\" value=\"start\""), "{}", page.text);

    let act = format!("{path}/act");
    let start = [("action", "start"), ("version", "1"), ("note", "")];
    browser.post(&act, &start).await?.is(303)?;
    let page = browser.get(&path).await?.is(200)?;
    assert!(page.text.contains("name=\"action\" value=\"evaluate\""), "{}", page.text);
    // The same page again, in a tab that was left open.
    let stale = browser.post(&act, &start).await?.is(409)?;
    assert!(stale.text.contains("Another person has changed this record"), "{}", stale.text);
    let absent = browser.get("/incidents/0192f0c1-7c00-7000-8000-000000000001").await?.is(404)?;
    assert!(absent.header("content-type").starts_with("text/html"));
    Ok(())
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() -> Tested {
    let site = site().await?;
    let mut browser = Browser::new(&site, "en");
    browser.sign_in(TOP).await?.is(303)?;
    for foreign in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ] {
        let got = browser.ask(Method::POST, "/logout", foreign, Some(String::new())).await?;
        got.is(403)?;
    }
    browser.get("/incidents").await?.is(200)?;
    Ok(())
}

#[tokio::test]
async fn a_session_is_renewed_while_it_is_used_and_ends_when_it_is_not() -> Tested {
    let site = site().await?;
    let mut browser = Browser::new(&site, "en");
    browser.sign_in(MONA).await?.is(303)?;
    let first = browser.cookies.clone();
    for _ in 0..4 {
        site.pass_seconds(600);
        browser.get("/incidents").await?.is(200)?;
    }
    assert_ne!(browser.cookies, first, "the access token has expired in between");
    site.pass_seconds(901);
    browser.get("/incidents").await?.is(303)?;
    Ok(())
}
