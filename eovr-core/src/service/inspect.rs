use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::access::{Reach, Scope};
use crate::audit::{self, StoredEvent, Verdict};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Catalog, Kind, VOUCH};
use crate::name::Name;
use crate::ports::{Posted, observe};
use crate::record::{Query, Record, RecordId};
use crate::service::{Follower, Session, is_lost_race};

/// The result of an inspection of a whole store.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Inspection {
    /// The inspected records and events, by kind.
    pub kinds: BTreeMap<Name, Inspected>,
    /// The number of messages in the feed.
    pub messages: u64,
    /// The first [`Inspection::MOST_FINDINGS`] errors.
    pub findings: Vec<InspectionFinding>,
    /// The number of all errors.
    pub found: u64,
}

/// The inspected records and events of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Inspected {
    /// The number of records.
    pub records: u64,
    /// The number of their events.
    pub events: u64,
    /// The number of events that a code authenticates ([`Verdict::Intact`]).
    pub authenticated: u64,
}

/// One error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InspectionFinding {
    /// The record's kind; `None` where the feed itself is wrong.
    pub kind: Option<Name>,
    /// The record.
    pub record: Option<RecordId>,
    /// The position in the record's chain, or in the feed.
    pub seq: u64,
    /// A description of the error.
    pub finding: String,
}

impl Inspection {
    /// The maximum number of findings that are kept. All are counted.
    pub const MOST_FINDINGS: usize = 1000;

    /// Whether the inspection found no error.
    pub fn is_intact(&self) -> bool {
        self.found == 0
    }

    fn add(&mut self, finding: InspectionFinding) {
        self.found += 1;
        if self.findings.len() < Self::MOST_FINDINGS {
            self.findings.push(finding);
        }
    }
}

/// The result of vouching for the chains of older releases.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Vouched {
    /// The number of chains that got an event with a code.
    pub vouched: u64,
    /// The number of chains that already had one.
    pub had: u64,
    /// The broken chains, which stay broken.
    pub broken: Vec<InspectionFinding>,
}

impl Session {
    /// Verifies every record and every chain, and compares both with the feed: each event must have its message and
    /// each message its event. It requires a session that sees all records.
    ///
    /// It needs about fifty bytes of memory per record. Concurrent commits cause no findings.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let auditor = eovr.session(member("top-1", Role::TopManagement, "CAI")?);
    /// let inspection = auditor.inspect().await?;
    /// assert!(inspection.is_intact());
    /// assert_eq!(inspection.kinds[&KIND].records, 1);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `Denied` where the session does not see every record; errors of the store.
    pub async fn inspect(&self) -> Result<Inspection> {
        self.must_see_all()?;
        let mut inspection = Inspection::default();
        let mut feed = self.read_feed(&mut inspection).await?;
        let kinds: Vec<Kind> = self.eovr().catalog().kinds().cloned().collect();
        for kind in &kinds {
            let mut of_kind = Inspected::default();
            let mut query = Query::of(kind.name().clone()).limit(Query::LARGEST_PAGE);
            loop {
                let page = self.eovr().store().find(&Scope::of(self.actor()), &query).await?;
                for id in page.damaged {
                    of_kind.records += 1;
                    feed.take(id);
                    inspection.add(InspectionFinding::of(kind, id, 0, UNREADABLE));
                }
                for stored in page.items {
                    let record = Record::try_from(stored)?;
                    of_kind.records += 1;
                    self.inspect_one(kind, record, &mut feed, &mut of_kind, &mut inspection).await?;
                }
                match page.next {
                    Some(next) => query = query.after(Some(next)),
                    None => break,
                }
            }
            inspection.kinds.insert(kind.name().clone(), of_kind);
        }
        for (record, seq, kind) in feed.left(self.eovr().catalog()) {
            let finding = "the feed names a record that does not exist".to_owned();
            inspection.add(InspectionFinding { kind: Some(kind), record: Some(record), seq, finding });
        }
        Ok(inspection)
    }

    /// Vouches for every intact chain of an older release: it adds one event with a code, which covers the earlier
    /// events. From then on every chain must end with an event that has a code, so every node must run this release. A
    /// repeated call continues where the previous one stopped.
    ///
    /// A broken chain stays broken and is reported.
    ///
    /// # Errors
    /// As [`Session::inspect`].
    pub async fn vouch(&self) -> Result<Vouched> {
        self.must_see_all()?;
        let mut vouched = Vouched::default();
        let kinds: Vec<Kind> = self.eovr().catalog().kinds().cloned().collect();
        for kind in &kinds {
            let mut pages = self.pages(Query::of(kind.name().clone()).limit(Query::LARGEST_PAGE));
            while let Some(page) = pages.next().await? {
                for id in page.damaged {
                    vouched.broken.push(InspectionFinding::of(kind, id, 0, UNREADABLE));
                }
                for record in page.items {
                    self.vouch_for(kind, record, &mut vouched).await?;
                }
            }
        }
        self.eovr().require_codes().await?;
        Ok(vouched)
    }

