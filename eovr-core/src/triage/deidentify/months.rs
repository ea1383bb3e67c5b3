//! Dates with the name of a month: "the 12th of March 2024", "Mar. 12, 2024", "12Mar2024", "الثاني عشر من مارس".
//!
//! "May", "march" and some Arabic months have other meanings, and "In March 12 falls were reported" contains a count. A
//! number after the month is therefore a date only with a year, an ordinal ending, a separator or a word for a date, or
//! where no unit or plural follows.

use super::days::is_year;
use super::labels;
use super::lists::{self, Role};
use super::{Identifier, IdentifierKind, Source, plain};
use crate::triage::text::Gap;

/// Months with two words: first and second word.
const PAIRS: [(&str, &[&str]); 7] = [
    ("كانون", &["الاول", "الثاني"]),
    ("تشرين", &["الاول", "الثاني"]),
    ("ربيع", &["الاول", "الاخر", "الثاني", "اول", "ثاني"]),
    ("جمادي", &["الاول", "الاولي", "الاخره", "الاخر", "الثاني", "الثانيه", "اول", "ثاني"]),
    ("ذو", &["القعده", "الحجه"]),
    ("ذي", &["القعده", "الحجه"]),
    ("محرم", &["الحرام"]),
];

pub(super) fn find(source: &Source<'_>, found: &mut Vec<Identifier>) {
    let mut at = 0;
    while at < source.words().len() {
        let end = together(source, at).or_else(|| around(source, at, found));
        at = end.unwrap_or(at + 1);
    }
    for at in 0..source.words().len() {
        // "يوم 12 شهر 3".
        if source.spelling(at) == "شهر"
            && let Some(day) = day_before(source, at).filter(|&day| labels::before(source, day, 1, Role::Day))
            && is_number(source.spelling(at + 1))
            && !source.word(at + 1).is_some_and(|month| super::runs::is_amount(source, month.span.end))
        {
            source.add(IdentifierKind::Date, day..at + 2, found);
        }
        if together(source, at).is_some() {
            source.add(IdentifierKind::Date, at..at + 1, found);
        }
    }
}

/// "12Mar2024", "12thMarch": a single word.
fn together(source: &Source<'_>, at: usize) -> Option<usize> {
    let word = source.spelling(at);
    let letters = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let day = word.get(..word.len() - letters.len())?;
    let month = letters.trim_end_matches(|c: char| c.is_ascii_digit());
    let year = letters.get(month.len()..)?;
    let months = |month: &str| is_month_name(month) && !lists::is(month, Role::Amount);
    let named = months(month)
        || ["st", "nd", "rd", "th"].iter().any(|ending| month.strip_prefix(ending).is_some_and(months));
    let dated = matches!(year.len(), 0 | 2) || is_year(year.parse().unwrap_or_default());
    (is_number(day) && named && dated).then_some(at + 1)
}

/// The date around a month at this word; returns its end.
fn around(source: &Source<'_>, at: usize, found: &mut Vec<Identifier>) -> Option<usize> {
    let length = month(source, at)?;
    let behind = at + length;
    if let Some(start) = day_before(source, at) {
        let (end, dated) = year(source, behind);
        let of = is_of(source.spelling(at - 1)) || source.spelling(at - 1) == "شهر";
        if dated || of || !is_other_word(source, at, length) {
            source.add(IdentifierKind::Date, start..end, found);
            return Some(end);
        }
    }
    let end = day_behind(source, at, behind)?;
    source.add(IdentifierKind::Date, at..end, found);
    Some(end)
}

/// The number of words from here that name a month; "آذار/مارس" names it twice.
fn month(source: &Source<'_>, at: usize) -> Option<usize> {
    let (word, second) = (source.spelling(at), source.spelling(at + 1));
    if PAIRS.iter().any(|(first, seconds)| *first == word && seconds.contains(&second)) {
        return Some(2);
    }
    // "بمارس".
    if !(is_month_name(word) || word.strip_prefix('ب').is_some_and(is_month_name)) {
        return None;
    }
    let twice = source.sign_before(at + 1) == Some('/') && is_month_name(second);
    Some(if twice { 2 } else { 1 })
}

