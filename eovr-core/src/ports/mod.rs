//! What the host brings: a store, a clock, entropy; and, where it has its own, a place for blobs, a cipher,
//! checks and an analyst outside the house.
//!
//! Each is a small trait that the engine holds as a trait object, so that a Python host or a web server
//! needs no type parameters. [`crate::memory`] and the `eovr-store-*` crates implement the store.

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

/// What time it is. The engine asks once for each decision.
pub trait Clock: Debug + Send + Sync {
    /// The current moment.
    fn now(&self) -> Timestamp;
}

/// Where randomness comes from: ids, nonces, keys and receipt codes are made of it.
pub trait EntropySource: Debug + Send + Sync {
    /// 32 bytes that nobody can foresee, different at every call.
    ///
    /// # Errors
    /// `Unavailable` where the operating system has none to give.
    fn seed(&self) -> Result<[u8; 32]>;
}

/// A question that a workflow asks the host by name: the need `check`.
pub trait Check: Debug + Send + Sync {
    /// Whether the record passes now. Answer from what is at hand: this runs before every decision on a
    /// record whose workflow asks.
    fn passes(&self, record: &Record, actor: &Actor) -> bool;
}
