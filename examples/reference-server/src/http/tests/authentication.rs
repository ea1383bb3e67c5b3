//! Authentication over HTTP, with honest and with hostile clients.

mod attempts;
mod outside;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use eovr_core::access::{Role, Tier, danger};
use eovr_core::export;
use eovr_core::identity::password::{Password, PasswordCost};
use eovr_core::identity::token::{Purpose, Signer};
use eovr_core::identity::{self, NewUser, key_change, user};
use eovr_core::incident::{self, Settings};
use eovr_core::memory::{MemoryBlobs, MemoryStore};
use eovr_core::notice;
use eovr_core::org::{Org, OrgId};
use eovr_core::record::{Query, Record};
use eovr_core::seal::{Entropy, MasterKey};
use eovr_core::{Eovr, Timestamp};
use eovr_host::checkpoint::Kept;
use eovr_host::http::auth::{Allowed, Auth, Provider, Proxies, Rates, authentication};
use eovr_host::http::kit::{self, Kit, Watched};
use eovr_host::http::meters;
use eovr_host::keyring::Keys;
use eovr_host::secrets::Secrets;
use eovr_host::signals::Signals;
use eovr_tests::TestClock;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sha1::Sha1;
use tower::ServiceExt as _;

use super::super::router;

use super::{Got, KEY, ORG, REPORT, SECRET, Server, Tested, app};

pub(super) const PASSWORD: &str = "three boats on the nile";
pub(super) const MONA: &str = "mona@example.org";
pub(super) const TOP: &str = "top@example.org";

pub(super) type Failing<T> = Result<T, Box<dyn std::error::Error>>;

/// A server with real authentication, and a clock that the test moves.
pub(super) struct Deployment {
    pub(super) server: Server,
    clock: TestClock,
    pub(super) eovr: Eovr,
}

pub(super) async fn site() -> Failing<Deployment> {
    site_with(Allowed::ANY).await
}

pub(super) async fn site_with(allowed: Allowed) -> Failing<Deployment> {
    site_accepting(allowed, None).await
}

/// A server behind proxies.
pub(super) async fn site_behind(proxies: Proxies, allowed: Allowed) -> Failing<Deployment> {
    opened(allowed, proxies, None, None, false).await
}

async fn site_accepting(allowed: Allowed, provider: Option<Provider>) -> Failing<Deployment> {
    opened(allowed, Proxies::default(), provider, None, false).await
}

async fn opened(
    allowed: Allowed,
    proxies: Proxies,
    provider: Option<Provider>,
    second_factor_from: Option<Tier>,
    production: bool,
) -> Failing<Deployment> {
    let clock = TestClock::new();
    let (of, rows) = incident::notice_actions()?;
    let (exports, exporting) = export::actions()?;
    let eovr = Eovr::builder()
        .store(MemoryStore::new())
        .org(Org::new(serde_json::from_str(ORG)?)?)
        .kinds(incident::kinds(Settings::default())?.into_iter().chain(identity::kinds()?))
        .kinds(eovr_core::analyst::kinds()?)
        .kind(notice::kind()?)
        .kind(export::given::kind()?)
        .actions(of, rows)
        .actions(exports, exporting)
        .master_key(MasterKey::from_bytes(&KEY))
        .clock(clock.clone())
        .open()
        .await?;
    let setup = eovr.session(danger::unrestricted("test", "make accounts")?);
    for (email, role) in [(MONA, Role::QualityAdmin), (TOP, Role::TopManagement)] {
        let password = Password::typed(PASSWORD)?;
        let hash = PasswordCost::default().hash(&password, &mut Entropy::from_seed(&[3; 32]))?;
        let account = NewUser {
            role,
            email: email.to_owned(),
            display_name: "A Colleague".to_owned(),
            password_hash: Some(hash.to_string()),
            must_change: false,
        };
        setup.create(&user::KIND, &OrgId::new("F1")?, account.command()).await?;
    }
    let authentication = authentication(&eovr, &SECRET, second_factor_from).await?;
    let mut auth = Auth::new(authentication, Rates::new(allowed), proxies);
    if let Some(provider) = provider {
        auth = auth.accepting(provider);
    }
    let auth = Arc::new(auth);
    let kit = Kit::new(kit::Setup {
        files: Arc::new(MemoryBlobs::new()),
        signals: Signals::silent(),
        kept: Kept::default(),
        eovr: eovr.clone(),
        callers: auth.clone(),
        auth,
        production,
        public_url: None,
        secrets: Secrets::for_tests(SECRET),
        keys: Keys::Ring,
        watched: Watched::default(),
        meters: meters::install(),
        pages: crate::http::pages::PAGES,
    });
    let app = app(kit);
    Ok(Deployment { server: Server { router: router(&app), app }, clock, eovr })
}

