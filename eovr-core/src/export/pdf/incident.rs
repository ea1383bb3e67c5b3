//! The PDF report of one incident.

use std::io::Write;

use super::draw::Document;
use super::flow::{BODY, Cell, Flow, HEAD, INNER, LABEL, NAVY, SHADE, SMALL, Side, WHITE, leading};
use super::fonts::{Fonts, Weight};
use super::isolate::runs_right_to_left;
use super::lines::Style;
use super::tags::Role;
use super::{by_krilla, risks, trail};
use crate::error::Result;
use crate::export::Opened;
use crate::export::columns::{self, Column, UNREADABLE, base64, on_the_wall};
use crate::export::titles::{self, Lang, Words, words};
use crate::incident::{FOLLOW_UP, KIND};
use crate::risk::Scheme;
use crate::service::Trail;
use crate::time::Timestamp;

/// The content of a report. The report has no heading for omitted parts.
#[derive(Clone, Copy, Debug)]
pub struct Incident<'a> {
    /// The incident.
    pub incident: &'a Opened,
    /// Its follow-up actions.
    pub follow_ups: &'a [Opened],
    /// Its audit trail with the verifier's verdict.
    pub trail: Option<&'a Trail>,
    /// The risk scheme of the rating, if it is the host's own. The built-in schemes are known.
    pub scheme: Option<&'a Scheme>,
    /// The signed checkpoint of the log that covers the trail, as text, if the host keeps one.
    pub checkpoint: Option<&'a str>,
    /// The requester's name, as the page foot shows it.
    pub made_by: &'a str,
    /// The creation time. The same report with the same time is the same file, byte for byte.
    pub made_at: Timestamp,
}

const TITLE: Words = words("Incident report", "تقرير حدث عارض");
const FACTS: Words = words("Facts", "البيانات الأساسية");
const STORY: Words = words("What happened", "وصف الحدث");
const RISK: Words = words("Risk", "تقييم الخطر");
const JCI: Words = words("Accreditation (JCI)", "الاعتماد (JCI)");
const FOLLOW_UPS: Words = words("Follow-up actions", "إجراءات المتابعة");
const TRAIL: Words = words("Audit trail", "سجل التدقيق");
const HIGH: Words = words("High risk", "خطر مرتفع");
const CONFIDENTIAL: Words = words("Confidential", "سري");
const MADE: Words = words("made", "أُعد في");
const BY: Words = words("by", "بواسطة");
const YES: Words = words("Yes", "نعم");
const NO: Words = words("No", "لا");
const CLOCK: Words =
    words("Times are those of the facility's wall clock", "الأوقات بحسب التوقيت المحلي للمنشأة");

/// The facts, in pairs that are shown side by side.
const GRID: &[&str] = &[
    "created_at",
    "occurred_at",
    "category",
    "subtype",
    "location",
    "reporter_type",
    "actual_harm",
    "potential_harm",
    "involved_person",
    "medical_file_number",
    "responsible_manager",
    "disclosed",
    "disclosure_responsible",
    "factors",
    "disposition",
    "updated_at",
];

/// The texts that a person wrote, shown as whole paragraphs.
const TEXTS: &[&str] = &["description", "specific_error", "immediate_action", "notes"];

