//! The outbox: leases and removal of delivered messages.

use eovr_core::ports::Parcel;
use eovr_core::{Result, Timestamp};

use crate::dialect::Dialect;
use crate::error::damaged;
use crate::query::Statement;
use crate::row::Row;

/// Leases the oldest free messages and returns their ids, attempts and texts.
pub(crate) fn lease(dialect: Dialect, limit: u32, now: Timestamp, until: Timestamp) -> Statement {
    let mut sql = Statement::new(match dialect {
        // MariaDB returns no rows from an update, so a unique holder identifies the leased messages.
        Dialect::Mysql(_) => "SET @holder = UUID();\nUPDATE outbox SET holder = @holder, held_until = ",
        _ => "UPDATE outbox SET held_until = ",
    });
    sql.bind(until.as_micros());
    sql.push(", attempts = attempts + 1 WHERE ");
    sql.push(match dialect {
        // An array is evaluated once. PostgreSQL may evaluate a set again for each row, each time with other free rows.
        Dialect::Postgres => "id = ANY (ARRAY(SELECT id FROM outbox WHERE ",
        Dialect::Sqlite => "id IN (SELECT id FROM outbox WHERE ",
        Dialect::Mysql(_) => "",
    });
    sql.push("held_until <= ");
    sql.bind(now.as_micros());
    sql.push(" ORDER BY id LIMIT ");
    sql.bind(i64::from(limit));
    sql.push(match dialect {
        Dialect::Mysql(_) => {
            ";\nSELECT o.id, o.attempts, e.message FROM outbox o JOIN events e ON e.position = o.id \
             WHERE o.holder = @holder;\n"
        }
        Dialect::Postgres => {
            " FOR UPDATE SKIP LOCKED)) \
             RETURNING id, attempts, (SELECT message FROM events WHERE position = outbox.id)"
        }
        Dialect::Sqlite => {
            ") RETURNING id, attempts, (SELECT message FROM events WHERE position = outbox.id);\n"
        }
    });
    sql
}

pub(crate) fn parcel(row: &Row) -> Result<Parcel> {
    Ok(Parcel {
        id: row.count(0)?,
        attempts: u32::try_from(row.count(1)?).unwrap_or(u32::MAX),
        message: row.text(2)?.ok_or_else(damaged)?.to_owned(),
    })
}

/// The number of ids per statement. A shorter list repeats its last id, so that there is one prepared statement and not
/// one per length.
const AT_ONCE: usize = 64;

/// Removes these messages. Ids outside the database's range belong to no message.
pub(crate) fn acknowledge(dialect: Dialect, ids: &[u64]) -> Vec<Statement> {
    let ids: Vec<i64> = ids.iter().filter_map(|id| i64::try_from(*id).ok()).collect();
    let end = if dialect == Dialect::Postgres { "" } else { ";\n" };
    let mut statements = Vec::new();
    for some in ids.chunks(AT_ONCE) {
        let mut sql =
            Statement::new(format!("DELETE FROM outbox WHERE id IN ({}){end}", ["?"; AT_ONCE].join(", ")));
        let last = some.last().into_iter().cycle();
        sql.binds.extend(some.iter().chain(last).take(AT_ONCE).map(|id| (*id).into()));
        statements.push(sql);
    }
    statements
}
