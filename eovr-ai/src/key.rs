use std::fmt;

use zeroize::Zeroizing;

/// A provider's key. It is wiped from memory after use and never printed.
#[derive(Clone)]
pub struct Key(Zeroizing<String>);

impl Key {
    /// A provider's key. White space around it, as in files and environment variables, is removed.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.trim().to_owned()))
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(redacted)")
    }
}
