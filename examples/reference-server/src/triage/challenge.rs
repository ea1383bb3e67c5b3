//! `challenge`: tests a scorer on pairs of similar texts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use eovr_core::triage::challenge::{Challenge, ChallengeText, Outcome, Said, Share, Tally};
use eovr_core::triage::learn::TextModel;
use eovr_core::triage::{Case, EmbeddedRules, Mark, Marks, Scorer};
use eovr_host::output::{Failure, Out};
use eovr_host::table::Table;
use serde::Serialize;

use super::write;
use crate::csv_file::{self, Reading};

/// Options of `challenge`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The scorer: `rules`, or a model file
    #[arg(long, value_name = "SCORER", default_value = "rules", conflicts_with = "answers")]
    scorer: String,
    /// The answers of another scorer: a CSV file with the columns `id`, `score` and `flagged` (true or false)
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    /// A text counts as flagged from this score on [default: the scorer's flag; for the rules, reports to be read
    /// today]
    #[arg(long, value_name = "SCORE", conflicts_with = "answers")]
    from: Option<u8>,
    /// A set of your own in the same format [default: eovr's own]
    #[arg(long, value_name = "FILE")]
    cases: Option<PathBuf>,
    /// Only the ideas that were held back while the rules' word lists were tuned
    #[arg(long)]
    held_back: bool,
    /// Writes the texts, for a scorer outside of eovr, and does nothing else
    #[arg(long, value_name = "FILE")]
    texts: Option<PathBuf>,
    /// Shows the rules of language that pairs test, one by one
    #[arg(long)]
    by_rule: bool,
    /// Shows the texts with a wrong result
    #[arg(long)]
    wrong: bool,
    /// Writes all results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, out: &mut Out) -> Result<u8, Failure> {
    let own = args.cases.as_deref().map(read).transpose()?;
    let all = own.as_ref().unwrap_or_else(|| Challenge::shipped());
    let held = args.held_back.then(|| all.held_back());
    let challenge = held.as_ref().unwrap_or(all);
    if let Some(path) = &args.texts {
        write(path, &texts(challenge)?)?;
        out.line(format_args!(
            "{} texts; answer them with the columns `id`, `score` and `flagged`",
            challenge.texts().len()
        ));
        return Ok(0);
    }
    let (title, outcome) = match &args.answers {
        Some(path) => ("answers".to_owned(), answered(challenge, path, &args.reading)?),
        None => scored(challenge, args)?,
    };
    if let Some(path) = &args.json {
        let figures = serde_json::to_vec_pretty(&Figures { scorer: &title, outcome: &outcome });
        write(path, &figures.map_err(|error| Failure::broken(error.to_string()))?)?;
    }
    show(&title, &outcome, args, out);
    if args.wrong {
        show_wrong(challenge, &outcome, out);
    }
    Ok(0)
}

#[derive(Serialize)]
struct Figures<'a> {
    scorer: &'a str,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

fn read(path: &Path) -> Result<Challenge, Failure> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    Ok(Challenge::read(&bytes)?)
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("cannot read `{}`: {error}", path.display()), "give a CSV file in UTF-8")
}

fn texts(challenge: &Challenge) -> Result<Vec<u8>, Failure> {
    let broken = |error: csv::Error| Failure::broken(error.to_string());
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(["id", "text"]).map_err(broken)?;
    for text in challenge.texts() {
        file.write_record([&text.id, &text.text]).map_err(broken)?;
    }
    file.into_inner().map_err(|error| Failure::broken(error.to_string()))
}

fn scored(challenge: &Challenge, args: &Args) -> Result<(String, Outcome), Failure> {
    let (scorer, default): (Box<dyn Scorer>, Option<Marks>) = if args.scorer == "rules" {
        (Box::new(EmbeddedRules), Some(Marks::default()))
    } else {
        let bytes = std::fs::read(&args.scorer).map_err(|error| {
            let accepted = "accepted: `rules`, a model file made by `eovr-server train`, or `--answers` of any other scorer";
            Failure::usage(format!("cannot read the model `{}`: {error}", args.scorer), accepted)
        })?;
        (Box::new(TextModel::from_bytes(&bytes)?), None)
    };
    let marks = args.from.map(|from| Marks { today: from, now: from }).or(default);
    let outcome = challenge.run(|text| {
        let said = scorer.score(&Case { narrative: &text.text, ..Case::default() });
        let flagged = match marks {
            Some(marks) => marks.of_score(said.score) >= Some(Mark::Today) && !said.abstained,
            None => said.high_risk,
        };
        (!said.abstained).then(|| Said { score: f64::from(said.score), flagged })
    });
    let model = scorer.model();
    Ok((format!("{} {}", model.id, model.version), outcome))
}