impl Incident<'_> {
    /// Lays the report out and writes it as PDF, A4: as PDF/UA-1 and PDF/A-2a. Should the validators refuse
    /// that, it writes a plain PDF. The file is made in memory.
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
    /// use eovr_core::export::pdf::{self, Fonts};
    /// use eovr_core::export::{Lang, Opened};
    ///
    /// # let record = quality.incidents().load(id).await?;
    /// let opened = Opened::of(&quality, record)?;
    /// let trail = quality.incidents().trail(id).await?;
    /// let report = pdf::Incident {
    ///     incident: &opened,
    ///     follow_ups: &[],
    ///     trail: Some(&trail),
    ///     scheme: None,
    ///     checkpoint: None,
    ///     made_by: "Quality office",
    ///     made_at: "2026-11-22T08:30:00Z".parse()?,
    /// };
    /// let mut file = Vec::new();
    /// report.write(&Fonts::embedded()?, Lang::Both, &mut file)?;
    /// assert!(file.starts_with(b"%PDF-"));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` where a record is no incident or no follow-up action; `Unavailable` where it cannot be written.
    pub fn write(&self, fonts: &Fonts, lang: Lang, mut to: impl Write) -> Result<()> {
        by_krilla::write(&self.laid_out(fonts, lang)?, &mut to)
    }

    /// Writes the same report by printpdf: tagged, and without a standard.
    ///
    /// # Errors
    /// As [`Incident::write`].
    #[cfg(feature = "printpdf")]
    pub fn write_by_printpdf(&self, fonts: &Fonts, lang: Lang, mut to: impl Write) -> Result<()> {
        super::by_printpdf::write(&self.laid_out(fonts, lang)?, &mut to)
    }

    /// Writes the report as PDF/UA-1 and PDF/A-2a, for an archive that takes nothing less.
    ///
    /// # Errors
    /// `Config` where the validators refuse it, as they do with a font that may not be embedded; otherwise as
    /// [`Incident::write`].
    pub fn write_archival(&self, fonts: &Fonts, lang: Lang, mut to: impl Write) -> Result<()> {
        by_krilla::write_archival(&self.laid_out(fonts, lang)?, &mut to)
    }

    pub(super) fn laid_out<'f>(&self, fonts: &'f Fonts, lang: Lang) -> Result<Document<'f>> {
        self.incident.must_be(&KIND)?;
        self.follow_ups.iter().try_for_each(|action| action.must_be(&FOLLOW_UP))?;
        let mut flow = Flow::new(fonts, lang);
        self.banner(&mut flow);
        self.facts(&mut flow);
        self.story(&mut flow);
        risks::draw(&mut flow, self, RISK);
        self.panel(&mut flow);
        self.follow_ups(&mut flow);
        if let Some(found) = self.trail {
            flow.section(TRAIL, 95.0);
            trail::draw(&mut flow, found, self.incident.zone(), self.checkpoint);
        }
        let number = self.number();
        let made = on_the_wall(self.made_at, self.incident.zone());
        let (en, ar) = (
            format!("{} · {number} · {} {made} {} {}", CONFIDENTIAL.en, MADE.en, BY.en, self.made_by),
            format!("{} · {number} · {} {made} {} {}", CONFIDENTIAL.ar, MADE.ar, BY.ar, self.made_by),
        );
        flow.feet(if lang == Lang::Ar { &ar } else { &en }, |page, of| match lang {
            Lang::En => format!("Page {page} of {of}"),
            Lang::Ar => format!("صفحة {page} من {of}"),
            Lang::Both => format!("Page {page} of {of} · صفحة {page} من {of}"),
        });
        Ok(Document {
            pages: flow.pages,
            tree: flow.tree,
            fonts,
            title: format!("{} {number}", TITLE.of(lang)),
            lang,
            made_at: self.made_at,
        })
    }

    /// The incident's number, or its id where it has no number.
    fn number(&self) -> String {
        let envelope = self.incident.record().envelope();
        envelope.number.clone().unwrap_or_else(|| envelope.id.to_string())
    }

    fn banner(&self, flow: &mut Flow<'_>) {
        const TALL: f32 = 56.0;
        let big = Style { size: 18.0, weight: Weight::Bold, colour: WHITE };
        let small = Style { size: 10.0, weight: Weight::Regular, colour: WHITE };
        let number = Style { size: 14.0, weight: Weight::Bold, colour: WHITE };
        let lang = flow.lang;
        flow.ground(0.0, INNER, TALL, NAVY);
        let y = flow.y;
        let column = (14.0, INNER - 28.0);
        flow.tree.begin(Role::Title, format!("{} {}", TITLE.of(lang), self.number()));
        let facility = self.incident.facility();
        let (en, ar) = facility.map_or(("", ""), |title| (title.en.as_str(), title.ar.as_str()));
        match lang {
            Lang::Both => {
                flow.label(TITLE.en, big, Side::Start, column, y + 5.0);
                flow.label(TITLE.ar, big, Side::End, column, y + 5.0);
                flow.label(&self.number(), number, Side::Centre, column, y + 9.0);
                flow.label(en, small, Side::Start, column, y + 34.0);
                flow.label(ar, small, Side::End, column, y + 34.0);
            }
            _ => {
                flow.label(&TITLE.of(lang), big, Side::Start, column, y + 5.0);
                flow.label(&self.number(), number, Side::End, column, y + 9.0);
                flow.label(if lang.rtl() { ar } else { en }, small, Side::Start, column, y + 34.0);
            }
        }
        flow.tree.end();
        flow.gap(TALL + 8.0);
        self.chips(flow);
    }

    /// The state, and the urgency flag, in their colours.
    fn chips(&self, flow: &mut Flow<'_>) {
        let state = self.incident.record().state().as_str();
        let title =
            titles::words_of(state).map_or_else(|| state.to_owned(), |words| words.of(flow.lang).into());
        let (ground, ink) = risks::paint(state);
        let mut from = chip(flow, 0.0, &title, ground, ink);
        if self.incident.facets().high_risk() == Some(true) {
            let (ground, ink) = risks::paint("extreme");
            from = chip(flow, from, &HIGH.of(flow.lang), ground, ink);
        }
        if let Some(disposition) = self.incident.facets().disposition() {
            let (ground, ink) = risks::paint("created");
            let title = titles::words_of(disposition);
            let title = title.map_or_else(|| disposition.to_owned(), |words| words.of(flow.lang).into());
            chip(flow, from, &title, ground, ink);
        }
        flow.gap(20.0);
    }

    fn facts(&self, flow: &mut Flow<'_>) {
        flow.section(FACTS, 60.0);
        let facts: Vec<(&Column, String)> = GRID
            .iter()
            .filter_map(|code| Column::named(code))
            .filter_map(|column| Some((column, self.shown(column, flow.lang)?)))
            .collect();
        grid(flow, &facts);
        let zone = self.incident.zone().iana_name().unwrap_or("UTC");
        let muted = Style { size: 8.0, ..LABEL };
        let muted = Style { weight: Weight::Regular, ..muted };
        flow.gap(2.0);
        let clock = format!("{} ({zone})", CLOCK.of(flow.lang));
        flow.tree.begin(Role::Paragraph, clock.as_str());
        flow.label(&clock, muted, Side::Start, (0.0, INNER), flow.y);
        flow.tree.end();
        flow.gap(leading(muted));
    }

    /// The text of a column. `None` where the field is not set.
    fn shown(&self, column: &Column, lang: Lang) -> Option<String> {
        Some(match column.read(self.incident) {
            columns::Cell::Empty => return None,
            columns::Cell::Unreadable => UNREADABLE.of(lang).into(),
            columns::Cell::Text(text) => text.to_owned(),
            columns::Cell::Code(code) => column.words(self.incident, &code, lang).into_owned(),
            columns::Cell::Int(int) => int.to_string(),
            columns::Cell::Bool(bool) => (if bool { YES } else { NO }).of(lang).into(),
            columns::Cell::Time(at) => on_the_wall(at, self.incident.zone()),
            columns::Cell::Bytes(bytes) => base64(bytes),
        })
    }

    fn story(&self, flow: &mut Flow<'_>) {
        for code in TEXTS {
            let Some(column) = Column::named(code) else { continue };
            let Some(text) = self.shown(column, flow.lang) else { continue };
            if *code == "description" {
                flow.section(STORY, 60.0);
            } else {
                flow.heading(column);
            }
            flow.words(&text);
        }
    }

    fn panel(&self, flow: &mut Flow<'_>) {
        let of = ["jci_chapter", "jci_standard", "jci_status"];
        let facts: Vec<(&Column, String)> = of
            .iter()
            .filter_map(|code| Column::named(code))
            .filter_map(|column| Some((column, self.shown(column, flow.lang)?)))
            .collect();
        if facts.is_empty() {
            return;
        }
        flow.section(JCI, 60.0);
        grid(flow, &facts);
        flow.gap(4.0);
        for code in ["jci_evidence", "jci_gap", "jci_plan"] {
            let Some(column) = Column::named(code) else { continue };
            if let Some(text) = self.shown(column, flow.lang) {
                flow.heading(column);
                flow.words(&text);
            }
        }
    }

    fn follow_ups(&self, flow: &mut Flow<'_>) {
        const HEADS: &[Words] = &[
            words("Action", "الإجراء"),
            words("Kind", "النوع"),
            words("Owner", "المسؤول"),
            words("Due", "الموعد"),
            words("Status", "الحالة"),
            words("Evidence", "ما يثبت التنفيذ"),
        ];
        if self.follow_ups.is_empty() {
            return;
        }
        flow.section(FOLLOW_UPS, 60.0);
        let lang = flow.lang;
        let code = |code: Option<&str>| {
            let code = code.unwrap_or_default();
            titles::words_of(code).map_or_else(|| code.to_owned(), |words| stacked(words, lang))
        };
        let text = |action: &Opened, field: &str| match action.is_unreadable(field) {
            true => UNREADABLE.of(lang).into_owned(),
            false => action.text(field).unwrap_or_default().to_owned(),
        };
        let rows: Vec<Vec<Cell>> = self
            .follow_ups
            .iter()
            .map(|action| {
                let due = action.record().time("due_at");
                let cells = [
                    text(action, "task"),
                    [code(action.code("purpose")), code(action.code("strength"))]
                        .join("\n")
                        .trim()
                        .to_owned(),
                    action.code("owner").unwrap_or_default().to_owned(),
                    due.map(|at| on_the_wall(at, action.zone())).unwrap_or_default(),
                    code(Some(action.record().state().as_str())),
                    text(action, "evidence"),
                ];
                cells.into_iter().map(|text| Cell::new(text, SMALL)).collect()
            })
            .collect();
        let head = head(HEADS, lang);
        flow.table(&[27.0, 14.0, 15.0, 13.0, 10.0, 21.0], Some(&head), &rows);
    }
}

