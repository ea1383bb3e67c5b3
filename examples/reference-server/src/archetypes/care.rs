//! Nursing care: accidents, skin, meals.

use eovr_core::incident::harm::Harm;

use super::cast::{
    Age, INTENSIVE, MATERNITY, MEDICAL, NEONATAL, ORTHOPAEDIC, PAEDIATRIC, RECOVERY, SURGICAL,
};
use super::{Archetype, Outcome, Text, Who};

pub(super) const TABLE: &[Archetype] = &[
    Archetype {
        category: "patient_accident",
        subtype: "fall_bathroom",
        wards: &[MEDICAL, SURGICAL, ORTHOPAEDIC],
        who: Who::Patient(Age::Older),
        potential: Harm::Severe,
        probability: &[2, 3],
        items: &[],
        en: Text {
            error: "fall in the bathroom",
            story: &[
                &[
                    "{patient} fell in the bathroom of {ward} on the way back to bed.",
                    "In {ward}, {patient} slipped in the bathroom and was found on the floor by [a visitor|the cleaner|another patient].",
                ],
                &[
                    "The floor was wet after cleaning, and no warning sign had been put up.",
                    "The grab rail beside the toilet has been loose for [two weeks|a month] and was reported to maintenance.",
                ],
                &[
                    "<he|she> had been scored as at high risk of falling, but the yellow band was missing.",
                    "<he|she> had taken [a sleeping tablet|a diuretic] and did not want to disturb the nurse by ringing.",
                ],
            ],
            action: &[
                "<he|she> was examined on the floor by {doctor} before being lifted, and vital signs were taken.",
                "{doctor} was called, an X-ray was ordered, and the bed was lowered with the bell in reach.",
            ],
        },
        ar: Text {
            error: "سقوط في دورة المياه",
            story: &[
                &[
                    "سقط<|ت> {patient} في دورة المياه الخاصة ب{ward} أثناء العودة إلى السرير.",
                    "في {ward}، انزلق<|ت> {patient} في دورة المياه، واكتشف ذلك [أحد الزائرين|عامل النظافة|مريض آخر].",
                ],
                &[
                    "وكانت الأرضية مبللة بعد التنظيف دون وضع لافتة تحذيرية.",
                    "ومقبض الحائط بجوار المرحاض غير مثبت منذ [أسبوعين|شهر] رغم إبلاغ الصيانة به.",
                ],
                &[
                    "وكان تقييم خطر السقوط مرتفعًا، لكن الإسورة الصفراء لم تكن موجودة.",
                    "وكان<|ت> <المريض|المريضة> قد تناول<|ت> [قرصًا منومًا|مدرًا للبول] وفضّل<|ت> عدم استدعاء الممرضة بالجرس.",
                ],
            ],
            action: &[
                "كشف {doctor} على <المريض|المريضة> قبل الرفع من الأرض، وقيست العلامات الحيوية.",
                "استُدعي {doctor} وطُلبت أشعة، وخُفض السرير ووُضع الجرس في متناول اليد.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &["There was a bruise on the [hip|elbow|forehead] and no fracture."],
                ar: &["ونتجت عن السقوط كدمة في [الفخذ|الكوع|الجبهة] دون كسور."],
            },
            Outcome {
                actual: Harm::Severe,
                severity: 3,
                en: &[
                    "The X-ray showed a broken neck of the femur, and <he|she> was operated on [the next day|two days later].",
                ],
                ar: &["وأظهرت الأشعة كسرًا في عنق عظمة الفخذ، وأُجريت جراحة [في اليوم التالي|بعد يومين]."],
            },
        ],
    },
    Archetype {
        category: "patient_accident",
        subtype: "fall_bed",
        wards: &[RECOVERY, MEDICAL, INTENSIVE],
        who: Who::Patient(Age::Older),
        potential: Harm::Severe,
        probability: &[2, 3],
        items: &[],
        en: Text {
            error: "fall from the bed",
            story: &[
                &[
                    "{patient} in {ward} fell out of bed while trying to [get up alone|reach the water jug|sit up].",
                    "In {ward}, {patient} was found beside the bed during the [first|second] round of the shift.",
                ],
                &[
                    "One side rail was down because [it no longer locks|blood had just been taken|the family had lowered it].",
                    "<he|she> was confused after [the anaesthetic|a night with fever] and was not watched all the time.",
                ],
                &[
                    "The risk of falling had been assessed on admission and not again since the [operation|change of treatment].",
                    "The bed cannot be lowered fully, and the bell had slipped behind the mattress.",
                ],
            ],
            action: &[
                "{doctor} examined the patient, the rail was tied up until repair, and a relative was allowed to stay.",
                "Neurological observation was started every hour, and {doctor} informed the family.",
            ],
        },
        ar: Text {
            error: "سقوط من السرير",
            story: &[
                &[
                    "سقط<|ت> {patient} من السرير في {ward} أثناء محاولة [النهوض دون مساعدة|الوصول إلى زجاجة المياه|الجلوس].",
                    "في {ward}، عُثر على {patient} بجوار السرير أثناء المرور [الأول|الثاني] للوردية.",
                ],
                &[
                    "وكان أحد الحاجزين الجانبيين منخفضًا لأن [قفله لا يعمل|عينة دم كانت قد سُحبت للتو|الأسرة أنزلته].",
                    "وكان<|ت> <المريض|المريضة> في حالة تشوش بعد [التخدير|ليلة من الحمى] دون ملاحظة مستمرة.",
                ],
                &[
                    "وكان تقييم خطر السقوط قد أُجري عند الدخول ولم يُكرر بعد [العملية|تغيير العلاج].",
                    "ولا ينخفض السرير إلى أدنى مستوى، كما أن جرس الاستدعاء كان قد سقط خلف المرتبة.",
                ],
            ],
            action: &[
                "كشف {doctor} على الحالة، ورُبط الحاجز لحين إصلاحه، وسُمح ببقاء مرافق.",
                "بدأت متابعة درجة الوعي كل ساعة، وأبلغ {doctor} الأسرة.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &["No injury was found on examination."],
                ar: &["ولم تظهر أي إصابات عند الكشف."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 2,
                en: &[
                    "A cut on the [forehead|scalp] needed [three|four|five] stitches, and the scan of the head was clear.",
                ],
                ar: &[
                    "واحتاج جرح في [الجبهة|فروة الرأس] إلى [ثلاث غرز|أربع غرز|خمس غرز]، وجاءت أشعة المخ سليمة.",
                ],
            },
        ],
    },
    Archetype {
        category: "patient_accident",
        subtype: "thermal",
        wards: &[NEONATAL, PAEDIATRIC, MATERNITY],
        who: Who::Patient(Age::Newborn),
        potential: Harm::Severe,
        probability: &[1, 2],
        items: &[],
        en: Text {
            error: "burn from a warming aid",
            story: &[
                &[
                    "{patient} in {ward} was warmed with a [glove|bottle] filled with hot water after a bath.",
                    "In {ward}, a [bottle|bag] of hot water was laid beside {patient} because the warmer was in use elsewhere.",
                ],
                &[
                    "The temperature of the water was tested by hand only, and no cloth was put between.",
                    "Home-made warming aids are forbidden by the policy, but [no blankets were left|the linen had not arrived].",
                ],
                &[
                    "The skin was looked at after [40|60|90] minutes, when the child would not stop crying.",
                    "The nurse had [nine|eleven] infants to care for and was called to another one.",
                ],
            ],
            action: &[
                "The source of heat was removed, the skin was cooled, and {doctor} examined the child.",
                "{doctor} dressed the skin, and the mother was told in person.",
            ],
        },
        ar: Text {
            error: "حرق بسبب وسيلة تدفئة غير آمنة",
            story: &[
                &[
                    "في {ward}، تمت تدفئة {patient} بعد الاستحمام ب[قفاز مملوء|زجاجة مملوءة] بالماء الساخن.",
                    "وُضعت [زجاجة|قربة] ماء ساخن بجوار {patient} في {ward} لأن جهاز التدفئة كان مستخدمًا لحالة أخرى.",
                ],
                &[
                    "واختُبرت حرارة الماء باليد فقط دون وضع قطعة قماش عازلة.",
                    "وتمنع السياسة وسائل التدفئة غير المعتمدة، إلا أن [البطاطين كانت قد نفدت|المفروشات لم تكن قد وصلت].",
                ],
                &[
                    "ولم يُفحص الجلد إلا بعد [40|60|90] دقيقة عند استمرار البكاء.",
                    "وكانت الممرضة مسؤولة عن [تسعة|عشرة] أطفال واستُدعيت لحالة أخرى.",
                ],
            ],
            action: &[
                "أُبعد مصدر الحرارة وبُرّد الجلد، وكشف {doctor} على <المولود|المولودة>.",
                "عالج {doctor} الجلد المصاب، وأُبلغت الأم شخصيًا.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &["There was redness on the [thigh|back], which faded within two days."],
                ar: &["وظهر احمرار في [الفخذ|الظهر] زال خلال يومين."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 3,
                en: &["Blisters formed on the [leg|side], and the stay was longer by [six|nine] days."],
                ar: &["وظهرت فقاقيع على [الساق|جانب الجسم] وطالت مدة الإقامة [ستة|تسعة] أيام."],
            },
        ],
    },
    Archetype {
        category: "clinical_process",
        subtype: "pressure_injury",
        wards: &[INTENSIVE, MEDICAL, ORTHOPAEDIC],
        who: Who::Patient(Age::Older),
        potential: Harm::Severe,
        probability: &[3],
        items: &[
            ["sacrum", "", "أسفل الظهر", ""],
            ["left heel", "", "كعب القدم اليسرى", ""],
            ["right heel", "", "كعب القدم اليمنى", ""],
        ],
        en: Text {
            error: "pressure injury on the {item} acquired in hospital",
            story: &[
                &[
                    "During the morning wash a pressure injury was found on the {item} of {patient} in {ward}.",
                    "{patient}, in {ward} for [nine|twelve|sixteen] days, developed a pressure injury on the {item}.",
                ],
                &[
                    "The turning chart has gaps of up to [six|eight] hours on [two|three] nights.",
                    "The air mattress had been [without power since the bed was moved|lent to another ward].",
                ],
                &[
                    "The risk score was calculated on admission only, although the condition has worsened since.",
                    "<he|she> eats little, and the dietitian had not been asked to come.",
                ],
            ],
            action: &[
                "The wound was cleaned and dressed, a turning plan was hung on the bed, and {doctor} was informed.",
                "{doctor} and the wound nurse saw the patient, and an air mattress was brought the same day.",
            ],
        },
        ar: Text {
            error: "قرحة فراش مكتسبة داخل المستشفى في {item}",
            story: &[
                &[
                    "أثناء العناية الصباحية في {ward}، اكتُشفت قرحة فراش في {item} لدى {patient}.",
                    "أُصيب<|ت> {patient} بقرحة فراش في {item} خلال الإقامة في {ward}.",
                ],
                &[
                    "وتوجد في سجل تقليب الوضع فترات خالية تصل إلى [ست ساعات|ثماني ساعات] في أكثر من ليلة.",
                    "وكانت المرتبة الهوائية [مفصولة عن الكهرباء منذ نقل السرير|معارة إلى قسم آخر].",
                ],
                &[
                    "ولم يُحسب مقياس الخطورة إلا عند الدخول رغم تدهور الحالة بعد ذلك.",
                    "والتغذية ضعيفة، ولم تُطلب استشارة أخصائي التغذية.",
                ],
            ],
            action: &[
                "نُظفت القرحة وغُطيت، وعُلّقت خطة تقليب على السرير، وأُبلغ {doctor}.",
                "ناظر {doctor} وممرضة الجروح الحالة، ووُفرت مرتبة هوائية في اليوم نفسه.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &["The skin is red and not broken, which is stage one."],
                ar: &["والجلد محمر دون تقرح، وهي الدرجة الأولى."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 2,
                en: &[
                    "It measures about [three|four] centimetres and reaches into the fat below the skin, which is stage three.",
                ],
                ar: &["ويبلغ قطرها نحو [ثلاثة|أربعة] سنتيمترات وتصل إلى ما تحت الجلد، وهي الدرجة الثالثة."],
            },
        ],
    },
    Archetype {
        category: "nutrition",
        subtype: "wrong_diet",
        wards: &[PAEDIATRIC, SURGICAL],
        who: Who::Patient(Age::Child),
        potential: Harm::Severe,
        probability: &[2, 3],
        items: &[["milk", "", "اللبن", ""], ["egg", "", "البيض", ""], ["nuts", "", "المكسرات", ""]],
        en: Text {
            error: "meal with {item} served to a child with an allergy",
            story: &[
                &[
                    "{patient} in {ward} was served [a dessert|a sandwich|breakfast] with {item} in spite of a known allergy.",
                    "In {ward}, the tray for {patient} held food with {item}, to which the child is allergic.",
                ],
                &[
                    "The kitchen list is copied by hand each evening, and the column for allergies was left out.",
                    "The child had changed beds, and the tray followed the bed number and not the name.",
                ],
                &[
                    "The food worker left the tray on the bedside table without asking.",
                    "The nurse was [giving medicines|on the doctor's round] and did not see the tray.",
                ],
            ],
            action: &[
                "The tray was taken away, {doctor} examined the child, and the kitchen was telephoned.",
                "{doctor} was called, and the diet card above the bed was replaced by a red one.",
            ],
        },
        ar: Text {
            error: "تقديم وجبة تحتوي على {item} رغم وجود حساسية",
            story: &[
                &[
                    "في {ward}، قُدمت ل{patient} وجبة [إفطار|خفيفة|بها حلوى] تحتوي على {item} رغم وجود حساسية معروفة منه.",
                    "احتوت الوجبة المقدمة ل{patient} في {ward} على {item} رغم تسجيل الحساسية في الملف.",
                ],
                &[
                    "ويُنقل كشف التغذية يدويًا كل مساء، وقد سقطت منه خانة الحساسية.",
                    "وكان السرير قد تغيّر، ووُزعت الوجبة برقم السرير لا بالاسم.",
                ],
                &[
                    "وترك عامل التغذية الصينية على الكومودينو دون سؤال.",
                    "وكانت الممرضة [توزع الأدوية|في مرور الأطباء] فلم ترَ الصينية.",
                ],
            ],
            action: &[
                "رُفعت الوجبة وكشف {doctor} على <الطفل|الطفلة>، وجرى الاتصال بالمطبخ.",
                "استُدعي {doctor}، واستُبدلت بطاقة التغذية فوق السرير ببطاقة حمراء.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NearMiss,
                severity: 2,
                en: &["The mother noticed it before the child had eaten anything."],
                ar: &["ولاحظت الأم ذلك قبل تناول أي شيء من الوجبة."],
            },
            Outcome {
                actual: Harm::Moderate,
                severity: 2,
                en: &[
                    "Swelling of the lips and vomiting followed, and the child was kept [one night|two nights] longer.",
                ],
                ar: &["وحدث تورم بالشفتين وقيء، وامتدت الإقامة [ليلة إضافية|ليلتين إضافيتين]."],
            },
        ],
    },
];
