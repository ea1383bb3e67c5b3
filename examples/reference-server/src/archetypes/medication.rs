//! Giving and keeping medicines.

use eovr_core::incident::harm::Harm;

use super::cast::{Age, EMERGENCY, INTENSIVE, MEDICAL, ONCOLOGY, ORTHOPAEDIC, PAEDIATRIC, SURGICAL};
use super::{Archetype, Outcome, Text, Who};

pub(super) const TABLE: &[Archetype] = &[
    Archetype {
        category: "medication",
        subtype: "wrong_drug",
        wards: &[INTENSIVE, SURGICAL, EMERGENCY],
        who: Who::Patient(Age::Adult),
        potential: Harm::Death,
        probability: &[1, 2],
        items: &[
            ["potassium chloride", "sodium chloride", "كلوريد البوتاسيوم", "كلوريد الصوديوم"],
            ["heparin", "insulin", "الهيبارين", "الأنسولين"],
            ["dopamine", "dobutamine", "الدوبامين", "الدوبيوتامين"],
        ],
        en: Text {
            error: "{item} drawn up instead of {other}",
            story: &[
                &[
                    "While preparing treatment for {patient} in {ward}, the nurse drew up {item} instead of {other}.",
                    "In {ward}, {item} was drawn up in place of {other} for {patient}.",
                ],
                &[
                    "The two containers have the same size and [cap colour|label colour] and were kept in the same [drawer|tray].",
                    "Both stood side by side in the [medication trolley|emergency cupboard], and their labels look alike.",
                ],
                &[
                    "The double check was not done because [the second nurse was on her break|the shift was one nurse short|the team was busy with a resuscitation].",
                    "The preparation was interrupted [twice|three times] by [telephone calls|visitors' questions], and the label was not read again.",
                ],
            ],
            action: &[
                "The container was kept for the pharmacy, {doctor} was told, and the two drugs were separated at once.",
                "{doctor} was called to the bedside, and the drug was moved to a locked cupboard with a warning label.",
            ],
        },
        ar: Text {
            error: "سحب {item} بدلًا من {other}",
            story: &[
                &[
                    "أثناء تحضير علاج {patient} في {ward}، سحبت الممرضة {item} بدلًا من {other}.",
                    "في {ward}، جرى سحب {item} بدلًا من {other} عند تحضير جرعة {patient}.",
                ],
                &[
                    "العبوتان متماثلتان في الحجم ولون [الغطاء|الملصق]، وكانتا محفوظتين في [الدرج نفسه|الصينية نفسها].",
                    "كانت العبوتان متجاورتين في [عربة الأدوية|دولاب الطوارئ]، وملصقاهما متشابهان إلى حد كبير.",
                ],
                &[
                    "ولم تتم المراجعة المزدوجة لأن [الممرضة الثانية كانت في فترة الراحة|الوردية كان ينقصها ممرضة|الفريق كان مشغولًا بحالة إنعاش].",
                    "وقد قوطعت الممرضة أثناء التحضير [مرتين|ثلاث مرات] بسبب [مكالمات هاتفية|أسئلة الزائرين]، ولم تُعِد قراءة الملصق.",
                ],
            ],
            action: &[
                "تم التحفظ على العبوة وتسليمها للصيدلية وإبلاغ {doctor}، وفُصل الدواءان عن بعضهما فورًا.",
                "استُدعي {doctor} إلى جوار السرير، ونُقل الدواء إلى دولاب مغلق عليه ملصق تحذيري.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NearMiss,
                severity: 3,
                en: &[
                    "A colleague noticed the label before the injection, and nothing reached the patient.",
                    "The error was caught at the bedside when the empty container was compared with the drug chart.",
                ],
                ar: &[
                    "ولاحظت زميلتها الملصق قبل الحقن، فلم يصل الدواء إلى <المريض|المريضة>.",
                    "واكتُشف الخطأ بجوار السرير قبل الإعطاء عند مطابقة العبوة الفارغة بتذكرة العلاج.",
                ],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 3,
                en: &[
                    "Soon after the injection [the blood pressure fell|the pulse became irregular], and <he|she> was treated and watched on a monitor for [12|24] hours.",
                ],
                ar: &[
                    "وبعد الحقن بدقائق [انخفض ضغط الدم|اضطرب النبض]، فعولج<|ت> <المريض|المريضة> ووُضع<|ت> تحت الملاحظة على جهاز المراقبة لمدة [12|24] ساعة.",
                ],
            },
        ],
    },
    Archetype {
        category: "medication",
        subtype: "wrong_dose",
        wards: &[MEDICAL, SURGICAL, INTENSIVE],
        who: Who::Patient(Age::Adult),
        potential: Harm::Death,
        probability: &[2, 3],
        items: &[["40", "4", "40", "4"], ["60", "6", "60", "6"], ["80", "8", "80", "8"]],
        en: Text {
            error: "tenfold insulin overdose: {item} units for {other}",
            story: &[
                &[
                    "{patient} with diabetes in {ward} was given {item} units of rapid-acting insulin instead of {other}.",
                    "In {ward}, {patient} was to have {other} units of insulin before the meal and was given {item}.",
                ],
                &[
                    "The dose was written with the abbreviation U, which was read as a zero.",
                    "It was measured in an ordinary syringe because insulin syringes were [out of stock in the ward|locked away after hours].",
                ],
                &[
                    "The second signature on the chart was made [afterwards|without seeing the syringe].",
                    "No independent check was done, as [the ward was full|the meals had already come up].",
                ],
            ],
            action: &[
                "Glucose was given by vein, blood sugar was measured every [15|30] minutes, and {doctor} was informed.",
                "{doctor} was called at once and a glucose infusion was started; insulin syringes were brought from the pharmacy.",
            ],
        },
        ar: Text {
            error: "جرعة أنسولين تعادل عشرة أضعاف المطلوب ({item} وحدة بدلًا من {other})",
            story: &[
                &[
                    "في {ward}، أُعطيت جرعة أنسولين سريع المفعول قدرها {item} وحدة بدلًا من {other} وحدات إلى {patient}.",
                    "كان المقرر إعطاء {other} وحدات أنسولين قبل الوجبة ل{patient} في {ward}، لكن الجرعة الفعلية كانت {item} وحدة.",
                ],
                &[
                    "وكان الأمر الطبي مكتوبًا باختصار للوحدة قُرئ على أنه صفر.",
                    "وقيست الجرعة بسرنجة عادية لأن سرنجات الأنسولين [كانت قد نفدت من القسم|كانت مغلقًا عليها بعد ساعات العمل].",
                ],
                &[
                    "أما التوقيع الثاني في تذكرة العلاج فقد تم [لاحقًا|دون رؤية السرنجة].",
                    "ولم تُجرَ مراجعة مستقلة للجرعة لأن [القسم كان ممتلئًا|الوجبات كانت قد وصلت بالفعل].",
                ],
            ],
            action: &[
                "أُعطي محلول جلوكوز بالوريد وقيس السكر كل [15|30] دقيقة، وأُبلغ {doctor}.",
                "استُدعي {doctor} فورًا وبدأ تسريب الجلوكوز، وأُحضرت سرنجات الأنسولين من الصيدلية.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &[
                    "Blood sugar fell to [58|62|65] with sweating and tremor, and recovered after glucose within the hour.",
                ],
                ar: &[
                    "وانخفض السكر إلى [58|62|65] مع تعرّق ورعشة، ثم عاد إلى المعدل الطبيعي خلال ساعة بعد إعطاء الجلوكوز.",
                ],
            },
            Outcome {
                actual: Harm::Severe,
                severity: 3,
                en: &[
                    "<he|she> was found unconscious with a blood sugar of [22|26|31], had a seizure, and was moved to intensive care.",
                ],
                ar: &[
                    "ووُجد<|ت> <المريض|المريضة> في غيبوبة ومستوى السكر [22|26|31] مع حدوث تشنجات، ونُقل<|ت> إلى العناية المركزة.",
                ],
            },
        ],
    },
    Archetype {
        category: "medication",
        subtype: "wrong_patient",
        wards: &[MEDICAL, SURGICAL, ORTHOPAEDIC],
        who: Who::Patient(Age::Older),
        potential: Harm::Severe,
        probability: &[2, 3],
        items: &[
            ["warfarin", "the clotting test", "الوارفارين", "تحليل السيولة"],
            ["amlodipine", "the blood pressure", "الأملوديبين", "ضغط الدم"],
            ["glimepiride", "the blood sugar", "الجليمبيريد", "مستوى السكر"],
        ],
        en: Text {
            error: "{item} given to the wrong one of two patients with the same name",
            story: &[
                &[
                    "{patient} in {ward} was given {item} that was meant for the patient in the next bed.",
                    "In {ward}, the evening dose of {item} was given to {patient} instead of a room-mate.",
                ],
                &[
                    "The two share their first and second names, and no warning stood on the files.",
                    "The nurse asked \"are you so-and-so?\", and the answer was yes to a similar name.",
                ],
                &[
                    "The band was not read because [it had come off during washing|the light was off|the patient was asleep].",
                    "The beds had been exchanged [that morning|at the family's wish], but not on the round list.",
                ],
            ],
            action: &[
                "{doctor} was told, and {other} was followed through the night.",
                "A name alert was put on both files, and {doctor} examined both patients.",
            ],
        },
        ar: Text {
            error: "إعطاء {item} لمريض آخر بسبب تشابه الأسماء",
            story: &[
                &[
                    "أُعطي {item} ل{patient} في {ward} بينما كان مقررًا <للمريض|للمريضة> في السرير المجاور.",
                    "في {ward}، أُعطيت جرعة المساء من {item} ل{patient} بدلًا من <مريض آخر|مريضة أخرى> في الغرفة نفسها.",
                ],
                &[
                    "ويتشابه الاسمان الأول والثاني لكليهما دون وجود تنبيه على الملفين.",
                    "وقد نادت الممرضة بالاسم فجاءها الرد بالإيجاب على اسم مشابه.",
                ],
                &[
                    "ولم تُقرأ إسورة التعريف لأن [الإسورة نُزعت أثناء الاستحمام|الإضاءة كانت مغلقة|الوقت كان متأخرًا من الليل].",
                    "وكان قد تم تبديل الأسرّة [في الصباح|بناءً على رغبة الأسرة] دون تعديل كشف المرور.",
                ],
            ],
            action: &[
                "أُبلغ {doctor}، وتوبع {other} طوال الليل.",
                "وُضع تنبيه تشابه أسماء على الملفين، وكشف {doctor} على الحالتين.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &["No effect was seen, and both patients had their own medicine the same evening."],
                ar: &["ولم يظهر أي تأثير، وحصل كل منهما على دوائه الصحيح في المساء نفسه."],
            },
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &["<he|she> was dizzy for some hours and was kept in bed under observation."],
                ar: &["وشعر<|ت> <المريض|المريضة> بدوار لعدة ساعات مع ملازمة السرير تحت الملاحظة."],
            },
        ],
    },
    Archetype {
        category: "medication",
        subtype: "expired",
        wards: &[EMERGENCY, PAEDIATRIC, SURGICAL, MEDICAL],
        who: Who::Place,
        potential: Harm::Severe,
        probability: &[2, 3],
        items: &[
            ["adrenaline", "", "الأدرينالين", ""],
            ["atropine", "", "الأتروبين", ""],
            ["calcium gluconate", "", "جلوكونات الكالسيوم", ""],
        ],
        en: Text {
            error: "expired {item} on the emergency trolley",
            story: &[
                &[
                    "On the weekly round in {ward}, [four|six|ten] expired ampoules of {item} were found on the emergency trolley.",
                    "An inspection of the emergency trolley in {ward} found {item} that had expired [one month|two months|three months] before.",
                ],
                &[
                    "The daily checklist had been signed for the whole week, but it lists quantities and not dates.",
                    "The seal was intact, so the drawer had not been opened at the monthly check.",
                ],
                &[
                    "The pharmacy had sent new ampoules, which were put [in front of the old ones|into another drawer].",
                    "Nobody in particular is charged with the dates since the ward pharmacist moved.",
                ],
            ],
            action: &[
                "The ampoules were replaced at once and the other trolleys of the floor were checked.",
                "The pharmacy exchanged the stock within the hour, and a column for dates was added to the list.",
            ],
        },
        ar: Text {
            error: "وجود {item} منتهي الصلاحية في عربة الطوارئ",
            story: &[
                &[
                    "أثناء المرور الأسبوعي في {ward}، وُجدت [أربعة أمبولات|ستة أمبولات|عشرة أمبولات] من {item} منتهية الصلاحية في عربة الطوارئ.",
                    "عند فحص عربة الطوارئ في {ward} تبيّن أن {item} انتهت صلاحيته منذ [شهر|شهرين|ثلاثة أشهر].",
                ],
                &[
                    "وكانت قائمة الفحص اليومي موقّعة طوال الأسبوع، لكنها تتضمن الكميات دون تواريخ الصلاحية.",
                    "وكان قفل العربة سليمًا، ولذلك لم يُفتح الدرج في الفحص الشهري.",
                ],
                &[
                    "وكانت الصيدلية قد أرسلت أمبولات جديدة وُضعت [أمام القديمة|في درج آخر].",
                    "ولم يُكلَّف أحد بمتابعة تواريخ الصلاحية منذ نقل صيدلي القسم.",
                ],
            ],
            action: &[
                "استُبدلت الأمبولات فورًا، وفُحصت باقي عربات الطوارئ في الدور.",
                "استبدلت الصيدلية الرصيد خلال ساعة، وأُضيفت خانة لتاريخ الصلاحية إلى القائمة.",
            ],
        },
        outcomes: &[Outcome {
            actual: Harm::UnsafeCondition,
            severity: 2,
            en: &[
                "No patient had been given any of it.",
                "The trolley had not been used in an emergency during that time.",
            ],
            ar: &["ولم يُستخدم أي منها لأي مريض.", "ولم تُستخدم العربة في أي حالة طارئة خلال تلك الفترة."],
        }],
    },
    Archetype {
        category: "medication",
        subtype: "omitted",
        wards: &[EMERGENCY, MEDICAL, ONCOLOGY],
        who: Who::Patient(Age::Adult),
        potential: Harm::Death,
        probability: &[2, 3],
        items: &[],
        en: Text {
            error: "first dose of antibiotic delayed in suspected sepsis",
            story: &[
                &[
                    "The first antibiotic for {patient} with suspected sepsis in {ward} was given [four|five|six] hours late.",
                    "In {ward}, {patient} with fever and a low blood pressure waited [four|five|six] hours for the first dose of antibiotic.",
                ],
                &[
                    "The order was written at once but not marked as urgent, so it went to the pharmacy with the routine list.",
                    "The drug was not in the ward stock, and the pharmacy [had closed its window|asked for the consultant's signature].",
                ],
                &[
                    "At the change of shift each nurse believed that the other had given the dose.",
                    "The bed was changed in between, and the chart stayed behind in the old room.",
                ],
            ],
            action: &[
                "The dose was given as soon as it was noticed, and {doctor} reviewed the patient.",
                "{doctor} was informed; blood cultures were repeated and the dose was given at once.",
            ],
        },
        ar: Text {
            error: "تأخر الجرعة الأولى من المضاد الحيوي في حالة اشتباه تسمم دموي",
            story: &[
                &[
                    "تأخر إعطاء المضاد الحيوي [أربع ساعات|خمس ساعات|ست ساعات] ل{patient} في {ward} مع اشتباه في تسمم دموي.",
                    "في {ward}، تأخرت الجرعة الأولى من المضاد الحيوي [أربع ساعات|خمس ساعات|ست ساعات] عن {patient} مع ارتفاع في الحرارة وانخفاض في الضغط.",
                ],
                &[
                    "وقد كُتب الأمر الطبي في حينه دون وصفه بالعاجل، فأُرسل إلى الصيدلية مع الطلبات المعتادة.",
                    "ولم يكن الدواء ضمن رصيد القسم، كما أن الصيدلية [كانت قد أغلقت شباك الصرف|طلبت توقيع الاستشاري].",
                ],
                &[
                    "وعند تغيير الوردية ظنت كل ممرضة أن زميلتها أعطت الجرعة.",
                    "وتغيّر السرير خلال ذلك، وبقيت تذكرة العلاج في الغرفة القديمة.",
                ],
            ],
            action: &[
                "أُعطيت الجرعة فور اكتشاف التأخير، وأعاد {doctor} تقييم الحالة.",
                "أُبلغ {doctor}، وأُعيد سحب مزرعة الدم وأُعطيت الجرعة في الحال.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &["The condition stayed stable, and the fever fell the next day."],
                ar: &["وظلت الحالة مستقرة وانخفضت الحرارة في اليوم التالي."],
            },
            Outcome {
                actual: Harm::Death,
                severity: 3,
                en: &[
                    "<he|she> went into septic shock and died [two|three] days later; the delay may have contributed.",
                ],
                ar: &[
                    "ودخل<|ت> <المريض|المريضة> في صدمة تسممية وحدثت الوفاة بعد [يومين|ثلاثة أيام]، وقد يكون التأخير عاملًا مساهمًا.",
                ],
            },
        ],
    },
];
