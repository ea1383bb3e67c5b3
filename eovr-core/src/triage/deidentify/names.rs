//! Names: after a title, or from the lists.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::{Identifier, Kind, Source};
use crate::triage::text::Gap;

/// After these a name follows.
const TITLES: [&str; 48] = [
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
    "السيد",
    "السيده",
    "الدكتور",
    "الدكتوره",
    "دكتور",
    "دكتوره",
    "د",
    "الممرض",
    "الممرضه",
    "ممرضه",
    "الاستاذ",
    "الاستاذه",
    "الحاج",
    "الحاجه",
    "المريض",
    "المريضه",
    "الطفل",
    "الطفله",
    "المدعو",
    "الصيدلي",
    "المهندس",
    "اسمه",
    "واسمه",
    "اسمها",
    "واسمها",
    "يدعي",
    "تدعي",
];

/// After an Arabic title these are no names: what somebody is or did.
const NO_NAMES: [&str; 63] = [
    "المناوب",
    "المناوبه",
    "المعالج",
    "المعالجه",
    "الجراح",
    "المقيم",
    "المقيمه",
    "الاستشاري",
    "المسؤول",
    "المسيوله",
    "المسيول",
    "من",
    "في",
    "الي",
    "عن",
    "مع",
    "كان",
    "كانت",
    "لم",
    "لا",
    "قد",
    "تم",
    "بعد",
    "قبل",
    "عند",
    "اثناء",
    "الذي",
    "التي",
    "اخر",
    "اخري",
    "الخطا",
    "خطا",
    "سقط",
    "سقطت",
    "توفي",
    "توفيت",
    "وتم",
    "والد",
    "والدته",
    "والده",
    "بدون",
    "غير",
    "ان",
    "انه",
    "انها",
    "هو",
    "هي",
    "وهو",
    "وهي",
    "اليوم",
    "امس",
    "بقسم",
    "بالقسم",
    "بالعنايه",
    "رفض",
    "رفضت",
    "طلب",
    "طلبت",
    "اعطي",
    "اعطت",
    "يعاني",
    "تعاني",
    "نفسه",
];

/// Names that are also adjectives: alone, even after a title, they are taken for that.
const ADJECTIVES: [&str; 6] = ["سعيد", "سالم", "كريم", "سليم", "راشد", "عادل"];

/// Before the last part of a European name.
const PARTICLES: [&str; 9] = ["de", "van", "von", "der", "den", "la", "le", "el", "al"];

/// What joins the parts of an Arabic name.
const JOINTS: [&str; 8] = ["بن", "بنت", "ابن", "ابو", "ام", "عبد", "ال", "bin"];

/// A name has at most so many parts.
const PARTS: usize = 4;

fn known(word: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let lines = include_str!("names.txt").lines().filter(|line| !line.starts_with('#'));
        lines.flat_map(str::split_whitespace).collect()
    });
    KNOWN.contains(word)
}

pub(super) fn find(source: &Source<'_>, found: &mut Vec<Identifier>) {
    let mut at = 0;
    while at < source.words().len() {
        let titled = TITLES.contains(&source.spelling(at)) && follows(source, at + 1);
        let (from, length) =
            if titled { (at + 1, titled_name(source, at + 1)) } else { (at, listed_name(source, at)) };
        if length > 0 {
            source.add(Kind::Name, from..from + length, found);
            at = from + length;
        } else {
            at += 1;
        }
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
    let arabic = source.word(from).is_some_and(|word| word.arabic);
    let name = source.may_be_name(from)
        && !first.starts_with(|c: char| c.is_ascii_digit())
        && !NO_NAMES.contains(&first)
        && !TITLES.contains(&first)
        && (!arabic || !weak || known_arabic(first) || JOINTS.contains(&first))
        // "Patient FELL": capitals throughout say nothing about names.
        && (arabic || known(first) || (mixed_case(source, from) && (!weak || mixed_case(source, from + 1))));
    if !name {
        return if arabic || weak { 0 } else { with_particles(source, from) };
    }
    let length = 1 + more(source, from + 1, PARTS - 1);
    if length == 1 && weak && ADJECTIVES.contains(&first) { 0 } else { length }
}

/// "de Souza", "van der Berg": how long a name that begins small is.
fn with_particles(source: &Source<'_>, from: usize) -> usize {
    let small = (from..from + 2).take_while(|&at| PARTICLES.contains(&source.spelling(at))).count();
    let family = from + small;
    if small > 0 && source.joined(family) && mixed_case(source, family) { small + 1 } else { 0 }
}

/// After these a name may follow, and mostly something else does.
fn weak(title: &str) -> bool {
    matches!(
        title,
        "patient"
            | "pt"
            | "named"
            | "called"
            | "المريض"
            | "المريضه"
            | "الممرض"
            | "الممرضه"
            | "ممرضه"
            | "الطفل"
            | "الطفله"
            | "الصيدلي"
            | "المهندس"
            | "السيد"
            | "الاستاذ"
            | "الدكتور"
            | "الدكتوره"
    )
}

fn mixed_case(source: &Source<'_>, at: usize) -> bool {
    source.word(at).and_then(|word| source.narrative.get(word.span.clone())).is_some_and(|word| {
        word.chars().next().is_some_and(char::is_uppercase) && word.chars().skip(1).any(char::is_lowercase)
    })
}

fn listed_name(source: &Source<'_>, from: usize) -> usize {
    let word = source.spelling(from);
    if !source.may_be_name(from) || !known_arabic(word) {
        return 0;
    }
    let length = 1 + more(source, from + 1, PARTS - 1);
    let arabic = source.word(from).is_some_and(|word| word.arabic);
    // One Arabic word alone may be an adjective ("سعيد"); one English one with a capital is a name.
    if arabic && length == 1 { 0 } else { length }
}

/// A name of the list; in Arabic with "and", "for" or "by" grown onto it.
fn known_arabic(word: &str) -> bool {
    known(word) || ['و', 'ل', 'ب'].iter().any(|&front| word.strip_prefix(front).is_some_and(known))
}

/// How many of the next words belong to the name as well.
fn more(source: &Source<'_>, from: usize, most: usize) -> usize {
    let mut at = from;
    while at < from + most && source.joined(at) && (source.may_be_name(at) || with_particles(source, at) > 0)
    {
        let word = source.spelling(at);
        let arabic = source.word(at).is_some_and(|word| word.arabic);
        let part = if arabic {
            let after_joint = at > from && JOINTS.contains(&source.spelling(at - 1));
            !NO_NAMES.contains(&word)
                && !on(source, at)
                && (known(word) || JOINTS.contains(&word) || after_joint)
        } else {
            let particles = with_particles(source, at);
            if particles > 0 {
                at += particles;
                continue;
            }
            known(word) || (mixed_case(source, at) && !TITLES.contains(&word))
        };
        if !part {
            break;
        }
        at += 1;
    }
    at - from
}

/// على is "on", علي is a name; read, they are the same.
fn on(source: &Source<'_>, at: usize) -> bool {
    source.word(at).and_then(|word| source.narrative.get(word.span.clone())) == Some("على")
}
