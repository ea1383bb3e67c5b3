//! Rows and cells (RFC 4180). The parser is strict if a mistake would merge rows, and lenient otherwise.

use std::io;

use csv::ByteRecord;

use super::encoding::Decoded;

/// The longest cell, in bytes. A longer cell comes from a missing quotation mark.
pub(super) const LONGEST: usize = 16 << 20;

/// An error after which the parser cannot find the next row. Lines and cells are counted from 1.
#[derive(Debug)]
pub(crate) enum Fault {
    Io(io::Error),
    /// The file ends within quotation marks.
    Unclosed {
        line: u64,
        cell: usize,
    },
    /// A cell that runs over several lines has a single quotation mark within its text.
    Broken {
        line: u64,
        cell: usize,
        at: u64,
    },
    Long {
        line: u64,
        cell: usize,
    },
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The rows of a file, one at a time. Lines end with CR LF, LF or CR. Empty lines are skipped.
pub(super) struct Cells {
    from: Decoded,
    separator: u8,
    line: u64,
    cell: Vec<u8>,
    named: Option<u8>,
}

impl Cells {
    /// Begins with the first row. A line `sep=;`, which Excel reads, is skipped.
    pub(super) fn of(from: Decoded, separator: u8) -> Result<Self, Fault> {
        let mut cells = Self { from, separator, line: 1, cell: Vec::new(), named: None };
        if let &[first, ref rest @ .., named] = cells.from.ahead(5)?
            && first.eq_ignore_ascii_case(&b's')
            && rest.eq_ignore_ascii_case(b"ep=")
            && !named.is_ascii_alphanumeric()
            && !b"\"\r\n".contains(&named)
        {
            cells.named = Some(named);
            (0..5).for_each(|_| cells.from.bump());
            cells.end_line()?;
        }
        Ok(cells)
    }

    /// The separator in the line `sep=;`; `None` without such a line.
    pub(super) fn named_separator(&self) -> Option<u8> {
        self.named
    }

    pub(super) fn separator(&self) -> u8 {
        self.separator
    }

    /// The number of bytes read from the file.
    pub(super) fn read(&self) -> u64 {
        self.from.read()
    }

    /// Reads the next row and returns the line on which it begins; `None` at the end of the file.
    pub(super) fn next(&mut self, row: &mut ByteRecord) -> Result<Option<u64>, Fault> {
        row.clear();
        while let Some(b'\r' | b'\n') = self.from.peek()? {
            self.end_line()?;
        }
        if self.from.peek()?.is_none() {
            return Ok(None);
        }
        let line = self.line;
        loop {
            self.cell.clear();
            if self.from.peek()? == Some(b'"') {
                self.quoted(row.len() + 1)?;
            }
            while let Some(byte) = self.from.peek()?
                && !self.ends(byte)
            {
                self.keep(byte, self.line, row.len() + 1)?;
            }
            row.push_field(&self.cell);
            match self.from.peek()? {
                Some(byte) if byte == self.separator => self.from.bump(),
                _ => {
                    self.end_line()?;
                    return Ok(Some(line));
                }
            }
        }
    }

    /// Reads a cell that begins with a quotation mark, up to the mark that closes it.
    ///
    /// If more text follows that mark on the same line, the marks are part of the text and stay: `"Stat" was said`.
    fn quoted(&mut self, cell: usize) -> Result<(), Fault> {
        let begun = self.line;
        self.from.bump();
        loop {
            let Some(byte) = self.from.peek()? else { return Err(Fault::Unclosed { line: begun, cell }) };
            if byte != b'"' {
                self.keep(byte, begun, cell)?;
                let again = byte == b'\r' && self.from.peek()? == Some(b'\n');
                self.line += u64::from(b"\r\n".contains(&byte) && !again);
                continue;
            }
            self.from.bump();
            match self.from.peek()? {
                Some(b'"') => self.keep(b'"', begun, cell)?,
                Some(byte) if !self.ends(byte) => {
                    if self.line != begun {
                        return Err(Fault::Broken { line: begun, cell, at: self.line });
                    }
                    self.cell = as_written(&self.cell);
                    // `as_written` doubles the marks again, so the cell may now be too long.
                    return match self.cell.len() > LONGEST {
                        true => Err(Fault::Long { line: begun, cell }),
                        false => Ok(()),
                    };
                }
                _ => return Ok(()),
            }
        }
    }

    fn keep(&mut self, byte: u8, line: u64, cell: usize) -> Result<(), Fault> {
        if self.cell.len() >= LONGEST {
            return Err(Fault::Long { line, cell });
        }
        self.cell.push(byte);
        self.from.bump();
        Ok(())
    }

    fn ends(&self, byte: u8) -> bool {
        byte == self.separator || byte == b'\r' || byte == b'\n'
    }

    fn end_line(&mut self) -> Result<(), Fault> {
        match self.from.peek()? {
            Some(b'\n') => self.from.bump(),
            Some(b'\r') => {
                self.from.bump();
                if self.from.peek()? == Some(b'\n') {
                    self.from.bump();
                }
            }
            _ => return Ok(()),
        }
        self.line += 1;
        Ok(())
    }
}

/// The text of a quoted cell with all its quotation marks, as the file has it.
fn as_written(text: &[u8]) -> Vec<u8> {
    let inside =
        text.iter().flat_map(|byte| if *byte == b'"' { &b"\"\""[..] } else { std::slice::from_ref(byte) });
    b"\"".iter().chain(inside).chain(b"\"").copied().collect()
}
