//! Signed tokens: they identify a user for a few minutes and have one purpose.
//!
//! They are JSON Web Tokens (RFC 7519) that follow RFC 8725: one fixed algorithm (HS256), an explicit type for each
//! purpose, and issuer and audience are always checked. A token contains ids and times, no personal data and no role.
//! The engine looks up the user's rights, so a change takes effect at once.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::record::RecordId;
use crate::time::Timestamp;

/// The purpose of a token. A token is valid for its own purpose only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// All actions of its login.
    Access,
    /// The second step of a login.
    SecondStep,
    /// The change of a password that an administrator has set.
    NewPassword,
}

impl Purpose {
    /// The lifetime of such a token in seconds: 15 minutes, 5 minutes and 10 minutes.
    pub const fn lifetime_seconds(self) -> i64 {
        match self {
            Self::Access => 15 * 60,
            Self::SecondStep => 5 * 60,
            Self::NewPassword => 10 * 60,
        }
    }

    /// The header `typ`: that of RFC 9068 for access tokens, our own for the others.
    const fn media_type(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::SecondStep => "eovr-second-step+jwt",
            Self::NewPassword => "eovr-new-password+jwt",
        }
    }
}

/// The user and login that a token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The account.
    pub user: RecordId,
    /// The login; `None` before it is opened.
    pub login: Option<RecordId>,
    /// When the token was made.
    pub issued_at: Timestamp,
    /// The state to which the token is bound. The token becomes invalid when that state changes.
    pub(super) bound: Bound,
}

/// The state to which a token is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// The time of the user's last authentication.
    Proof(Timestamp),
    /// The digest of the account's credentials.
    Credentials([u8; 16]),
    /// The token names no state.
    Nothing,
}

/// Signs and reads tokens. It has one secret of 32 bytes and derives a key for each use from it.
///
/// Every node of a host needs the same secret. To rotate it without logging users out, pass the old secret to
/// [`Signer::also_accepting`] for the lifetime of a refresh token.
pub struct Signer {
    issuer: String,
    signing: Keys,
    accepted: Vec<Keys>,
    /// The checks that apply to every token.
    validation: Validation,
}

struct Keys {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    refresh: Zeroizing<[u8; 32]>,
    api: Zeroizing<[u8; 32]>,
    device: Zeroizing<[u8; 32]>,
    throttle: Zeroizing<[u8; 32]>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: RecordId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<RecordId>,
    /// The time of the last authentication, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<i64>,
    /// The digest of the credentials, in base 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Longer than any token that we make.
const LONGEST: usize = 2048;

impl Signer {
    /// A signer for tokens of this issuer, which is also their audience: the host's address or name.
    ///
    /// # Errors
    /// `Config` where the issuer is empty.
    pub fn new(issuer: &str, secret: &[u8; 32]) -> Result<Self> {
        if issuer.is_empty() {
            return Err(Error::new(ErrorKind::Config, "the issuer of tokens is empty")
                .with_help("give the address of the server, such as `https://reports.example.org`"));
        }
        let (signing, accepted, validation) = (Keys::from(secret), Vec::new(), validation(issuer));
        Ok(Self { issuer: issuer.to_owned(), signing, accepted, validation })
    }

    /// Also accepts tokens signed with this secret.
    #[must_use]
    pub fn also_accepting(mut self, secret: &[u8; 32]) -> Self {
        self.accepted.push(Keys::from(secret));
        self
    }

    /// Makes a token.
    ///
    /// # Errors
    /// `Bug` where it cannot be encoded.
    pub fn sign(
        &self,
        purpose: Purpose,
        user: RecordId,
        login: Option<RecordId>,
        now: Timestamp,
    ) -> Result<Zeroizing<String>> {
        self.sign_bound(purpose, user, login, Bound::Nothing, now)
    }

    /// Makes a token that becomes invalid when its bound state changes.
    pub(super) fn sign_bound(
        &self,
        purpose: Purpose,
        user: RecordId,
        login: Option<RecordId>,
        bound: Bound,
        now: Timestamp,
    ) -> Result<Zeroizing<String>> {
        let iat = seconds(now);
        let (proof, of) = match bound {
            Bound::Proof(at) => (Some(at.as_micros()), None),
            Bound::Credentials(digest) => (None, Some(URL_SAFE_NO_PAD.encode(digest))),
            Bound::Nothing => (None, None),
        };
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.issuer.clone(),
            sub: user,
            sid: login,
            proof,
            of,
            iat,
            nbf: iat,
            exp: iat + purpose.lifetime_seconds(),
        };
        let header = Header {
            typ: Some(purpose.media_type().to_owned()),
            kid: Some(self.signing.id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, &claims, &self.signing.encoding)
            .map(Zeroizing::new)
            .map_err(|error| Error::bug("a token is always signed").because(error))
    }

