//! Arabic names. There are no capitals: what is a name the words around it say.
//!
//! A name begins with one of the list, behind a title or before another of the list. Behind a title it may also begin
//! and go on with words that are on no list, unless somebody gives something: in "أعطت الممرضة مورفين" what follows the
//! nurse is the drug. Behind "the patient" stands what became of the patient, so there a family's name has to follow.
//! Rather a rare name stays than that a report loses what happened.
//!
//! In "ابن المريضة محمود شهد السقوط" the name is the son's and the fall is what he saw: behind a relative of a patient
//! only what is surely a name goes on with one.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use super::Source;
use super::lists::{Role, does};
use super::names::known;
use crate::triage::text::Gap;

/// A name has at most so many parts.
const PARTS: usize = 4;

/// How many words from here on are a name that a title before it announces.
pub(super) fn titled(source: &Source<'_>, from: usize) -> usize {
    if !is_arabic(source, from) {
        return 0;
    }
    let Some(before) = from.checked_sub(1) else { return 0 };
    let title = bare(source.spelling(before));
    let kin = does(&title, Role::ArabicKin);
    let announced = does(&title, Role::ArabicTitle)
        || kin
        // "رئيسة التمريض", "ولي الأمر".
        || (title == "التمريض" && behind(source, from, "رييس"))
        || (matches!(&*title, "الامر" | "امره" | "امرها") && behind(source, from, "ولي"));
    if !announced || !close(source, from, &title) {
        return 0;
    }
    let first = source.spelling(from);
    let next = source.spelling(from + 1);
    // "شقيق السيد ناظم": the name begins behind the second title.
    if does(first, Role::ArabicTitle) && source.joined(from + 1) && (known(next) || may_go_on(next)) {
        return 0;
    }
    // Behind a comma or a colon a new thought may begin.
    let apart = source.word(from).is_some_and(|word| word.gap == Gap::Comma);
    let sure = kin || does(&title, Role::ArabicWeak);
    let alone = does(first, Role::Adjective) || (does(first, Role::Nation) && !does(&title, Role::Formal));
    let listed = known(first) && !is_verb(source, from) && (!alone || named_on(source, from + 1));
    let joint = does(first, Role::Joint) && named_on(source, from + 1);
    let free = !sure && !of_relative(source, before) && !gives(source, from);
    let begins = listed || joint || (!apart && !sure && may_begin(source, from, &title, free));
    let open = Open { first, free };
    if begins && !is_on(source, from) { 1 + more(source, from + 1, PARTS - 1, open) } else { 0 }
}

/// How many words from here on are a name that nothing announces: one of the list and another, or "أم أحمد".
pub(super) fn listed(source: &Source<'_>, from: usize) -> usize {
    let first = source.spelling(from);
    let next = source.spelling(from + 1);
    let title = does(first, Role::ArabicTitle);
    if !is_arabic(source, from) || title || is_on(source, from) || is_verb(source, from) {
        return 0;
    }
    let parts = [Some(first), first.strip_prefix('و'), first.strip_prefix('ل')];
    let parent = parts.into_iter().flatten().find(|word| matches!(*word, "ام" | "ابو" | "ابا" | "ابي"));
    let child = source.joined(from + 1) && is_arabic(source, from + 1);
    let named = known(next) && !is_on(source, from + 1);
    let housed = parent == Some("ابو") && is_definite(next) && !no_part(next);
    let of = parent.is_some() && child && (named || housed);
    let servant = first == "عبد" && (is_definite(next) || next == "الله");
    if !(of || known_or_grown(first) || servant) {
        return 0;
    }
    let open = Open { first: parent.unwrap_or(first), free: false };
    if of || servant || named_on(source, from + 1) { 1 + more(source, from + 1, PARTS - 1, open) } else { 0 }
}

/// Whether the title at a word is a patient's whose relative is meant: "ابن المريضة".
fn of_relative(source: &Source<'_>, title: usize) -> bool {
    let relative = title.checked_sub(1).map_or("", |at| source.spelling(at));
    let parts =
        [Some(relative), relative.strip_prefix('و'), relative.strip_prefix('ل'), relative.strip_prefix('ب')];
    parts.into_iter().flatten().any(|word| does(word, Role::Relative))
}