/// A login: the access token and the cookie.
#[derive(Clone)]
pub(super) struct In {
    access: String,
    pub(super) cookie: String,
}

impl Deployment {
    pub(super) fn pass_seconds(&self, seconds: i64) {
        self.clock.pass_seconds(seconds);
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Failing<Got> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.server.send(request.body(body)?).await
    }

    async fn get(&self, who: &In, path: &str) -> Failing<Got> {
        self.ask(Method::GET, path, &[("authorization", &who.bearer())], None).await
    }

    pub(super) async fn post(&self, who: &In, path: &str, body: Option<Value>) -> Failing<Got> {
        self.ask(Method::POST, path, &[("authorization", &who.bearer())], body).await
    }

    async fn log_in(&self, email: &str, password: &str) -> Failing<Got> {
        let body = json!({"email": email, "password": password});
        self.ask(Method::POST, "/api/auth/login", &[], Some(body)).await
    }

    pub(super) async fn come_in(&self, email: &str) -> Failing<In> {
        In::of(self.log_in(email, PASSWORD).await?)
    }

    pub(super) async fn refresh(&self, cookie: &str, headers: &[(&str, &str)]) -> Failing<Got> {
        let headers = [&[("cookie", cookie)], headers].concat();
        self.ask(Method::POST, "/api/auth/refresh", &headers, None).await
    }
}

impl In {
    pub(super) fn of(got: Got) -> Failing<Self> {
        let got = got.is(200)?;
        let answer = got.json()?;
        assert_eq!(answer["status"], "in", "{answer}");
        let cookie = got.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        Ok(Self { access: answer["access_token"].as_str().ok_or("a token")?.to_owned(), cookie })
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.access)
    }
}

#[tokio::test]
async fn a_person_logs_in_works_and_logs_out() -> Tested {
    let site = site().await?;
    let got = site.log_in(MONA, PASSWORD).await?;
    let cookie = got.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/api/auth", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let mona = In::of(got)?;
    let me = site.get(&mona, "/api/auth/me").await?.is(200)?.json()?;
    assert_eq!(
        (&me["role"], &me["email"], &me["facilities"]),
        (&json!("quality_admin"), &json!(MONA), &json!(["F1"]))
    );
    site.post(&mona, "/api/incidents", Some(serde_json::from_str(REPORT)?)).await?.is(201)?;
    let list = site.get(&mona, "/api/incidents").await?.is(200)?.json()?;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    let may = site.get(&mona, "/api/permissions").await?.is(200)?.json()?;
    let allowed = |action: &str| {
        let rows = may.as_array().into_iter().flatten();
        rows.filter(|row| row["of"] == "incident" && row["action"] == action)
            .any(|row| row["allowed"] == true)
    };
    assert!(allowed("assess") && !allowed("complete_early"));
    site.post(&mona, "/api/auth/logout", None).await?.is(204)?;
    site.get(&mona, "/api/auth/me").await?.problem(401, "unauthenticated")?;
    site.refresh(&mona.cookie, &[("x-eovr", "1")]).await?.problem(401, "unauthenticated")?;
    Ok(())
}

