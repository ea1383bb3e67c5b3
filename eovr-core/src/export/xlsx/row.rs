//! One row of a workbook: cells with their types, within Excel's limits.

use std::borrow::Cow;

use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use super::look::Styles;
use crate::export::Opened;
use crate::export::columns::{Cell, Column, UNREADABLE, base64, on_the_wall};
use crate::export::titles::{Lang, Words, words};
use crate::time::Timestamp;

/// In UTF-16 units, as Excel counts.
const LONGEST_CELL: usize = 32_767;

/// Excel keeps 15 digits of a number.
const GREATEST: u64 = 999_999_999_999_999;

const CUT: Words = words("… [cut: too long for a cell]", "… [مقتطع: النص أطول من سعة الخلية]");
const YES: Words = words("Yes", "نعم");
const NO: Words = words("No", "لا");

/// A row that is being written.
pub(super) struct Row<'a> {
    pub(super) sheet: &'a mut Worksheet,
    pub(super) at: u32,
    pub(super) styles: &'a Styles,
    pub(super) lang: Lang,
    /// The approximate size of the row as XML, in bytes.
    pub(super) bytes: u64,
}

impl Row<'_> {
    /// Writes a cell and returns its width.
    pub(super) fn write(&mut self, column: u16, of: &Column, record: &Opened) -> Result<u16, XlsxError> {
        let lang = self.lang;
        let text: Cow<'_, str> = match of.read(record) {
            Cell::Empty => return Ok(0),
            Cell::Int(int) if int.unsigned_abs() <= GREATEST => {
                self.number(column, of, int as f64, &self.styles.number)?;
                return Ok(8);
            }
            Cell::Int(int) => int.to_string().into(),
            Cell::Bytes(bytes) => base64(bytes).into(),
            Cell::Time(at) => match serial(at, record.zone()) {
                Some(serial) => {
                    self.number(column, of, serial, &self.styles.time)?;
                    return Ok(17);
                }
                None => on_the_wall(at, record.zone()).into(),
            },
            Cell::Bool(bool) => (if bool { YES } else { NO }).of(lang),
            Cell::Unreadable => UNREADABLE.of(lang),
            Cell::Code(code) => {
                let words = of.words(record, &code, lang).into_owned();
                if let Some(style) = self.styles.painted(of, &code) {
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
    let mut kept = beginning(text, LONGEST_CELL - note.encode_utf16().count());
    kept.push_str(note);
    kept.into()
}

/// As much of a text as fits into so many UTF-16 units.
pub(super) fn beginning(text: &str, mut left: usize) -> String {
    let fits = |c: &char| match left.checked_sub(c.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    text.chars().take_while(fits).collect()
}

/// The approximate maximum size of a text cell as XML, in bytes, because escaped characters take more room.
fn xml(text: &str) -> u64 {
    let escaped = text.bytes().filter(|byte| matches!(byte, 0..=31 | b'<' | b'>' | b'&' | b'_')).count();
    (64 + text.len() + 6 * escaped) as u64
}

/// The approximate width of a text, at most 200.
pub(super) fn chars(text: &str) -> u16 {
    u16::try_from(text.chars().take(200).count()).unwrap_or(200)
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
