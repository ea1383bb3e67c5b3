//! The file format of a learner: magic bytes, version, window, trained buckets, SHA-256.

use sha2::{Digest as _, Sha256};

use super::window::{EVERY, Line, MOST, Seen, Window};
use super::{GIVEN, LocalLearner, WIDTH};
use crate::error::{Error, ErrorKind, Result};
use crate::triage::learn::GREATEST;

const MAGIC: &[u8; 8] = b"eovr-ll\n";
const VERSION: u32 = 1;
const DIGEST: usize = 32;

impl LocalLearner {
    /// The learner as bytes, about 12 bytes for each trained bucket. They contain no text.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.reviews.to_le_bytes());
        let Window { seen, rules, learner, in_charge, flag_above, since } = &self.window;
        for line in [rules, learner] {
            bytes.extend(line.slope.to_le_bytes());
            bytes.extend(line.shift.to_le_bytes());
        }
        bytes.push(u8::from(*in_charge));
        bytes.extend(flag_above.to_le_bytes());
        bytes.extend(since.to_le_bytes());
        bytes.extend((seen.len() as u32).to_le_bytes());
        for seen in seen {
            // A log loss is never negative, so -1 stands for `None`.
            let (ours, theirs) = seen.surprise.unwrap_or((-1.0, -1.0));
            for number in [seen.rules, seen.margin, ours, theirs] {
                bytes.extend(number.to_le_bytes());
            }
            bytes.push(u8::from(seen.high));
        }
        for (place, (weight, square)) in self.weights.iter().zip(&self.squares).enumerate() {
            if *square > 0.0 {
                bytes.extend((place as u32).to_le_bytes());
                bytes.extend(weight.to_le_bytes());
                bytes.extend(square.to_le_bytes());
            }
        }
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    /// A learner from its bytes.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput) if the bytes are not a learner or are of a newer version;
    /// [`Tampered`](ErrorKind::Tampered) if they are truncated or changed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let Some(rest) = bytes.strip_prefix(MAGIC) else {
            return Err(Error::invalid("this is not a stored learner").with_help("start a new one"));
        };
        let mut rest = Rest(rest);
        let version = u32::from_le_bytes(rest.take()?);
        if version > VERSION {
            return Err(Error::invalid("the learner is of a newer version")
                .with_help("use the eovr version that wrote it, or a later one")
                .with("version", version)
                .with("known", VERSION));
        }
        let (body, digest) = bytes.split_at(bytes.len().checked_sub(DIGEST).ok_or_else(cut_off)?);
        if Sha256::digest(body).as_slice() != digest {
            return Err(cut_off());
        }
        rest.0 = rest.0.get(..rest.0.len() - DIGEST).unwrap_or_default();
        let mut learner = Self { reviews: u64::from_le_bytes(rest.take()?), ..Self::default() };
        let window = &mut learner.window;
        window.rules = Line { slope: rest.number()?, shift: rest.number()? };
        window.learner = Line { slope: rest.number()?, shift: rest.number()? };
        window.in_charge = rest.flag()?;
        window.flag_above = f64::from_le_bytes(rest.take()?);
        window.since = u32::from_le_bytes(rest.take()?);
        let count = u32::from_le_bytes(rest.take()?) as usize;
        if count > MOST || window.since >= EVERY || !window.flag_above.is_finite() {
            return Err(cut_off());
        }
        for _ in 0..count {
            let (rules, margin) = (rest.number()?, rest.number()?);
            let surprise = Some((rest.number()?, rest.number()?)).filter(|(ours, _)| *ours >= 0.0);
            window.seen.push_back(Seen { rules, margin, surprise, high: rest.flag()? });
        }
        while !rest.0.is_empty() {
            let place = u32::from_le_bytes(rest.take()?) as usize;
            let (weight, square) = (rest.number()?, rest.number()?);
            if place >= WIDTH + GIVEN || square <= 0.0 {
                return Err(cut_off());
            }
            learner.weights.get_mut(place).into_iter().for_each(|slot| *slot = weight);
            learner.squares.get_mut(place).into_iter().for_each(|slot| *slot = square);
        }
        Ok(learner)
    }
}

#[cold]
fn cut_off() -> Error {
    Error::new(ErrorKind::Tampered, "the learner is cut off or was changed").with_help("copy it again")
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or_else(cut_off)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<f32> {
        let number = f32::from_le_bytes(self.take()?);
        if number.abs() <= GREATEST { Ok(number) } else { Err(cut_off()) }
    }

    fn flag(&mut self) -> Result<bool> {
        let [byte] = self.take()?;
        Ok(byte != 0)
    }
}
