//! Runs of digits: the groups of a number, and the separators between them.

use std::ops::Range;

use super::Source;
use super::lists::{self, Role};
use super::plain::Sign;

/// Adjacent digits.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) digits: String,
    /// Bytes of the original narrative.
    pub(super) span: Range<usize>,
    /// The separator before this group; `None` for the first.
    pub(super) joint: Option<Joint>,
}

impl Group {
    pub(super) fn len(&self) -> usize {
        self.digits.len()
    }

    pub(super) fn value(&self) -> u64 {
        self.digits.parse().unwrap_or(u64::MAX)
    }

    pub(super) fn is_joined_by(&self, mark: char) -> bool {
        self.joint.is_some_and(|joint| joint.mark == mark)
    }
}

/// The separator between two groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Joint {
    pub(super) mark: char,
    /// Whether blanks surround the mark.
    pub(super) spaced: bool,
}

/// Groups that may form one number or several.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) groups: Vec<Group>,
    /// The position of a plus, or of a bracket after one, at the start.
    pub(super) plus: Option<usize>,
    /// Whether a unit or a counting word follows: the last group is an amount.
    pub(super) measured: bool,
}

/// All runs of a narrative, in order.
pub(super) fn read(source: &Source<'_>) -> Vec<Run> {
    let signs = source.signs;
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(sign) = signs.get(at) {
        if sign.is_digit() {
            at = run(source, at, &mut runs);
        } else if sign.c.is_alphanumeric() {
            // A digit inside a word is a part of that word: "B12", "ward3".
            at += word_length(signs, at);
        } else {
            at += 1;
        }
    }
    runs
}

/// Reads the run that begins here and returns its end.
fn run(source: &Source<'_>, from: usize, runs: &mut Vec<Run>) -> usize {
    let signs = source.signs;
    let sign = |at: usize| signs.get(at).map(|sign| sign.c);
    let plus = [1, 2].iter().find_map(|back| {
        let at = from.checked_sub(*back)?;
        let between = sign(at + 1).is_some_and(|c| c.is_ascii_digit() || matches!(c, '(' | ' '));
        (between && sign(at) == Some('+')).then(|| signs.get(at).map(|sign| sign.span.start)).flatten()
    });
    let mut run = Run { groups: Vec::new(), plus, measured: false };
    let (mut at, mut joint) = (from, None);
    loop {
        let length = signs.get(at..).unwrap_or_default().iter().take_while(|sign| sign.is_digit()).count();
        let group = signs.get(at..at + length).unwrap_or_default();
        let (Some(first), Some(last)) = (group.first(), group.last()) else { break };
        let span = first.span.start..last.span.end;
        at += length;
        if is_glued(signs, at) {
            // "30mg", "12th": the digits are a part of a word.
            run.measured = joint.is_some_and(|joint: Joint| joint.mark != ' ');
            at += word_length(signs, at);
            break;
        }
        run.groups.push(Group { digits: group.iter().map(|sign| sign.c).collect(), span, joint });
        let Some((next, length)) = joint_at(signs, at) else { break };
        joint = Some(next);
        at += length;
    }
    if let Some(last) = run.groups.last()
        && is_amount(source, last.span.end)
    {
        run.measured = last.joint.is_none_or(|joint| joint.mark != ' ');
        if !run.measured {
            run.groups.pop();
        }
    }
    if !run.groups.is_empty() {
        runs.push(run);
    }
    at
}

/// Whether the following letters form a word with the digits. The era of an Arabic date, the time after an ISO date and
/// an extension do not.
fn is_glued(signs: &[Sign], at: usize) -> bool {
    let c = |at: usize| signs.get(at).map(|sign| sign.c);
    let Some(letter) = c(at).filter(|c| c.is_alphabetic()) else { return c(at) == Some('%') };
    let next = c(at + 1);
    let alone = next.is_none_or(|next| next == '\u{640}' || !next.is_alphabetic());
    let era = matches!(letter, 'م' | 'ه') && alone;
    let more = matches!(letter, 'T' | 't' | 'x' | 'X') && next.is_some_and(|next| next.is_ascii_digit());
    !(era || more)
}

fn word_length(signs: &[Sign], at: usize) -> usize {
    let rest = signs.get(at..).unwrap_or_default();
    rest.iter().take_while(|sign| sign.c.is_alphanumeric()).count().max(1)
}

/// The separator between the digits before and after a position, and its number of characters.
fn joint_at(signs: &[Sign], at: usize) -> Option<(Joint, usize)> {
    let c = |at: usize| signs.get(at).map_or('\n', |sign| sign.c);
    let blank = |at: usize| usize::from(c(at) == ' ');
    let before = blank(at);
    let mark = c(at + before);
    let joint =
        |mark, spaced, length| c(at + length).is_ascii_digit().then_some((Joint { mark, spaced }, length));
    match mark {
        // "+20 (10) 0123": brackets around an area code.
        '(' => joint(' ', false, before + 1),
        ')' => joint(' ', false, before + 1 + usize::from(matches!(c(at + before + 1), ' ' | '-'))),
        '-' | '/' | '.' | '_' => {
            let after = blank(at + before + 1);
            joint(mark, before + after > 0, before + 1 + after)
        }
        _ if before > 0 => joint(' ', false, 1),
        _ => None,
    }
}

/// Whether the text after a position shows that the preceding number is an amount.
pub(super) fn is_amount(source: &Source<'_>, end: usize) -> bool {
    let next = source.at(end);
    let Some(word) = source.word(next) else { return false };
    let between = source.narrative.get(end..word.span.start).unwrap_or_default();
    let apart = between.chars().all(|c| matches!(c, ' ' | '\u{A0}' | '-' | '.'));
    (apart && between.len() <= 2 && lists::is(source.spelling(next), Role::Amount))
        || between.starts_with(['%', '٪', '°'])
        || between.trim_start().starts_with(['%', '٪'])
}