#[tokio::test]
async fn the_reason_of_a_failed_login_is_not_told() -> Tested {
    let site = site().await?;
    let said = |got: Got| {
        Ok::<_, Box<dyn std::error::Error>>(got.problem(401, "unauthenticated")?["detail"].to_string())
    };
    let wrong = said(site.log_in(MONA, "four boats on the nile").await?)?;
    assert_eq!(wrong, said(site.log_in("unknown@example.org", PASSWORD).await?)?);
    assert_eq!(wrong, said(site.log_in(MONA, "").await?)?);
    assert_eq!(wrong, said(site.log_in(MONA, &"x".repeat(5000)).await?)?);
    assert!(!wrong.contains("boats"));
    Ok(())
}

#[tokio::test]
async fn the_cookie_is_accepted_from_our_own_pages_only() -> Tested {
    let site = site().await?;
    let mona = site.come_in(MONA).await?;
    site.refresh(&mona.cookie, &[]).await?.problem(403, "denied")?;
    let foreign = [("x-eovr", "1"), ("sec-fetch-site", "cross-site")];
    site.refresh(&mona.cookie, &foreign).await?.problem(403, "denied")?;
    site.refresh("", &[("x-eovr", "1")]).await?.problem(401, "unauthenticated")?;
    site.refresh("eovr-refresh=nonsense", &[("x-eovr", "1")]).await?.problem(401, "unauthenticated")?;
    let own = [("x-eovr", "1"), ("sec-fetch-site", "same-origin")];
    let again = In::of(site.refresh(&mona.cookie, &own).await?)?;
    assert_ne!(again.cookie, mona.cookie);
    site.get(&again, "/api/auth/me").await?.is(200)?;
    // A second use of the old refresh token means that it was copied, so the server ends the login.
    site.clock.pass_seconds(11);
    site.refresh(&mona.cookie, &own).await?.problem(401, "unauthenticated")?;
    site.refresh(&again.cookie, &own).await?.problem(401, "unauthenticated")?;
    site.get(&again, "/api/auth/me").await?.problem(401, "unauthenticated")?;
    Ok(())
}

/// The six digits of an authenticator app (RFC 6238), implemented again for the test.
fn code(secret: &str, now: Timestamp) -> Failing<String> {
    let mut bits = String::new();
    for letter in secret.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).ok_or("base 32")?;
        bits.push_str(&format!("{value:05b}"));
    }
    let bytes = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte)?, 2).map_err(Into::into));
    let key = bytes.collect::<Failing<Vec<u8>>>()?;
    let step = u64::try_from(now.as_micros())? / 30_000_000;
    let mac = Hmac::<Sha1>::new_from_slice(&key)?.chain_update(step.to_be_bytes()).finalize().into_bytes();
    let at = usize::from(mac[19] & 15);
    let number = u32::from_be_bytes([mac[at] & 0x7f, mac[at + 1], mac[at + 2], mac[at + 3]]);
    Ok(format!("{:06}", number % 1_000_000))
}

fn now(clock: &TestClock) -> Timestamp {
    eovr_core::ports::Clock::now(clock)
}

