//! Pages as a browser sees them: signing in by a form, the session of a cookie, lists and records in both languages.

use axum::body::Body;
use axum::http::{Method, Request};

use eovr_core::access::{Role, danger};
use eovr_core::identity::password::{Password, PasswordCost};
use eovr_core::identity::{NewUser, Organisation, user};
use eovr_core::org::OrgId;
use eovr_core::seal::Entropy;

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
    assert!(page.text.contains("name=\"part\" value=\"start\""), "{}", page.text);

    let act = format!("{path}/act");
    let start = [("part", "start"), ("version", "1"), ("note", "")];
    browser.post(&act, &start).await?.is(303)?;
    let page = browser.get(&path).await?.is(200)?;
    assert!(page.text.contains("name=\"part\" value=\"evaluate\""), "{}", page.text);
    // The same page again, in a tab that was left open: what was typed is still there.
    let remark = [("part", "add_remark"), ("version", "1"), ("note", "The pump was set by hand.")];
    let stale = browser.post(&act, &remark).await?.is(409)?;
    for expected in
        ["Another person has changed this incident", "\nThe pump was set by hand.</textarea>", "value=\"2\""]
    {
        assert!(stale.text.contains(expected), "{expected}: {}", stale.text);
    }
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

const NURSE: &str = "nurse@example.org";

async fn nurse(site: &Deployment) -> Tested {
    let hash =
        PasswordCost::default().hash(&Password::typed(PASSWORD)?, &mut Entropy::from_seed(&[4; 32]))?;
    let account = NewUser {
        role: Role::Staff,
        email: NURSE.to_owned(),
        display_name: "Nurse Nadia".to_owned(),
        password_hash: Some(hash.to_string()),
        must_change: false,
    };
    let setup = site.eovr.session(danger::unrestricted("test", "make an account")?);
    setup.create(&user::KIND, &OrgId::new("F1")?, account.command()).await?;
    Ok(())
}

