use super::Script;
use crate::triage::learn::{TextModel, TextReader};
use crate::triage::{Case, EmbeddedRules, Scorer as _};

/// One case: what is true, and what was said.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The place of the true label.
    pub truth: usize,
    /// The places of all true labels, where a case may have several; `truth` is not looked at then.
    pub truths: Vec<usize>,
    /// The places of all labels that were said, where a case may have several; `said` is not looked at then.
    pub chosen: Vec<usize>,
    /// The place of the label that was said, where one was.
    pub said: Option<usize>,
    /// How likely each label was said to be; empty where that was not said.
    pub probabilities: Vec<f64>,
    /// How likely, or how much, it was said to be of high risk. Where each label has its probability, those are asked
    /// instead: the scorer may have been made for another threshold.
    pub high: Option<f64>,
    /// Whether the scorer raised its flag.
    pub flagged: bool,
    /// Whether it said that it has nothing to say.
    pub abstained: bool,
    /// Its subgroup, such as an age band.
    pub group: Option<String>,
    /// The script of the narrative, which is a subgroup too.
    pub script: Option<Script>,
    /// What it shares with others that are not independent of it: a patient, an event, a hospital.
    pub cluster: Option<u64>,
    /// What each rater said, in an order of raters that is the same for all cases.
    pub raters: Vec<Option<usize>>,
}

impl Judged {
    /// What the rules say of a narrative. They know four bands: `levels` is on how many labels in order those are
    /// spread; without an order they name no label.
    pub fn by_rules(narrative: &str, levels: Option<usize>) -> Self {
        let seen = EmbeddedRules.score(&Case { narrative, ..Case::default() });
        let level = |levels: usize| {
            let top = levels.saturating_sub(1);
            ((seen.band as usize * top + 1) / 3).min(top)
        };
        Self {
            said: levels.map(level),
            high: Some(f64::from(seen.score)),
            flagged: seen.high_risk,
            abstained: seen.abstained,
            script: Some(Script::of(narrative)),
            ..Self::default()
        }
    }

    /// What a model says of a narrative, on its own labels.
    pub fn by_model(model: &TextModel, memory: &mut TextReader, narrative: &str) -> Self {
        let answer = model.read_with(memory, narrative);
        let above = model.card().flag_above;
        Self {
            said: Some(answer.label),
            chosen: answer.labels,
            script: Some(Script::of(narrative)),
            flagged: answer.high.zip(above).is_some_and(|(high, above)| high > above),
            high: answer.high,
            abstained: answer.abstained,
            probabilities: answer.probabilities,
            ..Self::default()
        }
    }

    /// Whether it truly has this label.
    pub(super) fn is(&self, label: usize, several: bool) -> bool {
        if several { self.truths.contains(&label) } else { self.truth == label }
    }

    /// How likely, or how much, it was said to be of high risk, where that begins at the label of this place.
    pub fn high_from(&self, place: usize) -> Option<f64> {
        if self.probabilities.is_empty() {
            return self.high;
        }
        Some(self.probabilities.iter().skip(place).sum::<f64>().min(1.0))
    }
}
