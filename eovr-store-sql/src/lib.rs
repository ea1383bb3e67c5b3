//! eovr on SQL databases.
//!
//! Each record kind is a table with real columns for envelope and facets, and one column for the sealed fields. A user
//! with a SQL prompt or a BI tool can read codes, states and times without eovr, and no data that identifies a patient.
//!
//! ```no_run
//! # async fn open() -> eovr_core::Result<()> {
//! let store = eovr_store_sql::SqlStore::open("sqlite://hospital.db").await?;
//! # Ok(())
//! # }
//! ```
//!
//! Concurrent commits share a transaction ("group commit"): eight callers wait for about one disk write, like a single
//! caller. Each commit is still all or nothing.
//!
//! SQLite is compiled into the host. With the default options of its crate, all connections share one page cache behind
//! one lock, so readers on several cores wait for each other. If that matters, build your host with
//! `LIBSQLITE3_FLAGS="-USQLITE_ENABLE_MEMORY_MANAGEMENT -DSQLITE_DEFAULT_MEMSTATUS=0"`.

#![cfg_attr(
    not(all(feature = "sqlite", feature = "postgres", feature = "mysql")),
    expect(dead_code, reason = "what speaks a dialect is text: it is compiled without its driver, too")
)]

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!("turn on the feature of a database: `sqlite`, `postgres` or `mysql`");

mod bind;
mod body;
mod commit;
mod committer;
mod config;
mod connection;
mod copier;
mod dialect;
mod error;
mod index;
mod lease;
mod link;
mod migrate;
mod plan;
mod query;
mod row;
mod rows;
mod schema;
mod store;
mod writer;

pub use config::{Durability, SqlConfig};
pub use store::SqlStore;
