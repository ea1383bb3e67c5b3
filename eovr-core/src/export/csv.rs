use std::io::Write;

use crate::error::Result;
use crate::export::columns::{Cell, UNREADABLE, base64};
use crate::export::write::unwritten;
use crate::export::{Columns, Opened};

/// The list as CSV (RFC 4180, UTF-8 without a byte order mark, lines end with CR LF). Codes are written as stores keep
/// them, times in UTC as RFC 3339, bytes in base64.
///
/// A text cannot become a formula in a spreadsheet. The writer puts a `'` before a text that begins with `=`, `+`, `-`,
/// `@`, a tab or a line end, or with one of their full-width forms. It also puts a `'` before a text that begins with
/// `'`, so that a reader who removes one `'` has the original text. A program that separates columns by `;` or tabs
/// finds cells and rows inside a text. Therefore the writer also puts a `'` before such a character where it follows a
/// separator.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
/// # let report = testing::report();
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// use eovr_core::export::{Csv, Opened};
///
/// let mut csv = Csv::new(Vec::new())?;
/// for record in quality.incidents().newest(100).await?.items {
///     csv.push(&Opened::of(&quality, record)?)?;
/// }
/// let text = String::from_utf8(csv.finish()?)?;
/// assert!(text.starts_with("number,state,facility,"));
/// assert_eq!(text.lines().count(), 2);
/// # Ok(()) });
/// ```
#[derive(Debug)]
pub struct Csv<W> {
    columns: Columns,
    to: W,
    line: String,
}

impl<W: Write> Csv<W> {
    /// Makes a writer of incidents and writes the header line.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn new(to: W) -> Result<Self> {
        Self::of(Columns::incidents(), to)
    }

    /// Makes a writer of records with these columns and writes the header line.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn of(columns: Columns, to: W) -> Result<Self> {
        let mut csv = Self { columns, to, line: String::new() };
        csv.columns.list().iter().for_each(|column| cell(&mut csv.line, column.code.as_str()));
        csv.end()?;
        Ok(csv)
    }

    /// Writes one record.
    ///
    /// # Errors
    /// `InvalidInput` for a record of another kind than the columns; `Unavailable` where it cannot be written.
    pub fn push(&mut self, record: &Opened) -> Result<()> {
        self.columns.check(record)?;
        for column in self.columns.list() {
            match column.read(record) {
                Cell::Empty => cell(&mut self.line, ""),
                Cell::Unreadable => cell(&mut self.line, UNREADABLE.en),
                Cell::Text(text) => guarded(&mut self.line, text),
                Cell::Code(code) => guarded(&mut self.line, &code),
                Cell::Int(int) => cell(&mut self.line, &int.to_string()),
                Cell::Bool(bool) => cell(&mut self.line, if bool { "true" } else { "false" }),
                Cell::Time(at) => cell(&mut self.line, &at.to_string()),
                // Base64 can begin with a sign.
                Cell::Bytes(bytes) => guarded(&mut self.line, &base64(bytes)),
            }
        }
        self.end()
    }

    /// Flushes the buffer and returns the writer.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn finish(mut self) -> Result<W> {
        self.to.flush().map_err(unwritten)?;
        Ok(self.to)
    }

    fn end(&mut self) -> Result<()> {
        end(&mut self.line, &mut self.to)
    }
}

/// Ends a line and writes it.
pub(super) fn end(line: &mut String, to: &mut impl Write) -> Result<()> {
    // Each cell ends with a comma; the line end replaces the last comma.
    line.pop();
    line.push_str("\r\n");
    let written = to.write_all(line.as_bytes()).map_err(unwritten);
    line.clear();
    written
}

/// A cell with a value of ours, which needs no guard.
pub(super) fn cell(line: &mut String, text: &str) {
    if text.contains(['"', ',', '\r', '\n']) {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
    line.push(',');
}

/// A cell with text that a person wrote.
pub(super) fn guarded(line: &mut String, text: &str) {
    let begins = looks_like_a_formula(text);
    if !begins && !text.contains(SEPARATORS) {
        return cell(line, text);
    }
    let mut rest = text;
    let mut guarded = String::from(if begins { "'" } else { "" });
    while let Some(at) = rest.find(SEPARATORS) {
        let (piece, behind) = rest.split_at(at + 1);
        guarded.push_str(piece);
        // Leading quotation marks are doubled, and a program with another separator ignores the pairs.
        if behind.trim_start_matches('"').starts_with(SIGNS) {
            guarded.push('\'');
        }
        rest = behind;
    }
    guarded.push_str(rest);
    cell(line, &guarded);
}

/// The characters by which some programs separate cells and rows.
const SEPARATORS: [char; 4] = [';', '\t', '\r', '\n'];

/// The characters that begin a formula, and the guard.
const SIGNS: [char; 9] = ['=', '+', '-', '@', '\'', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet could read a text as a formula, or a reader could take it for a guarded text.
pub(super) fn looks_like_a_formula(text: &str) -> bool {
    text.starts_with(SIGNS) || text.starts_with(['\t', '\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(texts: &[&str]) -> String {
        let mut line = String::new();
        texts.iter().for_each(|text| guarded(&mut line, text));
        let mut bytes = Vec::new();
        end(&mut line, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_text_begins_as_a_formula_does() {
        for text in ["=1+1", "+966 11", "-5", "@SUM(A1)", "\tx", "＝1", "'quoted"] {
            assert_eq!(line(&[text, ""]), format!("'{text},\r\n"));
        }
        assert_eq!(line(&["=cmd|' /C calc'!A0, \"x\""]), "\"'=cmd|' /C calc'!A0, \"\"x\"\"\"\r\n");
    }

    /// With another separator, quotation marks in the middle of a line are ordinary characters.
    #[test]
    fn no_piece_of_a_text_begins_as_a_formula_does() {
        for text in [
            "Fell;=cmd|' /C calc'!A0;x",
            "Fell;\"=cmd|' /C calc'!A0",
            "x\r\n=1\ny",
            "a\t@SUM(A1)",
            "a;'=1",
            "list:\n- one\n- two;\"\"+3",
        ] {
            let line = line(&["OVR-2026-000001", text]);
            let mut pieces = line.split([';', '\t', '\r', '\n']).map(|piece| piece.trim_start_matches('"'));
            assert!(pieces.all(|piece| !piece.starts_with(['=', '+', '-', '@'])), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_text_without_its_guards_is_the_original(text in "([=+'\"@;\t\r\n-]|[a-c]){0,12}") {
            let line = line(&[&text]);
            let cell = line.strip_suffix("\r\n").unwrap();
            let quoted = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"'));
            let cell = quoted.map_or(cell.to_owned(), |cell| cell.replace("\"\"", "\""));
            let first = usize::from(looks_like_a_formula(&text));
            let mut bare = String::new();
            let mut separated = false;
            for c in cell.chars().skip(first) {
                if !(separated && c == '\'') {
                    bare.push(c);
                }
                separated = matches!(c, ';' | '\t' | '\r' | '\n');
            }
            proptest::prop_assert_eq!(bare, text);
        }
    }

    #[test]
    fn only_cells_that_need_quotes_have_them() {
        assert_eq!(
            line(&["plain", "a,b", "a\"b", "a\nb", "سقط"]),
            "plain,\"a,b\",\"a\"\"b\",\"a\nb\",سقط\r\n"
        );
    }
}
