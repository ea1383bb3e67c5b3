//! A database server for the duration of a row, and the databases of ours and of the peer on it.

use eovr_tests::servers::{Mariadb, Postgres, ReplicaSet};
use tempfile::TempDir;

use crate::Outcome;
use crate::stores::Database;

/// A running server; dropping it stops it and removes its data.
pub(super) enum Server {
    Sqlite(TempDir),
    Postgres(Postgres),
    Mariadb(Mariadb),
    Mongodb(ReplicaSet),
}

impl Server {
    /// A new server that writes each acknowledged commit to the disk.
    pub(super) fn start(database: Database) -> Outcome<Self> {
        Ok(match database {
            Database::Sqlite => Self::Sqlite(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?),
            Database::Postgres => Self::Postgres(Postgres::start()),
            Database::Mariadb => Self::Mariadb(Mariadb::start()),
            Database::Mongodb => Self::Mongodb(ReplicaSet::start(1)),
        })
    }

    /// The URL of a new database.
    pub(super) fn create(&self, name: &str) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}/{name}.db", folder.path().display()),
            Self::Postgres(server) => {
                server.create_database(name);
                server.url(name)
            }
            Self::Mariadb(server) => {
                server.create_database(name);
                server.url(name)
            }
            Self::Mongodb(server) => server.url(name),
        }
    }
}
