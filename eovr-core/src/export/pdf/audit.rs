//! The audit report as PDF.

use std::io::Write;

use jiff::tz::TimeZone;

use super::by_krilla;
use super::draw::Document;
use super::flow::{Cell, Flow, INNER, LABEL, NAVY, SMALL, Side, WHITE};
use super::fonts::{Fonts, Weight};
use super::incident::head;
use super::lines::Style;
use super::tags::Role;
use super::trail;
use crate::error::Result;
use crate::export::audit::{AuditReport, RecordEvent};
use crate::export::columns::on_the_wall;
use crate::export::titles::{self, Lang, Words, words};
use crate::time::Timestamp;

const TITLE: Words = words("Audit report", "تقرير التدقيق");
const HEADS: &[Words] = &[
    words("When", "الوقت"),
    words("Number", "رقم البلاغ"),
    words("Who", "من"),
    words("What", "الحدث"),
    words("Status", "الحالة"),
    words("Note and changes", "الملاحظة والتغييرات"),
];

/// Who requests the report, when, and the time zone of its times.
#[derive(Clone, Debug)]
pub struct Made<'a> {
    /// The requester's name, as the page foot shows it.
    pub by: &'a str,
    /// The time of creation, which the file contains.
    pub at: Timestamp,
    /// The time zone of the report's times.
    pub zone: TimeZone,
}

impl AuditReport {
    /// As PDF, A4: as PDF/UA-1 and PDF/A-2a. Should the validators refuse that, it writes a plain PDF.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn pdf<W: Write>(&mut self, fonts: &Fonts, lang: Lang, made: &Made<'_>, mut to: W) -> Result<W> {
        by_krilla::write(&self.laid_out(fonts, lang, made), &mut to)?;
        Ok(to)
    }

    /// The same as PDF/UA-1 and PDF/A-2a, or not at all.
    ///
    /// # Errors
    /// `Config` where the validators refuse it, as they do with a font that may not be embedded; `Unavailable` where
    /// it cannot be written.
    pub fn archival_pdf<W: Write>(
        &mut self,
        fonts: &Fonts,
        lang: Lang,
        made: &Made<'_>,
        mut to: W,
    ) -> Result<W> {
        by_krilla::write_archival(&self.laid_out(fonts, lang, made), &mut to)?;
        Ok(to)
    }

    fn laid_out<'f>(&mut self, fonts: &'f Fonts, lang: Lang, made: &Made<'_>) -> Document<'f> {
        self.sort();
        let mut flow = Flow::new(fonts, lang);
        banner(&mut flow);
        let facts = self.facts(lang, &made.zone);
        flow.table(&[30.0, 70.0], None, &facts);
        flow.gap(10.0);
        let rows: Vec<Vec<Cell>> = self.events.iter().map(|told| row(told, &made.zone, lang)).collect();
        flow.table(&[13.0, 16.0, 17.0, 16.0, 15.0, 23.0], Some(&head(HEADS, lang)), &rows);
        let (by, at) = (made.by, on_the_wall(made.at, &made.zone));
        let foot = lang
            .pick(&format!("Confidential · made {at} by {by}"), &format!("سري · أُعد في {at} بواسطة {by}"))
            .into_owned();
        flow.feet(&foot, |page, of| {
            lang.pick(&format!("Page {page} of {of}"), &format!("صفحة {page} من {of}")).into_owned()
        });
        let title = TITLE.of(lang).into_owned();
        Document { pages: flow.pages, tree: flow.tree, fonts, title, lang, made_at: made.at }
    }

    /// The filter, and the verifier's verdict on every chain.
    fn facts(&self, lang: Lang, zone: &TimeZone) -> Vec<Vec<Cell>> {
        let all = lang.pick("all", "الكل");
        let at = |at: Option<Timestamp>| at.map_or("…".to_owned(), |at| on_the_wall(at, zone));
        let list = |of: Vec<String>| if of.is_empty() { all.to_string() } else { of.join(", ") };
        let title =
            |code: &str| titles::words_of(code).map_or(code.to_owned(), |words| words.of(lang).into());
        let actions = self.filter.actions.iter().map(|action| title(action.as_str())).collect();
        let broken: Vec<&str> = self.broken.iter().map(|(record, _)| record.as_str()).collect();
        let intact = self.chains - u64::try_from(broken.len()).unwrap_or(0);
        let mut verified = lang
            .pick(
                &format!("{intact} of {} chains intact", self.chains),
                &format!("{intact} من {} سلسلة سليمة", self.chains),
            )
            .into_owned();
        if !broken.is_empty() {
            verified.push('\n');
            verified.push_str(&lang.pick("Broken", "مكسورة"));
            verified.push_str(": ");
            verified.push_str(&broken.join(", "));
        }
        let zone = zone.iana_name().unwrap_or("UTC");
        let span = format!("{} – {} ({zone})", at(self.filter.from), at(self.filter.before));
        let rows = [
            (words("Events from – to", "الأحداث من – إلى"), span),
            (words("Event types", "أنواع الأحداث"), list(actions)),
            (
                words("Users", "المستخدمون"),
                list(self.filter.actors.iter().map(ToString::to_string).collect()),
            ),
            (words("Events", "عدد الأحداث"), self.events.len().to_string()),
            (words("Verification", "نتيجة التحقق"), verified),
        ];
        rows.into_iter()
            .map(|(words, value)| vec![Cell::new(words.of(lang), LABEL), Cell::new(value, SMALL)])
            .collect()
    }
}

fn banner(flow: &mut Flow<'_>) {
    let style = Style { size: 18.0, weight: Weight::Bold, colour: WHITE };
    flow.ground(0.0, INNER, 36.0, NAVY);
    let (column, y) = ((14.0, INNER - 28.0), flow.y + 4.0);
    flow.tree.begin(Role::Title, TITLE.of(flow.lang));
    if flow.lang == Lang::Both {
        flow.label(TITLE.en, style, Side::Start, column, y);
        flow.label(TITLE.ar, style, Side::End, column, y);
    } else {
        flow.label(&TITLE.of(flow.lang), style, Side::Start, column, y);
    }
    flow.tree.end();
    flow.gap(46.0);
}

/// A row as in the trail of one incident, with the incident's number in place of the event's.
fn row(told: &RecordEvent, zone: &TimeZone, lang: Lang) -> Vec<Cell> {
    let mut cells = trail::row(&told.entry, zone, lang);
    cells.rotate_left(1);
    if let Some(number) = cells.pop() {
        let of = told.number.clone().unwrap_or_else(|| told.record.to_string());
        cells.insert(1, Cell { text: format!("{of}\n#{}", number.text), ..number });
    }
    cells
}
