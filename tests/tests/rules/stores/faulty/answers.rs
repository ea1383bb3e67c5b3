use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;
use eovr_core::access::{Reach, Scope};
use eovr_core::audit::StoredEvent;
use eovr_core::decide::Commit;
use eovr_core::kind::Catalog;
use eovr_core::ports::{Census, Loaded, Parcel, Posted, Receipt, Store};
use eovr_core::record::{
    Clause, Column, Cursor, Page, Query, Record, RecordId, StoredRecord, Tally, TallyCell, Test, Value,
};
use eovr_core::{Name, Result, Timestamp};

use super::{Fault, Faulty, World, yield_once};

fn place(record: &Record) -> Cursor {
    Cursor { created_at: record.envelope().created_at, id: record.id() }
}

impl Faulty {
    fn sees(&self, scope: &Scope, record: &Record) -> bool {
        let envelope = record.envelope();
        match scope.reach() {
            Reach::Own(stamp, _) if self.is(Fault::OwnMeansFacility) => envelope.stamp == *stamp,
            Reach::Holder { .. } if self.is(Fault::HolderSeesFacility) => record.facet("claim").is_some(),
            _ => scope.matches(record),
        }
    }

    fn passes(&self, clause: &Clause, record: &Record) -> bool {
        let value = clause.column.of(record);
        let folded = |value: &Value| value.as_text().map(str::to_lowercase);
        match (&clause.test, self.fault) {
            (Test::Not(_), Fault::NotMeansSet) => value.is_some() && clause.matches(record),
            (Test::In(wanted), Fault::InEmptyMeansAll) if wanted.is_empty() => true,
            (Test::From(low), Fault::FromIsAbove) => value.is_some_and(|value| value > *low),
            (Test::Before(high), Fault::BeforeIncludes) => value.is_some_and(|value| value <= *high),
            (Test::Is(Value::Text(text)), Fault::FoldsCase) => {
                value.as_ref().and_then(folded) == Some(text.to_lowercase())
            }
            _ => clause.matches(record),
        }
    }

    fn asked(&self, clauses: &[Clause], record: &Record) -> bool {
        match self.fault {
            Fault::OneClauseOnly => clauses.iter().take(1).all(|clause| self.passes(clause, record)),
            _ => clauses.iter().all(|clause| self.passes(clause, record)),
        }
    }

    /// The widest scope ever passed in, as a careless cache would keep it.
    fn scope(&self, world: &mut World, scope: &Scope, leak: Fault) -> Scope {
        if matches!(scope.reach(), Reach::Country) {
            world.widest = Some(scope.clone());
        }
        match &world.widest {
            Some(widest) if self.is(leak) => widest.clone(),
            _ => scope.clone(),
        }
    }
}

