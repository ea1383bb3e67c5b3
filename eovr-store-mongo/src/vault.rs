//! The key vault.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use eovr_core::ports::{Clock as _, EntropySource as _};
use eovr_core::seal::csfle::{BsonValue, CsfleRing, LocalKey, VaultKey};
use eovr_core::seal::{Cipher, Entropy, Mode, Place, Sealed};
use eovr_core::service::{SystemClock, SystemEntropy};
use eovr_core::{Error, ErrorKind, Result, Timestamp};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{
    Binary, Bson, DateTime, Document, RawBinaryRef, RawBsonRef, RawDocument, RawDocumentBuf, doc, rawdoc,
};
use mongodb::error::TRANSIENT_TRANSACTION_ERROR;
use mongodb::{Client, Collection, Database};
use tokio::sync::Mutex;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::{code, code_of, translate};
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
/// let vault = Arc::new(Vault::open(&store, local).await?);
/// let builder = Eovr::builder().store(store).cipher(vault.clone());
/// // Another process has rotated: read the vault again, every few minutes.
/// vault.refresh().await?;
/// # Ok(())
/// # }
/// ```
///
/// Our keys are those with an alternative name `eovr-1`, `eovr-2`, …, the newest of which seals. Keys of
/// other applications are left alone; a value that one of them has sealed opens, where the local key is
/// the same.
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

impl Vault {
    /// Reads the vault beside the records, and makes the first key where there is none. Of many nodes that
    /// start at once, one makes it.
    ///
    /// # Errors
    /// `Key` where the local key does not open one of our keys; `Tampered` where one of them is damaged;
    /// both name the key. `Unavailable` where the database cannot be reached.
    pub async fn open(store: &MongoStore, local: LocalKey) -> Result<Self> {
        let keys = store.database().collection(COLLECTION);
        create_index(store.database()).await?;
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
    /// `Conflict` where another process rotated at the same moment: its key is in use then. Else as
    /// [`Vault::open`].
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
        self.put(rings);
        Ok(id)
    }

    /// Destroys a key of ours: no value that it has sealed ever opens again, in whatever backup of the
    /// records.
    ///
    /// # Errors
    /// `Key` where there is no such key, or where it is the one that seals. Else as [`Vault::open`].
    pub async fn destroy(&self, id: Uuid) -> Result<()> {
        let local = self.local.lock().await;
        let mut rings = Rings::unwrap(&local, read(&self.keys).await?)?;
        rings.ours.destroy(id)?;
        self.keys.delete_one(doc! { "_id": id_value(&id) }).await.map_err(translate)?;
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

    /// Wraps every key that `old` opens under `new`, ours and those of others, in one transaction. No value
    /// has to be sealed again. Afterwards every process, of other applications too, starts with the new
    /// local key. Returns how many keys were changed.
    ///
    /// # Errors
    /// `Key` where neither opens a key of ours. Else as [`Vault::open`].
    pub async fn rewrap(store: &MongoStore, old: &LocalKey, new: &LocalKey) -> Result<usize> {
        let keys = store.database().collection(COLLECTION);
        let mut changed = Vec::new();
        let mut entropy = entropy()?;
        for kept in read(&keys).await? {
            match CsfleRing::rewrap(old, new, std::slice::from_ref(&kept.key), &mut entropy) {
                Ok(mut again) => {
                    changed.extend(again.pop().filter(|key| *key != kept.key).zip(Some(kept.key)))
                }
                Err(error) if kept.is_ours() => return Err(error),
                Err(_) => {}
            }
        }
        for _ in 0..ATTEMPTS {
            match replace(store.client(), &keys, &changed).await {
                Err(error) if error.contains_label(TRANSIENT_TRANSACTION_ERROR) => {}
                Err(error) => return Err(translate(error)),
                Ok(true) => return Ok(changed.len()),
                Ok(false) => break,
            }
        }
        Err(Error::new(ErrorKind::Conflict, "the key vault has changed meanwhile")
            .with_help("nothing was changed; wrap the keys again"))
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
        Err(error) => Err(translate(error)),
    }
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
        let is = |key: &VaultKey| {
            let bytes = key.material.clone();
            Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes })
        };
        let change = doc! { "$set": { "keyMaterial": is(new) }, "$currentDate": { "updateDate": true } };
        let filter = doc! { "_id": id_value(&old.id), "keyMaterial": is(old) };
        if keys.update_one(filter, change).session(&mut session).await?.matched_count != 1 {
            session.abort_transaction().await?;
            return Ok(false);
        }
    }
    session.commit_transaction().await?;
    Ok(true)
}

/// One key for one name: it decides between nodes that each make a first key.
async fn create_index(database: &Database) -> Result<()> {
    let names: Document = doc! {
        "name": "keyAltNames_1",
        "key": { "keyAltNames": 1 },
        "unique": true,
        "partialFilterExpression": { "keyAltNames": { "$exists": true } },
    };
    let durable = doc! { "w": "majority", "j": true };
    let command = doc! { "createIndexes": COLLECTION, "indexes": [names], "writeConcern": durable };
    database.run_command(command).await.map(drop).map_err(translate)
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
