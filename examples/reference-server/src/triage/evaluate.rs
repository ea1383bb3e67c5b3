mod cases;

use std::collections::BTreeMap;
use std::path::PathBuf;

use eovr_core::triage::evaluate::{Evaluation, Settings};
use eovr_core::triage::learn::{Order, Plan};
use eovr_host::output::{Failure, Out};

use self::cases::Cases;
use super::labelled::Labelled;
use super::scorers::{Asked, sorted};
use super::{Labels, predictions, write};
use crate::csv_file::Reading;

/// Options of `evaluate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The scorer: `rules`, or a model file
    #[arg(long, value_name = "SCORER")]
    scorer: String,
    /// The labelled narratives: a CSV file with a line of column names first
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The column with the narratives
    #[arg(long, value_name = "COLUMN")]
    text: String,
    /// The column with the labels
    #[arg(long, value_name = "COLUMN")]
    label: String,
    /// The column with the values `train`, `valid` or `test`; only rows of `test` are evaluated [default: all rows; for
    /// a model's own data those that its training kept for testing]
    #[arg(long, value_name = "COLUMN")]
    split: Option<String>,
    /// A column with subgroups, which are evaluated one by one
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// A column with the cluster of dependent cases; the bootstrap draws them together
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// A column with the answers of one person; give it for each of them
    #[arg(long, value_name = "COLUMN")]
    rater: Vec<String>,
    /// Another scorer to compare on the same cases
    #[arg(long, value_name = "SCORER")]
    compare: Option<String>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    labels: Labels,
    /// The number of bootstrap draws
    #[arg(long, value_name = "N", default_value_t = 1000)]
    draws: usize,
    /// The seed of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The prevalence of high risk at the place of use, such as 0.05: PPV and NPV are computed for it, too
    #[arg(long, value_name = "SHARE")]
    prevalence: Option<f64>,
    /// The date for the page and the figures, such as 2026-11-30 [default: none, so that the same run writes the same]
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
    /// Writes the predictions for each case
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
    /// Writes all metrics as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes an HTML page with charts
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Args {
    /// The required columns of the file.
    fn columns(&self) -> Vec<&str> {
        let optional = [&self.split, &self.group, &self.cluster].into_iter().flatten();
        [&self.text, &self.label].into_iter().chain(optional).chain(&self.rater).map(String::as_str).collect()
    }
}

pub(crate) fn run(args: &Args, out: &mut Out) -> Result<u8, Failure> {
    let scorer = Asked::open(&args.scorer)?;
    let other = args.compare.as_deref().map(Asked::open).transpose()?;
    let scheme = Scheme::settle(args, &scorer, other.as_ref())?;
    if let Some(theirs) = other.as_ref().and_then(Asked::card).filter(|card| card.labels != scheme.labels) {
        return Err(Failure::usage(
            "the two scorers do not know the same labels",
            format!("the other one knows: {}", listed(&theirs.labels)),
        ));
    }
    let cases = Cases::read(args, &scorer, other.as_ref(), &scheme)?;
    let settings = Settings {
        scorer: scorer.title(),
        data: args.data.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        data_sha256: cases.digest.clone(),
        model_sha256: scorer.sha256(),
        labels: scheme.labels.clone(),
        order: scheme.order,
        several: args.labels.multi.is_some(),
        high_from: scheme.high,
        probabilities: scorer.card().is_some(),
        prevalence: args.prevalence,
        group_by: args.group.clone().unwrap_or_default(),
        flow: Some(cases.flow.clone()),
        training: scorer.card().cloned(),
        date: args.date.clone().unwrap_or_default(),
        draws: args.draws,
        seed: args.seed,
        ..Settings::default()
    };
    let mut evaluation = Evaluation::new(settings, &cases.judged)?;
    if let Some(other) = &other {
        evaluation.compare(&other.title(), &cases.judged, &cases.other)?;
    }
    print(&evaluation, &scheme, &cases, out);
    if let Some(path) = &args.predictions {
        write(
            path,
            &predictions::csv(&scheme.labels, &cases.rows, &cases.judged, args.labels.multi.as_deref())?,
        )?;
    }
    if let Some(path) = &args.json {
        let json = serde_json::to_vec_pretty(&evaluation);
        write(path, &json.map_err(|error| Failure::broken(format!("cannot write the figures: {error}")))?)?;
    }
    if let Some(path) = &args.html {
        write(path, evaluation.html().as_bytes())?;
    }
    Ok(0)
}

