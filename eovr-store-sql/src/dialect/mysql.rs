use std::fmt::Write as _;
use std::time::Duration;

#[cfg(feature = "mysql")]
use sqlx::{ConnectOptions as _, mysql::MySqlConnectOptions};

use crate::bind::{Bind, ColumnType};
use crate::query::Statement;
use crate::schema::{Made, Schema, Slot};

/// MariaDB and MySQL use different names for the collation that compares byte by byte, including trailing spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    Mariadb,
    Mysql,
}

#[cfg(feature = "mysql")]
pub(crate) fn options(options: MySqlConnectOptions) -> MySqlConnectOptions {
    options
        .statement_cache_capacity(200)
        // Statements contain sealed values and ids, which must not be logged.
        .disable_statement_logging()
}

/// Settings of every new connection: double quotes for names, as in the standard; no silent truncation; no locks on
/// reads.
pub(crate) const GREETING: &str = "SET SESSION sql_mode = \
    'ANSI_QUOTES,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'; \
    SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// Settings of the writer's connection. An unreachable node must release its lock before the other nodes give up
/// waiting. MySQL has no such setting, so there the lock lasts until the connection ends.
pub(crate) fn limits(patience: Duration) -> String {
    let limit = (patience * 4 / 5).as_secs().max(1);
    format!(
        "SET SESSION innodb_lock_wait_timeout = {limit}, lock_wait_timeout = {limit} \
         /*M!100300 , idle_transaction_timeout = {limit} */"
    )
}

/// Serialises nodes that start at once on one server. The name of a lock has at most 64 characters.
pub(crate) const ONE_AT_A_TIME: &str = "SELECT GET_LOCK(CONCAT('eovr.', MD5(DATABASE())), 60)";

/// Releases that lock.
pub(crate) const NEXT: &str = "SELECT RELEASE_LOCK(CONCAT('eovr.', MD5(DATABASE())))";

/// InnoDB's limit.
pub(crate) const WIDEST_INDEX: usize = 3072;

/// The maximum characters of an id, a name or a number; a character takes up to four bytes.
const SHORT: usize = 64;
/// The maximum characters of a code.
const CODE: usize = 200;
/// The maximum bytes of a digest, a mark, or a searchable sealed value: the core's limit of 500 characters plus the
/// overhead of sealing.
const BYTES: usize = 2500;

impl Flavour {
    /// The flavour, from the server's version.
    pub(crate) fn of(version: &str) -> Self {
        if version.contains("MariaDB") { Self::Mariadb } else { Self::Mysql }
    }

    pub(crate) fn table_options(self) -> &'static str {
        match self {
            Self::Mariadb => {
                " ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
            }
            Self::Mysql => " ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin",
        }
    }

    pub(crate) fn slot_type(self, slot: &Slot) -> String {
        match slot.column_type {
            ColumnType::Text => format!("varchar({CODE})"),
            ColumnType::Bytes => format!("varbinary({BYTES})"),
            column_type => self.envelope_type(column_type),
        }
    }

    pub(crate) fn envelope_type(self, column_type: ColumnType) -> String {
        match column_type {
            ColumnType::Id => "binary(16)".to_owned(),
            ColumnType::Text => format!("varchar({SHORT})"),
            ColumnType::Int => "bigint".to_owned(),
            ColumnType::Bool => "tinyint".to_owned(),
            ColumnType::Bytes => "longblob".to_owned(),
        }
    }

    /// `events` is append-only by triggers. An account with the right `DROP` can still empty or drop the table, so the
    /// service's account should not have it.
    pub(crate) fn system_tables(self) -> Vec<String> {
        let options = self.table_options();
        vec![
            format!("CREATE TABLE IF NOT EXISTS layout (version bigint NOT NULL){options}"),
            format!(
                "CREATE TABLE IF NOT EXISTS counters (series varchar({SHORT}) PRIMARY KEY, value bigint NOT NULL){options}"
            ),
            "INSERT IGNORE INTO counters VALUES ('position', 0)".to_owned(),
            format!(
                "CREATE TABLE IF NOT EXISTS events (
                    position bigint PRIMARY KEY,
                    record binary(16) NOT NULL,
                    seq bigint NOT NULL,
                    kind varchar({SHORT}) NOT NULL,
                    at bigint NOT NULL,
                    actor varchar({CODE}) NOT NULL,
                    action varchar({SHORT}) NOT NULL,
                    body longtext NOT NULL,
                    hash binary(32) NOT NULL,
                    message longtext NOT NULL,
                    UNIQUE (record, seq)
                ){options}"
            ),
            "CREATE TRIGGER IF NOT EXISTS events_refuse_update BEFORE UPDATE ON events FOR EACH ROW \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'events are append-only'"
                .to_owned(),
            "CREATE TRIGGER IF NOT EXISTS events_refuse_delete BEFORE DELETE ON events FOR EACH ROW \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'events are append-only'"
                .to_owned(),
            // `id` is the position of the event whose message is leased; `holder` identifies a lease.
            format!(
                "CREATE TABLE IF NOT EXISTS outbox (
                    id bigint PRIMARY KEY,
                    held_until bigint NOT NULL,
                    attempts bigint NOT NULL,
                    holder varchar({SHORT}),
                    KEY outbox_free (held_until, id),
                    KEY outbox_held (holder)
                ){options}"
            ),
        ]
    }
}

