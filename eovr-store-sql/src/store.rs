use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use eovr_core::access::Scope;
use eovr_core::audit::{Beside, StoredEvent};
use eovr_core::decide::Commit;
use eovr_core::kind::{Catalog, Kind, Plan};
use eovr_core::ports::{Census, Loaded, Parcel, Posted, Receipt, Store};
use eovr_core::record::{Column, Page, Query, RecordId, StoredRecord, Tally, TallyCell, Value};
use eovr_core::{Error, ErrorKind, Name, Result, Timestamp};
use tokio::time::timeout;

use crate::commit::{self, Job, Schemas};
use crate::committer::Committer;
use crate::config::SqlConfig;
use crate::connection::Pool;
use crate::copier::Copier;
use crate::dialect::{Dialect, sqlite};
use crate::error::{damaged, is_lost, is_silent, silent, translate};
use crate::lease;
use crate::link::{self, Link};
use crate::migrate;
use crate::plan;
use crate::query::{self, Statement};
use crate::row::Row;
use crate::rows::Reader;
use crate::schema::Schema;
use crate::writer::Writer;

/// A store on an SQL database. Cheap to clone.
///
/// ```
/// use eovr_core::Eovr;
/// use eovr_core::incident::{self, Settings};
/// use eovr_core::seal::MasterKey;
/// use eovr_store_sql::SqlStore;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let file = std::env::temp_dir().join(format!("eovr-doc-store-{}.db", std::process::id()));
/// # let title = serde_json::json!({"en": "Nile", "ar": "النيل"});
/// # let nile = serde_json::json!({"id": "NIL", "title": title, "time_zone": "Africa/Cairo"});
/// # let east = serde_json::json!({"id": "CAI-E", "title": title, "facilities": [nile]});
/// # let cairo = serde_json::json!([{"id": "CAI", "title": title, "administrations": [east]}]);
/// # let org = eovr_core::org::Org::new(serde_json::from_value(cairo)?)?;
/// let store = SqlStore::open(&format!("sqlite://{}", file.display())).await?;
/// let eovr = Eovr::builder()
///     .store(store.clone())
///     .org(org)
///     .kinds(incident::kinds(Settings::default())?)
///     .master_key(MasterKey::from_bytes(&[7; 32])) // an example: a real key is random
///     .open()
///     .await?;
/// assert_eq!(eovr.org().stamps().count(), 1);
/// store.close().await; // the database is one file again
/// assert!(file.exists());
/// # std::fs::remove_file(file)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqlStore {
    inner: Arc<Inner>,
}

struct Inner {
    config: SqlConfig,
    link: Link,
    dialect: Dialect,
    writer: Writer,
    readers: Pool,
    schemas: RwLock<Arc<Schemas>>,
}

/// The number of attempts to prepare a store while the database rolls the preparation back.
const PREPARED: usize = 5;

impl SqlStore {
    /// Opens the store at a URL ([`SqlConfig::from_url`]). `sqlite://FILE` creates a missing file; on a server the
    /// database must exist.
    ///
    /// Call it on the runtime that will use the store, because its writer runs there.
    ///
    /// # Errors
    /// `Config` for an unknown URL, a wrong password, or a missing database; `Tampered` where an SQLite file is not a
    /// complete database; `Unavailable` where it cannot be reached.
    pub async fn open(url: &str) -> Result<Self> {
        Self::connect(SqlConfig::from_url(url)?).await
    }

    /// Opens a store with these settings.
    ///
    /// ```
    /// use eovr_store_sql::{Durability, SqlConfig, SqlStore};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let file = std::env::temp_dir().join(format!("eovr-doc-connect-{}.db", std::process::id()));
    /// let mut config = SqlConfig::sqlite(&file).with_durability(Durability::Process);
    /// config.readers = 2;
    /// let store = SqlStore::connect(config).await?;
    /// # store.close().await;
    /// assert!(file.exists());
    /// # std::fs::remove_file(file)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`SqlStore::open`].
    pub async fn connect(config: SqlConfig) -> Result<Self> {
        if let Some(file) = config.file() {
            sqlite::check_whole(file)?;
        }
        let link = Link::new(config.place.clone());
        let mut writer = link.connect_to_write(Some(config.patience)).await.map_err(translate)?;
        let dialect = link::dialect(&mut writer).await.map_err(translate)?;
        #[cfg(feature = "postgres")]
        link.check_sessions(&mut writer).await?;
        let readers = link.connect_to_read(&config).await?;
        let committer = Committer::new(link.clone(), writer, config.patience);
        // Only a file has a log that the store copies.
        let copier = (!link.is_remote()).then(|| Copier::start(link.clone()));
        let writer = Writer::start(committer, copier, config.group);
        let schemas = RwLock::new(Arc::new(BTreeMap::new()));
        Ok(Self { inner: Arc::new(Inner { config, link, dialect, writer, readers, schemas }) })
    }

    /// Completes the waiting commits and closes the connections, so that an SQLite database is a single file without a
    /// log. Afterwards every clone of the store answers `Unavailable`. Dropping a store without calling this loses
    /// nothing, because the next process that opens the file reads the log.
    pub async fn close(&self) {
        // The last connection to close removes the log, and only the writer may do that.
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }

