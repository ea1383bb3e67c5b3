//! Ten thousand requests for records out of scope: none may succeed or change anything.
//!
//! Every route and every role in two governorates, with real logins: ids of records out of scope, unknown ids, and text
//! that is not an id.

use eovr_core::{Name, name};
use eovr_host::checkpoint::Kept;
use eovr_host::http::auth::{Allowed, Auth, Proxies, Rates, authentication};
use eovr_host::http::kit::{self, Kit, Watched};
use eovr_host::http::meters;
use eovr_host::http::routes::{self, Endpoint};
use eovr_host::keyring::Keys;
use eovr_host::secrets::Secrets;
use eovr_host::signals::Signals;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use eovr_core::access::{Role, danger};
use eovr_core::analyst::{self, Registry};
use eovr_core::attachment::Attachments;
use eovr_core::decide::Command;
use eovr_core::export;
use eovr_core::identity::alert::{self, Alert};
use eovr_core::identity::api_key::{self, Access, NewKey};
use eovr_core::identity::password::{Password, PasswordCost};
use eovr_core::identity::watch::SecurityLog;
use eovr_core::identity::{self, NewUser, Site, facility, login, user};
use eovr_core::incident::{
    self, ATTACHMENT, Action, FOLLOW_UP, FollowUp, FollowUpKind, KIND, Report, Settings,
};
use eovr_core::memory::{MemoryBlobs, MemoryStore};
use eovr_core::notice;
use eovr_core::org::{Org, OrgId, Stamp};
use eovr_core::record::{Query, RecordId, Value};
use eovr_core::seal::{Entropy, MasterKey};
use eovr_core::{Eovr, Session};
use eovr_tests::TestClock;
use eovr_tests::chance::Chance;

use super::super::{all, router};

use super::{Got, KEY, ORG, SECRET, Server, Tested, app};

type Failing<T> = Result<T, Box<dyn std::error::Error>>;

const REQUESTS: usize = 10_000;
const SEED: u64 = 0x0e0f_2026;
const PASSWORD: &str = "three boats on the nile";
const FACILITIES: [&str; 3] = ["F1", "F2", "F3"];
/// One facility in each governorate.
const SEATS: [&str; 2] = ["F1", "F3"];

/// The kind of a poster's link. No record of it is created.
const POSTER: Name = Name::from_static("poster");

/// Texts that are not ids.
const NO_IDS: &[&str] = &[
    "not-an-id",
    "0",
    "null",
    "%00",
    "%ff",
    "%D9%85%D9%86",
    "..%2f..%2fhealth",
    "%2e%2e",
    "0192f0c0-0000-7000-8000-00000000000",
    "0192f0c0-0000-7000-8000-0000000000000",
    "%27%20or%201=1--",
];

const DATA_KEY: Name = Name::from_static("data_key");

/// The sort of id in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A record that exists, and is out of scope.
    Foreign,
    /// The same, with the id in another valid spelling.
    Spelled,
    /// An unknown id.
    Absent,
    /// Not an id.
    NoId,
}

const WAYS: [Way; 4] = [Way::Foreign, Way::Spelled, Way::Absent, Way::NoId];

/// A record with a limited scope.
#[derive(Clone, Debug)]
struct Planted {
    kind: Name,
    id: RecordId,
    stamp: Stamp,
    version: u64,
}

/// An account that is logged in.
struct Person {
    name: String,
    role: Role,
    token: String,
    /// The session that the engine would give, to compare the scope.
    session: Session,
}

struct World {
    server: Server,
    setup: Session,
    people: Vec<Person>,
    planted: Vec<Planted>,
    /// Tokens of logins that no request may end.
    victims: Vec<String>,
}

/// A marker in every text of a facility's records.
fn mark(facility: &str) -> String {
    format!("the-mark-of-{facility}")
}

