//! Reads a CSV file with any common encoding and separator.
//!
//! Before the first row is used, the reader checks the whole file. It detects the encoding and the separator, and it
//! checks that every quotation mark is closed. A malformed file is refused as a whole, with the line of the fault,
//! because the rows after that line cannot be separated. The command prints what it detected. If the detection is not
//! certain, the user must name the encoding or the separator.

mod cells;
mod encoding;
mod swallowed;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use encoding_rs::Encoding;

use self::cells::{Cells, Fault};
use self::encoding::{Decoded, Looked};
use eovr_host::output::{self, Failure};
use eovr_host::table;

/// The encoding and the separator, if the user names them.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Reading {
    /// The file's encoding, such as utf-8, utf-16le, windows-1256 or windows-1252 [default: detected]
    #[arg(long, value_name = "NAME", value_parser = known_encoding)]
    encoding: Option<&'static Encoding>,
    /// The separator between two cells: one character, or `tab` [default: detected]
    #[arg(long, value_name = "CHARACTER", value_parser = known_separator)]
    separator: Option<u8>,
}

/// The separators that the reader can detect.
const SEPARATORS: [u8; 4] = *b",;\t|";

fn known_encoding(name: &str) -> Result<&'static Encoding, String> {
    let unknown =
        "accepted: utf-8, utf-16le, utf-16be, windows-1256, windows-1252 and others of the WHATWG's list";
    Encoding::for_label(name.as_bytes()).ok_or_else(|| unknown.to_owned())
}

fn known_separator(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(byte) => Ok(*byte),
        _ => Err("accepted: one character such as `,` `;` `|`, or `tab`".to_owned()),
    }
}

/// A checked file, positioned at its first row.
pub(crate) struct Table {
    cells: Cells,
    header: ByteRecord,
    path: PathBuf,
    encoding: &'static Encoding,
    /// The message about what was detected.
    found: Option<String>,
    /// SHA-256 of the whole file, in hexadecimal.
    pub(crate) digest: String,
    pub(crate) bytes: u64,
}

impl Table {
    /// Opens a file whose first line names the columns. The `wanted` columns help to detect the separator.
    ///
    /// # Errors
    /// If the file cannot be read, is empty or is a folder, if a quotation mark is not closed, or if the encoding or
    /// the separator is ambiguous.
    pub(crate) fn open(path: &Path, reading: &Reading, wanted: &[&str]) -> Result<Self, Failure> {
        let unreadable = |error: &dyn Display| unreadable(path, error);
        let looked = Looked::through(path).map_err(|error| unreadable(&error))?;
        if looked.bytes == 0 {
            return Err(unreadable(&"it is empty"));
        }
        let encoding = match reading.encoding {
            Some(encoding) => encoding,
            None => looked.encoding().ok_or_else(|| unsure_of_letters(path))?,
        };
        let begin = |separator| {
            let from = Decoded::open(path, encoding).map_err(|error| unreadable(&error))?;
            Cells::of(from, separator).map_err(|fault| self::fault(path, &fault))
        };
        let named = begin(b',')?.named_separator();
        let separator = match reading.separator.or(named) {
            Some(separator) => separator,
            None => {
                let headers = SEPARATORS.map(|separator| {
                    let mut header = ByteRecord::new();
                    // A separator with which the header cannot be read is not the separator of the file.
                    let read = begin(separator).is_ok_and(|mut cells| cells.next(&mut header).is_ok());
                    (separator, if read { header } else { ByteRecord::new() })
                });
                let separator = separator_of(&headers, wanted).ok_or_else(|| unsure_of_cells(path))?;
                let of_it = headers.iter().find(|(of, _)| *of == separator);
                // If no separator gives the wanted columns, an unclosed quotation mark may hide them.
                if of_it.is_none_or(|(_, header)| !has_all(header, wanted)) {
                    begin(b',')?.next(&mut ByteRecord::new()).map_err(|fault| self::fault(path, &fault))?;
                }
                separator
            }
        };
        let mut header = ByteRecord::new();
        let read = |cells: &mut Cells, row: &mut ByteRecord| {
            cells.next(row).map_err(|fault| self::fault(path, &fault))
        };
        // Reads the file to its end first, so that no row of a malformed file is used.
        let (mut cells, mut row) = (begin(separator)?, ByteRecord::new());
        if read(&mut cells, &mut header)?.is_none() {
            return Err(unreadable(&"its first line names no columns"));
        }
        while read(&mut cells, &mut row)?.is_some() {}
        let mut cells = begin(separator)?;
        read(&mut cells, &mut header)?;
        let found = found(
            reading.encoding.is_none().then_some(encoding),
            reading.separator.is_none().then_some(separator),
        );
        let Looked { digest, bytes, .. } = looked;
        Ok(Self { cells, header, path: path.to_owned(), encoding, found, digest, bytes })
    }

