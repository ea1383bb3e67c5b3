use super::Script;
use crate::triage::learn::{TextModel, TextReader};
use crate::triage::{Case, EmbeddedRules, Scorer as _};

/// One case: the truth and the prediction.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The index of the true label.
    pub truth: usize,
    /// The indices of all true labels, where a case may have several; `truth` is then ignored.
    pub truths: Vec<usize>,
    /// The indices of all predicted labels, where a case may have several; `said` is then ignored.
    pub chosen: Vec<usize>,
    /// The index of the predicted label, if there is a prediction.
    pub said: Option<usize>,
    /// The predicted probability of each label; empty without probabilities.
    pub probabilities: Vec<f64>,
    /// The predicted probability or score of high risk. Where each label has a probability, those are used instead,
    /// because the scorer may have been made for another threshold.
    pub high: Option<f64>,
    /// Whether the scorer raised the flag.
    pub flagged: bool,
    /// Whether the scorer abstained.
    pub abstained: bool,
    /// Its subgroup, such as an age band.
    pub group: Option<String>,
    /// The script of the narrative, which is also a subgroup.
    pub script: Option<Script>,
    /// The cluster of dependent cases: a patient, an event, a hospital.
    pub cluster: Option<u64>,
    /// The label of each rater; the raters have the same order in all cases.
    pub raters: Vec<Option<usize>>,
}

impl Judged {
    /// The prediction of the rules. They know four bands. `levels` is the number of ordered labels onto which the bands
    /// are mapped; without an order the rules predict no label.
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

    /// The prediction of a model on its own labels.
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

    /// Whether this is a true label of the case.
    pub(super) fn is(&self, label: usize, several: bool) -> bool {
        if several { self.truths.contains(&label) } else { self.truth == label }
    }

    /// The predicted probability or score of high risk, where high risk begins at the label of this index.
    pub fn high_from(&self, place: usize) -> Option<f64> {
        if self.probabilities.is_empty() {
            return self.high;
        }
        Some(self.probabilities.iter().skip(place).sum::<f64>().min(1.0))
    }
}
