#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

use eovr_core::record::RecordId;
use futures_util::TryStreamExt as _;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, doc};
use mongodb::{Client, Database};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection, Row as _, SqliteConnection};

/// The value of a column.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Text(String),
    Int(i64),
    Bytes(Vec<u8>),
    Id(RecordId),
}

/// One row.
#[derive(Clone, Copy)]
pub(super) enum At {
    Record(RecordId),
    Event(RecordId, i64),
}

/// A database administrator with every right, at the prompt.
pub(super) enum Hand {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    Mariadb(MySqlConnection),
    Mongodb(Database),
}

impl Hand {
    pub(super) async fn open(url: &str) -> Self {
        match url.split_once(':').unwrap().0 {
            "sqlite" => Self::Sqlite(SqliteConnection::connect(url).await.unwrap()),
            "mongodb" => Self::Mongodb(Client::with_uri_str(url).await.unwrap().default_database().unwrap()),
            "mysql" | "mariadb" => Self::Mariadb(MySqlConnection::connect(url).await.unwrap()),
            _ => Self::Postgres(PgConnection::connect(url).await.unwrap()),
        }
    }

    pub(super) async fn drops_every_guard(&mut self) {
        let (guards, drop): (&str, fn(&str) -> String) = match self {
            Self::Sqlite(_) => ("SELECT name FROM sqlite_schema WHERE type = 'trigger'", |name| {
                format!("DROP TRIGGER \"{name}\"")
            }),
            Self::Postgres(_) => {
                ("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal", |table| {
                    format!("ALTER TABLE {table} DISABLE TRIGGER ALL")
                })
            }
            Self::Mariadb(_) => (
                "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
                |name| format!("DROP TRIGGER \"{name}\""),
            ),
            Self::Mongodb(_) => return,
        };
        for name in self.ask(guards).await {
            self.say(&drop(&name)).await;
        }
    }

    /// Updates columns of one row.
    pub(super) async fn set(&mut self, at: At, columns: &[(&str, Value)]) {
        if let Self::Mongodb(database) = self {
            let set: Document =
                columns.iter().map(|(name, value)| ((*name).to_owned(), bson(value))).collect();
            let done = rows(database, at).update_one(condition(at), doc! { "$set": set }).await.unwrap();
            assert_eq!(done.matched_count, 1);
            return;
        }
        let set: Vec<_> =
            columns.iter().map(|(name, value)| format!("\"{name}\" = {}", self.literal(value))).collect();
        let (table, condition) = self.place(at);
        self.say(&format!("UPDATE {table} SET {} WHERE {condition}", set.join(", "))).await;
    }

    pub(super) async fn remove(&mut self, at: At) {
        if let Self::Mongodb(database) = self {
            rows(database, at).delete_one(condition(at)).await.unwrap();
            return;
        }
        let (table, condition) = self.place(at);
        self.say(&format!("DELETE FROM {table} WHERE {condition}")).await;
    }

    /// Adds an event to a chain, at the next position of the feed.
    pub(super) async fn add_event(&mut self, record: RecordId, columns: &[(&str, Value)]) {
        if let Self::Mongodb(database) = self {
            let events = database.collection::<Document>("events");
            let last: Vec<Document> = events
                .find(doc! {})
                .sort(doc! { "_id": -1 })
                .limit(1)
                .await
                .unwrap()
                .try_collect()
                .await
                .unwrap();
            let position = last[0].get_i64("_id").unwrap() + 1;
            let mut event: Document =
                columns.iter().map(|(name, value)| ((*name).to_owned(), bson(value))).collect();
            event.insert("_id", position);
            event.insert("record", bson(&Value::Id(record)));
            events.insert_one(event).await.unwrap();
            let count = doc! { "$set": { "value": position } };
            database
                .collection::<Document>("counters")
                .update_one(doc! { "_id": "position" }, count)
                .await
                .unwrap();
            return;
        }
        let names: Vec<_> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let values: Vec<_> = columns.iter().map(|(_, value)| self.literal(value)).collect();
        let record = self.literal(&Value::Id(record));
        self.say(&format!(
            "INSERT INTO events (position, record, {}) SELECT max(position) + 1, {record}, {} FROM events",
            names.join(", "),
            values.join(", ")
        ))
        .await;
        if !matches!(self, Self::Sqlite(_)) {
            self.say("UPDATE counters SET value = value + 1 WHERE series = 'position'").await;
        }
    }

    /// The value `false` of a boolean facet.
    pub(super) fn no(&self) -> Value {
        match self {
            Self::Sqlite(_) | Self::Mariadb(_) => Value::Int(0),
            Self::Postgres(_) | Self::Mongodb(_) => Value::Null,
        }
    }

