//! Passwords: the policy for new ones, and their hashes (NIST SP 800-63B-4, OWASP ASVS 5).
//!
//! Length is what counts: 15 characters, or 8 together with a second factor. No rule requires capitals, digits or
//! signs, and no rule requires a new password every three months, because users answer such rules with
//! `Hospital2026!`. The policy refuses what an attacker tries first, with any decoration: common passwords, keys in a
//! row, and words that belong to the hospital or the person.
//!
//! ```
//! use eovr_core::identity::password::{Owner, PasswordCost, PasswordFlaw, PasswordPolicy};
//! use eovr_core::seal::Entropy;
//!
//! let policy = PasswordPolicy::new().knowing(["Nile Hospital", "مستشفى النيل"]);
//! let mona = Owner { second_factor: false, words: &["Mona Abdelrahman", "mona@example.org"] };
//! assert_eq!(policy.accept("Nile-Hospital-2026!", &mona).unwrap_err(), PasswordFlaw::OfThisPlace);
//!
//! let password = policy.accept("three camels read the news", &mona).map_err(PasswordFlaw::error)?;
//! let hash = PasswordCost::default().hash(&password, &mut Entropy::from_seed(&[7; 32]))?;
//! assert!(hash.verify(&password, PasswordCost::default())?.matches);
//! # Ok::<(), eovr_core::Error>(())
//! ```

mod hash;
mod rows;
mod spelling;
mod words;

use std::collections::HashSet;
use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

pub use self::hash::{PasswordCost, PasswordHash, Verdict};
use self::spelling::Spelling;
use crate::error::{Error, Result};
use crate::identity::{base32, invisible};
use crate::seal::Entropy;

/// The fewest characters of a password without a second factor.
const LEAST_ALONE: usize = 15;
/// The fewest characters of a password with a second factor.
const LEAST_BESIDE: usize = 8;
/// The most characters. The limit only bounds the work.
const MOST: usize = 256;

/// A password in the one form in which it is hashed: NFKC, without marks of text direction, with capitals unchanged.
/// So the same password typed on another keyboard is equal.
///
/// It is wiped from memory when dropped. It cannot be printed, compared or cloned.
pub struct Password(Zeroizing<String>);

impl Password {
    /// A password typed at login. The [`PasswordPolicy`] does not apply to it, because the rules may have become
    /// stricter since the user chose it.
    ///
    /// # Errors
    /// `TooLong` or `Unprintable`: no valid password is like that, so this one is wrong.
    pub fn typed(text: &str) -> Result<Self, PasswordFlaw> {
        // The buffer has its largest size, because growing it would leave a copy in memory.
        let mut password = Zeroizing::new(String::with_capacity(MOST * 4));
        for (count, c) in text.nfkc().filter(|c| !invisible(*c)).enumerate() {
            if count == MOST {
                return Err(PasswordFlaw::TooLong);
            }
            if c.is_control() {
                return Err(PasswordFlaw::Unprintable);
            }
            password.push(c);
        }
        Ok(Self(password))
    }

