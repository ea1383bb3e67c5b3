//! `AEAD_AES_256_CBC_HMAC_SHA_512` as MongoDB uses it: encrypt, then authenticate.
//!
//! The MAC key, the cipher key and the IV key have 32 bytes each. AD is the associated data; AL is its length in bits
//! as 8 bytes, big-endian:
//!
//! - sealed: IV ‖ C ‖ T;
//! - C: AES-256-CBC of the message, padded as PKCS #7 says;
//! - T: HMAC-SHA-512 by the MAC key of AD ‖ IV ‖ C ‖ AL, its first 32 bytes;
//! - IV: random, or HMAC-SHA-512 by the IV key of AD ‖ AL ‖ message, its first 16 bytes.

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use cbc::{Decryptor, Encryptor};
use hmac::{Hmac, Mac};
use sha2::Sha512;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::seal::sealed::{BLOCK, CSFLE_TAG as TAG};

/// MAC key, cipher key and IV key, 32 bytes each.
pub(super) const KEY: usize = 96;

pub(super) type Iv = [u8; BLOCK];

/// A key, ready for use. The round keys are expanded and both MAC keys are absorbed once, because doing so takes as
/// long as sealing a field. All three are wiped on drop.
pub(super) struct Key {
    mac: Hmac<Sha512>,
    cipher: Aes256,
    iv: Hmac<Sha512>,
}

impl Key {
    /// Makes a key from its bytes; `None` where the length is not 96.
    pub(super) fn new(material: &[u8]) -> Option<Self> {
        let ([mac, cipher, iv], []) = material.as_chunks::<32>() else { return None };
        Some(Self {
            mac: Hmac::new_from_slice(mac).ok()?,
            cipher: Aes256::new(cipher.into()),
            iv: Hmac::new_from_slice(iv).ok()?,
        })
    }

    /// The associated data, followed by the IV (given, or derived from the message), the ciphertext and the tag.
    pub(super) fn seal(&self, associated: &[u8], message: &[&[u8]], iv: Option<&Iv>) -> Result<Vec<u8>> {
        let length = message.iter().map(|part| part.len()).sum::<usize>();
        let padded = length + BLOCK - length % BLOCK;
        // The message is encrypted in place, in a buffer with enough capacity. A reallocation would leave a copy of the
        // text in memory.
        let mut out = Vec::with_capacity(associated.len() + BLOCK + padded + TAG);
        out.extend_from_slice(associated);
        out.extend_from_slice(&[0; BLOCK]);
        message.iter().for_each(|part| out.extend_from_slice(part));
        out.resize(associated.len() + BLOCK + padded, 0);

        let no_room = || Error::bug("a sealed value has no room for its text");
        let (_, body) = out.split_at_mut_checked(associated.len()).ok_or_else(no_room)?;
        let (first, text) = body.split_first_chunk_mut::<BLOCK>().ok_or_else(no_room)?;
        *first = match iv {
            Some(iv) => *iv,
            None => self.derive(associated, text.get(..length).ok_or_else(no_room)?),
        };
        let cbc: Encryptor<&Aes256> = Encryptor::inner_iv_init(&self.cipher, (&*first).into());
        cbc.encrypt_padded::<Pkcs7>(text, length).map_err(|_| no_room())?;

        let mac = self.mac.clone().chain_update(&out).chain_update(bits(associated));
        out.extend(mac.finalize().into_bytes().iter().take(TAG));
        Ok(out)
    }

    /// The message; `None` where this key did not seal it with this associated data. The tag is compared in constant
    /// time before decryption.
    pub(super) fn open(&self, associated: &[u8], body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (sealed, tag) = body.split_last_chunk::<TAG>()?;
        let mac =
            self.mac.clone().chain_update(associated).chain_update(sealed).chain_update(bits(associated));
        mac.verify_truncated_left(tag).ok()?;
        let (iv, text) = sealed.split_first_chunk::<BLOCK>()?;
        let mut plain = Zeroizing::new(text.to_vec());
        let cbc: Decryptor<&Aes256> = Decryptor::inner_iv_init(&self.cipher, iv.into());
        let length = cbc.decrypt_padded::<Pkcs7>(&mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }

    fn derive(&self, associated: &[u8], message: &[u8]) -> Iv {
        let mac =
            self.iv.clone().chain_update(associated).chain_update(bits(associated)).chain_update(message);
        let mut iv = [0; BLOCK];
        iv.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(iv, byte)| *iv = byte);
        iv
    }
}

/// The length of the associated data in bits, as input of the MAC.
fn bits(associated: &[u8]) -> [u8; 8] {
    (associated.len() as u64 * 8).to_be_bytes()
}
