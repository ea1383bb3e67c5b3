//! Access tokens of an external identity provider (OpenID Connect), accepted beside our own.
//!
//! A hospital group with a provider such as Keycloak assigns roles there. [`Outside`] names the provider and maps its
//! claims to role and seat. [`KeySet`] holds the provider's published keys. A valid token becomes an [`Actor`] like
//! any other. The host fetches the keys, because this crate does no network requests.
//!
//! The checks follow RFC 8725 and RFC 9068. The published key determines the algorithm (RS256 or ES256), never the
//! token. Keys for encryption are ignored. Issuer and audience are compared exactly. ID tokens and refresh tokens are
//! not accepted as access tokens.
//!
//! A key without an algorithm counts as RS256 or ES256, by its type. Unreadable keys and encryption keys are ignored,
//! however many there are. A token selects a key by name and algorithm. Without a name, the key must be the only one
//! of its algorithm. A token with critical extensions (`crit`) is refused.
//!
//! # Which tokens
//!
//! An access token declares its type: `at+jwt` in its header (RFC 9068) or `"typ": "Bearer"` among its claims
//! (Keycloak). Any other token could be an ID token, which tells an application who logged in and grants no access
//! (RFC 8725, 3.12). Entra ID's access tokens declare neither. With `"plain_jwt": true` a token with the header type
//! `JWT` is accepted if it has `scp` or `scope`, or `idtyp` is `app`, and it has no claim of an ID token (`nonce`,
//! `at_hash`, `c_hash`). Use an `audience` that only this host has and that no application uses for login.
//!
//! # People and machines
//!
//! A token that a client got for itself belongs to a machine, which proposes and never approves. Providers mark such
//! tokens in different ways, and each mark counts: the subject is the client (RFC 9068); `idtyp` is `app`, or subject
//! and object are equal and no scope was delegated (Entra ID); the user name begins with `service-account-`
//! (Keycloak); `gty` is `client-credentials` (Auth0); or the token names a client and shows no login of a person.
//!
//! The claims `sid`, `auth_time` and `amr` show a login of a person. With `"demand_person": true` a token without any
//! of them belongs to a machine, whatever else it says. Choose it where the provider always issues one of them to
//! people.
//!
//! An action that requires recent authentication checks `auth_time`, which must not be older than `proof_seconds`
//! (300 by default). A client gets a newer one by sending the person to the provider again with `max_age` (RFC 9470).
//! A token without `auth_time` does not allow such actions.
//!
//! # With Keycloak
//!
//! In the realm of the hospital, here `hospital`:
//!
//! 1. *Realm roles*: make one for each [`Role`] that your users have, and assign them to users or groups. Keycloak
//!    writes them to `realm_access.roles`; roles of a client are in `resource_access.CLIENT.roles`.
//! 2. *Realm settings, User profile*: make an attribute `eovr_seat` that only an administrator can edit. If users
//!    could edit it, they could move to another hospital. Its value is the id of a facility, or for managers the id
//!    of their administration or governorate.
//! 3. *Client scopes*: make one, with two mappers that add to the access token: an *Audience* with the included
//!    custom audience `https://ovr.example.org`, and a *User Attribute* from `eovr_seat` to the claim `eovr_seat`, as
//!    a string and without multiple values.
//! 4. Give that scope as a default to the client with which users log in. Leave lightweight access tokens off for
//!    that client, because they do not have these claims.
//!
//! Then configure the host:
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

