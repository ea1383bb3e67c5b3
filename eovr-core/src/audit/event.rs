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
use crate::seal::Sealed;
use crate::time::Timestamp;

/// One thing that happened to one record.
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
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Who.
    pub actor: ActorId,
    /// In what capacity: a role, `visitor`, `holder` or `system`.
    pub capacity: String,
    /// Whether a person decided.
    pub human: bool,
    /// The action, under whose row in the table it was permitted.
    pub action: Name,
    /// The state before; none at creation.
    pub from: Option<Name>,
    /// The state after.
    pub to: Name,
    /// The record's version after.
    pub version: u64,
    /// The digest of the workflow table in force, in hex.
    pub rules: String,
    /// Why, sealed, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What changed, facet by facet and field by field. Empty at creation: `content` covers it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changes: BTreeMap<Name, Change>,
    /// The digest of the record's content as this event left it, in hex.
    pub content: String,
    /// The same with each facet by the digest of its value, in kinds where a [silent] facet may change.
    ///
    /// [silent]: crate::kind::FacetSpec::silent
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_digest: Option<String>,
    /// The hash of the event before, in hex; 64 zeros for the first.
    pub prev: String,
    /// Who made the event had the key: see [`Authenticator`]. Releases before had none. Always the last member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

/// A facet or field before and after. Facets stand in the clear, silent ones by the digest of their value
/// (`{"digest": …}`), fields sealed and in base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What stood there; `null`: nothing.
    pub before: serde_json::Value,
    /// What stands there now; `null`: nothing.
    pub after: serde_json::Value,
}

/// Whether something stood there and stands there; not what.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |value: &serde_json::Value| if value.is_null() { "none" } else { "some" };
        write!(f, "Change({} to {})", word(&self.before), word(&self.after))
    }
}

impl Change {
    pub(crate) fn facet(before: Option<&Value>, after: Option<&Value>) -> Result<Self> {
        let json = |value: Option<&Value>| {
            serde_json::to_value(value).map_err(|error| Error::bug("a facet is always JSON").because(error))
        };
        Ok(Self { before: json(before)?, after: json(after)? })
    }

    /// A facet whose values do not stand in the trail.
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
        // The code covers what stands before it, so no byte is hashed twice.
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

    /// What happened.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The bytes that were hashed: store exactly these.
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

/// An event as a store hands it back.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The bytes as they were stored.
    pub body: String,
    /// The hash that was stored beside them.
    pub hash: [u8; 32],
    /// What else the store keeps beside them; none where it keeps nothing else.
    pub beside: Option<Beside>,
}

impl StoredEvent {
    /// Reads the event. The bytes are not checked against the hash here: [`crate::audit::verify`] does.
    ///
    /// # Errors
    /// `Tampered` where the bytes are not an event.
    pub fn read(&self) -> Result<Event> {
        serde_json::from_str(&self.body)
            .map_err(|_| Error::new(ErrorKind::Tampered, "a stored event cannot be read"))
    }
}

/// The event without the bytes.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({:?} {})", self.event, Hex(&self.hash))
    }
}

/// Length and hash: the bytes hold facets in the clear.
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

/// What follows from the bytes of an event.
pub(crate) struct Hashed<'b> {
    /// Its hash.
    pub(crate) hash: [u8; 32],
    /// Its code, and the digest of what the code covers.
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

/// How the code is written at the end of an event.
const MAC: &str = ",\"mac\":\"";
const END: &str = "\"}";

/// How a silent value is written.
pub(crate) const DIGEST: &str = "digest";

/// What a code covers, and the code; `None` where the bytes do not end with one.
fn split_code(body: &str) -> Option<(&str, &str)> {
    let rest = body.strip_suffix(END)?;
    let (rest, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
    Some((rest.strip_suffix(MAC)?, tag))
}

fn hasher(bytes: &str) -> Sha256 {
    Sha256::new().chain_update(b"eovr.event.v1\n").chain_update(bytes)
}

/// The 32 bytes that [`Hex`] wrote.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let pairs = text.as_bytes().chunks_exact(2);
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let digits = std::str::from_utf8(pair).ok().filter(|digits| !digits.starts_with('+'))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(bytes)
}

/// Bytes as lower-case hex.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Three hashes stand in each event: `{byte:02x}` for every byte took a fifth of a decision, and a write for each
        // sign a tenth.
        let mut digits = [0; 64];
        for bytes in self.0.chunks(32) {
            let written = digits.iter_mut().zip(digits_of(bytes)).map(|(to, digit)| *to = digit).count();
            let digits = digits.get(..written).and_then(|digits| std::str::from_utf8(digits).ok());
            f.write_str(digits.unwrap_or_default())?;
        }
        Ok(())
    }
}

impl Hex<'_> {
    /// Whether this is how the bytes are written.
    pub(crate) fn is(&self, text: &str) -> bool {
        digits_of(self.0).eq(text.bytes())
    }
}

fn digits_of(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let digit = |four: u8| if four < 10 { b'0' + four } else { b'a' + four - 10 };
    bytes.iter().flat_map(move |byte| [digit(byte >> 4), digit(byte & 15)])
}
