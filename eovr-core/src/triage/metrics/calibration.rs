//! Calibration: whether a predicted 70 % happens in 70 % of cases.

use super::{Flags, share, sum};

/// The grouping of probabilities for a reliability curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bins {
    /// This number of bins of equal width; a probability on an edge belongs to the upper bin.
    EqualWidth(usize),
    /// This number of bins with equally many cases; the first ones get one more where the division has a remainder.
    EqualMass(usize),
}

impl Bins {
    /// Fifteen bins of equal width, the usual choice for the expected calibration error.
    pub const WIDTH_15: Self = Self::EqualWidth(15);
    /// Fifteen bins with equally many cases, which few cases at the top cannot distort.
    pub const MASS_15: Self = Self::EqualMass(15);
}

/// One point of a reliability curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// The number of cases. A point with few cases means little.
    pub count: usize,
    /// The mean predicted probability.
    pub said: f64,
    /// The observed rate.
    pub happened: f64,
}

/// The logistic regression of the truth on the logit of the prediction. Slope 1 and intercept 0 are perfect; a slope
/// below 1 means that the probabilities are too extreme.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The increase of the true log odds per unit of predicted log odds.
    pub slope: f64,
    /// The true log odds at predicted even odds.
    pub intercept: f64,
}

impl Flags {
    /// The reliability curve, without empty bins.
    pub fn reliability(&self, bins: Bins) -> Vec<Bin> {
        if self.probabilities().is_none() {
            return Vec::new();
        }
        let cases = self.cases.as_slice();
        match bins {
            Bins::EqualWidth(count) => {
                let width = |p: f64| ((p * count as f64) as usize).min(count.saturating_sub(1));
                cases.chunk_by(|a, b| width(a.0) == width(b.0)).filter_map(bin).collect()
            }
            Bins::EqualMass(count) => {
                let count = count.max(1);
                let (each, more) = (cases.len() / count, cases.len() % count);
                let mut rest = cases;
                let mut found = Vec::new();
                for place in 0..count {
                    let (here, after) = rest.split_at(each + usize::from(place < more));
                    found.extend(bin(here));
                    rest = after;
                }
                found
            }
        }
    }

    /// Expected calibration error: the mean distance between a bin's probability and its observed rate, weighted by
    /// cases. It is greater than 0 even for perfect probabilities, and larger with fewer cases.
    pub fn calibration_error(&self, bins: Bins) -> Option<f64> {
        let bins = self.reliability(bins);
        let off = sum(bins.iter().map(|bin| bin.count as f64 * (bin.said - bin.happened).abs()));
        share(off, self.count() as f64)
    }

    /// Calibration slope and intercept by logistic regression. `None` where one class is missing or the scores separate
    /// the classes perfectly, because the slope is then infinite.
    pub fn calibration_line(&self) -> Option<Line> {
        self.probabilities()?;
        self.prevalence().filter(|&share| share > 0.0 && share < 1.0)?;
        line_towards(&self.log_odds(), 0.0)
    }

    /// Calibration in the large: the shift of the predicted log odds at which the expected number of events equals the
    /// observed one. 0 is perfect; a positive value means that the predictions are too low. Logistic regression with
    /// the log odds as offset.
    pub fn calibration_in_the_large(&self) -> Option<f64> {
        self.probabilities()?;
        self.prevalence().filter(|&share| share > 0.0 && share < 1.0)?;
        let points = self.log_odds();
        let mut shift = 0.0_f64;
        for _ in 0..100 {
            let said: Vec<(f64, f64)> =
                points.iter().map(|&(x, y)| (1.0 / (1.0 + libm::exp(-(x + shift))), y)).collect();
            let slope = sum(said.iter().map(|(p, _)| p * (1.0 - p)));
            let step = sum(said.iter().map(|(p, y)| y - p)) / slope;
            if !(step.is_finite() && slope > 1e-12) {
                return None;
            }
            // The step is limited, because the first step from a bad start could leave the range with a gradient.
            shift += step.clamp(-2.0, 2.0);
            if step.abs() < 1e-12 * (1.0 + shift.abs()) {
                return Some(shift);
            }
        }
        None
    }

    /// The ratio of observed to expected events: 1 is perfect; above 1 the predictions are too low.
    pub fn observed_expected(&self) -> Option<f64> {
        self.probabilities()?;
        share(self.positives() as f64, sum(self.cases.iter().map(|case| case.0)))
    }

    /// The predicted log odds and the outcome of each case.
    pub(super) fn log_odds(&self) -> Vec<(f64, f64)> {
        let odds = |&(p, yes): &(f64, bool)| {
            let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            (libm::log(p / (1.0 - p)), f64::from(u8::from(yes)))
        };
        self.cases.iter().map(odds).collect()
    }
}

fn bin(cases: &[(f64, bool)]) -> Option<Bin> {
    let count = cases.len();
    let said = share(sum(cases.iter().map(|case| case.0)), count as f64)?;
    let happened = cases.iter().filter(|case| case.1).count() as f64 / count as f64;
    Some(Bin { count, said, happened })
}

/// The maximum likelihood line through log odds and outcomes, with a ridge penalty towards slope 1 and intercept 0.
/// Newton's method converges in a few steps, or there is no maximum.
pub(crate) fn line_towards(points: &[(f64, f64)], penalty: f64) -> Option<Line> {
    let (mut slope, mut intercept) = (if penalty > 0.0 { 1.0 } else { 0.0_f64 }, 0.0_f64);
    for _ in 0..100 {
        let (mut g0, mut g1) = (-penalty * intercept, -penalty * (slope - 1.0));
        let (mut h00, mut h01, mut h11) = (penalty, 0.0, penalty);
        for &(x, y) in points {
            let p = 1.0 / (1.0 + libm::exp(-(slope * x + intercept)));
            let weight = p * (1.0 - p);
            g0 += y - p;
            g1 += (y - p) * x;
            h00 += weight;
            h01 += weight * x;
            h11 += weight * x * x;
        }
        let determinant = h00 * h11 - h01 * h01;
        if !(determinant.is_finite() && determinant > 1e-12) {
            return None;
        }
        let (step0, step1) = ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant);
        intercept += step0;
        slope += step1;
        if step0.abs() < 1e-12 * (1.0 + intercept.abs()) && step1.abs() < 1e-12 * (1.0 + slope.abs()) {
            return Some(Line { slope, intercept });
        }
    }
    None
}