    /// Reads a token.
    ///
    /// # Errors
    /// `Unauthenticated`, with the same message for every reason. Only a token that was valid and has expired gets
    /// its own message.
    pub fn read(&self, purpose: Purpose, token: &str, now: Timestamp) -> Result<Bearer> {
        let claims = self.claims(purpose, token).ok_or_else(bad_token)?;
        let at = seconds(now);
        // A minute of tolerance for clock differences between nodes.
        if claims.nbf > at + 60 || claims.iat > at + 60 {
            return Err(bad_token());
        }
        if claims.exp <= at {
            return Err(Error::new(ErrorKind::Unauthenticated, "the token has expired")
                .with_help("ask for a new one with the refresh token, or log in again"));
        }
        let issued_at = Timestamp::from_micros(claims.iat.saturating_mul(1_000_000));
        let credentials = claims.of.and_then(digest_of).map(Bound::Credentials);
        let proof = claims.proof.map(|at| Bound::Proof(Timestamp::from_micros(at)));
        let bound = proof.or(credentials).unwrap_or(Bound::Nothing);
        Ok(Bearer { user: claims.sub, login: claims.sid, issued_at, bound })
    }

    fn claims(&self, purpose: Purpose, token: &str) -> Option<Claims> {
        if token.len() > LONGEST {
            return None;
        }
        self.all().find_map(|keys| {
            let read = jsonwebtoken::decode::<Claims>(token, &keys.decoding, &self.validation).ok()?;
            let of_these = read.header.kid.as_deref() == Some(keys.id.as_str());
            let for_this = read.header.typ.as_deref() == Some(purpose.media_type());
            (of_these && for_this).then_some(read.claims)
        })
    }

    /// The keys of refresh tokens, newest first.
    pub(super) fn refresh_keys(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.all().map(|keys| &*keys.refresh)
    }

    /// The HMAC keys of API keys, newest first.
    pub(super) fn api_keys(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.all().map(|keys| &*keys.api)
    }

    /// The HMAC keys of device cookies, newest first.
    pub(super) fn device_keys(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.all().map(|keys| &*keys.device)
    }

    /// The key from which the ids of attempt counts are derived.
    pub(super) fn throttle_key(&self) -> &[u8; 32] {
        &self.signing.throttle
    }

    fn all(&self) -> impl Iterator<Item = &Keys> {
        std::iter::once(&self.signing).chain(&self.accepted)
    }
}

/// One algorithm, issuer and audience. Times are checked separately, because the current time comes in as an
/// argument.
fn validation(issuer: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[issuer]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
    validation.validate_exp = false;
    validation
}

/// Prints the issuer, and no key.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.issuer)
    }
}

impl Keys {
    fn from(secret: &[u8; 32]) -> Self {
        let access = derived(secret, b"eovr.token.v1");
        let [a, b, c, d, ..] = *derived(secret, b"eovr.token.id.v1");
        Self {
            id: format!("{:08x}", u32::from_be_bytes([a, b, c, d])),
            encoding: EncodingKey::from_secret(access.as_slice()),
            decoding: DecodingKey::from_secret(access.as_slice()),
            refresh: derived(secret, b"eovr.refresh.v1"),
            api: derived(secret, b"eovr.api_key.v1"),
            device: derived(secret, b"eovr.device.v1"),
            throttle: derived(secret, b"eovr.throttle.v1"),
        }
    }
}

/// Derives the key for one use.
fn derived(secret: &[u8; 32], label: &[u8]) -> Zeroizing<[u8; 32]> {
    keyed(secret, &[label])
}

/// HMAC-SHA-256 of the concatenated parts.
pub(super) fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    // HMAC pads a shorter key with zeros to a whole block (RFC 2104).
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(block, key)| *block = *key);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn digest_of(text: String) -> Option<[u8; 16]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

pub(super) fn bad_token() -> Error {
    Error::new(ErrorKind::Unauthenticated, "the token is not valid here").with_help("log in again")
}
