use std::fmt;

use eovr_core::{Error, ErrorKind};
use mongodb::error::{Error as MongoError, ErrorKind as MongoKind, WriteFailure};

/// The server's error codes that we handle.
pub(crate) mod code {
    pub(crate) const UNAUTHORIZED: i32 = 13;
    pub(crate) const AUTHENTICATION_FAILED: i32 = 18;
    /// Among others: a transaction on a server outside a replica set.
    pub(crate) const ILLEGAL_OPERATION: i32 = 20;
    pub(crate) const NAMESPACE_NOT_FOUND: i32 = 26;
    pub(crate) const CANNOT_CREATE_INDEX: i32 = 67;
    pub(crate) const INDEX_OPTIONS_CONFLICT: i32 = 85;
    pub(crate) const INDEX_KEY_SPECS_CONFLICT: i32 = 86;
    pub(crate) const SNAPSHOT_TOO_OLD: i32 = 239;
    pub(crate) const SNAPSHOT_UNAVAILABLE: i32 = 246;
    pub(crate) const NOT_WRITABLE_PRIMARY: i32 = 10107;
    pub(crate) const BSON_OBJECT_TOO_LARGE: i32 = 10334;
    pub(crate) const DUPLICATE_KEY: i32 = 11000;
    pub(crate) const NOT_PRIMARY_NO_SECONDARY_OK: i32 = 13435;
    pub(crate) const OUT_OF_DISK_SPACE: i32 = 14031;
}

/// Translates the error of a write outside the writer's transactions. `Unavailable` promises that nothing has changed,
/// so a lost connection or a missing majority is not `Unavailable` here.
pub(crate) fn translate_write(error: MongoError) -> Error {
    let never_begun = matches!(&*error.kind, MongoKind::ServerSelection { .. } | MongoKind::Shutdown)
        || matches!(code_of(&error), Some(code::NOT_WRITABLE_PRIMARY | code::NOT_PRIMARY_NO_SECONDARY_OK));
    let error = translate(error);
    if never_begun { error } else { after_write(error) }
}

/// Translates an error after something has changed, or may have changed.
pub(crate) fn after_write(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Unavailable => uncertain().because(error),
        _ => error,
    }
}

/// Translates a database error for a read, or for a write that cannot have happened; otherwise use [`translate_write`].
pub(crate) fn translate(error: MongoError) -> Error {
    let cause = Cause::of(&error);
    let (kind, message, help) = match (code_of(&error), &*error.kind) {
        (Some(code), _) => by_code(code),
        (None, MongoKind::Authentication { .. }) => by_code(code::AUTHENTICATION_FAILED),
        (
            None,
            MongoKind::IncompatibleServer { .. }
            | MongoKind::SessionsNotSupported
            | MongoKind::Transaction { .. },
        ) => by_code(code::ILLEGAL_OPERATION),
        (None, MongoKind::InvalidArgument { .. } | MongoKind::InvalidTlsConfig { .. }) => {
            (ErrorKind::Config, "the MongoDB driver refuses these settings", "look at the URL's parameters")
        }
        (
            None,
            MongoKind::Bson(_) | MongoKind::BsonDeserialization(_) | MongoKind::InvalidResponse { .. },
        ) => (ErrorKind::Tampered, "the database's answer cannot be read", "look at the server's own log"),
        (None, MongoKind::Shutdown) => return stopped(),
        (None, _) => {
            (ErrorKind::Unavailable, "the database cannot be reached", "nothing was changed; try again later")
        }
    };
    Error::new(kind, message).with_help(help).because(cause)
}

/// Translates the error of one statement of a batch.
pub(crate) fn of_code(code: Option<i32>) -> Error {
    let (kind, message, help) = by_code(code.unwrap_or_default());
    Error::new(kind, message).with_help(help)
}

