//! A scorer that learns from labelled narratives.

use std::sync::Arc;

use eovr_core::Error;
use eovr_core::triage::Scorer;
use eovr_core::triage::learn::{Order, Part, Plan, TextModel, TextReader, Trainer};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::failure::{Outcome, guarded};
use crate::inward::{Text, field, optional};
use crate::scoring::Places;

/// A trained model.
#[pyclass(frozen, module = "eovr._native")]
pub(crate) struct Model(Arc<TextModel>);

/// The answer of a model: index of the label, probability of each label, probability of high risk, whether it
/// abstained, indexes of all labels if there may be several.
type Answer = (usize, Vec<f64>, Option<f64>, bool, Vec<usize>);

impl Model {
    pub(crate) fn shared(&self) -> Arc<dyn Scorer> {
        self.0.clone()
    }

    pub(crate) fn inner(&self) -> &Arc<TextModel> {
        &self.0
    }
}

#[pymethods]
impl Model {
    /// Reads a model file.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> Outcome<Self> {
        guarded(|| Ok(Self(Arc::new(TextModel::from_bytes(bytes)?))))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// The labels, in the order of the probabilities.
    #[getter]
    fn labels(&self) -> Vec<String> {
        self.0.labels().to_vec()
    }

    /// The model card, as JSON.
    #[getter]
    fn card(&self) -> Outcome<String> {
        let card = serde_json::to_string(self.0.card());
        Ok(card.map_err(|error| Error::bug("a card is always JSON").because(error))?)
    }

    /// Name and version, as in suggestions.
    #[getter]
    fn name(&self) -> (String, String) {
        let model = self.0.model();
        (model.id.into_owned(), model.version.into_owned())
    }

    fn read(&self, py: Python<'_>, narrative: Text) -> Outcome<Answer> {
        guarded(|| Ok(py.detach(|| answer(self.0.read(&narrative.0)))))
    }

    /// Many narratives: the probabilities as 64-bit floats, row by row, the labels, and which abstained.
    fn read_many<'py>(
        &self,
        py: Python<'py>,
        narratives: Vec<Text>,
    ) -> Outcome<(Bound<'py, PyBytes>, Vec<usize>, Vec<bool>)> {
        guarded(|| {
            let (bytes, labels, abstained) = py.detach(|| {
                let mut memory = TextReader::default();
                let mut bytes = Vec::with_capacity(narratives.len() * self.0.labels().len() * 8);
                let (mut labels, mut abstained) = (Vec::new(), Vec::new());
                for narrative in &narratives {
                    let answer = self.0.read_with(&mut memory, &narrative.0);
                    bytes.extend(answer.probabilities.iter().flat_map(|p| p.to_ne_bytes()));
                    labels.push(answer.label);
                    abstained.push(answer.abstained);
                }
                (bytes, labels, abstained)
            });
            Ok((PyBytes::new(py, &bytes), labels, abstained))
        })
    }

    /// The answer, the margin, the base value without any word, and each word's share of the margin.
    #[expect(clippy::type_complexity, reason = "a tuple that Python takes apart at once")]
    fn explain(&self, narrative: Text) -> Outcome<(Answer, f32, f32, Vec<(usize, usize, f32)>)> {
        guarded(|| {
            let (said, why) = self.0.explain_with(&mut TextReader::default(), &narrative.0);
            let mut places = Places::new(&narrative.0);
            let words = why.words.iter().map(|word| {
                let (start, end) = places.of(&word.span);
                (start, end, word.share)
            });
            Ok((answer(said), why.margin, why.rest, words.collect()))
        })
    }
}

fn answer(answer: eovr_core::triage::learn::Answer) -> Answer {
    (answer.label, answer.probabilities, answer.high, answer.abstained, answer.labels)
}

/// Trains on narratives and their labels; `several` means that a narrative may have any number of labels.
#[pyfunction]
pub(crate) fn train(
    py: Python<'_>,
    narratives: Vec<Text>,
    labels: Vec<Vec<Text>>,
    several: bool,
    held_out: Vec<bool>,
    plan: &Bound<'_, PyAny>,
) -> Outcome<Model> {
    guarded(|| {
        let seed = plan.getattr("seed")?.extract()?;
        let levels = plan.getattr("levels")?;
        let levels: Option<Vec<Text>> = if levels.is_none() { None } else { Some(levels.extract()?) };
        let plan = Plan {
            name: field::<Text>(plan, "name")?.0,
            data_sha256: field::<Text>(plan, "data_sha256")?.0,
            split: field::<Text>(plan, "split")?.0,
            date: field::<Text>(plan, "date")?.0,
            order: optional::<Text>(plan, "order")?.map(|name| order(&name.0)).transpose()?,
            labels: levels.map(|levels| levels.into_iter().map(|label| label.0).collect()),
            high_from: optional::<Text>(plan, "high_from")?.map(|label| label.0),
        };
        let model = py.detach(|| {
            let mut trainer = Trainer::new(seed);
            let rows = narratives.iter().zip(&labels).zip(&held_out).enumerate();
            for (row, ((narrative, labels), held_out)) in rows {
                let part = if *held_out { Part::Valid } else { Part::Train };
                let labels: Vec<&str> = labels.iter().map(|label| label.0.as_str()).collect();
                let taken = match (several, labels.as_slice()) {
                    (false, [label]) => trainer.add(&narrative.0, label, part),
                    (false, _) => Err(Error::invalid("a row has one label")),
                    (true, labels) => trainer.add_several(&narrative.0, labels, part),
                };
                taken.map_err(|error| error.with("row", row))?;
            }
            trainer.train(&plan, |_| {})
        })?;
        Ok(Model(Arc::new(model)))
    })
}

/// Whether labels have an order.
pub(crate) fn order(name: &str) -> Outcome<Order> {
    match name {
        "ordinal" => Ok(Order::Ordinal),
        "nominal" => Ok(Order::Nominal),
        _ => Err(Error::invalid("labels have no such order")
            .with_help("accepted: `ordinal`, `nominal`")
            .into()),
    }
}
