//! The type of an incident: 13 categories and their sub-types.
//!
//! The categories follow the 13 incident types of the World Health Organization's *Conceptual Framework
//! for the International Classification for Patient Safety* (ICPS), version 1.1, 2009. The framework's
//! text may not be reprinted without WHO's consent, so codes and titles here are eovr's own words for its
//! concepts, in English and Arabic; this is neither the classification itself nor endorsed by WHO.
//!
//! The taxonomy is abridged:
//!
//! - The framework describes most types along two axes, the step of the process (prescribing, storing) and the problem
//!   (wrong dose, omitted). This taxonomy has one list per category: the problems for medication, blood, nutrition,
//!   oxygen and devices; a mix of steps and problems for the others.
//! - Infections are listed by site; the list of organisms is omitted. Falls are listed by place.
//! - The kinds of building and fixture, which the framework leaves to each facility, and the entries `pressure_injury`
//!   and `retained_item` are eovr's additions, because hospitals count these separately.
//!
//! If no sub-type fits, give the category alone. There is no "other", because half of all reports would soon use it.

use serde::Serialize;

use crate::error::{Error, Result};

/// The id of this taxonomy. It is stored with the codes so that they can be interpreted years later.
pub const ID: &str = "icps-2009";

/// One of the 13 types of incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Category {
    /// The category's stable code.
    pub code: &'static str,
    /// The title in English.
    pub title_en: &'static str,
    /// The title in Arabic.
    pub title_ar: &'static str,
    /// The sub-types.
    pub subtypes: &'static [Subtype],
}

/// One sub-type of a category. Its code is unique only within the category: several categories have a `wrong_patient`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Subtype {
    /// The sub-type's stable code.
    pub code: &'static str,
    /// The title in English.
    pub title_en: &'static str,
    /// The title in Arabic.
    pub title_ar: &'static str,
}

/// The category of this code.
///
/// ```
/// use eovr_core::incident::taxonomy;
///
/// let error = taxonomy::find("medicaton").map_err(|error| error.to_string());
/// let words = error.err().unwrap_or_default();
/// assert!(words.starts_with("invalid_input: unknown category; did you mean `medication`?"));
/// ```
///
/// # Errors
/// `InvalidInput` for an unknown code, with the accepted codes and, after a typing error, the likely one.
pub fn find(category: &str) -> Result<&'static Category> {
    let found = CATEGORIES.iter().find(|known| known.code == category);
    found.ok_or_else(|| {
        unknown("category", category, CATEGORIES.iter().map(|known| known.code)).with_field("category")
    })
}

/// The sub-type of this code within this category.
///
/// # Errors
/// `InvalidInput` for an unknown category or sub-type, with the accepted codes of that category; if the
/// sub-type belongs to other categories, the help names them.
pub fn find_subtype(category: &str, subtype: &str) -> Result<&'static Subtype> {
    let category = find(category)?;
    if let Some(found) = category.subtype(subtype) {
        return Ok(found);
    }
    let homes: Vec<_> = CATEGORIES.iter().filter(|known| known.subtype(subtype).is_some()).collect();
    if homes.is_empty() {
        let accepted = category.subtypes.iter().map(|known| known.code);
        return Err(unknown("sub-type", subtype, accepted)
            .with_field("subtype")
            .with("category", category.code));
    }
    let homes = quoted(homes.iter().map(|home| home.code));
    let accepted = quoted(category.subtypes.iter().map(|known| known.code));
    Err(Error::invalid(format!("not a sub-type of category `{}`", category.code))
        .with_field("subtype")
        .with_help(format!("it belongs to {homes}; accepted here: {accepted}")))
}

impl Category {
    fn subtype(&self, code: &str) -> Option<&'static Subtype> {
        self.subtypes.iter().find(|known| known.code == code)
    }
}