/// The labels of this evaluation.
struct Scheme {
    labels: Vec<String>,
    order: Order,
    because: String,
    high: Option<usize>,
}

impl Scheme {
    /// A model's scheme comes from its card; for the rules alone it comes from the file.
    fn settle(args: &Args, scorer: &Asked, other: Option<&Asked>) -> Result<Self, Failure> {
        let rules_are_asked = scorer.card().is_none();
        if let Some(card) = scorer.card().or_else(|| other.and_then(Asked::card)) {
            let labels = card.labels.clone();
            let help = match (card.several, args.labels.multi.is_some()) {
                (true, false) => Some("give the separator of the labels in a cell, such as `--multi ';'`"),
                (false, true) => Some("leave `--multi` out, or train the model with it"),
                _ => None,
            };
            if let Some(help) = help {
                let gives = if card.several { "any number of labels" } else { "one label" };
                return Err(Failure::usage(format!("the model gives each narrative {gives}"), help));
            }
            if card.several && (rules_are_asked || !args.rater.is_empty()) {
                return Err(Failure::usage(
                    "the rules and people's ratings give one level each, and here a narrative may have several labels",
                    "evaluate the model alone",
                ));
            }
            if args.labels.ordinal.as_ref().is_some_and(|order| *order != labels) {
                return Err(Failure::usage(
                    "the model has its labels in another order",
                    format!("its order: {}; to change it, train with `--ordinal`", listed(&labels)),
                ));
            }
            let high = match &args.labels.high {
                Some(_) => Plan { high_from: args.labels.high.clone(), ..Plan::default() }.high(
                    &labels,
                    &card.counts,
                    card.order,
                )?,
                None => card.high_from,
            };
            if rules_are_asked && high.is_none() {
                return Err(no_high_side());
            }
            let order = args.labels.order().unwrap_or(card.order);
            return Ok(Self { labels, order, because: "the model's card says so".to_owned(), high });
        }
        if args.labels.multi.is_some() {
            return Err(Failure::usage(
                "the rules name no labels",
                "evaluate a model that was trained with `--multi`",
            ));
        }
        let mut rows = Labelled::open(&args.data, &args.reading, &args.columns())?;
        let label = rows.column("--label", &args.label)?;
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        while rows.next()? {
            *counts.entry(rows.label(label)?.to_owned()).or_default() += 1;
            if counts.len() > Plan::MOST_LABELS {
                return Err(Failure::usage(
                    format!("`{}` has more than {} different labels", args.label, Plan::MOST_LABELS),
                    "name the column that has the labels",
                ));
            }
        }
        let labels = args.labels.ordinal.clone().unwrap_or_else(|| sorted(&counts));
        if labels.len() < 2 {
            return Err(Failure::usage("there is one label only", "give rows of two labels or more"));
        }
        let numbers = labels.iter().all(|label| label.parse::<i64>().is_ok());
        let (order, because) = match args.labels.order() {
            Some(order) => (order, "the command says so"),
            None if numbers && labels.len() > 2 => return Err(Plan::question(&labels).into()),
            None if numbers => (Order::Nominal, "there are two labels"),
            None => (Order::Nominal, "they are words"),
        };
        let counts: Vec<u64> =
            labels.iter().map(|label| counts.get(label).copied().unwrap_or_default()).collect();
        let plan = Plan { high_from: args.labels.high.clone(), ..Plan::default() };
        let high = plan.high(&labels, &counts, order)?;
        if high.is_none() {
            return Err(no_high_side());
        }
        Ok(Self { labels, order, because: because.to_owned(), high })
    }

