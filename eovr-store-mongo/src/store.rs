use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use eovr_core::access::Scope;
use eovr_core::audit::{Beside, StoredEvent};
use eovr_core::decide::Commit;
use eovr_core::kind::{Catalog, Kind, Plan};
use eovr_core::ports::{Census, Loaded, Parcel, Posted, Receipt, Store};
use eovr_core::record::{Column, Cursor, Page, Query, RecordId, StoredRecord, Tally, TallyCell};
use eovr_core::{Error, ErrorKind, Name, Result, Timestamp};
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};
use mongodb::options::{AggregateOptions, CollectionOptions, FindOptions, Hint, ReadConcern};
use mongodb::{Client, Collection, Database};

use crate::commit::{self, Schemas};
use crate::config::MongoConfig;
use crate::error::{code, code_of, damaged, translate};
use crate::explain;
use crate::migrate;
use crate::outbox::{self, Outbox};
use crate::plan;
use crate::query::{self, Count};
use crate::rows::{count, document, get, int, read_hash, read_id, read_record, text};
use crate::schema::{COUNTERS, EVENTS, Schema};
use crate::transaction::Transactions;
use crate::writer::Writer;

/// A store on MongoDB. Cheap to clone.
#[derive(Clone)]
pub struct MongoStore {
    inner: Arc<Inner>,
}

struct Inner {
    config: MongoConfig,
    client: Client,
    database: Database,
    writer: Writer,
    outbox: Outbox,
    schemas: RwLock<Arc<Schemas>>,
}

/// The oldest supported server is 5.0, the first with snapshot reads outside a transaction.
const OLDEST_WIRE_VERSION: i32 = 13;

impl MongoStore {
    /// Opens the store at a URL, `mongodb://HOST:PORT/DATABASE?replicaSet=NAME`.
    ///
    /// Call it on the runtime that will use the store, because its writer runs there.
    ///
    /// # Errors
    /// `Config` for an invalid URL, a refused user, a server that is too old or has no replica set, or a database of a
    /// newer release; `Unavailable` where no server answers.
    pub async fn open(url: &str) -> Result<Self> {
        Self::connect(MongoConfig::from_url(url)?).await
    }

    /// Opens a store with these settings.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use eovr_store_mongo::{MongoConfig, MongoStore};
    ///
    /// # async fn open() -> eovr_core::Result<()> {
    /// let mut config = MongoConfig::from_url("mongodb://127.0.0.1:27017/hospital?replicaSet=rs0")?;
    /// config.patience = Duration::from_secs(30);
    /// let store = MongoStore::connect(config).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`MongoStore::open`].
    pub async fn connect(config: MongoConfig) -> Result<Self> {
        let options = config.options().await.map_err(translate)?;
        let client = Client::with_options(options).map_err(translate)?;
        let database = client.database(&config.database);
        let hello = database.run_command(doc! { "hello": 1 }).await.map_err(translate)?;
        check_server(&hello)?;
        // It is also the first call that fails for a user without rights.
        migrate::check_version(&database.collection(COUNTERS)).await?;
        let transactions = Transactions::new(client.clone(), database.clone(), config.app_name());
        let outbox = Outbox::new(transactions.clone(), database.clone(), config.patience);
        let writer = Writer::start(transactions, config.group, config.patience);
        let schemas = RwLock::new(Arc::new(BTreeMap::new()));
        Ok(Self { inner: Arc::new(Inner { config, client, database, writer, outbox, schemas }) })
    }

    /// Completes the waiting commits and closes the connections. Concurrent calls all wait for that. Afterwards every
    /// clone of the store answers `Unavailable`. Dropping a store without calling this loses nothing.
    pub async fn close(&self) {
        self.inner.writer.close().await;
        self.inner.client.clone().shutdown().await;
    }

