//! Decides whether numeric labels are levels: a model confuses a level with its neighbours, and a kind with any other.
//!
//! Every order of the labels is compared with the confusions of held-out narratives. If kinds were numbered at random,
//! the given order is the best one only as often as by chance. The labels are taken for levels only where few orders
//! fit as well and, in nearly all triples of labels, the outer two are confused least with each other. They are taken
//! for kinds only where many orders fit better. Either must hold in nearly all resamples of the narratives. With three
//! labels, every third random order is the best one, so three numbers can never be shown to be levels.

use crate::triage::random::Random;

/// What the confusions show about numeric labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Neighbours are confused.
    Levels,
    /// Confusions do not depend on the distance.
    Kinds,
    /// Both are possible.
    Unsure,
}

/// Four labels have twelve orders, if an order and its reverse count once. If more than one order in twelve is as good
/// as the given one, it is no evidence of levels.
const AS_GOOD: f64 = 1.0 / 12.0 + 1e-9;
/// The minimum share of triples whose outer labels are confused least, for levels; with four labels, all of them.
const IN_BETWEEN: f64 = 0.8;
/// A smaller share of the greatest confusion counts as none.
const NOTHING: f64 = 0.03;
/// The minimum share of better orders that indicates kinds.
const BETTER: f64 = 0.25;
/// The number of resamples, and in how many of them a finding may fail.
const DRAWS: usize = 100;
const FAILED: usize = 5;
/// Up to this number of labels every order is tried; with more labels, a random sample.
const ALL_ORDERS: usize = 7;
const ORDERS: usize = 2000;
/// With more labels, the orders are too many to try.
pub(super) const MOST: usize = 20;
/// With fewer narratives, there is no evidence.
const FEWEST: usize = 50;
/// A fixed seed, so that the result does not depend on the seed of a training.
const SEED: u64 = 0x01DE;

/// The finding for these labels; `probabilities` has `classes` numbers for each label.
pub(super) fn finding(probabilities: &[f32], labels: &[usize], classes: usize) -> Finding {
    if !(3..=MOST).contains(&classes) || labels.len() < FEWEST {
        return Finding::Unsure;
    }
    let rows: Vec<(&[f32], usize)> =
        probabilities.chunks(classes).zip(labels).map(|(row, &label)| (row, label)).collect();
    let mut random = Random::new(SEED);
    let orders = orders(classes, &mut random);
    let whole = Mistakes::of(rows.iter().copied(), classes).finding(&orders);
    if whole == Finding::Unsure {
        return whole;
    }
    let mut failed = 0;
    for _ in 0..DRAWS {
        let drawn = (0..rows.len()).filter_map(|_| rows.get(random.below(rows.len())).copied());
        failed += usize::from(Mistakes::of(drawn, classes).finding(&orders) != whole);
        if failed > FAILED {
            return Finding::Unsure;
        }
    }
    whole
}

/// The confusion of labels, and the confusion expected from their frequencies alone.
struct Mistakes {
    /// For each pair of labels: the confusion between them, and the expected confusion.
    between: Vec<(usize, usize, f64, f64)>,
}

impl Mistakes {
    fn of<'a>(rows: impl Iterator<Item = (&'a [f32], usize)>, classes: usize) -> Self {
        let mut given = vec![0.0_f64; classes * classes];
        let (mut true_of, mut said_of, mut count) = (vec![0.0_f64; classes], vec![0.0_f64; classes], 0.0);
        for (row, label) in rows {
            count += 1.0;
            true_of.get_mut(label).into_iter().for_each(|all| *all += 1.0);
            let into = given.get_mut(label * classes..(label + 1) * classes).unwrap_or_default();
            for ((into, said), &p) in into.iter_mut().zip(&mut said_of).zip(row) {
                *into += f64::from(p);
                *said += f64::from(p);
            }
        }
        let at = |a: usize, b: usize| given.get(a * classes + b).copied().unwrap_or_default();
        let chance = |a: usize, b: usize| {
            true_of
                .get(a)
                .zip(said_of.get(b))
                .map_or(0.0, |(truth, said)| truth * said / f64::max(count, 1.0))
        };
        let pairs = (0..classes).flat_map(|a| (a + 1..classes).map(move |b| (a, b)));
        Self {
            between: pairs.map(|(a, b)| (a, b, at(a, b) + at(b, a), chance(a, b) + chance(b, a))).collect(),
        }
    }

    /// The agreement of the confusions with levels in this order, beyond chance (linearly weighted kappa).
    fn fit(&self, order: &[usize]) -> f64 {
        let place = |label: usize| order.get(label).copied().unwrap_or_default();
        let (mut seen, mut chance) = (0.0, 0.0);
        for &(a, b, given, by_chance) in &self.between {
            let apart = place(a).abs_diff(place(b)) as f64;
            seen += apart * given;
            chance += apart * by_chance;
        }
        if chance > 0.0 { 1.0 - seen / chance } else { 0.0 }
    }

    /// The share of triples whose middle label is closer to both others than they are to each other.
    fn in_between(&self) -> f64 {
        let near = |a: usize, c: usize| {
            let pair = self.between.iter().find(|pair| (pair.0, pair.1) == (a, c));
            pair.map_or(0.0, |pair| if pair.3 > 0.0 { pair.2 / pair.3 } else { 0.0 })
        };
        // Differences between very small confusions mean nothing.
        let most = self.between.iter().map(|pair| near(pair.0, pair.1)).fold(0.0, f64::max);
        let (mut all, mut held) = (0_u32, 0_u32);
        for &(a, c, ..) in &self.between {
            let outer = near(a, c) - NOTHING * most;
            for b in a + 1..c {
                all += 1;
                held += u32::from(near(a, b) > outer && near(b, c) > outer);
            }
        }
        f64::from(held) / f64::from(all.max(1))
    }

    /// The first order is the given one.
    fn finding(&self, orders: &[Vec<usize>]) -> Finding {
        let fits: Vec<f64> = orders.iter().map(|order| self.fit(order)).collect();
        let given = fits.first().copied().unwrap_or_default();
        let share = |count: usize| count as f64 / orders.len().max(1) as f64;
        let as_good = fits.iter().filter(|&&fit| fit >= given - 1e-12).count();
        let better = fits.iter().filter(|&&fit| fit > given + 1e-12).count();
        if given > 0.0 && share(as_good) <= AS_GOOD && self.in_between() >= IN_BETWEEN {
            Finding::Levels
        } else if share(better) >= BETTER {
            Finding::Kinds
        } else {
            Finding::Unsure
        }
    }
}

