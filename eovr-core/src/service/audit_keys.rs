use std::sync::{Arc, PoisonError};

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::access::{ActionRow, Scope, Tiers};
use crate::audit::{Attested, Authenticator, StoredEvent};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::name;
use crate::name::Name;
use crate::org::Stamp;
use crate::ports::observe;
use crate::record::{Query, Record, RecordId, Value};
use crate::seal::{MasterKey, Purpose, WrappedKey};
use crate::service::{Eovr, Session};
use crate::workflow::{Rule, StateRow, Table};

pub(super) const KIND: Name = Name::from_static("audit_key");

/// The flag "every chain must end with a code" is part of the wrapped key, after its 32 bytes. An attacker who can
/// write to the database therefore cannot change it without the master key.
const REQUIRED: u8 = 1;

/// The kind of a wrapped key for the authentication codes of events. It is a separate kind because earlier releases do
/// not know this purpose of a data key.
pub(super) fn kind() -> Result<Kind> {
    let row = ActionRow::new(name!("make"), Tiers::new(5, 5)?);
    let action = |name, sets: &[Name]| ActionRow { name, sets: sets.to_vec(), ..row.clone() };
    let stays = |action| Rule { from: vec![name!("kept")], action, to: None, needs: Vec::new() };
    let workflow = Table {
        start: name!("kept"),
        create: name!("make"),
        // A key of events is never destroyed, because its chains could then no longer be verified.
        states: vec![StateRow { name: name!("kept"), end: true }],
        actions: vec![
            action(name!("make"), &[name!("made_at"), name!("slot"), name!("wrapped")]),
            action(name!("rewrap"), &[name!("wrapped")]),
            action(name!("require"), &[name!("wrapped")]),
        ],
        rules: vec![stays(name!("rewrap")), stays(name!("require"))],
    };
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets: vec![
            FacetSpec::time(name!("made_at")).required(),
            // If two nodes make the same key at once, one loses and loads the other's.
            FacetSpec::int(name!("slot")).required().unique(),
            FacetSpec::bytes(name!("wrapped")).required().silent(),
        ],
        ..KindTable::new(KIND, workflow)
    })
}

/// An unwrapped key of the audit trail.
pub(super) struct AuditKey {
    id: Uuid,
    created_at: i64,
    key: Zeroizing<[u8; 32]>,
    required: bool,
}

impl AuditKey {
    fn unwrap(master: &MasterKey, kept: &WrappedKey) -> Result<Self> {
        let material = master.unwrap(kept)?;
        let (key, rest) = material.split_first_chunk::<32>().ok_or_else(|| damaged(kept.id))?;
        Ok(Self {
            id: kept.id,
            created_at: kept.created_at,
            key: Zeroizing::new(*key),
            required: rest == [REQUIRED],
        })
    }

    fn material(&self, required: bool) -> Zeroizing<Vec<u8>> {
        let mut material = Zeroizing::new(Vec::with_capacity(33));
        material.extend_from_slice(self.key.as_slice());
        material.push(if required { REQUIRED } else { 0 });
        material
    }
}

impl Eovr {
    pub(crate) fn authenticator(&self) -> Option<Arc<Authenticator>> {
        self.inner.authenticator.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Loads the keys that authenticate events. Makes the first key where none exists.
    pub(super) async fn load_audit_keys(&self) -> Result<()> {
        let master = self.audit_master()?;
        if let Some(previous) = &self.inner.previous_master {
            self.rewrap_audit_keys(previous, master).await?;
        }
        if self.kept_audit_keys().await?.is_empty() {
            match self.make_first_audit_key().await {
                // Another node was faster.
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    if self.kept_audit_keys().await?.is_empty() {
                        return Err(error.during("make the first key of the audit trail"));
                    }
                }
                done => done?,
            }
        }
        self.refresh_audit_keys().await
    }