    /// The column of the sealed values.
    pub(super) fn sealed(&self) -> &'static str {
        if matches!(self, Self::Mongodb(_)) { "description" } else { "sealed" }
    }

    /// The value of a column of bytes.
    pub(super) async fn bytes(&mut self, at: At, column: &str) -> Value {
        if let Self::Mongodb(database) = self {
            let row = rows(database, at).find_one(condition(at)).await.unwrap().unwrap();
            return Value::Bytes(row.get_binary_generic(column).map_or_else(
                |_| match row.get(column) {
                    Some(Bson::Binary(binary)) => binary.bytes.clone(),
                    _ => panic!("no bytes"),
                },
                Clone::clone,
            ));
        }
        let (table, condition) = self.place(at);
        let sql = self.quoted(&format!("SELECT \"{column}\" FROM {table} WHERE {condition}"));
        let sql = AssertSqlSafe(sql);
        Value::Bytes(match self {
            Self::Sqlite(one) => sqlx::query(sql).fetch_one(one).await.unwrap().get(0),
            Self::Postgres(one) => sqlx::query(sql).fetch_one(one).await.unwrap().get(0),
            Self::Mariadb(one) => sqlx::query(sql).fetch_one(one).await.unwrap().get(0),
            Self::Mongodb(_) => unreachable!("answered above"),
        })
    }

    fn place(&self, at: At) -> (&'static str, String) {
        match at {
            At::Record(id) => ("incident", format!("\"id\" = {}", self.literal(&Value::Id(id)))),
            At::Event(id, seq) => {
                ("events", format!("\"record\" = {} AND \"seq\" = {seq}", self.literal(&Value::Id(id))))
            }
        }
    }

    fn literal(&self, value: &Value) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match value {
            Value::Null => "NULL".to_owned(),
            Value::Int(int) => int.to_string(),
            Value::Text(text) => {
                let text = text.replace('\'', "''");
                let text = if matches!(self, Self::Mariadb(_)) { text.replace('\\', "\\\\") } else { text };
                format!("'{text}'")
            }
            Value::Bytes(bytes) if matches!(self, Self::Postgres(_)) => format!("'\\x{}'::bytea", hex(bytes)),
            Value::Bytes(bytes) => format!("x'{}'", hex(bytes)),
            Value::Id(id) if matches!(self, Self::Postgres(_)) => format!("'{id}'::uuid"),
            Value::Id(id) => format!("x'{}'", hex(id.as_bytes())),
        }
    }

    fn quoted(&self, sql: &str) -> String {
        if matches!(self, Self::Mariadb(_)) { backticks(sql) } else { sql.to_owned() }
    }

    async fn say(&mut self, sql: &str) {
        let said = self.quoted(sql);
        let sql = AssertSqlSafe(said.clone());
        let done = match self {
            Self::Sqlite(one) => sqlx::raw_sql(sql).execute(one).await.map(drop),
            Self::Postgres(one) => sqlx::raw_sql(sql).execute(one).await.map(drop),
            Self::Mariadb(one) => sqlx::raw_sql(sql).execute(one).await.map(drop),
            Self::Mongodb(_) => unreachable!("it speaks no SQL"),
        };
        done.unwrap_or_else(|error| panic!("{said}: {error}"));
    }

    async fn ask(&mut self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(self.quoted(sql));
        match self {
            Self::Sqlite(one) => sqlx::query_scalar(sql).fetch_all(one).await.unwrap(),
            Self::Postgres(one) => sqlx::query_scalar(sql).fetch_all(one).await.unwrap(),
            Self::Mariadb(one) => sqlx::query_scalar(sql).fetch_all(one).await.unwrap(),
            Self::Mongodb(_) => unreachable!("it speaks no SQL"),
        }
    }
}

/// Quotes names as MariaDB does; string literals stay unchanged.
fn backticks(sql: &str) -> String {
    let mut in_text = false;
    sql.chars()
        .map(|c| {
            in_text ^= c == '\'';
            if c == '"' && !in_text { '`' } else { c }
        })
        .collect()
}

fn rows(database: &Database, at: At) -> mongodb::Collection<Document> {
    database.collection(if matches!(at, At::Record(_)) { "incidents" } else { "events" })
}

fn condition(at: At) -> Document {
    match at {
        At::Record(id) => doc! { "_id": bson(&Value::Id(id)) },
        At::Event(id, seq) => doc! { "record": bson(&Value::Id(id)), "seq": seq },
    }
}

fn bson(value: &Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Text(text) => Bson::String(text.clone()),
        Value::Int(int) => Bson::Int64(*int),
        Value::Bytes(bytes) => {
            let subtype = match bytes.first() {
                Some(1 | 2) if bytes.len() > 40 => BinarySubtype::Encrypted,
                _ => BinarySubtype::Generic,
            };
            Bson::Binary(Binary { subtype, bytes: bytes.clone() })
        }
        Value::Id(id) => Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes: id.as_bytes().to_vec() }),
    }
}
