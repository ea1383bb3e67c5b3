//! A server in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::meter::Meter;
use crate::Outcome;

/// A running server; dropping this value asks it to stop.
pub(super) struct Program {
    child: Child,
    pub(super) address: SocketAddr,
    /// Kept open, because a write to a pipe without a reader fails.
    _said: BufReader<ChildStdout>,
}

impl Program {
    /// Starts the server, and waits until it prints its address.
    pub(super) fn start(command: &mut Command) -> Outcome<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut said = BufReader::new(child.stdout.take().ok_or("it was asked for")?);
        loop {
            let mut line = String::new();
            if said.read_line(&mut line)? == 0 {
                let status = child.wait()?;
                return Err(format!("a server ended before it listened: {status}").into());
            }
            if let Some(address) = line.trim().strip_prefix("listening on http://") {
                return Ok(Self { child, address: address.parse()?, _said: said });
            }
        }
    }

    pub(super) fn meter(&self) -> Meter {
        Meter::of(self.child.id())
    }
}

/// How long a server may take to stop.
const GRACE: Duration = Duration::from_secs(15);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let asked = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if asked.elapsed() > GRACE {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
