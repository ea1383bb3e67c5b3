use std::collections::BTreeMap;
use std::fmt;

use crate::access::{Reach, Scope};
use crate::analytics::asked::{Asked, NOWHERE, Spot, Sums, part};
use crate::analytics::counts::{Counts, Step};
use crate::analytics::in_order;
use crate::analytics::told::{Told, value};
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::name::Name;
use crate::org::Stamp;
use crate::ports::{Census, Posted};
use crate::record::{Cell, Column, Tally, Value, ValueType};

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
    pub(super) kind: Name,
    pub(super) tallied: Vec<(Name, ValueType)>,
    position: u64,
    pub(super) months: Numbered<u32>,
    pub(super) combinations: Numbered<Combination>,
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

/// Values with short numbers in place of themselves.
pub(super) struct Numbered<T> {
    pub(super) all: Vec<T>,
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
