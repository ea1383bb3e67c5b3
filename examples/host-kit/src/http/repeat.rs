//! Idempotency keys: a repeated request gets the answer of the first one.
//!
//! A client that has lost an answer sends the same request with the same `Idempotency-Key` again. The server keeps
//! answers in memory for a day. A request that creates a record has a second protection: the record's id is derived
//! from caller, route and key, so that the store refuses a duplicate also after a restart and on another node.
//!
//! Visitors have no account, so all visitors at posters count as one caller. Their keys must therefore be random and
//! long enough that two visitors never choose the same one. A key is valid for all posters together, so the server
//! refuses the same key at another poster like the same key with another body.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use eovr_core::Timestamp;
use eovr_core::record::RecordId;
use sha2::{Digest as _, Sha256};

use super::problem::{Code, Problem};
use crate::secrets::Secrets;

/// The header with the key.
pub const HEADER: &str = "idempotency-key";

/// The header that marks a repeated answer.
const REPLAYED: &str = "idempotency-replayed";

const DAY: Duration = Duration::from_secs(24 * 3600);
/// The most entries. At one kilobyte each they need some megabytes.
const MOST: usize = 10_000;
const MOST_BYTES: usize = 16 << 20;
const LONGEST_KEY: usize = 128;
/// The shortest key of a visitor. 22 characters of Base64 are 128 bits, enough to be unique among all visitors.
const SHORTEST_OF_STRANGERS: usize = 22;

type Digest = [u8; 32];

/// The stored answers.
#[derive(Clone)]
pub struct Repeats {
    secrets: Arc<Secrets>,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    entries: HashMap<Digest, Entry>,
    /// The entries with an answer, oldest first.
    answered: VecDeque<(Instant, Digest)>,
    bytes: usize,
}

struct Entry {
    body: Digest,
    /// `None` while the first request is being answered.
    answer: Option<Answer>,
}

/// An answer as it is repeated.
#[derive(Clone)]
struct Answer {
    status: StatusCode,
    media: Option<HeaderValue>,
    etag: Option<HeaderValue>,
    location: Option<HeaderValue>,
    body: Bytes,
}

/// A request with a key: the digest that identifies it, and the digest of its content.
#[derive(Clone)]
pub struct Seed {
    key: Digest,
    body: Digest,
    secrets: Arc<Secrets>,
}

/// How to handle a request.
pub enum Turn {
    /// It was answered before, with this response.
    Again(Response),
    /// It is the first request.
    First(Ticket),
}

/// The right to answer the request. If it is dropped without an answer, the next request may try.
pub struct Ticket {
    repeats: Repeats,
    key: Digest,
    done: bool,
}

impl Repeats {
    /// An empty memory, whose ids are derived from these secrets.
    pub fn new(secrets: Arc<Secrets>) -> Self {
        Self { secrets, table: Arc::default() }
    }

    /// The seed of a request, from its key and the parts in `asked`; `None` if it has no key. A visitor has no
    /// `caller`.
    ///
    /// # Errors
    /// `InvalidInput` if the key is not valid, or if the key of a visitor is too short.
    fn seed(
        &self,
        headers: &HeaderMap,
        caller: Option<&str>,
        route: &str,
        asked: &[&[u8]],
    ) -> Result<Option<Seed>, Problem> {
        let Some(key) = headers.get(HEADER) else { return Ok(None) };
        let (shortest, accepted) = match caller {
            Some(_) => (1, "1 to 128 visible ASCII characters, such as a UUID"),
            None => {
                (SHORTEST_OF_STRANGERS, "22 to 128 visible ASCII characters, drawn at random, such as a UUID")
            }
        };
        let visible = |key: &&str| key.bytes().all(|byte| byte.is_ascii_graphic());
        let key =
            key.to_str().ok().filter(|key| (shortest..=LONGEST_KEY).contains(&key.len())).filter(visible);
        let key = key.ok_or_else(|| Problem::invalid(HEADER, "not a key", accepted))?;
        let secret = self.secrets.server();
        let key = digest(&[
            b"eovr.repeat.v1",
            secret,
            caller.unwrap_or_default().as_bytes(),
            route.as_bytes(),
            key.as_bytes(),
        ]);
        // `If-Match` is part of the request.
        let seen = headers.get(header::IF_MATCH).map(HeaderValue::as_bytes);
        let asked: Vec<&[u8]> = asked.iter().copied().chain(seen).collect();
        Ok(Some(Seed { key, body: digest(&asked), secrets: self.secrets.clone() }))
    }

