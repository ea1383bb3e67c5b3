//! eovr on MongoDB.
//!
//! A kind of record becomes a collection, and each part of a record a field of its own name, so that a
//! person with a shell or a BI tool reads codes, states and times without eovr, and nothing that
//! identifies a patient.
//!
//! ```no_run
//! # async fn open() -> eovr_core::Result<()> {
//! let store = eovr_store_mongo::MongoStore::open("mongodb://127.0.0.1:27017/hospital?replicaSet=rs0").await?;
//! # Ok(())
//! # }
//! ```
//!
//! It needs MongoDB 5.0 or later and a replica set, which may have one node: a commit is a transaction. It
//! is done when a majority of the nodes has it on the disk. Commits of many callers share a transaction
//! where they meet ("group commit"). Each commit is still all or nothing.
//!
//! # What is where
//! | collection | one document for each |
//! |---|---|
//! | `incidents`, `users`, … | record: envelope, facets, and sealed fields as binaries |
//! | `events` | change: its event, and the message that tells of it; `_id` is the position in the feed |
//! | `outbox` | message that was handed out and not delivered yet |
//! | `counters` | three: the last position and the last number of each series; up to which position messages were handed out; the layout |
//! | `__keyVault` | key of the [`Vault`], where a host has one |
//!
//! The outbox of a commit is its message in `events`: it comes into `outbox` when it is first handed out.
//!
//! Moments are whole numbers of microseconds since 1970-01-01T00:00:00Z: a date in MongoDB has
//! milliseconds. What is not set is not there.

mod commit;
mod config;
mod error;
mod explain;
mod migrate;
mod outbox;
mod query;
mod role;
mod rows;
mod schema;
mod store;
mod transaction;
mod vault;
mod writer;

pub use config::MongoConfig;
pub use role::{Duty, role};
pub use store::MongoStore;
pub use vault::{KeyInfo, Vault};
