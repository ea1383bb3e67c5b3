use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::audit::Hex;
use crate::audit::log::Tree;
use crate::error::{Error, ErrorKind, Result};

/// The number of the algorithm in a key and its id: Ed25519.
const ED25519: u8 = 1;

/// The length of a log at one moment, and the root of its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log, which is also the name of the signing key.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The root of the [`Tree`] over these entries.
    pub root: [u8; 32],
}

impl Checkpoint {
    /// The checkpoint of a log's current state.
    pub(crate) fn of(origin: &str, tree: &Tree) -> Self {
        Self { origin: origin.to_owned(), size: tree.size(), root: tree.root() }
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let number: u64 = size.parse().ok()?;
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        let plain = lines.next().is_none() && number.to_string() == size;
        plain.then(|| Self { origin: origin.to_owned(), size: number, root })
    }
}

/// Writes the three lines that are signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }
}

/// Signs checkpoints. Its holder can sign any log, so the signer must not be stored in the database.
///
/// ```
/// use eovr_core::audit::log::{Checkpoint, Signer, Tree};
///
/// let signer = Signer::new("hospital.example/eovr", &[9; 32])?;
/// let mut tree = Tree::default();
/// tree.push(b"first message");
/// let origin = signer.public().name().to_owned();
/// let note = signer.sign(&Checkpoint { origin, size: tree.size(), root: tree.root() });
/// assert_eq!(signer.public().open(&note)?.size, 1);
/// assert!(signer.public().open(&note.replace("\n1\n", "\n2\n")).is_err());
/// # Ok::<(), eovr_core::Error>(())
/// ```
pub struct Signer {
    // Boxed, because moving the key itself would leave a copy in memory that is never wiped.
    key: Box<SigningKey>,
    public: PublicKey,
}

impl Signer {
    /// A signer from 32 random bytes. The name is the log's name. Use a domain and a path of the hospital:
    /// `hospital.example/eovr`.
    ///
    /// # Errors
    /// `Config` where the name is empty, or contains a space or a `+`.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self> {
        let key = Box::new(SigningKey::from_bytes(seed));
        let public = PublicKey::new(name, key.verifying_key())?;
        Ok(Self { key, public })
    }

    /// The public key with which others verify checkpoints.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The checkpoint as a signed note.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        self.note(&checkpoint.to_string())
    }

    fn note(&self, text: &str) -> String {
        let mut signature = self.public.id().to_vec();
        signature.extend(self.key.sign(text.as_bytes()).to_bytes());
        format!("{text}\n— {} {}\n", self.public.name, STANDARD.encode(signature))
    }
}

/// Prints the name and not the key.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public)
    }
}

/// Verifies checkpoints of a [`Signer`]. Written and parsed as `name+id+key`, the format of [signed
/// notes](https://c2sp.org/signed-note).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    key: VerifyingKey,
}

impl PublicKey {
    fn new(name: &str, key: VerifyingKey) -> Result<Self> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(Error::new(ErrorKind::Config, "this is not a valid name of a log")
                .with_help("give a name such as hospital.example/eovr, without spaces and without `+`"));
        }
        Ok(Self { name: name.to_owned(), key })
    }

    /// The log's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The checkpoint in a note that this key has signed. Other signatures in the note are ignored.
    ///
    /// # Errors
    /// `Tampered` where the note is not a checkpoint of this log, or this key has not signed it.
    pub fn open(&self, note: &str) -> Result<Checkpoint> {
        let checkpoint = self.signed(note).and_then(Checkpoint::read);
        checkpoint.filter(|checkpoint| checkpoint.origin == self.name).ok_or_else(|| {
            Error::new(ErrorKind::Tampered, "this is not a checkpoint signed by this key").with_help(
                "give the whole note, with its empty line and its last line, and the key of the same log",
            )
        })
    }

    /// The text of a note, including its final line break.
    fn signed<'n>(&self, note: &'n str) -> Option<&'n str> {
        let cut = note.rfind("\n\n")? + 1;
        let (text, signatures) = note.split_at_checked(cut)?;
        signatures.lines().any(|line| self.has_made(line, text)).then_some(text)
    }

    fn has_made(&self, line: &str, text: &str) -> bool {
        let name_and_signature = line.strip_prefix("— ").and_then(|line| line.split_once(' '));
        let Some((name, signature)) = name_and_signature else { return false };
        let Ok(bytes) = STANDARD.decode(signature) else { return false };
        let Some((id, signature)) = bytes.split_first_chunk::<4>() else { return false };
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        // Strict: a signature that only some programs accept is rejected.
        name == self.name && *id == self.id() && self.key.verify_strict(text.as_bytes(), &signature).is_ok()
    }

    fn id(&self) -> [u8; 4] {
        let hash =
            Sha256::new().chain_update(&self.name).chain_update([b'\n', ED25519]).chain_update(self.key);
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        [a, b, c, d]
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, Hex(&self.id()), STANDARD.encode(key))
    }
}

