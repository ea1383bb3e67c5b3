//! The trainer beside scikit-learn on the same rows of the same public data sets: quality, speed and size.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use eovr_core::triage::learn::{Answer, Order, Part, Plan, TextModel, TextReader, Trainer};
use eovr_core::triage::metrics::{Bins, Confusion, Flags, Weights};
use serde::Deserialize;

use crate::stopwatch::thread_cpu_each;
use crate::table::{Line, say};
use crate::{Outcome, Scale};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/triage_peer.py");

/// The peer that the throughput target refers to, and the fastest one.
const USUAL: &str = "TF-IDF word+char LR";
const QUICK: &str = "hashed SGD";

/// One data set: its label column, and the lowest label of high risk if labels are levels.
struct Set {
    name: &'static str,
    file: &'static str,
    label: &'static str,
    high_from: Option<&'static str>,
}

const SETS: [Set; 5] = [
    Set { name: "vaers", file: "vaers_severity.csv", label: "label", high_from: Some("2") },
    Set { name: "recalls", file: "fda_drug_recall_class.csv", label: "label", high_from: Some("2") },
    Set { name: "feedback", file: "nhs_fft_criticality.csv", label: "label", high_from: Some("4") },
    Set { name: "themes", file: "nhs_fft_criticality.csv", label: "theme", high_from: None },
    Set {
        name: "questions (ar)",
        file: "mentalqa_ar_question_type.csv",
        label: "label_name",
        high_from: None,
    },
];

/// The quality of a scorer on unseen rows, and its time per narrative in microseconds.
#[derive(Clone, Debug, Deserialize)]
struct Done {
    #[serde(default)]
    peer: String,
    auroc: f64,
    /// Quadratic kappa, or macro-F1 if labels are kinds.
    agreement: f64,
    ece: f64,
    /// The calibration slope of high risk, if labels are levels. Peers leave it out.
    #[serde(default)]
    slope: Option<f64>,
    train_cpu: f64,
    read_cpu: f64,
}

/// The row `triage-peers`.
pub(crate) fn peer_rows(scale: Scale, _size: Option<usize>) -> Outcome<Vec<Line>> {
    let folder = std::env::var_os("EOVR_DATA").map(PathBuf::from);
    let folder = folder.ok_or("EOVR_DATA is not set: it names a folder with labelled public sets")?;
    let sets = scale.pick(SETS.as_slice(), SETS.get(4..).unwrap_or_default());
    let mut lines = Vec::new();
    let mut ahead = [0.0, 0.0];
    for set in sets {
        let rows = Rows::read(&folder.join(set.file), set.label)?;
        let (model, ours) = rows.ours(set)?;
        let peers = peers(&folder.join(set.file), set)?;
        let (again, explained) = (rows.reading(&model)?, rows.explaining(&model)?);
        let ours = Done { read_cpu: ours.read_cpu.min(again), ..ours };
        for peer in &peers {
            say(&format!("{:14} {peer:?}", set.name));
        }
        say(&format!("{:14} {ours:?}, {explained:.1} µs with reasons", set.name));
        ahead
            .iter_mut()
            .zip(lines_of(set, &rows, &ours, explained, &peers, &mut lines)?)
            .for_each(|(all, one)| *all += one);
        let size = model.to_bytes().len();
        let most = (1 << 20) * model.labels().len().max(5) / 5;
        lines.push(
            Line::new(
                format!("{}: the model, {} labels", set.name, model.labels().len()),
                format!("{size} bytes"),
            )
            .target(format!("≤ {most}"), size <= most),
        );
    }
    let [auroc, agreement] = ahead.map(|all| all / sets.len() as f64);
    for (what, ahead) in [("AUROC", auroc), ("agreement", agreement)] {
        lines.push(
            Line::new(format!("all sets: {what} ahead of the best peer, mean"), format!("{ahead:+.4}"))
                .target("> 0", ahead > 0.0),
        );
    }
    Ok(lines)
}