    pub(super) async fn refresh_audit_keys(&self) -> Result<()> {
        observe::read_keys();
        let master = self.audit_master()?;
        let kept = self.kept_audit_keys().await?;
        let before = self.authenticator();
        let mut keys = Vec::new();
        for (kept, _) in &kept {
            let key = match (AuditKey::unwrap(master, kept), &before) {
                (Ok(key), _) => Some(key),
                // A node with the next master key has rewrapped it; this node gets that master key at its next start.
                (Err(_), Some(before)) if before.knows(kept.id) => None,
                (Err(error), _) => return Err(error),
            };
            keys.push((kept.created_at, kept.id, key));
        }
        keys.sort_by_key(|(created_at, id, _)| std::cmp::Reverse((*created_at, *id)));
        let required = keys.iter().any(|(.., key)| key.as_ref().is_some_and(|key| key.required));
        let before = before.unwrap_or_else(|| Arc::new(Authenticator::new([], false)));
        let given = keys.iter().map(|(_, id, key)| (*id, key.as_ref().map(|key| &*key.key)));
        self.authenticate_by(before.renewed(given, required));
        // A key row that was reset to an older version would no longer say that codes are required.
        let authenticator = self.authenticator();
        for (_, record) in kept {
            let last = self.chain_of(&record).await?.into_iter().last().map(|event| event.body);
            Attested::of(record, last.as_deref(), authenticator.as_deref())?;
        }
        Ok(())
    }

    /// From now on, refuses chains that end with an event without a code. Call it when every node makes codes and every
    /// chain was [vouched](Session::vouch) for.
    pub(super) async fn require_codes(&self) -> Result<()> {
        let (master, system) = (self.audit_master()?, self.key_session()?);
        for (kept, record) in self.kept_audit_keys().await? {
            let key = AuditKey::unwrap(master, &kept)?;
            if !key.required {
                let wrapped = master.wrap((&kept).into(), &key.material(true), &mut self.entropy()?)?;
                let command = Command::new("require").set("wrapped", Value::Bytes(wrapped.wrapped));
                system.act(&KIND, record.id(), command).await?;
            }
        }
        self.refresh_audit_keys().await
    }

    async fn make_first_audit_key(&self) -> Result<()> {
        // An empty store has no event without a code.
        let required = self.store().feed(0, 1).await?.is_empty();
        if !required {
            self.must_have_no_codes().await?;
        }
        self.make_audit_key(&[], required).await.map(drop)
    }

    /// Makes a key that makes codes from now on; the older keys still verify their own codes.
    pub(super) async fn rotate_audit_key(&self) -> Result<RecordId> {
        let master = self.audit_master()?;
        let kept = self.kept_audit_keys().await?;
        let older = kept.iter().map(|key| AuditKey::unwrap(master, &key.0)).collect::<Result<Vec<_>>>()?;
        let required = older.iter().any(|key| key.required);
        let id = self.make_audit_key(&older, required).await?;
        self.refresh_audit_keys().await?;
        Ok(id)
    }

    async fn make_audit_key(&self, older: &[AuditKey], required: bool) -> Result<RecordId> {
        let (master, system) = (self.audit_master()?, self.key_session()?);
        let mut entropy = self.entropy()?;
        let after = older.iter().map(|key| key.created_at.saturating_add(1)).max().unwrap_or(i64::MIN);
        let created_at = self.now().as_micros().max(after);
        let id = self.new_id(self.now(), &mut entropy);
        let mut key = Zeroizing::new([0; 32]);
        entropy.fill(key.as_mut_slice());
        let key = AuditKey { id: id.uuid(), created_at, key, required };
        let label = crate::seal::Label { id: key.id, purpose: Purpose::Events, created_at };
        let wrapped = master.wrap(label, &key.material(required), &mut entropy)?;
        let slot = older.len() + 1;
        if older.is_empty() {
            // The key's own first event is the first event with a code.
            self.authenticate_with(std::slice::from_ref(&key));
        }
        let command = Command::new("make")
            .set("made_at", crate::time::Timestamp::from_micros(created_at))
            .set("slot", i64::try_from(slot).unwrap_or(i64::MAX))
            .set("wrapped", Value::Bytes(wrapped.wrapped));
        let kind = self.catalog().kind(&KIND)?.clone();
        let commit = system.decide_new(&kind, id, Stamp::national(), None, command)?;
        self.store().commit(commit).await?;
        Ok(id)
    }

