/// The number of records for each month and combination in one place, in a compact form.
///
/// A country with thousands of facilities has millions of such counts, and nearly all of them are small. They are
/// stored as lists of pairs (combination, count) in LEB128, mostly two bytes for a pair.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// The months that have a list, sorted, each with the length of its list in bytes.
    months: Vec<(u32, u32)>,
    /// The lists of the months, concatenated.
    lists: Vec<u8>,
    /// The list of all months together.
    whole: Vec<u8>,
    total: u64,
}

/// Month, combination, count.
pub(super) type Entry = (u32, u32, u64);

/// One record more or one less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Up,
    Down,
}

impl Counts {
    /// Builds the counts from entries in any order. Entries of the same month and combination are added up.
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        let mut counts = Self::default();
        entries.sort_unstable();
        for month in entries.chunk_by(|(one, ..), (next, ..)| one == next) {
            let start = counts.lists.len();
            put(&mut counts.lists, month.iter().map(|(_, combination, count)| (*combination, *count)));
            let length = short(counts.lists.len() - start);
            counts.months.extend(month.first().map(|(month, ..)| (*month, length)));
        }
        entries.sort_unstable_by_key(|(_, combination, _)| *combination);
        put(&mut counts.whole, entries.iter().map(|(_, combination, count)| (*combination, *count)));
        counts.total = entries.iter().map(|(.., count)| count).sum();
        counts.lists.shrink_to_fit();
        counts.whole.shrink_to_fit();
        counts
    }

    /// Each month and its list.
    pub(super) fn months(&self) -> impl Iterator<Item = (u32, List<'_>)> {
        let mut rest = self.lists.as_slice();
        self.months.iter().map_while(move |(month, length)| {
            let (list, behind) = rest.split_at_checked(*length as usize)?;
            rest = behind;
            Some((*month, List(list)))
        })
    }

    /// The list of all months together.
    pub(super) fn whole(&self) -> List<'_> {
        List(&self.whole)
    }

    /// The number of records.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Counts one record more or less. `None`: there is no record to subtract, and nothing changed.
    pub(super) fn step(&mut self, month: u32, combination: u32, step: Step) -> Option<()> {
        let at = self.months.partition_point(|(known, _)| *known < month);
        let start = self.months.iter().take(at).map(|(_, length)| *length as usize).sum::<usize>();
        let length =
            self.months.get(at).filter(|(known, _)| *known == month).map(|(_, length)| *length as usize);
        let end = start + length.unwrap_or(0);
        let list = stepped(List(self.lists.get(start..end)?), combination, step)?;
        let whole = stepped(List(&self.whole), combination, step)?;
        let total = match step {
            Step::Up => self.total.checked_add(1)?,
            Step::Down => self.total.checked_sub(1)?,
        };
        match (length, list.is_empty()) {
            (None, true) => {}
            (None, false) => self.months.insert(at, (month, short(list.len()))),
            (Some(_), true) => drop(self.months.remove(at)),
            (Some(_), false) => {
                self.months.get_mut(at).into_iter().for_each(|(_, length)| *length = short(list.len()));
            }
        }
        // The exact size, because spare capacity in each of thousands of facilities would be half of the memory.
        self.lists.reserve_exact(list.len().saturating_sub(end - start));
        drop(self.lists.splice(start..end, list));
        self.whole = whole;
        self.total = total;
        Some(())
    }
}

/// One list: combinations and their counts.
#[derive(Clone, Debug)]
pub(super) struct List<'a>(&'a [u8]);

impl Iterator for List<'_> {
    type Item = (u32, u64);

    fn next(&mut self) -> Option<Self::Item> {
        // Fast path: most pairs are two bytes, and a country has a hundred thousand pairs.
        if let [combination @ ..0x80, count @ ..0x80, rest @ ..] = self.0 {
            self.0 = rest;
            return Some((u32::from(*combination), u64::from(*count)));
        }
        let combination = u32::try_from(number(&mut self.0)?).ok()?;
        Some((combination, number(&mut self.0)?))
    }
}

fn stepped(list: List<'_>, combination: u32, step: Step) -> Option<Vec<u8>> {
    let mut pairs: Vec<_> = list.collect();
    match (step, pairs.iter_mut().find(|(known, _)| *known == combination)) {
        (Step::Up, Some((_, count))) => *count += 1,
        (Step::Up, None) => pairs.push((combination, 1)),
        (Step::Down, Some((_, count))) => *count -= 1,
        (Step::Down, None) => return None,
    }
    let mut bytes = Vec::with_capacity(2 * pairs.len());
    put(&mut bytes, pairs.into_iter());
    bytes.shrink_to_fit();
    Some(bytes)
}

fn short(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Writes pairs. It merges neighbouring pairs of the same combination and leaves out pairs whose count is zero.
fn put(bytes: &mut Vec<u8>, pairs: impl Iterator<Item = (u32, u64)>) {
    let mut open: Option<(u32, u64)> = None;
    let mut write = |pair: Option<(u32, u64)>| {
        if let Some((combination, count)) = pair.filter(|(_, count)| *count > 0) {
            put_number(bytes, u64::from(combination));
            put_number(bytes, count);
        }
    };
    for (combination, count) in pairs {
        match &mut open {
            Some((known, sum)) if *known == combination => *sum += count,
            open => write(open.replace((combination, count))),
        }
    }
    write(open);
}

/// Seven bits per byte, lowest first. The eighth bit says that more bytes follow.
fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if *byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}
