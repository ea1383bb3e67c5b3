//! Tokens of an external identity provider, which this test process simulates.

mod kept;
mod tokens;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::*;

/// The provider's name for this server.
const AUDIENCE: &str = "https://ovr.example.org";

/// A key pair of the provider, generated for the test.
struct Key {
    name: String,
    secret: EncodingKey,
    /// The public key: the point, and the whole in DER.
    point: Vec<u8>,
    der: Vec<u8>,
}

impl Key {
    fn new(name: &str) -> Failing<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        Ok(Self {
            name: name.to_owned(),
            secret: EncodingKey::from_ec_der(pair.to_pkcs8v1()?.as_ref()),
            point: pair.public_key().as_ref().to_vec(),
            der: pair.public_key().as_der()?.as_ref().to_vec(),
        })
    }

    /// The published form.
    fn public(&self) -> Failing<Value> {
        let mut public = serde_json::to_value(Jwk::from_encoding_key(&self.secret, Algorithm::ES256)?)?;
        public["kid"] = json!(self.name);
        public["use"] = json!("sig");
        Ok(public)
    }

    fn sign(&self, claims: &Value) -> Failing<String> {
        self.sign_as("JWT", claims)
    }

    fn sign_as(&self, typ: &str, claims: &Value) -> Failing<String> {
        let header = Header {
            typ: Some(typ.to_owned()),
            kid: Some(self.name.clone()),
            ..Header::new(Algorithm::ES256)
        };
        Ok(jsonwebtoken::encode(&header, claims, &self.secret)?)
    }
}

/// An HTTP answer of the provider.
#[derive(Clone)]
struct Answer {
    status: u16,
    location: Option<String>,
    body: String,
}

impl Answer {
    fn of(body: impl ToString) -> Self {
        Self { status: 200, location: None, body: body.to_string() }
    }

    fn elsewhere(location: &str) -> Self {
        Self { status: 302, location: Some(location.to_owned()), body: String::new() }
    }

    fn response(self) -> Response {
        let response = Response::builder().status(self.status);
        let response = match self.location {
            Some(location) => response.header("location", location),
            None => response,
        };
        response.body(Body::from(self.body)).unwrap()
    }
}

/// A simulated provider on its own port.
#[derive(Clone)]
struct Played(Arc<Said>);

struct Said {
    issuer: String,
    discovery: Mutex<Answer>,
    keys: Mutex<Answer>,
    /// The number of requests for the metadata and for the keys.
    described: AtomicUsize,
    given: AtomicUsize,
    /// The holder of this lock stops the provider from answering.
    hold: tokio::sync::Mutex<()>,
}

impl Played {
    async fn new(keys: &[&Key]) -> Failing<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let played = Self(Arc::new(Said {
            discovery: Mutex::new(described(&issuer, &format!("{issuer}/jwks"))),
            issuer,
            keys: Mutex::new(Answer::of("")),
            described: AtomicUsize::new(0),
            given: AtomicUsize::new(0),
            hold: tokio::sync::Mutex::new(()),
        }));
        played.publish(keys)?;
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/jwks", get(give))
            .with_state(played.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(played)
    }

    fn publish(&self, keys: &[&Key]) -> Tested {
        let keys = keys.iter().map(|key| key.public()).collect::<Failing<Vec<_>>>()?;
        self.give(Answer::of(json!({"keys": keys})));
        Ok(())
    }

    fn describe(&self, answer: Answer) {
        *self.0.discovery.lock().unwrap() = answer;
    }

    fn give(&self, answer: Answer) {
        *self.0.keys.lock().unwrap() = answer;
    }

    /// From now on the provider answers 503.
    fn go_away(&self) {
        self.describe(Answer { status: 503, ..Answer::of("") });
    }

    fn come_back(&self) {
        self.describe(described(&self.0.issuer, &format!("{}/jwks", self.0.issuer)));
    }

    fn times_described(&self) -> usize {
        self.0.described.load(Ordering::SeqCst)
    }

    fn times_given(&self) -> usize {
        self.0.given.load(Ordering::SeqCst)
    }

    /// The settings of this provider for the server.
    fn settings(&self) -> Value {
        json!({
            "issuer": self.0.issuer,
            "audience": AUDIENCE,
            "roles": {
                "ovr-staff": "staff",
                "ovr-quality": "quality_admin",
                "ovr-manager": "admin_manager",
                "ovr-governor": "governorate_manager",
                "ovr-top": "top_management",
            },
        })
    }

    /// The claims of a good access token of a quality admin, as Keycloak writes them.
    fn claims(&self, at: Timestamp) -> Value {
        let now = at.as_micros() / 1_000_000;
        json!({
            "iss": self.0.issuer,
            "aud": AUDIENCE,
            "sub": "f3c2a1de-0000-4000-8000-9d2e4b6a7c10",
            "typ": "Bearer",
            "azp": "ward-app",
            "sid": "5b1c0f6e-0000-4000-8000-3d5f7a9b1c2d",
            "iat": now,
            "exp": now + 300,
            "realm_access": {"roles": ["offline_access", "ovr-quality"]},
            "eovr_seat": "F1",
        })
    }
}

fn described(issuer: &str, keys: &str) -> Answer {
    Answer::of(json!({"issuer": issuer, "jwks_uri": keys, "subject_types_supported": ["public"]}))
}

async fn describe(State(Played(said)): State<Played>) -> Response {
    said.described.fetch_add(1, Ordering::SeqCst);
    drop(said.hold.lock().await);
    let answer = said.discovery.lock().unwrap().clone();
    answer.response()
}

async fn give(State(Played(said)): State<Played>) -> Response {
    said.given.fetch_add(1, Ordering::SeqCst);
    let answer = said.keys.lock().unwrap().clone();
    answer.response()
}

/// A server that accepts this provider's tokens and has fetched its keys once.
async fn beside(settings: &Value) -> Failing<Deployment> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), settings.to_string())?;
    let provider = Provider::open(file.path(), None).map_err(|failure| format!("{failure:?}"))?;
    let site = site_accepting(Allowed::ANY, Some(provider.clone())).await?;
    provider.look(now(&site.clock)).await;
    Ok(site)
}

impl Deployment {
    /// Advances the clock, then runs the periodic check for a refresh.
    async fn pass(&self, seconds: i64) -> Tested {
        self.clock.pass_seconds(seconds);
        let provider = self.server.app.kit.auth.provider.as_ref().ok_or("it accepts a provider")?;
        provider.look(now(&self.clock)).await;
        Ok(())
    }

    /// Requests `/api/auth/me` with a token.
    async fn me(&self, token: &str) -> Failing<Got> {
        self.get(&bearing(token), "/api/auth/me").await
    }

    /// The provider's state in `/health`, which is 200 in any case.
    async fn provider(&self) -> Failing<String> {
        let health = self.ask(Method::GET, "/health", &[], None).await?.is(200)?.json()?;
        assert_eq!(health["status"], "ok", "{health}");
        Ok(health["identity_provider"].as_str().unwrap_or_default().to_owned())
    }
}

fn bearing(token: &str) -> In {
    In { access: token.to_owned(), cookie: String::new() }
}
