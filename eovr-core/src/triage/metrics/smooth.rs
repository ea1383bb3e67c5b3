//! Calibration as a smoothed curve: logistic regression of the truth on a restricted cubic spline of the predicted log
//! odds (Harrell 2015, chapter 2; Austin and Steyerberg 2019).

use serde::Serialize;

use super::bootstrap::percentile;
use super::{Flags, share, sum};

/// One point of a smoothed calibration curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The predicted probability.
    pub said: f64,
    /// The estimated rate.
    pub happened: f64,
    /// The lower end of the pointwise 95 % band, which assumes independent cases.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A smoothed calibration curve, and its distance from the predictions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Smoothed {
    /// The curve, from the smallest to the largest predicted probability.
    pub points: Vec<CurvePoint>,
    /// The number of knots of the spline; 0 for a straight line.
    pub knots: usize,
    /// The mean distance of curve and prediction over the cases (integrated calibration index).
    pub ici: f64,
    /// The median distance.
    pub e50: f64,
    /// The 90th percentile of the distance.
    pub e90: f64,
}

/// The positions of the knots as quantiles of the cases, from the most knots to the fewest.
const KNOTS: [&[f64]; 4] =
    [&[0.05, 0.275, 0.5, 0.725, 0.95], &[0.05, 0.35, 0.65, 0.95], &[0.1, 0.5, 0.9], &[]];
/// Points of the curve.
const POINTS: usize = 61;
const Z: f64 = 1.959_963_984_540_054;
/// The maximum number of terms: a constant, a line, and three for five knots.
const TERMS: usize = 5;

impl Flags {
    /// The smoothed calibration curve with five knots, or with as many as the cases allow. `None` where the scores are
    /// not probabilities, one class is missing, or the scores separate the classes perfectly.
    pub fn smoothed_calibration(&self) -> Option<Smoothed> {
        self.probabilities()?;
        self.prevalence().filter(|&share| share > 0.0 && share < 1.0)?;
        let cases = self.log_odds();
        KNOTS.iter().find_map(|places| {
            let spline = Spline::new(&cases, places)?;
            let fit = Fit::new(&spline, &cases)?;
            self.drawn(&spline, &fit)
        })
    }

    fn drawn(&self, spline: &Spline, fit: &Fit) -> Option<Smoothed> {
        let (first, last) = (self.cases.first()?.0, self.cases.last()?.0);
        let at = |p: f64| {
            let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            spline.terms(libm::log(p / (1.0 - p)))
        };
        let points = (0..POINTS).map(|place| {
            let said = first + (last - first) * place as f64 / (POINTS - 1) as f64;
            let terms = at(said);
            let (middle, half) = (fit.predicted(&terms), Z * fit.error(&terms));
            CurvePoint {
                said,
                happened: chance(middle),
                low: chance(middle - half),
                high: chance(middle + half),
            }
        });
        let points: Vec<CurvePoint> = points.collect();
        let mut apart: Vec<f64> =
            self.cases.iter().map(|&(p, _)| (chance(fit.predicted(&at(p))) - p).abs()).collect();
        let ici = share(sum(apart.iter().copied()), apart.len() as f64)?;
        apart.sort_by(f64::total_cmp);
        let (e50, e90) = (percentile(&apart, 0.5)?, percentile(&apart, 0.9)?);
        Some(Smoothed { points, knots: spline.knots.len(), ici, e50, e90 })
    }
}

fn chance(odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-odds))
}

type Terms = [f64; TERMS];

/// Log odds as terms of a regression: linear beyond the outer knots, cubic between them.
struct Spline {
    knots: Vec<f64>,
}

impl Spline {
    /// `None` where two knots coincide. The cases must be sorted.
    fn new(cases: &[(f64, f64)], places: &[f64]) -> Option<Self> {
        let sorted: Vec<f64> = cases.iter().map(|case| case.0).collect();
        let knots: Vec<f64> = places.iter().filter_map(|&place| percentile(&sorted, place)).collect();
        let apart =
            knots.windows(2).all(|pair| pair.last() > pair.first().map(|first| first + 1e-6).as_ref());
        (apart && knots.len() == places.len()).then_some(Self { knots })
    }

    fn count(&self) -> usize {
        2 + self.knots.len().saturating_sub(2)
    }

