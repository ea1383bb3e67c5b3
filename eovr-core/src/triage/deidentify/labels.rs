//! What the words before a number say that it is.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Kind, Source};
use crate::triage::text::Gap;

/// What a word of the list can do; a word may do several things.
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
}

const ROLES: [(&str, Role); 15] = [
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
];

/// What announces a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// A number of this kind, of at least so many digits.
    Of(Kind, usize),
    /// A number of a thing, which names nobody.
    Thing,
}

/// A label has at most so many words.
const LABEL: usize = 5;
/// So many words may stand between a telephone and its number: "call her eldest son on".
const PHONE: usize = 5;

/// Whether a word does this, as it stands or behind "and", "by", "for" grown onto it.
pub(super) fn is(word: &str, role: Role) -> bool {
    static WORDS: LazyLock<HashMap<&str, Vec<Role>>> = LazyLock::new(|| {
        let mut words: HashMap<&str, Vec<Role>> = HashMap::new();
        for (name, list) in include_str!("labels.txt").lines().filter_map(|line| line.split_once(": ")) {
            let role = ROLES.iter().find(|(of, _)| *of == name).map(|(_, role)| *role);
            for word in list.split_whitespace() {
                words.entry(word).or_default().extend(role);
            }
        }
        words
    });
    let does = |word: &str| WORDS.get(word).is_some_and(|roles| roles.contains(&role));
    does(word) || ['و', 'ب', 'ل', 'ف'].iter().any(|&front| word.strip_prefix(front).is_some_and(does))
}

/// What the words right before a place announce.
pub(super) fn label(source: &Source<'_>, until: usize) -> Option<Label> {
    let mut back = Back { source, at: until };
    let mut fillers = 0;
    let mut words: Vec<&str> = Vec::new();
    let hash = source.between(until).is_some_and(|between| between.contains(['#', '№', '＃']));
    while words.len() < LABEL {
        let Some(word) = back.next() else { break };
        if words.is_empty() && fillers < 2 && is(word, Role::Filler) {
            fillers += 1;
            continue;
        }
        let speaks = |role| is(word, role);
        // "Mr" alone is no label of what stands behind a filler: "Mr. is 1200".
        if !VOCABULARY.into_iter().any(speaks) {
            break;
        }
        words.push(word);
    }
    let any = |role| words.iter().any(|word| is(word, role));
    let numbered = hash || any(Role::Number);
    if any(Role::Thing) {
        return Some(Label::Thing);
    }
    if any(Role::NationalAlone) || (numbered && any(Role::National)) {
        return Some(Label::Of(Kind::NationalId, 5));
    }
    if any(Role::FileAlone) {
        return Some(Label::Of(Kind::FileNumber, if numbered { 3 } else { 4 }));
    }
    if numbered && (any(Role::File) || any(Role::FileNamed)) {
        return Some(Label::Of(Kind::FileNumber, 3));
    }
    // A bare "ID", and a patient or a visit and then the number.
    (any(Role::File) || words.first().is_some_and(|word| *word == "id"))
        .then_some(Label::Of(Kind::FileNumber, 5))
}

const VOCABULARY: [Role; 7] = [
    Role::Number,
    Role::FileAlone,
    Role::File,
    Role::FileNamed,
    Role::NationalAlone,
    Role::National,
    Role::Thing,
];

/// From how many digits on a number here is a telephone's, if words before it say so.
pub(super) fn phone(source: &Source<'_>, until: usize) -> Option<usize> {
    let mut least = None;
    for (distance, word) in (Back { source, at: until }).take(PHONE).enumerate() {
        if distance < 3 && is(word, Role::Extension) {
            return Some(3);
        }
        let near = distance < 3 && is(word, Role::Kin);
        if is(word, Role::Phone) || near {
            least = least.or(Some(if distance < 3 && !near { 6 } else { 7 }));
        }
    }
    least
}

/// Whether one of the last words before a place does this.
pub(super) fn before(source: &Source<'_>, until: usize, reach: usize, role: Role) -> bool {
    (Back { source, at: until }).take(reach).any(|word| is(word, role))
}

/// The words before a place, last first, to the start of the sentence. A dot behind a label shortens it: "no.", "Hosp.".
struct Back<'a> {
    source: &'a Source<'a>,
    at: usize,
}

impl<'a> Iterator for Back<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let before = self.at.checked_sub(1)?;
        let word = self.source.spelling(before);
        let stopped = self.source.word(self.at).is_some_and(|word| word.gap == Gap::Stop);
        let short = VOCABULARY.into_iter().chain([Role::Phone, Role::Birth]).any(|role| is(word, role));
        if stopped && !short {
            return None;
        }
        self.at = before;
        Some(word)
    }
}