impl World {
    async fn new() -> Failing<Self> {
        let (of, rows) = incident::notice_actions()?;
        let (exports, exporting) = export::actions()?;
        let eovr = Eovr::builder()
            .store(MemoryStore::new())
            .org(Org::new(serde_json::from_str(ORG)?)?)
            .kinds(incident::kinds(Settings::default())?.into_iter().chain(identity::kinds()?))
            .kinds(analyst::kinds()?)
            .kind(notice::kind()?)
            .kind(export::given::kind()?)
            .actions(of, rows)
            .actions(exports, exporting)
            .master_key(MasterKey::from_bytes(&KEY))
            .clock(TestClock::new())
            .figures_in_memory()
            .open()
            .await?;
        let authentication = authentication(&eovr, &SECRET, None).await?;
        let auth = Arc::new(Auth::new(authentication, Rates::new(Allowed::ANY), Proxies::default()));
        let app = app(Kit::new(kit::Setup {
            eovr: eovr.clone(),
            callers: auth.clone(),
            auth,
            files: Arc::new(MemoryBlobs::new()),
            signals: Signals::silent(),
            kept: Kept::default(),
            production: false,
            public_url: None,
            secrets: Secrets::for_tests(SECRET),
            keys: Keys::Ring,
            watched: Watched::default(),
            meters: meters::install(),
            pages: crate::http::pages::PAGES,
        }));
        let setup = eovr.session(danger::unrestricted("test", "plant what others must not see")?);
        let server = Server { router: router(&app), app };
        let mut world = Self { server, setup, people: Vec::new(), planted: Vec::new(), victims: Vec::new() };
        for site in Site::all(&eovr.org()) {
            let id = site.register(&world.setup).await?.id;
            world.plant(facility::KIND, id).await?;
        }
        let model = Registry::equip(&eovr, &name!("local"), "a-reader").await?;
        world.plant(analyst::MODEL, model).await?;
        SecurityLog::of(&eovr)?.raise(Alert::LogRewritten, None, None).await?;
        for kind in [alert::KIND, DATA_KEY] {
            let page = world.setup.find(&Query::of(kind.clone())).await?;
            world.plant(kind, page.items.first().ok_or("one of the kind")?.id()).await?;
        }
        for seat in SEATS {
            for role in Role::ALL {
                world.arrives(role, seat).await?;
            }
        }
        for facility in FACILITIES {
            world.plant_in(facility).await?;
        }
        Ok(world)
    }

    /// Creates an account and logs it in.
    async fn arrives(&mut self, role: Role, seat: &str) -> Tested {
        let name = format!("{role}-of-{seat}").to_lowercase();
        let id = self.account(role, seat, &name).await?;
        let record = self.setup.load(&user::KIND, id).await?;
        let session = self.setup.eovr().session(identity::actor(&record)?);
        let token = self.comes_in(&name).await?;
        self.people.push(Person { name, role, token, session });
        Ok(())
    }

    async fn account(&self, role: Role, seat: &str, name: &str) -> Failing<RecordId> {
        let hash = PasswordCost::default()
            .hash(&Password::typed(PASSWORD)?, &mut Entropy::from_seed(&[3; 32]))?
            .to_string();
        let person = NewUser {
            role,
            email: format!("{name}@example.org"),
            display_name: name.to_owned(),
            password_hash: Some(hash),
            must_change: false,
        };
        Ok(self.setup.create(&user::KIND, &OrgId::new(seat)?, person.command()).await?.id)
    }

    async fn comes_in(&self, name: &str) -> Failing<String> {
        let body = serde_json::json!({"email": format!("{name}@example.org"), "password": PASSWORD});
        let got = self.send(None, &Method::POST, "/api/auth/login", &[], &body.to_string()).await?.is(200)?;
        Ok(got.json()?["access_token"].as_str().ok_or("a token")?.to_owned())
    }

