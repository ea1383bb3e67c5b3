//! The roles of words near numbers, dates and names.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The role of a listed word. A word may have several roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Number,
    FileAlone,
    File,
    FileNamed,
    NationalAlone,
    National,
    Phone,
    Extension,
    Kin,
    Thing,
    Birth,
    Day,
    Filler,
    Amount,
    Measure,
    Month,
    DoubtfulMonth,
    Ordinal,
    Title,
    FirmTitle,
    WeakTitle,
    Qualification,
    Particle,
    PlainName,
    Post,
    Eponym,
    ArabicTitle,
    ArabicWeak,
    ArabicKin,
    Relative,
    Formal,
    Indefinite,
    OfPatient,
    Giving,
    Adjective,
    Nation,
    VerbName,
    Joint,
    SecondHalf,
    Street,
    StreetName,
    Numbered,
    Place,
    PlaceNumbered,
    Town,
    AddressEnd,
}

const ROLES: [(&str, Role); 46] = [
    ("number", Role::Number),
    ("file_alone", Role::FileAlone),
    ("file", Role::File),
    ("file_named", Role::FileNamed),
    ("national_alone", Role::NationalAlone),
    ("national", Role::National),
    ("phone", Role::Phone),
    ("extension", Role::Extension),
    ("kin", Role::Kin),
    ("thing", Role::Thing),
    ("birth", Role::Birth),
    ("day", Role::Day),
    ("filler", Role::Filler),
    ("amount", Role::Amount),
    ("measure", Role::Measure),
    ("month", Role::Month),
    ("doubtful_month", Role::DoubtfulMonth),
    ("ordinal", Role::Ordinal),
    ("title", Role::Title),
    ("firm_title", Role::FirmTitle),
    ("weak_title", Role::WeakTitle),
    ("qualification", Role::Qualification),
    ("particle", Role::Particle),
    ("plain_name", Role::PlainName),
    ("post", Role::Post),
    ("eponym", Role::Eponym),
    ("arabic_title", Role::ArabicTitle),
    ("arabic_weak", Role::ArabicWeak),
    ("arabic_kin", Role::ArabicKin),
    ("relative", Role::Relative),
    ("formal", Role::Formal),
    ("indefinite", Role::Indefinite),
    ("of_patient", Role::OfPatient),
    ("giving", Role::Giving),
    ("adjective", Role::Adjective),
    ("nation", Role::Nation),
    ("verb_name", Role::VerbName),
    ("joint", Role::Joint),
    ("second_half", Role::SecondHalf),
    ("street", Role::Street),
    ("street_name", Role::StreetName),
    ("numbered", Role::Numbered),
    ("place", Role::Place),
    ("place_numbered", Role::PlaceNumbered),
    ("town", Role::Town),
    ("address_end", Role::AddressEnd),
];

impl Role {
    fn bit(self) -> u64 {
        1 << self as u64
    }
}

/// Whether a word has this role.
pub(super) fn does(word: &str, role: Role) -> bool {
    static WORDS: LazyLock<HashMap<&str, u64>> = LazyLock::new(|| {
        let mut words = HashMap::new();
        for (name, list) in include_str!("lists.txt").lines().filter_map(|line| line.split_once(": ")) {
            let bit = ROLES.iter().find(|(of, _)| *of == name).map_or(0, |(_, role)| role.bit());
            for word in list.split_whitespace() {
                *words.entry(word).or_default() |= bit;
            }
        }
        words
    });
    WORDS.get(word).is_some_and(|roles| roles & role.bit() != 0)
}

/// Whether a word has this role, with or without a prefixed "and", "by", "for" or "for the".
pub(super) fn is(word: &str, role: Role) -> bool {
    let grown = || {
        let rest = word.strip_prefix("لل").or_else(|| word.strip_prefix(['و', 'ب', 'ل', 'ف']));
        rest.is_some_and(|rest| does(rest, role))
    };
    does(word, role) || grown()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::text::Text;

    #[test]
    fn every_row_has_a_role_and_every_word_its_folded_spelling() {
        for line in include_str!("lists.txt").lines().filter(|line| !line.starts_with('#')) {
            let (role, words) = line.split_once(": ").unwrap();
            assert!(ROLES.iter().any(|(name, _)| *name == role), "{role}");
            let text = Text::read(words);
            let read: Vec<_> = text.words.iter().map(|word| text.spelling(word)).collect();
            assert_eq!(read.join(" "), words);
        }
    }
}
