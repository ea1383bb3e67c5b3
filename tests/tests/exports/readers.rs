//! Text search in an exported report finds every word whole, letters in their usual form, and sentences in order.

use std::path::Path;

use eovr_core::export::{Lang, Look, Opened, Workbook};
use eovr_core::record::RecordId;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::archive::by_printpdf;
use super::hospital::{Hospital, Tested, made_at};
use super::pages::{copied, pdf};
use super::{folder, poppler, python, written};

/// Words of most hospital reports.
const COMMON: &str = "المريض المريضة مريض تمريض التمريض الممرض الممرضة الطبيب الطبيبة طبيب المستشفى القسم الغرفة السرير سرير \
    العناية المركزة الطوارئ الجراحة العمليات العيادة الصيدلية الصيدلي المختبر الأشعة الدواء الأدوية جرعة الجرعة حقنة الحقن \
    الوريد وريدي محلول مضخة التسريب أنبوبة قسطرة الأكسجين التنفس النبض الضغط الحرارة السكر الدم نقل فصيلة نزيف النزيف جرح \
    الجرح كسر سقوط سقط سقطت انزلق حريق الحريق عدوى تعقيم النظافة قرحة حساسية طفح صدمة وفاة توفي توفيت إنعاش توقف القلب غيبوبة \
    تشنج جلطة التهاب رئوي كلوي ولادة الجنين الأم الطفل الرضيع طوارئ تقرير التقرير بلاغ تأخير تدهور مركزة طريق تحرير شريان \
    هوية ضروري الفريق سريري بصري مؤكد وكذلك";

/// Every word of the Arabic list of findings.
fn listed() -> Vec<&'static str> {
    let rows = include_str!("../../../eovr-core/src/triage/lexicon_ar.tsv").lines();
    let terms = rows.filter(|row| !row.starts_with('#')).filter_map(|row| row.split('\t').nth(3));
    let arabic = |c: char| ('\u{620}'..='\u{652}').contains(&c);
    let mut words: Vec<&str> = terms
        .flat_map(|term| term.split(move |c| !arabic(c)))
        .filter(|word| word.chars().count() > 1)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