    /// The database's plan for a query, step by step, in its own words. Use it in tests, and to check whether a query
    /// uses an index.
    ///
    /// # Errors
    /// As [`Store::find`].
    pub async fn explain_find(&self, scope: &Scope, query: &Query) -> Result<Vec<String>> {
        let statement = query::find(&*self.schema(&query.kind)?, scope, query)?;
        self.explain(statement).await
    }

    /// The database's plan for a count.
    ///
    /// # Errors
    /// As [`Store::tally`].
    pub async fn explain_tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<String>> {
        let statement = query::tally(&*self.schema(&tally.kind)?, scope, tally)?;
        self.explain(statement).await
    }

    async fn explain(&self, statement: Statement) -> Result<Vec<String>> {
        let sql = format!("{}{}", self.inner.dialect.explain(), statement.sql);
        let rows = self.read(Statement { sql, ..statement }).await?;
        Ok(rows.iter().map(Row::words).collect())
    }

    /// What opening the engine with these kinds would change in the database, and which records the kinds strand. It
    /// changes nothing; see [changing a kind](eovr_core::docs::changing_a_kind).
    ///
    /// On MariaDB and MySQL a user without the right to make triggers does not see them, and the plan lists them again.
    ///
    /// ```
    /// use eovr_core::Eovr;
    /// use eovr_core::incident::{self, Settings};
    /// use eovr_store_sql::SqlStore;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let file = std::env::temp_dir().join(format!("eovr-doc-plan-{}.db", std::process::id()));
    /// let store = SqlStore::open(&format!("sqlite://{}", file.display())).await?;
    /// let catalog = Eovr::builder().kinds(incident::kinds(Settings::default())?).catalog()?;
    /// let plan = store.plan(&catalog).await?;
    /// assert!(plan.statements.iter().any(|sql| sql.starts_with("CREATE TABLE IF NOT EXISTS \"incident\"")));
    /// assert!(plan.stranded.is_empty());
    /// # store.close().await;
    /// # std::fs::remove_file(file)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Store::prepare`], where opening the engine would fail.
    pub async fn plan(&self, catalog: &Catalog) -> Result<Plan> {
        let (dialect, schemas) = (self.inner.dialect, self.schemas_of(catalog));
        let mut connection = self.inner.link.connect_to_write(None).await.map_err(translate)?;
        let plan = plan::plan(&mut connection, dialect, &schemas, catalog).await?;
        connection.close().await.map_err(translate)?;
        Ok(plan)
    }

    fn schemas_of(&self, catalog: &Catalog) -> Schemas {
        let schema = |kind: &Kind| (kind.name().clone(), Arc::new(Schema::of(kind, self.inner.dialect)));
        catalog.kinds().map(schema).collect()
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

    /// Repeats a read on a connection that was lost while idle in the pool. There are at most as many as readers.
    async fn read(&self, statement: Statement) -> Result<Vec<Row>> {
        let SqlConfig { readers, patience, .. } = self.inner.config;
        let mut left = readers;
        loop {
            let answer = self.inner.readers.fetch(statement.clone());
            let answer = match self.inner.link.is_remote() {
                true => timeout(patience, answer).await.unwrap_or_else(|_| Err(silent())),
                false => answer.await,
            };
            match answer {
                Err(error) if left > 0 && is_lost(&error) && !is_silent(&error) => left -= 1,
                answer => return answer.map_err(translate),
            }
        }
    }

    async fn prepare_once(&self, schemas: &Schemas) -> Result<Schemas> {
        let mut connection = self.inner.link.connect_to_write(None).await.map_err(translate)?;
        let schemas = migrate::prepare(&mut connection, self.inner.dialect, schemas).await?;
        connection.close().await.map_err(translate)?;
        Ok(schemas)
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        let schemas = self.schemas_of(catalog);
        // A concurrent write to a table and a change of it can deadlock. The database then rolls one of them back,
        // perhaps ours.
        let mut left = PREPARED;
        let schemas = loop {
            match self.prepare_once(&schemas).await {
                Err(error) if left > 0 && error.kind() == ErrorKind::Unavailable => left -= 1,
                done => break done?,
            }
        };
        let mut known = self.inner.schemas.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut known).extend(schemas);
        Ok(())
    }

