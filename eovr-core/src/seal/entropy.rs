use std::fmt;

use aes_gcm::aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes_gcm::aes::{Aes256, Block};
use zeroize::Zeroize;

/// A prefix of every block, which separates this stream from any other use of AES, in case a host uses the same 32
/// bytes elsewhere.
const DOMAIN: u64 = u64::from_be_bytes(*b"eovr.ent");

/// Random bytes for one attempt at one decision, all from one seed.
///
/// The core has no source of randomness: the caller draws 32 bytes from the operating system. The stream is AES-256
/// over a counter, with the seed as key. Without the seed it is indistinguishable from random bytes, so a nonce or key
/// from it is as good as the seed. The same seed gives the same decision, byte for byte, so tests are reproducible.
///
/// ```
/// use eovr_core::seal::Entropy;
///
/// # let seed = [7; 32];
/// let mut entropy = Entropy::from_seed(&seed); // 32 bytes of the operating system
/// let (mut one, mut next) = ([0; 12], [0; 12]);
/// entropy.fill(&mut one);
/// entropy.fill(&mut next);
/// assert_ne!(one, next);
/// ```
///
/// # One seed, one attempt
/// A seed must **never** be used twice. A second decision after a conflict with the same seed would seal two different
/// texts under one nonce, and AES-GCM would then reveal both texts and allow forgery. Therefore every attempt draws its
/// own seed, and `Entropy` cannot be cloned.
pub struct Entropy {
    // The expanded key is wiped on drop. The seed itself is not kept.
    cipher: Aes256,
    counter: u64,
}

impl Entropy {
    /// Makes a stream from 32 random bytes of the operating system. The caller must wipe them.
    ///
    /// The function takes a reference, because rustc 1.95 at `opt-level = 1` passes a copied array by its address, so
    /// wiping the parameter would wipe the caller's own copy.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self { cipher: Aes256::new(seed.into()), counter: 0 }
    }

    /// Fills `out` with the next bytes. Each call begins on a fresh block, so its result does not depend on where an
    /// earlier call stopped.
    pub fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(16) {
            let input = (u128::from(DOMAIN) << 64) | u128::from(self.counter);
            self.counter += 1; // 2^64 blocks are out of reach
            let mut block = Block::from(input.to_be_bytes());
            self.cipher.encrypt_block(&mut block);
            chunk.iter_mut().zip(&block).for_each(|(out, byte)| *out = *byte);
            block.as_mut_slice().zeroize();
        }
    }
}

/// Prints the number of drawn blocks, and none of their bytes.
impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entropy({} blocks drawn)", self.counter)
    }
}
