//! What the store would change in a database, and which records the kinds strand. It changes nothing.

use std::collections::BTreeMap;

use eovr_core::Result;
use eovr_core::kind::{Catalog, Kind, Plan, Stranded};
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};

use crate::commit::Schemas;
use crate::error::{damaged, translate};
use crate::migrate;
use crate::schema::Schema;

pub(crate) async fn plan(database: &Database, schemas: &Schemas, catalog: &Catalog) -> Result<Plan> {
    let mut plan = Plan::default();
    plan.statements = migrate::plan(database, schemas).await?.iter().map(Document::to_string).collect();
    for kind in catalog.kinds() {
        if let Some(schema) = schemas.get(kind.name()) {
            plan.stranded.extend(stranded(database, kind, schema).await?);
        }
    }
    Ok(plan)
}

async fn stranded(database: &Database, kind: &Kind, schema: &Schema) -> Result<Vec<Stranded>> {
    let facets = kind.facets().filter(|facet| facet.required && !facet.computed).map(|facet| &facet.name);
    let fields = kind.fields().filter(|field| field.required).map(|field| &field.name);
    let required: Vec<_> = facets.chain(fields).collect();
    let mut group = doc! { "_id": "$state", "records": { "$sum": 1 } };
    for (at, name) in required.iter().enumerate() {
        // A value that is not set has no field.
        let absent = doc! { "$eq": [{ "$type": format!("${name}") }, "missing"] };
        group.insert(format!("without_{at}"), doc! { "$sum": { "$cond": [absent, 1, 0] } });
    }
    let records = database.collection::<Document>(&schema.collection);
    let pipeline = [doc! { "$group": group }, doc! { "$sort": { "_id": 1 } }];
    let mut cursor = records.aggregate(pipeline).await.map_err(translate)?;
    let mut counted = Vec::new();
    while cursor.advance().await.map_err(translate)? {
        let group = cursor.deserialize_current().map_err(translate)?;
        let state = group.get_str("_id").map_err(|_| damaged())?.to_owned();
        let mut without = BTreeMap::new();
        for (at, name) in required.iter().enumerate() {
            without.insert((*name).clone(), count(&group, &format!("without_{at}"))?);
        }
        counted.push((state, count(&group, "records")?, without));
    }
    Ok(Stranded::of(kind, counted))
}

/// The server answers with the narrowest type.
fn count(group: &Document, name: &str) -> Result<u64> {
    let count = match group.get(name) {
        Some(Bson::Int32(count)) => i64::from(*count),
        Some(Bson::Int64(count)) => *count,
        _ => return Err(damaged()),
    };
    u64::try_from(count).map_err(|_| damaged())
}
