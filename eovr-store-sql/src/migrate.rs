//! Creates tables and indexes for a catalog of kinds. It only adds.

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

/// The layout version that this code writes. It increases when older code can no longer read or write the tables
/// correctly.
const LAYOUT: i64 = 1;

/// Creates what is missing, one node at a time, because many nodes may start at once. It uses one transaction, except
/// on MariaDB, where each change of a table commits by itself and the next start completes the rest.
///
/// Returns the kinds with the additional columns of their tables.
pub(crate) async fn prepare(
    connection: &mut Connection,
    dialect: Dialect,
    schemas: &Schemas,
) -> Result<Schemas> {
    let mut ground = Ground { connection, dialect, planned: None };
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
    // After an error the transaction may already have ended; the first error is returned.
    let ended = ground.run(end).await;
    let carrying = added?;
    ended.map(|()| carrying)
}

/// The statements of [`prepare`], which are not run.
pub(crate) async fn plan(
    connection: &mut Connection,
    dialect: Dialect,
    schemas: &Schemas,
) -> Result<Vec<String>> {
    let mut ground = Ground { connection, dialect, planned: Some(Vec::new()) };
    ground.add(schemas).await?;
    Ok(ground.planned.unwrap_or_default())
}

/// The columns of each kind with their type names.
pub(crate) type Columns = BTreeMap<(String, String), String>;

pub(crate) fn ask_columns() -> Statement {
    Statement::new(format!("SELECT kind, name, type FROM {COLUMNS}"))
}

pub(crate) fn read_columns(rows: &[Row]) -> Result<Columns> {
    let text = |row: &Row, at| Ok::<_, Error>(row.text(at)?.ok_or_else(damaged)?.to_owned());
    let column = |row: &Row| Ok(((text(row, 0)?, text(row, 1)?), text(row, 2)?));
    rows.iter().map(column).collect()
}

/// The columns that another node has added to a kind and that this node's kind does not have.
pub(crate) fn unknown(schema: &Schema, columns: &Columns) -> Vec<Slot> {
    let of_kind = columns.iter().filter(|((of, _), _)| *of == *schema.name.as_str());
    let unknown = of_kind.filter(|((_, name), _)| !schema.has_column(name));
    let slot = |((_, name), type_name): (&(String, String), &String)| {
        Slot::carried(Name::new(name).ok()?, type_name)
    };
    unknown.filter_map(slot).collect()
}

/// The kind with those columns that its table really has; `None` without any. The layout alone is no proof.
pub(crate) fn carrying(
    schema: &Schema,
    unknown: Vec<Slot>,
    there: &BTreeMap<String, String>,
) -> Option<Schema> {
    let there: Vec<Slot> =
        unknown.into_iter().filter(|slot| there.contains_key(slot.name.as_str())).collect();
    (!there.is_empty()).then(|| schema.carrying(there))
}

/// Queries the columns of a kind's table with their types.
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

/// A database during preparation.
struct Ground<'c> {
    connection: &'c mut Connection,
    dialect: Dialect,
    /// For a plan: the statements that would be run.
    planned: Option<Vec<String>>,
}

impl Ground<'_> {
    /// Skips what already exists, because even `IF NOT EXISTS` makes PostgreSQL wait for writers, and writers for us.
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
            // Checked first, because a user with only read and write rights may not even run `IF NOT EXISTS`.
            if self.columns(schema).await?.is_empty() {
                self.run(schema.create_table()).await?;
            } else {
                self.add_columns(schema).await?;
            }
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
            return Ok(Columns::new());
        }
        let rows = self.fetch(ask_columns()).await?;
        read_columns(&rows)
    }

    /// Stores the columns' types for nodes whose kind does not have them.
    async fn remember_columns(&mut self, schema: &Schema, columns: &Columns) -> Result<()> {
        for slot in &schema.slots {
            let (kind, name) = (schema.name.to_string(), slot.name.to_string());
            match columns.get(&(kind.clone(), name.clone())) {
                Some(known) if known != slot.type_name() => {
                    return Err(another_type(&name, &kind, known, slot.type_name()));
                }
                Some(_) => {}
                None => {
                    // Names have no quotes.
                    let values = format!("'{kind}', '{name}', '{}'", slot.type_name());
                    self.run(format!("INSERT INTO {COLUMNS} (kind, name, type) VALUES ({values})")).await?;
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

    /// On MariaDB only an account that may create triggers can see them. The account that prepares the database is
    /// responsible for them; the service's account skips this.
    async fn guard(&mut self, create: String) -> Result<()> {
        if self.planned.is_some() {
            return self.run(create).await;
        }
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

    /// Refuses a database of a newer release, which may contain things that this release does not know.
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
                // Written last, so that its presence proves that the other tables exist.
                self.run(format!("INSERT INTO layout (version) VALUES ({LAYOUT})")).await
            }
            Some(version) if version <= LAYOUT => Ok(()),
            Some(version) => Err(Error::new(ErrorKind::Config, "the database was laid out by a newer eovr")
                .with_help("run that release or a later one; nothing was changed")
                .with("its_layout", version)
                .with("our_layout", LAYOUT)),
        }
    }

    /// A new facet of a kind gets a column. A facet whose type has changed is an error of the host and is refused
    /// before any wrong read.
    async fn add_columns(&mut self, schema: &Schema) -> Result<()> {
        let found = self.columns(schema).await?;
        // Without the column, values that the audit chain records would be missing from the records.
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
                // Compares only the first word, because databases add or omit lengths and collations.
                Some(there) if first_word(there) != first_word(&wanted) => {
                    return Err(another_type(slot.name.as_str(), schema.name.as_str(), there, &wanted));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// The columns of a kind's table with their types.
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

    /// The names that a query about one thing returns.
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
        if let Some(planned) = &mut self.planned {
            planned.push(sql.into());
            return Ok(());
        }
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
        // A table with a wrong definition stays wrong, so a retry does not help.
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

/// `varchar` of `varchar(200)`, `text` of `text COLLATE "C"`; SQLite's types are single words.
fn first_word(column_type: &str) -> String {
    let end = column_type.find([' ', '(']).unwrap_or(column_type.len());
    column_type.get(..end).unwrap_or_default().to_ascii_lowercase()
}
