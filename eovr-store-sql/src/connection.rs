//! A common interface for connections and pools of three databases: statements with values in, rows out.

use sqlx::mysql::{MySql, MySqlPool};
use sqlx::postgres::{PgPool, Postgres};
use sqlx::sqlite::{Sqlite, SqlitePool};
use sqlx::{AssertSqlSafe, Connection as _, Executor, MySqlConnection, PgConnection, SqliteConnection};

use crate::bind::{to_mysql, to_postgres, to_sqlite};
use crate::config::Sessions;
use crate::dialect::{mysql, postgres};
use crate::query::Statement;
use crate::row::Row;

/// One connection.
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection, Session),
    Mysql(MySqlConnection),
}

/// The session of a PostgreSQL connection.
pub(crate) enum Session {
    /// Prepared statements and settings persist between transactions.
    Own,
    /// Nothing persists: each transaction begins with this statement, which also sets the settings.
    Shared { begin: String },
}

impl Session {
    /// The statement that begins a transaction.
    pub(crate) fn begin(&self) -> &str {
        match self {
            Self::Own => "BEGIN",
            Self::Shared { begin } => begin,
        }
    }
}

impl Connection {
    /// Runs one statement, which is prepared once and cached.
    pub(crate) async fn fetch(&mut self, statement: Statement) -> sqlx::Result<Vec<Row>> {
        match self {
            Self::Sqlite(one) => fetch_sqlite(one, statement).await,
            Self::Postgres(one, session) => {
                fetch_postgres(one, statement, matches!(session, Session::Own)).await
            }
            Self::Mysql(one) => fetch_mysql(one, statement).await,
        }
    }

    /// Runs one statement outside a transaction. In a shared session it gets its own transaction, because the prepared
    /// statement of one round trip would be missing in the next.
    pub(crate) async fn fetch_alone(&mut self, statement: Statement) -> sqlx::Result<Vec<Row>> {
        let begin = match self {
            Self::Postgres(_, Session::Shared { begin }) => begin.clone(),
            _ => return self.fetch(statement).await,
        };
        self.run(begin).await?;
        let rows = self.fetch(statement).await?;
        self.run("COMMIT").await?;
        Ok(rows)
    }

    /// Runs several statements in one round trip and stops at the first failure. Not for PostgreSQL, where only a
    /// single statement can have bound values.
    pub(crate) async fn script(&mut self, statements: Statement) -> sqlx::Result<Vec<Row>> {
        match self {
            Self::Mysql(one) => {
                let sql = AssertSqlSafe(mysql::with_literals(&statements));
                Ok(sqlx::raw_sql(sql).fetch_all(one).await?.into_iter().map(Row::Mysql).collect())
            }
            _ => self.fetch(statements).await,
        }
    }

    /// Runs statements without rows that are not worth preparing.
    pub(crate) async fn run(&mut self, sql: impl Into<String>) -> sqlx::Result<()> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match self {
            Self::Sqlite(one) => sql.execute(one).await.map(drop),
            Self::Postgres(one, _) => sql.execute(one).await.map(drop),
            Self::Mysql(one) => sql.execute(one).await.map(drop),
        }
    }

    pub(crate) async fn close(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(one) => one.close().await,
            Self::Postgres(one, _) => one.close().await,
            Self::Mysql(one) => one.close().await,
        }
    }
}

/// Connections for reading.
#[derive(Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool, Sessions),
    Mysql(MySqlPool),
}

impl Pool {
    pub(crate) async fn fetch(&self, statement: Statement) -> sqlx::Result<Vec<Row>> {
        match self {
            Self::Sqlite(pool) => fetch_sqlite(pool, statement).await,
            Self::Postgres(pool, Sessions::Own) => fetch_postgres(pool, statement, true).await,
            Self::Postgres(pool, Sessions::Shared) => {
                let mut transaction = pool.begin_with(postgres::READ).await?;
                let rows = fetch_postgres(&mut *transaction, statement, false).await?;
                transaction.commit().await?;
                Ok(rows)
            }
            Self::Mysql(pool) => fetch_mysql(pool, statement).await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool, _) => pool.close().await,
            Self::Mysql(pool) => pool.close().await,
        }
    }
}

async fn fetch_sqlite<'e>(
    on: impl Executor<'e, Database = Sqlite>,
    asked: Statement,
) -> sqlx::Result<Vec<Row>> {
    let query = sqlx::query_with(AssertSqlSafe(asked.sql), to_sqlite(asked.binds)?);
    Ok(query.fetch_all(on).await?.into_iter().map(Row::Sqlite).collect())
}

async fn fetch_postgres<'e>(
    on: impl Executor<'e, Database = Postgres>,
    asked: Statement,
    kept: bool,
) -> sqlx::Result<Vec<Row>> {
    let query = sqlx::query_with(AssertSqlSafe(postgres::numbered(&asked.sql)), to_postgres(asked.binds)?);
    Ok(query.persistent(kept).fetch_all(on).await?.into_iter().map(Row::Postgres).collect())
}

async fn fetch_mysql<'e>(
    on: impl Executor<'e, Database = MySql>,
    asked: Statement,
) -> sqlx::Result<Vec<Row>> {
    let query = sqlx::query_with(AssertSqlSafe(asked.sql), to_mysql(asked.binds)?);
    Ok(query.fetch_all(on).await?.into_iter().map(Row::Mysql).collect())
}
