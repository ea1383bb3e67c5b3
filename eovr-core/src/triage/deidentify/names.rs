//! Names: after a title, before a qualification, or from the lists. `arabic` handles names in Arabic script.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::lists::{self, Role};
use super::{Identifier, IdentifierKind, Source, arabic};
use crate::triage::text::Gap;

/// The maximum number of parts of a name.
const PARTS: usize = 4;

pub(super) fn known(word: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| words(include_str!("names.txt")));
    KNOWN.contains(word)
}

fn words(list: &'static str) -> HashSet<&'static str> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
}

fn is_title(word: &str) -> bool {
    lists::does(word, Role::Title)
}

pub(super) fn find(source: &Source<'_>, found: &mut Vec<Identifier>) {
    let mut at = 0;
    while at < source.words().len() {
        let length = if source.word(at).is_some_and(|word| word.arabic) {
            match arabic::titled(source, at) {
                0 => arabic::listed(source, at),
                length => length,
            }
        } else if announced(source, at) {
            titled_name(source, at)
        } else if of_kin(source, at) {
            1 + more(source, at + 1, PARTS - 1)
        } else {
            listed_name(source, at).max(qualified_name(source, at))
        };
        if length > 0 {
            source.add(IdentifierKind::Name, at..at + length, found);
        }
        at += length.max(1);
    }
}

/// Whether a title precedes a word. The dot of "Dr. Smith" does not separate them.
fn announced(source: &Source<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let title = source.spelling(before);
    if lists::does(title, Role::ArabicTitle) {
        let formal = lists::does(title, Role::Formal) && !is_word(source.spelling(at));
        let close = source.joined(at) || (title == "د" && source.between(at).is_some_and(is_dot));
        return close && mixed_case(source, at) && (known(source.spelling(at)) || formal);
    }
    // "Name: Wambui", "the name is Wambui".
    let called = (title == "name" && source.between(at).is_some_and(is_colon))
        || (title == "is" && before > 0 && source.spelling(before - 1) == "name" && source.joined(at));
    if called {
        return mixed_case(source, at) && !is_word(source.spelling(at));
    }
    // "S/N Ngozi" is a staff nurse; "S/N 12345" is a serial number.
    let staff = title == "n" && source.between(before) == Some("/") && source.spelling(at - 2) == "s";
    if !(is_title(title) || staff) {
        return false;
    }
    source.joined(at)
        || source.word(at).is_some_and(|word| {
            // "dr.okonkwo" has no blank.
            let tight = source.between(at) == Some(".");
            let begins = tight || source.may_be_name(at) || is_particle(source.spelling(at));
            (word.gap == Gap::Stop && title.len() <= 4 && begins && source.between(at).is_some_and(is_dot))
                // "Consultant: Okafor"; "Patient (Okafor)" is excluded.
                || (word.gap == Gap::Comma && mixed_case(source, at) && source.between(at).is_some_and(is_colon) && known(source.spelling(at)))
        })
}

fn is_dot(between: &str) -> bool {
    matches!(between, "." | ". " | ".\u{A0}")
}

fn is_colon(between: &str) -> bool {
    between.trim() == ":"
}

fn titled_name(source: &Source<'_>, from: usize) -> usize {
    let title = from.checked_sub(1).map_or("", |title| source.spelling(title));
    // "Dr. J. R. van den Berg".
    let initial = |at: usize| {
        let dotted = matches!(source.between(at + 1), Some("." | ". " | " "));
        source.spelling(at).len() == 1 && source.may_be_name(at) && dotted
    };
    let initials = (from..from + 3).take_while(|&at| initial(at)).count();
    match first_name(source, from + initials, title) {
        0 => 0,
        length => initials + length,
    }
}

/// The length of a name after a title, whose first complete word is here.
fn first_name(source: &Source<'_>, from: usize, title: &str) -> usize {
    let first = source.spelling(from);
    let weak = lists::does(title, Role::WeakTitle);
    if first.starts_with(|c: char| c.is_ascii_digit()) || is_title(first) {
        return 0;
    }
    // "Patient FELL": words in capitals throughout, or in small letters, are no evidence of a name.
    let firm = lists::does(title, Role::FirmTitle) || matches!(title, "ms" | "miss");
    let cased = mixed_case(source, from) && !is_post(first) && (firm || known(first) || !is_word(first));
    let name = if cased {
        known(first)
            || !weak
            || (mixed_case(source, from + 1) && !is_word(source.spelling(from + 1)) && !is_word(first))
    } else {
        (known(first) && !is_word(first)) || (lists::does(title, Role::FirmTitle) && may_be_small_name(first))
    };
    let particles = with_particles(source, from);
    if particles > 0 {
        return if weak { 0 } else { particles + more(source, from + particles, PARTS - 1) };
    }
    if name || (known(first) && !weak && source.may_be_name(from)) {
        1 + more(source, from + 1, PARTS - 1)
    } else {
        0
    }
}

/// Whether an uncapitalised word may be a name after a title that requires one.
fn may_be_small_name(word: &str) -> bool {
    word.len() >= 3 && word.chars().all(char::is_alphabetic) && !is_word(word)
}

/// Whether a word is a listed non-name, or has the ending of a verb or an adverb.
pub(super) fn is_word(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| words(include_str!("words_en.txt")));
    let ended = word.len() > 4 && ["ed", "ing", "ly", "tion"].iter().any(|ending| word.ends_with(ending));
    WORDS.contains(word) || (ended && !known(word))
}

/// "her daughter, Leila,": a capitalised name after a relative, within a sentence.
fn of_kin(source: &Source<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let kin = source.spelling(before);
    let close = source.joined(at) || source.between(at) == Some(", ");
    let english = kin.is_ascii() && lists::does(kin, Role::Kin) && kin != "next";
    let name = source.spelling(at);
    english && close && mixed_case(source, at) && !is_title(name) && !is_word(name)
}

