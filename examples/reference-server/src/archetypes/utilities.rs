//! Electricity and computers.

use eovr_core::incident::harm::Harm;

use super::cast::{CLINICS, EMERGENCY, INTENSIVE, MEDICAL, NEONATAL};
use super::{Archetype, Outcome, Text, Who};

pub(super) const TABLE: &[Archetype] = &[
    Archetype {
        category: "infrastructure",
        subtype: "electricity",
        wards: &[INTENSIVE, NEONATAL],
        who: Who::Place,
        potential: Harm::Death,
        probability: &[2],
        items: &[],
        en: Text {
            error: "emergency generator started late after a power cut",
            story: &[
                &[
                    "The power failed in {ward}, and the emergency generator took [four|six|nine] minutes to start.",
                    "During a power cut in {ward} the emergency supply came on only after [four|six|nine] minutes.",
                ],
                &[
                    "The batteries of [two|three] devices lasted less than a minute.",
                    "The red sockets were partly taken by [a kettle|chargers|a refrigerator].",
                ],
                &[
                    "The weekly test is done without load, so that the weak starter battery went unnoticed.",
                    "The technician on duty was in another building, and his telephone did not answer.",
                ],
            ],
            action: &[
                "[Three|Four] patients were ventilated by hand, and staff came over from the neighbouring wards.",
                "The supervisor called all free staff to the unit, and the starter battery was replaced the same night.",
            ],
        },
        ar: Text {
            error: "تأخر تشغيل المولد الاحتياطي بعد انقطاع الكهرباء",
            story: &[
                &[
                    "انقطع التيار الكهربائي عن {ward}، ولم يعمل المولد الاحتياطي إلا بعد [أربع|ست|تسع] دقائق.",
                    "أثناء انقطاع الكهرباء في {ward}، تأخر التيار الاحتياطي [أربع|ست|تسع] دقائق.",
                ],
                &[
                    "ولم تصمد بطاريات [جهازين|ثلاثة أجهزة] أكثر من دقيقة.",
                    "وكان جزء من المخارج الحمراء مشغولًا ب[غلاية مياه|شواحن هواتف|ثلاجة صغيرة].",
                ],
                &[
                    "ويُجرى الاختبار الأسبوعي للمولد دون حمل، فلم يُكتشف ضعف بطارية التشغيل.",
                    "وكان الفني المناوب في مبنى آخر ولم يرد على الهاتف.",
                ],
            ],
            action: &[
                "جرت تهوية [ثلاث حالات|أربع حالات] يدويًا، وحضر العاملون من الأقسام المجاورة للمساعدة.",
                "استدعت المشرفة كل العاملين المتاحين، واستُبدلت بطارية التشغيل في الليلة نفسها.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NoHarm,
                severity: 3,
                en: &["All vital signs stayed stable until the supply was back."],
                ar: &["وظلت العلامات الحيوية مستقرة حتى عودة التيار."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 3,
                en: &["One patient's heart slowed and needed drugs before the ventilator ran again."],
                ar: &["وحدث تباطؤ في نبض إحدى الحالات استدعى إعطاء أدوية قبل عودة جهاز التنفس للعمل."],
            },
        ],
    },
    Archetype {
        category: "infrastructure",
        subtype: "information_system",
        wards: &[EMERGENCY, CLINICS, MEDICAL],
        who: Who::Place,
        potential: Harm::Moderate,
        probability: &[3],
        items: &[],
        en: Text {
            error: "hospital information system down without notice",
            story: &[
                &[
                    "The hospital information system was down for [two|three|five] hours, and {ward} could not see results or orders.",
                    "In {ward}, screens stayed blank for [two|three|five] hours after an update that had not been announced.",
                ],
                &[
                    "The paper forms for such a case were [out of date|locked in the head nurse's office].",
                    "Orders were passed on by telephone, and not all of them were written down.",
                ],
                &[
                    "When the system came back, [two|three|four] orders were entered twice.",
                    "Entering the paper notes afterwards took until the end of the next shift.",
                ],
            ],
            action: &[
                "Paper forms were printed from another building, and a runner went to the laboratory every half hour.",
                "The supervisor opened the downtime folder, and the orders were compared with the charts afterwards.",
            ],
        },
        ar: Text {
            error: "توقف نظام معلومات المستشفى دون إخطار",
            story: &[
                &[
                    "توقف نظام معلومات المستشفى [ساعتين|ثلاث ساعات|خمس ساعات]، وتعذر على العاملين في {ward} الاطلاع على النتائج والأوامر الطبية.",
                    "توقفت الشاشات في {ward} [ساعتين|ثلاث ساعات|خمس ساعات] بعد تحديث لم يُعلن عنه.",
                ],
                &[
                    "وكانت النماذج الورقية البديلة [قديمة|في مكتب رئيسة التمريض المغلق].",
                    "ونُقلت الأوامر الطبية هاتفيًا، ولم تُكتب كلها.",
                ],
                &[
                    "وعند عودة النظام [سُجل أمران|سُجلت ثلاثة أوامر|سُجلت أربعة أوامر] مرتين.",
                    "واستمر إدخال البيانات الورقية حتى نهاية الوردية التالية.",
                ],
            ],
            action: &[
                "طُبعت النماذج من مبنى آخر، وكُلّف عامل بالمرور على المعمل كل نصف ساعة.",
                "فتحت المشرفة ملف خطة التوقف، وطُوبقت الأوامر لاحقًا مع تذاكر العلاج.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::UnsafeCondition,
                severity: 1,
                en: &["No patient was affected as far as is known."],
                ar: &["ولم يتأثر أي مريض حسب المعلوم حتى الآن."],
            },
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &["One patient had blood taken twice for the same test."],
                ar: &["وسُحبت عينة دم مرتين من أحد المرضى للتحليل نفسه."],
            },
        ],
    },
];
