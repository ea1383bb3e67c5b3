//! Doses and allergies: what was ordered or asked before a medicine was given.

use eovr_core::incident::harm::Harm;

use super::cast::{Age, EMERGENCY, MATERNITY, PAEDIATRIC, RADIOLOGY, SURGICAL};
use super::{Archetype, Outcome, Text, Who};

pub(super) const TABLE: &[Archetype] = &[
    Archetype {
        category: "medication",
        subtype: "wrong_dose",
        wards: &[PAEDIATRIC],
        who: Who::Patient(Age::Child),
        potential: Harm::Severe,
        probability: &[2],
        items: &[
            ["gentamicin", "", "الجنتاميسين", ""],
            ["paracetamol", "", "الباراسيتامول", ""],
            ["phenytoin", "", "الفينيتوين", ""],
        ],
        en: Text {
            error: "dose of {item} calculated from a wrong weight",
            story: &[
                &[
                    "The dose of {item} for {patient} in {ward} was calculated from a wrong weight.",
                    "{patient} in {ward} was prescribed {item} in a dose for almost twice the real weight.",
                ],
                &[
                    "The weight on the chart had been [estimated in the emergency department|copied from another child's sheet|given by the mother in pounds].",
                    "Nobody weighed the child on admission because the scale was [out of order|in another room].",
                ],
                &[
                    "The prescription was signed by the house officer at the end of a long duty.",
                    "The chart has a box for the dose per kilogram, which was left empty.",
                ],
            ],
            action: &[
                "The child was weighed, the dose corrected by {doctor}, and the parents were spoken to.",
                "{doctor} stopped the order and wrote a new one after weighing; the scale was replaced the same day.",
            ],
        },
        ar: Text {
            error: "حساب جرعة {item} على أساس وزن خاطئ",
            story: &[
                &[
                    "حُسبت جرعة {item} ل{patient} في {ward} على أساس وزن غير صحيح.",
                    "وُصف {item} ل{patient} في {ward} بجرعة تناسب ضعف الوزن الفعلي تقريبًا.",
                ],
                &[
                    "وكان الوزن المسجل في التذكرة [تقديريًا من قسم الطوارئ|منقولًا من ورقة طفل آخر|مأخوذًا من كلام الأم دون قياس].",
                    "ولم يُقَس الوزن عند الدخول لأن الميزان كان [معطلًا|موجودًا في غرفة أخرى].",
                ],
                &[
                    "وقد وقّع طبيب الامتياز الأمر الطبي في نهاية نوبتجية طويلة.",
                    "وتوجد بالتذكرة خانة مخصصة للجرعة لكل كيلوجرام، لكنها تُركت خالية.",
                ],
            ],
            action: &[
                "تم وزن <الطفل|الطفلة> وتصحيح الجرعة بمعرفة {doctor}، وشُرح الأمر للوالدين.",
                "أوقف {doctor} الأمر الطبي وكتب أمرًا جديدًا بعد قياس الوزن، واستُبدل الميزان في اليوم نفسه.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::NearMiss,
                severity: 2,
                en: &["The clinical pharmacist questioned the dose, and it was not dispensed."],
                ar: &["وراجع الصيدلي الإكلينيكي الجرعة واعترض عليها، فلم تُصرف."],
            },
            Outcome {
                actual: Harm::NoHarm,
                severity: 2,
                en: &[
                    "One dose was given; blood tests [that evening|the next day] were normal, and the child stayed well.",
                ],
                ar: &[
                    "وأُعطيت جرعة واحدة، وجاءت التحاليل [في المساء|في اليوم التالي] سليمة ولم تظهر على <الطفل|الطفلة> أي أعراض.",
                ],
            },
        ],
    },
    Archetype {
        category: "medication",
        subtype: "contraindication",
        wards: &[EMERGENCY, SURGICAL, MATERNITY],
        who: Who::Patient(Age::Mother),
        potential: Harm::Death,
        probability: &[2],
        items: &[
            ["ampicillin", "penicillin", "الأمبيسيلين", "البنسلين"],
            ["ceftriaxone", "cephalosporins", "السيفترياكسون", "السيفالوسبورينات"],
            ["diclofenac", "diclofenac", "الديكلوفيناك", "الديكلوفيناك"],
        ],
        en: Text {
            error: "{item} given despite a known allergy to {other}",
            story: &[
                &[
                    "{patient} in {ward} was given {item} although her file records an allergy to {other}.",
                    "In {ward}, {item} was injected to {patient} with a known allergy to {other}.",
                ],
                &[
                    "The allergy stood on the [first page of the old file|referral letter] but not on the current drug chart.",
                    "She wore no red band, as the ward had [run out of them|not been told of the allergy at handover].",
                ],
                &[
                    "The question about allergies was not asked again before the injection.",
                    "The order was given by telephone, and allergies were not mentioned.",
                ],
            ],
            action: &[
                "The infusion was stopped, adrenaline and an antihistamine were kept ready, and {doctor} examined her.",
                "{doctor} changed the order, and the allergy was written on the chart and on a red band.",
            ],
        },
        ar: Text {
            error: "إعطاء {item} رغم وجود حساسية معروفة من {other}",
            story: &[
                &[
                    "أُعطي {item} ل{patient} في {ward} رغم تسجيل حساسية من {other} في ملفها.",
                    "في {ward}، جرى حقن {item} ل{patient} لديها حساسية معروفة من {other}.",
                ],
                &[
                    "وكانت الحساسية مدوّنة في [الصفحة الأولى من الملف القديم|خطاب التحويل] ولم تُنقل إلى تذكرة العلاج الحالية.",
                    "ولم تكن المريضة ترتدي الإسورة الحمراء لأن القسم [نفدت منه الأساور|لم يُبلَّغ بالحساسية عند التسليم والتسلّم].",
                ],
                &[
                    "ولم يُعَد سؤال المريضة عن الحساسية قبل الحقن مباشرة.",
                    "وصدر الأمر الطبي هاتفيًا دون ذكر الحساسية.",
                ],
            ],
            action: &[
                "أُوقف الدواء فورًا، وجُهّز الأدرينالين ومضاد الهيستامين، وقام {doctor} بالكشف على المريضة.",
                "غيّر {doctor} الأمر الطبي، وسُجلت الحساسية في التذكرة وعلى إسورة حمراء.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &["A rash with itching appeared within [10|15|20] minutes and settled with treatment."],
                ar: &["وظهر طفح جلدي مع حكة خلال [15|20|30] دقيقة، وزال بعد العلاج."],
            },
            Outcome {
                actual: Harm::Severe,
                severity: 3,
                en: &[
                    "She developed anaphylactic shock with wheezing and a blood pressure of [70/40|75/40], and was resuscitated.",
                ],
                ar: &[
                    "وحدثت صدمة تأقية مع صفير بالصدر وهبوط الضغط إلى [70/40|75/40]، وأُجري للمريضة إنعاش ناجح.",
                ],
            },
        ],
    },
    Archetype {
        category: "medication",
        subtype: "adverse_reaction",
        wards: &[RADIOLOGY],
        who: Who::Patient(Age::Adult),
        potential: Harm::Death,
        probability: &[2],
        items: &[],
        en: Text {
            error: "reaction to contrast medium during a CT scan",
            story: &[
                &[
                    "{patient} came to {ward} for a CT scan of the [chest|abdomen|brain] with contrast medium.",
                    "A CT scan with contrast was done in {ward} for {patient}.",
                ],
                &[
                    "The form with the questions on allergy and kidney function was [not filled in|signed but left blank].",
                    "A mild reaction [two years|some years] ago had been mentioned to the clerk and did not reach the technician.",
                ],
                &[
                    "[Two|Three|Five] minutes after the injection <he|she> complained of [itching and a tight throat|nausea and difficult breathing].",
                    "Before the scan was over <he|she> became [flushed and restless|pale and short of breath].",
                ],
            ],
            action: &[
                "The scan was stopped, oxygen and adrenaline were given, and {doctor} was called from the emergency department.",
                "The emergency team was called; {doctor} gave treatment on the scanner table.",
            ],
        },
        ar: Text {
            error: "تفاعل تحسسي للصبغة أثناء الأشعة المقطعية",
            story: &[
                &[
                    "حضر<|ت> {patient} إلى {ward} لإجراء أشعة مقطعية بالصبغة على [الصدر|البطن|المخ].",
                    "أُجريت في {ward} أشعة مقطعية بالصبغة ل{patient}.",
                ],
                &[
                    "وكان نموذج السؤال عن الحساسية ووظائف الكلى [غير مستوفى|موقّعًا دون ملء البيانات].",
                    "وكان قد ذُكر لموظف الاستقبال حدوث حساسية بسيطة [منذ عامين|قبل سنوات]، لكن المعلومة لم تصل إلى الفني.",
                ],
                &[
                    "وبعد الحقن [بدقيقتين|بثلاث دقائق|بخمس دقائق] <اشتكى|اشتكت> <المريض|المريضة> من [حكة وضيق في الحلق|غثيان وصعوبة في التنفس].",
                    "وقبل انتهاء الفحص ظهر على <المريض|المريضة> [احمرار بالوجه وقلق شديد|شحوب وضيق في التنفس].",
                ],
            ],
            action: &[
                "أُوقف الفحص وأُعطي الأكسجين والأدرينالين، واستُدعي {doctor} من قسم الطوارئ.",
                "استُدعي فريق الطوارئ، وقدّم {doctor} العلاج على طاولة الجهاز.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &["The symptoms faded within half an hour, and <he|she> went home the same day."],
                ar: &["وتحسنت الأعراض خلال نصف ساعة، وعاد<|ت> <المريض|المريضة> إلى المنزل في اليوم نفسه."],
            },
            Outcome {
                actual: Harm::Severe,
                severity: 3,
                en: &[
                    "The heart stopped for about [one minute|two minutes]; <he|she> was resuscitated and taken to intensive care.",
                ],
                ar: &[
                    "وتوقف القلب نحو [دقيقة|دقيقتين]، ونجح الإنعاش ونُقل<|ت> <المريض|المريضة> إلى العناية المركزة.",
                ],
            },
        ],
    },
];
