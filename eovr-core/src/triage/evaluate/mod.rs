//! Evaluates one scorer on one labelled set: every figure with its interval, by subgroup, as an HTML page.
//!
//! [`Evaluation::new`] takes the truth and the prediction of each case and computes all of [`metrics`](super::metrics).
//! `eovr-server evaluate` prints the same computation. Its JSON is `results.json`; [`html`](Evaluation::html) is a
//! self-contained page.
//!
//! ```
//! use eovr_core::triage::evaluate::{Evaluation, Judged, Settings};
//! use eovr_core::triage::learn::Order;
//!
//! let judged: Vec<Judged> = (0..40)
//!     .map(|n| Judged { truth: n % 2, said: Some(n % 2), high: Some(n as f64 / 40.0), ..Judged::default() })
//!     .collect();
//! let settings = Settings { labels: vec!["other".into(), "serious".into()], order: Order::Nominal,
//!     high_from: Some(1), draws: 100, ..Settings::default() };
//! let evaluation = Evaluation::new(settings, &judged)?;
//! assert_eq!(evaluation.figure("accuracy").and_then(|figure| figure.value), Some(1.0));
//! assert!(evaluation.html().contains("</svg>"));
//! # Ok::<(), eovr_core::Error>(())
//! ```

mod checklist;
mod compare;
mod figures;
mod flow;
mod groups;
mod judged;
mod page;
mod plots;
mod raters;
mod script;
mod svg;

use std::collections::BTreeSet;

use serde::Serialize;

pub use checklist::{Item, Status};
pub use compare::Comparison;
pub use figures::Figure;
pub use flow::Flow;
pub use groups::{Difference, GroupFigures};
pub use judged::Judged;
pub use raters::Raters;
pub use script::Script;

use crate::error::{Error, Result};
use crate::triage::learn::{Card, Order, few, listed};
use crate::triage::metrics::{Bins, Bootstrap, Confusion, FEW_GROUPS, Flags, NetBenefit, Overlap, Smoothed};

/// The subject and the settings of an evaluation.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// The scorer's name and version.
    pub scorer: String,
    /// A description of the data.
    pub data: String,
    /// SHA-256 of the data file.
    pub data_sha256: String,
    /// SHA-256 of the model file, if there is one.
    pub model_sha256: Option<String>,
    /// The labels; from low to high where they are ordered.
    pub labels: Vec<String>,
    /// Whether the labels are ordered.
    pub order: Order,
    /// Whether a case may have several labels.
    pub several: bool,
    /// The index of the first high-risk label.
    pub high_from: Option<usize>,
    /// Whether `high` is a probability, so that calibration can be measured.
    pub probabilities: bool,
    /// The prevalence of high risk at the place of use; PPV and NPV are also given for it.
    pub prevalence: Option<f64>,
    /// The variable of the subgroups, such as a column's name.
    pub group_by: String,
    /// The number of rows at each step, if they came from a file.
    pub flow: Option<Flow>,
    /// The card of the evaluated model, if it is a model.
    pub training: Option<Card>,
    /// The date, as the host states it. Empty by default, so that the same run gives the same page.
    pub date: String,
    /// The number of bootstrap draws.
    pub draws: usize,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The version of eovr.
    pub eovr: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scorer: String::new(),
            data: String::new(),
            data_sha256: String::new(),
            model_sha256: None,
            labels: Vec::new(),
            order: Order::Ordinal,
            several: false,
            high_from: None,
            probabilities: true,
            prevalence: None,
            group_by: String::new(),
            flow: None,
            training: None,
            date: String::new(),
            draws: 1000,
            seed: 0,
            eovr: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// All figures of one scorer on one set.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// The subject and the settings.
    pub settings: Settings,
    /// The number of cases.
    pub cases: usize,
    /// The number of cases of each label.
    pub counts: Vec<u64>,
    /// The number of cases in which the scorer abstained. They are counted like the others.
    pub abstained: usize,
    /// Every figure with its interval; undefined ones are `null`.
    pub figures: Vec<Figure>,
    /// Rows are true labels, columns are predictions.
    pub confusion: Vec<Vec<u64>>,
    /// Precision, recall and F1 of each label: `[precision, recall, f1]`.
    pub by_label: Vec<[f64; 3]>,
    /// The ROC curve: false positive rate, true positive rate. At most 200 points.
    pub roc: Vec<(f64, f64)>,
    /// The reliability curve: number of cases, predicted probability, observed rate.
    pub reliability: Vec<(usize, f64, f64)>,
    /// The smoothed calibration curve of high risk with its band, where it is defined.
    pub calibration: Option<Smoothed>,
    /// The histogram of the probabilities: for each of twenty equal bins the number of high-risk cases and of the
    /// others.
    pub histogram: Vec<(u64, u64)>,
    /// Net benefit at thresholds in hundredths.
    pub decision_curve: Vec<NetBenefit>,
    /// The subgroups, if there are some.
    pub groups: Vec<GroupFigures>,
    /// The subgroups by the script of the narrative.
    pub scripts: Vec<GroupFigures>,
    /// The number of clusters for the bootstrap, where cases share some.
    pub clusters: Option<usize>,
    /// Warnings that a reader must know before relying on the figures.
    pub warnings: Vec<String>,
    /// The requirements of TRIPOD+AI and STRATOS, and which of them are satisfied.
    pub checklist: Vec<Item>,
    /// The agreement of the raters, where there are several.
    pub raters: Option<Raters>,
    /// A comparison with another scorer, if one was given.
    pub comparison: Option<Comparison>,
}

