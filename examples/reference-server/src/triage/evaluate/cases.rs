//! The evaluated rows, each with its truth and its predictions.

use std::collections::{BTreeMap, BTreeSet};

use eovr_core::triage::evaluate::{Flow, Judged};
use eovr_core::triage::learn::{Card, Order, TextReader};
use eovr_host::output::Failure;

use super::{Args, Scheme};
use crate::triage::bar;
use crate::triage::labelled::{Column, Labelled, Side, text_digest};
use crate::triage::scorers::Asked;

/// The rows to evaluate.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Which {
    All,
    /// The rows that a column marks for testing.
    Column,
    /// The rows that a training with this seed kept for testing.
    Chance(u64),
}

impl Which {
    /// A scorer is not evaluated on rows that it was trained on.
    fn of<'a>(args: &Args, digest: &str, cards: impl Iterator<Item = &'a Card>) -> Result<Self, Failure> {
        let mut which = if args.split.is_some() { Self::Column } else { Self::All };
        for card in cards.filter(|card| card.data_sha256 == digest) {
            let learned = format!("`{}` learned from rows of this file", card.name);
            match (&args.split, card.split.as_str()) {
                (None, "") if which == Self::All || which == Self::Chance(card.seed) => {
                    which = Self::Chance(card.seed);
                }
                (None, "") => {
                    return Err(Failure::usage(
                        format!("{learned}, and the other model kept other rows for testing"),
                        "train both with the same `--seed`, or with the same `--split`",
                    ));
                }
                (Some(_), "") => {
                    let help = "leave `--split` out: its training kept rows for testing by chance";
                    return Err(Failure::usage(learned, help));
                }
                (Some(split), kept) if split == kept => {}
                (_, kept) => {
                    let help = format!("say which are for testing: `--split {kept}`");
                    return Err(Failure::usage(learned, help));
                }
            }
        }
        Ok(which)
    }

    fn words(self) -> &'static str {
        match self {
            Self::All => "all rows",
            Self::Column => "rows of `test`",
            Self::Chance(_) => "rows that training kept for testing",
        }
    }
}

/// All cases, scored.
pub(super) struct Cases {
    pub(super) judged: Vec<Judged>,
    pub(super) other: Vec<Judged>,
    pub(super) rows: Vec<u64>,
    pub(super) digest: String,
    pub(super) which: &'static str,
    pub(super) flow: Flow,
}

impl Cases {
    pub(super) fn read(
        args: &Args,
        scorer: &Asked,
        other: Option<&Asked>,
        scheme: &Scheme,
    ) -> Result<Self, Failure> {
        let mut rows = Labelled::open(&args.data, &args.reading, &args.columns())?;
        let (text, label) = (rows.column("--text", &args.text)?, rows.column("--label", &args.label)?);
        let optional = |option: &str, name: &Option<String>| {
            name.as_deref().map(|name| rows.column(option, name)).transpose()
        };
        let (split, group, cluster) = (
            optional("--split", &args.split)?,
            optional("--group", &args.group)?,
            optional("--cluster", &args.cluster)?,
        );
        let raters: Vec<Column> =
            args.rater.iter().map(|name| rows.column("--rater", name)).collect::<Result<_, _>>()?;
        rows.say_what_was_found();
        let which = Which::of(
            args,
            &rows.digest,
            [Some(scorer), other].into_iter().flatten().filter_map(Asked::card),
        )?;
        // A text of the scorer's training data proves nothing, even if another row with this text is marked for
        // testing.
        let learned_here = |asked: &Asked| asked.card().is_some_and(|card| card.data_sha256 == rows.digest);
        let learned =
            if which == Which::Column && [Some(scorer), other].into_iter().flatten().any(learned_here) {
                texts_learned_from(args)?
            } else {
                BTreeSet::new()
            };
        let (mut flow, mut seen, mut known) = (Flow::default(), BTreeSet::new(), 0);
        let reading = bar(rows.bytes, "scoring {bar:40} {percent:>3} %");
        let mut memory = TextReader::default();
        let mut clusters: BTreeMap<String, u64> = BTreeMap::new();
        let (mut judged, mut others, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        while rows.next()? {
            reading.set_position(rows.read());
            let narrative = rows.cell(text);
            flow.read += 1;
            let side = match which {
                Which::All => Side::Test,
                Which::Column => rows.side(split, narrative, 0)?,
                Which::Chance(seed) => rows.side(None, narrative, seed)?,
            };
            match side {
                Side::Train => flow.train += 1,
                Side::Valid => flow.valid += 1,
                Side::Test => {}
            }
            if side != Side::Test {
                continue;
            }
            let text_of = text_digest(narrative);
            if learned.contains(&text_of) {
                known += 1;
                continue;
            }
            flow.evaluated += 1;
            flow.repeated += u64::from(!seen.insert(text_of));
            let number = rows.number();
            let truths = match args.labels.several(rows.cell(label)) {
                Some(several) => {
                    several.into_iter().map(|label| scheme.place(label, number)).collect::<Result<_, _>>()?
                }
                None => Vec::new(),
            };
            let truth = match args.labels.multi {
                Some(_) => truths.first().copied().unwrap_or_default(),
                None => scheme.place(rows.label(label)?, number)?,
            };
            let group = group.map(|group| rows.cell(group).to_owned());
            let cluster = cluster.map(|cluster| {
                let next = clusters.len() as u64;
                *clusters.entry(rows.cell(cluster).to_owned()).or_insert(next)
            });
            let mut said = Vec::with_capacity(raters.len());
            for &rater in &raters {
                let label = rows.cell(rater).trim();
                said.push((!label.is_empty()).then(|| scheme.place(label, number)).transpose()?);
            }
            let levels =
                (scheme.order == Order::Ordinal || scheme.labels.len() == 2).then_some(scheme.labels.len());
            if let Some(other) = other {
                let said = other.judge(&mut memory, narrative, levels);
                others.push(Judged { truth, truths: truths.clone(), cluster, ..said });
            }
            let by_scorer = scorer.judge(&mut memory, narrative, levels);
            judged.push(Judged { truth, truths, group, cluster, raters: said, ..by_scorer });
            numbers.push(number);
        }
        reading.finish_and_clear();
        if judged.is_empty() {
            return Err(Failure::usage(
                "there is no row to evaluate",
                "with `--split` only rows of `test` are evaluated",
            ));
        }
        if known > 0 {
            flow.dropped.push(("the text is in the rows of the training".to_owned(), known));
        }
        Ok(Self { judged, other: others, rows: numbers, digest: rows.digest, which: which.words(), flow })
    }
}

/// The digests of all texts of the training rows.
fn texts_learned_from(args: &Args) -> Result<BTreeSet<[u8; 16]>, Failure> {
    let mut rows = Labelled::open(&args.data, &args.reading, &args.columns())?;
    let text = rows.column("--text", &args.text)?;
    let split = args.split.as_deref().map(|name| rows.column("--split", name)).transpose()?;
    let mut learned = BTreeSet::new();
    while rows.next()? {
        let narrative = rows.cell(text);
        if rows.side(split, narrative, 0)? != Side::Test {
            learned.insert(text_digest(narrative));
        }
    }
    Ok(learned)
}
