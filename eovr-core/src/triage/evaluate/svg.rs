//! Plots as SVG, with the few elements that the page needs.

use std::fmt::Write as _;

/// The side of a plot, and the margin for its axis.
const SIDE: f64 = 300.0;
const ROOM: f64 = 52.0;

/// A plot with two axes.
pub(super) struct Frame {
    /// The values at the lower left.
    pub(super) from: (f64, f64),
    /// The values at the upper right.
    pub(super) to: (f64, f64),
    /// Additional height below the axis.
    pub(super) under: f64,
}

impl Frame {
    /// The position of a point with these values.
    pub(super) fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let share = |value: f64, from: f64, to: f64| ((value - from) / (to - from)).clamp(0.0, 1.0);
        let across = share(x, self.from.0, self.to.0);
        let up = share(y, self.from.1, self.to.1);
        (ROOM + across * SIDE, ROOM / 2.0 + (1.0 - up) * SIDE)
    }

    /// The vertical position of the lower axis.
    pub(super) fn bottom(&self) -> f64 {
        ROOM / 2.0 + SIDE
    }

    /// The points in the syntax of an SVG line.
    pub(super) fn line(&self, points: &[(f64, f64)]) -> String {
        let places: Vec<String> =
            points.iter().map(|&point| self.place(point)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        places.join(" ")
    }

    /// The points until the line leaves the frame, and the point where it leaves.
    pub(super) fn kept(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let low = self.from.1;
        let mut kept = Vec::with_capacity(points.len());
        for pair in points.windows(2) {
            let &[(x, y), (next, below)] = pair else { continue };
            if y >= low {
                kept.push((x, y));
                if below < low {
                    kept.push((x + (next - x) * (y - low) / (y - below), low));
                }
            }
        }
        kept.extend(points.last().filter(|point| point.1 >= low));
        kept
    }

    /// Opens the plot: grid, numbers and axis titles.
    pub(super) fn open(&self, title: &str, across: &str, up: &str, columns: &[f64], rows: &[f64]) -> String {
        let mut svg = open(title, SIDE + ROOM * 1.4, SIDE + ROOM * 1.3 + self.under);
        let (left, bottom) = (ROOM, self.bottom());
        for &column in columns {
            let (x, _) = self.place((column, 0.0));
            let _ = write!(
                svg,
                r#"<line class="g" x1="{x:.1}" y1="{bottom:.1}" x2="{x:.1}" y2="{:.1}"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
                bottom - SIDE,
                bottom + 16.0,
                number(column)
            );
        }
        for &row in rows {
            let (_, y) = self.place((0.0, row));
            let _ = write!(
                svg,
                r#"<line class="g" x1="{left:.1}" y1="{y:.1}" x2="{:.1}" y2="{y:.1}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
                left + SIDE,
                left - 6.0,
                y + 4.0,
                number(row)
            );
        }
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{}</text><text transform="translate(10 {:.1}) rotate(-90)" text-anchor="middle">{}</text>"#,
            left + SIDE / 2.0,
            bottom + 34.0,
            escaped(across),
            ROOM / 2.0 + SIDE / 2.0,
            escaped(up)
        );
        svg
    }
}

/// A number at an axis.
fn number(value: f64) -> String {
    let digits = if value.abs() < 0.1 && value != 0.0 { 3 } else { 2 };
    let text = format!("{value:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A curve in the unit square, with the diagonal for comparison.
pub(super) fn curve(title: &str, across: &str, up: &str, points: &[(f64, f64)]) -> String {
    const QUARTERS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
    let frame = Frame { from: (0.0, 0.0), to: (1.0, 1.0), under: 0.0 };
    let mut svg = frame.open(title, across, up, &QUARTERS, &QUARTERS);
    let diagonal = frame.line(&[(0.0, 0.0), (1.0, 1.0)]);
    let _ = write!(
        svg,
        r#"<polyline class="d" points="{diagonal}"/><polyline class="c" points="{}"/></svg>"#,
        frame.line(points)
    );
    svg
}

/// The number of predictions of each label for each true label. A darker cell has a larger share of its row.
pub(super) fn table(title: &str, labels: &[String], rows: &[Vec<u64>]) -> String {
    let cell = (420.0 / labels.len().max(1) as f64).clamp(36.0, 90.0);
    let side = cell * labels.len() as f64;
    let left = 150.0;
    let mut svg = open(title, left + side + 10.0, side + 60.0);
    for (row, counts) in rows.iter().enumerate() {
        let all = counts.iter().sum::<u64>().max(1) as f64;
        let y = 40.0 + row as f64 * cell;
        let label = labels.get(row).map_or("", String::as_str);
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            left - 6.0,
            y + cell / 2.0 + 4.0,
            escaped(&cut(label, 22))
        );
        for (column, count) in counts.iter().enumerate() {
            let (x, shade) = (left + column as f64 * cell, *count as f64 / all);
            let _ = write!(
                svg,
                r#"<rect x="{x:.1}" y="{y:.1}" width="{cell:.1}" height="{cell:.1}" class="m" fill-opacity="{shade:.3}" stroke="currentColor" stroke-opacity=".15"/><text x="{:.1}" y="{:.1}" text-anchor="middle"{}>{count}</text>"#,
                x + cell / 2.0,
                y + cell / 2.0 + 4.0,
                if shade > 0.55 { r#" class="w8""# } else { "" }
            );
        }
    }
    for (column, label) in labels.iter().enumerate() {
        let most = (cell / 7.0) as usize;
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="32" text-anchor="middle">{}</text>"#,
            left + (column as f64 + 0.5) * cell,
            escaped(&cut(label, most))
        );
    }
    let _ =
        write!(svg, r#"<text x="{:.1}" y="12">predicted</text><text x="4" y="32">true</text></svg>"#, left);
    svg
}

fn open(title: &str, width: f64, height: f64) -> String {
    let title = escaped(title);
    format!(
        r#"<svg viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" role="img" aria-label="{title}"><title>{title}</title>"#
    )
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Text with its markup characters escaped.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
