//! Tokens of an outside identity provider (OpenID Connect), accepted beside our own.
//!
//! A hospital group that has a provider, such as Keycloak, gives its people roles there. [`Outside`] says
//! which provider, and how its claims become role and seat; [`KeySet`] are the keys that it publishes; what
//! comes of a good token is an [`Actor`] like any other. Fetching the keys is the host's work, as
//! everything that waits for a network is.
//!
//! After RFC 8725 and RFC 9068: the algorithm is that of the published key and never the token's choice
//! (RS256 or ES256), keys for encryption are passed over, issuer and audience are compared exactly, and an
//! ID token or a refresh token is not taken for an access token.
//!
//! A key that does not say its algorithm is taken for RS256 or ES256, by its type. One that cannot be read is passed over,
//! and so is one for encryption, however many there are. A key is found by its name and algorithm; without a name it
//! serves where it is the only one of its algorithm. A token that has critical extensions (`crit`) is refused.
//!
//! # Which tokens
//!
//! An access token says what it is: `at+jwt` in its header (RFC 9068) or `"typ": "Bearer"` among its claims (Keycloak).
//! Everything else could be an ID token, which tells an application who logged in and is no permission (RFC 8725, 3.12).
//! Entra ID's access tokens say neither. With `"plain_jwt": true` a token whose header says `JWT` is taken where it has
//! `scp` or `scope`, or `idtyp` is `app`, and nothing of an ID token (`nonce`, `at_hash`, `c_hash`). Let the `audience` be
//! one that only this host has, and that no application logs in with.
//!
//! # People and machines
//!
//! A token that a client got for itself speaks of a machine, which proposes and never approves. Providers say so
//! in different ways, and each counts: the subject is the client (RFC 9068); `idtyp` is `app`, or subject and
//! object are one and no scope was delegated (Entra ID); the user name begins with `service-account-` (Keycloak);
//! `gty` is `client-credentials` (Auth0); or a client is named and nothing says that anybody logged in.
//!
//! A person is proved by `sid`, `auth_time` or `amr`. With `"demand_person": true` whoever lacks all three is a
//! machine, whatever else the token says: choose it where the provider gives one of them to people.
//!
//! What asks for a fresh proof of who somebody is looks at `auth_time`: it must not be older than `proof_seconds`
//! (300, unless said). A client gets a younger one by sending the person to the provider again with `max_age`
//! (RFC 9470). A token without it opens nothing of that sort.
//!
//! # With Keycloak
//!
//! In the realm of the hospital, here `hospital`:
//!
//! 1. *Realm roles*: make one for each role of [`Role`] that people have, and give them to people or groups.
//!    Keycloak writes them to `realm_access.roles` by itself; those of a client stand in
//!    `resource_access.CLIENT.roles`.
//! 2. *Realm settings, User profile*: make an attribute `eovr_seat` that only an administrator can edit. What
//!    people could edit themselves would let them move to another hospital. Its value is the id of a
//!    facility, for managers of their administration or governorate.
//! 3. *Client scopes*: make one, with two mappers that add to the access token: an *Audience* with the included
//!    custom audience `https://ovr.example.org`, and a *User Attribute* from `eovr_seat` to the claim
//!    `eovr_seat`, as a string and without multiple values.
//! 4. Give that scope as a default to the client by which people log in, and leave its lightweight access
//!    tokens off: they have no such claims.
//!
//! The host is then told:
//!
//! ```
//! # use eovr_core::identity::outside::Outside;
//! let outside: Outside = serde_json::from_str(r#"{
//!     "issuer": "https://login.example.org/realms/hospital",
//!     "audience": "https://ovr.example.org",
//!     "roles": {"ovr-staff": "staff", "ovr-quality": "quality_admin", "ovr-manager": "admin_manager",
//!         "ovr-governor": "governorate_manager", "ovr-top": "top_management"}
//! }"#)?;
//! # assert_eq!(outside.roles_claim, "realm_access.roles");
//! # assert_eq!(outside.seat_claim, "eovr_seat");
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::access::{Actor, Role, Seat};
use crate::audit::Hex;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::token::bad_token;
use crate::org::{Org, OrgId};
use crate::record::ActorId;
use crate::time::Timestamp;

