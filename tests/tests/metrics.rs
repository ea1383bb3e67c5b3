//! Our metrics equal those of scikit-learn and statsmodels, on random cases with many ties.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use eovr_core::triage::metrics::{
    Confusion, Flags, Overlap, Smoothed, Weights, fleiss_kappa, mcnemar, wilson,
};
use eovr_tests::chance::Chance;
use serde_json::{Value, json};

struct Random {
    truth: Vec<bool>,
    scores: Vec<f64>,
    levels: Vec<usize>,
    said: Vec<usize>,
    other: Vec<usize>,
    classes: usize,
    ratings: Vec<Vec<usize>>,
    /// The answers for the same cases, with several labels each.
    others: Vec<Vec<usize>>,
}

impl Random {
    fn new(chance: &mut Chance) -> Self {
        let count = 5 + chance.below(120);
        let classes = 2 + chance.below(4);
        let steps = 3 + chance.below(40);
        let inner = chance.below(2) as f64;
        let mut levels = |lucky: usize, of: Option<&[usize]>| -> Vec<usize> {
            (0..count)
                .map(|place| match of.and_then(|of| of.get(place)) {
                    Some(&level) if chance.percent(lucky) => level,
                    _ => chance.below(classes),
                })
                .collect()
        };
        let truth = levels(0, None);
        let said = levels(60, Some(&truth));
        let other = levels(50, Some(&truth));
        let mut sets = |few: usize| -> Vec<Vec<usize>> {
            (0..count).map(|_| (0..few).map(|_| chance.below(classes)).collect()).collect()
        };
        let (ratings, others) = (sets(4), sets(3));
        Self {
            truth: (0..count).map(|_| chance.percent(35)).collect(),
            // Every other case stays away from 0 and 1, where the log odds are infinite.
            scores: (0..count)
                .map(|_| (chance.below(steps + 1) as f64 + inner) / (steps as f64 + 2.0 * inner))
                .collect(),
            levels: truth,
            said,
            other,
            classes,
            ratings,
            others,
        }
    }

    fn json(&self) -> Value {
        json!({
            "truth": self.truth, "scores": self.scores, "levels": self.levels, "said": self.said,
            "other": self.other, "classes": self.classes, "ratings": self.ratings, "others": self.others,
        })
    }

    fn ours(&self, name: &str) -> Option<f64> {
        let flags = Flags::new(&self.truth, &self.scores).unwrap();
        let confusion = Confusion::new(&self.levels, &self.said, self.classes).unwrap();
        let right = |said: &[usize]| -> Vec<bool> {
            said.iter().zip(&self.levels).map(|(said, truth)| said == truth).collect()
        };
        let count = |row: &Vec<usize>| -> Vec<u64> {
            (0..self.classes).map(|class| row.iter().filter(|&&said| said == class).count() as u64).collect()
        };
        let several = || {
            let set = |labels: &Vec<usize>| {
                let mut labels = labels.clone();
                labels.sort_unstable();
                labels.dedup();
                labels
            };
            let truths: Vec<Vec<usize>> = self.ratings.iter().map(set).collect();
            let said = self.others.iter().map(set);
            Overlap::of(truths.iter().map(Vec::as_slice).zip(said), self.classes)
        };
        let net_benefit =
            |threshold| flags.decision_curve(std::iter::once(threshold)).first().map(|point| point.scorer);
        let smoothed = |of: fn(&Smoothed) -> f64| flags.smoothed_calibration().as_ref().map(of);
        let curve = |of: usize| {
            let point = *flags.smoothed_calibration()?.points.get(20)?;
            [point.happened, point.low, point.high].get(of).copied()
        };
        let share = || wilson(flags.prevalence()?, flags.count() as f64);
        match name {
            "in_the_large" => flags.calibration_in_the_large(),
            "observed_expected" => flags.observed_expected(),
            "net_benefit_5" => net_benefit(0.05),
            "net_benefit_20" => net_benefit(0.2),
            "net_benefit_50" => net_benefit(0.5),
            "wilson_low" => share().map(|edges| edges.0),
            "wilson_high" => share().map(|edges| edges.1),
            "ici" => smoothed(|smoothed| smoothed.ici),
            "e50" => smoothed(|smoothed| smoothed.e50),
            "e90" => smoothed(|smoothed| smoothed.e90),
            "curve" => curve(0),
            "curve_low" => curve(1),
            "curve_high" => curve(2),
            "several_exact" => several().exact(),
            "several_hamming" => several().hamming(),
            "several_micro_f1" => several().micro_f1(),
            "several_macro_f1" => several().macro_f1(),
            "auroc" => flags.auroc(),
            "average_precision" => flags.average_precision(),
            "brier" => flags.brier(),
            "log_loss" => flags.log_loss(),
            "slope" => flags.calibration_line().map(|line| line.slope),
            "intercept" => flags.calibration_line().map(|line| line.intercept),
            "accuracy" => confusion.accuracy(),
            "balanced_accuracy" => confusion.balanced_accuracy(),
            "macro_f1" => confusion.macro_f1(),
            "macro_f1_of_all" => confusion.macro_f1_of_all(),
            "kappa" => confusion.kappa(Weights::Equal),
            "kappa_linear" => confusion.kappa(Weights::Linear),
            "kappa_quadratic" => confusion.kappa(Weights::Quadratic),
            "mcnemar" => Some(mcnemar(&right(&self.said), &right(&self.other)).p_value),
            "fleiss" => fleiss_kappa(&self.ratings.iter().map(count).collect::<Vec<_>>()).unwrap(),
            _ => None,
        }
    }
}

#[test]
fn equal_to_scikit_learn_and_statsmodels() {
    let mut chance = Chance::new(20_261_127);
    let cases: Vec<Random> = (0..200).map(|_| Random::new(&mut chance)).collect();
    let asked = Value::Array(cases.iter().map(Random::json).collect());
    let (mut compared, mut curves, mut farthest) = (0, 0, 0.0_f64);
    for (case, theirs) in cases.iter().zip(python("metrics.py", &asked).as_array().unwrap()) {
        for (name, value) in theirs.as_object().unwrap() {
            let (ours, theirs) = (case.ours(name), value.as_f64().unwrap());
            let off = ours.map_or(f64::INFINITY, |ours| (ours - theirs).abs() / theirs.abs().max(1.0));
            assert!(off < 1e-9, "{name}: {ours:?} and {theirs} in {}", case.json());
            farthest = farthest.max(off);
            compared += 1;
            curves += usize::from(name == "curve");
        }
    }
    assert!(compared > 4500, "{compared} figures");
    assert!(curves > 10, "{curves} curves");
    println!("{compared} figures, at most {farthest:.1e} apart");
}

fn python(script: &str, asked: &Value) -> Value {
    let python = std::env::var_os("EOVR_PYTHON")
        .unwrap_or_else(|| panic!("EOVR_PYTHON names a Python with scikit-learn"));
    let script = format!("{}/python/{script}", env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(python)
        .args(["-B", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
