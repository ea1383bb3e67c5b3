//! Labelled narratives as sparse rows of numbers.

use super::features::{BLOCKS, Fold, Reader};
use crate::triage::text::Text;

/// The unit of the buckets' rarity weights: sixteenths, so that one byte holds a weight.
pub(super) const RARITY_STEP: f32 = 1.0 / 16.0;

/// Rows of buckets with their values. Nothing else of a narrative is kept.
#[derive(Debug)]
pub(super) struct Corpus {
    starts: Vec<usize>,
    buckets: Vec<u32>,
    values: Vec<f32>,
    label_starts: Vec<usize>,
    /// The labels of all rows, one after the other.
    pub(super) labels: Vec<usize>,
}

impl Corpus {
    pub(super) fn new() -> Self {
        Self {
            starts: vec![0],
            buckets: Vec::new(),
            values: Vec::new(),
            label_starts: vec![0],
            labels: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, reader: &mut Reader, text: &Text, labels: &[usize]) {
        for (bucket, count) in reader.read(text) {
            self.buckets.push(bucket);
            self.values.push(dampened(count));
        }
        self.starts.push(self.buckets.len());
        self.labels.extend_from_slice(labels);
        self.label_starts.push(self.labels.len());
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The labels of a row: exactly one, or any number where several are allowed.
    pub(super) fn labels_of(&self, row: usize) -> &[usize] {
        let edge = |at: usize| self.label_starts.get(at).copied().unwrap_or_default();
        self.labels.get(edge(row)..edge(row + 1)).unwrap_or_default()
    }

    /// The buckets of a row with their values.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = (usize, f32)> {
        let range = self.range(row);
        let buckets = self.buckets.get(range.clone()).unwrap_or_default();
        let values = self.values.get(range).unwrap_or_default();
        buckets.iter().zip(values).map(|(&bucket, &value)| (bucket as usize, value))
    }

    /// Weights every bucket by its rarity, then normalises words and word pieces of each row to length 1 each. Returns
    /// the rarities, which scoring needs. The buckets must be folded already.
    pub(super) fn weigh(&mut self, fold: Fold) -> Vec<u8> {
        for bucket in &mut self.buckets {
            *bucket = fold.slot(*bucket);
        }
        let mut rows_with = vec![0_u32; fold.slots()];
        for &bucket in &self.buckets {
            if let Some(rows) = rows_with.get_mut(bucket as usize) {
                *rows += 1;
            }
        }
        let rows = self.len() as f32;
        let rarity: Vec<u8> = rows_with.iter().map(|&with| rarity(rows, with as f32)).collect();
        for (&bucket, value) in self.buckets.iter().zip(&mut self.values) {
            *value *= f32::from(rarity.get(bucket as usize).copied().unwrap_or_default()) * RARITY_STEP;
        }
        for row in 0..self.len() {
            let mut squares = [0.0_f32; BLOCKS];
            for (bucket, value) in self.row(row) {
                if let Some(square) = squares.get_mut(bucket / fold.of_block()) {
                    *square += value * value;
                }
            }
            let shrink = squares.map(to_length_one);
            let range = self.range(row);
            let buckets = self.buckets.get(range.clone()).unwrap_or_default();
            for (&bucket, value) in buckets.iter().zip(self.values.get_mut(range).unwrap_or_default()) {
                *value *= shrink.get(bucket as usize / fold.of_block()).copied().unwrap_or_default();
            }
        }
        rarity
    }

    fn range(&self, row: usize) -> std::ops::Range<usize> {
        let edge = |at: usize| self.starts.get(at).copied().unwrap_or_default();
        edge(row)..edge(row + 1)
    }
}

/// A repeated word has more weight than a single one, but less than proportionally.
pub(in crate::triage) fn dampened(count: u32) -> f32 {
    if count == 1 { 1.0 } else { 1.0 + libm::logf(count as f32) }
}

pub(in crate::triage) fn to_length_one(squares: f32) -> f32 {
    // IEEE 754 defines the square root exactly, so it is equal on every machine.
    if squares > 0.0 { 1.0 / squares.sqrt() } else { 0.0 }
}

fn rarity(rows: f32, with: f32) -> u8 {
    let exact = libm::logf((1.0 + rows) / (1.0 + with)) + 1.0;
    (exact / RARITY_STEP + 0.5).clamp(0.0, 255.0) as u8
}
