//! The plots of the page: calibration with its histogram, and the decision curve.

use std::fmt::Write as _;

use super::svg::{Frame, escaped};
use crate::triage::metrics::{NetBenefit, Smoothed};

/// The smoothed curve with its band, the binned points, and below it the histogram of the probabilities.
pub(super) fn calibration(
    smoothed: &Smoothed,
    bins: &[(usize, f64, f64)],
    histogram: &[(u64, u64)],
) -> String {
    let frame = Frame { from: (0.0, 0.0), to: (1.0, 1.0), under: 84.0 };
    let mut svg = frame.open(
        "Calibration of high risk",
        "predicted probability of high risk",
        "observed share",
        &QUARTERS,
        &QUARTERS,
    );
    let ideal = frame.line(&[(0.0, 0.0), (1.0, 1.0)]);
    let _ = write!(svg, r#"<polyline class="d" points="{ideal}"/>"#);
    let upper = smoothed.points.iter().map(|point| (point.said, point.high));
    let lower = smoothed.points.iter().rev().map(|point| (point.said, point.low));
    let band: Vec<(f64, f64)> = upper.chain(lower).collect();
    let curve: Vec<(f64, f64)> = smoothed.points.iter().map(|point| (point.said, point.happened)).collect();
    let _ = write!(
        svg,
        r#"<polygon class="b" points="{}"/><polyline class="c" points="{}"/>"#,
        frame.line(&band),
        frame.line(&curve)
    );
    for &(_, said, happened) in bins {
        let (x, y) = frame.place((said, happened));
        let _ = write!(svg, r#"<circle class="p" cx="{x:.1}" cy="{y:.1}" r="2.5"/>"#);
    }
    // The bars show the square root of the counts, so that a few high-risk cases stay visible beside many others.
    let most = histogram.iter().map(|bar| bar.0.max(bar.1)).max().unwrap_or(1).max(1) as f64;
    let middle = frame.bottom() + 66.0;
    for (place, &(high, others)) in histogram.iter().enumerate() {
        let width = 1.0 / histogram.len() as f64;
        let (left, _) = frame.place((place as f64 * width, 0.0));
        let (right, _) = frame.place(((place + 1) as f64 * width, 0.0));
        let height = |count: u64| 26.0 * (count as f64 / most).sqrt();
        let _ = write!(
            svg,
            r#"<rect class="h" x="{left:.1}" y="{:.1}" width="{:.1}" height="{:.1}"/><rect class="o" x="{left:.1}" y="{middle:.1}" width="{1:.1}" height="{:.1}"/>"#,
            middle - height(high),
            right - left - 1.0,
            height(high),
            height(others)
        );
    }
    let (left, _) = frame.place((0.0, 0.0));
    let (right, _) = frame.place((1.0, 0.0));
    let _ = write!(
        svg,
        r#"<line class="a" x1="{left:.1}" y1="{middle:.1}" x2="{right:.1}" y2="{middle:.1}"/><text x="{:.1}" y="{:.1}" text-anchor="end">high</text><text x="{:.1}" y="{:.1}" text-anchor="end">other</text></svg>"#,
        left - 6.0,
        middle - 6.0,
        left - 6.0,
        middle + 16.0
    );
    svg
}

/// Four to ten round numbers from 0 up to this one.
fn round(most: f64) -> Vec<f64> {
    const STEPS: [f64; 10] = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005];
    let step = STEPS.into_iter().find(|step| most / step >= 4.0).unwrap_or(most / 4.0);
    (0..).map(|place| f64::from(place) * step).take_while(|&at| at <= most * 1.001).take(11).collect()
}

const QUARTERS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// The net benefit of the scorer, with acting on all and acting on none for comparison.
pub(super) fn decision(curve: &[NetBenefit], flag: Option<f64>) -> String {
    let most = curve.iter().map(|point| point.scorer.max(point.all)).fold(0.0_f64, f64::max).max(0.01);
    let end = curve.last().map_or(0.5, |point| point.threshold);
    // The axis ends slightly below 0, because large losses of acting on all are not of interest.
    let frame = Frame { from: (0.0, -0.15 * most), to: (end, 1.1 * most), under: 0.0 };
    let (across, up) = (round(end), round(most));
    let mut svg = frame.open("Decision curve", "threshold probability", "net benefit", &across, &up);
    let shown = |of: fn(&NetBenefit) -> f64| -> String {
        let points: Vec<(f64, f64)> = curve.iter().map(|point| (point.threshold, of(point))).collect();
        frame.line(&frame.kept(&points))
    };
    let _ = write!(
        svg,
        r#"<polyline class="d" points="{}"/><polyline class="l" points="{}"/><polyline class="c" points="{}"/>"#,
        frame.line(&[(0.0, 0.0), (end, 0.0)]),
        shown(|point| point.all),
        shown(|point| point.scorer)
    );
    if let Some(flag) = flag.filter(|&flag| flag > 0.0 && flag < end) {
        let (x, y) = frame.place((flag, frame.to.1));
        let _ = write!(
            svg,
            r#"<line class="f" x1="{x:.1}" y1="{y:.1}" x2="{x:.1}" y2="{:.1}"/><text x="{:.1}" y="{:.1}">flag</text>"#,
            frame.bottom(),
            x + 4.0,
            frame.bottom() - 6.0
        );
    }
    let (x, y) = frame.place((end, frame.to.1));
    for (row, (class, name)) in [("c", "scorer"), ("l", "treat all"), ("d", "treat none")].iter().enumerate()
    {
        let y = y + 14.0 + 16.0 * row as f64;
        let _ = write!(
            svg,
            r#"<line class="{class}" x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}"/><text x="{:.1}" y="{y:.1}">{}</text>"#,
            x - 96.0,
            y - 4.0,
            x - 74.0,
            y - 4.0,
            x - 68.0,
            escaped(name)
        );
    }
    svg.push_str("</svg>");
    svg
}
