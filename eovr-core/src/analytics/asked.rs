use std::collections::BTreeMap;

use crate::analytics::counts::List;
use crate::analytics::cube::Cube;
use crate::name::Name;
use crate::record::{Cell, Column, Tally, Test, Value};

/// A question, worked out for one cube: every clause is tested once for each month and combination, and
/// not once for each count.
pub(super) struct Asked<'a> {
    by: Vec<Part>,
    places: Vec<(usize, &'a Test)>,
    pub(super) by_place: bool,
    /// Whether months are counted by or tested.
    pub(super) by_month: bool,
    /// By the number of the month: which group it counts in, where it passes. Each month is a group of its
    /// own where months are counted by.
    months: Vec<Option<usize>>,
    month_values: &'a [u32],
    /// By the number of the combination: the same.
    combinations: Vec<Option<usize>>,
    /// The values counted by that the combinations of a group share.
    groups: Vec<Vec<Option<&'a Value>>>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(cube: &'a Cube, tally: &'a Tally) -> Option<Self> {
        if tally.kind != cube.kind {
            return None;
        }
        let tallied = |wanted: &Name| cube.tallied.iter().position(|(name, _)| name == wanted);
        let by = tally.by.iter().map(|column| part(column, tallied)).collect::<Option<Vec<_>>>()?;
        let (mut places, mut months, mut tests) = (Vec::new(), Vec::new(), Vec::new());
        for clause in &tally.clauses {
            match part(&clause.column, tallied)? {
                Part::Place(level) => places.push((level, &clause.test)),
                Part::Month => months.push(&clause.test),
                Part::Combination(index) => tests.push((index, &clause.test)),
            }
        }
        let each_month = by.contains(&Part::Month);
        let by_month = each_month || !months.is_empty();
        let month_passes = |month: &u32| {
            let value = Value::Int(i64::from(*month));
            months.iter().all(|test| test.holds(Some(&value)))
        };
        let months = cube.months.all.iter().enumerate();
        let months = months
            .map(|(number, month)| month_passes(month).then_some(if each_month { number } else { 0 }))
            .collect();

        let mut groups: Vec<Vec<Option<&Value>>> = Vec::new();
        let mut known = BTreeMap::new();
        let combinations = cube.combinations.all.iter().map(|combination| {
            let at = |index: usize| combination.get(index).and_then(Option::as_ref);
            if !tests.iter().all(|(index, test)| test.holds(at(*index))) {
                return None;
            }
            let counted = by.iter().filter_map(|part| match part {
                Part::Combination(index) => Some(at(*index)),
                Part::Place(_) | Part::Month => None,
            });
            let group: Vec<_> = counted.collect();
            Some(*known.entry(group.clone()).or_insert_with(|| {
                groups.push(group);
                groups.len() - 1
            }))
        });
        let combinations = combinations.collect();
        Some(Self {
            by_place: by.iter().any(|part| matches!(part, Part::Place(_))),
            by,
            places,
            by_month,
            months,
            month_values: &cube.months.all,
            combinations,
            groups,
        })
    }

    /// How fine the places must be: none at all, the first id of a [`Spot`], the first two, all.
    pub(super) fn depth(&self) -> usize {
        let counted = self.by.iter().filter_map(|part| match part {
            Part::Place(level) => Some(*level),
            Part::Month | Part::Combination(_) => None,
        });
        counted.chain(self.places.iter().map(|(level, _)| *level)).map(|level| level + 1).max().unwrap_or(0)
    }

    pub(super) fn place(&self, spot: &Spot<'_>) -> bool {
        self.places.iter().all(|(level, test)| test.holds(spot.get(*level).copied().flatten()))
    }
}

/// The sums of one place, or of all: a row for each group of months, in it a sum for each group of
/// combinations.
pub(super) struct Sums<'a> {
    asked: &'a Asked<'a>,
    sums: Vec<u64>,
    /// The sums that are not zero.
    touched: Vec<usize>,
}

impl<'a> Sums<'a> {
    pub(super) fn new(asked: &'a Asked<'a>) -> Self {
        let rows = asked.months.iter().flatten().max().map_or(1, |last| last + 1);
        Self { asked, sums: vec![0; rows * asked.groups.len()], touched: Vec::new() }
    }

    pub(super) fn add(&mut self, month: u32, list: List<'_>) {
        let asked = self.asked;
        // Where months do not matter, 0 stands for all of them.
        let row = if asked.by_month { group(&asked.months, month) } else { Some(0) };
        let Some(row) = row else { return };
        for (combination, count) in list {
            let Some(column) = group(&asked.combinations, combination) else { continue };
            let index = row * asked.groups.len() + column;
            if let Some(sum) = self.sums.get_mut(index) {
                if *sum == 0 {
                    self.touched.push(index);
                }
                *sum += count;
            }
        }
    }

    /// Turns the sums into cells, and begins anew.
    pub(super) fn take(&mut self, place: &Spot<'_>, cells: &mut Vec<Cell>) {
        for index in self.touched.drain(..) {
            let Some(sum) = self.sums.get_mut(index) else { continue };
            let (row, column) = (index / self.asked.groups.len(), index % self.asked.groups.len());
            let mut group = self.asked.groups.get(column).into_iter().flatten();
            let value = |part: &Part| match part {
                Part::Place(level) => place.get(*level).copied().flatten().cloned(),
                Part::Month => self.asked.month_values.get(row).map(|month| Value::Int(i64::from(*month))),
                Part::Combination(_) => group.next().copied().flatten().cloned(),
            };
            cells.push(Cell { key: self.asked.by.iter().map(value).collect(), count: std::mem::take(sum) });
        }
    }
}

fn group(groups: &[Option<usize>], number: u32) -> Option<usize> {
    groups.get(number as usize).copied().flatten()
}

/// Which of a cube's own columns one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// An id of the place, by its index in [`Spot`].
    Place(usize),
    Month,
    /// A value of the combination, by its index.
    Combination(usize),
}

pub(super) fn part(column: &Column, tallied: impl Fn(&Name) -> Option<usize>) -> Option<Part> {
    match column {
        Column::Governorate => Some(Part::Place(0)),
        Column::Administration => Some(Part::Place(1)),
        Column::Facility => Some(Part::Place(2)),
        Column::Month => Some(Part::Month),
        Column::State => Some(Part::Combination(0)),
        Column::Facet(name) => Some(Part::Combination(1 + tallied(name)?)),
        Column::Number | Column::Author | Column::Parent | Column::Created => None,
    }
}

/// The ids of a place, as far as they matter: governorate, administration, facility.
pub(super) type Spot<'a> = [Option<&'a Value>; 3];

pub(super) const NOWHERE: Spot<'static> = [None; 3];
