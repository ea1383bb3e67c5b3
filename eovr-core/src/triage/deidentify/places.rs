//! Postal addresses: a house number with a street, numbers of zone, block and building, or the Arabic words before a
//! street; and the town, the district and the postcode after it.

use super::lists::{Role, does};
use super::names::{is_word, mixed_case};
use super::{Identifier, IdentifierKind, Source, arabic};
use crate::triage::text::Gap;

/// The maximum number of words between the number and the word for a street.
const NAME: usize = 3;
/// The maximum number of numbered parts of an address.
const PARTS: usize = 8;
/// The number of words after an Arabic word for a street that belong to it, unless a comma comes first.
const REACH: usize = 3;

pub(super) fn find(source: &Source<'_>, found: &mut Vec<Identifier>) {
    let count = source.words().len();
    let mut at = 0;
    while at < count {
        let end = english(source, at)
            .or_else(|| numbered(source, at))
            .or_else(|| post_box(source, at))
            .or_else(|| in_arabic(source, at));
        if let Some(end) = end {
            source.add(IdentifierKind::Address, at..end, found);
        }
        at = end.unwrap_or(at + 1);
    }
}

fn is_number(source: &Source<'_>, at: usize) -> bool {
    let word = source.spelling(at);
    word.starts_with(|c: char| c.is_ascii_digit()) && word.len() <= 5
}

/// "14 Nile Street", "Flat 3, 22B Park Lane, Leeds".
fn english(source: &Source<'_>, from: usize) -> Option<usize> {
    let mut at = from;
    if does(source.spelling(at), Role::Numbered) && is_number(source, at + 1) {
        at += 2;
    }
    let flat = at > from;
    // "Flat 3, Park Lane" has no house number.
    let at = if flat && !is_number(source, at) { at - 1 } else { at };
    if !is_number(source, at) {
        return None;
    }
    // "14 nile street" has no capitals.
    let small = !source.may_be_name(at + 1);
    for street in at + 2..=at + 1 + NAME {
        let named = (at + 1..street).all(|word| {
            (source.may_be_name(word) || (small && !is_word(source.spelling(word))))
                && source.word(word).is_some_and(|word| {
                    !word.arabic && (word.gap == Gap::Space || (flat && word.gap == Gap::Comma))
                })
                && !does(source.spelling(word), Role::Amount)
        });
        if !named || source.word(street).is_none_or(|word| word.gap != Gap::Space) {
            return None;
        }
        let word = source.spelling(street);
        let capital = source.may_be_name(street);
        if (does(word, Role::Street) && (capital || (small && word.len() > 3)))
            || (does(word, Role::StreetName) && mixed_case(source, street) && mixed_case(source, at + 1))
        {
            return Some(behind(source, street + 1));
        }
    }
    None
}

/// The end of an address after its street: after flat, town and postcode.
fn behind(source: &Source<'_>, street: usize) -> usize {
    let mut at = street;
    for _ in 0..PARTS {
        let word = source.word(at).filter(|word| matches!(word.gap, Gap::Space | Gap::Comma));
        if word.is_none() {
            return at;
        }
        let comma = source.between(at).is_some_and(|between| between.contains(','));
        if does(source.spelling(at), Role::Numbered) && is_number(source, at + 1) {
            at += 2;
        } else if comma && does(source.spelling(at), Role::Town) {
            at += 1;
        } else if at > street && is_postcode(source, at) {
            at += if source.spelling(at).len() == 5 { 1 } else { 2 };
        } else {
            return at;
        }
    }
    at
}

/// "SW1A 2AA", "02115".
fn is_postcode(source: &Source<'_>, at: usize) -> bool {
    let (first, second) = (source.spelling(at), source.spelling(at + 1));
    let digits = |word: &str| word.bytes().filter(u8::is_ascii_digit).count();
    let british = (2..=4).contains(&first.len())
        && first.starts_with(|c: char| c.is_ascii_alphabetic())
        && digits(first) > 0
        && second.len() == 3
        && second.starts_with(|c: char| c.is_ascii_digit())
        && digits(second) == 1;
    british || (first.len() == 5 && digits(first) == 5)
}

/// "Zone 55, Street 12, Building 7": two or more numbered parts of an address.
fn numbered(source: &Source<'_>, from: usize) -> Option<usize> {
    let mut at = from;
    let mut parts = 0;
    let mut street = false;
    while parts < PARTS
        && does(source.spelling(at), Role::Numbered)
        && is_number(source, at + 1)
        && source.word(at + 1).is_some_and(|word| word.gap <= Gap::Comma)
        && (at == from || source.word(at).is_some_and(|word| word.gap <= Gap::Comma))
    {
        street |= matches!(
            source.spelling(at),
            "street" | "road" | "way" | "block" | "zone" | "avenue" | "villa" | "house"
        );
        parts += 1;
        at += 2;
    }
    (parts >= 2 && street).then(|| behind(source, at))
}