#[async_trait]
impl Store for Faulty {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        self.prepare_now(catalog);
        Ok(())
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        self.commit_now(commit).await
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
        let Some(record) = self.load(scope, kind, id).await? else { return Ok(None) };
        let seq = record.envelope.head.seq;
        let world = self.world();
        let place = usize::try_from(seq).unwrap_or_default().saturating_sub(1);
        let last = world.events.get(&id).and_then(|chain| chain.get(place));
        Ok(Some(Loaded { record, last: last.map(|event| event.body.clone()) }))
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        let mut world = self.world();
        let scope = self.scope(&mut world, scope, Fault::LeaksOnLoad);
        let found = world.records.get(&id).filter(|record| record.envelope().kind == *kind);
        Ok(found.filter(|record| self.sees(&scope, record)).map(StoredRecord::from))
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        let mut world = self.world();
        let scope = self.scope(&mut world, scope, Fault::LeaksOnFind);
        let of_kind = world.records.values().filter(|record| record.envelope().kind == query.kind);
        let mut found: Vec<&Record> = of_kind
            .filter(|record| self.sees(&scope, record) && self.asked(&query.clauses, record))
            .collect();
        match self.fault {
            Fault::OldestFirst => found.sort_by_key(|record| place(record)),
            Fault::TiesByChance => found.sort_by_key(|record| Reverse(record.envelope().created_at)),
            _ => found.sort_by_key(|record| Reverse(place(record))),
        }
        if let Some(after) = query.after {
            match self.fault {
                Fault::OldestFirst => found.retain(|record| place(record) > after),
                Fault::CursorByTimeAlone => {
                    found.retain(|record| place(record).created_at < after.created_at)
                }
                Fault::CursorByPosition => {
                    let skip = world.records.values().filter(|record| place(record) >= after).count();
                    found = found.into_iter().skip(skip + 1).collect();
                }
                _ => found.retain(|record| place(record) < after),
            }
        }
        let limit = query.limit as usize;
        let more = found.len() > limit || self.is(Fault::NextOnEveryPage);
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|record| place(record));
        let items = found.into_iter().map(StoredRecord::from).collect();
        Ok(Page { items, next, damaged: Vec::new() })
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
        let mut world = self.world();
        let scope = self.scope(&mut world, scope, Fault::LeaksOnTally);
        let mut counts: BTreeMap<(Vec<Option<Value>>, Option<Value>), u64> = BTreeMap::new();
        for record in world.records.values().filter(|record| record.envelope().kind == tally.kind) {
            if self.sees(&scope, record) && self.asked(&tally.clauses, record) {
                let apart = self.is(Fault::TallyByWholePlace).then(|| Column::Administration.of(record));
                let key = tally.by.iter().map(|column| column.of(record)).collect();
                *counts.entry((key, apart.flatten())).or_default() += 1;
            }
        }
        let mut cells: Vec<TallyCell> =
            counts.into_iter().map(|((key, _), count)| TallyCell { key, count }).collect();
        match self.fault {
            Fault::TallyWithZero if cells.is_empty() => cells.push(TallyCell { key: Vec::new(), count: 0 }),
            Fault::TallyUnsorted => cells.sort_by_key(|cell| Reverse(cell.count)),
            Fault::TallyWithoutAbsent => cells.retain(|cell| cell.key.iter().all(Option::is_some)),
            _ => {}
        }
        Ok(cells)
    }

    async fn events(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Vec<StoredEvent>> {
        let mut world = self.world();
        let scope = self.scope(&mut world, scope, Fault::LeaksOnEvents);
        let record = world.records.get(&id).filter(|record| record.envelope().kind == *kind);
        if !record.is_some_and(|record| self.sees(&scope, record)) {
            return Ok(Vec::new());
        }
        let events = world.events.get(&id).cloned().unwrap_or_default();
        let mut numbered: Vec<_> = (1..).zip(events).collect();
        if self.is(Fault::EventsAsText) {
            numbered.sort_by_key(|(seq, _): &(u64, _)| seq.to_string());
        }
        Ok(numbered.into_iter().map(|(_, event)| event).collect())
    }

    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>> {
        let world = self.world();
        let step = if self.is(Fault::FeedSkipsPlaces) { 2 } else { 1 };
        let posted = (1..).step_by(step).zip(&world.feed);
        let posted = posted.map(|(position, message)| Posted {
            position,
            message: if self.is(Fault::FeedRewords) {
                message.replacen(":", ": ", 1)
            } else {
                message.clone()
            },
        });
        let there = |posted: &Posted| {
            !self.is(Fault::FeedForgetsDelivered) || world.outbox.contains_key(&posted.position)
        };
        let behind = posted.filter(|posted| posted.position > after && there(posted));
        Ok(behind.take(limit as usize).collect())
    }

    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census> {
        let position = self.world().feed.len() as u64;
        if self.is(Fault::CensusInSteps) {
            yield_once().await;
        }
        let world = self.world();
        let position = if self.is(Fault::CensusInSteps) { position } else { world.feed.len() as u64 };
        let mut counts: BTreeMap<Vec<Option<Value>>, u64> = BTreeMap::new();
        for record in world.records.values().filter(|record| record.envelope().kind == *kind) {
            *counts.entry(by.iter().map(|column| column.of(record)).collect()).or_default() += 1;
        }
        let cells = counts.into_iter().map(|(key, count)| TallyCell { key, count });
        let absent = |cell: &TallyCell| cell.key.iter().any(Option::is_none);
        let cells = cells.filter(|cell| !self.is(Fault::CensusWithoutAbsent) || !absent(cell));
        Ok(Census { position, cells: cells.collect() })
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        let free = |held: &Timestamp| {
            *held <= now && (!self.is(Fault::LeaseForEver) || held.as_micros() == i64::MIN)
        };
        let mut ids: Vec<u64> = {
            let world = self.world();
            world.outbox.iter().filter(|(_, (_, held))| free(held)).map(|(id, _)| *id).collect()
        };
        if self.is(Fault::LeasesInSteps) {
            yield_once().await;
        }
        if self.is(Fault::LeaseNewestFirst) {
            ids.reverse();
        }
        let mut world = self.world();
        let mut leased = Vec::new();
        for id in ids.into_iter().take(limit as usize) {
            let Some((parcel, held)) = world.outbox.get_mut(&id) else { continue };
            if !self.is(Fault::LeaseNotHeld) {
                *held = until;
            }
            parcel.attempts += u32::from(!self.is(Fault::AttemptsNotCounted) || parcel.attempts == 0);
            leased.push(parcel.clone());
        }
        Ok(leased)
    }

    async fn acknowledge(&self, ids: &[u64]) -> Result<()> {
        let mut world = self.world();
        match self.fault {
            Fault::AcknowledgesNothing => {}
            Fault::AcknowledgesAll if !ids.is_empty() => world.outbox.clear(),
            _ => world.outbox.retain(|id, _| !ids.contains(id)),
        }
        Ok(())
    }
}
