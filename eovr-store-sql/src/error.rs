use eovr_core::{Error, ErrorKind};
use sqlx::error::ErrorKind as SqlKind;

use crate::dialect;

/// Turns what the database said into what a caller can act on.
pub(crate) fn translate(error: sqlx::Error) -> Error {
    let message = match &error {
        sqlx::Error::Database(database) => match database.kind() {
            SqlKind::UniqueViolation | SqlKind::NotNullViolation => {
                return conflict().because(error);
            }
            _ if dialect::is_append_only_violation(database.as_ref()) => return conflict().because(error),
            _ if dialect::is_damaged(database.as_ref()) => {
                return Error::new(ErrorKind::Tampered, "the database file is damaged or is not a database")
                    .with_help("restore it from a backup; nothing was changed")
                    .because(error);
            }
            _ if dialect::is_full(database.as_ref()) => "the disk is full",
            _ => "the database refused",
        },
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
            return Error::new(ErrorKind::Tampered, "a stored row does not have the shape of its kind")
                .because(error);
        }
        sqlx::Error::PoolTimedOut => "no connection was free in time",
        _ => "the database cannot be reached",
    };
    Error::new(ErrorKind::Unavailable, message)
        .with_help("nothing was changed; try again later")
        .because(error)
}

fn conflict() -> Error {
    Error::new(ErrorKind::Conflict, "the record has changed since it was read, or a unique value is taken")
        .with_help("load it again and decide again")
}

/// The writer has ended: the runtime that the store was opened on is gone.
pub(crate) fn stopped() -> Error {
    Error::new(ErrorKind::Unavailable, "the store has stopped")
        .with_help("keep the runtime running that the store was opened on")
}
