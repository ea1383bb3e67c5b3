//! Third-party servers that run beside ours during a test.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::served::Found;

/// A script of `tests/python` that listens. It ends with its test, even after a panic.
pub(crate) struct Beside {
    child: Child,
    pub(crate) port: String,
}

impl Beside {
    /// Starts it, and returns its output after the line with its address.
    pub(crate) fn start(script: &str) -> Found<(Self, Lines<BufReader<ChildStdout>>)> {
        let python = std::env::var_os("EOVR_PYTHON").ok_or("EOVR_PYTHON names a Python (tests/tools)")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python").join(script);
        let mut child =
            Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("standard output is a pipe")?).lines();
        let first = lines.next().ok_or("it did not start")??;
        let port = first.strip_prefix("listening on ").ok_or("it says where it listens")?.to_owned();
        Ok((Self { child, port }, lines))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
