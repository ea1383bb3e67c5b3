//! One turn of a Python library.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Outcome;
use crate::stopwatch::Cost;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/exports.py");

/// Runs a writer in a process of its own, and returns the cost of one export.
pub(super) fn turn(writer: &str, file: &Path, count: usize) -> Outcome<Cost> {
    let how = "`. tests/tools; need_python` installs what is missing and sets it";
    let python = std::env::var_os("EOVR_PYTHON").ok_or_else(|| format!("EOVR_PYTHON is not set: {how}"))?;
    let output = Command::new(&python)
        .args(["-B", SCRIPT, writer])
        .arg(file)
        .arg(count.to_string())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`{}`: {error}: {how}", python.display()))?;
    let answer: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("the peer `{writer}` ended early; its own words are above"))?;
    let cpu = answer.get("cpu").and_then(Value::as_f64).ok_or("an answer lacks a number")? * 1e6;
    Ok(Cost { wall: cpu, quiet: cpu, cpu })
}
