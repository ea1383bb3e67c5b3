//! A common interface for connections and pools of three databases: statements with values in, rows out.

#[cfg(feature = "mysql")]
use sqlx::mysql::{MySql, MySqlConnection, MySqlPool};
#[cfg(feature = "postgres")]
use sqlx::postgres::{PgConnection, PgPool, Postgres};
#[cfg(feature = "sqlite")]
use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool};
use sqlx::{AssertSqlSafe, Connection as _, Executor};

use crate::bind;
#[cfg(feature = "postgres")]
use crate::config::Sessions;
#[cfg(feature = "mysql")]
use crate::dialect::mysql;
#[cfg(feature = "postgres")]
use crate::dialect::postgres;
use crate::query::Statement;
use crate::row::Row;

/// Does the same with the connection, pool or row of each database whose driver is linked in.
macro_rules! each {
    ($of:ident, $value:expr, $one:ident => $done:expr) => {
        match $value {
            #[cfg(feature = "sqlite")]
            $of::Sqlite($one) => $done,
            #[cfg(feature = "postgres")]
            $of::Postgres($one, ..) => $done,
            #[cfg(feature = "mysql")]
            $of::Mysql($one) => $done,
        }
    };
}
pub(crate) use each;

/// One connection.
pub(crate) enum Connection {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(PgConnection, Session),
    #[cfg(feature = "mysql")]
    Mysql(MySqlConnection),
}

/// What a connection to PostgreSQL may rely on from one transaction to the next.
#[cfg(feature = "postgres")]
pub(crate) enum Session {
    /// Prepared statements and settings persist between transactions.
    Own,
    /// Nothing persists: each transaction begins with this statement, which also sets the settings.
    Shared { begin: String },
}

impl Connection {
    /// Runs one statement, which is prepared once and cached.
    pub(crate) async fn fetch(&mut self, statement: Statement) -> sqlx::Result<Vec<Row>> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(one) => fetch_sqlite(one, statement).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(one, session) => {
                fetch_postgres(one, statement, matches!(session, Session::Own)).await
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(one) => fetch_mysql(one, statement).await,
        }
    }

    /// Runs one statement outside a transaction. In a shared session it gets its own transaction, because the prepared
    /// statement of one round trip would be missing in the next.
    pub(crate) async fn fetch_alone(&mut self, statement: Statement) -> sqlx::Result<Vec<Row>> {
        #[cfg(feature = "postgres")]
        if let Self::Postgres(_, Session::Shared { .. }) = self {
            self.begin().await?;
            let rows = self.fetch(statement).await?;
            self.run("COMMIT").await?;
            return Ok(rows);
        }
        self.fetch(statement).await
    }

    /// Runs several statements in one round trip and stops at the first failure. Not for PostgreSQL, where only a
    /// single statement can have bound values.
    pub(crate) async fn script(&mut self, statements: Statement) -> sqlx::Result<Vec<Row>> {
        match self {
            #[cfg(feature = "mysql")]
            Self::Mysql(one) => {
                let sql = AssertSqlSafe(mysql::with_literals(&statements));
                Ok(sqlx::raw_sql(sql).fetch_all(one).await?.into_iter().map(Row::Mysql).collect())
            }
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            _ => self.fetch(statements).await,
        }
    }

    /// The beginning of a script that is a transaction. `None` for PostgreSQL, where each statement is a round trip of
    /// its own: see [`begin`](Self::begin).
    pub(crate) fn script_begins(&self) -> Option<&'static str> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Some("BEGIN IMMEDIATE;\n"),
            #[cfg(feature = "postgres")]
            Self::Postgres(..) => None,
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => Some("START TRANSACTION;\n"),
        }
    }

    /// Begins a transaction in a round trip of its own.
    pub(crate) async fn begin(&mut self) -> sqlx::Result<()> {
        let begin = match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_, Session::Shared { begin }) => begin.clone(),
            _ => "BEGIN".to_owned(),
        };
        self.run(begin).await
    }

    /// Runs statements without rows that are not worth preparing.
    pub(crate) async fn run(&mut self, sql: impl Into<String>) -> sqlx::Result<()> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        each!(Self, self, one => sql.execute(one).await.map(drop))
    }

    pub(crate) async fn close(self) -> sqlx::Result<()> {
        each!(Self, self, one => one.close().await)
    }
}

/// Connections that read.
#[derive(Clone)]
pub(crate) enum Pool {
    #[cfg(feature = "sqlite")]
    Sqlite(SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(PgPool, Sessions),
    #[cfg(feature = "mysql")]
    Mysql(MySqlPool),
}

impl Pool {
    pub(crate) async fn fetch(&self, statement: Statement) -> sqlx::Result<Vec<Row>> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(pool) => fetch_sqlite(pool, statement).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(pool, Sessions::Own) => fetch_postgres(pool, statement, true).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(pool, Sessions::Shared) => {
                let mut transaction = pool.begin_with(postgres::READ).await?;
                let rows = fetch_postgres(&mut *transaction, statement, false).await?;
                transaction.commit().await?;
                Ok(rows)
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(pool) => fetch_mysql(pool, statement).await,
        }
    }

    pub(crate) async fn close(&self) {
        each!(Self, self, pool => pool.close().await);
    }
}

#[cfg(feature = "sqlite")]
async fn fetch_sqlite<'e>(
    on: impl Executor<'e, Database = Sqlite>,
    asked: Statement,
) -> sqlx::Result<Vec<Row>> {
    let query = sqlx::query_with(AssertSqlSafe(asked.sql), bind::to_sqlite(asked.binds)?);
    Ok(query.fetch_all(on).await?.into_iter().map(Row::Sqlite).collect())
}

#[cfg(feature = "postgres")]
async fn fetch_postgres<'e>(
    on: impl Executor<'e, Database = Postgres>,
    asked: Statement,
    kept: bool,
) -> sqlx::Result<Vec<Row>> {
    let query =
        sqlx::query_with(AssertSqlSafe(postgres::numbered(&asked.sql)), bind::to_postgres(asked.binds)?);
    Ok(query.persistent(kept).fetch_all(on).await?.into_iter().map(Row::Postgres).collect())
}

#[cfg(feature = "mysql")]
async fn fetch_mysql<'e>(
    on: impl Executor<'e, Database = MySql>,
    asked: Statement,
) -> sqlx::Result<Vec<Row>> {
    let query = sqlx::query_with(AssertSqlSafe(asked.sql), bind::to_mysql(asked.binds)?);
    Ok(query.fetch_all(on).await?.into_iter().map(Row::Mysql).collect())
}
