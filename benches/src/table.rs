//! The table of a run.
#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use std::fmt::Write as _;

/// One row.
pub(crate) struct Line {
    what: String,
    ours: String,
    floor: String,
    ratio: String,
    target: String,
    met: &'static str,
}

impl Line {
    /// The subject of the measurement, and the result.
    pub(crate) fn new(what: impl Into<String>, ours: impl Into<String>) -> Self {
        let none = String::new;
        Self { what: what.into(), ours: ours.into(), floor: none(), ratio: none(), target: none(), met: "" }
    }

    /// The result of the comparison, and the ratio of the two.
    pub(crate) fn floor(mut self, floor: impl Into<String>, ratio: f64) -> Self {
        self.floor = floor.into();
        self.ratio = format!("{ratio:.2}");
        self
    }

    /// The target, and whether it was met.
    pub(crate) fn target(mut self, target: impl Into<String>, met: bool) -> Self {
        self.target = target.into();
        self.met = if met { "met" } else { "NOT MET" };
        self
    }

    /// Withdraws the verdict if the floor is implausible, because less work took longer. Then the machine was busy, and
    /// threads that returned from the disk waited for a core.
    pub(crate) fn unless_disturbed(mut self, disturbed: bool) -> Self {
        if disturbed && !self.met.is_empty() {
            self.met = "disturbed, run again";
        }
        self
    }

    fn cells(&self) -> [&str; 6] {
        [&self.what, &self.ours, &self.floor, &self.ratio, &self.target, self.met]
    }
}

/// Prints a line of text.
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// Prints rows as a table.
pub(crate) fn print(lines: &[Line]) {
    let head = ["what", "ours", "floor or peer", "ratio", "target", "met"];
    let rows: Vec<[&str; 6]> = std::iter::once(head).chain(lines.iter().map(Line::cells)).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows {
        let mut text = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{cell:width$}  ");
        }
        println!("{}", text.trim_end());
    }
}
