//! The one writer, and group commit.
//!
//! A durable transaction costs a disk write however little it holds, and commits take turns anyway: each
//! has its positions in the feed. So they go to one task that puts whatever is waiting into one
//! transaction. A commit that fails takes the group with it, and then each is done alone: only the guilty
//! one fails. A caller that goes away in the middle changes nothing: its commit is done or not, never
//! half.
//!
//! # A server that goes away
//! When the connection breaks nobody knows whether the last transaction was made. The writer connects
//! again and looks for the traces of each commit, its events with their hashes: what is there was made,
//! and what is not is made now. Callers wait for that as long as the store has patience.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use eovr_core::{ErrorKind, Result};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::commit::{Job, Trace};
use crate::connection::Connection;
use crate::error::{is_lost, lost_its_turn, stopped, translate, uncertain};
use crate::link::Link;
use crate::query::Statement;
use crate::row::Row;

type Answer = oneshot::Sender<Result<Vec<Row>>>;

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

/// How often a transaction that another one pushed aside is begun again.
const TURNS: usize = 20;

impl Writer {
    pub(crate) fn start(link: Link, connection: Connection, group: usize, patience: Duration) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let desk = Desk { link, connection: Some(connection), patience };
        let task = tokio::spawn(work(desk, waiting, group.max(1)));
        Self { jobs, task: Arc::new(Mutex::new(Some(task))) }
    }

    /// The rows that the job gives, once it is durable.
    pub(crate) async fn run(&self, job: Job) -> Result<Vec<Row>> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Some((job, answer))).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    /// Does what is waiting, takes no more, and returns when the connection is closed.
    pub(crate) async fn close(&self) {
        // An error means that it is closed already.
        let _ = self.jobs.send(None).await;
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

async fn work(mut desk: Desk, mut waiting: mpsc::Receiver<Message>, most: usize) {
    let mut group = Vec::with_capacity(most);
    while waiting.recv_many(&mut group, most).await > 0 {
        if group.iter().any(Option::is_none) {
            waiting.close();
        }
        let (jobs, answers): (Vec<_>, Vec<_>) = group.drain(..).flatten().unzip();
        for (answer, result) in answers.into_iter().zip(desk.settle(jobs).await) {
            // A caller that went away does not hear of it.
            let _ = answer.send(result);
        }
    }
    if let Some(connection) = desk.connection {
        // The last commit is on the disk already; closing tidies up.
        let _ = connection.close().await;
    }
}

/// Where the writer works.
struct Desk {
    link: Link,
    /// None, where it broke.
    connection: Option<Connection>,
    patience: Duration,
}

impl Desk {
    /// Every answer is given after its transaction is durable.
    async fn settle(&mut self, mut jobs: Vec<Job>) -> Vec<Result<Vec<Row>>> {
        if jobs.len() > 1
            && let Ok(results) = self.together(&jobs).await
        {
            return results.into_iter().map(Ok).collect();
        }
        let mut results = Vec::with_capacity(jobs.len());
        // Whether a connection broke under the group, and any of them may be done.
        let mut unsure = jobs.len() > 1 && self.connection.is_none();
        let deadline = Instant::now() + self.patience;
        for job in jobs.drain(..) {
            results.push(self.alone(job, unsure, deadline).await);
            unsure |= self.connection.is_none();
        }
        results
    }

    /// Runs a group in one transaction, all of it or nothing.
    async fn together(&mut self, jobs: &[Job]) -> sqlx::Result<Vec<Vec<Row>>> {
        let deadline = Instant::now() + self.patience;
        let connection = self.connection(deadline).await?;
        let done = match timeout_at(deadline, transaction(connection, jobs)).await {
            Ok(done) => done,
            Err(_) => Err(silent()),
        };
        if let Err(error) = &done {
            self.undo(error).await;
        }
        done
    }

    /// Runs one job in a transaction of its own.
    async fn alone(&mut self, job: Job, mut unsure: bool, deadline: Instant) -> Result<Vec<Row>> {
        let mut turns = 0;
        loop {
            match self.attempt(&job, unsure, deadline).await {
                Ok(rows) => return Ok(rows),
                Err(error) if lost_its_turn(&error) && turns < TURNS => {
                    turns += 1;
                    sleep(Duration::from_millis(2 << turns.min(5))).await;
                }
                Err(error) if is_lost(&error) && self.link.is_remote() => {
                    // Before the first attempt nothing was sent, and nothing can be done.
                    unsure |= !matches!(&error, sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused);
                    if Instant::now() >= deadline {
                        return Err(if unsure { uncertain(error) } else { translate(error) });
                    }
                    sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(translate(error)),
            }
        }
    }

    async fn attempt(&mut self, job: &Job, unsure: bool, deadline: Instant) -> sqlx::Result<Vec<Row>> {
        let connection = self.connection(deadline).await?;
        let run = async {
            if unsure && let Some(rows) = find_traces(connection, &job.traces).await? {
                return Ok(rows);
            }
            match run_alone(connection, job).await {
                // Its own first attempt, which was still on its way when we looked, stands in its way.
                Err(error) if unsure && translate_kind(&error) == Some(ErrorKind::Conflict) => {
                    find_traces(connection, &job.traces).await?.ok_or(error)
                }
                done => done,
            }
        };
        let done = match timeout_at(deadline, run).await {
            Ok(done) => done,
            Err(_) => Err(silent()),
        };
        if let Err(error) = &done {
            self.undo(error).await;
        }
        done
    }

    /// The connection, made again where it broke.
    async fn connection(&mut self, deadline: Instant) -> sqlx::Result<&mut Connection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => match timeout_at(deadline, self.link.connect_to_write()).await {
                Ok(connection) => connection?,
                Err(_) => return Err(silent()),
            },
        };
        Ok(self.connection.insert(connection))
    }

    /// Leaves nothing half-done behind: the transaction is undone, or the connection given up.
    async fn undo(&mut self, error: &sqlx::Error) {
        let Some(mut connection) = self.connection.take() else { return };
        // It may have been rolled back by itself, so this may have nothing to do.
        let sound = !is_lost(error) && (connection.run("ROLLBACK").await.is_ok() || !self.link.is_remote());
        if sound {
            self.connection = Some(connection);
        }
    }
}

