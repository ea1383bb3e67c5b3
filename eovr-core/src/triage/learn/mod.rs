//! A scorer that learns from labelled narratives.
//!
//! [`Trainer`] takes narratives with labels one at a time and makes a [`TextModel`] of them: a linear
//! model over hashed words, pairs of words and pieces of words, in English and in Arabic. It is small
//! (0.8 MB for five classes), quick, exact about which word did what, and the same to the last bit for
//! the same rows and seed, on every machine.
//!
//! **What a model may claim.** What its [`Card`] says, about data like that it was learned from, and
//! nothing else: carried over to other kinds of text such models are close to chance. No model ships
//! switched on.
//!
//! ```
//! use eovr_core::triage::learn::{Part, Plan, Trainer};
//!
//! let mut trainer = Trainer::new(7);
//! for _ in 0..20 {
//!     trainer.add("the patient fell in the bathroom", "fall", Part::Train)?;
//!     trainer.add("the wrong dose was given", "medication", Part::Train)?;
//! }
//! let model = trainer.train(&Plan::default(), |_| {})?;
//! let answer = model.read("somebody fell on the stairs");
//! assert_eq!(model.labels()[answer.label], "fall");
//! # Ok::<(), eovr_core::Error>(())
//! ```

mod calibration;
mod card;
mod corpus;
mod decision;
mod descent;
mod features;
mod file;
mod model;
mod neighbours;
mod notebook;
mod order;
mod trainer;

pub(super) use corpus::{dampened, to_length_one};
pub(super) use features::{BLOCKS, BUCKETS, Reader, WIDTH};
pub(super) use file::GREATEST;
pub(super) use order::{few, listed};

pub use card::{Card, HeldOut};
pub use model::{Answer, Explained, Share, TextModel, TextReader};
pub use notebook::Notebook;
pub use order::{Order, Plan};
pub use trainer::{Part, Progress, Trainer};

#[cfg(test)]
mod tests;
