//! Sealing: encryption of fields before they leave the process.
//!
//! # Why here, and not in the database The core seals a field before a store sees it. A copy of the database, a backup,
//! a replica, a slow query log or a curious administrator then sees only ciphertext, with any database. A store
//! receives only [`Sealed`], which no other crate can make, so a store that forgets to encrypt does not compile.
//!
//! # Binding A sealed value opens only in the [`Place`] that it was sealed for. Otherwise an attacker who can write to
//! the database but not read it could copy one patient's sealed description into a record that the attacker may open,
//! and the application would decrypt it.
//!
//! | mode | cipher | bound to | same text twice |
//! |---|---|---|---|
//! | [`Mode::Random`] | AES-256-GCM, fresh 96-bit nonce | kind, record, field | different bytes |
//! | [`Mode::Deterministic`] | AES-SIV with a 512-bit key (RFC 5297) | kind, field | the same bytes |
//!
//! # What sealing does not hide
//! - The length of the text, to the byte, in both modes.
//! - In deterministic mode, **which records have the same value**, and how often each value occurs. A search for a file
//!   number needs this. Use the mode for identifiers that are nearly unique, and never for a field with few possible
//!   values (sex, ward, yes or no), because the frequencies of the ciphertexts identify the values. Such a value can
//!   also be moved to the same field of another record of the same kind, where it opens: the audit chain detects this,
//!   the cipher does not.
//! - Age. An attacker who can write to the database can restore an older sealed value of the same place. The audit
//!   chain detects this too.
//!
//! Deterministic sealing compares bytes: `"MF-7"`, `"mf-7"` and `"MF-٧"` are three values. The caller must normalise
//! the text first.
//!
//! # Keys
//! A [`KeyRing`] holds the data keys. A [`MasterKey`] wraps each of them for storage. The documentation of [`KeyRing`]
//! explains rotation and destruction.
//!
//! Feature `csfle` adds a second ring, whose values and keys MongoDB's own drivers can read. It does not bind a value
//! to its place; the documentation of `seal::csfle` explains the consequences.
//!
//! ```
//! use eovr_core::seal::{Cipher, Entropy, KeyRing, MasterKey, Mode, Place};
//! use uuid::Uuid;
//!
//! # fn main() -> eovr_core::error::Result<()> {
//! # let (seed, fields, search, record) = ([7; 32], Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
//! let mut entropy = Entropy::from_seed(&seed); // from the operating system, fresh for this attempt
//! let master = MasterKey::from_base64("Zm9yIHRoaXMgZXhhbXBsZSBvbmx5LCBuZXZlciByZWE=")?;
//! let ring = KeyRing::create(&master, [fields, search], 1_790_000_000_000_000, &mut entropy)?;
//!
//! let place = Place { kind: "incident", record, field: "description" };
//! let sealed = ring.seal(&place, Mode::Random, "found on the floor".as_bytes(), &mut entropy)?;
//! assert_eq!(ring.open(&place, &sealed)?.as_slice(), b"found on the floor");
//!
//! let elsewhere = Place { field: "notes", ..place };
//! assert!(ring.open(&elsewhere, &sealed).is_err());
//! # Ok(())
//! # }
//! ```

mod aead;
#[cfg(feature = "csfle")]
pub mod csfle;
mod entropy;
mod keyring;
mod master;
mod sealed;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

use uuid::Uuid;
use zeroize::Zeroizing;

pub use self::entropy::Entropy;
pub use self::keyring::KeyRing;
pub(crate) use self::master::Label;
pub use self::master::{MasterKey, Purpose, WrappedKey};
pub use self::sealed::{Format, Sealed};
use crate::error::Result;

/// The place of a value, to which its seal is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    /// The kind of record.
    pub kind: &'a str,
    /// The record's id. Deterministic sealing ignores it.
    pub record: Uuid,
    /// The field's name.
    pub field: &'a str,
}

/// Whether equal texts give equal bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Equal texts give different bytes, and only the length is visible. Use it unless the field is searched.
    Random,
    /// Equal texts give equal bytes within one kind and field and under one key, so a store can search by equality.
    Deterministic,
}

/// Seals and opens field values.
///
/// [`KeyRing`] implements it. `CsfleRing` (feature `csfle`) implements it for MongoDB's format and keeps every promise
/// below except those about the place. A host's own implementation can choose among rings (for example one per
/// governorate), but only a ring makes [`Sealed`].
///
/// It is `Send + Sync` because one cipher serves every thread of the process. It is `Debug` because `Debug` structs
/// contain it; it must print no key. It is synchronous because keys are unwrapped once at start, so sealing needs no
/// input or output.
pub trait Cipher: Debug + Send + Sync {
    /// Seals a value for one place with the newest key.
    ///
    /// Behaviour:
    /// - random: the same arguments give different bytes every time, because of the nonce from `entropy`;
    /// - deterministic: equal kind, field and text give equal bytes, for every record; it draws nothing from `entropy`;
    /// - an empty value is a valid value.
    ///
    /// # Errors
    /// `Key` where this mode has no live key; `InvalidInput` where the value is longer than the cipher allows (64 GiB).
    fn seal(&self, place: &Place<'_>, mode: Mode, plain: &[u8], entropy: &mut Entropy) -> Result<Sealed>;

    /// Opens a value in its place. The text is wiped from memory on drop.
    ///
    /// Behaviour:
    /// - another kind or field, and in random mode another record, is refused;
    /// - a value with any changed bit is refused;
    /// - the mode is read from the value.
    ///
    /// # Errors
    /// `Tampered` where the value was changed or belongs to another place; `Key` where the ring does not have its key,
    /// the key was destroyed, or the value has the format of another ring.
    fn open(&self, place: &Place<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>>;

    /// The sealed forms of this text in a deterministic field, under every live search key, the newest first.
    ///
    /// A query for "equal to any of these" finds the value even during a rotation, when some records still have the
    /// seal of the older key. The first form equals the result of [`seal`](Cipher::seal).
    ///
    /// # Errors
    /// `Key` where the ring has no live search key.
    fn search_values(&self, kind: &str, field: &str, plain: &[u8]) -> Result<Vec<Sealed>>;
}
