//! The list as an Excel workbook, in constant memory.

mod figures;
mod look;
mod row;

use std::io::Write;

use rust_xlsxwriter::{Workbook as Book, XlsxError};

use self::figures::Figures;
pub use self::look::Look;
use self::look::Styles;
use self::row::{Row, beginning, chars};
use crate::error::{Error, ErrorKind, Result};
use crate::export::columns::Column;
use crate::export::titles::Lang;
use crate::export::write::unwritten;
use crate::export::{Columns, Opened};

/// The list as a workbook: one or more sheets of rows, and for incidents one sheet of figures.
///
/// Rows go to a temporary file until [`Workbook::finish`] compresses them, so memory does not grow with their number.
/// The temporary file takes about 1.5 kilobytes of XML per row. [`Look::spool`] sets its directory; choose a disk, not
/// a directory in memory.
///
/// A text cannot become a formula or a link. Texts are written as texts, and a text that begins like a formula is
/// marked as quoted, so that it stays a text when a user edits the cell. Bytes are texts in base64, and so is a number of
/// more than 15 digits, which Excel would round.
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
/// use eovr_core::export::{Lang, Look, Opened, Workbook};
///
/// # let record = quality.incidents().load(id).await?;
/// let opened = Opened::of(&quality, record)?;
/// let mut workbook = Workbook::new(Look::new(Lang::Both, "2026-11-22T08:30:00Z".parse()?))?;
/// workbook.push(&opened)?;
/// assert!(workbook.finish(Vec::new())?.starts_with(b"PK"));
/// # Ok(()) });
/// ```
pub struct Workbook {
    columns: Columns,
    book: Book,
    look: Look,
    styles: Styles,
    figures: Option<Figures>,
    /// The width of the widest cell of each column so far, in characters.
    widths: Vec<u16>,
    sheets: usize,
    /// The last row of each full sheet.
    full: Vec<u32>,
    /// The last written row of this sheet; 0 is the header.
    row: u32,
    /// The approximate size of this sheet's rows as XML, in bytes.
    bytes: u64,
}

/// A larger sheet (4 GiB of XML) would need ZIP64, which some readers cannot open.
const MOST_BYTES: u64 = 3 << 30;

/// In UTF-16 units, as Excel counts.
const LONGEST_SHEET_NAME: usize = 31;

impl Workbook {
    /// Makes a workbook of incidents and writes the header.
    ///
    /// # Errors
    /// `Unavailable` where rows cannot be spooled; `InvalidInput` where a sheet has no room for a row.
    pub fn new(look: Look) -> Result<Self> {
        Self::of(Columns::incidents(), look)
    }

    /// Makes a workbook of records with these columns and writes the header.
    ///
    /// # Errors
    /// As [`Workbook::new`].
    pub fn of(columns: Columns, look: Look) -> Result<Self> {
        if !(1..=Look::MOST_ROWS).contains(&look.rows_per_sheet) {
            return Err(Error::invalid("a sheet cannot have that many rows")
                .with_help(format!("ask for 1 to {}", Look::MOST_ROWS)));
        }
        let mut book = Book::new();
        if let Some(spool) = &look.spool {
            book.set_tempdir(spool).map_err(unpacked)?;
        }
        // No ZIP64, because LibreOffice does not open a workbook that uses it.
        book.set_properties(&look.properties(&columns.title(Lang::En)));
        book.set_zip_compression_level(look.compression.clamp(1, 9));
        let title = |column: &Column| chars(&column.title(look.lang));
        let widths = columns.list().iter().map(|column| title(column).saturating_add(3)).collect();
        let styles = Styles::new(look.lang);
        let mut workbook = Self {
            book,
            styles,
            figures: columns.have_figures().then(Figures::default),
            columns,
            widths,
            sheets: 0,
            full: Vec::new(),
            row: 0,
            bytes: 0,
            look,
        };
        workbook.next_sheet()?;
        Ok(workbook)
    }

    /// Writes one record.
    ///
    /// # Errors
    /// `InvalidInput` for a record of another kind than the columns; `Unavailable` where the row cannot be spooled, for
    /// example because the disk is full.
    pub fn push(&mut self, record: &Opened) -> Result<()> {
        self.columns.check(record)?;
        on_disk(|| self.write(record))
    }

    fn write(&mut self, record: &Opened) -> Result<()> {
        if self.row == self.look.rows_per_sheet || self.bytes > MOST_BYTES {
            self.next_sheet()?;
        }
        // In constant memory mode a left row is closed: the library silently drops later writes to it.
        self.row += 1;
        let sheet = self.book.worksheet_from_index(self.sheets - 1).map_err(unpacked)?;
        let mut row = Row { sheet, at: self.row, styles: &self.styles, lang: self.look.lang, bytes: 0 };
        for ((column, at), width) in self.columns.list().iter().zip(0..).zip(&mut self.widths) {
            let wide = row.write(at, column, record).map_err(unpacked)?;
            *width = wide.max(*width);
        }
        self.bytes += row.bytes;
        if let Some(figures) = &mut self.figures {
            figures.count(record);
        }
        Ok(())
    }

