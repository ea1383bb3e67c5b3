//! The file format of a model: a version, a card in plain JSON, the numbers, and a digest of everything.
//!
//! `eovr-tm` and a line feed; the version, then the length of the head, as little-endian 32-bit numbers; the head as
//! JSON; the numbers as little-endian `f32`; for each bucket its rarity and its weights, one byte each; SHA-256 of
//! everything before it. The same model always has the same bytes.
//!
//! Version 2 has two more numbers that adjust the probability of high risk, or allows several labels, or has more than
//! 256. A model with none of these is written as version 1, so an old file is read and written unchanged.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::calibration::{Calibration, HighStep, Link};
use super::decision::Decision;
use super::features::{BLOCKS, Fold};
use super::model::spread;
use super::{Card, Plan, TextModel};
use crate::error::{Error, ErrorKind, Result};

const MAGIC: &[u8; 8] = b"eovr-tm\n";
const VERSION: u32 = 2;
const DIGEST: usize = 32;
/// Weights of a training are much smaller, and sums of products of such numbers stay finite.
pub(in crate::triage) const GREATEST: f32 = 1e9;

#[derive(Serialize, Deserialize)]
struct Head {
    card: Card,
    /// Whether the last numbers are thresholds of levels or offsets.
    cuts: bool,
    /// Whether a narrative may have several labels; the last numbers are then thresholds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    several: bool,
    /// Whether two more numbers follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    high_step: bool,
}

impl Head {
    /// The file version that this head requires.
    fn version(&self) -> u32 {
        const FEW_LABELS: usize = 256;
        if self.several || self.high_step || self.card.labels.len() > FEW_LABELS { VERSION } else { 1 }
    }
}

impl TextModel {
    /// The model as the bytes of a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (cuts, decided) = match &self.decision {
            Decision::Cuts(cuts) => (true, cuts),
            Decision::Allowances(decided) | Decision::Thresholds(decided) => (false, decided),
        };
        let several = self.calibration.link == Link::AnyOf;
        let step = self.calibration.high.map(|(_, step)| [step.slope, step.shift]);
        let head = Head { card: self.card.clone(), cuts, several, high_step: step.is_some() };
        let version = head.version();
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let mut bytes = Vec::with_capacity(head.len() + self.buckets.len() + 4096);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&version.to_le_bytes());
        bytes.extend_from_slice(&(head.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&head);
        let numbers = self.scales.iter().chain(&self.intercepts).chain([&self.calibration.slope]);
        for number in numbers.chain(&self.calibration.shifts).chain(decided).chain(step.iter().flatten()) {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        let used = self.labels().len() + 1;
        let rows = self.buckets.chunks(self.width);
        bytes.extend(rows.flat_map(|row| row.iter().take(used)).map(|byte| byte.to_le_bytes()[0]));
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    /// Reads a model from the bytes of its file.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where it is not a model or has a newer version;
    /// [`Tampered`](ErrorKind::Tampered) where it is truncated or was changed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut rest = Rest(bytes);
        if rest.take(MAGIC.len()).is_none_or(|magic| magic != MAGIC) {
            return Err(
                Error::invalid("this is no model file").with_help("make one with `eovr-server train`")
            );
        }
        let version = rest.number().ok_or_else(cut_off)?;
        if version > VERSION {
            return Err(Error::invalid("the model file is of a newer version")
                .with_help("use the eovr that made it, or a later one")
                .with("version", version)
                .with("known", VERSION));
        }
        let body = bytes.len().checked_sub(DIGEST).ok_or_else(cut_off)?;
        let (body, digest) = bytes.split_at(body);
        let length = rest.number().ok_or_else(cut_off)? as usize;
        let head = rest.take(length).ok_or_else(cut_off)?;
        if Sha256::digest(body).as_slice() != digest {
            return Err(cut_off());
        }
        let head: Head = serde_json::from_slice(head).map_err(|error| cut_off().because(error))?;
        if head.version() != version {
            return Err(cut_off());
        }
        let Head { card, cuts, several, high_step } = head;
        let classes = card.labels.len();
        if !(2..=Plan::MOST_LABELS).contains(&classes)
            || card.high_from.is_some_and(|high| high == 0 || high >= classes)
            || (several && (cuts || card.high_from.is_some()))
        {
            return Err(cut_off());
        }
        let scales = rest.floats(BLOCKS * classes)?;
        let intercepts = rest.floats(classes)?;
        let slope = rest.floats(1)?.first().copied().unwrap_or_default();
        let shifts = rest.floats(classes)?;
        let decided = rest.floats(classes - usize::from(cuts))?;
        let (decision, link) = match (several, cuts) {
            (true, _) => (Decision::Thresholds(decided), Link::AnyOf),
            (false, true) => (Decision::Cuts(decided), Link::OneOf),
            (false, false) => (Decision::Allowances(decided), Link::OneOf),
        };
        let step = rest.floats(if high_step { 2 } else { 0 })?;
        let high = match (step.as_slice(), card.high_from) {
            (&[slope, shift], Some(from)) => Some((from, HighStep { slope, shift })),
            (&[], _) => None,
            _ => return Err(cut_off()),
        };
        let packed = rest.take(Fold::of(classes).slots() * (classes + 1)).ok_or_else(cut_off)?;
        let unseen = packed.iter().step_by(classes + 1).copied().max().unwrap_or_default();
        let (buckets, width) = spread(packed, classes);
        if rest.0.len() != DIGEST {
            return Err(cut_off());
        }
        let calibration = Calibration { slope, shifts, link, high };
        let version = short(digest);
        Ok(Self { card, buckets, width, unseen, scales, intercepts, calibration, decision, version })
    }

    /// The version that is stored with its suggestions: the beginning of the file's digest.
    pub(super) fn digest(&self) -> String {
        let bytes = self.to_bytes();
        short(bytes.get(bytes.len() - DIGEST..).unwrap_or_default())
    }
}

fn short(digest: &[u8]) -> String {
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cold]
fn cut_off() -> Error {
    Error::new(ErrorKind::Tampered, "the model file is cut off or was changed").with_help("copy it again")
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn floats(&mut self, count: usize) -> Result<Vec<f32>> {
        let bytes = self.take(count * 4).ok_or_else(cut_off)?;
        let floats: Vec<f32> =
            bytes.chunks_exact(4).filter_map(|four| four.try_into().ok().map(f32::from_le_bytes)).collect();
        if floats.iter().all(|float| float.abs() <= GREATEST) { Ok(floats) } else { Err(cut_off()) }
    }
}
