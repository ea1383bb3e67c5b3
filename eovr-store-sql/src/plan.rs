//! What the store would change in a database, and which records the kinds strand. It changes nothing.

use std::collections::BTreeMap;

use eovr_core::Result;
use eovr_core::kind::{Catalog, Kind, Plan, Sealing, Stranded};

use crate::commit::Schemas;
use crate::connection::Connection;
use crate::dialect::Dialect;
use crate::error::{damaged, translate};
use crate::migrate;
use crate::query::Statement;
use crate::schema::Schema;

/// Reads everything in one transaction.
pub(crate) async fn plan(
    connection: &mut Connection,
    dialect: Dialect,
    schemas: &Schemas,
    catalog: &Catalog,
) -> Result<Plan> {
    connection.begin().await.map_err(translate)?;
    let mut plan = Plan::default();
    plan.statements = migrate::plan(connection, dialect, schemas).await?;
    for kind in catalog.kinds() {
        if let Some(schema) = schemas.get(kind.name()) {
            plan.stranded.extend(stranded(connection, dialect, kind, schema).await?);
        }
    }
    connection.run("ROLLBACK").await.map_err(translate)?;
    Ok(plan)
}

async fn stranded(
    connection: &mut Connection,
    dialect: Dialect,
    kind: &Kind,
    schema: &Schema,
) -> Result<Vec<Stranded>> {
    let columns = connection.fetch(migrate::ask_table(dialect, schema)).await.map_err(translate)?;
    let columns = migrate::read_table(&columns)?;
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let facets = kind.facets().filter(|facet| facet.required && !facet.computed).map(|facet| &facet.name);
    // The other fields share one column, and so does a field that was not searchable until now.
    let fields = kind.fields().filter(|field| field.required && field.sealing == Sealing::Deterministic);
    let fields = fields.filter(|field| columns.contains_key(field.name.as_str()));
    let required: Vec<_> = facets.chain(fields.map(|field| &field.name)).collect();
    let counts = required.iter().map(|name| match columns.contains_key(name.as_str()) {
        true => format!(", COUNT(\"{name}\")"),
        false => ", 0".to_owned(),
    });
    let counts: String = counts.collect();
    let question = format!("SELECT \"state\", COUNT(*){counts} FROM \"{}\" GROUP BY \"state\"", kind.name());
    let mut counted = Vec::new();
    for row in connection.fetch(Statement::new(question)).await.map_err(translate)? {
        let (state, records) = (row.text(0)?.ok_or_else(damaged)?.to_owned(), row.count(1)?);
        let mut without = BTreeMap::new();
        for (at, name) in (2..).zip(&required) {
            let with = if columns.contains_key(name.as_str()) { row.count(at)? } else { 0 };
            without.insert((*name).clone(), records.saturating_sub(with));
        }
        counted.push((state, records, without));
    }
    counted.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(Stranded::of(kind, counted))
}
