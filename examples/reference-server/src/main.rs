//! A reference host of eovr: on the command line, and over HTTP.
//!
//! `demo` builds a hospital group with a year of invented incidents and shows it; `account` lets somebody in; `import`
//! reports the rows of a CSV file as incidents; `export` writes what somebody sees into a file; `serve` answers HTTP;
//! `train` and `evaluate` are a bench for scorers.

mod account;
mod analyst;
mod archetypes;
mod check;
mod checkpoint;
mod config;
mod csv_file;
mod database;
mod demo;
mod engine;
mod export;
mod files;
mod http;
mod import;
mod key;
mod keyring;
mod learner;
mod listen;
mod log;
mod outgoing;
mod output;
mod post;
mod process;
mod provider;
mod secrets;
mod serve;
mod settings;
mod signal;
mod table;
mod triage;
mod verify;
mod writes;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::output::{Failure, Out};

/// A row of SQLite's is made on one thread and dropped on another, which the system's allocator does slowly; and
/// that one keeps the 20 MB of every password that was hashed.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// E·OVR, a reference host: occurrence and variance reporting for a hospital group.
#[derive(Debug, Parser)]
#[command(name = "eovr-server", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Builds a demonstration hospital group, tells a year of its incidents, and shows it.
    Demo(demo::Args),
    /// Makes an account for somebody, such as the first one.
    Account(account::Args),
    /// Reports every row of a CSV file as an incident; stops and goes on where it was.
    Import(import::Args),
    /// Writes what somebody sees into a file: Excel, PDF, CSV, FHIR, an audit report.
    Export(export::Args),
    /// Answers HTTP until it is asked to stop.
    Serve(serve::Args),
    /// Makes a scorer from labelled narratives.
    Train(triage::train::Args),
    /// Says how good a scorer is on labelled narratives.
    Evaluate(triage::evaluate::Args),
    /// Puts pairs of texts to a scorer, of which one tells of something grave: how does it read?
    Challenge(triage::challenge::Args),
    /// Says whether a server could be started for real with these settings.
    Check(check::Args),
    /// Signs how far the audit log has come; what is kept elsewhere shows later that nobody has rewritten it.
    Checkpoint(checkpoint::Args),
    /// Checks every record of a database and its history; or, without database or master key, an exported audit log
    /// against checkpoints.
    Verify(verify::Args),
    /// Vouches for what an older release has written, once every node runs this one.
    Vouch(verify::VouchArgs),
    /// Lists, rotates, destroys and wraps anew the keys that seal, by somebody who is named.
    Key(key::Args),
    /// Shows a settings file for `serve`, with every key explained.
    Settings,
}

fn main() -> ExitCode {
    process::keeps_its_files_to_itself();
    let mut out = Out::stdout();
    let args = config::with_file(Cli::command(), std::env::args_os().collect());
    let done = args
        .and_then(|args| run(Cli::parse_from(args), &mut out))
        .and_then(|code| out.finish().map(|()| code));
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.report();
            ExitCode::from(failure.code())
        }
    }
}

fn run(cli: Cli, out: &mut Out) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::broken(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        match cli.verb {
            Verb::Demo(args) => demo::run(args, out).await.map(|()| 0),
            Verb::Account(args) => account::run(args, out).await.map(|()| 0),
            Verb::Import(args) => import::run(args, out).await,
            Verb::Export(args) => export::run(args, out).await.map(|()| 0),
            Verb::Serve(args) => serve::run(args, out).await.map(|()| 0),
            Verb::Train(args) => triage::train::run(&args, out),
            Verb::Evaluate(args) => triage::evaluate::run(&args, out),
            Verb::Challenge(args) => triage::challenge::run(&args, out),
            Verb::Check(args) => check::run(args, out).await,
            Verb::Checkpoint(args) => checkpoint::run(args, out).await.map(|()| 0),
            Verb::Verify(args) => verify::run(&args, out).await,
            Verb::Vouch(args) => verify::vouch(&args, out).await,
            Verb::Key(args) => key::run(args, out).await.map(|()| 0),
            Verb::Settings => {
                out.line(config::template(&Cli::command(), "serve").trim_end());
                Ok(0)
            }
        }
    })
}
