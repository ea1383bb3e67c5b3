//! The embedded rules, and the evaluation of a scorer.

use std::ops::Range;

use eovr_core::Error;
use eovr_core::triage::evaluate::{self, Judged, Script, Settings};
use eovr_core::triage::learn::TextReader;
use eovr_core::triage::narrative::analyse;
use eovr_core::triage::{Case, EmbeddedRules, Scorer as _, Suggestion, deidentify};
use pyo3::prelude::*;

use crate::failure::{Outcome, guarded};
use crate::frame::{self, Frame};
use crate::inward::{Text, field, optional};
use crate::model::{Model, order};

/// Converts byte positions of a text into characters, as Python counts. Ordered spans cost one pass.
pub(crate) struct Places<'a> {
    text: &'a str,
    byte: usize,
    character: usize,
}

impl<'a> Places<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, byte: 0, character: 0 }
    }

    pub(crate) fn of(&mut self, span: &Range<usize>) -> (usize, usize) {
        (self.at(span.start), self.at(span.end))
    }

    fn at(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            (self.byte, self.character) = (0, 0);
        }
        self.character += self.text.get(self.byte..byte).unwrap_or_default().chars().count();
        self.byte = byte;
        self.character
    }
}

/// One reason: rule, span in characters, term, gloss, points.
type Reason = (String, Option<(usize, usize)>, String, String, i16);
/// Model, version, score, band, high risk, abstained, reasons.
type Suggested = (String, String, u8, &'static str, bool, bool, Vec<Reason>);

fn suggested(narrative: &str, said: Suggestion) -> Suggested {
    let mut places = Places::new(narrative);
    let reasons = said.reasons.into_iter().map(|reason| {
        let span = reason.span.as_ref().map(|span| places.of(span));
        (reason.rule.into_owned(), span, reason.term.into_owned(), reason.gloss.into_owned(), reason.points)
    });
    let reasons = reasons.collect();
    let model = said.model;
    let (id, version) = (model.id.into_owned(), model.version.into_owned());
    (id, version, said.score, said.band.name(), said.high_risk, said.abstained, reasons)
}

/// The suggestion of the rules for one report.
#[pyfunction]
#[pyo3(signature = (narrative, category, actual_harm, potential_harm))]
pub(crate) fn score(
    py: Python<'_>,
    narrative: Text,
    category: Option<Text>,
    actual_harm: Option<u8>,
    potential_harm: Option<u8>,
) -> Outcome<Suggested> {
    guarded(|| {
        Ok(py.detach(|| {
            let category = category.as_ref().map(|category| category.0.as_str());
            let narrative = narrative.0.as_str();
            let case = Case { narrative, category, actual_harm, potential_harm, ..Case::default() };
            suggested(narrative, EmbeddedRules.score(&case))
        }))
    })
}

/// The suggestion of a model for one report.
#[pyfunction]
pub(crate) fn explain(py: Python<'_>, model: &Bound<'_, Model>, narrative: Text) -> Outcome<Suggested> {
    guarded(|| {
        let model = model.get().inner().clone();
        Ok(py.detach(|| {
            let case = Case { narrative: &narrative.0, ..Case::default() };
            suggested(&narrative.0, model.score(&case))
        }))
    })
}

/// The suggestions of a scorer for many narratives, as a table.
#[pyfunction]
#[pyo3(signature = (narratives, model))]
pub(crate) fn score_many(
    py: Python<'_>,
    narratives: Vec<Text>,
    model: Option<&Bound<'_, Model>>,
) -> Outcome<Frame> {
    guarded(|| {
        let model = model.map(|model| model.get().inner().clone());
        let batch = py.detach(|| {
            let score = |narrative: &Text| {
                let case = Case { narrative: &narrative.0, ..Case::default() };
                model.as_ref().map_or_else(|| EmbeddedRules.score(&case), |model| model.score(&case))
            };
            frame::suggestions(&narratives.iter().map(score).collect::<Vec<_>>())
        });
        Ok(Frame::new(batch?))
    })
}

/// One finding in a narrative: its class, its code, its span in characters.
type Found = (&'static str, String, (usize, usize));

/// The findings in a narrative, and the identifiers that may be better left out.
#[pyfunction]
pub(crate) fn findings(py: Python<'_>, narrative: Text) -> Outcome<Vec<Found>> {
    guarded(|| {
        Ok(py.detach(|| {
            let mut places = Places::new(&narrative.0);
            let found = analyse(&narrative.0).into_iter();
            found.map(|one| (one.what.name(), one.code.into_owned(), places.of(&one.span))).collect()
        }))
    })
}

/// The narrative with each identifier of a person replaced by a word for its kind.
#[pyfunction]
pub(crate) fn redact(py: Python<'_>, narrative: Text) -> Outcome<String> {
    guarded(|| Ok(py.detach(|| deidentify::redact(&narrative.0))))
}

/// The answer for one case: label, probabilities, high risk, flagged, abstained, all labels if there may be several.
type Said = (Option<usize>, Vec<f64>, Option<f64>, bool, bool, Vec<usize>);

/// The answers of the rules or of a model, case by case, on a scheme of labels.
#[pyfunction]
#[pyo3(signature = (narratives, model, labels, ordinal))]
pub(crate) fn judge(
    py: Python<'_>,
    narratives: Vec<Text>,
    model: Option<&Bound<'_, Model>>,
    labels: usize,
    ordinal: bool,
) -> Outcome<Vec<Said>> {
    guarded(|| {
        let model = model.map(|model| model.get().inner().clone());
        Ok(py.detach(|| {
            let mut memory = TextReader::default();
            let judge = |narrative: &Text| {
                let said = match &model {
                    None => Judged::by_rules(&narrative.0, ordinal.then_some(labels)),
                    Some(model) => Judged::by_model(model, &mut memory, &narrative.0),
                };
                (said.said, said.probabilities, said.high, said.flagged, said.abstained, said.chosen)
            };
            narratives.iter().map(judge).collect()
        }))
    })
}

/// All metrics of one scorer on one set.
#[pyclass(frozen, module = "eovr._native")]
pub(crate) struct Evaluation(evaluate::Evaluation);

#[pymethods]
impl Evaluation {
    /// Computes every metric from answers and truth; `rival` is another scorer on the same cases.
    #[new]
    #[pyo3(signature = (settings, narratives, truth, said, groups, clusters, rival))]
    #[expect(clippy::too_many_arguments, reason = "columns of one table, and what is asked of them")]
    fn new(
        py: Python<'_>,
        settings: &Bound<'_, PyAny>,
        narratives: Vec<Text>,
        truth: Vec<Vec<usize>>,
        said: Vec<Said>,
        groups: Option<Vec<Text>>,
        clusters: Option<Vec<u64>>,
        rival: Option<(Text, Vec<Said>)>,
    ) -> Outcome<Self> {
        guarded(|| {
            let settings = self::settings(settings)?;
            let judged = |said: Vec<Said>| -> Vec<Judged> {
                let rows = truth.iter().zip(said).enumerate();
                let one = |(row, (truths, said)): (usize, (&Vec<usize>, Said))| {
                    let (said, probabilities, high, flagged, abstained, chosen) = said;
                    let group = groups.as_ref().and_then(|groups| groups.get(row));
                    Judged {
                        truth: truths.first().copied().unwrap_or_default(),
                        truths: if settings.several { truths.clone() } else { Vec::new() },
                        chosen,
                        said,
                        probabilities,
                        high,
                        flagged,
                        abstained,
                        group: group.map(|group| group.0.clone()),
                        script: narratives.get(row).map(|narrative| Script::of(&narrative.0)),
                        cluster: clusters.as_ref().and_then(|clusters| clusters.get(row)).copied(),
                        raters: Vec::new(),
                    }
                };
                rows.map(one).collect()
            };
            let ours = judged(said);
            let theirs = rival.map(|(name, said)| (name.0, judged(said)));
            let evaluation = py.detach(|| {
                let mut evaluation = evaluate::Evaluation::new(settings, &ours)?;
                if let Some((name, theirs)) = &theirs {
                    evaluation.compare(name, &ours, theirs)?;
                }
                Ok::<_, Error>(evaluation)
            });
            Ok(Self(evaluation?))
        })
    }

    /// The whole report, as JSON.
    fn json(&self) -> Outcome<String> {
        let json = serde_json::to_string(&self.0);
        Ok(json.map_err(|error| Error::bug("an evaluation is always JSON").because(error))?)
    }

    /// The report as a self-contained HTML page.
    fn html(&self) -> String {
        self.0.html()
    }
}

fn settings(asked: &Bound<'_, PyAny>) -> Outcome<Settings> {
    let high_from = asked.getattr("high_from")?;
    let prevalence = asked.getattr("prevalence")?;
    let model = asked.getattr("model")?;
    let training = if model.is_none() {
        None
    } else {
        Some(model.cast::<Model>().map_err(PyErr::from)?.get().inner().card().clone())
    };
    Ok(Settings {
        scorer: field::<Text>(asked, "scorer")?.0,
        data: field::<Text>(asked, "data")?.0,
        data_sha256: field::<Text>(asked, "data_sha256")?.0,
        model_sha256: optional::<Text>(asked, "model_sha256")?.map(|text| text.0),
        labels: asked.getattr("labels")?.extract::<Vec<Text>>()?.into_iter().map(|label| label.0).collect(),
        order: order(&field::<Text>(asked, "order")?.0)?,
        high_from: if high_from.is_none() { None } else { Some(high_from.extract()?) },
        probabilities: asked.getattr("probabilities")?.is_truthy()?,
        several: asked.getattr("several")?.is_truthy()?,
        prevalence: if prevalence.is_none() { None } else { Some(prevalence.extract()?) },
        group_by: field::<Text>(asked, "group_by")?.0,
        training,
        date: field::<Text>(asked, "date")?.0,
        draws: asked.getattr("draws")?.extract()?,
        seed: asked.getattr("seed")?.extract()?,
        ..Settings::default()
    })
}
