//! The list as an Excel workbook, in constant memory.

mod figures;
mod look;

use std::borrow::Cow;
use std::io::Write;

use rust_xlsxwriter::{Format, Workbook as Book, Worksheet, XlsxError};

use self::figures::Figures;
pub use self::look::Look;
use self::look::Styles;
use crate::error::{Error, ErrorKind, Result};
use crate::export::Opened;
use crate::export::columns::{COLUMNS, Cell, Column, UNREADABLE, on_the_wall};
use crate::export::titles::{Words, words};
use crate::export::write::unwritten;
use crate::time::Timestamp;

/// The incident list as a workbook: one or more sheets of rows, and one sheet of figures.
///
/// Rows go to a temporary file until [`Workbook::finish`] compresses them, so memory does not grow with their number.
/// The temporary file takes about 1.5 kilobytes of XML per row. [`Look::spool`] sets its directory; choose a disk, not
/// a directory in memory.
///
/// A text cannot become a formula or a link. Texts are written as texts, and a text that begins like a formula is
/// marked as quoted, so that it stays a text when a user edits the cell.
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
    book: Book,
    look: Look,
    styles: Styles,
    figures: Figures,
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
const LONGEST_CELL: usize = 32_767;

const CUT: Words = words("… [cut: too long for a cell]", "… [مقتطع: النص أطول من سعة الخلية]");
const LIST: Words = words("Incidents", "البلاغات");
const YES: Words = words("Yes", "نعم");
const NO: Words = words("No", "لا");

impl Workbook {
    /// Makes a workbook and writes the header.
    ///
    /// # Errors
    /// `Unavailable` where rows cannot be spooled; `InvalidInput` where a sheet has no room for a row.
    pub fn new(look: Look) -> Result<Self> {
        if !(1..=Look::MOST_ROWS).contains(&look.rows_per_sheet) {
            return Err(Error::invalid("a sheet cannot have that many rows")
                .with_help(format!("ask for 1 to {}", Look::MOST_ROWS)));
        }
        let mut book = Book::new();
        if let Some(spool) = &look.spool {
            book.set_tempdir(spool).map_err(unpacked)?;
        }
        // No ZIP64, because LibreOffice does not open a workbook that uses it.
        book.set_properties(&look.properties());
        book.set_zip_compression_level(look.compression.clamp(1, 9));
        let title = |column: &Column| chars(&column.title(look.lang));
        let widths = COLUMNS.iter().map(|column| title(column).saturating_add(3)).collect();
        let styles = Styles::new(look.lang);
        let mut workbook = Self {
            book,
            styles,
            figures: Figures::default(),
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

    /// Writes one incident.
    ///
    /// # Errors
    /// `Unavailable` where the row cannot be spooled, for example because the disk is full.
    pub fn push(&mut self, incident: &Opened) -> Result<()> {
        on_disk(|| self.write(incident))
    }

    fn write(&mut self, incident: &Opened) -> Result<()> {
        if self.row == self.look.rows_per_sheet || self.bytes > MOST_BYTES {
            self.next_sheet()?;
        }
        // In constant memory mode a left row is closed: the library silently drops later writes to it.
        self.row += 1;
        let sheet = self.book.worksheet_from_index(self.sheets - 1).map_err(unpacked)?;
        let mut row = Row { sheet, at: self.row, styles: &self.styles, look: &self.look, bytes: 0 };
        for ((column, at), width) in COLUMNS.iter().zip(0..).zip(&mut self.widths) {
            let wide = row.write(at, column, incident).map_err(unpacked)?;
            *width = wide.max(*width);
        }
        self.bytes += row.bytes;
        self.figures.count(incident);
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
            let last = u16::try_from(COLUMNS.len().saturating_sub(1)).unwrap_or(u16::MAX);
            sheet.autofilter(0, 0, rows.max(1), last).map_err(unpacked)?;
        }
        self.figures.sheet(&mut self.book, &self.look, &self.styles).map_err(unpacked)?;
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
        let name = self.look.lang.pick(LIST.en, LIST.ar);
        let name = if self.sheets == 0 { name } else { format!("{name} {}", self.sheets + 1).into() };
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?.set_right_to_left(self.look.lang.rtl()).set_landscape();
        sheet.set_freeze_panes(1, 1)?.set_row_height(0, 30)?;
        for (column, at) in COLUMNS.iter().zip(0..) {
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

struct Row<'a> {
    sheet: &'a mut Worksheet,
    at: u32,
    styles: &'a Styles,
    look: &'a Look,
    bytes: u64,
}

impl Row<'_> {
    /// Writes a cell and returns its width.
    fn write(&mut self, column: u16, of: &Column, incident: &Opened) -> Result<u16, XlsxError> {
        let lang = self.look.lang;
        let text: Cow<'_, str> = match of.read(incident) {
            Cell::Empty => return Ok(0),
            Cell::Int(int) => {
                self.number(column, of, int as f64, &self.styles.number)?;
                return Ok(8);
            }
            Cell::Time(at) => match serial(at, incident.zone()) {
                Some(serial) => {
                    self.number(column, of, serial, &self.styles.time)?;
                    return Ok(17);
                }
                None => on_the_wall(at, incident.zone()).into(),
            },
            Cell::Bool(bool) => (if bool { YES } else { NO }).of(lang),
            Cell::Unreadable => UNREADABLE.of(lang),
            Cell::Code(code) => {
                let words = of.words(incident, &code, lang).into_owned();
                if let Some(style) = self.styles.painted(of.code, &code) {
                    self.bytes += xml(&words);
                    self.sheet.write_string_with_format(self.at, column, &words, style)?;
                    return Ok(chars(&words));
                }
                words.into()
            }
            Cell::Text(text) => match line_ends(text) {
                Cow::Borrowed(text) => cut(text, &CUT.of(lang)),
                Cow::Owned(text) => cut(&text, &CUT.of(lang)).into_owned().into(),
            },
        };
        self.bytes += xml(&text);
        match self.styles.unlike(of, self.styles.text(&text)) {
            Some(style) => self.sheet.write_string_with_format(self.at, column, text.as_ref(), style)?,
            None => self.sheet.write_string(self.at, column, text.as_ref())?,
        };
        Ok(chars(&text))
    }

    fn number(&mut self, column: u16, of: &Column, number: f64, style: &Format) -> Result<(), XlsxError> {
        self.bytes += xml("");
        match self.styles.unlike(of, style) {
            Some(style) => self.sheet.write_number_with_format(self.at, column, number, style)?,
            None => self.sheet.write_number(self.at, column, number)?,
        };
        Ok(())
    }
}

/// A time as Excel's serial number: days since the end of 1899 on the facility's wall clock. `None` outside Excel's
/// years.
fn serial(at: Timestamp, zone: &jiff::tz::TimeZone) -> Option<f64> {
    const DAY: i64 = 86_400_000_000;
    /// The days from Excel's day 0 to 1970.
    const EPOCH: f64 = 25_569.0;
    let there = at.on(zone);
    let wall = at.as_micros().checked_add(i64::from(there.offset().seconds()) * 1_000_000)?;
    let days = |micros: i64| micros as f64;
    // Excel treats 1900 as a leap year, so its days are correct only from March 1900.
    (1901..=9999)
        .contains(&there.year())
        .then(|| EPOCH + days(wall.div_euclid(DAY)) + days(wall.rem_euclid(DAY)) / days(DAY))
}

/// A text with Excel's line ends. Some programs show other line ends as `_x000D_`.
fn line_ends(text: &str) -> Cow<'_, str> {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    }
}

