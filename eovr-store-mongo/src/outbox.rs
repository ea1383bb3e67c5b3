//! The feed, and the outbox over it.

use std::collections::BTreeMap;

use eovr_core::ports::{Parcel, Posted};
use eovr_core::{Error, ErrorKind, Result, Timestamp};
use mongodb::bson::{Bson, Document, RawDocumentBuf, Uuid, doc};
use mongodb::{Collection, Database};

use crate::error::{after_write, translate, translate_write};
use crate::rows::{count, get, int, text};
use crate::schema::{EVENTS, OUTBOX};

/// What is handed over in one trip. The server makes more trips of what is too much for one.
const BATCH: u32 = 10_000;

/// The messages at the positions that pass, oldest first.
pub(crate) async fn messages(database: &Database, positions: Document, limit: u32) -> Result<Vec<Posted>> {
    if limit == 0 {
        return Ok(Vec::new()); // the server takes it for no limit
    }
    let events: Collection<RawDocumentBuf> = database.collection(EVENTS);
    let asked = events.find(doc! { "_id": positions }).sort(doc! { "_id": 1 }).limit(limit.into());
    let asked = asked.projection(doc! { "message": 1 }).batch_size(limit.min(BATCH));
    let mut cursor = asked.await.map_err(translate)?;
    let mut posted = Vec::new();
    while cursor.advance().await.map_err(translate)? {
        let message = cursor.current();
        posted.push(Posted {
            position: count(get(message, "_id")?)?,
            message: text(get(message, "message")?)?.to_owned(),
        });
    }
    Ok(posted)
}

/// Finds messages that nobody holds, claims them under a token of its own, and sees which it has won. Who
/// goes away in between holds messages that nobody delivers until their time has come.
pub(crate) async fn lease(
    database: &Database,
    limit: u32,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Parcel>> {
    let outbox: Collection<RawDocumentBuf> = database.collection(OUTBOX);
    let (now, until) = (now.as_micros(), until.as_micros());
    let mut attempts: BTreeMap<i64, u32> = BTreeMap::new();
    let mut last = i64::MIN;
    loop {
        let left = i64::from(limit) - i64::try_from(attempts.len()).unwrap_or(i64::MAX);
        if left <= 0 {
            break;
        }
        let free = doc! { "_id": { "$gt": last }, "held_until": { "$lte": now } };
        let asked = outbox.find(free).sort(doc! { "_id": 1 }).limit(left).projection(doc! { "_id": 1 });
        // What was claimed before is held, also where the rest goes wrong.
        let lost = |error| if attempts.is_empty() { translate(error) } else { after_write(translate(error)) };
        let mut cursor = asked.batch_size(BATCH).await.map_err(lost)?;
        let mut found = Vec::new();
        while cursor.advance().await.map_err(lost)? {
            found.push(int(get(cursor.current(), "_id")?)?);
        }
        let Some(newest) = found.last() else { break };
        last = *newest;
        claim(&outbox, found, now, until, &mut attempts).await?;
    }
    let positions: Vec<i64> = attempts.keys().copied().collect();
    let most = u32::try_from(positions.len()).unwrap_or(u32::MAX);
    let posted = messages(database, doc! { "$in": positions }, most).await.map_err(after_write)?;
    if posted.len() != attempts.len() {
        return Err(Error::new(ErrorKind::Tampered, "the outbox has a message that the feed does not have"));
    }
    let parcels = posted.into_iter().zip(attempts.into_values());
    Ok(parcels
        .map(|(Posted { position, message }, attempts)| Parcel { id: position, attempts, message })
        .collect())
}

/// Claims those of the found that nobody else was faster with, and adds them to `won`.
async fn claim(
    outbox: &Collection<RawDocumentBuf>,
    found: Vec<i64>,
    now: i64,
    until: i64,
    won: &mut BTreeMap<i64, u32>,
) -> Result<()> {
    let token = Bson::from(Uuid::new());
    let free = doc! { "_id": { "$in": found }, "held_until": { "$lte": now } };
    let hold = doc! { "$set": { "held_until": until, "lease": &token }, "$inc": { "attempts": 1_i64 } };
    let claimed = outbox.update_many(free, hold).await.map_err(translate_write)?;
    if claimed.matched_count == 0 {
        return Ok(());
    }
    let asked = outbox.find(doc! { "lease": token }).projection(doc! { "attempts": 1 });
    let mut cursor = asked.batch_size(BATCH).await.map_err(translate).map_err(after_write)?;
    while cursor.advance().await.map_err(translate).map_err(after_write)? {
        let parcel = cursor.current();
        let attempts = count(get(parcel, "attempts")?)?;
        won.insert(int(get(parcel, "_id")?)?, u32::try_from(attempts).unwrap_or(u32::MAX));
    }
    Ok(())
}

/// Takes delivered messages out of the outbox; the feed keeps them.
pub(crate) async fn acknowledge(database: &Database, ids: &[u64]) -> Result<()> {
    let ids: Vec<i64> = ids.iter().filter_map(|id| i64::try_from(*id).ok()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let outbox: Collection<RawDocumentBuf> = database.collection(OUTBOX);
    outbox.delete_many(doc! { "_id": { "$in": ids } }).await.map(drop).map_err(translate_write)
}
