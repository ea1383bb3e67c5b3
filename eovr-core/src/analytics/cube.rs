use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::access::{Reach, Scope};
use crate::analytics::counts::{Counts, List, Step};
use crate::analytics::in_order;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::name::Name;
use crate::org::Stamp;
use crate::ports::{Census, Posted};
use crate::record::{Cell, Column, Tally, Test, Value, ValueType};

/// The counts of one kind, in memory: month × place × state × tallied facets → how many.
///
/// A value that is built from a [`Census`] and moved on by the messages of the feed, one by one. Each
/// facility has its counts, and beside them stand the sums of each governorate and of the country, so that
/// a national figure walks a few hundred counts and not millions.
///
/// ```
/// use eovr_core::analytics::Cube;
/// use eovr_core::incident::{self, Settings};
/// use eovr_core::ports::Census;
///
/// let incident = &incident::kinds(Settings::default())?[0];
/// let cube = Cube::new(incident, Census { position: 7, cells: vec![] })?;
/// assert_eq!(cube.position(), 7);
/// # Ok::<(), eovr_core::Error>(())
/// ```
pub struct Cube {
    kind: Name,
    tallied: Vec<(Name, ValueType)>,
    position: u64,
    months: Numbered<u32>,
    combinations: Numbered<Combination>,
    /// In the order of their places, so that an administration is a range.
    facilities: BTreeMap<Place, Counts>,
    governorates: BTreeMap<Value, Counts>,
    country: Counts,
}

/// The state and the tallied facets of a record, in the order of the table.
type Combination = Vec<Option<Value>>;

/// The three ids of a stamp, as the values that columns have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    governorate: Value,
    administration: Value,
    facility: Value,
}

impl Cube {
    /// The columns of the census that a cube of this kind is built from.
    pub fn columns(kind: &Kind) -> Vec<Column> {
        let envelope =
            [Column::Governorate, Column::Administration, Column::Facility, Column::Month, Column::State];
        envelope.into_iter().chain(kind.table().tallied.iter().cloned().map(Column::Facet)).collect()
    }

    /// The cube of a census by [`Cube::columns`].
    ///
    /// # Errors
    /// `Bug` where the census has other columns, or other values than the kind declares.
    pub fn new(kind: &Kind, census: Census) -> Result<Self> {
        let declared = |name: &Name| Some((name.clone(), kind.facet(name.as_str())?.value_type));
        let mut cube = Self {
            kind: kind.name().clone(),
            tallied: kind.table().tallied.iter().filter_map(declared).collect(),
            position: census.position,
            months: Numbered::default(),
            combinations: Numbered::default(),
            facilities: BTreeMap::new(),
            governorates: BTreeMap::new(),
            country: Counts::default(),
        };
        let mut facilities: BTreeMap<Place, Vec<_>> = BTreeMap::new();
        for Cell { key, count } in census.cells {
            let (place, month, combination) =
                cube.parts(key).ok_or_else(|| Error::bug("a census does not fit its kind"))?;
            let entry = (cube.months.number(month), cube.combinations.number(combination), count);
            facilities.entry(place).or_default().push(entry);
        }
        let mut country = BTreeMap::new();
        let mut governorates: BTreeMap<Value, BTreeMap<_, u64>> = BTreeMap::new();
        for (place, entries) in facilities {
            let governorate = governorates.entry(place.governorate.clone()).or_default();
            for (month, combination, count) in &entries {
                *governorate.entry((*month, *combination)).or_default() += count;
                *country.entry((*month, *combination)).or_default() += count;
            }
            cube.facilities.insert(place, Counts::new(entries));
        }
        let counts = |sums: BTreeMap<(u32, u32), u64>| {
            Counts::new(sums.into_iter().map(|((month, of), count)| (month, of, count)).collect())
        };
        cube.governorates = governorates.into_iter().map(|(id, sums)| (id, counts(sums))).collect();
        cube.country = counts(country);
        Ok(cube)
    }

    /// The position of the feed up to which every change is counted.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Moves on by one message of the feed. What is counted already is passed over.
    ///
    /// # Errors
    /// `Bug` where the message is not the next one, cannot be read, or takes away what is not there. The
    /// cube is of no use then: build a new one.
    pub fn apply(&mut self, posted: &Posted) -> Result<()> {
        if posted.position <= self.position {
            return Ok(());
        }
        if posted.position != self.position + 1 {
            return Err(Error::bug("the feed leaves out a position").with("position", posted.position));
        }
        self.take(&posted.message)
            .ok_or_else(|| Error::bug("a message does not fit the cube").with("position", posted.position))?;
        self.position = posted.position;
        Ok(())
    }