/// The lines of one set, and our lead over the best peer.
fn lines_of(
    set: &Set,
    rows: &Rows,
    ours: &Done,
    explained: f64,
    peers: &[Done],
    lines: &mut Vec<Line>,
) -> Outcome<[f64; 2]> {
    let best = |of: fn(&Done) -> f64| {
        let best = peers.iter().max_by(|a, b| of(a).total_cmp(&of(b)));
        best.map(|best| (of(best), best.peer.clone())).ok_or("no peer has answered")
    };
    let named = |name: &str| {
        peers.iter().find(|peer| peer.peer == name).ok_or_else(|| format!("`{name}` has not answered"))
    };
    let name = set.name;
    let agreement = if set.high_from.is_some() { "quadratic κ" } else { "macro-F1" };
    let mut ahead = [0.0, 0.0];
    type Of = fn(&Done) -> f64;
    let figures: [(&str, Of, f64); 2] =
        [("AUROC", |done| done.auroc, 0.015), (agreement, |done| done.agreement, 0.02)];
    for ((what, of, less), ahead) in figures.into_iter().zip(&mut ahead) {
        let ((best, who), ours) = (best(of)?, of(ours));
        *ahead = ours - best;
        lines.push(
            Line::new(format!("{name}: {what}"), format!("{ours:.4}"))
                .floor(format!("{best:.4}  {who}"), ours / best)
                .target(format!("≥ best − {less}"), *ahead >= -less),
        );
    }
    let line = Line::new(format!("{name}: ECE15, {} rows", rows.test.len()), format!("{:.4}", ours.ece));
    let line = line.floor(format!("{:.4}  {USUAL}", named(USUAL)?.ece), ours.ece / named(USUAL)?.ece);
    lines.push(if rows.test.len() < 400 { line } else { line.target("≤ 0.05", ours.ece <= 0.05) });
    if let Some(slope) = ours.slope {
        lines.push(
            Line::new(format!("{name}: calibration slope of high risk"), format!("{slope:.3}"))
                .target("0.8 to 1.25", (0.8..=1.25).contains(&slope)),
        );
    }
    for (who, with, cost, least) in [
        (USUAL, "", ours.read_cpu, 20.0),
        (QUICK, "", ours.read_cpu, 10.0),
        (USUAL, " with reasons", explained, 5.0),
    ] {
        let peer = named(who)?;
        lines.push(
            Line::new(format!("{name}: a narrative{with}, CPU"), format!("{cost:.1} µs"))
                .floor(format!("{:.1} µs  {who}", peer.read_cpu), peer.read_cpu / cost)
                .target(format!("≥ {least}"), peer.read_cpu / cost >= least),
        );
    }
    let usual = named(USUAL)?;
    lines.push(
        Line::new(format!("{name}: training, CPU"), format!("{:.2} s", ours.train_cpu))
            .floor(format!("{:.2} s  {USUAL}", usual.train_cpu), usual.train_cpu / ours.train_cpu),
    );
    Ok(ahead)
}

/// Narratives with their labels: training rows with their part, and test rows.
struct Rows {
    learned: Vec<(String, String, Part)>,
    test: Vec<(String, String)>,
}

