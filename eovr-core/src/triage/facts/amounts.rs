//! The ordered amount and the given amount.

use super::{Facts, Meaning, measure};
use crate::triage::cues::{Cue, Cues};
use crate::triage::measures::Measure;
use crate::triage::text::Gap;

pub(super) const MANIFOLD: Meaning = ("overdose", 4, "many times the amount that was ordered");
pub(super) const DOUBLE: Meaning = ("overdose", 3, "more than the amount that was ordered");

/// The ratio of given to ordered from which an overdose is manifold (`MANY`), or an overdose at all (`MORE`).
const MANY: f64 = 4.0;
const MORE: f64 = 1.9;
/// The greatest number of words between a cue ("ordered", "given") and its amount.
const REACH: usize = 6;
/// The greatest number of words between two amounts with "instead of" between them.
const APART: usize = 5;
/// The words behind an amount that do not name a medicine.
const CONNECTS: [&str; 14] =
    ["was", "were", "is", "to", "by", "at", "in", "iv", "po", "sc", "im", "stat", "then", "over"];

#[derive(Clone, Copy)]
struct Amount<'r> {
    value: f64,
    /// Empty if the text names no unit.
    unit: &'r str,
    /// The word behind the amount, such as the medicine; empty if none follows.
    of: &'r str,
    given: Option<bool>,
    at: usize,
    end: usize,
}

pub(super) fn find(facts: Facts<'_>) -> Option<Measure> {
    let amounts = amounts(facts);
    amounts.iter().enumerate().find_map(|(place, first)| {
        let second = amounts.get(place + 1)?;
        let same = first.unit == second.unit || first.unit.is_empty() || second.unit.is_empty();
        let told = !(first.unit.is_empty() && second.unit.is_empty());
        let same = same && (first.of == second.of || first.of.is_empty() || second.of.is_empty());
        if !(same && told && first.value > 0.0 && second.value > 0.0) {
            return None;
        }
        let instead =
            second.at - first.end <= APART && (first.end..second.at).any(|at| facts.shows(at, Cue::Instead));
        let (ordered, given) = match (first.given, second.given) {
            _ if instead => (second, first),
            (Some(false), Some(true)) => (first, second),
            (Some(true), Some(false)) => (second, first),
            _ => return None,
        };
        let times = given.value / ordered.value;
        let meaning = if times >= MANY {
            MANIFOLD
        } else if times >= MORE {
            DOUBLE
        } else {
            return None;
        };
        Some(measure(meaning, given.at..given.end))
    })
}

/// The amounts of a text, each marked as ordered, given or unknown.
fn amounts(facts: Facts<'_>) -> Vec<Amount<'_>> {
    let mut amounts: Vec<Amount<'_>> = Vec::new();
    let (mut said, mut since) = (None, 0);
    let mut at = 0;
    while at < facts.len() {
        since += 1;
        if facts.shows(at, Cue::Given) {
            (said, since) = (Some(true), 0);
        } else if facts.shows(at, Cue::Ordered) {
            (said, since) = (Some(false), 0);
        }
        let Some((value, end)) = facts.number(at).filter(|_| !is_of_time(facts, at)) else {
            at += 1;
            continue;
        };
        let unit = unit(facts, at, end);
        let end = if unit.is_empty() || grown(facts, at).is_some() { end } else { end + 1 };
        let timed = facts.shows(end, Cue::Time) || facts.between(end).starts_with(['%', '٪', '/']);
        // "50 units were given"
        let behind = (end..end + 3)
            .take_while(|&at| facts.gap(at) < Gap::Comma && facts.number(at).is_none())
            .find_map(|at| {
                let given = facts.shows(at, Cue::Given);
                (given || facts.shows(at, Cue::Ordered)).then_some(given)
            });
        let given = said.take().filter(|_| since <= REACH).or(behind);
        if !timed {
            amounts.push(Amount { value, unit, of: of(facts, end), given, at, end });
        }
        at = end;
    }
    amounts
}

/// What an amount is of: "5 mg of morphine".
fn of<'r>(facts: Facts<'r>, end: usize) -> &'r str {
    let at = if facts.spelling(end) == "of" { end + 1 } else { end };
    let names = facts.gap(at) == Gap::Space
        && facts.word(at).is_some_and(|word| !word.arabic)
        && facts.cues.get(at).is_some_and(|cues| *cues == Cues::default() || cues.has(Cue::Donor))
        && !CONNECTS.contains(&facts.spelling(at));
    if names { facts.spelling(at) } else { "" }
}

/// The unit after a number, or attached to it.
fn unit<'r>(facts: Facts<'r>, at: usize, end: usize) -> &'r str {
    if let Some(grown) = grown(facts, at) {
        return grown;
    }
    let unit =
        if facts.gap(end) < Gap::Comma && facts.shows(end, Cue::Dose) { facts.spelling(end) } else { "" };
    // One unit, two units.
    unit.strip_suffix('s').filter(|one| one.len() > 1).unwrap_or(unit)
}

fn grown<'r>(facts: Facts<'r>, at: usize) -> Option<&'r str> {
    let spelling = facts.spelling(at);
    let grown = spelling.trim_start_matches(|c: char| c.is_ascii_digit());
    (grown.len() < spelling.len() && !grown.is_empty()).then(|| grown.strip_suffix('s').unwrap_or(grown))
}

/// Whether a number is a time, a date, a bed or a year.
fn is_of_time(facts: Facts<'_>, at: usize) -> bool {
    let clock = |at: usize| matches!(facts.between(at), ":" | "/");
    let before = at.checked_sub(1);
    clock(at)
        || clock(at + 1)
        || before.is_some_and(|before| {
            facts.shows(before, Cue::Person)
                || matches!(facts.spelling(before), "at" | "ward" | "day" | "الساعه")
        })
}
