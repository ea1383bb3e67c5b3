//! `checkpoint` and `verify`: evidence that the history was not rewritten behind the engine's back.
//!
//! The server appends checkpoints to a file. They prove something only outside of the database: on a machine that the
//! database's administrators do not control, in a mailbox, on paper. `serve` adds one every hour if it has such a file,
//! and a printed report quotes the last.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use eovr_core::Error;
use eovr_core::audit::log::{Checkpoint, LogVerdict, PublicKey, verify_log};
use eovr_core::service::SystemClock;
use eovr_host::checkpoint::{Log, notes, unreadable};
use eovr_host::output::{Failure, Out, Paint};
use eovr_host::settings::Place;

use crate::engine::{self, Host};
use crate::export::place::Destination;

/// Options of `checkpoint`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    sign: Log,
    /// Write the whole log as well, for `verify`; the file must not be there yet
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

/// Options of `verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The log, as `checkpoint --log` writes it [default: the command verifies the database]
    #[arg(requires = "checkpoints", requires = "key")]
    log: Option<PathBuf>,
    /// The file with the checkpoints
    #[arg(long, value_name = "FILE", env = "EOVR_CHECKPOINTS")]
    checkpoints: Option<PathBuf>,
    /// The log's public key, as `checkpoint` prints it; after a new master key, the previous one as well
    #[arg(long, value_name = "KEY", requires = "log")]
    key: Vec<PublicKey>,
}

/// Makes a checkpoint, and prints the key that verifies it.
pub(crate) async fn run(args: Args, out: &mut Out) -> Result<(), Failure> {
    let host = engine::open(&args.place, SystemClock, out).await?;
    let done = make(&args, &host, out).await;
    host.close().await;
    done
}

async fn make(args: &Args, host: &Host, out: &mut Out) -> Result<(), Failure> {
    let destination = args.log.as_deref().map(Destination::new).transpose()?;
    let keeper = args.sign.keeper(&host.eovr, &host.secrets)?;
    let kept = &args.sign.kept;
    let note = kept.add(&keeper, kept.last()?).await?;
    // After the checkpoint, so that the log contains everything that the checkpoint covers, despite concurrent commits.
    if let Some(destination) = destination {
        let mut part = destination.open()?;
        let entries = keeper.write(&mut part).await?;
        destination.settle(part)?;
        out.line(format_args!("{entries} entries written"));
    }
    out.line(note.trim_end());
    out.line(format_args!("\nkey: {}", keeper.public()));
    Ok(())
}

/// Verifies an exported log, if the arguments name one. Needs neither database nor master key.
pub(crate) fn verify(args: &VerifyArgs, out: &mut Out) -> Result<Option<u8>, Failure> {
    let VerifyArgs { log: Some(path), checkpoints: Some(kept), key: keys } = args else {
        return Ok(None);
    };
    let checkpoints =
        notes(kept)?.iter().map(|note| opened(note, keys)).collect::<Result<Vec<Checkpoint>, _>>()?;
    let log = File::open(path).map_err(|error| unreadable(path, &error))?;
    match verify_log(BufReader::new(log), &checkpoints)? {
        LogVerdict::Intact { entries, vouched } => {
            let mark = out.paint("ok", Paint::Good);
            out.line(format_args!(
                "{mark}    {entries} entries, {vouched} of them vouched for by {} checkpoints",
                checkpoints.len()
            ));
            Ok(Some(0))
        }
        LogVerdict::Broken { entry, finding } => {
            let mark = out.paint("FAIL", Paint::Bad);
            out.line(format_args!("{mark}  entry {entry}: {finding}"));
            Ok(Some(1))
        }
        _ => Err(Failure::broken("the verifier returned a finding that this program does not know")),
    }
}

/// A checkpoint that one of these keys has signed.
fn opened(note: &str, keys: &[PublicKey]) -> Result<Checkpoint, Error> {
    let mut refused = Error::invalid("no key was given");
    for key in keys {
        match key.open(note) {
            Ok(checkpoint) => return Ok(checkpoint),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}
