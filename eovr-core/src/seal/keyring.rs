use std::fmt;
use std::sync::Arc;

use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, ErrorKind, Result};
use crate::seal::aead::{DataKey, seal_deterministic, seal_random};
use crate::seal::master::Label;
use crate::seal::{Cipher, Entropy, Format, MasterKey, Mode, Place, Purpose, Sealed, WrappedKey};

/// The unwrapped data keys: the [`Cipher`] of the engine.
///
/// The ring stores nothing. Each operation that changes it returns the [`WrappedKey`] to store. Write it **before** you
/// use the changed ring, because a value sealed under an unwritten key is lost.
///
/// A clone is cheap and shares the keys. A running service holds an `Arc<KeyRing>`. To change it, clone the ring,
/// change the clone, write the returned key, then replace the `Arc`. Readers do not wait.
///
/// ```
/// # use eovr_core::seal::{Cipher, Entropy, KeyRing, MasterKey, Mode, Place, Purpose};
/// # use uuid::Uuid;
/// # let (mut entropy, master) = (Entropy::from_seed(&[7; 32]), MasterKey::from_bytes(&[1; 32]));
/// # let (ids, now) = ([Uuid::from_u128(1), Uuid::from_u128(2)], 1_790_000_000_000_000);
/// let mut ring = KeyRing::create(&master, ids, now, &mut entropy)?;
/// let place = Place { kind: "incident", record: Uuid::from_u128(3), field: "description" };
/// let sealed = ring.seal(&place, Mode::Random, b"found on the floor", &mut entropy)?;
///
/// let added = ring.rotate(&master, Purpose::Fields, Uuid::from_u128(4), now + 1, &mut entropy)?;
/// assert_eq!(ring.active(Purpose::Fields), Some(added.id)); // store `added` before the ring is used
/// assert!(ring.open(&place, &sealed).is_ok());
///
/// ring.destroy(sealed.key_id())?;
/// assert!(ring.open(&place, &sealed).is_err());
/// # Ok::<(), eovr_core::Error>(())
/// ```
///
/// # Rotation
/// 1. Call [`rotate`](KeyRing::rotate), write the key, replace the ring. The new key seals new values, old values still
///    open, and [`search_values`](Cipher::search_values) covers both.
/// 2. Let every process read the keys again. Until then, a process can neither open nor find the values that another
///    process sealed with the new key; it returns `Key`, and reading the keys again resolves it.
/// 3. In the background, seal each value again whose [`key_id`](Sealed::key_id) is not the [`active`](KeyRing::active)
///    one.
/// 4. [`destroy`](KeyRing::destroy) the old key, or keep it for the backups.
///
/// Rotate `fields` before one key has sealed 2³² values (NIST SP 800-38D §8.3: beyond that, two random nonces may
/// collide). A country that files 100,000 reports a day with ten changes of six fields each reaches this limit in two
/// years. We recommend one rotation a year.
///
/// # Destruction
/// Without its key, a value is permanently unreadable in every copy of the database. A hospital can thus erase data
/// that it cannot remove from its backups. The erasure is only as good as the destruction of the wrapped key. Keep
/// wrapped keys out of backups that outlive their data, or destroy the master key that wrapped them as well.
#[derive(Clone)]
pub struct KeyRing {
    // INVARIANT: newest first; ids are unique; each purpose has at least one live key.
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    kept: WrappedKey,
    /// `None` where it was destroyed. The clones of a ring share it, so the last clone wipes it.
    key: Option<Arc<DataKey>>,
}

impl KeyRing {
    /// Makes a first ring with one key for each purpose. `ids` are the ids of the field key and the search key; `now`
    /// is in microseconds since 1970.
    ///
    /// # Errors
    /// `Key` where both ids are the same.
    pub fn create(master: &MasterKey, ids: [Uuid; 2], now: i64, entropy: &mut Entropy) -> Result<Self> {
        let [fields, search] = ids;
        let mut ring = Self { entries: Vec::new() };
        ring.add(master, Label { id: fields, purpose: Purpose::Fields, created_at: now }, entropy)?;
        ring.add(master, Label { id: search, purpose: Purpose::Search, created_at: now }, entropy)?;
        Ok(ring)
    }

