//! Opening of connections.

use std::time::Duration;

use eovr_core::Result;
use sqlx::mysql::{MySqlConnection, MySqlPoolOptions};
use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _};

use crate::config::{Place, Sessions, SqlConfig};
use crate::connection::{Connection, Pool, Session};
use crate::dialect::{Dialect, mysql, postgres, sqlite};
use crate::error::{pooled, translate};

/// The target and the settings of connections.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    place: Place,
}

/// The maximum duration of the check for a pooler.
const FOUND_WITHIN: Duration = Duration::from_secs(2);
/// How long a reader waits for a free connection.
const FREE_WITHIN: Duration = Duration::from_secs(10);

impl Link {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    /// Whether it is a server, which may be lost and come back.
    pub(crate) fn is_remote(&self) -> bool {
        !matches!(self.place, Place::Sqlite { .. })
    }

    /// A connection for writing. With a patience, the server waits for a lock or for us no longer than callers wait for
    /// the answer. Without one, for creating tables, there is no limit.
    pub(crate) async fn connect_to_write(&self, patience: Option<Duration>) -> sqlx::Result<Connection> {
        Ok(match &self.place {
            Place::Sqlite { path, durability, mapped } => {
                let mut connection = sqlite::writer_options(path, *mapped, *durability).connect().await?;
                // A read, so that a file that is not a database is detected here.
                connection.execute("SELECT count(*) FROM sqlite_schema").await?;
                Connection::Sqlite(connection)
            }
            Place::Postgres(options, Sessions::Shared) => {
                let connection = postgres::options((**options).clone()).connect().await?;
                Connection::Postgres(connection, Session::Shared { begin: postgres::begin(patience) })
            }
            Place::Postgres(options, Sessions::Own) => {
                let mut connection = postgres::options((**options).clone()).connect().await?;
                greet_postgres(&mut connection).await?;
                if let Some(patience) = patience {
                    connection.execute(AssertSqlSafe(postgres::limits(patience))).await?;
                }
                Connection::Postgres(connection, Session::Own)
            }
            Place::Mysql(options) => {
                let mut connection = mysql::options((**options).clone()).connect().await?;
                greet_mysql(&mut connection).await?;
                if let Some(patience) = patience {
                    connection.execute(sqlx::raw_sql(AssertSqlSafe(mysql::limits(patience)))).await?;
                }
                Connection::Mysql(connection)
            }
        })
    }

    /// Checks whether a pooler shares sessions that the store treats as its own: a second connection gets the session
    /// of the first, which is still open.
    ///
    /// # Errors
    /// `Config` where a pooler does. This does not detect every pooler; others are detected by a missing prepared
    /// statement.
    pub(crate) async fn check_sessions(&self, connection: &mut Connection) -> Result<()> {
        let (Place::Postgres(options, Sessions::Own), Connection::Postgres(first, _)) =
            (&self.place, connection)
        else {
            return Ok(());
        };
        let look = async {
            let whose = async |on: &mut PgConnection| {
                sqlx::raw_sql(postgres::WHOSE).fetch_one(on).await?.try_get::<i32, _>(0)
            };
            let mut second = postgres::options((**options).clone()).connect().await?;
            let shared = whose(first).await? == whose(&mut second).await?;
            second.close().await?;
            Ok::<_, sqlx::Error>(shared)
        };
        // If the server has no second connection, the readers report it.
        match tokio::time::timeout(FOUND_WITHIN, look).await {
            Ok(Ok(true)) => Err(pooled()),
            _ => Ok(()),
        }
    }

    /// Connections for reading. On SQLite, open them after the writer has created the file and its log.
    pub(crate) async fn connect_to_read(&self, config: &SqlConfig) -> Result<Pool> {
        let readers = config.readers.max(1);
        Ok(match &self.place {
            Place::Sqlite { path, mapped, .. } => {
                let options = SqlitePoolOptions::new().max_connections(readers).test_before_acquire(false);
                Pool::Sqlite(
                    options.connect_with(sqlite::reader_options(path, *mapped)).await.map_err(translate)?,
                )
            }
            Place::Postgres(options, sessions) => {
                let pool = PgPoolOptions::new()
                    .max_connections(readers)
                    .acquire_timeout(FREE_WITHIN)
                    .test_before_acquire(false);
                let pool = match sessions {
                    Sessions::Own => pool.after_connect(|connection, _| Box::pin(greet_postgres(connection))),
                    Sessions::Shared => pool,
                };
                Pool::Postgres(pool.connect_lazy_with(postgres::options((**options).clone())), *sessions)
            }
            Place::Mysql(options) => {
                let pool = MySqlPoolOptions::new()
                    .max_connections(readers)
                    .acquire_timeout(FREE_WITHIN)
                    .test_before_acquire(false)
                    .after_connect(|connection, _| Box::pin(greet_mysql(connection)));
                Pool::Mysql(pool.connect_lazy_with(mysql::options((**options).clone())))
            }
        })
    }
}

async fn greet_postgres(connection: &mut PgConnection) -> sqlx::Result<()> {
    connection.execute(postgres::GREETING).await.map(drop)
}

async fn greet_mysql(connection: &mut MySqlConnection) -> sqlx::Result<()> {
    connection.execute(sqlx::raw_sql(mysql::GREETING)).await.map(drop)
}

/// The database product.
pub(crate) async fn dialect(connection: &mut Connection) -> sqlx::Result<Dialect> {
    Ok(match connection {
        Connection::Sqlite(_) => Dialect::Sqlite,
        Connection::Postgres(..) => Dialect::Postgres,
        Connection::Mysql(one) => {
            let row = sqlx::raw_sql("SELECT VERSION()").fetch_one(one).await?;
            Dialect::Mysql(mysql::Flavour::of(&row.try_get::<String, _>(0)?))
        }
    })
}
