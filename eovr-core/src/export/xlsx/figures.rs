use std::collections::BTreeMap;

use rust_xlsxwriter::{Chart, ChartFormat, ChartSolidFill, Color, Workbook, Worksheet, XlsxError};

use super::look::{Look, Styles};
use crate::export::Opened;
use crate::export::titles::{self, Words, words};
use crate::incident::{State, taxonomy};
use crate::risk::Band;
use crate::workflow::Label as _;

/// The counts of the second sheet, taken from the rows as they are written, so that both sheets agree. Disposed reports
/// (duplicate, not reportable, reopened) are rows of the list and are not counted.
#[derive(Default)]
pub(super) struct Figures {
    counted: u64,
    set_aside: u64,
    high_risk: u64,
    /// By state, then by the band of the person's rating; `None` where the incident is not rated.
    states: BTreeMap<(String, Option<String>), u64>,
    months: BTreeMap<u32, u64>,
    categories: BTreeMap<String, u64>,
}

const SHEET: Words = words("Figures", "المؤشرات");
const TITLE: Words = words("Figures of this list", "مؤشرات هذه القائمة");
const COUNTED: Words = words("Incidents counted", "البلاغات المحتسبة");
const HIGH: Words = words("Of high risk, not completed", "منها مرتفعة الخطر ولم تكتمل");
const ASIDE: Words = words("Set aside, not counted", "مستبعدة وغير محتسبة");
const STATUS: Words = words("Status", "الحالة");
const UNRATED: Words = words("Not rated", "لم يُقيَّم");
const TOTAL: Words = words("Total", "المجموع");
const MONTH: Words = words("Month reported", "شهر الإبلاغ");
const INCIDENTS: Words = words("Incidents", "البلاغات");
const CATEGORY: Words = words("Category", "التصنيف");
const NOTE: Words = words(
    "Counts of reports are not a ranking: who reports more is not less safe.",
    "أعداد البلاغات ليست ترتيبًا: فكثرة الإبلاغ لا تعني قلة الأمان.",
);

impl Figures {
    pub(super) fn count(&mut self, incident: &Opened) {
        if incident.code("disposition").is_some() {
            self.set_aside += 1;
            return;
        }
        let envelope = incident.record().envelope();
        self.counted += 1;
        let high = incident.record().facet("high_risk").and_then(crate::record::Value::as_bool);
        if high == Some(true) && envelope.state.as_str() != State::Completed.name() {
            self.high_risk += 1;
        }
        let band = incident.code("risk_band").map(str::to_owned);
        *self.states.entry((envelope.state.to_string(), band)).or_default() += 1;
        *self.months.entry(envelope.month).or_default() += 1;
        let category = incident.code("category").unwrap_or_default();
        if let Some(count) = self.categories.get_mut(category) {
            *count += 1;
        } else {
            self.categories.insert(category.to_owned(), 1);
        }
    }

    pub(super) fn sheet(&self, book: &mut Workbook, look: &Look, styles: &Styles) -> Result<(), XlsxError> {
        let name = look.lang.pick(SHEET.en, SHEET.ar);
        let sheet = book.add_worksheet();
        sheet.set_name(name.clone())?.set_right_to_left(look.lang.rtl());
        sheet.set_column_width(0, 34)?.set_column_range_width(1, 8, 14)?;
        let mut page = Page { sheet, look, styles, row: 0 };
        page.say(TITLE, &styles.title)?;
        page.say(NOTE, &styles.note)?;
        page.row += 1;
        for (words, count) in [(COUNTED, self.counted), (HIGH, self.high_risk), (ASIDE, self.set_aside)] {
            page.line(&words.of(look.lang), &[count])?;
        }
        page.row += 1;
        self.by_state(&mut page)?;
        page.row += 1;
        page.heads(&[MONTH, INCIDENTS])?;
        let first = page.row;
        for (month, count) in self.every_month() {
            page.line(&format!("{:04}-{:02}", month / 100, month % 100), &[count])?;
        }
        let months = (first, page.row.saturating_sub(1));
        page.row += 1;
        page.heads(&[CATEGORY, INCIDENTS])?;
        let mut categories: Vec<_> = self.categories.iter().collect();
        categories.sort_by(|(a, most), (b, more)| more.cmp(most).then(a.cmp(b)));
        for (code, count) in categories {
            let title = taxonomy::find(code).ok();
            let title = title.map_or(code.into(), |found| look.lang.pick(found.title_en, found.title_ar));
            page.line(&title, &[*count])?;
        }
        if self.counted > 0 {
            page.sheet.insert_chart(2, 7, &chart(&name, months, look))?;
        }
        Ok(())
    }

