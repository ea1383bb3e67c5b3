//! How connections are made.

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

/// Where connections lead, and how they begin.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    place: Place,
}

/// How long a pooler is looked for.
const FOUND_WITHIN: Duration = Duration::from_secs(2);
/// How long a reader waits for a connection.
const FREE_WITHIN: Duration = Duration::from_secs(10);

impl Link {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    /// Whether there is a server that may go away, and come back.
    pub(crate) fn is_remote(&self) -> bool {
        !matches!(self.place, Place::Sqlite { .. })
    }

    /// A connection to write. With a patience the server waits no longer for a lock, nor for us, than
    /// somebody here waits for the answer; making tables may take as long as it takes.
    pub(crate) async fn connect_to_write(&self, patience: Option<Duration>) -> sqlx::Result<Connection> {
        Ok(match &self.place {
            Place::Sqlite { path, durability, mapped } => {
                let mut connection = sqlite::writer_options(path, *mapped, *durability).connect().await?;
                // Read once, so that a file that is no database is noticed here.
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

    /// Looks whether a pooler shares sessions that are taken for our own: a second connection is answered by the session
    /// that answered the first, which is still open.
    ///
    /// # Errors
    /// `Config` where one does. Not every pooler is found out here; the others are by what is missing later.
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
        // A server that has no second connection to give says so to the readers.
        match tokio::time::timeout(FOUND_WITHIN, look).await {
            Ok(Ok(true)) => Err(pooled()),
            _ => Ok(()),
        }
    }

    /// Connections that read. On SQLite, opened after the writer has made the file and its log.
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

/// Which database it is.
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
