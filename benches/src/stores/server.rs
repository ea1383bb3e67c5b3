//! A server of a database for as long as it is measured, and where on it we and the peer work.

use eovr_tests::servers::{Mariadb, Postgres, ReplicaSet};
use tempfile::TempDir;

use crate::Outcome;
use crate::stores::Database;

/// Running; dropping it stops it and removes its data.
pub(super) enum Server {
    Sqlite(TempDir),
    Postgres(Postgres),
    Mariadb(Mariadb),
    Mongodb(ReplicaSet),
}

impl Server {
    /// A fresh one that has on the disk what it acknowledges.
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
