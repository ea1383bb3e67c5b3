//! Figures for sets of labels, where a case may have several.

use super::{ClassFigures, share, sum};

/// The number of predictions and true cases of each label. The figures equal scikit-learn's for indicator matrices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// For each label: true and predicted, only true, only predicted.
    counts: Vec<[u64; 3]>,
    cases: u64,
    exact: u64,
}

impl Overlap {
    /// Counts pairs of true and predicted labels; a label that is not below `classes` is ignored.
    pub fn of<'a, S: AsRef<[usize]>>(pairs: impl Iterator<Item = (&'a [usize], S)>, classes: usize) -> Self {
        let mut overlap = Self { counts: vec![[0; 3]; classes], cases: 0, exact: 0 };
        for (truth, said) in pairs {
            let said = said.as_ref();
            overlap.cases += 1;
            let same = truth.len() == said.len() && truth.iter().all(|label| said.contains(label));
            overlap.exact += u64::from(same);
            for &label in truth {
                overlap.add(label, if said.contains(&label) { 0 } else { 1 });
            }
            said.iter().filter(|label| !truth.contains(label)).for_each(|&label| overlap.add(label, 2));
        }
        overlap
    }

    fn add(&mut self, label: usize, what: usize) {
        let counted = self.counts.get_mut(label).and_then(|counts| counts.get_mut(what));
        counted.into_iter().for_each(|count| *count += 1);
    }

    /// The share of cases whose predicted labels equal the true ones. `sklearn.metrics.accuracy_score`.
    pub fn exact(&self) -> Option<f64> {
        share(self.exact as f64, self.cases as f64)
    }

    /// The share of labels, over all cases, that are wrongly predicted or missing. `sklearn.metrics.hamming_loss`.
    pub fn hamming(&self) -> Option<f64> {
        let wrong: u64 = self.counts.iter().map(|[_, missed, extra]| missed + extra).sum();
        share(wrong as f64, self.cases as f64 * self.counts.len() as f64)
    }

    /// F1 over all labels of all cases; 0 where there are none. `f1_score(average="micro")`.
    pub fn micro_f1(&self) -> Option<f64> {
        let of = |what: fn(&[u64; 3]) -> u64| self.counts.iter().map(what).sum::<u64>() as f64;
        let (both, one) = (of(|[both, _, _]| *both), of(|[_, missed, extra]| missed + extra));
        (self.cases > 0).then(|| share(2.0 * both, 2.0 * both + one).unwrap_or(0.0))
    }

    /// The mean F1 of all labels; a label that is neither true nor predicted counts as 0. `f1_score(average="macro")`.
    pub fn macro_f1(&self) -> Option<f64> {
        let figures = self.by_label();
        share(sum(figures.iter().map(|label| label.f1)), figures.len() as f64).filter(|_| self.cases > 0)
    }

    /// Precision, recall and F1 of each label.
    pub fn by_label(&self) -> Vec<ClassFigures> {
        let figures = |&[both, missed, extra]: &[u64; 3]| {
            let hit = both as f64;
            ClassFigures {
                count: both + missed,
                precision: share(hit, (both + extra) as f64).unwrap_or(0.0),
                recall: share(hit, (both + missed) as f64).unwrap_or(0.0),
                f1: share(2.0 * hit, (2 * both + missed + extra) as f64).unwrap_or(0.0),
            }
        };
        self.counts.iter().map(figures).collect()
    }
}
