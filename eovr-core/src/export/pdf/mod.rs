//! One incident as a PDF, for people: in English, in Arabic, or in both.
//!
//! One layer lays everything out (order of letters, fonts, shapes, lines, pages) into a list of what stands
//! where; a thin one below writes that list as PDF. So how a page looks does not depend on the
//! library that writes the file.
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
