//! The columns of the incident list: one table for every list format.

use std::borrow::Cow;

#[cfg(any(feature = "pdf", feature = "xlsx"))]
use jiff::tz::TimeZone;

use crate::export::Opened;
use crate::export::titles::{self, Lang, Words, words};
use crate::incident::harm::Harm;
use crate::incident::{jci, taxonomy};
use crate::record::{Value, ValueType};
use crate::risk::{self, Band};
use crate::time::Timestamp;

/// One column: its name, and how it is read from a record.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The stable name for programs. It never changes.
    pub code: &'static str,
    title: Words,
    source: Source,
}

/// The content of one cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// The field is not set.
    Empty,
    /// The field is set, but its key was destroyed.
    Unreadable,
    /// Text that a person wrote.
    Text(&'a str),
    /// A code or an id.
    Code(Cow<'a, str>),
    /// A number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A moment.
    Time(Timestamp),
}

/// Where a column's value comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    Number,
    Id,
    State,
    Facility,
    FacilityName,
    Administration,
    Governorate,
    Created,
    Updated,
    Version,
    Facet,
    /// A facet whose codes people use as they are, so they are not translated.
    Standard,
    Field,
}

/// Every column, in the order of the list.
pub const COLUMNS: &[Column] = &[
    column("number", "Number", "رقم البلاغ", Source::Number),
    column("state", "Status", "الحالة", Source::State),
    column("facility", "Facility code", "رمز المنشأة", Source::Facility),
    column("facility_name", "Facility", "المنشأة", Source::FacilityName),
    column("administration", "Administration", "الإدارة", Source::Administration),
    column("governorate", "Governorate", "المحافظة", Source::Governorate),
    column("created_at", "Reported", "تاريخ الإبلاغ", Source::Created),
    column("occurred_at", "Occurred", "تاريخ الحدث", Source::Facet),
    column("category", "Category", "التصنيف", Source::Facet),
    column("subtype", "Sub-type", "التصنيف الفرعي", Source::Facet),
    column("location", "Location", "المكان", Source::Facet),
    column("reporter_type", "Reported by", "المبلّغ", Source::Facet),
    column("actual_harm", "Actual harm", "الضرر الفعلي", Source::Facet),
    column("potential_harm", "Potential harm", "الضرر المحتمل", Source::Facet),
    column("risk_scheme", "Risk scheme", "مصفوفة الخطر", Source::Standard),
    column("severity", "Severity", "الشدة", Source::Facet),
    column("probability", "Probability", "الاحتمالية", Source::Facet),
    column("risk_score", "Risk score", "درجة الخطر", Source::Facet),
    column("risk_band", "Risk band", "فئة الخطر", Source::Facet),
    column("ai_score", "AI score", "تقدير الذكاء الاصطناعي", Source::Facet),
    column("ai_band", "AI band", "فئة الذكاء الاصطناعي", Source::Facet),
    column("ai_review", "AI review", "مراجعة التقدير", Source::Facet),
    column("high_risk", "High risk", "خطر مرتفع", Source::Facet),
    column("disclosed", "Patient told", "إفصاح للمريض", Source::Facet),
    column("factors", "Contributing factors", "العوامل المساهمة", Source::Facet),
    column("jci_chapter", "JCI chapter", "فصل الاعتماد", Source::Standard),
    column("jci_standard", "JCI standard", "معيار الاعتماد", Source::Standard),
    column("jci_status", "JCI status", "حالة الاستيفاء", Source::Facet),
    column("disposition", "Disposition", "التصرف", Source::Facet),
    column("description", "What happened", "وصف الحدث", Source::Field),
    column("specific_error", "Specific error", "الخطأ المحدد", Source::Field),
    column("immediate_action", "Immediate action", "الإجراء الفوري", Source::Field),
    column("involved_person", "Involved person", "الشخص المعني", Source::Field),
    column("medical_file_number", "Medical file number", "رقم الملف الطبي", Source::Field),
    column("responsible_manager", "Responsible manager", "المدير المسؤول", Source::Field),
    column("disclosure_responsible", "Told by", "المسؤول عن الإفصاح", Source::Field),
    column("notes", "Notes", "ملاحظات", Source::Field),
    column("jci_evidence", "JCI evidence", "أدلة الاعتماد", Source::Field),
    column("jci_gap", "JCI gap analysis", "تحليل الفجوة", Source::Field),
    column("jci_plan", "JCI action plan", "خطة الاعتماد", Source::Field),
    column("updated_at", "Last change", "آخر تعديل", Source::Updated),
    column("version", "Version", "النسخة", Source::Version),
    column("id", "Id", "المعرّف", Source::Id),
];

const fn column(code: &'static str, en: &'static str, ar: &'static str, source: Source) -> Column {
    Column { code, title: words(en, ar), source }
}

