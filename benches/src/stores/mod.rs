//! eovr beside a Python service that does the same: same work, same servers, in turns.
//!
//! The peer (`benches/python`) is what a good team writes today: SQLAlchemy's ORM, or Motor. It writes the
//! record, two audit rows and an outbox message in one transaction, in the clear. Ours is the whole
//! [`report`](eovr_core::incident::Incidents::report): decision, triage, sealing, audit chain, outbox,
//! number. Every server is durable, started for one row and stopped after it.
//!
//! ```text
//! . tests/tools; need_servers; need_python
//! cargo bench -p eovr-benches -- stores                   submission, reading, sealing
//! cargo bench -p eovr-benches -- stores-read --size 1000000
//! ```

mod data;
mod fill;
mod peer;
mod read;
mod seal;
mod server;
mod submit;

use std::sync::Arc;

use eovr_core::Eovr;
use eovr_core::incident::{self, Settings};
use eovr_core::ports::{Cipher, Store};
use eovr_core::seal::csfle::LocalKey;
use eovr_store_mongo::{MongoStore, Vault};
use eovr_store_sql::SqlStore;

pub(crate) use self::read::rows as read_rows;
pub(crate) use self::seal::rows as seal_rows;
pub(crate) use self::submit::rows as submit_rows;
use crate::stopwatch::Cost;
use crate::table::Line;
use crate::{Outcome, world};

/// The measured databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Database {
    Sqlite,
    Postgres,
    Mariadb,
    Mongodb,
}

impl Database {
    const ALL: [Self; 4] = [Self::Sqlite, Self::Postgres, Self::Mariadb, Self::Mongodb];

    fn title(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mariadb => "MariaDB",
            Self::Mongodb => "MongoDB",
        }
    }

    /// Its name among the peer's commands.
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
            Self::Mongodb => "mongodb",
        }
    }

    fn peer(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLAlchemy, aiosqlite",
            Self::Postgres => "SQLAlchemy, asyncpg",
            Self::Mariadb => "SQLAlchemy, asyncmy",
            Self::Mongodb => "Motor",
        }
    }
}

/// A store, and its cipher if that is not the engine's own.
#[derive(Clone)]
struct Ours {
    store: Arc<dyn Store>,
    cipher: Option<Arc<dyn Cipher>>,
}

impl Ours {
    /// On MongoDB, eovr seals in the format of MongoDB's own drivers, as the encrypting peer does.
    async fn open(database: Database, url: &str) -> Outcome<Self> {
        if database != Database::Mongodb {
            return Ok(Self { store: Arc::new(SqlStore::open(url).await?), cipher: None });
        }
        let store = MongoStore::open(url).await?;
        let vault = Vault::open(&store, LocalKey::from_bytes(&[42; 96])).await?;
        Ok(Self { store: Arc::new(store), cipher: Some(Arc::new(vault)) })
    }

    /// With the system's clock and entropy, as in production.
    async fn engine(&self, figures_in_memory: bool) -> Outcome<Eovr> {
        let builder = Eovr::builder().shared_store(self.store.clone()).org(world::org()?);
        let builder = builder.kinds(incident::kinds(Settings::default())?);
        let builder = match &self.cipher {
            Some(cipher) => {
                builder.cipher(cipher.clone()).audit_key(LocalKey::from_bytes(&[42; 96]).audit_key())
            }
            None => builder.master_key(world::master_key()),
        };
        let builder = if figures_in_memory { builder.figures_in_memory() } else { builder };
        Ok(builder.open().await?)
    }
}

/// Operations per second.
fn rate(cost: Cost) -> f64 {
    1e6 / cost.wall
}

/// Our ratio to the peer, and the target.
fn line(what: String, ours: String, peer: String, times: f64, promise: Option<f64>) -> Line {
    let line = Line::new(what, ours).floor(peer, times);
    match promise {
        Some(promise) => line.target(format!("≥ {promise} ×"), times >= promise),
        None => line,
    }
}

/// The CPU time of our process and of the peer's, for the same work.
fn cpu_line(what: &str, ours: Cost, peer: Cost, name: &str, promise: Option<f64>) -> Line {
    let (mine, its) = (format!("{:.0} µs", ours.cpu), format!("{:.0} µs  {name}", peer.cpu));
    line(format!("{what}: CPU"), mine, its, peer.cpu / ours.cpu, promise)
}

/// The target: a client in Python uses this many times our CPU time.
const LESS_CPU: f64 = 4.0;
