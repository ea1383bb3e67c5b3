//! Figures as drawings, with the little that a page needs.

use std::fmt::Write as _;

/// The side of a drawing, and the room for its axis.
const SIDE: f64 = 300.0;
const ROOM: f64 = 44.0;

/// A curve in the unit square, with the diagonal to hold it against.
pub(super) fn curve(title: &str, across: &str, up: &str, points: &[(f64, f64)], dots: bool) -> String {
    let place = |(x, y): (f64, f64)| (ROOM + x * SIDE, ROOM / 2.0 + (1.0 - y) * SIDE);
    let mut svg = open(title, SIDE + ROOM * 1.5, SIDE + ROOM * 1.5);
    for tenth in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (x, y) = (place((tenth, 0.0)), place((0.0, tenth)));
        let _ = write!(
            svg,
            r#"<line class="g" x1="{0:.1}" y1="{1:.1}" x2="{0:.1}" y2="{2:.1}"/><line class="g" x1="{3:.1}" y1="{4:.1}" x2="{5:.1}" y2="{4:.1}"/><text x="{0:.1}" y="{6:.1}" text-anchor="middle">{tenth}</text><text x="{7:.1}" y="{8:.1}" text-anchor="end">{tenth}</text>"#,
            x.0,
            x.1,
            x.1 - SIDE,
            y.0,
            y.1,
            y.0 + SIDE,
            x.1 + 16.0,
            y.0 - 6.0,
            y.1 + 4.0
        );
    }
    let (from, to) = (place((0.0, 0.0)), place((1.0, 1.0)));
    let _ = write!(
        svg,
        r#"<line class="d" x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}"/>"#,
        from.0, from.1, to.0, to.1
    );
    let line: Vec<String> =
        points.iter().map(|&point| place(point)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = write!(svg, r#"<polyline class="c" points="{}"/>"#, line.join(" "));
    if dots {
        for (x, y) in points.iter().map(|&point| place(point)) {
            let _ = write!(svg, r#"<circle class="p" cx="{x:.1}" cy="{y:.1}" r="3"/>"#);
        }
    }
    let _ = write!(
        svg,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{}</text><text transform="translate(12 {:.1}) rotate(-90)" text-anchor="middle">{}</text></svg>"#,
        ROOM + SIDE / 2.0,
        SIDE + ROOM * 1.35,
        escaped(across),
        ROOM / 2.0 + SIDE / 2.0,
        escaped(up)
    );
    svg
}

/// How often each true label was given each label, darker where more of the row is.
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
                r#"<rect x="{x:.1}" y="{y:.1}" width="{cell:.1}" height="{cell:.1}" fill="rgb(31 95 140)" fill-opacity="{shade:.3}" stroke="currentColor" stroke-opacity=".15"/><text x="{:.1}" y="{:.1}" text-anchor="middle"{}>{count}</text>"#,
                x + cell / 2.0,
                y + cell / 2.0 + 4.0,
                if shade > 0.55 { r##" fill="#fff""## } else { "" }
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
    let _ = write!(svg, r#"<text x="{:.1}" y="12">said</text><text x="4" y="32">true</text></svg>"#, left);
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

/// Text that cannot become markup.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