    async fn rewrap_audit_keys(&self, previous: &MasterKey, master: &MasterKey) -> Result<()> {
        let system = self.key_session()?;
        let mut wrong = Vec::new();
        for (kept, record) in self.kept_audit_keys().await? {
            if master.unwrap(&kept).is_err() {
                wrong.push((kept, record));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        // The event of this change must already have a code.
        let all = self.kept_audit_keys().await?;
        let open =
            |kept: &WrappedKey| AuditKey::unwrap(master, kept).or_else(|_| AuditKey::unwrap(previous, kept));
        let mut keys = all.iter().map(|(kept, _)| open(kept)).collect::<Result<Vec<_>>>()?;
        keys.sort_by_key(|key| std::cmp::Reverse((key.created_at, key.id)));
        self.authenticate_with(&keys);
        for (kept, record) in wrong {
            let wrapped = master.wrap((&kept).into(), &previous.unwrap(&kept)?, &mut self.entropy()?)?;
            let command = Command::new("rewrap").set("wrapped", Value::Bytes(wrapped.wrapped));
            system.act(&KIND, record.id(), command).await?;
        }
        Ok(())
    }

    fn authenticate_with(&self, keys: &[AuditKey]) {
        let required = keys.iter().any(|key| key.required);
        self.authenticate_by(Authenticator::new(keys.iter().map(|key| (key.id, &*key.key)), required));
    }

    fn authenticate_by(&self, authenticator: Authenticator) {
        *self.inner.authenticator.write().unwrap_or_else(PoisonError::into_inner) =
            Some(Arc::new(authenticator));
    }

    pub(super) async fn kept_audit_keys(&self) -> Result<Vec<(WrappedKey, Record)>> {
        let query = Query::of(KIND).limit(Query::LARGEST_PAGE);
        let page = self.store().find(&Scope::everything(), &query).await?.try_map(Record::try_from)?;
        page.items.into_iter().map(|record| Ok((wrapped(&record)?, record))).collect()
    }

    /// If the newest events of a database have codes, its key existed. If that key is missing, refuse to make a new
    /// one, because the old codes could never be verified again.
    async fn must_have_no_codes(&self) -> Result<()> {
        let end = self.store().census(&KIND, &[]).await?.position;
        for posted in self.store().feed(end.saturating_sub(LOOKED_AT), LOOKED_AT_PAGE).await? {
            let Some(message) = posted.headline() else { continue };
            let (Some(kind), Ok(record)) = (message.kind(), message.record.parse()) else { continue };
            let Ok(kind) = Name::new(kind).and_then(|kind| self.catalog().kind(&kind)) else { continue };
            let events = self.store().events(&Scope::everything(), kind.name(), record).await?;
            let coded = |event: &StoredEvent| event.read().is_ok_and(|event| event.mac.is_some());
            if events.last().is_some_and(coded) {
                return Err(Error::new(ErrorKind::Tampered, "the keys of the audit trail are gone")
                    .with_help("restore the records of kind `audit_key` from a backup"));
            }
        }
        Ok(())
    }

    async fn chain_of(&self, record: &Record) -> Result<Vec<StoredEvent>> {
        self.key_session()?.chain(record).await
    }

    fn audit_master(&self) -> Result<&MasterKey> {
        let inner = &self.inner;
        inner.audit_master.as_ref().or(inner.master.as_ref()).ok_or_else(|| {
            Error::new(ErrorKind::Config, "the engine has no key for its audit trail")
                .with_help("call `audit_key` beside `cipher`")
        })
    }
}

/// The number of newest messages to check.
const LOOKED_AT: u64 = 64;
const LOOKED_AT_PAGE: u32 = 64;

fn wrapped(record: &Record) -> Result<WrappedKey> {
    let damaged = || damaged(record.id().uuid());
    Ok(WrappedKey {
        id: record.id().uuid(),
        purpose: Purpose::Events,
        created_at: record.time("made_at").ok_or_else(damaged)?.as_micros(),
        wrapped: record.facet("wrapped").and_then(Value::as_bytes).ok_or_else(damaged)?.to_vec(),
    })
}

fn damaged(id: Uuid) -> Error {
    Error::new(ErrorKind::Tampered, "a key of the audit trail is damaged")
        .with_help("restore the records of kind `audit_key` from a backup")
        .with("record", id)
}

impl Session {
    /// Rotates the key of the audit trail. The older keys are kept, so that their codes can still be verified.
    pub(super) async fn rotate_events(&self) -> Result<RecordId> {
        self.may_read(self.eovr().catalog().kind(&KIND)?)?;
        self.eovr().rotate_audit_key().await
    }
}
