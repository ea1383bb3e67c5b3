use std::path::PathBuf;

use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder};

use crate::export::columns::Column;
use crate::export::csv::looks_like_a_formula;
use crate::export::direction::Runs;
use crate::export::titles::Lang;
use crate::record::ValueType;
use crate::time::Timestamp;

/// The look of a workbook, and where its rows are spooled.
#[derive(Clone, Debug)]
pub struct Look {
    /// The language of headers and codes. Arabic sheets run from right to left.
    pub lang: Lang,
    /// The creation time, which the file contains. The same list with the same time gives the same file.
    pub made_at: Timestamp,
    /// The rows per sheet, 1 to [`Look::MOST_ROWS`] (the default). Further rows go to the next sheet.
    pub rows_per_sheet: u32,
    /// The directory for spooled rows, about 1.5 kilobytes each; `None`: the system's temporary directory. The spool
    /// file has no name, and the system removes it. It contains the rows in plain text.
    pub spool: Option<PathBuf>,
    /// The compression level, 1 to 9; 5 is the default. Compression takes half of a workbook's time: a lower level is
    /// faster and gives a larger file.
    pub compression: u8,
}

impl Look {
    /// The most rows of an Excel sheet, without the header.
    pub const MOST_ROWS: u32 = 1_048_575;

    /// The default look in this language, with this creation time.
    pub fn new(lang: Lang, made_at: Timestamp) -> Self {
        Self { lang, made_at, rows_per_sheet: Self::MOST_ROWS, spool: None, compression: 5 }
    }

    pub(super) fn properties(&self, title: &str) -> DocProperties {
        let properties = DocProperties::new().set_title(title).set_author("eovr");
        match ExcelDateTime::from_timestamp(self.made_at.as_micros().div_euclid(1_000_000)) {
            Ok(at) => properties.set_creation_datetime(&at),
            // For a time outside Excel's range the file says 1970, never the current time.
            Err(_) => properties,
        }
    }
}

/// The cell formats, made once per workbook.
pub(super) struct Styles {
    pub(super) head: Format,
    pub(super) title: Format,
    pub(super) note: Format,
    pub(super) number: Format,
    pub(super) time: Format,
    texts: [Format; 3],
    /// Formats for a text that looks like a formula.
    quoted: [Format; 3],
    painted: Vec<(&'static str, Format)>,
}

/// The background and text colour of a status or band.
const PAINT: &[(&str, u32, u32)] = &[
    ("created", 0x00E7_E6E6, 0x003B_3838),
    ("in_progress", 0x00DD_EBF7, 0x001F_4E78),
    ("evaluating", 0x00FF_F2CC, 0x007F_6000),
    ("more_info_needed", 0x00FC_E4D6, 0x0083_3C0B),
    ("action_taken", 0x00E4_DFEC, 0x0040_3151),
    ("completed", 0x00E2_EFDA, 0x0037_5623),
    ("low", 0x00C6_E0B4, 0x0024_3F14),
    ("medium", 0x00FF_E699, 0x0066_4D00),
    ("high", 0x00F4_B084, 0x0061_2A07),
    ("extreme", 0x00C0_0000, 0x00FF_FFFF),
];

impl Styles {
    pub(super) fn new(lang: Lang) -> Self {
        const AS_IT_BEGINS: u8 = 0;
        const LTR: u8 = 1;
        const RTL: u8 = 2;
        let direction = if lang.rtl() { RTL } else { LTR };
        let text = |direction| Format::new().set_reading_direction(direction).set_align(FormatAlign::Top);
        let paint = |(code, ground, words): &(&'static str, u32, u32)| {
            let format =
                text(direction).set_background_color(Color::RGB(*ground)).set_font_color(Color::RGB(*words));
            (*code, format)
        };
        Self {
            head: Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::VerticalCenter)
                .set_reading_direction(direction)
                .set_background_color(Color::RGB(0x001F_4E78))
                .set_font_color(Color::White)
                .set_border_bottom(FormatBorder::Medium),
            title: Format::new().set_bold().set_font_size(14).set_reading_direction(direction),
            note: Format::new()
                .set_italic()
                .set_font_color(Color::RGB(0x0059_5959))
                .set_reading_direction(direction),
            number: Format::new().set_num_format("0").set_align(FormatAlign::Top),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm").set_align(FormatAlign::Top),
            texts: [AS_IT_BEGINS, LTR, RTL].map(text),
            quoted: [AS_IT_BEGINS, LTR, RTL].map(|direction| text(direction).set_quote_prefix()),
            painted: PAINT.iter().map(paint).collect(),
        }
    }

    /// The format of a text: its direction, and quoted where Excel could read it as a formula.
    pub(super) fn text(&self, text: &str) -> &Format {
        let [begins, ltr, rtl] = if looks_like_a_formula(text) { &self.quoted } else { &self.texts };
        match Runs::of(text) {
            // Excel detects the direction itself.
            Runs::Ltr | Runs::Rtl => begins,
            // Signs stand before their numbers, from left to right.
            Runs::NoLetter => ltr,
            Runs::RtlBehindName => rtl,
        }
    }

    /// The format of a column, which most of its cells have.
    pub(super) fn column(&self, column: &Column) -> &Format {
        let [begins, ltr, _] = &self.texts;
        match column.value_type() {
            ValueType::Int => &self.number,
            ValueType::Time => &self.time,
            _ if column.is_code() => ltr,
            _ => begins,
        }
    }

    /// The format of a cell where it differs from its column's. The library looks up every explicit format, which took
    /// a third of the time.
    pub(super) fn unlike<'a>(&self, column: &Column, own: &'a Format) -> Option<&'a Format> {
        (!std::ptr::eq(own, self.column(column))).then_some(own)
    }

    /// The colours of an incident's status or band.
    pub(super) fn painted(&self, column: &Column, code: &str) -> Option<&Format> {
        if !column.is_of_incidents() || !["state", "risk_band", "ai_band"].contains(&column.code.as_str()) {
            return None;
        }
        self.painted.iter().find(|(known, _)| *known == code).map(|(_, format)| format)
    }
}
