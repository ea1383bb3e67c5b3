//! A reference host of eovr: on the command line, and over HTTP.
//!
//! `demo` builds a hospital group with a year of invented incidents and shows it; `account` creates an account;
//! `import` reports the rows of a CSV file as incidents; `export` writes an account's view into a file; `serve` runs
//! the HTTP API; `train` and `evaluate` build and evaluate scorers; `plan` says what an update changes in a database.

mod account;
mod analyst;
mod archetypes;
mod check;
mod checkpoint;
mod config;
mod csv_file;
mod delivery;
mod demo;
mod engine;
mod export;
mod http;
mod import;
mod key;
mod learner;
mod plan;
mod provider;
mod serve;
mod triage;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use eovr_host::output::{Failure, Out};
use eovr_host::process;

/// A row of SQLite is allocated on one thread and freed on another, which is slow in the system's allocator. That
/// allocator also keeps the 20 MB of each password hash.
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
    /// Creates an account, such as the first one.
    Account(account::Args),
    /// Imports every row of a CSV file as an incident; an interrupted import can be resumed.
    Import(import::Args),
    /// Exports the view of an account into a file: Excel, PDF, CSV, FHIR, an audit report.
    Export(export::Args),
    /// Runs the HTTP API until it is asked to stop.
    Serve(serve::Args),
    /// Trains a scorer on labelled narratives.
    Train(triage::train::Args),
    /// Evaluates a scorer on labelled narratives.
    Evaluate(triage::evaluate::Args),
    /// Tests a scorer on pairs of similar texts, of which one is a grave incident.
    Challenge(triage::challenge::Args),
    /// Checks whether these settings are fit for production.
    Check(check::Args),
    /// Prints what the next start would change in the database, and counts the records that it strands.
    Plan(plan::Args),
    /// Signs a checkpoint of the audit log; kept elsewhere, it later proves that the history was not rewritten.
    Checkpoint(checkpoint::Args),
    /// Verifies every record of a database and its history; or, without database or master key, an exported audit log
    /// against checkpoints.
    Verify(verify::Args),
    /// Authenticates events that an older release has written, once every node runs this release.
    Vouch(verify::VouchArgs),
    /// Lists, rotates, destroys and rewraps the keys that seal, in the name of a person.
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
            Verb::Plan(args) => plan::run(&args, out).await,
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
