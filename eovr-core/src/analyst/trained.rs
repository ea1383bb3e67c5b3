use async_trait::async_trait;
use serde_json::json;

use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::ports::{Analyst, Answered};
use crate::risk::Band;
use crate::triage::Scorer as _;
use crate::triage::analysis::{Analysis, Cleared, NoAnswer, NoAnswerReason};
use crate::triage::learn::TextModel;

/// A model trained on a hospital's own reviews, as an analyst in this process. It is registered, tried, compared and
/// switched on and off like a provider's model. It gets text without names, which is also what it was trained on.
#[derive(Debug)]
pub struct Trained {
    processor: Name,
    name: String,
    model: TextModel,
}

impl Trained {
    /// The name of its processor, which facilities allow.
    pub const PROCESSOR: Name = Name::from_static("house");

    /// An analyst from a model whose labels are the four bands: it was trained on the column `level` of a labelled
    /// set (`export::Labelled`), with `low`, `medium`, `high`, `extreme`.
    ///
    /// # Errors
    /// `Config` where the model has other labels.
    pub fn new(model: TextModel) -> Result<Self> {
        if !model.labels().iter().map(String::as_str).eq(Band::ALL.map(Band::name)) {
            return Err(Error::new(ErrorKind::Config, "the model's labels are not the four bands").with_help(
                "train it on the column `level` of a labelled set, with the labels low, medium, high, extreme",
            ));
        }
        let known = model.model();
        let name = format!("{}@{}", known.id, known.version);
        Ok(Self { processor: Self::PROCESSOR, name, model })
    }

    /// Its name and version, under which it is registered. A model that was trained again is another model.
    pub fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait]
impl Analyst for Trained {
    fn processor(&self) -> &Name {
        &self.processor
    }

    /// A trained model has no prompt.
    fn prompt(&self) -> &'static str {
        "none"
    }

    /// A model that was trained again is another model.
    fn knows(&self, model: &str) -> bool {
        model == self.name
    }

    async fn analyse(&self, model: &str, narrative: &Cleared) -> Result<Answered, NoAnswer> {
        if !self.knows(model) {
            return Err(NoAnswerReason::UnknownModel.into());
        }
        let answer = self.model.read(narrative.text());
        let percent = |chance: f64| (chance * 100.0).round() as i64;
        let sure = answer.probabilities.get(answer.label).copied().map(percent);
        let said = match answer.abstained {
            true => json!({"score": null, "level": null, "confidence": null, "factors": [], "findings": []}),
            false => json!({
                "score": answer.high.map(percent),
                "level": self.model.labels().get(answer.label),
                "confidence": sure,
                "factors": [],
                "findings": [],
            }),
        };
        let analysis = Analysis::read(&said.to_string(), narrative)?;
        Ok(Answered { analysis, tokens_in: None, tokens_out: None })
    }
}
