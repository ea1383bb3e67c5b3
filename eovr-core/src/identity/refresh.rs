use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::identity::ticket::Ticket;
use crate::identity::token::keyed;
use crate::record::RecordId;
use crate::seal::Entropy;

/// A refresh token: the id of its login and 256 secret bits. A client exchanges it once for new tokens. The store
/// keeps only its digest.
///
/// The next token is an HMAC of this one. So a client that lost a response can repeat the request and gets the same
/// token, and the server needs no stored copy of it. A token that was used long ago differs from an invented one,
/// because following it leads to the current token.
#[derive(Clone)]
pub struct RefreshToken(Ticket);

/// A login of 30 days that is renewed every 15 minutes is renewed 2,880 times.
const MOST_STEPS: usize = 3_000;

impl RefreshToken {
    /// The first token of a login.
    pub(super) fn first(login: RecordId, entropy: &mut Entropy) -> Self {
        Self(Ticket::draw(login, entropy))
    }

    /// The next token.
    pub(super) fn next(&self, key: &[u8; 32]) -> Self {
        let Ticket { id, secret } = &self.0;
        Self(Ticket { id: *id, secret: keyed(key, &[id.as_bytes(), secret.as_slice()]) })
    }

    /// Whether the token with this digest follows from this one after some renewals.
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

    /// The login that the token names. Only [`super::Authentication::refresh`] verifies it.
    pub fn login(&self) -> RecordId {
        self.0.id
    }

    /// The digest to store. It needs no salt and no constant-time comparison, because the token has 256 random bits.
    pub(super) fn digest(&self) -> [u8; 32] {
        let digest = Sha256::new().chain_update(b"eovr.refresh.v1\n");
        digest.chain_update(self.0.id.as_bytes()).chain_update(*self.0.secret).finalize().into()
    }

    /// The token as text of 64 characters for a cookie, to be handed over once.
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
    fn the_next_token_is_always_the_same_and_follows_from_this_one() {
        let (first, second) = (token(), token().next(&KEY));
        assert_eq!(second.digest(), token().next(&KEY).digest());
        assert_ne!(second.digest(), first.digest());
        let mut later = second.clone();
        (0..100).for_each(|_| later = later.next(&KEY));
        assert!(first.leads_to(&later.digest(), &KEY));
        assert!(!later.leads_to(&first.digest(), &KEY), "a later token does not lead to an earlier one");
        assert!(!first.leads_to(&later.digest(), &[8; 32]), "another key gives another token");
    }

    #[test]
    fn debug_output_hides_the_token() {
        assert_eq!(format!("{:?}", token()), "RefreshToken(01010101-0101-0101-0101-010101010101, redacted)");
    }
}
