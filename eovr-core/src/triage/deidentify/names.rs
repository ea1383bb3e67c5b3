//! Names: after a title, or from the lists. Those of Arabic script are a part of their own.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::{Identifier, Kind, Source, arabic};
use crate::triage::text::Gap;

/// After these a name follows.
const TITLES: [&str; 21] = [
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "dr",
    "prof",
    "professor",
    "doctor",
    "nurse",
    "sister",
    "sr",
    "matron",
    "patient",
    "pt",
    "consultant",
    "pharmacist",
    "surgeon",
    "named",
    "called",
    "madam",
];

/// Before the last part of a European name.
const PARTICLES: [&str; 9] = ["de", "van", "von", "der", "den", "la", "le", "el", "al"];

/// A name has at most so many parts.
const PARTS: usize = 4;

pub(super) fn known(word: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let lines = include_str!("names.txt").lines().filter(|line| !line.starts_with('#'));
        lines.flat_map(str::split_whitespace).collect()
    });
    KNOWN.contains(word)
}

pub(super) fn find(source: &Source<'_>, found: &mut Vec<Identifier>) {
    let mut at = 0;
    while at < source.words().len() {
        let announced = at.checked_sub(1).is_some_and(|title| TITLES.contains(&source.spelling(title)));
        let length = if source.word(at).is_some_and(|word| word.arabic) {
            match arabic::titled(source, at) {
                0 => arabic::listed(source, at),
                length => length,
            }
        } else if announced && follows(source, at) {
            titled_name(source, at)
        } else {
            listed_name(source, at)
        };
        if length > 0 {
            source.add(Kind::Name, at..at + length, found);
        }
        at += length.max(1);
    }
}

/// Whether a word belongs to the title before it: "Dr. Smith" does, though there is a dot.
fn follows(source: &Source<'_>, at: usize) -> bool {
    source.joined(at)
        || source.word(at).is_some_and(|word| {
            let before = at.checked_sub(1).map(|before| source.spelling(before));
            let short = before.is_some_and(|title| title.chars().count() <= 4);
            word.gap == Gap::Stop && short && source.may_be_name(at)
        })
}

fn titled_name(source: &Source<'_>, from: usize) -> usize {
    let first = source.spelling(from);
    let weak = from.checked_sub(1).is_some_and(|title| weak(source.spelling(title)));
    let name = source.may_be_name(from)
        && !first.starts_with(|c: char| c.is_ascii_digit())
        && !TITLES.contains(&first)
        // "Patient FELL": capitals throughout say nothing about names.
        && (known(first) || (mixed_case(source, from) && (!weak || mixed_case(source, from + 1))));
    if !name {
        return if weak { 0 } else { with_particles(source, from) };
    }
    1 + more(source, from + 1, PARTS - 1)
}

/// "de Souza", "van der Berg": how long a name that begins small is.
fn with_particles(source: &Source<'_>, from: usize) -> usize {
    let small = (from..from + 2).take_while(|&at| PARTICLES.contains(&source.spelling(at))).count();
    let family = from + small;
    if small > 0 && source.joined(family) && mixed_case(source, family) { small + 1 } else { 0 }
}

/// After these a name may follow, and mostly something else does.
fn weak(title: &str) -> bool {
    matches!(title, "patient" | "pt" | "named" | "called")
}

fn mixed_case(source: &Source<'_>, at: usize) -> bool {
    source.word(at).and_then(|word| source.narrative.get(word.span.clone())).is_some_and(|word| {
        word.chars().next().is_some_and(char::is_uppercase) && word.chars().skip(1).any(char::is_lowercase)
    })
}

fn listed_name(source: &Source<'_>, from: usize) -> usize {
    let known = source.may_be_name(from) && known(source.spelling(from));
    if known { 1 + more(source, from + 1, PARTS - 1) } else { 0 }
}

/// How many of the next words belong to the name as well.
fn more(source: &Source<'_>, from: usize, most: usize) -> usize {
    let mut at = from;
    while at < from + most && source.joined(at) && source.word(at).is_some_and(|word| !word.arabic) {
        let particles = with_particles(source, at);
        if particles > 0 {
            at += particles;
            continue;
        }
        let word = source.spelling(at);
        let part = source.may_be_name(at)
            && (known(word) || word == "bin" || (mixed_case(source, at) && !TITLES.contains(&word)));
        if !part {
            break;
        }
        at += 1;
    }
    at - from
}
