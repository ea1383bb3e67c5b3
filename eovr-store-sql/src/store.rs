use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use eovr_core::access::Scope;
use eovr_core::audit::StoredEvent;
use eovr_core::decide::Commit;
use eovr_core::kind::Catalog;
use eovr_core::ports::{Parcel, Receipt, Store};
use eovr_core::record::{Cell, Column, Cursor, Page, Query, RecordId, StoredRecord, Tally, Value};
use eovr_core::{Error, ErrorKind, Name, Result, Timestamp};
use sqlx::sqlite::{SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection, SqlitePool};

use crate::commit::{self, Schemas};
use crate::config::SqlConfig;
use crate::dialect;
use crate::error::translate;
use crate::migrate;
use crate::query::{self, Statement};
use crate::rows::{Binds, damaged, read_record, read_value, record_id};
use crate::schema::Schema;
use crate::writer::{Job, Writer};

/// A store on an SQL database. Cheap to clone.
#[derive(Clone)]
pub struct SqlStore {
    inner: Arc<Inner>,
}

struct Inner {
    config: SqlConfig,
    writer: Writer,
    readers: SqlitePool,
    schemas: RwLock<Arc<Schemas>>,
}

impl SqlStore {
    /// Opens the store behind a URL; `sqlite://FILE` makes the file where it is missing.
    ///
    /// Call it on the runtime that will use the store: its writer runs there.
    ///
    /// # Errors
    /// `Config` for a URL it does not know; `Tampered` where the file is not a whole database;
    /// `Unavailable` where it cannot be opened.
    pub async fn open(url: &str) -> Result<Self> {
        Self::connect(SqlConfig::from_url(url)?).await
    }

    /// Opens a store by its settings.
    ///
    /// # Errors
    /// As [`SqlStore::open`].
    pub async fn connect(config: SqlConfig) -> Result<Self> {
        dialect::check_whole(&config.path)?;
        let mut writer =
            SqliteConnection::connect_with(&dialect::writer_options(&config)).await.map_err(translate)?;
        sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(&mut writer).await.map_err(translate)?;
        // Opened after the writer has made the file and its log.
        let readers = SqlitePoolOptions::new()
            .max_connections(config.readers.max(1))
            .test_before_acquire(false)
            .connect_with(dialect::reader_options(&config))
            .await
            .map_err(translate)?;
        let writer = Writer::start(writer, config.group);
        let schemas = RwLock::new(Arc::new(BTreeMap::new()));
        Ok(Self { inner: Arc::new(Inner { config, writer, readers, schemas }) })
    }

    /// Does what is waiting and closes the file, so that the database is one file again and not a file
    /// and its log. Any clone of the store answers `Unavailable` from then on. A store that is dropped
    /// without it loses nothing: the next one to open the file reads the log.
    pub async fn close(&self) {
        // The last to close tidies up, and only the writer may.
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }

    /// How the database would answer a question, step by step: SQLite's `EXPLAIN QUERY PLAN`. For tests
    /// and for people who wonder whether an index is used.
    ///
    /// # Errors
    /// As [`Store::find`].
    pub async fn explain_find(&self, scope: &Scope, query: &Query) -> Result<Vec<String>> {
        let statement = query::find(&*self.schema(&query.kind)?, scope, query)?;
        self.explain(statement).await
    }

    /// The same for counts.
    ///
    /// # Errors
    /// As [`Store::tally`].
    pub async fn explain_tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<String>> {
        let statement = query::tally(&*self.schema(&tally.kind)?, scope, tally)?;
        self.explain(statement).await
    }

