use std::cmp::Reverse;
use std::fmt;
use std::iter;
use std::mem;
use std::sync::Arc;

use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, ErrorKind, Result};
use crate::seal::csfle::aead::{Iv, KEY, Key};
use crate::seal::csfle::bson::{self, BINARY, GENERIC, STRING};
use crate::seal::csfle::{BsonValue, LocalKey, VaultKey};
use crate::seal::sealed::{BLOCK, HEADER, csfle_header};
use crate::seal::{Cipher, Entropy, Format, Mode, Place, Sealed};

const MILLISECOND: i64 = 1_000;

/// The data keys of a key vault, unwrapped and ready: the [`Cipher`] for MongoDB's format.
///
/// One key serves both modes, as in MongoDB. The place of a value is taken by [`seal`](Cipher::seal) and
/// [`open`](Cipher::open) and has no effect: the [module's page](crate::seal::csfle) says what that costs.
///
/// The ring itself keeps nothing. What changes it hands back the [`VaultKey`] to be written **before**
/// anything that the change made possible: a value sealed under a key that was never written is lost.
/// Where two processes each make a first key, a unique `keyAltNames` decides; the one that lost reads
/// the vault again.
///
/// A clone shares the keys and is cheap. A running service holds an `Arc<CsfleRing>`; to change it,
/// clone the ring, change the clone, write what came back, then put the clone in place. Nobody waits.
///
/// # Rotation
/// As for a [`KeyRing`](crate::seal::KeyRing#rotation): [`rotate`](CsfleRing::rotate), have every process
/// read the vault again, seal again each value whose [`key_id`](Sealed::key_id) is not the
/// [`active`](CsfleRing::active) one, and [`destroy`](CsfleRing::destroy) the old key.
#[derive(Clone)]
pub struct CsfleRing {
    // INVARIANT: ids are unique; `older` is sorted, the newest first.
    newest: Arc<Entry>,
    older: Vec<Arc<Entry>>,
}

struct Entry {
    kept: VaultKey,
    key: Key,
}

/// With the local key the material is the key: it goes as well, with the last clone of the ring.
impl Drop for Entry {
    fn drop(&mut self) {
        self.kept.material.zeroize();
    }
}

impl CsfleRing {
    /// A first ring of one key, and what to write into the vault. `now` is in microseconds since 1970.
    ///
    /// # Errors
    /// None that a caller can bring about.
    pub fn create(local: &LocalKey, id: Uuid, now: i64, entropy: &mut Entropy) -> Result<(Self, VaultKey)> {
        let newest = Entry::create(local, id, whole_milliseconds(now), entropy)?;
        let kept = newest.kept.clone();
        Ok((Self { newest: Arc::new(newest), older: Vec::new() }, kept))
    }

    /// The ring from what the vault keeps, in any order. The newest key seals; of several made in the
    /// same moment, the one with the greatest id.
    ///
    /// # Errors
    /// `Key` where the local key does not open one of them, where there is none, or where an id occurs
    /// twice; `Tampered` where the material is not 160 bytes.
    pub fn unwrap(local: &LocalKey, kept: &[VaultKey]) -> Result<Self> {
        let open = |kept: &VaultKey| Entry::new(kept.clone(), &local.unwrap(kept)?).map(Arc::new);
        let mut entries = kept.iter().map(open).collect::<Result<Vec<_>>>()?;
        // The id decides between keys of the same moment, so that every process picks the same one.
        entries.sort_by_key(|entry| Reverse((entry.kept.created_at, entry.kept.id)));
        let mut entries = entries.into_iter();
        let newest = entries.next().ok_or_else(|| {
            Error::new(ErrorKind::Key, "the key vault holds no key")
                .with_help("`CsfleRing::create` makes one")
        })?;
        let mut ring = Self { newest, older: Vec::with_capacity(entries.len()) };
        for entry in entries {
            ring.must_be_free(entry.kept.id)?;
            ring.older.push(entry);
        }
        Ok(ring)
    }

