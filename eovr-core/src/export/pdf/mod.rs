//! The report of one incident as PDF, in English, in Arabic, or in both.
//!
//! The layout layer (order of letters, fonts, shapes, lines, pages) makes a list of drawing operations. A thin backend
//! writes this list as PDF, so the look of a page does not depend on the PDF library.
//!
//! Krilla writes the file, as PDF/UA-1 and PDF/A-2a where its validators agree. With the feature `printpdf` the same
//! pages can be written by that library.

mod audit;
mod by_krilla;
#[cfg(feature = "printpdf")]
mod by_printpdf;
mod draw;
mod flow;
mod fonts;
mod incident;
mod isolate;
mod letters;
mod lines;
mod risks;
mod shape;
mod tags;
mod trail;

pub use self::audit::Made;
pub use self::fonts::Fonts;
pub use self::incident::Incident;
