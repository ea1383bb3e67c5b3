//! Names: short identifiers that are safe in code, SQL, JSON and URLs alike.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The name of a kind, state, action, facet or field: `[a-z][a-z0-9_]{0,39}`.
///
/// Names become table and column names, so no other characters are accepted. Cheap to clone.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Repr);

#[derive(Clone)]
enum Repr {
    Static(&'static str),
    Shared(Arc<str>),
}

/// A [`Name`] in the program's own text, which the compiler checks.
///
/// ```
/// assert_eq!(eovr_core::name!("ward"), "ward");
/// ```
///
/// ```compile_fail
/// eovr_core::name!("Ward 7");
/// ```
#[macro_export]
macro_rules! name {
    ($text:expr) => {
        const { $crate::name::Name::from_static($text) }
    };
}

impl Name {
    /// Checks a name.
    ///
    /// ```
    /// use eovr_core::Name;
    ///
    /// assert_eq!(Name::new("ward_7")?, "ward_7");
    /// assert!(Name::new("Ward 7").is_err());
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` where the text is not `[a-z][a-z0-9_]{0,39}`.
    pub fn new(text: &str) -> Result<Self> {
        if is_name(text) {
            Ok(Self(Repr::Shared(text.into())))
        } else {
            // The message does not repeat the text, which may be text of a report in the wrong place.
            Err(Error::invalid("not a name")
                .with_help("a name is 1 to 40 of `a-z`, `0-9` and `_`, and starts with a letter"))
        }
    }

    /// A name in the program's own text, for constants, which the compiler checks. Elsewhere write [`name!`](crate::name!):
    /// a build checks it (`cargo check` does not).
    ///
    /// ```compile_fail
    /// # use eovr_core::Name;
    /// const WARD: Name = Name::from_static("Ward 7");
    /// ```
    ///
    /// # Panics
    /// Where the text is not a name. In a constant that is an error of the compiler.
    pub const fn from_static(text: &'static str) -> Self {
        assert!(is_name(text), "a name is 1 to 40 of `a-z`, `0-9` and `_`, and starts with a letter");
        Self(Repr::Static(text))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Static(text) => text,
            Repr::Shared(text) => text,
        }
    }
}

const fn is_name(text: &str) -> bool {
    let (mut rest, mut first) = (text.as_bytes(), true);
    while let [byte, after @ ..] = rest {
        if !(byte.is_ascii_lowercase() || !first && (byte.is_ascii_digit() || *byte == b'_')) {
            return false;
        }
        (rest, first) = (after, false);
    }
    !first && text.len() <= 40
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.as_str())
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl TryFrom<String> for Name {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;

    #[test]
    fn a_name_equals_its_text_wherever_it_comes_from() {
        let (own, given) = (name!("ward"), Name::new("ward").unwrap());
        assert_eq!(own, given);
        assert!(
            HashSet::from([own.clone()]).contains(&given) && HashSet::from([given.clone()]).contains("ward")
        );
        assert!(BTreeSet::from([own.clone(), given]).len() == 1 && own < name!("ward_7"));
    }

    #[test]
    fn only_letters_digits_and_underscores_make_a_name() {
        let (longest, longer) = ("a".repeat(40), "a".repeat(41));
        for good in ["a", "z9_", "a_b", &longest] {
            assert_eq!(Name::new(good).unwrap(), good);
        }
        for wrong in ["", "_a", "9a", "A", "aB", "a-b", "a b", "é", "aé", &longer] {
            assert!(Name::new(wrong).is_err(), "{wrong}");
        }
    }
}