async fn both(hospital: &Hospital, incident: RecordId, lang: Lang) -> Tested<[(&'static str, Vec<u8>); 2]> {
    Ok([
        ("krilla", pdf(hospital, incident, lang).await?),
        ("printpdf", by_printpdf(hospital, incident, lang).await?),
    ])
}

/// The words of a narrative that a search would not find.
async fn lost(words: &[&str]) -> Tested<Vec<(&'static str, String)>> {
    let hospital = Hospital::new().await;
    let incident = hospital.report(&words.join(" ")).await?;
    let folder = folder();
    let mut lost = Vec::new();
    for (name, bytes) in both(&hospital, incident, Lang::Ar).await? {
        let text = copied(&written(&folder, name, &bytes));
        let found: std::collections::HashSet<&str> = text.split_whitespace().collect();
        lost.extend(
            words.iter().filter(|word| !found.contains(**word)).map(|word| (name, (*word).to_owned())),
        );
    }
    Ok(lost)
}

#[tokio::test]
async fn common_words_are_found() -> Tested {
    let words: Vec<&str> = COMMON.split_whitespace().collect();
    assert!(words.len() >= 80);
    assert_eq!(lost(&words).await?, []);
    Ok(())
}

/// With some vowel marks, or with all of them.
#[tokio::test]
async fn words_with_vowels_are_found() -> Tested {
    const MARKED: &str = "تشخيصًا أيضًا فورًا جدًا شكرًا نظرًا دائمًا مرضى قُدّر يُقيَّم لم يُبلَّغ أُعطيت المُسكّن مُعلَّق تمّ إدخالُه غُرفة \
        سَقَطَ المَرِيضُ مِنَ السَّرِيرِ أَثْنَاءَ اللَّيْلِ وَلَمْ يَكُنْ أَحَدٌ مَوْجُودًا بِجَانِبِهِ أُعْطِيَتِ المَرِيضَةُ جُرْعَةً مُضَاعَفَةً";
    let words: Vec<&str> = MARKED.split_whitespace().collect();
    assert_eq!(lost(&words).await?, []);
    Ok(())
}

/// In every neighbourhood of words.
#[test]
fn every_word_of_the_list_of_findings_is_found() {
    let mut runner = TestRunner::new_with_rng(
        Config { failure_persistence: None, ..Config::with_cases(2) },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let words = Just(listed()).prop_shuffle();
    let checked = runner.run(&words, |words| {
        prop_assert!(words.len() > 800);
        let lost = runtime.block_on(lost(&words)).unwrap();
        prop_assert!(lost.is_empty(), "{} of {}: {:?}", lost.len(), words.len(), lost);
        Ok(())
    });
    checked.unwrap();
}

#[tokio::test]
async fn letters_in_other_forms_are_found_as_people_type_them() -> Tested {
    let hospital = Hospital::new().await;
    let told =
        "ﺳﻘﻂ ﺍﻟﻤﺮﻳﺾ ﻣﻦ ﺍﻟﺴﺮﻳﺮ\nRe\u{301}sume\u{301} of Mr Mu\u{308}ller\nعبدﷲ حسن\nＤｏｓｅ ５００ ｍｇ";
    let incident = hospital.report(told).await?;
    let folder = folder();
    for (name, bytes) in both(&hospital, incident, Lang::En).await? {
        let text = copied(&written(&folder, name, &bytes));
        for read in ["سقط المريض من السرير", "Résumé of Mr Müller", "عبدالله حسن", "Dose 500 mg"]
        {
            assert!(text.contains(read), "{name}: {read} in {text}");
        }
        assert!(!text.contains("[U+"), "{name}: {text}");
    }
    Ok(())
}

/// A sentence with its first and its last word.
const SENTENCES: [(&str, &str, &str, bool); 6] = [
    (
        "Bandname was محمد علي حسن instead of أحمد علي حسن, so the bag was returned.",
        "Bandname",
        "returned.",
        false,
    ),
    (
        "Labelled سعاد محمود but the wristband read فاطمة محمود عبد الرحمن throughout",
        "Labelled",
        "throughout",
        false,
    ),
    ("Daughter said نعم and then لا to the anaesthetist", "Daughter", "anaesthetist", false),
    ("Warfarin أعطي للمريض بجرعة مضاعفة بدلا من Marevan", "Warfarin", "Marevan", true),
    ("Heparin 5000 IU أُعطي للمريض قبل Clexane", "Heparin", "Clexane", true),
    ("أُعطي المريض Augmentin ثم أوقف وبدأ Tienam", "Augmentin", "Tienam", true),
];

/// The distance of a word from the left edge of the page.
fn place(boxes: &str, word: &str) -> f32 {
    let line =
        boxes.lines().find(|line| line.contains(&format!(">{word}<"))).unwrap_or_else(|| panic!("{word}"));
    line.split("xMin=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().parse().unwrap()
}

fn boxes(pdf: &Path) -> String {
    poppler("pdftotext", &["-bbox", pdf.to_str().unwrap(), "-"])
}

#[tokio::test]
async fn a_sentence_in_two_languages_runs_as_it_is_read() -> Tested {
    let hospital = Hospital::new().await;
    let told: Vec<&str> = SENTENCES.iter().map(|(told, ..)| *told).collect();
    let incident = hospital.report(&told.join("\n")).await?;
    let folder = folder();
    for (name, bytes) in both(&hospital, incident, Lang::En).await? {
        let path = written(&folder, name, &bytes);
        let boxes = boxes(&path);
        for (told, first, last, rtl) in SENTENCES {
            assert_eq!(place(&boxes, first) > place(&boxes, last), rtl, "{name}: {told}");
            assert!(rtl || place(&boxes, first) < 60.0, "{name}: {told} keeps to the left");
        }
        let between = [place(&boxes, "Daughter"), place(&boxes, "and"), place(&boxes, "to")];
        assert!(between.is_sorted(), "{name}: {between:?}");
    }
    Ok(())
}

/// Excel's reading order: 0 follows the first letter; 2 is right to left.
#[tokio::test]
async fn a_cell_of_excel_runs_as_the_page_does() -> Tested {
    let hospital = Hospital::new().await;
    for (told, ..) in SENTENCES {
        hospital.report(told).await?;
    }
    hospital.report("First the pump stood still.\r\nThen it was changed.\rNobody was told.").await?;
    let mut book = Workbook::new(Look::new(Lang::En, made_at()))?;
    for record in hospital.quality.incidents().newest(100).await?.items {
        book.push(&Opened::of(&hospital.quality, record)?)?;
    }
    let folder = folder();
    let path = written(&folder, "list.xlsx", &book.finish(Vec::new())?);
    let read = python(&["xlsx", path.to_str().unwrap()]);
    let rows = read["sheets"][0]["rows"].as_array().unwrap();
    let cells: Vec<_> = rows.iter().flat_map(|row| row.as_array().unwrap()).collect();
    for (told, first, _, rtl) in SENTENCES {
        let cell = cells.iter().find(|cell| cell["value"] == told).unwrap();
        let begins_latin = told.starts_with(first);
        assert_eq!(cell["reading"], if rtl && begins_latin { 2 } else { 0 }, "{told}");
    }
    let told = "First the pump stood still.\nThen it was changed.\nNobody was told.";
    assert!(cells.iter().any(|cell| cell["value"] == told), "line ends are not Excel's");
    Ok(())
}

#[tokio::test]
async fn reasons_are_in_the_language_of_the_report() -> Tested {
    let hospital = Hospital::new().await;
    let incident = hospital.report("The patient fell, and a fracture was seen. He nearly died.").await?;
    let folder = folder();
    for (lang, has, has_not) in [
        (
            Lang::En,
            ["harm done, as graded +", "fracture +"].as_slice(),
            ["_harm +", "الضرر الفعلي حسب"].as_slice(),
        ),
        (Lang::Ar, &["الضرر الفعلي حسب التقدير", "سقوط", "كسر"], &["_harm", "harm done", "fracture +"]),
        (
            Lang::Both,
            &["harm done, as graded +", "fracture +", "الضرر الفعلي حسب التقدير", "كسر"],
            &["_harm +"],
        ),
    ] {
        for (name, bytes) in both(&hospital, incident, lang).await? {
            let text = copied(&written(&folder, name, &bytes));
            assert!(has.iter().all(|part| text.contains(part)), "{name} {lang}: {text}");
            assert!(!has_not.iter().any(|part| text.contains(part)), "{name} {lang}: {text}");
        }
    }
    Ok(())
}
