use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::seal::Mode;

/// The first byte of every sealed value, format version 1.
///
/// The bytes `0xF8..=0xFF` occur in no UTF-8 text, so no text at all can pass for a sealed value: a
/// plain value that got into a sealed column is noticed when it is read. Later versions count up.
pub(super) const VERSION: u8 = 0xF9;

const AES_256_GCM: u8 = 1;
const AES_256_SIV: u8 = 2;

/// Version, algorithm, key id.
pub(super) const HEADER: usize = 1 + 1 + 16;
pub(super) const NONCE: usize = 12;
pub(super) const TAG: usize = 16;

/// A field value that only a key opens.
///
/// It has no public constructor: [`Cipher::seal`](crate::seal::Cipher::seal) makes new ones, and the
/// core reads kept ones back from a store. A store gets the bytes by [`as_bytes`](Sealed::as_bytes).
///
/// ```compile_fail,E0624
/// let forged = eovr_core::seal::Sealed::from_stored(b"plain text".to_vec());
/// ```
///
/// # Format
/// | bytes | random | deterministic |
/// |---|---|---|
/// | 1 | version, `0xF9` | the same |
/// | 1 | algorithm, `1`: AES-256-GCM | `2`: AES-SIV, RFC 5297, 512-bit key |
/// | 16 | id of the data key | the same |
/// | | 12 bytes nonce, ciphertext, 16 bytes tag | 16 bytes synthetic IV, ciphertext |
///
/// Associated data, which is authenticated but not stored: `eovr.sealed`, the 18 bytes above, the kind,
/// the record's 16 bytes (random only), the field; kind and field each after its length as 8 bytes,
/// big end first. The algorithm says whether the record is there and the lengths say where each
/// name ends, so no two places give the same data.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sealed {
    // INVARIANT: `key` and `mode` are what the header of `bytes` says.
    bytes: Box<[u8]>,
    key: Uuid,
    mode: Mode,
}

impl Sealed {
    /// The bytes to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same in base64, for JSON.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }

    /// The id of the data key that opens it: after a rotation, the values to be sealed again are those
    /// whose key is not the active one.
    pub fn key_id(&self) -> Uuid {
        self.key
    }

    /// How it was sealed.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Reads kept bytes back. Only the outer shape is checked; the key has the last word.
    ///
    /// # Errors
    /// `Tampered` where these bytes cannot be a sealed value: plain text, another format, cut short.
    pub(crate) fn from_stored(bytes: Vec<u8>) -> Result<Self> {
        match split_header(&bytes) {
            Some((mode, key, body)) if body.len() >= overhead(mode) => {
                Ok(Self { bytes: bytes.into_boxed_slice(), key, mode })
            }
            _ => Err(Error::new(ErrorKind::Tampered, "a stored value is not a sealed value")
                .with_help("it was cut short or changed, or it was written without being sealed")
                .with("bytes", bytes.len())),
        }
    }

    /// What follows the header.
    pub(super) fn body(&self) -> &[u8] {
        self.bytes.get(HEADER..).unwrap_or_default()
    }
}

/// Shows length and key, never the bytes: they are no secret, but they are long and say nothing.
impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes, key {})", self.bytes.len(), self.key)
    }
}

/// The 18 bytes that begin a value, as two pieces.
pub(super) fn header(mode: Mode, key: &Uuid) -> ([u8; 2], &[u8; 16]) {
    let algorithm = match mode {
        Mode::Random => AES_256_GCM,
        Mode::Deterministic => AES_256_SIV,
    };
    ([VERSION, algorithm], key.as_bytes())
}

fn split_header(bytes: &[u8]) -> Option<(Mode, Uuid, &[u8])> {
    let ([version, algorithm], rest) = bytes.split_first_chunk()?;
    let (key, body) = rest.split_first_chunk()?;
    let mode = match (*version, *algorithm) {
        (VERSION, AES_256_GCM) => Mode::Random,
        (VERSION, AES_256_SIV) => Mode::Deterministic,
        _ => return None,
    };
    Some((mode, Uuid::from_bytes(*key), body))
}

/// How many bytes sealing adds after the header.
pub(super) const fn overhead(mode: Mode) -> usize {
    match mode {
        Mode::Random => NONCE + TAG,
        Mode::Deterministic => TAG,
    }
}
