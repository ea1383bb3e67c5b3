use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::identity::ticket::Ticket;
use crate::identity::token::keyed;
use crate::record::RecordId;
use crate::seal::Entropy;

/// What a client keeps to get new access tokens: the id of its login and 256 secret bits. It is used once
/// and followed by the next; a store keeps its digest only.
///
/// The next one is an HMAC of this one. So whoever asks again because the answer was lost gets the same
/// answer, without a copy of it being kept; and a token that was used long ago is told from one that never
/// was, by following it to the one of today.
#[derive(Clone)]
pub struct RefreshToken(Ticket);

/// A login of 30 days that is renewed every 15 minutes renews 2,880 times.
const MOST_STEPS: usize = 3_000;

impl RefreshToken {
    /// The first of a login.
    pub(super) fn first(login: RecordId, entropy: &mut Entropy) -> Self {
        Self(Ticket::draw(login, entropy))
    }

    /// The one that follows.
    pub(super) fn next(&self, key: &[u8; 32]) -> Self {
        let Ticket { id, secret } = &self.0;
        Self(Ticket { id: *id, secret: keyed(key, &[id.as_bytes(), secret.as_slice()]) })
    }

    /// Whether the token with this digest came of this one, some renewals later.
    pub(super) fn leads_to(&self, digest: &[u8], key: &[u8; 32]) -> bool {
        let mut token = self.next(key);
        for _ in 0..MOST_STEPS {
            if token.digest() == digest {
                return true;
            }
            token = token.next(key);
        }
        false
    }

    /// The login that it says it belongs to. Whether it does, only [`super::Doors::refresh`] finds.
    pub fn login(&self) -> RecordId {
        self.0.id
    }

    /// What a store keeps of it. A digest of 256 random bits tells nothing, so it needs no salt, and may be
    /// compared in any time.
    pub(super) fn digest(&self) -> [u8; 32] {
        let digest = Sha256::new().chain_update(b"eovr.refresh.v1\n");
        digest.chain_update(self.0.id.as_bytes()).chain_update(*self.0.secret).finalize().into()
    }

    /// The token as text, to be handed over once: 64 characters for a cookie.
    pub fn reveal(&self) -> Zeroizing<String> {
        self.0.to_text()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken({}, redacted)", self.0.id)
    }
}

impl FromStr for RefreshToken {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ticket::from_text(text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn token() -> RefreshToken {
        RefreshToken::first(RecordId::from_bytes([1; 16]), &mut Entropy::from_seed(&[2; 32]))
    }

    #[test]
    fn a_token_is_read_back() -> Result<()> {
        let read: RefreshToken = token().reveal().parse()?;
        assert_eq!(read.digest(), token().digest());
        for wrong in ["", "x", &"A".repeat(63), &"A".repeat(65), &"!".repeat(64)] {
            assert!(wrong.parse::<RefreshToken>().is_err());
        }
        Ok(())
    }

    #[test]
    fn the_next_is_always_the_same_and_leads_on() {
        let (first, second) = (token(), token().next(&KEY));
        assert_eq!(second.digest(), token().next(&KEY).digest());
        assert_ne!(second.digest(), first.digest());
        let mut later = second.clone();
        (0..100).for_each(|_| later = later.next(&KEY));
        assert!(first.leads_to(&later.digest(), &KEY));
        assert!(!later.leads_to(&first.digest(), &KEY), "time runs one way");
        assert!(!first.leads_to(&later.digest(), &[8; 32]), "under another key it leads elsewhere");
    }

    #[test]
    fn it_says_nothing() {
        assert_eq!(format!("{:?}", token()), "RefreshToken(01010101-0101-0101-0101-010101010101, redacted)");
    }
}
