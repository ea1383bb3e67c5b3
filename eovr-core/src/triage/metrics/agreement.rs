//! Agreement of raters, and comparison of two scorers.

use super::{share, sum};
use crate::error::{Error, Result};

/// Agreement of several raters beyond chance (Fleiss 1971). Each row is a case: the number of raters that chose each
/// class. `statsmodels.stats.inter_rater.fleiss_kappa`.
///
/// # Errors
/// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the cases have different numbers of raters.
pub fn fleiss_kappa(table: &[Vec<u64>]) -> Result<Option<f64>> {
    let raters = table.first().map_or(0, |row| row.iter().sum::<u64>());
    if let Some(at) = table.iter().position(|row| row.iter().sum::<u64>() != raters) {
        return Err(Error::invalid("the cases were rated by different numbers of people")
            .with_help("give the same number of ratings for each case")
            .with("case", at));
    }
    let cases = table.len() as f64;
    let raters = raters as f64;
    let squares = |row: &Vec<u64>| sum(row.iter().map(|&count| (count as f64).powi(2)));
    let agreed = table.iter().map(|row| (squares(row) - raters) / (raters * (raters - 1.0)));
    let seen = if raters > 1.0 { share(sum(agreed), cases) } else { None };
    let classes = table.iter().map(Vec::len).max().unwrap_or(0);
    let by_chance = sum((0..classes).map(|class| {
        let chosen: u64 = table.iter().filter_map(|row| row.get(class)).sum();
        (chosen as f64 / (cases * raters)).powi(2)
    }));
    Ok(seen.and_then(|seen| share(seen - by_chance, 1.0 - by_chance)))
}

/// A comparison of two scorers on the same cases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct McNemar {
    /// Cases that only the first got right.
    pub first_only: u64,
    /// Cases that only the second got right.
    pub second_only: u64,
    /// The exact two-sided p-value: the probability of a difference at least as large by chance.
    pub p_value: f64,
}

/// McNemar's exact test. `statsmodels.stats.contingency_tables.mcnemar` with `exact=True`. Where the lengths differ,
/// the rest of the longer one is ignored.
pub fn mcnemar(first_right: &[bool], second_right: &[bool]) -> McNemar {
    let only = |wanted: (bool, bool)| {
        first_right.iter().zip(second_right).filter(|&(&first, &second)| (first, second) == wanted).count()
            as u64
    };
    let (first_only, second_only) = (only((true, false)), only((false, true)));
    McNemar {
        first_only,
        second_only,
        p_value: two_sided(first_only.min(second_only), first_only + second_only),
    }
}

/// Twice the probability of at most `few` heads in `all` throws.
fn two_sided(few: u64, all: u64) -> f64 {
    let (n, k) = (all as f64, few as f64);
    let choose = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
    let mut term = libm::exp(choose - n * std::f64::consts::LN_2);
    let mut total = term;
    // The probability of each smaller number of heads follows by an exact factor.
    for heads in (1..=few).rev() {
        term *= heads as f64 / (all - heads + 1) as f64;
        total += term;
        if term < total * f64::EPSILON {
            break;
        }
    }
    (2.0 * total).min(1.0)
}
