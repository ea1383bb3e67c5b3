//! The table that a run prints.
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
    /// What was measured, and what came out of it.
    pub(crate) fn new(what: impl Into<String>, ours: impl Into<String>) -> Self {
        let none = String::new;
        Self { what: what.into(), ours: ours.into(), floor: none(), ratio: none(), target: none(), met: "" }
    }

    /// What it is compared with: what that came to, and by which factor they differ.
    pub(crate) fn floor(mut self, floor: impl Into<String>, ratio: f64) -> Self {
        self.floor = floor.into();
        self.ratio = format!("{ratio:.2}");
        self
    }

    /// What was promised, and whether it was kept.
    pub(crate) fn target(mut self, target: impl Into<String>, met: bool) -> Self {
        self.target = target.into();
        self.met = if met { "met" } else { "NOT MET" };
        self
    }

    /// Takes the verdict back where the floor cannot be true: whoever does less was slower. The machine
    /// was busy, and threads that wake up from the disk waited for a core.
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

/// Prints a sentence of its own.
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// Prints rows under one another.
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