impl Rows {
    fn read(file: &Path, label: &str) -> Outcome<Self> {
        let mut reader =
            csv::Reader::from_path(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let (mut learned, mut test) = (Vec::new(), Vec::new());
        for row in reader.deserialize() {
            let row: BTreeMap<String, String> = row?;
            let of = |column: &str| row.get(column).cloned().ok_or_else(|| format!("no column `{column}`"));
            let (text, label) = (of("text")?, of(label)?);
            match of("split")?.as_str() {
                "train" => learned.push((text, label, Part::Train)),
                "valid" => learned.push((text, label, Part::Valid)),
                _ => test.push((text, label)),
            }
        }
        Ok(Self { learned, test })
    }

    fn ours(&self, set: &Set) -> Outcome<(TextModel, Done)> {
        let plan = Plan {
            name: set.name.split(' ').next().unwrap_or_default().to_owned(),
            order: Some(if set.high_from.is_some() { Order::Ordinal } else { Order::Nominal }),
            high_from: set.high_from.map(str::to_owned),
            ..Plan::default()
        };
        let mut model = None;
        let train_cpu = thread_cpu_each(1, |_| {
            let mut trainer = Trainer::new(1);
            for (text, label, part) in &self.learned {
                trainer.add(text, label, *part)?;
            }
            model = Some(trainer.train(&plan, |_| {})?);
            Ok(())
        })?;
        let model = model.ok_or("a trained model")?;
        let mut memory = TextReader::default();
        let said: Vec<Answer> =
            self.test.iter().map(|(text, _)| model.read_with(&mut memory, text)).collect();
        let (auroc, agreement, ece, slope) = self.figures(set, &model, &said)?;
        let read_cpu = self.reading(&model)?;
        let peer = "eovr".to_owned();
        Ok((model, Done { peer, auroc, agreement, ece, slope, train_cpu: train_cpu.cpu / 1e6, read_cpu }))
    }

    fn figures(
        &self,
        set: &Set,
        model: &TextModel,
        said: &[Answer],
    ) -> Outcome<(f64, f64, f64, Option<f64>)> {
        let labels = model.labels();
        let place = |label: &str| labels.iter().position(|other| other == label);
        let truth: Vec<usize> =
            self.test.iter().map(|(_, label)| place(label)).collect::<Option<_>>().ok_or("a label is new")?;
        let chosen: Vec<usize> = said.iter().map(|answer| answer.label).collect();
        let confusion = Confusion::new(&truth, &chosen, labels.len())?;
        type Side = (f64, f64, Option<f64>);
        let side = |of: &dyn Fn(usize) -> bool, score: &dyn Fn(&Answer) -> f64| -> Outcome<Side> {
            let truth: Vec<bool> = truth.iter().map(|label| of(*label)).collect();
            let flags = Flags::new(&truth, &said.iter().map(score).collect::<Vec<_>>())?;
            let off = flags.calibration_error(Bins::WIDTH_15).ok_or("probabilities")?;
            let slope = flags.calibration_line().map(|line| line.slope);
            Ok((flags.auroc().ok_or("both sides")?, off, slope))
        };
        if let Some(high) = set.high_from.and_then(place) {
            let (auroc, ece, slope) = side(&|label| label >= high, &|answer| answer.high.unwrap_or(0.0))?;
            return Ok((auroc, confusion.kappa(Weights::Quadratic).ok_or("kappa")?, ece, slope));
        }
        let sides = (0..labels.len()).map(|at| {
            side(&|label| label == at, &|answer| answer.probabilities.get(at).copied().unwrap_or(0.0))
        });
        let sides: Vec<Side> = sides.collect::<Outcome<_>>()?;
        let mean = |of: fn(&Side) -> f64| sides.iter().map(of).sum::<f64>() / sides.len() as f64;
        Ok((mean(|side| side.0), confusion.macro_f1_of_all().ok_or("macro-F1")?, mean(|side| side.1), None))
    }

    /// The time to score a narrative, in microseconds.
    fn reading(&self, model: &TextModel) -> Outcome<f64> {
        let mut memory = TextReader::default();
        self.each(|text| drop(black_box(model.read_with(&mut memory, black_box(text)))))
    }

    /// The same with the contribution of each word.
    fn explaining(&self, model: &TextModel) -> Outcome<f64> {
        let mut memory = TextReader::default();
        self.each(|text| drop(black_box(model.explain_with(&mut memory, black_box(text)))))
    }

    /// The median of five turns over the test narratives.
    fn each(&self, mut work: impl FnMut(&str)) -> Outcome<f64> {
        let mut turns = Vec::new();
        for _ in 0..5 {
            let cost = thread_cpu_each(1, |_| {
                self.test.iter().for_each(|(text, _)| work(text));
                Ok(())
            })?;
            turns.push(cost.cpu / self.test.len() as f64);
        }
        turns.sort_by(f64::total_cmp);
        turns.get(2).copied().ok_or_else(|| "five turns".into())
    }
}

/// Runs the scikit-learn peers one after the other, in a process of one thread.
fn peers(file: &Path, set: &Set) -> Outcome<Vec<Done>> {
    let how = "`. tests/tools; need_python` installs what is missing and sets it";
    let python = std::env::var_os("EOVR_PYTHON").ok_or_else(|| format!("EOVR_PYTHON is not set: {how}"))?;
    let (order, high) = match set.high_from {
        Some(high) => ("ordinal", high),
        None => ("nominal", "-1"),
    };
    let mut command = Command::new(&python);
    for threads in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
        command.env(threads, "1");
    }
    let output = command
        .args(["-B", SCRIPT])
        .arg(file)
        .args(["text", set.label, "split", order, high])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`{}`: {error}: {how}", python.display()))?;
    let lines = String::from_utf8(output.stdout)?;
    let peers: Vec<Done> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    if peers.len() < 4 {
        return Err("the peers ended early; their own words are above".into());
    }
    Ok(peers)
}