    /// Creates an incident with a follow-up action, an account with a login, and an API key, with this facility's
    /// marker.
    async fn plant_in(&mut self, facility: &str) -> Tested {
        let (mark, place) = (mark(facility), OrgId::new(facility)?);
        let owner = self.account(Role::QualityAdmin, facility, &format!("{mark}-owner")).await?;
        let owner = identity::actor(&self.setup.load(&user::KIND, owner).await?)?;
        let owner = self.setup.eovr().session(owner);
        let report = Report {
            category: "medication".to_owned(),
            description: format!("The patient was given ten times the dose: {mark}"),
            location: Some(mark.clone()),
            notes: Some(mark.clone()),
            ..Report::default()
        };
        let incident = owner.incidents().report(&place, report).await?.written.id;
        owner.incidents().act(incident, Action::Start, Some(&mark)).await?;
        let follow_up = FollowUp {
            task: format!("Lock the vials away: {mark}"),
            owner: mark.clone(),
            due_at: self.server.app.kit.auth.authentication.now().plus_seconds(3600),
            kind: FollowUpKind::Preventive,
            strength: None,
        };
        let follow_up = owner.incidents().follow_up(incident, follow_up).await?.id;

        let files = Attachments::of(&owner, ATTACHMENT, &*self.server.app.kit.files);
        let file = files.attach(incident, &mark, format!("%PDF-1.7 {mark} %%EOF").as_bytes()).await?.id;
        // Its recipient is none of the accounts in this test.
        let told = Command::new(notice::Action::Post)
            .set("recipient", mark.clone())
            .set("channel", "in_app")
            .set("topic", "incident.report")
            .set("about", incident)
            .set("in_feed", 1)
            .set("due_at", self.server.app.kit.auth.authentication.now());
        let told = self.setup.create(&notice::KIND, &place, told).await?.id;

        let victim = self.account(Role::Staff, facility, &format!("{mark}-victim")).await?;
        let token = self.comes_in(&format!("{mark}-victim")).await?;
        let logins = self.send(Some(&token), &Method::GET, "/api/auth/sessions", &[], "").await?.is(200)?;
        let own = logins.json()?["items"][0]["id"].as_str().ok_or("a login")?.parse()?;
        self.victims.push(token);

        let new = NewKey { role: Role::Staff, access: Access::Write, label: mark, expires_at: None };
        let key = self.key(&place, &new).await?;
        for (kind, id) in [
            (KIND, incident),
            (FOLLOW_UP, follow_up),
            (ATTACHMENT, file),
            (notice::KIND, told),
            (user::KIND, victim),
            (login::KIND, own),
            (api_key::KIND, key),
        ] {
            self.plant(kind, id).await?;
        }
        Ok(())
    }

    /// An API key without a known secret.
    async fn key(&self, place: &OrgId, new: &NewKey) -> Failing<RecordId> {
        let command = Command::new(api_key::Action::Issue)
            .set("role", new.role.to_string())
            .set("access", new.access.to_string())
            .set("digest", Value::Bytes(vec![7; 32]))
            .write("label", new.label.clone());
        Ok(self.setup.create(&api_key::KIND, place, command).await?.id)
    }

    async fn plant(&mut self, kind: Name, id: RecordId) -> Tested {
        let record = self.setup.load(&kind, id).await?;
        let stamp = record.envelope().stamp.clone();
        self.planted.push(Planted { kind, id, stamp, version: record.version() });
        Ok(())
    }

