//! A running server process, and a client on a raw socket.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::support::Tested;

pub(crate) type Found<T> = Result<T, Box<dyn std::error::Error>>;

/// A running server; it is killed if a test ends early.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    /// The address for monitoring.
    pub(crate) watched: Option<String>,
    log: Option<std::thread::JoinHandle<String>>,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> Found<Self> {
        let mut child = command
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut errors = child.stderr.take().ok_or("standard error is a pipe")?;
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        let out = BufReader::new(child.stdout.take().ok_or("standard output is a pipe")?);
        let mut watched = None;
        for line in out.lines() {
            let line = line?;
            if let Some(address) = line.strip_prefix("watched on http://") {
                watched = Some(address.to_owned());
            }
            if let Some(address) = line.strip_prefix("listening on http://") {
                return Ok(Self { child, address: address.to_owned(), watched, log: Some(log) });
            }
        }
        child.wait()?;
        Err(log.join().unwrap_or_default().into())
    }

    /// The process.
    #[cfg(target_os = "linux")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn connect(&self) -> Found<TcpStream> {
        connect(&self.address)
    }

    /// Sends a raw request, and reads to the end of the connection.
    pub(crate) fn ask(&self, head: &str, body: &str) -> Found<String> {
        ask(&self.address, head, body)
    }

    /// The server's memory now, and its peak, in megabytes.
    pub(crate) fn memory(&self) -> Found<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = |name: &str| {
            let line =
                status.lines().find_map(|line| line.strip_prefix(name)).ok_or("the system counts memory")?;
            let kilobytes = line.trim().trim_end_matches(" kB").parse::<u64>();
            Ok::<_, Box<dyn std::error::Error>>(kilobytes? / 1024)
        };
        Ok((line("VmRSS:")?, line("VmHWM:")?))
    }

    pub(crate) fn terminate(&self) -> Tested {
        let id = self.child.id().to_string();
        let done = Command::new("kill").args(["-TERM", &id]).status()?;
        if done.success() { Ok(()) } else { Err("kill failed".into()) }
    }

    pub(crate) fn end(mut self) -> Found<(ExitStatus, String)> {
        let status = self.child.wait()?;
        let log = self.log.take().and_then(|log| log.join().ok());
        Ok((status, log.unwrap_or_default()))
    }
}

/// Sends a raw request to this address, and reads to the end of the connection.
pub(crate) fn ask(address: &str, head: &str, body: &str) -> Found<String> {
    let mut stream = connect(address)?;
    let length = body.len();
    write!(
        stream,
        "{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn connect(address: &str) -> Found<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has already ended, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
