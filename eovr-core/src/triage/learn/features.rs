//! The features of a narrative for a linear model: hashed words, pairs of words, and pieces of words.
//!
//! Each falls into one of the 2¹⁶ buckets of its block by the hash function below, so that a model file has the same
//! meaning on every machine. Two words may share a bucket; with so many buckets this has little effect.

use crate::triage::text::{Text, Word, arabic_forms};

/// Buckets of one block.
pub(in crate::triage) const BUCKETS: usize = 1 << 16;
/// The blocks: words with pairs of words, and pieces of words.
pub(in crate::triage) const BLOCKS: usize = 2;
/// All buckets: first those of words, then those of pieces.
pub(in crate::triage) const WIDTH: usize = BUCKETS * BLOCKS;

/// The number of buckets that share one slot of a model. A model with many labels has many weights per bucket, so
/// neighbouring buckets share a slot. A quarter of the slots cost 0.003 of the area under the ROC curve on the tested
/// data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fold(u32);

impl Fold {
    /// More labels than this count as many.
    const FEW: usize = 256;

    pub(super) fn of(labels: usize) -> Self {
        Self(if labels > Self::FEW { 2 } else { 0 })
    }

    /// The slot of a bucket. Blocks stay separate.
    pub(super) fn slot(self, bucket: u32) -> u32 {
        bucket >> self.0
    }

    /// The number of slots of one block.
    pub(super) fn of_block(self) -> usize {
        BUCKETS >> self.0
    }

    /// The number of all slots.
    pub(super) fn slots(self) -> usize {
        WIDTH >> self.0
    }
}

/// The lengths of word pieces, in letters; the edges of the word count as one letter each.
const SHORTEST: usize = 3;
const LONGEST: usize = 5;
/// A longer word (a pasted key, a row of dashes) is cut into pieces only up to this length.
const LETTERS: usize = 40;

/// Reads narratives. It reuses its memory, so that a word needs no allocation.
#[derive(Debug, Default)]
pub(in crate::triage) struct Reader {
    // A table with open addressing: bucket + 1, or 0 where free; and the number of occurrences.
    table: Vec<(u32, u32)>,
    seen: Vec<u32>,
    letters: Vec<char>,
    form: String,
}

impl Reader {
    /// The buckets that occur, with their counts, in the order of first occurrence.
    pub(in crate::triage) fn read<'r>(&'r mut self, text: &Text) -> impl Iterator<Item = (u32, u32)> + 'r {
        self.clear(text);
        let mut before = 0;
        let mut letters = std::mem::take(&mut self.letters);
        let mut form = std::mem::take(&mut self.form);
        for word in &text.words {
            before = each_of(text, word, before, &mut letters, &mut form, |bucket, _| self.add(bucket));
        }
        self.letters = letters;
        self.form = form;
        let table = &self.table;
        self.seen.iter().filter_map(move |&slot| table.get(slot as usize)).map(|&(key, n)| (key - 1, n))
    }

    /// Calls `each` with the buckets of every word, by the word's index. `paired` marks a pair, which also belongs to
    /// the previous word.
    pub(in crate::triage) fn by_word(&mut self, text: &Text, mut each: impl FnMut(usize, u32, bool)) {
        let mut before = 0;
        for (place, word) in text.words.iter().enumerate() {
            before = each_of(text, word, before, &mut self.letters, &mut self.form, |bucket, paired| {
                each(place, bucket, paired);
            });
        }
    }

    /// The count of a bucket in the text that was read last.
    pub(super) fn count(&self, bucket: u32) -> u32 {
        let mask = self.table.len().saturating_sub(1);
        let mut slot = first_slot(bucket) & mask;
        while let Some(&(key, count)) = self.table.get(slot) {
            if key == bucket + 1 || key == 0 {
                return count;
            }
            slot = (slot + 1) & mask;
        }
        0
    }

    fn clear(&mut self, text: &Text) {
        for &slot in &self.seen {
            if let Some(slot) = self.table.get_mut(slot as usize) {
                *slot = (0, 0);
            }
        }
        self.seen.clear();
        // At most half full: a word adds itself, a pair, its bare form and three pieces per letter.
        let most: usize = text.words.iter().map(|word| 3 + 3 * (text.spelling(word).len() + 2)).sum();
        let size = (2 * most.min(WIDTH)).next_power_of_two().max(64);
        if size > self.table.len() {
            self.table = vec![(0, 0); size];
        }
    }

    fn add(&mut self, bucket: u32) {
        let mask = self.table.len() - 1;
        let mut slot = first_slot(bucket) & mask;
        while let Some(entry) = self.table.get_mut(slot) {
            if entry.0 == 0 {
                *entry = (bucket + 1, 1);
                self.seen.push(slot as u32);
                return;
            }
            if entry.0 == bucket + 1 {
                entry.1 += 1;
                return;
            }
            slot = (slot + 1) & mask;
        }
    }
}

/// The start of the search for a bucket.
fn first_slot(bucket: u32) -> usize {
    (bucket.wrapping_mul(0x9E37_79B1) >> 7) as usize
}

/// Calls `each` with every bucket of a word, and whether it is a pair; returns the word's own hash.
fn each_of(
    text: &Text,
    word: &Word,
    before: u64,
    letters: &mut Vec<char>,
    form: &mut String,
    mut each: impl FnMut(u32, bool),
) -> u64 {
    let spelling = text.spelling(word);
    let own = whole(spelling);
    each(bucket(own, 0), false);
    each(bucket(step(own, before), 0), true);
    if word.arabic {
        // The barest form is added to the word as written and does not replace it.
        let mut bare = own;
        let mut shortest = spelling.len();
        arabic_forms(spelling, form, |form, _| {
            if form.len() < shortest {
                shortest = form.len();
                bare = whole(form);
            }
        });
        if bare != own {
            each(bucket(step(bare, 1), 0), false);
        }
    }
    letters.clear();
    letters.push(' ');
    letters.extend(spelling.chars().take(LETTERS));
    letters.push(' ');
    let mut rest = letters.as_slice();
    while rest.len() >= SHORTEST {
        let mut hash = SEED;
        for (place, &letter) in rest.iter().take(LONGEST).enumerate() {
            hash = step(hash, u64::from(u32::from(letter)));
            if place + 1 >= SHORTEST {
                each(bucket(hash, 1), false);
            }
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    own
}

const SEED: u64 = 0xCBF2_9CE4_8422_2325;

fn whole(word: &str) -> u64 {
    word.bytes().fold(SEED, |hash, byte| step(hash, u64::from(byte)))
}

fn step(hash: u64, next: u64) -> u64 {
    (hash ^ next).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23)
}

fn bucket(hash: u64, block: u32) -> u32 {
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (mixed >> 48) as u32 + block * BUCKETS as u32
}
