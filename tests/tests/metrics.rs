//! Our figures beside those of scikit-learn and statsmodels, on random cases with many ties.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use eovr_core::triage::metrics::{Confusion, Flags, Weights, fleiss_kappa, mcnemar};
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
}

impl Random {
    fn new(chance: &mut Chance) -> Self {
        let count = 5 + chance.below(120);
        let classes = 2 + chance.below(4);
        let steps = 3 + chance.below(40);
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
        let ratings = (0..count).map(|_| (0..4).map(|_| chance.below(classes)).collect()).collect();
        Self {
            truth: (0..count).map(|_| chance.percent(35)).collect(),
            scores: (0..count).map(|_| chance.below(steps + 1) as f64 / steps as f64).collect(),
            levels: truth,
            said,
            other,
            classes,
            ratings,
        }
    }

    fn json(&self) -> Value {
        json!({
            "truth": self.truth, "scores": self.scores, "levels": self.levels, "said": self.said,
            "other": self.other, "classes": self.classes, "ratings": self.ratings,
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
        match name {
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
    let (mut compared, mut farthest) = (0, 0.0_f64);
    for (case, theirs) in cases.iter().zip(python("metrics.py", &asked).as_array().unwrap()) {
        for (name, value) in theirs.as_object().unwrap() {
            let (ours, theirs) = (case.ours(name), value.as_f64().unwrap());
            let off = ours.map_or(f64::INFINITY, |ours| (ours - theirs).abs() / theirs.abs().max(1.0));
            assert!(off < 1e-9, "{name}: {ours:?} and {theirs} in {}", case.json());
            farthest = farthest.max(off);
            compared += 1;
        }
    }
    assert!(compared > 2500, "{compared} figures");
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
