use std::io::Read as _;
use std::path::Path;
#[cfg(feature = "sqlite")]
use std::time::Duration;

use eovr_core::{Error, ErrorKind, Result};
use sqlx::error::DatabaseError;
#[cfg(feature = "sqlite")]
use sqlx::{
    ConnectOptions as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::bind::ColumnType;
#[cfg(feature = "sqlite")]
use crate::config::Durability;
use crate::schema::{Made, Schema};

/// The one connection that writes.
#[cfg(feature = "sqlite")]
pub(crate) fn writer_options(path: &Path, mapped: bool, durability: Durability) -> SqliteConnectOptions {
    let synchronous = match durability {
        Durability::Full => SqliteSynchronous::Full,
        Durability::Process => SqliteSynchronous::Normal,
    };
    common(path, mapped)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        // The bytes of a destroyed key must not remain in free pages.
        .pragma("secure_delete", "ON")
        // The commit that fills the log copies what `copier` has not copied yet. Its callers wait about 40 ms where that
        // is everything. A report takes about two dozen pages, so 16,000 pages (64 MiB of log) are hundreds of commits.
        .pragma("wal_autocheckpoint", "16000")
}

/// A connection that reads.
#[cfg(feature = "sqlite")]
pub(crate) fn reader_options(path: &Path, mapped: bool) -> SqliteConnectOptions {
    common(path, mapped).read_only(true)
}

#[cfg(feature = "sqlite")]
fn common(path: &Path, mapped: bool) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .statement_cache_capacity(400)
        // A cache per connection for the pages in the log; the pages of the file itself are mapped.
        .pragma("cache_size", "-2048")
        // The largest page plus one row, so that the reading thread never waits for the caller.
        .row_buffer_size(512)
        .pragma("temp_store", "MEMORY")
        .pragma("mmap_size", if mapped { "1073741824" } else { "0" })
        // Statements contain sealed values and ids, which must not be logged.
        .disable_statement_logging()
}

pub(crate) fn type_name(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Text => "TEXT",
        ColumnType::Int | ColumnType::Bool => "INTEGER",
        ColumnType::Id | ColumnType::Bytes => "BLOB",
    }
}

/// `events` is append-only by triggers. `REPLACE` deletes a row without firing a delete trigger, so an insert over an
/// existing event is refused as well.
pub(crate) const SYSTEM_TABLES: [&str; 8] = [
    "CREATE TABLE IF NOT EXISTS layout (version INTEGER NOT NULL) STRICT",
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
        message TEXT NOT NULL,
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
    // `id` is the position of the event whose message is leased.
    "CREATE TABLE IF NOT EXISTS outbox (
        id INTEGER PRIMARY KEY,
        held_until INTEGER NOT NULL,
        attempts INTEGER NOT NULL
    ) STRICT",
    "CREATE INDEX IF NOT EXISTS outbox_free ON outbox (held_until, id)",
];

pub(crate) fn guards(schema: &Schema) -> Vec<Made> {
    let kind = &schema.name;
    let refuse = |name: &str, on: &str, why: &str| Made {
        name: format!("{kind}_{name}"),
        create: format!(
            "CREATE TRIGGER \"{kind}_{name}\" BEFORE {on} ON \"{kind}\" BEGIN SELECT RAISE(ABORT, '{why}'); END"
        ),
    };
    let moved = format!("UPDATE OF {}", schema.fixed().join(", "));
    let mut guards = vec![
        refuse("refuse_delete", "DELETE", "records are never deleted"),
        refuse("refuse_move", &moved, "records are never moved"),
    ];
    // `REPLACE` deletes conflicting rows without firing a delete trigger.
    let unique: Vec<_> = schema.slots.iter().filter(|slot| slot.unique).map(|slot| &slot.name).collect();
    let there = |columns: &mut dyn Iterator<Item = &str>, other: &str| {
        let there = columns.map(|name| {
            format!("EXISTS (SELECT 1 FROM \"{kind}\" WHERE \"{name}\" = NEW.\"{name}\"{other})")
        });
        there.collect::<Vec<_>>().join(" OR ")
    };
    let names = || unique.iter().map(|name| name.as_str());
    let replace = |name: &str, on: &str, when: String| Made {
        name: format!("{kind}_{name}"),
        create: format!(
            "CREATE TRIGGER \"{kind}_{name}\" BEFORE {on} ON \"{kind}\" WHEN {when} \
             BEGIN SELECT RAISE(ABORT, '{NEVER_REPLACED}'); END"
        ),
    };
    guards.push(replace("refuse_replace", "INSERT", there(&mut ["id"].into_iter().chain(names()), "")));
    if !unique.is_empty() {
        let of: Vec<_> = names().map(|name| format!("\"{name}\"")).collect();
        let when = there(&mut names(), " AND \"id\" <> NEW.\"id\"");
        guards.push(replace("refuse_take_over", &format!("UPDATE OF {}", of.join(", ")), when));
    }
    guards
}

/// The error for a record that would replace another.
pub(crate) const NEVER_REPLACED: &str = "records are never replaced";

/// Refuses a truncated file. SQLite opens such a file without an error and fails later, perhaps after a write. The
/// header contains the expected length.
pub(crate) fn check_whole(path: &Path) -> Result<()> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    // After a crash the log completes the file, so the length is not meaningful yet.
    let has_log = std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
    let Ok(mut file) = std::fs::File::open(path) else { return Ok(()) };
    let mut header = [0; 32];
    if has_log || file.read_exact(&mut header).is_err() {
        return Ok(());
    }
    // <https://sqlite.org/fileformat.html#the_database_header>: page size at 16, pages at 28.
    let [.., s0, s1, _, _, _, _, _, _, _, _, _, _, p0, p1, p2, p3] = header;
    let page_size = match u64::from(u16::from_be_bytes([s0, s1])) {
        1 => 65_536,
        size => size,
    };
    let length = file.metadata().map_or(u64::MAX, |file| file.len());
    if header.starts_with(b"SQLite format 3\0")
        && length < page_size * u64::from(u32::from_be_bytes([p0, p1, p2, p3]))
    {
        return Err(Error::new(ErrorKind::Tampered, "the database file was cut off")
            .with_help("restore it from a backup; nothing was changed"));
    }
    Ok(())
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
#[cfg(feature = "sqlite")]
fn primary_code(error: &dyn DatabaseError) -> Option<u32> {
    error.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    error.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff)
}

#[cfg(not(feature = "sqlite"))]
fn primary_code(_: &dyn DatabaseError) -> Option<u32> {
    None
}
