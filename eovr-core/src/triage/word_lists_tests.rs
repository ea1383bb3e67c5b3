//! Comparison of the two word lists, and homonyms that the rules must not confuse.

use std::collections::BTreeMap;

use super::{Case, EmbeddedRules, Scorer as _, Suggestion};

fn score(narrative: &str) -> Suggestion {
    EmbeddedRules.score(&Case { narrative, ..Case::default() })
}

/// The greatest weight of each concept of a list.
fn strongest(list: &'static str) -> BTreeMap<&'static str, &'static str> {
    let mut strongest = BTreeMap::new();
    for line in list.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        if let [role, idea, weight, ..] = *columns.as_slice()
            && matches!(role, "flag" | "verb" | "lack")
        {
            let slot = strongest.entry(idea).or_insert(weight);
            *slot = weight.max(slot);
        }
    }
    strongest
}

#[test]
fn an_idea_weighs_the_same_in_both_lists() {
    let (english, arabic) = (include_str!("lexicon_en.tsv"), include_str!("lexicon_ar.tsv"));
    assert_eq!(strongest(english), strongest(arabic));
}

#[test]
fn translations_weigh_the_same() {
    for (english, arabic) in [
        ("The patient died.", "توفي المريض."),
        ("The patient passed away.", "انتقل المريض إلى رحمة الله."),
        ("The patient did not survive.", "لم ينج المريض."),
        ("Resuscitation was unsuccessful.", "لم تنجح محاولات الإنعاش."),
        ("The patient was brought in dead.", "وصل المريض متوفى."),
        ("The heart stopped.", "توقف القلب."),
        ("There was no pulse.", "لا يوجد نبض."),
        ("The patient was not breathing.", "المريض لا يتنفس."),
        ("The patient lost consciousness.", "فقد المريض الوعي."),
        ("There was bleeding.", "حدث نزيف."),
        ("There was severe bleeding.", "حدث نزيف شديد."),
        ("bleeding after surgery", "نزيف بعد العملية"),
        ("There was a seizure.", "حدث تشنج."),
        ("The patient had shortness of breath.", "المريض عنده ضيق في التنفس."),
        ("wrong patient", "المريض الخطأ"),
        ("wrong side", "الجهة الخطأ"),
        ("wrong blood", "دم خاطئ"),
        ("overdose", "جرعة زائدة"),
        ("double dose", "ضعف الجرعة"),
        ("ten times the dose", "عشرة أضعاف الجرعة"),
        ("The swab count was one short.", "عدد الشاش ناقص."),
        ("suicide", "انتحار"),
        ("The patient wants to die.", "المريض يريد أن يموت."),
        ("The newborn could not be found.", "لم نجد المولود."),
        ("transferred to intensive care", "نقل إلى العناية المركزة"),
        ("The patient is in intensive care.", "المريض في العناية المركزة."),
        ("There was a fire.", "حدث حريق."),
        ("There was a fracture.", "حدث كسر."),
        ("The patient fell.", "سقط المريض."),
        ("anaphylactic shock", "صدمة تحسسية"),
        ("sepsis", "تسمم الدم"),
        ("air in the vein", "هواء في الوريد"),
    ] {
        assert_eq!(score(english).score, score(arabic).score, "{english} {arabic}");
        assert!(score(english).score > 0, "{english}");
    }
}

