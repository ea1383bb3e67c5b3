//! The columns of the incident list, and the titles of its codes.

use std::borrow::Cow;

use super::{Codes, Column, Columns, Source, Title};
use crate::export::Opened;
use crate::export::titles::{self, Lang, words};
use crate::incident::harm::Harm;
use crate::incident::{KIND, jci, taxonomy};
use crate::record::ValueType;
use crate::risk::{self, Band};

/// Every column of the incident list, in the order of the list.
pub const COLUMNS: &[Column] = &[
    column("number", "Number", "رقم البلاغ", Source::Number),
    column("state", "Status", "الحالة", Source::State),
    column("facility", "Facility code", "رمز المنشأة", Source::Facility),
    column("facility_name", "Facility", "المنشأة", Source::FacilityName),
    column("administration", "Administration", "الإدارة", Source::Administration),
    column("governorate", "Governorate", "المحافظة", Source::Governorate),
    column("created_at", "Reported", "تاريخ الإبلاغ", Source::Created),
    column("occurred_at", "Occurred", "تاريخ الحدث", TIME),
    column("category", "Category", "التصنيف", TEXT),
    column("subtype", "Sub-type", "التصنيف الفرعي", TEXT),
    column("location", "Location", "المكان", TEXT),
    column("reporter_type", "Reported by", "المبلّغ", TEXT),
    column("actual_harm", "Actual harm", "الضرر الفعلي", TEXT),
    column("potential_harm", "Potential harm", "الضرر المحتمل", TEXT),
    column("risk_scheme", "Risk scheme", "مصفوفة الخطر", Source::Standard),
    column("severity", "Severity", "الشدة", TEXT),
    column("probability", "Probability", "الاحتمالية", TEXT),
    column("risk_score", "Risk score", "درجة الخطر", INT),
    column("risk_band", "Risk band", "فئة الخطر", TEXT),
    column("ai_score", "AI score", "تقدير الذكاء الاصطناعي", INT),
    column("ai_band", "AI band", "فئة الذكاء الاصطناعي", TEXT),
    column("ai_review", "AI review", "مراجعة التقدير", TEXT),
    column("high_risk", "High risk", "خطر مرتفع", BOOL),
    column("disclosed", "Patient told", "إفصاح للمريض", BOOL),
    column("factors", "Contributing factors", "العوامل المساهمة", TEXT),
    column("jci_chapter", "JCI chapter", "فصل الاعتماد", Source::Standard),
    column("jci_standard", "JCI standard", "معيار الاعتماد", Source::Standard),
    column("jci_status", "JCI status", "حالة الاستيفاء", TEXT),
    column("disposition", "Disposition", "التصرف", TEXT),
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

const TEXT: Source = Source::Facet(ValueType::Text);
const INT: Source = Source::Facet(ValueType::Int);
const BOOL: Source = Source::Facet(ValueType::Bool);
const TIME: Source = Source::Facet(ValueType::Time);

const fn column(code: &'static str, en: &'static str, ar: &'static str, source: Source) -> Column {
    Column::new(code, words(en, ar), source, Codes::Incident)
}

impl Columns {
    /// The columns of the incident list: [`COLUMNS`].
    pub fn incidents() -> Self {
        let title = Title::Ours(words("Incidents", "البلاغات"));
        Self { kind: KIND, title, list: Cow::Borrowed(COLUMNS), figures: true }
    }
}

impl Column {
    /// The column of the incident list with this name.
    pub fn named(code: &str) -> Option<&'static Self> {
        COLUMNS.iter().find(|column| column.code == code)
    }

    /// Whether the column holds text that a person wrote.
    #[cfg(feature = "pdf")]
    pub(in crate::export) fn is_written(&self) -> bool {
        matches!(self.source, Source::Field) || self.code == "location"
    }
}

/// What people read in place of an incident's code.
pub(super) fn in_words<'a>(column: &str, incident: &'a Opened, code: &'a str, lang: Lang) -> Cow<'a, str> {
    if column != "factors" {
        return titled(column, incident, code, lang).unwrap_or(code.into());
    }
    let all = |lang: Lang, comma: &str| {
        let one = |code: &'a str| titled("factor", incident, code, lang).unwrap_or(code.into());
        code.split(',').map(one).collect::<Vec<_>>().join(comma)
    };
    lang.pick(&all(Lang::En, ", "), &all(Lang::Ar, "، ")).into_owned().into()
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
            let words = titles::words_of(code)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_the_type_of_its_facet() {
        let kind = crate::incident::kinds(crate::incident::Settings::default()).unwrap().remove(0);
        let is_facet = |column: &&Column| matches!(column.source, Source::Facet(_) | Source::Standard);
        for column in COLUMNS.iter().filter(is_facet) {
            let facet = kind.facet(column.code.as_str()).unwrap();
            assert_eq!(column.value_type(), facet.value_type, "{}", column.code);
        }
    }

    #[test]
    fn names_are_unique_and_titled_in_both_languages() {
        let mut codes: Vec<_> = COLUMNS.iter().map(|column| column.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), COLUMNS.len());
        for column in COLUMNS {
            let title = column.title(Lang::Ar);
            assert!(title.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c)), "{}", column.code);
        }
    }
}