impl Evaluation {
    /// Computes every figure.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where there are no cases, or a case has an unknown label or a
    /// score that is not a number.
    pub fn new(settings: Settings, judged: &[Judged]) -> Result<Self> {
        let classes = settings.labels.len();
        few(classes)?;
        if judged.is_empty() {
            return Err(Error::invalid("there are no cases to evaluate").with_help("give one or more"));
        }
        for (at, case) in judged.iter().enumerate() {
            let several = case.truths.iter().chain(&case.chosen);
            let labels =
                case.said.iter().chain([&case.truth]).chain(case.raters.iter().flatten()).chain(several);
            if let Some(label) = labels.copied().find(|&label| label >= classes) {
                return Err(Error::invalid("a label is outside the scheme")
                    .with_help(listed(&settings.labels))
                    .with("case", at)
                    .with("label", label));
            }
            if case.high.iter().chain(&case.probabilities).any(|score| !score.is_finite()) {
                return Err(Error::invalid("a score is not a number").with("case", at));
            }
        }
        if settings.several && settings.high_from.is_some() {
            return Err(Error::invalid("labels are unordered where a case may have several")
                .with_help("omit the beginning of high risk"));
        }
        if settings.prevalence.is_some_and(|share| !(share > 0.0 && share < 1.0)) {
            return Err(Error::invalid("a prevalence lies between 0 and 1").with_help("such as 0.05"));
        }
        let bootstrap = Bootstrap { draws: settings.draws, seed: settings.seed };
        let all: Vec<&Judged> = judged.iter().collect();
        let sides = figures::sides(&settings, &all);
        let confusion = figures::confusion(&settings, &all);
        let first = sides.first();
        let reliability = if settings.probabilities {
            first.map(|flags| flags.reliability(Bins::WIDTH_15)).unwrap_or_default()
        } else {
            Vec::new()
        };
        let with =
            |label: usize| judged.iter().filter(|case| case.is(label, settings.several)).count() as u64;
        let counts: Vec<u64> = (0..classes).map(with).collect();
        let overlap = figures::overlap(&settings, &all);
        let high = first.filter(|_| settings.high_from.is_some());
        let said = high.filter(|_| settings.probabilities);
        let clusters: Option<BTreeSet<u64>> = judged.iter().map(|case| case.cluster).collect();
        let clusters = clusters.map(|clusters| clusters.len());
        let mut evaluation = Self {
            cases: judged.len(),
            counts,
            abstained: judged.iter().filter(|case| case.abstained).count(),
            figures: figures::all(&settings, judged, bootstrap),
            confusion: confusion.iter().flat_map(Confusion::rows).map(<[u64]>::to_vec).collect(),
            by_label: confusion
                .iter()
                .flat_map(Confusion::by_class)
                .chain(overlap.iter().flat_map(Overlap::by_label))
                .map(|class| [class.precision, class.recall, class.f1])
                .collect(),
            roc: if settings.high_from.is_some() {
                first.map(thinned).unwrap_or_default()
            } else {
                Vec::new()
            },
            reliability: reliability.iter().map(|bin| (bin.count, bin.said, bin.happened)).collect(),
            calibration: said.and_then(Flags::smoothed_calibration),
            histogram: said.map(histogram).unwrap_or_default(),
            decision_curve: said.map(gained).unwrap_or_default(),
            groups: groups::all(&settings, judged, bootstrap, |case| case.group.as_deref()),
            scripts: groups::all(&settings, judged, bootstrap, |case| case.script.map(Script::name)),
            clusters,
            warnings: warnings(clusters, high, judged.len()),
            checklist: Vec::new(),
            raters: raters::agreement(&settings, judged),
            comparison: None,
            settings,
        };
        evaluation.checklist = checklist::of(&evaluation);
        Ok(evaluation)
    }

