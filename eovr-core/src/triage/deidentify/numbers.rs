//! Numbers that identify a person: file numbers and national numbers after their labels, telephone numbers after words
//! for calling, and all of them by their pattern.

use super::labels::{self, Label};
use super::lists::{self, Role};
use super::runs::{Run, is_amount};
use super::{Identifier, IdentifierKind, Source};
use crate::triage::text::Gap;

/// The maximum number of digits of a person's number.
const DIGITS: usize = 20;

/// The maximum number of words of a value.
const WORDS: usize = 8;

/// Values after a label: "MRN H-1234567", "IP No 12345/24", "NHS number 943 476 5919"; several where "and" or a comma
/// is between them: "files 445566 and 445567".
pub(super) fn labelled(source: &Source<'_>, found: &mut Vec<Identifier>) {
    let mut at = 0;
    while at < source.words().len() {
        let (mut end, digits) = value(source, at);
        let amount = |end: usize| source.word(end - 1).is_some_and(|last| is_amount(source, last.span.end));
        if let Some(kind) = grown(source.spelling(at)) {
            source.add(kind, at..at + 1, found);
            at += 1;
            continue;
        }
        let Some(Label::Of(kind, least)) = (digits > 0).then(|| labels::label(source, at)).flatten() else {
            at += 1;
            continue;
        };
        // "Patient 250000 units"; "MRN 445566 M.R. Smith".
        let bare = kind == IdentifierKind::FileNumber && least == 5;
        if digits < least || ((bare || digits < 6) && amount(end)) {
            at += 1;
            continue;
        }
        source.add(kind, at..end, found);
        loop {
            let and =
                matches!(source.spelling(end), "and" | "or" | "with" | "to" | "و" | "او" | "مع" | "الي");
            let next = end + usize::from(and);
            let (stop, more) = value(source, next);
            let gap = source
                .word(next)
                .is_some_and(|word| if and { word.gap == Gap::Space } else { word.gap == Gap::Comma });
            if !gap || more < 5.max(digits - 1) || amount(stop) {
                break;
            }
            source.add(kind, next..stop, found);
            end = stop;
        }
        at = end;
    }
}

/// The kind of a label that is joined to its number: "MRN701234".
fn grown(word: &str) -> Option<IdentifierKind> {
    let label = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let long = word.len() - label.len() >= 5 && label.len() >= 2;
    let kind = if lists::does(label, Role::FileAlone) {
        IdentifierKind::FileNumber
    } else if lists::does(label, Role::NationalAlone) {
        IdentifierKind::NationalId
    } else {
        return None;
    };
    long.then_some(kind)
}

/// The words that form one value from here, and their number of digits.
fn value(source: &Source<'_>, from: usize) -> (usize, usize) {
    let digits = |at: usize| source.spelling(at).bytes().filter(u8::is_ascii_digit).count();
    // Few letters next to the digits: "H1234567", but not "12Mar2024".
    let coded = |at: usize| {
        let word = source.spelling(at);
        !word.is_empty()
            && word.len() - digits(at) <= 4
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    // "Passport N 1234567".
    let letter = source.word(from).and_then(|word| source.narrative.get(word.span.clone()));
    let alone =
        letter.is_some_and(|word| word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_uppercase()));
    if alone && source.sign_before(from + 1) == Some(' ') && digits(from + 1) >= 5 && coded(from + 1) {
        return (from + 2, digits(from + 1));
    }
    if !coded(from) || (digits(from) == 0 && !(tight(source, from + 1) && digits(from + 1) > 0)) {
        return (from + 1, 0);
    }
    let mut count = digits(from);
    let mut at = from + 1;
    while count <= DIGITS && at < from + WORDS && tight(source, at) && coded(at) {
        count += digits(at);
        at += 1;
    }
    if at > from + 1 {
        return (at, count);
    }
    // Short groups of digits with single blanks between: "943 476 5919". The last digit of an Emirates ID is a group of
    // its own.
    let least = if source.spelling(from) == "784" { 1 } else { 2 };
    let group = |at: usize, longest: usize| {
        let word = source.spelling(at);
        (least..=longest).contains(&word.len()) && digits(at) == word.len()
    };
    while group(from, 4) && count < 16 && source.sign_before(at) == Some(' ') && group(at, 7) {
        let amount = source.word(at).is_some_and(|word| {
            is_amount(source, word.span.end)
                || source.narrative.get(word.span.end..).is_some_and(|rest| rest.starts_with([':', '/', '%']))
        });
        if amount {
            break;
        }
        count += digits(at);
        at += 1;
    }
    (at, count)
}

/// Whether exactly one character separates a word from the previous one.
fn tight(source: &Source<'_>, at: usize) -> bool {
    matches!(source.sign_before(at), Some('-' | '/' | '.' | '_'))
}

/// The kind of each run of digits, by the preceding words, then by its pattern.
pub(super) fn shaped(source: &Source<'_>, runs: &[Run], found: &mut Vec<Identifier>) {
    for run in runs {
        let (Some(first), Some(last)) = (run.groups.first(), run.groups.last()) else { continue };
        if let Some(kind) = kind(source, run) {
            let end = extension(source, last.span.end, kind);
            found.push(Identifier { kind, span: run.plus.unwrap_or(first.span.start)..end });
        }
    }
}

