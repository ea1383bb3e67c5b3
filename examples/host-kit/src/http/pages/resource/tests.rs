//! The pages of a toy kind, as a browser asks for them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use eovr_core::access::{Role, danger};
use eovr_core::identity::password::{Password, PasswordCost};
use eovr_core::identity::{self, NewUser, user};
use eovr_core::kind::{FacetSpec, FieldSpec, Kind, KindTable};
use eovr_core::memory::{MemoryBlobs, MemoryStore};
use eovr_core::org::{Org, OrgId};
use eovr_core::seal::{Entropy, MasterKey};
use eovr_core::{Eovr, Name, name};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::Resource;
use crate::checkpoint::Kept;
use crate::http::auth::{Allowed, Auth, Proxies, Rates, authentication};
use crate::http::kit::{self, HostState, Kit, Watched};
use crate::http::pages;
use crate::http::routes::Routes;
use crate::http::{framed, meters};
use crate::keyring::Keys;
use crate::secrets::Secrets;
use crate::signals::Signals;

type Tested = Result<(), Box<dyn std::error::Error>>;

const BED: Name = name!("bed");
const EMAIL: &str = "mona@example.org";
const PASSWORD: &str = "three boats on the nile";
const ORG: &str = r#"[{"id": "G", "title": {"en": "G", "ar": "م"}, "administrations": [
    {"id": "A", "title": {"en": "A", "ar": "إ"}, "facilities": [
        {"id": "F", "title": {"en": "one", "ar": "واحد"}, "time_zone": "Africa/Cairo"}]}]}]"#;
const WORKFLOW: &str = r#"{"start": "free", "create": "add", "states": [{"name": "free"}, {"name": "occupied"}, {"name": "gone", "end": true}],
    "actions": [{"name": "add", "tiers": [1, 5], "sets": ["ward", "sort", "room", "isolated", "since", "remark"]},
                {"name": "occupy", "tiers": [1, 5], "sets": ["room"]}, {"name": "remove", "tiers": [1, 5]}],
    "rules": [{"from": ["free"], "action": "occupy", "to": "occupied", "needs": ["note"]},
              {"from": ["occupied"], "action": "remove", "to": "gone"}]}"#;

/// A host with nothing but a kit.
#[derive(Clone)]
struct Host(Kit);

impl HostState for Host {
    fn kit(&self) -> &Kit {
        &self.0
    }
}

fn bed() -> Result<Kind, Box<dyn std::error::Error>> {
    let facets = [
        FacetSpec::text(name!("ward")).required(),
        FacetSpec::choice(name!("sort"), ["bed", "cot"]).required(),
        FacetSpec::int(name!("room")).range(1..=99),
        FacetSpec::bool(name!("isolated")),
        FacetSpec::time(name!("since")),
    ];
    let table = KindTable::new(BED, serde_json::from_str(WORKFLOW)?).facets(facets);
    Ok(Kind::new(table.fields([FieldSpec::text(name!("remark"), 0..=2000)]))?)
}

async fn host() -> Result<Router, Box<dyn std::error::Error>> {
    let eovr = Eovr::builder()
        .store(MemoryStore::new())
        .org(Org::new(serde_json::from_str(ORG)?)?)
        .kinds(identity::kinds()?)
        .kind(bed()?)
        .master_key(MasterKey::from_bytes(&[7; 32]))
        .open()
        .await?;
    let hash =
        PasswordCost::default().hash(&Password::typed(PASSWORD)?, &mut Entropy::from_seed(&[3; 32]))?;
    let account = NewUser {
        role: Role::QualityAdmin,
        email: EMAIL.to_owned(),
        display_name: "Mona".to_owned(),
        password_hash: Some(hash.to_string()),
        must_change: false,
    };
    let setup = eovr.session(danger::unrestricted("test", "make an account")?);
    setup.create(&user::KIND, &OrgId::new("F")?, account.command()).await?;
    let secrets = Secrets::for_tests([9; 32]);
    let authentication = authentication(&eovr, &[9; 32], None).await?;
    let auth = Arc::new(Auth::new(authentication, Rates::new(Allowed::ANY), Proxies::default()));
    let kit = Kit::new(kit::Setup {
        eovr,
        callers: auth.clone(),
        auth,
        files: Arc::new(MemoryBlobs::new()),
        signals: Signals::silent(),
        kept: Kept::default(),
        production: false,
        public_url: None,
        secrets,
        keys: Keys::Ring,
        watched: Watched::default(),
        meters: meters::install(),
        pages: pages::Pages::default(),
    });
    let host = Host(kit);
    let beds = Resource::new("/beds", BED).titled(&[
        ("bed", "Beds", "الأسرّة"),
        ("ward", "Ward", "القسم"),
        ("cot", "Cot", "سرير أطفال"),
    ]);
    let routes = beds.pages(pages::routes(Routes::new(&host)));
    Ok(framed(&host, routes))
}

struct Browser {
    router: Router,
    cookies: String,
}

struct Got {
    status: StatusCode,
    location: String,
    text: String,
}

