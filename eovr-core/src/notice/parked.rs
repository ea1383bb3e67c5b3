use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::notice::{Action, KIND, State};
use crate::record::{Column, Cursor, Page, Query, Record, RecordId, Test};
use crate::service::Session;
use crate::workflow::Label as _;

/// What could not be sent and waits for an administrator, as far as the session may see it.
#[derive(Clone, Debug)]
pub struct Parked {
    session: Session,
}

/// How many notices are sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// So many wait to be sent now.
    pub waiting: usize,
    /// Whether more are parked.
    pub more: bool,
}

impl Parked {
    /// What is parked, seen and tried again by this session.
    pub fn of(session: &Session) -> Self {
        Self { session: session.clone() }
    }

    /// A page of them, newest first.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn list(&self, limit: u32, after: Option<Cursor>) -> Result<Page<Record>> {
        let query = Query::of(Name::new(KIND)?)
            .filter(Column::State, Test::Is(State::Parked.name().into()))
            .limit(limit);
        self.session.find(&query.after(after)).await
    }

    /// Has one sent again, with as many attempts as a new one.
    ///
    /// # Errors
    /// `NotFound` where it is not there, or not parked; `Denied` where the session may not.
    pub async fn retry(&self, id: RecordId) -> Result<()> {
        let now = self.session.eovr().now();
        let command = Command::new(Action::Retry).set("attempts", 0).set("due_at", now);
        match self.session.act(KIND, id, command).await {
            Err(error) if error.kind() == ErrorKind::Refused => Err(Error::not_found(KIND)),
            done => done.map(drop),
        }
    }

    /// Has all sent again, a page of them at a time.
    ///
    /// # Errors
    /// What the store says; those before are sent again then.
    pub async fn retry_all(&self) -> Result<Again> {
        let page = self.list(Query::LARGEST_PAGE, None).await?;
        let mut waiting = 0;
        for record in &page.items {
            match self.retry(record.id()).await {
                // Another administrator has it sent again already.
                Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) => {}
                done => {
                    done?;
                    waiting += 1;
                }
            }
        }
        Ok(Again { waiting, more: page.next.is_some() })
    }
}
