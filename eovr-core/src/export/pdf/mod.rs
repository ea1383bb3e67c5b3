//! One incident as a PDF, for people: in English, in Arabic, or in both.
//!
//! One layer lays everything out (order of letters, fonts, shapes, lines, pages) into a list of what stands
//! where; a thin one below writes that list as PDF. So how a page looks does not depend on the
//! library that writes the file.
//!
//! With the feature `pdf-archive` the same pages can be written as PDF/UA-1 and PDF/A-2a, for archives that ask for
//! these standards: a validator looks at each file, and one that does not pass is an error and not a file.

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
