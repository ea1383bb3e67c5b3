//! Arabic names. There are no capitals: what is a name the words around it say.
//!
//! Behind a title with the article ("المريض", "الممرضة") an adjective has the article as well, so a word without it is a
//! verb, a particle or a name; the first two are a list ([`no_part`]) and a few endings. Without a title a name
//! begins with one of the list.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::Source;
use super::names::known;
use crate::triage::text::Gap;

/// Behind these a name follows, and sometimes what somebody is: "الطبيب المناوب".
const TITLES: [&str; 52] = [
    "السيد",
    "السيده",
    "سيد",
    "سيده",
    "الدكتور",
    "الدكتوره",
    "دكتور",
    "دكتوره",
    "د",
    "الطبيب",
    "الطبيبه",
    "طبيب",
    "طبيبه",
    "الممرض",
    "الممرضه",
    "ممرض",
    "ممرضه",
    "السيستر",
    "سيستر",
    "الصيدلي",
    "الصيدلانيه",
    "الفني",
    "الفنيه",
    "الاخصايي",
    "الاخصاييه",
    "المهندس",
    "المهندسه",
    "الاستاذ",
    "الاستاذه",
    "الحاج",
    "الحاجه",
    "المريض",
    "المريضه",
    "الطفل",
    "الطفله",
    "الزاير",
    "الزايره",
    "المدعو",
    "المدعوه",
    "اسمه",
    "اسمها",
    "واسمه",
    "واسمها",
    "يدعي",
    "تدعي",
    "المواطن",
    "العامل",
    "العامله",
    "شقيق",
    "شقيقه",
    "الاسم",
    "المراجع",
];

/// Whoever belongs to a patient: a name may follow, and mostly something else does.
const KIN: [&str; 15] = [
    "والده",
    "والدته",
    "والدها",
    "والدتها",
    "ابنه",
    "ابنته",
    "ابنها",
    "ابنتها",
    "زوجه",
    "زوجته",
    "زوجها",
    "شقيقته",
    "شقيقها",
    "اخيه",
    "اخته",
];

/// Behind these the family's name may stand alone: "د. القحطاني".
const FORMAL: [&str; 8] = ["د", "دكتور", "دكتوره", "الدكتور", "الدكتوره", "السيد", "السيده", "الاستاذ"];

/// Behind these an adjective has no article either ("طبيب نفسي"), so only a name of the list is one.
const INDEFINITE: [&str; 6] = ["طبيب", "طبيبه", "ممرض", "ممرضه", "سيد", "سيده"];

/// Names that are also adjectives: alone, even after a title, they are taken for that.
const ADJECTIVES: [&str; 6] = ["سعيد", "سالم", "كريم", "سليم", "راشد", "عادل"];

/// What joins the parts of a name.
const JOINTS: [&str; 8] = ["بن", "بنت", "ابن", "ابو", "ام", "عبد", "ال", "bin"];

/// With one of these a name is made of two words: "علاء الدين", "جار الله".
const SECOND_HALVES: [&str; 6] = ["الدين", "الله", "الاسلام", "الزهراء", "الهدي", "الرحمن"];

/// A name has at most so many parts.
const PARTS: usize = 4;

/// How many words from here on are a name that a title before it announces.
pub(super) fn titled(source: &Source<'_>, from: usize) -> usize {
    let Some(title) = from.checked_sub(1).map(|at| bare(source.spelling(at))) else { return 0 };
    let kin = KIN.contains(&title);
    let announced = TITLES.contains(&title)
        || kin
        // "رئيسة التمريض", "ولي الأمر".
        || (title == "التمريض" && behind(source, from, "رييس"))
        || (title == "الامر" && behind(source, from, "ولي"));
    if !announced || !is_arabic(source, from) || !close(source, from, title) {
        return 0;
    }
    let first = source.spelling(from);
    let begins = !is_on(source, from) && (known(first) || JOINTS.contains(&first) || may_begin(first, title));
    if !begins {
        return 0;
    }
    let length = 1 + more(source, from + 1, PARTS - 1, Open(first));
    let apart = source.word(from).is_some_and(|word| word.gap == Gap::Comma);
    match length {
        1 if apart && !known(first) => 0,
        1 if ADJECTIVES.contains(&first) || (kin && !known(first)) => 0,
        length => length,
    }
}

/// How many words from here on are a name that nothing announces: one of the list and another.
pub(super) fn listed(source: &Source<'_>, from: usize) -> usize {
    let first = source.spelling(from);
    let next = source.spelling(from + 1);
    let servant = first == "عبد" && is_definite(next);
    if !is_arabic(source, from) || is_on(source, from) || !(known_or_grown(first) || servant) {
        return 0;
    }
    let second = source.joined(from + 1)
        && is_arabic(source, from + 1)
        && !is_on(source, from + 1)
        && (servant
            || known(next)
            || JOINTS.contains(&next)
            || (SECOND_HALVES.contains(&next) && next != "الله")
            || (is_definite(next) && next.ends_with('ي') && !no_part(next)));
    if second { 1 + more(source, from + 1, PARTS - 1, Open(first)) } else { 0 }
}

