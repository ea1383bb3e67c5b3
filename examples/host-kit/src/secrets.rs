//! Secrets derived from the master key that live as long as the server: one shared copy, wiped at the end.

use std::fmt;
use std::sync::Arc;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::database::KeyText;

/// A secret of this length signs tokens, receipts or checkpoints.
pub type Secret = [u8; 32];

/// The secrets of a host, the same at every start with one master key. They are copied only into memory that is wiped,
/// too.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secrets {
    server: Secret,
    tokens: Secret,
    log: Secret,
}

impl Secrets {
    /// Derives the secrets from a master key in place, because moving a value leaves a copy behind.
    pub fn of(key: &KeyText) -> Arc<Self> {
        let mut secrets = Arc::new(Self { server: [0; 32], tokens: [0; 32], log: [0; 32] });
        if let Some(Self { server, tokens, log }) = Arc::get_mut(&mut secrets) {
            key.derive("eovr.server.v1", server);
            key.derive("eovr.tokens.v1", tokens);
            key.derive("eovr.log.v1", log);
        }
        secrets
    }

    /// The server's own secret: ids of repeated creations and receipts are derived from it.
    pub fn server(&self) -> &Secret {
        &self.server
    }

    /// The secret for tokens and keys of machines.
    pub fn tokens(&self) -> &Secret {
        &self.tokens
    }

    /// The secret that signs checkpoints of the audit log.
    pub fn log(&self) -> &Secret {
        &self.log
    }

    /// The same bytes for every purpose.
    pub fn for_tests(bytes: Secret) -> Arc<Self> {
        Arc::new(Self { server: bytes, tokens: bytes, log: bytes })
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(redacted)")
    }
}
