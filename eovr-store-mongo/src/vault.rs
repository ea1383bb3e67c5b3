//! The key vault.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use eovr_core::ports::{Clock as _, EntropySource as _};
use eovr_core::seal::csfle::{BsonValue, CsfleRing, LocalKey, VaultKey};
use eovr_core::seal::{Cipher, Entropy, Mode, Place, Sealed};
use eovr_core::service::{SystemClock, SystemEntropy};
use eovr_core::{Error, ErrorKind, Result, Timestamp};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{
    Binary, Bson, DateTime, Document, RawBinaryRef, RawBsonRef, RawDocument, RawDocumentBuf, doc, rawdoc,
};
use mongodb::{Client, Collection, Namespace};
use tokio::sync::Mutex;
use tokio::time::sleep;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::{after_write, code, code_of, translate, translate_write};
use crate::migrate::create_indexes;
use crate::rows::binary;
use crate::store::MongoStore;

/// The keys of fields that MongoDB's own drivers can read too, in the collection `__keyVault` of the store's database:
/// a [`Cipher`] for [`EovrBuilder::cipher`](eovr_core::service::EovrBuilder::cipher).
///
/// ```no_run
/// # async fn open(local: eovr_core::seal::csfle::LocalKey) -> eovr_core::Result<()> {
/// use std::sync::Arc;
///
/// use eovr_core::Eovr;
/// use eovr_store_mongo::{MongoStore, Vault};
///
/// let store = MongoStore::open("mongodb://127.0.0.1:27017/hospital?replicaSet=rs0").await?;
/// let audit_key = local.audit_key();
/// let vault = Arc::new(Vault::open(&store, local).await?);
/// let builder = Eovr::builder().store(store).cipher(vault.clone()).audit_key(audit_key);
/// // Another process may have rotated the key, so read the vault again every minute or so.
/// vault.refresh().await?;
/// # Ok(())
/// # }
/// ```
///
/// The vault's own keys have the alternative names `eovr-1`, `eovr-2`, …; the newest of them seals. The vault does not
/// change keys of other applications. It opens the values of such a key if both use the same local key.
///
/// # Limits
/// - The format does not bind a value to a record or field, so a moved value opens in its new place. The documentation
///   of [`csfle`](eovr_core::seal::csfle) explains the consequences.
/// - The vault does not know actors. The host records who rotated, destroyed and rewrapped keys, and why
///   ([`KeyChanges`](eovr_core::identity::key_change::KeyChanges)).
///
/// # Many nodes A node uses the keys of its last read until it calls [`refresh`](Vault::refresh):
/// - After [`rotate`](Vault::rotate) on another node it refuses values of the new key (`Key`), its searches of sealed
///   fields miss records with values of the new key, and it seals with the old key.
/// - After [`destroy`](Vault::destroy) on another node it still opens values of the destroyed key. If it has missed the
///   rotation as well, it continues to seal with the destroyed key, and those values can never be opened by other
///   nodes.
///
/// Therefore refresh every node after a rotation, and all nodes before a key is destroyed. Let every node refresh
/// itself more often than [`Vault::SETTLING`].
///
/// # The local key
/// A vault keeps the local key in memory for its lifetime, because `refresh` needs it to unwrap new keys. An attacker
/// who can read the memory of the process finds the unwrapped keys there in any case.
pub struct Vault {
    keys: Collection<RawDocumentBuf>,
    rings: RwLock<Arc<Rings>>,
    /// The lock for changing the vault and for reading it again.
    local: Mutex<LocalKey>,
}

struct Rings {
    ours: CsfleRing,
    others: Option<CsfleRing>,
    others_ids: BTreeSet<Uuid>,
}

/// A key of the vault without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its id, which is part of every value that it sealed.
    pub id: Uuid,
    /// The time of creation.
    pub created_at: Timestamp,
    /// Whether it seals; the other keys only open.
    pub active: bool,
}

/// The name in MongoDB's documentation.
pub(crate) const COLLECTION: &str = "__keyVault";

/// The number of attempts to read the first key while another node makes it.
const ATTEMPTS: u32 = 5;

/// The number of attempts to rewrap a vault while others change it.
const WRAPPINGS: u32 = 20;

/// The pause between these attempts.
const WRAP_AGAIN: Duration = Duration::from_millis(100);

impl Vault {
    /// The minimum age of the newest key before an older one can be destroyed: ten minutes. Nodes that refresh more
    /// often have read the newest key by then.
    pub const SETTLING: Duration = Duration::from_secs(10 * 60);

