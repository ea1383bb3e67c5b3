//! The ports that a host implements: a store, a clock, entropy; optionally a blob store, a cipher, checks and an
//! external analyst.
//!
//! Each port is a small trait that the engine holds as a trait object, so that a Python host or a web server needs no
//! type parameters. [`crate::memory`] and the `eovr-store-*` crates implement the store. An [`Arc`](std::sync::Arc) of a
//! port is the port too, so a host can keep a handle to what it gives away.

mod analyst;
mod blobs;
pub(crate) mod observe;
#[cfg(feature = "tracing")]
mod observed;
#[cfg(test)]
#[cfg(all(feature = "testing", feature = "tracing"))]
mod observed_tests;
mod shared;
mod store;

use std::fmt::Debug;

pub use self::analyst::{Analyst, Answered};
pub use self::blobs::Blobs;
#[cfg(feature = "tracing")]
pub use self::observed::Observed;
pub use self::store::{Census, Loaded, Parcel, Posted, Receipt, Store, Written};
use crate::access::Actor;
use crate::error::Result;
use crate::record::Record;
pub use crate::seal::Cipher;
use crate::time::Timestamp;

/// The clock. The engine reads it once for each decision.
///
/// ```
/// use std::sync::atomic::{AtomicI64, Ordering};
///
/// use eovr_core::{Timestamp, ports::Clock};
///
/// /// A clock that a test moves.
/// #[derive(Debug)]
/// struct TestClock(AtomicI64);
///
/// impl Clock for TestClock {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_micros(self.0.load(Ordering::SeqCst))
///     }
/// }
///
/// let clock = TestClock(AtomicI64::new(0));
/// clock.0.fetch_add(60_000_000, Ordering::SeqCst);
/// assert_eq!(clock.now().to_string(), "1970-01-01T00:01:00Z");
/// ```
pub trait Clock: Debug + Send + Sync {
    /// The current moment.
    fn now(&self) -> Timestamp;
}

/// The source of randomness for ids, nonces, keys and receipt codes.
///
/// ```
/// use std::sync::atomic::{AtomicU8, Ordering};
///
/// use eovr_core::{Result, ports::EntropySource};
///
/// /// For tests: the same seeds in every run, and no seed twice.
/// #[derive(Debug)]
/// struct Counted(AtomicU8);
///
/// impl EntropySource for Counted {
///     fn seed(&self) -> Result<[u8; 32]> {
///         Ok([self.0.fetch_add(1, Ordering::SeqCst); 32])
///     }
/// }
///
/// let source = Counted(AtomicU8::new(0));
/// assert_ne!(source.seed()?, source.seed()?);
/// # Ok::<(), eovr_core::Error>(())
/// ```
pub trait EntropySource: Debug + Send + Sync {
    /// 32 unpredictable bytes, different at every call.
    ///
    /// # Errors
    /// `Unavailable` where the operating system provides none.
    fn seed(&self) -> Result<[u8; 32]>;
}

/// A check that a workflow asks the host for by name: the need `check`.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let org = testing::org()?;
/// # let workflow = serde_json::json!({
/// #     "start": "ringing", "create": "raise",
/// #     "states": [{"name": "ringing"}, {"name": "closed", "end": true}],
/// #     "actions": [{"name": "raise", "tiers": [1, 5], "sets": ["fridge", "tenths_celsius"]},
/// #                 {"name": "close", "tiers": [1, 5], "sets": ["cause"]}],
/// #     "rules": [{"from": ["ringing"], "action": "close", "to": "closed", "needs": [{"check": "door_shut"}]}]
/// # });
/// # let workflow: eovr_core::workflow::Table = serde_json::from_value(workflow)?;
/// use eovr_core::ports::Check;
/// # use eovr_core::kind::{FacetSpec, FieldSpec, Kind, KindTable};
///
/// /// Asks the sensor of the fridge, which the host reads in the background.
/// #[derive(Debug)]
/// struct DoorShut;
///
/// impl Check for DoorShut {
///     fn passes(&self, record: &Record, _: &Actor) -> bool {
///         record.text("fridge") == Some("blood-1")
///     }
/// }
///
/// # let facets = vec![FacetSpec::text(name!("fridge")), FacetSpec::int(name!("tenths_celsius"))];
/// # let fields = vec![FieldSpec::text(name!("cause"), 5..=500)];
/// # let table = KindTable::new(name!("fridge_alarm"), workflow).facets(facets).fields(fields);
/// # let builder = Eovr::builder().store(MemoryStore::new()).org(org).kind(Kind::new(table)?)
/// #     .master_key(MasterKey::from_bytes(&[7; 32]));
/// let eovr = builder.check(name!("door_shut"), DoorShut).open().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// let raised = Command::new("raise").set("fridge", "blood-2");
/// let id = nurse.create(&name!("fridge_alarm"), &nile, raised).await?.id;
/// let error = nurse.act(&name!("fridge_alarm"), id, Command::new("close")).await.unwrap_err();
/// assert_eq!(error.help(), Some("it needs the host's check `door_shut` to pass"));
/// # Ok(()) });
/// ```
pub trait Check: Debug + Send + Sync {
    /// Whether the record passes now. It must answer from memory, because it runs before every decision on a record
    /// whose workflow requires it.
    fn passes(&self, record: &Record, actor: &Actor) -> bool;
}
