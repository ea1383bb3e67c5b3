//! Bytes as letters and digits that a person can copy, five bits each (RFC 4648).

use zeroize::Zeroizing;

/// The alphabet of authenticator apps: RFC 4648.
pub(super) const APPS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The alphabet for people who read from paper: Crockford's, which has no two letters that look alike.
pub(super) const PEOPLE: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Encodes bytes without padding. Unused bits of the last letter are zero.
pub(super) fn encode(bytes: &[u8], alphabet: &[u8; 32]) -> Zeroizing<String> {
    let length = (bytes.len() * 8).div_ceil(5);
    // The buffer has its final size, because growing it would leave a copy in memory.
    let mut text = Zeroizing::new(String::with_capacity(length));
    for index in 0..length {
        let at = |byte: usize| u16::from(bytes.get(byte).copied().unwrap_or(0));
        let window = at(index * 5 / 8) << 8 | at(index * 5 / 8 + 1);
        let value = usize::from(window >> (11 - index * 5 % 8) & 31);
        text.push(alphabet.get(value).copied().map_or('?', char::from));
    }
    text
}

/// Decodes exactly `N` bytes. It accepts upper and lower case, and white space, hyphens and padding anywhere. `None`
/// for any other text.
pub(super) fn decode<const N: usize>(text: &str, alphabet: &[u8; 32]) -> Option<Box<Zeroizing<[u8; N]>>> {
    let mut bytes = Box::new(Zeroizing::new([0_u8; N]));
    let mut count = 0;
    for c in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '=')) {
        let c = c.to_ascii_uppercase();
        let value = alphabet.iter().position(|letter| char::from(*letter) == c)?;
        for bit in 0..5 {
            let position = count * 5 + bit;
            let set = value >> (4 - bit) & 1 == 1;
            match bytes.get_mut(position / 8) {
                Some(byte) => *byte |= u8::from(set) << (7 - position % 8),
                // Unused bits of the last letter are allowed; more bits mean that the text is too long.
                None if !set && position < (N * 8).div_ceil(5) * 5 => {}
                None => return None,
            }
        }
        count += 1;
    }
    (count == (N * 8).div_ceil(5)).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
        ] {
            assert_eq!(*encode(bytes.as_bytes(), APPS), text);
        }
        assert_eq!(decode::<6>("mzxw 6ytb-oi======", APPS).map(|bytes| **bytes), Some(*b"foobar"));
    }

    #[test]
    fn another_length_or_unused_bits_that_are_set_are_rejected() {
        assert!(decode::<1>("MY", APPS).is_some());
        for text in ["", "M", "MYA", "MYAAAAAA", "MZ", "M1", "M؀"] {
            assert!(decode::<1>(text, APPS).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn decoding_reverses_encoding(bytes: [u8; 16], all: [u8; 20]) {
            prop_assert_eq!(decode(&encode(&bytes, PEOPLE), PEOPLE).map(|read| **read), Some(bytes));
            prop_assert_eq!(decode(&encode(&all, APPS).to_lowercase(), APPS).map(|read| **read), Some(all));
        }
    }
}
