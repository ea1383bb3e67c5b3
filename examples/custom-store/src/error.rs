//! What redb said, turned into what a caller can act on.

use eovr_core::{Error, ErrorKind};

pub(crate) fn failed(error: impl Into<redb::Error>) -> Error {
    match error.into() {
        error @ redb::Error::Corrupted(_) => damaged().because(error),
        error => unavailable().because(error),
    }
}

pub(crate) fn unavailable() -> Error {
    Error::new(ErrorKind::Unavailable, "the database file cannot be used").with_help("nothing was changed")
}

/// The disk failed while a commit was on its way to it: nobody knows, so nobody may say.
pub(crate) fn uncertain() -> Error {
    Error::new(ErrorKind::Uncertain, "it is not known whether the change was made")
}

/// Without the cause, which would repeat what it could not read.
pub(crate) fn damaged() -> Error {
    Error::new(ErrorKind::Tampered, "a stored value cannot be read")
}
