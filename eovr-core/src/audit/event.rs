use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::audit::authenticator::{Authenticator, TAG};
use crate::audit::beside::Beside;
use crate::audit::content::value_digest;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::record::{ActorId, Head, Value};
pub(crate) use crate::record::{Hex, unhex};
use crate::seal::Sealed;
use crate::time::Timestamp;

/// One change of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Version of this format: 1.
    pub v: u8,
    /// The record's kind.
    pub kind: Name,
    /// The record's id.
    pub record: String,
    /// The event's place in the record's chain, from 1.
    pub seq: u64,
    /// The server's time.
    pub at: Timestamp,
    /// The actor.
    pub actor: ActorId,
    /// The actor's capacity: a role, `visitor`, `holder` or `system`.
    pub capacity: String,
    /// Whether the actor is a person.
    pub human: bool,
    /// The action. Its row of the action table permitted the event.
    pub action: Name,
    /// The state before; `null` at creation.
    pub from: Option<Name>,
    /// The state after.
    pub to: Name,
    /// The record's version after the event.
    pub version: u64,
    /// The digest of the workflow table that applied, in hex.
    pub rules: String,
    /// The reason, sealed, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The changed facets and fields. Empty at creation, because `content` covers all of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changes: BTreeMap<Name, EventChange>,
    /// The digest of the record's content after this event, in hex.
    pub content: String,
    /// The same with each facet replaced by the digest of its value. Present in kinds where a [silent] facet may
    /// change.
    ///
    /// [silent]: crate::kind::FacetSpec::silent
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_digest: Option<String>,
    /// The hash of the previous event, in hex; 64 zeros for the first.
    pub prev: String,
    /// The message authentication code: see [`Authenticator`]. Older releases wrote none. Always the last member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

/// A facet or field before and after the event. Facets are in plain text, silent facets are the digest of their value
/// (`{"digest": …}`), fields are sealed and in base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventChange {
    /// The value before; `null`: there was none.
    pub before: serde_json::Value,
    /// The value after; `null`: there is none.
    pub after: serde_json::Value,
}

/// Prints whether there was and is a value, and no value.
impl fmt::Debug for EventChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |value: &serde_json::Value| if value.is_null() { "none" } else { "some" };
        write!(f, "EventChange({} to {})", word(&self.before), word(&self.after))
    }
}

impl EventChange {
    pub(crate) fn facet(before: Option<&Value>, after: Option<&Value>) -> Result<Self> {
        let json = |value: Option<&Value>| {
            serde_json::to_value(value).map_err(|error| Error::bug("a facet is always JSON").because(error))
        };
        Ok(Self { before: json(before)?, after: json(after)? })
    }

    /// A facet whose values must not appear in the trail.
    pub(crate) fn silent(before: Option<&Value>, after: Option<&Value>) -> Self {
        let json = |value: Option<&Value>| match value {
            Some(value) => serde_json::json!({ DIGEST: Hex(&value_digest(value)).to_string() }),
            None => serde_json::Value::Null,
        };
        Self { before: json(before), after: json(after) }
    }

    pub(crate) fn field(before: Option<&Sealed>, after: Option<&Sealed>) -> Self {
        let json = |sealed: Option<&Sealed>| sealed.map(|sealed| STANDARD.encode(sealed.as_bytes())).into();
        Self { before: json(before), after: json(after) }
    }
}

/// An event with the bytes that were hashed, ready to be stored. Only a decision makes one.
#[derive(Clone)]
pub struct Link {
    event: Event,
    body: String,
    hash: [u8; 32],
}

impl Link {
    /// Makes the event's bytes, its code and its hash.
    pub(crate) fn new(mut event: Event, authenticator: Option<&Authenticator>) -> Result<Self> {
        let mut body = serde_json::to_string(&event)
            .map_err(|error| Error::bug("an event is always JSON").because(error))?;
        // The code covers the bytes before it, so no byte is hashed twice.
        body.pop();
        let mut hasher = hasher(&body);
        let covered = body.len();
        let code = authenticator.and_then(|by| by.tag(&hasher.clone().finalize().into()));
        match &code {
            Some(tag) => body.extend([MAC, tag, END]),
            None => body.push('}'),
        }
        event.mac = code;
        hasher.update(body.get(covered..).unwrap_or_default());
        Ok(Self { hash: hasher.finalize().into(), event, body })
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The bytes that were hashed. A store must keep exactly these.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// SHA-256 of the prefix and the body.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The head of the chain that ends with this link.
    pub fn head(&self) -> Head {
        Head { seq: self.event.seq, hash: self.hash }
    }
}

/// An event as a store returns it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The stored bytes.
    pub body: String,
    /// The hash that is stored beside the bytes.
    pub hash: [u8; 32],
    /// The copies beside the bytes. `None` where the store keeps no copies.
    pub beside: Option<Beside>,
}

impl StoredEvent {
    /// Parses the event. It does not check the bytes against the hash; [`crate::audit::verify`] does.
    ///
    /// # Errors
    /// `Tampered` where the bytes are not an event.
    pub fn read(&self) -> Result<Event> {
        serde_json::from_str(&self.body)
            .map_err(|_| Error::new(ErrorKind::Tampered, "a stored event cannot be read"))
    }
}

/// Prints the event without the bytes.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({:?} {})", self.event, Hex(&self.hash))
    }
}

/// Prints length and hash only, because the bytes contain facets in plain text.
impl fmt::Debug for StoredEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredEvent({} bytes, {})", self.body.len(), Hex(&self.hash))
    }
}

impl From<&Link> for StoredEvent {
    fn from(link: &Link) -> Self {
        Self { body: link.body.clone(), hash: link.hash, beside: None }
    }
}

/// What can be computed from the bytes of an event.
pub(crate) struct Hashed<'b> {
    /// Its hash.
    pub(crate) hash: [u8; 32],
    /// Its code, and the digest of the bytes that the code covers.
    pub(crate) code: Option<(&'b str, [u8; 32])>,
}

impl<'b> Hashed<'b> {
    pub(crate) fn of(body: &'b str) -> Self {
        let Some((covered, tag)) = split_code(body) else {
            return Self { hash: hasher(body).finalize().into(), code: None };
        };
        let mut hasher = hasher(covered);
        let digest = hasher.clone().finalize().into();
        hasher.update(body.get(covered.len()..).unwrap_or_default());
        Self { hash: hasher.finalize().into(), code: Some((tag, digest)) }
    }
}

/// The text before the code at the end of an event.
const MAC: &str = ",\"mac\":\"";
const END: &str = "\"}";

/// The member name of a silent value's digest.
pub(crate) const DIGEST: &str = "digest";

/// The bytes that a code covers, and the code. `None` where the bytes do not end with a code.
fn split_code(body: &str) -> Option<(&str, &str)> {
    let rest = body.strip_suffix(END)?;
    let (rest, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
    Some((rest.strip_suffix(MAC)?, tag))
}

fn hasher(bytes: &str) -> Sha256 {
    Sha256::new().chain_update(b"eovr.event.v1\n").chain_update(bytes)
}
