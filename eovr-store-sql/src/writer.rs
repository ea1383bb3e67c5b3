//! The single writer, and group commit.
//!
//! A durable transaction costs a disk write, however small it is, and commits are serialised in any case, because each
//! has its positions in the feed. Therefore one task collects the waiting commits into one transaction. If one commit
//! fails, the group fails, and each commit is then run alone, so only the failing one fails. A cancelled caller changes
//! nothing: its commit is done or not, never half.

use std::sync::{Arc, Mutex, PoisonError};

use eovr_core::Result;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::commit::Job;
use crate::committer::Committer;
use crate::copier::Copier;
use crate::error::{stopped, stopped_in_the_middle};
use crate::row::Row;

type Answer = oneshot::Sender<Result<Vec<Row>>>;

/// A handle to the writer. Cheap to clone; the writer ends with the last clone, or when it is closed.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Message>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// A job with its caller; `None`: accept no more.
type Message = Option<(Job, Answer)>;

/// The number of callers that may wait before further callers are blocked.
const WAITING: usize = 1024;

impl Writer {
    pub(crate) fn start(committer: Committer, copier: Option<Copier>, group: usize) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let task = tokio::spawn(work(committer, copier, waiting, group.clamp(1, WAITING)));
        Self { jobs, task: Arc::new(Mutex::new(Some(task))) }
    }

    /// The rows of the job, after it is durable.
    pub(crate) async fn run(&self, job: Job) -> Result<Vec<Row>> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Some((job, answer))).await.map_err(|_| stopped())?;
        // The writer took the job and has ended, before or after the job was done.
        answered.await.map_err(|_| stopped_in_the_middle())?
    }

    /// Completes the waiting jobs, accepts no more, and returns when the connection is closed.
    pub(crate) async fn close(&self) {
        // An error means that it is already closed.
        let _ = self.jobs.send(None).await;
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

async fn work(
    mut committer: Committer,
    mut copier: Option<Copier>,
    mut waiting: mpsc::Receiver<Message>,
    most: usize,
) {
    let mut group = Vec::with_capacity(most);
    while waiting.recv_many(&mut group, most).await > 0 {
        if group.iter().any(Option::is_none) {
            waiting.close();
        }
        let (jobs, answers): (Vec<_>, Vec<_>) = group.drain(..).flatten().unzip();
        for (answer, result) in answers.into_iter().zip(committer.settle(jobs).await) {
            // A cancelled caller gets no answer.
            let _ = answer.send(result);
            copier.iter_mut().for_each(|copier| copier.committed(1));
        }
    }
    if let Some(copier) = copier {
        copier.close().await;
    }
    committer.close().await;
}
