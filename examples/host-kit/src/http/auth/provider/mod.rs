//! An external identity provider: the server accepts its tokens and caches the keys that it publishes.
//!
//! The server refreshes the keys after ten minutes, and when a token names an unknown key, which happens after a key
//! rotation. A client can invent key names, so the second refresh happens at most once in ten seconds, shared by all
//! requests. While the provider is away, its last keys stay valid for a day.
//!
//! A token counts as the provider's if its `iss` claim says so, before the signature is verified. That is safe because
//! the claim only selects the keys: a token that lies is checked against keys that did not sign it. The key name
//! (`kid`) cannot select them: every old or forged token has an unknown one and would cause a request to the provider,
//! and the provider could use a name that this server uses too.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use eovr_core::Timestamp;
use eovr_core::access::Actor;
use eovr_core::identity::Authentication;
use eovr_core::identity::outside::{KeySet, Outside};
use serde::Deserialize;

use crate::http::problem::{Code, Problem};
use crate::outgoing::{Address, Fetch};
use crate::output::Failure;

/// The age at which keys are refreshed.
const FRESH_MICROS: i64 = 600 * SECOND;
/// The age at which keys expire. A provider that is away for longer may have withdrawn them.
const USABLE_MICROS: i64 = 24 * 3600 * SECOND;
/// The least time between two refreshes.
const PAUSE_MICROS: i64 = 10 * SECOND;
const SECOND: i64 = 1_000_000;
/// The timeout of one request to the provider.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the background task checks whether a refresh is due.
const LOOK: Duration = Duration::from_secs(2);

/// A provider and its keys. Clones share their state.
#[derive(Clone)]
pub struct Provider(Arc<Parts>);

struct Parts {
    outside: Outside,
    discovery: Address,
    fetch: Fetch,
    kept: RwLock<Kept>,
    /// The holder of this lock makes the request to the provider.
    turn: tokio::sync::Mutex<()>,
}

/// Times are those of the engine's clock.
#[derive(Default)]
struct Kept {
    keys: Option<(Arc<KeySet>, Timestamp)>,
    asked: Option<Timestamp>,
    /// The error of the last refresh.
    trouble: Option<String>,
}

