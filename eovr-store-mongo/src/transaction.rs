//! Commits as one server transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use eovr_core::Error;
use eovr_core::record::RecordId;
use mongodb::bson::raw::cstr;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Document, RawArrayBuf, RawDocumentBuf, Uuid, doc, rawdoc};
use mongodb::error::{Error as MongoError, TRANSIENT_TRANSACTION_ERROR};
use mongodb::options::{CollectionOptions, ReadConcern};
use mongodb::{Client, ClientSession, Collection, Database};

use crate::commit::{Job, Step, UNPOSTED, Write};
use crate::config::majority;
use crate::error::{code, code_of, damaged, is_lost, translate, unprepared};
use crate::query::id_value;
use crate::rows::{binary, get, int, read_hash, text};
use crate::schema::{COUNTERS, EVENTS, OUTBOX};

/// The document in `counters` for commits: the last position, and the last number of each series.
pub(crate) const COUNTER: &str = "eovr";

/// The document in `counters` that stores how far messages have been added to the outbox.
pub(crate) const WATERMARK: &str = "outbox";

/// The numbers of one job, one per step.
pub(crate) type Numbers = Vec<Option<String>>;

/// The reason why a transaction failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// A stale version, an existing id, or a unique value that is taken.
    Conflict,
    /// A conflict with another transaction, or a lost server. A retry may succeed.
    Again,
    /// A retry would be refused too.
    Refused(Error),
}

/// The pause before a repeated commit command.
const COMMIT_AGAIN: Duration = Duration::from_millis(20);

/// The age from which a transaction counts as abandoned, because a live node ends its own sooner.
const ABANDONED_MICROS: i64 = 1_000_000;

/// The maximum number of bytes per command; the server's limit is 16 MiB.
const MOST_BYTES: usize = 8 << 20;

/// Runs jobs as transactions.
#[derive(Clone, Debug)]
pub(crate) struct Transactions {
    client: Client,
    database: Database,
    /// The application name of our connections.
    name: String,
}

impl Transactions {
    pub(crate) fn new(client: Client, database: Database, name: String) -> Self {
        Self { client, database, name }
    }

    /// Writes all jobs or none. Sets `doubt` as soon as they may have been written.
    pub(crate) async fn run(&self, jobs: &[&Job], doubt: &mut bool) -> Result<Vec<Numbers>, Failed> {
        let mut session = self.begin().await.map_err(Failed::of)?;
        let written = self.write(&mut session, jobs).await;
        end(session, written, doubt).await
    }

    /// Adds the messages between two positions to the outbox, except those of internal kinds, leased until the given
    /// time, and moves the watermark. `Conflict`: the watermark has moved meanwhile. `doubt` as above.
    pub(crate) async fn fill(
        &self,
        (after, last): (i64, i64),
        held_until: i64,
        lease: Uuid,
        doubt: &mut bool,
    ) -> Result<(), Failed> {
        let watermark = rawdoc! {
            "q": { "_id": WATERMARK, "filled": after },
            "u": { "$set": { "filled": last } },
        };
        let lease = lease.bytes();
        let lease = binary(BinarySubtype::Uuid, &lease);
        let row = rawdoc! { "held_until": held_until, "attempts": 1_i64, "lease": lease };
        // A node of the previous release writes outbox rows with its commits; these stay unchanged.
        let upsert = |position: i64| {
            rawdoc! { "q": { "_id": position }, "u": { "$setOnInsert": row.clone() }, "upsert": true }
        };
        let mut session = self.begin().await.map_err(Failed::of)?;
        let filled = async {
            self.update(&mut session, COUNTERS, vec![watermark]).await?;
            let posted = self.posted(&mut session, after, last).await?;
            if posted.is_empty() {
                return Ok(());
            }
            self.update(&mut session, OUTBOX, posted.into_iter().map(upsert).collect()).await
        };
        let filled = filled.await;
        end(session, filled, doubt).await
    }

