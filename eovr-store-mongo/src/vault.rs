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

/// The keys of fields that MongoDB's own drivers read too, in the collection `__keyVault` beside the
/// records: a [`Cipher`] for [`EovrBuilder::cipher`](eovr_core::service::EovrBuilder::cipher).
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
/// // Another process has rotated: read the vault again, every minute or so.
/// vault.refresh().await?;
/// # Ok(())
/// # }
/// ```
///
/// Our keys are those with an alternative name `eovr-1`, `eovr-2`, …, the newest of which seals. Keys of
/// other applications are left alone; a value that one of them has sealed opens, where the local key is
/// the same.
///
/// # What it does not do
/// - The format binds a value to no record and no field: one that was moved opens where it was put. The page
///   of [`csfle`](eovr_core::seal::csfle) says what follows from that.
/// - It knows no actors: a host enters who rotated, destroyed and rewrapped, and why
///   ([`KeyChanges`](eovr_core::identity::key_change::KeyChanges)).
///
/// # Many nodes
/// A node knows what it read last. Until it reads the vault again, with [`refresh`](Vault::refresh):
/// - after [`rotate`](Vault::rotate) elsewhere, it refuses values that the new key sealed (`Key`), its
///   searches of sealed fields miss the records whose value the new key sealed, and it seals under the
///   old key;
/// - after [`destroy`](Vault::destroy) elsewhere, it opens what should be gone, and, where it has missed the
///   rotation as well, goes on sealing under a key that no longer exists: nobody will ever open that.
///
/// So refresh every node after a rotation, and all of them before a key is destroyed. Let every node refresh
/// by itself more often than [`Vault::SETTLING`].
///
/// # The local key
/// A vault keeps the local key in memory as long as it lives, because `refresh` unwraps with it what came
/// new; whoever reads the memory of the process finds the unwrapped keys there anyway.
pub struct Vault {
    keys: Collection<RawDocumentBuf>,
    rings: RwLock<Arc<Rings>>,
    /// Who holds it changes the vault, or reads it again.
    local: Mutex<LocalKey>,
}

struct Rings {
    ours: CsfleRing,
    others: Option<CsfleRing>,
    others_ids: BTreeSet<Uuid>,
}

/// A key of ours, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its id, which every value that it sealed carries.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it seals now; the others only open.
    pub active: bool,
}

/// What MongoDB's documentation calls it.
pub(crate) const COLLECTION: &str = "__keyVault";

/// How often the first key is looked for while another node makes it.
const ATTEMPTS: u32 = 5;

/// How often a vault is wrapped while others change it.
const WRAPPINGS: u32 = 20;

/// How long to wait before a vault is wrapped again.
const WRAP_AGAIN: Duration = Duration::from_millis(100);

impl Vault {
    /// How old the newest key must be before an older one can be destroyed: ten minutes. A node that
    /// refreshes more often has learnt of it by then.
    pub const SETTLING: Duration = Duration::from_secs(10 * 60);

    /// Reads the vault beside the records, and makes the first key where there is none. Of many nodes that
    /// start at once, one makes it.
    ///
    /// # Errors
    /// `Key` where the local key does not open one of our keys; `Tampered` where one of them is damaged;
    /// both name the key. `Unavailable` where the database cannot be reached; `Uncertain` where it was lost
    /// while the first key was made: open it again.
    pub async fn open(store: &MongoStore, local: LocalKey) -> Result<Self> {
        Self::open_keys(beside(store), store, local).await
    }

