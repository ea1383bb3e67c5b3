//! Tables and indexes for a catalogue of kinds. Only ever adds.

use std::collections::BTreeMap;
use std::sync::Arc;

use eovr_core::{Error, ErrorKind, Name, Result};

use crate::commit::Schemas;
use crate::connection::Connection;
use crate::dialect::{Dialect, mysql, postgres};
use crate::error::{damaged, is_lost, lost_its_turn, may_not, translate};
use crate::query::Statement;
use crate::row::Row;
use crate::schema::{COLUMNS, Schema, Slot};

/// The layout of the tables that this code writes. One more whenever older code could no longer read or
/// write them rightly.
const LAYOUT: i64 = 1;

/// Makes what is missing, one node at a time: twenty may start at once. In one transaction, except on
/// MariaDB, where each change of a table stands by itself and the next start does what is left.
///
/// Gives the kinds with what their tables have besides.
pub(crate) async fn prepare(
    connection: &mut Connection,
    dialect: Dialect,
    schemas: &Schemas,
) -> Result<Schemas> {
    let mut ground = Ground { connection, dialect };
    match dialect {
        Dialect::Sqlite => ground.run("BEGIN IMMEDIATE").await?,
        Dialect::Postgres => {
            ground.run("BEGIN").await?;
            ground.run(postgres::ONE_AT_A_TIME).await?;
        }
        Dialect::Mysql(_) => ground.take_turn().await?,
    }
    let added = ground.add(schemas).await;
    let end = match (dialect, &added) {
        (Dialect::Mysql(_), _) => mysql::NEXT,
        (_, Ok(_)) => "COMMIT",
        (_, Err(_)) => "ROLLBACK",
    };
    // Where something went wrong, the transaction may be gone already; what matters is the first error.
    let ended = ground.run(end).await;
    let carrying = added?;
    ended.map(|()| carrying)
}

/// The columns of each kind, with the words for their types.
pub(crate) type Columns = BTreeMap<(String, String), String>;

pub(crate) fn ask_columns() -> Statement {
    Statement::new(format!("SELECT kind, name, type FROM {COLUMNS}"))
}

pub(crate) fn read_columns(rows: &[Row]) -> Result<Columns> {
    let text = |row: &Row, at| Ok::<_, Error>(row.text(at)?.ok_or_else(damaged)?.to_owned());
    let column = |row: &Row| Ok(((text(row, 0)?, text(row, 1)?), text(row, 2)?));
    rows.iter().map(column).collect()
}

/// What another node has given a kind that this one's does not have.
pub(crate) fn unknown(schema: &Schema, columns: &Columns) -> Vec<Slot> {
    let of_kind = columns.iter().filter(|((of, _), _)| *of == *schema.name.as_str());
    let unknown = of_kind.filter(|((_, name), _)| !schema.has_column(name));
    let slot = |((_, name), type_name): (&(String, String), &String)| {
        Slot::carried(Name::new(name).ok()?, type_name)
    };
    unknown.filter_map(slot).collect()
}

/// The kind with those of them that its table really has; none where it has none. What the layout says is no
/// proof.
pub(crate) fn carrying(
    schema: &Schema,
    unknown: Vec<Slot>,
    there: &BTreeMap<String, String>,
) -> Option<Schema> {
    let there: Vec<Slot> =
        unknown.into_iter().filter(|slot| there.contains_key(slot.name.as_str())).collect();
    (!there.is_empty()).then(|| schema.carrying(there))
}

/// The columns of a kind's table, with their types.
pub(crate) fn ask_table(dialect: Dialect, schema: &Schema) -> Statement {
    let mut question = Statement::new(match dialect {
        Dialect::Sqlite => "SELECT name, type FROM pragma_table_info(",
        Dialect::Postgres => {
            "SELECT column_name::text, data_type::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = ("
        }
        Dialect::Mysql(_) => {
            "SELECT column_name, CAST(column_type AS CHAR) FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = ("
        }
    });
    question.bind(schema.name.as_str());
    question.push(")");
    question
}

pub(crate) fn read_table(rows: &[Row]) -> Result<BTreeMap<String, String>> {
    let text = |row: &Row, at| Ok::<_, Error>(row.text(at)?.unwrap_or_default().to_owned());
    rows.iter().map(|row| Ok((text(row, 0)?, text(row, 1)?))).collect()
}

/// A database that is being prepared.
struct Ground<'c> {
    connection: &'c mut Connection,
    dialect: Dialect,
}