    /// Whether it is long enough without a second factor.
    pub(super) fn stands_alone(&self) -> bool {
        self.as_str().chars().count() >= LEAST_ALONE
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

/// Prints that there is a password, and nothing about it.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

/// A generated password of 26 letters and digits (128 bits), no two of which look alike. It is shown once.
pub fn drawn(entropy: &mut Entropy) -> Zeroizing<String> {
    let mut random = Zeroizing::new([0; 16]);
    entropy.fill(random.as_mut_slice());
    let letters = base32::encode(random.as_slice(), base32::PEOPLE);
    let mut text = Zeroizing::new(String::with_capacity(32));
    for (index, letter) in letters.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// The policy for new passwords.
///
/// It works offline. Its list has the most common passwords, not the billions that have ever leaked. A host that can
/// query a service for leaked passwords should do so as well.
#[derive(Clone, Default)]
pub struct PasswordPolicy {
    known: HashSet<String>,
}

impl PasswordPolicy {
    /// The policy without the words of a particular hospital.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds words that every employee knows: the names of the hospital, its facilities and its software, in every
    /// script in which they are written.
    #[must_use]
    pub fn knowing<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.known.extend(names.into_iter().flat_map(spelling::words_of));
        self
    }

    /// Accepts a new password if the policy allows it for this owner.
    ///
    /// # Errors
    /// The flaw of the password; [`PasswordFlaw::error`] adds help.
    pub fn accept(&self, typed: &str, owner: &Owner<'_>) -> Result<Password, PasswordFlaw> {
        let password = Password::typed(typed)?;
        let least = owner.least();
        if password.as_str().chars().count() < least {
            return Err(PasswordFlaw::TooShort { least });
        }
        let spelling = Spelling::of(password.as_str());
        let own: HashSet<String> = owner.words.iter().copied().flat_map(spelling::words_of).collect();
        if let Some(flaw) = words::flaw(&spelling, |word| self.known.contains(word) || own.contains(word)) {
            return Err(flaw);
        }
        if spelling.length_without_repeats() < least {
            return Err(PasswordFlaw::Repeated);
        }
        Ok(password)
    }
}

/// Prints how many words it knows, and not which.
impl fmt::Debug for PasswordPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordPolicy({} words)", self.known.len())
    }
}

/// The owner of a new password.
#[derive(Clone, Copy, Default)]
pub struct Owner<'a> {
    /// Whether the account has a second factor; then 8 characters are enough.
    pub second_factor: bool,
    /// The person's names and e-mail address, as stored.
    pub words: &'a [&'a str],
}

impl Owner<'_> {
    fn least(&self) -> usize {
        if self.second_factor { LEAST_BESIDE } else { LEAST_ALONE }
    }
}

/// Prints no name.
impl fmt::Debug for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owner(second_factor: {}, {} words)", self.second_factor, self.words.len())
    }
}

/// Why the policy refuses a password. It never says which word was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordFlaw {
    /// It has fewer characters than this account requires.
    #[error("the password is too short")]
    TooShort {
        /// The required number of characters.
        least: usize,
    },
    /// It has more than 256 characters.
    #[error("the password is too long")]
    TooLong,
    /// It has control characters, such as a tab or a line break.
    #[error("the password has control characters")]
    Unprintable,
    /// It repeats a short text.
    #[error("the password repeats a short text")]
    Repeated,
    /// It is a date, or keys or letters in a row, with little else.
    #[error("the password is a date, or letters or keys in a row")]
    Sequence,
    /// It is a common word or password, or two such words, with little else.
    #[error("the password is too common")]
    Common,
    /// It is made of words that belong to hospitals, to this one, or to the person.
    #[error("the password is made of words that are known at this hospital")]
    OfThisPlace,
}

impl PasswordFlaw {
    /// The flaw's stable name, as JSON and translations use it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too_short",
            Self::TooLong => "too_long",
            Self::Unprintable => "unprintable",
            Self::Repeated => "repeated",
            Self::Sequence => "sequence",
            Self::Common => "common",
            Self::OfThisPlace => "of_this_place",
        }
    }

    /// The flaw as an error of kind `InvalidInput`, with help on what would be accepted.
    ///
    /// Not an `impl From`, because with a second conversion to [`Error`], Rust could no longer infer the error type
    /// of a closure that uses `?`.
    pub fn error(self) -> Error {
        const WORDS: &str = "three or four words that have nothing to do with each other, the hospital or you \
                             make a good one; digits and signs at its ends do not help";
        let help = match self {
            Self::TooShort { least } => {
                format!("choose {least} to {MOST} characters of any script, including spaces; {WORDS}")
            }
            Self::TooLong => format!("choose at most {MOST} characters"),
            Self::Unprintable => {
                "letters, digits, signs and spaces of every script are accepted, but no tab and no line break"
                    .to_owned()
            }
            _ => WORDS.to_owned(),
        };
        Error::invalid(self.to_string()).with_help(help).with("flaw", self.name())
    }
}

#[cfg(test)]
mod tests;
