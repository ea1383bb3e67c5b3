use std::time::Duration;

use eovr_core::record::ValueType;
use sqlx::ConnectOptions as _;
use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::config::{Durability, SqlConfig};

/// The one connection that writes.
pub(crate) fn writer_options(config: &SqlConfig) -> SqliteConnectOptions {
    let synchronous = match config.durability {
        Durability::Full => SqliteSynchronous::Full,
        Durability::Process => SqliteSynchronous::Normal,
    };
    common(config)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        // A destroyed key must not linger in free pages.
        .pragma("secure_delete", "ON")
        // A checkpoint every 1000 pages costs every ten-thousandth of a second caller 10 ms; this is
        // 16 MiB of log.
        .pragma("wal_autocheckpoint", "4000")
}

/// A connection that reads.
pub(crate) fn reader_options(config: &SqlConfig) -> SqliteConnectOptions {
    common(config).read_only(true)
}

fn common(config: &SqlConfig) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&config.path)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .statement_cache_capacity(400)
        .pragma("cache_size", "-65536")
        .pragma("temp_store", "MEMORY")
        .pragma("mmap_size", "1073741824")
        // Statements carry sealed values and ids; neither belongs in a log.
        .disable_statement_logging()
}

pub(crate) fn type_name(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::Text => "TEXT",
        ValueType::Int | ValueType::Bool | ValueType::Time => "INTEGER",
        ValueType::Bytes => "BLOB",
    }
}

/// The tables that every database has, whatever its kinds.
///
/// `events` is append-only in the database itself. A replaced row is a delete that fires no delete
/// trigger, so an insert over an existing event is refused as well.
pub(crate) fn system_tables() -> [&'static str; 7] {
    [
        "CREATE TABLE IF NOT EXISTS counters (series TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS events (
            position INTEGER PRIMARY KEY,
            record BLOB NOT NULL,
            seq INTEGER NOT NULL,
            kind TEXT NOT NULL,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            body TEXT NOT NULL,
            hash BLOB NOT NULL,
            UNIQUE (record, seq)
        ) STRICT",
        "CREATE TRIGGER IF NOT EXISTS events_refuse_update BEFORE UPDATE ON events
            BEGIN SELECT RAISE(ABORT, 'events are append-only'); END",
        "CREATE TRIGGER IF NOT EXISTS events_refuse_delete BEFORE DELETE ON events
            BEGIN SELECT RAISE(ABORT, 'events are append-only'); END",
        "CREATE TRIGGER IF NOT EXISTS events_refuse_replace BEFORE INSERT ON events
            WHEN EXISTS (SELECT 1 FROM events WHERE record = NEW.record AND seq = NEW.seq)
              OR EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
            BEGIN SELECT RAISE(ABORT, 'events are append-only'); END",
        // A message has the position of its event, so later commits have greater ids, for ever.
        "CREATE TABLE IF NOT EXISTS outbox (
            id INTEGER PRIMARY KEY,
            held_until INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            message TEXT NOT NULL
        ) STRICT",
        "CREATE INDEX IF NOT EXISTS outbox_free ON outbox (held_until, id)",
    ]
}

pub(crate) fn is_append_only_violation(error: &dyn DatabaseError) -> bool {
    error.message() == "events are append-only"
}

/// SQLITE_FULL.
pub(crate) fn is_full(error: &dyn DatabaseError) -> bool {
    primary_code(error) == Some(13)
}

/// SQLITE_CORRUPT and SQLITE_NOTADB.
pub(crate) fn is_damaged(error: &dyn DatabaseError) -> bool {
    matches!(primary_code(error), Some(11 | 26))
}

/// The primary result code is the low byte of the extended one.
fn primary_code(error: &dyn DatabaseError) -> Option<u32> {
    error.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff)
}