    /// Reads the vault in the store's database, and makes the first key if there is none. Where many nodes start at
    /// once, only one of them makes it.
    ///
    /// # Errors
    /// `Key` where the local key does not open one of the vault's own keys; `Tampered` where one of them is damaged;
    /// both errors name the key. `Unavailable` where the database cannot be reached; `Uncertain` where the connection
    /// was lost during the creation of the first key: open the vault again.
    pub async fn open(store: &MongoStore, local: LocalKey) -> Result<Self> {
        Self::open_keys(beside(store), store, local).await
    }

    /// Opens a vault that another application has made elsewhere on the server: `DATABASE.COLLECTION`, usually
    /// `encryption.__keyVault`. [`role`](crate::role) does not include it: give the user the same rights there.
    ///
    /// # Errors
    /// `Config` where that is not a valid collection name. Otherwise as [`Vault::open`].
    pub async fn open_in(store: &MongoStore, local: LocalKey, namespace: &str) -> Result<Self> {
        Self::open_keys(namespace_of(namespace)?, store, local).await
    }

    async fn open_keys(namespace: Namespace, store: &MongoStore, local: LocalKey) -> Result<Self> {
        let database = store.client().database(&namespace.db);
        create_indexes(&database, &namespace.coll, vec![names_index()]).await.map_err(translate)?;
        let keys = database.collection(&namespace.coll);
        for _ in 0..ATTEMPTS {
            let kept = read(&keys).await?;
            if kept.iter().any(Kept::is_ours) {
                let rings = RwLock::new(Arc::new(Rings::unwrap(&local, kept)?));
                return Ok(Self { keys, rings, local: Mutex::new(local) });
            }
            let mut entropy = entropy()?;
            let (_, first) = CsfleRing::create(&local, new_id(&mut entropy), now(), &mut entropy)?;
            // Another node may have written it first, so read it back.
            write(&keys, &first, 1).await?;
        }
        Err(Error::new(ErrorKind::Unavailable, "a new key is missing in the vault")
            .with_help("nothing was sealed; try again later"))
    }

    /// Reads the vault again, because another process may have made or destroyed a key.
    ///
    /// # Errors
    /// As [`Vault::open`]; the previous keys then stay in use.
    pub async fn refresh(&self) -> Result<()> {
        let local = self.local.lock().await;
        self.put(Rings::unwrap(&local, read(&self.keys).await?)?);
        Ok(())
    }

    /// Makes a new key, which seals from now on; the older keys still open. Let every process
    /// [`refresh`](Vault::refresh), seal the values of the old key again, then [`destroy`](Vault::destroy) it.
    ///
    /// # Errors
    /// `Conflict` where another process rotated at the same time (its key is then in use), or where a process changed
    /// the local key (there is then no new key). `Uncertain` where the connection was lost: refresh, and check whether
    /// [`keys`](Vault::keys) contains a new one. Otherwise as [`Vault::open`].
    pub async fn rotate(&self) -> Result<Uuid> {
        let local = self.local.lock().await;
        let kept = read(&self.keys).await?;
        let number = kept.iter().filter_map(Kept::number).max().unwrap_or_default();
        let mut rings = Rings::unwrap(&local, kept)?;
        let mut entropy = entropy()?;
        let id = new_id(&mut entropy);
        let key = rings.ours.rotate(&local, id, now(), &mut entropy)?;
        // Written before the key seals a value.
        if !write(&self.keys, &key, number.saturating_add(1)).await? {
            self.put(Rings::unwrap(&local, read(&self.keys).await?)?);
            return Err(Error::new(ErrorKind::Conflict, "another process rotated at the same time")
                .with_help("its key is active; rotate again if you need another one"));
        }
        // If the local key has changed meanwhile, the vault now has keys under both local keys and cannot be opened as
        // a whole. No process can have sealed with the new key yet.
        match Rings::unwrap(&local, read(&self.keys).await.map_err(after_write)?) {
            Ok(rings) => {
                self.put(rings);
                Ok(id)
            }
            Err(error) => Err(self.take_back(&key, error).await),
        }
    }

    /// Removes a key that was just made, unless it was rewrapped meanwhile.
    async fn take_back(&self, key: &VaultKey, why: Error) -> Error {
        let made = doc! { "_id": id_value(&key.id), "keyMaterial": material(key) };
        match self.keys.delete_one(made).await {
            Ok(_) => Error::new(ErrorKind::Conflict, "the key vault was changed at the same time")
                .with_help("where the local key was changed, start with the new one; then rotate again"),
            Err(_) => Error::new(ErrorKind::Uncertain, "a key was made that may not fit the others")
                .with_help("run `rewrap` again, with the old and the new local key"),
        }
        .because(why)
        .with("key", key.id)
    }