    async fn refresh(&self) -> Result<bool> {
        let columns = migrate::read_columns(&self.read(migrate::ask_columns()).await?)?;
        let mut carrying = Schemas::new();
        for (kind, schema) in &*self.schemas() {
            let unknown = migrate::unknown(schema, &columns);
            if !unknown.is_empty() {
                let question = migrate::ask_table(self.inner.dialect, schema);
                let there = migrate::read_table(&self.read(question).await?)?;
                let schema = migrate::carrying(schema, unknown, &there);
                carrying.extend(schema.map(|schema| (kind.clone(), Arc::new(schema))));
            }
        }
        if carrying.is_empty() {
            return Ok(false);
        }
        let mut known = self.inner.schemas.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut known).extend(carrying);
        Ok(true)
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        let job = commit::job(self.inner.dialect, &self.schemas(), &commit)?;
        let rows = self.inner.writer.run(job).await?;
        let number = |row: &Row| Ok(row.text(0)?.map(str::to_owned));
        let numbers = rows.iter().map(number).collect::<Result<_>>()?;
        Ok(Receipt { written: commit::written(&commit, numbers) })
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        let schema = self.schema(kind)?;
        let rows = self.read(query::load(&schema, scope, id)?).await?;
        rows.first().map(|row| Reader::new(&schema, None).read(row)).transpose()
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
        let schema = self.schema(kind)?;
        let rows = self.read(query::load_for_decision(&schema, scope, id)?).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let record = Reader::new(&schema, None).read(row)?;
        Ok(Some(Loaded { record, last: row.text(schema.read_columns())?.map(str::to_owned) }))
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        let schema = self.schema(&query.kind)?;
        let mut rows = self.read(query::find(&schema, scope, query)?).await?;
        let more = rows.len() > query.limit as usize;
        rows.truncate(query.limit as usize);
        let mut reader = Reader::new(&schema, query.shown());
        let (mut items, mut damaged) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in &rows {
            match reader.read(row) {
                Ok(record) => items.push(record),
                Err(error) if error.kind() == ErrorKind::Tampered => damaged.extend(row.id(0)?),
                Err(error) => return Err(error),
            }
        }
        let next = rows.last().filter(|_| more).map(|last| reader.cursor(last)).transpose()?;
        Ok(Page { items, next, damaged })
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
        let schema = self.schema(&tally.kind)?;
        let rows = self.read(query::tally(&schema, scope, tally)?).await?;
        let count = tally.by.len();
        let cell = |row: &Row| read_cell(&schema, &tally.by, row, 0, count);
        let mut cells = rows.iter().map(cell).collect::<Result<Vec<_>>>()?;
        // SQL gives one row of 0 for a total over nothing; the result has no cell for it.
        cells.retain(|cell| cell.count > 0);
        cells.sort();
        // One cell may consist of several groups, for example where a facility has moved.
        cells.dedup_by(|next, cell| {
            let same = next.key == cell.key;
            cell.count += if same { next.count } else { 0 };
            same
        });
        Ok(cells)
    }

    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>> {
        let schema = self.schema(kind)?;
        let rows = self.read(query::events(&schema, scope, record)?).await?;
        let event = |row: &Row| {
            let body = row.text(0)?.ok_or_else(damaged)?.to_owned();
            let hash = row.bytes(1)?.ok_or_else(damaged)?;
            let text = |at| Ok::<_, Error>(row.text(at)?.ok_or_else(damaged)?.to_owned());
            let beside = Some(Beside {
                kind: text(2)?,
                seq: row.count(3)?,
                at: Timestamp::from_micros(row.int(4)?.ok_or_else(damaged)?),
                actor: text(5)?,
                action: text(6)?,
                message: text(7)?,
            });
            Ok(StoredEvent { body, hash: hash.try_into().map_err(|_| damaged())?, beside })
        };
        rows.iter().map(event).collect()
    }

    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>> {
        let rows = self.read(query::feed(after, limit)).await?;
        let posted = |row: &Row| {
            let message = row.text(1)?.ok_or_else(damaged)?.to_owned();
            Ok(Posted { position: row.count(0)?, message })
        };
        rows.iter().map(posted).collect()
    }

    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census> {
        let schema = self.schema(kind)?;
        let rows = self.read(query::census(&schema, by)?).await?;
        let position = rows.first().ok_or_else(damaged)?.count(0)?;
        let cells = rows.iter().map(|row| read_cell(&schema, by, row, 2, 1));
        let mut cells = cells.collect::<Result<Vec<_>>>()?;
        cells.retain(|cell| cell.count > 0);
        Ok(Census { position, cells })
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        let statements = lease::lease(self.inner.dialect, limit, now, until);
        let rows = self.inner.writer.run(Job { statements, traces: Vec::new() }).await?;
        let mut parcels = rows.iter().map(lease::parcel).collect::<Result<Vec<_>>>()?;
        parcels.sort_by_key(|parcel| parcel.id); // RETURNING has no order
        Ok(parcels)
    }

    async fn acknowledge(&self, ids: &[u64]) -> Result<()> {
        for statements in lease::acknowledge(self.inner.dialect, ids) {
            self.inner.writer.run(Job { statements, traces: Vec::new() }).await?;
        }
        Ok(())
    }
}

/// A cell whose key begins at one column and whose count is in another.
fn read_cell(schema: &Schema, by: &[Column], row: &Row, key_at: usize, count_at: usize) -> Result<TallyCell> {
    let mut key = Vec::with_capacity(by.len());
    for (at, column) in (key_at..).zip(by) {
        key.push(match column {
            Column::Parent => row.id(at)?.map(Value::from),
            _ => row.value(at, query::column_type(schema, column)?)?,
        });
    }
    Ok(TallyCell { key, count: row.count(count_at)? })
}

/// Prints the file or the database; never user or password.
impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqlStore({:?})", self.inner.config.place)
    }
}
