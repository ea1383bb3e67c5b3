//! The single writer, and group commit.
//!
//! A transaction costs four round trips and a disk write at a majority of the nodes, however small it is. Therefore one
//! task collects the waiting commits into one transaction. A transaction that conflicts is split in two until the
//! conflicting commit is alone: each commit is still all or nothing. A cancelled caller changes nothing: its commit is
//! done or not, never half.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use eovr_core::{Error, ErrorKind, Result};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::commit::{Job, Step};
use crate::error::{conflict, out_of_time, stopped, uncertain};
use crate::transaction::{Failed, Numbers, Transactions};

type Answer = oneshot::Sender<Result<Vec<Option<String>>>>;

/// A handle to the writer. Cheap to clone; the writer ends with the last clone, or when it is closed.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Message>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// A job with its caller; `None`: accept no more.
type Message = Option<Waiting>;

#[derive(Debug)]
struct Waiting {
    job: Job,
    since: Instant,
    answer: Answer,
}

/// The number of callers that may wait before further callers are blocked.
const WAITING: usize = 1024;

/// The maximum number of bytes per shared transaction. A larger commit has its own transaction.
const MOST_BYTES: usize = 16 << 20;

/// The maximum number of commits per transaction, with any settings.
const LARGEST_GROUP: usize = 1024;

/// The maximum duration of retries, with any settings.
pub(crate) const MOST_PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// After this many attempts, the conflicting transaction may be abandoned.
pub(crate) const PATIENT_FOR: u32 = 16;

impl Writer {
    pub(crate) fn start(transactions: Transactions, group: usize, patience: Duration) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let worker = Worker { transactions, patience: patience.min(MOST_PATIENCE) };
        let task = tokio::spawn(worker.work(waiting, group.clamp(1, LARGEST_GROUP)));
        Self { jobs, task: Arc::new(Mutex::new(Some(task))) }
    }

    pub(crate) async fn run(&self, job: Job) -> Result<Vec<Option<String>>> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { job, since: Instant::now(), answer };
        self.jobs.send(Some(waiting)).await.map_err(|_| stopped())?;
        // The writer has ended, perhaps during this job.
        answered.await.map_err(|_| uncertain())?
    }

    /// Completes the waiting jobs, accepts no more, and returns when it is done. Every caller of `close` waits for
    /// that.
    pub(crate) async fn close(&self) {
        // An error means that it is already closed.
        let _ = self.jobs.send(None).await;
        let mut task = self.task.lock().await;
        if let Some(running) = task.as_mut() {
            let _ = running.await;
            *task = None;
        }
    }
}

struct Worker {
    transactions: Transactions,
    patience: Duration,
}

/// A group that was not written.
enum Ended {
    Conflict,
    Refused(Error),
    /// The patience has run out. `false`: it was not written; `true`: the outcome is unknown.
    Lost(bool),
}

impl Worker {
    async fn work(self, mut waiting: mpsc::Receiver<Message>, most: usize) {
        let mut met = Vec::with_capacity(most);
        while waiting.recv_many(&mut met, most).await > 0 {
            if met.iter().any(Option::is_none) {
                waiting.close();
            }
            let mut group = Vec::new();
            let mut bytes = 0;
            for one in met.drain(..).flatten() {
                let size: usize = one.job.steps.iter().map(Step::size).sum();
                if bytes + size > MOST_BYTES && !group.is_empty() {
                    self.settle(std::mem::take(&mut group)).await;
                    bytes = 0;
                }
                bytes += size;
                group.push(one);
            }
            self.settle(group).await;
        }
    }

