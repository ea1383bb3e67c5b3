//! A store that keeps every promise but one; its constructor chooses which.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

mod answers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;

use eovr_core::access::Scope;
use eovr_core::audit::StoredEvent;
use eovr_core::decide::{Change, Commit, Guard};
use eovr_core::kind::Catalog;
use eovr_core::name;
use eovr_core::ports::{Parcel, Receipt, Written};
use eovr_core::record::{Record, RecordId, StoredRecord, Value};
use eovr_core::{Error, ErrorKind, Name, Result, Timestamp};

/// The fault of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    WritesUpToTheConflict,
    PostsBeforeItChecks,
    TakesStaleVersions,
    TakesVersionsToCome,
    OverwritesOnCreate,
    CreatesOnChange,
    NumberTwice,
    SeriesOfAnotherYear,
    NumberNotPadded,
    IgnoresUnique,
    UniqueAcrossFacets,
    NeverFreesUnique,
    UniqueForgetsTheCommit,
    LeaksOnLoad,
    LeaksOnFind,
    LeaksOnTally,
    LeaksOnEvents,
    OwnMeansFacility,
    HolderSeesFacility,
    NotMeansSet,
    InEmptyMeansAll,
    FromIsAbove,
    BeforeIncludes,
    OneClauseOnly,
    OldestFirst,
    TiesByChance,
    CursorByTimeAlone,
    CursorByPosition,
    NextOnEveryPage,
    TallyWithZero,
    TallyUnsorted,
    TallyWithoutAbsent,
    TallyByWholePlace,
    MillisecondsOnly,
    TrimsTexts,
    FoldsCase,
    FloatsForInts,
    EmptyIsAbsent,
    AbsentIsFalse,
    CutsLongSeals,
    LosesParent,
    MovesCreatedAt,
    EventsAsText,
    EventsAsJson,
    KeepsTenEvents,
    DropsMessage,
    DropsTheInternal,
    PostsTheInternal,
    MessageWithoutPlace,
    LeaseNotHeld,
    LeaseForEver,
    LeaseNewestFirst,
    AttemptsNotCounted,
    AcknowledgesNothing,
    AcknowledgesAll,
    PlacesReused,
    FeedForgetsDelivered,
    FeedSkipsPlaces,
    FeedRewords,
    FeedOutOfOrder,
    CensusWithoutAbsent,
    CensusInSteps,
    PrepareForgets,
    IgnoresGuards,
    ChecksGuardsEarly,
    ChecksThenWrites,
    WritesInSteps,
    LeasesInSteps,
}

/// A store with one fault.
#[derive(Debug)]
pub(crate) struct Faulty {
    fault: Fault,
    world: Mutex<World>,
}

#[derive(Debug, Default)]
struct World {
    unique: BTreeMap<Name, Vec<Name>>,
    records: BTreeMap<RecordId, Record>,
    events: BTreeMap<RecordId, Vec<StoredEvent>>,
    numbers: BTreeMap<String, u64>,
    taken: BTreeSet<(Name, Name, Value)>,
    feed: Vec<String>,
    outbox: BTreeMap<u64, (Parcel, Timestamp)>,
    widest: Option<Scope>,
}

