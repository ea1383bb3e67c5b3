//! The API as a client sees it, without a socket. A header names the caller; only this test build accepts it.

mod analytics;
mod attachments;
mod authentication;
mod detection;
mod errors;
mod exports;
mod hostile;
mod incidents;
mod lists;
mod load;
mod models;
mod pages;
mod proxied;
mod receipts;
mod repeats;
mod routes;
mod scope;
mod watch;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use eovr_core::access::{Actor, Role, Seat};
use eovr_core::analyst;
use eovr_core::export;
use eovr_core::incident::{self, Settings};
use eovr_core::memory::{MemoryBlobs, MemoryStore};
use eovr_core::notice;
use eovr_core::org::{Org, OrgId, Stamp};
use eovr_core::ports::{Blobs, Store};
use eovr_core::record::ActorId;
use eovr_core::seal::MasterKey;
use eovr_core::{Eovr, identity};
use eovr_host::checkpoint::Kept;
use eovr_host::http::caller::Authenticate;
use eovr_host::http::kit::{self, Kit, Watched};
use eovr_host::http::meters;
use eovr_host::http::problem::Problem;
use eovr_host::keyring::Keys;
use eovr_host::secrets::Secrets;
use eovr_host::signals::Signals;
use serde_json::Value;
use tower::ServiceExt as _;

use super::auth::{Allowed, Arrival, Auth, Proxies, Rates, authentication};
use super::{App, Setup, router};
use crate::export::fonts::LoadedFonts;

type Tested = Result<(), Box<dyn std::error::Error>>;

const ORG: &str = r#"[
    {"id": "G", "title": {"en": "g", "ar": "م"}, "administrations": [{"id": "A", "title": {"en": "a",
        "ar": "إ"}, "facilities": [
            {"id": "F1", "title": {"en": "one", "ar": "واحد"}, "time_zone": "UTC"},
            {"id": "F2", "title": {"en": "two", "ar": "اثنان"}, "time_zone": "UTC"}]}]},
    {"id": "H", "title": {"en": "h", "ar": "ه"}, "administrations": [{"id": "B", "title": {"en": "b",
        "ar": "ب"}, "facilities": [
            {"id": "F3", "title": {"en": "three", "ar": "ثلاثة"}, "time_zone": "UTC"}]}]}]"#;

const KEY: [u8; 32] = [7; 32];
const SECRET: [u8; 32] = [9; 32];

/// Accepts the caller that the header `x-test-actor: role facility name` names. Only in tests.
struct Believer(Eovr);

#[async_trait]
impl Authenticate for Believer {
    async fn arrival(&self, headers: &HeaderMap) -> Result<Arrival, Problem> {
        let who = headers.get("x-test-actor").and_then(|who| who.to_str().ok());
        let actor = who.and_then(|who| actor(&self.0, who)).ok_or_else(Problem::unauthenticated)?;
        Ok(Arrival::of(self.0.session(actor)))
    }
}

fn actor(eovr: &Eovr, who: &str) -> Option<Actor> {
    let mut words = who.split(' ');
    let role: Role = words.next()?.parse().ok()?;
    let stamp: Stamp = eovr.org().stamp(&OrgId::new(words.next()?).ok()?)?.clone();
    let id = ActorId::new(words.next().unwrap_or(role.name())).ok()?;
    let seat = Seat::of(role, &stamp);
    Actor::new(id, role, seat).ok()
}

const NURSE: &str = "staff F1 nurse-7";
const QUALITY: &str = "quality_admin F1 quality-1";
const ELSEWHERE: &str = "quality_admin F2 quality-2";
const MANAGER: &str = "admin_manager F1 manager-1";
const GOVERNOR: &str = "governorate_manager F1 governor-1";
const TOP: &str = "top_management F1 top-1";

/// A server that tests call directly.
/// The server's state around a kit, with nothing outside.
fn app(kit: Kit) -> App {
    let (marks, fonts) = (eovr_core::triage::Marks::default(), LoadedFonts::default());
    App::new(Setup { kit, worker: None, learner: None, marks, fonts, trial: Vec::new() })
}

struct Server {
    app: App,
    router: Router,
}

