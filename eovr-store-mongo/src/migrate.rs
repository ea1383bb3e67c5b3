//! Collections and indexes for a catalogue of kinds. Only ever adds.
//!
//! A collection takes any document, so the layout is remembered beside the counters: which fields a kind
//! has, and of which type.

use std::sync::Arc;

use eovr_core::kind::Kind;
use eovr_core::{Error, ErrorKind, Name, Result};
use mongodb::bson::{Bson, Document, doc};
use mongodb::{Collection, Database};

use crate::commit::Schemas;
use crate::error::{code, code_of, damaged, translate};
use crate::schema::{COUNTERS, Schema, Slot, system_indexes};
use crate::transaction::{COUNTER, WATERMARK};

/// The document of the counters that remembers the layout.
const LAYOUT: &str = "layout";

/// The version of the layout that this code reads and writes. Up to version 1 a commit wrote its rows of the
/// outbox itself, and there was no watermark.
const VERSION: i64 = 2;

/// Makes what is missing, and asks for no right where nothing is. Every step may be done twice, and by twenty
/// nodes at once.
///
/// Gives the kinds with what their documents have besides.
pub(crate) async fn prepare(database: &Database, schemas: &Schemas) -> Result<Schemas> {
    let counters = database.collection(COUNTERS);
    let version = check_version(&counters).await?;
    begin(&counters, COUNTER, doc! { "position": 0_i64, "numbers": {} }).await?;
    // Before the layout has its new version, and before any node of this release commits.
    begin_watermark(&counters, version).await?;
    begin(&counters, LAYOUT, doc! { "version": VERSION, "kinds": {} }).await?;
    renew(&counters).await?;
    learn(&counters, schemas).await?;
    for (collection, indexes) in system_indexes() {
        create_indexes(database, collection, indexes).await.map_err(translate)?;
    }
    let mut all = schemas.clone();
    all.extend(carrying(&counters, schemas).await?);
    for schema in all.values() {
        create_indexes(database, &schema.collection, schema.indexes()).await.map_err(
            |error| match code_of(&error) {
                Some(code::DUPLICATE_KEY) => Error::new(
                    ErrorKind::Config,
                    format!("a facet of `{}` was made unique, and two records share a value", schema.name),
                ),
                _ => translate(error).with("kind", &schema.name),
            },
        )?;
    }
    Ok(all)
}

/// The kinds that another node has given fields which these do not have, with them.
pub(crate) async fn carrying(counters: &Collection<Document>, schemas: &Schemas) -> Result<Schemas> {
    let layout = layout(counters).await?.ok_or_else(damaged)?;
    let kinds = layout.get_document("kinds").map_err(|_| damaged())?;
    let mut carrying = Schemas::new();
    for (kind, schema) in schemas {
        let Ok(fields) = kinds.get_document(kind.as_str()) else { continue };
        let unknown = fields.iter().filter(|(name, _)| !schema.slots.contains_key(name.as_str()));
        let slot = |(name, type_name): (&String, &Bson)| {
            // What the layout says of the fields that every document has is not believed.
            let name = Name::new(name).ok().filter(|name| !Kind::is_reserved(name))?;
            Some((name, Slot::carried(type_name.as_str()?)?))
        };
        let slots: Vec<_> = unknown.filter_map(slot).collect();
        if !slots.is_empty() {
            let mut schema = Schema::clone(schema);
            schema.slots.extend(slots);
            carrying.insert(kind.clone(), Arc::new(schema));
        }
    }
    Ok(carrying)
}

/// The version of the layout; none, where there is none yet. Refuses a database that a newer release has
/// laid out.
pub(crate) async fn check_version(counters: &Collection<Document>) -> Result<Option<i64>> {
    let Some(layout) = layout(counters).await? else { return Ok(None) };
    let version = layout.get_i64("version").map_err(|_| damaged())?;
    if version > VERSION { Err(newer()) } else { Ok(Some(version)) }
}

fn newer() -> Error {
    Error::new(ErrorKind::Config, "the database was made by a newer eovr")
        .with_help("start the release that made it, or a later one; nothing was changed")
}

async fn layout(counters: &Collection<Document>) -> Result<Option<Document>> {
    counters.find_one(doc! { "_id": LAYOUT }).await.map_err(translate)
}

async fn begin(counters: &Collection<Document>, id: &str, content: Document) -> Result<()> {
    if counters.find_one(doc! { "_id": id }).await.map_err(translate)?.is_some() {
        return Ok(());
    }
    let made = counters.update_one(doc! { "_id": id }, doc! { "$setOnInsert": content }).upsert(true).await;
    match made {
        // Another node was faster.
        Err(error) if code_of(&error) == Some(code::DUPLICATE_KEY) => Ok(()),
        made => made.map(drop).map_err(translate),
    }
}

