use crate::access::danger;
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::notice::{Action, Channel, KIND, State};
use crate::record::{ActorId, Column, Cursor, Page, Query, Record, RecordId, Test, Value};
use crate::service::{Eovr, Session};
use crate::workflow::Label as _;

/// What somebody is told in the application: that person's notices, and nobody else's.
#[derive(Clone, Debug)]
pub struct Inbox {
    session: Session,
    owner: ActorId,
}

impl Inbox {
    /// The notices of one person, whom the host knows.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn of(eovr: &Eovr, owner: ActorId) -> Result<Self> {
        // A notice lies where its record lies. Its owner sees it because it is theirs, not because of that.
        let all = danger::unrestricted("eovr.notices", "show people their own notices")?;
        Ok(Self { session: eovr.session(all), owner })
    }

    /// A page of what is not read yet, newest first.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn unread(&self, limit: u32, after: Option<Cursor>) -> Result<Page<Record>> {
        let facet = |name: &str| Name::new(name).map(Column::Facet);
        let query = Query::of(Name::new(KIND)?)
            .filter(facet("recipient")?, Test::Is(self.owner.as_str().into()))
            .filter(facet("channel")?, Test::Is(Channel::InApp.name().into()))
            .filter(Column::State, Test::Is(State::Waiting.name().into()))
            .limit(limit);
        self.session.find(&query.after(after)).await
    }

    /// Marks one as read. One that is read already stays so.
    ///
    /// # Errors
    /// `NotFound` where it is not there, or not this person's.
    pub async fn read(&self, id: RecordId) -> Result<()> {
        let record = self.session.load(KIND, id).await?;
        let is = |facet: &str, wanted: &str| {
            record.facet(facet).and_then(Value::as_text).is_some_and(|text| text == wanted)
        };
        if !is("recipient", self.owner.as_str()) || !is("channel", Channel::InApp.name()) {
            return Err(Error::not_found(KIND));
        }
        match self.session.act(KIND, id, Command::new(Action::Deliver)).await {
            Err(error) if error.kind() == ErrorKind::Refused => Ok(()),
            done => done.map(drop),
        }
    }
}