fn is_month_name(word: &str) -> bool {
    lists::does(word, Role::Month)
}

/// Whether the month name here probably has another meaning, unless a year follows.
fn is_other_word(source: &Source<'_>, at: usize, length: usize) -> bool {
    let word = source.spelling(at);
    let written = source.word(at).and_then(|word| source.narrative.get(word.span.clone()));
    length == 1
        && lists::does(word, Role::DoubtfulMonth)
        && !written.is_some_and(|written| written.starts_with('آ'))
}

/// The start of a day before a month: "12", "the 12th of", "الثاني والعشرين من شهر".
fn day_before(source: &Source<'_>, month: usize) -> Option<usize> {
    if !near(source, month) {
        return None;
    }
    let mut at = month.checked_sub(1)?;
    while matches!(source.spelling(at), "of" | "day" | "من" | "شهر" | "لشهر") {
        at = at.checked_sub(1)?;
        if month - at > 3 || !near(source, at + 1) {
            return None;
        }
    }
    let word = source.spelling(at);
    let before = |word: &dyn Fn(&str) -> bool| {
        at.checked_sub(1).filter(|&before| near(source, at) && word(source.spelling(before)))
    };
    if is_day(word) {
        // "0.12 march": not the end of a decimal.
        let decimal = source.between(at).is_some_and(|between| matches!(between, "." | "٫"));
        return (!decimal).then_some(at);
    }
    if word.is_ascii() && lists::does(word, Role::Ordinal) {
        return Some(before(&|tens| matches!(tens, "twenty" | "thirty")).unwrap_or(at));
    }
    let ordinal = |word: &str| lists::does(word, Role::Ordinal);
    match word {
        "عشر" => before(&ordinal),
        "والعشرين" | "والعشرون" | "والثلاثين" | "والثلاثون" => {
            before(&ordinal)
        }
        _ if ordinal(word) => Some(at),
        _ => None,
    }
}

/// The end of a day after its month.
fn day_behind(source: &Source<'_>, month: usize, behind: usize) -> Option<usize> {
    let day = if source.spelling(behind) == "the" { behind + 1 } else { behind };
    let word = source.spelling(day);
    let spelled = word.is_ascii() && lists::does(word, Role::Ordinal);
    let near = (behind..=day).all(|at| near(source, at));
    if !near || !(is_day(word) || spelled) {
        return None;
    }
    let (end, dated) = year(source, day + 1);
    if dated || spelled || word.ends_with(|c: char| c.is_ascii_lowercase()) {
        return Some(end);
    }
    let next = source.spelling(day + 1);
    let ends = ends(source, day + 1);
    let range = source.between(day + 1).is_some_and(|between| matches!(between.trim(), "-" | "/" | "."));
    if range || source.word(day).is_some_and(|day| super::runs::is_amount(source, day.span.end)) {
        return None;
    }
    // "في مارس 5 حالات".
    if source.word(month).is_some_and(|word| word.arabic) {
        return ends.then_some(end);
    }
    let cued = month.checked_sub(1).is_some_and(|before| {
        matches!(
            source.spelling(before),
            "on" | "by" | "before" | "after" | "until" | "till" | "dated" | "from" | "to"
        ) || lists::is(source.spelling(before), Role::Day)
    });
    let plain = matches!(
        next,
        "the"
            | "a"
            | "an"
            | "he"
            | "she"
            | "we"
            | "i"
            | "it"
            | "they"
            | "his"
            | "her"
            | "in"
            | "at"
            | "and"
            | "was"
            | "were"
            | "is"
            | "has"
            | "had"
            | "this"
            | "during"
            | "when"
            | "with"
            | "by"
            | "but"
            | "to"
    );
    let word = source.spelling(month);
    // A question or a verb: "May 5 mg be given?", "march 12 miles".
    let doubtful = matches!(word, "may" | "march" | "mar" | "mai" | "mars")
        && (matches!(word, "may" | "mar") || !source.may_be_name(month));
    let counted = next.len() > 3 && next.ends_with('s');
    let since = month.checked_sub(1).is_some_and(|before| source.spelling(before) == "since");
    ((cued && !(since && counted)) || plain || ends || !(doubtful || counted)).then_some(end)
}