/// Never events described in everyday words, without their technical names.
#[test]
fn never_events_in_plain_words() {
    for told in [
        "The operation was on the left knee instead of the right.",
        "The block was done on the opposite side.",
        "The newborn could not be found in the nursery.",
        "We could not find the baby.",
        "The tablet was given to the patient in the next bed.",
        "Blood meant for another patient was hung.",
        "It was given IV instead of oral.",
        "It ran over 1 hour instead of 10.",
        "Vincristine was given intrathecally.",
        "There was air in the line.",
        "The swab count was one short.",
        "She went home with the wrong family.",
        "The feed was connected to the central line.",
        "The NG tube was in the lung.",
        "Undiluted potassium was pushed.",
        "أجريت العملية للركبة اليمنى بدلا من اليسرى",
        "لم نجد المولود في الحضانة",
        "أعطي الدواء للمريض في السرير المجاور",
        "العلاج راح للمريض اللي جنبه",
        "أعطي الدواء بالوريد بدلا من الفم",
        "خلص المحلول في ساعة بدل عشر ساعات",
        "دخل هواء في الوريد",
        "عدد الشاش ناقص واحدة",
        "سلموا البيبي لعيلة غلط",
        "دخلت أنبوبة التغذية في الرئة",
    ] {
        assert!(score(told).high_risk, "{told} {:#?}", score(told));
    }
}

/// The words of findings with a harmless meaning.
#[test]
fn homonyms_do_not_count() {
    for harmless in [
        "The tea was a bit cold.",
        "Dead skin was removed.",
        "The die cutting machine is loud.",
        "The battery was dead.",
        "The vaccine expired in May.",
        "Expired drugs were taken off the shelf.",
        "The fire door was open.",
        "The fire alarm was tested.",
        "Burn out among staff.",
        "The patient fell asleep.",
        "Results fell within the range.",
        "Last fall the ward opened.",
        "Eye drops were given.",
        "A flu shot was given.",
        "The stroke volume was noted.",
        "The visitor was arrested by the police.",
        "The code of the door was changed.",
        "An asthma attack clinic opened.",
        "A slip of paper was in the file.",
        "A stroke leaflet was handed out.",
        "A lecture on cardiac arrest was held.",
        "Code blue drill this morning.",
        "He is afraid of falling.",
        "I thought I would die.",
        "Group B strep: GBS positive.",
        "DVT prophylaxis was charted.",
        "The patient passed urine.",
        "Sleep apnoea clinic.",
        "ضربات القلب منتظمة",
        "يتناول المريض ولبترين",
        "حضر من غير موعد",
        "بعضها جديد",
        "شرق المدينة",
        "خايف من الموت",
        "بموت من الجوع",
        "بطارية الجهاز ماتت",
        "الجلد الميت",
        "وقع المريض على الإقرار",
        "يقع القسم بجوار المدخل",
        "تدريب على الحريق",
        "محاضرة عن السكتة الدماغية",
        "جده توفي بالسرطان",
    ] {
        assert!(score(harmless).score < 20, "{harmless} {:#?}", score(harmless));
    }
}

/// The same words with their grave meaning.
#[test]
fn the_grave_meanings_count() {
    for (meant, from) in [
        ("The patient bit the nurse.", 20),
        ("The patient expired at 4.", 45),
        ("She became septic and expired.", 45),
        ("The patient arrested in the lift.", 45),
        ("Pt RIP.", 45),
        ("DOA.", 45),
        ("He is no longer with us.", 45),
        ("CPR unsuccessful.", 45),
        ("The cause of death is not known.", 45),
        ("CT showed SAH.", 45),
        ("IUFD at 36 weeks.", 45),
        ("Massive PE on day 3.", 20),
        ("AKI after contrast.", 20),
        ("PPH of 2 litres.", 20),
        ("#NOF after a fall.", 20),
        ("Suspected NEC.", 20),
        ("The nurse was hit by a patient.", 20),
        ("فاضت روحه", 45),
        ("توفاه الله", 45),
        ("لقى ربه فجرا", 45),
        ("طلع السر الإلهي", 45),
        ("العيان راح مننا", 45),
        ("بعد ما مات المريض حضر الطبيب", 45),
        ("وقعت المريضة على الأرض", 14),
        ("رفع سكين على الممرضة", 20),
        ("تعرض الممرض للضرب", 20),
    ] {
        assert!(score(meant).score >= from, "{meant} {:#?}", score(meant));
    }
}
