use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, RwLock};

use crate::access::ActionRow;
use crate::analytics;
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Catalog, Kind};
use crate::name::Name;
use crate::org::Org;
use crate::ports::{Check, Cipher, Clock, EntropySource, Store};
use crate::seal::MasterKey;
use crate::service::figures::Cubes;
use crate::service::{Eovr, Inner, audit_keys, keys};
use crate::workflow::Need;

/// Builds an engine. [`EovrBuilder::open`] reports missing parts.
#[derive(Debug, Default)]
pub struct EovrBuilder {
    store: Option<Arc<dyn Store>>,
    org: Option<Arc<Org>>,
    kinds: Vec<Kind>,
    more_actions: Vec<(Name, Vec<ActionRow>)>,
    master: Option<MasterKey>,
    previous_master: Option<MasterKey>,
    audit_master: Option<MasterKey>,
    cipher: Option<Arc<dyn Cipher>>,
    clock: Option<Arc<dyn Clock>>,
    entropy: Option<Arc<dyn EntropySource>>,
    checks: BTreeMap<Name, Arc<dyn Check>>,
    figures_in_memory: bool,
}

impl EovrBuilder {
    /// Sets the store.
    #[must_use]
    pub fn store(mut self, store: impl Store + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Sets a store that is already shared.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let org = testing::org()?;
    /// use std::sync::Arc;
    ///
    /// use eovr_core::ports::Store;
    ///
    /// let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    /// let node = || {
    ///     let builder = Eovr::builder().shared_store(store.clone()).org(org.clone());
    ///     builder.master_key(MasterKey::from_bytes(&[7; 32])).open()
    /// };
    /// let (first, second) = (node().await?, node().await?);
    /// assert!(Arc::ptr_eq(first.store(), second.store()));
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets the organisation.
    #[must_use]
    pub fn org(mut self, org: impl Into<Arc<Org>>) -> Self {
        self.org = Some(org.into());
        self
    }

    /// Adds a record kind.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kinds.push(kind);
        self
    }

