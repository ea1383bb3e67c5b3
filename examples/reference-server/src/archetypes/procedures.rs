//! Procedures, tests, diagnosis.

use eovr_core::incident::harm::Harm;

use super::cast::{Age, CLINICS, CORONARY, EMERGENCY, INTENSIVE, MATERNITY, MEDICAL, ORTHOPAEDIC, THEATRE};
use super::{Archetype, Outcome, Text, Who};

pub(super) const TABLE: &[Archetype] = &[
    Archetype {
        category: "clinical_process",
        subtype: "wrong_site",
        wards: &[THEATRE],
        who: Who::Patient(Age::Adult),
        potential: Harm::Severe,
        probability: &[1, 2],
        items: &[
            ["left knee", "right knee", "الركبة اليسرى", "الركبة اليمنى"],
            ["right inguinal hernia", "left inguinal hernia", "الفتق الإربي الأيمن", "الفتق الإربي الأيسر"],
            ["left eye", "right eye", "العين اليسرى", "العين اليمنى"],
        ],
        en: Text {
            error: "operating list said {item}, consent said {other}",
            story: &[
                &[
                    "{patient} came to {ward} for an operation on the {other}.",
                    "An operation on the {other} was planned for {patient} in {ward}.",
                ],
                &[
                    "The operating list, however, named the {item}, and that side had been marked in the ward.",
                    "The mark had been put on the other side, the {item}, following a slip in the operating list.",
                ],
                &[
                    "The consent form and the [scan|X-ray] were not compared with the list when the patient was received.",
                    "The patient was marked by [a house officer who did not know the case|a colleague, as the surgeon was in another theatre].",
                ],
            ],
            action: &[
                "The team stopped; {doctor} compared scan, consent and patient, and the mark was corrected.",
                "Before anything was cut, {doctor} repeated the whole verification with the patient's file.",
            ],
        },
        ar: Text {
            error: "قائمة العمليات ذكرت {item} بينما الإقرار ينص على {other}",
            story: &[
                &[
                    "حضر<|ت> {patient} إلى {ward} لإجراء عملية في {other}.",
                    "كانت العملية المقررة ل{patient} في {ward} تخص {other}.",
                ],
                &[
                    "لكن قائمة العمليات ذكرت {item}، ووُضعت علامة الجراحة على هذا الجانب في القسم.",
                    "إلا أن العلامة وُضعت على الجانب الآخر، أي {item}، نتيجة خطأ كتابي في قائمة العمليات.",
                ],
                &[
                    "ولم تُطابق القائمة بإقرار الموافقة و[الأشعة|صور الفحص] عند الاستلام.",
                    "وقد وضع العلامة [طبيب امتياز لا يعرف الحالة|زميل آخر لانشغال الجرّاح في غرفة عمليات ثانية].",
                ],
            ],
            action: &[
                "توقف الفريق، وراجع {doctor} الأشعة والإقرار والحالة، وصُححت العلامة.",
                "قبل أي شق جراحي أعاد {doctor} خطوات التحقق كاملة من واقع الملف.",
            ],
        },
        outcomes: &[Outcome {
            actual: Harm::NearMiss,
            severity: 3,
            en: &[
                "The difference was found at the time-out before the incision, and the correct side was operated on.",
                "The scrub nurse spoke up during the time-out, and the operation went ahead on the correct side.",
            ],
            ar: &[
                "واكتُشف الاختلاف أثناء الوقت المستقطع قبل الشق الجراحي، وأُجريت العملية في الجانب الصحيح.",
                "ونبّهت ممرضة العمليات إلى الاختلاف أثناء الوقت المستقطع، وأُجريت العملية في الجانب الصحيح.",
            ],
        }],
    },
    Archetype {
        category: "clinical_process",
        subtype: "retained_item",
        wards: &[THEATRE, MATERNITY],
        who: Who::Patient(Age::Mother),
        potential: Harm::Severe,
        probability: &[1],
        items: &[],
        en: Text {
            error: "swab count wrong at the end of the operation",
            story: &[
                &[
                    "At the end of a [caesarean section|hysterectomy] on {patient} in {ward}, the swab count was one short.",
                    "After [a caesarean section|a long abdominal operation] on {patient} in {ward}, one large swab was missing from the count.",
                ],
                &[
                    "The first count had not been written on the board because the operation was an emergency.",
                    "The circulating nurse had changed [once|twice] during the operation without a handover of the count.",
                ],
                &[
                    "There had been heavy bleeding, and more swabs were opened in a hurry.",
                    "One pack held [four|six] swabs instead of five, which nobody had checked when it was opened.",
                ],
            ],
            action: &[
                "The count was repeated twice, the bins were searched, and {doctor} asked for an X-ray.",
                "{doctor} was informed at once; the theatre was kept as it was until the count was clear.",
            ],
        },
        ar: Text {
            error: "عدم تطابق عدد الفوط الجراحية في نهاية العملية",
            story: &[
                &[
                    "في نهاية عملية [ولادة قيصرية|استئصال رحم] ل{patient} في {ward}، جاء عدد الفوط الجراحية ناقصًا فوطة واحدة.",
                    "بعد [ولادة قيصرية|عملية طويلة بالبطن] ل{patient} في {ward}، تبيّن نقص فوطة جراحية كبيرة عند العد.",
                ],
                &[
                    "ولم يُسجَّل العد الأول على اللوحة لأن العملية كانت طارئة.",
                    "وكانت الممرضة المناولة قد تبدلت [مرة|مرتين] أثناء العملية دون تسليم العدد.",
                ],
                &[
                    "وحدث نزيف شديد استدعى فتح عبوات إضافية على عجل.",
                    "وكانت إحدى العبوات تحتوي على [أربع فوط|ست فوط] بدلًا من خمس، ولم يُراجع عددها عند فتحها.",
                ],
            ],
            action: &[
                "أُعيد العد مرتين وفُتشت سلال المخلفات، وطلب {doctor} إجراء أشعة.",
                "أُبلغ {doctor} فورًا، وبقيت غرفة العمليات على حالها حتى تأكد العدد.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NearMiss,
                severity: 3,
                en: &[
                    "The swab was found in the abdomen before closing, and it was removed without further harm.",
                ],
                ar: &["وعُثر على الفوطة داخل البطن قبل إغلاق الجرح، وأُزيلت دون مضاعفات."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 3,
                en: &[
                    "The X-ray in recovery showed the swab, and she had to be taken back to theatre the same day.",
                ],
                ar: &[
                    "وأظهرت الأشعة وجود الفوطة بعد خروج المريضة إلى الإفاقة، فأُعيدت إلى غرفة العمليات في اليوم نفسه.",
                ],
            },
        ],
    },
    Archetype {
        category: "clinical_process",
        subtype: "specimen_result",
        wards: &[MEDICAL, EMERGENCY, INTENSIVE],
        who: Who::Patient(Age::Older),
        potential: Harm::Death,
        probability: &[2, 3],
        items: &[
            ["potassium of 7.1", "", "ارتفاع البوتاسيوم إلى 7.1", ""],
            ["haemoglobin of 5.2", "", "انخفاض الهيموجلوبين إلى 5.2", ""],
            ["sodium of 114", "", "انخفاض الصوديوم إلى 114", ""],
        ],
        en: Text {
            error: "critical result not passed on: {item}",
            story: &[
                &[
                    "The laboratory found a {item} in {patient} in {ward}, and the result reached the doctor [five|six|eight] hours later.",
                    "A critical result, a {item}, of {patient} in {ward} was not passed on for [five|six|eight] hours.",
                ],
                &[
                    "The laboratory rang [twice|three times], but the ward's telephone was [engaged|out of order].",
                    "The clerk took the call and left a note on the desk, which was covered by other papers.",
                ],
                &[
                    "The critical results book has no column for reading back, and the call was not entered.",
                    "The result was in the computer all the time, but no alert is shown there.",
                ],
            ],
            action: &[
                "{doctor} treated the patient at once, and the test was repeated.",
                "The patient was put on a monitor, {doctor} began treatment, and a second number was given to the laboratory.",
            ],
        },
        ar: Text {
            error: "عدم الإبلاغ عن نتيجة حرجة: {item}",
            story: &[
                &[
                    "أظهر المعمل {item} ل{patient} في {ward}، ولم تصل النتيجة إلى الطبيب إلا بعد [خمس ساعات|ست ساعات|ثماني ساعات].",
                    "تأخر الإبلاغ [خمس ساعات|ست ساعات|ثماني ساعات] عن نتيجة حرجة، وهي {item}، ل{patient} في {ward}.",
                ],
                &[
                    "وقد اتصل المعمل [مرتين|ثلاث مرات]، لكن هاتف القسم كان [مشغولًا|معطلًا].",
                    "وتلقى موظف القسم المكالمة وترك ورقة على المكتب غطتها أوراق أخرى.",
                ],
                &[
                    "ولا يوجد في سجل النتائج الحرجة عمود لإعادة القراءة، كما أن المكالمة لم تُقيَّد.",
                    "وكانت النتيجة موجودة على النظام الإلكتروني طوال الوقت، لكنه لا يُظهر أي تنبيه.",
                ],
            ],
            action: &[
                "بدأ {doctor} العلاج فورًا وأُعيد التحليل.",
                "وُضعت الحالة على جهاز المراقبة وبدأ {doctor} العلاج، وأُعطي المعمل رقمًا بديلًا للقسم.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &["The repeated test had improved, and <he|she> had no complaints."],
                ar: &["وجاءت نتيجة الإعادة أفضل، ولم تظهر على <المريض|المريضة> أي أعراض."],
            },
            Outcome {
                actual: Harm::Severe,
                severity: 3,
                en: &[
                    "By then <he|she> had become [confused and drowsy|weak with an irregular pulse] and needed intensive care.",
                ],
                ar: &[
                    "وكان<|ت> <المريض|المريضة> قد أُصيب<|ت> ب[تشوش في الوعي|هبوط حاد واضطراب في النبض]، ونُقل<|ت> إلى العناية المركزة.",
                ],
            },
        ],
    },
    Archetype {
        category: "clinical_process",
        subtype: "not_performed",
        wards: &[EMERGENCY, CORONARY],
        who: Who::Patient(Age::Adult),
        potential: Harm::Death,
        probability: &[2],
        items: &[],
        en: Text {
            error: "electrocardiogram delayed in a patient with chest pain",
            story: &[
                &[
                    "{patient} with chest pain waited [50|70|90] minutes in {ward} for the first electrocardiogram.",
                    "In {ward}, {patient} complained of pressure in the chest; the first tracing was made [50|70|90] minutes after arrival.",
                ],
                &[
                    "At triage the complaint was entered as stomach pain, and the case was graded as not urgent.",
                    "The only machine was [in another room|without paper], and a second one is not available.",
                ],
                &[
                    "There were more than [twenty|thirty] patients in the waiting room and one triage nurse.",
                    "The family asked at the desk [twice|three times] before a doctor was called.",
                ],
            ],
            action: &[
                "{doctor} was called, the cardiologist was informed, and the patient was moved to a monitored bed.",
                "Treatment was begun by {doctor} as soon as the tracing had been read.",
            ],
        },
        ar: Text {
            error: "تأخر رسم القلب لحالة ألم بالصدر",
            story: &[
                &[
                    "تأخر إجراء رسم القلب [50|70|90] دقيقة ل{patient} في {ward} مع شكوى من ألم بالصدر.",
                    "في {ward}، لم يُجرَ رسم القلب ل{patient} مع شكوى من ضغط على الصدر إلا بعد [50|70|90] دقيقة من الوصول.",
                ],
                &[
                    "وسُجلت الشكوى عند الفرز على أنها ألم بالمعدة، فصُنفت الحالة غير عاجلة.",
                    "وكان جهاز رسم القلب الوحيد [في غرفة أخرى|دون ورق]، ولا يوجد جهاز بديل.",
                ],
                &[
                    "وكان في صالة الانتظار أكثر من [عشرين|ثلاثين] حالة مع ممرضة فرز واحدة.",
                    "وسألت الأسرة موظف الاستقبال [مرتين|ثلاث مرات] قبل استدعاء الطبيب.",
                ],
            ],
            action: &[
                "استُدعي {doctor} وأُبلغ طبيب القلب، ونُقلت الحالة إلى سرير مزود بجهاز مراقبة.",
                "بدأ {doctor} العلاج فور قراءة رسم القلب.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &[
                    "The tracing and the enzymes were normal, and <he|she> was discharged after observation.",
                ],
                ar: &["وجاء رسم القلب والإنزيمات في الحدود الطبيعية، وخرج<|ت> <المريض|المريضة> بعد الملاحظة."],
            },
            Outcome {
                actual: Harm::Severe,
                severity: 3,
                en: &["It showed a large infarction, and the time for opening the artery had been lost."],
                ar: &["وأظهر الرسم جلطة واسعة بالقلب بعد فوات الوقت الأمثل لفتح الشريان."],
            },
        ],
    },
    Archetype {
        category: "clinical_process",
        subtype: "diagnosis",
        wards: &[EMERGENCY, ORTHOPAEDIC, CLINICS],
        who: Who::Patient(Age::Child),
        potential: Harm::Moderate,
        probability: &[2],
        items: &[["wrist", "", "الرسغ", ""], ["elbow", "", "الكوع", ""], ["ankle", "", "الكاحل", ""]],
        en: Text {
            error: "fracture of the {item} missed on the first X-ray",
            story: &[
                &[
                    "A fracture of the {item} was missed in {patient} seen in {ward} after a fall at [home|the club|a playground].",
                    "{patient} was sent home from {ward} with a sprain; the X-ray showed a fracture of the {item}.",
                ],
                &[
                    "The image was read by the doctor on duty alone, as the radiologist's report comes the next day.",
                    "Only one view had been taken, because the machine was [overheating|needed for another case].",
                ],
                &[
                    "The report was sent to the file, and nobody called the family.",
                    "The telephone number in the file was [incomplete|an old one], so the family could not be reached.",
                ],
            ],
            action: &[
                "The family was asked to come back, and {doctor} put on a cast.",
                "{doctor} saw the child the same day, explained the mistake to the parents and treated the fracture.",
            ],
        },
        ar: Text {
            error: "عدم اكتشاف كسر في {item} في الأشعة الأولى",
            story: &[
                &[
                    "لم يُكتشف كسر في {item} عند الكشف في {ward} على {patient} بعد سقوط في [المنزل|النادي|ساحة اللعب].",
                    "خرج<|ت> {patient} من {ward} بتشخيص التواء، بينما أظهرت الأشعة كسرًا في {item}.",
                ],
                &[
                    "وقرأ الأشعة طبيب النوبتجية وحده لأن تقرير طبيب الأشعة يصدر في اليوم التالي.",
                    "ولم تُؤخذ سوى صورة واحدة لأن الجهاز [كان في حالة سخونة زائدة|كان مطلوبًا لحالة أخرى].",
                ],
                &[
                    "وأُرسل التقرير إلى الملف دون أن يتصل أحد بالأسرة.",
                    "وكان رقم الهاتف المسجل بالملف [ناقصًا|قديمًا]، فتعذر الوصول إلى الأسرة.",
                ],
            ],
            action: &[
                "طُلب من الأسرة الحضور مرة أخرى، ووضع {doctor} الجبس.",
                "كشف {doctor} على <الطفل|الطفلة> في اليوم نفسه، وشرح الأمر للوالدين وعالج الكسر.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Mild,
                severity: 1,
                en: &["The cast came [two|three] days late, with more pain but a good position of the bone."],
                ar: &["وتأخر وضع الجبس [يومين|ثلاثة أيام] مع زيادة في الألم، لكن وضع العظم كان جيدًا."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 2,
                en: &["By then the bone had shifted, and the child needed an operation under anaesthesia."],
                ar: &["وكان العظم قد تحرك من موضعه، فاحتاج<|ت> <الطفل|الطفلة> إلى تدخل جراحي تحت التخدير."],
            },
        ],
    },
];