/// An identity provider and the mapping of its claims.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outside {
    /// The provider's issuer, exactly as its tokens and its discovery document name it.
    pub issuer: String,
    /// The audience that a token must have: the provider's name for this host.
    pub audience: String,
    /// The claim with the roles, as a path with dots: `realm_access.roles` for Keycloak.
    #[serde(default = "keycloak_roles")]
    pub roles_claim: String,
    /// The provider's role names and our roles.
    pub roles: BTreeMap<String, Role>,
    /// The claim with the id of the facility, administration or governorate in which the role is held; also a path.
    #[serde(default = "seat_claim")]
    pub seat_claim: String,
    /// Whether a token without proof of a person's login belongs to a machine.
    #[serde(default)]
    pub demand_person: bool,
    /// The greatest age of `auth_time`, in seconds, for actions that require recent authentication.
    #[serde(default = "proof_seconds")]
    pub proof_seconds: i64,
    /// Whether an access token may be a plain `JWT` without a declared type, as Entra ID's are. The delegated scope
    /// (`scp`) then distinguishes it from an ID token.
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

/// The most keys of one name and one algorithm that are tried. It limits the cost of a token with a forged signature.
const TRIED: usize = 4;
/// Longer than any token that fits into a request header.
const LONGEST: usize = 16 << 10;
/// Tolerance for clock differences.
const LEEWAY_SECONDS: i64 = 30;

impl KeySet {
    /// Reads a JWK Set. What cannot be read in it, and keys for anything but checking RS256 and ES256 signatures (`alg`,
    /// `use`, `key_ops`), are passed over one by one (RFC 7517, 5): a provider's new sort of key does not withdraw the others.
    ///
    /// # Errors
    /// `InvalidInput` where the text is not a JWK Set.
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

    /// Whether the set has the key that a token names. If not, the host fetches the keys again, because the provider
    /// may have new ones. The host must limit how often, because an attacker can invent key names.
    pub fn knows(&self, token: &str) -> bool {
        header(token).is_some_and(|header| self.of(&header).next().is_some())
    }

    /// Whether the set has no usable key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The number of keys that were ignored because they could not be read.
    pub fn passed_over(&self) -> usize {
        self.passed_over
    }

    /// The keys that may have signed a token: those with the token's key name and algorithm. A provider may have one
    /// key of a name for each algorithm (RFC 7517, 4.5). Without a name in the token or the key, the only key of the
    /// algorithm is used, or none. The name is optional (RFC 7515, 4.1.4), and trying all keys would be too slow.
    fn of(&self, header: &Header) -> impl Iterator<Item = &SigningKey> {
        let (name, algorithm) = (header.kid.clone(), header.alg);
        let mut of_algorithm = self.keys.iter().filter(|key| key.algorithm == algorithm);
        let only = of_algorithm.next().filter(|_| of_algorithm.next().is_none());
        let only = only.filter(|only| name.is_none() || only.name.is_none());
        let named = move |key: &&SigningKey| name.is_some() && key.name == name && key.algorithm == algorithm;
        self.keys.iter().filter(named).take(TRIED).chain(only)
    }
}

/// The header of a token. `None` where it cannot be read or has critical extensions: a reader must understand these
/// or refuse the token (RFC 7515, 4.1.11), and this one understands none.
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

