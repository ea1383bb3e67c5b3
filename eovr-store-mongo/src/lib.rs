//! eovr on MongoDB.
//!
//! Each record kind is a collection, and each part of a record a field with its own name. A user with a shell or a BI
//! tool can read codes, states and times without eovr, and no data that identifies a patient.
//!
//! ```no_run
//! # async fn open() -> eovr_core::Result<()> {
//! let store = eovr_store_mongo::MongoStore::open("mongodb://127.0.0.1:27017/hospital?replicaSet=rs0").await?;
//! # Ok(())
//! # }
//! ```
//!
//! It needs MongoDB 5.0 or later and a replica set, which may have a single node: a commit is a transaction. A commit
//! is complete when a majority of the nodes has it on disk. Concurrent commits share a transaction ("group commit").
//! Each commit is still all or nothing.
//!
//! # Collections
//! | collection | one document per |
//! |---|---|
//! | `incidents`, `users`, … | record: envelope, facets, and sealed fields as binaries |
//! | `events` | change: its event and its message; `_id` is the position in the feed |
//! | `outbox` | leased message that is not yet delivered |
//! | `counters` | purpose (three documents): the last position with the last number of each series; the watermark; the layout |
//! | `__keyVault` | key of the [`Vault`], if a host has one |
//!
//! A commit writes its message only to `events`. The message is added to `outbox` when it is first leased.
//!
//! Times are integers, in microseconds since 1970-01-01T00:00:00Z, because a MongoDB date has only milliseconds. A
//! value that is not set has no field.

mod commit;
mod config;
mod error;
mod explain;
mod migrate;
mod outbox;
mod plan;
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
