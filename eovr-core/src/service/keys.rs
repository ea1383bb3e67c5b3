use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::access::{ActionRow, Scope, Tiers, danger};
use crate::decide::{Command, Commit, Guard};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::name;
use crate::name::Name;
use crate::org::Stamp;
use crate::ports::{Cipher, Receipt, observe};
use crate::record::{Query, Record, RecordId, Value};
use crate::seal::{Entropy, KeyRing, MasterKey, Mode, Place, Purpose, Sealed, WrappedKey};
use crate::service::race::TRIES;
use crate::service::{Eovr, Session};
use crate::time::Timestamp;
use crate::workflow::{Need, Rule, StateRow, Table};

const KIND: Name = Name::from_static("data_key");

/// A data key without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKeyInfo {
    /// Its id, which is part of each value that it sealed.
    pub id: RecordId,
    /// Its purpose.
    pub purpose: Purpose,
    /// The time of creation.
    pub created_at: Timestamp,
    /// Whether it was destroyed.
    pub destroyed: bool,
}

/// The cipher with its keys, as of one moment.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) cipher: Arc<dyn Cipher>,
    /// The cipher as a ring, unless the host brought its own cipher.
    ring: Option<Arc<KeyRing>>,
    /// The version of each key's record. A commit of a sealed value expects this version.
    versions: Arc<BTreeMap<Uuid, u64>>,
    /// The number of this reading of the keys.
    reading: u64,
    /// Keys that were requested and do not exist, so that they are not searched for at each reading.
    absent: Arc<Mutex<BTreeSet<Uuid>>>,
}

impl Keys {
    /// A cipher whose keys are not records.
    pub(super) fn of(cipher: Arc<dyn Cipher>) -> Self {
        Self { cipher, ring: None, versions: Arc::default(), reading: 0, absent: Arc::default() }
    }

    /// The commit, guarded by the condition that its sealing keys are still active.
    ///
    /// # Errors
    /// `Key` where the key of an attached blob was destroyed meanwhile.
    pub(super) fn guarded(&self, mut commit: Commit, beside: Option<Uuid>) -> Result<Commit> {
        if let Some(key) = beside.filter(|key| self.ring.as_ref().is_some_and(|ring| !ring.is_live(*key))) {
            return Err(Error::new(ErrorKind::Key, "the key was destroyed during the upload")
                .with_help("nothing was stored; send it again")
                .with("key", key));
        }
        let used = commit.changes().iter().flat_map(|change| change.keys()).copied();
        let used: BTreeSet<Uuid> = used.chain(beside).collect();
        for key in used {
            if let Some(version) = self.versions.get(&key) {
                let id = RecordId::from_bytes(*key.as_bytes());
                commit.guard(Guard { kind: KIND, id, version: *version });
            }
        }
        Ok(commit)
    }

    fn is_absent(&self, key: Uuid) -> bool {
        self.absent.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
    }

    fn remember_absent(&self, key: Uuid) {
        let mut absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        if absent.len() < MOST_ABSENT {
            absent.insert(key);
        }
    }
}

const CHANGED: &str = "the keys were changed meanwhile";

/// Whether a commit failed because its sealing key has changed.
pub(crate) fn have_changed(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable && error.message() == CHANGED
}

/// Whether a commit failed because something that it depends on has changed, so that a new decision may succeed.
pub(crate) fn is_lost_race(error: &Error) -> bool {
    error.kind() == ErrorKind::Conflict || have_changed(error)
}

/// The maximum number of remembered absent keys. Further ones are searched for each time.
const MOST_ABSENT: usize = 10_000;

/// The kind of a wrapped data key. The audit chain of a key records who made, rewrapped or destroyed it. The wrapped
/// bytes are not in the chain.
pub(crate) fn key_kind() -> Result<Kind> {
    let row = ActionRow::new(name!("make"), Tiers::new(5, 5)?);
    let action = |name, sets: &[Name]| ActionRow { name, sets: sets.to_vec(), ..row.clone() };
    let rule = |action, to, needs| Rule { from: vec![name!("kept")], action, to, needs };
    let workflow = Table {
        start: name!("kept"),
        create: name!("make"),
        states: vec![
            StateRow { name: name!("kept"), end: false },
            StateRow { name: name!("destroyed"), end: true },
        ],
        actions: vec![
            action(name!("make"), &[name!("purpose"), name!("made_at"), name!("slot"), name!("wrapped")]),
            // Another key is now active. The action changes only the version, which every commit of a value sealed
            // under this key expects.
            action(name!("retire"), &[]),
            action(name!("rewrap"), &[name!("wrapped")]),
            action(name!("destroy"), &[name!("wrapped")]),
        ],
        rules: vec![
            rule(name!("retire"), None, Vec::new()),
            rule(name!("rewrap"), None, Vec::new()),
            rule(name!("destroy"), Some(name!("destroyed")), vec![Need::Human, Need::Note]),
        ],
    };
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets: vec![
            FacetSpec::text(name!("purpose")).required(),
            FacetSpec::time(name!("made_at")).required(),
            // Two nodes that make the first key at once both claim slot 1: one of them loses and loads the other's key.
            FacetSpec::text(name!("slot")).required().unique(),
            FacetSpec::bytes(name!("wrapped")).silent(),
        ],
        ..KindTable::new(KIND, workflow)
    })
}