/// The answers of another scorer, from a file in any encoding and with any separator.
fn answered(challenge: &Challenge, path: &Path, reading: &Reading) -> Result<Outcome, Failure> {
    const COLUMNS: [&str; 3] = ["id", "score", "flagged"];
    let mut table = csv_file::Table::open(path, reading, &COLUMNS)?;
    let [id, score, flagged] = COLUMNS.map(|name| table.column("--answers", name));
    let (id, score, flagged) = (id?, score?, flagged?);
    table.say_what_was_found();
    let known: BTreeSet<&str> = challenge.texts().iter().map(|text| text.id.as_str()).collect();
    let (mut row, mut answers) = (ByteRecord::new(), BTreeMap::new());
    while let Some(line) = table.next(&mut row)? {
        let cell =
            |column: usize| row.get(column).and_then(|cell| std::str::from_utf8(cell).ok()).map(str::trim);
        let score = cell(score).and_then(|score| score.parse::<f64>().ok()).filter(|score| score.is_finite());
        let flagged = cell(flagged).and_then(|flagged| flagged.to_ascii_lowercase().parse::<bool>().ok());
        let id = cell(id).filter(|id| known.contains(id) && !answers.contains_key(*id));
        let (Some(id), Some(score), Some(flagged)) = (id, score, flagged) else {
            return Err(Failure::usage(
                format!("line {line} of `{}` is not a valid answer", path.display()),
                "`id`: a text from `--texts`, at most once; `score`: a number; `flagged`: true or false",
            ));
        };
        answers.insert(id.to_owned(), Said { score, flagged });
    }
    Ok(challenge.run(|text| answers.get(&text.id).copied()))
}

fn show(title: &str, outcome: &Outcome, args: &Args, out: &mut Out) {
    out.heading(&format!("{title} on the challenge set"));
    let mut table =
        Table::new(&["", "found", "false flags", "near flags", "silent", "pairs solved", "in order"])
            .numbers(&[1, 2, 3, 4, 5, 6]);
    line(&mut table, "all", &outcome.all);
    let mut groups = vec![&outcome.languages, &outcome.varieties, &outcome.kinds];
    groups.extend(args.by_rule.then_some(&outcome.rules));
    for (name, tally) in groups.into_iter().flatten() {
        line(&mut table, name, tally);
    }
    table.print(out);
    out.line("");
    out.line("found: flagged grave texts. false flags: flagged quiet texts. near flags: flagged near misses. silent: possible texts");
    out.line("with score 0. pairs solved: pairs with a flag on the grave text only. in order: pairs whose grave text has the highest");
    out.line("score. The set is under CC BY 4.0; its README says how to cite it.");
    if outcome.all.unanswered > 0 {
        out.line(format_args!(
            "{} texts have no answer; they count as score 0 without a flag.",
            outcome.all.unanswered
        ));
    }
}

fn line(table: &mut Table, name: &str, tally: &Tally) {
    let Tally { found, false_flags, near_flags, silent, solved, ordered, .. } = *tally;
    let cells = [found, false_flags, near_flags, silent, solved, ordered].map(cell);
    table.row(std::iter::once(name.to_owned()).chain(cells));
}

fn cell(share: Share) -> String {
    share.rate().map_or_else(String::new, |rate| format!("{:.1} % of {}", rate * 100.0, share.of))
}

fn show_wrong(challenge: &Challenge, outcome: &Outcome, out: &mut Out) {
    let of = |id: &String| challenge.texts().iter().find(|text| text.id == *id);
    for ChallengeText { id, rule, expect, text, .. } in outcome.wrong.iter().filter_map(of) {
        let expect = serde_json::to_value(expect).ok();
        let expect = expect.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        out.line(format_args!("{id}  {rule}  expected {expect}: {text}"));
    }
}
