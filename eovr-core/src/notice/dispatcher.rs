use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::access::{Scope, danger};
use crate::analyst;
use crate::decide::{Command, Commit, Message};
use crate::error::{Error, ErrorKind, Result};
use crate::identity::user;
use crate::name::Name;
use crate::notice::rule::over;
use crate::notice::{Action, Channel, KIND, NoticeRule, To};
use crate::org::{OrgId, Stamp};
use crate::ports::{Parcel, observe};
use crate::record::{Record, RecordId, Value};
use crate::service::{Eovr, Session};
use crate::workflow::Label as _;

/// How many messages leave the outbox at a time. Their notices are one commit, and reports wait for it.
const AT_A_TIME: u32 = 32;
/// How long a lease on messages lasts. If its node dies, another node takes them over after that.
const LEASE_SECONDS: i64 = 60;
/// The recipient of a notice to another system.
pub(super) const SYSTEM: &str = "system";

/// Turns messages of the outbox into notices, and hands the notices to the host, which sends them.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let org = testing::org()?;
/// # let (of, rows) = notice_actions()?;
/// # let eovr = Eovr::builder().store(MemoryStore::new()).org(org).kinds(kinds(Settings::default())?)
/// #     .kinds(identity::kinds()?).kind(notice::kind()?).actions(of, rows)
/// #     .master_key(MasterKey::from_bytes(&[7; 32])).open().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let report = testing::report();
/// use eovr_core::notice::{Channel, Dispatcher, Recipient, NoticeRule};
///
/// let dispatcher = Dispatcher::new(&eovr, vec![NoticeRule::everything(KIND)], &[Channel::Webhook])?;
/// nurse.incidents().report(&nile, report).await?;
/// while dispatcher.route().await?.messages > 0 {}
/// for due in dispatcher.due(Channel::Webhook).await? {
///     let Some(claim) = dispatcher.claim(due).await? else { continue };
///     let Recipient::System { message } = &claim.to else { continue };
///     assert!(message.contains("incident.report")); // the host sends it here
///     dispatcher.sent(&claim).await?;
/// }
/// assert!(dispatcher.due(Channel::Webhook).await?.is_empty());
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct Dispatcher {
    pub(super) session: Session,
    rules: Arc<[NoticeRule]>,
    channels: Arc<[Channel]>,
}

/// The result of one batch of outbox messages.
#[derive(Debug, Default)]
pub struct Routed {
    /// The number of messages in the batch.
    pub messages: usize,
    /// The errors of records and accounts that could not be read. The other recipients are still notified.
    pub unread: Vec<Error>,
}

/// Recipients and their channels: a set, so that two rules do not notify one recipient twice.
type Addressed = BTreeSet<(Channel, String)>;

impl Dispatcher {
    /// A dispatcher with these rules and channels.
    ///
    /// # Errors
    /// `Config` if a rule names a kind, an action or a facet that the host does not have.
    pub fn new(eovr: &Eovr, rules: Vec<NoticeRule>, channels: &[Channel]) -> Result<Self> {
        eovr.catalog().kind(&KIND)?;
        rules.iter().try_for_each(|rule| rule.check(eovr.catalog()))?;
        let all = danger::unrestricted("eovr.post", "tell people what happened")?;
        Ok(Self { session: eovr.session(all), rules: rules.into(), channels: channels.into() })
    }

    /// Turns one batch of outbox messages into notices.
    ///
    /// # Errors
    /// Errors of the store. The outbox hands the same messages out again after their lease.
    pub async fn route(&self) -> Result<Routed> {
        let kind = self.session.eovr().catalog().kind(&KIND)?;
        observe::operation("route", Some(kind), "", self.route_batch()).await
    }

    async fn route_batch(&self) -> Result<Routed> {
        let eovr = self.session.eovr();
        let now = eovr.now();
        let parcels = eovr.store().lease(AT_A_TIME, now, now.plus_seconds(LEASE_SECONDS)).await?;
        if parcels.is_empty() {
            return Ok(Routed::default());
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
                // Another worker has already made some of these notices, but its acknowledgement was lost.
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
        Ok(Routed { messages: parcels.len(), unread: known.unread })
    }

    /// The active account with this id; `None` if there is none.
    pub(super) async fn account(&self, id: &str) -> Result<Option<Record>> {
        let Ok(id) = id.parse::<RecordId>() else { return Ok(None) };
        let account = match self.session.load(&user::KIND, id).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            account => account?,
        };
        Ok((*account.state() == user::State::Active.name()).then_some(account))
    }

    /// Creates the notices of one message, unless they already exist.
    async fn make(&self, parcel: &Parcel, known: &mut Known) -> Result<()> {
        let Some(commit) = self.notices(parcel, known).await? else { return Ok(()) };
        match self.session.eovr().commit(commit).await {
            // One commit creates all notices of a message, so all of them exist.
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            done => done.map(drop),
        }
    }