#[tokio::test]
async fn a_second_factor_is_set_up_asked_for_and_used_once() -> Tested {
    let site = site().await?;
    let mona = site.come_in(MONA).await?;
    let begun = site.post(&mona, "/api/auth/mfa/setup", None).await?.is(200)?.json()?;
    let secret = begun["secret"].as_str().ok_or("a secret")?.to_owned();
    assert!(begun["uri"].as_str().is_some_and(|uri| uri.starts_with("otpauth://totp/")), "{begun}");
    assert!(begun["qr"].as_str().is_some_and(|qr| qr.contains("<svg")), "{begun}");
    // The second factor is not required before its first code is confirmed.
    site.come_in(MONA).await?;
    let wrong = json!({"code": "000000"});
    site.post(&mona, "/api/auth/mfa/enable", Some(wrong.clone())).await?.problem(422, "invalid_input")?;
    let right = json!({"code": code(&secret, now(&site.clock))?});
    let codes = site.post(&mona, "/api/auth/mfa/enable", Some(right)).await?.is(200)?.json()?;
    let codes = codes["recovery_codes"].as_array().ok_or("codes")?.clone();
    assert_eq!(codes.len(), 10);

    site.clock.pass_seconds(30);
    let step = site.log_in(MONA, PASSWORD).await?.is(200)?;
    assert_eq!(step.header("set-cookie"), "", "the first step gives no session");
    let step = step.json()?;
    assert_eq!(step["status"], "second_step");
    let token = step["token"].as_str().ok_or("a token")?.to_owned();
    let half_way = In { access: token.clone(), cookie: String::new() };
    site.get(&half_way, "/api/auth/me").await?.problem(401, "unauthenticated")?;
    let verify = async |code: &str| {
        let body = json!({"token": token, "code": code});
        site.ask(Method::POST, "/api/auth/mfa/verify", &[], Some(body)).await
    };
    verify("000000").await?.problem(401, "unauthenticated")?;
    let good = code(&secret, now(&site.clock))?;
    let inside = In::of(verify(&good).await?)?;
    site.get(&inside, "/api/auth/me").await?.is(200)?;
    verify(&good).await?.problem(401, "unauthenticated")?;
    let recovery = codes[3].as_str().ok_or("a code")?;
    In::of(verify(recovery).await?)?;
    verify(recovery).await?.problem(401, "unauthenticated")?;
    Ok(())
}

#[tokio::test]
async fn an_account_begins_with_a_password_that_must_be_changed() -> Tested {
    let site = site().await?;
    let top = site.come_in(TOP).await?;
    let person =
        json!({"role": "staff", "facility": "F2", "email": "nour@example.org", "name": "Nour Hassan"});
    let given = site.post(&top, "/api/users", Some(person.clone())).await?.is(201)?.json()?;
    let first = given["first_password"].as_str().ok_or("a password")?.to_owned();
    site.post(&top, "/api/users", Some(person)).await?.problem(409, "conflict")?;
    let step = site.log_in("nour@example.org", &first).await?.is(200)?.json()?;
    assert_eq!(step["status"], "new_password");
    let replace = async |password: &str| {
        let body = json!({"token": step["token"], "password": password});
        site.ask(Method::POST, "/api/auth/new-password", &[], Some(body)).await
    };
    for (weak, why) in [("xkcd kittens", "characters"), ("nour hassan nour hassan", "")] {
        let problem = replace(weak).await?.problem(422, "invalid_input")?;
        assert_eq!(problem["errors"][0]["field"], "password", "{problem}");
        let text = problem.to_string();
        assert!(text.contains(why) && !text.contains(weak), "{text}");
    }
    In::of(replace("a lamp beside the window").await?)?;
    site.log_in("nour@example.org", &first).await?.problem(401, "unauthenticated")?;
    let list = site.get(&top, "/api/users").await?.is(200)?.json()?;
    assert!(
        list["items"]
            .as_array()
            .is_some_and(|items| items.iter().any(|item| item["email"] == "nour@example.org"))
    );
    let nour = In::of(site.log_in("nour@example.org", "a lamp beside the window").await?)?;
    site.get(&nour, "/api/users").await?.problem(403, "denied")?;

    let id = given["id"].as_str().ok_or("an id")?;
    let why = Some(json!({"why": "left the hospital"}));
    site.post(&top, &format!("/api/users/{id}/disable"), why).await?.is(204)?;
    site.get(&nour, "/api/auth/me").await?.problem(401, "unauthenticated")?;
    Ok(())
}

