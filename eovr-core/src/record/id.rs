use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::time::Timestamp;

/// The id of a record: a UUID of version 7, so that ids sort by time of creation.
///
/// ```
/// use eovr_core::record::RecordId;
///
/// let first = RecordId::from_parts("2026-11-22T08:30:00Z".parse()?, [7; 10]);
/// let second = RecordId::from_parts("2026-11-22T08:31:00Z".parse()?, [1; 10]);
/// assert!(first < second);
/// assert_eq!(first.to_string().parse::<RecordId>()?, first);
/// # Ok::<(), eovr_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(Uuid);

impl RecordId {
    /// Makes an id from a time and ten random bytes (RFC 9562 §5.7). The same input gives the same id, so a repeated
    /// import finds the records of the first run.
    pub fn from_parts(at: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(at.as_micros().div_euclid(1000)).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// An id derived from its content, so that every node makes the same record only once. `tag` names the purpose and
    /// keeps purposes apart. The hash is SHA-256 of tag and parts, one line each, so only the last part may contain
    /// line ends. The time of such an id is 1970 and has no meaning.
    ///
    /// ```
    /// use eovr_core::record::RecordId;
    ///
    /// let of = |number: &str| RecordId::derived("hospital.import.v1", &[b"old-system", number.as_bytes()]);
    /// assert_eq!(of("4711"), of("4711"));
    /// assert_ne!(of("4711"), of("4712"));
    /// ```
    pub fn derived(tag: &str, parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new_with_prefix(tag);
        for part in parts {
            digest.update(b"\n");
            digest.update(part);
        }
        let mut random = [0; 10];
        random.iter_mut().zip(digest.finalize()).for_each(|(to, from)| *to = from);
        Self::from_parts(Timestamp::from_micros(0), random)
    }

    /// Reads the 16 bytes that a store keeps.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    pub(crate) const fn uuid(self) -> Uuid {
        self.0
    }
}

/// Any UUID. A store sorts ids of another version than 7 anywhere.
///
/// ```
/// use eovr_core::{record::RecordId, uuid::Uuid};
///
/// let uuid: Uuid = RecordId::derived("hospital.import.v1", &[b"4711"]).into();
/// assert_eq!(RecordId::from(uuid).to_string(), uuid.to_string());
/// ```
impl From<Uuid> for RecordId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl From<RecordId> for Uuid {
    fn from(id: RecordId) -> Self {
        id.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RecordId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Uuid::parse_str(text).map(Self).map_err(|_| {
            Error::invalid("not a record id").with_help("a record id is a UUID of 36 characters")
        })
    }
}

impl Serialize for RecordId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An actor's id, as the host defines it: 1 to 128 printable characters without spaces.
///
/// Use an opaque id, not an e-mail address, because it stays in the audit trail for ever in plain text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ActorId(Arc<str>);

impl ActorId {
    /// Checks an id.
    ///
    /// ```
    /// use eovr_core::record::ActorId;
    ///
    /// assert_eq!(ActorId::new("nurse-7")?.as_str(), "nurse-7");
    /// assert!(ActorId::new("Mona Hassan").is_err());
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` where the text is empty, too long, or holds a space or a control character.
    pub fn new(text: &str) -> Result<Self> {
        let printable = text.chars().all(|c| !c.is_control() && !c.is_whitespace());
        if (1..=128).contains(&text.len()) && printable {
            Ok(Self(text.into()))
        } else {
            Err(Error::invalid("not an actor id")
                .with_help("an actor id is 1 to 128 bytes of printable text without spaces"))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

impl TryFrom<String> for ActorId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(&text)
    }
}

impl From<ActorId> for String {
    fn from(id: ActorId) -> Self {
        id.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_is_the_same_on_every_node_and_in_every_release() {
        // The first ten bytes of SHA-256 of `eovr.test.v1\nmonday\nward-3`, computed with Python's hashlib.
        let id = RecordId::derived("eovr.test.v1", &[b"monday", b"ward-3"]);
        assert_eq!(id.to_string(), "00000000-0000-7854-a15f-ee64067940e1");
    }
}