    fn take(&mut self, message: &str) -> Option<()> {
        let told: Told = serde_json::from_str(message).ok()?;
        let (kind, _) = told.topic.split_once('.')?;
        if self.kind != *kind {
            return Some(());
        }
        let before = match (told.from, told.before) {
            (Some(from), Some(before)) => Some(self.combination(from, before)?),
            (None, None) => None,
            _ => return None,
        };
        let after = self.combination(told.to, told.after)?;
        let place = Place::new(&told.governorate, &told.administration, &told.facility);
        if before.as_ref() == Some(&after) {
            return Some(());
        }
        let month = self.months.number(told.month);
        if let Some(before) = before {
            let before = self.combinations.known(&before)?;
            self.step(&place, month, before, Step::Down)?;
        }
        let after = self.combinations.number(after);
        self.step(&place, month, after, Step::Up)
    }

    fn step(&mut self, place: &Place, month: u32, combination: u32, step: Step) -> Option<()> {
        if step == Step::Up && !self.facilities.contains_key(place) {
            self.facilities.insert(place.clone(), Counts::default());
            self.governorates.entry(place.governorate.clone()).or_default();
        }
        self.facilities.get_mut(place)?.step(month, combination, step)?;
        self.governorates.get_mut(&place.governorate)?.step(month, combination, step)?;
        self.country.step(month, combination, step)
    }

    /// The combination that a message speaks of; `None` where it names what is not tallied here.
    fn combination(&self, state: String, facets: BTreeMap<Name, serde_json::Value>) -> Option<Combination> {
        let mut combination = vec![Some(Value::Text(state))];
        for (name, value_type) in &self.tallied {
            // One that is missing was told by a node that does not count by it, and is not known.
            combination.push(match facets.get(name)? {
                serde_json::Value::Null => None,
                json => Some(value(json, *value_type)?),
            });
        }
        let tallied = |name: &Name| self.tallied.iter().any(|(known, _)| known == name);
        facets.keys().all(tallied).then_some(combination)
    }

    /// The parts of a key of a census.
    fn parts(&self, key: Vec<Option<Value>>) -> Option<(Place, u32, Combination)> {
        let mut key = key.into_iter();
        let mut text = || key.next().flatten().filter(|value| value.value_type() == ValueType::Text);
        let place = Place { governorate: text()?, administration: text()?, facility: text()? };
        let month = u32::try_from(key.next().flatten()?.as_int()?).ok()?;
        let combination: Combination = key.collect();
        let types =
            [ValueType::Text].into_iter().chain(self.tallied.iter().map(|(_, value_type)| *value_type));
        let fits = combination.len() == 1 + self.tallied.len()
            && combination.first().is_some_and(Option::is_some)
            && combination.iter().zip(types).all(|(value, value_type)| {
                value.as_ref().is_none_or(|value| value.value_type() == value_type)
            });
        fits.then_some((place, month, combination))
    }

    /// Whether a cube of this kind answers such a question: it counts by and tests its own columns alone,
    /// and the scope is a part of the organisation, not somebody's own records.
    pub fn answers(kind: &Kind, scope: &Scope, tally: &Tally) -> bool {
        let tallied = |name: &Name| kind.table().tallied.iter().position(|known| known == name);
        let columns = tally.by.iter().chain(tally.clauses.iter().map(|clause| &clause.column));
        let of_places = !matches!(scope.reach(), Reach::Own(..) | Reach::Holder { .. });
        of_places
            && tally.kind == *kind.name()
            && columns.into_iter().all(|column| part(column, tallied).is_some())
    }

    /// The answer that the store would give at [`Cube::position`], cell for cell; `None` where
    /// [`Cube::answers`] says no.
    pub fn answer(&self, scope: &Scope, tally: &Tally) -> Option<Vec<Cell>> {
        let asked = Asked::new(self, tally)?;
        let mut cells = Vec::new();
        let mut sums = Sums::new(&asked);
        for (place, counts) in self.counts(scope.reach(), asked.depth())? {
            if !asked.place(&place) {
                continue;
            }
            if asked.by_month {
                counts.months().for_each(|(month, list)| sums.add(month, list));
            } else {
                sums.add(0, counts.whole());
            }
            if asked.by_place {
                sums.take(&place, &mut cells);
            }
        }
        sums.take(&NOWHERE, &mut cells);
        Some(in_order(cells))
    }

    /// The counts that make up a scope, as coarse as the question allows: 0, places do not matter; 1,
    /// governorates do; 2 and more, facilities do.
    fn counts(&self, reach: &Reach, depth: usize) -> Option<Vec<(Spot<'_>, &Counts)>> {
        Some(match reach {
            Reach::Nothing => Vec::new(),
            Reach::Country => match depth {
                0 => vec![(NOWHERE, &self.country)],
                1 => self.governorates.iter().map(coarse).collect(),
                _ => self.facilities.iter().map(fine).collect(),
            },
            Reach::Governorate(id) if depth <= 1 => {
                self.governorates.get_key_value(&Value::from(id.as_str())).map(coarse).into_iter().collect()
            }
            Reach::Governorate(id) => {
                let first = Place::new(id.as_str(), "", "");
                self.within(&first, |place| place.governorate == first.governorate)
            }
            Reach::Administration { governorate, administration } => {
                let first = Place::new(governorate.as_str(), administration.as_str(), "");
                self.within(&first, |place| {
                    place.governorate == first.governorate && place.administration == first.administration
                })
            }
            Reach::Facility(stamp) => {
                let Stamp { governorate, administration, facility } = stamp;
                let place = Place::new(governorate.as_str(), administration.as_str(), facility.as_str());
                self.facilities.get_key_value(&place).map(fine).into_iter().collect()
            }
            Reach::Own(..) | Reach::Holder { .. } => return None,
        })
    }