    /// Destroys a key of the vault. Its values can then never be opened. Let every process [`refresh`](Vault::refresh)
    /// before, so that none still seals with it, and after, so that none still opens with it.
    ///
    /// An earlier dump of this database contains the wrapped key, and the local key unwraps it. To destroy that copy
    /// too, [`rewrap`](Vault::rewrap) under a new local key and destroy every copy of the old one.
    ///
    /// It needs the rights of [`Duty::Deploy`](crate::Duty::Deploy).
    ///
    /// # Errors
    /// `Key` where the vault has no such key, or where it is the active one. `Conflict` while the active key is younger
    /// than [`Vault::SETTLING`], because nodes may not know it yet and still seal with this one. `Uncertain` where the
    /// connection was lost: refresh, and check whether [`keys`](Vault::keys) still contains it. Otherwise as
    /// [`Vault::open`].
    pub async fn destroy(&self, id: Uuid) -> Result<()> {
        let local = self.local.lock().await;
        let mut rings = Rings::unwrap(&local, read(&self.keys).await?)?;
        rings.ours.destroy(id)?;
        let newest = rings.ours.wrapped().first().map(|key| key.created_at);
        let settled = newest.and_then(|made| now().checked_sub(made)).map(u64::try_from);
        if !settled.is_some_and(|age| age.is_ok_and(|age| Duration::from_micros(age) >= Self::SETTLING)) {
            return Err(Error::new(
                ErrorKind::Conflict,
                "the newest key is too young to destroy an older one",
            )
            .with_help("refresh every process, and retry ten minutes after the rotation")
            .with("key", rings.ours.active()));
        }
        self.keys.delete_one(doc! { "_id": id_value(&id) }).await.map_err(translate_write)?;
        self.put(rings);
        Ok(())
    }

    /// The vault's own keys, the newest first.
    pub fn keys(&self) -> Vec<KeyInfo> {
        let rings = self.rings();
        let active = rings.ours.active();
        let info = |key: VaultKey| KeyInfo {
            id: key.id,
            created_at: Timestamp::from_micros(key.created_at),
            active: key.id == active,
        };
        rings.ours.wrapped().into_iter().map(info).collect()
    }

    /// The vault's own keys as a ring, for values of types other than text.
    pub fn ring(&self) -> CsfleRing {
        self.rings().ours.clone()
    }

    /// Opens the content of a binary of subtype 6 that any application has sealed.
    ///
    /// # Errors
    /// `Tampered` where the value was changed; `Key` where the vault does not have its key.
    pub fn open_bytes(&self, bytes: &[u8]) -> Result<BsonValue> {
        let key = bytes.get(1..17).and_then(|id| Uuid::from_slice(id).ok()).unwrap_or_default();
        self.rings().of(key).open_bytes(bytes)
    }

    /// Wraps every key that `old` opens under `new`, including keys of other applications, in one transaction, and
    /// repeats this until there is nothing left to wrap. No value has to be sealed again. Afterwards start every
    /// process, including those of other applications, with the new local key. Returns the number of changed keys.
    ///
    /// After any error, run it again with the same two keys. It skips keys that `new` already opens, and wraps the keys
    /// that are still under `old`, such as the key of a process that rotated with the old local key meanwhile.
    ///
    /// It needs the rights of [`Duty::Deploy`](crate::Duty::Deploy).
    ///
    /// # Errors
    /// `Key` where neither opens one of the vault's own keys; `Conflict` where other processes keep changing the vault;
    /// `Uncertain` where the connection was lost. Otherwise as [`Vault::open`].
    pub async fn rewrap(store: &MongoStore, old: &LocalKey, new: &LocalKey) -> Result<usize> {
        Self::rewrap_keys(beside(store), store, old, new).await
    }

    /// Rewraps the vault of [`Vault::open_in`].
    ///
    /// # Errors
    /// As [`Vault::rewrap`] and [`Vault::open_in`].
    pub async fn rewrap_in(
        store: &MongoStore,
        old: &LocalKey,
        new: &LocalKey,
        namespace: &str,
    ) -> Result<usize> {
        Self::rewrap_keys(namespace_of(namespace)?, store, old, new).await
    }

