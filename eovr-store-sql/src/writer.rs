//! The one writer, and group commit.
//!
//! SQLite has one writer at a time, and a durable transaction costs a disk write however little it
//! holds. So commits go to one task that puts whatever is waiting into one transaction, each in a
//! savepoint of its own: a commit that fails is rolled back alone. A caller that goes away in the
//! middle changes nothing: its commit is done or not, never half.

use std::sync::{Arc, Mutex, PoisonError};

use eovr_core::{Error, ErrorKind, Result};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::error::{stopped, translate};
use crate::rows::Binds;

/// Statements to be run as one, with their values.
#[derive(Debug)]
pub(crate) struct Job {
    /// Ends with `;\n`.
    pub(crate) sql: String,
    pub(crate) binds: Binds,
}

type Answer = oneshot::Sender<Result<Vec<SqliteRow>>>;

/// The door to the writer. Cheap to clone; the writer ends with the last clone, or when it is closed.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Message>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// A job with its caller; none: take no more.
type Message = Option<(Job, Answer)>;

/// How many callers may wait before the next one waits to be let in.
const WAITING: usize = 1024;

impl Writer {
    pub(crate) fn start(connection: SqliteConnection, group: usize) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let task = tokio::spawn(work(connection, waiting, group.max(1)));
        Self { jobs, task: Arc::new(Mutex::new(Some(task))) }
    }

    pub(crate) async fn run(&self, job: Job) -> Result<Vec<SqliteRow>> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Some((job, answer))).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    /// Does what is waiting, takes no more, and returns when the file is closed.
    pub(crate) async fn close(&self) {
        // An error means that it is closed already.
        let _ = self.jobs.send(None).await;
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

async fn work(mut connection: SqliteConnection, mut waiting: mpsc::Receiver<Message>, most: usize) {
    let mut group = Vec::with_capacity(most);
    while waiting.recv_many(&mut group, most).await > 0 {
        if group.iter().any(Option::is_none) {
            waiting.close();
        }
        let (jobs, answers): (Vec<_>, Vec<_>) = group.drain(..).flatten().unzip();
        for (answer, result) in answers.into_iter().zip(commit_group(&mut connection, jobs).await) {
            // A caller that went away does not hear of it.
            let _ = answer.send(result);
        }
    }
    // The last commit is on the disk already; closing tidies up the log file.
    let _ = connection.close().await;
}

/// Runs one job in a transaction of its own, which needs no savepoint.
async fn commit_one(connection: &mut SqliteConnection, job: Job) -> Result<Vec<SqliteRow>> {
    let sql = format!("BEGIN IMMEDIATE;\n{}COMMIT", job.sql);
    let done = sqlx::query_with(AssertSqlSafe(sql), job.binds.0).fetch_all(&mut *connection).await;
    if done.is_err() {
        // It may have been rolled back by itself, so this may have nothing to do.
        let _ = execute(connection, "ROLLBACK").await;
    }
    done.map_err(translate)
}

/// Runs a group in one transaction. Every answer is given after the transaction is on the disk.
async fn commit_group(connection: &mut SqliteConnection, mut jobs: Vec<Job>) -> Vec<Result<Vec<SqliteRow>>> {
    let last = jobs.len().saturating_sub(1);
    if last == 0
        && let Some(job) = jobs.pop()
    {
        return vec![commit_one(connection, job).await];
    }
    let mut results = Vec::with_capacity(jobs.len());
    let mut open = false;
    for (index, job) in jobs.into_iter().enumerate() {
        // `BEGIN` travels with the first job and `COMMIT` with the last: each string of statements is a
        // trip to the database's thread and back.
        let begin = if open { "" } else { "BEGIN IMMEDIATE;\n" };
        let commit = if index == last { ";\nCOMMIT" } else { "" };
        let sql = format!("{begin}SAVEPOINT job;\n{}RELEASE job{commit}", job.sql);
        match sqlx::query_with(AssertSqlSafe(sql), job.binds.0).fetch_all(&mut *connection).await {
            Ok(rows) => {
                results.push(Ok(rows));
                open = index != last;
            }
            Err(error) => {
                let error = translate(error);
                open = execute(connection, "ROLLBACK TO job; RELEASE job").await.is_ok();
                if !open {
                    lose(connection, &mut results, &error).await;
                }
                results.push(Err(error));
            }
        }
    }
    if open && let Err(error) = execute(connection, "COMMIT").await {
        lose(connection, &mut results, &error).await;
    }
    results
}

/// The transaction could not be begun, went on or ended, and the reason is everybody's: what seemed to
/// be done in it is not.
async fn lose(connection: &mut SqliteConnection, results: &mut [Result<Vec<SqliteRow>>], reason: &Error) {
    // It may have been rolled back by itself, so this may have nothing to do.
    let _ = execute(connection, "ROLLBACK").await;
    for result in results.iter_mut().filter(|result| result.is_ok()) {
        *result = Err(Error::new(ErrorKind::Unavailable, reason.message())
            .with_help("the transaction that this commit shared was lost; nothing was changed, try again"));
    }
}

async fn execute(connection: &mut SqliteConnection, sql: &'static str) -> Result<()> {
    sqlx::raw_sql(sql).execute(connection).await.map(drop).map_err(translate)
}
