//! An invented hospital group in two invented governorates.

use eovr_core::Result;
use eovr_core::org::{Administration, Facility, Governorate, Org, OrgId, Title};

/// Id, English and Arabic.
type Names = (&'static str, &'static str, &'static str);

type Below = &'static [(Names, &'static [Names])];

/// Each name with its id; governorates with their administrations, and those with their facilities.
const GOVERNORATES: &[(Names, Below)] = &[
    (
        ("WN", "Wadi El-Nour", "وادي النور"),
        &[
            (
                ("WN-E", "Wadi El-Nour East", "شرق وادي النور"),
                &[
                    ("WN-E-1", "El-Nakheel General Hospital", "مستشفى النخيل العام"),
                    ("WN-E-2", "El-Rayahin Children's Hospital", "مستشفى الرياحين للأطفال"),
                ],
            ),
            (
                ("WN-W", "Wadi El-Nour West", "غرب وادي النور"),
                &[
                    ("WN-W-1", "El-Sawaqi Central Hospital", "مستشفى السواقي المركزي"),
                    ("WN-W-2", "El-Zahra Family Health Centre", "مركز الزهرة لطب الأسرة"),
                ],
            ),
        ],
    ),
    (
        ("BS", "Bahr El-Salam", "بحر السلام"),
        &[
            (
                ("BS-N", "Bahr El-Salam North", "شمال بحر السلام"),
                &[
                    ("BS-N-1", "El-Fanar General Hospital", "مستشفى الفنار العام"),
                    ("BS-N-2", "Om El-Kheir Maternity Hospital", "مستشفى أم الخير للنساء والتوليد"),
                ],
            ),
            (
                ("BS-S", "Bahr El-Salam South", "جنوب بحر السلام"),
                &[
                    ("BS-S-1", "El-Marsa Chest Hospital", "مستشفى المرسى للصدر"),
                    ("BS-S-2", "El-Yasmin Day Surgery Centre", "مركز الياسمين لجراحات اليوم الواحد"),
                ],
            ),
        ],
    ),
];

/// The organisation as it is entered into a new store.
pub(crate) fn planned() -> Result<Org> {
    let mut governorates = Vec::new();
    for ((id, en, ar), below) in GOVERNORATES {
        let mut administrations = Vec::new();
        for ((id, en, ar), facilities) in *below {
            let facilities = facilities.iter().map(facility).collect::<Result<_>>()?;
            administrations.push(Administration { id: OrgId::new(id)?, title: title(en, ar), facilities });
        }
        governorates.push(Governorate { id: OrgId::new(id)?, title: title(en, ar), administrations });
    }
    Org::new(governorates)
}

fn facility((id, en, ar): &Names) -> Result<Facility> {
    Ok(Facility { id: OrgId::new(id)?, title: title(en, ar), time_zone: "Africa/Cairo".to_owned() })
}

fn title(en: &str, ar: &str) -> Title {
    Title { en: en.to_owned(), ar: ar.to_owned() }
}
