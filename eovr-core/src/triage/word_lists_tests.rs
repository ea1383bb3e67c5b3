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

/// A row of the lists may negate its own words or leave them in doubt. It never reaches a death that stands beside it.
#[test]
fn no_row_silences_a_death_beside_it() {
    let english = ["{} and the patient died", "The patient died. {}.", "{}. The patient died an hour later."];
    let arabic = ["{}، والمريض مات", "مات المريض. {}.", "{}. توفي المريض بعد ساعة."];
    let mut silenced = Vec::new();
    for (list, beside) in
        [(include_str!("lexicon_en.tsv"), english), (include_str!("lexicon_ar.tsv"), arabic)]
    {
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            let Some((role, rest)) = line.split_once('\t') else { continue };
            // A drill that the text declares is one from end to end.
            if matches!(role, "flag" | "verb" | "lack" | "invented") {
                continue;
            }
            let term: Vec<Vec<&str>> = rest
                .split('\t')
                .nth(2)
                .unwrap_or_default()
                .split(' ')
                .map(|word| word.split('|').collect())
                .collect();
            let longest = term.iter().map(Vec::len).max().unwrap_or_default();
            for at in 0..longest {
                let words: Vec<&str> = term.iter().map(|choices| choices[at % choices.len()]).collect();
                let words = words.join(" ");
                for told in beside {
                    let told = told.replace("{}", &words);
                    if score(&told).score < 26 {
                        silenced.push(format!("{role}: {told}"));
                    }
                }
            }
        }
    }
    assert!(silenced.is_empty(), "{} of them: {silenced:#?}", silenced.len());
}

/// Reports whose words also stand in idioms, drills, names of objects and other senses.
#[test]
fn a_grave_report_in_words_of_an_idiom_is_flagged() {
    for told in [
        "The man in the car died",
        "The child in the ambulance died on arrival",
        "The ventilator died on us during transfer and we had no backup",
        "During the dialysis session died in the chair",
        "The patient with no hope died",
        "He killed an hour old baby",
        "Patient strangled with red cord",
        "Stroke at noon, missed thrombolysis",
        "Dead silence on fetal monitor, fetal heart absent",
        "Stabbed me in the back with scissors",
        "My heart stopped when I was given potassium and they shocked me",
        "Baby roasted to death in the incubator",
        "In the exam room patient found dead",
        "Died on air mattress, found cold",
        "Dummy placed in mouth, dummy baby choked and died",
        "Staff were on ALS course and no one answered the crash call, patient died",
        "In this scenario we gave ten times the dose and the patient died",
        "It is for training purposes that the resident did the intubation, patient died",
        "It was only a test dose of penicillin and she died of anaphylaxis",
        "Remote cardiac arrest in radiology",
        "Her first son died at birth today",
        "His roommate died in bed 4, not noticed for hours",
        "Cardiac arrest in the family room",
        "Patient reported he was raped by the porter",
        "He was presumed to be dead by the doctor",
        "He is going to theatre with ruptured uterus",
        "Death was a mistake of the doctor",
        "The stroke was mistaken for migraine",
        "Arrest call false ceiling fell",
        "Electric shock hazard: nurse electrocuted",
        "Hanging by the thread of the curtain",
        "Fire in the eyes: alcohol prep ignited",
        "Triage said it was not a real emergency and he died in the waiting room",
        "No senior because of the ALS course, patient arrested",
        "Prisoner arrested in handcuffs",
        "Patient in shock when nurse arrived",
        "Cardiac arrest, the clerk called 999",
        "Patient in the wheelchair died",
        "The patient on dialysis machine died",
        "On monitor arrested",
        "Fire started by a cigarette",
        "Seizure, patient's phones",
        "Stroke while swimming",
        "وقعت المريضة من الموقع وماتت",
        "هذا مجرد إهمال، المريض مات",
        "ما صدق وعطوه دم غلط ومات",
        "نداء الطوارئ محد رد والمريض مات",
        "علاج تجريبي توفي المريض بعده",
        "كتب عن الانتحار ولقيناه مشنوق",
        "في العربية مات المريض قبل الوصول",
        "المريضة في السيارة ماتت",
        "العامل مات في الشغل من صعقة",
        "قلبي وقف في العملية وأنعشوني",
        "المريض في موت إكلينيكي",
        "راسي انفجر نزيف",
        "كأنه ميت، ما فيه نبض",
        "المريض على الكرسي مات",
        "توفي زوجي الله يرحمه بسبب خطأ في الدواء",
        "أخت الممرضة توفيت عندنا أثناء العملية",
    ] {
        assert!(score(told).score >= 26, "{told}: {:?}", score(told));
    }
}