    /// Adds a key, which seals from now on; the older ones still open. Returns what to write.
    ///
    /// `created_at` is `now`, or just after the newest key's where the clock has gone back: the new key
    /// must still be the newest when the vault is read again.
    ///
    /// # Errors
    /// `Key` where the id is taken, or where `local` is not the key that wrapped the others: the vault
    /// could then never be read again as a whole.
    pub fn rotate(
        &mut self,
        local: &LocalKey,
        id: Uuid,
        now: i64,
        entropy: &mut Entropy,
    ) -> Result<VaultKey> {
        local.unwrap(&self.newest.kept)?;
        self.must_be_free(id)?;
        let after = whole_milliseconds(self.newest.kept.created_at).saturating_add(MILLISECOND);
        let entry = Entry::create(local, id, whole_milliseconds(now).max(after), entropy)?;
        let kept = entry.kept.clone();
        self.older.insert(0, mem::replace(&mut self.newest, Arc::new(entry)));
        Ok(kept)
    }

    /// Destroys a key: it is wiped from memory with the last clone of this ring. Remove its document
    /// from the vault, and its values never open again.
    ///
    /// # Errors
    /// `Key` where there is no such key, which is so after the first time; or where it is the active one:
    /// every report from then on would be refused, so rotate first.
    pub fn destroy(&mut self, id: Uuid) -> Result<()> {
        if self.active() == id {
            return Err(Error::new(ErrorKind::Key, "the active key cannot be destroyed")
                .with_help("rotate first: the new key then seals, and this one can go")
                .with("key", id));
        }
        self.find(id)?;
        self.older.retain(|entry| entry.kept.id != id);
        Ok(())
    }

    /// Wraps kept keys under a new local key. The data keys stay the same, so no value has to be sealed
    /// again. Write the whole list in one transaction, then start with the new local key.
    ///
    /// A key that `new` already opens is passed through, so an interrupted change can be run again.
    ///
    /// # Errors
    /// `Key` where neither local key opens one of them; `Tampered` where the material is not 160 bytes.
    pub fn rewrap(
        old: &LocalKey,
        new: &LocalKey,
        kept: &[VaultKey],
        entropy: &mut Entropy,
    ) -> Result<Vec<VaultKey>> {
        kept.iter()
            .map(|key| {
                if new.unwrap(key).is_ok() {
                    return Ok(key.clone());
                }
                Ok(VaultKey { material: new.wrap(&old.unwrap(key)?, entropy)?, ..*key })
            })
            .collect()
    }

    /// Everything to keep, the newest first.
    pub fn wrapped(&self) -> Vec<VaultKey> {
        self.entries().map(|entry| entry.kept.clone()).collect()
    }

    /// The id of the key that seals now.
    pub fn active(&self) -> Uuid {
        self.newest.kept.id
    }

    /// Seals the value of any BSON element: its type, and the bytes that follow its name in a document.
    ///
    /// # Errors
    /// `InvalidInput` where MongoDB's own library would refuse: null, undefined, minimum and maximum
    /// key, a binary of subtype 6, and in deterministic mode also double, boolean, document, array, code
    /// with scope and decimal; or where the bytes are not of that type.
    pub fn seal_value(
        &self,
        mode: Mode,
        bson_type: u8,
        value: &[u8],
        entropy: &mut Entropy,
    ) -> Result<Sealed> {
        bson::check(mode, bson_type, value)?;
        self.newest.seal(bson_type, &[value], draw(mode, entropy).as_ref())
    }

    /// Opens a value of any BSON type.
    ///
    /// # Errors
    /// `Tampered` where the value was changed, or is not of the type that it names; `Key` where its key is
    /// not here, or where it is in eovr's own format.
    pub fn open_value(&self, sealed: &Sealed) -> Result<BsonValue> {
        sealed.must_be(Format::Csfle)?;
        let id = sealed.key_id();
        let key = &self.find(id)?.key;
        let opened = sealed.as_bytes().split_first_chunk::<HEADER>().and_then(|(header, body)| {
            let [.., bson_type] = header;
            Some((*bson_type, key.open(header, body)?))
        });
        let (bson_type, plain) = opened.ok_or_else(|| {
            Error::new(ErrorKind::Tampered, "a sealed value does not open")
                .with_help("it was changed, or the material of its key was exchanged in the vault")
                .with("key", id)
        })?;
        BsonValue::opened(bson_type, plain)
    }

