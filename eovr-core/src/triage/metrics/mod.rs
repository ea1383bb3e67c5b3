//! Evaluation metrics of scorers. Each equals scikit-learn's or statsmodels' result.
//!
//! [`Flags`] compares a binary truth with a score: ranking, operating points, calibration. [`Confusion`] compares
//! levels with levels: agreement, figures per class, under- and over-triage. [`Overlap`] compares sets of labels.
//! [`Bootstrap`] computes intervals for all of them, by case or by group.
//!
//! **An undefined figure is `None`.** With a single class there is no area under a curve, and two raters who always
//! give the same label have no kappa. Such a figure is neither 0 nor 0.5 nor NaN.
//!
//! ```
//! use eovr_core::triage::metrics::{Bootstrap, Confusion, Flags, Weights};
//!
//! let flags = Flags::new(&[false, false, true, true], &[0.1, 0.6, 0.4, 0.9])?;
//! assert_eq!(flags.auroc(), Some(0.75));
//!
//! let levels = Confusion::new(&[0, 1, 2, 2], &[0, 1, 1, 2], 3)?;
//! assert_eq!(levels.kappa(Weights::Quadratic), Some(0.8));
//!
//! let interval = Bootstrap { draws: 200, seed: 1 }.interval(4, None, |rows| {
//!     Some(rows.len() as f64)
//! });
//! assert_eq!(interval.low, Some(4.0));
//! # Ok::<(), eovr_core::Error>(())
//! ```

mod agreement;
mod bootstrap;
mod calibration;
mod confusion;
mod decision;
mod flags;
mod overlap;
mod smooth;

pub use agreement::{McNemar, fleiss_kappa, mcnemar};
pub use bootstrap::{Bootstrap, FEW_GROUPS, Interval, PairedDifference, wilson};
pub(crate) use calibration::line_towards;
pub use calibration::{Bin, Bins, Line};
pub use confusion::{ClassFigures, Confusion, Weights};
pub use decision::{NetBenefit, net_benefit, predictive_values};
pub use flags::{Flags, OperatingPoint};
pub use overlap::Overlap;
pub use smooth::{CurvePoint, Smoothed};

#[cfg(test)]
mod tests;

/// A sum with Neumaier's correction, so that rounding errors of long sums stay invisible.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = total + value;
        lost += if total.abs() >= value.abs() { (total - next) + value } else { (value - next) + total };
        total = next;
    }
    total + lost
}

/// `part / whole`, or `None` where `whole` is 0.
fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