    fn by_state(&self, page: &mut Page<'_>) -> Result<(), XlsxError> {
        let bands = Band::ALL.map(|band| words(band.title_en(), band.title_ar()));
        let [low, medium, high, extreme] = bands;
        page.heads(&[STATUS, low, medium, high, extreme, UNRATED, TOTAL])?;
        for state in State::ALL {
            let count = |band: Option<&str>| {
                let key = (state.name().to_owned(), band.map(str::to_owned));
                self.states.get(&key).copied().unwrap_or_default()
            };
            let mut row: Vec<u64> =
                Band::ALL.iter().map(|band| Some(band.name())).chain([None]).map(count).collect();
            row.push(row.iter().sum());
            let title = titles::words_of(state.name());
            page.line(&title.map_or(state.name().into(), |words| words.of(page.look.lang)), &row)?;
        }
        Ok(())
    }

    /// Every month from the first to the last, including months without an incident, whose count is 0. Months before
    /// the first are omitted because nothing is known about them.
    fn every_month(&self) -> Vec<(u32, u64)> {
        let (Some(first), Some(last)) = (self.months.keys().next(), self.months.keys().next_back()) else {
            return Vec::new();
        };
        let next = |month: &u32| Some(if month % 100 >= 12 { month + 89 } else { month + 1 });
        let months = std::iter::successors(Some(*first), next).take_while(|month| month <= last);
        months.map(|month| (month, self.months.get(&month).copied().unwrap_or_default())).collect()
    }
}

fn chart(sheet: &str, (first, last): (u32, u32), look: &Look) -> Chart {
    let mut chart = Chart::new_column();
    chart
        .add_series()
        .set_name(INCIDENTS.of(look.lang).as_ref())
        .set_categories((sheet, first, 0, last, 0))
        .set_values((sheet, first, 1, last, 1))
        .set_format(
            ChartFormat::new().set_solid_fill(ChartSolidFill::new().set_color(Color::RGB(0x001F_4E78))),
        );
    chart.title().set_name(MONTH.of(look.lang).as_ref());
    chart.legend().set_hidden();
    chart.x_axis().set_reverse_if(look.lang.rtl());
    chart.set_width(560).set_height(300);
    chart
}

/// Reverses an axis where the sheet runs from right to left.
trait Reversed {
    fn set_reverse_if(&mut self, reverse: bool);
}

impl Reversed for rust_xlsxwriter::ChartAxis {
    fn set_reverse_if(&mut self, reverse: bool) {
        if reverse {
            self.set_reverse();
        }
    }
}

struct Page<'a> {
    sheet: &'a mut Worksheet,
    look: &'a Look,
    styles: &'a Styles,
    row: u32,
}

impl Page<'_> {
    fn say(&mut self, words: Words, style: &rust_xlsxwriter::Format) -> Result<(), XlsxError> {
        let words = words.of(self.look.lang);
        self.sheet.write_string_with_format(self.row, 0, words.as_ref(), style)?;
        self.row += 1;
        Ok(())
    }

    fn heads(&mut self, heads: &[Words]) -> Result<(), XlsxError> {
        for (words, column) in heads.iter().zip(0..) {
            let words = words.of(self.look.lang);
            self.sheet.write_string_with_format(self.row, column, words.as_ref(), &self.styles.head)?;
        }
        self.row += 1;
        Ok(())
    }

    fn line(&mut self, title: &str, counts: &[u64]) -> Result<(), XlsxError> {
        self.sheet.write_string_with_format(self.row, 0, title, self.styles.text(title))?;
        for (count, column) in counts.iter().zip(1..) {
            self.sheet.write_number_with_format(self.row, column, *count as f64, &self.styles.number)?;
        }
        self.row += 1;
        Ok(())
    }
}