#[tokio::test]
async fn critical_actions_require_a_fresh_proof() -> Tested {
    let site = site().await?;
    let top = site.come_in(TOP).await?;
    site.clock.pass_seconds(6 * 60);
    let person = json!({"role": "staff", "facility": "F2", "email": "nour@example.org", "name": "Nour"});
    let got = site.post(&top, "/api/users", Some(person.clone())).await?;
    assert!(got.header("www-authenticate").contains("insufficient_user_authentication"));
    got.problem(401, "proof_needed")?;
    let wrong = json!({"password": "four boats on the nile"});
    site.post(&top, "/api/auth/prove", Some(wrong)).await?.problem(401, "unauthenticated")?;
    let proven = site.post(&top, "/api/auth/prove", Some(json!({"password": PASSWORD}))).await?;
    site.get(&top, "/api/auth/me").await?.problem(401, "unauthenticated")?;
    let top = In::of(proven)?;
    site.post(&top, "/api/users", Some(person)).await?.is(201)?;
    Ok(())
}

/// Only tier 5 with a fresh proof may, and each change is recorded.
#[tokio::test]
async fn keys_are_rotated_and_destroyed_by_a_person_with_a_fresh_proof() -> Tested {
    let site = site().await?;
    let top = site.come_in(TOP).await?;
    let mona = site.come_in(MONA).await?;
    let rotation = || Some(json!({"purpose": "fields", "reason": "once a year"}));
    site.post(&mona, "/api/data-keys/rotate", rotation()).await?.problem(403, "denied")?;
    site.get(&mona, "/api/data-keys").await?.problem(403, "denied")?;
    let listed = site.get(&top, "/api/data-keys").await?.is(200)?.json()?;
    let old = listed["items"].as_array().into_iter().flatten().find(|key| key["purpose"] == "fields");
    let old = old.and_then(|key| key["id"].as_str()).ok_or("a key for fields")?;
    let destroy = format!("/api/data-keys/{old}/destroy");
    let reason = || Some(json!({"reason": "the patient asked for it"}));
    site.post(&top, &destroy, reason()).await?.problem(409, "conflict")?;

    site.clock.pass_seconds(6 * 60);
    site.post(&top, "/api/data-keys/rotate", rotation()).await?.problem(401, "proof_needed")?;
    site.post(&top, &destroy, reason()).await?.problem(401, "proof_needed")?;
    let top = In::of(site.post(&top, "/api/auth/prove", Some(json!({"password": PASSWORD}))).await?)?;
    let odd = Some(json!({"purpose": "everything", "reason": "once a year"}));
    site.post(&top, "/api/data-keys/rotate", odd).await?.problem(422, "invalid_input")?;
    let new = site.post(&top, "/api/data-keys/rotate", rotation()).await?.is(200)?.json()?;
    site.clock.pass_seconds(1);
    site.post(&top, &destroy, reason()).await?.is(204)?;
    let listed = site.get(&top, "/api/data-keys").await?.is(200)?.json()?;
    let state = |id: &str| {
        let found = listed["items"].as_array().into_iter().flatten().find(|key| key["id"] == id);
        found.map(|key| key["state"].clone())
    };
    assert_eq!(state(old), Some("destroyed".into()));
    assert_eq!(state(new["id"].as_str().ok_or("an id")?), Some("sealing".into()));

    // The trail records account, action and reason, also of refused changes.
    let setup = site.eovr.session(danger::unrestricted("test", "look")?);
    let entries = setup.find(&Query::of(key_change::KIND)).await?.items;
    let said = |facet: &str| {
        let text = |entry: &Record| entry.facet(facet).and_then(|value| value.as_text()).map(str::to_owned);
        entries.iter().rev().map(text).collect::<Vec<_>>()
    };
    let states: Vec<_> = entries.iter().rev().map(|entry| entry.state().as_str()).collect();
    assert_eq!(states, ["failed", "done", "done"]);
    assert_eq!(said("change"), ["destroy", "rotate", "destroy"].map(|change| Some(change.to_owned())));
    assert!(entries.iter().all(|entry| entry.envelope().author.as_str().len() == 36), "not by an account");
    let reason = setup.open(entries.first().ok_or("an entry")?, "reason")?.ok_or("a reason")?;
    assert_eq!(reason.as_str(), "the patient asked for it");
    Ok(())
}