/// A text cut to fit a cell, with a note where it was cut.
fn cut<'a>(text: &'a str, note: &str) -> Cow<'a, str> {
    // A text never has more UTF-16 units than bytes.
    if text.len() <= LONGEST_CELL || text.encode_utf16().count() <= LONGEST_CELL {
        return text.into();
    }
    let mut left = LONGEST_CELL - note.encode_utf16().count();
    let fits = |c: &char| match left.checked_sub(c.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push_str(note);
    kept.into()
}

/// The approximate maximum size of a text cell as XML, in bytes, because escaped characters take more room.
fn xml(text: &str) -> u64 {
    let escaped = text.bytes().filter(|byte| matches!(byte, 0..=31 | b'<' | b'>' | b'&' | b'_')).count();
    (64 + text.len() + 6 * escaped) as u64
}

/// The library writes rows directly to the file and panics where that fails.
fn on_disk<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Unavailable, "the rows of the workbook cannot be spooled")
            .with_help("free space in the spool directory, or choose another one"))
    })
}

/// The approximate width of a text, at most 200.
fn chars(text: &str) -> u16 {
    u16::try_from(text.chars().take(200).count()).unwrap_or(200)
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
    use super::*;

    #[test]
    fn a_moment_is_what_the_wall_clock_shows() {
        let cairo = jiff::tz::TimeZone::get("Africa/Cairo").unwrap();
        let serial = |text: &str| serial(text.parse().unwrap(), &cairo);
        // 2026-11-22 10:30 in Cairo: 46348 days and 10.5 hours.
        assert_eq!(serial("2026-11-22T08:30:00Z"), Some(46_348.437_5));
        assert_eq!(serial("1850-01-01T00:00:00Z"), None);
    }

    #[test]
    fn a_cell_has_one_kind_of_line_end() {
        assert_eq!(line_ends("one\r\ntwo\rthree\n\r\n"), "one\ntwo\nthree\n\n");
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_between_characters_and_says_so() {
        let arabic = "ع".repeat(LONGEST_CELL);
        assert_eq!(cut(&arabic, "…"), arabic);
        for text in ["🩺".repeat(20_000), "ع".repeat(40_000), "x".repeat(32_768)] {
            let cut = cut(&text, "… [cut]");
            assert!(cut.ends_with("… [cut]") && cut.encode_utf16().count() <= LONGEST_CELL);
            assert!(cut.encode_utf16().count() >= LONGEST_CELL - 1);
        }
    }
}
