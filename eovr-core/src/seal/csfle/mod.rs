//! Sealing in the format of MongoDB's client-side field level encryption, byte for byte.
//!
//! # Why
//! Use this format where a hospital already stores its fields this way, or where other programs read them. Every
//! official MongoDB driver opens the values of a [`CsfleRing`], the ring opens the values of a driver, and both share
//! one key vault. Otherwise prefer a [`KeyRing`](crate::seal::KeyRing), for any store including MongoDB.
//!
//! The algorithms are `AEAD_AES_256_CBC_HMAC_SHA_512-Deterministic` and `-Random`; the key provider is `local`. The
//! implementation does not link libmongocrypt.
//!
//! # Disadvantages
//! | | `KeyRing` | [`CsfleRing`] |
//! |---|---|---|
//! | a value is bound to | kind, field, record | nothing, so it opens in any place |
//! | deterministic mode: equal texts have equal bytes | within one kind and field | in the whole database |
//! | visible length | to the byte | to 16 bytes |
//! | a stored key is bound to | id, purpose, age | nothing |
//!
//! - **Moving.** An attacker who can write to the database but not read it can copy one patient's sealed description
//!   into a record that the attacker may open. The application then opens it. No implementation can prevent this,
//!   because the format authenticates only key, algorithm and type. The audit chain commits to the sealed bytes of
//!   every field of every record, so a check of the chain finds the moved value, but only afterwards.
//! - **Linking.** The same text has the same bytes in every deterministic field of every kind under one key. Where two
//!   such fields must not be linked, give each its own ring.
//! - **Keys.** An attacker who can write to the vault can exchange the material of two keys (their values then do not
//!   open) or make an old key the newest (it then seals again).
//!
//! # Types
//! UTF-8 is sealed as a BSON string, anything else as a binary of subtype 0. The type is authenticated: the string
//! `"7"` and the integer `7` have different bytes, so an equality search finds only values of the same type.
//! [`CsfleRing::open_value`] and [`CsfleRing::seal_value`] handle the other types, for values that other programs write
//! or read.
//!
//! # Keeping the keys
//! A [`VaultKey`] is one document of the vault: `id` is its `_id` (binary, subtype 4), `material` its `keyMaterial`
//! (binary, subtype 0), `created_at` its `creationDate`; `status` is the 32-bit integer 0 and `masterKey` is
//! `{"provider": "local"}`. Read and write the vault with majority concern. To destroy a key, remove its document.
//!
//! Give the ring only the keys whose values it may open. The newest of them seals, even if another program made it.
//!
//! ```
//! use eovr_core::seal::csfle::{CsfleRing, LocalKey};
//! use eovr_core::seal::{Cipher, Entropy, Mode, Place};
//! use uuid::Uuid;
//!
//! # fn main() -> eovr_core::error::Result<()> {
//! # let (seed, id, record, now) = ([7; 32], Uuid::from_u128(1), Uuid::from_u128(3), 1_790_000_000_000_000);
//! let mut entropy = Entropy::from_seed(&seed); // from the operating system, fresh for this attempt
//! let local = LocalKey::from_base64(
//!     "D73Kl51yn/HJx07d9yLryXxg42ADLuhaD4H6YYpfFm6O6JcRMwwczzmi5lrRK719\
//!      9KSi7oV/U7SCPwD+y3vSUlUyleS4SL7ngcMKDIaltzEzCAbqrKIU3hleSHYbimHu",
//! )?;
//! let (ring, kept) = CsfleRing::create(&local, id, now, &mut entropy)?; // keep it before using the ring
//!
//! let place = Place { kind: "incident", record, field: "file_number" };
//! let sealed = ring.seal(&place, Mode::Deterministic, b"MRN-000001", &mut entropy)?;
//! assert_eq!(sealed.as_bytes().len(), 82); // the content of a BSON binary of subtype 6
//!
//! let again = CsfleRing::unwrap(&local, &[kept])?;
//! assert_eq!(again.open_bytes(sealed.as_bytes())?.into_plain()?.as_slice(), b"MRN-000001");
//! # Ok(())
//! # }
//! ```

mod aead;
mod bson;
mod local;
mod ring;
#[cfg(test)]
mod tests;

pub use self::bson::BsonValue;
pub use self::local::{LocalKey, VaultKey};
pub use self::ring::CsfleRing;
