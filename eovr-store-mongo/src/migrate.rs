//! Creates collections and indexes for a catalog of kinds. It only adds.
//!
//! A collection accepts any document, so the layout is stored with the counters: the fields of each kind with their
//! types.

use std::sync::Arc;

use eovr_core::kind::Kind;
use eovr_core::{Error, ErrorKind, Name, Result};
use mongodb::bson::{Bson, Document, doc};
use mongodb::{Collection, Database};

use crate::commit::Schemas;
use crate::error::{code, code_of, damaged, translate};
use crate::schema::{COUNTERS, Schema, Slot, system_indexes};
use crate::transaction::{COUNTER, WATERMARK};

/// The id of the document in `counters` that stores the layout.
const LAYOUT: &str = "layout";

/// The version of the layout that this code reads and writes. Up to version 1 a commit wrote its outbox rows itself,
/// and there was no watermark.
const VERSION: i64 = 2;

/// Creates what is missing, and needs no privileges where nothing is missing. Every step is idempotent, and many nodes
/// may run it at once.
///
/// Returns the kinds with the additional fields of their documents.
pub(crate) async fn prepare(database: &Database, schemas: &Schemas) -> Result<Schemas> {
    let counters = database.collection(COUNTERS);
    let version = check_version(&counters).await?;
    begin(&counters, COUNTER, first_counter()).await?;
    // This must precede the new layout version and the first commit of any node of this release.
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

/// The commands of [`prepare`], which are not sent.
pub(crate) async fn plan(database: &Database, schemas: &Schemas) -> Result<Vec<Document>> {
    let counters = database.collection(COUNTERS);
    let version = check_version(&counters).await?;
    let known = layout(&counters).await?.unwrap_or_else(|| doc! { "kinds": {} });
    let mut set = missing_fields(&known, schemas)?;
    if version != Some(VERSION) {
        set.insert("version", VERSION);
    }
    let mut updates = Vec::new();
    for (id, content) in [(COUNTER, first_counter()), (WATERMARK, watermark(&counters, version).await?)] {
        if counters.find_one(doc! { "_id": id }).await.map_err(translate)?.is_none() {
            updates.push((id, doc! { "$setOnInsert": content }));
        }
    }
    if !set.is_empty() {
        updates.push((LAYOUT, doc! { "$set": set }));
    }
    let update = |(id, change): (&str, Document)| {
        doc! { "update": COUNTERS, "updates": [{ "q": { "_id": id }, "u": change, "upsert": true }] }
    };
    let mut commands: Vec<_> = updates.into_iter().map(update).collect();
    let own = system_indexes().into_iter().map(|(name, indexes)| (name.to_owned(), indexes));
    let kinds = schemas.values().map(|schema| (schema.collection.clone(), schema.indexes()));
    for (collection, indexes) in own.chain(kinds) {
        if indexes.is_empty() {
            continue;
        }
        let missing = missing_indexes(database, &collection, indexes).await.map_err(translate)?;
        if !missing.is_empty() {
            commands.push(doc! { "createIndexes": collection, "indexes": missing });
        }
    }
    Ok(commands)
}

/// The kinds to which another node has added fields that these kinds do not have, with those fields.
pub(crate) async fn carrying(counters: &Collection<Document>, schemas: &Schemas) -> Result<Schemas> {
    let layout = layout(counters).await?.ok_or_else(damaged)?;
    let kinds = layout.get_document("kinds").map_err(|_| damaged())?;
    let mut carrying = Schemas::new();
    for (kind, schema) in schemas {
        let Ok(fields) = kinds.get_document(kind.as_str()) else { continue };
        let unknown = fields.iter().filter(|(name, _)| !schema.slots.contains_key(name.as_str()));
        let slot = |(name, type_name): (&String, &Bson)| {
            // Ignore the layout's entries for fields that every document has.
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

/// The version of the layout; `None` for a new database. Refuses a database with the layout of a newer release.
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

fn first_counter() -> Document {
    doc! { "position": 0_i64, "numbers": {} }
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

/// The messages that an earlier release has committed so far are in the outbox or delivered. Messages that it commits
/// from now on, in parallel, are in the outbox and after the watermark: at worst they are delivered twice.
async fn begin_watermark(counters: &Collection<Document>, version: Option<i64>) -> Result<()> {
    begin(counters, WATERMARK, watermark(counters, version).await?).await
}

async fn watermark(counters: &Collection<Document>, version: Option<i64>) -> Result<Document> {
    let filled = match version {
        Some(..VERSION) => {
            let counter = counters.find_one(doc! { "_id": COUNTER }).await.map_err(translate)?;
            counter.ok_or_else(damaged)?.get_i64("position").map_err(|_| damaged())?
        }
        _ => 0,
    };
    Ok(doc! { "filled": filled })
}

/// Sets our version in an older layout, so that no node of the older release starts again.
async fn renew(counters: &Collection<Document>) -> Result<()> {
    if check_version(counters).await? == Some(VERSION) {
        return Ok(());
    }
    let older = doc! { "_id": LAYOUT, "version": { "$lt": VERSION } };
    counters.update_one(older, doc! { "$set": { "version": VERSION } }).await.map(drop).map_err(translate)
}

/// Stores the new fields. A field whose type has changed is an error of the host and is refused before any wrong read.
async fn learn(counters: &Collection<Document>, schemas: &Schemas) -> Result<()> {
    loop {
        let layout = layout(counters).await?.ok_or_else(damaged)?;
        let missing = missing_fields(&layout, schemas)?;
        if missing.is_empty() {
            return Ok(());
        }
        let mut still_missing = doc! { "_id": LAYOUT, "version": VERSION };
        still_missing.extend(missing.keys().map(|path| (path.clone(), doc! { "$exists": false }.into())));
        let learnt = counters.update_one(still_missing, doc! { "$set": missing }).await.map_err(translate)?;
        if learnt.matched_count == 1 {
            return Ok(());
        }
        // Another node has stored a field meanwhile, perhaps with another type.
        check_version(counters).await?;
    }
}

/// The fields of these kinds that the layout does not have, by path, with their type names.
fn missing_fields(layout: &Document, schemas: &Schemas) -> Result<Document> {
    let known = layout.get_document("kinds").map_err(|_| damaged())?;
    let mut missing = Document::new();
    for schema in schemas.values() {
        let nothing = Document::new();
        let fields = match known.get(schema.name.as_str()) {
            Some(fields) => fields.as_document().ok_or_else(damaged)?,
            None => &nothing,
        };
        check_fields(schema, fields)?;
        let new = schema.slots.iter().filter(|(name, _)| !fields.contains_key(name));
        let path = |name: &Name| format!("kinds.{}.{name}", schema.name);
        missing.extend(new.map(|(name, slot)| (path(name), slot.type_name().into())));
    }
    Ok(missing)
}

fn check_fields(schema: &Schema, known: &Document) -> Result<()> {
    for (name, there) in known {
        let there = there.as_str().ok_or_else(damaged)?;
        // Fields that the kind does not have are kept.
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

/// Creates missing indexes, and with them the collection.
pub(crate) async fn create_indexes(
    database: &Database,
    collection: &str,
    indexes: Vec<Document>,
) -> mongodb::error::Result<()> {
    if indexes.is_empty() {
        return Ok(());
    }
    let indexes = missing_indexes(database, collection, indexes).await?;
    if indexes.is_empty() {
        return Ok(());
    }
    let durable = doc! { "w": "majority", "j": true };
    let command = doc! { "createIndexes": collection, "indexes": indexes, "writeConcern": durable };
    database.run_command(command).await.map(drop)
}

/// An index with the same name and another definition is missing too: it is sent to the server, which refuses it.
async fn missing_indexes(
    database: &Database,
    collection: &str,
    indexes: Vec<Document>,
) -> mongodb::error::Result<Vec<Document>> {
    let there = indexes_of(database, collection).await?;
    Ok(indexes.into_iter().filter(|wanted| !there.iter().any(|there| is_same(wanted, there))).collect())
}

/// The finished indexes. An index in progress is nested one level deeper and is therefore not found; `createIndexes`
/// waits for it.
async fn indexes_of(database: &Database, collection: &str) -> mongodb::error::Result<Vec<Document>> {
    let command =
        doc! { "listIndexes": collection, "includeBuildUUIDs": true, "cursor": { "batchSize": 1000 } };
    let reply = match database.run_command(command).await {
        Err(error) if code_of(&error) == Some(code::NAMESPACE_NOT_FOUND) => return Ok(Vec::new()),
        reply => reply?,
    };
    // A collection has at most 64 indexes, so one batch is enough.
    let batch = reply.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
    let batch = batch.into_iter().flatten();
    Ok(batch.filter_map(|index| index.as_document().cloned()).collect())
}

/// Whether an index has exactly the wanted definition; one that expires is different.
fn is_same(wanted: &Document, there: &Document) -> bool {
    let mut there = there.clone();
    for of_the_server in ["v", "ns", "background"] {
        there.remove(of_the_server);
    }
    wanted.len() == there.len() && wanted.iter().all(|(field, value)| there.get(field) == Some(value))
}