    /// Opens the content of a BSON binary of subtype 6, as a store or a tool found it.
    ///
    /// # Errors
    /// As [`open_value`](CsfleRing::open_value); `Tampered` also where the bytes are not a sealed value.
    pub fn open_bytes(&self, bytes: &[u8]) -> Result<BsonValue> {
        self.open_value(&Sealed::from_stored(bytes.to_vec())?)
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        iter::once(&self.newest).chain(&self.older).map(|entry| &**entry)
    }

    fn find(&self, id: Uuid) -> Result<&Entry> {
        self.entries().find(|entry| entry.kept.id == id).ok_or_else(|| {
            Error::new(ErrorKind::Key, "no such key in the ring")
                .with_help(
                    "read the key vault again: another process may have rotated; else the key was destroyed, \
                     and its values are gone for good",
                )
                .with("key", id)
        })
    }

    fn must_be_free(&self, id: Uuid) -> Result<()> {
        if self.entries().any(|entry| entry.kept.id == id) {
            return Err(Error::new(ErrorKind::Key, "a key id occurs twice").with("key", id));
        }
        Ok(())
    }
}

impl Cipher for CsfleRing {
    fn seal(&self, _: &Place<'_>, mode: Mode, plain: &[u8], entropy: &mut Entropy) -> Result<Sealed> {
        self.newest.seal_plain(plain, draw(mode, entropy).as_ref())
    }

    fn open(&self, place: &Place<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>> {
        self.open_value(sealed).and_then(BsonValue::into_plain).map_err(|error| {
            error.with("kind", place.kind).with("record", place.record).with("field", place.field)
        })
    }

    fn search_values(&self, _: &str, _: &str, plain: &[u8]) -> Result<Vec<Sealed>> {
        self.entries().map(|entry| entry.seal_plain(plain, None)).collect()
    }
}

impl Entry {
    fn new(kept: VaultKey, material: &[u8]) -> Result<Self> {
        let key = Key::new(material).ok_or_else(|| Error::bug("a data key has the wrong length"))?;
        Ok(Self { kept, key })
    }

    fn create(local: &LocalKey, id: Uuid, created_at: i64, entropy: &mut Entropy) -> Result<Self> {
        let mut material = Zeroizing::new([0; KEY]);
        entropy.fill(material.as_mut_slice());
        let kept = VaultKey { id, created_at, material: local.wrap(material.as_slice(), entropy)? };
        Self::new(kept, material.as_slice())
    }

    /// Seals bytes as the type that every driver reads them as.
    fn seal_plain(&self, plain: &[u8], iv: Option<&Iv>) -> Result<Sealed> {
        match std::str::from_utf8(plain) {
            Ok(_) => self.seal(STRING, &[&length(plain.len() + 1)?, plain, &[0]], iv),
            Err(_) => self.seal(BINARY, &[&length(plain.len())?, &[GENERIC], plain], iv),
        }
    }

    /// Seals the parts of a value, in random mode where an IV is given.
    fn seal(&self, bson_type: u8, value: &[&[u8]], iv: Option<&Iv>) -> Result<Sealed> {
        let mode = if iv.is_some() { Mode::Random } else { Mode::Deterministic };
        let header = csfle_header(mode, &self.kept.id, bson_type);
        Sealed::from_stored(self.key.seal(&header, value, iv)?)
    }
}

/// Lists the keys by id.
impl fmt::Debug for CsfleRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsfleRing ")?;
        f.debug_list().entries(self.entries().map(|entry| &entry.kept)).finish()
    }
}

/// A random IV, where the mode takes one.
fn draw(mode: Mode, entropy: &mut Entropy) -> Option<Iv> {
    match mode {
        Mode::Random => {
            let mut iv = [0; BLOCK];
            entropy.fill(&mut iv);
            Some(iv)
        }
        Mode::Deterministic => None,
    }
}

/// A length as BSON writes it.
fn length(bytes: usize) -> Result<[u8; 4]> {
    i32::try_from(bytes).map(i32::to_le_bytes).map_err(|_| {
        Error::invalid("the value is too long to seal")
            .with_help("at most 2 GiB; MongoDB takes documents of 16 MiB")
    })
}

/// The moment as a date in MongoDB keeps it.
fn whole_milliseconds(micros: i64) -> i64 {
    micros.saturating_sub(micros.rem_euclid(MILLISECOND))
}
