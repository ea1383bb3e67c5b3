//! Bytes as lower-case hex.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer, Serializer};

/// Bytes as lower-case hex.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each event has three hashes. Formatting each byte with `{byte:02x}` took a fifth of a decision's time, and
        // a write per character a tenth.
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
    /// Whether the text is exactly these bytes in hex.
    pub(crate) fn is(&self, text: &str) -> bool {
        digits_of(self.0).eq(text.bytes())
    }
}

/// The 32 bytes of a text written by [`Hex`].
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

/// Writes 32 bytes, for serde.
pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&Hex(bytes))
}

/// Reads 32 bytes, for serde.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(from)?;
    unhex(&text).ok_or_else(|| D::Error::custom("a hash has 64 hexadecimal digits"))
}

fn digits_of(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let digit = |four: u8| if four < 10 { b'0' + four } else { b'a' + four - 10 };
    bytes.iter().flat_map(move |byte| [digit(byte >> 4), digit(byte & 15)])
}