    /// Prints what was detected to standard error.
    pub(crate) fn say_what_was_found(&self) {
        if let Some(found) = &self.found {
            output::note(&format!("`{}` {found}", self.path.display()));
        }
    }

    /// The index of the column that an option names. If several columns have the same name, `name#2` is the second.
    ///
    /// # Errors
    /// If there is no such column, or if there are several and the option does not number one.
    pub(crate) fn column(&self, option: &str, name: &str) -> Result<usize, Failure> {
        match *places(&self.header, name) {
            [place] => Ok(place),
            [] => Err(Failure::usage(
                format!("`{}` has no column `{name}`", self.path.display()),
                format!("its columns: {}", self.names()),
            )),
            ref places => {
                let listed = |each: &dyn Fn(usize, usize) -> String| {
                    let listed: Vec<_> =
                        (1..).zip(places).take(9).map(|(number, place)| each(number, place + 1)).collect();
                    listed.join(", ")
                };
                Err(Failure::usage(
                    format!(
                        "`{}` has {} columns `{name}`, at the places {}",
                        self.path.display(),
                        places.len(),
                        listed(&|_, place| place.to_string())
                    ),
                    format!(
                        "say which: {}",
                        listed(&|number, place| format!("`{option} {name}#{number}` (place {place})"))
                    ),
                ))
            }
        }
    }

    fn names(&self) -> String {
        let name = |name: &[u8]| table::cut(&table::clean(&String::from_utf8_lossy(name)), 40);
        let names: Vec<_> = self.header.iter().take(20).map(|cell| format!("`{}`", name(cell))).collect();
        names.join(", ")
    }

    /// The reason why a row is rejected; `None` if it is valid.
    pub(crate) fn wrong_with(&self, row: &ByteRecord) -> Option<&'static str> {
        let columns = self.header.len();
        match row.len() {
            cells if cells < columns => {
                Some("it has fewer cells than there are columns; is a quotation mark missing?")
            }
            cells if cells > columns => {
                Some("it has more cells than there are columns; is a quotation mark missing?")
            }
            _ if swallowed::has_rows_within(row, columns, self.cells.separator()) => Some(
                "a cell of it holds lines that look like rows of this file; is a quotation mark missing?",
            ),
            _ => None,
        }
    }

    /// Reads the next row and returns the line on which it begins; `None` at the end of the file.
    pub(crate) fn next(&mut self, row: &mut ByteRecord) -> Result<Option<u64>, Failure> {
        self.cells.next(row).map_err(|fault| self::fault(&self.path, &fault))
    }

    pub(crate) fn header(&self) -> &ByteRecord {
        &self.header
    }

    /// The name of the encoding.
    pub(crate) fn encoding(&self) -> &'static str {
        self.encoding.name()
    }

    /// The separator between its cells.
    pub(crate) fn separator(&self) -> char {
        char::from(self.cells.separator())
    }

    /// The number of bytes read so far.
    pub(crate) fn read(&self) -> u64 {
        self.cells.read().min(self.bytes)
    }
}