    async fn vouch_for(&self, kind: &Kind, record: Record, vouched: &mut Vouched) -> Result<()> {
        let id = record.id();
        loop {
            let trail = self.trail(kind.name(), id).await?;
            match trail.verdict {
                Verdict::Intact { events, authenticated } if events == authenticated => vouched.had += 1,
                Verdict::Intact { .. } => {
                    let attested = self.attested(kind.name(), id).await?;
                    let commit = self.decide_attested(kind, &attested, Command::new(&VOUCH)).await?;
                    match self.eovr().commit(commit).await {
                        Err(error) if is_lost_race(&error) => {
                            observe::repeated(&error);
                            continue;
                        }
                        done => drop(done?),
                    }
                    vouched.vouched += 1;
                }
                Verdict::Broken { seq, finding } => {
                    vouched.broken.push(InspectionFinding::of(kind, id, seq, &finding))
                }
            }
            return Ok(());
        }
    }

    async fn inspect_one(
        &self,
        kind: &Kind,
        mut record: Record,
        feed: &mut Feed,
        of_kind: &mut Inspected,
        inspection: &mut Inspection,
    ) -> Result<()> {
        let id = record.id();
        let mut met = false;
        let (events, verdict) = loop {
            let events = self.chain(&record).await?;
            let verdict = self.verdict(kind, &record, &events);
            if !verdict.is_intact() {
                // A commit between the two reads does not break a chain, and neither does a facet that is new to this
                // node.
                let first = !std::mem::replace(&mut met, true);
                if first {
                    let _ = self.eovr().store().refresh().await;
                }
                let now = self.eovr().store().load(&Scope::of(self.actor()), kind.name(), id).await?;
                if let Some(now) = now.filter(|now| first || now.envelope.version != record.version()) {
                    record = Record::try_from(now)?;
                    continue;
                }
            }
            break (events, verdict);
        };
        of_kind.events += events.len() as u64;
        match verdict {
            Verdict::Intact { authenticated, .. } => {
                of_kind.authenticated += authenticated;
                // More messages than events: events were removed. Fewer: they were committed after the feed was read.
                if feed.take(id) > events.len() as u64 {
                    let finding = "the feed has more events than the chain";
                    inspection.add(InspectionFinding::of(kind, id, events.len() as u64, finding));
                }
            }
            Verdict::Broken { seq, finding } => {
                feed.take(id);
                inspection.add(InspectionFinding::of(kind, id, seq, &finding));
            }
        }
        Ok(())
    }

    pub(super) fn verdict(&self, kind: &Kind, record: &Record, events: &[StoredEvent]) -> Verdict {
        match self.eovr().authenticator() {
            Some(authenticator) => authenticator.verify(kind, record, events),
            None => audit::verify(kind, record, events),
        }
    }

    async fn read_feed(&self, inspection: &mut Inspection) -> Result<Feed> {
        let (mut told, mut feed, mut last) = (Feed::default(), Follower::after(0), 0);
        while !feed.at_end() {
            for posted in feed.next(&**self.eovr().store()).await? {
                let wrong = match posted.follows(last) {
                    false => Some("the feed has a gap before this position"),
                    true => told.add(&posted).err(),
                };
                if let Some(finding) = wrong {
                    let (seq, finding) = (posted.position, finding.to_owned());
                    inspection.add(InspectionFinding { kind: None, record: None, seq, finding });
                }
                inspection.messages += 1;
                last = posted.position;
            }
        }
        Ok(told)
    }

    fn must_see_all(&self) -> Result<()> {
        match Scope::of(self.actor()).reach() {
            Reach::Country => Ok(()),
            _ => Err(Error::new(
                ErrorKind::Denied,
                "verifying all records requires a session that sees every record",
            )),
        }
    }
}

const UNREADABLE: &str = "the record cannot be read";

impl InspectionFinding {
    fn of(kind: &Kind, record: RecordId, seq: u64, finding: &str) -> Self {
        Self { kind: Some(kind.name().clone()), record: Some(record), seq, finding: finding.to_owned() }
    }
}

/// The number of messages in the feed for each record.
#[derive(Default)]
struct Feed {
    told: HashMap<RecordId, (u64, Option<Name>)>,
}

impl Feed {
    fn add(&mut self, posted: &Posted) -> std::result::Result<(), &'static str> {
        let message = posted.headline().ok_or("the message cannot be read")?;
        let record = message.record.parse().map_err(|_| "the message cannot be read")?;
        let kind = message.kind().and_then(|kind| Name::new(kind).ok());
        self.told.entry(record).or_insert((0, kind)).0 += 1;
        Ok(())
    }

    /// Removes the count of an inspected record and returns it.
    fn take(&mut self, id: RecordId) -> u64 {
        self.told.remove(&id).map_or(0, |(count, _)| count)
    }

    /// The records that the feed mentions and that are missing, of kinds that this host has.
    fn left(self, catalog: &Catalog) -> Vec<(RecordId, u64, Name)> {
        let known = |kind: Option<Name>| kind.filter(|kind| catalog.kind(kind).is_ok());
        let mut left: Vec<_> = self
            .told
            .into_iter()
            .filter_map(|(record, (count, kind))| Some((record, count, known(kind)?)))
            .collect();
        left.sort();
        left
    }
}
