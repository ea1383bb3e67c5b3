use std::collections::BTreeMap;

use crate::access::Reach;
use crate::analytics::counts::{Counts, Entry, Step};
use crate::org::{OrgId, Stamp};
use crate::record::Value;

/// The counts of every facility, of every governorate and of the country.
///
/// Each id is replaced by its index among the sorted ids of its level. So places sort like their ids, an
/// administration is a range, and an answer is sorted without reading an id.
#[derive(Default)]
pub(super) struct Places {
    /// The sorted ids of governorates, administrations and facilities.
    ids: [Vec<Value>; 3],
    /// Routed by place.
    facilities: Vec<(Place, Counts)>,
    /// By number of the governorate.
    governorates: Vec<Counts>,
    country: Counts,
}

/// The numbers of a governorate, an administration and a facility; 0 for those that do not matter.
pub(super) type Place = [u32; 3];

/// The ids of a place, as the values that columns have.
pub(super) type Ids = [Value; 3];

impl Places {
    pub(super) fn new(entries: BTreeMap<Ids, Vec<Entry>>) -> Self {
        let mut places = Self::default();
        for (level, all) in places.ids.iter_mut().enumerate() {
            all.extend(entries.keys().filter_map(|ids| ids.get(level)).cloned());
            all.sort();
            all.dedup();
        }
        let (mut governorates, mut country) = (BTreeMap::<_, Vec<_>>::new(), Vec::new());
        for (ids, entries) in entries {
            let Some(place) = places.known(&ids) else { continue };
            governorates.entry(place[0]).or_default().extend_from_slice(&entries);
            country.extend_from_slice(&entries);
            places.facilities.push((place, Counts::new(entries)));
        }
        places.governorates = governorates.into_values().map(Counts::new).collect();
        places.country = Counts::new(country);
        places
    }

    /// The number of facilities that have counts.
    pub(super) fn len(&self) -> usize {
        self.facilities.len()
    }

    /// The sorted ids of a level.
    pub(super) fn ids(&self, level: usize) -> &[Value] {
        self.ids.get(level).map(Vec::as_slice).unwrap_or_default()
    }

    /// Counts one record more or less. `None`: there is no record to subtract.
    pub(super) fn step(&mut self, ids: &Ids, month: u32, combination: u32, step: Step) -> Option<()> {
        let place = if step == Step::Up { self.number(ids) } else { self.known(ids)? };
        let at = self.facilities.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        self.facilities.get_mut(at)?.1.step(month, combination, step)?;
        self.governorates.get_mut(place[0] as usize)?.step(month, combination, step)?;
        self.country.step(month, combination, step)
    }

    fn known(&self, ids: &Ids) -> Option<Place> {
        let mut place = Place::default();
        for ((number, all), id) in place.iter_mut().zip(&self.ids).zip(ids) {
            *number = u32::try_from(all.binary_search(id).ok()?).ok()?;
        }
        Some(place)
    }

    /// The numbers of these ids. A new id shifts the numbers of later ids in every place. That is rare, and cheaper
    /// than sorting every answer.
    fn number(&mut self, ids: &Ids) -> Place {
        let mut place = Place::default();
        for (level, ((number, all), id)) in place.iter_mut().zip(&mut self.ids).zip(ids).enumerate() {
            let found = all.binary_search(id);
            let at = found.unwrap_or_else(|at| at);
            *number = u32::try_from(at).unwrap_or(u32::MAX);
            if found.is_err() {
                all.insert(at, id.clone());
                let numbers = self.facilities.iter_mut().filter_map(|(place, _)| place.get_mut(level));
                numbers.filter(|behind| **behind >= *number).for_each(|behind| *behind += 1);
                if level == 0 {
                    self.governorates.insert(at, Counts::default());
                }
            }
        }
        if let Err(at) = self.facilities.binary_search_by_key(&place, |(place, _)| *place) {
            self.facilities.insert(at, (place, Counts::default()));
        }
        place
    }

    /// The counts that make up a scope, as coarse as the tally allows: 0, places do not matter; 1, governorates do; 2
    /// and more, facilities do. `None` where the scope is not a part of the organisation.
    pub(super) fn counts(&self, reach: &Reach, depth: usize) -> Option<Vec<(Place, &Counts)>> {
        let facilities = match reach {
            Reach::Nothing => return Some(Vec::new()),
            Reach::Country if depth == 0 => return Some(vec![(Place::default(), &self.country)]),
            Reach::Country if depth == 1 => {
                return Some((0..).map_while(|number| self.governorate(number)).collect());
            }
            Reach::Governorate(id) if depth <= 1 => {
                let counts = self.index(0, id).and_then(|number| self.governorate(number));
                return Some(counts.into_iter().collect());
            }
            Reach::Country => self.within(&[]),
            Reach::Governorate(governorate) => self.within(&[governorate]),
            Reach::Administration { governorate, administration } => {
                self.within(&[governorate, administration])
            }
            Reach::Facility(Stamp { governorate, administration, facility }) => {
                self.within(&[governorate, administration, facility])
            }
            Reach::Own(..) | Reach::Holder { .. } => return None,
        };
        Some(facilities.iter().map(|(place, counts)| (*place, counts)).collect())
    }

    fn governorate(&self, number: u32) -> Option<(Place, &Counts)> {
        Some(([number, 0, 0], self.governorates.get(number as usize)?))
    }

    /// The facilities of a place, which has one to three ids; they are adjacent.
    fn within(&self, ids: &[&OrgId]) -> &[(Place, Counts)] {
        let numbers = ids.iter().enumerate().map(|(level, id)| self.index(level, id));
        let Some(wanted) = numbers.collect::<Option<Vec<_>>>() else { return &[] };
        let first = |place: &Place| place.iter().take(wanted.len()).copied().collect::<Vec<_>>();
        let from = self.facilities.partition_point(|(place, _)| first(place) < wanted);
        let to = self.facilities.partition_point(|(place, _)| first(place) <= wanted);
        self.facilities.get(from..to).unwrap_or_default()
    }

    fn index(&self, level: usize, id: &OrgId) -> Option<u32> {
        let at = self.ids(level).binary_search_by(|known| known.as_text().cmp(&Some(id.as_str())));
        u32::try_from(at.ok()?).ok()
    }
}
