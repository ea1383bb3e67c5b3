//! Requests that are sent twice: the second gets the answer of the first.
//!
//! A client that has lost an answer sends the same request with the same `Idempotency-Key` again. Answers
//! are remembered here for a day. What creates a record goes further: the record's id follows from
//! caller, route and key, so that the store itself refuses the second one, also after a restart and on
//! another node.
//!
//! Strangers have no name, and those who stand before posters are one caller: the key is theirs in that it is drawn at
//! random, and too long to be met by chance. It is known at all posters, so that one that comes with another address is
//! refused as one that comes with another body.

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
pub(crate) const HEADER: &str = "idempotency-key";

/// Says on an answer that it is the first one's.
const REPLAYED: &str = "idempotency-replayed";

const DAY: Duration = Duration::from_secs(24 * 3600);
/// With a kilobyte for each, no more than some megabytes.
const MOST: usize = 10_000;
const MOST_BYTES: usize = 16 << 20;
const LONGEST_KEY: usize = 128;
/// A stranger's key is told from those of all others by itself: 22 characters of Base64 are 128 bits.
const SHORTEST_OF_STRANGERS: usize = 22;

type Digest = [u8; 32];

/// The answers that are remembered.
#[derive(Clone)]
pub(crate) struct Repeats {
    secrets: Arc<Secrets>,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    entries: HashMap<Digest, Entry>,
    /// Those with an answer, oldest first.
    answered: VecDeque<(Instant, Digest)>,
    bytes: usize,
}

struct Entry {
    body: Digest,
    /// None while the first request is being answered.
    answer: Option<Answer>,
}

/// An answer as it is given again.
#[derive(Clone)]
struct Answer {
    status: StatusCode,
    media: Option<HeaderValue>,
    etag: Option<HeaderValue>,
    location: Option<HeaderValue>,
    body: Bytes,
}

/// A request with a key: what it is known by, and what its body was.
#[derive(Clone)]
pub(crate) struct Seed {
    key: Digest,
    body: Digest,
    secrets: Arc<Secrets>,
}

/// What is to be done with a request.
pub(crate) enum Turn {
    /// It was answered before: so.
    Again(Response),
    /// It is the first.
    First(Ticket),
}

/// The right to answer first. Where it is dropped without an answer, the next one may try.
pub(crate) struct Ticket {
    repeats: Repeats,
    key: Digest,
    done: bool,
}

impl Repeats {
    pub(crate) fn new(secrets: Arc<Secrets>) -> Self {
        Self { secrets, table: Arc::default() }
    }

    /// What a request is known by, and what it asks: its body, and where else that stands. None where it carries no key.
    /// A stranger is no caller.
    ///
    /// # Errors
    /// `InvalidInput` where the key is none, or a stranger's is short.
    pub(crate) fn seed(
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
        // What the client had seen belongs to what it asks for.
        let seen = headers.get(header::IF_MATCH).map(HeaderValue::as_bytes);
        let asked: Vec<&[u8]> = asked.iter().copied().chain(seen).collect();
        Ok(Some(Seed { key, body: digest(&asked), secrets: self.secrets.clone() }))
    }

    /// Asks whether this is the first.
    ///
    /// # Errors
    /// `InvalidInput` where the key came with another body; `Conflict` while the first is being answered;
    /// `TooMany` where too many are.
    pub(crate) fn begin(&self, seed: &Seed) -> Result<Turn, Problem> {
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
        // Nothing that is done under the lock panics half-way.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Forgets what is a day old, and the oldest where there is no room.
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
    /// Remembers what was answered. An answer that is no success is not remembered: the same request may
    /// succeed later.
    pub(crate) fn keep(mut self, response: &Response, body: Bytes) {
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
    /// The id of what the request creates. Its time is 1970: the same request must give the same id
    /// whenever it comes, and nothing reads the time of an id.
    pub(crate) fn record(&self) -> RecordId {
        let mut random = [0; 10];
        random.iter_mut().zip(self.key).for_each(|(to, from)| *to = from);
        RecordId::from_parts(Timestamp::from_micros(0), random)
    }

    /// Secret bytes that follow from the request, body included: a receipt that can be shown again.
    pub(crate) fn bytes(&self) -> [u8; 20] {
        let digest = digest(&[b"eovr.repeat.receipt.v1", self.secrets.server(), &self.key, &self.body]);
        let mut bytes = [0; 20];
        bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        bytes
    }

    /// The same key came with another body before.
    pub(crate) fn other_body() -> Problem {
        Problem::invalid(
            HEADER,
            "it came with another body before",
            "the same body again, or another key for another request",
        )
    }
}

/// In a handler: what its request is known by, where it carries a key.
pub(crate) struct Keyed(pub(crate) Option<Seed>);

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
        // What was told of no type has none again.
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

/// SHA-256 of the parts, each behind its length. With the secret first it is a MAC, because at most 20 of its 32 bytes
/// are ever shown, so an attacker cannot extend it.
fn digest(parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