/// The first word of a name whose end is looked for.
struct Open<'a>(&'a str);

/// How many of the next words belong to the name as well. With the article a part is the family's, and the last.
fn more(source: &Source<'_>, from: usize, most: usize, Open(first): Open<'_>) -> usize {
    let mut at = from;
    let mut before = first;
    // "د. القحطاني" is whole.
    let mut ended = is_definite(first) && !known(first);
    while at < from + most && source.joined(at) && is_arabic(source, at) {
        let word = source.spelling(at);
        let after_joint = JOINTS.contains(&before);
        let half = SECOND_HALVES.contains(&word);
        let part = after_joint
            || half
            || JOINTS.contains(&word)
            || (!ended && !is_on(source, at) && (known(word) || may_go_on(word)));
        if !part || (TITLES.contains(&word) && !known(word)) {
            break;
        }
        ended |= is_definite(word) && !half && before != "عبد" || before == "ال";
        before = word;
        at += 1;
    }
    at - from
}

/// Whether a word that is on no list of names may be the first of one behind a title.
fn may_begin(word: &str, title: &str) -> bool {
    if TITLES.contains(&word) || INDEFINITE.contains(&title) || word.starts_with('و') {
        return false;
    }
    let family = FORMAL.contains(&title) && is_definite(word) && word.ends_with('ي');
    // "يعاني", "سعيدا".
    let verb = word.starts_with('ي') || (word.starts_with('ت') && word.chars().count() > 3);
    let manner = word.chars().count() > 4 && word.ends_with('ا');
    (!is_definite(word) || family) && !verb && !manner && may_go_on(word)
}

/// Whether a word may be a part of a name: it is no word of the list, has no preposition grown onto it, and does
/// not end or begin as verbs and adverbs do.
fn may_go_on(word: &str) -> bool {
    let length = word.chars().count();
    let grown = ["بال", "و", "فال", "كال", "لل"].iter().any(|front| word.starts_with(front));
    let past = word.ends_with('ت') && !word.ends_with("ات") || word.ends_with("وا");
    let present =
        ["ين", "يت", "يس", "يع", "تت", "تست"].iter().any(|front| length > 3 && word.starts_with(front));
    let adverb = length > 4 && word.ends_with("يا") || length > 5 && word.ends_with('ا');
    let owned = length > 4 && ["ها", "هم", "هما", "ته", "ني"].iter().any(|end| word.ends_with(end));
    (3..=12).contains(&length) && !(grown || past || present || adverb || owned || no_part(word))
}

/// Whether a word, or what is left of it without an "and" before it, is on the list of those that are no names.
fn no_part(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let lines = include_str!("words_ar.txt").lines().filter(|line| !line.starts_with('#'));
        lines.flat_map(str::split_whitespace).collect()
    });
    let parts = [Some(word), word.strip_prefix('و'), word.strip_prefix('ف'), word.strip_prefix('ب')];
    parts.into_iter().flatten().any(|word| WORDS.contains(word))
}

/// A title without what has grown onto it: "وللمريض" is "المريض".
fn bare(word: &str) -> &str {
    if TITLES.contains(&word) || KIN.contains(&word) {
        return word;
    }
    let word = word.strip_prefix('و').or_else(|| word.strip_prefix('ف')).unwrap_or(word);
    let word = word.strip_prefix('ب').or_else(|| word.strip_prefix('ك')).unwrap_or(word);
    // "للمريض" has lost a letter of its article.
    let of =
        |title: &&&str| title.strip_prefix("ال").is_some_and(|rest| word.strip_prefix("لل") == Some(rest));
    TITLES.iter().find(of).copied().unwrap_or(word)
}

/// A name of the list; with "and", "for" or "by" grown onto it.
fn known_or_grown(word: &str) -> bool {
    known(word) || ['و', 'ل', 'ب'].iter().any(|&front| word.strip_prefix(front).is_some_and(known))
}

/// Whether a word stands close enough behind a title: a dot, a slash or a colon may be between.
fn close(source: &Source<'_>, at: usize, title: &str) -> bool {
    let Some(gap) = source.word(at).map(|word| word.gap) else { return false };
    source.joined(at)
        || gap == Gap::Space
        || (gap == Gap::Stop && title == "د")
        // "المريضة، هدى علي، ..."; "الاسم: هدى علي".
        || gap == Gap::Comma
}

fn behind(source: &Source<'_>, from: usize, begins: &str) -> bool {
    from.checked_sub(2).is_some_and(|at| source.spelling(at).starts_with(begins))
}

fn is_definite(word: &str) -> bool {
    word.starts_with("ال") && word.chars().count() > 4
}

fn is_arabic(source: &Source<'_>, at: usize) -> bool {
    source.word(at).is_some_and(|word| word.arabic)
}

/// على is "on", علي is a name; read, they are the same, and many write the second for the first: "علي المدى".
fn is_on(source: &Source<'_>, at: usize) -> bool {
    let written = source.word(at).and_then(|word| source.narrative.get(word.span.clone()));
    let next = source.spelling(at + 1);
    written == Some("على")
        || (source.spelling(at) == "علي" && is_definite(next) && !next.ends_with('ي') && !known(next))
}