    /// The seed of a request to a path. For an account the path scopes the key: the same key for another record is another
    /// request. For a visitor the path belongs to what is asked, so a key that comes with another path is refused.
    ///
    /// # Errors
    /// `InvalidInput` if the key is not valid, or if the key of a visitor is too short.
    pub fn seed_at(
        &self,
        headers: &HeaderMap,
        caller: Option<&str>,
        template: &str,
        path: &str,
        body: &[u8],
    ) -> Result<Option<Seed>, Problem> {
        match caller {
            Some(_) => self.seed(headers, caller, path, &[body]),
            None => self.seed(headers, None, template, &[body, path.as_bytes()]),
        }
    }

    /// Decides whether this request is the first one.
    ///
    /// # Errors
    /// `InvalidInput` if the key came with another body; `Conflict` while the first request is being answered;
    /// `TooMany` if too many requests are in progress.
    pub fn begin(&self, seed: &Seed) -> Result<Turn, Problem> {
        let mut table = self.table();
        table.forget(Instant::now());
        if let Some(entry) = table.entries.get(&seed.key) {
            if entry.body != seed.body {
                return Err(Seed::other_body());
            }
            return match &entry.answer {
                Some(answer) => Ok(Turn::Again(answer.clone().into_response())),
                None => Err(Problem::new(Code::Conflict)
                    .detail("the first request with this `idempotency-key` is still being answered")
                    .retry_after(1)),
            };
        }
        if table.entries.len() >= MOST {
            return Err(Problem::too_many(1));
        }
        table.entries.insert(seed.key, Entry { body: seed.body, answer: None });
        Ok(Turn::First(Ticket { repeats: self.clone(), key: seed.key, done: false }))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // No code under the lock can panic half-way.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Removes answers that are a day old, and the oldest ones if the table is full.
    fn forget(&mut self, now: Instant) {
        while let Some((at, key)) = self.answered.front().copied() {
            let full = self.entries.len() >= MOST || self.bytes > MOST_BYTES;
            if !full && now.duration_since(at) < DAY {
                break;
            }
            self.answered.pop_front();
            if let Some(Entry { answer: Some(answer), .. }) = self.entries.remove(&key) {
                self.bytes -= answer.body.len();
            }
        }
    }
}

impl Ticket {
    /// Stores an answer. An error is not stored, because the same request may succeed later.
    pub fn keep(mut self, response: &Response, body: Bytes) {
        if !response.status().is_success() {
            return;
        }
        self.done = true;
        let header = |name| response.headers().get(name).cloned();
        let answer = Answer {
            status: response.status(),
            media: header(header::CONTENT_TYPE),
            etag: header(header::ETAG),
            location: header(header::LOCATION),
            body,
        };
        let mut table = self.repeats.table();
        table.bytes += answer.body.len();
        table.answered.push_back((Instant::now(), self.key));
        if let Some(entry) = table.entries.get_mut(&self.key) {
            entry.answer = Some(answer);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.done {
            self.repeats.table().entries.remove(&self.key);
        }
    }
}

impl Seed {
    /// The id of the record that the request creates. Its timestamp is 1970, because a repeated request must give the
    /// same id. No code reads the timestamp of an id.
    pub fn record(&self) -> RecordId {
        let mut random = [0; 10];
        random.iter_mut().zip(self.key).for_each(|(to, from)| *to = from);
        RecordId::from_parts(Timestamp::from_micros(0), random)
    }

    /// Secret bytes that are derived from the request and its body, so that the server can show the receipt again.
    pub fn bytes(&self) -> [u8; 20] {
        let digest = digest(&[b"eovr.repeat.receipt.v1", self.secrets.server(), &self.key, &self.body]);
        let mut bytes = [0; 20];
        bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        bytes
    }

    /// The error for a key that came with another body before.
    pub fn other_body() -> Problem {
        Problem::invalid(
            HEADER,
            "it came with another body before",
            "the same body again, or another key for another request",
        )
    }
}

/// An extractor: the seed of the request, if it has a key.
pub struct Keyed(pub Option<Seed>);

impl<S: Send + Sync> FromRequestParts<S> for Keyed {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().cloned()))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        // Removes the default type, because the first answer may have had none.
        headers.remove(header::CONTENT_TYPE);
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        let kept = [
            (header::CONTENT_TYPE, self.media),
            (header::ETAG, self.etag),
            (header::LOCATION, self.location),
        ];
        for (name, value) in kept {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// SHA-256 of the parts, each after its length. With the secret first it is a MAC. An attacker cannot extend it,
/// because at most 20 of its 32 bytes leave the server.
fn digest(parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
