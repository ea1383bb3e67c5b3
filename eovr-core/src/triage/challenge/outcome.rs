//! The results of a scorer on a challenge set.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{ChallengeText, Expect, Said};
use crate::triage::metrics::wilson;

/// Counts over all texts and over groups of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// All texts.
    pub all: Tally,
    /// By kind of pair.
    pub kinds: BTreeMap<String, Tally>,
    /// By language.
    pub languages: BTreeMap<String, Tally>,
    /// By language and variety, such as `ar egyptian`.
    pub varieties: BTreeMap<String, Tally>,
    /// By the rule of language that a pair tests.
    pub rules: BTreeMap<String, Tally>,
    /// The ids of the texts with a wrong result, in the order of the set: grave texts without a flag, near and quiet
    /// texts with a flag, possible texts with score 0.
    pub wrong: Vec<String>,
}

/// The results on a group of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The flagged grave texts, of all grave texts: sensitivity.
    pub found: Share,
    /// The flagged quiet texts, of all quiet texts: false alarms.
    pub false_flags: Share,
    /// The flagged texts of near misses, of all texts of near misses.
    pub near_flags: Share,
    /// The possible texts with score 0 and no flag, of all possible texts.
    pub silent: Share,
    /// The pairs with a flag on the grave text and on no near or quiet text, of all pairs.
    pub solved: Share,
    /// The pairs whose grave text has the highest score, of all pairs.
    pub ordered: Share,
    /// The number of texts without an answer; they count as score 0 without a flag.
    pub unanswered: usize,
}

/// A proportion as two counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The numerator.
    pub count: usize,
    /// The denominator.
    pub of: usize,
}

impl Share {
    /// The proportion, from 0 to 1; `None` if the denominator is 0.
    pub fn rate(self) -> Option<f64> {
        (self.of > 0).then(|| self.count as f64 / self.of as f64)
    }

    /// Wilson's 95 % interval of the rate. It assumes independent texts, but pairs of one idea are dependent, so the
    /// interval is a little too narrow.
    pub fn interval(self) -> Option<(f64, f64)> {
        wilson(self.rate()?, self.of as f64)
    }

    fn add(&mut self, counted: bool) {
        self.count += usize::from(counted);
        self.of += 1;
    }
}

impl Outcome {
    pub(super) fn of(texts: &[ChallengeText], said: &[Option<Said>]) -> Self {
        let mut outcome = Self::default();
        let mut pairs: BTreeMap<&str, Pair<'_>> = BTreeMap::new();
        for (text, answer) in texts.iter().zip(said) {
            let said = answer.unwrap_or(Said { score: 0.0, flagged: false });
            outcome.each(text, |tally| tally.text(text.expect, said, answer.is_none()));
            if wrong(text.expect, said) {
                outcome.wrong.push(text.id.clone());
            }
            pairs.entry(&text.pair).or_insert_with(|| Pair::new(text)).add(text.expect, said);
        }
        for pair in pairs.values() {
            outcome.each(pair.text, |tally| {
                tally.solved.add(pair.found && !pair.false_flag);
                tally.ordered.add(pair.grave > pair.others);
            });
        }
        outcome
    }

    fn each(&mut self, text: &ChallengeText, mut count: impl FnMut(&mut Tally)) {
        count(&mut self.all);
        count(self.kinds.entry(text.kind.clone()).or_default());
        count(self.languages.entry(text.language.clone()).or_default());
        count(self.varieties.entry(format!("{} {}", text.language, text.variety)).or_default());
        count(self.rules.entry(text.rule.clone()).or_default());
    }
}

impl Tally {
    fn text(&mut self, expect: Expect, said: Said, unanswered: bool) {
        match expect {
            Expect::Grave => self.found.add(said.flagged),
            Expect::Near => self.near_flags.add(said.flagged),
            Expect::Possible => self.silent.add(!said.flagged && said.score <= 0.0),
            Expect::Quiet => self.false_flags.add(said.flagged),
        }
        self.unanswered += usize::from(unanswered);
    }
}

fn wrong(expect: Expect, said: Said) -> bool {
    match expect {
        Expect::Grave => !said.flagged,
        Expect::Near | Expect::Quiet => said.flagged,
        Expect::Possible => !said.flagged && said.score <= 0.0,
    }
}

struct Pair<'t> {
    text: &'t ChallengeText,
    found: bool,
    false_flag: bool,
    grave: f64,
    others: f64,
}

impl<'t> Pair<'t> {
    fn new(text: &'t ChallengeText) -> Self {
        Self { text, found: false, false_flag: false, grave: f64::NEG_INFINITY, others: f64::NEG_INFINITY }
    }

    fn add(&mut self, expect: Expect, said: Said) {
        match expect {
            Expect::Grave => (self.found, self.grave) = (said.flagged, said.score),
            Expect::Possible => self.others = self.others.max(said.score),
            Expect::Near | Expect::Quiet => {
                self.false_flag |= said.flagged;
                self.others = self.others.max(said.score);
            }
        }
    }
}