/// The end of a possible year here, and whether there is one: "2024", ", 2024", "'24", "لعام 2024".
fn year(source: &Source<'_>, at: usize) -> (usize, bool) {
    let of = matches!(source.spelling(at), "عام" | "لعام" | "سنه" | "لسنه" | "من" | "of");
    let place = at + usize::from(of);
    let word = source.spelling(place);
    let between = source.between(place).unwrap_or_default();
    let close = near(source, place) || between.trim() == ",";
    let four = word.len() == 4 && word.parse().is_ok_and(is_year);
    let two = word.len() == 2 && is_digits(word) && matches!(between, "-" | "/" | " '" | " ’" | ".");
    // "18 Jan 07."
    let last = two || (word.len() == 2 && is_digits(word) && between == " " && ends(source, place + 1));
    // "12 March 14:05".
    let glued = source.word(place).is_some_and(|word| {
        let rest = source.narrative.get(word.span.end..).unwrap_or_default();
        rest.strip_prefix([':', '/']).is_some_and(|rest| rest.starts_with(char::is_numeric))
    });
    // "12 March 1400 hours" is a time of day.
    let amount = source.word(place).is_some_and(|word| super::runs::is_amount(source, word.span.end));
    let dated = close && (four || (last && !of)) && !amount && !glued;
    (if dated { place + 1 } else { at }, dated)
}

/// Whether the sentence or the text ends before this word.
fn ends(source: &Source<'_>, at: usize) -> bool {
    source.word(at).is_none_or(|next| next.gap > Gap::Space)
}

/// Whether at most a comma, a dot, a hyphen or a slash separates a word from the previous one.
fn near(source: &Source<'_>, at: usize) -> bool {
    source.between(at).is_some_and(|between| {
        let signs = plain::read(between);
        signs.len() <= 3
            && signs.iter().all(|sign| matches!(sign.c, ' ' | '.' | ',' | '-' | '/' | '\'' | '’'))
    })
}

fn is_of(word: &str) -> bool {
    matches!(word, "of" | "من")
}

/// Whether a word is the number of a day, with or without an ending.
fn is_day(word: &str) -> bool {
    let number = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let ending = word.get(number.len()..).unwrap_or_default();
    matches!(ending, "" | "st" | "nd" | "rd" | "th") && is_number(number)
}

fn is_number(day: &str) -> bool {
    is_digits(day) && day.len() <= 2 && day.parse::<u32>().is_ok_and(|day| (1..=31).contains(&day))
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::redact;

    #[test]
    fn days_with_the_name_of_their_month() {
        for day in [
            "7th of November 2025",
            "7th of November",
            "7 Nov 2025",
            "7-Nov-25",
            "7Nov2025",
            "07NOV25",
            "November 7",
            "November the 7th, 2025",
            "Nov. 7, 2025",
            "seventh of November",
            "twenty-first of May",
            "May 7, 2025",
            "May 7th",
            "7 août 2025",
            "7 نوفمبر 2025",
            "٧ من نوفمبر",
            "السابع من نوفمبر ٢٠٢٥",
            "الحادي والعشرين من مايو",
            "الثاني عشر من شهر رمضان",
            "7 ذو القعدة 1446",
            "٣ جمادى الآخرة",
            "7 تشرين الثاني 2025",
            "7 آب",
            "7 غشت 2025",
            "7 جويلية",
            "7 آذار/مارس 2025",
            "۷ شباط",
            "7 محرم 1446",
            "7 مارس لعام 2025",
        ] {
            assert_eq!(redact(&format!("on {day} in the ward")), "on [date] in the ward", "{day}");
        }
        assert_eq!(redact("يوم 7 شهر 11 في القسم"), "يوم [date] في القسم");
    }

    #[test]
    fn months_that_are_other_words_and_counts_stay() {
        for text in [
            "May 5 mg be given?",
            "May 10 units be given? he may 3 times",
            "In March 12 falls were reported; since May 2 nurses resigned",
            "في مارس 5 حالات، وخلال رمضان 12 حالة، وحضر 2 محرم، والنتيجة 5 صفر",
        ] {
            assert_eq!(redact(text), text);
        }
    }
}
