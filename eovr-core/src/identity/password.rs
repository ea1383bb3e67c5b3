//! Passwords: which are good enough, and how they are kept (NIST SP 800-63B-4, OWASP ASVS 5).
//!
//! Length is what counts: 15 characters, or 8 where a second factor is asked for as well. No rule asks for
//! capitals, digits or signs, and none for a new password every three months: people answer such rules with
//! `Hospital2026!`. Refused is what somebody who attacks tries first, however it is decorated: passwords that
//! very many people chose, keys in a row, and words that belong to the hospital or the person.
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

/// The fewest characters of a password that stands alone.
const LEAST_ALONE: usize = 15;
/// The fewest characters of a password beside a second factor.
const LEAST_BESIDE: usize = 8;
/// The most characters; a limit only so that nobody makes us work on a book.
const MOST: usize = 256;

/// A password in the one form in which it is hashed: NFKC, without marks of direction, never with its
/// capitals changed. The same password typed on another keyboard is the same.
///
/// Wiped from memory when dropped. It cannot be printed, compared or cloned.
pub struct Password(Zeroizing<String>);

impl Password {
    /// What somebody typed to log in. It is not asked to keep the [`PasswordPolicy`]: the rules may have
    /// become stricter since it was chosen.
    ///
    /// # Errors
    /// `TooLong` or `Unprintable`: no password is like that, so this one is wrong.
    pub fn typed(text: &str) -> Result<Self, PasswordFlaw> {
        // As large as it can become, so that it never grows and leaves a copy behind.
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

    /// Whether it is long enough where no second factor is asked for.
    pub(super) fn stands_alone(&self) -> bool {
        self.as_str().chars().count() >= LEAST_ALONE
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

/// Says that there is a password, and nothing about it.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

/// A password that a program makes for somebody: 26 letters and digits, 128 bits, none of which looks like
/// another. It is shown once.
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

/// Which passwords are good enough.
///
/// It works offline: its list has the passwords that are tried first, not the billions that ever leaked. A
/// host that can ask such a service asks it as well.
#[derive(Clone, Default)]
pub struct PasswordPolicy {
    known: HashSet<String>,
}

impl PasswordPolicy {
    /// The policy without words of a hospital.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what everybody knows who works there: the names of the hospital, its facilities, its software,
    /// in every script in which they are written.
    #[must_use]
    pub fn knowing<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.known.extend(names.into_iter().flat_map(spelling::words_of));
        self
    }

    /// A new password, if it is good enough for this person.
    ///
    /// # Errors
    /// Why it is not; [`PasswordFlaw::error`] says it with help.
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

/// Shows how many words it knows, and not which.
impl fmt::Debug for PasswordPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordPolicy({} words)", self.known.len())
    }
}

/// Whose password it is to be.
#[derive(Clone, Copy, Default)]
pub struct Owner<'a> {
    /// Whether the account is also asked for a second factor: then 8 characters are enough.
    pub second_factor: bool,
    /// The person's names and e-mail address, as they are kept.
    pub words: &'a [&'a str],
}

impl Owner<'_> {
    fn least(&self) -> usize {
        if self.second_factor { LEAST_BESIDE } else { LEAST_ALONE }
    }
}

/// Shows nobody's name.
impl fmt::Debug for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owner(second_factor: {}, {} words)", self.second_factor, self.words.len())
    }
}

/// Why a password is not good enough. It never says which word was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PasswordFlaw {
    /// It has fewer characters than this account needs.
    TooShort {
        /// How many it needs.
        least: usize,
    },
    /// It has more than 256 characters.
    TooLong,
    /// It has control characters, such as a tab or a line break.
    Unprintable,
    /// It is something short, again and again.
    Repeated,
    /// It is a date, or keys or letters in a row, and little else.
    Sequence,
    /// It is a word that very many people choose, or two such words, and little else.
    Common,
    /// It is made of words that belong to hospitals, to this one, or to the person.
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

    /// The flaw as an error of kind `InvalidInput` that says what would have been accepted.
    ///
    /// Not an `impl From`: with a second way to make an [`Error`], Rust could no longer guess the error
    /// of a closure that uses `?`.
    pub fn error(self) -> Error {
        const WORDS: &str = "three or four words that have nothing to do with each other, the hospital or you \
                             make a good one; digits and signs at its ends do not help";
        let help = match self {
            Self::TooShort { least } => {
                format!("it takes {least} to {MOST} characters of any script, spaces too; {WORDS}")
            }
            Self::TooLong => format!("it takes at most {MOST} characters"),
            Self::Unprintable => {
                "letters, digits, signs and spaces of every script are accepted, but no tab and no line break"
                    .to_owned()
            }
            _ => WORDS.to_owned(),
        };
        Error::invalid(self.to_string()).with_help(help).with("flaw", self.name())
    }
}

impl fmt::Display for PasswordFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooShort { .. } => "the password is too short",
            Self::TooLong => "the password is too long",
            Self::Unprintable => "the password has characters that cannot be seen",
            Self::Repeated => "the password is something short, again and again",
            Self::Sequence => "the password is a date, or letters or keys in a row",
            Self::Common => "the password is one that very many people choose",
            Self::OfThisPlace => "the password is made of words that everybody here knows",
        })
    }
}

impl std::error::Error for PasswordFlaw {}

#[cfg(test)]
mod tests;
