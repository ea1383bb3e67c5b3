//! The entry points: the engine ([`Eovr`]), and the engine bound to one actor ([`Session`]), which is the only handle
//! with operations.

mod audit_keys;
mod builder;
mod feed_reader;
mod figures;
mod follower;
mod inspect;
mod keys;
#[cfg(feature = "checkpoints")]
mod log_keeper;
mod pages;
mod race;
mod session;
#[cfg(feature = "system")]
mod system;
mod trail;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};

pub use self::builder::EovrBuilder;
pub use self::feed_reader::FeedReader;
use self::figures::Cubes;
pub(crate) use self::follower::Follower;
pub use self::inspect::{Inspected, Inspection, InspectionFinding, Vouched};
pub use self::keys::DataKeyInfo;
use self::keys::Keys;
pub(crate) use self::keys::{have_changed as keys_have_changed, is_lost_race};
#[cfg(feature = "checkpoints")]
pub use self::log_keeper::LogKeeper;
pub use self::pages::Pages;
pub(crate) use self::race::until_won;
pub use self::session::{Legal, Session};
#[cfg(feature = "system")]
pub use self::system::{SystemClock, SystemEntropy};
pub use self::trail::{Entry, Trail};
use zeroize::Zeroizing;

use crate::access::Actor;
use crate::audit::Authenticator;
use crate::error::Result;
use crate::kind::Catalog;
use crate::name::Name;
use crate::org::Org;
use crate::ports::{Check, Cipher, Clock, EntropySource, Store};
use crate::record::RecordId;
use crate::seal::{Entropy, MasterKey};
use crate::time::Timestamp;

/// The engine: kinds, organisation, keys and a store. Cheap to clone; holds no global state.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// assert_eq!(eovr.org().stamps().count(), 2);
/// assert_eq!(eovr.catalog().kind(&KIND)?.name(), "incident");
/// // A clone is the same engine.
/// let elsewhere = eovr.clone().session(nurse.actor().clone());
/// assert_eq!(elsewhere.incidents().newest(10).await?.items.len(), 0);
/// # Ok(()) });
/// ```
#[derive(Clone)]
pub struct Eovr {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    catalog: Catalog,
    // Replaced as a whole, so that a decision never sees half of a change.
    org: RwLock<Arc<Org>>,
    // Replaced as a whole when a key is rotated, so that a decision never sees a mixed ring.
    keys: RwLock<Keys>,
    /// The number of started readings of the keys.
    readings: AtomicU64,
    master: Option<MasterKey>,
    previous_master: Option<MasterKey>,
    /// The key that wraps the keys of the audit trail, if it is not the master key.
    audit_master: Option<MasterKey>,
    /// `None` until the keys are loaded.
    authenticator: RwLock<Option<Arc<Authenticator>>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn EntropySource>,
    checks: BTreeMap<Name, Arc<dyn Check>>,
    /// Empty where figures are not kept in memory.
    cubes: Cubes,
}

impl Eovr {
    /// Makes a builder for an engine.
    pub fn builder() -> EovrBuilder {
        EovrBuilder::default()
    }

    /// The engine bound to one actor. The host must have authenticated the actor.
    pub fn session(&self, actor: Actor) -> Session {
        Session::new(self.clone(), actor)
    }

    /// The kinds.
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// The organisation as it is now.
    pub fn org(&self) -> Arc<Org> {
        Arc::clone(&self.inner.org.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the organisation while the engine runs. Decisions after this call know the new places; records keep
    /// the place that they were created in. [`Organisation`](crate::identity::Organisation) calls it where the
    /// organisation is kept in the store.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// let mut governorates = eovr.org().governorates().to_vec();
    /// let sixth = Facility {
    ///     id: OrgId::new("OCT")?,
    ///     title: Title { en: "October Hospital".to_owned(), ar: "مستشفى أكتوبر".to_owned() },
    ///     time_zone: "Africa/Cairo".to_owned(),
    /// };
    /// governorates[0].administrations[0].facilities.push(sixth);
    /// eovr.replace_org(Org::new(governorates)?);
    /// assert!(eovr.org().stamp(&OrgId::new("OCT")?).is_some());
    /// # Ok(()) });
    /// ```
    pub fn replace_org(&self, org: impl Into<Arc<Org>>) {
        *self.inner.org.write().unwrap_or_else(PoisonError::into_inner) = org.into();
    }

    /// The store. Its outbox has a single reader, the [`Dispatcher`](crate::notice::Dispatcher). Every other reader of changes is a
    /// [`FeedReader`].
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    pub(crate) fn cipher(&self) -> Arc<dyn Cipher> {
        self.keys().cipher
    }

    fn keys(&self) -> Keys {
        self.inner.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(crate) fn entropy(&self) -> Result<Entropy> {
        let seed = Zeroizing::new(self.inner.entropy.seed()?);
        Ok(Entropy::from_seed(&seed))
    }

    pub(crate) fn new_id(&self, now: Timestamp, entropy: &mut Entropy) -> RecordId {
        let mut random = [0; 10];
        entropy.fill(&mut random);
        RecordId::from_parts(now, random)
    }
}

impl fmt::Debug for Eovr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Eovr({:?})", self.inner.store)
    }
}