    async fn notices(&self, parcel: &Parcel, known: &mut Known) -> Result<Option<Commit>> {
        // A message in the format of a later release is skipped.
        let Some(message) = Message::read(&parcel.message) else { return Ok(None) };
        let Some(stamp) = self.place(&message)? else { return Ok(None) };
        let mut addressed = Addressed::new();
        let mut analysed = None;
        for rule in self.rules.iter().filter(|rule| rule.is_for(&message)) {
            let found = self.address(rule, &message, &stamp, known, &mut addressed).await;
            known.read(found)?;
            if rule.to == To::Analyst {
                analysed = Some(&rule.kind);
            }
        }
        let kind = self.session.eovr().catalog().kind(&KIND)?.clone();
        let now = self.session.eovr().now();
        let position = i64::try_from(parcel.id).map_err(|_| Error::bug("a feed is shorter than that"))?;
        let mut all = analysed.map(|kind| self.analysis(kind, &message.record, &stamp)).transpose()?;
        for (channel, recipient) in addressed {
            let id = notice_id(parcel.id, channel, &recipient);
            let command = Command::new(Action::Post)
                .set("recipient", recipient)
                .set("channel", channel)
                .set("topic", &*message.topic)
                .set("about", &*message.record)
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

    /// The place of the event: a facility, or the whole organisation. An event in a facility that no longer exists has
    /// no recipients.
    fn place(&self, message: &Message<'_>) -> Result<Option<Stamp>> {
        let national = Stamp::national();
        if message.facility == national.facility.as_str() {
            return Ok(Some(national));
        }
        Ok(self.session.eovr().org().stamp(&OrgId::new(&message.facility)?).cloned())
    }

    /// The commit that opens the analysis of a record.
    fn analysis(&self, of: &Name, about: &str, stamp: &Stamp) -> Result<Commit> {
        let eovr = self.session.eovr();
        let kind = eovr.catalog().kind(&analyst::KIND)?.clone();
        let command = analyst::opening(of, about, eovr.now());
        self.session.decide_new(&kind, analyst::analysis_of(of, about), stamp.clone(), None, command)
    }

    async fn address(
        &self,
        rule: &NoticeRule,
        message: &Message<'_>,
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
                match known.people.get(&key) {
                    Some(people) => people.clone(),
                    None => {
                        let row = self.session.eovr().catalog().actions().row(of, action);
                        let row = row.ok_or_else(|| Error::bug("a rule was checked"))?;
                        let people = over(stamp, row, &self.session, &mut known.unread).await?;
                        let people: Vec<_> = people.iter().map(|account| account.id().to_string()).collect();
                        known.people.entry(key).or_insert(people).clone()
                    }
                }
            }
            To::Itself => {
                self.account(&message.record).await?.map(|_| message.record.to_string()).into_iter().collect()
            }
            To::Author => self.one(message, |record| Some(record.envelope().author.to_string())).await?,
            To::Named(facet) => {
                let named = |record: &Record| {
                    record.facet(facet.as_str()).and_then(Value::as_text).map(str::to_owned)
                };
                self.one(message, named).await?
            }
        };
        let personal = self.channels.iter().filter(|channel| **channel != Channel::Webhook);
        for channel in personal {
            addressed.extend(people.iter().map(|person| (*channel, person.clone())));
        }
        Ok(())
    }

    /// The person that the record itself names, if that person has an account.
    async fn one(
        &self,
        message: &Message<'_>,
        named: impl Fn(&Record) -> Option<String>,
    ) -> Result<Vec<String>> {
        let kind = Name::new(message.kind().unwrap_or_default())?;
        let id = message.record.parse::<RecordId>()?;
        let record = self.session.load(&kind, id).await?;
        let Some(name) = named(&record) else { return Ok(Vec::new()) };
        let Some(account) = self.account(&name).await? else { return Ok(Vec::new()) };
        // A record may name any account. An account outside its scope gets no notice.
        let sees = Scope::of(&user::actor(&account)?).covers(&record.envelope().stamp);
        Ok(sees.then_some(name).into_iter().collect())
    }
}

/// A cache for one batch, because many messages in a row have the same recipients.
#[derive(Default)]
struct Known {
    /// The accounts that may perform an action in a facility.
    people: BTreeMap<(Name, Name, OrgId), Vec<String>>,
    unread: Vec<Error>,
}

impl Known {
    /// Collects the error if a record could not be read.
    fn read(&mut self, done: Result<()>) -> Result<()> {
        match done {
            Err(error) if error.is_unreadable() => self.unread.push(error),
            done => done?,
        }
        Ok(())
    }
}

/// The id of a notice is derived from its message, channel and recipient.
fn notice_id(position: u64, channel: Channel, recipient: &str) -> RecordId {
    let about = [position.to_be_bytes().as_slice(), channel.name().as_bytes()].concat();
    RecordId::derived("eovr.notice.v1", &[&about, recipient.as_bytes()])
}
