use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::notice::{Action, KIND, State};
use crate::record::{Column, Cursor, Page, Query, Record, RecordId, Test};
use crate::service::Session;

/// The parked notices that the session may see.
#[derive(Clone, Debug)]
pub struct Parked {
    session: Session,
}

/// The result of a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retried {
    /// The number of notices that are waiting again.
    pub waiting: usize,
    /// Whether more are parked.
    pub more: bool,
}

impl Parked {
    /// The parked notices in the scope of this session.
    pub fn of(session: &Session) -> Self {
        Self { session: session.clone() }
    }

    /// A page of parked notices, newest first.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn list(&self, limit: u32, after: Option<Cursor>) -> Result<Page<Record>> {
        let query = Query::of(KIND).filter(Column::State, Test::Is(State::Parked.into())).limit(limit);
        self.session.find(&query.after(after)).await
    }

    /// Retries a parked notice, with as many attempts as a new one.
    ///
    /// # Errors
    /// `NotFound` where the notice does not exist or is not parked; `Denied` where the session lacks the permission.
    pub async fn retry(&self, id: RecordId) -> Result<()> {
        let now = self.session.eovr().now();
        let command = Command::new(Action::Retry).set("attempts", 0).set("due_at", now);
        match self.session.act(&KIND, id, command).await {
            Err(error) if error.kind() == ErrorKind::Refused => Err(Error::not_found(KIND)),
            done => done.map(drop),
        }
    }

    /// Retries all parked notices, one page per call.
    ///
    /// # Errors
    /// Errors of the store; the notices before the error are retried.
    pub async fn retry_all(&self) -> Result<Retried> {
        let page = self.list(Query::LARGEST_PAGE, None).await?;
        let mut waiting = 0;
        for record in &page.items {
            match self.retry(record.id()).await {
                // Another administrator has already retried it.
                Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) => {}
                done => {
                    done?;
                    waiting += 1;
                }
            }
        }
        Ok(Retried { waiting, more: page.next.is_some() })
    }
}
