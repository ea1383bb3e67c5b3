use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::seal::Mode;

/// The first byte of every value in our own format, version 1.
///
/// The bytes `0xF8..=0xFF` do not occur in UTF-8, so a text can never be mistaken for such a value, and a plain text in
/// a sealed column is detected on reading. Later versions count up.
pub(super) const VERSION: u8 = 0xF9;

const AES_256_GCM: u8 = 1;
const AES_256_SIV: u8 = 2;

/// The first byte of every value in MongoDB's format. In a text it would be a control character, which is unusual; in
/// any case the tag is checked.
const CSFLE_DETERMINISTIC: u8 = 1;
const CSFLE_RANDOM: u8 = 2;

/// Version, algorithm, key id; in MongoDB's format: version, key id, BSON type.
pub(super) const HEADER: usize = 1 + 1 + 16;
pub(super) const NONCE: usize = 12;
pub(super) const TAG: usize = 16;
/// One AES block. MongoDB's format is padded to blocks and begins with an IV of one block.
pub(super) const BLOCK: usize = 16;
pub(super) const CSFLE_TAG: usize = 32;

/// The format of a sealed value, which its first byte determines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Our own format: bound to its place, opened by a [`KeyRing`](crate::seal::KeyRing).
    Eovr,
    /// The format of MongoDB's client-side field level encryption, opened by a `CsfleRing` (feature `csfle`) and by
    /// MongoDB's own drivers.
    Csfle,
}

impl Format {
    /// The format's name, as messages write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eovr => "eovr",
            Self::Csfle => "csfle",
        }
    }
}

/// A sealed field value, which only a key opens.
///
/// It has no public constructor: [`Cipher::seal`](crate::seal::Cipher::seal) makes new values, and the core reads
/// stored ones. A store takes the bytes with [`as_bytes`](Sealed::as_bytes).
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
/// Associated data, which is authenticated but not stored: `eovr.sealed`, the 18 bytes above, the kind, the record's 16
/// bytes (random only), the field. The length of kind and of field stands before each of them as 8 bytes, big-endian.
/// The algorithm determines whether the record is present, and the lengths separate the names, so two places never give
/// the same data.
///
/// # Format of MongoDB
/// With feature `csfle` a value may instead be the content of a BSON binary of subtype 6. The first byte distinguishes
/// the two formats.
///
/// | bytes | random | deterministic |
/// |---|---|---|
/// | 1 | `2` | `1` |
/// | 16 | id of the data key | the same |
/// | 1 | type of the BSON element | the same |
/// | | 16 bytes IV, AES-256-CBC, 32 bytes HMAC-SHA-512 | the same, the IV from the text |
///
/// Associated data: only the 18 bytes above, so the value is not bound to a place.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sealed {
    // INVARIANT: `key` and `mode` match the header of `bytes`, if that is a valid header.
    bytes: Box<[u8]>,
    key: Uuid,
    mode: Mode,
}

