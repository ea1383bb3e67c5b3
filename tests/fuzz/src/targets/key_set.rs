//! Keys of an outside identity provider, and the tokens that it signs.

use std::sync::LazyLock;

use eovr_core::access::Actor;
use eovr_core::identity::outside::{KeySet, Outside};
use eovr_core::org::Org;

use super::text;
use crate::fixture::{NOW, org};

/// The provider's key; RFC 7515, A.3 prints its private half.
pub(crate) const KEYS: &str = r#"{"keys": [{"kty": "EC", "crv": "P-256", "kid": "rfc", "use": "sig",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

/// A token signed with that key.
pub(crate) const TOKEN: &str = include_str!("../../token.txt");

struct Provider {
    outside: Outside,
    keys: KeySet,
    org: Org,
}

impl Provider {
    fn actor(&self, token: &str, keys: &KeySet) -> Option<Actor> {
        self.outside.actor(token, keys, &self.org, NOW).ok()
    }
}

static PROVIDER: LazyLock<Provider> = LazyLock::new(|| {
    let outside = r#"{"issuer": "https://login.example.org", "audience": "https://ovr.example.org",
        "roles": {"staff": "staff"}, "roles_claim": "roles"}"#;
    let outside = serde_json::from_str(outside).expect("a provider");
    let provider = Provider { outside, keys: KeySet::from_json(KEYS).expect("a set of one key"), org: org() };
    assert!(provider.actor(TOKEN.trim(), &provider.keys).is_some(), "the good token opens nothing");
    provider
});

/// Input: a set of keys, or a token. Only a set with the signing key accepts the valid token, and no token with other
/// content is accepted.
pub(crate) fn check(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let good = TOKEN.trim();
    if let Ok(keys) = KeySet::from_json(text) {
        let opens = PROVIDER.actor(good, &keys).is_some();
        assert!(!opens || text.contains("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), "another key fits");
        assert!(!opens || (keys.knows(good) && !keys.is_empty()));
    }
    // The last part is the signature, which ECDSA can write in two ways.
    let said = |token: &str| token.rsplit_once('.').map(|(said, _)| said.to_owned());
    if PROVIDER.actor(text, &PROVIDER.keys).is_some() {
        assert!(PROVIDER.outside.is_named_by(text));
        assert_eq!(said(text), said(good), "a token that was never signed opens something");
    }
}
