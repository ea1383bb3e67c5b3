use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::access::{Scope, danger};
use crate::analyst;
use crate::decide::{Command, Commit};
use crate::error::{Error, ErrorKind, Result};
use crate::identity::user;
use crate::name::Name;
use crate::notice::rule::{Told, over};
use crate::notice::{Action, Channel, KIND, MOST_ATTEMPTS, Rule, State, To};
use crate::org::{OrgId, Stamp};
use crate::ports::Parcel;
use crate::record::{Column, Query, Record, RecordId, Test, Value};
use crate::service::{Eovr, Session};
use crate::time::Timestamp;
use crate::workflow::Label as _;

/// Messages are taken out of the outbox so many at a time: their notices are one commit, and reports wait for it.
const AT_A_TIME: u32 = 32;
/// Whoever has taken messages out and vanished is waited for so long.
const HELD_SECONDS: i64 = 60;
/// The second attempt comes after so long, each later one after twice as long.
const FIRST_PAUSE_SECONDS: i64 = 30;
/// And none after longer.
const LONGEST_PAUSE_SECONDS: i64 = 6 * 3600;
/// Whom a notice to another system is for.
const SYSTEM: &str = "system";

/// The post room: from the outbox to notices, and from notices to whoever sends them.
#[derive(Clone, Debug)]
pub struct Post {
    session: Session,
    rules: Arc<[Rule]>,
    channels: Arc<[Channel]>,
}

/// A notice that is to be sent now. The attempt is counted already.
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
    /// Who is told.
    pub to: Recipient,
}

impl Due {
    /// The notice: the same at each attempt.
    pub fn id(&self) -> RecordId {
        self.id
    }

    /// Whether it is parked where this attempt fails.
    pub fn is_last(&self) -> bool {
        self.attempts >= MOST_ATTEMPTS
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

/// Who is told, by whom: a set, so that two rules tell nobody twice.
type Addressed = BTreeSet<(Channel, String)>;

impl Post {
    /// A post room that tells people and systems in these ways.
    ///
    /// # Errors
    /// `Config` where a rule names what the host does not have.
    pub fn new(eovr: &Eovr, rules: Vec<Rule>, channels: &[Channel]) -> Result<Self> {
        eovr.catalog().kind(KIND)?;
        rules.iter().try_for_each(|rule| rule.check(eovr.catalog()))?;
        let all = danger::unrestricted("eovr.post", "tell people what happened")?;
        Ok(Self { session: eovr.session(all), rules: rules.into(), channels: channels.into() })
    }

    /// Turns messages that wait in the outbox into notices, a batch of them, and says how many messages.
    ///
    /// # Errors
    /// What the store says; the messages are handed out again then.
    pub async fn sort(&self) -> Result<usize> {
        let eovr = self.session.eovr();
        let now = eovr.now();
        let parcels = eovr.store().lease(AT_A_TIME, now, now.plus_seconds(HELD_SECONDS)).await?;
        if parcels.is_empty() {
            return Ok(0);
        }
        let mut known = Known::default();
        let mut all: Option<Commit> = None;
        let mut apart = Vec::new();
        for parcel in &parcels {
            if let Some(commit) = self.notices(parcel, &mut known).await? {
                all = Some(match all {
                    Some(all) => all.and(commit),
                    None => commit,
                });
                apart.push(parcel);
            }
        }
        if let Some(all) = all {
            match eovr.commit(all).await {
                // Some were made before, by somebody who did not come to say so.
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    for parcel in apart {
                        self.make(parcel, &mut known).await?;
                    }
                }
                done => drop(done?),
            }
        }
        let ids: Vec<u64> = parcels.iter().map(|parcel| parcel.id).collect();
        eovr.store().acknowledge(&ids).await?;
        Ok(parcels.len())
    }

    /// What is to be sent by a channel now. Whoever gets one has to say what came of it; where nobody does,
    /// it is handed out again later.
    ///
    /// # Errors
    /// What the store says; `Key` where an address cannot be opened.
    pub async fn due(&self, channel: Channel) -> Result<Vec<Due>> {
        let now = self.session.eovr().now();
        let facet = |name: &str| Name::new(name).map(Column::Facet);
        let query = Query::of(Name::new(KIND)?)
            .filter(facet("channel")?, Test::Is(channel.name().into()))
            .filter(Column::State, Test::Is(State::Waiting.name().into()))
            .filter(facet("due_at")?, Test::Before(now.plus_seconds(1).into()))
            .limit(Query::LARGEST_PAGE);
        let mut due = Vec::new();
        for record in self.session.find(&query).await?.items {
            due.extend(self.claim(&record, now).await?);
        }
        Ok(due)
    }

    /// One was sent.
    ///
    /// # Errors
    /// What the store says; it is sent again then.
    pub async fn sent(&self, due: &Due) -> Result<()> {
        self.settle(due, Action::Deliver).await
    }

    /// One could not be sent: it is tried again after a pause that grows, unless there is no hope.
    ///
    /// # Errors
    /// What the store says.
    pub async fn failed(&self, due: &Due, hopeless: bool) -> Result<()> {
        if hopeless || due.is_last() { self.settle(due, Action::Park).await } else { Ok(()) }
    }

    async fn settle(&self, due: &Due, action: Action) -> Result<()> {
        match self.session.act(KIND, due.id, Command::new(action).expecting(due.version)).await {
            // Somebody else was given it meanwhile, and it is theirs to say.
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Refused) => Ok(()),
            done => done.map(drop),
        }
    }