/// "Maria Lopez, RN", "Okafor, MD".
fn qualified_name(source: &Source<'_>, from: usize) -> usize {
    let part = |at: usize| {
        let word = source.spelling(at);
        mixed_case(source, at) && !is_title(word) && !is_word(word)
    };
    let mut at = from;
    while at < from + PARTS && part(at) && (at == from || source.joined(at)) {
        at += 1;
    }
    let behind = lists::does(source.spelling(at), Role::Qualification);
    let written = source.word(at).and_then(|word| source.narrative.get(word.span.clone()));
    let capitals = written.is_some_and(|word| word.chars().next().is_some_and(char::is_uppercase));
    let comma = source.between(at) == Some(", ");
    let close = comma || (source.joined(at) && at - from > 1);
    if at > from && behind && capitals && close { at - from } else { 0 }
}

/// The length of a name that begins with a particle: "de Souza", "van der Berg", "bin Saud".
fn with_particles(source: &Source<'_>, from: usize) -> usize {
    let small = (from..from + 3)
        .take_while(|&at| is_particle(source.spelling(at)) && (at == from || source.joined(at)))
        .count();
    let family = from + small;
    let name = mixed_case(source, family)
        || (known(source.spelling(family)) && !is_word(source.spelling(family)))
        // "MR. VAN DER BERG".
        || (source.may_be_name(from) && source.may_be_name(family) && may_be_small_name(source.spelling(family)));
    if small > 0 && source.joined(family) && name { small + 1 } else { 0 }
}

fn is_particle(word: &str) -> bool {
    lists::does(word, Role::Particle)
}

/// Whether a word is a post and no name: "Nurse Manager".
fn is_post(word: &str) -> bool {
    lists::does(word, Role::Post)
        || ["ologist", "therapist", "ician"].iter().any(|ending| word.ends_with(ending))
}

pub(super) fn mixed_case(source: &Source<'_>, at: usize) -> bool {
    source.word(at).and_then(|word| source.narrative.get(word.span.clone())).is_some_and(|word| {
        word.chars().next().is_some_and(char::is_uppercase) && word.chars().skip(1).any(char::is_lowercase)
    })
}

fn listed_name(source: &Source<'_>, from: usize) -> usize {
    let first = source.spelling(from);
    // "Umm Khalid".
    let parent = matches!(first, "abu" | "abou" | "umm" | "um")
        && source.joined(from + 1)
        && known(source.spelling(from + 1));
    if !(source.may_be_name(from) && (known(first) || (parent && source.may_be_name(from + 1)))) {
        return 0;
    }
    let length = 1 + more(source, from + 1, PARTS - 1);
    let eponym = source.joined(from + length) && lists::does(source.spelling(from + length), Role::Eponym);
    // "GREEN LIGHT", "Walker": a name only next to another name.
    let beside = source.between(from + 1) == Some(", ") && known(source.spelling(from + 1));
    // "ANA positive".
    let short = first.len() <= 3 && !mixed_case(source, from);
    let plain = length == 1 && !beside && (short || lists::does(first, Role::PlainName));
    if eponym || plain { 0 } else { length }
}

/// The number of following words that belong to the name.
fn more(source: &Source<'_>, from: usize, most: usize) -> usize {
    let mut at = from;
    while at < from + most && source.joined(at) && source.word(at).is_some_and(|word| !word.arabic) {
        let particles = with_particles(source, at);
        if particles > 0 {
            at += particles;
            continue;
        }
        let word = source.spelling(at);
        let capital = source.may_be_name(at);
        // After an uncapitalised part, an uncapitalised listed name continues the name.
        let small = !capital && !at.checked_sub(1).is_some_and(|before| source.may_be_name(before));
        let part = (known(word) && (capital || (small && !is_word(word))))
            || (mixed_case(source, at)
                && !is_title(word)
                && !is_post(word)
                && !lists::does(word, Role::Eponym));
        if !part {
            break;
        }
        at += 1;
    }
    at - from
}

#[cfg(test)]
mod tests {
    use super::super::check;

    #[test]
    fn titles_announce_names_in_every_spelling() {
        check("Mr. van der Linden and Dr de la Vega fell", "Mr. [name] and Dr [name] fell");
        check("MR OKELLO FELL, dr.okello came", "MR [name] FELL, dr.[name] came");
        check("S/N Wambui, Sr. Wambui and RN Wambui", "S/N [name], Sr. [name] and RN [name]");
        check("Wambui Otieno, RN, and the RN", "[name], RN, and the RN");
        check("patient john smith fell; d. Smith, John fell", "patient [name] fell; d. [name], [name] fell");
        check("her daughter, Wambui, and his son Otto saw", "her daughter, [name], and his son [name] saw");
        check("Umm Khalid, Khalid ibn Waleed", "[name], [name]");
        check("Dr. J. R. van den Linden, the name is Wambui", "Dr. [name], the name is [name]");
        check("د. Okello حضر", "د. [name] حضر");
    }

    #[test]
    fn words_that_are_not_names_stay() {
        for text in [
            "Dr informed, dr came, DR CALLED, Dr's attitude, nurse gave, NURSE IN CHARGE, patient fell, PT FOUND",
            "Nurse Manager, Consultant Cardiologist, Foley catheter, Fleming Ward, GREEN LIGHT, REED SWITCH",
            "mr scan, MR BRAIN, MR C SPINE, ANA positive, miss a dose, patient walker, mother refused, S/N 12345, The RN gave",
        ] {
            check(text, text);
        }
    }
}
