//! Opening of connections.

use std::path::Path;
use std::time::Duration;

use eovr_core::Result;
#[cfg(feature = "mysql")]
use sqlx::mysql::{MySqlConnection, MySqlPoolOptions};
#[cfg(feature = "postgres")]
use sqlx::postgres::{PgConnection, PgPoolOptions};
#[cfg(feature = "sqlite")]
use sqlx::sqlite::SqlitePoolOptions;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use sqlx::{AssertSqlSafe, Row as _};
use sqlx::{ConnectOptions as _, Executor as _};

use crate::config::{Place, SqlConfig};
use crate::connection::{Connection, Pool};
use crate::dialect::Dialect;
#[cfg(feature = "mysql")]
use crate::dialect::mysql;
#[cfg(feature = "sqlite")]
use crate::dialect::sqlite;
#[cfg(feature = "sqlite")]
use crate::error::translate;
#[cfg(feature = "postgres")]
use crate::{config::Sessions, connection::Session, dialect::postgres, error::pooled};

/// The target and the settings of connections.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    place: Place,
}

/// How long a pooler is looked for.
#[cfg(feature = "postgres")]
const FOUND_WITHIN: Duration = Duration::from_secs(2);
/// How long a reader waits for a connection.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const FREE_WITHIN: Duration = Duration::from_secs(10);

impl Link {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    /// Whether it is a server, which may be lost and come back.
    pub(crate) fn is_remote(&self) -> bool {
        self.place.file().is_none()
    }

    /// The file of SQLite; `None` for a server.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.place.file()
    }

    /// A connection to write. With a patience the server waits no longer for a lock, nor for us, than
    /// the caller waits for the answer; making tables may take as long as it takes.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "mysql")),
        expect(unused_variables, reason = "a file keeps no writer waiting")
    )]
    pub(crate) async fn connect_to_write(&self, patience: Option<Duration>) -> sqlx::Result<Connection> {
        Ok(match &self.place {
            #[cfg(feature = "sqlite")]
            Place::Sqlite { path, durability, mapped } => {
                let mut connection = sqlite::writer_options(path, *mapped, *durability).connect().await?;
                // A read, so that a file that is not a database is detected here.
                connection.execute("SELECT count(*) FROM sqlite_schema").await?;
                Connection::Sqlite(connection)
            }
            #[cfg(feature = "postgres")]
            Place::Postgres(options, Sessions::Shared) => {
                let connection = postgres::options((**options).clone()).connect().await?;
                Connection::Postgres(connection, Session::Shared { begin: postgres::begin(patience) })
            }
            #[cfg(feature = "postgres")]
            Place::Postgres(options, Sessions::Own) => {
                let mut connection = postgres::options((**options).clone()).connect().await?;
                greet_postgres(&mut connection).await?;
                if let Some(patience) = patience {
                    connection.execute(AssertSqlSafe(postgres::limits(patience))).await?;
                }
                Connection::Postgres(connection, Session::Own)
            }
            #[cfg(feature = "mysql")]
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
    /// `Config` where one does. Not every pooler is found out here; the others are by what is missing later.
    #[cfg(feature = "postgres")]
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
            sqlx::Connection::close(second).await?;
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
            #[cfg(feature = "sqlite")]
            Place::Sqlite { path, mapped, .. } => {
                let options = SqlitePoolOptions::new().max_connections(readers).test_before_acquire(false);
                Pool::Sqlite(
                    options.connect_with(sqlite::reader_options(path, *mapped)).await.map_err(translate)?,
                )
            }
            #[cfg(feature = "postgres")]
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
            #[cfg(feature = "mysql")]
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

#[cfg(feature = "postgres")]
async fn greet_postgres(connection: &mut PgConnection) -> sqlx::Result<()> {
    connection.execute(postgres::GREETING).await.map(drop)
}

#[cfg(feature = "mysql")]
async fn greet_mysql(connection: &mut MySqlConnection) -> sqlx::Result<()> {
    connection.execute(sqlx::raw_sql(mysql::GREETING)).await.map(drop)
}

/// The database product.
pub(crate) async fn dialect(connection: &mut Connection) -> sqlx::Result<Dialect> {
    Ok(match connection {
        #[cfg(feature = "sqlite")]
        Connection::Sqlite(_) => Dialect::Sqlite,
        #[cfg(feature = "postgres")]
        Connection::Postgres(..) => Dialect::Postgres,
        #[cfg(feature = "mysql")]
        Connection::Mysql(one) => {
            let row = sqlx::raw_sql("SELECT VERSION()").fetch_one(one).await?;
            Dialect::Mysql(mysql::Flavour::of(&row.try_get::<String, _>(0)?))
        }
    })
}