    fn terms(&self, x: f64) -> Terms {
        let mut terms = [1.0, x, 0.0, 0.0, 0.0];
        if let [first, .., before, last] = self.knots.as_slice() {
            let cube = |from: f64| (x - from).max(0.0).powi(3);
            let (span, end) = ((last - first).powi(2), last - before);
            for (term, knot) in terms.iter_mut().skip(2).zip(self.knots.iter().take(self.knots.len() - 2)) {
                let bent =
                    cube(*knot) - cube(*before) * (last - knot) / end + cube(*last) * (before - knot) / end;
                *term = bent / span;
            }
        }
        terms
    }
}

/// A logistic regression with its covariance.
struct Fit {
    weights: Terms,
    covariance: [Terms; TERMS],
}

impl Fit {
    /// Newton's method on the likelihood, with shorter steps where a full step decreases it.
    fn new(spline: &Spline, cases: &[(f64, f64)]) -> Option<Self> {
        let count = spline.count();
        let rows: Vec<(Terms, f64)> = cases.iter().map(|&(x, y)| (spline.terms(x), y)).collect();
        let likelihood = |weights: &Terms| {
            sum(rows.iter().map(|(terms, y)| {
                let odds = dot(weights, terms);
                // log(1 + e^odds) without overflow.
                y * odds - odds.max(0.0) - libm::log1p(libm::exp(-odds.abs()))
            }))
        };
        let mut weights = [0.0; TERMS];
        let mut before = likelihood(&weights);
        for _ in 0..100 {
            let (mut gradient, mut hessian) = ([0.0; TERMS], [[0.0; TERMS]; TERMS]);
            for (terms, y) in &rows {
                let p = chance(dot(&weights, terms));
                for ((slope, bend), term) in gradient.iter_mut().zip(&mut hessian).zip(terms) {
                    *slope += (y - p) * term;
                    bend.iter_mut()
                        .zip(terms)
                        .for_each(|(bend, other)| *bend += p * (1.0 - p) * term * other);
                }
            }
            let covariance = inverse(hessian, count)?;
            let step = covariance.map(|row| dot(&row, &gradient));
            let settled =
                step.iter().zip(&weights).all(|(step, weight)| step.abs() < 1e-10 * (1.0 + weight.abs()));
            if settled {
                return weights
                    .iter()
                    .all(|weight| weight.is_finite())
                    .then_some(Self { weights, covariance });
            }
            let mut length = 1.0;
            loop {
                let mut next = weights;
                next.iter_mut().zip(&step).for_each(|(next, step)| *next += length * step);
                let now = likelihood(&next);
                // A decrease within the rounding error is accepted.
                if now >= before - 1e-10 * before.abs() {
                    (weights, before) = (next, now);
                    break;
                }
                length /= 2.0;
                if length < 1e-6 {
                    return None;
                }
            }
        }
        None
    }

    fn predicted(&self, terms: &Terms) -> f64 {
        dot(&self.weights, terms)
    }

    fn error(&self, terms: &Terms) -> f64 {
        let along = self.covariance.map(|row| dot(&row, terms));
        dot(&along, terms).max(0.0).sqrt()
    }
}

fn dot(a: &Terms, b: &Terms) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The inverse of the first `count` rows and columns by Gauss–Jordan elimination, the rest 0; `None` where it does not
/// exist. The matrix is symmetric and positive definite, so no pivoting is needed.
fn inverse(mut matrix: [Terms; TERMS], count: usize) -> Option<[Terms; TERMS]> {
    let mut inverse = [[0.0; TERMS]; TERMS];
    for (place, row) in inverse.iter_mut().enumerate().take(count) {
        row.get_mut(place).into_iter().for_each(|cell| *cell = 1.0);
    }
    for place in 0..count {
        let (of, into) = (*matrix.get(place)?, *inverse.get(place)?);
        let pivot = *of.get(place)?;
        if !(pivot.is_finite() && pivot > 1e-14) {
            return None;
        }
        let (of, into) = (of.map(|cell| cell / pivot), into.map(|cell| cell / pivot));
        for row in 0..count {
            let (left, right) = (matrix.get_mut(row)?, inverse.get_mut(row)?);
            if row == place {
                (*left, *right) = (of, into);
                continue;
            }
            let factor = *left.get(place)?;
            left.iter_mut().zip(&of).for_each(|(cell, of)| *cell -= factor * of);
            right.iter_mut().zip(&into).for_each(|(cell, into)| *cell -= factor * into);
        }
    }
    Some(inverse)
}
