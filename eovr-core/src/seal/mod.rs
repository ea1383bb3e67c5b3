//! Hiding what must not leave the process in the clear.
//!
//! # Why here, and not in the database
//! A field is sealed before any store sees it. A copy of the database, a backup, a replica, a log of
//! slow queries or a curious administrator then holds ciphertext, whatever the database is and however
//! it is run. A store is only ever handed [`Sealed`], which nothing outside this crate can make, so
//! "forgot to encrypt" does not compile.
//!
//! # What a value is bound to
//! A sealed value opens only in the [`Place`] that it was sealed for. Without that, someone who can
//! write to the database but not read it could paste one patient's sealed description into a record
//! they are allowed to open, and the application would kindly decrypt it for them.
//!
//! | mode | cipher | bound to | same text twice |
//! |---|---|---|---|
//! | [`Mode::Random`] | AES-256-GCM, fresh 96-bit nonce | kind, record, field | different bytes |
//! | [`Mode::Deterministic`] | AES-SIV with a 512-bit key (RFC 5297) | kind, field | the same bytes |
//!
//! # What sealing does not hide
//! - The length of the text, to the byte, in both modes.
//! - In deterministic mode, **which records hold the same value**, and how often each value occurs.
//!   That is what makes "find this file number" work without opening anything. Use it for identifiers
//!   that are nearly unique; never for a field with few possible values (sex, ward, yes or no), where
//!   counting the ciphertexts tells them apart. Such a value can also be moved to another record of
//!   the same kind, in the same field, and opens there: the audit chain notices, the cipher does not.
//! - Age. Somebody who can write to the database can put an older sealed value of the same place back.
//!   Again the audit chain notices.
//!
//! Deterministic sealing compares bytes: `"MF-7"`, `"mf-7"` and `"MF-٧"` are three values. Whoever calls it
//! brings the text to one form first.
//!
//! # Keys
//! A [`KeyRing`] holds the data keys, each wrapped by one [`MasterKey`] for keeping. Its page says how
//! to rotate them and what destroying one means.
//!
//! Feature `csfle` adds a second ring, whose values and keys MongoDB's own drivers read as well. It binds
//! no value to its place; the page of `seal::csfle` says what that costs.
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

/// Where a value belongs: what a sealed value is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    /// The kind of record.
    pub kind: &'a str,
    /// The record's id. Deterministic sealing leaves it out.
    pub record: Uuid,
    /// The field's name.
    pub field: &'a str,
}

/// Whether equal texts give equal bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// They do not: nothing but the length shows. The right choice unless the field is searched.
    Random,
    /// They do, within one kind and field and under one key, so that a store can compare for equality.
    Deterministic,
}

/// Seals and opens field values.
///
/// [`KeyRing`] is the implementation, and `CsfleRing` (feature `csfle`) the one for MongoDB's format,
/// which keeps every promise below except those that name the place. A host's own one chooses among
/// rings (one for each governorate, say): only a ring makes [`Sealed`].
///
/// `Send + Sync`, because one cipher serves every thread of the process; `Debug`, because it stands in
/// structs that have it (and it must print no key); synchronous, because keys are unwrapped once at
/// start and sealing is then arithmetic.
pub trait Cipher: Debug + Send + Sync {
    /// Seals a value for one place, under the newest key.
    ///
    /// Behaviour:
    /// - random: the same arguments give different bytes every time, by the nonce drawn from `entropy`;
    /// - deterministic: equal kind, field and text give equal bytes, whatever the record; nothing is
    ///   drawn from `entropy`;
    /// - an empty value is a value like any other.
    ///
    /// # Errors
    /// `Key` where no live key serves this mode; `InvalidInput` where the value is longer than the
    /// cipher allows (64 GiB).
    fn seal(&self, place: &Place<'_>, mode: Mode, plain: &[u8], entropy: &mut Entropy) -> Result<Sealed>;

    /// Opens a value in the place that it was sealed for. The text is wiped from memory when dropped.
    ///
    /// Behaviour:
    /// - any other kind or field, and in random mode any other record, is refused;
    /// - any changed bit is refused;
    /// - the mode need not be said: the value carries it.
    ///
    /// # Errors
    /// `Tampered` where the value was changed or belongs elsewhere; `Key` where its key is not here or
    /// was destroyed, or where it is in the format of another ring.
    fn open(&self, place: &Place<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>>;

    /// What this text looks like in a deterministically sealed field, under every live search key, the
    /// newest first.
    ///
    /// Behaviour: a query for "equal to any of these" finds the value also while a rotation is under
    /// way and some records still carry the seal of the older key. The first is what
    /// [`seal`](Cipher::seal) gives now.
    ///
    /// # Errors
    /// `Key` where there is no live search key.
    fn search_values(&self, kind: &str, field: &str, plain: &[u8]) -> Result<Vec<Sealed>>;
}
