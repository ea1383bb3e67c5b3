use eovr_core::{Error, ErrorKind};
use sqlx::error::{DatabaseError, ErrorKind as SqlKind};

use crate::dialect::sqlite;

/// Translates a database error into one that a caller can handle.
pub(crate) fn translate(error: sqlx::Error) -> Error {
    let message = match &error {
        sqlx::Error::Database(_) if is_conflict(&error) => return conflict(),
        sqlx::Error::Database(database) => match mysql_number(database.as_ref()) {
            Some(1153) => {
                return Error::invalid("the record is too large for this database")
                    .with_help("write less, or raise `max_allowed_packet` on the server");
            }
            _ if is_pooled(database.as_ref()) => return pooled().because(Cause::of(&error)),
            _ if sqlite::is_damaged(database.as_ref()) => {
                return Error::new(ErrorKind::Tampered, "the database file is damaged or is not a database")
                    .with_help("restore it from a backup; nothing was changed")
                    .because(Cause::of(&error));
            }
            _ if may_not(database.as_ref()) => {
                return Error::new(ErrorKind::Config, "the database does not let this user do that")
                    .with_help("prepare the database with an account that owns the tables, and let the service read and write them")
                    .because(Cause::of(&error));
            }
            _ if is_refused(database.as_ref()) => {
                return Error::new(ErrorKind::Config, "the database does not let us in")
                    .with_help("check user, password and the name of the database in its URL, and what that user may do")
                    .because(Cause::of(&error));
            }
            _ if is_full(database.as_ref()) => "the disk is full",
            _ => "the database refused",
        },
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
            return damaged().because(Cause::of(&error));
        }
        // The driver's error for a MySQL account that requires an encrypted password, without TLS.
        sqlx::Error::Configuration(_) => {
            return Error::new(ErrorKind::Config, "the database refuses the authentication method of its URL")
                .with_help("accounts of MySQL with `caching_sha2_password` or `sha256_password` need TLS: add `ssl-mode=VERIFY_IDENTITY`; \
                            certificates and keys that the URL names must be PEM")
                .because(Cause::of(&error));
        }
        sqlx::Error::Encode(_) => return Error::bug("a value cannot be bound").because(Cause::of(&error)),
        sqlx::Error::Tls(_) => "the database cannot be reached safely",
        sqlx::Error::Io(io) if is_of_tls(io) => "the database cannot be reached safely",
        sqlx::Error::PoolTimedOut => "no connection was free in time",
        _ => "the database cannot be reached",
    };
    Error::new(ErrorKind::Unavailable, message)
        .with_help("nothing was changed; try again later")
        .because(Cause::of(&error))
}

/// Whether the connection is lost, or the server is stopping, starting or read-only. The last request may have been
/// executed.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(database) => match database.code().as_deref() {
            // PostgreSQL: connection exceptions, shutting down, starting up, a replica.
            Some("57P01" | "57P02" | "57P03" | "57P05" | "25006" | "25P03") => true,
            code => match mysql_number(database.as_ref()) {
                // Shutting down, killed, read-only, idle for too long.
                Some(number) => matches!(number, 1053 | 1290 | 1792 | 1927 | 3169 | 4031),
                None => code.is_some_and(|code| code.starts_with("08") && code.len() == 5),
            },
        },
        _ => false,
    }
}

/// Whether the database rolled the transaction back because of a conflict. A retry may succeed.
pub(crate) fn lost_its_turn(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => {
            // PostgreSQL also: a lock timeout or a statement timeout.
            matches!(database.code().as_deref(), Some("40001" | "40P01" | "55P03" | "57014"))
                || matches!(mysql_number(database.as_ref()), Some(1205 | 1213))
        }
        _ => false,
    }
}

/// Whether a row to insert already exists, or a row to change does not.
pub(crate) fn is_conflict(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => {
            matches!(database.kind(), SqlKind::UniqueViolation | SqlKind::NotNullViolation)
                || database.message().contains("events are append-only")
                || database.message().contains(sqlite::NEVER_REPLACED)
        }
        _ => false,
    }
}