    fn place(&self, label: &str, row: u64) -> Result<usize, Failure> {
        let label = label.trim();
        self.labels.iter().position(|known| known == label).ok_or_else(|| {
            Failure::usage(
                format!("the label of row {row} is outside the scheme"),
                format!("accepted: {}", listed(&self.labels)),
            )
        })
    }
}

/// Labels as a message shows them.
fn listed(labels: &[String]) -> String {
    let shown = labels.iter().take(20).map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
    if labels.len() > 20 { format!("{shown} and {} others", labels.len() - 20) } else { shown }
}

fn no_high_side() -> Failure {
    Failure::usage(
        "the rules score severity, and these labels have no high side",
        "name the lowest label of high risk (`--high`), or give the labels in order (`--ordinal`)",
    )
}

fn print(evaluation: &Evaluation, scheme: &Scheme, cases: &Cases, out: &mut Out) {
    let order = match scheme.order {
        Order::Ordinal => "labels in order",
        Order::Nominal => "labels without an order",
    };
    out.line(format_args!("{}: {} cases ({})", evaluation.settings.scorer, evaluation.cases, cases.which));
    let high = scheme.high.and_then(|high| scheme.labels.get(high));
    let high = high.map_or(String::new(), |high| format!("; high risk begins at `{high}`"));
    out.line(format_args!("{order}, because {}{high}", scheme.because));
    for (reason, count) in &cases.flow.dropped {
        out.line(format_args!("{count} rows are left out: {reason}"));
    }
    for warning in &evaluation.warnings {
        out.line(format_args!("warning: {warning}"));
    }
    if evaluation.abstained > 0 {
        out.line(format_args!("the scorer abstained on {} cases", evaluation.abstained));
    }
    for figure in &evaluation.figures {
        let Some(value) = figure.value else { continue };
        let interval = match (figure.low, figure.high) {
            (Some(low), Some(high)) => format!("  {low:.3} to {high:.3}"),
            _ => String::new(),
        };
        out.line(format_args!("  {:<30} {value:>7.3}{interval}", figure.name));
    }
    for group in evaluation.groups.iter().chain(&evaluation.scripts) {
        let auroc = group.auroc.map_or("too few of high risk".to_owned(), |[value, low, high]| {
            format!("AUROC {value:.3} ({low:.3} to {high:.3})")
        });
        out.line(format_args!(
            "  group {:<12} {:>6} cases, {} high; {auroc}",
            group.name, group.cases, group.positives
        ));
    }
    let shown = |value: Option<f64>| value.map_or("not defined".to_owned(), |value| format!("{value:.3}"));
    if let Some(raters) = &evaluation.raters {
        out.line(format_args!(
            "{} people on {} cases: Fleiss' kappa {}, each two {}, each with the scorer {}",
            raters.raters,
            raters.cases,
            shown(raters.fleiss),
            shown(raters.pairwise),
            shown(raters.with_scorer)
        ));
    }
    if let Some(comparison) = &evaluation.comparison {
        let shown = |figure: Option<[f64; 3]>| match figure {
            Some([value, low, high]) => format!("{value:+.3} ({low:+.3} to {high:+.3})"),
            None => "not defined".to_owned(),
        };
        out.line(format_args!(
            "difference to {}: AUROC {}, agreement {}",
            comparison.other,
            shown(comparison.auroc),
            shown(comparison.agreement)
        ));
        if let Some((ours, theirs, p)) = comparison.right_alone {
            let chance = if p < 0.0001 { "< 0.0001".to_owned() } else { format!("= {p:.4}") };
            out.line(format_args!("only one scorer is right: {ours} and {theirs} cases; McNemar p {chance}"));
        }
    }
}