    async fn send(
        &self,
        token: Option<&str>,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Failing<Got> {
        let mut request = Request::builder().method(method.clone()).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers.iter().chain(&[("x-request-id", "the-same-one")]) {
            request = request.header(*name, *value);
        }
        self.server.send(request.body(Body::from(body.to_owned()))?).await
    }

    /// Records of a kind that are out of a person's scope.
    fn foreign(&self, who: &Person, kind: &Name) -> Vec<&Planted> {
        self.planted.iter().filter(|planted| planted.kind == *kind && !sees(who, planted)).collect()
    }
}

/// Whether a person may see a record, by scope and role. Only the owner sees a login or a notice.
fn sees(who: &Person, planted: &Planted) -> bool {
    let covered = who.session.scope().covers(&planted.stamp);
    let top = [user::KIND, api_key::KIND, analyst::MODEL, alert::KIND, DATA_KEY];
    let owned = [login::KIND, notice::KIND].contains(&planted.kind);
    covered && !owned && (who.role == Role::TopManagement || !top.contains(&planted.kind))
}

/// The kind of record that a parameter of a path names.
fn kind_at(path: &str, name: &str) -> Name {
    match (path.split('/').nth(2), name) {
        (Some("incidents"), "action") => FOLLOW_UP,
        (Some("incidents"), "file") => ATTACHMENT,
        (Some("incidents"), _) => KIND,
        (Some("exports"), _) => KIND,
        (Some("ai"), _) => analyst::MODEL,
        (Some("notices"), _) => notice::KIND,
        (Some("users"), _) => user::KIND,
        (Some("alerts"), _) => alert::KIND,
        (Some("data-keys"), _) => DATA_KEY,
        (Some("keys"), _) => api_key::KIND,
        (Some("auth"), _) => login::KIND,
        (Some("facilities"), _) => facility::KIND,
        // A poster has no owner: its link is the credential.
        (Some("report"), "link") => POSTER,
        _ => panic!("{path}: say here of what kind `{name}` is"),
    }
}

/// The parameters of a path: the names in braces.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// A valid body for the route, so that only the id can cause a refusal.
fn body(route: &Endpoint, facility: Option<&str>, chance: &mut Chance) -> String {
    const MOVES: &[&str] = &[
        r#"{"action": "start"}"#,
        r#"{"action": "evaluate"}"#,
        r#"{"action": "complete_early", "note": "nothing more to do"}"#,
        r#"{"action": "add_remark", "note": "seen by me"}"#,
        r#"{"action": "dispose", "note": "a drill", "fields": {"disposition": "not_reportable"}}"#,
    ];
    const DEEDS: &[&str] = &[
        r#"{"action": "finish", "evidence": "seen by me"}"#,
        r#"{"action": "cancel", "note": "not needed"}"#,
        r#"{"action": "revise", "owner": "me"}"#,
    ];
    let stands = |rest: &str| match facility {
        Some(facility) => format!(r#"{{"facility": "{facility}", {rest}}}"#),
        None => format!("{{{rest}}}"),
    };
    let report = r#""category": "medication", "description": "It happened in the night.""#;
    let fixed = match (route.method.as_str(), route.path) {
        ("POST", "/api/incidents") => return stands(report),
        ("POST", "/api/users") => {
            let address = chance.draw();
            return stands(&format!(r#""role": "staff", "email": "{address}@example.org", "name": "New""#));
        }
        ("POST", "/api/report/{link}") => return format!("{{{report}}}"),
        ("POST", "/api/keys") => return stands(r#""role": "staff", "access": "read", "label": "board""#),
        ("POST", "/api/incidents/{id}/reopen") => {
            return format!(r#"{{"reason": "it went on", "report": {{{report}}}}}"#);
        }
        ("POST", "/api/incidents/{id}/transition") => chance.pick(MOVES),
        ("PATCH", "/api/incidents/{id}/actions/{action}") => chance.pick(DEEDS),
        ("PATCH", "/api/incidents/{id}") => r#"{"location": "ward-3", "reason": "another ward"}"#,
        ("PATCH", "/api/incidents/{id}/risk") => r#"{"severity": "2", "probability": "2"}"#,
        ("PATCH", "/api/incidents/{id}/jci-fields") => r#"{"chapter": "MMU"}"#,
        ("POST", "/api/incidents/{id}/ai-review") => r#"{"verdict": "overridden"}"#,
        ("POST", "/api/incidents/{id}/actions") => {
            r#"{"task": "train them", "owner": "me", "due_at": "2027-01-01T00:00:00Z",
                "purpose": "preventive"}"#
        }
        ("POST", "/api/incidents/{id}/attachments") => "%PDF-1.7 a form %%EOF",
        ("POST", "/api/incidents/{id}/attachments/{file}/remove") => r#"{"reason": "not of this patient"}"#,
        ("POST", "/api/facilities/{id}/processors") => {
            r#"{"processors": ["local"], "reason": "the contract is signed"}"#
        }
        ("POST", "/api/ai/models/{id}/examine") => {
            r#"{"cases": 200, "gain": 50, "gain_low": 10, "against": "rules",
                "report": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}"#
        }
        ("POST", path) if path.starts_with("/api/ai/models/{id}/") && route.takes.is_some() => {
            r#"{"reason": "we looked at it"}"#
        }
        ("POST", "/api/alerts/{id}/settle") => r#"{"found": "a drill"}"#,
        ("POST", "/api/data-keys/{id}/destroy") => r#"{"reason": "no more"}"#,
        ("POST", "/api/incidents/{id}/analysis/retry") => r#"{"reason": "it is back"}"#,
        ("POST", "/api/users/{id}/role") => r#"{"role": "staff"}"#,
        ("POST", "/api/users/{id}/disable" | "/api/users/{id}/enable" | "/api/users/{id}/retire")
        | (
            "POST",
            "/api/users/{id}/reset-factor" | "/api/users/{id}/unlock" | "/api/users/{id}/end-logins",
        )
        | ("POST", "/api/keys/{id}/revoke") => r#"{"why": "no more"}"#,
        (_, path) if names(path).next().is_some() && route.takes.is_some() => {
            panic!("{} {path}: say here what it takes", route.method)
        }
        // Passwords and codes: the body is empty, so that no request hashes a password or uses a real one.
        _ if route.takes.is_some() => "{}",
        _ => "",
    };
    fixed.to_owned()
}

/// An unknown id.
fn absent(chance: &mut Chance) -> String {
    let mut random = [0; 10];
    random.iter_mut().zip(chance.draw().to_be_bytes()).for_each(|(to, from)| *to = from);
    RecordId::from_parts(eovr_core::Timestamp::from_micros(1), random).to_string()
}

/// Another valid spelling of an id.
fn spelled(id: RecordId, chance: &mut Chance) -> String {
    let id = id.to_string();
    match chance.below(4) {
        0 => id.to_uppercase(),
        1 => id.replace('-', ""),
        2 => id.replace('-', "%2D"),
        _ => format!("urn:uuid:{id}"),
    }
}

impl World {
    /// A path with ids out of a person's scope, and the same with unknown ids; `None` if no record is out of scope.
    fn paths(&self, who: &Person, path: &str, way: Way, chance: &mut Chance) -> Option<[String; 2]> {
        let (mut asked, mut twin) = (path.to_owned(), path.to_owned());
        // The first of two ids may be in scope; then the second is not.
        let own_first = names(path).count() > 1 && chance.percent(50);
        for (at, name) in names(path).enumerate() {
            let place = format!("{{{name}}}");
            let kind = kind_at(path, name);
            let own = self.planted.iter().find(|planted| planted.kind == kind && sees(who, planted));
            let id = match (way, own) {
                (Way::Foreign | Way::Spelled, Some(own)) if own_first && at == 0 => own.id.to_string(),
                (Way::Foreign, _) => pick(&self.foreign(who, &kind), chance)?.id.to_string(),
                (Way::Spelled, _) => spelled(pick(&self.foreign(who, &kind), chance)?.id, chance),
                (Way::Absent, _) => absent(chance),
                (Way::NoId, _) => (*chance.pick(NO_IDS)).to_owned(),
            };
            let ending = if path.starts_with("/api/exports/") { ".pdf" } else { "" };
            asked = asked.replace(&place, &format!("{id}{ending}"));
            twin = twin.replace(&place, &format!("{}{ending}", absent(chance)));
        }
        Some([asked, twin])
    }

    /// A facility out of a person's scope, or an unknown one.
    fn facility(&self, who: &Person, way: Way, chance: &mut Chance) -> Option<&'static str> {
        let org = self.setup.eovr().org();
        let covered = |facility: &str| {
            let stamp = OrgId::new(facility).ok().and_then(|id| org.stamp(&id).cloned());
            stamp.is_some_and(|stamp| who.session.scope().covers(&stamp))
        };
        let foreign: Vec<_> = FACILITIES.into_iter().filter(|facility| !covered(facility)).collect();
        match way {
            Way::Foreign | Way::Spelled => pick(&foreign, chance).copied(),
            Way::Absent => Some("F9"),
            Way::NoId => None,
        }
    }

    /// Sends a request. If it has an id out of scope, sends it again with an unknown one and compares the answers.
    /// Returns the number of requests.
    async fn ask(&mut self, route: &Endpoint, at: usize, way: Way, chance: &mut Chance) -> Failing<Asked> {
        let who = &self.people[at];
        let token = who.token.clone();
        let Some([path, twin]) = self.paths(who, route.path, way, chance) else { return Ok(Asked::NOTHING) };
        let named = self.facility(who, way, chance);
        let lists = route.method == Method::GET && route.params.is_some();
        let path = match named {
            Some(named) if lists && route.path == "/api/incidents" => format!("{path}?facility={named}"),
            _ => path,
        };
        let sent = body(route, named, chance);
        let mut headers = Vec::new();
        if chance.percent(20) {
            headers.push(("if-match", "\"1\""));
        }
        let key = format!("key-{}", chance.draw());
        if chance.percent(20) && route.method == Method::POST {
            headers.push(("idempotency-key", &key));
        }
        let got = self.send(Some(&token), &route.method, &path, &headers, &sent).await?;
        let what = format!("{} {path} {sent} as {}: {} {}", route.method, who.name, got.status, got.text);
        let what = format!("seed {SEED}: {what}");
        assert!(!got.status.is_server_error(), "{what}");
        for word in self.secrets(who) {
            assert!(!got.text.contains(&word), "`{word}` in {what}");
        }
        let addressed = names(route.path).next().is_some();
        let creates = named.is_some() && sent.contains("\"facility\"");
        let mut asked = Asked { requests: 1, ..Asked::NOTHING };
        if addressed || creates {
            match got.status.as_u16() {
                404 => asked.not_found = 1,
                403 => asked.denied = 1,
                _ => panic!("{what}"),
            }
            let other = named.map(|named| sent.replace(&format!("\"{named}\""), "\"F8\"")).unwrap_or(sent);
            let none = self.send(Some(&token), &route.method, &twin, &headers, &other).await?;
            // Text that is not an id gets the same status for every caller; ids out of scope get the same answer as
            // unknown ids.
            match way {
                Way::NoId => assert_eq!(got.status, none.status, "{what}"),
                _ => assert_eq!(
                    (got.status, &got.text, &got.headers),
                    (none.status, &none.text, &none.headers),
                    "{what}"
                ),
            }
            asked.requests += 1;
            if got.status == 404 {
                got.problem(404, "not_found")?;
            }
        }
        if ["/api/auth/logout", "/api/auth/logout-everywhere"].contains(&route.path) {
            self.people[at].token = self.comes_in(&self.people[at].name).await?;
        }
        Ok(asked)
    }

    /// Texts that no answer to this person may contain.
    fn secrets(&self, who: &Person) -> BTreeSet<String> {
        let foreign = self.planted.iter().filter(|planted| !sees(who, planted));
        let ids = foreign.clone().map(|planted| planted.id.to_string());
        let marks = foreign.filter(|planted| !who.session.scope().covers(&planted.stamp));
        ids.chain(marks.map(|planted| mark(planted.stamp.facility.as_str()))).collect()
    }

    /// Checks that every record is unchanged and every login still valid.
    async fn is_untouched(&self) -> Tested {
        for planted in &self.planted {
            let now = self.setup.load(&planted.kind, planted.id).await?.version();
            assert_eq!(
                now, planted.version,
                "a `{}` of {} was changed",
                planted.kind, planted.stamp.facility
            );
        }
        for token in &self.victims {
            self.send(Some(token), &Method::GET, "/api/auth/me", &[], "").await?.is(200)?;
        }
        Ok(())
    }
}

fn pick<'a, T>(of: &'a [T], chance: &mut Chance) -> Option<&'a T> {
    (!of.is_empty()).then(|| chance.pick(of))
}

/// The number of requests, and how many were answered with each status.
#[derive(Clone, Copy)]
struct Asked {
    requests: usize,
    not_found: usize,
    denied: usize,
}

impl Asked {
    const NOTHING: Self = Self { requests: 0, not_found: 0, denied: 0 };