    /// Counts an attempt. None where another node was faster, or nobody is there to be told.
    async fn claim(&self, record: &Record, now: Timestamp) -> Result<Option<Due>> {
        let attempts = record.facet("attempts").and_then(Value::as_int).unwrap_or_default() + 1;
        let pause = FIRST_PAUSE_SECONDS.saturating_mul(1 << attempts.clamp(1, 20) >> 1);
        let command = Command::new(Action::Attempt)
            .set("attempts", attempts)
            .set("due_at", now.plus_seconds(pause.min(LONGEST_PAUSE_SECONDS)))
            .expecting(record.version());
        let version = match self.session.act(KIND, record.id(), command).await {
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Refused) => {
                return Ok(None);
            }
            done => done?.version,
        };
        let text = |name: &str| record.facet(name).and_then(Value::as_text).unwrap_or_default();
        let position = record.facet("in_feed").and_then(Value::as_int).unwrap_or_default();
        let position = u64::try_from(position).unwrap_or_default();
        let to = self.recipient(text("recipient"), position).await?;
        let (topic, about) = (text("topic").to_owned(), text("about").to_owned());
        let due = |to| Due { id: record.id(), version, attempts, topic, about, position, to };
        match to {
            Some(to) => Ok(Some(due(to))),
            // The account is gone, or locked.
            None => {
                let command = Command::new(Action::Park).expecting(version);
                drop(self.session.act(KIND, record.id(), command).await);
                Ok(None)
            }
        }
    }

    async fn recipient(&self, name: &str, position: u64) -> Result<Option<Recipient>> {
        if name == SYSTEM {
            let feed = self.session.eovr().store().feed(position.saturating_sub(1), 1).await?;
            let posted = feed.into_iter().next();
            return Ok(posted.map(|posted| Recipient::System { message: posted.message }));
        }
        let Some(account) = self.account(name).await? else { return Ok(None) };
        let text = |field| self.session.open(&account, field).map(Option::unwrap_or_default);
        Ok(Some(Recipient::Person { email: text("email")?, name: text("display_name")? }))
    }

    /// The active account of this id; none where it is none.
    async fn account(&self, id: &str) -> Result<Option<Record>> {
        let Ok(id) = id.parse::<RecordId>() else { return Ok(None) };
        let account = match self.session.load(user::KIND, id).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            account => account?,
        };
        Ok((*account.state() == user::State::Active.name()).then_some(account))
    }

    /// Makes the notices of one message, unless they are there.
    async fn make(&self, parcel: &Parcel, known: &mut Known) -> Result<()> {
        let Some(commit) = self.notices(parcel, known).await? else { return Ok(()) };
        match self.session.eovr().commit(commit).await {
            // All of a message are made at once, so all are there.
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            done => done.map(drop),
        }
    }

    async fn notices(&self, parcel: &Parcel, known: &mut Known) -> Result<Option<Commit>> {
        // What a later release has written is for a later release to read.
        let Ok(told) = serde_json::from_str::<Told>(&parcel.message) else { return Ok(None) };
        let Some(stamp) = self.place(&told)? else { return Ok(None) };
        let mut addressed = Addressed::new();
        let mut analysed = None;
        for rule in self.rules.iter().filter(|rule| rule.is_for(&told)) {
            self.address(rule, &told, &stamp, known, &mut addressed).await?;
            if rule.to == To::Analyst {
                analysed = Some(&rule.kind);
            }
        }
        let kind = self.session.eovr().catalog().kind(KIND)?.clone();
        let now = self.session.eovr().now();
        let position = i64::try_from(parcel.id).map_err(|_| Error::bug("a feed is shorter than that"))?;
        let mut all = analysed.map(|kind| self.analysis(kind, &told.record, &stamp)).transpose()?;
        for (channel, recipient) in addressed {
            let id = notice_id(parcel.id, channel, &recipient);
            let command = Command::new(Action::Post)
                .set("recipient", recipient)
                .set("channel", channel.name())
                .set("topic", told.topic.as_str())
                .set("about", told.record.as_str())
                .set("in_feed", position)
                .set("due_at", now);
            let commit = self.session.decide_new(&kind, id, stamp.clone(), None, command)?;
            all = Some(match all {
                Some(all) => all.and(commit),
                None => commit,
            });
        }
        Ok(all)
    }

    /// Where it happened: a facility, or none in particular. What happened in a facility that is gone concerns
    /// nobody any more.
    fn place(&self, told: &Told) -> Result<Option<Stamp>> {
        let national = Stamp::national();
        if told.facility == national.facility.as_str() {
            return Ok(Some(national));
        }
        Ok(self.session.eovr().org().stamp(&OrgId::new(&told.facility)?).cloned())
    }

    /// The analysis of a record, to be opened.
    fn analysis(&self, of: &Name, about: &str, stamp: &Stamp) -> Result<Commit> {
        let eovr = self.session.eovr();
        let kind = eovr.catalog().kind(analyst::KIND)?.clone();
        let command = analyst::opening(of, about, eovr.now());
        self.session.decide_new(&kind, analyst::analysis_of(of, about), stamp.clone(), None, command)
    }

    async fn address(
        &self,
        rule: &Rule,
        told: &Told,
        stamp: &Stamp,
        known: &mut Known,
        addressed: &mut Addressed,
    ) -> Result<()> {
        let people = match &rule.to {
            To::Analyst => return Ok(()),
            To::System => {
                if self.channels.contains(&Channel::Webhook) {
                    addressed.insert((Channel::Webhook, SYSTEM.to_owned()));
                }
                return Ok(());
            }
            To::May { of, action } => {
                let key = (of.clone(), action.clone(), stamp.facility.clone());
                match known.0.get(&key) {
                    Some(people) => people.clone(),
                    None => {
                        let row = self.session.eovr().catalog().actions().row(of, action);
                        let row = row.ok_or_else(|| Error::bug("a rule was checked"))?;
                        let people = over(stamp, row, &self.session).await?;
                        let people: Vec<_> = people.iter().map(|account| account.id().to_string()).collect();
                        known.0.entry(key).or_insert(people).clone()
                    }
                }
            }
            To::Itself => {
                self.account(&told.record).await?.map(|_| told.record.clone()).into_iter().collect()
            }
            To::Author => self.one(told, |record| Some(record.envelope().author.to_string())).await?,
            To::Named(facet) => {
                let named = |record: &Record| {
                    record.facet(facet.as_str()).and_then(Value::as_text).map(str::to_owned)
                };
                self.one(told, named).await?
            }
        };
        let personal = self.channels.iter().filter(|channel| **channel != Channel::Webhook);
        for channel in personal {
            addressed.extend(people.iter().map(|person| (*channel, person.clone())));
        }
        Ok(())
    }

    /// Whom the record itself names, where that is somebody with an account.
    async fn one(&self, told: &Told, named: impl Fn(&Record) -> Option<String>) -> Result<Vec<String>> {
        let kind = told.topic.split_once('.').map_or("", |(kind, _)| kind);
        let id = told.record.parse::<RecordId>()?;
        let record = self.session.load(kind, id).await?;
        let Some(name) = named(&record) else { return Ok(Vec::new()) };
        let Some(account) = self.account(&name).await? else { return Ok(Vec::new()) };
        // Whoever can name an account is not thereby able to tell it of a place where it sees nothing.
        let sees = Scope::of(&user::actor(&account)?).covers(&record.envelope().stamp);
        Ok(sees.then_some(name).into_iter().collect())
    }
}

/// Who may do what over which facility, for one batch: a report every second asks for the same people.
#[derive(Default)]
struct Known(BTreeMap<(Name, Name, OrgId), Vec<String>>);

/// The id of a notice follows from its message and whom it tells.
fn notice_id(position: u64, channel: Channel, recipient: &str) -> RecordId {
    let about = [position.to_be_bytes().as_slice(), channel.name().as_bytes()].concat();
    RecordId::derived("eovr.notice.v1", &[&about, recipient.as_bytes()])
}

/// Shows no address.
impl std::fmt::Debug for Due {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Due({} about {}, attempt {})", self.topic, self.about, self.attempts)
    }
}
