//! `checkpoint` and `verify`: what shows that nobody has rewritten the history behind the engine's back.
//!
//! Checkpoints go into a file, one below the other, because they are worth something only outside of the database:
//! on a machine that its administrators do not rule, in a mailbox, on paper. `serve` adds one every hour where it
//! is told of a file, and a printed report quotes the last.

use std::fs::{self, File};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use eovr_core::audit::log::{Checkpoint, LogVerdict, PublicKey, Signer, verify_log};
use eovr_core::service::{LogKeeper, SystemClock};

use crate::engine::{self, Host};
use crate::export::place::Destination;
use crate::output::{Failure, Out, Paint};
use crate::settings::Place;

/// How often `serve` makes a checkpoint.
const EVERY: Duration = Duration::from_secs(3600);

/// Where checkpoints are kept.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Kept {
    /// The file with the signed checkpoints of the audit log, best on another machine
    #[arg(long, value_name = "FILE", env = "EOVR_CHECKPOINTS")]
    checkpoints: Option<PathBuf>,
}

/// What makes checkpoints: where they are kept, and the name that they are signed with.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Log {
    #[command(flatten)]
    pub(crate) kept: Kept,
    /// The name of the audit log in its checkpoints, best a domain and a path: hospital.example/eovr
    #[arg(long, value_name = "NAME", default_value = "eovr", env = "EOVR_LOG_NAME")]
    log_name: String,
}

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
    /// The log, as `checkpoint --log` writes it [default: the database is looked at]
    #[arg(requires = "checkpoints", requires = "key")]
    log: Option<PathBuf>,
    /// The file with the checkpoints
    #[arg(long, value_name = "FILE", env = "EOVR_CHECKPOINTS")]
    checkpoints: Option<PathBuf>,
    /// The log's public key, as `checkpoint` says it
    #[arg(long, value_name = "KEY", requires = "log")]
    key: Option<PublicKey>,
}

/// Makes a checkpoint, and says with which key it is checked.
pub(crate) async fn run(args: Args, out: &mut Out) -> Result<(), Failure> {
    let host = engine::open(&args.place, SystemClock, out).await?;
    let done = make(&args, &host, out).await;
    host.close().await;
    done
}

async fn make(args: &Args, host: &Host, out: &mut Out) -> Result<(), Failure> {
    let destination = args.log.as_deref().map(Destination::new).transpose()?;
    let keeper = args.sign.keeper(host)?;
    let note = args.sign.kept.add(&keeper).await?;
    // After the checkpoint: whatever is committed meanwhile, the log has all that it vouches for.
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

/// Checks an exported log, where one is named. Needs neither database nor master key.
pub(crate) fn verify(args: &VerifyArgs, out: &mut Out) -> Result<Option<u8>, Failure> {
    let VerifyArgs { log: Some(path), checkpoints: Some(kept), key: Some(key) } = args else {
        return Ok(None);
    };
    let checkpoints =
        notes(kept)?.iter().map(|note| key.open(note)).collect::<Result<Vec<Checkpoint>, _>>()?;
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
        _ => Err(Failure::broken("the verifier found what this program does not know")),
    }
}

impl Log {
    pub(crate) fn keeper(&self, host: &Host) -> Result<LogKeeper, Failure> {
        Ok(LogKeeper::new(&host.eovr, Signer::new(&self.log_name, &host.log_secret)?)?)
    }
}

impl Kept {
    /// The last note in the file; none where there is no file.
    pub(crate) fn last(&self) -> Result<Option<String>, Failure> {
        match &self.checkpoints {
            Some(file) if file.exists() => Ok(notes(file)?.pop()),
            _ => Ok(None),
        }
    }

    /// Makes a checkpoint that follows from the last one, and adds it to the file.
    async fn add(&self, keeper: &LogKeeper) -> Result<String, Failure> {
        let last = self.last()?.map(|note| keeper.public().open(&note)).transpose()?;
        let note = keeper.checkpoint(last.as_ref()).await?;
        if let Some(path) = &self.checkpoints {
            let written = File::options().create(true).append(true).open(path).and_then(|mut file| {
                file.write_all(format!("{note}\n").as_bytes())?;
                file.sync_all()
            });
            written.map_err(|error| {
                Failure::broken(format!("cannot write `{}`: {error}", path.display()))
                    .with_help("name another file with --checkpoints")
            })?;
        }
        Ok(note)
    }

    /// Adds a checkpoint every hour; without a file there is nothing to do.
    pub(crate) async fn work(self, keeper: LogKeeper) {
        if self.checkpoints.is_none() {
            return;
        }
        let mut every = tokio::time::interval(EVERY);
        loop {
            every.tick().await;
            if let Err(failure) = self.add(&keeper).await {
                tracing::error!("no checkpoint was made: {failure}");
            }
        }
    }
}

/// The notes of a file: each ends with its signatures and an empty line.
fn notes(path: &Path) -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let mut notes = Vec::new();
    let mut note = String::new();
    for line in text.lines() {
        if line.is_empty() && note.lines().next_back().is_some_and(|last| last.starts_with('—')) {
            notes.push(std::mem::take(&mut note));
        } else {
            note.push_str(line);
            note.push('\n');
        }
    }
    if !note.trim().is_empty() {
        notes.push(note);
    }
    Ok(notes)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::broken(format!("cannot read `{}`: {error}", path.display()))
}