impl Eovr {
    /// Loads the keys again, because another node may have rotated or destroyed one.
    ///
    /// The engine does so itself before it opens a value of an unknown key, and where a commit reports that its sealing
    /// key is no longer active. A search does not: it misses values that were sealed under a search key that this node
    /// does not know. Call this regularly, for example every minute.
    ///
    /// # Errors
    /// `Key` where the master key does not open the keys; `Unavailable` where the store cannot be reached; `Config`
    /// where the host brought its own cipher, which the host must refresh.
    pub async fn refresh_keys(&self) -> Result<()> {
        self.refresh_audit_keys().await?;
        let Some(master) = &self.inner.master else {
            return Err(Error::new(ErrorKind::Config, "the host brought its own cipher")
                .with_help("refresh the host's cipher; a MongoDB vault has its own `refresh`"));
        };
        // Of two concurrent readings the one that began last counts, because it read newer data.
        let begun = self.inner.readings.fetch_add(1, Ordering::SeqCst) + 1;
        let before = self.keys();
        let (kept, versions) = self.kept_keys().await?;
        let ring = match &before.ring {
            Some(ring) => ring.renewed(master, &kept)?,
            None => KeyRing::unwrap(master, &kept)?,
        };
        let ring = Arc::new(ring);
        let keys = Keys {
            cipher: ring.clone(),
            ring: Some(ring),
            versions: Arc::new(versions),
            reading: begun,
            absent: before.absent,
        };
        let mut now = self.inner.keys.write().unwrap_or_else(PoisonError::into_inner);
        if now.reading < begun {
            *now = keys;
        }
        Ok(())
    }

    /// Commits. Where the sealing key of the commit has changed meanwhile, it reads the keys again and returns an error
    /// other than `Conflict`, because some callers take a `Conflict` to mean that their record already exists.
    ///
    /// # Errors
    /// As [`Store::commit`](crate::ports::Store::commit); `Unavailable` where a key has changed: nothing was written,
    /// and a new decision seals with the current keys. `Key` where the current keys cannot be read, for example on a
    /// node that still has the previous master key.
    pub(crate) async fn commit(&self, commit: Commit) -> Result<Receipt> {
        let first = commit.changes().first();
        let kind = first.and_then(|change| self.catalog().kind(&change.record().envelope().kind).ok());
        let action = first.and_then(|change| change.message().action()).unwrap_or_default().to_owned();
        observe::operation("commit", kind.map(|kind| &**kind), &action, self.applied(commit)).await
    }

    async fn applied(&self, commit: Commit) -> Result<Receipt> {
        let guards = commit.guards().iter().filter(|guard| guard.kind == KIND).cloned();
        let guards: Vec<Guard> = guards.collect();
        match self.store().commit(commit).await {
            Err(error) if error.kind() == ErrorKind::Conflict && self.no_longer_hold(&guards).await? => {
                self.refresh_keys().await?;
                Err(Error::new(ErrorKind::Unavailable, CHANGED)
                    .with_help("nothing was written; try again")
                    .because(error))
            }
            done => done,
        }
    }

    /// Decides and commits, and decides again where a key has changed meanwhile.
    ///
    /// # Errors
    /// As the decision and [`Eovr::commit`].
    pub(crate) async fn commit_sealed(&self, decide: impl Fn() -> Result<Commit>) -> Result<Receipt> {
        let mut left = TRIES;
        loop {
            match self.commit(decide()?).await {
                Err(error) if have_changed(&error) && left > 0 => {
                    observe::repeated(&error);
                    left -= 1;
                }
                done => return done,
            }
        }
    }

