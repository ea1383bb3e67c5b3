//! A trained model and its answers.

use std::borrow::Cow;
use std::ops::Range;

use super::Card;
use super::calibration::Calibration;
use super::corpus::{dampened, to_length_one};
use super::decision::Decision;
use super::descent::Weights;
use super::features::{BLOCKS, BUCKETS, Fold, Reader};
use crate::triage::text::Text;
use crate::triage::{Case, Model, Reason, Scorer, Suggestion};

/// A linear model over hashed words, with one byte per weight.
#[derive(Clone, PartialEq)]
pub struct TextModel {
    pub(super) card: Card,
    /// For each bucket its rarity, then its weight for each class. Adjacent values need a single memory access per
    /// bucket.
    pub(super) buckets: Vec<i8>,
    /// The number of bytes per bucket.
    pub(super) width: usize,
    /// The rarity of an unseen bucket.
    pub(super) unseen: u8,
    /// The value of one weight step: for each block, for each class.
    pub(super) scales: Vec<f32>,
    pub(super) intercepts: Vec<f32>,
    pub(super) calibration: Calibration,
    pub(super) decision: Decision,
    pub(super) version: String,
}

/// A model's answer about a narrative.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The probability of each label, calibrated on held-out rows of the model's data.
    pub probabilities: Vec<f64>,
    /// The index of the chosen label. It need not be the most likely one; see the card.
    pub label: usize,
    /// The indices of all chosen labels, where a narrative may have several; otherwise empty, and `label` is the
    /// answer.
    pub labels: Vec<usize>,
    /// The probability of high risk, if the model has high-risk labels. It is calibrated in a separate step, and
    /// `probabilities` add up to it.
    pub high: Option<f64>,
    /// The text has no words, or most of them are unknown to the model, so the answer has no value.
    pub abstained: bool,
}

/// The exact explanation of an answer: the shares and the rest add up to the margin.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// The lead of the explained side in log odds, before calibration: high risk against the others, or the chosen
    /// label against the mean of the others.
    pub margin: f32,
    /// The contribution of each word, in the order of the text.
    pub words: Vec<Share>,
    /// The contribution without any word.
    pub rest: f32,
}

/// The contribution of one word.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Bytes of the original narrative.
    pub span: Range<usize>,
    /// The contribution to the margin; a negative value is against it.
    pub share: f32,
}

/// The memory for reading. When it is reused for the next narrative, reading needs no allocation per word.
#[derive(Debug, Default)]
pub struct TextReader {
    reader: Reader,
    scores: Vec<f32>,
}

impl TextModel {
    pub(super) fn new(
        card: Card,
        rarity: &[u8],
        learned: &Weights,
        calibration: Calibration,
        decision: Decision,
    ) -> Self {
        let classes = card.labels.len();
        let of_block = Fold::of(classes).of_block() * classes;
        let place = |at: usize| at / of_block * classes + at % classes;
        let mut scales = vec![0.0_f32; BLOCKS * classes];
        for (at, weight) in learned.of.iter().enumerate() {
            if let Some(scale) = scales.get_mut(place(at)) {
                *scale = scale.max(weight.abs() / 127.0);
            }
        }
        let step = |(at, weight): (usize, &f32)| {
            let scale = scales.get(place(at)).copied().unwrap_or_default();
            let steps = if scale > 0.0 { weight / scale } else { 0.0 };
            // Rounds half away from zero explicitly, so that it is equal everywhere.
            (steps + if steps < 0.0 { -0.5 } else { 0.5 }) as i8
        };
        let weights: Vec<i8> = learned.of.iter().enumerate().map(step).collect();
        let rows = weights.chunks(classes).zip(rarity);
        let packed: Vec<u8> = rows
            .flat_map(|(row, &rarity)| std::iter::once(rarity).chain(row.iter().map(|w| w.to_le_bytes()[0])))
            .collect();
        let intercepts = learned.intercepts.clone();
        let (buckets, width) = spread(&packed, classes);
        let unseen = rarity.iter().copied().max().unwrap_or_default();
        let mut model = Self {
            card,
            buckets,
            width,
            unseen,
            scales,
            intercepts,
            calibration,
            decision,
            version: String::new(),
        };
        model.version = model.digest();
        model
    }

    /// The model card: origin and performance.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The possible labels of an answer.
    pub fn labels(&self) -> &[String] {
        &self.card.labels
    }

    /// Reads a narrative. For many narratives, [`read_with`](Self::read_with) is faster.
    pub fn read(&self, narrative: &str) -> Answer {
        self.read_with(&mut TextReader::default(), narrative)
    }

    /// Reads a narrative with reused memory.
    pub fn read_with(&self, memory: &mut TextReader, narrative: &str) -> Answer {
        self.answer(memory, &Text::read(narrative))
    }

    fn answer(&self, memory: &mut TextReader, text: &Text) -> Answer {
        let (_, known) = self.score(memory, text);
        self.decided(memory, known)
    }

