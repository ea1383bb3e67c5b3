//! The people and the places. All names are invented, put together from common Egyptian ones.

use super::random::SplitMix64;
use super::template::capital;

/// A ward as it is written within a sentence.
#[derive(Clone, Copy)]
pub(super) struct Ward {
    pub(super) en: &'static str,
    pub(super) ar: &'static str,
}

const fn ward(en: &'static str, ar: &'static str) -> Ward {
    Ward { en, ar }
}

pub(super) const MEDICAL: Ward = ward("the medical ward", "قسم الباطنة");
pub(super) const SURGICAL: Ward = ward("the surgical ward", "قسم الجراحة العامة");
pub(super) const ORTHOPAEDIC: Ward = ward("the orthopaedic ward", "قسم العظام");
pub(super) const ONCOLOGY: Ward = ward("the oncology ward", "قسم الأورام");
pub(super) const INTENSIVE: Ward = ward("the intensive care unit", "وحدة العناية المركزة");
pub(super) const CORONARY: Ward = ward("the coronary care unit", "وحدة رعاية القلب");
pub(super) const EMERGENCY: Ward = ward("the emergency department", "قسم الطوارئ");
pub(super) const PAEDIATRIC: Ward = ward("the paediatric ward", "قسم الأطفال");
pub(super) const NEONATAL: Ward = ward("the neonatal unit", "وحدة الحضّانات");
pub(super) const MATERNITY: Ward = ward("the maternity ward", "قسم النساء والتوليد");
pub(super) const THEATRE: Ward = ward("the operating theatre", "جناح العمليات");
pub(super) const RECOVERY: Ward = ward("the recovery room", "غرفة الإفاقة");
pub(super) const DIALYSIS: Ward = ward("the dialysis unit", "وحدة الغسيل الكلوي");
pub(super) const RADIOLOGY: Ward = ward("the radiology department", "قسم الأشعة");
pub(super) const CLINICS: Ward = ward("the outpatient clinics", "العيادات الخارجية");