impl Column {
    /// The column of this name.
    pub fn named(code: &str) -> Option<&'static Self> {
        COLUMNS.iter().find(|column| column.code == code)
    }

    /// The title that people read.
    pub fn title(&self, lang: Lang) -> Cow<'static, str> {
        self.title.of(lang)
    }

    /// The type of the cells: text, except for numbers, booleans and times.
    pub fn value_type(&self) -> ValueType {
        match self.source {
            Source::Created | Source::Updated => ValueType::Time,
            Source::Version => ValueType::Int,
            Source::Facet => match self.code {
                "occurred_at" => ValueType::Time,
                "risk_score" | "ai_score" => ValueType::Int,
                "high_risk" | "disclosed" => ValueType::Bool,
                _ => ValueType::Text,
            },
            _ => ValueType::Text,
        }
    }

    /// Whether the cells are codes in every language.
    #[cfg(feature = "xlsx")]
    pub(super) fn is_code(&self) -> bool {
        use Source::{Administration, Facility, Governorate, Id, Number, Standard};
        matches!(self.source, Number | Id | Facility | Administration | Governorate | Standard)
    }

    /// Whether the column holds text that a person wrote.
    #[cfg(feature = "pdf")]
    pub(super) fn is_written(&self) -> bool {
        matches!(self.source, Source::Field) || self.code == "location"
    }

    /// The value of this column for an incident.
    pub fn read<'a>(&self, incident: &'a Opened) -> Cell<'a> {
        let envelope = incident.record().envelope();
        let code = |code: &'a str| Cell::Code(code.into());
        match self.source {
            Source::Number => envelope.number.as_deref().map_or(Cell::Empty, code),
            Source::Id => Cell::Code(envelope.id.to_string().into()),
            Source::State => code(envelope.state.as_str()),
            Source::Facility => code(envelope.stamp.facility.as_str()),
            Source::FacilityName => incident.facility().map_or(Cell::Empty, |title| code(&title.en)),
            Source::Administration => code(envelope.stamp.administration.as_str()),
            Source::Governorate => code(envelope.stamp.governorate.as_str()),
            Source::Created => Cell::Time(envelope.created_at),
            Source::Updated => Cell::Time(envelope.updated_at),
            Source::Version => Cell::Int(i64::try_from(envelope.version).unwrap_or(i64::MAX)),
            Source::Facet | Source::Standard => match incident.record().facet(self.code) {
                Some(Value::Text(text)) => code(text),
                Some(Value::Int(int)) => Cell::Int(*int),
                Some(Value::Bool(bool)) => Cell::Bool(*bool),
                Some(Value::Time(time)) => Cell::Time(*time),
                Some(Value::Bytes(_)) | None => Cell::Empty,
            },
            Source::Field if incident.is_unreadable(self.code) => Cell::Unreadable,
            Source::Field => incident.text(self.code).map_or(Cell::Empty, Cell::Text),
        }
    }

    /// The text that people read in place of this code.
    pub fn words<'a>(&self, incident: &'a Opened, code: &'a str, lang: Lang) -> Cow<'a, str> {
        match self.code {
            "facility_name" => {
                incident.facility().map_or(code.into(), |title| lang.pick(&title.en, &title.ar))
            }
            "factors" => {
                let all = |lang: Lang, comma: &str| {
                    let one = |code: &'a str| titled("factor", incident, code, lang).unwrap_or(code.into());
                    code.split(',').map(one).collect::<Vec<_>>().join(comma)
                };
                lang.pick(&all(Lang::En, ", "), &all(Lang::Ar, "، ")).into_owned().into()
            }
            of => titled(of, incident, code, lang).unwrap_or(code.into()),
        }
    }
}

/// The title of a code in a column. `None` where people use the code itself.
fn titled(column: &str, incident: &Opened, code: &str, lang: Lang) -> Option<Cow<'static, str>> {
    let (en, ar) = match column {
        "category" => taxonomy::find(code).ok().map(|found| (found.title_en, found.title_ar))?,
        "subtype" => {
            let found = taxonomy::find_subtype(incident.code("category")?, code).ok()?;
            (found.title_en, found.title_ar)
        }
        "actual_harm" | "potential_harm" => {
            code.parse().ok().map(|harm: Harm| (harm.title_en(), harm.title_ar()))?
        }
        "risk_band" | "ai_band" => Band::named(code).map(|band| (band.title_en(), band.title_ar()))?,
        "jci_status" => {
            let status: jci::Status = code.parse().ok()?;
            (status.title_en(), status.title_ar())
        }
        "severity" | "probability" => return step(incident.code("risk_scheme")?, column, code, lang),
        "state" | "reporter_type" | "disposition" | "ai_review" | "factor" => {
            let words = titles::title(code)?;
            (words.en, words.ar)
        }
        _ => return None,
    };
    Some(lang.pick(en, ar))
}

/// The title of a step of a built-in scheme. A host's own scheme has only its codes.
fn step(scheme: &str, axis: &str, code: &str, lang: Lang) -> Option<Cow<'static, str>> {
    let scheme = risk::builtin().iter().find(|known| known.id() == scheme)?;
    let table = scheme.table();
    let steps = if axis == "severity" { &table.severities } else { &table.probabilities };
    steps.iter().find(|step| step.code == code).map(|step| lang.pick(&step.title, &step.title_ar))
}

/// A time on the facility's wall clock: `2026-11-22 08:30`.
#[cfg(any(feature = "pdf", feature = "xlsx"))]
pub(super) fn on_the_wall(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.on(zone);
    format!("{:04}-{:02}-{:02} {:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
}

/// The text for a field that can no longer be opened.
pub(super) const UNREADABLE: Words = words("[erased: its key was destroyed]", "[محذوف: أُتلف مفتاح التشفير]");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_the_type_of_its_facet() {
        let kind = crate::incident::kinds(crate::incident::Settings::default()).unwrap().remove(0);
        for column in
            COLUMNS.iter().filter(|column| matches!(column.source, Source::Facet | Source::Standard))
        {
            let facet = kind.facet(column.code).unwrap();
            assert_eq!(column.value_type(), facet.value_type, "{}", column.code);
        }
    }

    #[test]
    fn names_are_unique_and_titled_in_both_languages() {
        let mut codes: Vec<_> = COLUMNS.iter().map(|column| column.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), COLUMNS.len());
        for column in COLUMNS {
            assert!(column.title.ar.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c)), "{}", column.code);
        }
    }
}