#[tokio::test]
async fn a_machine_does_what_its_key_opens() -> Tested {
    let site = site().await?;
    let top = site.come_in(TOP).await?;
    let wanted = |access: &str| json!({"label": "ward board", "role": "quality_admin", "facility": "F1", "access": access});
    let mut keys = Vec::new();
    for access in ["read", "write"] {
        let issued = site.post(&top, "/api/keys", Some(wanted(access))).await?.is(201)?.json()?;
        let access = issued["key"].as_str().ok_or("a key")?.to_owned();
        assert!(access.starts_with("eovr_"));
        keys.push(In { access, cookie: String::new() });
    }
    site.post(&top, "/api/keys", Some(wanted("everything"))).await?.problem(422, "invalid_input")?;
    let (reader, writer) = (&keys[0], &keys[1]);
    let report = || serde_json::from_str::<Value>(REPORT).ok();
    site.post(reader, "/api/incidents", report()).await?.problem(403, "denied")?;
    let made = site.post(writer, "/api/incidents", report()).await?.is(201)?.json()?;
    let path = format!("/api/incidents/{}", made["id"].as_str().ok_or("an id")?);
    site.get(reader, &path).await?.is(200)?;
    // A machine may propose, but not approve.
    let start = Some(json!({"action": "start"}));
    site.post(writer, &format!("{path}/transition"), start).await?.problem(400, "refused")?;
    site.get(writer, "/api/auth/sessions").await?.problem(403, "denied")?;
    let list = site.get(&top, "/api/keys").await?.is(200)?;
    assert!(!list.text.contains(&reader.access[30..]));
    let items = list.json()?["items"].clone();
    for key in items.as_array().into_iter().flatten() {
        let id = key["id"].as_str().ok_or("an id")?;
        site.post(&top, &format!("/api/keys/{id}/revoke"), Some(json!({"why": "replaced"})))
            .await?
            .is(204)?;
    }
    site.get(reader, &path).await?.problem(401, "unauthenticated")?;
    Ok(())
}

