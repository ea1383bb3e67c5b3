//! An outside identity provider, whose tokens are accepted beside our own, and the keys that it publishes.
//!
//! Keys are kept and fetched anew: after ten minutes, and at the name of a key that is not there, as after
//! a rotation. Anybody can make up names, so that happens once in ten seconds at most, for all who ask
//! together. While the provider is away its last keys go on, for a day.
//!
//! A token is taken for one of the provider's by the issuer that stands in it, before anything of it has
//! been proved. That is safe because it decides only which keys it is checked with: one that lies is
//! checked with keys that have not signed it. The name of its key would not do. Every old or invented token
//! has a name that is not known, so each would have us ask the provider, who could also name a key
//! as we name ours.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use eovr_core::Timestamp;
use eovr_core::access::Actor;
use eovr_core::identity::Doors;
use eovr_core::identity::outside::{KeySet, Outside};
use serde::Deserialize;

use crate::http::problem::{Code, Problem};
use crate::outgoing::{Address, Fetch};
use crate::output::Failure;

/// How old keys may be before they are fetched anew.
const FRESH_MICROS: i64 = 600 * SECOND;
/// How old they may be at all. A provider that is away for longer may have withdrawn them.
const USABLE_MICROS: i64 = 24 * 3600 * SECOND;
/// How long there is between two attempts to fetch them.
const PAUSE_MICROS: i64 = 10 * SECOND;
const SECOND: i64 = 1_000_000;
/// How long one document may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether the keys are to be fetched.
const LOOK: Duration = Duration::from_secs(2);

/// A provider and its keys. Clones are the same.
#[derive(Clone)]
pub(crate) struct Provider(Arc<Parts>);

struct Parts {
    outside: Outside,
    discovery: Address,
    fetch: Fetch,
    kept: RwLock<Kept>,
    /// Whoever has it asks the provider.
    turn: tokio::sync::Mutex<()>,
}

/// Moments are those of the engine's clock.
#[derive(Default)]
struct Kept {
    keys: Option<(Arc<KeySet>, Timestamp)>,
    asked: Option<Timestamp>,
    /// Why the last attempt brought nothing.
    trouble: Option<String>,
}

/// What we read of a provider's description of itself (OpenID Connect Discovery 1.0, 3).
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Provider {
    /// The provider that a JSON file describes, as [`Outside`] is written; with a file of the certificates
    /// that vouch for it, where those are not public.
    ///
    /// # Errors
    /// Where a file cannot be read, or says what cannot be.
    pub(crate) fn open(file: &Path, certificates: Option<&Path>) -> Result<Self, Failure> {
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
            return Err("`roles` names none, so nobody would come in");
        }
        let discovery = Address::discovery(&outside.issuer)?;
        let (kept, turn) = (RwLock::default(), tokio::sync::Mutex::default());
        Ok(Self(Arc::new(Parts { outside, discovery, fetch, kept, turn })))
    }

    /// Whether a token says that it is of this provider.
    pub(super) fn is_named_by(&self, token: &str) -> bool {
        self.0.outside.is_named_by(token)
    }

    /// The actor that a token speaks of.
    ///
    /// # Errors
    /// As [`Outside::actor`]; `Unavailable` where there are no keys that it could be checked with.
    pub(super) async fn actor(&self, token: &str, doors: &Doors) -> Result<Actor, Problem> {
        let now = doors.now();
        if !self.keys(now).is_some_and(|keys| keys.knows(token)) {
            self.renew(now).await;
        }
        let keys = self.keys(now).ok_or_else(|| {
            Problem::new(Code::Unavailable).detail("the identity provider does not answer").retry_after(10)
        })?;
        Ok(self.0.outside.actor(token, &keys, doors.eovr().org(), doors.now())?)
    }

    /// Whether the last attempt brought keys: `ok` or `unavailable`.
    pub(crate) fn state(&self) -> &'static str {
        let well = self.read(|kept| kept.keys.is_some() && kept.trouble.is_none());
        if well { "ok" } else { "unavailable" }
    }

    /// Fetches the keys where that is due: they are old, or the last attempt brought none.
    pub(crate) async fn look(&self, now: Timestamp) {
        let well = self.read(|kept| {
            let fresh = |(_, at): &(_, Timestamp)| micros_between(*at, now).abs() < FRESH_MICROS;
            kept.trouble.is_none() && kept.keys.as_ref().is_some_and(fresh)
        });
        if !well {
            self.renew(now).await;
        }
    }

    /// Looks for ever, so that keys are fresh before somebody comes, and those that were withdrawn are gone.
    pub(crate) async fn watch(self, doors: Doors) {
        let mut every = tokio::time::interval(LOOK);
        loop {
            every.tick().await;
            self.look(doors.now()).await;
        }
    }

    /// The keys, unless there are none or they are too old.
    fn keys(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        self.read(|kept| {
            let (keys, at) = kept.keys.as_ref()?;
            (micros_between(*at, now) <= USABLE_MICROS).then(|| keys.clone())
        })
    }

    /// Fetches the keys, unless that was tried a moment ago. Whoever comes meanwhile waits for the same
    /// answer.
    async fn renew(&self, now: Timestamp) {
        if !self.may_ask(now) {
            return;
        }
        let this = self.clone();
        // In a task of its own: a client that goes away takes the answer from nobody.
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
        // Without its sign: a clock that was set back does not keep us waiting until it is right again.
        self.read(|kept| kept.asked.is_none_or(|at| micros_between(at, now).abs() >= PAUSE_MICROS))
    }

    /// Asks the provider where its keys are, and for them. Both every time: keys may move.
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
            // It is believed that it has none: that is how it withdraws all.
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