    /// The facilities from a place on that lie inside; they stand side by side.
    fn within(&self, first: &Place, inside: impl Fn(&Place) -> bool) -> Vec<(Spot<'_>, &Counts)> {
        self.facilities.range(first..).take_while(|(place, _)| inside(place)).map(fine).collect()
    }
}

/// How much there is, not what.
impl fmt::Debug for Cube {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cube({} at {}, {} facilities)", self.kind, self.position, self.facilities.len())
    }
}

/// What a cube reads of a [`crate::decide::Message`].
#[derive(Deserialize)]
struct Told {
    topic: String,
    from: Option<String>,
    to: String,
    governorate: String,
    administration: String,
    facility: String,
    month: u32,
    before: Option<BTreeMap<Name, serde_json::Value>>,
    after: BTreeMap<Name, serde_json::Value>,
}

/// A facet's value, read back from a message.
fn value(json: &serde_json::Value, value_type: ValueType) -> Option<Value> {
    Some(match value_type {
        ValueType::Text => Value::from(json.as_str()?),
        ValueType::Int => Value::Int(json.as_i64()?),
        ValueType::Bool => Value::Bool(json.as_bool()?),
        ValueType::Time => Value::Time(json.as_str()?.parse().ok()?),
        ValueType::Bytes => Value::Bytes(STANDARD.decode(json.as_str()?).ok()?),
    })
}

/// Values with short numbers in place of themselves.
struct Numbered<T> {
    all: Vec<T>,
    numbers: BTreeMap<T, u32>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { all: Vec::new(), numbers: BTreeMap::new() }
    }
}

impl<T: Ord + Clone> Numbered<T> {
    fn known(&self, value: &T) -> Option<u32> {
        self.numbers.get(value).copied()
    }

    fn number(&mut self, value: T) -> u32 {
        if let Some(number) = self.known(&value) {
            return number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(value.clone());
        self.numbers.insert(value, number);
        number
    }
}

/// The ids of a place, as far as they matter: governorate, administration, facility.
type Spot<'a> = [Option<&'a Value>; 3];

const NOWHERE: Spot<'static> = [None; 3];

impl Place {
    fn new(governorate: &str, administration: &str, facility: &str) -> Self {
        Self {
            governorate: governorate.into(),
            administration: administration.into(),
            facility: facility.into(),
        }
    }
}

fn coarse<'a>((governorate, counts): (&'a Value, &'a Counts)) -> (Spot<'a>, &'a Counts) {
    ([Some(governorate), None, None], counts)
}

fn fine<'a>((place, counts): (&'a Place, &'a Counts)) -> (Spot<'a>, &'a Counts) {
    ([Some(&place.governorate), Some(&place.administration), Some(&place.facility)], counts)
}

/// Which of a cube's own columns one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// An id of the place, by its index in [`Spot`].
    Place(usize),
    Month,
    /// A value of the combination, by its index.
    Combination(usize),
}

fn part(column: &Column, tallied: impl Fn(&Name) -> Option<usize>) -> Option<Part> {
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

/// A question, worked out for one cube: every clause is tested once for each month and combination, and
/// not once for each count.
struct Asked<'a> {
    by: Vec<Part>,
    places: Vec<(usize, &'a Test)>,
    by_place: bool,
    /// Whether months are counted by or tested.
    by_month: bool,
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
    fn new(cube: &'a Cube, tally: &'a Tally) -> Option<Self> {
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
    fn depth(&self) -> usize {
        let counted = self.by.iter().filter_map(|part| match part {
            Part::Place(level) => Some(*level),
            Part::Month | Part::Combination(_) => None,
        });
        counted.chain(self.places.iter().map(|(level, _)| *level)).map(|level| level + 1).max().unwrap_or(0)
    }

    fn place(&self, spot: &Spot<'_>) -> bool {
        self.places.iter().all(|(level, test)| test.holds(spot.get(*level).copied().flatten()))
    }
}

/// The sums of one place, or of all: a row for each group of months, in it a sum for each group of
/// combinations.
struct Sums<'a> {
    asked: &'a Asked<'a>,
    sums: Vec<u64>,
    /// The sums that are not zero.
    touched: Vec<usize>,
}

impl<'a> Sums<'a> {
    fn new(asked: &'a Asked<'a>) -> Self {
        let rows = asked.months.iter().flatten().max().map_or(1, |last| last + 1);
        Self { asked, sums: vec![0; rows * asked.groups.len()], touched: Vec::new() }
    }

    fn add(&mut self, month: u32, list: List<'_>) {
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
    fn take(&mut self, place: &Spot<'_>, cells: &mut Vec<Cell>) {
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
