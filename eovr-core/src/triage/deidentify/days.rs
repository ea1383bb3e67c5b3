//! Dates in numbers: "12/03/2024", "2024-03-12T14:05", "20240312", and "12 3 1984" after a word for a date.
//!
//! Doses and measurements have the same shapes: "12/12 hourly", "BP 120/80", "1/2 tablet". Two numbers with a slash are
//! a date where both have two digits and no measurement is near, or where a word for a date precedes them.

use std::ops::Range;

use super::labels;
use super::lists::{self, Role};
use super::runs::{Group, Run, is_amount};
use super::{Identifier, IdentifierKind, Source};

/// Removes the dates from the runs and returns the rest.
pub(super) fn find(source: &Source<'_>, runs: Vec<Run>, found: &mut Vec<Identifier>) -> Vec<Run> {
    let mut rest = Vec::with_capacity(runs.len());
    for run in runs {
        let mut from = 0;
        let mut at = 0;
        while at < run.groups.len() {
            let Some(count) = day(source, &run, at) else {
                at += 1;
                continue;
            };
            let groups = run.groups.get(at..at + count).unwrap_or_default();
            if let (Some(first), Some(last)) = (groups.first(), groups.last()) {
                found.push(Identifier { kind: IdentifierKind::Date, span: first.span.start..last.span.end });
            }
            rest.extend(part(&run, from..at));
            at += count;
            from = at;
        }
        rest.extend(part(&run, from..run.groups.len()));
    }
    rest
}

/// A part of a run as a separate run.
fn part(run: &Run, groups: Range<usize>) -> Option<Run> {
    let part = run.groups.get(groups.clone()).filter(|part| !part.is_empty())?;
    Some(Run {
        groups: part.to_vec(),
        plus: run.plus.filter(|_| groups.start == 0),
        measured: run.measured && groups.end == run.groups.len(),
    })
}

/// The number of groups from here that form a date.
fn day(source: &Source<'_>, run: &Run, at: usize) -> Option<usize> {
    let group = |at: usize| run.groups.get(at);
    let first = group(at)?;
    let start = source.at(first.span.start);
    let measured = |count: usize| run.measured && at + count == run.groups.len();
    // The groups are separated from their neighbours, or joined to them by another character.
    let apart = |count: usize, mark: char| {
        !first.is_joined_by(mark) && !group(at + count).is_some_and(|next| next.is_joined_by(mark))
    };
    if let (Some(second), Some(third)) = (group(at + 1), group(at + 2))
        && let (Some(one), Some(other)) = (second.joint, third.joint)
        && one.mark == other.mark
        && is_day(first, second, third)
    {
        let mark = one.mark;
        let before = |reach, role| labels::before(source, start, reach, role);
        let cued = || before(3, Role::Birth) || before(2, Role::Day);
        let fits = match mark {
            ' ' => cued(),
            '/' => apart(3, mark),
            _ if !apart(3, mark) => false,
            // "policy 4.2.11".
            _ => {
                let version = third.len() == 2 && first.len() < 4;
                !(version && (before(2, Role::Thing) || before(1, Role::Measure)))
            }
        };
        if fits && !measured(3) {
            return Some(3);
        }
    }
    if let Some(second) = group(at + 1)
        && second.is_joined_by('/')
        && apart(2, '/')
        && !measured(2)
        && !is_amount(source, second.span.end)
        && is_day_and_month(first, second)
    {
        let cued = labels::before(source, start, 2, Role::Day);
        // "12/12" and "10/10" are more often an interval or a score.
        let whole = first.len() == 2
            && second.len() == 2
            && first.digits != second.digits
            && second.joint.is_some_and(|joint| !joint.spaced);
        let behind = source.spelling(source.at(second.span.end));
        let measure = labels::before(source, start, 3, Role::Measure) || lists::is(behind, Role::Measure);
        if cued || (whole && !measure) {
            return Some(2);
        }
    }
    let alone = first.joint.is_none_or(|joint| joint.mark == ' ')
        && group(at + 1).and_then(|next| next.joint).is_none_or(|joint| joint.mark == ' ');
    (alone && !measured(1) && is_written_together(source, first, start)).then_some(1)
}

/// Whether three numbers can be a date, with the year first or last.
fn is_day(first: &Group, second: &Group, third: &Group) -> bool {
    let short = |group: &Group| group.len() <= 2;
    if first.len() == 4 {
        return short(second)
            && short(third)
            && is_year(first.value())
            && fits(third.value(), second.value());
    }
    let year = third.len() == 2 || (third.len() == 4 && is_year(third.value()));
    short(first) && short(second) && year && fits(first.value(), second.value())
}

/// Whether the numbers can be a day and a month in either order.
fn fits(day: u64, month: u64) -> bool {
    let is = |day, month| (1..=31).contains(&day) && (1..=12).contains(&month);
    is(day, month) || is(month, day)
}

fn is_day_and_month(first: &Group, second: &Group) -> bool {
    first.len() <= 2
        && second.len() <= 2
        && (1..=31).contains(&first.value())
        && (1..=12).contains(&second.value())
}

/// Whether the number is a plausible year, Gregorian or Hijri.
pub(super) fn is_year(year: u64) -> bool {
    (1300..=1500).contains(&year) || (1880..=2100).contains(&year)
}

/// "20240312", and after "born" also "12031984" and "120384".
fn is_written_together(source: &Source<'_>, group: &Group, start: usize) -> bool {
    let number = |range: Range<usize>| group.digits.get(range).and_then(|digits| digits.parse::<u64>().ok());
    let birth = || labels::before(source, start, 3, Role::Birth);
    let cued = || birth() || labels::before(source, start, 2, Role::Day);
    match group.len() {
        8 => {
            let parts = (number(0..4), number(4..6), number(6..8));
            let year_first = matches!(parts, (Some(year), Some(month), Some(day))
                if (1900..=2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day));
            let parts = (number(0..2), number(2..4), number(4..8));
            let year_last =
                matches!(parts, (Some(day), Some(month), Some(year)) if fits(day, month) && is_year(year));
            (year_first && labels::label(source, start) != Some(labels::Label::Thing))
                || (year_last && cued())
        }
        6 => matches!((number(0..2), number(2..4)), (Some(day), Some(month)) if fits(day, month)) && birth(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;

    #[test]
    fn days_in_numbers() {
        check("on 07 / 11 / 2025 at 2025-11-07T09:30:00Z", "on [date] at [date]T09:30:00Z");
        check("07.11.2025-09:30, 7\\11\\2025, ٧/١١/٢٠٢٥, ۷‏/۱۱‏/۲۰۲۵", "[date]-09:30, [date], [date], [date]");
        check("20251107; DOB: 07111985, born 7 11 1985", "[date]; DOB: [date], born [date]");
        check("on 7/11 and on Monday 07/11", "on [date] and on Monday [date]");
        check("مواليد ٠٧١١١٩٨٥ يوم ٧/١١", "مواليد [date] يوم [date]");
    }

    #[test]
    fn measures_and_doses_stay() {
        for text in [
            "12/12 hourly, every 6/24, from 12/24 to 6/24, 3/7 course, 1/2 tablet, 10/12 old",
            "BP 110/10, power 05/05, pain 08/10, VA 06/12, dose 10/10, given 12/12, 12/12 rota, 03/12 ago",
            "lot 20251107, policy 4.2.11, version 1.2.10, 2025 and 1931, 10.5 2",
            "كل 12/12 ساعة، الجرعة 10/12، 1/2 قرص",
        ] {
            check(text, text);
        }
    }
}
