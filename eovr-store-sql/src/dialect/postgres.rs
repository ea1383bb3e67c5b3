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
        // No column is a float, and PgBouncer refuses a connection that asks for this.
        .extra_float_digits(None)
        // Statements carry sealed values and ids; neither belongs in a log.
        .disable_statement_logging()
}

/// Said to every new connection: whoever waited for a row sees it as it is then, whatever the database's
/// default is.
pub(crate) const GREETING: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// The beginning of a transaction that writes, where the session is not ours to say that to.
const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// And of one that reads.
pub(crate) const READ: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";

/// What a transaction begins with in a session that is used by others too, with the limits of the writer.
pub(crate) fn begin(patience: Option<Duration>) -> String {
    match patience {
        Some(patience) => format!("{WRITE}; {}", settings(patience, true)),
        None => WRITE.to_owned(),
    }
}

/// Whose session of the server answers.
pub(crate) const WHOSE: &str = "SELECT pg_backend_pid()";

/// Said to the connection of the writer. A node that the network has swallowed gives up its turn before the
/// others give up waiting for it.
pub(crate) fn limits(patience: Duration) -> String {
    settings(patience, false)
}

fn settings(patience: Duration, for_transaction: bool) -> String {
    let limit = (patience * 4 / 5).as_millis().max(1);
    let set = |name: &str| format!("set_config('{name}', '{limit}', {for_transaction})");
    let names = ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"];
    format!("SELECT {}", names.map(set).join(", "))
}

/// Twenty nodes that start at once take turns.
pub(crate) const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7309453)";

/// PostgreSQL numbers the places of values. No text in our statements holds a question mark.
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
        // Compared and sorted byte by byte, as everywhere else.
        ColumnType::Text => "text COLLATE \"C\"",
        ColumnType::Int => "bigint",
        ColumnType::Bool => "boolean",
        ColumnType::Bytes => "bytea",
    }
}

/// `events` is append-only in the database itself, and cannot be emptied either.
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
    // Its id is the position of the event whose message it hands out.
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
