//! Starts database servers, runs a command beside them, stops them, and exits with the command's exit code.
//!
//! The command finds each server's URL in a variable: `EOVR_POSTGRES`, `EOVR_MARIADB`, `EOVR_MONGODB`. The URL has an
//! empty place for the name of a database, which `eovr_tests::servers::with_database` fills in:
//! `postgres://postgres@127.0.0.1:20001/`, `mongodb://127.0.0.1:20002/?replicaSet=rs0`.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use eovr_tests::servers::{Mariadb, Postgres, ReplicaSet, signal};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal as listen};

const USAGE: &str = "\
usage: with-servers [--durable] [postgres] [mariadb] [mongodb] -- COMMAND [ARGUMENT…]

  --durable   PostgreSQL and MariaDB have on the disk what they acknowledge; without it, sooner or later";

/// A server that runs while this value exists, and the variable for the command.
struct Running {
    variable: &'static str,
    url: String,
    _server: Box<dyn Send>,
}

type Start = fn(durable: bool) -> Running;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let Some((starts, durable, command)) = read(&arguments) else { return fail(2, USAGE) };
    // From here on a signal ends this process only after it has stopped the servers.
    let listeners = listen(SignalKind::interrupt()).and_then(|i| Ok((i, listen(SignalKind::terminate())?)));
    let (mut interrupt, mut terminate) = match listeners {
        Ok(listeners) => listeners,
        Err(error) => return fail(1, &format!("cannot listen to signals: {error}")),
    };
    let servers = match start(starts, durable).await {
        Ok(servers) => servers,
        Err(error) => return fail(1, &format!("a server did not start: {error}")),
    };
    let variables = servers.iter().map(|server| (server.variable, &server.url));
    let (program, arguments) = command;
    let mut child = match Command::new(program).args(arguments).envs(variables).spawn() {
        Ok(child) => child,
        Err(error) => return fail(127, &format!("cannot run `{program}`: {error}")),
    };
    let ended = tokio::select! {
        ended = child.wait() => ended,
        _ = interrupt.recv() => end(child).await,
        _ = terminate.recv() => end(child).await,
    };
    drop(servers);
    match ended {
        Ok(status) => ExitCode::from(code(status)),
        Err(error) => fail(1, &format!("the command was lost: {error}")),
    }
}

/// Which servers to start, whether their data must be durable, and the command.
type Order<'a> = (Vec<Start>, bool, (&'a String, &'a [String]));

fn read(arguments: &[String]) -> Option<Order<'_>> {
    let middle = arguments.iter().position(|argument| argument == "--")?;
    let (before, after) = (arguments.get(..middle)?, arguments.get(middle + 1..)?);
    let names = before.iter().filter(|argument| *argument != "--durable");
    let starts: Option<Vec<Start>> = names
        .map(|name| match name.as_str() {
            "postgres" => Some(postgres as Start),
            "mariadb" => Some(mariadb as Start),
            "mongodb" => Some(mongodb as Start),
            _ => None,
        })
        .collect();
    Some((starts?, before.iter().any(|argument| argument == "--durable"), after.split_first()?))
}

/// Starts all servers concurrently, because starting is mostly waiting.
async fn start(starts: Vec<Start>, durable: bool) -> Result<Vec<Running>, tokio::task::JoinError> {
    let starting = starts.into_iter().map(|start| tokio::task::spawn_blocking(move || start(durable)));
    let starting: Vec<_> = starting.collect();
    let mut running = Vec::new();
    for server in starting {
        running.push(server.await?);
    }
    Ok(running)
}

fn postgres(durable: bool) -> Running {
    let server = if durable { Postgres::start() } else { Postgres::throw_away() };
    Running { variable: "EOVR_POSTGRES", url: server.url(""), _server: Box::new(server) }
}

fn mariadb(durable: bool) -> Running {
    let server = if durable { Mariadb::start() } else { Mariadb::throw_away() };
    Running { variable: "EOVR_MARIADB", url: server.url(""), _server: Box::new(server) }
}

fn mongodb(_: bool) -> Running {
    let server = ReplicaSet::start(1);
    Running { variable: "EOVR_MONGODB", url: server.url(""), _server: Box::new(server) }
}

/// Forwards the signal to the command. A Ctrl-C has already reached it.
async fn end(mut child: Child) -> std::io::Result<ExitStatus> {
    signal("TERM", &Vec::from_iter(child.id()));
    if let Ok(ended) = tokio::time::timeout(Duration::from_secs(10), child.wait()).await {
        return ended;
    }
    child.kill().await?;
    child.wait().await
}

/// The exit code as a shell reports it: 128 plus the signal's number for a command that a signal ended.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

fn fail(code: u8, why: &str) -> ExitCode {
    // The reader may be gone; then the line is lost.
    let _ = writeln!(std::io::stderr(), "{why}");
    ExitCode::from(code)
}