    /// The positions of this range whose messages are posted. A gap in the range means that this server does not have
    /// all that another server has counted, which may be lost.
    async fn posted(&self, session: &mut ClientSession, after: i64, last: i64) -> Result<Vec<i64>, Stopped> {
        let events: Collection<RawDocumentBuf> = self.database.collection(EVENTS);
        let asked = events.find(doc! { "_id": { "$gt": after, "$lte": last } }).sort(doc! { "_id": 1 });
        let asked = asked.projection(doc! { UNPOSTED: 1 }).session(&mut *session);
        let mut cursor = asked.await?;
        let (mut posted, mut seen) = (Vec::new(), after);
        while cursor.advance(session).await? {
            let event = cursor.current();
            seen += 1;
            if get(event, UNPOSTED).is_err() {
                let position = get(event, "_id").and_then(int).map_err(Stopped::Refused)?;
                posted.push(position);
            }
        }
        if seen == last { Ok(posted) } else { Err(Stopped::Again) }
    }

    async fn begin(&self) -> mongodb::error::Result<ClientSession> {
        let mut session = self.client.start_session().await?;
        let start = session.start_transaction().read_concern(ReadConcern::snapshot());
        start.write_concern(majority()).await?;
        Ok(session)
    }

    /// Ends abandoned transactions. The server would keep such a transaction, and its lock on the counters, for a
    /// minute. A node that is only slow finds its transaction ended and repeats it.
    ///
    /// A user without the right to list or end sessions must wait; that is not an error.
    pub(crate) async fn end_abandoned(&self) -> mongodb::error::Result<()> {
        let admin = self.client.database("admin");
        let look = [
            doc! { "$currentOp": { "idleSessions": true } },
            doc! { "$match": {
                "type": "idleSession",
                "appName": &self.name,
                "transaction.timeInactiveMicros": { "$gte": ABANDONED_MICROS },
            } },
            doc! { "$replaceWith": { "id": "$lsid.id" } },
        ];
        let mut cursor = admin.aggregate(look).read_concern(ReadConcern::local()).await?;
        let mut sessions = Vec::new();
        while cursor.advance().await? {
            sessions.push(cursor.deserialize_current()?);
        }
        if !sessions.is_empty() {
            admin.run_command(doc! { "killSessions": sessions }).await?;
        }
        Ok(())
    }

    /// Returns when every earlier commit of this server can be read.
    pub(crate) async fn catch_up(&self) -> mongodb::error::Result<()> {
        let options = CollectionOptions::builder().read_concern(ReadConcern::linearizable()).build();
        let counters: Collection<RawDocumentBuf> = self.database.collection_with_options(COUNTERS, options);
        counters.find_one(doc! { "_id": COUNTER }).await.map(drop)
    }

    /// Whether an earlier transaction has written these jobs, and with which numbers. The first event represents all of
    /// them, because they always shared a transaction.
    pub(crate) async fn written(&self, jobs: &[&Job]) -> eovr_core::Result<Option<Vec<Numbers>>> {
        let Some(first) = jobs.iter().flat_map(|job| &job.steps).next() else { return Ok(None) };
        // This read concern returns only data that cannot be rolled back, and includes every acknowledged write.
        let options = CollectionOptions::builder().read_concern(ReadConcern::linearizable()).build();
        let events: Collection<RawDocumentBuf> = self.database.collection_with_options(EVENTS, options);
        let event = events.find_one(doc! { "record": id_value(first.id), "seq": first.seq }).await;
        let Some(event) = event.map_err(translate)? else { return Ok(None) };
        if read_hash(get(&event, "hash")?)? != first.hash {
            return Ok(None);
        }
        let mut all = Vec::with_capacity(jobs.len());
        for job in jobs {
            let mut numbers = Vec::with_capacity(job.steps.len());
            for step in &job.steps {
                numbers.push(self.number(step).await?);
            }
            all.push(numbers);
        }
        Ok(Some(all))
    }

    async fn number(&self, step: &Step) -> eovr_core::Result<Option<String>> {
        match &step.write {
            Write::Changed(_, number) => Ok(number.clone()),
            Write::New(_, None) => Ok(None),
            Write::New(_, Some(_)) => {
                let records: Collection<RawDocumentBuf> = self.database.collection(&step.collection);
                let found = records.find_one(doc! { "_id": id_value(step.id) }).await.map_err(translate)?;
                let record = found.ok_or_else(damaged)?;
                text(get(&record, "number")?).map(|number| Some(number.to_owned()))
            }
        }
    }

