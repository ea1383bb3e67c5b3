mod keys;
mod promises;
mod vectors;

use uuid::Uuid;

use crate::error::{ErrorKind, Result};
use crate::seal::{Cipher, Entropy, KeyRing, MasterKey, Mode, Place, Sealed};

const NOW: i64 = 1_790_000_000_000_000;
const FIELD_KEY: Uuid = Uuid::from_u128(0x0195_0000_0000_7000_8000_0000_0000_00f1);
const SEARCH_KEY: Uuid = Uuid::from_u128(0x0195_0000_0000_7000_8000_0000_0000_00e2);
const RECORD: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_00a1);
const DESCRIPTION: Place<'static> = Place { kind: "incident", record: RECORD, field: "description" };

const BOTH: [Mode; 2] = [Mode::Random, Mode::Deterministic];

fn master() -> MasterKey {
    MasterKey::from_bytes(&[0x4d; 32])
}

fn entropy() -> Entropy {
    Entropy::from_seed(&[0x5e; 32])
}

fn ring() -> Result<KeyRing> {
    KeyRing::create(&master(), [FIELD_KEY, SEARCH_KEY], NOW, &mut entropy())
}

fn seal(ring: &KeyRing, mode: Mode, plain: &[u8]) -> Result<Sealed> {
    // Another seed than the ring's, because a seed must not be used twice.
    ring.seal(&DESCRIPTION, mode, plain, &mut Entropy::from_seed(&[0x5f; 32]))
}

/// One value of each mode.
fn seal_both(ring: &KeyRing, plain: &[u8]) -> Result<[Sealed; 2]> {
    Ok([seal(ring, Mode::Random, plain)?, seal(ring, Mode::Deterministic, plain)?])
}

/// The kind of the error, `None` where there was none.
pub(super) fn refused<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

pub(super) fn flip(bytes: &mut [u8], bit: usize) {
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
}

pub(super) fn cut(bytes: &[u8], length: usize) -> Vec<u8> {
    bytes.iter().take(length).copied().collect()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Ignores everything that is not a hexadecimal digit.
pub(super) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | *digit as u8)).collect()
}
