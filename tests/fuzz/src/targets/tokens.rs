//! Tokens that clients send: access tokens, refresh tokens, and keys of machines.

use std::sync::LazyLock;

use eovr_core::identity::RefreshToken;
use eovr_core::identity::api_key::ApiKey;
use eovr_core::identity::token::{Purpose, Signer};
use eovr_core::record::RecordId;

use super::text;
use crate::fixture::NOW;

static SIGNER: LazyLock<Signer> =
    LazyLock::new(|| Signer::new("https://ovr.example.org", &[7; 32]).expect("an issuer"));

const PURPOSES: [Purpose; 3] = [Purpose::Access, Purpose::SecondStep, Purpose::NewPassword];

/// A valid token.
pub(crate) fn sample(purpose: Purpose) -> String {
    let (user, login) = (RecordId::from_bytes([7; 16]), RecordId::from_bytes([8; 16]));
    SIGNER.sign(purpose, user, Some(login), NOW).expect("a token is signed").to_string()
}

/// For every purpose, the signer accepts only the exact bytes that it made.
pub(crate) fn check(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    for purpose in PURPOSES {
        if let Ok(bearer) = SIGNER.read(purpose, text, NOW) {
            let made = SIGNER.sign(purpose, bearer.user, bearer.login, bearer.issued_at);
            assert_eq!(made.as_ref().map(|made| made.as_str()).ok(), Some(text));
        }
    }
    if let Ok(token) = text.parse::<RefreshToken>() {
        assert_eq!(*token.reveal(), text);
    }
    if let Ok(key) = text.parse::<ApiKey>() {
        assert_eq!(*key.reveal(), text);
    }
}
