use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::identity::token::{Signer, keyed};
use crate::record::RecordId;
use crate::time::Timestamp;

/// A device cookie (OWASP): it proves that this browser logged in to this account before. It holds both ids and a
/// time, under an HMAC, and gives no access. Failed attempts with a device cookie are counted separately from those
/// of strangers ([`crate::identity::throttle`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) account: RecordId,
    pub(super) id: RecordId,
}

/// A browser that was not used for half a year counts as a stranger again.
const DAYS: i64 = 180;

/// Ids, seconds since 1970, and the HMAC.
const BYTES: usize = 16 + 16 + 8 + 32;

impl Device {
    /// The signed token, as text for a cookie.
    pub(super) fn sign(self, signer: &Signer, now: Timestamp) -> Zeroizing<String> {
        let told = self.told(now.as_micros().div_euclid(1_000_000));
        let key = signer.device_keys().next();
        let mac = key.map(|key| keyed(key, &[&told])).unwrap_or_default();
        Zeroizing::new(URL_SAFE_NO_PAD.encode([told.as_slice(), mac.as_slice()].concat()))
    }

    /// Reads a token. `None` where we did not sign it or it is too old.
    pub(super) fn read(token: &str, signer: &Signer, now: Timestamp) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == BYTES)?;
        let (account, rest) = bytes.split_first_chunk::<16>()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (seconds, mac) = rest.split_first_chunk::<8>()?;
        let device = Self { account: RecordId::from_bytes(*account), id: RecordId::from_bytes(*id) };
        let seconds = i64::from_be_bytes(*seconds);
        let told = device.told(seconds);
        // Both values are HMACs under a secret key, so the time of the comparison reveals nothing.
        let signed = signer.device_keys().any(|key| keyed(key, &[&told]).as_slice() == mac);
        let age = now.as_micros().div_euclid(1_000_000).saturating_sub(seconds);
        (signed && age < DAYS * 24 * 3600).then_some(device)
    }

    fn told(self, seconds: i64) -> Vec<u8> {
        [self.account.as_bytes().as_slice(), self.id.as_bytes(), &seconds.to_be_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;

    #[test]
    fn a_token_is_valid_for_half_a_year_and_cannot_be_forged() -> Result<()> {
        let signer = Signer::new("https://eovr.test", &[7; 32])?;
        let device = Device { account: RecordId::from_bytes([1; 16]), id: RecordId::from_bytes([2; 16]) };
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let token = device.sign(&signer, now);
        let read = |token: &str, days: i64| Device::read(token, &signer, now.plus_seconds(days * 24 * 3600));
        assert_eq!(read(&token, 0), Some(device));
        assert_eq!(read(&token, DAYS - 1), Some(device));
        assert_eq!(read(&token, DAYS), None);
        let other = Signer::new("https://eovr.test", &[8; 32])?;
        assert_eq!(read(&device.sign(&other, now), 0), None);
        let renewed = Signer::new("https://eovr.test", &[8; 32])?.also_accepting(&[7; 32]);
        assert_eq!(Device::read(&token, &renewed, now), Some(device));
        let mut another = URL_SAFE_NO_PAD.decode(token.as_bytes()).unwrap_or_default();
        if let Some(byte) = another.first_mut() {
            *byte ^= 1;
        }
        for wrong in ["", "x", "é", &URL_SAFE_NO_PAD.encode(another), &"A".repeat(96), &"A".repeat(9000)] {
            assert_eq!(read(wrong, 0), None, "{wrong}");
        }
        Ok(())
    }
}
