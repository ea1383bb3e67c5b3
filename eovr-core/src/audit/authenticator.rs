use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::audit::{StoredEvent, Verdict, chain};
use crate::kind::Kind;
use crate::record::Record;

const DOMAIN: &[u8] = b"eovr.event.mac.v1\n";

/// A key's id of 16 bytes, a point, a code of 32 bytes, in base64url without padding.
pub(crate) const TAG: usize = 22 + 1 + 43;

/// Makes and checks the message authentication codes of events: HMAC-SHA-256 (RFC 2104) under keys that no
/// store has.
///
/// The hash of an event says that it was not changed; anybody can compute it. The code says that a holder of
/// the key made the event. It covers the event as it was hashed up to the code itself, so the record, the place
/// in the chain and the hash of the event before:
///
/// ```text
/// mac = HMAC-SHA-256( key, "eovr.event.mac.v1\n" ‖ SHA-256( "eovr.event.v1\n" ‖ body up to `,"mac":` ) )
/// ```
///
/// A clone shares the keys, which are wiped from memory with the last one.
#[derive(Clone)]
pub struct Authenticator {
    /// The newest first: it makes codes, the others check them.
    keys: Arc<[Key]>,
    required: bool,
}

#[derive(Clone)]
struct Key {
    id: Uuid,
    mac: Hmac<Sha256>,
}

/// What an authenticator says of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// A holder of the key made it for this event.
    Good,
    /// It was not made for this event.
    Forged,
    /// It names a key that is not here.
    Unknown,
}

impl Authenticator {
    /// From the keys, the newest first. `required`: every chain ends with an event that has a code; otherwise
    /// releases that made none may still be writing.
    pub fn new<'k>(keys: impl IntoIterator<Item = (Uuid, &'k [u8; 32])>, required: bool) -> Self {
        Self { keys: keys.into_iter().map(|(id, key)| Key::new(id, key)).collect(), required }
    }

    /// From keys, the newest first; where one is not given, it is among its own.
    pub(crate) fn renewed<'k>(
        &self,
        keys: impl IntoIterator<Item = (Uuid, Option<&'k [u8; 32]>)>,
        required: bool,
    ) -> Self {
        let own = |id: Uuid| self.keys.iter().find(|key| key.id == id).cloned();
        let keys = keys.into_iter().filter_map(|(id, key)| match key {
            Some(key) => Some(Key::new(id, key)),
            None => own(id),
        });
        Self { keys: keys.collect(), required: required || self.required }
    }

    pub(crate) fn knows(&self, id: Uuid) -> bool {
        self.keys.iter().any(|key| key.id == id)
    }

    /// Whether every chain must end with an event that has a code.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Checks the chain of a record as [`verify`](crate::audit::verify) does, and who made its events.
    pub fn verify(&self, kind: &Kind, record: &Record, events: &[StoredEvent]) -> Verdict {
        chain::check(kind, record, events, Some(self))
    }

    /// The code of an event, from the digest of what it covers; none without a key.
    pub(crate) fn tag(&self, covered: &[u8; 32]) -> Option<String> {
        let key = self.keys.first()?;
        let mut tag = String::with_capacity(TAG);
        URL_SAFE_NO_PAD.encode_string(key.id.as_bytes(), &mut tag);
        tag.push('.');
        URL_SAFE_NO_PAD.encode_string(key.over(covered).finalize().into_bytes(), &mut tag);
        Some(tag)
    }

    pub(crate) fn check(&self, covered: &[u8; 32], tag: &str) -> Code {
        let Some((id, code)) = tag.split_once('.') else { return Code::Forged };
        let (mut id_bytes, mut code_bytes) = ([0; 16], [0; 32]);
        let sizes = (
            URL_SAFE_NO_PAD.decode_slice(id, &mut id_bytes),
            URL_SAFE_NO_PAD.decode_slice(code, &mut code_bytes),
        );
        let (Ok(16), Ok(32)) = sizes else { return Code::Forged };
        let id = Uuid::from_bytes(id_bytes);
        match self.keys.iter().find(|key| key.id == id) {
            None => Code::Unknown,
            Some(key) if key.over(covered).verify_slice(&code_bytes).is_ok() => Code::Good,
            Some(_) => Code::Forged,
        }
    }
}

impl Key {
    fn new(id: Uuid, key: &[u8; 32]) -> Self {
        // HMAC fills a key up to a block of the hash by zeros.
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        Self { id, mac: Hmac::new((&*block).into()) }
    }

    fn over(&self, covered: &[u8; 32]) -> Hmac<Sha256> {
        self.mac.clone().chain_update(DOMAIN).chain_update(covered)
    }
}

/// Lists the keys by id.
impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator ")?;
        f.debug_list().entries(self.keys.iter().map(|key| key.id)).finish()
    }
}
