use crate::analytics::counts::{Counts, List};
use crate::analytics::cube::Cube;
use crate::analytics::places::Place;
use crate::name::Name;
use crate::record::{Column, Tally, TallyCell, Value};

/// A tally prepared for one cube. It tests every clause once for each id, month and combination, and not once for
/// each count.
pub(super) struct Asked<'a> {
    by: Vec<By<'a>>,
    /// The granularity of places: 0 where places do not matter, else the number of leading ids that matter.
    pub(super) depth: usize,
    /// For each tested level, by the number of the id: whether the id passes.
    places: Vec<(usize, Vec<bool>)>,
    /// `None` where the tally neither counts by months nor tests them.
    months: Option<Groups>,
    combinations: Groups,
}

/// The key of a cell as a number, with [`BITS`] for each column and the first column highest. Each value is its index
/// among the sorted values of its column. So codes sort like keys, without reading a value.
type Code = u128;

const BITS: usize = Code::BITS as usize / Tally::MOST_COLUMNS;

impl<'a> Asked<'a> {
    /// `None` where this cube cannot answer the tally.
    pub(super) fn new(cube: &'a Cube, tally: &'a Tally) -> Option<Self> {
        if tally.kind != cube.kind || tally.by.len() > Tally::MOST_COLUMNS {
            return None;
        }
        let tallied = |wanted: &Name| cube.tallied.iter().position(|(name, _)| name == wanted);
        let tests = tally.clauses.iter().map(|clause| Some((part(&clause.column, tallied)?, &clause.test)));
        let tests = tests.collect::<Option<Vec<_>>>()?;
        let parts = tally.by.iter().map(|column| part(column, tallied)).collect::<Option<Vec<_>>>()?;
        let by = parts.into_iter().enumerate().map(|(index, part)| By::new(cube, part, index));
        let by: Vec<_> = by.collect();
        let parts = || by.iter().map(|by| by.part).chain(tests.iter().map(|(part, _)| *part));

        let places = tests.iter().filter_map(|(part, test)| {
            let Part::Place(level) = part else { return None };
            Some((*level, cube.places.ids(*level).iter().map(|id| test.holds(Some(id))).collect()))
        });
        // The code of a group of values, or `None` where they do not pass.
        let code = |at: &dyn Fn(Part) -> Option<Option<&'a Value>>| {
            let passes = tests.iter().all(|(part, test)| at(*part).is_none_or(|value| test.holds(value)));
            let codes = by.iter().filter_map(|by| Some(by.code(by.number(at(by.part)?)?)));
            passes.then(|| codes.sum::<Code>())
        };
        let month = |month| code(&|part| (part == Part::Month).then_some(Some(month)));
        let combination = |values: &'a Vec<Option<Value>>| {
            code(&|part| match part {
                Part::Combination(index) => values.get(index).map(Option::as_ref),
                Part::Place(_) | Part::Month => None,
            })
        };
        Some(Self {
            depth: parts().map(Part::depth).max().unwrap_or(0),
            places: places.collect(),
            months: parts()
                .any(|part| part == Part::Month)
                .then(|| Groups::new(cube.months.all.iter().map(month).collect())),
            combinations: Groups::new(cube.combinations.all.iter().map(combination).collect()),
            by,
        })
    }

    /// The code of the place's ids, where the place passes.
    fn place(&self, place: &Place) -> Option<Code> {
        let at = |level: usize| Some(*place.get(level)? as usize);
        let passes = |(level, passes): &(usize, Vec<bool>)| Some(*passes.get(at(*level)?)?);
        if !self.places.iter().all(|test| passes(test).unwrap_or(false)) {
            return None;
        }
        let codes = self.by.iter().filter_map(|by| match by.part {
            Part::Place(level) => Some(by.code(at(level)?)),
            Part::Month | Part::Combination(_) => None,
        });
        Some(codes.sum())
    }
}

/// A column by which the tally counts.
struct By<'a> {
    part: Part,
    /// The values that occur in the cube, sorted.
    values: Vec<Option<&'a Value>>,
    shift: usize,
}

impl<'a> By<'a> {
    fn new(cube: &'a Cube, part: Part, index: usize) -> Self {
        let mut values: Vec<_> = match part {
            Part::Place(level) => cube.places.ids(level).iter().map(Some).collect(),
            Part::Month => cube.months.all.iter().map(Some).collect(),
            Part::Combination(index) => {
                let all = cube.combinations.all.iter();
                all.map(|values| values.get(index).and_then(Option::as_ref)).collect()
            }
        };
        // The ids of places are sorted by their numbers already.
        if !matches!(part, Part::Place(_)) {
            values.sort_unstable();
            values.dedup();
        }
        Self { part, values, shift: BITS * (Tally::MOST_COLUMNS - 1 - index) }
    }