    async fn no_longer_hold(&self, guards: &[Guard]) -> Result<bool> {
        for guard in guards {
            let now = self.store().load(&Scope::everything(), &guard.kind, guard.id).await?;
            if now.is_none_or(|now| now.envelope.version != guard.version) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the keys again where one of these is unknown. If that fails, the later opening of the value reports the
    /// error.
    pub(crate) async fn meet(&self, ids: impl Iterator<Item = Uuid>) {
        let keys = self.keys();
        let Some(ring) = &keys.ring else { return };
        let unknown: Vec<Uuid> = ids.filter(|id| !ring.knows(*id) && !keys.is_absent(*id)).collect();
        if unknown.is_empty() {
            return;
        }
        // Even after a failure the ids are remembered, so that a row with a wrong key id does not cause a reading at
        // each access.
        let _ = self.refresh_keys().await;
        let keys = self.keys();
        let still = |id: &Uuid| keys.ring.as_ref().is_none_or(|ring| !ring.knows(*id));
        unknown.into_iter().filter(still).for_each(|id| keys.remember_absent(id));
    }

    pub(super) async fn load_keys(&self) -> Result<()> {
        let Some(master) = &self.inner.master else { return Ok(()) };
        if let Some(previous) = &self.inner.previous_master {
            self.rewrap(previous, master).await?;
        }
        if self.kept_keys().await?.0.is_empty() {
            match self.make_first_keys(master).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {} // another node was faster
                done => done?,
            }
        }
        self.refresh_keys().await
    }

    async fn make_first_keys(&self, master: &MasterKey) -> Result<()> {
        let system = self.key_session()?;
        let mut entropy = self.entropy()?;
        let now = self.now();
        let ids = [self.new_id(now, &mut entropy).uuid(), self.new_id(now, &mut entropy).uuid()];
        let ring = KeyRing::create(master, ids, now.as_micros(), &mut entropy)?;
        let mut commits = ring.wrapped().into_iter().map(|key| system.decide_key(&key, 1));
        let first = commits.next().ok_or_else(|| Error::bug("a ring has keys"))??;
        let commit = commits.try_fold(first, |all, commit| Ok::<_, Error>(all.and(commit?)))?;
        self.store().commit(commit).await.map(drop)
    }

    async fn rewrap(&self, previous: &MasterKey, master: &MasterKey) -> Result<()> {
        let system = self.key_session()?;
        let (kept, _) = self.kept_keys().await?;
        for (old, new) in kept.iter().zip(KeyRing::rewrap(previous, master, &kept, &mut self.entropy()?)?) {
            if *old != new {
                let command = Command::new("rewrap").set("wrapped", Value::Bytes(new.wrapped));
                system.act(&KIND, RecordId::from_bytes(*new.id.as_bytes()), command).await?;
            }
        }
        Ok(())
    }

    /// The wrapped keys with the versions of their records.
    async fn kept_keys(&self) -> Result<(Vec<WrappedKey>, BTreeMap<Uuid, u64>)> {
        let mut query = Query::of(KIND).limit(Query::LARGEST_PAGE);
        let (mut keys, mut versions) = (Vec::new(), BTreeMap::new());
        loop {
            // Read directly from the store, because a session would try to load keys for what it finds.
            let page = self.store().find(&Scope::everything(), &query).await?.try_map(Record::try_from)?;
            keys.extend(page.items.iter().map(wrapped).collect::<Result<Vec<_>>>()?);
            versions.extend(page.items.iter().map(|record| (record.id().uuid(), record.version())));
            match page.next {
                Some(next) => query = query.after(Some(next)),
                None => return Ok((keys, versions)),
            }
        }
    }

    pub(super) fn key_session(&self) -> Result<Session> {
        Ok(self.session(danger::unrestricted("eovr.keys", "keep the data keys")?))
    }
}

impl Session {
    /// Makes a new key, which seals from now on; the older keys still open their values.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// use eovr_core::seal::Purpose;
    ///
    /// let manager = eovr.session(member("top-1", Role::TopManagement, "CAI")?);
    /// let newest = manager.rotate_key(Purpose::Fields).await?;
    /// assert!(manager.data_keys().await?.iter().any(|key| key.id == newest));
    /// // The older key still opens its values.
    /// let record = nurse.load(&KIND, id).await?;
    /// assert!(nurse.open(&record, "description")?.is_some());
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `Denied` below tier 5; `Config` where the host brought its own cipher.
    pub async fn rotate_key(&self, purpose: Purpose) -> Result<RecordId> {
        if purpose == Purpose::Events {
            return self.rotate_events().await;
        }
        self.may_read(self.eovr().catalog().kind(&KIND)?)?;
        let master = self.master()?;
        let (kept, _) = self.eovr().kept_keys().await?;
        let mut ring = KeyRing::unwrap(master, &kept)?;
        let sealed_until_now = ring.active(purpose).map(|id| RecordId::from_bytes(*id.as_bytes()));
        let mut entropy = self.eovr().entropy()?;
        let now = self.eovr().now();
        let id = self.eovr().new_id(now, &mut entropy);
        let key = ring.rotate(master, purpose, id.uuid(), now.as_micros(), &mut entropy)?;
        let slot = kept.iter().filter(|key| key.purpose == purpose).count() + 1;
        let mut commit = self.decide_key(&key, slot)?;
        if let Some(older) = sealed_until_now {
            // Retires the previous key, so that no node continues to seal under it.
            let kind = self.eovr().catalog().kind(&KIND)?.clone();
            let older = self.to_decide_on(kind.name(), older).await?;
            commit = commit.and(self.decide_attested(&kind, &older, Command::new("retire")).await?);
        }
        self.eovr().store().commit(commit).await?;
        self.eovr().refresh_keys().await?;
        Ok(id)
    }

