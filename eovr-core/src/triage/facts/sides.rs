//! The planned side and the operated side.

use super::{Facts, Meaning, measure};
use crate::triage::cues::{Cue, Cues};
use crate::triage::measures::Measure;
use crate::triage::text::Gap;

pub(super) const MEANING: Meaning = ("wrong_site", 4, "done at another side than planned");

/// The greatest number of words between a side and its verb: "the left hip was then opened".
const BEHIND: usize = 5;
/// The greatest number of words between a side and its body part: "left upper leg".
const PART: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Planned,
    Done,
}

/// A side, or a level of the spine.
struct Side<'r> {
    /// Left, right, or the level: `l4`.
    value: &'r str,
    level: bool,
    state: Option<State>,
    /// The body part, if the text names it.
    part: Option<&'r str>,
    at: usize,
}

/// Finds a side that was operated although another side was planned. The text must plan nothing for the first side and
/// report nothing done at the second.
pub(super) fn find(facts: Facts<'_>) -> Option<Measure> {
    let sides = sides(facts);
    let told =
        |state: State, value: &str| sides.iter().any(|side| side.state == Some(state) && side.value == value);
    let all = |state: State| sides.iter().filter(move |side| side.state == Some(state));
    if facts.cues.iter().any(|cues| cues.has(Cue::Bilateral)) {
        return None;
    }
    let fits = |planned: &Side<'_>, done: &Side<'_>| {
        let same = planned.part.zip(done.part).is_none_or(|(planned, done)| alike(planned, done));
        planned.level == done.level
            && same
            && planned.value != done.value
            && !told(State::Done, planned.value)
    };
    let wrong = |done: &&Side<'_>| {
        !told(State::Planned, done.value) && all(State::Planned).any(|planned| fits(planned, done))
    };
    all(State::Done).find(wrong).map(|done| measure(MEANING, done.at..done.at + 1))
}

/// Whether two words are the same without their attached letters (Arabic).
fn alike(one: &str, other: &str) -> bool {
    let bare = |word: &'_ str| word.rfind("ال").filter(|_| !word.is_ascii()).map_or(0, |at| at + "ال".len());
    let (one, other) =
        (one.get(bare(one)..).unwrap_or_default(), other.get(bare(other)..).unwrap_or_default());
    one.ends_with(other) || other.ends_with(one)
}

/// The sides of a text, each with its state and body part from the words near it.
fn sides(facts: Facts<'_>) -> Vec<Side<'_>> {
    let mut sides: Vec<Side<'_>> = Vec::new();
    // The state from the last cue in this clause, or in an earlier clause of the sentence.
    let (mut state, mut undone, mut old, mut part) = (None, false, false, None);
    for at in 0..facts.len() {
        if facts.gap(at) >= Gap::Comma || splits(facts, at) {
            (undone, old) = (false, false);
            if facts.gap(at) == Gap::Stop {
                (state, part) = (None, None);
            }
        }
        undone |= facts.shows(at, Cue::Undone);
        old |= facts.shows(at, Cue::Old);
        if facts.shows(at, Cue::Part) {
            part = Some(facts.spelling(at));
        }
        let Some(value) = value(facts, at) else {
            state = cue(facts, at).or(state);
            continue;
        };
        let behind = behind(facts, at);
        let late = clause(facts, at)
            .take(BEHIND)
            .any(|at| facts.shows(at, Cue::Undone) || facts.shows(at, Cue::Old));
        let own = clause(facts, at).take(PART).find(|&at| facts.shows(at, Cue::Part));
        let state = behind.or(state).filter(|state| *state == State::Planned || !(undone || old || late));
        let level = !matches!(value, "left" | "right");
        // "The line in the right jugular" is about another part than the planned one.
        let state = state.filter(|_| level || own.is_some() || !names_a_thing(facts, at));
        let part = own.map(|at| facts.spelling(at)).or(part).filter(|_| !level);
        sides.push(Side { value, level, state, part, at });
    }
    sides
}

/// The side or the spinal level that a word names.
fn value<'r>(facts: Facts<'r>, at: usize) -> Option<&'r str> {
    let side = match (facts.shows(at, Cue::Left), facts.shows(at, Cue::Right)) {
        (true, false) => Some("left"),
        (false, true) => Some("right"),
        _ => None,
    };
    side.filter(|_| is_side(facts, at)).or_else(|| {
        // "L4/5"
        let spelling = facts.spelling(at);
        let digit = spelling.strip_prefix(['l', 'c', 't'])?;
        let digits =
            |word: &str| !word.is_empty() && word.len() < 3 && word.bytes().all(|byte| byte.is_ascii_digit());
        let pair = digits(digit) && facts.between(at + 1) == "/" && digits(facts.spelling(at + 1));
        pair.then_some(spelling)
    })
}

fn cue(facts: Facts<'_>, at: usize) -> Option<State> {
    // The body part ركبة (knee) looks like the verb ركب (inserted).
    if facts.shows(at, Cue::Part) {
        return None;
    }
    if facts.shows(at, Cue::Done) {
        Some(State::Done)
    } else {
        facts.shows(at, Cue::Plan).then_some(State::Planned)
    }
}

/// The words after a word, up to the end of its clause.
fn clause(facts: Facts<'_>, at: usize) -> impl Iterator<Item = usize> {
    (at + 1..facts.len()).take_while(move |&at| facts.gap(at) < Gap::Comma && !splits(facts, at))
}

/// Whether a new statement begins: with a separate word, or with an "and" attached to the verb (Arabic).
fn splits(facts: Facts<'_>, at: usize) -> bool {
    facts.shows(at, Cue::Split) || facts.spelling(at).starts_with('و') && cue(facts, at).is_some()
}

/// Whether a word that is no cue follows a side: "right jugular", "left forehead".
fn names_a_thing(facts: Facts<'_>, at: usize) -> bool {
    const CONNECTS: [&str; 12] =
        ["was", "were", "is", "one", "by", "instead", "first", "then", "when", "at", "so", "not"];
    let next = at + 1;
    facts.gap(next) == Gap::Space
        && facts.word(next).is_some_and(|word| !word.arabic)
        && facts.cues.get(next).is_some_and(|cues| *cues == Cues::default())
        && !CONNECTS.contains(&facts.spelling(next))
}

/// The state that the words after a side give it, before the next side.
fn behind(facts: Facts<'_>, at: usize) -> Option<State> {
    clause(facts, at).take(BEHIND).take_while(|&at| value(facts, at).is_none()).find_map(|at| cue(facts, at))
}

/// Whether the word is a side, in contrast to "left the ward", "left inside" or "right away".
fn is_side(facts: Facts<'_>, at: usize) -> bool {
    if facts.word(at).is_some_and(|word| word.arabic) {
        return true;
    }
    let before = at
        .checked_sub(1)
        .is_some_and(|before| facts.gap(at) < Gap::Comma && facts.shows(before, Cue::Article));
    let after = clause(facts, at).take(PART).any(|at| facts.shows(at, Cue::Part));
    let alone = facts.gap(at) >= Gap::Comma && facts.gap(at + 1) >= Gap::Comma;
    before && facts.spelling(at + 1) != "of" || after || alone
}
