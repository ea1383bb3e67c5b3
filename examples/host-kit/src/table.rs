//! Tables that stay aligned when a cell is Arabic.

use unicode_width::UnicodeWidthChar as _;

use crate::output::{Out, Paint};

/// The widest line.
pub const LINE: usize = 100;
const GAP: &str = "  ";

/// A table of text. If a line gets too long, only the last column is shortened.
pub struct Table {
    heads: Vec<&'static str>,
    right: Vec<usize>,
    rows: Vec<Vec<(String, Paint)>>,
    notes: Vec<(usize, String)>,
}

impl Table {
    /// A table with these titles.
    pub fn new(heads: &[&'static str]) -> Self {
        Self { heads: heads.to_vec(), right: Vec::new(), rows: Vec::new(), notes: Vec::new() }
    }

    /// These columns, counted from 0, hold numbers.
    #[must_use]
    pub fn numbers(mut self, columns: &[usize]) -> Self {
        self.right = columns.to_vec();
        self
    }

    /// Adds a row.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.painted(cells.into_iter().map(|cell| (cell, Paint::Plain)));
    }

    /// Adds a row with colours.
    pub fn painted<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = (T, Paint)>) {
        self.rows.push(cells.into_iter().map(|(text, paint)| (clean(&text.into()), paint)).collect());
    }

    /// A text below the newest row, over the whole width.
    pub fn note(&mut self, text: &str) {
        self.notes.push((self.rows.len(), clean(text)));
    }

    /// Writes the table.
    pub fn print(&self, out: &mut Out) {
        let widths = self.widths();
        let heads: Vec<_> = self.heads.iter().map(|head| ((*head).to_owned(), Paint::Dim)).collect();
        self.print_row(&heads, &widths, out);
        let total = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        let rule = out.paint(&"─".repeat(total), Paint::Dim);
        out.line(rule);
        for (below, row) in (1..).zip(&self.rows) {
            self.print_row(row, &widths, out);
            for (_, note) in self.notes.iter().filter(|(at, _)| *at == below) {
                indented(note, 6, Paint::Dim, out);
            }
        }
    }

    fn widths(&self) -> Vec<usize> {
        let natural = |column: usize, head: &str| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|(text, _)| width(text));
            cells.chain([width(head)]).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> =
            self.heads.iter().enumerate().map(|(column, head)| natural(column, head)).collect();
        let total = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        if let Some(last) = widths.last_mut() {
            *last = last.saturating_sub(total.saturating_sub(LINE)).max(8);
        }
        widths
    }

    fn print_row(&self, row: &[(String, Paint)], widths: &[usize], out: &mut Out) {
        let mut line = String::new();
        let last = widths.len().saturating_sub(1);
        for (column, (wide, (text, paint))) in widths.iter().zip(row).enumerate() {
            let text = cut(text, *wide);
            let fill = " ".repeat(wide.saturating_sub(width(&text)));
            if column > 0 {
                line.push_str(GAP);
            }
            let painted = out.paint(&text, *paint);
            if self.right.contains(&column) {
                line.push_str(&fill);
                line.push_str(&painted);
            } else {
                line.push_str(&painted);
                // No spaces at the end of a line.
                line.push_str(if column == last { "" } else { &fill });
            }
        }
        out.line(line.trim_end());
    }
}

/// Writes a text this many columns from the left, in as many lines as it needs.
pub fn indented(text: &str, left: usize, paint: Paint, out: &mut Out) {
    for line in wrapped(text, LINE - left) {
        let painted = out.paint(&line, paint);
        out.line(format_args!("{}{painted}", " ".repeat(left)));
    }
}

/// The words of a text in lines of at most this width, except for longer words.
pub fn wrapped(text: &str, wide: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut().filter(|line| width(line) + 1 + width(word) <= wide) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The number of terminal cells of a text, letter by letter, as terminals count. The width of the whole text would
/// count the Arabic lam and alef as one, because fonts join them.
pub fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// Shortens a text to this width, at a word boundary if possible, with an ellipsis.
pub fn cut(text: &str, wide: usize) -> String {
    if width(text) <= wide {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1; // the ellipsis
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > wide {
            break;
        }
        kept.push(c);
    }
    let word = kept.rfind(' ').filter(|at| *at * 2 > kept.len());
    let whole = word.and_then(|at| kept.get(..at)).unwrap_or(&kept);
    format!("{}…", whole.trim_end())
}

/// One line without control characters. A report may contain an escape sequence that would colour or clear the reader's
/// terminal, or a mark that reverses the direction of the following text.
pub fn clean(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let flat = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().filter(|c| !turns(*c)).map(flat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arabic_is_counted_letter_by_letter() {
        assert_eq!(width("abc"), 3);
        assert_eq!(width("لا"), 2); // lam and alef, which a font may join
        assert_eq!(width("مُدّة"), 3); // two marks without width
        assert_eq!(width("北"), 2);
    }

    #[test]
    fn a_shortened_text_fits_and_ends_at_a_word() {
        assert_eq!(cut("the patient fell", 40), "the patient fell");
        assert_eq!(cut("the patient fell", 13), "the patient…");
        assert_eq!(cut("incomprehensible", 6), "incom…");
        for wide in 1..30 {
            assert!(width(&cut("سقط المريض بجوار السرير ليلًا", wide)) <= wide, "{wide}");
        }
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(
            wrapped("the patient fell and broke a hip", 12),
            ["the patient", "fell and", "broke a hip"]
        );
        assert_eq!(wrapped("incomprehensible", 6), ["incomprehensible"]);
        assert!(wrapped("", 6).is_empty());
    }

    #[test]
    fn a_report_cannot_command_the_terminal() {
        assert_eq!(clean("fell\u{1b}[2J\nand\u{202e} rose"), "fell [2J and rose");
    }
}