/// The indices of the columns with this name. `name#2` is the second of several.
fn places(header: &ByteRecord, name: &str) -> Vec<usize> {
    let of = |name: &str| -> Vec<usize> {
        let same = header.iter().enumerate().filter(|(_, cell)| *cell == name.as_bytes());
        same.map(|(place, _)| place).collect()
    };
    let places = of(name);
    let numbered =
        name.rsplit_once('#').and_then(|(name, number)| Some((name, number.parse::<usize>().ok()?)));
    match numbered {
        Some((name, number)) if places.is_empty() => {
            number.checked_sub(1).and_then(|at| of(name).get(at).copied()).into_iter().collect()
        }
        _ => places,
    }
}

/// The separator with which the header has all wanted columns. If no separator gives them, the one with the most
/// columns. `None` if several separators give them and the resulting headers differ.
fn separator_of(headers: &[(u8, ByteRecord); 4], wanted: &[&str]) -> Option<u8> {
    let fitting: Vec<_> = headers.iter().filter(|(_, header)| has_all(header, wanted)).collect();
    match *fitting {
        [(separator, _)] => Some(*separator),
        [] => headers.iter().rev().max_by_key(|(_, header)| header.len()).map(|(separator, _)| *separator),
        // The header is one column, and its name contains no separator.
        [(first, header), ref others @ ..] => {
            others.iter().all(|(_, other)| other == header).then_some(*first)
        }
    }
}

fn has_all(header: &ByteRecord, wanted: &[&str]) -> bool {
    wanted.iter().all(|name| !places(header, name).is_empty())
}

fn found(encoding: Option<&'static Encoding>, separator: Option<u8>) -> Option<String> {
    let encoding = encoding.filter(|encoding| *encoding != encoding_rs::UTF_8).map(Encoding::name);
    let separator = separator.filter(|separator| *separator != b',').map(|separator| match separator {
        b'\t' => "a tab".to_owned(),
        other => format!("`{}`", char::from(other)),
    });
    match (encoding, separator) {
        (None, None) => None,
        (Some(encoding), None) => Some(format!("is read as {encoding}; say --encoding if it is not")),
        (None, Some(separator)) => {
            Some(format!("is read with {separator} between cells; say --separator if it is not"))
        }
        (Some(encoding), Some(separator)) => Some(format!(
            "is read as {encoding}, with {separator} between cells; say --encoding or --separator if it is not"
        )),
    }
}

fn unsure_of_letters(path: &Path) -> Failure {
    Failure::usage(
        format!("`{}` is not in UTF-8, and it is too short to detect its encoding", path.display()),
        "name it: `--encoding windows-1256` for Arabic of Windows, `--encoding windows-1252` for Western Europe; or \
         save it as CSV UTF-8",
    )
}

fn unsure_of_cells(path: &Path) -> Failure {
    Failure::usage(
        format!("`{}` has the wanted columns with more than one separator", path.display()),
        "name one: `--separator ,` or `--separator \";\"` or `--separator tab`",
    )
}

/// The error message for a malformed file, with line and cell.
fn fault(path: &Path, fault: &Fault) -> Failure {
    let path = path.display();
    match fault {
        Fault::Io(error) => Failure::broken(format!("`{path}` cannot be read on: {error}")),
        Fault::Unclosed { line, cell } => Failure::usage(
            format!(
                "`{path}` has a quotation mark that is never closed: cell {cell} of line {line} begins with it"
            ),
            "close it behind the text, or double it where it belongs to the text; all rows behind it would be read as \
             one, so none was used",
        ),
        Fault::Broken { line, cell, at } => Failure::usage(
            format!(
                "`{path}` has a quotation mark too many or too few: cell {cell} of line {line} begins with one, and \
                 the next single one stands within the text of line {at}"
            ),
            "close the cell where it ends, and double the marks that belong to its text; rows would be read as one, so \
             none was used",
        ),
        Fault::Long { line, cell } => Failure::usage(
            format!(
                "`{path}` has a cell of more than {} MB: cell {cell} of line {line}",
                cells::LONGEST >> 20
            ),
            "is a quotation mark missing at its end?",
        ),
    }
}

/// The error for a file that cannot be used.
fn unreadable(path: &Path, error: &dyn Display) -> Failure {
    Failure::usage(
        format!("cannot read `{}`: {error}", path.display()),
        "give a CSV file whose first line names the columns",
    )
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
