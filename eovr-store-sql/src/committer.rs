//! The writer's connection, its transactions, and the recovery from a lost server.
//!
//! When the connection breaks, the outcome of the last transaction is unknown. The writer reconnects and looks for the
//! traces of each commit, its events with their hashes. A commit with traces was made; a commit without traces is made
//! now. Callers wait for this as long as the store's patience allows. Then they get `Uncertain`, or `Unavailable` where
//! nothing was sent.

use std::time::Duration;

use eovr_core::Result;
use tokio::time::{Instant, sleep, timeout};

use crate::commit::{Job, Trace};
use crate::connection::Connection;
use crate::error::{is_conflict, is_lost, lost_its_turn, silent, translate, uncertain};
use crate::link::Link;
use crate::query::Statement;
use crate::row::Row;

pub(crate) struct Committer {
    link: Link,
    /// `None` where it broke.
    connection: Option<Connection>,
    patience: Duration,
}

/// A failed attempt.
struct Failed {
    error: sqlx::Error,
    /// Whether anything was sent. If not, nothing has changed.
    sent: bool,
}

/// The maximum patience, so that a deadline never overflows.
const A_DAY: Duration = Duration::from_secs(24 * 3600);

impl Committer {
    pub(crate) fn new(link: Link, connection: Connection, patience: Duration) -> Self {
        Self { link, connection: Some(connection), patience: patience.min(A_DAY) }
    }

    pub(crate) async fn close(self) {
        if let Some(connection) = self.connection {
            // The last commit is already on disk; closing only releases resources.
            let _ = connection.close().await;
        }
    }

    /// Runs all of these jobs, each completely or not at all. Every answer follows after its transaction is durable.
    pub(crate) async fn settle(&mut self, jobs: Vec<Job>) -> Vec<Result<Vec<Row>>> {
        let deadline = Instant::now() + self.patience;
        let mut in_doubt = false;
        if jobs.len() > 1 {
            match self.together(&jobs, deadline).await {
                Ok(results) => return results.into_iter().map(Ok).collect(),
                Err(failed) => in_doubt = failed.sent && is_lost(&failed.error),
            }
        }
        let mut results = Vec::with_capacity(jobs.len());
        for job in jobs {
            results.push(self.alone(&job, in_doubt, deadline).await);
        }
        results
    }

    /// Runs a group in one transaction, completely or not at all.
    async fn together(&mut self, jobs: &[Job], deadline: Instant) -> Result<Vec<Vec<Row>>, Failed> {
        let mut connection = self.connection(deadline).await?;
        let done = self.in_time(deadline, transaction(&mut connection, jobs)).await;
        self.keep(connection, &done).await;
        done.map_err(|error| Failed { error, sent: true })
    }

    /// Runs one job in its own transaction. `in_doubt`: an earlier attempt may have succeeded.
    async fn alone(&mut self, job: &Job, mut in_doubt: bool, deadline: Instant) -> Result<Vec<Row>> {
        let mut wait = Duration::from_millis(2);
        loop {
            let Failed { error, sent } = match self.attempt(job, in_doubt, deadline).await {
                Ok(rows) => return Ok(rows),
                Err(failed) => failed,
            };
            in_doubt |= sent && is_lost(&error);
            let again = lost_its_turn(&error) || (is_lost(&error) && self.link.is_remote());
            if !again || Instant::now() >= deadline {
                return Err(if in_doubt { uncertain(&error) } else { translate(error) });
            }
            sleep(wait).await;
            wait = (wait * 2).min(Duration::from_millis(100));
        }
    }

    async fn attempt(&mut self, job: &Job, in_doubt: bool, deadline: Instant) -> Result<Vec<Row>, Failed> {
        let mut connection = self.connection(deadline).await?;
        let done = self.in_time(deadline, try_once(&mut connection, job, in_doubt)).await;
        self.keep(connection, &done).await;
        done.map_err(|error| Failed { error, sent: true })
    }

    /// The connection, reconnected where it broke.
    async fn connection(&mut self, deadline: Instant) -> Result<Connection, Failed> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let made = self.in_time(deadline, self.link.connect_to_write(Some(self.patience))).await;
        made.map_err(|error| Failed { error, sent: false })
    }

    /// Returns the connection without an open transaction: after an error the transaction is rolled back, or the
    /// connection dropped.
    async fn keep<T>(&mut self, mut connection: Connection, done: &sqlx::Result<T>) {
        let sound = match done {
            Ok(_) => true,
            Err(error) if is_lost(error) => false,
            Err(_) => roll_back(&mut connection).await || !self.link.is_remote(),
        };
        self.connection = sound.then_some(connection);
    }

    /// Limits the time for a server. SQLite has no limit, because an interrupted call would leave the outcome unknown.
    async fn in_time<T>(
        &self,
        deadline: Instant,
        work: impl Future<Output = sqlx::Result<T>>,
    ) -> sqlx::Result<T> {
        if !self.link.is_remote() {
            return work.await;
        }
        // At least a short time, so that the last job of a group gets one attempt.
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(200));
        timeout(left, work).await.unwrap_or_else(|_| Err(silent()))
    }
}

async fn try_once(connection: &mut Connection, job: &Job, in_doubt: bool) -> sqlx::Result<Vec<Row>> {
    if in_doubt && let Some(rows) = find_traces(connection, &job.traces).await? {
        return Ok(rows);
    }
    match run_alone(connection, job).await {
        // The job's own earlier attempt may still have been in progress during the check, and conflicts with this one.
        // Roll this attempt back first, because it holds the positions.
        Err(error) if in_doubt && is_conflict(&error) => {
            if !roll_back(connection).await {
                return Err(silent());
            }
            find_traces(connection, &job.traces).await?.ok_or(error)
        }
        done => done,
    }
}

/// Whether the connection is usable. The database may already have rolled back, so the statement may have nothing to
/// do.
async fn roll_back(connection: &mut Connection) -> bool {
    matches!(timeout(Duration::from_secs(2), connection.run("ROLLBACK")).await, Ok(Ok(())))
}

async fn transaction(connection: &mut Connection, jobs: &[Job]) -> sqlx::Result<Vec<Vec<Row>>> {
    let mut results = Vec::with_capacity(jobs.len());
    let Some(begin) = connection.script_begins() else {
        connection.begin().await?;
        for job in jobs {
            results.push(connection.fetch(job.statements.clone()).await?);
        }
        connection.run("COMMIT").await?;
        return Ok(results);
    };
    let last = jobs.len().saturating_sub(1);
    for (index, job) in jobs.iter().enumerate() {
        // `BEGIN` travels with the first job and `COMMIT` with the last.
        let begin = if index == 0 { begin } else { "" };
        let commit = if index == last { "COMMIT" } else { "" };
        results.push(connection.script(between(begin, job, commit)).await?);
    }
    Ok(results)
}

async fn run_alone(connection: &mut Connection, job: &Job) -> sqlx::Result<Vec<Row>> {
    match connection.script_begins() {
        Some(begin) => connection.script(between(begin, job, "COMMIT")).await,
        // One statement is a transaction by itself.
        None => connection.fetch_alone(job.statements.clone()).await,
    }
}

fn between(begin: &str, job: &Job, commit: &str) -> Statement {
    let Statement { sql, binds } = &job.statements;
    Statement { sql: format!("{begin}{sql}{commit}"), binds: binds.clone() }
}

/// The numbers of a commit that was made; `None` where it was not.
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
        match connection.fetch_alone(statement).await?.pop() {
            Some(row) => rows.push(row),
            None => return Ok(None),
        }
    }
    Ok((!traces.is_empty()).then_some(rows))
}
