//! Labels: the words before a number that say what the number is.

use std::borrow::Cow;

use super::lists::{Role, is};
use super::{IdentifierKind, Source};
use crate::triage::text::Gap;

/// The kind of number that a label announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// An identifier of this kind with at least this many digits.
    Of(IdentifierKind, usize),
    /// The number of a thing, which identifies no person.
    Thing,
}

/// The maximum number of words of a label.
const LABEL: usize = 5;
/// The maximum number of words between a telephone word and its number: "call her eldest son on".
const PHONE: usize = 5;

/// The label directly before a position.
pub(super) fn label(source: &Source<'_>, until: usize) -> Option<Label> {
    let mut back = Back { source, at: until };
    let mut fillers = 0;
    let mut words: Vec<Cow<'_, str>> = Vec::new();
    let hash = source.between(until).is_some_and(|between| between.contains(['#', '№', '＃']));
    while words.len() < LABEL {
        let Some(word) = back.next() else { break };
        if words.is_empty() && fillers < 2 && is(&word, Role::Filler) {
            fillers += 1;
            continue;
        }
        let speaks = |role| is(&word, role);
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
        return Some(Label::Of(IdentifierKind::NationalId, 5));
    }
    if any(Role::FileAlone) {
        return Some(Label::Of(IdentifierKind::FileNumber, if numbered { 3 } else { 4 }));
    }
    if numbered && (any(Role::File) || any(Role::FileNamed)) {
        return Some(Label::Of(IdentifierKind::FileNumber, 3));
    }
    // "OP/701234", "Hospital: 701234".
    let marked = source.between(until).is_some_and(|between| between.contains([':', '/', '-']));
    if marked && any(Role::FileNamed) {
        return Some(Label::Of(IdentifierKind::FileNumber, 5));
    }
    // A bare "ID", or a patient or a visit followed by the number.
    (any(Role::File) || words.iter().any(|word| matches!(&**word, "id" | "ids")))
        .then_some(Label::Of(IdentifierKind::FileNumber, 5))
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

/// The minimum number of digits of a telephone number here, if the preceding words announce one.
pub(super) fn phone(source: &Source<'_>, until: usize) -> Option<usize> {
    let mut least = None;
    for (distance, word) in (Back { source, at: until }).take(PHONE).enumerate() {
        if distance < 3 && is(&word, Role::Extension) {
            return Some(3);
        }
        // "cell count 12000000".
        if matches!(&*word, "count" | "counts") {
            break;
        }
        let near = distance < 3 && is(&word, Role::Kin);
        if is(&word, Role::Phone) || near {
            least = least.or(Some(if distance < 3 && !near { 6 } else { 7 }));
        }
    }
    least
}

/// Whether one of the preceding words has this role.
pub(super) fn before(source: &Source<'_>, until: usize, reach: usize, role: Role) -> bool {
    (Back { source, at: until }).take(reach).any(|word| is(&word, role))
}

/// The words before a position, last first, back to the start of the sentence. A dot after a label marks an
/// abbreviation: "no.", "Hosp."; single letters with dots form one word: "D.O.B.".
struct Back<'a> {
    source: &'a Source<'a>,
    at: usize,
}

/// The maximum number of single letters of a label.
const INITIALS: usize = 4;

impl<'a> Iterator for Back<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Cow<'a, str>> {
        let last = self.at.checked_sub(1)?;
        let letter = |at: usize| {
            let word = self.source.spelling(at);
            word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_lowercase())
        };
        let mut first = last;
        while last - first + 1 < INITIALS
            && letter(first)
            && self.source.between(first) == Some(".")
            && let Some(before) = first.checked_sub(1).filter(|&before| letter(before))
        {
            first = before;
        }
        let word = if first == last {
            Cow::Borrowed(self.source.spelling(last))
        } else {
            Cow::Owned((first..=last).map(|at| self.source.spelling(at)).collect())
        };
        let stopped = self.source.word(self.at).is_some_and(|word| word.gap == Gap::Stop);
        let brief = word.chars().count() <= 4 || is(&word, Role::Number);
        let short =
            || brief && VOCABULARY.into_iter().chain([Role::Phone, Role::Birth]).any(|role| is(&word, role));
        if stopped && !short() {
            return None;
        }
        self.at = first;
        Some(word)
    }
}
