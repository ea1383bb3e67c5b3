//! The Python process, and its commands.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::Outcome;
use crate::stopwatch::Cost;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/peer.py");

/// Runs one command at a time; idle in between.
pub(super) struct Peer {
    pipes: RefCell<(Option<ChildStdin>, BufReader<ChildStdout>)>,
    child: Child,
}

impl Peer {
    /// Starts the process; it shares our standard error.
    pub(super) fn start() -> Outcome<Self> {
        let how = "`. tests/tools; need_servers; need_python` installs what is missing and sets it";
        let python =
            std::env::var_os("EOVR_PYTHON").ok_or_else(|| format!("EOVR_PYTHON is not set: {how}"))?;
        let mut command = Command::new(&python);
        // Without `.pyc` files beside the sources.
        command.args(["-B", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("`{}`: {error}: {how}", python.display()))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("both were asked for".into());
        };
        Ok(Self { pipes: RefCell::new((Some(stdin), BufReader::new(stdout))), child })
    }

    /// Runs a command without a result.
    pub(super) fn tell(&self, command: &str) -> Outcome<()> {
        self.ask(command).map(drop)
    }

    /// Runs a turn and returns the cost of one operation.
    pub(super) fn turn(&self, command: &str) -> Outcome<Cost> {
        let answer = self.ask(command)?;
        let number = |name: &str| answer.get(name).and_then(Value::as_f64).ok_or("an answer lacks a number");
        let each = 1e6 / number("done")?;
        let wall = number("seconds")? * each;
        Ok(Cost { wall, quiet: wall, cpu: number("cpu")? * each })
    }

    fn ask(&self, command: &str) -> Outcome<Value> {
        let (stdin, stdout) = &mut *self.pipes.borrow_mut();
        let stdin = stdin.as_mut().ok_or("it is only closed at the end")?;
        // If the process is gone, its last output says more than the broken pipe.
        let _ = writeln!(stdin, "{command}").and_then(|()| stdin.flush());
        let mut answer = String::new();
        stdout.read_line(&mut answer)?;
        if answer.is_empty() {
            return Err(format!("the peer ended at `{command}`; its own words are above").into());
        }
        let answer: Value = serde_json::from_str(&answer)?;
        match answer.get("error") {
            Some(error) => Err(format!("the peer, at `{command}`: {error}").into()),
            None => Ok(answer),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Closing its input ends the process without a cut connection.
        drop(self.pipes.borrow_mut().0.take());
        let _ = self.child.wait();
    }
}
