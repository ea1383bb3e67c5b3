use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::ports::EntropySource;

/// SplitMix64 (Steele, Lea and Flood 2014): a random generator that repeats from its seed. Not for secrets.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of several; `None` where there are none.
    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    pub(super) fn ten_bytes(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        let halves = self.next().to_be_bytes().into_iter().chain(self.next().to_be_bytes());
        bytes.iter_mut().zip(halves).for_each(|(byte, random)| *byte = random);
        bytes
    }
}

/// Entropy from the seed, so that runs with the same seed are identical to the byte.
#[derive(Debug)]
pub(super) struct SeededEntropy(Mutex<Random>);

impl SeededEntropy {
    pub(super) fn new(seed: u64) -> Self {
        Self(Mutex::new(Random::new(seed)))
    }
}

impl EntropySource for SeededEntropy {
    fn seed(&self) -> Result<[u8; 32]> {
        let mut random = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seed = [0; 32];
        for chunk in seed.chunks_mut(8) {
            chunk.iter_mut().zip(random.next().to_be_bytes()).for_each(|(byte, random)| *byte = random);
        }
        Ok(seed)
    }
}