    async fn rewrap_keys(
        namespace: Namespace,
        store: &MongoStore,
        old: &LocalKey,
        new: &LocalKey,
    ) -> Result<usize> {
        let keys = store.client().database(&namespace.db).collection(&namespace.coll);
        let mut entropy = entropy()?;
        let mut changed = BTreeSet::new();
        let mut lost = None;
        for _ in 0..WRAPPINGS {
            // An error from here on may follow a completed change.
            let begun = !changed.is_empty();
            let said = |error| if begun { after_write(error) } else { error };
            let wrapped = wrap_again(read(&keys).await.map_err(said)?, old, new, &mut entropy)?;
            if wrapped.is_empty() {
                return Ok(changed.len());
            }
            changed.extend(wrapped.iter().map(|(key, _)| key.id));
            match replace(store.client(), &keys, &wrapped).await.map_err(translate_write) {
                Ok(true) => continue,
                Ok(false) => lost = None,
                // The next read of the vault shows whether it was written.
                Err(error) if error.kind() == ErrorKind::Uncertain => lost = Some(error),
                Err(error) => return Err(said(error)),
            }
            sleep(WRAP_AGAIN).await;
        }
        Err(lost.unwrap_or_else(|| {
            Error::new(ErrorKind::Conflict, "the key vault keeps changing")
                .with_help("stop all key rotations, and run `rewrap` again")
        }))
    }

    fn rings(&self) -> Arc<Rings> {
        self.rings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, rings: Rings) {
        *self.rings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rings);
    }
}

impl Cipher for Vault {
    fn seal(&self, place: &Place<'_>, mode: Mode, plain: &[u8], entropy: &mut Entropy) -> Result<Sealed> {
        self.rings().ours.seal(place, mode, plain, entropy)
    }

    fn open(&self, place: &Place<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>> {
        self.rings().of(sealed.key_id()).open(place, sealed)
    }

    fn search_values(&self, kind: &str, field: &str, plain: &[u8]) -> Result<Vec<Sealed>> {
        self.rings().ours.search_values(kind, field, plain)
    }
}

/// Lists the vault's own keys by id.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault ")?;
        self.rings().ours.fmt(f)
    }
}

impl Rings {
    fn unwrap(local: &LocalKey, kept: Vec<Kept>) -> Result<Self> {
        let (ours, others): (Vec<_>, Vec<_>) = kept.into_iter().partition(Kept::is_ours);
        let ours: Vec<VaultKey> = ours.into_iter().map(|kept| kept.key).collect();
        // A key of another application may be wrapped by another local key.
        let opens = |kept: Kept| {
            CsfleRing::unwrap(local, std::slice::from_ref(&kept.key)).is_ok().then_some(kept.key)
        };
        let others: Vec<VaultKey> = others.into_iter().filter_map(opens).collect();
        let others_ids = others.iter().map(|key| key.id).collect();
        let others = (!others.is_empty()).then(|| CsfleRing::unwrap(local, &others)).transpose()?;
        Ok(Self { ours: CsfleRing::unwrap(local, &ours)?, others, others_ids })
    }

    /// The ring that has this key; the vault's own ring if none has.
    fn of(&self, key: Uuid) -> &CsfleRing {
        self.others.as_ref().filter(|_| self.others_ids.contains(&key)).unwrap_or(&self.ours)
    }
}

/// A stored key.
struct Kept {
    key: VaultKey,
    names: Vec<String>,
}

impl Kept {
    fn is_ours(&self) -> bool {
        self.number().is_some()
    }

    /// Its number among the vault's own keys.
    fn number(&self) -> Option<u32> {
        self.names.iter().find_map(|name| name.strip_prefix("eovr-")?.parse().ok())
    }

    /// `None`: a key with another key provider.
    fn read(document: &RawDocument) -> Result<Option<Self>> {
        let id = match document.get("_id") {
            Ok(Some(RawBsonRef::Binary(RawBinaryRef { subtype: BinarySubtype::Uuid, bytes }))) => {
                Uuid::from_slice(bytes).ok()
            }
            _ => None,
        };
        // A document of another application that is not a key is ignored.
        let Some(id) = id else { return Ok(None) };
        let provider = document.get_document("masterKey").and_then(|master| master.get_str("provider"));
        if !provider.is_ok_and(|provider| provider == "local") {
            return Ok(None);
        }
        let names = document.get_array("keyAltNames").into_iter().flatten();
        let names = names.filter_map(|name| Some(name.ok()?.as_str()?.to_owned())).collect();
        let created_at = document.get_datetime("creationDate").ok();
        let material = match document.get("keyMaterial") {
            Ok(Some(RawBsonRef::Binary(RawBinaryRef { subtype: BinarySubtype::Generic, bytes }))) => bytes,
            _ => &[],
        };
        let micros = created_at.and_then(|at| at.timestamp_millis().checked_mul(1000));
        let key = VaultKey { id, created_at: micros.unwrap_or_default(), material: material.to_vec() };
        let kept = Self { key, names };
        if kept.is_ours() && micros.is_none() {
            return Err(Error::new(ErrorKind::Tampered, "a stored key does not say when it was made")
                .with_help("restore its document from a backup")
                .with("key", id));
        }
        Ok(Some(kept))
    }
}

