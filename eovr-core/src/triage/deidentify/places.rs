//! Where somebody lives: a house number with a street, or what Arabic puts before one.

use super::{Identifier, Kind, Source};
use crate::triage::text::Gap;

const STREETS: [&str; 22] = [
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "lane",
    "ln",
    "drive",
    "close",
    "crescent",
    "court",
    "way",
    "square",
    "terrace",
    "gardens",
    "boulevard",
    "blvd",
    "mews",
    "grove",
    "hill",
    "place",
];

/// Between the number and the word for a street stand at most so many words.
const NAME: usize = 3;

/// Arabic says first what it is.
const ARABIC: [&str; 10] = ["شارع", "حاره", "عماره", "شقه", "حي", "ميدان", "كورنيش", "زقاق", "بنايه", "فيلا"];
/// So many words after that belong to it, where no comma ends it before.
const REACH: usize = 3;

/// Words that end an address in running text.
const ENDS: [&str; 20] = [
    "في", "من", "الي", "وتم", "تم", "وقد", "عند", "بعد", "قبل", "ثم", "و", "حيث", "وهو", "وهي", "مع", "عن",
    "هاتف", "ورقم", "رقم", "كان",
];

pub(super) fn find(source: &Source<'_>, found: &mut Vec<Identifier>) {
    let count = source.words().len();
    let mut at = 0;
    while at < count {
        let end = english(source, at).or_else(|| arabic(source, at));
        if let Some(end) = end {
            source.add(Kind::Address, at..end, found);
        }
        at = end.unwrap_or(at + 1);
    }
}

/// "14 Nile Street", "Flat 3, 22B Park Lane".
fn english(source: &Source<'_>, from: usize) -> Option<usize> {
    let number = |at: usize| {
        source.spelling(at).starts_with(|c: char| c.is_ascii_digit()) && source.spelling(at).len() <= 5
    };
    let mut at = from;
    if matches!(source.spelling(at), "flat" | "apartment" | "apt" | "unit") && number(at + 1) {
        at += 2;
    }
    if !number(at) {
        return None;
    }
    for street in at + 2..=at + 1 + NAME {
        let named = (at + 1..street).all(|word| {
            source.may_be_name(word)
                && source.word(word).is_some_and(|word| !word.arabic && word.gap == Gap::Space)
        });
        if named && STREETS.contains(&source.spelling(street)) && source.may_be_name(street) {
            return Some(street + 1);
        }
    }
    None
}

/// "15 شارع النيل، حي الزمالك".
fn arabic(source: &Source<'_>, from: usize) -> Option<usize> {
    let first = if source.spelling(from).starts_with(|c: char| c.is_ascii_digit()) { from + 1 } else { from };
    if !ARABIC.contains(&source.spelling(first)) {
        return None;
    }
    let mut at = first + 1;
    let mut last = at;
    while at < source.words().len() {
        let word = source.word(at)?;
        let more = ARABIC.contains(&source.spelling(at));
        // An address goes on after a comma where the next part says what it is.
        let ended = word.gap >= Gap::Stop
            || (word.gap != Gap::Space && !more)
            || ENDS.contains(&source.spelling(at))
                && !source.spelling(at + 1).starts_with(|c: char| c.is_ascii_digit())
            || (at - last >= REACH && !more);
        if ended {
            break;
        }
        if more {
            last = at + 1;
        }
        at += 1;
    }
    (at > first + 1).then_some(at)
}