/// A provider, and how its claims are read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outside {
    /// The provider's issuer, exactly as its tokens and its discovery document name it.
    pub issuer: String,
    /// Whom a token must be meant for: this host, as the provider calls it.
    pub audience: String,
    /// Where the roles stand, a path with points: `realm_access.roles` as Keycloak writes them.
    #[serde(default = "keycloak_roles")]
    pub roles_claim: String,
    /// The provider's names of our roles.
    pub roles: BTreeMap<String, Role>,
    /// Where the id of the facility, administration or governorate stands that the role is held in; a
    /// path too.
    #[serde(default = "seat_claim")]
    pub seat_claim: String,
    /// Whether only a token that proves a person speaks of one.
    #[serde(default)]
    pub demand_person: bool,
    /// How many seconds ago a person may have logged in for what asks for a fresh proof.
    #[serde(default = "proof_seconds")]
    pub proof_seconds: i64,
    /// Whether an access token may be a plain `JWT` that names no type, as Entra ID's. It is told from an ID token by what
    /// was delegated (`scp`).
    #[serde(default)]
    pub plain_jwt: bool,
}

fn keycloak_roles() -> String {
    "realm_access.roles".to_owned()
}

fn proof_seconds() -> i64 {
    300
}

fn seat_claim() -> String {
    "eovr_seat".to_owned()
}

/// The keys that a provider publishes for signatures (RFC 7517).
#[derive(Clone, Default)]
pub struct KeySet {
    keys: Vec<SigningKey>,
    passed_over: usize,
}

#[derive(Clone)]
struct SigningKey {
    name: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// So many keys of one name and one algorithm are tried: a token without a true signature costs no more.
const TRIED: usize = 4;
/// Longer than any token that fits into a header.
const LONGEST: usize = 16 << 10;
/// For clocks that differ.
const LEEWAY_SECONDS: i64 = 30;

impl KeySet {
    /// Reads a JWK Set. What cannot be read in it, and keys for anything but checking RS256 and ES256 signatures (`alg`,
    /// `use`, `key_ops`), are passed over one by one (RFC 7517, 5): a provider's new sort of key does not withdraw the others.
    ///
    /// # Errors
    /// `InvalidInput` where it is none.
    pub fn from_json(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let Set { keys } = serde_json::from_str(json).map_err(|_| {
            Error::invalid("not a set of keys").with_help("a provider publishes a JWK Set (RFC 7517)")
        })?;
        let mut set = Self::default();
        for key in keys {
            match Jwk::deserialize(key) {
                Ok(key) => set.keys.extend(signing_key(&key)),
                Err(_) => set.passed_over += 1,
            }
        }
        Ok(set)
    }

    /// Whether the key that a token names is here. A token that names none that is makes the host fetch the
    /// keys again, for the provider may have new ones; not too often, for anybody can make up a name.
    pub fn knows(&self, token: &str) -> bool {
        header(token).is_some_and(|header| self.of(&header).next().is_some())
    }

    /// Whether there is no key that could be used.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many keys could not be read, and opened nothing.
    pub fn passed_over(&self) -> usize {
        self.passed_over
    }

    /// The keys that may have signed a token: those of its name and algorithm, of which a provider may have one each (RFC
    /// 7517, 4.5). Where nothing is named, by the token or by the key, it is the only one of the algorithm or none: a
    /// name is optional (RFC 7515, 4.1.4), and trying all is what it spares.
    fn of(&self, header: &Header) -> impl Iterator<Item = &SigningKey> {
        let (name, algorithm) = (header.kid.clone(), header.alg);
        let mut of_algorithm = self.keys.iter().filter(|key| key.algorithm == algorithm);
        let only = of_algorithm.next().filter(|_| of_algorithm.next().is_none());
        let only = only.filter(|only| name.is_none() || only.name.is_none());
        let named = move |key: &&SigningKey| name.is_some() && key.name == name && key.algorithm == algorithm;
        self.keys.iter().filter(named).take(TRIED).chain(only)
    }
}

/// The header of a token, where it can be read and asks for nothing beyond what every reader understands: an extension
/// that is critical is understood, or the token is refused (RFC 7515, 4.1.11), and here none is.
fn header(token: &str) -> Option<Header> {
    let token = Some(token).filter(|token| token.len() <= LONGEST)?;
    let (header, _) = token.split_once('.')?;
    let members: Map<String, Value> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    if members.contains_key("crit") {
        return None;
    }
    jsonwebtoken::decode_header(token).ok()
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({} keys)", self.keys.len())
    }
}