/// The whole story by pages alone, without script: report, question, answer, rating, review, panel, follow-up, close, paper.
#[tokio::test]
async fn a_nurse_reports_and_the_quality_department_completes_it() -> Tested {
    let site = site().await?;
    nurse(&site).await?;
    let (mut ward, mut office) = (Browser::new(&site, "ar"), Browser::new(&site, "en"));
    ward.sign_in(NURSE).await?.is(303)?;
    office.sign_in(MONA).await?.is(303)?;

    let form = ward.get("/new").await?.is(200)?;
    assert!(form.text.contains("ماذا حدث؟") && form.text.contains("name=\"key\""), "{}", form.text);
    let short = ward.post("/new", &[("description", "قصير"), ("when", "today")]).await?.is(422)?;
    assert!(
        short.text.contains("\nقصير</textarea>") && short.text.contains("href=\"#category\""),
        "{}",
        short.text
    );
    let told = [
        ("key", "one-report-of-this-ward"),
        ("description", "Careless Dr Fatima gave ten times the dose. The patient died."),
        ("category", "medication"),
        ("when", "yesterday"),
        ("actual_harm", "death"),
        ("who", "staff"),
        ("location", "W4"),
        ("factors", "communication"),
        ("factors", "workload"),
    ];
    let mut looked = told.to_vec();
    looked.push(("look", "1"));
    let hints = ward.post("/new", &looked).await?.is(200)?;
    assert!(hints.text.contains("Careless") && hints.text.contains("Fatima"), "{}", hints.text);
    let made = ward.post("/new", &told).await?.is(303)?;
    let path = made.header("location").split('?').next().unwrap_or_default().to_owned();
    assert_eq!(
        ward.post("/new", &told).await?.is(303)?.header("location"),
        made.header("location"),
        "sent twice"
    );
    assert!(ward.get(made.header("location")).await?.is(200)?.text.contains("تم استلام بلاغك"));

    let act = |part: &str, note: &str, version: u64| {
        [("part", part.to_owned()), ("note", note.to_owned()), ("version", version.to_string())]
    };
    let to_act = format!("{path}/act");
    let mut version = 1;
    for (part, note) in [("start", ""), ("evaluate", ""), ("ask", "Which pump was it?")] {
        let fields = act(part, note, version);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        office.post(&to_act, &fields).await?.is(303)?;
        version += 1;
    }
    let today = ward.get("/dashboard").await?.is(200)?;
    assert!(today.text.contains("أسئلة موجهة إليك"), "{}", today.text);
    let asked = ward.get(&path).await?.is(200)?;
    assert!(
        asked.text.contains("Which pump was it?") && asked.text.contains("value=\"answer\""),
        "{}",
        asked.text
    );
    let answer = act("answer", "المضخة رقم ٧", version);
    let answer: Vec<_> = answer.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ward.post(&to_act, &answer).await?.is(303)?;

    let page = office.get(&path).await?.is(200)?;
    assert!(page.text.contains("المضخة رقم ٧") && page.text.contains("<mark>"), "{}", page.text);
    assert!(page.text.contains("value=\"severe rare\""), "{}", page.text);
    office.post(&format!("{path}/assess"), &[("cell", "severe rare")]).await?.is(303)?;
    let wrong = office.post(&format!("{path}/assess"), &[("cell", "awful rare")]).await?;
    wrong.is(422)?;
    let review = [("ai_review", "overridden"), ("note", "The dose was corrected in time.")];
    office.post(&format!("{path}/ai-review"), &review).await?.is(303)?;
    let panel = [("jci_chapter", "MMU"), ("jci_status", "not_met"), ("jci_gap", "No double check.")];
    office.post(&format!("{path}/jci"), &panel).await?.is(303)?;
    let follow_up = [
        ("part", "follow_up"),
        ("task", "Lock the pump library"),
        ("owner", "Biomedical engineering"),
        ("due-day", "٣١"),
        ("due-month", "12"),
        ("due-year", "2030"),
        ("purpose", "preventive"),
        ("strength", "stronger"),
    ];
    let mut undated = follow_up.to_vec();
    undated.retain(|(name, _)| *name != "due-day");
    let refused = office.post(&format!("{path}/follow-ups"), &undated).await?.is(422)?;
    assert!(refused.text.contains("\nLock the pump library</textarea>"), "{}", refused.text);
    office.post(&format!("{path}/follow-ups"), &follow_up).await?.is(303)?;
    let page = office.get(&path).await?.is(200)?;
    for expected in ["Lock the pump library", "31 December 2030", "No double check.", "Overridden", "MMU"] {
        assert!(page.text.contains(expected), "{expected}: {}", page.text);
    }
    office.post(&to_act, &[("part", "take_action")]).await?.is(303)?;
    let page = office.get(&path).await?.is(200)?;
    assert!(page.text.contains("first every follow-up action must be finished"), "{}", page.text);
    let to_end =
        page.text.split(&format!("{path}/follow-ups/")).nth(1).and_then(|rest| rest.split('"').next());
    let to_end = format!("{path}/follow-ups/{}", to_end.ok_or("a follow-up action")?);
    office.post(&to_end, &[("evidence", "The library is locked since Monday.")]).await?.is(303)?;
    office.post(&to_act, &[("part", "complete")]).await?.is(303)?;
    let page = office.get(&path).await?.is(200)?;
    assert!(page.text.contains("The library is locked since Monday."), "{}", page.text);

    let trail = office.get(&format!("{path}/trail")).await?.is(200)?;
    assert!(
        trail.text.contains("events, and the chain is whole.") && trail.text.contains("Immediate action")
            || trail.text.contains("Severity"),
        "{}",
        trail.text
    );
    let paper = office.get(&format!("/exports{path}.pdf?lang=ar")).await?.is(200)?;
    assert_eq!(paper.header("content-type"), "application/pdf");
    for page in ["/dashboard", "/workflow", "/incidents?month=2026-01&high=true&search=MRN-1", "/account"] {
        office.get(page).await?.is(200)?;
    }
    // Figures are for those who are responsible for more than one facility.
    office.get("/analytics").await?.is(403)?;
    Ok(())
}

