//! The report of one incident as PDF, in English, in Arabic, or in both.
//!
//! The layout layer (order of letters, fonts, shapes, lines, pages) makes a list of drawing operations. A thin backend
//! writes this list as PDF, so the look of a page does not depend on the PDF library.
//!
//! With the feature `pdf-archive` the same pages can be written as PDF/UA-1 and PDF/A-2a. A validator checks each file.
//! A file that fails is not written, and the call returns an error.

#[cfg(feature = "pdf-archive")]
mod archived;
mod audit;
mod draw;
mod flow;
mod fonts;
mod incident;
mod isolate;
mod letters;
mod lines;
mod printed;
mod risks;
mod shape;
mod structure;
mod tags;
mod trail;

pub use self::audit::Made;
pub use self::fonts::Fonts;
pub use self::incident::Incident;