/// The algorithm of a key that does not declare one, as Entra ID's keys. It follows from the key's type, so a token
/// cannot choose it.
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
    /// Whether a token claims to come from this provider. This is not verified; it only selects the keys for the
    /// check.
    pub fn is_named_by(&self, token: &str) -> bool {
        if token.len() > LONGEST {
            return false;
        }
        let claims = jsonwebtoken::dangerous::insecure_decode_claims::<Map<String, Value>>(token);
        claims.is_ok_and(|claims| claims.get("iss").and_then(Value::as_str) == Some(self.issuer.as_str()))
    }

    /// The actor of a token.
    ///
    /// Its id in the audit trail is a digest of issuer and subject: the same for the same person, and without a name.
    ///
    /// # Errors
    /// `Unauthenticated` where the token is invalid; `Denied` where it has no role of this host, or no seat that fits
    /// the role.
    pub fn actor(&self, token: &str, keys: &KeySet, org: &Org, now: Timestamp) -> Result<Actor> {
        let claims = self.claims(token, keys, now).ok_or_else(bad_token)?;
        let subject = claims.get("sub").and_then(Value::as_str).ok_or_else(bad_token)?;
        let role = self.role(&claims).ok_or_else(|| {
            Error::new(ErrorKind::Denied, "the identity provider gives you no role here")
                .with_help(format!("it must name one of `{}`", self.role_names()))
        })?;
        let seat = at(&claims, &self.seat_claim).and_then(Value::as_str).unwrap_or_default();
        let seat = match role {
            Role::TopManagement => Ok(Seat::Country),
            _ => OrgId::new(seat).and_then(|seat| org.seat(role, &seat)),
        };
        let seat = seat.map_err(|_| {
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
        // The library would use the system clock; our time comes in as an argument.
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

    /// The highest role in the token.
    fn role(&self, claims: &Map<String, Value>) -> Option<Role> {
        let names = at(claims, &self.roles_claim)?.as_array()?;
        names.iter().filter_map(|name| self.roles.get(name.as_str()?)).max().copied()
    }

    fn role_names(&self) -> String {
        self.roles.keys().map(String::as_str).collect::<Vec<_>>().join("`, `")
    }
}

/// A claim with this name, which may itself contain dots (`https://example.org/roles`), or at this path.
fn at<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        let mut steps = path.split('.');
        let first = claims.get(steps.next()?)?;
        steps.try_fold(first, |value, step| value.get(step))
    })
}

/// Whether a person logged in for this token.
fn proves_person(claims: &Map<String, Value>) -> bool {
    ["sid", "auth_time", "amr"].iter().any(|name| claims.get(*name).is_some_and(|claim| !claim.is_null()))
}

/// Whether a client got the token for itself. One mark of any provider is enough, because a person taken for a
/// machine may do too little, but a machine taken for a person may do too much.
fn is_machine(claims: &Map<String, Value>) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let subject = text("sub");
    // RFC 9068, 2.2: if no person is involved, the subject is the client.
    let is_client =
        ["client_id", "azp", "appid"].iter().any(|name| subject.is_some() && text(name) == subject);
    let of_entra = text("idtyp").is_some_and(|kind| kind.eq_ignore_ascii_case("app"))
        || subject.is_some() && text("oid") == subject && text("scp").is_none();
    let of_keycloak = text("preferred_username").is_some_and(|name| name.starts_with("service-account-"));
    let of_auth0 = text("gty").is_some_and(|grant| grant.eq_ignore_ascii_case("client-credentials"));
    let without_person = text("client_id").is_some() && !proves_person(claims);
    is_client || of_entra || of_keycloak || of_auth0 || without_person
}

/// Whether a token declares itself an access token: in its header (RFC 9068) or in a claim (Keycloak). ID tokens and
/// refresh tokens are signed with the same keys and declare neither.
fn is_for_access(header_type: Option<&str>, claims: &Map<String, Value>) -> bool {
    let is = |text: &str, wanted: &str| text.eq_ignore_ascii_case(wanted);
    header_type.is_some_and(|kind| is(kind, "at+jwt") || is(kind, "application/at+jwt"))
        || claims.get("typ").and_then(Value::as_str).is_some_and(|kind| is(kind, "Bearer"))
}

/// Whether a token without a declared type is an access token. It must name a delegated scope (`scp`, `scope`: RFC
/// 8693, 4.2), or say that a program got it for itself, which an ID token never does. It must have no claim of an ID
/// token (OpenID Connect Core, 2 and 3.3.2.11).
fn is_delegated(header_type: Option<&str>, claims: &Map<String, Value>) -> bool {
    let untyped = header_type.is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let of_access = text("scp").is_some() || text("scope").is_some() || text("idtyp") == Some("app");
    let of_identity =
        ["typ", "nonce", "at_hash", "c_hash", "s_hash"].iter().any(|name| claims.contains_key(*name));
    untyped && of_access && !of_identity
}