    /// Adds a comparison with another scorer on the same cases; a positive difference favours the other.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the cases differ.
    pub fn compare(&mut self, name: &str, judged: &[Judged], other: &[Judged]) -> Result<()> {
        let same = judged.len() == other.len()
            && judged.iter().zip(other).all(|(ours, theirs)| ours.truth == theirs.truth);
        if !same {
            return Err(Error::invalid("the two scorers were not given the same cases")
                .with_help("score the same rows in the same order"));
        }
        self.comparison = Some(compare::compare(&self.settings, name, judged, other));
        Ok(())
    }

    /// The figure of this name.
    pub fn figure(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }

    /// The evaluation as a self-contained HTML page with plots.
    pub fn html(&self) -> String {
        page::html(self)
    }
}

/// The number of high-risk cases and of the others, by predicted probability.
fn histogram(flags: &Flags) -> Vec<(u64, u64)> {
    const WIDTHS: usize = 20;
    let mut counts = vec![(0, 0); WIDTHS];
    for (p, high) in flags.each() {
        let width = ((p * WIDTHS as f64) as usize).min(WIDTHS - 1);
        if let Some((of_high, others)) = counts.get_mut(width) {
            *(if high { of_high } else { others }) += 1;
        }
    }
    counts
}

/// The decision curve over the thresholds that a team would use: up to three times the prevalence, and at least to 0.5.
fn gained(flags: &Flags) -> Vec<NetBenefit> {
    let most = (flags.prevalence().unwrap_or_default() * 3.0).clamp(0.5, 0.95);
    flags.decision_curve((1..=(most * 100.0) as u32).map(|percent| f64::from(percent) / 100.0))
}

fn warnings(clusters: Option<usize>, high: Option<&Flags>, cases: usize) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(clusters) = clusters.filter(|&clusters| clusters < FEW_GROUPS) {
        found.push(format!(
            "The cases come from {clusters} clusters. Fewer than {FEW_GROUPS} make intervals that are too narrow: read \
             them as the least that is uncertain."
        ));
    }
    // Collins, Ogundimu and Altman 2016: a validation needs at least 100 events and 100 non-events.
    let fewest = |flags: &Flags| flags.positives().min(flags.count() - flags.positives());
    if let Some(fewest) = high.map(fewest).filter(|&fewest| fewest < 100) {
        found.push(format!(
            "Of {cases} cases {fewest} are on the smaller side of high risk. Fewer than 100 are too few to judge calibration."
        ));
    }
    found
}

/// The curve with fewer points, for display.
fn thinned(flags: &Flags) -> Vec<(f64, f64)> {
    const MOST: usize = 200;
    let points = flags.roc();
    let step = points.len().div_ceil(MOST).max(1);
    let last = points.last().copied();
    points.into_iter().step_by(step).chain(last).collect()
}

#[cfg(test)]
mod tests;