fn by_code(code: i32) -> (ErrorKind, &'static str, &'static str) {
    match code {
        code::AUTHENTICATION_FAILED => (
            ErrorKind::Config,
            "the database does not let this user in",
            "look at user, password and `authSource` in the URL",
        ),
        code::UNAUTHORIZED => (
            ErrorKind::Config,
            "the database does not let this user do that",
            "`eovr_store_mongo::role` has all that a user needs: `Duty::Node` to work, `Duty::Deploy` to make \
             collections and indexes and to change keys",
        ),
        code::ILLEGAL_OPERATION => (
            ErrorKind::Config,
            "this server does not support transactions",
            "make it a replica set, which may have one node",
        ),
        code::INDEX_OPTIONS_CONFLICT | code::INDEX_KEY_SPECS_CONFLICT | code::CANNOT_CREATE_INDEX => (
            ErrorKind::Config,
            "an index is there already and is another one",
            "drop it, and it is made anew at the next start",
        ),
        code::DUPLICATE_KEY => (
            ErrorKind::Conflict,
            "the record has changed since it was read, or a unique value is taken",
            "load it again and decide again",
        ),
        code::BSON_OBJECT_TOO_LARGE | 17280 | 17419 | 17420 => (
            ErrorKind::InvalidInput,
            "the record, or the event of this change, is too large for the database",
            "at most 16 MiB each; the event has every text before and after",
        ),
        code::OUT_OF_DISK_SPACE => {
            (ErrorKind::Unavailable, "the disk is full", "nothing was changed; try again later")
        }
        _ => (ErrorKind::Unavailable, "the database refused", "nothing was changed; try again later"),
    }
}

/// The server's error code.
pub(crate) fn code_of(error: &MongoError) -> Option<i32> {
    match &*error.kind {
        MongoKind::Command(error) => Some(error.code),
        MongoKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        MongoKind::Write(WriteFailure::WriteConcernError(error)) => Some(error.code),
        MongoKind::InsertMany(error) => {
            let refused = error.write_errors.iter().flatten().map(|error| error.code).next();
            refused.or_else(|| error.write_concern_error.as_ref().map(|error| error.code))
        }
        _ => None,
    }
}

/// Whether the server was unreachable or the connection was lost.
pub(crate) fn is_lost(error: &MongoError) -> bool {
    matches!(
        &*error.kind,
        MongoKind::Io(_) | MongoKind::ServerSelection { .. } | MongoKind::ConnectionPoolCleared { .. }
    )
}

pub(crate) fn conflict() -> Error {
    of_code(Some(code::DUPLICATE_KEY))
}

pub(crate) fn too_large() -> Error {
    of_code(Some(code::BSON_OBJECT_TOO_LARGE))
}

pub(crate) fn damaged() -> Error {
    Error::new(ErrorKind::Tampered, "a stored document does not have the shape of its kind")
}

/// The writer has ended, because the store was closed or its runtime has ended.
pub(crate) fn stopped() -> Error {
    Error::new(ErrorKind::Unavailable, "the store has stopped")
        .with_help("keep the runtime running that the store was opened on")
}

/// The documents that every prepared database has are missing.
pub(crate) fn unprepared() -> Error {
    Error::new(ErrorKind::Config, "the store was not prepared")
        .with_help("call `prepare` before anything else")
}

/// The deadline has passed before anything was sent.
pub(crate) fn out_of_time() -> Error {
    Error::new(ErrorKind::Unavailable, "the database was not reached in time")
        .with_help("nothing was changed; try again later")
}

/// The connection or the writer was lost after the write was sent.
pub(crate) fn uncertain() -> Error {
    Error::new(ErrorKind::Uncertain, "the database was lost in the middle of a change")
        .with_help("it is not known whether the change was made: load the record and look")
}

/// The kept parts of a driver error: its kind and its code. The rest is dropped because it quotes data: documents,
/// duplicate values, addresses.
#[derive(Debug)]
pub(crate) struct Cause {
    sort: &'static str,
    code: Option<i32>,
    name: String,
}

impl Cause {
    pub(crate) fn of(error: &MongoError) -> Self {
        let (sort, name) = match &*error.kind {
            MongoKind::Command(error) => ("server error", error.code_name.clone()),
            MongoKind::Write(_) | MongoKind::InsertMany(_) => ("write error", String::new()),
            MongoKind::Io(error) => ("network error", error.kind().to_string()),
            MongoKind::ServerSelection { .. } => ("no server was found in time", String::new()),
            MongoKind::ConnectionPoolCleared { .. } => ("the connection was given up", String::new()),
            MongoKind::Authentication { .. } => ("authentication failed", String::new()),
            _ => ("driver error", String::new()),
        };
        Self { sort, code: code_of(error), name }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sort)?;
        if let Some(code) = self.code {
            write!(f, " {code}")?;
        }
        if !self.name.is_empty() {
            write!(f, " ({})", self.name)?;
        }
        Ok(())
    }
}

impl std::error::Error for Cause {}