/// Each is refused with 401, without a reason.
#[tokio::test]
async fn forged_and_misused_tokens_are_refused() -> Tested {
    let site = site().await?;
    let mona = site.come_in(MONA).await?;
    let parts: Vec<&str> = mona.access.split('.').collect();
    let (header, claims) = (parts[0], parts[1]);
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let read = |part: &str| {
        Ok::<Value, Box<dyn std::error::Error>>(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?)
    };
    let with = |mut value: Value, name: &str, to: Value| {
        value[name] = to;
        encoded(&value)
    };
    let top = site.eovr.session(danger::unrestricted("test", "look")?);
    let top = top.find(&user::find_by_email(TOP)).await?.items[0].id();
    let signer = |issuer: &str, secret: &[u8; 32]| Signer::new(issuer, secret);
    let sign =
        |signer: Signer, purpose, at| signer.sign(purpose, top, None, at).map(|token| token.to_string());
    let now = now(&site.clock);
    let table = [
        ("alg none", format!("{}.{claims}.", with(read(header)?, "alg", json!("none")))),
        ("alg none, signed", format!("{}.{claims}.{}", with(read(header)?, "alg", json!("none")), parts[2])),
        ("alg RS256", format!("{}.{claims}.{}", with(read(header)?, "alg", json!("RS256")), parts[2])),
        ("alg HS512", format!("{}.{claims}.{}", with(read(header)?, "alg", json!("HS512")), parts[2])),
        ("another kid", format!("{}.{claims}.{}", with(read(header)?, "kid", json!("00000000")), parts[2])),
        ("another typ", format!("{}.{claims}.{}", with(read(header)?, "typ", json!("JWT")), parts[2])),
        (
            "another person",
            format!("{header}.{}.{}", with(read(claims)?, "sub", json!(top.to_string())), parts[2]),
        ),
        (
            "more time",
            format!("{header}.{}.{}", with(read(claims)?, "exp", json!(9_999_999_999_i64)), parts[2]),
        ),
        ("another secret", sign(signer("eovr-server", &[1; 32])?, Purpose::Access, now)?),
        ("another issuer", sign(signer("elsewhere", &SECRET)?, Purpose::Access, now)?),
        ("not yet", sign(signer("eovr-server", &SECRET)?, Purpose::Access, now.plus_seconds(3600))?),
        ("no more", sign(signer("eovr-server", &SECRET)?, Purpose::Access, now.plus_seconds(-3600))?),
        ("of no login", sign(signer("eovr-server", &SECRET)?, Purpose::Access, now)?),
        ("of the second step", sign(signer("eovr-server", &SECRET)?, Purpose::SecondStep, now)?),
        ("of a new password", sign(signer("eovr-server", &SECRET)?, Purpose::NewPassword, now)?),
        ("the refresh token", mona.cookie.split('=').nth(1).unwrap_or_default().to_owned()),
        ("an unknown API key", format!("eovr_{}", "A".repeat(64))),
        ("nothing", String::new()),
        ("a book", "A".repeat(100_000)),
    ];
    let mut said = Vec::new();
    for (what, access) in table {
        let got = site.get(&In { access, cookie: String::new() }, "/api/auth/me").await?;
        assert_eq!(got.status, 401, "{what}: {}", got.text);
        said.push(got.json()?["code"].clone());
    }
    assert!(said.iter().all(|code| code == "unauthenticated"), "{said:?}");
    site.get(&mona, "/api/auth/me").await?.is(200)?;
    Ok(())
}

#[tokio::test]
async fn a_rate_limited_client_is_told_when_to_retry() -> Tested {
    let allowed = Allowed { failures_per_minute: 3, requests_per_minute: 5, ..Allowed::ANY };
    let site = site_with(allowed).await?;
    let mona = site.come_in(MONA).await?;
    for _ in 0..3 {
        site.log_in(MONA, PASSWORD).await?.is(200)?;
        site.log_in(MONA, "four boats on the nile").await?.is(401)?;
    }
    let got = site.log_in(MONA, PASSWORD).await?;
    let seconds: u32 = got.header("retry-after").parse()?;
    assert!((1..=21).contains(&seconds), "{seconds}");
    got.problem(429, "too_many")?;
    for _ in 0..5 {
        site.get(&mona, "/api/auth/me").await?.is(200)?;
    }
    site.get(&mona, "/api/auth/me").await?.problem(429, "too_many")?;
    // The server ignores an address that the client claims.
    let forged = [("x-forwarded-for", "198.51.100.7")];
    let body = json!({"email": MONA, "password": PASSWORD});
    site.ask(Method::POST, "/api/auth/login", &forged, Some(body)).await?.problem(429, "too_many")?;
    Ok(())
}

