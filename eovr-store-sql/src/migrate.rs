//! Tables and indexes for a catalogue of kinds. Only ever adds.

use std::collections::BTreeMap;

use eovr_core::{Error, ErrorKind, Result};
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

use crate::dialect;
use crate::error::translate;
use crate::schema::Schema;

/// Makes what is missing, in one transaction: twenty nodes may start at once.
pub(crate) async fn prepare(connection: &mut SqliteConnection, schemas: &[&Schema]) -> Result<()> {
    run(connection, "BEGIN IMMEDIATE".to_owned()).await?;
    match add(connection, schemas).await {
        Ok(()) => run(connection, "COMMIT".to_owned()).await,
        Err(error) => {
            // The transaction may be gone already; what matters is the first error.
            let _ = run(connection, "ROLLBACK".to_owned()).await;
            Err(error)
        }
    }
}

async fn add(connection: &mut SqliteConnection, schemas: &[&Schema]) -> Result<()> {
    for statement in dialect::system_tables() {
        run(connection, statement.to_owned()).await?;
    }
    for schema in schemas {
        run(connection, schema.create_table()).await?;
        add_columns(connection, schema).await?;
        for index in schema.create_indexes() {
            run(connection, index).await.map_err(|error| match error.kind() {
                ErrorKind::Conflict => Error::new(
                    ErrorKind::Config,
                    format!("a facet of `{}` was made unique, and two records share a value", schema.name),
                ),
                _ => error,
            })?;
        }
        for trigger in schema.create_triggers() {
            run(connection, trigger).await?;
        }
    }
    Ok(())
}

/// A kind that has learnt a facet gets a column; a facet that has changed its type is a mistake of the
/// host, and is refused before anything is read wrongly.
async fn add_columns(connection: &mut SqliteConnection, schema: &Schema) -> Result<()> {
    let query = format!("SELECT name, type FROM pragma_table_info('{}')", schema.name);
    let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&mut *connection).await.map_err(translate)?;
    let found: BTreeMap<String, String> = rows
        .iter()
        .map(|row| Ok((row.try_get(0).map_err(translate)?, row.try_get(1).map_err(translate)?)))
        .collect::<Result<_>>()?;
    // Left out, its values would be missing from records whose audit chain says that they are there.
    if let Some(name) = found.keys().find(|name| !schema.has_column(name)) {
        return Err(Error::new(
            ErrorKind::Config,
            format!("table `{}` has a column `{name}` that its kind does not know", schema.name),
        )
        .with_help("keep the facet or field in the kind; an action that does not set it retires it"));
    }
    for slot in &schema.slots {
        match found.get(slot.name.as_str()) {
            None => {
                let add = format!(
                    "ALTER TABLE \"{}\" ADD COLUMN \"{}\" {}",
                    schema.name,
                    slot.name,
                    slot.type_name()
                );
                run(connection, add).await?;
            }
            Some(there) if there != slot.type_name() => {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("column `{}` of table `{}` has another type", slot.name, schema.name),
                )
                .with_help(format!(
                    "it is {there} and the kind wants {}: give the facet a new name",
                    slot.type_name()
                )));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

async fn run(connection: &mut SqliteConnection, statement: String) -> Result<()> {
    sqlx::query(AssertSqlSafe(statement))
        .persistent(false)
        .execute(connection)
        .await
        .map(drop)
        .map_err(translate)
}
