//! Files and orders.

use eovr_core::incident::harm::Harm;

use super::cast::{Age, CLINICS, INTENSIVE, MEDICAL, SURGICAL};
use super::{Archetype, Outcome, Text, Who};

pub(super) const TABLE: &[Archetype] = &[
    Archetype {
        category: "documentation",
        subtype: "wrong_patient",
        wards: &[CLINICS, MEDICAL, SURGICAL],
        who: Who::Patient(Age::Adult),
        potential: Harm::Severe,
        probability: &[2, 3],
        items: &[
            ["biopsy report", "", "تقرير عينة باثولوجي", ""],
            ["ultrasound report", "", "تقرير موجات صوتية", ""],
            ["liver function result", "", "تقرير وظائف كبد", ""],
        ],
        en: Text {
            error: "{item} of another patient in the file",
            story: &[
                &[
                    "A {item} of another person was found in the file of {patient} in {ward}.",
                    "In {ward}, a {item} was discussed with {patient} and turned out to belong to somebody else.",
                ],
                &[
                    "The file numbers differ by [one digit|two digits in reverse order], and the names are alike.",
                    "Loose sheets are filed once a day by a clerk who works for [two|three] clinics.",
                ],
                &[
                    "The sheet shows the name in small print at the foot of the page only.",
                    "Name and number were not compared before the sheet was put in.",
                ],
            ],
            action: &[
                "The sheet was moved to the right file, and {doctor} informed the colleague in charge.",
                "{doctor} explained the mix-up to the patient, and both files were reviewed.",
            ],
        },
        ar: Text {
            error: "وجود {item} يخص مريضًا آخر داخل الملف",
            story: &[
                &[
                    "عُثر على {item} يخص شخصًا آخر في الملف الخاص ب{patient} في {ward}.",
                    "في {ward}، ناقش الطبيب مع {patient} {item} تبيّن لاحقًا أنه يخص شخصًا آخر.",
                ],
                &[
                    "ويختلف رقما الملفين في [خانة واحدة|ترتيب خانتين]، والاسمان متشابهان.",
                    "وتُحفظ الأوراق المفردة مرة واحدة يوميًا على يد موظف يخدم [عيادتين|ثلاث عيادات].",
                ],
                &["ويظهر الاسم بخط صغير في أسفل الصفحة فقط.", "ولم يُطابق الاسم ورقم الملف قبل إدراج الورقة."],
            ],
            action: &[
                "نُقلت الورقة إلى الملف الصحيح، وأبلغ {doctor} الطبيب المعالج.",
                "شرح {doctor} ما حدث، وروجع الملفان بالكامل.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NearMiss,
                severity: 2,
                en: &["No decision had been based on it yet."],
                ar: &["ولم يكن قد بُني عليه أي قرار علاجي بعد."],
            },
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &[
                    "<he|she> had [already begun a treatment|spent a week in needless worry] because of it.",
                ],
                ar: &["وقد ترتب على ذلك [بدء علاج غير لازم|أسبوع من القلق دون داعٍ]."],
            },
        ],
    },
    Archetype {
        category: "documentation",
        subtype: "unclear",
        wards: &[MEDICAL, SURGICAL, INTENSIVE],
        who: Who::Patient(Age::Adult),
        potential: Harm::Severe,
        probability: &[3],
        items: &[
            ["digoxin", "", "الديجوكسين", ""],
            ["methotrexate", "", "الميثوتريكسات", ""],
            ["morphine", "", "المورفين", ""],
        ],
        en: Text {
            error: "illegible order for {item}",
            story: &[
                &[
                    "The order for {item} for {patient} in {ward} could be read in two ways.",
                    "In {ward}, the handwritten order for {item} on the chart of {patient} had no clear decimal point.",
                ],
                &[
                    "The chart carries [three|four] corrections in the same line, none of them signed.",
                    "It had been written [in pencil|with a pen that was running dry] during the round.",
                ],
                &[
                    "Two nurses read it differently, and the doctor's stamp was missing, so it took time to find out whom to ask.",
                    "The doctor had gone to theatre, and his telephone was with the clerk.",
                ],
            ],
            action: &[
                "The dose was held until {doctor} had rewritten the order in block letters.",
                "{doctor} was reached through the switchboard and wrote the order again, with the dose in words.",
            ],
        },
        ar: Text {
            error: "أمر طبي غير مقروء لدواء {item}",
            story: &[
                &[
                    "كان الأمر الطبي الخاص بدواء {item} ل{patient} في {ward} يحتمل قراءتين.",
                    "في {ward}، كُتب دواء {item} بخط اليد في تذكرة علاج {patient} دون علامة عشرية واضحة.",
                ],
                &[
                    "ويحتوي السطر نفسه على [ثلاثة|أربعة] تصحيحات دون توقيع.",
                    "وكُتب الأمر [بالقلم الرصاص|بقلم أوشك حبره على النفاد] أثناء المرور.",
                ],
                &[
                    "واختلفت ممرضتان في قراءته، ولم يكن هناك ختم للطبيب يسهّل الرجوع إليه.",
                    "وكان الطبيب قد توجه إلى العمليات وترك هاتفه مع موظف القسم.",
                ],
            ],
            action: &[
                "أُوقفت الجرعة إلى أن أعاد {doctor} كتابة الأمر بخط واضح.",
                "تم الوصول إلى {doctor} عن طريق السنترال، وأعاد كتابة الأمر مع ذكر الجرعة بالحروف.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NearMiss,
                severity: 2,
                en: &["The question was settled before the dose was due."],
                ar: &["وحُسم الأمر قبل موعد الجرعة."],
            },
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &["The dose was given [two|three] hours late, without consequences."],
                ar: &["وأُعطيت الجرعة متأخرة [ساعتين|ثلاث ساعات] دون آثار."],
            },
        ],
    },
];
