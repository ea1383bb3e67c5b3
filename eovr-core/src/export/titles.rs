//! The texts of exports in English and Arabic, and the language of an export.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::export::columns::Column;
use crate::export::reasons;

/// The language of an export for people.
///
/// ```
/// use eovr_core::export::Lang;
///
/// assert_eq!("ar".parse::<Lang>()?, Lang::Ar);
/// assert_eq!(Lang::Both.to_string(), "both");
/// # Ok::<(), eovr_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English, from left to right.
    #[default]
    En,
    /// Arabic, from right to left.
    Ar,
    /// Both languages side by side, from left to right.
    Both,
}

/// A title in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) en: &'static str,
    pub(super) ar: &'static str,
}

pub(super) const fn words(en: &'static str, ar: &'static str) -> Words {
    Words { en, ar }
}

impl Words {
    pub(super) fn of(self, lang: Lang) -> Cow<'static, str> {
        lang.pick(self.en, self.ar)
    }
}

impl Lang {
    /// Whether a page or sheet runs from right to left.
    #[cfg(any(feature = "pdf", feature = "xlsx"))]
    pub(crate) fn rtl(self) -> bool {
        self == Self::Ar
    }

    /// One of two texts, or both.
    pub(super) fn pick<'a>(self, en: &'a str, ar: &'a str) -> Cow<'a, str> {
        match self {
            Self::En => en.into(),
            Self::Ar => ar.into(),
            Self::Both => format!("{en} · {ar}").into(),
        }
    }
}

/// The language's code: `en`, `ar`, `both`.
impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::En => "en",
            Self::Ar => "ar",
            Self::Both => "both",
        })
    }
}

impl FromStr for Lang {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "en" => Ok(Self::En),
            "ar" => Ok(Self::Ar),
            "both" => Ok(Self::Both),
            _ => Err(Error::invalid("no such language").with_help("accepted: `en`, `ar`, `both`")),
        }
    }
}