fn signing_key(key: &Jwk) -> Option<SigningKey> {
    let algorithm = match key.common.key_algorithm {
        Some(KeyAlgorithm::RS256) => Algorithm::RS256,
        Some(KeyAlgorithm::ES256) => Algorithm::ES256,
        Some(_) => return None,
        None => usual(key)?,
    };
    // Either may say what the key is for, and one that says both has to mean the same (RFC 7517, 4.3).
    let is_used = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let operations = key.common.key_operations.as_ref();
    let verifies = operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    let decoding = (is_used && verifies).then(|| DecodingKey::from_jwk(key).ok()).flatten()?;
    Some(SigningKey { name: key.common.key_id.clone(), algorithm, key: decoding })
}

/// The algorithm of a key that does not say it, as those of Entra ID. It follows from the key, so that no
/// token has a choice.
fn usual(key: &Jwk) -> Option<Algorithm> {
    match &key.algorithm {
        AlgorithmParameters::RSA(_) => Some(Algorithm::RS256),
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => {
            Some(Algorithm::ES256)
        }
        _ => None,
    }
}

impl Outside {
    /// Whether a token says that it is of this provider. That proves nothing: it tells which keys the token
    /// is to be checked with.
    pub fn is_named_by(&self, token: &str) -> bool {
        if token.len() > LONGEST {
            return false;
        }
        let claims = jsonwebtoken::dangerous::insecure_decode_claims::<Map<String, Value>>(token);
        claims.is_ok_and(|claims| claims.get("iss").and_then(Value::as_str) == Some(self.issuer.as_str()))
    }

    /// The actor that a token speaks of.
    ///
    /// The id in the audit trail is a digest of issuer and subject: the same for the same person, and no
    /// name.
    ///
    /// # Errors
    /// `Unauthenticated` where the token is not good; `Denied` where it gives no role here, or no seat that
    /// fits the role.
    pub fn actor(&self, token: &str, keys: &KeySet, org: &Org, now: Timestamp) -> Result<Actor> {
        let claims = self.claims(token, keys, now).ok_or_else(bad_token)?;
        let subject = claims.get("sub").and_then(Value::as_str).ok_or_else(bad_token)?;
        let role = self.role(&claims).ok_or_else(|| {
            Error::new(ErrorKind::Denied, "the identity provider gives you no role here")
                .with_help(format!("it must name one of `{}`", self.role_names()))
        })?;
        let seat = at(&claims, &self.seat_claim).and_then(Value::as_str).unwrap_or_default();
        let seat = seat_of(role, seat, org).ok_or_else(|| {
            Error::new(ErrorKind::Denied, "the identity provider does not say where you work")
                .with_help(format!("a `{role}` needs a place of the organisation in `{}`", self.seat_claim))
        })?;
        let digest: [u8; 32] = Sha256::new()
            .chain_update(b"eovr.outside.v1\n")
            .chain_update(&self.issuer)
            .chain_update(b"\n")
            .chain_update(subject)
            .finalize()
            .into();
        let id = Hex(&digest).to_string();
        let actor =
            Actor::new(ActorId::new(&format!("oidc-{}", id.get(..32).unwrap_or_default()))?, role, seat)?;
        let proven_until = claims.get("auth_time").and_then(Value::as_i64);
        let proven_until = proven_until.map(|at| at.saturating_add(self.proof_seconds));
        let proven = proven_until.is_some_and(|until| until > now.as_micros().div_euclid(1_000_000));
        let actor = if proven { actor } else { actor.unproven() };
        let machine = is_machine(&claims) || self.demand_person && !proves_person(&claims);
        Ok(if machine { actor.as_machine() } else { actor })
    }

    fn claims(&self, token: &str, keys: &KeySet, now: Timestamp) -> Option<Map<String, Value>> {
        let header = header(token)?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The library would read the machine's clock; ours comes in as a value.
        validation.validate_exp = false;
        let read =
            |key: &SigningKey| jsonwebtoken::decode::<Map<String, Value>>(token, &key.key, &validation).ok();
        let claims = keys.of(&header).find_map(read)?.claims;
        let at = now.as_micros().div_euclid(1_000_000);
        let seconds = |name: &str| claims.get(name).map(|value| value.as_f64().unwrap_or(f64::NAN) as i64);
        let good = claims.get("exp").is_some_and(Value::is_number)
            && seconds("exp")? > at - LEEWAY_SECONDS
            && seconds("nbf").is_none_or(|from| from <= at + LEEWAY_SECONDS)
            && seconds("iat").is_none_or(|made| made <= at + LEEWAY_SECONDS)
            && (is_for_access(header.typ.as_deref(), &claims)
                || self.plain_jwt && is_delegated(header.typ.as_deref(), &claims));
        good.then_some(claims)
    }