    fn add(&mut self, more: Self) {
        self.requests += more.requests;
        self.not_found += more.not_found;
        self.denied += more.denied;
    }
}

#[tokio::test]
async fn ten_thousand_requests_out_of_scope_find_nothing() -> Tested {
    let mut world = World::new().await?;
    // An event stream lasts until its login ends.
    let routes = all(&world.server.app);
    let routes = routes.listed().iter().filter(|route| route.path != "/api/auth/events");
    let routes: Vec<Endpoint> = routes.cloned().collect();
    let mut chance = Chance::new(SEED);
    let mut asked = Asked::NOTHING;
    // Each route with each role in each way once, then random ones.
    for route in &routes {
        for who in 0..world.people.len() {
            let ways = if by_chance(route) { &WAYS[..] } else { &[Way::NoId] };
            for way in ways.iter().copied() {
                asked.add(world.ask(route, who, way, &mut chance).await?);
            }
        }
    }
    let addressed: Vec<_> = routes.iter().filter(|route| by_chance(route)).collect();
    while asked.requests < REQUESTS {
        let (route, who) = (*chance.pick(&addressed), chance.below(world.people.len()));
        let way = *chance.pick(&WAYS);
        asked.add(world.ask(route, who, way, &mut chance).await?);
    }
    assert!(asked.not_found > 1000 && asked.denied > 1000, "{} {}", asked.not_found, asked.denied);
    world.is_untouched().await
}

/// Excludes the routes that end a login, because logging in again is slow.
fn by_chance(route: &Endpoint) -> bool {
    !route.path.starts_with("/api/auth/") || names(route.path).next().is_some()
}

/// Shows that the server does not refuse every request.
#[tokio::test]
async fn records_in_scope_are_found() -> Tested {
    let world = World::new().await?;
    for who in &world.people {
        let own = world.planted.iter().filter(|planted| planted.kind == KIND && sees(who, planted));
        for planted in own {
            let path = format!("/api/incidents/{}", planted.id);
            let got = world.send(Some(&who.token), &Method::GET, &path, &[], "").await?.is(200)?;
            assert!(got.text.contains(&mark(planted.stamp.facility.as_str())), "{}", got.text);
        }
        let expected = match who.role {
            Role::Staff | Role::QualityAdmin => 1,
            Role::AdminManager | Role::GovernorateManager if who.name.ends_with("f1") => 2,
            Role::AdminManager | Role::GovernorateManager => 1,
            Role::TopManagement => 3,
        };
        let list = world.send(Some(&who.token), &Method::GET, "/api/incidents", &[], "").await?.json()?;
        assert_eq!(list["items"].as_array().map(Vec::len), Some(expected), "{}", who.name);
    }
    Ok(())
}

#[tokio::test]
async fn requests_without_a_valid_token_are_refused() -> Tested {
    let world = World::new().await?;
    let mut chance = Chance::new(SEED);
    for route in all(&world.server.app).listed() {
        if route.access == routes::Access::Public {
            continue;
        }
        let sent = body(route, Some("F1"), &mut chance);
        for planted in &world.planted {
            let mut path = route.path.to_owned();
            for name in names(route.path) {
                path = path.replace(&format!("{{{name}}}"), &planted.id.to_string());
            }
            for token in [None, Some("nonsense"), Some("")] {
                let got = world.send(token, &route.method, &path, &[], &sent).await?;
                got.problem(401, "unauthenticated").map_err(|error| format!("{path}: {error}"))?;
            }
        }
    }
    world.is_untouched().await
}
