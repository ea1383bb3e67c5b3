use std::time::Duration;

#[cfg(feature = "postgres")]
use sqlx::{ConnectOptions as _, postgres::PgConnectOptions};

use crate::bind::ColumnType;
use crate::schema::{Made, Schema};

#[cfg(feature = "postgres")]
pub(crate) fn options(options: PgConnectOptions) -> PgConnectOptions {
    options
        .application_name("eovr")
        .statement_cache_capacity(200)
        // No column is a float, and PgBouncer refuses connections with this parameter.
        .extra_float_digits(None)
        // Statements contain sealed values and ids, which must not be logged.
        .disable_statement_logging()
}

/// A setting of every new connection: a statement that waited for a row reads its newest version, with any default of
/// the database.
pub(crate) const GREETING: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// Begins a writing transaction in a session that the store does not own.
const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// Begins a reading transaction in such a session.
pub(crate) const READ: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";

/// Begins a transaction in a shared session, with the limits of the writer.
pub(crate) fn begin(patience: Option<Duration>) -> String {
    match patience {
        Some(patience) => format!("{WRITE}; {}", settings(patience, true)),
        None => WRITE.to_owned(),
    }
}

/// Returns the server session that answers.
pub(crate) const WHOSE: &str = "SELECT pg_backend_pid()";

/// Settings of the writer's connection. An unreachable node must release its lock before the other nodes give up
/// waiting.
pub(crate) fn limits(patience: Duration) -> String {
    settings(patience, false)
}

fn settings(patience: Duration, for_transaction: bool) -> String {
    let limit = (patience * 4 / 5).as_millis().max(1);
    let set = |name: &str| format!("set_config('{name}', '{limit}', {for_transaction})");
    let names = ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"];
    format!("SELECT {}", names.map(set).join(", "))
}

/// Serialises nodes that start at once.
pub(crate) const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7309453)";

/// PostgreSQL numbers its placeholders. Our statements contain no literal question mark.
pub(crate) fn numbered(sql: &str) -> String {
    let mut numbered = String::with_capacity(sql.len() + 64);
    let mut places = 0;
    for (index, piece) in sql.split('?').enumerate() {
        if index > 0 {
            places += 1;
            numbered.push('$');
            numbered.push_str(&places.to_string());
        }
        numbered.push_str(piece);
    }
    numbered
}

pub(crate) fn type_name(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Id => "uuid",
        // Compared and sorted byte by byte, as on every database.
        ColumnType::Text => "text COLLATE \"C\"",
        ColumnType::Int => "bigint",
        ColumnType::Bool => "boolean",
        ColumnType::Bytes => "bytea",
    }
}

/// `events` is append-only by triggers, which also refuse `TRUNCATE`.
pub(crate) const SYSTEM_TABLES: [&str; 9] = [
    "CREATE TABLE IF NOT EXISTS layout (version bigint NOT NULL)",
    "CREATE TABLE IF NOT EXISTS counters (series text COLLATE \"C\" PRIMARY KEY, value bigint NOT NULL)",
    "INSERT INTO counters VALUES ('position', 0) ON CONFLICT DO NOTHING",
    "CREATE TABLE IF NOT EXISTS events (
        position bigint PRIMARY KEY,
        record uuid NOT NULL,
        seq bigint NOT NULL,
        kind text COLLATE \"C\" NOT NULL,
        at bigint NOT NULL,
        actor text COLLATE \"C\" NOT NULL,
        action text COLLATE \"C\" NOT NULL,
        body text COLLATE \"C\" NOT NULL,
        hash bytea NOT NULL,
        message text COLLATE \"C\" NOT NULL,
        UNIQUE (record, seq)
    )",
    "CREATE OR REPLACE FUNCTION eovr_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$",
    "CREATE OR REPLACE TRIGGER events_refuse_change BEFORE UPDATE OR DELETE ON events
        FOR EACH ROW EXECUTE FUNCTION eovr_refuse('events are append-only')",
    "CREATE OR REPLACE TRIGGER events_refuse_truncate BEFORE TRUNCATE ON events
        FOR EACH STATEMENT EXECUTE FUNCTION eovr_refuse('events are append-only')",
    // `id` is the position of the event whose message is leased.
    "CREATE TABLE IF NOT EXISTS outbox (
        id bigint PRIMARY KEY,
        held_until bigint NOT NULL,
        attempts bigint NOT NULL
    )",
    "CREATE INDEX IF NOT EXISTS outbox_free ON outbox (held_until, id)",
];

pub(crate) fn guards(schema: &Schema) -> Vec<Made> {
    let kind = &schema.name;
    let refuse = |name: &str, on: &str, each: &str, why: &str| Made {
        name: format!("{kind}_{name}"),
        create: format!(
            "CREATE TRIGGER \"{kind}_{name}\" BEFORE {on} ON \"{kind}\" \
             FOR EACH {each} EXECUTE FUNCTION eovr_refuse('{why}')"
        ),
    };
    let moved = format!("UPDATE OF {}", schema.fixed().join(", "));
    vec![
        refuse("refuse_delete", "DELETE", "ROW", "records are never deleted"),
        refuse("refuse_truncate", "TRUNCATE", "STATEMENT", "records are never deleted"),
        refuse("refuse_move", &moved, "ROW", "records are never moved"),
    ]
}
