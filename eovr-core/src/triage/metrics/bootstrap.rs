//! Confidence intervals by the bootstrap.

use std::collections::BTreeMap;

use super::share;
use crate::triage::random::Random;

/// Resamples the cases with replacement and recomputes a figure.
///
/// The random numbers are SplitMix64 from the seed, so the result is the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// The number of draws. 1,000 draws fix the second digit of a 95 % interval.
    pub draws: usize,
    /// The seed of the random numbers.
    pub seed: u64,
}

/// A figure with the middle 95 % of its resampled values.
///
/// A value at the limit of its range, such as 1, can lie outside the middle of the draws. The interval is then widened,
/// so that it always contains its value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Interval {
    /// The figure of the original cases.
    pub value: Option<f64>,
    /// The 2.5th percentile; `None` where no draw has the figure, or the original cases do not have it.
    pub low: Option<f64>,
    /// The 97.5th percentile.
    pub high: Option<f64>,
    /// Whether the interval was widened to contain the value.
    pub widened: bool,
    /// The number of draws in which the figure was defined; the others are ignored.
    pub defined: usize,
}

/// The second figure minus the first, on the same draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedDifference {
    /// The difference on the original cases.
    pub difference: Option<f64>,
    /// Its 95 % interval.
    pub interval: Interval,
    /// The two-sided p-value: from the share of draws on the other side of 0.
    pub p_value: Option<f64>,
}

impl Bootstrap {
    /// The interval of one figure over `count` cases. `groups` assigns a group to each case. Whole groups are then
    /// drawn, because cases of one patient, event or hospital are not independent.
    pub fn interval(
        &self,
        count: usize,
        groups: Option<&[u64]>,
        mut figure: impl FnMut(&[usize]) -> Option<f64>,
    ) -> Interval {
        let [interval] = self.intervals(count, groups, |rows| [figure(rows)]);
        interval
    }

    /// The intervals of several figures from the same draws.
    pub fn intervals<const N: usize>(
        &self,
        count: usize,
        groups: Option<&[u64]>,
        mut figures: impl FnMut(&[usize]) -> [Option<f64>; N],
    ) -> [Interval; N] {
        let all: Vec<usize> = (0..count).collect();
        let values = figures(&all);
        let mut seen: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(self.draws));
        self.each(count, groups, |rows| {
            for (seen, figure) in seen.iter_mut().zip(figures(rows)) {
                seen.extend(figure);
            }
        });
        let mut found = seen.into_iter().zip(values);
        std::array::from_fn(|_| found.next().map(|(seen, value)| middle(seen, value)).unwrap_or_default())
    }

    /// Compares two scorers on the same cases: `figure(rows, false)` is the figure of the first, `figure(rows, true)`
    /// of the second.
    pub fn compare(
        &self,
        count: usize,
        groups: Option<&[u64]>,
        mut figure: impl FnMut(&[usize], bool) -> Option<f64>,
    ) -> PairedDifference {
        let mut between = |rows: &[usize]| {
            figure(rows, true).zip(figure(rows, false)).map(|(second, first)| second - first)
        };
        let all: Vec<usize> = (0..count).collect();
        let difference = between(&all);
        let mut seen = Vec::with_capacity(self.draws);
        self.each(count, groups, |rows| seen.extend(between(rows)));
        let side = |wanted: fn(&&f64) -> bool| seen.iter().filter(wanted).count() as f64;
        let fewer = side(|seen| **seen <= 0.0).min(side(|seen| **seen >= 0.0));
        let p_value = share(2.0 * fewer, seen.len() as f64).map(|p| p.min(1.0));
        PairedDifference { difference, p_value, interval: middle(seen, difference) }
    }

    fn each(&self, count: usize, groups: Option<&[u64]>, mut look: impl FnMut(&[usize])) {
        let mut random = Random::new(self.seed);
        let mut rows = Vec::with_capacity(count);
        let members: Vec<Vec<usize>> = groups.map(|groups| by_group(groups, count)).unwrap_or_default();
        for _ in 0..self.draws {
            rows.clear();
            if groups.is_some() {
                for _ in 0..members.len() {
                    rows.extend(members.get(random.below(members.len())).into_iter().flatten());
                }
            } else {
                rows.extend((0..count).map(|_| random.below(count)));
            }
            look(&rows);
        }
    }
}

/// With fewer groups the draws are too similar, and the intervals are too narrow.
pub const FEW_GROUPS: usize = 30;

/// The rows of each group, in the order of the group numbers.
fn by_group(groups: &[u64], count: usize) -> Vec<Vec<usize>> {
    let mut members: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (row, &group) in groups.iter().take(count).enumerate() {
        members.entry(group).or_default().push(row);
    }
    members.into_values().collect()
}

fn middle(mut seen: Vec<f64>, value: Option<f64>) -> Interval {
    seen.sort_by(f64::total_cmp);
    let of = |at: f64| value.and(percentile(&seen, at));
    let (low, high) = (of(0.025), of(0.975));
    let widened = value.zip(low).is_some_and(|(value, low)| value < low)
        || value.zip(high).is_some_and(|(value, high)| value > high);
    let reach =
        |edge: Option<f64>, to: fn(f64, f64) -> f64| edge.zip(value).map(|(edge, value)| to(edge, value));
    Interval { value, low: reach(low, f64::min), high: reach(high, f64::max), widened, defined: seen.len() }
}

/// The 95 % interval of a share by Wilson's score. It is not a single point for a share of 0 or 1, unlike that of the
/// bootstrap. `statsmodels.stats.proportion.proportion_confint` with `method="wilson"`.
pub fn wilson(share: f64, cases: f64) -> Option<(f64, f64)> {
    const Z: f64 = 1.959_963_984_540_054;
    let squared = Z * Z;
    let middle = (share + squared / (2.0 * cases)) / (1.0 + squared / cases);
    let half = Z / (1.0 + squared / cases)
        * (share * (1.0 - share) / cases + squared / (4.0 * cases * cases)).max(0.0).sqrt();
    (cases > 0.0).then(|| ((middle - half).max(0.0), (middle + half).min(1.0)))
}

/// A percentile, interpolated between the two nearest sorted values like `numpy.percentile`.
pub(super) fn percentile(sorted: &[f64], at: f64) -> Option<f64> {
    let place = at * sorted.len().checked_sub(1)? as f64;
    let low = sorted.get(place.floor() as usize)?;
    let high = sorted.get(place.ceil() as usize)?;
    Some(low + (high - low) * (place - place.floor()))
}
