//! The texts of the people in the story, in the language of the report.

use eovr_core::incident::{FollowUpKind, Strength};

/// A text in English and in Arabic.
pub(super) struct Both {
    en: &'static str,
    ar: &'static str,
}

impl Both {
    pub(super) fn of(&self, language: &str) -> &'static str {
        if language == "ar" { self.ar } else { self.en }
    }
}

const fn both(en: &'static str, ar: &'static str) -> Both {
    Both { en, ar }
}

/// One of these; the same for the same index.
pub(super) fn pick(from: &'static [Both], index: usize, language: &str) -> &'static str {
    from.get(index % from.len().max(1)).map_or("", |both| both.of(language))
}

pub(super) const QUESTIONS: &[Both] = &[
    both("Who else was on the ward at that moment?", "من كان موجودًا في القسم في تلك اللحظة؟"),
    both("Was the doctor on duty told, and when?", "هل أُبلغ الطبيب المناوب، ومتى؟"),
    both("Had this happened before with the same device?", "هل حدث ذلك من قبل مع الجهاز نفسه؟"),
    both("Was the double check done at the bedside?", "هل تمت المراجعة المزدوجة بجوار السرير؟"),
];

pub(super) const ANSWERS: &[Both] = &[
    both(
        "One colleague, who was with another patient. I told the doctor at once.",
        "زميلة واحدة كانت مع مريض آخر، وأبلغتُ الطبيب فورًا.",
    ),
    both("Yes, ten minutes later by telephone.", "نعم، بعد عشر دقائق عبر الهاتف."),
    both("Yes, some weeks ago, and nobody wrote it down.", "نعم، منذ أسابيع، ولم يُسجَّل ذلك."),
    both("No, the second nurse had been called away.", "لا، فقد استُدعيت الممرضة الثانية إلى مكان آخر."),
];

pub(super) const REMARKS: &[Both] = &[
    both("Please tell the other wards before the weekend.", "يُرجى إبلاغ بقية الأقسام قبل نهاية الأسبوع."),
    both("Discussed in the safety round; keep me informed.", "نوقش في جولة السلامة، وأرجو إبلاغي بما يُستجد."),
];

pub(super) const AMENDED: &[Both] = &[both(
    "The ward was entered wrongly; the head nurse confirmed the right one.",
    "سُجل القسم بالخطأ، وأكدت رئيسة التمريض القسم الصحيح.",
)];

pub(super) const EARLY: &[Both] = &[both(
    "The new pumps come with next year's budget; the risk is controlled until then.",
    "الأجهزة الجديدة ضمن موازنة العام القادم، والخطر تحت السيطرة حتى ذلك الحين.",
)];

pub(super) const DUPLICATE: &[Both] =
    &[both("The same event, told by somebody else on the ward.", "الحدث نفسه كما رواه شخص آخر بالقسم.")];

pub(super) const NOT_REPORTABLE: &[Both] = &[both(
    "A request for repair, and no incident; passed on to maintenance.",
    "طلب صيانة وليس حدثًا عارضًا، وأُحيل إلى إدارة الصيانة.",
)];

pub(super) const REOPENED: &[Both] =
    &[both("It has happened again although the action was done.", "تكرر الحدث رغم تنفيذ الإجراء.")];

pub(super) const STILL: &[Both] = &[both(
    "The same thing happened again on the next shift; the earlier action has not reached the night staff.",
    "تكرر الأمر نفسه في الوردية التالية، ولم يصل الإجراء السابق إلى فريق الليل.",
)];

pub(super) const GAPS: &[Both] =
    &[both("The policy exists and is not known on the ward.", "السياسة موجودة وغير معروفة بالقسم.")];

pub(super) const PLANS: &[Both] = &[both(
    "Teach it at handover for two weeks, then look at ten charts.",
    "شرحها عند التسليم لمدة أسبوعين ثم مراجعة عشرة ملفات.",
)];

/// A task, its evidence, its kind, and its strength.
pub(super) struct Task {
    pub(super) task: Both,
    pub(super) evidence: Both,
    pub(super) kind: FollowUpKind,
    pub(super) strength: Strength,
}

pub(super) const TASKS: &[Task; 4] = &[
    Task {
        task: both(
            "Store the two look-alike boxes in different drawers",
            "حفظ العبوتين المتشابهتين في درجين مختلفين",
        ),
        evidence: both("Drawers relabelled and photographed", "أُعيدت عنونة الأدراج وصُوّرت"),
        kind: FollowUpKind::Preventive,
        strength: Strength::Stronger,
    },
    Task {
        task: both("Add the check to the handover form", "إضافة البند إلى نموذج التسليم والتسلّم"),
        evidence: both("New form in use on all wards", "النموذج الجديد مستخدم في جميع الأقسام"),
        kind: FollowUpKind::Preventive,
        strength: Strength::Intermediate,
    },
    Task {
        task: both("Repair the device and test it before use", "إصلاح الجهاز واختباره قبل الاستخدام"),
        evidence: both("Repair order closed, test sheet filed", "أُغلق أمر الصيانة وحُفظت ورقة الاختبار"),
        kind: FollowUpKind::Corrective,
        strength: Strength::Stronger,
    },
    Task {
        task: both("Short training for every shift", "تدريب قصير لكل وردية"),
        evidence: both("Attendance lists of three shifts", "كشوف حضور ثلاث ورديات"),
        kind: FollowUpKind::Preventive,
        strength: Strength::Weaker,
    },
];
