use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha512;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::seal::csfle::aead::{Iv, KEY, Key};
use crate::seal::sealed::{BLOCK, CSFLE_TAG};
use crate::seal::{Entropy, MasterKey};

const SHAPE: &str = "96 bytes in base64, 128 characters";

/// IV, key, a block of padding, tag.
const MATERIAL: usize = BLOCK + KEY + BLOCK + CSFLE_TAG;

/// The key that wraps the data keys: the 96 bytes of MongoDB's key provider `local`.
///
/// Wiped from memory on drop. It cannot be printed, compared, cloned or serialised. Only opening the ring, rotation and
/// rewrapping need it, so drop it afterwards.
pub struct LocalKey {
    // Boxed, so that a move leaves no copy in memory.
    bytes: Box<Zeroizing<[u8; KEY]>>,
}

impl LocalKey {
    /// Reads a key as `openssl rand -base64 -A 96` prints it. White space around it is ignored, because secret files
    /// often end in a line break.
    ///
    /// # Errors
    /// `Key` where the text is not 96 bytes in base64 (128 characters), or where all bytes are zero, which is a
    /// placeholder.
    pub fn from_base64(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        let refused =
            |message: &str| Error::new(ErrorKind::Key, message).with_help(format!("a local key is {SHAPE}"));
        if text.len() != 128 {
            return Err(refused("the local key has the wrong length").with("characters", text.len()));
        }
        let mut decoded = Zeroizing::new([0; KEY]);
        // The decoder's error is dropped, because it would name a character of the key.
        match STANDARD.decode_slice(text, decoded.as_mut_slice()).ok() {
            Some(KEY) if decoded.iter().fold(0, |seen, byte| seen | byte) == 0 => {
                Err(refused("the local key is all zeros"))
            }
            Some(KEY) => Ok(Self::from_bytes(&decoded)),
            _ => Err(refused("the local key is not base64")),
        }
    }

    /// Takes 96 bytes, for example from a host's key service. They must be random: a password is not a key.
    ///
    /// The caller must wipe its own copy.
    pub fn from_bytes(bytes: &[u8; 96]) -> Self {
        let mut boxed = Box::new(Zeroizing::new([0; KEY]));
        boxed.copy_from_slice(bytes);
        Self { bytes: boxed }
    }

    /// The key for [`EovrBuilder::audit_key`]. It is derived one-way from this key.
    ///
    /// [`EovrBuilder::audit_key`]: crate::service::EovrBuilder::audit_key
    pub fn audit_key(&self) -> MasterKey {
        // HMAC pads a key to the block size of the hash, which is longer than this key.
        let mut block = Zeroizing::new([0; 128]);
        block.iter_mut().zip(self.bytes.iter()).for_each(|(to, from)| *to = *from);
        let code =
            Hmac::<Sha512>::new((&*block).into()).chain_update(b"eovr.audit.v1").finalize().into_bytes();
        let mut key = Zeroizing::new([0; 32]);
        key.iter_mut().zip(code).for_each(|(to, from)| *to = from);
        MasterKey::from_bytes(&key)
    }

    /// Wraps a data key for storage.
    pub(super) fn wrap(&self, material: &[u8], entropy: &mut Entropy) -> Result<Vec<u8>> {
        let mut iv: Iv = [0; BLOCK];
        entropy.fill(&mut iv);
        self.key()?.seal(&[], &[material], Some(&iv))
    }

    /// Unwraps a data key.
    pub(super) fn unwrap(&self, kept: &VaultKey) -> Result<Zeroizing<Vec<u8>>> {
        if kept.material.len() != MATERIAL {
            return Err(Error::new(ErrorKind::Tampered, "the material of a stored key is not a wrapped key")
                .with_help(format!("it is {MATERIAL} bytes"))
                .with("key", kept.id)
                .with("bytes", kept.material.len()));
        }
        let material = self.key()?.open(&[], &kept.material).filter(|material| material.len() == KEY);
        material.ok_or_else(|| {
            Error::new(ErrorKind::Key, "this local key does not open a stored data key")
                .with_help(
                    "use the local key that wrapped it; if that was replaced, rewrap every data key from the \
                     old one to the new one; if it is the right one, the stored key was changed",
                )
                .with("key", kept.id)
        })
    }

    // The expanded key is not kept: wrapping is rare, and an expanded key in memory is a risk.
    fn key(&self) -> Result<Key> {
        Key::new(self.bytes.as_slice()).ok_or_else(|| Error::bug("a local key has the wrong length"))
    }
}

/// Prints that a key exists, and none of its bytes.
impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKey(redacted)")
    }
}

/// A data key as a key vault stores it: plain data, useless without the local key.
///
/// The [module documentation](crate::seal::csfle) maps these members to the fields of a vault document.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VaultKey {
    /// The key's id, which is part of every value that it sealed.
    pub id: Uuid,
    /// The time of creation, in microseconds since 1970-01-01T00:00:00Z. A MongoDB date has milliseconds, so a ring
    /// uses whole milliseconds. The newest key seals; the others only open.
    pub created_at: i64,
    /// The key, wrapped by the local key: 160 bytes.
    pub material: Vec<u8>,
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultKey({}, created_at {})", self.id, self.created_at)
    }
}