#[tokio::test]
async fn a_visitor_reports_at_the_poster_until_it_is_taken_down() -> Tested {
    let site = site().await?;
    let top = site.come_in(TOP).await?;
    let entered = identity::Site::all(&site.eovr.org()).into_iter().next().ok_or("a facility")?;
    let setup = site.eovr.session(danger::unrestricted("test", "enter a facility")?);
    let id = entered.register(&setup).await?.id;
    let path = format!("/api/facilities/{id}");
    site.get(&top, &format!("{path}/qr")).await?.problem(409, "conflict")?;
    let given = site.post(&top, &format!("{path}/link"), None).await?.is(200)?.json()?;
    let link = format!("/api/report/{}", given["link"].as_str().ok_or("a link")?);
    let qr = site.get(&top, &format!("{path}/qr")).await?.is(200)?;
    assert_eq!(qr.header("content-type"), "image/svg+xml; charset=utf-8");
    assert!(qr.text.contains("<svg"));

    let welcome = site.ask(Method::GET, &link, &[], None).await?.is(200)?.json()?;
    assert_eq!(welcome["title_ar"], "واحد");
    assert_eq!(welcome["categories"].as_array().map(Vec::len), Some(13));
    let told = json!({"category": "medication", "description": "أخذت دواء مريض آخر بالخطأ في العنبر"});
    let thanks = site.ask(Method::POST, &link, &[], Some(told.clone())).await?.is(201)?.json()?;
    assert_eq!(thanks["number"], "OVR-2026-000001");
    let code = json!({"code": thanks["receipt"]});
    let standing = site.ask(Method::POST, "/api/report/receipt", &[], Some(code)).await?.is(200)?.json()?;
    assert_eq!(standing["state"], "created");
    let mona = site.come_in(MONA).await?;
    let list = site.get(&mona, "/api/incidents").await?.is(200)?.json()?;
    assert_eq!(list["items"][0]["facility"], "F1");

    // A new link invalidates the old one, which then looks like an unknown one.
    site.post(&top, &format!("{path}/link"), None).await?.is(200)?;
    let gone = site.ask(Method::POST, &link, &[], Some(told.clone())).await?.problem(404, "not_found")?;
    let never = format!("/api/report/{}", "0192f0c0-0000-4000-8000-000000000000");
    let never = site.ask(Method::POST, &never, &[], Some(told.clone())).await?.problem(404, "not_found")?;
    assert_eq!(gone["detail"], never["detail"]);
    let gone =
        site.ask(Method::DELETE, &format!("{path}/link"), &[("authorization", &top.bearer())], None).await?;
    gone.is(204)?;
    site.get(&top, &format!("{path}/qr")).await?.problem(409, "conflict")?;
    site.post(&mona, &format!("{path}/link"), None).await?.problem(403, "denied")?;
    Ok(())
}

#[tokio::test]
async fn in_production_a_cookie_is_sent_over_https_only() -> Tested {
    let site = opened(Allowed::ANY, Proxies::default(), None, None, true).await?;
    let got = site.log_in(MONA, PASSWORD).await?;
    let cookies: Vec<_> =
        got.headers.get_all("set-cookie").iter().filter_map(|one| one.to_str().ok()).collect();
    assert!(!cookies.is_empty());
    for cookie in cookies {
        assert!(cookie.starts_with("__Secure-eovr-") && cookie.contains("; Secure"), "{cookie}");
    }
    Ok(())
}

#[tokio::test]
async fn a_page_is_warned_before_its_login_ends() -> Tested {
    let site = site().await?;
    let mona = site.come_in(MONA).await?;
    let request =
        Request::get("/api/auth/events").header("host", "test").header("authorization", mona.bearer());
    let response = site.server.router.clone().oneshot(request.body(Body::empty())?).await?;
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    // Proxies must not buffer the stream.
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    assert_eq!(response.headers()["cache-control"], "no-store, no-transform");
    let mut events = response.into_body();
    let mut told = async || {
        let frame = events.frame().await.ok_or("the stream ended")??;
        Ok::<_, Box<dyn std::error::Error>>(String::from_utf8(
            frame.into_data().map_err(|_| "no data")?.to_vec(),
        )?)
    };
    assert!(told().await?.starts_with(": "), "nothing comes at once");
    site.clock.pass_seconds(13 * 60 + 1);
    let warning = told().await?;
    assert!(warning.starts_with("event: idle\ndata: {\"idle_at\":"), "{warning}");
    // An open stream does not keep the login alive.
    site.clock.pass_seconds(2 * 60);
    let end = told().await?;
    assert!(end.starts_with("event: ended"), "{end}");
    assert!(events.frame().await.is_none());
    site.get(&mona, "/api/auth/me").await?.problem(401, "unauthenticated")?;
    Ok(())
}