    async fn explain(&self, statement: Statement) -> Result<Vec<String>> {
        let sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
        let rows = self.read(Statement { sql, ..statement }).await?;
        rows.iter().map(|row| row.try_get("detail").map_err(translate)).collect()
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

    async fn read(&self, statement: Statement) -> Result<Vec<SqliteRow>> {
        let Statement { sql, binds } = statement;
        sqlx::query_with(AssertSqlSafe(sql), binds.0).fetch_all(&self.inner.readers).await.map_err(translate)
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        let schemas = catalog
            .kinds()
            .map(|kind| Ok((kind.name().clone(), Arc::new(Schema::of(kind)?))))
            .collect::<Result<Schemas>>()?;
        let mut connection = SqliteConnection::connect_with(&dialect::writer_options(&self.inner.config))
            .await
            .map_err(translate)?;
        let tables: Vec<&Schema> = schemas.values().map(|schema| &**schema).collect();
        migrate::prepare(&mut connection, &tables).await?;
        connection.close().await.map_err(translate)?;
        let mut known = self.inner.schemas.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut known).extend(schemas);
        Ok(())
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        let job = commit::job(&self.schemas(), &commit)?;
        let rows = self.inner.writer.run(job).await?;
        let numbers = rows.iter().map(|row| row.try_get(0).map_err(translate)).collect::<Result<_>>()?;
        Ok(Receipt { written: commit::written(&commit, numbers) })
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        let schema = self.schema(kind)?;
        let rows = self.read(query::load(&schema, scope, id)?).await?;
        rows.first().map(|row| read_record(&schema, row)).transpose()
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        let schema = self.schema(&query.kind)?;
        let mut rows = self.read(query::find(&schema, scope, query)?).await?;
        let more = rows.len() > query.limit as usize;
        rows.truncate(query.limit as usize);
        let items = rows.iter().map(|row| read_record(&schema, row)).collect::<Result<Vec<_>>>()?;
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| Cursor { created_at: last.envelope.created_at, id: last.envelope.id });
        Ok(Page { items, next })
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<Cell>> {
        let schema = self.schema(&tally.kind)?;
        let rows = self.read(query::tally(&schema, scope, tally)?).await?;
        let mut cells = rows.iter().map(|row| read_cell(&schema, tally, row)).collect::<Result<Vec<_>>>()?;
        // A total over nothing is one row of 0 in SQL, and no cell here.
        cells.retain(|cell| cell.count > 0);
        cells.sort();
        Ok(cells)
    }

    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>> {
        let schema = self.schema(kind)?;
        let rows = self.read(query::events(&schema, scope, record)?).await?;
        let event = |row: &SqliteRow| {
            let body = row.try_get(0).map_err(translate)?;
            let hash: &[u8] = row.try_get(1).map_err(translate)?;
            Ok(StoredEvent { body, hash: hash.try_into().map_err(|_| damaged())? })
        };
        rows.iter().map(event).collect()
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        let mut binds = Binds::default();
        binds.int(until.as_micros())?;
        binds.int(now.as_micros())?;
        binds.int(i64::from(limit))?;
        let sql = "UPDATE outbox SET held_until = ?, attempts = attempts + 1 WHERE id IN \
                   (SELECT id FROM outbox WHERE held_until <= ? ORDER BY id LIMIT ?) \
                   RETURNING id, attempts, message;\n";
        let rows = self.inner.writer.run(Job { sql: sql.to_owned(), binds }).await?;
        let mut parcels = rows.iter().map(read_parcel).collect::<Result<Vec<_>>>()?;
        parcels.sort_by_key(|parcel| parcel.id); // RETURNING has no order
        Ok(parcels)
    }

    async fn acknowledge(&self, ids: &[u64]) -> Result<()> {
        let mut binds = Binds::default();
        let json = serde_json::to_string(ids)
            .map_err(|error| Error::bug("numbers are always JSON").because(error))?;
        binds.text(&json)?;
        let sql = "DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?));\n";
        self.inner.writer.run(Job { sql: sql.to_owned(), binds }).await.map(drop)
    }
}

fn read_cell(schema: &Schema, tally: &Tally, row: &SqliteRow) -> Result<Cell> {
    let mut key = Vec::with_capacity(tally.by.len());
    for (at, column) in tally.by.iter().enumerate() {
        let value = read_value(row, at, query::column_type(schema, column)?)?;
        key.push(match (column, value) {
            (Column::Parent, Some(Value::Bytes(id))) => Some(Value::from(record_id(&id)?)),
            (_, value) => value,
        });
    }
    let count: i64 = row.try_get(tally.by.len()).map_err(translate)?;
    Ok(Cell { key, count: u64::try_from(count).map_err(|_| damaged())? })
}

fn read_parcel(row: &SqliteRow) -> Result<Parcel> {
    let id: i64 = row.try_get(0).map_err(translate)?;
    let attempts: i64 = row.try_get(1).map_err(translate)?;
    Ok(Parcel {
        id: u64::try_from(id).map_err(|_| damaged())?,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        message: row.try_get(2).map_err(translate)?,
    })
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqlStore({})", self.inner.config.path.display())
    }
}