/// The titles of codes that have no title in another module.
const CODES: &[(&str, Words)] = &[
    // States of an incident.
    ("created", words("Created", "جديد")),
    ("in_progress", words("In progress", "قيد المتابعة")),
    ("evaluating", words("Evaluating", "قيد التقييم")),
    ("more_info_needed", words("More information needed", "مطلوب معلومات إضافية")),
    ("action_taken", words("Action taken", "تم اتخاذ إجراء")),
    ("completed", words("Completed", "مكتمل")),
    // Reporter types.
    ("staff", words("Staff", "العاملون")),
    ("patient", words("Patient", "المريض")),
    ("anonymous", words("Anonymous", "مجهول الهوية")),
    // Dispositions.
    ("duplicate", words("Duplicate", "بلاغ مكرر")),
    ("not_reportable", words("Not reportable", "لا يستوجب الإبلاغ")),
    ("reopened", words("Reopened", "أعيد فتحه")),
    // Reviews of the scorer's suggestion.
    ("accepted", words("Accepted", "مقبول")),
    ("overridden", words("Overridden", "عُدّل بقرار بشري")),
    // Contributing factors.
    ("communication", words("Communication", "التواصل")),
    ("work_environment", words("Work environment", "بيئة العمل")),
    ("organisation", words("Organisation", "التنظيم")),
    ("equipment", words("Equipment", "المعدات")),
    ("training", words("Training", "التدريب")),
    ("workload", words("Workload", "عبء العمل")),
    ("external", words("External", "عوامل خارجية")),
    // Follow-up actions.
    ("open", words("Open", "مفتوح")),
    ("done", words("Done", "منفذ")),
    ("cancelled", words("Cancelled", "ملغى")),
    ("corrective", words("Corrective", "تصحيحي")),
    ("preventive", words("Preventive", "وقائي")),
    ("stronger", words("Stronger", "قوي")),
    ("intermediate", words("Intermediate", "متوسط")),
    ("weaker", words("Weaker", "ضعيف")),
    // Actions on an incident.
    ("report", words("Reported", "تقديم البلاغ")),
    ("start", words("Taken up", "بدء المتابعة")),
    ("evaluate", words("Evaluation begun", "بدء التقييم")),
    ("ask", words("Question asked", "طلب معلومات")),
    ("answer", words("Question answered", "رد على السؤال")),
    ("take_action", words("Action taken", "اتخاذ إجراء")),
    ("complete", words("Completed", "إغلاق البلاغ")),
    ("complete_early", words("Completed early", "إغلاق مبكر")),
    ("correct", words("Corrected", "تصحيح من المبلّغ")),
    ("amend", words("Amended", "تعديل")),
    ("add_remark", words("Remark added", "إضافة ملاحظة")),
    ("assess", words("Risk assessed", "تقييم الخطر")),
    ("edit_jci", words("JCI panel edited", "تحرير لوحة الاعتماد")),
    ("analyse", words("Read by a model", "قراءة بواسطة نموذج")),
    ("review_ai", words("AI score reviewed", "مراجعة تقدير الذكاء الاصطناعي")),
    ("open_follow_up", words("Follow-up added", "إضافة إجراء متابعة")),
    ("attach", words("File added", "إضافة ملف")),
    ("dispose", words("Set aside", "استبعاد")),
    ("restore", words("Restored", "استعادة")),
    ("reopen", words("Reopened", "إعادة فتح")),
    // Changed fields that are not columns of the list.
    ("jci_edition", words("JCI edition", "إصدار الاعتماد")),
    ("jci_element", words("JCI element", "عنصر القياس")),
    ("ai_model", words("AI model", "نموذج الذكاء الاصطناعي")),
    ("ai_version", words("AI model version", "نسخة النموذج")),
    ("ai_high_risk", words("AI high risk", "خطر مرتفع بتقدير الذكاء الاصطناعي")),
    ("ai_reasons", words("AI reasons", "أسباب التقدير")),
    ("duplicate_of", words("Duplicate of", "مكرر عن")),
    ("continued_in", words("Continued in", "مستكمل في")),
    // Capacities of actors.
    ("quality_admin", words("Quality admin", "مسؤول الجودة")),
    ("admin_manager", words("Administration manager", "مدير الإدارة")),
    ("governorate_manager", words("Governorate manager", "مدير المحافظة")),
    ("top_management", words("Top management", "الإدارة العليا")),
    ("visitor", words("Visitor", "زائر")),
    ("holder", words("Holder of the receipt", "حامل رمز البلاغ")),
    ("system", words("System", "النظام")),
];

/// The title of a built-in code: a state, an action or a column of an incident, or the rule of a [reason for a
/// score](crate::triage::Reason). `None` for a host's own code.
///
/// ```
/// use eovr_core::export::{Lang, title};
///
/// assert_eq!(title("completed", Lang::Ar).as_deref(), Some("مكتمل"));
/// assert_eq!(title("immediate_action", Lang::En).as_deref(), Some("Immediate action"));
/// assert_eq!(title("a-code-of-yours", Lang::En), None);
/// ```
pub fn title(code: &str, lang: Lang) -> Option<Cow<'static, str>> {
    let column = || Column::named(code).map(|column| column.title(lang));
    let rule = || {
        let (en, ar) = reasons::named(code);
        (en != code).then(|| lang.pick(&en, &ar).into_owned().into())
    };
    words_of(code).map(|words| words.of(lang)).or_else(column).or_else(rule)
}

pub(super) fn words_of(code: &str) -> Option<Words> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::{Action, Disposition, FACTORS, Reporter, State};
    use crate::workflow::Label;

    #[test]
    fn every_code_of_an_incident_has_a_title() {
        let states = State::ALL.iter().map(|state| state.name());
        let actions = Action::ALL.iter().map(|action| action.name());
        let dispositions = Disposition::ALL.iter().map(|disposition| disposition.name());
        let reporters = Reporter::ALL.iter().map(|reporter| reporter.name());
        for code in states.chain(actions).chain(dispositions).chain(reporters).chain(FACTORS.iter().copied())
        {
            assert!(words_of(code).is_some(), "{code}");
        }
    }

    #[test]
    fn arabic_titles_are_arabic_and_english_ones_are_not() {
        let arabic = |text: &str| text.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
        for (code, words) in CODES {
            assert!(arabic(words.ar) && !arabic(words.en), "{code}");
        }
    }
}