    async fn write(&self, session: &mut ClientSession, jobs: &[&Job]) -> Result<Vec<Numbers>, Stopped> {
        let steps = || jobs.iter().flat_map(|job| &job.steps);
        let mut counters = self.count(session, steps()).await?;
        // After the counter: a transaction that has the counter sees all earlier commits.
        let guards: BTreeSet<_> = jobs.iter().flat_map(|job| &job.guards).collect();
        for (collection, id, version) in guards {
            self.hold(session, collection, *id, *version).await?;
        }
        let mut batches: BTreeMap<&str, Batch> = BTreeMap::new();
        let (mut events, mut all) = (Vec::new(), Vec::with_capacity(jobs.len()));
        let mut changed = BTreeSet::new();
        for job in jobs {
            // An earlier job of this transaction changes the guarded record.
            if job.guards.iter().any(|(_, id, _)| changed.contains(id)) {
                return Err(Stopped::Conflict);
            }
            changed.extend(job.steps.iter().map(|step| step.id));
            let mut numbers = Vec::with_capacity(job.steps.len());
            for step in &job.steps {
                let batch = batches.entry(&step.collection).or_default();
                numbers.push(match &step.write {
                    Write::Changed(statement, number) => {
                        batch.changed.push(statement.clone());
                        number.clone()
                    }
                    Write::New(record, request) => {
                        let mut record = record.clone();
                        let number = request.as_ref().map(|request| counters.number(request));
                        if let Some(number) = &number {
                            record.append(cstr!("number"), number.as_str());
                        }
                        batch.new.push(record);
                        number
                    }
                });
                events.push(step.event(counters.position()));
            }
            all.push(numbers);
        }
        for (collection, batch) in batches {
            self.insert(session, collection, batch.new).await?;
            self.update(session, collection, batch.changed).await?;
        }
        self.insert(session, EVENTS, events).await?;
        Ok(all)
    }

    /// Takes the positions and numbers that these steps need. Until the transaction ends, a concurrent one conflicts
    /// here. Positions therefore have no gaps and are in commit order.
    async fn count(
        &self,
        session: &mut ClientSession,
        steps: impl Iterator<Item = &Step>,
    ) -> Result<Counters, Stopped> {
        let mut counters = Counters::default();
        for step in steps {
            counters.position += 1;
            if let Some(request) = step.number_request() {
                *counters.numbers.entry(request.series.clone()).or_default() += 1;
            }
        }
        let (mut inc, mut fields) = (doc! { "position": counters.position }, doc! { "position": 1 });
        for (series, count) in &counters.numbers {
            let path = format!("numbers.{series}");
            fields.insert(&path, 1);
            inc.insert(path, *count);
        }
        let command = doc! {
            "findAndModify": COUNTERS,
            "query": { "_id": COUNTER },
            "update": { "$inc": inc },
            "new": true,
            "fields": fields,
        };
        let reply = self.database.run_command(command).session(session).await?;
        let after = reply.get_document("value").map_err(|_| Stopped::Refused(unprepared()))?;
        let position = after.get_i64("position").map_err(|_| Stopped::Refused(damaged()))?;
        counters.position = position - counters.position;
        for (series, count) in &mut counters.numbers {
            let last = after.get_document("numbers").and_then(|numbers| numbers.get_i64(series));
            *count = last.map_err(|_| Stopped::Refused(damaged()))? - *count;
        }
        Ok(counters)
    }

    /// `Conflict` where the record has another version.
    async fn hold(
        &self,
        session: &mut ClientSession,
        collection: &str,
        id: RecordId,
        version: i64,
    ) -> Result<(), Stopped> {
        let records: Collection<RawDocumentBuf> = self.database.collection(collection);
        let held = records.find_one(doc! { "_id": id_value(id), "version": version });
        let held = held.projection(doc! { "_id": 1 }).session(session).await?;
        held.map(drop).ok_or(Stopped::Conflict)
    }

    async fn insert(
        &self,
        session: &mut ClientSession,
        collection: &str,
        documents: Vec<RawDocumentBuf>,
    ) -> Result<(), Stopped> {
        for documents in portions(documents) {
            let command = rawdoc! { "insert": collection, "documents": documents };
            refused(&self.database.run_raw_command(command).session(&mut *session).await?)?;
        }
        Ok(())
    }