/// The bytes of a column in an index.
pub(crate) fn index_width(column_type: ColumnType, code: bool) -> usize {
    match column_type {
        ColumnType::Id => 16,
        ColumnType::Int => 9,
        ColumnType::Bool => 2,
        ColumnType::Text => 4 * if code { CODE } else { SHORT } + 3,
        ColumnType::Bytes => BYTES + 3,
    }
}

pub(crate) fn guards(schema: &Schema) -> Vec<Made> {
    let kind = &schema.name;
    let made = |name: &str, on: &str, body: String| Made {
        name: format!("{kind}_{name}"),
        create: format!("CREATE TRIGGER \"{kind}_{name}\" BEFORE {on} ON \"{kind}\" FOR EACH ROW {body}"),
    };
    let refuse = |why: &str| format!("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{why}'");
    let same: Vec<_> = schema.fixed().iter().map(|name| format!("OLD.{name} <=> NEW.{name}")).collect();
    let moved = format!("IF NOT ({}) THEN {}; END IF", same.join(" AND "), refuse("records are never moved"));
    vec![
        made("refuse_delete", "DELETE", refuse("records are never deleted")),
        made("refuse_move", "UPDATE", moved),
    ]
}

/// The statements with their values as literals.
///
/// MariaDB accepts several statements in one round trip only as text, so values must become text. Each value is written
/// as a number or in hexadecimal, so no character of a value is part of the SQL.
pub(crate) fn with_literals(statement: &Statement) -> String {
    let bytes: usize = statement.binds.iter().map(size).sum();
    let mut sql = String::with_capacity(statement.sql.len() + 2 * bytes);
    let mut binds = statement.binds.iter();
    for (index, piece) in statement.sql.split('?').enumerate() {
        if index > 0
            && let Some(bind) = binds.next()
        {
            append(&mut sql, bind);
        }
        sql.push_str(piece);
    }
    sql
}

fn size(bind: &Bind) -> usize {
    match bind {
        Bind::Text(text) => text.len() + 10,
        Bind::Bytes(bytes) => bytes.len() + 4,
        _ => 20,
    }
}

fn append(sql: &mut String, bind: &Bind) {
    match bind {
        Bind::Null(_) => sql.push_str("NULL"),
        Bind::Int(int) => append_int(sql, *int),
        Bind::Bool(bool) => append_int(sql, i64::from(*bool)),
        Bind::Id(id) => append_hex(sql, "x", id.as_bytes()),
        Bind::Text(text) => append_hex(sql, "_utf8mb4 x", text.as_bytes()),
        Bind::Bytes(bytes) => append_hex(sql, "x", bytes),
    }
}

fn append_int(sql: &mut String, int: i64) {
    // Writing to a `String` cannot fail.
    let _ = write!(sql, "{int}");
}

fn append_hex(sql: &mut String, prefix: &str, bytes: &[u8]) {
    sql.push_str(prefix);
    sql.push('\'');
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            sql.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    sql.push('\'');
}
