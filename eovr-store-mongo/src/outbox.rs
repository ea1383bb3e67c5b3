//! The feed, and the outbox over it.
//!
//! A message is added to the outbox when it is first leased. A single number, the watermark, marks how far this has
//! progressed; this works because positions have no gaps and are in commit order. Commits therefore do not write to the
//! outbox, and a host that never leases has no cost.

use std::collections::BTreeMap;
use std::time::Duration;

use eovr_core::ports::{Parcel, Posted};
use eovr_core::{Error, ErrorKind, Result, Timestamp};
use mongodb::bson::{Document, RawDocumentBuf, Uuid, doc};
use mongodb::{Collection, Database};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::error::{after_write, out_of_time, translate, translate_write, unprepared};
use crate::rows::{count, get, int, text};
use crate::schema::{COUNTERS, EVENTS, OUTBOX};
use crate::transaction::{COUNTER, Failed, Transactions, WATERMARK};
use crate::writer::{MOST_PATIENCE, PATIENT_FOR, pause};

/// The maximum number of documents per command. The server splits larger commands.
const BATCH: u32 = 10_000;

/// The messages whose positions match the condition, oldest first.
pub(crate) async fn messages(database: &Database, positions: Document, limit: u32) -> Result<Vec<Posted>> {
    if limit == 0 {
        return Ok(Vec::new()); // the server treats 0 as no limit
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

/// Leases messages.
#[derive(Debug)]
pub(crate) struct Outbox {
    transactions: Transactions,
    database: Database,
    patience: Duration,
}

/// The lease counts of the leased messages, by position.
type Held = BTreeMap<i64, u32>;

impl Outbox {
    pub(crate) fn new(transactions: Transactions, database: Database, patience: Duration) -> Self {
        Self { transactions, database, patience: patience.min(MOST_PATIENCE) }
    }

    /// Leases first the messages whose lease has expired, then messages that were never leased. If the caller is
    /// cancelled in between, the messages stay leased until the lease expires.
    pub(crate) async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        let (limit, now, until) = (i64::from(limit), now.as_micros(), until.as_micros());
        let mut held = Held::new();
        if let Err(error) = self.hold(limit, now, until, &mut held).await {
            // The messages claimed so far stay leased, even if the rest fails.
            return Err(if held.is_empty() { error } else { after_write(error) });
        }
        let mut parcels = Vec::with_capacity(held.len());
        let positions: Vec<i64> = held.keys().copied().collect();
        for some in positions.chunks(BATCH as usize) {
            let posted = messages(&self.database, doc! { "$in": some }, BATCH).await.map_err(after_write)?;
            if posted.len() != some.len() {
                let message = "the outbox has a message that the feed does not have";
                return Err(Error::new(ErrorKind::Tampered, message));
            }
            parcels.extend(posted);
        }
        let parcels = parcels.into_iter().zip(held.into_values());
        Ok(parcels
            .map(|(Posted { position, message }, attempts)| Parcel { id: position, attempts, message })
            .collect())
    }

    async fn hold(&self, limit: i64, now: i64, until: i64, held: &mut Held) -> Result<()> {
        let left = |held: &Held| (limit - i64::try_from(held.len()).unwrap_or(i64::MAX)).min(BATCH.into());
        let mut last = i64::MIN;
        while left(held) > 0
            && let Some(newest) = self.claim(last, left(held), now, until, held).await?
        {
            last = newest;
        }
        while left(held) > 0 && self.fill(left(held), until, held).await? {}
        Ok(())
    }

    /// Finds messages after a position that have no lease, claims them under its own token, and reads which ones it has
    /// won. Returns the last one found.
    async fn claim(
        &self,
        after: i64,
        most: i64,
        now: i64,
        until: i64,
        held: &mut Held,
    ) -> Result<Option<i64>> {
        let outbox = self.rows();
        let free = doc! { "_id": { "$gt": after }, "held_until": { "$lte": now } };
        let asked = outbox.find(free).sort(doc! { "_id": 1 }).limit(most).projection(doc! { "_id": 1 });
        let mut cursor = asked.batch_size(BATCH).await.map_err(translate)?;
        let mut found = Vec::new();
        while cursor.advance().await.map_err(translate)? {
            found.push(int(get(cursor.current(), "_id")?)?);
        }
        let Some(newest) = found.last().copied() else { return Ok(None) };
        let token = Uuid::new();
        let free = doc! { "_id": { "$in": found }, "held_until": { "$lte": now } };
        let hold = doc! { "$set": { "held_until": until, "lease": token }, "$inc": { "attempts": 1_i64 } };
        let claimed = outbox.update_many(free, hold).await.map_err(translate_write)?;
        if claimed.matched_count > 0 {
            self.look(token, held).await.map_err(after_write)?;
        }
        Ok(Some(newest))
    }

    /// Adds new messages to the outbox, leased from the start, and no more than are wanted now, because the log may be
    /// long and its reader slow. `false`: there are none.
    async fn fill(&self, most: i64, until: i64, held: &mut Held) -> Result<bool> {
        // An earlier transaction may have committed.
        let mut doubt = false;
        let filled = self.try_fill(most, until, held, &mut doubt).await;
        filled.map_err(|error| if doubt { after_write(error) } else { error })
    }

    async fn try_fill(&self, most: i64, until: i64, held: &mut Held, doubt: &mut bool) -> Result<bool> {
        let (token, deadline) = (Uuid::new(), Instant::now() + self.patience);
        for attempt in 0.. {
            let (filled, last) = self.unfilled().await?;
            // Read after the watermark, so that a message missing there is found here.
            if *doubt && self.look(token, held).await? {
                return Ok(true);
            }
            let last = last.min(filled.saturating_add(most));
            if last <= filled {
                return Ok(false);
            }
            let filling = self.transactions.fill((filled, last), until, token, doubt);
            match timeout_at(deadline, filling).await {
                Ok(Ok(())) => return self.look(token, held).await.map(|_| true),
                Ok(Err(Failed::Refused(error))) => return Err(error),
                // Another node is leasing too.
                Ok(Err(Failed::Conflict | Failed::Again)) => {}
                Err(_) => break,
            }
            if attempt % PATIENT_FOR == PATIENT_FOR - 1 {
                let _ = timeout_at(deadline, self.transactions.end_abandoned()).await;
            }
            let next = Instant::now() + pause(attempt);
            if next > deadline {
                break;
            }
            sleep_until(next).await;
        }
        Err(out_of_time())
    }

    /// The watermark and the last position.
    async fn unfilled(&self) -> Result<(i64, i64)> {
        let counters: Collection<RawDocumentBuf> = self.database.collection(COUNTERS);
        let asked = counters.find(doc! { "_id": { "$in": [COUNTER, WATERMARK] } });
        let mut cursor = asked.projection(doc! { "filled": 1, "position": 1 }).await.map_err(translate)?;
        let (mut filled, mut last) = (None, None);
        while cursor.advance().await.map_err(translate)? {
            let counter = cursor.current();
            match text(get(counter, "_id")?)? {
                COUNTER => last = Some(int(get(counter, "position")?)?),
                _ => filled = Some(int(get(counter, "filled")?)?),
            }
        }
        filled.zip(last).ok_or_else(unprepared)
    }

    /// Reads the messages that are leased under a token; `false`: there are none.
    async fn look(&self, token: Uuid, held: &mut Held) -> Result<bool> {
        let before = held.len();
        let rows = self.rows();
        let asked = rows.find(doc! { "lease": token }).projection(doc! { "attempts": 1 });
        let mut cursor = asked.batch_size(BATCH).await.map_err(translate)?;
        while cursor.advance().await.map_err(translate)? {
            let parcel = cursor.current();
            let attempts = count(get(parcel, "attempts")?)?;
            held.insert(int(get(parcel, "_id")?)?, u32::try_from(attempts).unwrap_or(u32::MAX));
        }
        Ok(held.len() > before)
    }

    fn rows(&self) -> Collection<RawDocumentBuf> {
        self.database.collection(OUTBOX)
    }
}

/// Removes delivered messages from the outbox. The feed keeps them.
pub(crate) async fn acknowledge(database: &Database, ids: &[u64]) -> Result<()> {
    let ids: Vec<i64> = ids.iter().filter_map(|id| i64::try_from(*id).ok()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let outbox: Collection<RawDocumentBuf> = database.collection(OUTBOX);
    outbox.delete_many(doc! { "_id": { "$in": ids } }).await.map(drop).map_err(translate_write)
}
