use zeroize::Zeroizing;

use super::post::SYSTEM;
use crate::decide::Command;
use crate::error::{ErrorKind, Result};
use crate::name::Name;
use crate::notice::{Action, Channel, HELD_SECONDS, KIND, MOST_ATTEMPTS, Post, State};
use crate::record::{Column, Query, Record, RecordId, Test, Value};
use crate::workflow::Label as _;

/// The second attempt comes after so long, each later one after twice as long.
const FIRST_PAUSE_SECONDS: i64 = 30;
/// And none after longer.
const LONGEST_PAUSE_SECONDS: i64 = 6 * 3600;

/// A notice that waits to be sent. Claim it right before it is.
pub struct Due {
    id: RecordId,
    version: u64,
    attempts: i64,
    /// What happened: kind and action, `incident.report`.
    pub topic: String,
    /// The id of the record that it happened to.
    pub about: String,
    /// Where the message stands in the feed.
    pub position: u64,
    /// Who is told: the id of an account, or `system`.
    pub recipient: String,
}

impl Due {
    /// The notice: the same at each attempt.
    pub fn id(&self) -> RecordId {
        self.id
    }
}

/// A notice that is ours to send now. The attempt is counted already.
pub struct Claim {
    /// What is sent.
    pub due: Due,
    /// Who is told.
    pub to: Recipient,
}

impl Claim {
    /// Whether it is parked where this attempt fails.
    pub fn is_last(&self) -> bool {
        self.due.attempts >= MOST_ATTEMPTS
    }

    /// After how many seconds it is tried again where this attempt fails.
    pub fn pause_seconds(&self) -> i64 {
        let doublings = self.due.attempts.clamp(1, 20) - 1;
        (FIRST_PAUSE_SECONDS << doublings).min(LONGEST_PAUSE_SECONDS)
    }
}

/// Who is told.
pub enum Recipient {
    /// A person.
    Person {
        /// The address.
        email: Zeroizing<String>,
        /// What the person is called.
        name: Zeroizing<String>,
    },
    /// Another system: it gets the message, as the feed has it.
    System {
        /// [`crate::decide::Message`] as JSON.
        message: String,
    },
}

/// From notices to the host, which sends them.
impl Post {
    /// What waits to be sent by a channel. Other nodes see the same: [`Post::claim`] says whose each is.
    ///
    /// # Errors
    /// What the store says.
    pub async fn due(&self, channel: Channel) -> Result<Vec<Due>> {
        let now = self.session.eovr().now();
        let facet = |name: &str| Name::new(name).map(Column::Facet);
        let query = Query::of(Name::new(KIND)?)
            .filter(facet("channel")?, Test::Is(channel.name().into()))
            .filter(Column::State, Test::Is(State::Waiting.name().into()))
            .filter(facet("due_at")?, Test::Before(now.plus_seconds(1).into()))
            .limit(Query::LARGEST_PAGE);
        Ok(self.session.find(&query).await?.items.iter().map(due).collect())
    }

    /// Takes one, to be sent at once, and counts the attempt: for [`HELD_SECONDS`] no other node does. None where another
    /// was faster, or where its person has left; a notice to that one is parked.
    ///
    /// # Errors
    /// What the store says. `Tampered` or `Key` where this notice or its person's address cannot be read, which says
    /// nothing of the others: it is parked where that can be.
    pub async fn claim(&self, due: Due) -> Result<Option<Claim>> {
        let found = match self.recipient(&due).await {
            Err(error) if !error.is_unreadable() => return Err(error),
            found => found,
        };
        let Ok(Some(to)) = found else {
            self.settle(&due, Command::new(Action::Park)).await?;
            return found.map(|_| None);
        };
        let attempts = due.attempts + 1;
        let command = self.until(Action::Attempt, HELD_SECONDS).set("attempts", attempts);
        let version = self.settle(&due, command).await?;
        Ok(version.map(|version| Claim { due: Due { version, attempts, ..due }, to }))
    }

    /// One is not to be sent for so many seconds. That is no attempt.
    ///
    /// # Errors
    /// As [`Post::failed`].
    pub async fn defer(&self, due: &Due, seconds: i64) -> Result<()> {
        let command = self.until(Action::Defer, seconds.clamp(1, LONGEST_PAUSE_SECONDS));
        self.settle(due, command).await.map(drop)
    }

    /// One was sent.
    ///
    /// # Errors
    /// What the store says; it is sent again then.
    pub async fn sent(&self, claim: &Claim) -> Result<()> {
        self.settle(&claim.due, Command::new(Action::Deliver)).await.map(drop)
    }

    /// One could not be sent: it is tried again after a pause that grows, unless there is no hope.
    ///
    /// # Errors
    /// What the store says; `Tampered` or `Key` where the notice is not what it was.
    pub async fn failed(&self, claim: &Claim, hopeless: bool) -> Result<()> {
        if hopeless || claim.is_last() {
            return self.settle(&claim.due, Command::new(Action::Park)).await.map(drop);
        }
        self.defer(&claim.due, claim.pause_seconds()).await
    }

    fn until(&self, action: Action, seconds: i64) -> Command {
        Command::new(action).set("due_at", self.session.eovr().now().plus_seconds(seconds))
    }

    /// The version afterwards; none where another node has it meanwhile, whose it is to say then.
    async fn settle(&self, due: &Due, command: Command) -> Result<Option<u64>> {
        match self.session.act(KIND, due.id, command.expecting(due.version)).await {
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Refused) => Ok(None),
            done => done.map(|written| Some(written.version)),
        }
    }

    async fn recipient(&self, due: &Due) -> Result<Option<Recipient>> {
        if due.recipient == SYSTEM {
            let feed = self.session.eovr().store().feed(due.position.saturating_sub(1), 1).await?;
            let posted = feed.into_iter().next();
            return Ok(posted.map(|posted| Recipient::System { message: posted.message }));
        }
        let Some(account) = self.account(&due.recipient).await? else { return Ok(None) };
        let text = |field| self.session.open(&account, field).map(Option::unwrap_or_default);
        Ok(Some(Recipient::Person { email: text("email")?, name: text("display_name")? }))
    }
}

fn due(record: &Record) -> Due {
    let text = |name: &str| record.facet(name).and_then(Value::as_text).unwrap_or_default().to_owned();
    let int = |name: &str| record.facet(name).and_then(Value::as_int).unwrap_or_default();
    Due {
        id: record.id(),
        version: record.version(),
        attempts: int("attempts"),
        topic: text("topic"),
        about: text("about"),
        position: u64::try_from(int("in_feed")).unwrap_or_default(),
        recipient: text("recipient"),
    }
}

impl std::fmt::Debug for Due {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Due({} about {}, attempts {})", self.topic, self.about, self.attempts)
    }
}

/// Shows no address.
impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Claim({:?})", self.due)
    }
}