/// The error for an unknown code; it suggests the code that was probably meant.
///
/// It does not repeat the input, which could be text of a report in the wrong place.
pub(super) fn unknown(
    what: &str,
    input: &str,
    accepted: impl IntoIterator<Item = &'static str> + Clone,
) -> Error {
    let help = format!("accepted: {}", quoted(accepted.clone()));
    let code_like = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if input.is_empty() || input.len() > 40 || !input.bytes().all(code_like) {
        return Error::invalid(format!("not a code of a {what}")).with_help(help);
    }
    let normal = input.to_ascii_lowercase().replace('-', "_");
    let near =
        accepted.into_iter().map(|known| (distance(&normal, &known.to_ascii_lowercase()), known)).min();
    let error = Error::invalid(format!("unknown {what}"));
    match near {
        // One typing error in a short code, up to three in a long one; with more, a suggestion would be a guess.
        Some((slips, known)) if slips <= (known.len() / 4).clamp(1, 3) => {
            error.with_help(format!("did you mean `{known}`? {help}"))
        }
        _ => error.with_help(help),
    }
}

fn quoted(codes: impl IntoIterator<Item = &'static str>) -> String {
    let codes: Vec<_> = codes.into_iter().map(|code| format!("`{code}`")).collect();
    codes.join(", ")
}

