use std::fmt;

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::seal::Mode;

pub(super) const STRING: u8 = 0x02;
pub(super) const BINARY: u8 = 0x05;

/// Subtype: generic binary.
pub(super) const GENERIC: u8 = 0;
/// Subtype: the old binary format, whose content repeats its length.
const OLD: u8 = 2;
/// Subtype: an encrypted value.
const ENCRYPTED: u8 = 6;

/// The value of one BSON element: its type, and the bytes that follow its name in a document.
///
/// The lengths of the element are checked; the content of a document is not. The value is wiped from memory on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct BsonValue {
    bson_type: u8,
    bytes: Zeroizing<Vec<u8>>,
}

impl BsonValue {
    /// A decrypted value.
    pub(super) fn opened(bson_type: u8, bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        if Type::of(bson_type).is_some_and(|known| known.shape.fits(&bytes)) {
            return Ok(Self { bson_type, bytes });
        }
        // The tag was valid, so the writer had the key.
        Err(Error::new(ErrorKind::Tampered, "a sealed value is not a BSON element")
            .with_help("the program that sealed it wrote another type than it named")
            .with("bson_type", bson_type))
    }

    /// The type, as BSON numbers them: 2 is a string, 16 a 32-bit integer.
    pub fn bson_type(&self) -> u8 {
        self.bson_type
    }

    /// The bytes of the value.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text of a string, or the content of a binary of subtype 0, as [`Cipher::seal`](crate::seal::Cipher::seal)
    /// sealed it.
    ///
    /// # Errors
    /// `InvalidInput` where it has another type.
    pub fn into_plain(self) -> Result<Zeroizing<Vec<u8>>> {
        let mut bytes = self.bytes;
        match (self.bson_type, bytes.get(4)) {
            (STRING, _) => {
                bytes.pop();
                bytes.drain(..4);
            }
            (BINARY, Some(&GENERIC)) => drop(bytes.drain(..5)),
            (other, _) => {
                return Err(Error::invalid(format!("a sealed value is not text but a BSON {}", name(other)))
                    .with_help(
                        "eovr seals text as a string and other bytes as a binary of subtype 0; \
                         `CsfleRing::open_value` reads every type",
                    )
                    .with("bson_type", other));
            }
        }
        Ok(bytes)
    }
}

/// Prints the type and not the value.
impl fmt::Debug for BsonValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BsonValue({}, redacted)", name(self.bson_type))
    }
}

/// Refuses a value that MongoDB's own library refuses to seal, or that a driver cannot read.
pub(super) fn check(mode: Mode, bson_type: u8, bytes: &[u8]) -> Result<()> {
    let refused = |message: String, help: &str| {
        Err(Error::invalid(message).with_help(help).with("bson_type", bson_type))
    };
    let name = name(bson_type);
    let Some(known) = Type::of(bson_type) else {
        let help = "leave the field out, or keep it in the clear: there is nothing to hide in it";
        return refused(format!("a BSON {name} cannot be sealed"), help);
    };
    if mode == Mode::Deterministic && !known.searchable {
        let help = "it has few values, or several spellings of one: seal it in random mode";
        return refused(format!("a BSON {name} cannot be sealed deterministically"), help);
    }
    if !known.shape.fits(bytes) || !is_readable(bson_type, bytes) {
        let help = "give the bytes that follow the element's name in a document";
        return refused(format!("these bytes are not a BSON {name}"), help);
    }
    if bson_type == BINARY && bytes.get(4) == Some(&ENCRYPTED) {
        return refused("a BSON binary of subtype 6 cannot be sealed".into(), "it is sealed already");
    }
    Ok(())
}

/// Whether every driver can read the bytes: texts are UTF-8, a boolean is 0 or 1, and a binary of the old subtype
/// repeats its length.
fn is_readable(bson_type: u8, bytes: &[u8]) -> bool {
    let is_utf8 = |text: &[u8]| std::str::from_utf8(text).is_ok();
    let is_text = |string: &[u8]| string.get(4..).is_some_and(is_utf8);
    match bson_type {
        STRING | 0x0d | 0x0e => is_text(bytes),
        0x0b => is_utf8(bytes),
        0x0c => bytes.split_last_chunk::<12>().is_some_and(|(text, _)| is_text(text)),
        0x08 => matches!(bytes, [0 | 1]),
        BINARY if bytes.get(4) == Some(&OLD) => {
            bytes.get(5..).and_then(measured).is_some_and(|(length, rest)| length == rest.len())
        }
        _ => true,
    }
}

/// A type that can be sealed.
struct Type {
    shape: Shape,
    /// Whether deterministic sealing is allowed.
    searchable: bool,
}

impl Type {
    fn of(bson_type: u8) -> Option<Self> {
        let (shape, searchable) = match bson_type {
            0x01 => (Shape::Fixed(8), false),
            STRING | 0x0d | 0x0e => (Shape::Text, true),
            0x03 | 0x04 | 0x0f => (Shape::Whole, false),
            BINARY => (Shape::Binary, true),
            0x07 => (Shape::Fixed(12), true),
            0x08 => (Shape::Fixed(1), false),
            0x09 | 0x11 | 0x12 => (Shape::Fixed(8), true),
            0x0b => (Shape::Regex, true),
            0x0c => (Shape::Pointer, true),
            0x10 => (Shape::Fixed(4), true),
            0x13 => (Shape::Fixed(16), false),
            _ => return None,
        };
        Some(Self { shape, searchable })
    }
}

/// The outer shape of a type's bytes. Lengths are 4 bytes, little-endian.
enum Shape {
    Fixed(usize),
    /// A length, text, and a NUL.
    Text,
    /// The length of the whole value including itself, the content, and a NUL.
    Whole,
    /// A length, the subtype, the content.
    Binary,
    /// Two NUL-terminated texts without a length.
    Regex,
    /// A text and an object id.
    Pointer,
}

impl Shape {
    fn fits(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Fixed(length) => bytes.len() == *length,
            Self::Text => {
                measured(bytes).is_some_and(|(length, rest)| length == rest.len() && rest.ends_with(&[0]))
            }
            Self::Whole => {
                measured(bytes).is_some_and(|(length, rest)| length == bytes.len() && rest.ends_with(&[0]))
            }
            Self::Binary => {
                measured(bytes).is_some_and(|(length, rest)| length.checked_add(1) == Some(rest.len()))
            }
            Self::Regex => bytes.ends_with(&[0]) && bytes.iter().filter(|byte| **byte == 0).count() == 2,
            Self::Pointer => bytes.split_last_chunk::<12>().is_some_and(|(text, _)| Self::Text.fits(text)),
        }
    }
}

/// The leading length, and the bytes after it.
fn measured(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    Some((usize::try_from(i32::from_le_bytes(*length)).ok()?, rest))
}

fn name(bson_type: u8) -> &'static str {
    match bson_type {
        0x01 => "double",
        STRING => "string",
        0x03 => "document",
        0x04 => "array",
        BINARY => "binary",
        0x06 => "undefined",
        0x07 => "object id",
        0x08 => "boolean",
        0x09 => "date",
        0x0a => "null",
        0x0b => "regular expression",
        0x0c => "pointer",
        0x0d => "code",
        0x0e => "symbol",
        0x0f => "code with scope",
        0x10 => "32-bit integer",
        0x11 => "timestamp",
        0x12 => "64-bit integer",
        0x13 => "decimal",
        0x7f => "maximum key",
        0xff => "minimum key",
        _ => "value of unknown type",
    }
}
