//! Oxygen and devices.

use eovr_core::incident::harm::Harm;

use super::cast::{Age, DIALYSIS, EMERGENCY, INTENSIVE, MEDICAL, RECOVERY, SURGICAL, THEATRE};
use super::{Archetype, Outcome, Text, Who};

pub(super) const TABLE: &[Archetype] = &[
    Archetype {
        category: "oxygen_gas",
        subtype: "not_given",
        wards: &[INTENSIVE, EMERGENCY, SURGICAL],
        who: Who::Patient(Age::Older),
        potential: Harm::Death,
        probability: &[2, 3],
        items: &[],
        en: Text {
            error: "oxygen cylinder ran empty during transport",
            story: &[
                &[
                    "The oxygen cylinder of {patient} ran empty on the way from {ward} to [the CT scanner|the operating theatre|another floor].",
                    "{patient} was taken from {ward} with a cylinder that emptied after [10|15|20] minutes.",
                ],
                &[
                    "The gauge had not been read before leaving, and the cylinder was less than a quarter full.",
                    "The transfer took longer because the [lift was out of order|scanner was not ready].",
                ],
                &[
                    "No spare cylinder and no hand ventilator were on the stretcher.",
                    "Only a porter went along, although the policy asks for a nurse.",
                ],
            ],
            action: &[
                "A cylinder was fetched from the nearest ward, and {doctor} met the patient on the way.",
                "The patient was brought to the nearest wall outlet, and {doctor} was called.",
            ],
        },
        ar: Text {
            error: "نفاد أسطوانة الأكسجين أثناء النقل",
            story: &[
                &[
                    "نفدت أسطوانة الأكسجين أثناء نقل {patient} من {ward} إلى [جهاز الأشعة المقطعية|جناح العمليات|دور آخر].",
                    "نُقل<|ت> {patient} من {ward} بأسطوانة أكسجين نفدت بعد [15|20] دقيقة.",
                ],
                &[
                    "ولم يُقرأ عداد الأسطوانة قبل التحرك، وكانت بها أقل من ربع سعتها.",
                    "واستغرق النقل وقتًا أطول لأن [المصعد كان معطلًا|جهاز الأشعة لم يكن جاهزًا].",
                ],
                &[
                    "ولم تكن على النقالة أسطوانة احتياطية ولا جهاز تنفس يدوي.",
                    "ورافق الحالة عامل نقل فقط، مع أن السياسة تشترط وجود ممرضة.",
                ],
            ],
            action: &[
                "أُحضرت أسطوانة من أقرب قسم، ولحق {doctor} بالحالة في الطريق.",
                "نُقلت الحالة إلى أقرب مخرج أكسجين بالحائط، واستُدعي {doctor}.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &["The saturation fell to [88|89] for a short time and recovered without treatment."],
                ar: &["وانخفض تشبع الأكسجين إلى [88|89] لفترة قصيرة ثم عاد دون علاج."],
            },
            Outcome {
                actual: Harm::Severe,
                severity: 3,
                en: &["The saturation fell to [61|66|70], and <he|she> had to be intubated in the corridor."],
                ar: &["وانخفض تشبع الأكسجين إلى [61|66|70]، ورُكّبت أنبوبة حنجرية في الممر."],
            },
        ],
    },
    Archetype {
        category: "oxygen_gas",
        subtype: "wrong_rate",
        wards: &[MEDICAL, EMERGENCY],
        who: Who::Patient(Age::Older),
        potential: Harm::Death,
        probability: &[2],
        items: &[],
        en: Text {
            error: "high-flow oxygen in chronic lung disease",
            story: &[
                &[
                    "{patient} with chronic lung disease in {ward} received oxygen at [10|12|15] litres a minute instead of 2.",
                    "In {ward}, a mask with [10|12|15] litres a minute was put on {patient}, who is to have no more than 2 because of a chronic lung disease.",
                ],
                &[
                    "No oxygen order with a target saturation stood on the chart.",
                    "The order was given by word of mouth during [a busy shift|the transfer from the ambulance].",
                ],
                &[
                    "The blood gas test was delayed because the machine was [being calibrated|out of cartridges].",
                    "The flow was raised by [a relative|a student] when the saturation alarm sounded.",
                ],
            ],
            action: &[
                "The flow was reduced, {doctor} was called, and the blood gases were followed.",
                "{doctor} wrote an order with a target of 88 to 92 per cent, and a card was hung on the flow meter.",
            ],
        },
        ar: Text {
            error: "إعطاء أكسجين بتدفق عالٍ لمريض صدر مزمن",
            story: &[
                &[
                    "في {ward}، أُعطي الأكسجين ل{patient} بمعدل [12|15] لترًا في الدقيقة بدلًا من لترين رغم وجود مرض رئوي مزمن.",
                    "وُضع قناع أكسجين بمعدل [12|15] لترًا في الدقيقة ل{patient} في {ward}، مع أن المرض الرئوي المزمن يستدعي ألا يتجاوز المعدل لترين.",
                ],
                &[
                    "ولم يكن في تذكرة العلاج أمر مكتوب بالأكسجين أو بنسبة التشبع المستهدفة.",
                    "وصدر الأمر شفهيًا أثناء [وردية مزدحمة|الاستلام من سيارة الإسعاف].",
                ],
                &[
                    "وتأخر تحليل غازات الدم لأن الجهاز كان [قيد المعايرة|خاليًا من الكواشف].",
                    "ورفع [أحد المرافقين|أحد الطلبة] معدل التدفق عند صدور إنذار التشبع.",
                ],
            ],
            action: &[
                "خُفض التدفق واستُدعي {doctor}، وتوبعت غازات الدم.",
                "كتب {doctor} أمرًا بنسبة تشبع مستهدفة من 88 إلى 92 بالمئة، وعُلّقت بطاقة على منظم الأكسجين.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &[
                    "<he|she> became drowsy, and was awake again [one hour|two hours] after the flow was corrected.",
                ],
                ar: &["وحدث ميل إلى النعاس زال بعد [ساعة|ساعتين] من ضبط التدفق."],
            },
            Outcome {
                actual: Harm::Severe,
                severity: 3,
                en: &[
                    "Carbon dioxide rose to [90|96], and <he|she> needed a ventilator for [two|three] days.",
                ],
                ar: &[
                    "وارتفع ثاني أكسيد الكربون إلى [90|96]، واحتاجت الحالة إلى جهاز تنفس صناعي [يومين|ثلاثة أيام].",
                ],
            },
        ],
    },
    Archetype {
        category: "medical_device",
        subtype: "disconnection",
        wards: &[DIALYSIS],
        who: Who::Patient(Age::Adult),
        potential: Harm::Death,
        probability: &[1, 2],
        items: &[],
        en: Text {
            error: "venous dialysis line came loose",
            story: &[
                &[
                    "In the [second|third] hour of the session the venous line of {patient} came loose in {ward}.",
                    "{patient} in {ward} bled from a venous dialysis needle that had slipped out.",
                ],
                &[
                    "The arm was covered with a blanket, so that the blood was not seen at first.",
                    "The needle had been fixed with a kind of tape that does not hold on damp skin.",
                ],
                &[
                    "The pressure alarm had been [widened after repeated false alarms|silenced a few minutes before].",
                    "One nurse was looking after [six|seven] machines.",
                ],
            ],
            action: &[
                "The pump was stopped, the site was pressed, and {doctor} gave fluids.",
                "{doctor} was called, the session was ended, and the blood count was checked.",
            ],
        },
        ar: Text {
            error: "انفصال الوصلة الوريدية أثناء الغسيل الكلوي",
            story: &[
                &[
                    "في الساعة [الثانية|الثالثة] من الجلسة انفصلت الوصلة الوريدية ل{patient} في {ward}.",
                    "حدث نزيف ل{patient} في {ward} نتيجة خروج الإبرة الوريدية أثناء الجلسة.",
                ],
                &[
                    "وكان الذراع مغطى ببطانية، فلم يُلاحظ الدم في البداية.",
                    "وكانت الإبرة مثبتة بنوع من اللاصق لا يثبت على الجلد الرطب.",
                ],
                &[
                    "[وكانت حدود إنذار الضغط قد وُسّعت بعد تكرار الإنذارات الكاذبة|وكان إنذار الضغط قد كُتم قبلها بدقائق].",
                    "وكانت ممرضة واحدة مسؤولة عن [ستة|سبعة] أجهزة.",
                ],
            ],
            action: &[
                "أُوقفت المضخة وضُغط على موضع الإبرة، وأعطى {doctor} محاليل.",
                "استُدعي {doctor} وأُنهيت الجلسة، وأُجريت صورة دم.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &[
                    "About [100|150] millilitres of blood were lost, and <he|she> went home after observation.",
                ],
                ar: &[
                    "وقُدّر الفاقد بنحو [100|150] ملليلتر، وعاد<|ت> <المريض|المريضة> إلى المنزل بعد الملاحظة.",
                ],
            },
            Outcome {
                actual: Harm::Severe,
                severity: 3,
                en: &[
                    "<he|she> lost consciousness from loss of blood and received [two|three] units in intensive care.",
                ],
                ar: &["وحدث فقدان للوعي نتيجة النزف، ونُقلت [وحدتا دم|ثلاث وحدات دم] في العناية المركزة."],
            },
        ],
    },
    Archetype {
        category: "medical_device",
        subtype: "malfunction",
        wards: &[INTENSIVE, RECOVERY, SURGICAL],
        who: Who::Patient(Age::Adult),
        potential: Harm::Severe,
        probability: &[2],
        items: &[["infusion pump", "", "مضخة المحاليل", ""], ["syringe pump", "", "مضخة السرنجة", ""]],
        en: Text {
            error: "{item} ran faster than set",
            story: &[
                &[
                    "The {item} of {patient} in {ward} emptied in [one hour|two hours] what was meant for eight.",
                    "In {ward}, the {item} of {patient} ran much faster than the rate on its display.",
                ],
                &[
                    "The service label shows that maintenance has been overdue since [the spring|last year].",
                    "The device had been reported before and came back from the workshop without a note.",
                ],
                &[
                    "Its alarm did not sound, or could not be heard over the other monitors.",
                    "The drip was looked at only when the next bag was due.",
                ],
            ],
            action: &[
                "The device was taken out of use with a red tag, and {doctor} examined the patient.",
                "{doctor} ordered blood tests, and medical engineering collected the device with its settings unchanged.",
            ],
        },
        ar: Text {
            error: "عطل في {item} أدى إلى سرعة تسريب زائدة",
            story: &[
                &[
                    "أفرغت {item} في {ward} خلال [ساعة|ساعتين] ما كان مقررًا على مدى ثماني ساعات ل{patient}.",
                    "في {ward}، عملت {item} الخاصة ب{patient} بسرعة أعلى بكثير مما يظهر على الشاشة.",
                ],
                &[
                    "ويوضح ملصق الصيانة أن موعد الصيانة الدورية فات منذ [عدة أشهر|العام الماضي].",
                    "وسبق الإبلاغ عن الجهاز نفسه، وعاد من الورشة دون أي بيان بالإصلاح.",
                ],
                &[
                    "ولم يصدر إنذار، أو لم يُسمع وسط أصوات الأجهزة الأخرى.",
                    "ولم تُلاحظ سرعة التسريب إلا عند موعد الزجاجة التالية.",
                ],
            ],
            action: &[
                "سُحب الجهاز من الخدمة ببطاقة حمراء، وكشف {doctor} على الحالة.",
                "طلب {doctor} تحاليل دم، وتسلمت الهندسة الطبية الجهاز دون تغيير إعداداته.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &["It was plain saline, and the patient felt nothing."],
                ar: &["وكان المحلول ملحًا عاديًا ولم تظهر أي أعراض."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 2,
                en: &[
                    "It carried a sedative; breathing became shallow, and <he|she> was assisted with a mask for [one hour|two hours].",
                ],
                ar: &[
                    "وكان المحلول يحتوي على مهدئ، فضعف التنفس واستلزم الأمر دعمًا بالقناع لمدة [ساعة|ساعتين].",
                ],
            },
        ],
    },
    Archetype {
        category: "medical_device",
        subtype: "unclean",
        wards: &[THEATRE],
        who: Who::Place,
        potential: Harm::Moderate,
        probability: &[2, 3],
        items: &[
            ["orthopaedic", "", "العظام", ""],
            ["laparoscopy", "", "المناظير", ""],
            ["general surgery", "", "الجراحة العامة", ""],
        ],
        en: Text {
            error: "wet or stained {item} set after sterilisation",
            story: &[
                &[
                    "When one {item} set was opened in {ward}, [moisture|a brown stain] was found inside the wrapping.",
                    "In {ward}, the chemical indicator of one {item} set had not changed colour.",
                ],
                &[
                    "The load had been taken out before the drying time ended, because the list was full.",
                    "The steriliser had failed its morning test and was used again after [one|two] repeat tests.",
                ],
                &[
                    "The log of the central sterile supply has no signature for that cycle.",
                    "Two more sets of the same load were already on the shelf.",
                ],
            ],
            action: &[
                "The set was put aside, another one was opened, and the whole load was recalled.",
                "The steriliser was closed until the engineer had seen it, and the list was rearranged.",
            ],
        },
        ar: Text {
            error: "طقم آلات {item} مبتل أو غير نظيف بعد التعقيم",
            story: &[
                &[
                    "عند فتح طقم آلات {item} في {ward}، وُجدت [رطوبة|بقعة بنية] داخل التغليف.",
                    "في {ward}، تبيّن أن المؤشر الكيميائي لطقم آلات {item} لم يتغير لونه.",
                ],
                &[
                    "وكانت الحمولة قد أُخرجت قبل انتهاء زمن التجفيف بسبب ازدحام قائمة العمليات.",
                    "وكان جهاز التعقيم قد فشل في الاختبار الصباحي ثم استُخدم بعد إعادة الاختبار [مرة|مرتين].",
                ],
                &[
                    "ولا يوجد في سجل التعقيم المركزي توقيع على هذه الدورة.",
                    "وكان طقمان آخران من الحمولة نفسها قد وُضعا على الرف.",
                ],
            ],
            action: &[
                "استُبعد الطقم وفُتح طقم آخر، واستُدعيت الحمولة كلها.",
                "أُوقف جهاز التعقيم لحين مراجعة المهندس، وأُعيد ترتيب قائمة العمليات.",
            ],
        },
        outcomes: &[Outcome {
            actual: Harm::UnsafeCondition,
            severity: 2,
            en: &[
                "It was noticed before the patient entered the theatre.",
                "None of the instruments had been used.",
            ],
            ar: &["ولوحظ ذلك قبل دخول المريض إلى غرفة العمليات.", "ولم تُستخدم أي من الآلات."],
        }],
    },
];
