use crate::access::{ActionRow, Tiers, danger};
use crate::decide::Command;
use crate::error::{ErrorKind, Result};
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::name;
use crate::name::Name;
use crate::org::Stamp;
use crate::ports::Posted;
use crate::record::{RecordId, Value};
use crate::service::{Eovr, Follower, Session};
use crate::workflow::{Rule, StateRow, Table};

const KIND: Name = Name::from_static("feed_reader");

/// A reader of the feed with its own position. Readers are independent of each other and of the outbox: a reader
/// removes no message.
///
/// The store keeps the position in one record for each name, so a reader continues there after a restart. Each message
/// is read at least once. Only one process may use a name at a time; if two do, the slower one gets an error.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let org = testing::org()?;
/// # let eovr = Eovr::builder().store(MemoryStore::new()).org(org).kinds(kinds(Settings::default())?)
/// #     .kind(service::FeedReader::kind()?).master_key(MasterKey::from_bytes(&[7; 32])).open().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let report = testing::report();
/// use eovr_core::service::FeedReader;
///
/// nurse.incidents().report(&nile, report).await?;
/// let mut reader = FeedReader::open(&eovr, "warehouse").await?; // the host has `.kind(FeedReader::kind()?)`
/// let mut delivered = Vec::new();
/// for posted in reader.next(100).await? {
///     delivered.push(posted.message); // the host delivers it here
///     reader.done(posted.position);
/// }
/// reader.keep().await?;
/// assert!(delivered.iter().any(|message| message.contains("incident.report")));
/// assert!(reader.next(100).await?.is_empty());
/// # Ok(()) });
/// ```
#[derive(Debug)]
pub struct FeedReader {
    session: Session,
    id: RecordId,
    version: u64,
    kept: u64,
    done: u64,
}

impl FeedReader {
    /// The kind of the readers' positions, for [`EovrBuilder::kind`](crate::service::EovrBuilder::kind).
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn kind() -> Result<Kind> {
        const READING: Name = Name::from_static("reading");
        let tiers = Tiers::new(5, 5)?;
        let action =
            |action: Name, sets: &[Name]| ActionRow { sets: sets.to_vec(), ..ActionRow::new(action, tiers) };
        let (position, reader) = (name!("done_to"), name!("reader"));
        Kind::new(KindTable {
            readers: tiers,
            // The outbox does not notify readers of the progress of other readers.
            internal: true,
            facets: vec![
                FacetSpec::int(position.clone()).required(),
                FacetSpec::text(reader.clone()).required(),
            ],
            ..KindTable::new(
                KIND,
                Table {
                    start: READING,
                    create: name!("begin"),
                    states: vec![StateRow { name: READING, end: true }],
                    actions: vec![
                        action(name!("begin"), &[reader, position.clone()]),
                        action(name!("advance"), &[position]),
                    ],
                    rules: vec![Rule {
                        from: vec![READING],
                        action: name!("advance"),
                        to: None,
                        needs: Vec::new(),
                    }],
                },
            )
        })
    }

    /// Opens the reader of this name. A new reader begins with the first message.
    ///
    /// # Errors
    /// `InvalidInput` where the name is not valid, or the host has not registered the [kind](FeedReader::kind); errors
    /// of the store.
    pub async fn open(eovr: &Eovr, name: &str) -> Result<Self> {
        let name = Name::new(name)?;
        let kind = eovr.catalog().kind(&KIND)?.clone();
        let session = eovr.session(danger::unrestricted("eovr.feed_reader", "keep the place of a reader")?);
        let id = RecordId::derived("eovr.feed_reader.v1", &[name.as_str().as_bytes()]);
        let begin = Command::new("begin").set("reader", name.as_str()).set("done_to", 0_i64);
        let commit = session.decide_new(&kind, id, Stamp::national(), None, begin)?;
        match eovr.commit(commit).await {
            // The reader already exists.
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            done => drop(done?),
        }
        let record = session.attested(&KIND, id).await?;
        let position = record.facet("done_to").and_then(Value::as_int).unwrap_or_default();
        let position = u64::try_from(position).unwrap_or_default();
        Ok(Self { session, id, version: record.version(), kept: position, done: position })
    }

    /// Up to `limit` messages after the [done](FeedReader::done) position, oldest first; empty at the end of the feed.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn next(&mut self, limit: u32) -> Result<Vec<Posted>> {
        let mut feed = Follower::after(self.done).page(limit);
        loop {
            let mut page = feed.next(&**self.session.eovr().store()).await?;
            // Skip the progress of readers, because two readers would otherwise keep each other busy for ever.
            page.retain(|posted| {
                posted.headline().is_none_or(|message| message.kind() != Some(KIND.as_str()))
            });
            if !page.is_empty() || feed.at_end() {
                return Ok(page);
            }
        }
    }

    /// Marks all messages up to this position as processed. Call [`keep`](FeedReader::keep) to make it durable.
    pub fn done(&mut self, position: u64) {
        self.done = self.done.max(position);
    }

    /// Stores the position.
    ///
    /// # Errors
    /// `Conflict` where another process uses this name; errors of the store. After `Uncertain`, open the reader again.
    pub async fn keep(&mut self) -> Result<()> {
        if self.done == self.kept {
            return Ok(());
        }
        let position = i64::try_from(self.done).unwrap_or(i64::MAX);
        let advance = Command::new("advance").set("done_to", position).expecting(self.version);
        self.version = self.session.act(&KIND, self.id, advance).await?.version;
        self.kept = self.done;
        Ok(())
    }
}