fn kind(source: &Source<'_>, run: &Run) -> Option<IdentifierKind> {
    let first = run.groups.first()?;
    let count: usize = run.groups.iter().map(super::runs::Group::len).sum();
    let lengths: Vec<usize> = run.groups.iter().map(super::runs::Group::len).collect();
    let start = source.at(first.span.start);
    if run.measured || labels::label(source, start) == Some(Label::Thing) || are_times(run) {
        return None;
    }
    // "call 66123456/77123456" contains two numbers.
    let several = run.groups.len() > 1 && lengths.iter().all(|&group| (7..=15).contains(&group));
    if let Some(least) = labels::phone(source, start)
        && (several || ((least..=15).contains(&count) && !is_decimal(run)))
    {
        return Some(IdentifierKind::Phone);
    }
    let spaced = run.groups.iter().any(|group| group.joint.is_some_and(|joint| joint.spaced));
    if spaced || is_decimal(run) {
        return None;
    }
    let plain = lengths.len() == 1;
    let starts = |fronts: &[&str]| fronts.iter().any(|front| first.digits.starts_with(front));
    // Egypt has 14 digits that begin with the century, Kuwait 12 likewise, Qatar 11, Saudi Arabia and others 10, the
    // Emirates 15 after 784; the United States use groups of 3-2-4.
    if (plain && matches!(count, 11 | 12 | 14) && starts(&["2", "3"]))
        || (plain && count == 10 && starts(&["1", "2"]))
        || (count == 15 && starts(&["784"]))
        || lengths == [3, 2, 4]
    {
        return Some(IdentifierKind::NationalId);
    }
    let phone = (9..=15).contains(&count) && (run.plus.is_some() || starts(&["0"]));
    // "212 555 0142", but not "150 000 000 000" or "36 37 38 39 40".
    let grouped = matches!(
        lengths.as_slice(),
        [3, 3, 4] | [1 | 2, 3, 3, 4] | [2..=4, 4, 4] | [4, 3, 3 | 4] | [3, 2, 3, 4] | [3, 1 | 2, 3, 2, 2]
    ) && !run.groups.iter().any(|group| group.is_joined_by('/') || group.value() % 1000 == 0);
    (phone || grouped).then_some(IdentifierKind::Phone)
}

/// "0.123456789".
fn is_decimal(run: &Run) -> bool {
    run.groups.len() == 2 && run.groups.iter().skip(1).all(|group| group.is_joined_by('.'))
}

/// "0800-1200-1600": times of day.
fn are_times(run: &Run) -> bool {
    let time =
        |group: &super::runs::Group| group.len() == 4 && group.value() < 2400 && group.value() % 100 < 60;
    run.groups.len() > 1 && run.groups.iter().all(time)
}

/// The end of a telephone number including its extension: "0100 123 4567 ext. 12".
fn extension(source: &Source<'_>, end: usize, kind: IdentifierKind) -> usize {
    let word = source.at(end);
    let named = matches!(source.spelling(word), "ext" | "extn" | "extension" | "x" | "تحويله" | "داخلي");
    let number = if named { word + 1 } else { word };
    let spelling = source.spelling(number);
    let (digits, glued) = spelling.strip_prefix('x').map_or((spelling, false), |digits| (digits, true));
    let close = source.word(word).is_some_and(|word| (end..=end + 3).contains(&word.span.start));
    let is = (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    match source.word(number).filter(|_| kind == IdentifierKind::Phone && close && is && (named || glued)) {
        Some(number) => number.span.end,
        None => end,
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;

    #[test]
    fn labels_announce_numbers() {
        check("Patient ID 7012345 fell", "Patient ID [file number] fell");
        check("Pt. no. 701234, MR# 701235", "Pt. no. [file number], MR# [file number]");
        check(
            "MRN701234, OP/701234, للمريض رقم 701234",
            "[file number], OP/[file number], للمريض رقم [file number]",
        );
        check("M.R.N. 701234; CR No. 20250067890", "M.R.N. [file number]; CR No. [file number]");
        check("IP No 70123/25 and MRN H-7012345", "IP No [file number] and MRN [file number]");
        check("files 701234, 701235 and 701236", "files [file number], [file number] and [file number]");
        check("Emirates ID 784 1990 7654321 2", "Emirates ID [national id]");
        check("QID 29563400123, CPR: 910512345", "QID [national id], CPR: [national id]");
        check("الرقم الطبي ٧٠١٢٣٤ والمريض رقم ۷۰۱۲۳۵", "الرقم الطبي [file number] والمريض رقم [file number]");
        check("MRN 7012 10 mg at 14:05", "MRN [file number] 10 mg at 14:05");
    }

    #[test]
    fn words_for_calling_announce_short_numbers() {
        check("Contact no. 66123456", "Contact no. [phone]");
        check("her son's number is 6612 3456, he", "her son's number is [phone], he");
        check("للتواصل ٦٦١٢٣٤٥٦ ورقم ابنها 66123457", "للتواصل [phone] ورقم ابنها [phone]");
        check("at 0111–222–3333 ext. 12 or ０１１１２２２３３３３", "at [phone] or [phone]");
        check("call 66123456/77123456, اتصلت على 66123456", "call [phone], اتصلت على [phone]");
        check("+974 6612 3456 / (02) 2777 8888", "[phone] / ([phone]");
    }

    #[test]
    fn amounts_and_numbers_of_things_stay() {
        for text in [
            "lot 70123456, serial no. 0123456789, S/N 70123456, تشغيلة رقم 70123456",
            "white cell count 12000000, platelets 120000, heparin 25000 units in 500 mL at 125 ml/h",
            "0800-1200-1600, 0.123456789, case 3 of 5, ward 12, room 1204, patient 2 of 3, C5-6, T10, 2-0 suture",
            "platelets 150 000 000 000, temperatures 36 37 38 39 40",
            "settings of 1/20/500/30/60 and 10-20-30 mg",
            "السرير رقم 12 في غرفة رقم 1204، ضغطه 110/70",
        ] {
            check(text, text);
        }
    }
}