    /// Makes a ring from the stored keys, in any order.
    ///
    /// ```
    /// # use eovr_core::seal::{Cipher, Entropy, KeyRing, MasterKey, Mode, Place, Purpose};
    /// # use uuid::Uuid;
    /// # let (mut entropy, master) = (Entropy::from_seed(&[7; 32]), MasterKey::from_bytes(&[1; 32]));
    /// # let (ids, now) = ([Uuid::from_u128(1), Uuid::from_u128(2)], 1_790_000_000_000_000);
    /// let ring = KeyRing::create(&master, ids, now, &mut entropy)?;
    /// let kept = ring.wrapped(); // what a host stores
    /// let again = KeyRing::unwrap(&master, &kept)?;
    /// assert_eq!(again.active(Purpose::Search), ring.active(Purpose::Search));
    /// assert!(KeyRing::unwrap(&MasterKey::from_bytes(&[2; 32]), &kept).is_err());
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Key` where the master key does not open a key, a purpose has no live key, or an id occurs twice; `Tampered`
    /// where a wrapped key is malformed.
    pub fn unwrap(master: &MasterKey, kept: &[WrappedKey]) -> Result<Self> {
        Self { entries: Vec::new() }.renewed(master, kept)
    }

    /// Makes a ring from the keys that are stored now. A key that this ring already holds is not unwrapped again,
    /// because another process may have rewrapped it under a master key that this process gets only at its next start.
    ///
    /// # Errors
    /// As [`KeyRing::unwrap`].
    pub fn renewed(&self, master: &MasterKey, kept: &[WrappedKey]) -> Result<Self> {
        let mut ring = Self { entries: Vec::with_capacity(kept.len()) };
        for wrapped in kept {
            let here = self.entries.iter().find(|entry| entry.kept.id == wrapped.id);
            let here = here.filter(|entry| entry.kept.purpose == wrapped.purpose);
            let key = match here.and_then(|entry| entry.key.clone()) {
                _ if wrapped.is_destroyed() => None,
                Some(key) => Some(key),
                None => Some(data_key(wrapped.purpose, &master.unwrap(wrapped)?)?),
            };
            ring.insert(Entry { kept: wrapped.clone(), key })?;
        }
        ring.live(Purpose::Fields)?;
        ring.live(Purpose::Search)?;
        Ok(ring)
    }

    /// Adds a key, which seals from now on; the older keys still open. Returns the key to store.
    ///
    /// `created_at` is `now`, or just after the newest key's time where the clock has gone back, because the new key
    /// must still be the newest when the ring is read again.
    ///
    /// # Errors
    /// `Key` where the id is taken, or where `master` did not wrap the other keys, because no master key could then
    /// open the whole ring.
    pub fn rotate(
        &mut self,
        master: &MasterKey,
        purpose: Purpose,
        id: Uuid,
        now: i64,
        entropy: &mut Entropy,
    ) -> Result<WrappedKey> {
        let (newest, _) = self.live(purpose)?;
        master.unwrap(newest)?;
        let after = self.of(purpose).map(|entry| entry.kept.created_at).max().unwrap_or(i64::MIN);
        let created_at = now.max(after.saturating_add(1));
        self.add(master, Label { id, purpose, created_at }, entropy)
    }

    /// Destroys a key. It is wiped from memory with the last clone of this ring, and its values never open again.
    /// Returns a tombstone, which must **overwrite** the stored key. Repeating the call changes nothing.
    ///
    /// # Errors
    /// `Key` where the ring has no such key, or where it is the active key. Rotate first, because every report would be
    /// refused without an active key.
    pub fn destroy(&mut self, id: Uuid) -> Result<WrappedKey> {
        for purpose in [Purpose::Fields, Purpose::Search] {
            if self.active(purpose) == Some(id) {
                return Err(Error::new(ErrorKind::Key, "the active key cannot be destroyed")
                    .with_help("rotate first: the new key then seals, and this one can go")
                    .with("purpose", purpose.name())
                    .with("key", id));
            }
        }
        let entry = self.entries.iter_mut().find(|entry| entry.kept.id == id).ok_or_else(|| unknown(id))?;
        entry.key = None;
        // The wrapped bytes are wiped too, because the master key opens them.
        entry.kept.wrapped.zeroize();
        Ok(entry.kept.clone())
    }

    /// Wraps the stored keys under a new master key. The data keys stay the same, so no value has to be sealed again.
    /// Write the whole list in one transaction, then start with the new master key.
    ///
    /// A key that `new` already opens is returned unchanged, so an interrupted change can be repeated.
    ///
    /// # Errors
    /// `Key` where neither master key opens a key; `Tampered` where a wrapped key is malformed.
    pub fn rewrap(
        old: &MasterKey,
        new: &MasterKey,
        kept: &[WrappedKey],
        entropy: &mut Entropy,
    ) -> Result<Vec<WrappedKey>> {
        kept.iter()
            .map(|key| {
                if key.is_destroyed() || new.unwrap(key).is_ok() {
                    return Ok(key.clone());
                }
                new.wrap(key.into(), &old.unwrap(key)?, entropy)
            })
            .collect()
    }

    /// All keys to store, the newest first: the wrapped keys, and the tombstones of destroyed keys.
    pub fn wrapped(&self) -> Vec<WrappedKey> {
        self.entries.iter().map(|entry| entry.kept.clone()).collect()
    }

    /// The id of the key that seals.
    pub fn active(&self, purpose: Purpose) -> Option<Uuid> {
        self.live(purpose).ok().map(|(kept, _)| kept.id)
    }

    /// Whether the ring knows the key, destroyed or not.
    pub(crate) fn knows(&self, id: Uuid) -> bool {
        self.entries.iter().any(|entry| entry.kept.id == id)
    }

    /// Whether the ring has the key and it was not destroyed.
    pub(crate) fn is_live(&self, id: Uuid) -> bool {
        self.entries.iter().any(|entry| entry.kept.id == id && entry.key.is_some())
    }

    fn add(&mut self, master: &MasterKey, label: Label, entropy: &mut Entropy) -> Result<WrappedKey> {
        let mut material = Zeroizing::new(vec![0; label.purpose.key_length()]);
        entropy.fill(&mut material);
        let kept = master.wrap(label, &material, entropy)?;
        self.insert(Entry { kept: kept.clone(), key: Some(data_key(label.purpose, &material)?) })?;
        Ok(kept)
    }

    fn insert(&mut self, entry: Entry) -> Result<()> {
        let Entry { kept, .. } = &entry;
        if self.entries.iter().any(|other| other.kept.id == kept.id) {
            return Err(Error::new(ErrorKind::Key, "a key id occurs twice").with("key", kept.id));
        }
        // The id decides between keys of the same time, so that every process picks the same one.
        let newer = |other: &Entry| (other.kept.created_at, other.kept.id) > (kept.created_at, kept.id);
        let position = self.entries.partition_point(newer);
        self.entries.insert(position, entry);
        Ok(())
    }

    fn of(&self, purpose: Purpose) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.kept.purpose == purpose)
    }

    /// The newest live key of a purpose.
    fn live(&self, purpose: Purpose) -> Result<(&WrappedKey, &DataKey)> {
        self.of(purpose).find_map(|entry| Some((&entry.kept, entry.key.as_deref()?))).ok_or_else(|| {
            Error::new(ErrorKind::Key, format!("no live key for `{}`", purpose.name()))
                .with_help("a key ring has at least one live key for `fields` and one for `search`")
        })
    }
}

impl Cipher for KeyRing {
    fn seal(&self, place: &Place<'_>, mode: Mode, plain: &[u8], entropy: &mut Entropy) -> Result<Sealed> {
        let purpose = match mode {
            Mode::Random => Purpose::Fields,
            Mode::Deterministic => Purpose::Search,
        };
        match self.live(purpose)? {
            (kept, DataKey::Fields(key)) => seal_random(key, &kept.id, place, plain, entropy),
            (kept, DataKey::Search(key)) => seal_deterministic(key, &kept.id, place, plain),
        }
    }

    fn open(&self, place: &Place<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>> {
        sealed.must_be(Format::Eovr)?;
        let id = sealed.key_id();
        let entry = self.entries.iter().find(|entry| entry.kept.id == id).ok_or_else(|| unknown(id))?;
        let Some(key) = &entry.key else {
            return Err(Error::new(ErrorKind::Key, "the key of this value was destroyed")
                .with_help("its text is permanently erased")
                .with("key", id));
        };
        key.open(place, sealed).ok_or_else(|| {
            Error::new(ErrorKind::Tampered, "a sealed value does not open in this place")
                .with_help("it was changed, or it was sealed for another record or field")
                .with("kind", place.kind)
                .with("record", place.record)
                .with("field", place.field)
                .with("key", id)
        })
    }

    fn search_values(&self, kind: &str, field: &str, plain: &[u8]) -> Result<Vec<Sealed>> {
        self.live(Purpose::Search)?;
        // Deterministic sealing ignores the record, so any id will do.
        let place = Place { kind, record: Uuid::nil(), field };
        self.of(Purpose::Search)
            .filter_map(|entry| match entry.key.as_deref()? {
                DataKey::Search(key) => Some(seal_deterministic(key, &entry.kept.id, &place, plain)),
                DataKey::Fields(_) => None,
            })
            .collect()
    }
}

/// Lists the keys by id and purpose.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing ")?;
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.kept)).finish()
    }
}

fn data_key(purpose: Purpose, material: &[u8]) -> Result<Arc<DataKey>> {
    DataKey::new(purpose, material)
        .map(Arc::new)
        .ok_or_else(|| Error::bug("a data key has the wrong length").with("purpose", purpose.name()))
}

fn unknown(id: Uuid) -> Error {
    Error::new(ErrorKind::Key, "no such key in the key ring")
        .with_help(
            "read the stored keys again: another process may have rotated; else a stored key is missing",
        )
        .with("key", id)
}
