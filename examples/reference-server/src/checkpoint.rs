//! `checkpoint` and `verify`: evidence that the history was not rewritten behind the engine's back.
//!
//! The server appends checkpoints to a file. They prove something only outside of the database: on a machine that the
//! database's administrators do not control, in a mailbox, on paper. `serve` adds one every hour if it has such a file,
//! and a printed report quotes the last.

use std::fs::{self, File};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use eovr_core::audit::log::{Checkpoint, LogVerdict, PublicKey, Signer, verify_log};
use eovr_core::identity::alert::Alert;
use eovr_core::service::{LogKeeper, SystemClock};
use eovr_core::{Error, ErrorKind};

use crate::engine::{self, Host};
use crate::export::place::Destination;
use crate::http::{Alarm, Auth, FAILING};
use crate::output::{Failure, Out, Paint};
use crate::settings::Place;

/// How often `serve` makes a checkpoint.
const EVERY: Duration = Duration::from_secs(3600);

/// The file of the checkpoints.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Kept {
    /// The file with the signed checkpoints of the audit log, best on another machine
    #[arg(long, value_name = "FILE", env = "EOVR_CHECKPOINTS")]
    checkpoints: Option<PathBuf>,
}

/// The settings for new checkpoints: their file, and the name in their signature.
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
    let keeper = args.sign.keeper(host)?;
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

impl Log {
    pub(crate) fn keeper(&self, host: &Host) -> Result<LogKeeper, Failure> {
        Ok(LogKeeper::new(&host.eovr, Signer::new(&self.log_name, host.secrets.log())?)?)
    }
}

impl Log {
    /// After a new master key, which brings a new signing key: signs a checkpoint that continues the last one, which
    /// the previous key signed.
    pub(crate) async fn follow_on(&self, host: &Host) -> Result<(), Failure> {
        let (Some(last), Some(previous)) = (self.kept.last()?, &host.previous) else { return Ok(()) };
        let keeper = self.keeper(host)?;
        if keeper.public().open(&last).is_ok() {
            return Ok(());
        }
        let earlier = Signer::new(&self.log_name, previous.log())?.public().open(&last)?;
        Ok(self.kept.sign(&keeper, Some(&earlier)).await.map(drop)?)
    }
}

/// The state of the log at the last attempt to make a checkpoint.
#[derive(Debug, Default)]
pub(crate) struct LogState(AtomicU8);

const OFF: u8 = 0;
const WELL: u8 = 1;
const BROKEN: u8 = 2;

impl LogState {
    /// The state in one word.
    pub(crate) fn word(&self) -> &'static str {
        match self.0.load(Ordering::Relaxed) {
            OFF => "off",
            WELL => "ok",
            _ => FAILING,
        }
    }
}

/// Why no checkpoint was made.
enum Unmade {
    /// The log does not continue the last checkpoint.
    Rewritten(Failure),
    /// Another failure: the file cannot be written, the database is unavailable.
    Otherwise(Failure),
}

impl From<Unmade> for Failure {
    fn from(unmade: Unmade) -> Self {
        let (Unmade::Rewritten(failure) | Unmade::Otherwise(failure)) = unmade;
        failure
    }
}

impl From<Failure> for Unmade {
    fn from(failure: Failure) -> Self {
        Self::Otherwise(failure)
    }
}

impl From<Error> for Unmade {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Tampered => Self::Rewritten(error.into()),
            _ => Self::Otherwise(error.into()),
        }
    }
}

impl Kept {
    /// The last note in the file; `None` without a file.
    pub(crate) fn last(&self) -> Result<Option<String>, Failure> {
        match &self.checkpoints {
            Some(file) if file.exists() => Ok(notes(file)?.pop()),
            _ => Ok(None),
        }
    }

    /// Checkpoints in this file.
    #[cfg(test)]
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { checkpoints: Some(path) }
    }

    /// Whether the server makes checkpoints.
    pub(crate) fn is_on(&self) -> bool {
        self.checkpoints.is_some()
    }

    /// Makes a checkpoint that continues the last one, and adds it to the file.
    async fn add(&self, keeper: &LogKeeper, last: Option<String>) -> Result<String, Unmade> {
        let last = last.map(|note| keeper.public().open(&note)).transpose().map_err(Failure::from)?;
        self.sign(keeper, last.as_ref()).await
    }

    async fn sign(&self, keeper: &LogKeeper, last: Option<&Checkpoint>) -> Result<String, Unmade> {
        let note = keeper.checkpoint(last).await?;
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

    /// Adds a checkpoint every hour, and reports a log that does not continue the last one; does nothing without a
    /// file.
    pub(crate) async fn work(self, keeper: LogKeeper, state: Arc<LogState>, auth: Arc<Auth>) {
        if !self.is_on() {
            return;
        }
        let mut every = tokio::time::interval(EVERY);
        let mut last = None;
        loop {
            every.tick().await;
            self.round(&keeper, &mut last, &state, &auth.alarm).await;
        }
    }

    /// Makes one checkpoint. `last` is this process's previous one, so that emptying the file does not hide a rewritten
    /// history.
    pub(crate) async fn round(
        &self,
        keeper: &LogKeeper,
        last: &mut Option<String>,
        state: &LogState,
        alarm: &Alarm,
    ) {
        let earlier = self.last().map(|kept| kept.or_else(|| last.clone())).map_err(Unmade::from);
        let made = match earlier {
            Ok(earlier) => self.add(keeper, earlier).await,
            Err(unmade) => Err(unmade),
        };
        let (alert, failure) = match made {
            Ok(note) => {
                *last = Some(note);
                state.0.store(WELL, Ordering::Relaxed);
                return;
            }
            Err(Unmade::Rewritten(failure)) => (Alert::LogRewritten, failure),
            Err(Unmade::Otherwise(failure)) => (Alert::CheckpointFailed, failure),
        };
        state.0.store(BROKEN, Ordering::Relaxed);
        tracing::error!("no checkpoint was made: {failure}");
        alarm.alert(alert, None, None);
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