impl Sealed {
    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes in base64, for JSON.
    pub(crate) fn to_base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }

    /// The id of the data key that opens it. After a rotation, seal the values again whose key is not the active one.
    ///
    /// ```
    /// # use eovr_core::seal::{Cipher, Entropy, KeyRing, MasterKey, Mode, Place, Purpose};
    /// # use uuid::Uuid;
    /// # let (mut entropy, master) = (Entropy::from_seed(&[7; 32]), MasterKey::from_bytes(&[1; 32]));
    /// # let (ids, now) = ([Uuid::from_u128(1), Uuid::from_u128(2)], 1_790_000_000_000_000);
    /// # let ring = KeyRing::create(&master, ids, now, &mut entropy)?;
    /// let place = Place { kind: "incident", record: Uuid::from_u128(3), field: "medical_file_number" };
    /// let sealed = ring.seal(&place, Mode::Deterministic, b"MF-7", &mut entropy)?;
    /// assert_eq!(sealed.mode(), Mode::Deterministic);
    /// assert_eq!(Some(sealed.key_id()), ring.active(Purpose::Search));
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    pub fn key_id(&self) -> Uuid {
        self.key
    }

    /// The mode of its seal.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Its format. A store with a native type for MongoDB's format uses that type.
    pub fn format(&self) -> Format {
        match self.bytes.first() {
            Some(&VERSION) => Format::Eovr,
            _ => Format::Csfle,
        }
    }

    /// Reads stored bytes. It checks only the outer shape; opening with the key checks the rest.
    ///
    /// # Errors
    /// `Tampered` where these bytes cannot be a sealed value: plain text, another format, truncated bytes.
    pub(crate) fn from_stored(bytes: Vec<u8>) -> Result<Self> {
        match read_header(&bytes) {
            Some((mode, key)) => Ok(Self { bytes: bytes.into_boxed_slice(), key, mode }),
            None => Err(no_sealed_value(bytes.len())),
        }
    }

    /// Reads a field of a stored record. A malformed value is kept and never opens, so that it does not hide the other
    /// fields.
    pub(crate) fn from_kept(bytes: Vec<u8>) -> Self {
        let (mode, key) = read_header(&bytes).unwrap_or((Mode::Random, Uuid::nil()));
        Self { bytes: bytes.into_boxed_slice(), key, mode }
    }

    /// Refuses a malformed value, and one that a ring of the other format must open.
    pub(super) fn must_be(&self, format: Format) -> Result<()> {
        if read_header(&self.bytes).is_none() {
            return Err(no_sealed_value(self.bytes.len()));
        }
        if self.format() == format {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Key, "the value is sealed in another format")
            .with_help(
                "a `KeyRing` opens `eovr`, a `CsfleRing` opens `csfle`: give it to the one that sealed it",
            )
            .with("format", self.format().name())
            .with("key", self.key))
    }

    /// The bytes after the header.
    pub(super) fn body(&self) -> &[u8] {
        self.bytes.get(HEADER..).unwrap_or_default()
    }
}

fn no_sealed_value(bytes: usize) -> Error {
    Error::new(ErrorKind::Tampered, "a stored value is not a sealed value")
        .with_help("it was cut short or changed, or it was written without being sealed")
        .with("bytes", bytes)
}

/// Prints length and key id. The bytes are not secret, but long and meaningless.
impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes, key {})", self.bytes.len(), self.key)
    }
}

/// The 18 bytes of the header of our own format, in two parts.
pub(super) fn header(mode: Mode, key: &Uuid) -> ([u8; 2], &[u8; 16]) {
    let algorithm = match mode {
        Mode::Random => AES_256_GCM,
        Mode::Deterministic => AES_256_SIV,
    };
    ([VERSION, algorithm], key.as_bytes())
}

/// The 18 bytes of the header of MongoDB's format, which are also its associated data.
#[cfg(feature = "csfle")]
pub(super) fn csfle_header(mode: Mode, id: &Uuid, bson_type: u8) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let [first, key @ .., last] = &mut header;
    *first = match mode {
        Mode::Random => CSFLE_RANDOM,
        Mode::Deterministic => CSFLE_DETERMINISTIC,
    };
    *key = *id.as_bytes();
    *last = bson_type;
    header
}

/// Mode and key of a value with the minimum length of its format; `None` for other bytes.
fn read_header(bytes: &[u8]) -> Option<(Mode, Uuid)> {
    let (header, body) = bytes.split_first_chunk::<HEADER>()?;
    let (format, mode, key) = match header {
        [VERSION, AES_256_GCM, key @ ..] => (Format::Eovr, Mode::Random, key),
        [VERSION, AES_256_SIV, key @ ..] => (Format::Eovr, Mode::Deterministic, key),
        [CSFLE_RANDOM, key @ .., _] => (Format::Csfle, Mode::Random, key),
        [CSFLE_DETERMINISTIC, key @ .., _] => (Format::Csfle, Mode::Deterministic, key),
        _ => return None,
    };
    let whole = format == Format::Eovr || body.len().is_multiple_of(BLOCK);
    (whole && body.len() >= overhead(format, mode)).then(|| (mode, Uuid::from_bytes(*key)))
}

/// The number of bytes after the header of an empty value. In our own format this is the overhead of every value.
pub(super) const fn overhead(format: Format, mode: Mode) -> usize {
    match (format, mode) {
        (Format::Eovr, Mode::Random) => NONCE + TAG,
        (Format::Eovr, Mode::Deterministic) => TAG,
        (Format::Csfle, _) => BLOCK + BLOCK + CSFLE_TAG,
    }
}