    /// Destroys a key that is no longer active. Every value that it sealed is then unreadable in every copy of the
    /// store. The audit chains can still be verified.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// use eovr_core::seal::Purpose;
    ///
    /// let manager = eovr.session(member("top-1", Role::TopManagement, "CAI")?);
    /// let old = manager.data_keys().await?.into_iter().find(|key| key.purpose == Purpose::Fields).unwrap();
    /// manager.rotate_key(Purpose::Fields).await?;
    /// manager.destroy_key(old.id, "the retention period is over").await?;
    /// let record = nurse.load(&KIND, id).await?;
    /// assert!(nurse.open(&record, "description").unwrap_err().is_unreadable());
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `Denied` below tier 5; `Key` where the key is active; `Refused` for software, or without a reason.
    pub async fn destroy_key(&self, id: RecordId, reason: &str) -> Result<()> {
        self.may_read(self.eovr().catalog().kind(&KIND)?)?;
        KeyRing::unwrap(self.master()?, &self.eovr().kept_keys().await?.0)?.destroy(id.uuid())?;
        self.act(&KIND, id, Command::new("destroy").clear("wrapped").note(reason)).await?;
        self.eovr().refresh_keys().await
    }

    /// The data keys, newest first, without their bytes.
    ///
    /// # Errors
    /// `Denied` below tier 5.
    pub async fn data_keys(&self) -> Result<Vec<DataKeyInfo>> {
        self.may_read(self.eovr().catalog().kind(&KIND)?)?;
        let (keys, _) = self.eovr().kept_keys().await?;
        Ok(keys
            .into_iter()
            .map(|key| DataKeyInfo {
                id: RecordId::from_bytes(*key.id.as_bytes()),
                purpose: key.purpose,
                created_at: Timestamp::from_micros(key.created_at),
                destroyed: key.is_destroyed(),
            })
            .collect())
    }

    fn master(&self) -> Result<&MasterKey> {
        self.eovr().inner.master.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::Config, "the engine keeps no keys: the host brought its own cipher")
        })
    }

    fn decide_key(&self, key: &WrappedKey, slot: usize) -> Result<Commit> {
        let kind = self.eovr().catalog().kind(&KIND)?.clone();
        let command = Command::new("make")
            .set("purpose", key.purpose.name())
            .set("made_at", Timestamp::from_micros(key.created_at))
            .set("slot", format!("{}-{slot}", key.purpose.name()))
            .set("wrapped", Value::Bytes(key.wrapped.clone()));
        self.decide_new(&kind, RecordId::from_bytes(*key.id.as_bytes()), Stamp::national(), None, command)
    }
}

fn wrapped(record: &Record) -> Result<WrappedKey> {
    let damaged = || Error::new(ErrorKind::Tampered, "a data key is damaged").with("record", record.id());
    Ok(WrappedKey {
        id: record.id().uuid(),
        purpose: match record.text("purpose") {
            Some("fields") => Purpose::Fields,
            Some("search") => Purpose::Search,
            _ => return Err(damaged()),
        },
        created_at: record.time("made_at").ok_or_else(damaged)?.as_micros(),
        wrapped: match record.facet("wrapped") {
            Some(Value::Bytes(bytes)) => bytes.clone(),
            _ => Vec::new(),
        },
    })
}

/// A placeholder until the keys are loaded. It neither seals nor opens.
#[derive(Debug)]
pub(super) struct NoKeysYet;

impl Cipher for NoKeysYet {
    fn seal(&self, _: &Place<'_>, _: Mode, _: &[u8], _: &mut Entropy) -> Result<Sealed> {
        Err(Error::new(ErrorKind::Key, "the keys are not loaded yet"))
    }

    fn open(&self, _: &Place<'_>, _: &Sealed) -> Result<Zeroizing<Vec<u8>>> {
        Err(Error::new(ErrorKind::Key, "the keys are not loaded yet"))
    }

    fn search_values(&self, _: &str, _: &str, _: &[u8]) -> Result<Vec<Sealed>> {
        Err(Error::new(ErrorKind::Key, "the keys are not loaded yet"))
    }
}
