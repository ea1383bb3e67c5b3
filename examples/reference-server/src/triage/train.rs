use std::path::PathBuf;

use eovr_core::triage::Scorer as _;
use eovr_core::triage::learn::{Card, Order, Part, Plan, Trainer};
use eovr_host::output::{Failure, Out};

use super::labelled::{Labelled, Side};
use super::partial::Partial;
use super::{Labels, bar, write};
use crate::csv_file::Reading;

/// Options of `train`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The labelled narratives: a CSV file with a line of column names first
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The column with the narratives
    #[arg(long, value_name = "COLUMN")]
    text: String,
    /// The column with the labels
    #[arg(long, value_name = "COLUMN")]
    label: String,
    /// The column with the values `train`, `valid` or `test`; rows of `test` are left out [default: 15 percent are kept
    /// for testing, at random]
    #[arg(long, value_name = "COLUMN")]
    split: Option<String>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    labels: Labels,
    /// The seed of the random generator: the same data and seed make the same file
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The model's name; it should name the data [default: the data file's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The date for the model's card, such as 2026-11-30; another date makes another file [default: none]
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
    /// The model file to write
    #[arg(long, value_name = "MODEL")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args, out: &mut Out) -> Result<u8, Failure> {
    let wanted: Vec<&str> =
        [&args.text, &args.label].into_iter().chain(&args.split).map(String::as_str).collect();
    let mut rows = Labelled::open(&args.data, &args.reading, &wanted)?;
    let (text, label) = (rows.column("--text", &args.text)?, rows.column("--label", &args.label)?);
    let split = args.split.as_deref().map(|name| rows.column("--split", name)).transpose()?;
    rows.say_what_was_found();
    let mut trainer = Trainer::new(args.seed);
    let reading = bar(rows.bytes, "reading  {bar:40} {percent:>3} %");
    let (mut empty, mut kept) = (0_u64, 0_u64);
    while rows.next()? {
        reading.set_position(rows.read());
        let narrative = rows.cell(text);
        let part = match rows.side(split, narrative, args.seed)? {
            Side::Train => Part::Train,
            Side::Valid => Part::Valid,
            Side::Test => {
                kept += 1;
                continue;
            }
        };
        let (several, one) = (args.labels.several(rows.cell(label)), rows.cell(label).trim());
        if several.is_none() {
            rows.label(label)?;
        }
        let take = |trainer: &mut Trainer| match &several {
            Some(labels) => trainer.add_several(narrative, labels, part),
            None => trainer.add(narrative, one, part),
        };
        // The labels were checked before, so a refused row is a narrative without a word.
        if !narrative.chars().any(char::is_alphanumeric) || take(&mut trainer).is_err() {
            empty += 1;
        }
    }
    reading.finish_and_clear();
    let plan = Plan {
        name: args.name.clone().unwrap_or_else(|| stem(&args.data)),
        data_sha256: rows.digest.clone(),
        split: args.split.clone().unwrap_or_default(),
        date: args.date.clone().unwrap_or_default(),
        order: args.labels.order(),
        labels: args.labels.ordinal.clone(),
        high_from: args.labels.high.clone(),
    };
    let learning = bar(1, "learning {bar:40} {percent:>3} %, {eta} left");
    // Everything that the model depends on; any change makes it another training.
    let training = format!("{} {} {} {:?} {plan:?}", args.seed, args.text, args.label, args.labels.multi);
    let mut partial = Partial::open(&args.out, &format!("{} {training}", env!("CARGO_PKG_VERSION")))?;
    let model = trainer.resume(&plan, &mut partial, |progress| {
        learning.set_length(progress.of as u64);
        learning.set_position(progress.done as u64);
    })?;
    learning.finish_and_clear();
    let bytes = model.to_bytes();
    write(&args.out, &bytes)?;
    if let Err(error) = partial.remove() {
        out.line(format_args!("the intermediate results could not be deleted: {error}"));
    }
    if partial.known > 0 {
        out.line(format_args!("resumed after {} steps of an interrupted training", partial.known));
    }
    describe(model.card(), out);
    if empty > 0 {
        out.line(format_args!("{empty} rows have no word and were left out"));
    }
    out.line(format_args!(
        "{kept} rows are kept for testing; `{}` has {} bytes, version {}",
        args.out.display(),
        bytes.len(),
        model.model().version
    ));
    Ok(0)
}

fn stem(path: &std::path::Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A summary of a model for people.
fn describe(card: &Card, out: &mut Out) {
    let (train, valid) = card.rows;
    let rows = card.held_out.rows;
    out.line(format_args!("trained on {train} rows, validated on {valid}; seed {}", card.seed));
    let labels: Vec<String> =
        card.labels.iter().zip(&card.counts).map(|(label, count)| format!("`{label}` {count}")).collect();
    let order = match card.order {
        Order::Ordinal => "labels in order",
        Order::Nominal => "labels without an order",
    };
    out.line(format_args!("{order}, because {}: {}", card.order_because, labels.join(", ")));
    if let Some(high) = card.high_from.and_then(|high| card.labels.get(high)) {
        out.line(format_args!("high risk begins at `{high}`"));
    }
    let held = &card.held_out;
    let figures = [
        ("AUROC", held.auroc),
        ("kappa", held.kappa),
        ("macro-F1", held.macro_f1),
        ("accuracy", held.accuracy),
        ("calibration error", held.calibration_error),
    ];
    let figures: Vec<String> =
        figures.iter().filter_map(|(name, figure)| Some(format!("{name} {:.3}", (*figure)?))).collect();
    out.line(format_args!("held out ({}, {rows}): {}", held.how, figures.join(", ")));
}