async fn read(keys: &Collection<RawDocumentBuf>) -> Result<Vec<Kept>> {
    let mut cursor = keys.find(doc! {}).await.map_err(translate)?;
    let mut kept = Vec::new();
    while cursor.advance().await.map_err(translate)? {
        kept.extend(Kept::read(cursor.current())?);
    }
    Ok(kept)
}

/// Writes a key in the format of MongoDB's drivers; `false` where its name is taken.
async fn write(keys: &Collection<RawDocumentBuf>, key: &VaultKey, number: u32) -> Result<bool> {
    let at = DateTime::from_millis(key.created_at.div_euclid(1000));
    let document = rawdoc! {
        "_id": binary(BinarySubtype::Uuid, key.id.as_bytes()),
        "keyAltNames": [format!("eovr-{number}")],
        "keyMaterial": binary(BinarySubtype::Generic, &key.material),
        "creationDate": at,
        "updateDate": at,
        "status": 0_i32,
        "masterKey": { "provider": "local" },
    };
    match keys.insert_one(document).await {
        Ok(_) => Ok(true),
        Err(error) if code_of(&error) == Some(code::DUPLICATE_KEY) => Ok(false),
        Err(error) => Err(translate_write(error)),
    }
}

/// The keys that `old` opens, wrapped under `new`, each with its previous state.
fn wrap_again(
    kept: Vec<Kept>,
    old: &LocalKey,
    new: &LocalKey,
    entropy: &mut Entropy,
) -> Result<Vec<(VaultKey, VaultKey)>> {
    let mut wrapped = Vec::new();
    for kept in kept {
        match CsfleRing::rewrap(old, new, std::slice::from_ref(&kept.key), entropy) {
            Ok(mut again) => {
                wrapped.extend(again.pop().filter(|key| *key != kept.key).zip(Some(kept.key)));
            }
            Err(error) if kept.is_ours() => return Err(error),
            // A key of another application with another local key.
            Err(_) => {}
        }
    }
    Ok(wrapped)
}

/// Replaces the material of all these keys or of none; `false` where one has changed meanwhile.
async fn replace(
    client: &Client,
    keys: &Collection<RawDocumentBuf>,
    changed: &[(VaultKey, VaultKey)],
) -> mongodb::error::Result<bool> {
    let mut session = client.start_session().await?;
    session.start_transaction().await?;
    for (new, old) in changed {
        let change =
            doc! { "$set": { "keyMaterial": material(new) }, "$currentDate": { "updateDate": true } };
        let filter = doc! { "_id": id_value(&old.id), "keyMaterial": material(old) };
        if keys.update_one(filter, change).session(&mut session).await?.matched_count != 1 {
            session.abort_transaction().await?;
            return Ok(false);
        }
    }
    session.commit_transaction().await?;
    Ok(true)
}

/// A unique name per key, as MongoDB's manual recommends. It decides between nodes that each make a first key.
fn names_index() -> Document {
    doc! {
        "name": "keyAltNames_1",
        "key": { "keyAltNames": 1 },
        "unique": true,
        "partialFilterExpression": { "keyAltNames": { "$exists": true } },
    }
}

fn beside(store: &MongoStore) -> Namespace {
    Namespace::new(store.database().name(), COLLECTION)
}

fn namespace_of(namespace: &str) -> Result<Namespace> {
    match namespace.split_once('.') {
        Some((database, collection)) if !database.is_empty() && !collection.is_empty() => {
            Ok(Namespace::new(database, collection))
        }
        _ => Err(Error::new(ErrorKind::Config, "the key vault's name is not one of a collection")
            .with_help("write `DATABASE.COLLECTION`, such as `encryption.__keyVault`")),
    }
}

fn material(key: &VaultKey) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: key.material.clone() })
}

fn id_value(id: &Uuid) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes: id.as_bytes().to_vec() })
}

fn entropy() -> Result<Entropy> {
    Ok(Entropy::from_seed(&Zeroizing::new(SystemEntropy.seed()?)))
}

fn new_id(entropy: &mut Entropy) -> Uuid {
    let mut random = [0; 16];
    entropy.fill(&mut random);
    uuid::Builder::from_random_bytes(random).into_uuid()
}

fn now() -> i64 {
    SystemClock.now().as_micros()
}
