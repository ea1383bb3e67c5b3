//! The invariants of each parser.

pub(crate) mod attachment;
pub(crate) mod bson;
pub(crate) mod codes;
pub(crate) mod events;
pub(crate) mod key_set;
pub(crate) mod kind;
pub(crate) mod learner;
pub(crate) mod log;
pub(crate) mod model;
pub(crate) mod note;
pub(crate) mod place;
pub(crate) mod rows;
pub(crate) mod sealed;
pub(crate) mod tokens;

/// The input as text; other bytes never reach a parser of text.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
