//! Numbers that stand for a person, e-mail addresses, and days.

use std::ops::Range;

use super::{Identifier, Kind, Source};

/// A run of digits with what may stand between them in a phone number or a date.
struct Run {
    span: Range<usize>,
    digits: String,
    /// The digits' groups, by their lengths.
    groups: Vec<usize>,
    separators: Vec<char>,
    plus: bool,
}

/// An `@` with something that can be an address on both sides.
pub(super) fn emails(narrative: &str, found: &mut Vec<Identifier>) {
    for (at, _) in narrative.match_indices('@') {
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '%');
        let before = narrative.get(..at).unwrap_or_default();
        let after = narrative.get(at + 1..).unwrap_or_default();
        let start = before.trim_end_matches(inside).len();
        let host = after.len() - after.trim_start_matches(inside).len();
        let host = after.get(..host).unwrap_or_default().trim_end_matches(['.', '-']);
        if start < at && host.split_once('.').is_some_and(|(name, top)| !name.is_empty() && top.len() > 1) {
            found.push(Identifier { kind: Kind::Email, span: start..at + 1 + host.len() });
        }
    }
}

pub(super) fn find(source: &Source<'_>, found: &mut Vec<Identifier>) {
    for run in runs(source.narrative) {
        let kind = kind(source, &run);
        if let Some(kind) = kind {
            found.push(Identifier { kind, span: run.span });
        }
    }
    coded(source, found);
    named_days(source, found);
}

/// What a run of digits is, by the words before it, then by its shape.
fn kind(source: &Source<'_>, run: &Run) -> Option<Kind> {
    let count = run.digits.len();
    if is_date(run) {
        return Some(Kind::Date);
    }
    let cue = cue(source, run.span.start);
    if (cue == Some(Kind::FileNumber) && count >= 4) || (cue == Some(Kind::NationalId) && count >= 6) {
        return cue;
    }
    if cue == Some(Kind::Phone) && (6..=15).contains(&count) {
        return cue;
    }
    let plain = run.groups.len() == 1;
    let starts = |fronts: &[&str]| fronts.iter().any(|front| run.digits.starts_with(front));
    // Egypt has 14 digits that begin with the century, Saudi Arabia and others 10, the Emirates 15 after 784;
    // the United States group by 3-2-4.
    if (plain && count == 14 && starts(&["2", "3"]))
        || (plain && count == 10 && starts(&["1", "2"]))
        || (count == 15 && starts(&["784"]))
        || run.groups == [3, 2, 4]
    {
        return Some(Kind::NationalId);
    }
    let phone = (9..=15).contains(&count) && (run.plus || starts(&["0"]));
    let grouped =
        (10..=12).contains(&count) && run.groups.len() >= 3 && run.groups.iter().all(|&group| group <= 4);
    (phone || grouped).then_some(Kind::Phone)
}

fn is_date(run: &Run) -> bool {
    let same = run.separators.windows(2).all(|pair| pair.first() == pair.last());
    let fits = matches!(run.separators.first(), Some('/' | '-' | '.'));
    let [first, second, third] = run.groups.as_slice() else {
        // 12/3: a day and a month, where a slash says so and the numbers can be both.
        return run.groups.len() == 2 && run.separators == ['/'] && day_and_month(run);
    };
    let year_last = *first <= 2 && *second <= 2 && matches!(*third, 2 | 4);
    let year_first = *first == 4 && *second <= 2 && *third <= 2;
    same && fits && (year_last || year_first)
}

fn day_and_month(run: &Run) -> bool {
    let [first, second] = run.groups.as_slice() else { return false };
    let number = |range: Range<usize>| run.digits.get(range).and_then(|digits| digits.parse::<u32>().ok());
    let (day, month) = (number(0..*first), number(*first..*first + *second));
    // "1/2 tablet" is a dose; so both have two digits here.
    (*first, *second) == (2, 2)
        && day.is_some_and(|day| (1..=31).contains(&day))
        && month.is_some_and(|month| (1..=12).contains(&month))
}

/// The kind that the words just before a number announce.
fn cue(source: &Source<'_>, start: usize) -> Option<Kind> {
    let until = source.words().partition_point(|word| word.span.end <= start);
    let before = |back: usize| until.checked_sub(back).map_or("", |at| source.spelling(at));
    let (first, second, third) = (before(1), before(2), before(3));
    let any = |cues: &[&str]| [first, second, third].iter().any(|word| cues.contains(word));
    let pair = |one: &[&str], other: &[&str]| any(one) && any(other);
    if any(&["mrn", "hn", "fileno", "uhid"])
        || pair(
            &["file", "record", "hospital", "chart", "folder", "episode", "visit"],
            &["no", "number", "num", "id"],
        )
        || pair(&["رقم"], &["الملف", "ملف", "ملفه", "ملفها", "الطبي", "الزياره", "المريض"])
        || any(&["ملف"])
    {
        return Some(Kind::FileNumber);
    }
    if any(&["ssn", "nid", "nin", "iqama", "passport", "الهويه", "هويه", "هويته", "الاقامه", "القومي", "قومي"])
        || pair(&["national", "nhs", "identity", "civil", "emirates"], &["id", "no", "number", "card"])
    {
        return Some(Kind::NationalId);
    }
    let phones = [
        "tel",
        "phone",
        "mobile",
        "cell",
        "call",
        "called",
        "ext",
        "bleep",
        "هاتف",
        "هاتفه",
        "تليفون",
        "جوال",
        "موبايل",
        "الهاتف",
        "الجوال",
        "تلفون",
        "واتساب",
        "whatsapp",
        "telephone",
    ];
    any(&phones).then_some(Kind::Phone)
}

