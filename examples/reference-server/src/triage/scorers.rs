//! The scorers that can be evaluated.

use std::collections::BTreeMap;
use std::path::Path;

use eovr_core::triage::evaluate::Judged;
use eovr_core::triage::learn::{Card, TextModel, TextReader};
use eovr_core::triage::{EmbeddedRules, Model, Scorer as _};
use eovr_host::output::Failure;
use sha2::{Digest as _, Sha256};

use crate::csv_file::hex;

/// A scorer by its given name.
pub(super) enum Asked {
    Rules,
    Model { model: Box<TextModel>, sha256: String },
}

/// Names of services, which are not models.
const PROVIDERS: [&str; 5] = ["openai", "anthropic", "google", "local", "provider"];

impl Asked {
    pub(super) fn open(name: &str) -> Result<Self, Failure> {
        if name == "rules" {
            return Ok(Self::Rules);
        }
        let accepted = "accepted: `rules`, or a model file made by `eovr-server train`";
        if PROVIDERS.contains(&name.to_ascii_lowercase().as_str()) {
            // This command sends no narratives to a provider; only the gateway does, one report at a time.
            return Err(Failure::usage(
                format!(
                    "`{name}` is a provider; the server compares a provider on reports that people have rated"
                ),
                format!("{accepted}; to start a trial of a provider, see `/api/ai/models` of `serve`"),
            ));
        }
        let bytes = std::fs::read(Path::new(name))
            .map_err(|error| Failure::usage(format!("cannot read the model `{name}`: {error}"), accepted))?;
        let sha256 = hex(&Sha256::digest(&bytes));
        Ok(Self::Model { model: Box::new(TextModel::from_bytes(&bytes)?), sha256 })
    }

    pub(super) fn card(&self) -> Option<&Card> {
        match self {
            Self::Rules => None,
            Self::Model { model, .. } => Some(model.card()),
        }
    }

    pub(super) fn sha256(&self) -> Option<String> {
        match self {
            Self::Rules => None,
            Self::Model { sha256, .. } => Some(sha256.clone()),
        }
    }

    pub(super) fn title(&self) -> String {
        let Model { id, version } = match self {
            Self::Rules => EmbeddedRules.model(),
            Self::Model { model, .. } => model.model(),
        };
        format!("{id} {version}")
    }

    /// The scorer's judgement of a narrative; the rules need the number of ordered labels.
    pub(super) fn judge(&self, memory: &mut TextReader, narrative: &str, levels: Option<usize>) -> Judged {
        match self {
            Self::Rules => Judged::by_rules(narrative, levels),
            Self::Model { model, .. } => Judged::by_model(model, memory, narrative),
        }
    }
}

/// The labels of a file as the rules are evaluated on them: numbers by size, words alphabetically.
pub(super) fn sorted(counts: &BTreeMap<String, u64>) -> Vec<String> {
    let mut labels: Vec<String> = counts.keys().cloned().collect();
    if labels.iter().all(|label| label.parse::<i64>().is_ok()) {
        labels.sort_by_key(|label| label.parse::<i64>().unwrap_or_default());
    }
    labels
}
