use std::fmt;

use aes_gcm::aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes_gcm::aes::{Aes256, Block};
use zeroize::Zeroize;

/// The blocks that are enciphered begin with this, so that the stream meets no other use of AES, should
/// a host ever give the same 32 bytes to something else.
const DOMAIN: u64 = u64::from_be_bytes(*b"eovr.ent");

/// Random bytes for one attempt at one decision, all from one seed.
///
/// The core has no source of randomness: the caller draws 32 bytes from the operating system and hands
/// them in. The stream is AES-256 over a counter, keyed by the seed. Nobody who does not know the seed
/// can tell it from true randomness, so a nonce or key taken from it is as good as the seed, and the
/// same seed gives the same decision again, byte for byte, which is how tests own chance.
///
/// # One seed, one attempt
/// A seed must **never** be used twice. Deciding again after a conflict with the same seed would seal
/// two different texts under one nonce, and AES-GCM then gives away both texts and the power to forge.
/// So every attempt draws its own seed, and `Entropy` cannot be cloned.
pub struct Entropy {
    // The expanded key wipes itself on drop; the seed is not kept besides it.
    cipher: Aes256,
    counter: u64,
}

impl Entropy {
    /// A stream from 32 bytes of the operating system's randomness. The caller wipes them.
    ///
    /// They are not taken by value and wiped here, which would look tidier: rustc 1.95 at `opt-level = 1`
    /// passes a copied array by its address, and the wiping would reach the caller's own copy.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self { cipher: Aes256::new(seed.into()), counter: 0 }
    }

    /// Fills `out` with the next bytes. Each call begins on a fresh block, so that what one call
    /// returns does not depend on where an earlier one stopped.
    pub fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(16) {
            let input = (u128::from(DOMAIN) << 64) | u128::from(self.counter);
            self.counter += 1; // 2^64 blocks cannot be drawn in a lifetime
            let mut block = Block::from(input.to_be_bytes());
            self.cipher.encrypt_block(&mut block);
            chunk.iter_mut().zip(&block).for_each(|(out, byte)| *out = *byte);
            block.as_mut_slice().zeroize();
        }
    }
}

/// Shows how much was drawn, never what.
impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entropy({} blocks drawn)", self.counter)
    }
}