/// Somebody without an account reports at a poster, and follows the report by the code.
#[tokio::test]
async fn a_visitor_reports_at_a_poster_and_follows_the_report() -> Tested {
    let site = site().await?;
    let mut top = Browser::new(&site, "en");
    top.sign_in(TOP).await?.is(303)?;
    let facility = [
        ("code", "NIL-9"),
        ("administration", "A9"),
        ("governorate", "G9"),
        ("title_en", "Nile Hospital"),
        ("title_ar", "مستشفى النيل"),
        ("administration_en", "North"),
        ("administration_ar", "الشمال"),
        ("governorate_en", "Cairo"),
        ("governorate_ar", "القاهرة"),
        ("time_zone", "Africa/Cairo"),
    ];
    let mut wrong = facility.to_vec();
    wrong.retain(|(name, _)| *name != "title_ar");
    let refused = top.post("/admin/provision", &wrong).await?.is(422)?;
    assert!(refused.text.contains("value=\"Nile Hospital\""), "{}", refused.text);
    top.post("/admin/provision", &facility).await?.is(303)?;
    let again = top.post("/admin/provision", &facility).await?.is(422)?;
    assert!(again.text.contains("This code is taken"), "{}", again.text);
    let tree = top.get("/admin/provision").await?.is(200)?;
    assert!(tree.text.contains("مستشفى") || tree.text.contains("Nile Hospital"), "{}", tree.text);
    let id = tree
        .text
        .split("/admin/provision/")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .ok_or("a poster")?;
    let poster = format!("/admin/provision/{id}/poster");
    top.post(&format!("/admin/provision/{id}/link"), &[]).await?.is(303)?;
    let sheet = top.get(&poster).await?.is(200)?;
    assert!(sheet.text.contains("<svg") && !sheet.text.contains("<?xml"), "{}", sheet.text);
    let link = sheet.text.split("/r/").nth(1).and_then(|rest| rest.split('<').next()).ok_or("an address")?;
    let path = format!("/r/{link}");

    // As the server does once a second.
    Organisation::follow(&site.eovr).await?;
    let mut visitor = Browser::new(&site, "ar");
    let form = visitor.get(&path).await?.is(200)?;
    assert!(form.text.contains("مستشفى النيل") && !form.text.contains("/account"), "{}", form.text);
    let report = [
        ("key", "5f1c2f0e-4a5b-4c6d-8e7f-0123456789ab"),
        ("description", "سقطت أمي من السرير أثناء الليل."),
        ("category", "patient_accident"),
        ("when", "earlier"),
        ("occurred-day", "٣"),
        ("occurred-month", "١"),
        ("occurred-year", "2001"),
        ("who", "anonymous"),
    ];
    let mut undated = report.to_vec();
    undated.retain(|(name, _)| *name != "occurred-day");
    visitor.post(&path, &undated).await?.is(422)?;
    let thanks = visitor.post(&path, &report).await?.is(201)?;
    let code =
        thanks.text.split("class=\"code\" dir=\"ltr\">").nth(2).and_then(|rest| rest.split('<').next());
    let code = code.ok_or("a receipt code")?.to_owned();
    let unknown = visitor.post("/receipt", &[("code", "0000")]).await?.is(422)?;
    assert!(unknown.text.contains("data-focus"), "{}", unknown.text);
    let view = visitor.post("/receipt", &[("code", &code)]).await?.is(200)?;
    assert!(view.text.contains("جديد") && view.text.contains("action=\"/receipt/remark\""), "{}", view.text);
    let remark = [("code", code.as_str()), ("text", "كان الحاجز مفتوحًا.")];
    let said = visitor.post("/receipt/remark", &remark).await?.is(200)?;
    assert!(said.text.contains("كان الحاجز مفتوحًا."), "{}", said.text);
    assert!(visitor.cookies.iter().all(|(name, _)| name == "eovr-language"), "{:?}", visitor.cookies);
    Ok(())
}

/// A session that has ended loses nothing that was typed: the page of the refusal holds the form.
#[tokio::test]
async fn a_report_typed_into_an_ended_session_can_be_sent_again() -> Tested {
    let site = site().await?;
    nurse(&site).await?;
    let mut browser = Browser::new(&site, "en");
    browser.sign_in(NURSE).await?.is(303)?;
    site.pass_seconds(24 * 3600);
    let report = [
        ("key", "typed-at-night"),
        ("description", "She fell \"hard\" <b>."),
        ("category", "patient_accident"),
    ];
    let refused = browser.post("/new", &report).await?.is(401)?;
    for expected in [
        "action=\"/new\"",
        "value=\"typed-at-night\"",
        "She fell &quot;hard&quot; &lt;b&gt;.",
        "target=\"_blank\"",
    ] {
        assert!(refused.text.contains(expected), "{expected}: {}", refused.text);
    }
    browser.sign_in(NURSE).await?.is(303)?;
    browser.post("/new", &report).await?.is(303)?;
    // A login is never offered again: its password would stand in the page.
    let refused =
        browser.ask(Method::POST, "/login", &[("origin", "null")], Some("password=x&key=1".into())).await?;
    assert!(!refused.is(403)?.text.contains("type=\"hidden\""));
    Ok(())
}

/// A browser gets a page at an address that is none; a program gets a problem.
#[tokio::test]
async fn an_unknown_address_is_a_page_for_browsers_only() -> Tested {
    let site = site().await?;
    let mut browser = Browser::new(&site, "ar");
    let accepts = [("accept", "text/html,application/xhtml+xml;q=0.9")];
    let page = browser.ask(Method::GET, "/nothing-here", &accepts, None).await?.is(404)?;
    assert!(page.text.contains("dir=\"rtl\"") && page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("trusted-types"));
    for (path, headers) in [("/nothing-here", &[][..]), ("/api/nothing-here", &accepts)] {
        let problem = browser.ask(Method::GET, path, headers, None).await?.is(404)?;
        assert_eq!(problem.json()?["code"], "no_such_route");
    }
    Ok(())
}
