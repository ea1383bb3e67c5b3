use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::tz::TimeZone;

use crate::access::Scope;
use crate::analytics::{Cube, Figures, Source, in_order};
use crate::error::Result;
use crate::kind::{Catalog, Kind};
use crate::name::Name;
use crate::ports::{Posted, Store};
use crate::record::{Clause, Column, Tally, TallyCell, Test, Value};
use crate::service::{Eovr, Follower};
use crate::time::Timestamp;

/// More than the difference between any wall clock and UTC.
const MARGIN_SECONDS: i64 = 15 * 3600;

impl Eovr {
    /// Counts from memory where possible, otherwise in the store. The caller has already checked the permission.
    pub(super) async fn figures(&self, kind: &Kind, scope: &Scope, tally: &Tally) -> Result<Figures> {
        let store = &**self.store();
        if let (Some(kept), Some(halves)) = (self.inner.cubes.0.get(kind.name()), Halves::of(tally))
            && Cube::answers(kind, scope, &halves.decided)
            && let Some(mut cells) = kept.answer(store, kind, scope, &halves.decided).await?
        {
            let Some(undecided) = halves.undecided else {
                return Ok(Figures { cells, source: Source::Memory });
            };
            cells.extend(store.tally(scope, &undecided).await?);
            return Ok(Figures { cells: in_order(cells), source: Source::Both });
        }
        Ok(Figures { cells: store.tally(scope, tally).await?, source: Source::Store })
    }
}

/// A tally in two parts that share no record.
struct Halves {
    /// The months that lie completely within the clauses on `Created`, without those clauses.
    decided: Tally,
    /// The months that contain a limit of these clauses; `None` where there is no such clause.
    undecided: Option<Tally>,
}

impl Halves {
    /// `None` where `Created` has another test than [`Test::From`] and [`Test::Before`].
    fn of(tally: &Tally) -> Option<Self> {
        let mut decided = Tally { clauses: Vec::new(), ..tally.clone() };
        let mut between = Vec::new();
        for Clause { column, test } in &tally.clauses {
            if *column != Column::Created {
                decided = decided.filter(column.clone(), test.clone());
                continue;
            }
            let (Test::From(Value::Time(at)) | Test::Before(Value::Time(at))) = test else { return None };
            let (first, last) = around(*at)?;
            let wholly = match test {
                Test::Before(_) => Test::Before(Value::Int(first)),
                _ => Test::From(Value::Int(last + 1)),
            };
            decided = decided.filter(Column::Month, wholly);
            between.extend([first, last].map(Value::Int));
        }
        let undecided = (!between.is_empty()).then(|| tally.clone().filter(Column::Month, Test::In(between)));
        Some(Self { decided, undecided })
    }
}

/// The first and the last month (`yyyymm`) that a wall clock may show at this time; they are equal or neighbours. A
/// record of an earlier month was created before this time, a record of a later month after it.
fn around(at: Timestamp) -> Option<(i64, i64)> {
    let month = |at: Timestamp| {
        let (year, month) = at.year_month(&TimeZone::UTC);
        (1..9999).contains(&year).then_some(i64::from(year) * 100 + i64::from(month))
    };
    Some((month(at.plus_seconds(-MARGIN_SECONDS))?, month(at.plus_seconds(MARGIN_SECONDS))?))
}

/// The cubes of the engine, by kind.
#[derive(Debug, Default)]
pub(super) struct Cubes(BTreeMap<Name, Kept>);

impl Cubes {
    /// Counts a cube for each kind with tallied facets.
    pub(super) async fn count(store: &dyn Store, catalog: &Catalog) -> Result<Self> {
        let mut cubes = BTreeMap::new();
        for kind in catalog.kinds().filter(|kind| !kind.table().tallied.is_empty()) {
            let kept = Kept(RwLock::new(Slot::Ready(Box::new(counted(store, kind).await?))));
            cubes.insert(kind.name().clone(), kept);
        }
        Ok(Self(cubes))
    }
}

async fn counted(store: &dyn Store, kind: &Kind) -> Result<Cube> {
    Cube::new(kind, store.census(kind.name(), &Cube::columns(kind)).await?)
}

/// The cube of one kind. The lock is held only while messages are applied or a query is answered, which is fast, and
/// never while the code waits for the store.
#[derive(Debug)]
struct Kept(RwLock<Slot>);