impl Faulty {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, world: Mutex::default() }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn prepare_now(&self, catalog: &Catalog) {
        let mut world = self.world();
        if self.is(Fault::PrepareForgets) {
            *world = World::default();
        }
        for kind in catalog.kinds() {
            let unique = kind.facets().filter(|facet| facet.unique).map(|facet| facet.name.clone()).collect();
            world.unique.insert(kind.name().clone(), unique);
        }
    }

    async fn commit_now(&self, commit: Commit) -> Result<Receipt> {
        let mut written = Vec::new();
        let steps = self.is(Fault::WritesUpToTheConflict) || self.is(Fault::WritesInSteps);
        if self.is(Fault::PostsBeforeItChecks) {
            commit.changes().iter().for_each(|change| self.post(change));
        }
        if steps {
            for change in commit.into_changes() {
                self.check(&change, &mut BTreeSet::new())?;
                written.push(self.apply(change));
                if self.is(Fault::WritesInSteps) {
                    yield_once().await;
                }
            }
            return Ok(Receipt { written });
        }
        let mut claimed = BTreeSet::new();
        commit.changes().iter().try_for_each(|change| self.check(change, &mut claimed))?;
        if self.is(Fault::ChecksGuardsEarly) {
            commit.guards().iter().try_for_each(|guard| self.holds(guard))?;
            yield_once().await;
        } else if !self.is(Fault::IgnoresGuards) {
            commit.guards().iter().try_for_each(|guard| self.holds(guard))?;
        }
        if self.is(Fault::ChecksThenWrites) {
            yield_once().await;
        }
        written.extend(commit.into_changes().into_iter().map(|change| self.apply(change)));
        Ok(Receipt { written })
    }

    fn claims(&self, world: &World, record: &Record) -> Vec<(Name, Name, Value)> {
        let kind = &record.envelope().kind;
        let facets = world.unique.get(kind).into_iter().flatten();
        let claim = |facet: &Name| {
            let home = if self.is(Fault::UniqueAcrossFacets) { name!("any") } else { kind.clone() };
            Some((home, facet.clone(), record.facet(facet.as_str())?.clone()))
        };
        facets.filter_map(claim).collect()
    }

    fn holds(&self, guard: &Guard) -> Result<()> {
        let world = self.world();
        let now = world.records.get(&guard.id).filter(|record| record.envelope().kind == guard.kind);
        let now = now.map(Record::version);
        if now == Some(guard.version) { Ok(()) } else { Err(Error::new(ErrorKind::Conflict, "changed")) }
    }

    fn check(&self, change: &Change, claimed: &mut BTreeSet<(Name, Name, Value)>) -> Result<()> {
        let world = self.world();
        let record = change.record();
        let current = world.records.get(&record.id());
        let right = match (current.map(Record::version), change.expected()) {
            (None, None) => true,
            (Some(is), Some(expected)) => {
                is == expected
                    || (self.is(Fault::TakesStaleVersions) && expected < is)
                    || (self.is(Fault::TakesVersionsToCome) && expected > is)
            }
            (Some(_), None) => self.is(Fault::OverwritesOnCreate),
            (None, Some(_)) => self.is(Fault::CreatesOnChange),
        };
        if !right {
            return Err(Error::new(ErrorKind::Conflict, "changed"));
        }
        if self.is(Fault::IgnoresUnique) {
            return Ok(());
        }
        let own = current.map(|current| self.claims(&world, current)).unwrap_or_default();
        for claim in self.claims(&world, record) {
            if world.taken.contains(&claim) && !own.contains(&claim) {
                return Err(Error::new(ErrorKind::Conflict, "taken"));
            }
            if !claimed.insert(claim) && !self.is(Fault::UniqueForgetsTheCommit) {
                return Err(Error::new(ErrorKind::Conflict, "taken"));
            }
        }
        Ok(())
    }

    fn apply(&self, change: Change) -> Written {
        let number = change.number().map(|request| {
            let mut world = self.world();
            let count = world.numbers.entry(request.series.clone()).or_default();
            if !(self.is(Fault::NumberTwice) && *count % 7 == 3) || change.record().version() != 1 {
                *count += 1;
            } else {
                *count += u64::from(*count > 100);
            }
            let count = *count;
            match self.fault {
                Fault::SeriesOfAnotherYear => {
                    request.write(count).replace("2027", "2026").replace("PCL", "PCM")
                }
                Fault::NumberNotPadded => format!("{}-{count}", request.series),
                _ => request.write(count),
            }
        });
        self.post(&change);
        let mut stored = StoredRecord::from(change.record());
        if number.is_some() {
            stored.envelope.number = number;
        }
        self.spoil(&mut stored);
        let record = Record::try_from(stored).unwrap();
        let mut world = self.world();
        let old = world.records.get(&record.id()).cloned();
        if let (Some(old), false) = (old, self.is(Fault::NeverFreesUnique)) {
            let freed = self.claims(&world, &old);
            world.taken.retain(|claim| !freed.contains(claim));
        }
        let claims = self.claims(&world, &record);
        world.taken.extend(claims);
        let events = world.events.entry(record.id()).or_default();
        events.push(StoredEvent::from(change.link()));
        match self.fault {
            // A JSON reader sees no difference; a hash does.
            Fault::EventsAsJson => events.iter_mut().for_each(|event| {
                event.body = serde_json::from_str::<serde_json::Value>(&event.body).unwrap().to_string();
            }),
            Fault::KeepsTenEvents if events.len() > 10 => drop(events.remove(0)),
            _ => {}
        }
        let envelope = record.envelope();
        let written = Written { id: envelope.id, version: envelope.version, number: envelope.number.clone() };
        world.records.insert(record.id(), record);
        written
    }

    fn post(&self, change: &Change) {
        let mut world = self.world();
        let mut told = change.message().clone();
        match self.fault {
            Fault::DropsMessage if change.record().version() > 1 => return,
            Fault::DropsTheInternal if !change.posted() => return,
            Fault::MessageWithoutPlace => told.facility = "".into(),
            _ => {}
        }
        let message = serde_json::to_string(&told).unwrap();
        let place = world.feed.len().saturating_sub(usize::from(self.is(Fault::FeedOutOfOrder)));
        world.feed.insert(place, message.clone());
        let id = match self.fault {
            Fault::PlacesReused => world.outbox.keys().next_back().map_or(1, |last| last + 1),
            _ => world.feed.len() as u64,
        };
        if !change.posted() && !self.is(Fault::PostsTheInternal) {
            return;
        }
        let parcel = Parcel { id, attempts: 0, message };
        world.outbox.insert(id, (parcel, Timestamp::from_micros(i64::MIN)));
    }

    /// Changes a record before it is stored.
    fn spoil(&self, stored: &mut StoredRecord) {
        match self.fault {
            Fault::MillisecondsOnly => {
                for value in stored.facets.values_mut() {
                    if let Value::Time(at) = value {
                        *value = Value::Time(Timestamp::from_micros(at.as_micros() / 1000 * 1000));
                    }
                }
            }
            Fault::TrimsTexts => stored.facets.values_mut().for_each(|value| {
                if let Value::Text(text) = value {
                    *value = Value::from(text.trim());
                }
            }),
            Fault::FloatsForInts => stored.facets.values_mut().for_each(|value| {
                if let Value::Int(int) = value {
                    *value = Value::Int(*int as f64 as i64);
                }
            }),
            Fault::EmptyIsAbsent => stored.facets.retain(|_, value| *value != Value::Bytes(Vec::new())),
            Fault::AbsentIsFalse if stored.envelope.kind == "parcel" => {
                stored.facets.entry(name!("fragile")).or_insert(Value::Bool(false));
            }
            Fault::CutsLongSeals => stored.sealed.values_mut().for_each(|bytes| bytes.truncate(65_535)),
            Fault::LosesParent => stored.envelope.parent = None,
            Fault::MovesCreatedAt if stored.envelope.version > 1 => {
                stored.envelope.created_at = stored.envelope.updated_at;
            }
            _ => {}
        }
    }
}

async fn yield_once() {
    let mut polled = false;
    std::future::poll_fn(|context| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