/// What a release before has committed up to now stands in the outbox, or was delivered. What it commits
/// from now on, beside us, stands there and lies behind the watermark: at worst it is delivered twice.
async fn begin_watermark(counters: &Collection<Document>, version: Option<i64>) -> Result<()> {
    let filled = match version {
        Some(..VERSION) => {
            let counter = counters.find_one(doc! { "_id": COUNTER }).await.map_err(translate)?;
            counter.ok_or_else(damaged)?.get_i64("position").map_err(|_| damaged())?
        }
        _ => 0,
    };
    begin(counters, WATERMARK, doc! { "filled": filled }).await
}

/// Gives an older layout our version, so that no node of that release starts on it again.
async fn renew(counters: &Collection<Document>) -> Result<()> {
    if check_version(counters).await? == Some(VERSION) {
        return Ok(());
    }
    let older = doc! { "_id": LAYOUT, "version": { "$lt": VERSION } };
    counters.update_one(older, doc! { "$set": { "version": VERSION } }).await.map(drop).map_err(translate)
}

/// Remembers the fields that are new; a field that has changed its type is a mistake of the host, and is refused
/// before anything is read wrongly.
async fn learn(counters: &Collection<Document>, schemas: &Schemas) -> Result<()> {
    loop {
        let layout = layout(counters).await?.ok_or_else(damaged)?;
        let known = layout.get_document("kinds").map_err(|_| damaged())?;
        let (mut missing, mut still_missing) = (Document::new(), doc! { "_id": LAYOUT, "version": VERSION });
        for schema in schemas.values() {
            let nothing = Document::new();
            let fields = match known.get(schema.name.as_str()) {
                Some(fields) => fields.as_document().ok_or_else(damaged)?,
                None => &nothing,
            };
            check_fields(schema, fields)?;
            for (name, slot) in &schema.slots {
                if !fields.contains_key(name) {
                    let path = format!("kinds.{}.{name}", schema.name);
                    still_missing.insert(&path, doc! { "$exists": false });
                    missing.insert(path, slot.type_name());
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let learnt = counters.update_one(still_missing, doc! { "$set": missing }).await.map_err(translate)?;
        if learnt.matched_count == 1 {
            return Ok(());
        }
        // Another node has learnt something meanwhile, perhaps another type.
        check_version(counters).await?;
    }
}

fn check_fields(schema: &Schema, known: &Document) -> Result<()> {
    for (name, there) in known {
        let there = there.as_str().ok_or_else(damaged)?;
        // What the kind does not have is carried.
        let Some(slot) = schema.slots.get(name.as_str()) else { continue };
        if there != slot.type_name() {
            return Err(Error::new(
                ErrorKind::Config,
                format!("field `{name}` of collection `{}` has another type", schema.collection),
            )
            .with_help(format!(
                "it is {there} and the kind wants {}: give the facet a new name",
                slot.type_name()
            )));
        }
    }
    Ok(())
}

/// Makes the indexes that are missing, and the collection with them.
pub(crate) async fn create_indexes(
    database: &Database,
    collection: &str,
    indexes: Vec<Document>,
) -> mongodb::error::Result<()> {
    if indexes.is_empty() {
        return Ok(());
    }
    let there = indexes_of(database, collection).await?;
    // One that is there under its name and is another one goes to the server, which refuses it.
    let indexes: Vec<Document> =
        indexes.into_iter().filter(|wanted| !there.iter().any(|there| is_same(wanted, there))).collect();
    if indexes.is_empty() {
        return Ok(());
    }
    let durable = doc! { "w": "majority", "j": true };
    let command = doc! { "createIndexes": collection, "indexes": indexes, "writeConcern": durable };
    database.run_command(command).await.map(drop)
}

/// The indexes that are finished. One that is being made stands one level deeper, and so is not found:
/// `createIndexes` waits for it.
async fn indexes_of(database: &Database, collection: &str) -> mongodb::error::Result<Vec<Document>> {
    let command =
        doc! { "listIndexes": collection, "includeBuildUUIDs": true, "cursor": { "batchSize": 1000 } };
    let reply = match database.run_command(command).await {
        Err(error) if code_of(&error) == Some(code::NAMESPACE_NOT_FOUND) => return Ok(Vec::new()),
        reply => reply?,
    };
    // A collection has 64 at most, so there is one batch.
    let batch = reply.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
    let batch = batch.into_iter().flatten();
    Ok(batch.filter_map(|index| index.as_document().cloned()).collect())
}

/// Whether an index is what is wanted, with nothing on top: one that expires is another one.
fn is_same(wanted: &Document, there: &Document) -> bool {
    let mut there = there.clone();
    for of_the_server in ["v", "ns", "background"] {
        there.remove(of_the_server);
    }
    wanted.len() == there.len() && wanted.iter().all(|(field, value)| there.get(field) == Some(value))
}