    /// The answer for the scores in `memory`.
    fn decided(&self, memory: &mut TextReader, known: f32) -> Answer {
        self.calibration.apply(&mut memory.scores);
        let probabilities: Vec<f64> = memory.scores.iter().map(|&p| f64::from(p)).collect();
        Answer {
            label: self.decision.choose(&memory.scores),
            labels: self.decision.chosen(&memory.scores),
            high: self.card.high_from.map(|high| probabilities.iter().skip(high).sum::<f64>().min(1.0)),
            abstained: known < 0.5,
            probabilities,
        }
    }

    /// Writes the scores into `memory`. Returns the inverse length of each block, and the share of the narrative's
    /// buckets that the model knows.
    fn score(&self, memory: &mut TextReader, text: &Text) -> ([f32; BLOCKS], f32) {
        let classes = self.labels().len();
        let TextReader { reader, scores } = memory;
        scores.clear();
        let mut squares = [0.0_f32; BLOCKS];
        let (mut known, mut all) = (0_u32, 0_u32);
        let seen = reader.read(text).map(|(bucket, count)| {
            let rarity = self.rarity(bucket);
            let value = dampened(count) * f32::from(rarity);
            all += 1;
            known += u32::from(rarity < self.unseen);
            if let Some(square) = squares.get_mut(bucket as usize / BUCKETS) {
                *square += value * value;
            }
            (bucket as usize, value)
        });
        // A constant number of weights lets the compiler reduce a bucket to a few instructions.
        match self.width {
            4 => {
                scores.extend(self.sums::<4>(seen).iter().flat_map(|sums| sums.iter().skip(1).take(classes)))
            }
            8 => {
                scores.extend(self.sums::<8>(seen).iter().flat_map(|sums| sums.iter().skip(1).take(classes)))
            }
            16 => {
                scores.extend(self.sums::<16>(seen).iter().flat_map(|sums| sums.iter().skip(1).take(classes)))
            }
            _ => self.sums_of_many(seen, scores),
        }
        let lengths = squares.map(to_length_one);
        let (words, pieces) = scores.split_at_mut(classes);
        let (words_scale, pieces_scale) = self.scales.split_at(classes.min(self.scales.len()));
        let [words_length, pieces_length] = lengths;
        let parts = words.iter_mut().zip(pieces).zip(words_scale).zip(pieces_scale).zip(&self.intercepts);
        for ((((word, piece), word_scale), piece_scale), intercept) in parts {
            *word = *word * words_length * word_scale + *piece * pieces_length * piece_scale + intercept;
        }
        scores.truncate(classes);
        (lengths, if all == 0 { 0.0 } else { known as f32 / all as f32 })
    }

    /// The sums of the weights of each block. The first element is not used.
    fn sums<const WIDTH: usize>(&self, seen: impl Iterator<Item = (usize, f32)>) -> [[f32; WIDTH]; BLOCKS] {
        let mut sums = [[0.0; WIDTH]; BLOCKS];
        let (rows, _) = self.buckets.as_chunks::<WIDTH>();
        for (bucket, value) in seen {
            if let (Some(row), Some(sums)) = (rows.get(bucket), sums.get_mut(bucket / BUCKETS)) {
                for (sum, &weight) in sums.iter_mut().zip(row) {
                    *sum += value * f32::from(weight);
                }
            }
        }
        sums
    }

    fn sums_of_many(&self, seen: impl Iterator<Item = (usize, f32)>, sums: &mut Vec<f32>) {
        let classes = self.labels().len();
        sums.resize(BLOCKS * classes, 0.0);
        for (bucket, value) in seen {
            let block = bucket / BUCKETS;
            let into = sums.get_mut(block * classes..(block + 1) * classes).unwrap_or_default();
            for (sum, &weight) in into.iter_mut().zip(self.weights(bucket)) {
                *sum += value * f32::from(weight);
            }
        }
    }

    fn rarity(&self, bucket: u32) -> u8 {
        let rarity = self.buckets.get(self.slot(bucket) * self.width).copied().unwrap_or_default();
        rarity.to_le_bytes()[0]
    }

    /// The slot of a bucket.
    fn slot(&self, bucket: u32) -> usize {
        Fold::of(self.labels().len()).slot(bucket) as usize
    }

    /// The weights of a bucket, one for each class.
    pub(super) fn weights(&self, bucket: usize) -> &[i8] {
        let first = self.slot(bucket as u32) * self.width + 1;
        self.buckets.get(first..first + self.labels().len()).unwrap_or_default()
    }

    /// Says which words support high risk (if the model has high-risk labels, otherwise the chosen label) and which
    /// oppose it.
    pub fn explain(&self, narrative: &str) -> Explained {
        self.explain_with(&mut TextReader::default(), narrative).1
    }