    fn number(&self, value: Option<&Value>) -> Option<usize> {
        self.values.binary_search(&value).ok()
    }

    fn code(&self, number: usize) -> Code {
        (number as Code) << self.shift
    }

    fn value(&self, code: Code) -> Option<Value> {
        let number = (code >> self.shift) & ((1 << BITS) - 1);
        self.values.get(usize::try_from(number).ok()?).copied().flatten().cloned()
    }
}

/// The months or the combinations of a cube, grouped by code.
struct Groups {
    /// The group of each month or combination, by number; `None` where it does not pass.
    of: Vec<Option<usize>>,
    /// The code of each group, by number.
    codes: Vec<Code>,
    /// Whether all pass and form one group.
    are_one: bool,
}

impl Groups {
    fn new(codes: Vec<Option<Code>>) -> Self {
        let mut all: Vec<Code> = codes.iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        let of: Vec<_> = codes.into_iter().map(|code| all.binary_search(&code?).ok()).collect();
        Self { are_one: of.iter().all(|group| *group == Some(0)), of, codes: all }
    }

    fn group(&self, number: u32) -> Option<usize> {
        self.of.get(number as usize).copied().flatten()
    }
}

/// The sums of one place at a time: one row for each group of months, and in it one sum for each group of
/// combinations.
pub(super) struct Sums<'a> {
    asked: &'a Asked<'a>,
    sums: Vec<u64>,
    /// The indexes of the sums that are not zero.
    touched: Vec<usize>,
    /// The current place.
    place: Code,
    found: Vec<(Code, u64)>,
}

impl<'a> Sums<'a> {
    pub(super) fn new(asked: &'a Asked<'a>) -> Self {
        let rows = asked.months.as_ref().map_or(1, |months| months.codes.len());
        let sums = vec![0; rows * asked.combinations.codes.len()];
        Self { asked, sums, touched: Vec::new(), place: 0, found: Vec::new() }
    }

    /// Counts a place, if it passes.
    pub(super) fn add(&mut self, place: &Place, counts: &Counts) {
        let Some(place) = self.asked.place(place) else { return };
        if place != self.place {
            self.take();
            self.place = place;
        }
        match &self.asked.months {
            None if self.asked.combinations.are_one => self.add_count(0, counts.total()),
            None => self.add_list(0, counts.whole()),
            Some(months) => {
                for (month, list) in counts.months() {
                    if let Some(row) = months.group(month) {
                        self.add_list(row, list);
                    }
                }
            }
        }
    }

    fn add_list(&mut self, row: usize, list: List<'_>) {
        let combinations = &self.asked.combinations;
        let start = row * combinations.codes.len();
        for (combination, count) in list {
            if let Some(column) = combinations.group(combination) {
                self.add_count(start + column, count);
            }
        }
    }

    fn add_count(&mut self, index: usize, count: u64) {
        if let Some(sum) = self.sums.get_mut(index).filter(|_| count > 0) {
            if *sum == 0 {
                self.touched.push(index);
            }
            *sum += count;
        }
    }

    /// Stores the sums of a place and resets them.
    fn take(&mut self) {
        let combinations = &self.asked.combinations.codes;
        for index in self.touched.drain(..) {
            let (row, column) = (index / combinations.len(), index % combinations.len());
            let month = self.asked.months.as_ref().and_then(|months| months.codes.get(row));
            let codes = [month, combinations.get(column)].into_iter().flatten();
            let code = self.place + codes.sum::<Code>();
            self.found.extend(self.sums.get_mut(index).map(|sum| (code, std::mem::take(sum))));
        }
    }

    /// One cell for each key, in the order of the keys.
    pub(super) fn cells(mut self) -> Vec<TallyCell> {
        self.take();
        // This sort is fast, because places come in the order of their numbers and so the list is mostly sorted.
        self.found.sort_unstable_by_key(|(code, _)| *code);
        self.found.dedup_by(|(code, count), (kept, sum)| {
            let same = code == kept;
            if same {
                *sum += *count;
            }
            same
        });
        let key = |code| self.asked.by.iter().map(|by| by.value(code)).collect();
        self.found.iter().map(|(code, count)| TallyCell { key: key(*code), count: *count }).collect()
    }
}

/// The part of a cube to which a column refers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// An id of the place, by its index in [`Place`].
    Place(usize),
    Month,
    /// A value of the combination, by its index.
    Combination(usize),
}

impl Part {
    fn depth(self) -> usize {
        if let Self::Place(level) = self { level + 1 } else { 0 }
    }
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