/// Wrong password, unknown user or unknown database.
fn is_refused(error: &dyn DatabaseError) -> bool {
    matches!(error.code().as_deref(), Some("28000" | "28P01" | "3D000"))
        || matches!(mysql_number(error), Some(1044 | 1045 | 1049))
}

/// A missing privilege.
pub(crate) fn may_not(error: &dyn DatabaseError) -> bool {
    error.code().as_deref() == Some("42501") || matches!(mysql_number(error), Some(1142 | 1227))
}

/// PostgreSQL: a prepared statement is missing or belongs to another client.
fn is_pooled(error: &dyn DatabaseError) -> bool {
    matches!(error.code().as_deref(), Some("26000" | "42P05"))
}

/// A pooler shares sessions that the store treats as its own.
pub(crate) fn pooled() -> Error {
    Error::new(
        ErrorKind::Config,
        "a pooler in transaction mode stands before the database: connections share its sessions",
    )
    .with_help(
        "add `pool_mode=transaction` to the database URL; or let the pooler keep sessions (PgBouncer: `pool_mode = session`), \
         or name the server itself",
    )
}

fn is_full(error: &dyn DatabaseError) -> bool {
    sqlite::is_full(error)
        || error.code().as_deref() == Some("53100")
        || matches!(mysql_number(error), Some(1021 | 1114))
}

#[cfg(feature = "mysql")]
fn mysql_number(error: &dyn DatabaseError) -> Option<u16> {
    error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>().map(|error| error.number())
}

#[cfg(not(feature = "mysql"))]
fn mysql_number(_: &dyn DatabaseError) -> Option<u16> {
    None
}

fn conflict() -> Error {
    Error::new(ErrorKind::Conflict, "the record has changed since it was read, or a unique value is taken")
        .with_help("load it again and decide again")
}

pub(crate) fn damaged() -> Error {
    Error::new(ErrorKind::Tampered, "a stored row does not have the shape of its kind")
}

/// The writer has ended, because the runtime of the store has ended.
pub(crate) fn stopped() -> Error {
    Error::new(ErrorKind::Unavailable, "the store has stopped")
        .with_help("keep the runtime running that the store was opened on")
}

/// The writer took a job and ended before it answered.
pub(crate) fn stopped_in_the_middle() -> Error {
    Error::new(ErrorKind::Uncertain, "the store has stopped in the middle of a change")
        .with_help("it is not known whether the change was made: load the record and look")
}

/// The connection broke during a commit and did not return in time.
pub(crate) fn uncertain(error: &sqlx::Error) -> Error {
    Error::new(ErrorKind::Uncertain, "the database was lost in the middle of a change")
        .with_help("it is not known whether the change was made: load the record and look")
        .because(Cause::of(error))
}

/// Whether the certificate or the TLS data were invalid: a failed handshake gives this error.
fn is_of_tls(io: &std::io::Error) -> bool {
    io.kind() == std::io::ErrorKind::InvalidData
}

/// The server received the query and does not answer.
pub(crate) fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

/// Whether this is the error of [`silent`].
pub(crate) fn is_silent(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::TimedOut)
}

/// The printable part of a database error: its kind and code. Its text may quote values.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(String);

impl Cause {
    fn of(error: &sqlx::Error) -> Self {
        Self(match error {
            sqlx::Error::Database(database) => {
                let number = mysql_number(database.as_ref()).map(|number| number.to_string());
                let code = number.or_else(|| database.code().map(|code| code.into_owned()));
                format!("database error {}", code.unwrap_or_default())
            }
            sqlx::Error::Io(io) if is_of_tls(io) => format!("TLS: {io}"),
            sqlx::Error::Io(io) => format!("connection: {}", io.kind()),
            sqlx::Error::Protocol(_) => "connection: not the protocol".to_owned(),
            sqlx::Error::Tls(tls) => format!("TLS: {tls}"),
            sqlx::Error::ColumnDecode { index, .. } => format!("column {index}"),
            sqlx::Error::PoolTimedOut => "no connection in time".to_owned(),
            sqlx::Error::WorkerCrashed => "the thread of the database is gone".to_owned(),
            _ => "driver".to_owned(),
        })
    }
}
