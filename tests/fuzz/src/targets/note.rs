//! Signed notes, and the keys that check them.

use std::sync::LazyLock;

use eovr_core::audit::log::{Checkpoint, PublicKey, Signer};

use super::text;

static SIGNER: LazyLock<Signer> =
    LazyLock::new(|| Signer::new("hospital.example/eovr", &[7; 32]).expect("a name of a log"));

/// A note that is signed.
pub(crate) fn sample() -> String {
    SIGNER.sign(&Checkpoint { origin: "hospital.example/eovr".to_owned(), size: 7, root: [9; 32] })
}

/// A parsed key is written unchanged, and a note without the signer's signature does not open.
pub(crate) fn check(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(key) = text.parse::<PublicKey>() {
        assert_eq!(key.to_string(), text.trim());
        // The owner of the key may have signed; the call must return in both cases.
        let _ = key.open(text);
    }
    if let Ok(checkpoint) = SIGNER.public().open(text) {
        let signed = SIGNER.sign(&checkpoint);
        let (words, signature) = signed.split_once("\n\n").expect("a note has an empty line");
        assert!(text.starts_with(&format!("{words}\n\n")), "other words were signed");
        assert!(text.lines().any(|line| line == signature.trim_end()), "another signature opens it");
    }
}
