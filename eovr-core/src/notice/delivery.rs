use zeroize::Zeroizing;

use super::dispatcher::SYSTEM;
use crate::decide::Command;
use crate::error::{ErrorKind, Result};
use crate::name;
use crate::notice::{Action, Channel, Dispatcher, HELD_SECONDS, KIND, MOST_ATTEMPTS, State};
use crate::record::{Column, Query, Record, RecordId, Test};

/// The pause before the second attempt. Each later pause is twice as long.
const FIRST_PAUSE_SECONDS: i64 = 30;
/// The longest pause between two attempts.
const LONGEST_PAUSE_SECONDS: i64 = 6 * 3600;

/// A notice that waits to be sent. The host claims it right before it sends it.
pub struct Due {
    id: RecordId,
    version: u64,
    attempts: i64,
    /// The event: kind and action, such as `incident.report`.
    pub topic: String,
    /// The id of the record that the event belongs to.
    pub about: String,
    /// The position of the message in the feed.
    pub position: u64,
    /// The recipient: the id of an account, or `system`.
    pub recipient: String,
}

impl Due {
    /// The id of the notice. It stays the same for every attempt.
    pub fn id(&self) -> RecordId {
        self.id
    }
}

/// A notice that this node has claimed and must send now. The attempt is already counted.
pub struct Claim {
    /// The notice.
    pub due: Due,
    /// The recipient.
    pub to: Recipient,
}

impl Claim {
    /// Whether the notice is parked if this attempt fails.
    pub fn is_last(&self) -> bool {
        self.due.attempts >= MOST_ATTEMPTS
    }

    /// The pause before the next attempt, in seconds, if this attempt fails.
    pub fn pause_seconds(&self) -> i64 {
        let doublings = self.due.attempts.clamp(1, 20) - 1;
        (FIRST_PAUSE_SECONDS << doublings).min(LONGEST_PAUSE_SECONDS)
    }
}

/// The recipient of a notice.
pub enum Recipient {
    /// A person.
    Person {
        /// The address.
        email: Zeroizing<String>,
        /// The display name.
        name: Zeroizing<String>,
    },
    /// Another system. It receives the message as it is in the feed.
    System {
        /// [`crate::decide::Message`] as JSON.
        message: String,
    },
}

/// The host takes the notices from here and sends them.
impl Dispatcher {
    /// The notices of a channel that are due. All nodes get the same list; [`Dispatcher::claim`] decides which node sends
    /// which notice.
    ///
    /// # Errors
    /// What the store says.
    pub async fn due(&self, channel: Channel) -> Result<Vec<Due>> {
        let now = self.session.eovr().now();
        let query = Query::of(KIND)
            .filter(Column::Facet(name!("channel")), Test::Is(channel.into()))
            .filter(Column::State, Test::Is(State::Waiting.into()))
            .filter(Column::Facet(name!("due_at")), Test::Before(now.plus_seconds(1).into()))
            .limit(Query::LARGEST_PAGE);
        Ok(self.session.find(&query).await?.items.iter().map(due).collect())
    }

    /// Claims a notice, which the caller then sends at once, and counts the attempt. The claim lasts [`HELD_SECONDS`].
    /// `None` if another node has claimed it, or if the recipient's account is not active; that notice is parked.
    ///
    /// # Errors
    /// Errors of the store. `Tampered` or `Key` if this notice or its recipient's address cannot be read. The notice is
    /// then parked if possible, and the caller goes on with the others.
    pub async fn claim(&self, due: Due) -> Result<Option<Claim>> {
        let found = match self.recipient(&due).await {
            Err(error) if !error.is_unreadable() => return Err(error),
            found => found,
        };
        let Ok(Some(to)) = found else {
            let parked = self.settle(&due, Command::new(Action::Park)).await?;
            // If another node has the notice, that node reports the error.
            return if parked.is_some() { found.map(|_| None) } else { Ok(None) };
        };
        let attempts = due.attempts + 1;
        let command = self.until(Action::Attempt, HELD_SECONDS).set("attempts", attempts);
        let version = self.settle(&due, command).await?;
        Ok(version.map(|version| Claim { due: Due { version, attempts, ..due }, to }))
    }

    /// Postpones a notice by this many seconds. This does not count as an attempt.
    ///
    /// # Errors
    /// As [`Dispatcher::failed`].
    pub async fn defer(&self, due: &Due, seconds: i64) -> Result<()> {
        let command = self.until(Action::Defer, seconds.clamp(1, LONGEST_PAUSE_SECONDS));
        self.settle(due, command).await.map(drop)
    }

    /// Records that the host has sent the notice.
    ///
    /// # Errors
    /// Errors of the store. The notice is then sent again.
    pub async fn sent(&self, claim: &Claim) -> Result<()> {
        self.settle(&claim.due, Command::new(Action::Deliver)).await.map(drop)
    }

    /// Records a failed attempt. The next attempt follows after a growing pause. The notice is parked after its last
    /// attempt, or at once if it is `hopeless`.
    ///
    /// # Errors
    /// Errors of the store; `Tampered` or `Key` if the notice was changed outside the engine.
    pub async fn failed(&self, claim: &Claim, hopeless: bool) -> Result<()> {
        if hopeless || claim.is_last() {
            return self.settle(&claim.due, Command::new(Action::Park)).await.map(drop);
        }
        self.defer(&claim.due, claim.pause_seconds()).await
    }

    fn until(&self, action: Action, seconds: i64) -> Command {
        Command::new(action).set("due_at", self.session.eovr().now().plus_seconds(seconds))
    }

    /// The new version; `None` if another node has claimed the notice in the meantime, because that node decides then.
    async fn settle(&self, due: &Due, command: Command) -> Result<Option<u64>> {
        match self.session.act(&KIND, due.id, command.expecting(due.version)).await {
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
    let text = |name: &str| record.text(name).unwrap_or_default().to_owned();
    let int = |name: &str| record.int(name).unwrap_or_default();
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

/// Omits the recipient's address.
impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Claim({:?})", self.due)
    }
}
