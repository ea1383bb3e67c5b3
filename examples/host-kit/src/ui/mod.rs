//! Pieces of pages, as functions and types that give `Markup`. Each reads right in both directions, works without script,
//! and needs no style of its own.
//!
//! A page is [`Page::html`] around [forms](form), [lists](table), [charts](chart) and the smaller [pieces]. The demonstration
//! shows each of them at `/ui`, in both languages.

pub mod assets;
pub mod chart;
pub mod form;
mod language;
pub mod pieces;
pub(crate) mod shell;
pub mod table;

pub(crate) mod words {
    //! The kit's own words.
    include!(concat!(env!("OUT_DIR"), "/words.rs"));
}

pub use self::language::{Language, Plural, latin, without_isolates};
pub use self::shell::{Entry, Page};