    /// The highest of the roles that the token gives.
    fn role(&self, claims: &Map<String, Value>) -> Option<Role> {
        let names = at(claims, &self.roles_claim)?.as_array()?;
        names.iter().filter_map(|name| self.roles.get(name.as_str()?)).max().copied()
    }

    fn role_names(&self) -> String {
        self.roles.keys().map(String::as_str).collect::<Vec<_>>().join("`, `")
    }
}

/// A claim: of this name, which may have points itself (`https://example.org/roles`), or at this path.
fn at<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        let mut steps = path.split('.');
        let first = claims.get(steps.next()?)?;
        steps.try_fold(first, |value, step| value.get(step))
    })
}

/// Whether somebody logged in for this token.
fn proves_person(claims: &Map<String, Value>) -> bool {
    ["sid", "auth_time", "amr"].iter().any(|name| claims.get(*name).is_some_and(|claim| !claim.is_null()))
}

/// Whether a client got a token for itself. Where providers differ, one of their signs is enough: a person who is
/// taken for a machine may do too little, and the other way round too much.
fn is_machine(claims: &Map<String, Value>) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let subject = text("sub");
    // RFC 9068, 2.2: where no person takes part, the subject is the client.
    let is_client =
        ["client_id", "azp", "appid"].iter().any(|name| subject.is_some() && text(name) == subject);
    let of_entra = text("idtyp").is_some_and(|kind| kind.eq_ignore_ascii_case("app"))
        || subject.is_some() && text("oid") == subject && text("scp").is_none();
    let of_keycloak = text("preferred_username").is_some_and(|name| name.starts_with("service-account-"));
    let of_auth0 = text("gty").is_some_and(|grant| grant.eq_ignore_ascii_case("client-credentials"));
    let of_nobody = text("client_id").is_some() && !proves_person(claims);
    is_client || of_entra || of_keycloak || of_auth0 || of_nobody
}

/// RFC 9068 says so in the header, Keycloak in a claim. ID tokens and refresh tokens are signed with the
/// same keys, and say neither.
fn is_for_access(header_type: Option<&str>, claims: &Map<String, Value>) -> bool {
    let is = |text: &str, wanted: &str| text.eq_ignore_ascii_case(wanted);
    header_type.is_some_and(|kind| is(kind, "at+jwt") || is(kind, "application/at+jwt"))
        || claims.get("typ").and_then(Value::as_str).is_some_and(|kind| is(kind, "Bearer"))
}

/// An access token that names no type: it says what was delegated (`scp`, `scope`: RFC 8693, 4.2), or that a program got
/// it for itself, which an ID token never does, and has no mark of an ID token (OpenID Connect Core, 2 and 3.3.2.11).
fn is_delegated(header_type: Option<&str>, claims: &Map<String, Value>) -> bool {
    let untyped = header_type.is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let of_access = text("scp").is_some() || text("scope").is_some() || text("idtyp") == Some("app");
    let of_identity =
        ["typ", "nonce", "at_hash", "c_hash", "s_hash"].iter().any(|name| claims.contains_key(*name));
    untyped && of_access && !of_identity
}

fn seat_of(role: Role, place: &str, org: &Org) -> Option<Seat> {
    if role == Role::TopManagement {
        return Some(Seat::Country);
    }
    let place = OrgId::new(place).ok()?;
    let stamp = org.stamps().find(|stamp| match role {
        Role::Staff | Role::QualityAdmin => stamp.facility == place,
        Role::AdminManager => stamp.administration == place,
        _ => stamp.governorate == place,
    })?;
    Some(match role {
        Role::AdminManager => Seat::Administration {
            governorate: stamp.governorate.clone(),
            administration: stamp.administration.clone(),
        },
        Role::GovernorateManager => Seat::Governorate(stamp.governorate.clone()),
        _ => Seat::Facility(stamp.clone()),
    })
}