    /// The same for a vault elsewhere on the server, which another application made: `DATABASE.COLLECTION`,
    /// by custom `encryption.__keyVault`. [`role`](crate::role) knows nothing of it: give the user the same
    /// rights there.
    ///
    /// # Errors
    /// `Config` where that is not the name of a collection. Else as [`Vault::open`].
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
            // Whoever wrote it, what counts is what is there.
            write(&keys, &first, 1).await?;
        }
        Err(Error::new(ErrorKind::Unavailable, "a key was made and is not there")
            .with_help("nothing was sealed; try again later"))
    }

    /// Reads the vault again: another process may have made a key, or destroyed one.
    ///
    /// # Errors
    /// As [`Vault::open`]; the keys that were read before stay in use then.
    pub async fn refresh(&self) -> Result<()> {
        let local = self.local.lock().await;
        self.put(Rings::unwrap(&local, read(&self.keys).await?)?);
        Ok(())
    }

    /// Makes a new key, which seals from now on; the older ones still open. Have every process
    /// [`refresh`](Vault::refresh), seal again what the old key has sealed, then
    /// [`destroy`](Vault::destroy) it.
    ///
    /// # Errors
    /// `Conflict` where another process rotated at the same moment: its key is in use then; or where one
    /// changed the local key: there is no new key then. `Uncertain` where the database was lost in the
    /// middle: refresh, and look whether [`keys`](Vault::keys) has a new one. Else as [`Vault::open`].
    pub async fn rotate(&self) -> Result<Uuid> {
        let local = self.local.lock().await;
        let kept = read(&self.keys).await?;
        let number = kept.iter().filter_map(Kept::number).max().unwrap_or_default();
        let mut rings = Rings::unwrap(&local, kept)?;
        let mut entropy = entropy()?;
        let id = new_id(&mut entropy);
        let key = rings.ours.rotate(&local, id, now(), &mut entropy)?;
        // Written before anything is sealed with it.
        if !write(&self.keys, &key, number.saturating_add(1)).await? {
            self.put(Rings::unwrap(&local, read(&self.keys).await?)?);
            return Err(Error::new(ErrorKind::Conflict, "another process has rotated at the same moment")
                .with_help("its key seals now; rotate again if that is not enough"));
        }
        // Were the local key another one by now, the vault would have keys under both, and nobody could
        // read it as a whole. Nobody has sealed with the new key then, as nobody could.
        match Rings::unwrap(&local, read(&self.keys).await.map_err(after_write)?) {
            Ok(rings) => {
                self.put(rings);
                Ok(id)
            }
            Err(error) => Err(self.take_back(&key, error).await),
        }
    }

    /// Removes a key that was just made, unless it was wrapped again meanwhile.
    async fn take_back(&self, key: &VaultKey, why: Error) -> Error {
        let made = doc! { "_id": id_value(&key.id), "keyMaterial": material(key) };
        match self.keys.delete_one(made).await {
            Ok(_) => Error::new(ErrorKind::Conflict, "the key vault has been changed at the same moment")
                .with_help("where the local key was changed, start with the new one; then rotate again"),
            Err(_) => Error::new(ErrorKind::Uncertain, "a key was made that may not fit the others")
                .with_help("run `rewrap` again, with the old and the new local key"),
        }
        .because(why)
        .with("key", key.id)
    }

    /// Destroys a key of ours: no value that it has sealed opens again here. Have every process
    /// [`refresh`](Vault::refresh) before, so that none still seals with it, and after, so that none still
    /// opens with it.
    ///
    /// A dump of this database that was made before holds the key, wrapped, and the local key unwraps it. To
    /// be rid of that too, [`rewrap`](Vault::rewrap) under a new local key and destroy the old one, wherever
    /// it is kept.
    ///
    /// Needs the rights of [`Duty::Deploy`](crate::Duty::Deploy).
    ///
    /// # Errors
    /// `Key` where there is no such key, or where it is the one that seals. `Conflict` while the one that
    /// seals is younger than [`Vault::SETTLING`]: nodes may not know it yet, and seal with this one.
    /// `Uncertain` where the database was lost in the middle: refresh, and look whether
    /// [`keys`](Vault::keys) still has it. Else as [`Vault::open`].
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
            .with_help("have every process refresh, and come back ten minutes after the rotation")
            .with("key", rings.ours.active()));
        }
        self.keys.delete_one(doc! { "_id": id_value(&id) }).await.map_err(translate_write)?;
        self.put(rings);
        Ok(())
    }

    /// Our keys, the newest first.
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

    /// Our keys as a ring, for values of other types than text.
    pub fn ring(&self) -> CsfleRing {
        self.rings().ours.clone()
    }

    /// Opens the content of a binary of subtype 6, whoever sealed it.
    ///
    /// # Errors
    /// `Tampered` where the value was changed; `Key` where its key is not here.
    pub fn open_bytes(&self, bytes: &[u8]) -> Result<BsonValue> {
        let key = bytes.get(1..17).and_then(|id| Uuid::from_slice(id).ok()).unwrap_or_default();
        self.rings().of(key).open_bytes(bytes)
    }

    /// Wraps every key that `old` opens under `new`, ours and those of others, in one transaction, and looks
    /// again until there is nothing left to wrap. No value has to be sealed again. Afterwards every process,
    /// of other applications too, starts with the new local key. Returns how many keys were changed.
    ///
    /// Whatever went wrong: run it again with the same two keys. It leaves alone what `new` opens already,
    /// and takes along what is still wrapped under `old`, such as the key of a process that rotated with the
    /// old local key meanwhile.
    ///
    /// Needs the rights of [`Duty::Deploy`](crate::Duty::Deploy).
    ///
    /// # Errors
    /// `Key` where neither opens a key of ours; `Conflict` where others change the vault without end;
    /// `Uncertain` where the database was lost in the middle. Else as [`Vault::open`].
    pub async fn rewrap(store: &MongoStore, old: &LocalKey, new: &LocalKey) -> Result<usize> {
        Self::rewrap_keys(beside(store), store, old, new).await
    }

    /// The same for the vault of [`Vault::open_in`].
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
            // What is refused from now on may come after something that was done.
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
                // Done or not: the vault tells.
                Err(error) if error.kind() == ErrorKind::Uncertain => lost = Some(error),
                Err(error) => return Err(said(error)),
            }
            sleep(WRAP_AGAIN).await;
        }
        Err(lost.unwrap_or_else(|| {
            Error::new(ErrorKind::Conflict, "the key vault changes all the time")
                .with_help("let nobody rotate meanwhile, and run `rewrap` again")
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

/// Lists our keys by id.
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
        // Another application may have a local key of its own.
        let opens = |kept: Kept| {
            CsfleRing::unwrap(local, std::slice::from_ref(&kept.key)).is_ok().then_some(kept.key)
        };
        let others: Vec<VaultKey> = others.into_iter().filter_map(opens).collect();
        let others_ids = others.iter().map(|key| key.id).collect();
        let others = (!others.is_empty()).then(|| CsfleRing::unwrap(local, &others)).transpose()?;
        Ok(Self { ours: CsfleRing::unwrap(local, &ours)?, others, others_ids })
    }

    /// The ring that has this key, if any has.
    fn of(&self, key: Uuid) -> &CsfleRing {
        self.others.as_ref().filter(|_| self.others_ids.contains(&key)).unwrap_or(&self.ours)
    }
}

/// A key as the vault keeps it.
struct Kept {
    key: VaultKey,
    names: Vec<String>,
}

impl Kept {
    fn is_ours(&self) -> bool {
        self.number().is_some()
    }

    /// Its number among ours.
    fn number(&self) -> Option<u32> {
        self.names.iter().find_map(|name| name.strip_prefix("eovr-")?.parse().ok())
    }

    /// `None`: a key whose provider is not the local key.
    fn read(document: &RawDocument) -> Result<Option<Self>> {
        let id = match document.get("_id") {
            Ok(Some(RawBsonRef::Binary(RawBinaryRef { subtype: BinarySubtype::Uuid, bytes }))) => {
                Uuid::from_slice(bytes).ok()
            }
            _ => None,
        };
        // It may be a document of somebody's that has nothing to do with keys: it is not ours to refuse.
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

/// Writes a key as MongoDB's drivers do; `false` where its name is taken.
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

/// The keys that `old` opens, under `new`, each with what it was.
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
            // Of another application, with a local key of its own.
            Err(_) => {}
        }
    }
    Ok(wrapped)
}

/// Replaces the material of keys, of all or of none; `false` where one is not what it was.
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

/// One key for one name: it decides between nodes that each make a first key. As MongoDB's manual has it.
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
