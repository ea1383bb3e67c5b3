//! Infections that began in the hospital.

use eovr_core::incident::harm::Harm;

use super::cast::{Age, EMERGENCY, INTENSIVE, MEDICAL, ONCOLOGY, SURGICAL};
use super::{Archetype, Outcome, Text, Who};

pub(super) const TABLE: &[Archetype] = &[
    Archetype {
        category: "healthcare_infection",
        subtype: "vascular_cannula",
        wards: &[MEDICAL, SURGICAL, EMERGENCY],
        who: Who::Patient(Age::Adult),
        potential: Harm::Moderate,
        probability: &[3],
        items: &[],
        en: Text {
            error: "cannula left in place too long, with phlebitis",
            story: &[
                &[
                    "{patient} in {ward} complained of pain at the cannula in the [left|right] [hand|forearm].",
                    "In {ward}, an inflamed vein was found at the cannula of {patient} when an antibiotic was due.",
                ],
                &[
                    "The cannula had been in place for [five|six|seven] days, and no date stands on the dressing.",
                    "It was put in during an emergency and never changed afterwards.",
                ],
                &[
                    "The cannula score had not been recorded in [three|four] shifts.",
                    "<he|she> no longer needed infusions, but nobody ordered the cannula out.",
                ],
            ],
            action: &[
                "The cannula was removed, its tip was sent for culture, and {doctor} examined the arm.",
                "{doctor} changed the treatment to tablets, and cold compresses were applied.",
            ],
        },
        ar: Text {
            error: "ترك الكانيولا مدة أطول من المسموح مع التهاب وريدي",
            story: &[
                &[
                    "في {ward}، <اشتكى|اشتكت> {patient} من ألم في موضع الكانيولا ب[اليد اليسرى|اليد اليمنى|الساعد الأيسر].",
                    "عند إعطاء المضاد الحيوي في {ward}، لوحظ التهاب بالوريد في موضع الكانيولا لدى {patient}.",
                ],
                &[
                    "وكانت الكانيولا مركبة منذ [خمسة|ستة|سبعة] أيام دون كتابة التاريخ على اللاصق.",
                    "وكانت قد رُكّبت في حالة طوارئ ولم تُغيَّر بعد ذلك.",
                ],
                &[
                    "ولم يُسجَّل تقييم موضع الكانيولا في [ثلاث ورديات|أربع ورديات].",
                    "ولم تعد هناك حاجة إلى المحاليل، لكن أحدًا لم يأمر بإزالة الكانيولا.",
                ],
            ],
            action: &[
                "أُزيلت الكانيولا وأُرسل طرفها للمزرعة، وفحص {doctor} الذراع.",
                "غيّر {doctor} العلاج إلى أقراص، ووُضعت كمادات باردة.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Mild,
                severity: 1,
                en: &["Redness and swelling settled within [two|three] days."],
                ar: &["وزال الاحمرار والتورم خلال [يومين|ثلاثة أيام]."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 2,
                en: &[
                    "Fever followed, and <he|she> needed antibiotics by vein for another [five|seven] days.",
                ],
                ar: &["وارتفعت الحرارة بعدها، واستلزم الأمر مضادًا حيويًا بالوريد [خمسة|سبعة] أيام إضافية."],
            },
        ],
    },
    Archetype {
        category: "healthcare_infection",
        subtype: "bloodstream",
        wards: &[INTENSIVE, ONCOLOGY],
        who: Who::Patient(Age::Adult),
        potential: Harm::Death,
        probability: &[2],
        items: &[
            ["Klebsiella", "", "الكلبسيلا", ""],
            ["Staphylococcus aureus", "", "المكورات العنقودية الذهبية", ""],
            ["Acinetobacter", "", "الأسينيتوباكتر", ""],
        ],
        en: Text {
            error: "bloodstream infection from a central line ({item})",
            story: &[
                &[
                    "{patient} in {ward} developed fever with rigors, and the blood cultures grew {item}.",
                    "In {ward}, {item} was grown from the central line of {patient} and from the blood.",
                ],
                &[
                    "The line had been in place for [eight|eleven|fourteen] days, and the daily question whether it is needed was not answered.",
                    "The dressing was [loose|soaked] and had last been changed [four|five] days before.",
                ],
                &[
                    "The insertion checklist is in the file, but the box for full barrier precautions is empty.",
                    "In the same week the alcohol for the hubs had run out for [one day|two days].",
                ],
            ],
            action: &[
                "The line was removed, antibiotics were begun by {doctor}, and infection control was informed.",
                "Infection control visited the unit, and {doctor} changed the line and the treatment.",
            ],
        },
        ar: Text {
            error: "عدوى بمجرى الدم مرتبطة بالقسطرة المركزية ({item})",
            story: &[
                &[
                    "ارتفعت الحرارة مع رعشة لدى {patient} في {ward}، وأظهرت مزرعة الدم {item}.",
                    "في {ward}، ظهرت {item} في مزرعة القسطرة المركزية ومزرعة الدم المأخوذتين من {patient}.",
                ],
                &[
                    "وكانت القسطرة مركبة منذ [ثمانية أيام|عشرة أيام|أسبوعين] دون مراجعة يومية لمدى الحاجة إليها.",
                    "وكان غطاء القسطرة [غير محكم|مبتلًا]، ويرجع آخر غيار إلى [أربعة|خمسة] أيام مضت.",
                ],
                &[
                    "وقائمة التحقق عند التركيب موجودة بالملف، لكن خانة الاحتياطات القصوى خالية.",
                    "وكان الكحول المستخدم في تطهير الوصلات قد نفد [يومًا|يومين] في الأسبوع نفسه.",
                ],
            ],
            action: &[
                "أُزيلت القسطرة، وبدأ {doctor} المضاد الحيوي، وأُبلغت وحدة مكافحة العدوى.",
                "زارت وحدة مكافحة العدوى القسم، وغيّر {doctor} القسطرة والعلاج.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Moderate,
                severity: 2,
                en: &["The fever fell within three days, and the stay was longer by [eight|ten] days."],
                ar: &["وانخفضت الحرارة خلال ثلاثة أيام، وطالت مدة الإقامة [ثمانية|عشرة] أيام."],
            },
            Outcome {
                actual: Harm::Death,
                severity: 3,
                en: &["<he|she> died of septic shock after [four|five] days."],
                ar: &["وحدثت الوفاة بصدمة تسممية بعد [أربعة|خمسة] أيام."],
            },
        ],
    },
];
