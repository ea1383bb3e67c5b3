//! Blood and transfusion.

use eovr_core::incident::harm::Harm;

use super::cast::{Age, EMERGENCY, INTENSIVE, MATERNITY, MEDICAL, RECOVERY, SURGICAL};
use super::{Archetype, Outcome, Text, Who};

pub(super) const TABLE: &[Archetype] = &[
    Archetype {
        category: "blood_product",
        subtype: "wrong_label",
        wards: &[EMERGENCY, MATERNITY, SURGICAL],
        who: Who::Patient(Age::Mother),
        potential: Harm::Death,
        probability: &[1, 2],
        items: &[],
        en: Text {
            error: "cross-match tube labelled with another patient's name",
            story: &[
                &[
                    "A tube for cross-matching, taken in {ward} from {patient}, carried the label of another patient.",
                    "In {ward}, the blood sample of {patient} was labelled with the name of the patient in the next bed.",
                ],
                &[
                    "The labels had been printed beforehand and lay together [on the trolley|at the nurses' desk].",
                    "Blood had been taken from [two|three] patients in one round, and the tubes were labelled afterwards at the desk.",
                ],
                &[
                    "The band was not read at the bedside because the case was urgent.",
                    "The second signature on the request was given without comparing tube and band.",
                ],
            ],
            action: &[
                "The sample was discarded and a new one taken with two people at the bedside.",
                "The blood bank held both requests, and {doctor} had both patients grouped again.",
            ],
        },
        ar: Text {
            error: "وضع ملصق مريض آخر على أنبوبة اختبار التوافق",
            story: &[
                &[
                    "أنبوبة اختبار التوافق المسحوبة في {ward} من {patient} كانت تحمل ملصقًا باسم مريضة أخرى.",
                    "في {ward}، وُضع على عينة دم {patient} ملصق باسم المريضة في السرير المجاور.",
                ],
                &[
                    "وكانت الملصقات قد طُبعت مسبقًا وتُركت مجتمعة [على العربة|على مكتب التمريض].",
                    "وسُحبت عينات [مريضتين|ثلاث مريضات] في جولة واحدة، ثم وُضعت الملصقات لاحقًا على المكتب.",
                ],
                &[
                    "ولم تُقرأ إسورة التعريف بجوار السرير نظرًا لأن الحالة عاجلة.",
                    "وتم التوقيع الثاني على الطلب دون مطابقة الأنبوبة بالإسورة.",
                ],
            ],
            action: &[
                "أُعدمت العينة وسُحبت عينة جديدة بحضور شخصين بجوار السرير.",
                "أوقف بنك الدم الطلبين، وطلب {doctor} إعادة تحديد الفصيلة للمريضتين.",
            ],
        },
        outcomes: &[Outcome {
            actual: Harm::NearMiss,
            severity: 3,
            en: &[
                "The blood bank noticed that the group differed from an earlier record, and no blood was issued.",
                "The difference in group was found in the blood bank before any unit left the refrigerator.",
            ],
            ar: &[
                "ولاحظ بنك الدم اختلاف الفصيلة عن سجل سابق، فلم يُصرف أي دم.",
                "واكتُشف اختلاف الفصيلة في بنك الدم قبل خروج أي كيس من الثلاجة.",
            ],
        }],
    },
    Archetype {
        category: "blood_product",
        subtype: "adverse_reaction",
        wards: &[MEDICAL, RECOVERY, INTENSIVE],
        who: Who::Patient(Age::Adult),
        potential: Harm::Death,
        probability: &[1, 2],
        items: &[],
        en: Text {
            error: "transfusion continued although a reaction had begun",
            story: &[
                &[
                    "{patient} in {ward} had shivering and a fever of [38.9|39.2|39.5] during a transfusion of packed cells.",
                    "During the [first|second] unit of blood in {ward}, {patient} began to shiver and complained of pain in the back.",
                ],
                &[
                    "Vital signs had not been taken in the first fifteen minutes, as the policy asks.",
                    "The reaction was taken for the fever of the illness, and the transfusion ran on for [20|30|40] minutes.",
                ],
                &[
                    "The reaction form was not in the ward, and the bag was [left on the window sill|kept without its label].",
                    "The nurse had [six|eight] patients and two transfusions at the same time.",
                ],
            ],
            action: &[
                "The transfusion was stopped, the line kept open with saline, and {doctor} was called.",
                "{doctor} stopped the transfusion, and the bag and new samples went to the blood bank.",
            ],
        },
        ar: Text {
            error: "استمرار نقل الدم رغم ظهور أعراض تفاعل",
            story: &[
                &[
                    "أثناء نقل كرات دم حمراء في {ward}، ظهرت رعشة وارتفعت الحرارة إلى [38.9|39.2|39.5] لدى {patient}.",
                    "خلال نقل كيس الدم [الأول|الثاني] في {ward}، بدأت رعشة مع ألم بالظهر لدى {patient}.",
                ],
                &[
                    "ولم تُقَس العلامات الحيوية خلال الخمس عشرة دقيقة الأولى كما تنص السياسة.",
                    "وفُسرت الأعراض على أنها حرارة المرض الأصلي، فاستمر النقل [20|30|40] دقيقة.",
                ],
                &[
                    "ولم يكن نموذج تفاعلات نقل الدم متوفرًا بالقسم، أما الكيس ف[تُرك على حافة الشباك|حُفظ دون ملصقه].",
                    "وكانت الممرضة مسؤولة عن [ست حالات|ثماني حالات] وعمليتي نقل دم في وقت واحد.",
                ],
            ],
            action: &[
                "أُوقف نقل الدم مع الإبقاء على الوريد بمحلول ملح، واستُدعي {doctor}.",
                "أوقف {doctor} نقل الدم، وأُرسل الكيس مع عينات جديدة إلى بنك الدم.",
            ],
        },
        outcomes: &[
            Outcome {
                actual: Harm::Mild,
                severity: 2,
                en: &["The fever settled with treatment, and the blood bank found no sign of haemolysis."],
                ar: &["وانخفضت الحرارة بالعلاج، ولم يجد بنك الدم دليلًا على تكسّر كرات الدم."],
            },
            Outcome {
                actual: Harm::Severe,
                severity: 3,
                en: &[
                    "The urine turned dark and the kidneys failed for some days, so that <he|she> needed dialysis.",
                ],
                ar: &["وتغيّر لون البول إلى الداكن وحدث فشل كلوي مؤقت استدعى الغسيل الكلوي."],
            },
        ],
    },
];