/// "P.O. Box 1234", "ص.ب 1234".
fn post_box(source: &Source<'_>, from: usize) -> Option<usize> {
    let word = |at: usize| source.spelling(from + at);
    let length = match (word(0), word(1), word(2)) {
        ("p", "o", "box") => 3,
        ("po", "box", _) | ("ص", "ب", _) | ("صندوق", "بريد", _) => 2,
        ("pobox", ..) => 1,
        _ => return None,
    };
    let length = if matches!(word(length), "no" | "رقم") { length + 1 } else { length };
    word(length)
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(from + length + 1)
        .filter(|_| !word(length).is_empty())
}

/// "15 شارع النيل، حي الزمالك، القاهرة".
fn in_arabic(source: &Source<'_>, from: usize) -> Option<usize> {
    let first = if is_number(source, from) { from + 1 } else { from };
    let begins = |at: usize| {
        let numbered =
            is_number(source, at + 1) || (source.spelling(at + 1) == "رقم" && is_number(source, at + 2));
        let next = source.spelling(at + 1);
        // "المريض حي ثم", "شقة المريض".
        let named = source.spelling(at) == "شارع"
            || (next.starts_with("ال") && !does(next, Role::ArabicTitle))
            || matches!(
                (next, source.spelling(at + 2)),
                ("مدينه", _) | ("السيده", "زينب" | "عايشه" | "نفيسه")
            )
            || does(next, Role::Town)
            || does(next, Role::Place);
        let other = does(next, Role::AddressEnd) && !numbered;
        (does(source.spelling(at), Role::Place) && (numbered || (named && !other)))
            || (does(source.spelling(at), Role::PlaceNumbered) && numbered)
    };
    if !begins(first) {
        return None;
    }
    let mut at = first + 1;
    let mut last = at;
    while let Some(word) = source.word(at) {
        // After a comma an address continues where the next part says what it is.
        let housed = is_number(source, at) && begins(at + 1);
        let more = begins(at) || housed;
        let spelling = source.spelling(at);
        let numbered = is_number(source, at + 1);
        let other =
            does(spelling, Role::AddressEnd) || (!spelling.starts_with("ال") && arabic::no_part(spelling));
        if word.gap >= Gap::Stop || (other && !numbered && !more && at > first + 1) {
            break;
        }
        if word.gap != Gap::Space && !more {
            match district(source, at) {
                0 => break,
                length => {
                    at += length;
                    last = at;
                    continue;
                }
            }
        }
        if at - last >= REACH && !more {
            break;
        }
        if more {
            last = at + 1;
        }
        at += 1;
    }
    (at > first + 1).then_some(at)
}

/// The number of words after a comma that form a town or a district: one word with the article, where no other word
/// follows.
fn district(source: &Source<'_>, at: usize) -> usize {
    let word = source.spelling(at);
    let ends = |at: usize| {
        let next = source.spelling(at);
        source.word(at).is_none_or(|word| word.gap >= Gap::Comma)
            || does(next, Role::AddressEnd)
            || next.starts_with('و')
            || arabic::no_part(next)
    };
    let definite = |at: usize| {
        let word = source.spelling(at);
        word.starts_with("ال") && !does(word, Role::ArabicTitle) && !arabic::no_part(word)
    };
    if does(word, Role::Town) {
        let adjective =
            matches!(source.spelling(at + 1), "المكرمه" | "المنوره" | "الجديده") && source.joined(at + 1);
        return if adjective { 2 } else { 1 };
    }
    if matches!(word, "مدينه" | "السيده" | "مصر") && source.joined(at + 1) && ends(at + 2) {
        return 2;
    }
    if definite(at) && !does(word, Role::Measure) && !does(word, Role::File) && ends(at + 1) {
        return 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::super::check;

    #[test]
    fn addresses_go_on_to_the_town() {
        check("at Flat 3, 22B Park Lane, Leeds LS1 4AP and", "at [address] and");
        check("at Zone 55, Street 12, Building 7 and P.O. Box 7012", "at [address] and [address]");
        check("lives at 14 nile street, Cairo.", "lives at [address].");
        check("في شقة 3، عمارة 12، شارع الهرم، الجيزة وسقط", "في [address] وسقط");
        check("في ١٥ شارع النيل، الزمالك ولم يفتح أحد", "في [address] ولم يفتح أحد");
        check("قطعة 4 شارع 12 منزل 7 ثم", "[address] ثم");
    }

    #[test]
    fn words_near_an_address_stay() {
        for text in [
            "FIELDS 3 AND 4 WITHOUT RETREATING FIELDS",
            "2 nurses closed the door",
            "عن طريق الفم، المريض نام",
        ] {
            check(text, text);
        }
    }
}