    /// The answer and its explanation, with reused memory.
    pub fn explain_with(&self, memory: &mut TextReader, narrative: &str) -> (Answer, Explained) {
        let text = Text::read(narrative);
        let (lengths, known) = self.score(memory, &text);
        let side_scores = memory.scores.clone();
        let answer = self.decided(memory, known);
        let direction = self.direction(answer.label);
        let along = |values: &[f32]| -> f32 { values.iter().zip(&direction).map(|(v, d)| v * d).sum() };
        let margin = along(&side_scores);
        let rest = along(&self.intercepts);
        let classes = direction.len();
        // The value of one weight step along the direction, for each block and class.
        let worth: Vec<f32> = self.scales.iter().zip(direction.iter().cycle()).map(|(s, d)| s * d).collect();
        let mut shares = vec![0.0_f32; text.words.len()];
        // The counts are already known, so each occurrence gets its share.
        let counted = std::mem::take(&mut memory.reader);
        Reader::default().by_word(&text, |place, bucket, paired| {
            let count = counted.count(bucket).max(1);
            let block = bucket as usize / BUCKETS;
            let (rarity, weights) = (f32::from(self.rarity(bucket)), self.weights(bucket as usize));
            let length = lengths.get(block).copied().unwrap_or_default();
            let worth = worth.get(block * classes..(block + 1) * classes).unwrap_or_default();
            let sum: f32 = weights.iter().zip(worth).map(|(&weight, worth)| f32::from(weight) * worth).sum();
            let part = sum * length * rarity * dampened(count) / count as f32;
            let before = place.checked_sub(1).filter(|_| paired);
            let own = if before.is_some() { part / 2.0 } else { part };
            shares.get_mut(place).into_iter().for_each(|share| *share += own);
            if let Some(share) = before.and_then(|before| shares.get_mut(before)) {
                *share += part / 2.0;
            }
        });
        memory.reader = counted;
        let words = text.words.iter().zip(shares);
        let words = words.map(|(word, share)| Share { span: word.span.clone(), share }).collect();
        (answer, Explained { margin, words, rest })
    }

    /// The mean of one side minus the mean of the other.
    fn direction(&self, label: usize) -> Vec<f32> {
        let classes = self.labels().len();
        let ours = |class: usize| self.card.high_from.map_or(class == label, |high| class >= high);
        let count = (0..classes).filter(|&class| ours(class)).count() as f32;
        let side = |class| if ours(class) { 1.0 / count } else { -1.0 / (classes as f32 - count) };
        (0..classes).map(side).collect()
    }
}

/// The rarity and weights of each bucket, padded to 4, 8 or 16 bytes for alignment.
pub(super) fn spread(packed: &[u8], classes: usize) -> (Vec<i8>, usize) {
    let width = match classes + 1 {
        ..=4 => 4,
        5..=8 => 8,
        9..=16 => 16,
        more => more,
    };
    let mut buckets = vec![0; packed.len() / (classes + 1) * width];
    for (row, into) in packed.chunks(classes + 1).zip(buckets.chunks_mut(width)) {
        into.iter_mut().zip(row).for_each(|(into, &byte)| *into = i8::from_le_bytes([byte]));
    }
    (buckets, width)
}

/// Does not print the weights. The model does not contain the words of its training data.
impl std::fmt::Debug for TextModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextModel").field("card", &self.card).field("version", &self.version).finish()
    }
}

/// The maximum number of words in the reasons.
const REASONS: usize = 8;

impl Scorer for TextModel {
    fn model(&self) -> Model {
        Model { id: Cow::Owned(self.card.name.clone()), version: Cow::Owned(self.version.clone()) }
    }

    /// The score is the probability of high risk in hundredths; it is valid for data like the card's.
    ///
    /// Reasons contain positions and no words, because a word could identify a person. The points of the shown words
    /// and of the remainder add up to the score.
    fn score(&self, case: &Case<'_>) -> Suggestion {
        let (answer, explained) = self.explain_with(&mut TextReader::default(), case.narrative);
        let chance = answer.high.filter(|_| !answer.abstained);
        let flagged = chance.zip(self.card.flag_above).is_some_and(|(high, above)| high > above);
        let suggestion = Suggestion::of_chance(self.model(), chance, flagged);
        let reasons = if suggestion.abstained { Vec::new() } else { reasons(&explained, suggestion.score) };
        Suggestion { reasons, ..suggestion }
    }
}

fn reasons(explained: &Explained, score: u8) -> Vec<Reason> {
    let mut words: Vec<&Share> = explained.words.iter().collect();
    words.sort_by(|a, b| b.share.abs().total_cmp(&a.share.abs()));
    words.truncate(REASONS);
    let total: f32 = explained.words.iter().map(|word| word.share.abs()).sum();
    let mut left = i16::from(score);
    let mut reasons: Vec<Reason> = words
        .into_iter()
        .filter_map(|word| {
            // A word's points are its share of 100.
            let points = (word.share / total * 100.0) as i16;
            left -= points;
            (points != 0).then(|| reason("word", Some(word.span.clone()), points))
        })
        .collect();
    if left != 0 {
        reasons.push(reason("other_words", None, left));
    }
    reasons
}

fn reason(rule: &'static str, span: Option<Range<usize>>, points: i16) -> Reason {
    let gloss = if span.is_some() {
        "a word, by what the model learned"
    } else {
        "the other words and the base rate"
    };
    Reason { rule: Cow::Borrowed(rule), span, term: Cow::Borrowed(""), gloss: Cow::Borrowed(gloss), points }
}