    /// The server's plan for a query: its stages, from the last to the first, each with its index, such as `IXSCAN
    /// by_facility`. Use it in tests, and to check whether a query uses an index.
    ///
    /// # Errors
    /// As [`Store::find`].
    pub async fn explain_find(&self, scope: &Scope, query: &Query) -> Result<Vec<String>> {
        let schema = self.schema(&query.kind)?;
        let mut command = doc! {
            "find": &schema.collection,
            "filter": query::find(&schema, scope, query)?,
            "sort": query::newest_first(),
            "limit": i64::from(query.limit) + 1,
        };
        if let Some(index) = query::page_index(&schema, scope, query) {
            command.insert("hint", index);
        }
        explain::stages(&self.inner.database, command).await
    }

    /// The server's plan for a count.
    ///
    /// # Errors
    /// As [`Store::tally`].
    pub async fn explain_tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<String>> {
        let schema = self.schema(&tally.kind)?;
        let Count { pipeline, index } = query::tally(&schema, scope, tally)?;
        let mut command = doc! { "aggregate": &schema.collection, "pipeline": pipeline, "cursor": {} };
        if let Some(index) = index {
            command.insert("hint", index);
        }
        explain::stages(&self.inner.database, command).await
    }

    /// What opening the engine with these kinds would change in the database, as commands, and which records
    /// the kinds strand. It changes nothing; see [changing a kind](eovr_core::docs::changing_a_kind).
    ///
    /// # Errors
    /// As [`Store::prepare`], where opening the engine would fail.
    pub async fn plan(&self, catalog: &Catalog) -> Result<Plan> {
        plan::plan(&self.inner.database, &schemas_of(catalog)?, catalog).await
    }

    pub(crate) fn client(&self) -> &Client {
        &self.inner.client
    }

    pub(crate) fn database(&self) -> &Database {
        &self.inner.database
    }

    fn schemas(&self) -> Arc<Schemas> {
        self.inner.schemas.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn schema(&self, kind: &Name) -> Result<Arc<Schema>> {
        self.schemas().get(kind).cloned().ok_or_else(|| {
            Error::new(ErrorKind::Config, format!("the store was not prepared for `{kind}`"))
                .with_help("call `prepare` with a catalogue that has it")
        })
    }

    fn collection(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.inner.database.collection(name)
    }

    /// Repeats a read that met an unknown field, with the fields that another node has added.
    async fn carrying<T, F: Future<Output = Result<T>>>(&self, ask: impl Fn() -> F) -> Result<T> {
        match ask().await {
            // Repeat once in any case, because a concurrent read may have loaded the field a moment ago.
            Err(error) if error.kind() == ErrorKind::Tampered => {
                let _ = self.refresh().await;
                ask().await
            }
            done => done,
        }
    }

    async fn load_once_for_decision(
        &self,
        scope: &Scope,
        kind: &Name,
        id: RecordId,
    ) -> Result<Option<Loaded>> {
        let schema = self.schema(kind)?;
        let records = self.collection(&schema.collection);
        let asked = records.aggregate(query::load_for_decision(&schema, scope, id));
        let mut cursor = asked.await.map_err(translate)?;
        if !cursor.advance().await.map_err(translate)? {
            return Ok(None);
        }
        let found = cursor.current();
        let record = document(get(found, "record")?)?;
        let last = found.get("last").map_err(|_| damaged())?.map(text).transpose()?;
        Ok(Some(Loaded { record: read_record(&schema, record)?, last: last.map(str::to_owned) }))
    }

    async fn find_once(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        let schema = self.schema(&query.kind)?;
        let records = self.collection(&schema.collection);
        let mut options = FindOptions::default();
        options.sort = Some(query::newest_first());
        // One more record than requested shows whether there is a next page.
        options.limit = Some(i64::from(query.limit) + 1);
        options.hint = query::page_index(&schema, scope, query).map(|index| Hint::Name(index.to_owned()));
        // A single batch, because the server's default first batch has only 101 documents.
        options.batch_size = Some(BATCH);
        let asked = records.find(query::find(&schema, scope, query)?).with_options(options);
        let mut cursor = asked.await.map_err(translate)?;
        let (mut items, mut damaged, mut next, mut last) = (Vec::new(), Vec::new(), None, None);
        while cursor.advance().await.map_err(translate)? {
            if items.len() + damaged.len() == query.limit as usize {
                next = last;
                break;
            }
            let document = cursor.current();
            let id = read_id(get(document, "_id")?)?;
            let created_at = Timestamp::from_micros(int(get(document, "created_at")?)?);
            last = Some(Cursor { created_at, id });
            match read_record(&schema, document) {
                Ok(record) => items.push(record),
                Err(error) if error.kind() == ErrorKind::Tampered => damaged.push(id),
                Err(error) => return Err(error),
            }
        }
        Ok(Page { items, next, damaged })
    }

    /// The last position and the cells of a kind in one snapshot.
    async fn snapshot(
        &self,
        schema: &Schema,
        by: &[Column],
        pipeline: Vec<Document>,
        options: AggregateOptions,
    ) -> Result<Census, Unread> {
        let mut session = self.inner.client.start_session().snapshot(true).await?;
        // The read concern is set here too, because the driver otherwise sends the collection's own and drops the
        // snapshot time of the session.
        let of = |name: &str| -> Collection<RawDocumentBuf> {
            let options = CollectionOptions::builder().read_concern(ReadConcern::snapshot()).build();
            self.inner.database.collection_with_options(name, options)
        };
        let (events, records) = (of(EVENTS), of(&schema.collection));
        let last = events.find_one(doc! {}).sort(doc! { "_id": -1 }).projection(doc! { "_id": 1 });
        let last = last.session(&mut session).await?;
        let position = last.map(|last| get(&last, "_id").and_then(count)).transpose()?.unwrap_or_default();
        let counted = records.aggregate(pipeline).with_options(options);
        let mut cursor = counted.session(&mut session).await?;
        let mut cells = Vec::new();
        while cursor.advance(&mut session).await? {
            cells.push(query::read_cell(schema, by, cursor.current())?);
        }
        Ok(Census { position, cells })
    }
}

/// Greater than the largest page.
const BATCH: u32 = 1000;

/// The number of attempts to read a snapshot. A snapshot must be newer than the newest index.
const SNAPSHOTS: u32 = 20;

/// The reason why a snapshot was not read.
enum Unread {
    Server(mongodb::error::Error),
    Content(Error),
}

impl From<mongodb::error::Error> for Unread {
    fn from(error: mongodb::error::Error) -> Self {
        Self::Server(error)
    }
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::Content(error)
    }
}