impl Ground<'_> {
    /// What is there is left alone: even to look at it in order to make it again would make PostgreSQL
    /// wait for those who are writing, and them for us.
    async fn add(&mut self, schemas: &Schemas) -> Result<Schemas> {
        self.system_tables().await?;
        let columns = self.columns_of_all().await?;
        let mut all = schemas.clone();
        for (kind, schema) in schemas {
            let unknown = unknown(schema, &columns);
            if !unknown.is_empty() {
                let there = self.columns(schema).await?;
                all.extend(carrying(schema, unknown, &there).map(|schema| (kind.clone(), Arc::new(schema))));
            }
        }
        for schema in all.values() {
            // Asked first: who may only read and write may not even say `IF NOT EXISTS`.
            if self.columns(schema).await?.is_empty() {
                self.run(schema.create_table()).await?;
            }
            self.add_columns(schema).await?;
            self.remember_columns(schema, &columns).await?;
            let there = self.indexes(schema).await?;
            for index in schema.indexes.iter().filter(|index| !there.contains(&index.name)) {
                self.run(index.create.as_str()).await.map_err(|error| match error.kind() {
                    ErrorKind::Conflict => Error::new(
                        ErrorKind::Config,
                        format!(
                            "a facet of `{}` was made unique, and two records share a value",
                            schema.name
                        ),
                    ),
                    _ => error,
                })?;
            }
            let there = self.triggers(schema).await?;
            let guards = self.dialect.guards(schema).into_iter();
            for guard in guards.filter(|guard| !there.contains(&guard.name)) {
                self.guard(guard.create).await?;
            }
        }
        Ok(all)
    }

    async fn columns_of_all(&mut self) -> Result<Columns> {
        if self.tables(COLUMNS).await?.is_empty() {
            for statement in self.dialect.table_of_columns() {
                self.run(statement).await?;
            }
        }
        let rows = self.fetch(ask_columns()).await?;
        read_columns(&rows)
    }

    /// So that a node whose kind does not have a column knows what it is.
    async fn remember_columns(&mut self, schema: &Schema, columns: &Columns) -> Result<()> {
        for slot in &schema.slots {
            let (kind, name) = (schema.name.to_string(), slot.name.to_string());
            match columns.get(&(kind.clone(), name.clone())) {
                Some(known) if known != slot.type_name() => {
                    return Err(another_type(&name, &kind, known, slot.type_name()));
                }
                Some(_) => {}
                None => {
                    let mut insert =
                        Statement::new(format!("INSERT INTO {COLUMNS} (kind, name, type) VALUES ("));
                    insert.bind(kind.as_str());
                    insert.push(", ");
                    insert.bind(name.as_str());
                    insert.push(", ");
                    insert.bind(slot.type_name());
                    insert.push(")");
                    self.fetch(insert).await?;
                }
            }
        }
        Ok(())
    }

    async fn tables(&mut self, name: &str) -> Result<Vec<String>> {
        self.names(
            match self.dialect {
                Dialect::Sqlite => "SELECT name FROM sqlite_schema WHERE name = (",
                Dialect::Postgres => {
                    "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() AND tablename = ("
                }
                Dialect::Mysql(_) => {
                    "SELECT table_name FROM information_schema.tables \
                     WHERE table_schema = DATABASE() AND table_name = ("
                }
            },
            name,
        )
        .await
    }

    /// On MariaDB only who may make a trigger sees whether there is one: for the service's own account that is the
    /// affair of the account that prepares the database.
    async fn guard(&mut self, create: String) -> Result<()> {
        match self.connection.run(create.as_str()).await {
            Err(sqlx::Error::Database(error))
                if matches!(self.dialect, Dialect::Mysql(_)) && may_not(error.as_ref()) =>
            {
                Ok(())
            }
            Err(error) => Err(refused(error)),
            Ok(()) => Ok(()),
        }
    }

    /// A database that a newer release has laid out may hold what this one would not see.
    async fn system_tables(&mut self) -> Result<()> {
        let version = match self.tables("layout").await?.is_empty() {
            true => None,
            false => {
                let rows = self.fetch(Statement::new("SELECT version FROM layout")).await?;
                rows.first().map(|row| row.int(0)).transpose()?.flatten()
            }
        };
        match version {
            None => {
                for statement in self.dialect.system_tables() {
                    self.run(statement).await?;
                }
                // Last, so that its being there says that the others are.
                self.run(format!("INSERT INTO layout (version) VALUES ({LAYOUT})")).await
            }
            Some(version) if version <= LAYOUT => Ok(()),
            Some(version) => Err(Error::new(ErrorKind::Config, "the database was laid out by a newer eovr")
                .with_help("run that release or a later one; nothing was changed")
                .with("its_layout", version)
                .with("our_layout", LAYOUT)),
        }
    }

    /// A kind that has learnt a facet gets a column; a facet that has changed its type is a mistake of the
    /// host, and is refused before anything is read wrongly.
    async fn add_columns(&mut self, schema: &Schema) -> Result<()> {
        let found = self.columns(schema).await?;
        // Left out, its values would be missing from records whose audit chain says that they are there.
        if let Some(name) = found.keys().find(|name| !schema.has_column(name)) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("table `{}` has a column `{name}` that the layout does not know", schema.name),
            )
            .with_help("take it away, add a facet of this name to the kind, or start a later release"));
        }
        for slot in &schema.slots {
            let wanted = self.dialect.slot_type(slot);
            match found.get(slot.name.as_str()) {
                None => {
                    self.run(format!(
                        "ALTER TABLE \"{}\" ADD COLUMN \"{}\" {wanted}",
                        schema.name, slot.name
                    ))
                    .await?;
                }
                // Compared up to a space or a bracket: databases add lengths and collations, or leave them out.
                Some(there) if first_word(there) != first_word(&wanted) => {
                    return Err(another_type(slot.name.as_str(), schema.name.as_str(), there, &wanted));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// The columns of a kind's table, with their types.
    async fn columns(&mut self, schema: &Schema) -> Result<BTreeMap<String, String>> {
        let question = ask_table(self.dialect, schema);
        read_table(&self.fetch(question).await?)
    }

    /// The names of the indexes of a kind's table.
    async fn indexes(&mut self, schema: &Schema) -> Result<Vec<String>> {
        let question = match self.dialect {
            Dialect::Sqlite => "SELECT name FROM pragma_index_list(",
            Dialect::Postgres => {
                "SELECT indexname::text FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ("
            }
            Dialect::Mysql(_) => {
                "SELECT DISTINCT index_name FROM information_schema.statistics \
                 WHERE table_schema = DATABASE() AND table_name = ("
            }
        };
        self.names(question, schema.name.as_str()).await
    }

    /// The names of its triggers.
    async fn triggers(&mut self, schema: &Schema) -> Result<Vec<String>> {
        let question = match self.dialect {
            Dialect::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = (",
            Dialect::Postgres => {
                "SELECT tgname::text FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid \
                 WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ("
            }
            Dialect::Mysql(_) => {
                "SELECT trigger_name FROM information_schema.triggers \
                 WHERE trigger_schema = DATABASE() AND event_object_table = ("
            }
        };
        self.names(question, schema.name.as_str()).await
    }

    /// The answers to a question about one thing.
    async fn names(&mut self, question: &str, about: &str) -> Result<Vec<String>> {
        let mut question = Statement::new(question);
        question.bind(about);
        question.push(")");
        let name = |row: &Row| Ok(row.text(0)?.unwrap_or_default().to_owned());
        self.fetch(question).await?.iter().map(name).collect()
    }

    async fn take_turn(&mut self) -> Result<()> {
        let rows = self.fetch(Statement::new(mysql::ONE_AT_A_TIME)).await?;
        match rows.first().map(|row| row.int(0)).transpose()?.flatten() {
            Some(1) => Ok(()),
            _ => Err(Error::new(ErrorKind::Unavailable, "another node is still preparing the database")
                .with_help("start again when it is done")),
        }
    }

    async fn run(&mut self, sql: impl Into<String>) -> Result<()> {
        self.connection.run(sql).await.map_err(refused)
    }

    async fn fetch(&mut self, statement: Statement) -> Result<Vec<Row>> {
        self.connection.fetch(statement).await.map_err(translate)
    }
}

fn another_type(name: &str, of: &str, there: &str, wanted: &str) -> Error {
    Error::new(ErrorKind::Config, format!("column `{name}` of table `{of}` has another type"))
        .with_help(format!("it is {there} and the kind wants {wanted}: give the facet a new name"))
}

fn refused(error: sqlx::Error) -> Error {
    match &error {
        // What is wrong with a table today is wrong tomorrow: not a reason to try again later.
        sqlx::Error::Database(_) if !is_lost(&error) && !lost_its_turn(&error) => {
            let refused = translate(error);
            match refused.kind() {
                ErrorKind::Unavailable => {
                    Error::new(ErrorKind::Config, "the database refuses a table, an index or a trigger")
                        .with_help("look at its log for the code below, and at what this user may do")
                        .because(refused)
                }
                _ => refused,
            }
        }
        _ => translate(error),
    }
}

/// `varchar` of `varchar(200)`, `text` of `text COLLATE "C"`; SQLite's words are one already.
fn first_word(column_type: &str) -> String {
    let end = column_type.find([' ', '(']).unwrap_or(column_type.len());
    column_type.get(..end).unwrap_or_default().to_ascii_lowercase()
}