    /// Writes a group, and answers every caller after it is on disk.
    async fn settle(&self, mut group: Vec<Waiting>) {
        // A job that has waited behind a dead server for the whole patience fails before the next group starts.
        let patience = self.patience;
        for late in group.extract_if(.., |one| one.since.elapsed() > patience) {
            tell(late.answer, Err(out_of_time()));
        }
        // The deadline for all parts of the group together.
        let deadline = Instant::now() + patience;
        // With doubt, an earlier transaction with the same commits may have been written.
        let mut groups = vec![(group, false)];
        while let Some((mut group, mut doubt)) = groups.pop() {
            if group.is_empty() {
                continue;
            }
            let jobs: Vec<&Job> = group.iter().map(|one| &one.job).collect();
            let ended = self.run(&jobs, deadline, &mut doubt).await;
            let guilty = match &ended {
                Err(Ended::Conflict) => true,
                Err(Ended::Refused(error)) => error.kind() == ErrorKind::InvalidInput,
                _ => false,
            };
            if guilty && group.len() > 1 {
                let rest = group.split_off(group.len() / 2);
                groups.push((rest, doubt));
                groups.push((group, doubt)); // the earlier half first
                continue;
            }
            match ended {
                Ok(numbers) => {
                    for (one, numbers) in group.into_iter().zip(numbers) {
                        tell(one.answer, Ok(numbers));
                    }
                }
                Err(Ended::Conflict) => self.tell_conflict(group, deadline),
                Err(ended) => group.into_iter().for_each(|one| tell(one.answer, Err(ended.error()))),
            }
        }
    }

    /// After a lost race the caller reads the record again and must find the change that it lost to. A transaction sees
    /// that change before other reads do. So the answer is delayed until it can be read; the next group is not.
    fn tell_conflict(&self, group: Vec<Waiting>, deadline: Instant) {
        let transactions = self.transactions.clone();
        tokio::spawn(async move {
            let caught_up = matches!(timeout_at(deadline, transactions.catch_up()).await, Ok(Ok(())));
            for one in group {
                tell(one.answer, Err(if caught_up { conflict() } else { out_of_time() }));
            }
        });
    }

    /// Runs a group in one transaction, and repeats it while the server is unreachable or a conflict persists.
    async fn run(&self, jobs: &[&Job], deadline: Instant, doubt: &mut bool) -> Result<Vec<Numbers>, Ended> {
        let written = || timeout_at(deadline, self.transactions.written(jobs));
        for attempt in 0.. {
            if *doubt && let Ok(Ok(Some(numbers))) = written().await {
                return Ok(numbers);
            }
            let ended = match timeout_at(deadline, self.transactions.run(jobs, doubt)).await {
                Ok(Ok(numbers)) => return Ok(numbers),
                Ok(Err(Failed::Conflict)) => Some(Ended::Conflict),
                Ok(Err(Failed::Refused(error))) => Some(Ended::Refused(error)),
                Ok(Err(Failed::Again)) => None,
                Err(_) => break,
            };
            if let Some(ended) = ended {
                if !*doubt {
                    return Err(ended);
                }
                // The conflict may be with its own earlier attempt. If that cannot be checked, continue.
                match written().await {
                    Ok(Ok(Some(numbers))) => return Ok(numbers),
                    Ok(Ok(None)) => return Err(ended),
                    _ => {}
                }
            }
            if attempt % PATIENT_FOR == PATIENT_FOR - 1 {
                let _ = timeout_at(deadline, self.transactions.end_abandoned()).await;
            }
            let next = Instant::now() + pause(attempt);
            if next > deadline {
                break;
            }
            sleep_until(next).await;
        }
        Err(Ended::Lost(*doubt))
    }
}

impl Ended {
    fn error(&self) -> Error {
        match self {
            Self::Conflict => conflict(),
            Self::Lost(true) => uncertain(),
            Self::Lost(false) => out_of_time(),
            Self::Refused(error) => {
                let again = Error::new(error.kind(), error.message());
                match error.help() {
                    Some(help) => again.with_help(help),
                    None => again,
                }
            }
        }
    }
}

/// A cancelled caller gets no answer.
fn tell(answer: Answer, result: Result<Vec<Option<String>>>) {
    let _ = answer.send(result);
}

/// A random pause that grows with every attempt, up to 0.1 seconds, so that conflicting nodes do not collide again.
pub(crate) fn pause(attempt: u32) -> Duration {
    let most = 2_000_u64 << attempt.min(6);
    let chance = RandomState::new().build_hasher().finish();
    Duration::from_micros(500 + chance % most.min(100_000))
}