/// A title in two languages, stacked in a narrow column.
pub(super) fn stacked(words: Words, lang: Lang) -> String {
    if lang == Lang::Both { format!("{}\n{}", words.en, words.ar) } else { words.of(lang).into_owned() }
}

/// The header of a table.
pub(super) fn head(heads: &[Words], lang: Lang) -> Vec<Cell> {
    heads.iter().map(|words| Cell::new(stacked(*words, lang), HEAD).on(NAVY)).collect()
}

/// Draws facts in a grid: two in a row, or one between its titles where there are two languages.
fn grid(flow: &mut Flow<'_>, facts: &[(&Column, String)]) {
    if flow.lang == Lang::Both {
        let rows: Vec<Vec<Cell>> = facts.iter().map(|(column, value)| both(column, value)).collect();
        return flow.table(&[18.0, 32.0, 32.0, 18.0], None, &rows);
    }
    let lang = flow.lang;
    let rows: Vec<Vec<Cell>> = facts
        .chunks(2)
        .map(|pair| {
            let cells = |(column, value): &(&Column, String)| {
                [Cell::new(column.title(lang), LABEL).on(SHADE), Cell::new(value.as_str(), BODY)]
            };
            let mut row: Vec<Cell> = pair.iter().flat_map(cells).collect();
            if pair.len() == 1 {
                row.push(Cell::new("", LABEL).on(SHADE));
                row.push(Cell::new("", BODY));
            }
            row
        })
        .collect();
    flow.table(&[16.0, 34.0, 16.0, 34.0], None, &rows);
}

/// A fact between its titles. A value with a title in both languages is on both sides; any other value stands alone.
fn both(column: &Column, value: &str) -> Vec<Cell> {
    let (en, ar) = match value.split_once(" · ") {
        Some(both) if !column.is_written() => both,
        _ if runs_right_to_left(value) => ("", value),
        _ => (value, ""),
    };
    vec![
        Cell::new(column.title(Lang::En), LABEL).on(SHADE),
        Cell::new(en, BODY),
        Cell::new(ar, BODY).at(Side::End),
        Cell::new(column.title(Lang::Ar), LABEL).at(Side::End).on(SHADE),
    ]
}

/// Draws a word on a background and returns where the next one may begin.
fn chip(flow: &mut Flow<'_>, from: f32, text: &str, ground: u32, ink: u32) -> f32 {
    let style = Style { size: 9.5, weight: Weight::Bold, colour: ink };
    let lines = flow.broken(text, style, INNER);
    let wide = lines.first().map_or(0.0, |line| line.width) + 16.0;
    flow.ground(from, wide, 17.0, ground);
    flow.tree.begin(Role::Paragraph, text);
    flow.put(&lines, style, Side::Centre, (from, wide), flow.y + 1.5);
    flow.tree.end();
    from + wide + 6.0
}
