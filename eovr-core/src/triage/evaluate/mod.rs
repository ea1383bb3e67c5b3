//! One scorer against one labelled set: every figure, with its interval, by subgroup, as a page.
//!
//! [`Evaluation::new`] takes what was true and what was said, case by case, and works out all that
//! [`metrics`](super::metrics) has. It is the same computation that `eovr-server evaluate` prints; its JSON
//! is `results.json`, its [`html`](Evaluation::html) a page that needs nothing else.
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

/// What an evaluation is about, and how it is done.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// Who was evaluated: the scorer's name and version.
    pub scorer: String,
    /// What it was evaluated on, in words.
    pub data: String,
    /// SHA-256 of the data file.
    pub data_sha256: String,
    /// SHA-256 of the model file, where there is one.
    pub model_sha256: Option<String>,
    /// The labels; from low to high where they have an order.
    pub labels: Vec<String>,
    /// Whether they have one.
    pub order: Order,
    /// Whether a case may have several labels.
    pub several: bool,
    /// The place of the first label that counts as high-risk.
    pub high_from: Option<usize>,
    /// Whether `high` is a probability, so that calibration can be asked about.
    pub probabilities: bool,
    /// How frequent high risk is where the scorer is to be used; PPV and NPV are given for that as well.
    pub prevalence: Option<f64>,
    /// What the subgroups are by, such as a column's name.
    pub group_by: String,
    /// What became of the rows, where they came from a file.
    pub flow: Option<Flow>,
    /// The card of the model that was evaluated, where it is one.
    pub training: Option<Card>,
    /// When this is, as the host says; empty where it says nothing, so that the same run makes the same page.
    pub date: String,
    /// Draws of the bootstrap.
    pub draws: usize,
    /// Where its chance begins.
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
    /// What was evaluated and how.
    pub settings: Settings,
    /// How many cases there are.
    pub cases: usize,
    /// How many of each label.
    pub counts: Vec<u64>,
    /// How many the scorer had nothing to say about. They are counted like the others.
    pub abstained: usize,
    /// Every figure with its interval; undefined ones are `null`.
    pub figures: Vec<Figure>,
    /// Rows are true labels, columns what was said.
    pub confusion: Vec<Vec<u64>>,
    /// Precision, recall and F1 of each label: `[precision, recall, f1]`.
    pub by_label: Vec<[f64; 3]>,
    /// The ROC curve: false alarms, hits. At most 200 points.
    pub roc: Vec<(f64, f64)>,
    /// The reliability curve: how many cases, what was said, what happened.
    pub reliability: Vec<(usize, f64, f64)>,
    /// The smoothed calibration curve of high risk with its band, where it is defined.
    pub calibration: Option<Smoothed>,
    /// How the probabilities lie: of each of twenty equal widths the cases of high risk, and the others.
    pub histogram: Vec<(u64, u64)>,
    /// Net benefit at thresholds in hundredths.
    pub decision_curve: Vec<NetBenefit>,
    /// Subgroups, where there are some.
    pub groups: Vec<GroupFigures>,
    /// Subgroups by the script of the narrative.
    pub scripts: Vec<GroupFigures>,
    /// How many clusters the bootstrap drew, where cases share some.
    pub clusters: Option<usize>,
    /// What a reader must know before relying on the figures.
    pub warnings: Vec<String>,
    /// What TRIPOD+AI and STRATOS ask for, and what of it is here.
    pub checklist: Vec<Item>,
    /// How far people agree, where several rated.
    pub raters: Option<Raters>,
    /// Another scorer on the same cases, where one was given.
    pub comparison: Option<Comparison>,
}

impl Evaluation {
    /// Works out every figure.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where there are no cases, or one has a label that is
    /// not in the scheme or a score that is not a number.
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
            return Err(Error::invalid("where a case may have several labels none is above another")
                .with_help("leave out where high risk begins"));
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

    /// Compares with another scorer on the same cases; a positive difference is in the other's favour.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the cases are not the same.
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

    /// The evaluation as a page that needs no other file, with its figures drawn.
    pub fn html(&self) -> String {
        page::html(self)
    }
}

/// Cases of high risk, and the others, by what was said of them.
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

/// The decision curve, as far as a team would act: to three times the prevalence, and a half at least.
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
    // Collins, Ogundimu and Altman 2016: at least 100 events and 100 others to validate a model.
    let fewest = |flags: &Flags| flags.positives().min(flags.count() - flags.positives());
    if let Some(fewest) = high.map(fewest).filter(|&fewest| fewest < 100) {
        found.push(format!(
            "Of {cases} cases {fewest} are on the smaller side of high risk. Fewer than 100 are too few to judge calibration."
        ));
    }
    found
}

/// A curve for the eye.
fn thinned(flags: &Flags) -> Vec<(f64, f64)> {
    const MOST: usize = 200;
    let points = flags.roc();
    let step = points.len().div_ceil(MOST).max(1);
    let last = points.last().copied();
    points.into_iter().step_by(step).chain(last).collect()
}

#[cfg(test)]
mod tests;
