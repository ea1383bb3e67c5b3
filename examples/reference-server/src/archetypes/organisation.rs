//! Identity, consent, discharge, handover.

use eovr_core::incident::harm::Harm;

use super::cast::{Age, MATERNITY, MEDICAL, NEONATAL, ORTHOPAEDIC, PAEDIATRIC, SURGICAL, THEATRE};
use super::{Archetype, Outcome, Text, Who};

pub(super) const TABLE: &[Archetype] = &[
    Archetype {
        category: "clinical_administration",
        subtype: "patient_identification",
        wards: &[MATERNITY, NEONATAL],
        who: Who::Patient(Age::Newborn),
        potential: Harm::Severe,
        probability: &[1, 2],
        items: &[],
        en: Text {
            error: "identification bands of two newborns did not match the mothers",
            story: &[
                &[
                    "When a newborn <boy|girl> was brought to the mother in {ward}, the number on the band did not match hers.",
                    "Before a feed in {ward}, the band of a newborn <boy|girl> was found to carry the name of another mother.",
                ],
                &[
                    "Two mothers with similar names had given birth within [ten|twenty] minutes of each other.",
                    "Both bands had been written in advance and were put on after the infants had left the delivery room.",
                ],
                &[
                    "Only one midwife checked the bands, although the policy asks for two.",
                    "The footprints had not yet been taken, as the ink pad was [dry|missing].",
                ],
            ],
            action: &[
                "Both infants stayed with one nurse until the footprints, the birth times and the bands were compared.",
                "{doctor} and the head midwife checked both infants and both mothers, and new bands were put on.",
            ],
        },
        ar: Text {
            error: "عدم تطابق إسورتي مولودين مع بيانات الأمهات",
            story: &[
                &[
                    "عند تسليم <مولود|مولودة> إلى الأم في {ward}، لم يتطابق رقم الإسورة مع رقم إسورة الأم.",
                    "قبل الرضاعة في {ward}، تبيّن أن الإسورة الخاصة ب<مولود|مولودة> تحمل اسم أم أخرى.",
                ],
                &[
                    "وكانت والدتان متشابهتا الاسم قد وضعتا بفارق [عشر دقائق|عشرين دقيقة].",
                    "وكُتبت الإسورتان مسبقًا ورُكّبتا بعد خروج المولودين من غرفة الولادة.",
                ],
                &[
                    "وراجعت البيانات قابلة واحدة فقط، مع أن السياسة تشترط اثنتين.",
                    "ولم تكن بصمة القدم قد أُخذت بعد لأن الحبر كان [جافًا|غير موجود].",
                ],
            ],
            action: &[
                "بقي المولودان مع ممرضة واحدة حتى تمت مطابقة بصمات القدم ووقت الولادة والأساور.",
                "راجع {doctor} ورئيسة القابلات بيانات المولودين والأمّين، ورُكّبت أساور جديدة.",
            ],
        },
        outcomes: &[Outcome {
            actual: Harm::NearMiss,
            severity: 3,
            en: &[
                "The mix-up was cleared up before either infant was fed or left the ward.",
                "Each infant was with the right mother within half an hour.",
            ],
            ar: &["وصُحح الخطأ قبل إرضاع أي منهما أو خروجه من القسم.", "وعاد كل مولود إلى أمه خلال نصف ساعة."],
        }],
    },
    Archetype {
        category: "clinical_administration",
        subtype: "consent",
        wards: &[THEATRE, SURGICAL, ORTHOPAEDIC],
        who: Who::Patient(Age::Adult),
        potential: Harm::Mild,
        probability: &[2, 3],
        items: &[],
        en: Text {
            error: "incomplete consent form",
            story: &[
                &[
                    "{patient} from {ward} was sent for an operation with a consent form that [had no signature of the surgeon|did not name the operation].",
                    "The consent of {patient} in {ward} had been signed by a [brother|cousin], although the patient was awake and of sound mind.",
                ],
                &[
                    "The risks had been explained by a house officer in the corridor, shortly before the operation.",
                    "The printed form was filled in for another procedure and corrected by hand.",
                ],
                &[
                    "The pre-operative checklist was ticked as complete all the same.",
                    "The list had been brought forward, and the form was to be completed afterwards.",
                ],
            ],
            action: &[
                "{doctor} spoke with the patient and documented the conversation in the file.",
                "The medical director on duty was told, and {doctor} went through the form with the patient.",
            ],
        },
        ar: Text {
            error: "إقرار موافقة غير مكتمل قبل العملية",
            story: &[
                &[
                    "أُرسل<|ت> {patient} من {ward} إلى العمليات بإقرار [غير موقّع من الجرّاح|لا يتضمن اسم العملية].",
                    "وقّع [أحد الأقارب|الأخ] إقرار الموافقة الخاص ب{patient} في {ward} رغم اكتمال الوعي والأهلية.",
                ],
                &[
                    "وشرح المخاطر طبيب امتياز في الممر قبل العملية بوقت قصير.",
                    "وكان النموذج المطبوع معدًّا لإجراء آخر وعُدّل بخط اليد.",
                ],
                &[
                    "ومع ذلك وُضعت علامة الاكتمال في قائمة التحقق قبل الجراحة.",
                    "وكان قد تم تقديم موعد العملية على أن يُستكمل النموذج لاحقًا.",
                ],
            ],
            action: &[
                "تحدث {doctor} مع <المريض|المريضة> ودوّن ذلك في الملف.",
                "أُبلغ المدير الطبي المناوب، وراجع {doctor} الإقرار مع <المريض|المريضة>.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NearMiss,
                severity: 1,
                en: &[
                    "The anaesthetist noticed it at the sign-in, and the form was completed before the start.",
                ],
                ar: &["ولاحظ طبيب التخدير ذلك عند الاستلام، فاستُكمل الإقرار قبل البدء."],
            },
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &["It came to light after the operation, and the family has complained in writing."],
                ar: &["ولم يُكتشف ذلك إلا بعد العملية، وقدمت الأسرة شكوى مكتوبة."],
            },
        ],
    },
    Archetype {
        category: "clinical_administration",
        subtype: "discharge",
        wards: &[MEDICAL, SURGICAL, ORTHOPAEDIC],
        who: Who::Patient(Age::Older),
        potential: Harm::Severe,
        probability: &[2, 3],
        items: &[
            ["anticoagulant", "", "مضاد التجلط", ""],
            ["insulin", "", "الأنسولين", ""],
            ["heart failure medicine", "", "علاج هبوط القلب", ""],
        ],
        en: Text {
            error: "{item} missing from the discharge prescription",
            story: &[
                &[
                    "{patient} left {ward} without the {item} that had been taken for years.",
                    "The discharge prescription of {patient} from {ward} did not list the {item}.",
                ],
                &[
                    "The drug had been stopped [before the operation|during the first days] and was not restarted.",
                    "The summary was copied from the drug chart of the last day, and home medicines were not compared.",
                ],
                &[
                    "The family was told about follow-up in the corridor and got nothing in writing.",
                    "The bed was needed quickly, and the pharmacist's talk was left out.",
                ],
            ],
            action: &[
                "The family was telephoned, and {doctor} wrote a new prescription.",
                "{doctor} saw the patient again, corrected the summary and explained it to the family.",
            ],
        },
        ar: Text {
            error: "سقوط {item} من روشتة الخروج",
            story: &[
                &[
                    "خرج<|ت> {patient} من {ward} دون {item} الموصوف منذ سنوات.",
                    "خلت روشتة الخروج الصادرة من {ward} ل{patient} من {item}.",
                ],
                &[
                    "وكان الدواء قد أُوقف [قبل العملية|في الأيام الأولى] ولم يُستأنف بعد ذلك.",
                    "ونُقل ملخص الخروج من تذكرة علاج اليوم الأخير دون مطابقة أدوية المنزل.",
                ],
                &[
                    "وأُبلغت الأسرة بموعد المتابعة شفهيًا في الممر دون أي تعليمات مكتوبة.",
                    "وكانت هناك حاجة عاجلة إلى السرير، فلم تتم توعية الصيدلي قبل الخروج.",
                ],
            ],
            action: &[
                "جرى الاتصال بالأسرة، وكتب {doctor} روشتة جديدة.",
                "أعاد {doctor} الكشف وصحح ملخص الخروج وشرحه للأسرة.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &["The pharmacy noticed it the next day, and no dose of importance was missed."],
                ar: &["ولاحظت الصيدلية ذلك في اليوم التالي قبل فوات جرعات مؤثرة."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 2,
                en: &[
                    "<he|she> came back after [four|six] days with worse symptoms and had to be admitted again.",
                ],
                ar: &["وعاد<|ت> <المريض|المريضة> بعد [أربعة|ستة] أيام بأعراض أشد واستلزم الأمر إعادة الدخول."],
            },
        ],
    },
    Archetype {
        category: "clinical_administration",
        subtype: "handover",
        wards: &[SURGICAL, PAEDIATRIC, ORTHOPAEDIC],
        who: Who::Patient(Age::Child),
        potential: Harm::Severe,
        probability: &[2, 3],
        items: &[],
        en: Text {
            error: "fasting order not handed over",
            story: &[
                &[
                    "{patient} in {ward} was given breakfast on the day of the operation although fasting had been ordered.",
                    "In {ward}, nobody told the family of {patient} that the child must not eat before the operation.",
                ],
                &[
                    "The order was written late in the evening and was not mentioned at the change of shift.",
                    "The handover sheet has no line for fasting, and the sign above the bed was missing.",
                ],
                &[
                    "The outgoing shift left in a hurry because [the bus was waiting|an emergency had come in].",
                    "Handover was given at the desk and not from bed to bed.",
                ],
            ],
            action: &[
                "Theatre was informed, and {doctor} spoke with the parents.",
                "The operation list was changed by {doctor}, and a fasting sign was hung on the bed.",
            ],
        },
        ar: Text {
            error: "عدم إبلاغ الوردية التالية بأمر الصيام قبل العملية",
            story: &[
                &[
                    "قُدم الإفطار ل{patient} في {ward} يوم العملية رغم وجود أمر بالصيام.",
                    "في {ward}، لم تُبلَّغ أسرة {patient} بضرورة الصيام قبل العملية.",
                ],
                &[
                    "وكان الأمر قد كُتب في وقت متأخر من المساء ولم يُذكر عند تغيير الوردية.",
                    "ولا يتضمن نموذج التسليم والتسلّم بندًا للصيام، ولم تكن هناك لافتة فوق السرير.",
                ],
                &[
                    "وانصرفت الوردية السابقة على عجل بسبب [موعد الأتوبيس|وصول حالة طارئة].",
                    "وتم التسليم والتسلّم على المكتب وليس بالمرور على الأسرّة.",
                ],
            ],
            action: &[
                "أُبلغت العمليات، وتحدث {doctor} مع الوالدين.",
                "عدّل {doctor} قائمة العمليات، وعُلّقت لافتة الصيام على السرير.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NoHarm,
                severity: 1,
                en: &["The operation was put off to the next day, to the anger of the family."],
                ar: &["وتأجلت العملية إلى اليوم التالي، مما أثار استياء الأسرة."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 3,
                en: &[
                    "It was noticed only when the child vomited under anaesthesia; the airway was cleared, and the child was watched in intensive care.",
                ],
                ar: &[
                    "ولم يُكتشف الأمر إلا عند حدوث قيء أثناء التخدير، وتم تأمين مجرى الهواء والملاحظة في العناية المركزة.",
                ],
            },
        ],
    },
];
