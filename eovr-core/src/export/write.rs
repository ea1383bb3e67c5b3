use std::io;

use crate::error::{Error, ErrorKind};

/// The error of a failed write. It contains none of the written bytes.
pub(super) fn unwritten(error: io::Error) -> Error {
    let (message, help) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ("the disk is full before the export is", "make room and export again; delete what was written")
        }
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => (
            "the reader went away before the export was finished",
            "keep the connection open, and export again",
        ),
        _ => ("the export cannot be written", "make the target writable, and export again"),
    };
    Error::new(ErrorKind::Unavailable, message).with_help(help).because(error)
}

/// The error of a JSON writer: a failed write, or a bug of ours.
pub(super) fn unwritten_json(error: serde_json::Error) -> Error {
    match error.io_error_kind() {
        Some(kind) => unwritten(io::Error::new(kind, error)),
        None => Error::bug("an export is always JSON").because(error),
    }
}