impl Browser {
    async fn signed_in() -> Result<Self, Box<dyn std::error::Error>> {
        let mut browser = Self { router: host().await?, cookies: String::new() };
        let request = Request::post("/login")
            .header(header::HOST, "beds.example.org")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("email", EMAIL), ("password", PASSWORD)])
            .finish();
        let response = browser.router.clone().oneshot(request.body(Body::from(form))?).await?;
        assert_eq!(response.status(), 303);
        let given = response.headers().get_all(header::SET_COOKIE).iter();
        let pairs = given.filter_map(|cookie| Some(cookie.to_str().ok()?.split(';').next()?.to_owned()));
        browser.cookies = pairs.collect::<Vec<_>>().join("; ");
        Ok(browser)
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
    ) -> Result<Got, Box<dyn std::error::Error>> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "beds.example.org")
            .header(header::COOKIE, &self.cookies)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let response = self.router.clone().oneshot(request.body(Body::from(body))?).await?;
        let location = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
        Ok(Got {
            status: response.status(),
            location: location.unwrap_or_default().to_owned(),
            text: String::from_utf8(response.into_body().collect().await?.to_bytes().to_vec())?,
        })
    }
}

#[tokio::test]
async fn a_kind_has_pages_by_its_declaration() -> Tested {
    let browser = Browser::signed_in().await?;
    let form = browser.ask(Method::GET, "/beds/new", &[]).await?;
    for expected in
        ["name=\"ward\"", "value=\"cot\"", "Isolated", "name=\"since-day\"", "<textarea id=\"remark\""]
    {
        assert!(form.text.contains(expected), "{expected}: {}", form.text);
    }
    let wrong = [("ward", ""), ("sort", "cot"), ("room", "many")];
    let refused = browser.ask(Method::POST, "/beds/new", &wrong).await?;
    assert_eq!(refused.status, 422);
    for expected in ["href=\"#ward\"", "href=\"#room\"", "value=\"many\""] {
        assert!(refused.text.contains(expected), "{expected}: {}", refused.text);
    }
    let beyond = [("ward", "W4"), ("sort", "cot"), ("room", "1000")];
    let refused = browser.ask(Method::POST, "/beds/new", &beyond).await?;
    assert!(refused.status == 422 && refused.text.contains("href=\"#room\""), "{}", refused.text);

    let bed = [
        ("key", "one-bed"),
        ("ward", "W4 <b>"),
        ("sort", "cot"),
        ("room", "١٢"),
        ("isolated", "true"),
        ("since-day", "1"),
        ("since-month", "12"),
        ("since-year", "2026"),
        ("remark", "By the window"),
    ];
    let made = browser.ask(Method::POST, "/beds/new", &bed).await?;
    assert_eq!(made.status, 303, "{}", made.text);
    let again = browser.ask(Method::POST, "/beds/new", &bed).await?;
    assert_eq!(again.location, made.location, "sent twice, made once");

    let page = browser.ask(Method::GET, &made.location, &[]).await?;
    for expected in
        ["W4 &lt;b&gt;", "Cot", "12", "By the window", "1 December 2026", "name=\"part\" value=\"occupy\""]
    {
        assert!(page.text.contains(expected), "{expected}: {}", page.text);
    }
    assert!(!page.text.contains("value=\"remove\""), "an action that is not legal now");
    let act = format!("{}/act", made.location);
    let unsaid = [("part", "occupy"), ("version", "1"), ("room", "7")];
    let refused = browser.ask(Method::POST, &act, &unsaid).await?;
    assert!(!refused.status.is_success() && !refused.status.is_redirection(), "a note is needed");
    let occupy = [("part", "occupy"), ("version", "1"), ("room", "7"), ("note", "A new patient")];
    assert_eq!(browser.ask(Method::POST, &act, &occupy).await?.status, 303);
    let stale =
        browser.ask(Method::POST, &act, &[("part", "remove"), ("version", "1"), ("note", "typed")]).await?;
    assert_eq!(stale.status, 409, "{}", stale.text);
    assert!(stale.text.contains("\ntyped</textarea>"), "{}", stale.text);

    let list = browser.ask(Method::GET, "/beds?lang=ar&sort=cot&state=occupied", &[]).await?;
    for expected in ["الأسرّة", "سرير أطفال", "٧", "dir=\"rtl\""] {
        assert!(list.text.contains(expected), "{expected}: {}", list.text);
    }
    let none = browser.ask(Method::GET, "/beds?sort=bed", &[]).await?;
    assert!(none.text.contains("There is nothing here."), "{}", none.text);
    for nowhere in ["/beds/none", "/beds/0192f0c1-7c00-7000-8000-000000000001"] {
        assert_eq!(browser.ask(Method::GET, nowhere, &[]).await?.status, 404);
    }
    let stranger = Browser { cookies: String::new(), ..browser };
    assert_eq!(stranger.ask(Method::GET, "/beds", &[]).await?.location, "/login?to=%2Fbeds");
    Ok(())
}