impl FromStr for PublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || {
            Error::invalid("this is not a public key of a log")
                .with_help("`name+id+key`, as `eovr_core::audit::log::PublicKey` writes it")
        };
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refused());
        };
        let bytes = STANDARD.decode(key).map_err(|_| refused())?;
        let Some((ED25519, bytes)) = bytes.split_first().map(|(algorithm, rest)| (*algorithm, rest)) else {
            return Err(refused());
        };
        let bytes = bytes.try_into().map_err(|_| refused())?;
        let key = Self::new(name, VerifyingKey::from_bytes(bytes).map_err(|_| refused())?)?;
        if Hex(&key.id()).to_string() != id {
            return Err(refused());
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key, text and note from the documentation of Go's `golang.org/x/mod/sumdb/note`.
    const NEUMANN: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n";
    const SIGNATURE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

    fn neumann() -> Signer {
        let bytes = STANDARD.decode(NEUMANN).unwrap();
        Signer::new("PeterNeumann", bytes[1..].try_into().unwrap()).unwrap()
    }

    #[test]
    fn a_signature_equals_that_of_the_go_implementation() {
        assert_eq!(neumann().public().to_string(), PUBLIC);
        assert_eq!(neumann().note(TEXT), format!("{TEXT}\n{SIGNATURE}\n"));
        let key: PublicKey = PUBLIC.parse().unwrap();
        assert_eq!(key.signed(&neumann().note(TEXT)), Some(TEXT));
    }

    #[test]
    fn only_the_right_key_opens_a_checkpoint() {
        let mut tree = Tree::default();
        tree.push(b"entry");
        let checkpoint = Checkpoint::of("PeterNeumann", &tree);
        let note = neumann().sign(&checkpoint);
        assert_eq!(neumann().public().open(&note).unwrap(), checkpoint);
        let other = Signer::new("PeterNeumann", &[7; 32]).unwrap();
        assert_eq!(other.public().open(&note).unwrap_err().kind(), ErrorKind::Tampered);
    }

    #[test]
    fn other_signatures_in_a_note_are_ignored() {
        let checkpoint = Checkpoint::of("PeterNeumann", &Tree::default());
        let witnessed = format!("{}— witness.example AAAA\n", neumann().sign(&checkpoint));
        assert_eq!(neumann().public().open(&witnessed).unwrap(), checkpoint);
    }

    #[test]
    fn a_note_with_any_character_changed_is_rejected() {
        let note = neumann().sign(&Checkpoint::of("PeterNeumann", &Tree::default()));
        for (at, _) in note.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()) {
            let mut changed = note.clone();
            let other = if &note[at..=at] == "A" { "B" } else { "A" };
            changed.replace_range(at..=at, other);
            assert!(neumann().public().open(&changed).is_err(), "{changed}");
        }
        for cut in 0..note.len() - 1 {
            let short = String::from_utf8_lossy(&note.as_bytes()[..cut]).into_owned();
            assert!(neumann().public().open(&short).is_err(), "{short}");
        }
    }

    #[test]
    fn an_invalid_key_or_name_names_the_expected_format() {
        for text in ["", "a", "a+b+c", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"] {
            let error = text.parse::<PublicKey>().unwrap_err();
            assert!(error.to_string().contains("name+id+key"), "{error}");
        }
        for name in ["", "two words", "a+b"] {
            assert_eq!(Signer::new(name, &[1; 32]).unwrap_err().kind(), ErrorKind::Config);
        }
    }
}
