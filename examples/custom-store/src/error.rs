//! Converts errors of redb into errors that a caller can act on.

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

/// The disk failed during a commit, so its result is unknown.
pub(crate) fn uncertain() -> Error {
    Error::new(ErrorKind::Uncertain, "it is not known whether the change was made")
}

/// Without the cause, whose message would repeat the unreadable content.
pub(crate) fn damaged() -> Error {
    Error::new(ErrorKind::Tampered, "a stored value cannot be read")
}