/// Orders of the labels, the given one first: all of them, or a random sample. An order and its reverse count once.
fn orders(classes: usize, random: &mut Random) -> Vec<Vec<usize>> {
    let given: Vec<usize> = (0..classes).collect();
    let mut found = vec![given.clone()];
    if classes > ALL_ORDERS {
        let mut order = given;
        for _ in 0..ORDERS {
            random.shuffle(&mut order);
            found.push(order.clone());
        }
        return found;
    }
    let mut order = given;
    while next(&mut order) {
        // Of an order and its reverse, take the one that begins with the lower label.
        if order.first() < order.last() {
            found.push(order.clone());
        }
    }
    found
}

/// The next permutation in lexicographic order, if there is one.
fn next(order: &mut [usize]) -> bool {
    let Some(pivot) = order.windows(2).rposition(|pair| pair.first() < pair.last()) else { return false };
    let at = order.get(pivot).copied().unwrap_or_default();
    let Some(swap) = order.iter().rposition(|&place| place > at) else { return false };
    order.swap(pivot, swap);
    order.get_mut(pivot + 1..).into_iter().for_each(<[usize]>::reverse);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A standard normal number, as the sum of twelve uniform ones.
    fn normal(random: &mut Random) -> f64 {
        (0..12).map(|_| random.below(1 << 20) as f64 / f64::from(1 << 20)).sum::<f64>() - 6.0
    }

    /// Held-out answers of a good model: narratives scatter around the centre of their label. Centres of levels are in
    /// a row with some noise; centres of kinds are random.
    fn answers(levels: bool, classes: usize, rows: usize, random: &mut Random) -> (Vec<f32>, Vec<usize>) {
        const WIDE: usize = 3;
        let mut along = 0.0;
        let centres: Vec<[f64; WIDE]> = (0..classes)
            .map(|_| {
                let own: [f64; WIDE] = std::array::from_fn(|_| normal(random));
                along += 0.7 + random.below(100) as f64 / 100.0;
                if levels { [along, 0.4 * own[1], 0.4 * own[2]] } else { own.map(|own| 1.2 * own) }
            })
            .collect();
        let (mut probabilities, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let label = random.below(classes);
            let at: [f64; WIDE] = std::array::from_fn(|place| centres[label][place] + normal(random));
            let near = |centre: &[f64; WIDE]| {
                let apart: f64 = centre.iter().zip(at).map(|(centre, at)| (centre - at).powi(2)).sum();
                libm::exp(-apart / 2.0)
            };
            let all: f64 = centres.iter().map(near).sum();
            probabilities.extend(centres.iter().map(|centre| (near(centre) / all) as f32));
            labels.push(label);
        }
        (probabilities, labels)
    }

    /// The counts of the findings: levels, kinds, unsure.
    fn tally(levels: bool, classes: usize, rows: usize) -> [usize; 3] {
        let mut random = Random::new(classes as u64 * 1000 + rows as u64);
        let mut tally = [0; 3];
        for _ in 0..SETS {
            let (probabilities, labels) = answers(levels, classes, rows, &mut random);
            let found = finding(&probabilities, &labels, classes);
            tally[match found {
                Finding::Levels => 0,
                Finding::Kinds => 1,
                Finding::Unsure => 2,
            }] += 1;
        }
        tally
    }

    const SETS: usize = 100;

    #[test]
    fn kinds_are_rarely_taken_for_levels_and_levels_never_for_kinds() {
        for classes in [2, 3, 4, 5, 6] {
            for rows in [20, 60, 500] {
                let (kinds, levels) = (tally(false, classes, rows), tally(true, classes, rows));
                let found = format!("{classes} labels, {rows} rows: kinds {kinds:?}, levels {levels:?}");
                // Levels, kinds, unsure; for a hundred sets each.
                #[expect(clippy::print_stdout, reason = "the figures of this test are worth reading")]
                {
                    println!("{found}");
                }
                assert!(kinds[0] <= 5 && levels[1] <= 2, "{found}");
                assert!(rows < 500 || classes < 5 || levels[0] >= 90, "{found}");
                assert!(rows >= FEWEST || (kinds[2], levels[2]) == (SETS, SETS), "{found}");
            }
        }
    }
}