/// The members of the provider's metadata that the server reads (OpenID Connect Discovery 1.0, 3).
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Provider {
    /// The provider that a JSON file describes, in the format of [`Outside`]; with a file of CA certificates if the
    /// provider's certificate is not publicly trusted.
    ///
    /// # Errors
    /// If a file cannot be read or is not valid.
    pub fn open(file: &Path, certificates: Option<&Path>) -> Result<Self, Failure> {
        let read = |path: &Path, how: &str| {
            std::fs::read(path)
                .map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", path.display()), how))
        };
        let wrong = |file: &Path, what: String| {
            Failure::usage(
                format!("`{}` does not describe an identity provider: {what}", file.display()),
                "it holds `issuer`, `audience`, `roles`, and if need be `roles_claim` and `seat_claim`",
            )
        };
        let text = read(file, "name another with --identity-provider")?;
        let outside = serde_json::from_slice(&text).map_err(|error| wrong(file, error.to_string()))?;
        let vouching = match certificates {
            Some(path) => Some((path, read(path, "name another with --identity-provider-ca")?)),
            None => None,
        };
        let fetch = Fetch::new(vouching.as_ref().map(|(_, pem)| pem.as_slice()), PATIENCE);
        let fetch = fetch.map_err(|what| {
            let path = vouching.map(|(path, _)| path.display().to_string()).unwrap_or_default();
            Failure::usage(format!("`{path}`: {what}"), "name another with --identity-provider-ca")
        })?;
        Self::new(outside, fetch).map_err(|what| wrong(file, what.to_owned()))
    }

    fn new(outside: Outside, fetch: Fetch) -> Result<Self, &'static str> {
        if outside.audience.is_empty() {
            return Err("without an `audience` the tokens of every other program would open this one");
        }
        if outside.roles.is_empty() {
            return Err("`roles` names none, so every token would be refused");
        }
        let discovery = Address::discovery(&outside.issuer)?;
        let (kept, turn) = (RwLock::default(), tokio::sync::Mutex::default());
        Ok(Self(Arc::new(Parts { outside, discovery, fetch, kept, turn })))
    }

    /// Whether the issuer of a token is this provider.
    pub(super) fn is_named_by(&self, token: &str) -> bool {
        self.0.outside.is_named_by(token)
    }

    /// The actor that a token names.
    ///
    /// # Errors
    /// As [`Outside::actor`]; `Unavailable` if there are no keys to verify the token with.
    pub(super) async fn actor(&self, token: &str, authentication: &Authentication) -> Result<Actor, Problem> {
        let now = authentication.now();
        if !self.keys(now).is_some_and(|keys| keys.knows(token)) {
            self.renew(now).await;
        }
        let keys = self.keys(now).ok_or_else(|| {
            Problem::new(Code::Unavailable).detail("the identity provider does not answer").retry_after(10)
        })?;
        Ok(self.0.outside.actor(token, &keys, &authentication.eovr().org(), authentication.now())?)
    }

    /// Whether the last refresh succeeded: `ok` or `unavailable`.
    pub fn state(&self) -> &'static str {
        let well = self.read(|kept| kept.keys.is_some() && kept.trouble.is_none());
        if well { "ok" } else { "unavailable" }
    }

    /// Refreshes the keys if they are old or the last refresh failed.
    pub async fn look(&self, now: Timestamp) {
        let well = self.read(|kept| {
            let fresh = |(_, at): &(_, Timestamp)| micros_between(*at, now).abs() < FRESH_MICROS;
            kept.trouble.is_none() && kept.keys.as_ref().is_some_and(fresh)
        });
        if !well {
            self.renew(now).await;
        }
    }

    /// Refreshes the keys in the background, so that they are fresh before a request comes, and withdrawn keys are
    /// dropped.
    pub async fn watch(self, authentication: Authentication) {
        let mut every = tokio::time::interval(LOOK);
        loop {
            every.tick().await;
            self.look(authentication.now()).await;
        }
    }

    /// The keys, unless there are none or they have expired.
    fn keys(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        self.read(|kept| {
            let (keys, at) = kept.keys.as_ref()?;
            (micros_between(*at, now) <= USABLE_MICROS).then(|| keys.clone())
        })
    }

    /// Refreshes the keys, unless that was tried a moment ago. Concurrent calls share one refresh.
    async fn renew(&self, now: Timestamp) {
        if !self.may_ask(now) {
            return;
        }
        let this = self.clone();
        // The refresh runs in its own task, because other requests need its result even if this client disconnects.
        let asked = tokio::spawn(async move {
            let _turn = this.0.turn.lock().await;
            if this.may_ask(now) {
                let answer = this.ask().await;
                this.keep(answer, now);
            }
        });
        drop(asked.await);
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        // The absolute difference, because a clock that was set back must not block refreshes.
        self.read(|kept| kept.asked.is_none_or(|at| micros_between(at, now).abs() >= PAUSE_MICROS))
    }

    /// Requests the provider's metadata and then its keys. The metadata is requested every time, because the address of
    /// the keys may change.
    async fn ask(&self) -> Result<KeySet, String> {
        let Parts { outside, discovery, fetch, .. } = &*self.0;
        let document = fetch.get(discovery).await?;
        let found: Discovery = serde_json::from_slice(&document)
            .map_err(|error| format!("its description of itself cannot be read: {error}"))?;
        if found.issuer != outside.issuer {
            let called: String = found.issuer.chars().take(200).collect();
            return Err(format!("it calls itself `{called}`, and not `{}`", outside.issuer));
        }
        let at = Address::new(&found.jwks_uri).map_err(|why| format!("the address of its keys: {why}"))?;
        if discovery.secure && !at.secure {
            return Err("the address of its keys: it must begin with `https://`, as its own".to_owned());
        }
        let keys = fetch.get(&at).await?;
        let keys = std::str::from_utf8(&keys).map_err(|_| "its keys are not text")?;
        KeySet::from_json(keys).map_err(|error| error.to_string())
    }

    fn keep(&self, answer: Result<KeySet, String>, now: Timestamp) {
        let mut kept = self.0.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.asked = Some(now);
        let before = kept.trouble.take();
        let issuer = &self.0.outside.issuer;
        match answer {
            // An empty key set is accepted, because the provider withdraws all its keys that way.
            Ok(keys) => {
                let unread = keys.passed_over();
                if unread > 0 && kept.keys.as_ref().is_none_or(|(before, _)| before.passed_over() != unread) {
                    tracing::warn!(issuer, unread, "the identity provider has keys that cannot be read");
                }
                let none = keys.is_empty();
                kept.trouble = none.then(|| "it has no key for RS256 or ES256 signatures".to_owned());
                kept.keys = Some((Arc::new(keys), now));
            }
            Err(why) => kept.trouble = Some(why),
        }
        match &kept.trouble {
            Some(why) if before.as_ref() != Some(why) => {
                tracing::warn!(issuer, why, "the identity provider gives no keys");
            }
            None if before.is_some() => tracing::info!(issuer, "the identity provider gives keys again"),
            _ => {}
        }
    }

    fn read<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&self.0.kept.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn micros_between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_micros().saturating_sub(from.as_micros())
}