    async fn update(
        &self,
        session: &mut ClientSession,
        collection: &str,
        statements: Vec<RawDocumentBuf>,
    ) -> Result<(), Stopped> {
        for statements in portions(statements) {
            let wanted = statements.into_iter().count();
            let command = rawdoc! { "update": collection, "updates": statements };
            let reply = self.database.run_raw_command(command).session(&mut *session).await?;
            refused(&reply)?;
            // A statement without a match had a stale version, or the record does not exist.
            if reply.get_i32("n").ok().and_then(|n| usize::try_from(n).ok()) != Some(wanted) {
                return Err(Stopped::Conflict);
            }
        }
        Ok(())
    }
}

/// Commits a transaction whose statements succeeded, and aborts another one.
async fn end<T>(
    mut session: ClientSession,
    outcome: Result<T, Stopped>,
    doubt: &mut bool,
) -> Result<T, Failed> {
    let written = match outcome {
        Ok(written) => written,
        Err(stopped) => {
            // The abort may fail because the server has already aborted it; an unreachable server aborts it by itself.
            // Without the abort it would block the next transaction.
            if !matches!(stopped, Stopped::Lost) {
                let _ = session.abort_transaction().await;
            }
            return Err(stopped.into());
        }
    };
    *doubt = true;
    loop {
        let Err(error) = session.commit_transaction().await else { return Ok(written) };
        // It was probably not committed. The doubt stays, and the next attempt checks.
        if error.contains_label(TRANSIENT_TRANSACTION_ERROR) {
            return Err(Failed::Again);
        }
        // The outcome is unknown. The server remembers committed transactions, so the commit command can be repeated.
        tokio::time::sleep(COMMIT_AGAIN).await;
    }
}

/// The writes to one collection.
#[derive(Default)]
struct Batch {
    new: Vec<RawDocumentBuf>,
    changed: Vec<RawDocumentBuf>,
}

/// The last positions and numbers taken; before the request, the numbers needed.
#[derive(Default)]
struct Counters {
    position: i64,
    numbers: BTreeMap<String, i64>,
}

impl Counters {
    fn position(&mut self) -> i64 {
        self.position += 1;
        self.position
    }

    fn number(&mut self, request: &eovr_core::decide::NumberRequest) -> String {
        let count = self.numbers.entry(request.series.clone()).or_default();
        *count += 1;
        request.write(count.unsigned_abs())
    }
}

/// The reason why the statements of a transaction ended.
enum Stopped {
    Conflict,
    Again,
    Lost,
    Refused(Error),
}

impl From<MongoError> for Stopped {
    fn from(error: MongoError) -> Self {
        if is_lost(&error) {
            Self::Lost
        } else if error.contains_label(TRANSIENT_TRANSACTION_ERROR) {
            Self::Again
        } else if code_of(&error) == Some(code::DUPLICATE_KEY) {
            Self::Conflict
        } else {
            Self::Refused(translate(error))
        }
    }
}

impl From<Stopped> for Failed {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Conflict => Self::Conflict,
            Stopped::Again | Stopped::Lost => Self::Again,
            Stopped::Refused(error) => Self::Refused(error),
        }
    }
}

impl Failed {
    fn of(error: MongoError) -> Self {
        Stopped::from(error).into()
    }
}

/// Checks the statements of a command, which can fail even if the command succeeds.
fn refused(reply: &Document) -> Result<(), Stopped> {
    let errors = reply.get_array("writeErrors");
    let Some(error) = errors.ok().and_then(|errors| errors.first()) else { return Ok(()) };
    match error.as_document().and_then(|error| error.get_i32("code").ok()) {
        Some(code::DUPLICATE_KEY) => Err(Stopped::Conflict),
        code => Err(Stopped::Refused(crate::error::of_code(code))),
    }
}

/// The documents, split into arrays that fit into one command each.
fn portions(documents: Vec<RawDocumentBuf>) -> Vec<RawArrayBuf> {
    let mut portions = Vec::new();
    let mut bytes = usize::MAX;
    for document in documents {
        let size = document.as_bytes().len();
        if bytes.saturating_add(size) > MOST_BYTES {
            portions.push(RawArrayBuf::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(portion) = portions.last_mut() {
            portion.push(document);
        }
    }
    portions
}