    /// Adds the figures, compresses everything, and writes the file.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn finish<W: Write + Send>(self, to: W) -> Result<W> {
        on_disk(|| self.pack(to))
    }

    fn pack<W: Write + Send>(mut self, to: W) -> Result<W> {
        for index in 0..self.sheets {
            let rows = self.full.get(index).copied().unwrap_or(self.row);
            let sheet = self.book.worksheet_from_index(index).map_err(unpacked)?;
            for (at, width) in (0..).zip(&self.widths) {
                sheet.set_column_width(at, f64::from((*width).clamp(6, 60))).map_err(unpacked)?;
            }
            let last = u16::try_from(self.columns.list().len().saturating_sub(1)).unwrap_or(u16::MAX);
            sheet.autofilter(0, 0, rows.max(1), last).map_err(unpacked)?;
        }
        if let Some(figures) = &self.figures {
            figures.sheet(&mut self.book, &self.look, &self.styles).map_err(unpacked)?;
        }
        // The ZIP writer takes ownership of its output; this wrapper keeps ours.
        let mut kept = Kept { to, failed: None };
        let saved = self.book.save_to_writer(&mut kept);
        match (kept.failed, saved) {
            (Some(error), _) => Err(unwritten(error)),
            (None, saved) => saved.map_err(unpacked).map(|()| kept.to),
        }
    }

    fn next_sheet(&mut self) -> Result<()> {
        self.header().map_err(unpacked)?;
        if self.sheets > 0 {
            self.full.push(self.row);
        }
        self.sheets += 1;
        (self.row, self.bytes) = (0, 0);
        Ok(())
    }

    fn header(&mut self) -> Result<(), XlsxError> {
        let name = sheet_name(&self.columns.title(self.look.lang), self.sheets);
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?.set_right_to_left(self.look.lang.rtl()).set_landscape();
        sheet.set_freeze_panes(1, 1)?.set_row_height(0, 30)?;
        for (column, at) in self.columns.list().iter().zip(0..) {
            sheet.set_column_format(at, self.styles.column(column))?;
            sheet.write_string_with_format(0, at, column.title(self.look.lang), &self.styles.head)?;
        }
        Ok(())
    }
}

/// Prints the number of rows, and no content.
impl std::fmt::Debug for Workbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Workbook(sheet {}, row {})", self.sheets, self.row)
    }
}

/// The name of a sheet: the title of the list within Excel's rules, and a number from the second sheet on.
fn sheet_name(title: &str, sheets: usize) -> String {
    let at_an_end = |c: char| c == '\'' || c.is_whitespace();
    let plain = title.replace(|c: char| c.is_control() || "[]:*?/\\".contains(c), " ");
    // Excel keeps `History` for itself.
    let number = match sheets {
        0 if plain.trim().eq_ignore_ascii_case("history") => " 1".to_owned(),
        0 => String::new(),
        _ => format!(" {}", sheets + 1),
    };
    let name = beginning(plain.trim_matches(at_an_end), LONGEST_SHEET_NAME.saturating_sub(number.len()));
    name.trim_end_matches(at_an_end).to_owned() + &number
}

/// The library writes rows directly to the file and panics where that fails.
fn on_disk<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Unavailable, "the rows of the workbook cannot be spooled")
            .with_help("free space in the spool directory, or choose another one"))
    })
}

fn unpacked(error: XlsxError) -> Error {
    match error {
        XlsxError::IoError(error) | XlsxError::TempFileError(_, error) => unwritten(error),
        XlsxError::ZipError(error) => {
            Error::new(ErrorKind::Unavailable, "the workbook cannot be compressed").because(error)
        }
        error => Error::bug("a workbook's cells and names are always within its limits").because(error),
    }
}

/// Keeps a writer's first error, because the library would report it in its own words.
struct Kept<W> {
    to: W,
    failed: Option<std::io::Error>,
}

impl<W: Write> Kept<W> {
    fn keep<T>(&mut self, done: std::io::Result<T>) -> std::io::Result<T> {
        done.map_err(|error| {
            let again = std::io::Error::from(error.kind());
            self.failed.get_or_insert(error);
            again
        })
    }
}

impl<W: Write> Write for Kept<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let done = self.to.write(bytes);
        match done {
            // An interrupted write is retried and is not an error.
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Err(error),
            done => self.keep(done),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let done = self.to.flush();
        self.keep(done)
    }
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::Worksheet;

    use super::*;

    #[test]
    fn a_sheet_has_a_name_that_excel_accepts() {
        for (title, sheets, name) in [
            ("Incidents · البلاغات", 0, "Incidents · البلاغات"),
            ("البلاغات", 1, "البلاغات 2"),
            ("'Falls [ward 7/8]: all?'", 0, "Falls  ward 7 8   all"),
            ("Transfusions and their reactions", 0, "Transfusions and their reaction"),
            ("Transfusions and their reactions", 11, "Transfusions and their react 12"),
            ("history", 0, "history 1"),
        ] {
            let made = sheet_name(title, sheets);
            assert_eq!(made, name);
            assert!(Worksheet::new().set_name(made).is_ok(), "{title}");
        }
    }
}