    /// Adds several record kinds.
    #[must_use]
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.kinds.extend(kinds);
        self
    }

    /// Adds actions that belong to no kind: a part of the host with its permissions.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let org = testing::org()?;
    /// use eovr_core::access::{ActionRow, Tiers};
    ///
    /// let row = ActionRow::new(name!("print"), Tiers::new(2, 5)?);
    /// let eovr = Eovr::builder()
    ///     .actions(name!("labels"), vec![row])
    /// #   .store(MemoryStore::new()).org(org).master_key(MasterKey::from_bytes(&[7; 32]))
    ///     .open()
    ///     .await?;
    /// assert!(eovr.catalog().actions().row(&name!("labels"), &name!("print")).is_some());
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn actions(mut self, of: Name, rows: Vec<ActionRow>) -> Self {
        self.more_actions.push((of, rows));
        self
    }

    /// Sets the key that wraps the data keys. The engine makes the data keys at the first start and keeps them,
    /// wrapped, in the store.
    #[must_use]
    pub fn master_key(mut self, master: MasterKey) -> Self {
        self.master = Some(master);
        self
    }

    /// Sets the previous master key. At the next start the engine rewraps every data key under the new master key. No
    /// record has to be sealed again.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let org = testing::org()?;
    /// # let store: std::sync::Arc<dyn ports::Store> = std::sync::Arc::new(MemoryStore::new());
    /// let key = |byte| MasterKey::from_bytes(&[byte; 32]); // an example: real keys are random
    /// let node = || Eovr::builder().shared_store(store.clone()).org(org.clone());
    /// node().master_key(key(1)).open().await?;
    /// node().master_key(key(2)).previous_master_key(key(1)).open().await?;
    /// // From now on the new key is enough, and the old one opens nothing.
    /// assert!(node().master_key(key(2)).open().await.is_ok());
    /// assert_eq!(node().master_key(key(1)).open().await.unwrap_err().kind(), ErrorKind::Key);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn previous_master_key(mut self, previous: MasterKey) -> Self {
        self.previous_master = Some(previous);
        self
    }

    /// Sets the key that wraps the keys for the authentication of events, for a host with its own
    /// [`cipher`](Self::cipher). A host with a master key does not need it.
    #[must_use]
    pub fn audit_key(mut self, key: MasterKey) -> Self {
        self.audit_master = Some(key);
        self
    }

    /// Sets the host's own cipher instead of a master key. Set [`audit_key`](Self::audit_key) too.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let org = testing::org()?;
    /// use std::sync::Arc;
    ///
    /// use eovr_core::seal::{Entropy, KeyRing};
    /// use uuid::Uuid;
    ///
    /// # let (master, seed) = (MasterKey::from_bytes(&[1; 32]), [7; 32]);
    /// let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
    /// let ring = KeyRing::create(&master, ids, 1_790_000_000_000_000, &mut Entropy::from_seed(&seed))?;
    /// let eovr = Eovr::builder()
    ///     .cipher(Arc::new(ring))
    ///     .audit_key(MasterKey::from_bytes(&[2; 32]))
    /// #   .store(MemoryStore::new()).org(org)
    ///     .open()
    ///     .await?;
    /// // The host keeps the keys, so the host refreshes them.
    /// assert_eq!(eovr.refresh_keys().await.unwrap_err().kind(), ErrorKind::Config);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn cipher(mut self, cipher: Arc<dyn Cipher>) -> Self {
        self.cipher = Some(cipher);
        self
    }

    /// Replaces the system's clock.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let org = testing::org()?;
    /// use eovr_core::ports::Clock;
    ///
    /// #[derive(Debug)]
    /// struct Stopped;
    ///
    /// impl Clock for Stopped {
    ///     fn now(&self) -> Timestamp {
    ///         Timestamp::from_micros(1_795_336_200_000_000)
    ///     }
    /// }
    ///
    /// let eovr = Eovr::builder()
    ///     .clock(Stopped)
    /// #   .store(MemoryStore::new()).org(org).kinds(kinds(Settings::default())?)
    /// #   .master_key(MasterKey::from_bytes(&[7; 32]))
    ///     .open()
    ///     .await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let report = testing::report();
    /// let written = nurse.incidents().report(&nile, report).await?.written;
    /// assert_eq!(written.number.as_deref(), Some("OVR-2026-000001"));
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Replaces the system's source of randomness.
    #[must_use]
    pub fn entropy(mut self, entropy: impl EntropySource + 'static) -> Self {
        self.entropy = Some(Arc::new(entropy));
        self
    }

    /// Sets the implementation of the need `check` of this name.
    #[must_use]
    pub fn check(mut self, name: Name, check: impl Check + 'static) -> Self {
        self.checks.insert(name, Arc::new(check));
        self
    }

    /// Keeps the counts of every kind with tallied facets in memory ([`crate::analytics`]). A figure then costs one
    /// short read of the store's feed, independent of the number of records.
    ///
    /// The cost is one count of all records at every start, and a few megabytes. During that count it takes more: about
    /// 350 bytes for each existing combination of facility, month, state and tallied facets. Each node keeps its own
    /// counts. Before every answer a node first reads the commits of other nodes. After you restore a backup, restart
    /// the nodes.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let org = testing::org()?;
    /// use eovr_core::analytics::Source;
    ///
    /// let eovr = Eovr::builder()
    ///     .figures_in_memory()
    /// #   .store(MemoryStore::new()).org(org).kinds(kinds(Settings::default())?)
    /// #   .master_key(MasterKey::from_bytes(&[7; 32]))
    ///     .open()
    ///     .await?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// assert_eq!(quality.tally(&Tally::of(KIND).by(Column::State)).await?.source, Source::Memory);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn figures_in_memory(mut self) -> Self {
        self.figures_in_memory = true;
        self
    }

    /// The kinds of this engine and those that every engine has, checked together as [`open`](Self::open) does, without
    /// a store. A store says what the catalogue would change in a database ([`Plan`](crate::kind::Plan)).
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// let catalog = Eovr::builder().kinds(kinds(Settings::default())?).catalog()?;
    /// assert!(catalog.kind(&KIND).is_ok() && catalog.kind(&name!("data_key")).is_ok());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `Config` as [`open`](Self::open).
    pub fn catalog(&self) -> Result<Catalog> {
        catalog(self.kinds.clone(), self.more_actions.clone(), &self.checks)
    }

    /// Checks that the parts fit together, prepares the store, loads the keys, and makes the counts that are kept in
    /// memory.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let org = testing::org()?;
    /// let error = Eovr::builder().store(MemoryStore::new()).open().await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Config);
    /// assert_eq!((error.message(), error.help()), ("the engine has no organisation", Some("call `org`")));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `Config` where a part is missing or two parts do not fit together, a workflow asks for a check that is not
    /// registered, or no workflow asks for a registered check; `Key` where the master key did not wrap the
    /// store's keys; `Unavailable` where the store cannot be reached.
    pub async fn open(self) -> Result<Eovr> {
        let missing = |what: &str| Error::new(ErrorKind::Config, format!("the engine has no {what}"));
        let store = self.store.ok_or_else(|| missing("store").with_help("call `store`"))?;
        let org = self.org.ok_or_else(|| missing("organisation").with_help("call `org`"))?;
        let clock = self.clock.or_else(system_clock).ok_or_else(|| missing("clock"))?;
        let entropy = self.entropy.or_else(system_entropy).ok_or_else(|| missing("source of randomness"))?;
        if self.master.is_none() && self.cipher.is_none() {
            return Err(missing("key").with_help("call `master_key`, or `cipher` and `audit_key`"));
        }
        if self.master.is_none() && self.audit_master.is_none() {
            return Err(missing("key for its audit trail").with_help("call `audit_key` beside `cipher`"));
        }
        let catalog = catalog(self.kinds, self.more_actions, &self.checks)?;
        store.prepare(&catalog).await?;
        let cubes =
            if self.figures_in_memory { Cubes::count(&*store, &catalog).await? } else { Cubes::default() };
        let cipher = match self.cipher {
            Some(cipher) => cipher,
            None => Arc::new(keys::NoKeysYet),
        };
        let eovr = Eovr {
            inner: Arc::new(Inner {
                store,
                catalog,
                org: RwLock::new(org),
                keys: RwLock::new(keys::Keys::of(cipher)),
                readings: AtomicU64::new(0),
                master: self.master,
                previous_master: self.previous_master,
                audit_master: self.audit_master,
                authenticator: RwLock::default(),
                clock,
                entropy,
                checks: self.checks,
                cubes,
            }),
        };
        eovr.load_audit_keys().await?;
        eovr.load_keys().await?;
        Ok(eovr)
    }
}