async fn transaction(connection: &mut Connection, jobs: &[Job]) -> sqlx::Result<Vec<Vec<Row>>> {
    let mut results = Vec::with_capacity(jobs.len());
    if let Connection::Postgres(_) = connection {
        connection.run("BEGIN").await?;
        for job in jobs {
            results.push(connection.fetch(job.statements.clone()).await?);
        }
        connection.run("COMMIT").await?;
        return Ok(results);
    }
    let last = jobs.len().saturating_sub(1);
    for (index, job) in jobs.iter().enumerate() {
        // `BEGIN` travels with the first job and `COMMIT` with the last.
        let begin = if index == 0 { begin(connection) } else { "" };
        let commit = if index == last { "COMMIT" } else { "" };
        results.push(connection.script(between(begin, job, commit)).await?);
    }
    Ok(results)
}

async fn run_alone(connection: &mut Connection, job: &Job) -> sqlx::Result<Vec<Row>> {
    match connection {
        // One statement is a transaction by itself.
        Connection::Postgres(_) => connection.fetch(job.statements.clone()).await,
        _ => connection.script(between(begin(connection), job, "COMMIT")).await,
    }
}

fn begin(connection: &Connection) -> &'static str {
    match connection {
        Connection::Sqlite(_) => "BEGIN IMMEDIATE;\n",
        _ => "START TRANSACTION;\n",
    }
}

fn between(begin: &str, job: &Job, commit: &str) -> Statement {
    let Statement { sql, binds } = &job.statements;
    Statement { sql: format!("{begin}{sql}{commit}"), binds: binds.clone() }
}

/// The numbers of a commit that was made: none, where it was not.
async fn find_traces(connection: &mut Connection, traces: &[Trace]) -> sqlx::Result<Option<Vec<Row>>> {
    let mut rows = Vec::with_capacity(traces.len());
    for trace in traces {
        let mut statement = Statement::new(format!(
            "SELECT r.\"number\" FROM events e JOIN \"{}\" r ON r.\"id\" = e.record WHERE e.record = ",
            trace.kind
        ));
        statement.bind(trace.record);
        statement.push(" AND e.seq = ");
        statement.bind(i64::try_from(trace.seq).unwrap_or(i64::MAX));
        statement.push(" AND e.hash = ");
        statement.bind(trace.hash.as_slice());
        match connection.fetch(statement).await?.pop() {
            Some(row) => rows.push(row),
            None => return Ok(None),
        }
    }
    Ok((!traces.is_empty()).then_some(rows))
}

fn translate_kind(error: &sqlx::Error) -> Option<ErrorKind> {
    match error {
        sqlx::Error::Database(database)
            if matches!(
                database.kind(),
                sqlx::error::ErrorKind::UniqueViolation | sqlx::error::ErrorKind::NotNullViolation
            ) =>
        {
            Some(ErrorKind::Conflict)
        }
        _ => None,
    }
}

/// The server took the question and does not answer.
fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}