/// An answer.
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Server {
    async fn new() -> Result<Self, Box<dyn std::error::Error>> {
        Self::on(Arc::new(MemoryStore::new()), false).await
    }

    /// A server on a store that another server may have used before.
    async fn on(store: Arc<dyn Store>, production: bool) -> Result<Self, Box<dyn std::error::Error>> {
        Self::of(store, Arc::new(MemoryBlobs::new()), production, Watched::default()).await
    }

    /// As [`Server::on`], with an existing store of files.
    async fn with_files(
        store: Arc<dyn Store>,
        files: Arc<dyn Blobs>,
        production: bool,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        Self::of(store, files, production, Watched::default()).await
    }

    /// As [`Server::on`], with the given state of writes and of the audit log.
    async fn watched(
        store: Arc<dyn Store>,
        production: bool,
        watched: Watched,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        Self::of(store, Arc::new(MemoryBlobs::new()), production, watched).await
    }

    async fn of(
        store: Arc<dyn Store>,
        files: Arc<dyn Blobs>,
        production: bool,
        watched: Watched,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let (of, rows) = incident::notice_actions()?;
        let (exports, exporting) = export::actions()?;
        let eovr = Eovr::builder()
            .shared_store(store)
            .org(Org::new(serde_json::from_str(ORG)?)?)
            .kinds(incident::kinds(Settings::default())?.into_iter().chain(identity::kinds()?))
            .kinds(analyst::kinds()?)
            .kind(notice::kind()?)
            .kind(export::given::kind()?)
            .actions(of, rows)
            .actions(exports, exporting)
            .master_key(MasterKey::from_bytes(&KEY))
            .figures_in_memory()
            .open()
            .await?;
        let callers = Arc::new(Believer(eovr.clone()));
        let authentication = authentication(&eovr, &SECRET, None).await?;
        let auth = Arc::new(Auth::new(authentication, Rates::new(Allowed::default()), Proxies::default()));
        let app = app(Kit::new(kit::Setup {
            eovr,
            callers,
            auth,
            files,
            signals: Signals::silent(),
            kept: Kept::default(),
            production,
            public_url: None,
            secrets: Secrets::for_tests(SECRET),
            keys: Keys::Ring,
            watched,
            meters: meters::install(),
            pages: crate::http::pages::PAGES,
        }));
        Ok(Self { router: router(&app), app })
    }

    async fn send(&self, mut request: Request<Body>) -> Result<Got, Box<dyn std::error::Error>> {
        request.headers_mut().entry("host").or_insert(HeaderValue::from_static("reports.example.org"));
        let response = self.router.clone().oneshot(request).await?;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await?;
        // The tests only check that a workbook arrived, so a lossy conversion is enough.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Got { status: parts.status, headers: parts.headers, text })
    }

    /// Sends a request with more headers.
    async fn with(
        &self,
        who: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Got, Box<dyn std::error::Error>> {
        let mut request = Request::builder().method(method).uri(path).header("x-test-actor", who);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned()))?).await
    }

    async fn get(&self, who: &str, path: &str) -> Result<Got, Box<dyn std::error::Error>> {
        self.with(who, Method::GET, path, &[], "").await
    }

    async fn post(&self, who: &str, path: &str, body: &str) -> Result<Got, Box<dyn std::error::Error>> {
        self.with(who, Method::POST, path, &[], body).await
    }

    async fn patch(&self, who: &str, path: &str, body: &str) -> Result<Got, Box<dyn std::error::Error>> {
        self.with(who, Method::PATCH, path, &[], body).await
    }

    /// The path of a new incident in F1.
    async fn reported(&self) -> Result<String, Box<dyn std::error::Error>> {
        let got = self.post(NURSE, "/api/incidents", REPORT).await?;
        let id = got.is(201)?.json()?["id"].as_str().ok_or("it has an id")?.to_owned();
        Ok(format!("/api/incidents/{id}"))
    }

    /// The path of a new incident whose evaluation has started.
    async fn taken_up(&self) -> Result<String, Box<dyn std::error::Error>> {
        let path = self.reported().await?;
        self.post(QUALITY, &format!("{path}/transition"), r#"{"action": "start"}"#).await?.is(200)?;
        Ok(path)
    }
}

const WORDS: &str = "The patient was given ten times the dose and stopped breathing.";
const REPORT: &str = r#"{"category": "medication", "description":
    "The patient was given ten times the dose and stopped breathing."}"#;

impl Got {
    /// Fails with the answer unless it has this status.
    #[track_caller]
    fn is(self, status: u16) -> Result<Self, Box<dyn std::error::Error>> {
        if self.status.as_u16() == status {
            return Ok(self);
        }
        let line = std::panic::Location::caller().line();
        let main = self.text.split_once("<main").map_or(self.text.as_str(), |(_, main)| main);
        Err(format!("{} in line {line} is not {status}: {main}", self.status).into())
    }

    fn json(&self) -> Result<Value, Box<dyn std::error::Error>> {
        Ok(serde_json::from_str(&self.text)?)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Checks that the answer is a problem with this status and code.
    fn problem(self, status: u16, code: &str) -> Result<Value, Box<dyn std::error::Error>> {
        let got = self.is(status)?;
        let json = got.json()?;
        assert_eq!(got.header("content-type"), "application/problem+json");
        assert_eq!(json["code"], code, "{}", got.text);
        assert_eq!(json["status"], status, "{}", got.text);
        assert_eq!(json["type"], format!("urn:eovr:problem:{code}"), "{}", got.text);
        assert_eq!(json["request_id"], got.header("x-request-id"), "{}", got.text);
        assert!(json["title"].is_string(), "{}", got.text);
        Ok(json)
    }
}