/// Whether a word that is also a name is a verb here: "شهد السقوط".
fn is_verb(source: &Source<'_>, at: usize) -> bool {
    let next = source.spelling(at + 1);
    let object = is_on(source, at + 1) || (is_definite(next) && !known(next) && !is_family(next));
    does(source.spelling(at), Role::VerbName) && object
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
        let after_joint = does(before, Role::Joint);
        let half = does(word, Role::SecondHalf);
        if does(word, Role::VerbName) && !after_joint {
            break;
        }
        let part = half
            || (after_joint && (known(word) || before == "عبد" || may_go_on(word)))
            || (does(word, Role::Joint) && may_be_owned(source, at + 1))
            || (!ended && !is_on(source, at) && goes_on(source, at, free));
        if !part || (does(word, Role::ArabicTitle) && !known(word)) {
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
    let followed = family_follows(source, at + 1) || joint_follows(source, at + 1);
    let guessed = may_go_on(word) && (followed || (free && !dosed(source, at + 1)));
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
    parts.into_iter().flatten().any(|verb| does(verb, Role::Giving))
}

/// Whether at this word a name goes on beyond doubt.
fn named_on(source: &Source<'_>, at: usize) -> bool {
    let word = source.spelling(at);
    let sure = (known(word) && !is_on(source, at))
        || is_family(word)
        || (does(word, Role::SecondHalf) && word != "الله")
        || (does(word, Role::Joint) && may_be_owned(source, at + 1));
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

/// Whether a word can stand behind "bin" or "bint": one of the list, which "علي" is, or what may be a name.
fn may_be_owned(source: &Source<'_>, at: usize) -> bool {
    let word = source.spelling(at);
    (known(word) && !is_on(source, at)) || may_go_on(word)
}

/// Whether a father's name follows: "محمدي أبو زيد". "ام" is also "or".
fn joint_follows(source: &Source<'_>, at: usize) -> bool {
    let word = source.spelling(at);
    does(word, Role::Joint) && word != "ام" && source.joined(at) && named_on(source, at)
}

/// Whether a word that is on no list of names may be the first of one behind a title.
fn may_begin(source: &Source<'_>, at: usize, title: &str, free: bool) -> bool {
    let word = source.spelling(at);
    if does(word, Role::ArabicTitle) || does(title, Role::Indefinite) || word.starts_with('و') {
        return false;
    }
    // "يعاني", "سعيدا".
    let verb = word.starts_with('ي') || (word.starts_with('ت') && word.chars().count() > 3);
    let manner = word.chars().count() > 4 && word.ends_with('ا');
    let usual = !is_definite(word) && !verb && !manner && may_go_on(word);
    let guessed = free && !does(title, Role::OfPatient) && !dosed(source, at + 1);
    (does(title, Role::Formal) && is_family(word)) || (usual && (guessed || family_follows(source, at + 1)))
}

/// Whether a word may be a part of a name: it is no word of the list, has no preposition grown onto it, and does
/// not end or begin as verbs and adverbs do.
fn may_go_on(word: &str) -> bool {
    let length = word.chars().count();
    let grown = ["بال", "و", "فال", "كال", "لل"].iter().any(|front| word.starts_with(front));
    let past = word.ends_with('ت') && !word.ends_with("ات") || word.ends_with("وا");
    let present =
        ["ين", "يت", "يس", "يع", "تت", "تست"].iter().any(|front| length > 3 && word.starts_with(front));
    let adverb = length > 3 && word.ends_with('ا');
    let owned =
        length > 4 && ["ها", "هم", "هما", "ته", "ني", "كم", "كن"].iter().any(|end| word.ends_with(end));
    (3..=12).contains(&length) && !(grown || past || present || adverb || owned || no_part(word))
}

/// Whether a word, or what is left of it without an "and" before it, is on the list of those that are no names.
pub(super) fn no_part(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let lines = include_str!("words_ar.txt").lines().filter(|line| !line.starts_with('#'));
        lines.flat_map(str::split_whitespace).collect()
    });
    let parts = [Some(word), word.strip_prefix('و'), word.strip_prefix('ف'), word.strip_prefix('ب')];
    parts.into_iter().flatten().any(|word| WORDS.contains(word))
}

/// A title without what has grown onto it: "وللمريض" is "المريض".
fn bare(word: &str) -> Cow<'_, str> {
    let title = |word: &str| does(word, Role::ArabicTitle) || does(word, Role::ArabicKin);
    if title(word) {
        return Cow::Borrowed(word);
    }
    let word = word.strip_prefix('و').or_else(|| word.strip_prefix('ف')).unwrap_or(word);
    // "للمريض" has lost a letter of its article.
    if let Some(rest) = word.strip_prefix("لل") {
        return Cow::Owned(format!("ال{rest}"));
    }
    if title(word) {
        return Cow::Borrowed(word);
    }
    Cow::Borrowed(word.strip_prefix(['ب', 'ك', 'ل']).unwrap_or(word))
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
        Gap::Stop => matches!(title, "د" | "ا" | "م"),
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
        || (source.spelling(at) == "علي"
            && is_definite(next)
            && (!next.ends_with('ي') || no_part(next))
            && !known(next))
}

#[cfg(test)]
mod tests {
    use super::super::check;

    #[test]
    fn a_name_ends_before_what_was_done() {
        check("ابن المريضة محمود شهد السقوط", "ابن المريضة [name] شهد السقوط");
        check("زوج المريضة خالد رأى الحادث", "زوج المريضة [name] رأى الحادث");
        check("المريض حسام تدحرج من السرير", "المريض [name] تدحرج من السرير");
        check("الطفلة شهد محمد بكت", "الطفلة [name] بكت");
        check("ابنها شهد السقوط والمريض شهد على ذلك", "ابنها شهد السقوط والمريض شهد على ذلك");
    }

    #[test]
    fn parents_relatives_and_houses() {
        check("أم خالد سقطت وأبو العينين حضر", "[name] سقطت و[name] حضر".replace("و[", "[").as_str());
        check("زوجته سعاد وأخوها كريم علي", "زوجته [name] وأخوها [name]");
        check("د. أحمد آل سعيد، المريضة هدى بنت علي", "د. [name]، المريضة [name]");
        check("شقيق السيد ناصر منصور", "شقيق السيد [name]");
        check("الألم أم النزيف، أم المريض رفضت", "الألم أم النزيف، أم المريض رفضت");
    }
}
