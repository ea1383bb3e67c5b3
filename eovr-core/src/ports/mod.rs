//! The ports that a host implements: a store, a clock, entropy; optionally a blob store, a cipher, checks and an
//! external analyst.
//!
//! Each port is a small trait that the engine holds as a trait object, so that a Python host or a web server needs no
//! type parameters. [`crate::memory`] and the `eovr-store-*` crates implement the store.

mod analyst;
mod blobs;
mod store;

use std::fmt::Debug;

pub use self::analyst::{Analyst, Answered};
pub use self::blobs::Blobs;
pub use self::store::{Census, Loaded, Parcel, Posted, Receipt, Store, Written};
use crate::access::Actor;
use crate::error::Result;
use crate::record::Record;
pub use crate::seal::Cipher;
use crate::time::Timestamp;

/// The clock. The engine reads it once for each decision.
pub trait Clock: Debug + Send + Sync {
    /// The current moment.
    fn now(&self) -> Timestamp;
}

/// The source of randomness for ids, nonces, keys and receipt codes.
pub trait EntropySource: Debug + Send + Sync {
    /// 32 unpredictable bytes, different at every call.
    ///
    /// # Errors
    /// `Unavailable` where the operating system provides none.
    fn seed(&self) -> Result<[u8; 32]>;
}

/// A check that a workflow asks the host for by name: the need `check`.
pub trait Check: Debug + Send + Sync {
    /// Whether the record passes now. It must answer from memory, because it runs before every decision on a record
    /// whose workflow requires it.
    fn passes(&self, record: &Record, actor: &Actor) -> bool;
}
