//! Exports: lists, reports and bundles, read back by programs that are not ours.
//!
//! Python runs in EOVR_PYTHON (`need_python` of `tests/tools`), the PDF tools are poppler's (`need_poppler`).

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that panics has done its work, and one that measures says what"
)]

mod archive;
mod hospital;
mod kinds;
mod lists;
mod others;
mod pages;
mod readers;

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder for this test's files.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// The output of `tests/python/exports.py`.
fn python(arguments: &[&str]) -> serde_json::Value {
    let python =
        std::env::var_os("EOVR_PYTHON").expect("EOVR_PYTHON names a Python with tests/requirements.txt");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/exports.py");
    let output = Command::new(python).arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The output of a program of poppler.
fn poppler(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} (Debian: poppler-utils): {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    // It prints a title with the bytes of the file, which need not be UTF-8.
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn written(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}
