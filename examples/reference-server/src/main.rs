//! A reference host of eovr: on the command line, and over HTTP.
//!
//! `demo` builds a hospital group with a year of invented incidents and shows it; `import` reports the
//! rows of a CSV file as incidents; `export` writes what somebody sees into a file; `serve` answers HTTP.

mod archetypes;
mod check;
mod database;
mod demo;
mod engine;
mod export;
mod http;
mod import;
mod log;
mod output;
mod serve;
mod settings;
mod signal;
mod table;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::{Failure, Out};

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
    /// Reports every row of a CSV file as an incident; stops and goes on where it was.
    Import(import::Args),
    /// Writes what somebody sees into a file: Excel, PDF, CSV, FHIR, an audit report.
    Export(export::Args),
    /// Answers HTTP until it is asked to stop.
    Serve(serve::Args),
    /// Says whether a server could be started for real with these settings.
    Check(check::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = Out::stdout();
    let done = run(cli, &mut out).and_then(|code| out.finish().map(|()| code));
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
            Verb::Import(args) => import::run(args, out).await,
            Verb::Export(args) => export::run(args, out).await.map(|()| 0),
            Verb::Serve(args) => serve::run(args, out).await.map(|()| 0),
            Verb::Check(args) => check::run(args, out).await,
        }
    })
}