fn schemas_of(catalog: &Catalog) -> Result<Schemas> {
    let schema = |kind: &Kind| (kind.name().clone(), Arc::new(Schema::of(kind)));
    let schemas: Schemas = catalog.kinds().map(schema).collect();
    let mut collections = BTreeSet::new();
    if let Some(schema) = schemas.values().find(|schema| !collections.insert(&schema.collection)) {
        let twice = format!("two kinds map to the collection `{}`", schema.collection);
        return Err(Error::new(ErrorKind::Config, twice).with_help("give one of them another name"));
    }
    Ok(schemas)
}

fn check_server(hello: &Document) -> Result<()> {
    let config = |message: &str, help: &str| Err(Error::new(ErrorKind::Config, message).with_help(help));
    let sharded = hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid");
    if !sharded && !hello.contains_key("setName") {
        return config(
            "this server does not support transactions",
            "make it a replica set, which may have one node: `--replSet`, and `replSetInitiate` once",
        );
    }
    if hello.get_i32("maxWireVersion").is_ok_and(|version| version < OLDEST_WIRE_VERSION) {
        return config("this server is too old", "MongoDB 5.0 or later");
    }
    Ok(())
}

#[async_trait]
impl Store for MongoStore {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        let schemas = migrate::prepare(&self.inner.database, &schemas_of(catalog)?).await?;
        let mut known = self.inner.schemas.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut known).extend(schemas);
        Ok(())
    }

    async fn refresh(&self) -> Result<bool> {
        let counters = self.inner.database.collection(COUNTERS);
        let carrying = migrate::carrying(&counters, &self.schemas()).await?;
        if carrying.is_empty() {
            return Ok(false);
        }
        let mut known = self.inner.schemas.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut known).extend(carrying);
        Ok(true)
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        let job = commit::job(&self.schemas(), &commit)?;
        let numbers = self.inner.writer.run(job).await?;
        Ok(Receipt { written: commit::written(&commit, numbers) })
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        self.carrying(|| async {
            let schema = self.schema(kind)?;
            let filter = query::load(&schema, scope, id);
            let found = self.collection(&schema.collection).find_one(filter).await.map_err(translate)?;
            found.map(|document| read_record(&schema, &document)).transpose()
        })
        .await
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
        self.carrying(|| self.load_once_for_decision(scope, kind, id)).await
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        let page = self.find_once(scope, query).await?;
        if page.damaged.is_empty() {
            return Ok(page);
        }
        let _ = self.refresh().await;
        self.find_once(scope, query).await
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
        let schema = self.schema(&tally.kind)?;
        let Count { pipeline, index } = query::tally(&schema, scope, tally)?;
        let records = self.collection(&schema.collection);
        let counted = records.aggregate(pipeline);
        let mut cursor = counted.with_options(counting(index)).await.map_err(translate)?;
        let mut cells = Vec::new();
        while cursor.advance().await.map_err(translate)? {
            cells.push(query::read_cell(&schema, &tally.by, cursor.current())?);
        }
        cells.sort();
        Ok(cells)
    }

    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>> {
        let schema = self.schema(kind)?;
        let (events, records) = (self.collection(EVENTS), self.collection(&schema.collection));
        let seen = records.find_one(query::load(&schema, scope, record));
        if seen.projection(doc! { "_id": 1 }).await.map_err(translate)?.is_none() {
            return Ok(Vec::new());
        }
        let chain = events.find(doc! { "record": query::id_value(record) });
        let chain = chain.sort(doc! { "seq": 1 });
        let mut cursor = chain.batch_size(BATCH).await.map_err(translate)?;
        let mut events = Vec::new();
        while cursor.advance().await.map_err(translate)? {
            events.push(read_event(cursor.current())?);
        }
        Ok(events)
    }

    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        outbox::messages(&self.inner.database, doc! { "$gt": after }, limit).await
    }

    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census> {
        let schema = self.schema(kind)?;
        let Count { pipeline, index } = query::census(&schema, by)?;
        let options = counting(index);
        for attempt in 1.. {
            match self.snapshot(&schema, by, pipeline.clone(), options.clone()).await {
                Ok(census) => return Ok(census),
                Err(Unread::Content(error)) => return Err(error),
                Err(Unread::Server(error)) => {
                    let passing = [code::SNAPSHOT_UNAVAILABLE, code::SNAPSHOT_TOO_OLD];
                    if attempt == SNAPSHOTS || !code_of(&error).is_some_and(|code| passing.contains(&code)) {
                        return Err(translate(error));
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            }
        }
        Err(Error::bug("a snapshot is read or it is not"))
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        self.inner.outbox.lease(limit, now, until).await
    }

    async fn acknowledge(&self, ids: &[u64]) -> Result<()> {
        outbox::acknowledge(&self.inner.database, ids).await
    }
}

/// Any number of groups: the server may use its disk.
fn counting(index: Option<String>) -> AggregateOptions {
    let mut options = AggregateOptions::default();
    options.allow_disk_use = Some(true);
    options.batch_size = Some(BATCH);
    options.hint = index.map(Hint::Name);
    options
}

fn read_event(event: &RawDocument) -> Result<StoredEvent> {
    let word = |name| Ok::<_, Error>(text(get(event, name)?)?.to_owned());
    let beside = Some(Beside {
        kind: word("kind")?,
        seq: count(get(event, "seq")?)?,
        at: Timestamp::from_micros(int(get(event, "at")?)?),
        actor: word("actor")?,
        action: word("action")?,
        message: word("message")?,
    });
    Ok(StoredEvent { body: word("body")?, hash: read_hash(get(event, "hash")?)?, beside })
}

/// Prints only the database name, because the URL may contain a password.
impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MongoStore({})", self.inner.config.database)
    }
}
