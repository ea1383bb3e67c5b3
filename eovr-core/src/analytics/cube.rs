use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::access::{Reach, Scope};
use crate::analytics::asked::{Asked, Sums, part};
use crate::analytics::counts::Step;
use crate::analytics::places::{Ids, Places};
use crate::decide::Facets;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::name::Name;
use crate::ports::{Census, Posted};
use crate::record::{Column, Tally, TallyCell, Value, ValueType};

/// The counts of one kind in memory: month × place × state × tallied facets → number of records.
///
/// A cube is built from a [`Census`] and updated by the messages of the feed, one by one. It has the counts of each
/// facility and also the sums of each governorate and of the country, so a national figure reads a few hundred counts
/// and not millions.
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
    pub(super) months: Numbered<Value>,
    pub(super) combinations: Numbered<Combination>,
    pub(super) places: Places,
}

/// The state and the tallied facets of a record, in the order of the kind's table.
type Combination = Vec<Option<Value>>;

impl Cube {
    /// The columns of the census from which a cube of this kind is built.
    pub fn columns(kind: &Kind) -> Vec<Column> {
        let envelope =
            [Column::Governorate, Column::Administration, Column::Facility, Column::Month, Column::State];
        envelope.into_iter().chain(kind.table().tallied.iter().cloned().map(Column::Facet)).collect()
    }

    /// Builds the cube from a census by [`Cube::columns`].
    ///
    /// # Errors
    /// `Bug` where the census has columns or values that the kind does not declare.
    pub fn new(kind: &Kind, census: Census) -> Result<Self> {
        let declared = |name: &Name| Some((name.clone(), kind.facet(name.as_str())?.value_type));
        let mut cube = Self {
            kind: kind.name().clone(),
            tallied: kind.table().tallied.iter().filter_map(declared).collect(),
            position: census.position,
            months: Numbered::default(),
            combinations: Numbered::default(),
            places: Places::default(),
        };
        let mut entries: BTreeMap<Ids, Vec<_>> = BTreeMap::new();
        for TallyCell { key, count } in census.cells {
            let (ids, month, combination) =
                cube.parts(key).ok_or_else(|| Error::bug("a census does not fit its kind"))?;
            let entry = (cube.months.number(month), cube.combinations.number(combination), count);
            entries.entry(ids).or_default().push(entry);
        }
        cube.places = Places::new(entries);
        Ok(cube)
    }

    /// The position in the feed up to which the cube has counted every change.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Applies one message of the feed. A message that is already counted is ignored.
    ///
    /// # Errors
    /// `Bug` where the message is not the next one, cannot be read, or subtracts a record that is not counted. After
    /// an error the cube is invalid: build a new one.
    pub fn apply(&mut self, posted: &Posted) -> Result<()> {
        if posted.position <= self.position {
            return Ok(());
        }
        if !posted.follows(self.position) {
            return Err(Error::bug("the feed leaves out a position").with("position", posted.position));
        }
        self.take(posted)
            .ok_or_else(|| Error::bug("a message does not fit the cube").with("position", posted.position))?;
        self.position = posted.position;
        Ok(())
    }

    fn take(&mut self, posted: &Posted) -> Option<()> {
        let message = posted.read()?;
        if self.kind != *message.kind()? {
            return Some(());
        }
        let before = match (&message.from, &message.before) {
            (Some(from), Some(before)) => Some(self.combination(from, before)?),
            (None, None) => None,
            _ => return None,
        };
        let after = self.combination(&message.to, &message.after)?;
        let ids = [message.governorate, message.administration, message.facility].map(|id| Value::from(&*id));
        if before.as_ref() == Some(&after) {
            return Some(());
        }
        let month = self.months.number(Value::Int(message.month.into()));
        if let Some(before) = before {
            let before = self.combinations.known(&before)?;
            self.places.step(&ids, month, before, Step::Down)?;
        }
        let after = self.combinations.number(after);
        self.places.step(&ids, month, after, Step::Up)
    }

    /// The combination in a message. `None`: the message has a value that the cube does not tally.
    fn combination(&self, state: &str, facets: &Facets<'_>) -> Option<Combination> {
        let mut combination = vec![Some(Value::from(state))];
        for (name, value_type) in &self.tallied {
            // A facet is missing where the sending node does not tally it, so its value is unknown.
            combination.push(match facets.get(name.as_str())? {
                serde_json::Value::Null => None,
                json => Some(value(json, *value_type)?),
            });
        }
        let tallied = |name: &Cow<'_, str>| self.tallied.iter().any(|(known, _)| *known == **name);
        facets.keys().all(tallied).then_some(combination)
    }

    /// The parts of a census key.
    fn parts(&self, key: Vec<Option<Value>>) -> Option<(Ids, Value, Combination)> {
        let mut key = key.into_iter();
        let mut text = || key.next().flatten().filter(|value| value.value_type() == ValueType::Text);
        let ids = [text()?, text()?, text()?];
        let month = key.next().flatten().filter(|value| value.value_type() == ValueType::Int)?;
        let combination: Combination = key.collect();
        let types =
            [ValueType::Text].into_iter().chain(self.tallied.iter().map(|(_, value_type)| *value_type));
        let fits = combination.len() == 1 + self.tallied.len()
            && combination.first().is_some_and(Option::is_some)
            && combination.iter().zip(types).all(|(value, value_type)| {
                value.as_ref().is_none_or(|value| value.value_type() == value_type)
            });
        fits.then_some((ids, month, combination))
    }

    /// Whether a cube of this kind can answer this tally. The tally must use only the cube's columns, and the scope
    /// must be a part of the organisation and not an actor's own records.
    pub fn answers(kind: &Kind, scope: &Scope, tally: &Tally) -> bool {
        let tallied = |name: &Name| kind.table().tallied.iter().position(|known| known == name);
        let columns = tally.by.iter().chain(tally.clauses.iter().map(|clause| &clause.column));
        let of_places = !matches!(scope.reach(), Reach::Own(..) | Reach::Holder { .. });
        of_places
            && tally.kind == *kind.name()
            && tally.by.len() <= Tally::MOST_COLUMNS
            && columns.into_iter().all(|column| part(column, tallied).is_some())
    }

    /// The same answer that the store would give at [`Cube::position`]. `None` where [`Cube::answers`] is false.
    pub fn answer(&self, scope: &Scope, tally: &Tally) -> Option<Vec<TallyCell>> {
        let asked = Asked::new(self, tally)?;
        let mut sums = Sums::new(&asked);
        for (place, counts) in self.places.counts(scope.reach(), asked.depth)? {
            sums.add(&place, counts);
        }
        Some(sums.cells())
    }
}

/// The value of a facet in a message.
fn value(json: &serde_json::Value, value_type: ValueType) -> Option<Value> {
    Some(match value_type {
        ValueType::Text => Value::from(json.as_str()?),
        ValueType::Int => Value::Int(json.as_i64()?),
        ValueType::Bool => Value::Bool(json.as_bool()?),
        ValueType::Time => Value::Time(json.as_str()?.parse().ok()?),
        ValueType::Bytes => Value::Bytes(STANDARD.decode(json.as_str()?).ok()?),
    })
}

/// Prints sizes, and no values.
impl fmt::Debug for Cube {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cube({} at {}, {} facilities)", self.kind, self.position, self.places.len())
    }
}

/// Values, each with a short number that stands for it.
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
