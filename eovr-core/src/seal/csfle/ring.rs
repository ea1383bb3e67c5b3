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

/// The unwrapped data keys of a key vault: the [`Cipher`] for MongoDB's format.
///
/// One key serves both modes, as in MongoDB. [`seal`](Cipher::seal) and [`open`](Cipher::open) take a place and ignore
/// it. The [module documentation](crate::seal::csfle) explains the consequences.
///
/// The ring stores nothing. Each change returns a [`VaultKey`]. Write it to the vault **before** you use the changed
/// ring, because a value sealed under an unwritten key is lost. Where two processes each make a first key, a unique
/// `keyAltNames` decides; the other process reads the vault again.
///
/// A clone is cheap and shares the keys. A running service holds an `Arc<CsfleRing>`. To change it, clone the ring,
/// change the clone, write the returned key, then replace the `Arc`. Readers do not wait.
///
/// # Rotation
/// As for a [`KeyRing`](crate::seal::KeyRing#rotation): call [`rotate`](CsfleRing::rotate), let every process read the
/// vault again, seal each value again whose [`key_id`](Sealed::key_id) is not the [`active`](CsfleRing::active) one,
/// and [`destroy`](CsfleRing::destroy) the old key.
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

/// Wipes the wrapped material with the last clone of the ring, because the local key opens it.
impl Drop for Entry {
    fn drop(&mut self) {
        self.kept.material.zeroize();
    }
}

impl CsfleRing {
    /// Makes a first ring of one key. The returned key must be written to the vault. `now` is in microseconds since
    /// 1970.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn create(local: &LocalKey, id: Uuid, now: i64, entropy: &mut Entropy) -> Result<(Self, VaultKey)> {
        let newest = Entry::create(local, id, whole_milliseconds(now), entropy)?;
        let kept = newest.kept.clone();
        Ok((Self { newest: Arc::new(newest), older: Vec::new() }, kept))
    }

    /// Makes a ring from the vault's keys, in any order. The newest key seals; of several with the same time, the one
    /// with the greatest id.
    ///
    /// # Errors
    /// `Key` where the local key does not open a key, the list is empty, or an id occurs twice; `Tampered` where the
    /// material is not 160 bytes.
    pub fn unwrap(local: &LocalKey, kept: &[VaultKey]) -> Result<Self> {
        let open = |kept: &VaultKey| Entry::new(kept.clone(), &local.unwrap(kept)?).map(Arc::new);
        let mut entries = kept.iter().map(open).collect::<Result<Vec<_>>>()?;
        // The id decides between keys of the same time, so that every process picks the same one.
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

    /// Adds a key, which seals from now on; the older keys still open. Returns the key to write to the vault.
    ///
    /// `created_at` is `now`, or just after the newest key's time where the clock has gone back, because the new key
    /// must still be the newest when the vault is read again.
    ///
    /// # Errors
    /// `Key` where the id is taken, or where `local` did not wrap the other keys, because no local key could then open
    /// the whole vault.
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

    /// Destroys a key. It is wiped from memory with the last clone of this ring. Remove its document from the vault;
    /// its values then never open again.
    ///
    /// # Errors
    /// `Key` where the ring has no such key (also on a second call), or where it is the active key. Rotate first,
    /// because every report would be refused without an active key.
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

    /// Wraps the vault's keys under a new local key. The data keys stay the same, so no value has to be sealed again.
    /// Write the whole list in one transaction, then start with the new local key.
    ///
    /// A key that `new` already opens is returned unchanged, so an interrupted change can be repeated.
    ///
    /// # Errors
    /// `Key` where neither local key opens a key; `Tampered` where the material is not 160 bytes.
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

    /// All keys to store, the newest first.
    pub fn wrapped(&self) -> Vec<VaultKey> {
        self.entries().map(|entry| entry.kept.clone()).collect()
    }

    /// The id of the key that seals.
    pub fn active(&self) -> Uuid {
        self.newest.kept.id
    }

    /// Seals the value of any BSON element, given its type and the bytes after its name in a document.
    ///
    /// # Errors
    /// `InvalidInput` where MongoDB's own library refuses the type: null, undefined, minimum and maximum key, a binary
    /// of subtype 6, and in deterministic mode also double, boolean, document, array, code with scope and decimal; or
    /// where the bytes do not have that type.
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
    /// `Tampered` where the value was changed or does not have its stated type; `Key` where the ring does not have its
    /// key, or where it is in eovr's own format.
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

    /// Opens the content of a BSON binary of subtype 6, as a store or a tool reads it.
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

    /// Seals bytes as a type that every driver can read.
    fn seal_plain(&self, plain: &[u8], iv: Option<&Iv>) -> Result<Sealed> {
        match std::str::from_utf8(plain) {
            Ok(_) => self.seal(STRING, &[&length(plain.len() + 1)?, plain, &[0]], iv),
            Err(_) => self.seal(BINARY, &[&length(plain.len())?, &[GENERIC], plain], iv),
        }
    }

    /// Seals the parts of a value; an IV means random mode.
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

/// A random IV, for the random mode.
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

/// A length in BSON.
fn length(bytes: usize) -> Result<[u8; 4]> {
    i32::try_from(bytes).map(i32::to_le_bytes).map_err(|_| {
        Error::invalid("the value is too long to seal")
            .with_help("at most 2 GiB; MongoDB takes documents of 16 MiB")
    })
}

/// A time rounded to a MongoDB date.
fn whole_milliseconds(micros: i64) -> i64 {
    micros.saturating_sub(micros.rem_euclid(MILLISECOND))
}
