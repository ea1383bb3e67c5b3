//! Arabic names. Arabic has no capitals, so the surrounding words decide what is a name.
//!
//! A name begins with a listed name, either after a title or before another listed name. After a title it may also
//! begin and continue with unlisted words, unless the sentence is about giving something: in "أعطت الممرضة مورفين" the
//! word after the nurse is the drug. The words after "the patient" usually say what happened to the patient, so there a
//! family name must follow. It is better to miss a rare name than to remove the event from a report.
//!
//! In "ابن المريضة محمود شهد السقوط" the name belongs to the son, and the fall is what he saw: after a patient's
//! relative only a certain name continues a name.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use super::Source;
use super::lists::{Role, does};
use super::names::known;
use crate::triage::text::Gap;

/// The maximum number of parts of a name.
const PARTS: usize = 4;

/// The number of words from here that are a name announced by a title.
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
    // "شقيق السيد ناظم": the name begins after the second title.
    if does(first, Role::ArabicTitle) && source.joined(from + 1) && (known(next) || may_go_on(next)) {
        return 0;
    }
    // After a comma or a colon a new clause may begin.
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

/// The number of words from here that are a name without a title: two listed names, or "أم أحمد".
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

/// Whether the title here belongs to a patient whose relative is meant: "ابن المريضة".
fn of_relative(source: &Source<'_>, title: usize) -> bool {
    let relative = title.checked_sub(1).map_or("", |at| source.spelling(at));
    let parts =
        [Some(relative), relative.strip_prefix('و'), relative.strip_prefix('ل'), relative.strip_prefix('ب')];
    parts.into_iter().flatten().any(|word| does(word, Role::Relative))
}

/// Whether a word that can be a name is a verb here: "شهد السقوط".
fn is_verb(source: &Source<'_>, at: usize) -> bool {
    let next = source.spelling(at + 1);
    let object = is_on(source, at + 1) || (is_definite(next) && !known(next) && !is_family(next));
    does(source.spelling(at), Role::VerbName) && object
}

/// The beginning of a name: its first word, and whether unlisted words may continue it.
struct Open<'a> {
    first: &'a str,
    free: bool,
}

/// The number of following words that belong to the name. A word with the article is the family name, and the last
/// part.
fn more(source: &Source<'_>, from: usize, most: usize, Open { first, free }: Open<'_>) -> usize {
    let mut at = from;
    let mut before = first;
    // "د. القحطاني" is complete.
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

/// Whether a word continues a name: a listed name, a family name, or a particle before one.
fn goes_on(source: &Source<'_>, at: usize, free: bool) -> bool {
    let word = source.spelling(at);
    let followed = family_follows(source, at + 1) || joint_follows(source, at + 1);
    let guessed = may_go_on(word) && (followed || (free && !dosed(source, at + 1)));
    known(word) || is_family(word) || guessed
}

/// Whether a number follows: then the preceding word is a drug, a device or a room.
fn dosed(source: &Source<'_>, at: usize) -> bool {
    source.spelling(at).starts_with(|c: char| c.is_ascii_digit())
}

/// Whether the word before the title is a verb of giving.
fn gives(source: &Source<'_>, from: usize) -> bool {
    let verb = from.checked_sub(2).map_or("", |at| source.spelling(at));
    let parts = [Some(verb), verb.strip_prefix('و'), verb.strip_prefix('ف')];
    parts.into_iter().flatten().any(|verb| does(verb, Role::Giving))
}

/// Whether a name certainly continues at this word.
fn named_on(source: &Source<'_>, at: usize) -> bool {
    let word = source.spelling(at);
    let sure = (known(word) && !is_on(source, at))
        || is_family(word)
        || (does(word, Role::SecondHalf) && word != "الله")
        || (does(word, Role::Joint) && may_be_owned(source, at + 1));
    source.joined(at) && is_arabic(source, at) && sure
}

/// Whether a word is a family name: it has the article and the ending of a place or a tribe.
fn is_family(word: &str) -> bool {
    is_definite(word) && word.ends_with('ي') && !no_part(word)
}

fn family_follows(source: &Source<'_>, at: usize) -> bool {
    let word = source.spelling(at);
    source.joined(at)
        && is_arabic(source, at)
        && (is_family(word) || word == "ال" || (is_definite(word) && known(word)))
}

/// Whether a word can follow "bin" or "bint": a listed name, including "علي", or a possible name.
fn may_be_owned(source: &Source<'_>, at: usize) -> bool {
    let word = source.spelling(at);
    (known(word) && !is_on(source, at)) || may_go_on(word)
}

/// Whether a father's name follows: "محمدي أبو زيد". "ام" also means "or".
fn joint_follows(source: &Source<'_>, at: usize) -> bool {
    let word = source.spelling(at);
    does(word, Role::Joint) && word != "ام" && source.joined(at) && named_on(source, at)
}

/// Whether an unlisted word can be the first part of a name after a title.
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

/// Whether a word can be a part of a name: it is not a listed non-name, has no prefixed preposition, and does not have
/// the beginning or ending of a verb or an adverb.
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

/// Whether a word, with or without a prefixed "and", is a listed non-name.
pub(super) fn no_part(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let lines = include_str!("words_ar.txt").lines().filter(|line| !line.starts_with('#'));
        lines.flat_map(str::split_whitespace).collect()
    });
    let parts = [Some(word), word.strip_prefix('و'), word.strip_prefix('ف'), word.strip_prefix('ب')];
    parts.into_iter().flatten().any(|word| WORDS.contains(word))
}

/// A title without its prefixes: "وللمريض" becomes "المريض".
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

/// Whether a word is a listed name, with or without a prefixed "and", "for" or "by".
fn known_or_grown(word: &str) -> bool {
    known(word) || ['و', 'ل', 'ب'].iter().any(|&front| word.strip_prefix(front).is_some_and(known))
}

/// Whether a word is close enough to a title: a comma or a colon may be between them, and a dot after "د".
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

/// على means "on", علي is a name; their folded spelling is the same, and many writers confuse them: "علي المدى".
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
