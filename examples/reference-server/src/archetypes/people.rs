//! Behaviour, staffing and beds.

use eovr_core::incident::harm::Harm;

use super::cast::{Age, EMERGENCY, INTENSIVE, MEDICAL, NEONATAL, ORTHOPAEDIC, PAEDIATRIC, SURGICAL};
use super::{Archetype, Outcome, Text, Who};

pub(super) const TABLE: &[Archetype] = &[
    Archetype {
        category: "behaviour",
        subtype: "physical_assault",
        wards: &[EMERGENCY, INTENSIVE, SURGICAL],
        who: Who::Staff,
        potential: Harm::Severe,
        probability: &[3],
        items: &[],
        en: Text {
            error: "nurse attacked by a patient's relatives",
            story: &[
                &[
                    "[Two|Three|Several] relatives of a patient attacked a nurse in {ward}.",
                    "A nurse in {ward} was [pushed against the wall|struck in the face] by relatives of a patient.",
                ],
                &[
                    "They had waited [two|three] hours for a [bed|doctor] and had not been told why.",
                    "The quarrel began when they were asked to leave after visiting hours.",
                ],
                &[
                    "The security guard had left the door to [have his meal|help with parking], and the alarm button did not work.",
                    "Colleagues called for help, which took [six|ten] minutes to arrive.",
                ],
            ],
            action: &[
                "The nurse was examined by {doctor}, the police were informed, and a second guard was posted.",
                "The relatives were led out by security, and {doctor} wrote a report on the injuries.",
            ],
        },
        ar: Text {
            error: "اعتداء أهل مريض على ممرضة",
            story: &[
                &[
                    "اعتدى [اثنان|ثلاثة|عدد] من أهل أحد المرضى على ممرضة في {ward}.",
                    "تعرضت ممرضة في {ward} [للدفع نحو الحائط|للضرب على الوجه] من أقارب أحد المرضى.",
                ],
                &[
                    "وكانوا قد انتظروا [ساعتين|ثلاث ساعات] [توافر سرير|حضور الطبيب] دون أن يوضح لهم أحد سبب التأخير.",
                    "وبدأت المشادة عندما طُلب منهم المغادرة بعد انتهاء مواعيد الزيارة.",
                ],
                &[
                    "وكان فرد الأمن قد ترك الباب [لتناول الطعام|لتنظيم انتظار السيارات]، ولم يعمل زر الإنذار.",
                    "وطلبت الزميلات النجدة التي وصلت بعد [ست دقائق|عشر دقائق].",
                ],
            ],
            action: &[
                "كشف {doctor} على الممرضة وأُبلغت نقطة الشرطة، وعُيّن فرد أمن إضافي.",
                "أخرج الأمن المعتدين من القسم، وحرر {doctor} تقريرًا طبيًا بالإصابات.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &["She has bruises on the [arm|face] and could go on working after a rest."],
                ar: &["وأُصيبت بكدمات في [الذراع|الوجه] وعادت إلى العمل بعد فترة راحة."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 3,
                en: &["She has a broken [finger|wrist] and is on sick leave for [three|four] weeks."],
                ar: &["وأُصيبت بكسر في [الإصبع|الرسغ] وحصلت على إجازة مرضية لمدة [ثلاثة|أربعة] أسابيع."],
            },
        ],
    },
    Archetype {
        category: "behaviour",
        subtype: "absconding",
        wards: &[MEDICAL, EMERGENCY, ORTHOPAEDIC],
        who: Who::Patient(Age::Adult),
        potential: Harm::Death,
        probability: &[2],
        items: &[],
        en: Text {
            error: "patient left the hospital unnoticed",
            story: &[
                &[
                    "{patient} left {ward} without telling anybody and was missed at the [medicine|meal] round.",
                    "At the change of shift in {ward}, the bed of {patient} was found empty.",
                ],
                &[
                    "<he|she> had asked [twice|several times] to go home because of [the costs|worry about the children].",
                    "<he|she> had been confused since the night, which was noted but not acted upon.",
                ],
                &[
                    "The side door stood open for [deliveries|the cleaners], and the camera there does not record.",
                    "Patients wear their own clothes in the ward, so the guard at the gate took <him|her> for a visitor.",
                ],
            ],
            action: &[
                "Security searched the building, and {doctor} telephoned the family.",
                "The supervisor and {doctor} were informed, and the police got a description.",
            ],
        },
        ar: Text {
            error: "خروج مريض من المستشفى دون علم العاملين",
            story: &[
                &[
                    "غادر<|ت> {patient} {ward} دون إبلاغ أحد، ولم يُكتشف ذلك إلا عند توزيع [الأدوية|الوجبات].",
                    "عند تغيير الوردية في {ward}، وُجد السرير الخاص ب{patient} خاليًا.",
                ],
                &[
                    "وكان<|ت> <المريض|المريضة> قد طلب<|ت> الخروج [مرتين|أكثر من مرة] بسبب [تكاليف العلاج|القلق على الأبناء].",
                    "وكانت الحالة مشوشة الوعي منذ الليل، وهو ما دُوّن دون اتخاذ إجراء.",
                ],
                &[
                    "وكان الباب الجانبي مفتوحًا [لاستلام التوريدات|لعمال النظافة]، والكاميرا هناك لا تسجل.",
                    "ويرتدي المرضى في القسم ملابسهم الخاصة، فظن فرد الأمن أن الخارج زائر.",
                ],
            ],
            action: &[
                "فتش الأمن المبنى، واتصل {doctor} بالأسرة.",
                "أُبلغت المشرفة و{doctor}، وأُعطيت الأوصاف إلى الشرطة.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &["The family brought <him|her> back the same evening in good condition."],
                ar: &["وأعادته<|ا> الأسرة في المساء نفسه بحالة جيدة."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 3,
                en: &[
                    "<he|she> was found [at the bus station|by the roadside] with a cannula still in place and signs of dehydration, and was admitted again.",
                ],
                ar: &[
                    "وعُثر <عليه|عليها> [في موقف الأتوبيس|على جانب الطريق] والكانيولا لا تزال مركبة مع أعراض جفاف، واستلزم الأمر إعادة الدخول.",
                ],
            },
        ],
    },
    Archetype {
        category: "resources_organisation",
        subtype: "staff_shortage",
        wards: &[MEDICAL, PAEDIATRIC, INTENSIVE, NEONATAL],
        who: Who::Place,
        potential: Harm::Severe,
        probability: &[3],
        items: &[],
        en: Text {
            error: "too few nurses for the number of patients",
            story: &[
                &[
                    "Only [two|three] nurses were on duty in {ward} for [twenty|twenty-four|twenty-eight] patients.",
                    "{ward} worked a full shift with half of the nurses on the roster.",
                ],
                &[
                    "Two colleagues were on sick leave, and one had been sent to another ward.",
                    "The roster was changed on a holiday, and nobody was called in to replace the missing.",
                ],
                &[
                    "[Vital signs|Turning|Blood sugars] could be done only once instead of [three|four] times.",
                    "Medicines were given up to [two|three] hours late.",
                ],
            ],
            action: &[
                "The supervisor was called and sent one nurse from the surgical side for the rest of the shift.",
                "Admissions were stopped for some hours in agreement with {doctor}.",
            ],
        },
        ar: Text {
            error: "نقص عدد التمريض بالنسبة إلى عدد المرضى",
            story: &[
                &[
                    "عملت في {ward} [ممرضتان فقط|ثلاث ممرضات فقط] مقابل [عشرين|أربعة وعشرين|ثمانية وعشرين] مريضًا.",
                    "عملت الوردية كاملة في {ward} بنصف عدد التمريض المدرج في الجدول.",
                ],
                &[
                    "وكانت زميلتان في إجازة مرضية وثالثة منتدبة إلى قسم آخر.",
                    "وعُدّل الجدول في يوم عطلة دون استدعاء بديل.",
                ],
                &[
                    "ولم يتسنَّ إجراء [قياس العلامات الحيوية|تقليب المرضى|قياس السكر] سوى مرة واحدة بدلًا من [ثلاث|أربع] مرات.",
                    "وتأخر إعطاء الأدوية حتى [ساعتين|ثلاث ساعات].",
                ],
            ],
            action: &[
                "أُبلغت مشرفة التمريض، فأرسلت ممرضة من أقسام الجراحة لبقية الوردية.",
                "أُوقف دخول حالات جديدة عدة ساعات بالاتفاق مع {doctor}.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::UnsafeCondition,
                severity: 2,
                en: &["No patient came to harm in that shift."],
                ar: &["ولم يتعرض أي مريض لضرر خلال الوردية."],
            },
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &["One patient had to wait [an hour|two hours] for a painkiller after an operation."],
                ar: &["وانتظر أحد المرضى مسكن الألم بعد العملية [ساعة|ساعتين]."],
            },
        ],
    },
    Archetype {
        category: "resources_organisation",
        subtype: "bed_availability",
        wards: &[EMERGENCY],
        who: Who::Patient(Age::Older),
        potential: Harm::Death,
        probability: &[3],
        items: &[
            ["pneumonia", "", "التهاب رئوي حاد", ""],
            ["a stroke", "", "جلطة بالمخ", ""],
            ["heart failure", "", "هبوط بالقلب", ""],
        ],
        en: Text {
            error: "long wait for an intensive care bed",
            story: &[
                &[
                    "{patient} with {item} waited [nine|fourteen|twenty] hours in {ward} for an intensive care bed.",
                    "In {ward}, no intensive care bed could be found for {patient} with {item} for [nine|fourteen|twenty] hours.",
                ],
                &[
                    "[Two|Three] beds in intensive care were held by patients fit for the ward, where no bed was free either.",
                    "Five hospitals were telephoned one after the other, as there is no common list of free beds.",
                ],
                &[
                    "The nurse in {ward} had other acute cases to care for at the same time.",
                    "A monitor was borrowed, and the ventilator of the transport stretcher was used.",
                ],
            ],
            action: &[
                "{doctor} stayed with the patient, and the medical director on duty was informed every two hours.",
                "Intensive care staff began treatment in the emergency department under {doctor}.",
            ],
        },
        ar: Text {
            error: "طول انتظار سرير عناية مركزة",
            story: &[
                &[
                    "انتظر<|ت> {patient} مع تشخيص {item} [تسع ساعات|أربع عشرة ساعة|عشرين ساعة] في {ward} لحين توافر سرير عناية مركزة.",
                    "في {ward}، لم يتوافر سرير عناية مركزة ل{patient} بتشخيص {item} لمدة [تسع ساعات|أربع عشرة ساعة|عشرين ساعة].",
                ],
                &[
                    "وكانت [ثلاثة أسرّة|أربعة أسرّة] في العناية المركزة مشغولة بحالات يمكن نقلها إلى القسم الداخلي الذي لا يوجد به مكان أيضًا.",
                    "وجرى الاتصال بخمسة مستشفيات تباعًا لعدم وجود قائمة موحدة بالأسرّة الشاغرة.",
                ],
                &[
                    "وكانت الممرضة في {ward} مسؤولة عن حالات حرجة أخرى في الوقت نفسه.",
                    "واستُعير جهاز مراقبة، واستُخدم جهاز التنفس الخاص بنقالة النقل.",
                ],
            ],
            action: &[
                "لازم {doctor} الحالة، وأُبلغ المدير الطبي المناوب كل ساعتين.",
                "بدأ فريق العناية المركزة العلاج داخل قسم الطوارئ بإشراف {doctor}.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NoHarm,
                severity: 3,
                en: &["The condition stayed stable until the transfer."],
                ar: &["وظلت الحالة مستقرة حتى النقل."],
            },
            Outcome {
                actual: Harm::Severe,
                severity: 3,
                en: &["The condition worsened while waiting, and <he|she> had to be put on a ventilator."],
                ar: &["وتدهورت الحالة أثناء الانتظار ووُضعت على جهاز التنفس الصناعي."],
            },
        ],
    },
];
