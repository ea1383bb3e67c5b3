use crate::access::danger;
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::name;
use crate::notice::{Action, Channel, KIND, State};
use crate::record::{ActorId, Column, Cursor, Page, Query, Record, RecordId, Test};
use crate::service::{Eovr, Session};
use crate::workflow::Label as _;

/// The in-app notices of one person.
#[derive(Clone, Debug)]
pub struct Inbox {
    session: Session,
    owner: ActorId,
}

impl Inbox {
    /// The notices of one person. The host must have authenticated the person.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn of(eovr: &Eovr, owner: ActorId) -> Result<Self> {
        // A notice belongs to the facility of its record. The owner sees it because of the ownership, not because of
        // the scope.
        let all = danger::unrestricted("eovr.notices", "show people their own notices")?;
        Ok(Self { session: eovr.session(all), owner })
    }

    /// A page of unread notices, newest first.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn unread(&self, limit: u32, after: Option<Cursor>) -> Result<Page<Record>> {
        let query = Query::of(KIND)
            .filter(Column::Facet(name!("recipient")), Test::Is(self.owner.as_str().into()))
            .filter(Column::Facet(name!("channel")), Test::Is(Channel::InApp.into()))
            .filter(Column::State, Test::Is(State::Waiting.into()))
            .limit(limit);
        self.session.find(&query.after(after)).await
    }

    /// Marks a notice as read. Repeating the call changes nothing.
    ///
    /// # Errors
    /// `NotFound` where the notice does not exist or belongs to another person.
    pub async fn read(&self, id: RecordId) -> Result<()> {
        let record = self.session.load(&KIND, id).await?;
        let is = |facet: &str, wanted: &str| record.text(facet).is_some_and(|text| text == wanted);
        if !is("recipient", self.owner.as_str()) || !is("channel", Channel::InApp.name()) {
            return Err(Error::not_found(KIND));
        }
        match self.session.act(&KIND, id, Command::new(Action::Deliver)).await {
            Err(error) if error.kind() == ErrorKind::Refused => Ok(()),
            done => done.map(drop),
        }
    }
}
