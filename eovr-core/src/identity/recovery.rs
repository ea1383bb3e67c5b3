//! Recovery codes for a user who has lost the second factor: ten codes on paper, each valid once.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::Zeroizing;

use crate::identity::base32;
use crate::seal::Entropy;
use crate::typed;

/// The number of codes in a set.
pub const CODES: usize = 10;

const BYTES: usize = 16;
/// The number of letters and digits of a code.
const LETTERS: usize = 26;
/// The last group is longer by one, because 26 is not divisible by 5.
const GROUPS: [usize; 5] = [5, 5, 5, 5, 6];

/// A code that replaces the second factor once: 128 random bits. So a plain digest protects it as well as a slow hash
/// (ASVS 5, 6.5.2 requires a slow hash below 112 bits).
///
/// It is shown once, and the store keeps its digest. It is wiped from memory when dropped.
///
/// ```
/// use eovr_core::identity::recovery::{self, RecoveryCode};
/// use eovr_core::seal::Entropy;
///
/// # let mut entropy = Entropy::from_seed(&[7; 32]);
/// let codes = RecoveryCode::draw(&mut entropy);
/// let kept: Vec<_> = codes.iter().map(RecoveryCode::digest).collect();
/// let typed = codes[3].shown().to_lowercase().replace('-', " ");
/// assert_eq!(recovery::check(&typed, &kept), Some(3));
/// assert_eq!(recovery::check("not a code", &kept), None);
/// ```
pub struct RecoveryCode {
    // Boxed, because moving the bytes would leave copies in memory.
    bytes: Box<Zeroizing<[u8; BYTES]>>,
}

impl RecoveryCode {
    /// [`CODES`] new codes, which replace the earlier codes of the user.
    pub fn draw(entropy: &mut Entropy) -> Vec<Self> {
        let one = |_| {
            let mut bytes = Box::new(Zeroizing::new([0; BYTES]));
            entropy.fill(bytes.as_mut_slice());
            Self { bytes }
        };
        (0..CODES).map(one).collect()
    }

    /// Reads a typed code: in upper or lower case, with or without hyphens and spaces, `O` for `0`, `I` and `L` for
    /// `1`, digits of any script. `None` where it is not a code.
    pub fn typed(text: &str) -> Option<Self> {
        // The buffer has its final size, because growing it would leave a copy in memory.
        let mut code = Zeroizing::new(String::with_capacity(LETTERS));
        for c in typed::code(text).map(typed::look_alike) {
            if code.len() == LETTERS || !c.is_ascii() {
                return None;
            }
            code.push(c);
        }
        base32::decode(&code, base32::PEOPLE).map(|bytes| Self { bytes })
    }

    /// The code as shown to the user once: `7K2MQ-…`, five groups of letters and digits.
    pub fn shown(&self) -> Zeroizing<String> {
        let plain = base32::encode(self.bytes.as_slice(), base32::PEOPLE);
        let mut shown = Zeroizing::new(String::with_capacity(LETTERS + GROUPS.len()));
        let mut from = 0;
        for length in GROUPS {
            if from > 0 {
                shown.push('-');
            }
            shown.push_str(plain.get(from..from + length).unwrap_or_default());
            from += length;
        }
        shown
    }

    /// The digest to store.
    pub fn digest(&self) -> [u8; 32] {
        let digest = Sha256::new().chain_update(b"eovr.recovery.v1\n").chain_update(self.bytes.as_slice());
        digest.finalize().into()
    }
}

/// Prints that there is a code, and nothing about it.
impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(redacted)")
    }
}

/// The index of the stored digest that matches a typed code.
///
/// **A code is valid once**: remove the digest in the same commit that logs the user in. The function compares all
/// digests, each in constant time.
pub fn check(typed: &str, kept: &[[u8; 32]]) -> Option<usize> {
    let digest = RecoveryCode::typed(typed)?.digest();
    let mut found = 0_u64;
    // From one on, because zero means that no digest matches.
    for (number, kept) in (1_u64..).zip(kept) {
        found.conditional_assign(&number, kept.ct_eq(&digest));
    }
    usize::try_from(found).ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes(seed: u8) -> Vec<RecoveryCode> {
        RecoveryCode::draw(&mut Entropy::from_seed(&[seed; 32]))
    }

    #[test]
    fn the_ten_codes_differ() {
        let mut shown: Vec<String> = codes(1).iter().map(|code| code.shown().to_string()).collect();
        let groups = |code: &String| code.split('-').map(str::len).collect::<Vec<_>>();
        assert!(shown.iter().all(|code| groups(code) == [5, 5, 5, 5, 6]), "{shown:?}");
        shown.sort();
        shown.dedup();
        assert_eq!(shown.len(), CODES);
    }

    #[test]
    fn a_code_is_read_in_every_spelling() {
        let code = RecoveryCode { bytes: Box::new(Zeroizing::new([0x08; BYTES])) };
        assert_eq!(*code.shown(), "1040G-20810-40G20-81040-G20810");
        let kept = [[0; 32], code.digest()];
        for typed in [
            "1040G-20810-40G20-81040-G20810",
            "1040g2081040G2081040G2 0810",
            " lo4og 2o8io 4oG2o 8Io4o g2o8LO ",
            "١٠٤٠G-٢٠٨١٠-٤٠G٢٠-٨١٠٤٠-G٢٠٨١٠",
            "\u{200F}1040G-20810-40G20-81040-G20810",
        ] {
            assert_eq!(check(typed, &kept), Some(1), "{typed}");
        }
        for wrong in [
            "",
            "1040G-20810-40G20-81040-G2081",
            "1040G-20810-40G20-81040-G208100",
            "1040G-20810-40G20-81040-G20811",
            "1040G-20810-40G20-81040-G2081U",
            "1040G-20810-40G20-81040-G2081%",
        ] {
            assert_eq!(check(wrong, &kept), None, "{wrong}");
        }
        assert_eq!(check("1040G-20810-40G20-81040-G20810", &[]), None);
    }

    #[test]
    fn the_digest_is_specific_to_codes_and_debug_output_hides_the_code() {
        let code = codes(1).swap_remove(0);
        let plain: [u8; 32] = Sha256::digest(code.bytes.as_slice()).into();
        assert_ne!(code.digest(), plain);
        assert_eq!(format!("{code:?}"), "RecoveryCode(redacted)");
    }

    proptest! {
        #[test]
        fn each_code_is_valid_once_and_no_other_code_is(seed: u8, order in Just((0..CODES).collect::<Vec<_>>()).prop_shuffle()) {
            let (codes, others) = (codes(seed), codes(seed.wrapping_add(1)));
            let mut kept: Vec<[u8; 32]> = codes.iter().map(RecoveryCode::digest).collect();
            for index in order {
                let shown = codes[index].shown();
                let found = check(&shown.to_lowercase(), &kept);
                prop_assert_eq!(found.and_then(|at| kept.get(at)).copied(), Some(codes[index].digest()));
                kept.remove(found.unwrap());
                prop_assert_eq!(check(&shown, &kept), None);
                prop_assert_eq!(check(&others[index].shown(), &kept), None);
            }
        }
    }
}
