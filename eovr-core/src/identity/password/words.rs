//! Whether a password consists of little more than common words.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::PasswordFlaw;
use super::rows::run;
use super::spelling::{Reading, Spelling, words_of};

/// What a common word is worth, in letters. So three common words make a good password, and two with a few letters
/// more do not.
const WORTH: usize = 3;
/// What a password must be worth if more than half of it is known.
const NEEDED: usize = 8;
/// The shortest and the longest word that is looked up.
const SHORTEST: usize = 3;
const LONGEST: usize = 32;

/// The flaw of a password, if it has one. `known` says which words belong to the hospital or the person.
pub(super) fn flaw(spelling: &Spelling, known: impl Fn(&str) -> bool) -> Option<PasswordFlaw> {
    spelling.readings.iter().find_map(|reading| Parts::of(reading, &known).flaw())
}

/// The built-in word lists.
struct Lists {
    common: HashSet<String>,
    obvious: HashSet<String>,
    context: HashSet<String>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    // A line is one word, even if it contains signs.
    let words = |text: &str| text.lines().filter(|line| !line.starts_with('#')).flat_map(words_of).collect();
    let mut common: HashSet<String> = words(include_str!("common.txt"));
    common.extend(words(include_str!("common_ar.txt")));
    Lists { common, obvious: words(include_str!("obvious.txt")), context: words(include_str!("context.txt")) }
});

/// The type of a part of a password.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A digit or sign at either end.
    Decoration,
    /// One character that belongs to no known part.
    Rest,
    /// Keys in a row, or a date.
    Run,
    /// A word of the login page.
    Obvious,
    /// A word that belongs to the hospital or the person.
    Context,
    /// A common password.
    Common,
}

impl Part {
    /// The approximate worth of the part. Words known at the hospital add little, however many there are.
    fn worth(self) -> usize {
        match self {
            Self::Decoration => 0,
            Self::Rest | Self::Run | Self::Obvious | Self::Context => 1,
            Self::Common => WORTH,
        }
    }
}

/// A reading, split into the parts of least total worth.
#[derive(Default)]
struct Parts<'a> {
    /// The number of characters in no known part.
    rest: usize,
    /// The number of characters in known parts.
    seen: usize,
    run: bool,
    obvious: bool,
    context: bool,
    /// Each word counts once, because a repetition adds nothing.
    common: HashSet<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(reading: &'a Reading, known: impl Fn(&str) -> bool) -> Self {
        let length = reading.plain.len();
        // For each position the cheapest split from there to the end, computed backwards: its worth, its first part,
        // and where that part ends.
        let mut ways = vec![(0, Part::Decoration, length); length + 1];
        for at in (0..length).rev() {
            let inside = reading.letters.contains(&at);
            let one = if inside { Part::Rest } else { Part::Decoration };
            let run = run(reading.plain.get(at..).unwrap_or_default());
            let words = (at + SHORTEST..=length.min(at + LONGEST)).filter_map(|to| {
                let word = reading.slice(at, to)?;
                let part = if LISTS.obvious.contains(word) {
                    Part::Obvious
                } else if LISTS.context.contains(word) || known(word) {
                    Part::Context
                } else if LISTS.common.contains(word) {
                    Part::Common
                } else {
                    return None;
                };
                Some((part, to))
            });
            let parts = words.chain((run > 0).then_some((Part::Run, at + run))).chain([(one, at + 1)]);
            let worth = |to: usize| ways.get(to).map_or(usize::MAX / 2, |(worth, ..)| *worth);
            let best = parts.map(|(part, to)| (part.worth() + worth(to), part, to)).min_by_key(|way| way.0);
            if let (Some(way), Some(best)) = (ways.get_mut(at), best) {
                *way = best;
            }
        }
        let mut parts = Self { rest: reading.signs, ..Self::default() };
        let mut at = 0;
        while let Some((_, part, to)) = ways.get(at).filter(|_| at < length) {
            parts.count(*part, to - at, reading.slice(at, *to).unwrap_or_default());
            at = *to;
        }
        parts
    }

    fn count(&mut self, part: Part, length: usize, text: &'a str) {
        match part {
            Part::Decoration => return,
            Part::Rest => {
                self.rest += 1;
                return;
            }
            Part::Run => self.run = true,
            Part::Obvious => self.obvious = true,
            Part::Context => self.context = true,
            Part::Common => {
                self.common.insert(text);
            }
        }
        self.seen += length;
    }

    fn flaw(&self) -> Option<PasswordFlaw> {
        let free = usize::from(self.run || self.obvious || self.context);
        let worth = self.rest + WORTH * (self.common.len() + free);
        // If most of the password is unknown, the known parts are there by chance.
        if self.seen <= self.rest || worth >= NEEDED {
            return None;
        }
        Some(if self.context {
            PasswordFlaw::OfThisPlace
        } else if self.obvious || !self.common.is_empty() {
            PasswordFlaw::Common
        } else {
            PasswordFlaw::Sequence
        })
    }
}