/// A file number may have letters in it: "MRN AB-12345".
fn coded(source: &Source<'_>, found: &mut Vec<Identifier>) {
    for word in source.words() {
        let written = source.narrative.get(word.span.clone()).unwrap_or_default();
        let digits = written.chars().filter(char::is_ascii_digit).count();
        let letters = written.chars().filter(char::is_ascii_alphabetic).count();
        if digits >= 4 && (1..=4).contains(&letters) && digits + letters == written.len() {
            let cue = cue(source, word.span.start);
            if let Some(kind) = cue.filter(|&kind| kind != Kind::Phone) {
                found.push(Identifier { kind, span: word.span.clone() });
            }
        }
    }
}

const MONTHS: [&str; 72] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "يناير",
    "فبراير",
    "مارس",
    "ابريل",
    "مايو",
    "يونيو",
    "يوليو",
    "اغسطس",
    "سبتمبر",
    "اكتوبر",
    "نوفمبر",
    "ديسمبر",
    "كانون",
    "شباط",
    "اذار",
    "نيسان",
    "ايار",
    "حزيران",
    "تموز",
    "اب",
    "ايلول",
    "تشرين",
    "محرم",
    "صفر",
    "ربيع",
    "جمادي",
    "رجب",
    "شعبان",
    "رمضان",
    "شوال",
    "القعده",
    "الحجه",
    "جانفي",
    "فيفري",
    "افريل",
    "ماي",
    "جوان",
    "جويليه",
    "اوت",
    "غشت",
    "يونيه",
    "يوليه",
    "اغشت",
    "شتنبر",
    "نونبر",
    "دجنبر",
    "ماية",
    "janvier",
];

/// "12 March 2024", "March 12th, 2024", "12 مارس 2024".
fn named_days(source: &Source<'_>, found: &mut Vec<Identifier>) {
    for at in 0..source.words().len() {
        if !MONTHS.contains(&source.spelling(at)) {
            continue;
        }
        let before = at.checked_sub(1).filter(|&before| is_day(source.spelling(before)) && close(source, at));
        let mut end = at + 1;
        if before.is_none() {
            if !(is_day(source.spelling(end)) && close(source, end)) {
                continue;
            }
            end += 1;
        }
        if is_year(source.spelling(end)) {
            end += 1;
        }
        source.add(Kind::Date, before.unwrap_or(at)..end, found);
    }
}

fn close(source: &Source<'_>, at: usize) -> bool {
    let (Some(before), Some(word)) = (at.checked_sub(1).and_then(|at| source.word(at)), source.word(at))
    else {
        return false;
    };
    word.span.start - before.span.end <= 3
}

fn is_day(word: &str) -> bool {
    let number = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let ending = word.get(number.len()..).unwrap_or_default();
    matches!(ending, "" | "st" | "nd" | "rd" | "th")
        && number.parse::<u32>().is_ok_and(|day| (1..=31).contains(&day))
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.parse::<u32>().is_ok_and(|year| (1300..=2100).contains(&year))
}

/// Runs of digits, Arabic ones too, with single separators inside.
fn runs(narrative: &str) -> Vec<Run> {
    let mut found: Vec<Run> = Vec::new();
    let mut open: Option<Run> = None;
    let mut between: Option<char> = None;
    let mut before = ' ';
    // A digit inside a word is part of that word: "B12", "ward3".
    let mut in_word = false;
    for (at, c) in narrative.char_indices() {
        let digit = digit(c);
        in_word = digit.is_some() && (before.is_alphabetic() || in_word);
        match (digit, &mut open) {
            (Some(digit), Some(run)) => {
                match between.take() {
                    Some(separator) => {
                        run.separators.push(separator);
                        run.groups.push(1);
                    }
                    None => run.groups.last_mut().into_iter().for_each(|group| *group += 1),
                }
                run.digits.push(digit);
                run.span.end = at + c.len_utf8();
            }
            (Some(digit), None) if !in_word => {
                let plus = before == '+';
                let start = if plus { at - 1 } else { at };
                open = Some(Run {
                    span: start..at + c.len_utf8(),
                    digits: digit.to_string(),
                    groups: vec![1],
                    separators: Vec::new(),
                    plus,
                });
            }
            (None, Some(_)) if between.is_none() && matches!(c, ' ' | '-' | '/' | '.' | ')' | '\u{A0}') => {
                between = Some(c);
            }
            // ") " after an area code is one separator.
            (None, Some(_)) if between == Some(')') && c == ' ' => {}
            (None, Some(run)) => {
                // "26/10/2025م", "12/5/1446هـ": the era, and no unit as in "10-20-30ملغ".
                let next = narrative.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
                let alone = next.is_none_or(|next| next == '\u{640}' || !next.is_alphabetic());
                let era = matches!(c, 'م' | 'ه') && alone && run.separators.len() == 2;
                let unit = c.is_alphabetic() && between.is_none() && !era;
                found.extend(open.take().filter(|_| !unit));
                between = None;
            }
            _ => {}
        }
        before = c;
    }
    found.extend(open);
    found
}

fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '\u{660}'..='\u{669}' => char::from_digit(u32::from(c) - 0x660, 10),
        '\u{6F0}'..='\u{6F9}' => char::from_digit(u32::from(c) - 0x6F0, 10),
        _ => None,
    }
}
