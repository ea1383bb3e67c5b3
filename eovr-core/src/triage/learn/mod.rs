//! A scorer that is trained on labelled narratives.
//!
//! [`Trainer`] takes labelled narratives one at a time and makes a [`TextModel`]: a linear model over hashed words,
//! pairs of words and pieces of words, in English and in Arabic. It is small (0.8 MB for five classes), fast, and
//! explains each word's contribution exactly. The same rows and seed give the same bytes on every machine.
//!
//! **Validity.** The figures of a model's [`Card`] hold only for data like its training data. On other kinds of text
//! such models are close to chance. No model is active by default.
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
//! let answer = model.read("a visitor fell on the stairs");
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