fn catalog(
    kinds: Vec<Kind>,
    mut more: Vec<(Name, Vec<ActionRow>)>,
    checks: &BTreeMap<Name, Arc<dyn Check>>,
) -> Result<Catalog> {
    more.push(analytics::actions()?);
    let catalog = Catalog::new(kinds.into_iter().chain([keys::key_kind()?, audit_keys::kind()?]), &more)?;
    check_checks(&catalog, checks)?;
    Ok(catalog)
}

/// Each check that a rule needs is registered, and each registered check is needed.
fn check_checks(catalog: &Catalog, checks: &BTreeMap<Name, Arc<dyn Check>>) -> Result<()> {
    let mut asked = BTreeMap::new();
    for kind in catalog.kinds() {
        for rule in &kind.machine().table().rules {
            let checks = rule.needs.iter().filter_map(|need| match need {
                Need::Check(name) => Some((name, (kind.name(), &rule.action))),
                _ => None,
            });
            asked.extend(checks);
        }
    }
    let listed = |names: Vec<&str>| match names.is_empty() {
        true => "none".to_owned(),
        false => format!("`{}`", names.join("`, `")),
    };
    if let Some((name, (kind, action))) = asked.iter().find(|(name, _)| !checks.contains_key(**name)) {
        let registered = listed(checks.keys().map(Name::as_str).collect());
        return Err(Error::new(
            ErrorKind::Config,
            format!("action `{action}` of `{kind}` needs the check `{name}`, which is not registered"),
        )
        .with_help(format!("call `check` with its name; registered: {registered}")));
    }
    if let Some(name) = checks.keys().find(|name| !asked.contains_key(name)) {
        let asked = listed(asked.keys().map(|name| name.as_str()).collect());
        return Err(Error::new(ErrorKind::Config, format!("no kind needs the check `{name}`"))
            .with_help(format!("do not register it, or correct its name; needed: {asked}")));
    }
    Ok(())
}

#[cfg(feature = "system")]
fn system_clock() -> Option<Arc<dyn Clock>> {
    Some(Arc::new(super::SystemClock))
}

#[cfg(not(feature = "system"))]
fn system_clock() -> Option<Arc<dyn Clock>> {
    None
}

#[cfg(feature = "system")]
fn system_entropy() -> Option<Arc<dyn EntropySource>> {
    Some(Arc::new(super::SystemEntropy))
}

#[cfg(not(feature = "system"))]
fn system_entropy() -> Option<Arc<dyn EntropySource>> {
    None
}