#[derive(Debug)]
enum Slot {
    Ready(Box<Cube>),
    /// The cube is invalid; the next caller counts again.
    Gone,
    /// A caller is counting. Meanwhile the store answers the other callers.
    Counting,
}

impl Kept {
    /// The counts at a time between call and return; `None` where the store must count.
    async fn answer(
        &self,
        store: &dyn Store,
        kind: &Kind,
        scope: &Scope,
        tally: &Tally,
    ) -> Result<Option<Vec<TallyCell>>> {
        // Only a cube that existed when the feed was read may answer, because another caller may have finished its
        // count before this query.
        if self.catch_up(store).await?
            && let Slot::Ready(cube) = &*self.read()
        {
            return Ok(cube.answer(scope, tally));
        }
        let Some(counting) = Counting::begin(self) else { return Ok(None) };
        let cube = counted(store, kind).await?;
        let answer = cube.answer(scope, tally);
        counting.end(cube);
        Ok(answer)
    }

    /// Applies the new messages and returns whether the cube has reached the end of the feed. Several callers may do
    /// this at once: each applies only what the others have not.
    async fn catch_up(&self, store: &dyn Store) -> Result<bool> {
        while let Some(position) = self.position() {
            let mut feed = Follower::after(position);
            let page = feed.next(store).await?;
            self.take(position, &page);
            if feed.at_end() {
                let end = position + page.len() as u64;
                return Ok(self.position().is_some_and(|position| position >= end));
            }
        }
        Ok(false)
    }

    fn position(&self) -> Option<u64> {
        if let Slot::Ready(cube) = &*self.read() { Some(cube.position()) } else { None }
    }

    /// Applies a page that follows a position, or drops the cube. The cube alone would ignore a page whose positions
    /// begin again, because it ignores what it has counted.
    fn take(&self, behind: u64, page: &[Posted]) {
        if page.is_empty() {
            return;
        }
        let mut slot = self.write();
        let Slot::Ready(cube) = &mut *slot else { return };
        let next = page.first().is_some_and(|posted| posted.follows(behind));
        if !next || page.iter().any(|posted| cube.apply(posted).is_err()) {
            *slot = Slot::Gone;
        }
    }

    // A poisoned lock is safe: `apply` does not panic, and a cube that fails to apply is dropped under the same lock.
    fn read(&self) -> RwLockReadGuard<'_, Slot> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Slot> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The exclusive right of one caller to count. It is released even if the future is dropped at an await.
struct Counting<'a>(&'a Kept);

impl<'a> Counting<'a> {
    fn begin(kept: &'a Kept) -> Option<Self> {
        let mut slot = kept.write();
        if !matches!(*slot, Slot::Gone) {
            return None;
        }
        *slot = Slot::Counting;
        Some(Self(kept))
    }

    fn end(self, cube: Cube) {
        *self.0.write() = Slot::Ready(Box::new(cube));
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        let mut slot = self.0.write();
        if matches!(*slot, Slot::Counting) {
            *slot = Slot::Gone;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// For every wall clock: an earlier month is before the time, a later month is after it.
        #[test]
        fn months_around_a_moment_decide_the_others(
            at in 0..4_000_000_000_i64, apart in -6_000_000..6_000_000_i64, zone in 0..27_usize,
        ) {
            let hours = i8::try_from(zone).unwrap() - 12;
            let zone = TimeZone::fixed(jiff::tz::offset(hours));
            let at = Timestamp::from_micros(at * 1_000_000);
            let created = at.plus_seconds(apart);
            let (year, month) = created.year_month(&zone);
            let month = i64::from(year) * 100 + i64::from(month);
            let (first, last) = around(at).unwrap();
            prop_assert!(month >= first || created < at);
            prop_assert!(month <= last || created > at);
            prop_assert!(first <= last && last - first <= 89);
        }
    }

    #[test]
    fn in_the_middle_of_a_month_one_is_undecided() {
        let around = |text: &str| around(text.parse().unwrap());
        assert_eq!(around("2026-11-22T08:00:00Z"), Some((202_611, 202_611)));
        assert_eq!(around("2026-11-30T08:59:59Z"), Some((202_611, 202_611)));
        assert_eq!(around("2026-11-30T09:00:00Z"), Some((202_611, 202_612)));
        assert_eq!(around("2027-01-01T14:59:59Z"), Some((202_612, 202_701)));
        assert_eq!(around("-009999-01-03T00:00:00Z"), None);
    }
}
