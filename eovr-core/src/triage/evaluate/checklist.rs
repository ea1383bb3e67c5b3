//! The reporting guidelines for such an evaluation, and whether the page satisfies them.
//!
//! The items of TRIPOD+AI (Collins et al., BMJ 2024;385:e078378) in their order, each summarised in our own words; and
//! the measures that the STRATOS group recommends (Van Calster et al., Lancet Digital Health 2025).

use serde::Serialize;

use super::Evaluation;

/// One item of a guideline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The guideline, and the item's number in it.
    pub of: &'static str,
    /// A summary of the item.
    pub asks: &'static str,
    /// Whether the page satisfies it.
    pub status: Status,
    /// Where, or what is missing.
    pub here: &'static str,
}

/// Whether the page satisfies an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The page satisfies it.
    Met,
    /// The page does not satisfy it and says what is missing.
    NotMet,
    /// Only the author can satisfy it.
    Author,
}

impl Status {
    /// The text on the page.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Met => "met here",
            Self::NotMet => "not met",
            Self::Author => "for the author",
        }
    }
}

pub(super) fn of(evaluation: &Evaluation) -> Vec<Item> {
    let settings = &evaluation.settings;
    let card = settings.training.is_some();
    let defined = |name: &str| evaluation.figure(name).is_some_and(|figure| figure.value.is_some());
    let author = |of, asks| Item { of, asks, status: Status::Author, here: "" };
    let met = |of, asks, here| Item { of, asks, status: Status::Met, here };
    let met_if = |is: bool, of, asks, here, missing| Item {
        of,
        asks,
        status: if is { Status::Met } else { Status::NotMet },
        here: if is { here } else { missing },
    };
    let curve = evaluation.calibration.is_some();
    let decision = !evaluation.decision_curve.is_empty();
    let high = settings.high_from.is_some();
    let no_chance = "the scorer says no probability of high risk, or one side of it is missing";
    let groups = !evaluation.groups.is_empty();
    vec![
        author("TRIPOD+AI 1", "title: what is predicted, in whom, development or evaluation"),
        author("TRIPOD+AI 2", "abstract"),
        author("TRIPOD+AI 3a–c", "background, intended use and users, known inequalities"),
        author("TRIPOD+AI 4", "objectives: development, validation or both"),
        met_if(
            !settings.data_sha256.is_empty(),
            "TRIPOD+AI 5a",
            "source of the data",
            "the file and its digest are named; where they come from the author says",
            "give the digest of the data",
        ),
        author("TRIPOD+AI 5b", "dates of the data"),
        author("TRIPOD+AI 6a–c", "setting, eligibility, treatments"),
        met(
            "TRIPOD+AI 7",
            "preparation of the data",
            "Methods: one plain spelling, hashed words and pieces, for all groups alike",
        ),
        met_if(
            high,
            "TRIPOD+AI 8a",
            "outcome, and how it is coded",
            "labels and where high risk begins; how they were assessed the author says",
            "say from which label on it is high risk",
        ),
        met_if(
            evaluation.raters.is_some(),
            "TRIPOD+AI 8b–c",
            "who assessed the outcome, and how far they agree",
            "agreement of the raters; who they are the author says",
            "give what several raters said (`--rater`)",
        ),
        met("TRIPOD+AI 9a–b", "predictors", "Methods: the words of the narrative, and nothing else"),
        author("TRIPOD+AI 10", "why the sample is large enough"),
        met_if(
            settings.flow.is_some(),
            "TRIPOD+AI 11",
            "missing data",
            "Flow of rows: what was left out and why",
            "give the flow of rows",
        ),
        met_if(
            card && settings.flow.is_some(),
            "TRIPOD+AI 12a",
            "how rows were used",
            "Flow of rows and training card: training, choosing, testing apart",
            "the scorer has no training card, or the flow of rows is not given",
        ),
        met_if(
            card,
            "TRIPOD+AI 12b–c",
            "kind of model, all its steps, internal validation",
            "Methods and training card",
            "the scorer has no training card",
        ),
        met_if(
            evaluation.clusters.is_some(),
            "TRIPOD+AI 12d",
            "clusters",
            "the bootstrap draws whole clusters",
            "name what cases share (`--cluster`), or say that they share nothing",
        ),
        met("TRIPOD+AI 12e", "measures, and why", "Figures, with intervals and how each was found"),
        author("TRIPOD+AI 12f", "updating of the model after the evaluation"),
        met_if(
            card,
            "TRIPOD+AI 12g",
            "how the predictions were calculated",
            "the model file and its digest",
            "the scorer is no model file; its name and version are given",
        ),
        met(
            "TRIPOD+AI 13",
            "imbalance of classes",
            "no rows were drawn twice or weighed; counts of each label are given",
        ),
        met_if(
            groups,
            "TRIPOD+AI 14",
            "fairness",
            "Subgroups, each beside all others with an interval",
            "name a column with subgroups (`--group`); scripts are compared in any case",
        ),
        met(
            "TRIPOD+AI 15",
            "output and thresholds",
            "the flag, its threshold where it has one, and where high risk begins",
        ),
        author("TRIPOD+AI 16", "how data for training and for evaluation differ"),
        author(
            "TRIPOD+AI 17–19",
            "ethics, funding, conflicts, protocol, registration, sharing, involvement of patients",
        ),
        met_if(
            settings.flow.is_some(),
            "TRIPOD+AI 20a",
            "flow of participants, with and without the outcome",
            "Flow of rows, counts of labels",
            "give the flow of rows",
        ),
        author("TRIPOD+AI 20b–c", "characteristics of the people behind the reports"),
        met("TRIPOD+AI 21", "number of cases and events", "counts of each label"),
        met_if(
            card,
            "TRIPOD+AI 22",
            "the full model",
            "the model file; its digest stands at the end",
            "the scorer is no model file",
        ),
        met("TRIPOD+AI 23a", "performance with intervals, in subgroups too", "Figures and Subgroups"),
        met_if(
            groups || evaluation.scripts.len() > 1,
            "TRIPOD+AI 23b",
            "heterogeneity",
            "Subgroups: differences with intervals",
            "name a column with subgroups, such as the hospital (`--group`)",
        ),
        author("TRIPOD+AI 24–27", "updating, interpretation, limits, use in practice, next steps"),
        met_if(defined("auroc"), "STRATOS 1", "discrimination: AUROC", "Figures", "one class is missing"),
        met_if(curve, "STRATOS 2", "smoothed calibration plot", "Calibration, with a 95 % band", no_chance),
        met_if(decision, "STRATOS 3", "net benefit with a decision curve", "Decision curve", no_chance),
        met_if(
            !evaluation.histogram.is_empty(),
            "STRATOS 4",
            "distribution of the probabilities by outcome",
            "histogram under the calibration curve",
            no_chance,
        ),
    ]
}
