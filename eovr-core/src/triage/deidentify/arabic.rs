//! Arabic names. There are no capitals: what is a name the words around it say.
//!
//! A name begins with one of the list, behind a title or before another of the list. Behind a title it may also begin
//! and go on with words that are on no list, unless somebody gives something: in "أعطت الممرضة مورفين" what follows the
//! nurse is the drug. Behind "the patient" stands what became of the patient, so there a family's name has to follow.
//! Rather a rare name stays than that a report loses what happened.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::Source;
use super::names::known;
use crate::triage::text::Gap;

/// Behind these a name follows, and sometimes what somebody is: "الطبيب المناوب".
const TITLES: [&str; 50] = [
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

/// Of these it is mostly said what became of them.
const PATIENTS: [&str; 4] = ["المريض", "المريضه", "الطفل", "الطفله"];

/// Who does this does it with something, which is named next: no name behind a title is guessed then.
const GIVING: [&str; 40] = [
    "اعطي",
    "اعطت",
    "يعطي",
    "تعطي",
    "وصف",
    "وصفت",
    "يصف",
    "صرف",
    "صرفت",
    "حقن",
    "حقنت",
    "ناول",
    "ناولت",
    "امر",
    "امرت",
    "كتب",
    "كتبت",
    "طلب",
    "طلبت",
    "جهز",
    "جهزت",
    "اخذ",
    "اخذت",
    "تناول",
    "تناولت",
    "تلقي",
    "تلقت",
    "احضر",
    "احضرت",
    "علق",
    "علقت",
    "سحب",
    "سحبت",
    "اوقف",
    "اوقفت",
    "بدا",
    "بدات",
    "زاد",
    "زادت",
    "استخدم",
];

/// Names that are also adjectives: without another part of a name they are taken for that.
const ADJECTIVES: [&str; 14] = [
    "سعيد",
    "سالم",
    "كريم",
    "سليم",
    "راشد",
    "عادل",
    "هادي",
    "هاديه",
    "نادر",
    "جميل",
    "جميله",
    "كامل",
    "عزيز",
    "عزيزه",
];

/// What joins the parts of a name.
const JOINTS: [&str; 7] = ["بن", "بنت", "ابن", "ابو", "ام", "عبد", "ال"];

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
    // Behind a comma or a colon a new thought may begin.
    let apart = source.word(from).is_some_and(|word| word.gap == Gap::Comma);
    let listed = known(first) && (!ADJECTIVES.contains(&first) || named_on(source, from + 1));
    let joint = JOINTS.contains(&first) && named_on(source, from + 1);
    let free = !kin && !gives(source, from);
    let begins = listed || joint || (!apart && !kin && may_begin(source, from, title, free));
    let open = Open { first, free };
    if begins && !is_on(source, from) { 1 + more(source, from + 1, PARTS - 1, open) } else { 0 }
}

/// How many words from here on are a name that nothing announces: one of the list and another.
pub(super) fn listed(source: &Source<'_>, from: usize) -> usize {
    let first = source.spelling(from);
    let next = source.spelling(from + 1);
    let servant = first == "عبد" && is_definite(next);
    if !is_arabic(source, from) || is_on(source, from) || !(known_or_grown(first) || servant) {
        return 0;
    }
    let open = Open { first, free: false };
    if servant || named_on(source, from + 1) { 1 + more(source, from + 1, PARTS - 1, open) } else { 0 }
}

/// A name whose end is looked for: its first word, and whether words of no list may belong to it.
struct Open<'a> {
    first: &'a str,
    free: bool,
}

/// How many of the next words belong to the name as well. With the article a part is the family's, and the last.
fn more(source: &Source<'_>, from: usize, most: usize, Open { first, free }: Open<'_>) -> usize {
    let mut at = from;
    let mut before = first;
    // "د. القحطاني" is whole.
    let mut ended = is_definite(first) && !known(first);
    while at < from + most && source.joined(at) && is_arabic(source, at) {
        let word = source.spelling(at);
        let after_joint = JOINTS.contains(&before);
        let half = SECOND_HALVES.contains(&word);
        let part = half
            || (after_joint && (known(word) || before == "عبد" || may_go_on(word)))
            || (JOINTS.contains(&word) && may_go_on(source.spelling(at + 1)))
            || (!ended && !is_on(source, at) && goes_on(source, at, free));
        if !part || (TITLES.contains(&word) && !known(word)) {
            break;
        }
        ended |= is_definite(word) && !half && before != "عبد" || before == "ال";
        before = word;
        at += 1;
    }
    at - from
}

/// Whether a word is a further part of a name: one of the list, a family's name, or what stands before one.
fn goes_on(source: &Source<'_>, at: usize, free: bool) -> bool {
    let word = source.spelling(at);
    let guessed = may_go_on(word) && (family_follows(source, at + 1) || (free && !dosed(source, at + 1)));
    known(word) || is_family(word) || guessed
}

/// Whether a number stands here: what is before it is a drug, a device or a room.
fn dosed(source: &Source<'_>, at: usize) -> bool {
    source.spelling(at).starts_with(|c: char| c.is_ascii_digit())
}

/// Whether somebody gives something, by the word before the title that stands before this one.
fn gives(source: &Source<'_>, from: usize) -> bool {
    let verb = from.checked_sub(2).map_or("", |at| source.spelling(at));
    let parts = [Some(verb), verb.strip_prefix('و'), verb.strip_prefix('ف')];
    parts.into_iter().flatten().any(|verb| GIVING.contains(&verb))
}

/// Whether at this word a name goes on beyond doubt.
fn named_on(source: &Source<'_>, at: usize) -> bool {
    let word = source.spelling(at);
    let sure = (known(word) && !is_on(source, at))
        || is_family(word)
        || (SECOND_HALVES.contains(&word) && word != "الله")
        || (JOINTS.contains(&word) && may_go_on(source.spelling(at + 1)));
    source.joined(at) && is_arabic(source, at) && sure
}

/// A family's name: it has the article, and the ending of a place or a tribe.
fn is_family(word: &str) -> bool {
    is_definite(word) && word.ends_with('ي') && !no_part(word)
}

fn family_follows(source: &Source<'_>, at: usize) -> bool {
    let word = source.spelling(at);
    source.joined(at)
        && is_arabic(source, at)
        && (is_family(word) || word == "ال" || (is_definite(word) && known(word)))
}

/// Whether a word that is on no list of names may be the first of one behind a title.
fn may_begin(source: &Source<'_>, at: usize, title: &str, free: bool) -> bool {
    let word = source.spelling(at);
    if TITLES.contains(&word) || INDEFINITE.contains(&title) || word.starts_with('و') {
        return false;
    }
    // "يعاني", "سعيدا".
    let verb = word.starts_with('ي') || (word.starts_with('ت') && word.chars().count() > 3);
    let manner = word.chars().count() > 4 && word.ends_with('ا');
    let usual = !is_definite(word) && !verb && !manner && may_go_on(word);
    let guessed = free && !PATIENTS.contains(&title) && !dosed(source, at + 1);
    (FORMAL.contains(&title) && is_family(word)) || (usual && (guessed || family_follows(source, at + 1)))
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

/// Whether a word stands close enough behind a title: a comma or a colon may be between, and a dot behind "د".
fn close(source: &Source<'_>, at: usize, title: &str) -> bool {
    // "المريضة، هدى علي، ..."; "الاسم: هدى علي".
    source.word(at).is_some_and(|word| match word.gap {
        Gap::Space | Gap::Comma => true,
        Gap::Stop => title == "د",
        Gap::Line => false,
    })
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
