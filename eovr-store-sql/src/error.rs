use eovr_core::{Error, ErrorKind};
use sqlx::error::{DatabaseError, ErrorKind as SqlKind};

use crate::dialect::sqlite;

/// Turns what the database said into what a caller can act on.
pub(crate) fn translate(error: sqlx::Error) -> Error {
    let message = match &error {
        sqlx::Error::Database(database) => match database.kind() {
            SqlKind::UniqueViolation | SqlKind::NotNullViolation => {
                return conflict().because(error);
            }
            _ if database.message().contains("events are append-only") => return conflict().because(error),
            _ if sqlite::is_damaged(database.as_ref()) => {
                return Error::new(ErrorKind::Tampered, "the database file is damaged or is not a database")
                    .with_help("restore it from a backup; nothing was changed")
                    .because(error);
            }
            _ if is_refused(database.as_ref()) => {
                return Error::new(ErrorKind::Config, "the database does not let us in")
                    .with_help("check user, password and the name of the database in its URL")
                    .because(error);
            }
            _ if is_full(database.as_ref()) => "the disk is full",
            _ => "the database refused",
        },
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
            return damaged().because(error);
        }
        sqlx::Error::Encode(_) => return Error::bug("a value cannot be bound").because(error),
        sqlx::Error::Tls(_) => "the database cannot be reached safely",
        sqlx::Error::PoolTimedOut => "no connection was free in time",
        _ => "the database cannot be reached",
    };
    Error::new(ErrorKind::Unavailable, message)
        .with_help("nothing was changed; try again later")
        .because(error)
}

/// Whether the connection is gone, or leads to a server that stops, starts, or may no longer write: what
/// was asked last may have been done or not.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(database) => match database.code().as_deref() {
            // PostgreSQL: connection exceptions, shutting down, starting up, a replica.
            Some("57P01" | "57P02" | "57P03" | "25006") => true,
            Some(code) if code.starts_with("08") && code.len() == 5 => true,
            // MySQL: shutting down, killed, read-only.
            _ => matches!(mysql_number(database.as_ref()), Some(1053 | 1290 | 1792 | 1927)),
        },
        _ => false,
    }
}

/// Whether the database undid the transaction to let another one pass. Doing it again may well succeed.
pub(crate) fn lost_its_turn(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => {
            matches!(database.code().as_deref(), Some("40001" | "40P01"))
                || matches!(mysql_number(database.as_ref()), Some(1205 | 1213))
        }
        _ => false,
    }
}

/// Wrong password, no such user, no such database.
fn is_refused(error: &dyn DatabaseError) -> bool {
    matches!(error.code().as_deref(), Some("28000" | "28P01" | "3D000"))
        || matches!(mysql_number(error), Some(1044 | 1045 | 1049))
}

fn is_full(error: &dyn DatabaseError) -> bool {
    sqlite::is_full(error)
        || error.code().as_deref() == Some("53100")
        || matches!(mysql_number(error), Some(1021 | 1114))
}

fn mysql_number(error: &dyn DatabaseError) -> Option<u16> {
    error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>().map(|error| error.number())
}

fn conflict() -> Error {
    Error::new(ErrorKind::Conflict, "the record has changed since it was read, or a unique value is taken")
        .with_help("load it again and decide again")
}

pub(crate) fn damaged() -> Error {
    Error::new(ErrorKind::Tampered, "a stored row does not have the shape of its kind")
}

/// The writer has ended: the runtime that the store was opened on is gone.
pub(crate) fn stopped() -> Error {
    Error::new(ErrorKind::Unavailable, "the store has stopped")
        .with_help("keep the runtime running that the store was opened on")
}

/// The connection broke while a commit was on its way, and did not come back in time.
pub(crate) fn uncertain(error: sqlx::Error) -> Error {
    Error::new(ErrorKind::Uncertain, "the database was lost in the middle of a change")
        .with_help("it is not known whether the change was made: load the record and look")
        .because(error)
}
