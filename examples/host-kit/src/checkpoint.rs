//! Signed checkpoints of the audit log, in a file that the server appends to.
//!
//! They prove something only outside of the database: on a machine that the database's administrators do not control, in a
//! mailbox, on paper.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use eovr_core::audit::log::{Checkpoint, Signer};
use eovr_core::identity::alert::Alert;
use eovr_core::service::LogKeeper;
use eovr_core::{Eovr, Error, ErrorKind};

use crate::http::auth::{Alarm, Auth};
use crate::http::health::FAILING;
use crate::output::Failure;
use crate::secrets::Secrets;

/// How often `serve` makes a checkpoint.
const EVERY: Duration = Duration::from_secs(3600);

/// The file of the checkpoints.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Kept {
    /// The file with the signed checkpoints of the audit log, best on another machine
    #[arg(long, value_name = "FILE", env = "EOVR_CHECKPOINTS")]
    checkpoints: Option<PathBuf>,
}

/// The settings for new checkpoints: their file, and the name in their signature.
#[derive(Clone, Debug, clap::Args)]
pub struct Log {
    /// The file.
    #[command(flatten)]
    pub kept: Kept,
    /// The name of the audit log in its checkpoints, best a domain and a path: hospital.example/eovr
    #[arg(long, value_name = "NAME", default_value = "eovr", env = "EOVR_LOG_NAME")]
    log_name: String,
}

impl Log {
    /// Opens the log for signing.
    ///
    /// # Errors
    /// `InvalidInput` where the log's name is not valid.
    pub fn keeper(&self, eovr: &Eovr, secrets: &Secrets) -> Result<LogKeeper, Failure> {
        Ok(LogKeeper::new(eovr, Signer::new(&self.log_name, secrets.log())?)?)
    }
}

impl Log {
    /// After a new master key, which brings a new signing key: signs a checkpoint that continues the last one, which
    /// the previous key signed.
    pub async fn follow_on(&self, eovr: &Eovr, now: &Secrets, previous: &Secrets) -> Result<(), Failure> {
        let Some(last) = self.kept.last()? else { return Ok(()) };
        let keeper = self.keeper(eovr, now)?;
        if keeper.public().open(&last).is_ok() {
            return Ok(());
        }
        let earlier = Signer::new(&self.log_name, previous.log())?.public().open(&last)?;
        Ok(self.kept.sign(&keeper, Some(&earlier)).await.map(drop)?)
    }
}

/// The state of the log at the last attempt to make a checkpoint.
#[derive(Debug, Default)]
pub struct LogState(AtomicU8);

const OFF: u8 = 0;
const WELL: u8 = 1;
const BROKEN: u8 = 2;

impl LogState {
    /// The state in one word.
    pub fn word(&self) -> &'static str {
        match self.0.load(Ordering::Relaxed) {
            OFF => "off",
            WELL => "ok",
            _ => FAILING,
        }
    }
}

/// Why no checkpoint was made.
pub enum Unmade {
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
    pub fn last(&self) -> Result<Option<String>, Failure> {
        match &self.checkpoints {
            Some(file) if file.exists() => Ok(notes(file)?.pop()),
            _ => Ok(None),
        }
    }

    /// Checkpoints in this file.
    pub fn at(path: PathBuf) -> Self {
        Self { checkpoints: Some(path) }
    }

    /// Whether the server makes checkpoints.
    pub fn is_on(&self) -> bool {
        self.checkpoints.is_some()
    }

    /// Makes a checkpoint that continues the last one, and adds it to the file.
    pub async fn add(&self, keeper: &LogKeeper, last: Option<String>) -> Result<String, Unmade> {
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
    pub async fn work(self, keeper: LogKeeper, state: Arc<LogState>, auth: Arc<Auth>) {
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
    pub async fn round(
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
pub fn notes(path: &Path) -> Result<Vec<String>, Failure> {
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

/// Why a file cannot be read.
pub fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::broken(format!("cannot read `{}`: {error}", path.display()))
}
