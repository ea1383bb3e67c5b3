//! Signed tokens: who somebody was a few minutes ago, and what the token is good for.
//!
//! JSON Web Tokens (RFC 7519) after the advice of RFC 8725: one algorithm that no token can choose
//! (HS256), an explicit type for each purpose, issuer and audience always checked. A token carries ids and
//! times, nothing of the person and no role: what somebody may do is looked up, so that a change counts at
//! once.

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

/// What a token opens. One of another purpose opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Everything that its login may do.
    Access,
    /// The second step of logging in, and nothing else.
    SecondStep,
    /// The change of a password that somebody else has set, and nothing else.
    NewPassword,
}

impl Purpose {
    /// How long such a token is good for, in seconds: 15 minutes, 5 and 10.
    pub const fn lifetime_seconds(self) -> i64 {
        match self {
            Self::Access => 15 * 60,
            Self::SecondStep => 5 * 60,
            Self::NewPassword => 10 * 60,
        }
    }

    /// The header `typ`: of RFC 9068 for access, ours for the others.
    const fn media_type(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::SecondStep => "eovr-second-step+jwt",
            Self::NewPassword => "eovr-new-password+jwt",
        }
    }
}

/// Whom a token speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The account.
    pub user: RecordId,
    /// The login; none before there is one.
    pub login: Option<RecordId>,
    /// When the token was made.
    pub issued_at: Timestamp,
    /// What it stood for when it was made; it ends with that.
    pub(super) bound: Bound,
}

/// What a token stands for besides an account: it is worth nothing once that is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// The last proof of who somebody is, by its moment.
    Proof(Timestamp),
    /// What an account is entered with, by its digest.
    Credentials([u8; 16]),
    /// It does not say.
    Nothing,
}

/// What makes and reads tokens: one secret of 32 bytes, from which a key follows for each use.
///
/// Every node of a host has the same. To change it without logging anybody out, give the old one as
/// [`Signer::also_accepting`] for as long as a refresh token lives.
pub struct Signer {
    issuer: String,
    signing: Keys,
    accepted: Vec<Keys>,
    /// What is asked of every token.
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
    /// The moment of the last proof, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<i64>,
    /// The digest of the credentials, in base 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Longer than any that we make.
const LONGEST: usize = 2048;

impl Signer {
    /// For tokens of this issuer, which is also their audience: the host's own address or name.
    ///
    /// # Errors
    /// `Config` where the issuer is empty.
    pub fn new(issuer: &str, secret: &[u8; 32]) -> Result<Self> {
        if issuer.is_empty() {
            return Err(Error::new(ErrorKind::Config, "the issuer of tokens has no name")
                .with_help("give the address of the server, such as `https://reports.example.org`"));
        }
        let (signing, accepted, validation) = (Keys::from(secret), Vec::new(), validation(issuer));
        Ok(Self { issuer: issuer.to_owned(), signing, accepted, validation })
    }

    /// Accepts what was signed with this secret too.
    #[must_use]
    pub fn also_accepting(mut self, secret: &[u8; 32]) -> Self {
        self.accepted.push(Keys::from(secret));
        self
    }

    /// A token.
    ///
    /// # Errors
    /// `Bug` where it cannot be written.
    pub fn sign(
        &self,
        purpose: Purpose,
        user: RecordId,
        login: Option<RecordId>,
        now: Timestamp,
    ) -> Result<Zeroizing<String>> {
        self.sign_bound(purpose, user, login, Bound::Nothing, now)
    }

    /// A token that ends with what it stands for.
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

    /// Whom a token speaks of.
    ///
    /// # Errors
    /// `Unauthenticated`, with the same words whatever is wrong, except that a token which was good and is
    /// too old says so.
    pub fn read(&self, purpose: Purpose, token: &str, now: Timestamp) -> Result<Bearer> {
        let claims = self.claims(purpose, token).ok_or_else(bad_token)?;
        let at = seconds(now);
        // A minute for the clocks of nodes that differ.
        if claims.nbf > at + 60 || claims.iat > at + 60 {
            return Err(bad_token());
        }
        if claims.exp <= at {
            return Err(Error::new(ErrorKind::Unauthenticated, "the token is too old")
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

    /// The keys of refresh tokens, the newest first.
    pub(super) fn refresh_keys(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.all().map(|keys| &*keys.refresh)
    }

    /// The keys under which API keys are kept, the newest first.
    pub(super) fn api_keys(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.all().map(|keys| &*keys.api)
    }

    /// The keys under which a browser is known again, the newest first.
    pub(super) fn device_keys(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.all().map(|keys| &*keys.device)
    }

    /// The key from which it follows where attempts are counted.
    pub(super) fn throttle_key(&self) -> &[u8; 32] {
        &self.signing.throttle
    }

    fn all(&self) -> impl Iterator<Item = &Keys> {
        std::iter::once(&self.signing).chain(&self.accepted)
    }
}

/// One algorithm, issuer and audience; times are looked at by a clock that comes in as a value.
fn validation(issuer: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[issuer]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
    validation.validate_exp = false;
    validation
}

/// Says whose tokens it makes, and no key.
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

/// A key for one use.
fn derived(secret: &[u8; 32], label: &[u8]) -> Zeroizing<[u8; 32]> {
    keyed(secret, &[label])
}

/// HMAC-SHA-256 of the parts, one behind the other.
pub(super) fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    // A shorter key is filled up with zeros to a whole block, by definition (RFC 2104).
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
    Error::new(ErrorKind::Unauthenticated, "the token opens nothing here").with_help("log in again")
}