/// The ward as the sign on its door: `the medical ward` becomes `Medical ward`.
pub(super) fn sign(ward: &str) -> String {
    capital(ward.strip_prefix("the ").unwrap_or(ward))
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sex {
    Male,
    Female,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Adult,
    Older,
    Child,
    Newborn,
    /// A woman in pregnancy or childbirth.
    Mother,
}

impl Age {
    pub(super) fn sex(self, random: &mut SplitMix64) -> Sex {
        if self == Self::Mother || random.below(2) == 1 { Sex::Female } else { Sex::Male }
    }

    fn years(self, random: &mut SplitMix64) -> u32 {
        match self {
            Self::Adult => 21 + random.below(50),
            Self::Older => 62 + random.below(28),
            // Arabic counts 3 to 10 with the plural, which the phrases below use; a newborn's are days.
            Self::Child | Self::Newborn => 3 + random.below(8),
            Self::Mother => 19 + random.below(24),
        }
    }
}

/// The patient as a phrase that can stand anywhere but as the object of an Arabic verb.
pub(super) fn patient(age: Age, sex: Sex, arabic: bool, random: &mut SplitMix64) -> String {
    let years = age.years(random);
    let article = if matches!(years, 8 | 80..=89) { "an" } else { "a" };
    match (arabic, age, sex) {
        (false, Age::Child, Sex::Male) => format!("a boy of {years}"),
        (false, Age::Child, Sex::Female) => format!("a girl of {years}"),
        (false, Age::Newborn, Sex::Male) => format!("{article} {years}-day-old boy"),
        (false, Age::Newborn, Sex::Female) => format!("{article} {years}-day-old girl"),
        (false, _, Sex::Male) => format!("{article} {years}-year-old man"),
        (false, _, Sex::Female) => format!("{article} {years}-year-old woman"),
        (true, Age::Child, Sex::Male) => format!("طفل يبلغ من العمر {years} سنوات"),
        (true, Age::Child, Sex::Female) => format!("طفلة تبلغ من العمر {years} سنوات"),
        (true, Age::Newborn, Sex::Male) => format!("مولود عمره {years} أيام"),
        (true, Age::Newborn, Sex::Female) => format!("مولودة عمرها {years} أيام"),
        (true, _, Sex::Male) => format!("مريض يبلغ من العمر {years} عامًا"),
        (true, _, Sex::Female) => format!("مريضة تبلغ من العمر {years} عامًا"),
    }
}

pub(super) fn person(sex: Sex, arabic: bool, random: &mut SplitMix64) -> String {
    let first = match sex {
        Sex::Male => random.pick(MEN),
        Sex::Female => random.pick(WOMEN),
    };
    // A second and a third name, the father's and the grandfather's, as on an Egyptian identity card.
    let names = [first, random.pick(MEN), random.pick(FAMILIES)];
    let in_language = |name: &(&'static str, &'static str)| if arabic { name.1 } else { name.0 };
    names.into_iter().flatten().map(in_language).collect::<Vec<_>>().join(" ")
}

/// A newborn is filed under the mother's name until the birth is registered.
pub(super) fn newborn(arabic: bool, random: &mut SplitMix64) -> String {
    let mother = person(Sex::Female, arabic, random);
    if arabic { format!("مولود {mother}") } else { format!("Baby of {mother}") }
}

pub(super) fn doctor(arabic: bool, random: &mut SplitMix64) -> String {
    let name = |(en, ar): &(&'static str, &'static str)| if arabic { *ar } else { *en };
    let first = random.pick(MEN).map(name).unwrap_or_default();
    let family = random.pick(FAMILIES).map(name).unwrap_or_default();
    if arabic { format!("الدكتور {first} {family}") } else { format!("Dr {first} {family}") }
}

pub(super) fn file_number(random: &mut SplitMix64) -> String {
    format!("{:02}-{:06}", 18 + random.below(9), random.below(1_000_000))
}

const MEN: &[(&str, &str)] = &[
    ("Ahmed", "أحمد"),
    ("Mahmoud", "محمود"),
    ("Mostafa", "مصطفى"),
    ("Karim", "كريم"),
    ("Tarek", "طارق"),
    ("Hossam", "حسام"),
    ("Sherif", "شريف"),
    ("Yousef", "يوسف"),
    ("Ramy", "رامي"),
    ("Hany", "هاني"),
    ("Nabil", "نبيل"),
    ("Ibrahim", "إبراهيم"),
    ("Khaled", "خالد"),
    ("Amr", "عمرو"),
    ("Sameh", "سامح"),
    ("Wael", "وائل"),
];

const WOMEN: &[(&str, &str)] = &[
    ("Mona", "منى"),
    ("Nadia", "نادية"),
    ("Heba", "هبة"),
    ("Doaa", "دعاء"),
    ("Shaimaa", "شيماء"),
    ("Fatma", "فاطمة"),
    ("Samira", "سميرة"),
    ("Mariam", "مريم"),
    ("Nermin", "نرمين"),
    ("Asmaa", "أسماء"),
    ("Rania", "رانيا"),
    ("Sawsan", "سوسن"),
    ("Eman", "إيمان"),
    ("Hanan", "حنان"),
];

const FAMILIES: &[(&str, &str)] = &[
    ("Fouad", "فؤاد"),
    ("Shawky", "شوقي"),
    ("Mansour", "منصور"),
    ("Abdelrahman", "عبد الرحمن"),
    ("Saleh", "صالح"),
    ("Gaber", "جابر"),
    ("Hegazy", "حجازي"),
    ("Zaki", "زكي"),
    ("Naguib", "نجيب"),
    ("Darwish", "درويش"),
    ("Attia", "عطية"),
    ("Soliman", "سليمان"),
    ("Badawy", "بدوي"),
    ("Fahmy", "فهمي"),
    ("Ramzy", "رمزي"),
    ("Elsayed", "السيد"),
];

pub(super) const MANAGERS_EN: &[&str] = &[
    "Amal Shawky, head nurse",
    "Nagwa Attia, head nurse",
    "Hala Mansour, nursing supervisor",
    "Dr Medhat Zaki, head of department",
    "Dr Laila Fahmy, head of department",
    "Dr Essam Darwish, medical director on duty",
    "Adel Soliman, operations manager",
];

pub(super) const MANAGERS_AR: &[&str] = &[
    "أمل شوقي، رئيسة التمريض بالقسم",
    "نجوى عطية، رئيسة التمريض بالقسم",
    "هالة منصور، مشرفة التمريض",
    "الدكتور مدحت زكي، رئيس القسم",
    "الدكتورة ليلى فهمي، رئيسة القسم",
    "الدكتور عصام درويش، المدير الطبي المناوب",
    "عادل سليمان، مدير التشغيل",
];

/// The empty ones leave about a third of the reports without a note.
pub(super) const NOTES_EN: &[&str] = &[
    "",
    "",
    "",
    "",
    "Second report of this kind in the ward within three months.",
    "Statements were taken from the staff on duty; no blame is implied.",
    "The policy exists but the copy in the ward is two versions old.",
    "To be presented at the next patient safety meeting.",
    "A short refresher for the shift is planned this week.",
    "The patient safety officer visited the ward the next morning.",
    "Photographs are kept with the quality department.",
    "Similar wards were alerted by internal memo.",
];

pub(super) const NOTES_AR: &[&str] = &[
    "",
    "",
    "",
    "",
    "هذا هو البلاغ الثاني من نوعه في القسم خلال ثلاثة أشهر.",
    "استُمع إلى إفادات العاملين بالوردية دون توجيه لوم إلى أحد.",
    "السياسة موجودة، لكن النسخة المتاحة بالقسم قديمة.",
    "يُعرض الحدث في الاجتماع القادم للجنة سلامة المرضى.",
    "تقرر تنفيذ تدريب قصير للعاملين بالوردية خلال الأسبوع.",
    "زار مسؤول سلامة المرضى القسم في صباح اليوم التالي.",
    "الصور محفوظة لدى إدارة الجودة.",
    "تم تنبيه الأقسام المشابهة بمذكرة داخلية.",
];