/// The number of letters to add, drop or replace to turn one code into the other (Levenshtein distance).
fn distance(left: &str, right: &str) -> usize {
    // `row` holds the distances of the processed part of `left` to every prefix of `right`.
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (done, l) in left.bytes().enumerate() {
        let mut diagonal = done;
        let mut before = done + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, r) in row.iter_mut().skip(1).zip(right.bytes()) {
            let replaced = diagonal + usize::from(l != r);
            diagonal = *cell;
            before = replaced.min(before + 1).min(diagonal + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or_default()
}

const fn category(
    code: &'static str,
    title_en: &'static str,
    title_ar: &'static str,
    subtypes: &'static [Subtype],
) -> Category {
    Category { code, title_en, title_ar, subtypes }
}

const fn sub(code: &'static str, title_en: &'static str, title_ar: &'static str) -> Subtype {
    Subtype { code, title_en, title_ar }
}

/// Every category, in the order of the framework.
pub const CATEGORIES: &[Category] = &[
    category(
        "clinical_administration",
        "Clinical administration",
        "الإدارة السريرية",
        &[
            sub("handover", "Handover between staff or shifts", "تسليم الحالات بين العاملين أو الورديات"),
            sub("appointment", "Appointment", "المواعيد"),
            sub("waiting_list", "Waiting list", "قوائم الانتظار"),
            sub("referral", "Referral or consultation", "الإحالة أو الاستشارة"),
            sub("admission", "Admission", "دخول المريض"),
            sub("discharge", "Discharge", "خروج المريض"),
            sub("transfer", "Transfer of care", "نقل المريض أو نقل رعايته"),
            sub("patient_identification", "Patient identification", "التعرف على هوية المريض"),
            sub("consent", "Consent", "الموافقة المستنيرة"),
            sub("task_allocation", "Who does which task", "توزيع المهام"),
            sub("emergency_response", "Response to an emergency", "الاستجابة للطوارئ"),
        ],
    ),
    category(
        "clinical_process",
        "Clinical process or procedure",
        "الإجراءات السريرية",
        &[
            sub("screening", "Screening or prevention", "الفحص المبكر أو الوقاية"),
            sub("diagnosis", "Diagnosis or assessment", "التشخيص أو التقييم"),
            sub("treatment", "Treatment or procedure", "العلاج أو التدخل"),
            sub("general_care", "General care and monitoring", "الرعاية العامة والملاحظة"),
            sub("test", "Test or imaging", "التحاليل أو الأشعة"),
            sub("specimen_result", "Specimen or its result", "العينات أو نتائجها"),
            sub("restraint", "Restraint or detention", "التقييد أو الاحتجاز"),
            sub("not_performed", "Not done when needed, or late", "إجراء لازم لم يتم أو تأخر"),
            sub("incomplete", "Incomplete or inadequate", "إجراء ناقص أو غير كافٍ"),
            sub("wrong_patient", "Wrong patient", "مريض خاطئ"),
            sub("wrong_procedure", "Wrong procedure", "إجراء خاطئ"),
            sub("wrong_site", "Wrong body part or side", "موضع أو جانب خاطئ من الجسم"),
            sub("retained_item", "Item left in the body", "جسم منسي داخل المريض"),
            sub("pressure_injury", "Pressure injury", "قرحة فراش"),
        ],
    ),
    category(
        "documentation",
        "Documentation",
        "التوثيق والسجلات",
        &[
            sub("order_request", "Order or request", "الأوامر والطلبات"),
            sub("medical_record", "Medical record or chart", "الملف الطبي"),
            sub("checklist", "Checklist", "قوائم التحقق"),
            sub("form_certificate", "Form or certificate", "النماذج والشهادات"),
            sub("instruction", "Instruction, policy or guideline", "التعليمات والسياسات والأدلة"),
            sub("identification_label", "Label or identification band", "الملصقات وأساور التعريف"),
            sub("correspondence", "Letter, e-mail or message", "الخطابات والمراسلات"),
            sub("result_report", "Report, result or image", "التقارير والنتائج والصور"),
            sub("missing", "Document missing or not at hand", "مستند مفقود أو غير متاح"),
            sub("access_delay", "Delay in reaching a document", "تأخر الوصول إلى المستند"),
            sub("wrong_patient", "Document of another patient", "مستند يخص مريضًا آخر"),
            sub("unclear", "Unclear, illegible or incomplete", "غير واضح أو غير مقروء أو ناقص"),
        ],
    ),
    category(
        "healthcare_infection",
        "Healthcare-associated infection",
        "العدوى المرتبطة بالرعاية الصحية",
        &[
            sub("bloodstream", "Bloodstream", "مجرى الدم"),
            sub("surgical_site", "Surgical site", "موضع الجراحة"),
            sub("abscess", "Abscess", "خراج"),
            sub("pneumonia", "Pneumonia", "التهاب رئوي"),
            sub("vascular_cannula", "Vascular cannula", "القسطرة الوعائية أو الكانيولا"),
            sub("prosthesis", "Prosthesis or its site", "طرف أو مفصل صناعي أو موضعه"),
            sub("urinary_catheter", "Urinary catheter or drain", "القسطرة البولية أو الدرنقة"),
            sub("soft_tissue", "Soft tissue", "الأنسجة الرخوة"),
        ],
    ),
    category(
        "medication",
        "Medication or intravenous fluid",
        "الأدوية والمحاليل الوريدية",
        &[
            sub("wrong_patient", "Wrong patient", "مريض خاطئ"),
            sub("wrong_drug", "Wrong medicine", "دواء خاطئ"),
            sub("wrong_dose", "Wrong dose, strength or frequency", "جرعة أو تركيز أو تكرار خاطئ"),
            sub("wrong_formulation", "Wrong form of the medicine", "شكل صيدلاني خاطئ"),
            sub("wrong_route", "Wrong route", "طريق إعطاء خاطئ"),
            sub("wrong_quantity", "Wrong quantity", "كمية خاطئة"),
            sub("wrong_label", "Wrong label or instruction", "ملصق أو تعليمات خاطئة"),
            sub("contraindication", "Contraindicated or known allergy", "موانع استعمال أو حساسية معروفة"),
            sub("wrong_storage", "Wrong storage", "تخزين غير سليم"),
            sub("omitted", "Dose omitted or late", "جرعة لم تُعطَ أو تأخرت"),
            sub("expired", "Expired medicine", "دواء منتهي الصلاحية"),
            sub("adverse_reaction", "Adverse drug reaction", "تفاعل دوائي ضار"),
        ],
    ),
    category(
        "blood_product",
        "Blood or blood product",
        "الدم ومشتقاته",
        &[
            sub("pre_transfusion_test", "Testing before transfusion", "اختبارات ما قبل نقل الدم"),
            sub("wrong_patient", "Wrong patient", "مريض خاطئ"),
            sub("wrong_product", "Wrong blood or product", "دم أو مشتق خاطئ"),
            sub("wrong_dose", "Wrong dose or frequency", "جرعة أو تكرار خاطئ"),
            sub("wrong_quantity", "Wrong quantity", "كمية خاطئة"),
            sub("wrong_label", "Wrong label", "ملصق خاطئ"),
            sub("contraindication", "Contraindicated", "موانع لنقل الدم"),
            sub("wrong_storage", "Wrong storage", "تخزين غير سليم"),
            sub("omitted", "Omitted or late", "لم يُنقل أو تأخر نقله"),
            sub("expired", "Expired product", "منتج منتهي الصلاحية"),
            sub("adverse_reaction", "Transfusion reaction", "تفاعل نقل الدم"),
        ],
    ),
    category(
        "nutrition",
        "Nutrition",
        "التغذية",
        &[
            sub("wrong_patient", "Wrong patient", "مريض خاطئ"),
            sub("wrong_diet", "Wrong diet", "نظام غذائي خاطئ"),
            sub("wrong_quantity", "Wrong quantity", "كمية خاطئة"),
            sub("wrong_frequency", "Wrong frequency or time", "تكرار أو توقيت خاطئ"),
            sub("wrong_consistency", "Wrong consistency", "قوام غير مناسب"),
            sub("wrong_storage", "Wrong storage", "تخزين غير سليم"),
        ],
    ),
    category(
        "oxygen_gas",
        "Oxygen, gas or vapour",
        "الأكسجين والغازات الطبية",
        &[
            sub("cylinder_label", "Cylinder label, colour or fitting", "ملصق الأسطوانة أو لونها أو وصلتها"),
            sub("wrong_patient", "Wrong patient", "مريض خاطئ"),
            sub("wrong_gas", "Wrong gas", "غاز خاطئ"),
            sub("wrong_rate", "Wrong flow or concentration", "معدل تدفق أو تركيز خاطئ"),
            sub("wrong_delivery_mode", "Wrong way of delivery", "وسيلة إعطاء خاطئة"),
            sub("contraindication", "Contraindicated", "موانع استعمال"),
            sub("wrong_storage", "Wrong storage", "تخزين غير سليم"),
            sub("not_given", "Not given, or supply failed", "لم يُعطَ أو انقطع الإمداد"),
            sub("contamination", "Contamination", "تلوث"),
        ],
    ),
    category(
        "medical_device",
        "Medical device or equipment",
        "الأجهزة والمعدات الطبية",
        &[
            sub("packaging", "Poor presentation or packaging", "عبوة أو تغليف غير سليم"),
            sub("unavailable", "Not available", "غير متاح"),
            sub("unsuitable", "Not suited to the task", "غير مناسب للغرض"),
            sub("unclean", "Unclean or unsterile", "غير نظيف أو غير معقم"),
            sub("malfunction", "Failure or malfunction", "عطل أو خلل"),
            sub("disconnection", "Dislodged, misconnected or removed", "انفصال أو توصيل خاطئ أو نزع"),
            sub("user_error", "Error in use", "خطأ في الاستخدام"),
        ],
    ),
    category(
        "behaviour",
        "Behaviour of staff, patients or visitors",
        "السلوك",
        &[
            sub("uncooperative", "Uncooperative or obstructive", "عدم تعاون أو تعطيل"),
            sub("rude", "Rude or hostile", "فظاظة أو عدائية"),
            sub("reckless", "Risky or reckless", "سلوك خطر أو متهور"),
            sub("substance_use", "Use of drugs or alcohol", "تعاطي مواد مخدرة أو كحول"),
            sub("harassment", "Harassment", "تحرش أو مضايقة"),
            sub("discrimination", "Discrimination", "تمييز"),
            sub("absconding", "Wandering off or absconding", "تجول أو هروب من المستشفى"),
            sub("self_harm", "Self-harm or suicide", "إيذاء النفس أو الانتحار"),
            sub("verbal_aggression", "Verbal aggression", "اعتداء لفظي"),
            sub("physical_assault", "Physical assault", "اعتداء جسدي"),
            sub("sexual_assault", "Sexual assault", "اعتداء جنسي"),
            sub("property_damage", "Violence against things", "إتلاف ممتلكات"),
            sub("death_threat", "Threat to kill", "تهديد بالقتل"),
        ],
    ),
    category(
        "patient_accident",
        "Patient accident",
        "حوادث المرضى",
        &[
            sub("fall_bed", "Fall from a bed or cot", "سقوط من السرير أو سرير الطفل"),
            sub("fall_chair", "Fall from a chair or stretcher", "سقوط من الكرسي أو النقالة"),
            sub("fall_bathroom", "Fall in toilet or bathroom", "سقوط في دورة المياه"),
            sub("fall_stairs", "Fall on stairs or steps", "سقوط على الدرج"),
            sub("fall_elsewhere", "Fall elsewhere or while carried", "سقوط في مكان آخر أو أثناء الحمل"),
            sub("blunt_force", "Blunt force", "إصابة بجسم غير حاد"),
            sub("piercing_force", "Cut or puncture", "جرح قطعي أو وخز"),
            sub("thermal", "Burn, scald or cold", "حرق بسائل أو سطح ساخن، أو برودة"),
            sub("breathing_threat", "Threat to breathing", "خطر على التنفس"),
            sub("chemical_exposure", "Chemical or other substance", "تعرض لمادة كيميائية أو غيرها"),
            sub("other_mechanism", "Electricity, radiation, other force", "كهرباء أو إشعاع أو آلية أخرى"),
        ],
    ),
    category(
        "infrastructure",
        "Infrastructure, building or fixtures",
        "البنية التحتية والمباني والتجهيزات",
        &[
            sub("inadequate", "Missing or inadequate", "غير موجود أو غير كافٍ"),
            sub("damaged", "Damaged, faulty or worn", "تالف أو معيب أو متهالك"),
            sub("electricity", "Electricity", "الكهرباء"),
            sub("water_drainage", "Water or drainage", "المياه أو الصرف"),
            sub("ventilation", "Ventilation or air conditioning", "التهوية أو التكييف"),
            sub("lift", "Lift", "المصاعد"),
            sub("fire_safety", "Fire or fire safety", "الحريق أو السلامة من الحريق"),
            sub("security", "Security of the building", "أمن المبنى"),
            sub("information_system", "Information system or network", "نظم المعلومات أو الشبكة"),
        ],
    ),
    category(
        "resources_organisation",
        "Resources and organisation",
        "الموارد والتنظيم الإداري",
        &[
            sub("workload", "Workload out of proportion", "عبء عمل غير متناسب"),
            sub("bed_availability", "Bed or service not available", "عدم توافر سرير أو خدمة"),
            sub("staff_shortage", "Too few staff", "نقص العاملين"),
            sub("staff_competence", "Competence of staff", "كفاءة العاملين"),
            sub("team_organisation", "Organisation of teams", "تنظيم فرق العمل"),
            sub("protocol", "Policy or protocol missing or poor", "سياسة أو بروتوكول غائب أو غير كافٍ"),
        ],
    ),
];

/// Panics in a test unless the text is Arabic: at least three Arabic letters and no others.
#[cfg(test)]
pub(super) fn check_arabic(text: &str) {
    let arabic = |letter: &char| ('\u{0621}'..='\u{0652}').contains(letter);
    assert!(text.chars().filter(arabic).count() >= 3, "{text}");
    assert!(text.chars().all(|letter| arabic(&letter) || letter == ' ' || letter == '\u{060C}'), "{text}");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::error::ErrorKind;

    /// The message of a failed lookup.
    fn words<T>(found: Result<T>) -> String {
        found.err().map_or("found".to_owned(), |error| error.to_string())
    }

    #[test]
    fn there_are_thirteen_categories_with_sub_types() {
        assert_eq!(CATEGORIES.len(), 13);
        assert!(CATEGORIES.iter().all(|category| category.subtypes.len() >= 6));
        assert_eq!(CATEGORIES.iter().map(|category| category.subtypes.len()).sum::<usize>(), 129);
    }

    #[test]
    fn codes_are_unique_plain_and_found() -> Result<()> {
        let plain = |code: &str| {
            code.starts_with(|first: char| first.is_ascii_lowercase())
                && code.len() <= 40
                && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        let mut codes = HashSet::new();
        for category in CATEGORIES {
            assert!(plain(category.code) && codes.insert((category.code, "")), "{}", category.code);
            assert_eq!(find(category.code)?, category);
            for subtype in category.subtypes {
                assert!(plain(subtype.code), "{}", subtype.code);
                assert!(codes.insert((category.code, subtype.code)), "{}", subtype.code);
                assert_eq!(find_subtype(category.code, subtype.code)?, subtype);
            }
        }
        Ok(())
    }

    #[test]
    fn titles_of_one_list_differ_and_arabic_is_arabic() {
        for category in CATEGORIES {
            check_arabic(category.title_ar);
            let mut titles = HashSet::new();
            for subtype in category.subtypes {
                check_arabic(subtype.title_ar);
                assert!(subtype.title_en.is_ascii() && subtype.title_en.len() <= 40, "{}", subtype.title_en);
                assert!(
                    titles.insert(subtype.title_en) && titles.insert(subtype.title_ar),
                    "{}",
                    subtype.code
                );
            }
        }
    }

    #[test]
    fn a_typing_error_gets_a_suggestion() {
        let accepted = quoted(CATEGORIES.iter().map(|category| category.code));
        let check = |input: &str, start: &str| assert_eq!(words(find(input)), format!("{start}{accepted}"));
        check("medicatoin", "invalid_input: unknown category; did you mean `medication`? accepted: ");
        check("Behaviour", "invalid_input: unknown category; did you mean `behaviour`? accepted: ");
        check("blood-product", "invalid_input: unknown category; did you mean `blood_product`? accepted: ");
        check("surgery", "invalid_input: unknown category; accepted: ");
        check("", "invalid_input: not a code of a category; accepted: ");
        check("Mr Hassan fell", "invalid_input: not a code of a category; accepted: ");
    }

    #[test]
    fn a_sub_type_is_found_in_its_category_only() {
        assert_eq!(
            words(find_subtype("nutrition", "wrong_det")),
            "invalid_input: unknown sub-type; did you mean `wrong_diet`? accepted: \
             `wrong_patient`, `wrong_diet`, `wrong_quantity`, `wrong_frequency`, `wrong_consistency`, \
             `wrong_storage` field=subtype category=nutrition"
        );
        assert_eq!(
            words(find_subtype("nutrition", "expired")),
            "invalid_input: not a sub-type of category `nutrition`; it belongs to `medication`, \
             `blood_product`; accepted here: `wrong_patient`, `wrong_diet`, `wrong_quantity`, \
             `wrong_frequency`, `wrong_consistency`, `wrong_storage` field=subtype"
        );
        let unknown = find_subtype("food", "expired").err();
        assert_eq!(unknown.map(|error| error.kind()), Some(ErrorKind::InvalidInput));
    }

    #[test]
    fn distance_counts_typing_errors() {
        let check = |left, right, slips| {
            assert_eq!(distance(left, right), slips, "{left} {right}");
            assert_eq!(distance(right, left), slips, "{right} {left}");
        };
        check("", "", 0);
        check("", "abc", 3);
        check("mild", "mild", 0);
        check("mld", "mild", 1);
        check("midl", "mild", 2);
        check("kitten", "sitting", 3);
    }
}
