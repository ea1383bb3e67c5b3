//! The last reviews: they compare the log loss of rules and learner, and calibrate the learner's margin.

use std::collections::VecDeque;

use crate::triage::Suggestion;
use crate::triage::metrics::Flags;

/// One review with the predictions of rules and learner before they received the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) rules: f32,
    pub(super) margin: f32,
    pub(super) high: bool,
    /// The log loss of rules and learner; `None` before the first calibration.
    pub(super) surprise: Option<(f32, f32)>,
}

/// A line from a score to log odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) slope: f32,
    pub(super) shift: f32,
}

/// The last reviews, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Window {
    pub(super) seen: VecDeque<Seen>,
    pub(super) rules: Line,
    pub(super) learner: Line,
    pub(super) in_charge: bool,
    pub(super) flag_above: f64,
    /// The number of reviews since the last calibration.
    pub(super) since: u32,
}

/// The size of the window: large enough to show a lead, small enough to notice a change in the facility.
pub(super) const MOST: usize = 400;
/// The smallest number of compared reviews that can activate the learner.
const FEWEST: usize = 100;
/// The smallest number of reviews for a calibration.
const FIRST: usize = 20;
/// The number of reviews between two calibrations.
pub(super) const EVERY: u32 = 20;
/// The sensitivity that sets the threshold of the flag: nine in ten high-risk reports of the window are above it.
const FOUND: f64 = 0.9;

impl Default for Window {
    fn default() -> Self {
        let flat = Line { slope: 1.0, shift: 0.0 };
        Self {
            seen: VecDeque::new(),
            rules: flat,
            learner: flat,
            in_charge: false,
            flag_above: 1.0,
            since: 0,
        }
    }
}

impl Seen {
    pub(super) fn new(rules: &Suggestion, margin: f32, high: bool) -> Self {
        Self { rules: f32::from(rules.score) / 100.0, margin, high, surprise: None }
    }
}

impl Window {
    /// Adds a review. The calibration from before the review tests both predictions.
    pub(super) fn add(&mut self, mut seen: Seen) {
        if self.seen.len() >= FIRST {
            let surprise = |line: Line, score: f32| {
                let p = logistic(line.at(score)).clamp(1e-4, 1.0 - 1e-4);
                -libm::logf(if seen.high { p } else { 1.0 - p })
            };
            seen.surprise = Some((surprise(self.rules, seen.rules), surprise(self.learner, seen.margin)));
        }
        self.seen.push_back(seen);
        if self.seen.len() > MOST {
            self.seen.pop_front();
        }
        self.since += 1;
        if self.since >= EVERY {
            self.since = 0;
            self.rules = Line::fit(self.seen.iter().map(|seen| (seen.rules, seen.high)));
            self.learner = Line::fit(self.seen.iter().map(|seen| (seen.margin, seen.high)));
            self.appoint();
        }
    }

    /// Activates the learner when its lead is certain, and deactivates it when the lead is gone.
    fn appoint(&mut self) {
        // Activation needs an interval above zero; staying active needs only a positive mean.
        if let (true, (Some(lead), Some((low, _)))) = (self.compared() >= FEWEST, self.lead()) {
            self.in_charge = low > 0.0 || (self.in_charge && lead > 0.0);
        }
        let said = self.seen.iter().map(|seen| (self.probability(seen.margin), seen.high));
        let flags = Flags::sorted(said.collect());
        self.flag_above = flags.at_sensitivity(FOUND).map_or(1.0, |point| point.threshold);
    }

    pub(super) fn compared(&self) -> usize {
        self.seen.iter().filter(|seen| seen.surprise.is_some()).count()
    }

    /// The mean difference of log loss, rules minus learner, and its paired 95 % interval.
    pub(super) fn lead(&self) -> (Option<f64>, Option<(f64, f64)>) {
        let more = |seen: &Seen| seen.surprise.map(|(rules, learner)| f64::from(rules) - f64::from(learner));
        let leads: Vec<f64> = self.seen.iter().filter_map(more).collect();
        let count = leads.len() as f64;
        if count < 2.0 {
            return (None, None);
        }
        let mean = leads.iter().sum::<f64>() / count;
        let spread = leads.iter().map(|lead| (lead - mean) * (lead - mean)).sum::<f64>() / (count - 1.0);
        let half = 1.96 * f64::sqrt(spread / count);
        (Some(mean), Some((mean - half, mean + half)))
    }

    pub(super) fn in_charge(&self) -> bool {
        self.in_charge
    }

    pub(super) fn probability(&self, margin: f32) -> f64 {
        f64::from(logistic(self.learner.at(margin)))
    }

    pub(super) fn flag_above(&self) -> f64 {
        self.flag_above
    }
}

impl Line {
    fn at(self, score: f32) -> f32 {
        self.slope * score + self.shift
    }

    /// Logistic regression by Newton's method, with a weak penalty towards a slope of 1, because with few reviews of
    /// one kind the maximum does not exist.
    fn fit(points: impl Iterator<Item = (f32, bool)>) -> Self {
        const TOWARDS: f64 = 1.0;
        let points: Vec<(f64, f64)> =
            points.map(|(score, high)| (f64::from(score), f64::from(u8::from(high)))).collect();
        let (mut slope, mut shift) = (1.0_f64, 0.0_f64);
        for _ in 0..8 {
            let (mut g0, mut g1) = (-0.1 * shift, -TOWARDS * (slope - 1.0));
            let (mut h00, mut h01, mut h11) = (0.1, 0.0, TOWARDS);
            for &(x, y) in &points {
                let p = 1.0 / (1.0 + libm::exp(-(slope * x + shift)));
                let weight = p * (1.0 - p);
                g0 += y - p;
                g1 += (y - p) * x;
                h00 += weight;
                h01 += weight * x;
                h11 += weight * x * x;
            }
            let determinant = h00 * h11 - h01 * h01;
            // The steps are limited, because Newton's method overshoots when most predictions are near 0 or 1.
            let step = |value: f64| (value / determinant).clamp(-4.0, 4.0);
            shift += step(h11 * g0 - h01 * g1);
            slope += step(h00 * g1 - h01 * g0);
        }
        // A higher score never means a lower risk. With few reviews, chance could make the slope negative.
        Self { slope: slope.max(0.05) as f32, shift: shift as f32 }
    }
}

pub(super) fn logistic(odds: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-odds))
}
