use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use aes_siv::siv::Aes256Siv;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::seal::master::Purpose;
use crate::seal::sealed::{self, HEADER, NONCE, TAG};
use crate::seal::{Entropy, Format, Mode, Place, Sealed};

const DOMAIN: &[u8] = b"eovr.sealed";

/// A data key, ready for use. Each key serves one algorithm, so that the algorithms cannot weaken each other.
pub(super) enum DataKey {
    /// AES-256-GCM. Its round keys and hash key are expanded once, because the expansion takes as long as sealing a
    /// field.
    Fields(Box<Aes256Gcm>),
    /// The 64 bytes of AES-SIV. The cipher is expanded for every value, because its implementation needs `&mut`, and a
    /// lock would serialise all searches.
    Search(Box<Zeroizing<[u8; 64]>>),
}

impl DataKey {
    /// Makes a key from its bytes; `None` where the length does not fit the purpose.
    pub(super) fn new(purpose: Purpose, material: &[u8]) -> Option<Self> {
        match purpose {
            Purpose::Fields => {
                Aes256Gcm::new_from_slice(material).ok().map(|key| Self::Fields(Box::new(key)))
            }
            Purpose::Search => {
                let mut key = Box::new(Zeroizing::new([0; 64]));
                (material.len() == key.len()).then(|| key.copy_from_slice(material))?;
                Some(Self::Search(key))
            }
            // A key for events seals no field.
            Purpose::Events => None,
        }
    }

    /// Opens a value; `None` where this key did not seal it for this place.
    pub(super) fn open(&self, place: &Place<'_>, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let binding = binding(sealed.mode(), &sealed.key_id(), place);
        match (self, sealed.mode()) {
            (Self::Fields(key), Mode::Random) => gcm_open(key, &binding, sealed.body()),
            (Self::Search(key), Mode::Deterministic) => {
                let (tag, text) = sealed.body().split_first_chunk::<TAG>()?;
                let mut plain = Zeroizing::new(text.to_vec());
                siv(key).decrypt_inout_detached([&binding], plain.as_mut_slice().into(), tag.into()).ok()?;
                Some(plain)
            }
            (Self::Fields(_), Mode::Deterministic) | (Self::Search(_), Mode::Random) => None,
        }
    }
}

/// Seals with a fresh nonce.
pub(super) fn seal_random(
    key: &Aes256Gcm,
    id: &Uuid,
    place: &Place<'_>,
    plain: &[u8],
    entropy: &mut Entropy,
) -> Result<Sealed> {
    let mut bytes = begin(Mode::Random, id, plain.len());
    let mut nonce = [0; NONCE];
    entropy.fill(&mut nonce);
    gcm_append(key, &nonce, &binding(Mode::Random, id, place), plain, &mut bytes)?;
    Sealed::from_stored(bytes)
}

/// Seals deterministically: the result depends only on key, kind, field and text.
pub(super) fn seal_deterministic(
    key: &[u8; 64],
    id: &Uuid,
    place: &Place<'_>,
    plain: &[u8],
) -> Result<Sealed> {
    let mut bytes = begin(Mode::Deterministic, id, plain.len());
    bytes.extend_from_slice(&[0; TAG]); // the synthetic IV goes here once it is known
    bytes.extend_from_slice(plain);
    let (iv, text) = bytes
        .get_mut(HEADER..)
        .and_then(|body| body.split_first_chunk_mut::<TAG>())
        .ok_or_else(|| Error::bug("a sealed value has no room for its tag"))?;
    let binding = binding(Mode::Deterministic, id, place);
    *iv = siv(key).encrypt_inout_detached([&binding], text.into()).map_err(too_long)?.into();
    Sealed::from_stored(bytes)
}

fn siv(key: &[u8; 64]) -> Aes256Siv {
    Aes256Siv::new(key.into())
}

/// The header, in a buffer with enough capacity. A reallocation would leave a copy of the text in memory.
fn begin(mode: Mode, key: &Uuid, plain: usize) -> Vec<u8> {
    let (version, id) = sealed::header(mode, key);
    let mut bytes = Vec::with_capacity(HEADER + sealed::overhead(Format::Eovr, mode) + plain);
    bytes.extend_from_slice(&version);
    bytes.extend_from_slice(id);
    bytes
}

/// The associated data, as documented at [`Sealed`].
fn binding(mode: Mode, key: &Uuid, place: &Place<'_>) -> Vec<u8> {
    let (version, id) = sealed::header(mode, key);
    let mut data =
        Vec::with_capacity(DOMAIN.len() + HEADER + 8 + place.kind.len() + 16 + 8 + place.field.len());
    data.extend_from_slice(DOMAIN);
    data.extend_from_slice(&version);
    data.extend_from_slice(id);
    append_name(&mut data, place.kind);
    match mode {
        Mode::Random => data.extend_from_slice(place.record.as_bytes()),
        Mode::Deterministic => {}
    }
    append_name(&mut data, place.field);
    data
}

fn append_name(data: &mut Vec<u8>, name: &str) {
    data.extend_from_slice(&(name.len() as u64).to_be_bytes());
    data.extend_from_slice(name.as_bytes());
}

/// Appends nonce, ciphertext and tag.
pub(super) fn gcm_append(
    key: &Aes256Gcm,
    nonce: &[u8; NONCE],
    associated: &[u8],
    plain: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    out.reserve_exact(NONCE + plain.len() + TAG);
    out.extend_from_slice(nonce);
    let start = out.len();
    out.extend_from_slice(plain);
    let text = out.get_mut(start..).ok_or_else(|| Error::bug("a sealed value has no room for its text"))?;
    let tag = key.encrypt_inout_detached(nonce.into(), associated, text.into()).map_err(too_long)?;
    out.extend_from_slice(&tag);
    Ok(())
}

/// Opens nonce, ciphertext and tag. The tag is compared in constant time before decryption.
pub(super) fn gcm_open(key: &Aes256Gcm, associated: &[u8], body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = body.split_first_chunk::<NONCE>()?;
    let (text, tag) = rest.split_last_chunk::<TAG>()?;
    let mut plain = Zeroizing::new(text.to_vec());
    key.decrypt_inout_detached(nonce.into(), associated, plain.as_mut_slice().into(), tag.into()).ok()?;
    Some(plain)
}

fn too_long(_: aes_gcm::Error) -> Error {
    Error::invalid("the value is too long to seal").with_help("at most 64 GiB")
}
