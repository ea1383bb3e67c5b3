use std::fmt;

use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::seal::Entropy;
use crate::seal::aead::{gcm_append, gcm_open};
use crate::seal::sealed::NONCE;

const DOMAIN: &[u8] = b"eovr.wrapped";
const VERSION: u8 = 1;
const AES_256_GCM: u8 = 1;
const SHAPE: &str = "32 bytes in base64, 44 characters";

/// The key that wraps the data keys: 32 bytes, from the environment or from a host's key service.
///
/// Wiped from memory on drop. It cannot be printed, compared, cloned or serialised. Only opening the ring, rotation and
/// rewrapping need it, so drop it afterwards.
pub struct MasterKey {
    // Boxed, so that a move leaves no copy in memory.
    bytes: Box<Zeroizing<[u8; 32]>>,
}

impl MasterKey {
    /// Reads a key as `openssl rand -base64 32` prints it. White space around it is ignored, because secret files often
    /// end in a line break.
    ///
    /// ```
    /// use eovr_core::seal::MasterKey;
    ///
    /// let key = MasterKey::from_base64("Zm9yIHRoaXMgZXhhbXBsZSBvbmx5LCBuZXZlciByZWE=\n")?;
    /// assert_eq!(format!("{key:?}"), "MasterKey(redacted)");
    /// let error = MasterKey::from_base64("changeme").unwrap_err();
    /// assert_eq!(error.help(), Some("a master key is 32 bytes in base64, 44 characters"));
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Key` where the text is not 32 bytes in base64 (44 characters), or where all bytes are zero, which is a
    /// placeholder.
    pub fn from_base64(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        let refused =
            |message: &str| Error::new(ErrorKind::Key, message).with_help(format!("a master key is {SHAPE}"));
        if text.len() != 44 {
            return Err(refused("the master key has the wrong length").with("characters", text.len()));
        }
        // One byte more than a key, because 44 characters can hold 33 bytes.
        let mut decoded = Zeroizing::new([0; 33]);
        // The decoder's error is dropped, because it would name a character of the key.
        let length = STANDARD.decode_slice(text, decoded.as_mut_slice()).ok();
        match (length, decoded.first_chunk::<32>()) {
            (Some(32), Some(bytes)) if bytes.iter().fold(0, |seen, byte| seen | byte) == 0 => {
                Err(refused("the master key is all zeros"))
            }
            (Some(32), Some(bytes)) => Ok(Self::from_bytes(bytes)),
            _ => Err(refused("the master key is not base64")),
        }
    }

    /// Takes 32 bytes, for example from a host's key service. They must be random: a password is not a key.
    ///
    /// The caller must wipe its own copy.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut boxed = Box::new(Zeroizing::new([0; 32]));
        boxed.copy_from_slice(bytes);
        Self { bytes: boxed }
    }

    /// Wraps a data key for storage.
    pub(crate) fn wrap(&self, label: Label, material: &[u8], entropy: &mut Entropy) -> Result<WrappedKey> {
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce);
        let mut wrapped = vec![VERSION, AES_256_GCM];
        gcm_append(&self.cipher(), &nonce, &label.binding(), material, &mut wrapped)?;
        let Label { id, purpose, created_at } = label;
        Ok(WrappedKey { id, purpose, created_at, wrapped })
    }

    /// Unwraps a data key that is not destroyed.
    pub(crate) fn unwrap(&self, key: &WrappedKey) -> Result<Zeroizing<Vec<u8>>> {
        let Some(([VERSION, AES_256_GCM], body)) = key.wrapped.split_first_chunk() else {
            return Err(Error::new(ErrorKind::Tampered, "a stored key is not a wrapped key")
                .with("key", key.id)
                .with("bytes", key.wrapped.len()));
        };
        gcm_open(&self.cipher(), &Label::from(key).binding(), body)
            .filter(|material| material.len() == key.purpose.key_length())
            .ok_or_else(|| {
                Error::new(ErrorKind::Key, "this master key does not open a stored data key")
                    .with_help(
                        "use the master key that wrapped it; if that was replaced, rewrap every data key \
                         from the old one to the new one; if it is the right one, the stored key was changed",
                    )
                    .with("key", key.id)
            })
    }

    // The expanded key is not kept: wrapping is rare, and an expanded key in memory is a risk.
    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&**self.bytes).into())
    }
}

/// Prints that a key exists, and none of its bytes.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(redacted)")
    }
}

/// The purpose of a data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Random sealing: AES-256-GCM, 32 bytes.
    Fields,
    /// Deterministic sealing: AES-SIV, 64 bytes.
    Search,
    /// Authenticating events: HMAC-SHA-256, 32 bytes, and one byte that says whether every chain must end with a code.
    /// A ring does not hold this key; [`crate::audit::Authenticator`] does.
    Events,
}

impl Purpose {
    /// The purpose's name, as messages and JSON write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Search => "search",
            Self::Events => "events",
        }
    }

    pub(super) const fn key_length(self) -> usize {
        match self {
            Self::Fields => 32,
            Self::Search => 64,
            Self::Events => 33,
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Fields => 1,
            Self::Search => 2,
            Self::Events => 3,
        }
    }
}

/// A data key as it is stored: plain data, useless without the master key.
///
/// An empty `wrapped` means that the key was destroyed; the rest is a tombstone.
///
/// # Format of `wrapped`
/// Version `1`, algorithm `1` (AES-256-GCM), 12 bytes nonce, ciphertext, 16 bytes tag. Associated data: `eovr.wrapped`,
/// those two bytes, the id, the purpose (fields `1`, search `2`, events `3`), `created_at` as 8 bytes, big-endian.
/// Therefore a change of a stored key's id, purpose or time is detected.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct WrappedKey {
    /// The key's id, which is part of every value that it sealed.
    pub id: Uuid,
    /// Its purpose.
    pub purpose: Purpose,
    /// The time of creation, in microseconds since 1970-01-01T00:00:00Z. The newest live key of a purpose seals; the
    /// others only open.
    pub created_at: i64,
    /// The wrapped key; empty after its destruction.
    pub wrapped: Vec<u8>,
}

impl WrappedKey {
    /// Whether the key was destroyed.
    pub(crate) fn is_destroyed(&self) -> bool {
        self.wrapped.is_empty()
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_destroyed() { "destroyed" } else { "wrapped" };
        write!(f, "WrappedKey({} {}, created_at {}, {state})", self.purpose.name(), self.id, self.created_at)
    }
}

/// The values that a wrapped key is bound to.
#[derive(Clone, Copy)]
pub(crate) struct Label {
    pub(crate) id: Uuid,
    pub(crate) purpose: Purpose,
    pub(crate) created_at: i64,
}

impl From<&WrappedKey> for Label {
    fn from(key: &WrappedKey) -> Self {
        Self { id: key.id, purpose: key.purpose, created_at: key.created_at }
    }
}

impl Label {
    fn binding(&self) -> Vec<u8> {
        let Self { id, purpose, created_at } = self;
        [DOMAIN, &[VERSION, AES_256_GCM], id.as_bytes(), &[purpose.code()], &created_at.to_be_bytes()]
            .concat()
    }
}

/// A wrapped key in JSON: the id as text, the bytes in base64.
#[derive(Serialize, Deserialize)]
struct Written {
    id: String,
    purpose: Purpose,
    created_at: i64,
    wrapped: String,
}

impl From<WrappedKey> for Written {
    fn from(key: WrappedKey) -> Self {
        let WrappedKey { id, purpose, created_at, wrapped } = key;
        Self { id: id.to_string(), purpose, created_at, wrapped: STANDARD.encode(wrapped) }
    }
}

impl TryFrom<Written> for WrappedKey {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self> {
        let Written { id, purpose, created_at, wrapped } = written;
        let id = Uuid::parse_str(&id)
            .map_err(|_| Error::invalid("not a key id").with_help("a key id is a UUID of 36 characters"))?;
        let wrapped = STANDARD
            .decode(wrapped)
            .map_err(|_| Error::invalid("`wrapped` is not base64").with("key", id))?;
        Ok(Self { id, purpose, created_at, wrapped })
    }
}
