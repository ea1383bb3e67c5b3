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

/// A key id of 16 bytes, a dot, a code of 32 bytes, in base64url without padding.
pub(crate) const TAG: usize = 22 + 1 + 43;

/// Makes and checks the message authentication codes of events: HMAC-SHA-256 (RFC 2104). No store has the keys.
///
/// The hash of an event shows that the event was not changed, but any writer can compute a hash. The code shows that
/// a holder of the key made the event. The code covers the event's hashed bytes up to the code itself, and so the
/// record, the place in the chain and the hash of the previous event:
///
/// ```text
/// mac = HMAC-SHA-256( key, "eovr.event.mac.v1\n" ‖ SHA-256( "eovr.event.v1\n" ‖ body up to `,"mac":` ) )
/// ```
///
/// Clones share the keys. The keys are wiped from memory when the last clone is dropped.
#[derive(Clone)]
pub struct Authenticator {
    /// Newest first. The first key makes codes; the others only check them.
    keys: Arc<[Key]>,
    required: bool,
}

#[derive(Clone)]
struct Key {
    id: Uuid,
    mac: Hmac<Sha256>,
}

/// The result of checking a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// A holder of the key made it for this event.
    Good,
    /// The code does not fit this event.
    Forged,
    /// The code names a key that this authenticator does not have.
    Unknown,
}

impl Authenticator {
    /// From the keys, newest first. `required`: every chain must end with an event that has a code. Otherwise an
    /// older release, which makes no codes, may still be writing.
    pub fn new<'k>(keys: impl IntoIterator<Item = (Uuid, &'k [u8; 32])>, required: bool) -> Self {
        Self { keys: keys.into_iter().map(|(id, key)| Key::new(id, key)).collect(), required }
    }

    /// From keys, newest first. A key without bytes here is one that this authenticator already has.
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
    pub(crate) fn is_required(&self) -> bool {
        self.required
    }

    /// Checks the chain of a record as [`verify`](crate::audit::verify) does, and also the codes of its events.
    pub fn verify(&self, kind: &Kind, record: &Record, events: &[StoredEvent]) -> Verdict {
        chain::check(kind, record, events, Some(self))
    }

    /// The code of an event, from the digest of the covered bytes. `None` without a key.
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
        // HMAC pads a key with zeros to the hash's block size.
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
