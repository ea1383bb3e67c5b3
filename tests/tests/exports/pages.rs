//! The report of one incident, as a PDF reader shows and copies it.

use std::path::PathBuf;

use eovr_core::error::Error;
use eovr_core::export::Lang;
use eovr_core::export::pdf::{Fonts, Incident};
use eovr_core::record::RecordId;

use super::hospital::{ARABIC, ENGLISH, Hospital, MORE, Tested, made_at};
use super::{folder, poppler, written};

pub(super) const LANGS: [(Lang, &str); 3] = [(Lang::En, "en"), (Lang::Ar, "ar"), (Lang::Both, "both")];

/// Applies `make` to an incident's whole report.
pub(super) async fn reported<T>(
    hospital: &Hospital,
    incident: RecordId,
    make: impl FnOnce(&Incident<'_>, &Fonts) -> Result<T, Error>,
) -> Tested<T> {
    let (opened, follow_ups, trail) = hospital.whole(incident).await?;
    let report = Incident {
        incident: &opened,
        follow_ups: &follow_ups,
        trail: Some(&trail),
        scheme: None,
        checkpoint: None,
        made_by: "quality.samia",
        made_at: made_at(),
    };
    Ok(make(&report, &Fonts::embedded()?)?)
}

pub(super) async fn pdf(hospital: &Hospital, incident: RecordId, lang: Lang) -> Tested<Vec<u8>> {
    reported(hospital, incident, |report, fonts| {
        let mut bytes = Vec::new();
        report.write(fonts, lang, &mut bytes).map(|()| bytes)
    })
    .await
}

/// The copied text, without the direction marks that poppler adds.
pub(super) fn copied(pdf: &std::path::Path) -> String {
    let text = poppler("pdftotext", &[pdf.to_str().unwrap(), "-"]);
    let directs =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !directs(*c)).collect()
}

pub(super) fn without_space(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[tokio::test]
async fn the_words_come_back() -> Tested {
    let hospital = Hospital::new().await;
    let incident = hospital.report(&format!("{ARABIC}\n{MORE}")).await?;
    hospital.work(incident).await?;
    let (opened, ..) = hospital.whole(incident).await?;
    let folder = folder();
    for (lang, name) in LANGS {
        let path = written(&folder, name, &pdf(&hospital, incident, lang).await?);
        let text = without_space(&copied(&path));
        let arabic = |c: char| ('\u{600}'..='\u{6ff}').contains(&c);
        let fields =
            ["description", "specific_error", "immediate_action", "jci_gap", "jci_plan", "involved_person"];
        let told: Vec<&str> = fields.iter().filter_map(|field| opened.text(field)).collect();
        let words: Vec<&str> =
            told.iter().flat_map(|text| text.split(|c| !arabic(c))).filter(|word| !word.is_empty()).collect();
        let lost: Vec<_> = words.iter().filter(|word| !text.contains(**word)).collect();
        let found = 100.0 * (words.len() - lost.len()) as f64 / words.len() as f64;
        println!("{name}: {found:.1} % of {} Arabic words", words.len());
        assert!(found >= 97.0, "{name}: {lost:?}");
        for piece in
            ["OVR-2026-000001", "MF-77231-B", "2026-11-21", "20mg", "5-10", "SpO2≥90%", "90/60", "37.5°C"]
        {
            assert!(text.contains(piece), "{name}: {piece}");
        }
    }
    Ok(())
}

/// Text with its short vowels written.
#[tokio::test]
async fn vocalised_words_come_back() -> Tested {
    const VOCALISED: &str = "سَقَطَ المَرِيضُ مِنَ السَّرِيرِ أَثْنَاءَ اللَّيْلِ، وَلَمْ يَكُنْ أَحَدٌ مَوْجُودًا بِجَانِبِهِ. أُعْطِيَتِ المَرِيضَةُ \
        جُرْعَةً مُضَاعَفَةً مِنَ الدَّوَاءِ بَعْدَ أَنْ أَخْطَأَتِ المُمَرِّضَةُ فِي قِرَاءَةِ الوَصْفَةِ. تَمَّ إِبْلَاغُ الطَّبِيبِ المُنَاوِبِ فَوْرًا، \
        وَقِيسَ ضَغْطُ الدَّمِ كُلَّ سَاعَةٍ حَتَّى الصَّبَاحِ. لَمْ تَظْهَرْ أَيُّ أَعْرَاضٍ جَانِبِيَّةٍ، وَشُكِرَ فَرِيقُ العَمَلِ لِسُرْعَةِ الِاسْتِجَابَةِ.";
    let hospital = Hospital::new().await;
    let incident = hospital.report(VOCALISED).await?;
    let folder = folder();
    let path = written(&folder, "vocalised.pdf", &pdf(&hospital, incident, Lang::Ar).await?);
    let text = without_space(&copied(&path));
    let arabic = |c: char| ('\u{600}'..='\u{6ff}').contains(&c) && c != '،';
    let words: Vec<&str> = VOCALISED.split(|c| !arabic(c)).filter(|word| !word.is_empty()).collect();
    let lost: Vec<_> = words.iter().filter(|word| !text.contains(**word)).collect();
    let found = 100.0 * (words.len() - lost.len()) as f64 / words.len() as f64;
    println!("vocalised: {found:.1} % of {} Arabic words", words.len());
    assert!(found >= 97.0, "{lost:?}");
    Ok(())
}

/// A left-to-right number in an Arabic sentence keeps its own order; the character boxes of the page prove it.
#[tokio::test]
async fn numbers_stand_in_their_order_on_the_page() -> Tested {
    let pieces = include_str!("../../../eovr-core/src/export/pdf/pieces.txt").lines().collect::<Vec<_>>();
    assert!(pieces.len() >= 60);
    let told: Vec<String> = pieces.iter().map(|piece| format!("أُعطي المريض {piece} بعد ذلك")).collect();
    let hospital = Hospital::new().await;
    let incident = hospital.report(&told.join("\n")).await?;
    let folder = folder();
    let path = written(&folder, "pieces.pdf", &pdf(&hospital, incident, Lang::Ar).await?);
    let text = without_space(&copied(&path));
    let lost: Vec<_> = pieces.iter().filter(|piece| !text.contains(&without_space(piece))).collect();
    assert!(lost.is_empty(), "pdftotext reads these in another order: {lost:?}");
    Ok(())
}

#[tokio::test]
async fn fonts_are_embedded_subset_and_can_be_copied() -> Tested {
    let hospital = Hospital::new().await;
    let incident = hospital.report(ARABIC).await?;
    let folder = folder();
    let bytes = pdf(&hospital, incident, Lang::Both).await?;
    assert!(bytes.len() < 120_000, "{} bytes", bytes.len());
    let path = written(&folder, "fonts.pdf", &bytes);
    let fonts = poppler("pdffonts", &[path.to_str().unwrap()]);
    let rows: Vec<&str> = fonts.lines().skip(2).collect();
    assert!(
        rows.len() >= 2 && rows.iter().all(|row| row.contains("yes yes yes") && row.contains('+')),
        "{fonts}"
    );
    let info = poppler("pdfinfo", &[path.to_str().unwrap()]);
    assert!(info.contains("A4") && info.contains("OVR-2026-000001"), "{info}");
    Ok(())
}

#[tokio::test]
async fn the_same_report_made_at_the_same_moment_is_the_same_file() -> Tested {
    let hospital = Hospital::new().await;
    let one = hospital.report(ARABIC).await?;
    let other = hospital.report(ENGLISH).await?;
    for (lang, name) in LANGS {
        let first = pdf(&hospital, one, lang).await?;
        // Another document between the two would change the result of a library that counts on.
        let second = pdf(&hospital, other, lang).await?;
        assert!(first == pdf(&hospital, one, lang).await?, "{name}");
        assert!(first != second, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn the_longest_narrative_is_all_there() -> Tested {
    let sentence = "سقط المريض في 2026-03-14 بجوار السرير رقم 7 وكان الضغط 120/80.\n";
    let long: String = sentence.repeat(60_000 / sentence.chars().count());
    let hospital = Hospital::new().await;
    let incident = hospital.report(&long).await?;
    let folder = folder();
    let path = written(&folder, "long.pdf", &pdf(&hospital, incident, Lang::Ar).await?);
    let text = without_space(&copied(&path));
    let found = text.matches("2026-03-14").count();
    let told = long.matches("2026-03-14").count();
    assert_eq!(found, told);
    let info = poppler("pdfinfo", &[path.to_str().unwrap()]);
    let pages = info.lines().find_map(|line| line.strip_prefix("Pages:")?.trim().parse::<u32>().ok());
    assert!(pages.is_some_and(|pages| pages > 10), "{info}");
    Ok(())
}

#[tokio::test]
async fn words_without_end_and_letters_without_a_font_stay_on_the_page() -> Tested {
    let hospital = Hospital::new().await;
    let told = format!("{} 北京 🩺\n{}", "x".repeat(3000), "ع".repeat(3000));
    let incident = hospital.report(&told).await?;
    let folder = folder();
    let path = written(&folder, "odd.pdf", &pdf(&hospital, incident, Lang::En).await?);
    let text = without_space(&copied(&path));
    // Readers differ in where they put brackets beside Arabic.
    assert!(["U+5317", "U+4EAC", "U+1FA7A"].iter().all(|code| text.contains(code)));
    let boxes = poppler("pdftotext", &["-bbox", path.to_str().unwrap(), "-"]);
    let rights =
        boxes.split("xMax=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok());
    assert!(rights.fold(0.0, f64::max) < 595.0 - 30.0, "something stands in the margin");
    assert!(text.matches('x').count() >= 3000 && text.matches('ع').count() >= 3000);
    Ok(())
}

#[tokio::test]
async fn a_report_from_outside_cannot_turn_words_about() -> Tested {
    let hospital = Hospital::new().await;
    let incident =
        hospital.report("Dose \u{202e}gm 02\u{202c} given, then \u{2067}nothing\u{2069} more").await?;
    let folder = folder();
    let path = written(&folder, "turned.pdf", &pdf(&hospital, incident, Lang::En).await?);
    assert!(copied(&path).contains("Dose gm 02 given, then nothing more"));
    Ok(())
}

#[tokio::test]
async fn an_own_font_is_used_and_a_bad_one_refused() -> Tested {
    let amiri =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../eovr-core/src/export/pdf/fonts/Amiri-Bold.ttf");
    let own = Fonts::embedded()?.with_own(std::fs::read(amiri)?, None)?;
    assert!(format!("{own:?}").contains("OwnFont"));
    let refused = Fonts::embedded()?.with_own(b"not a font".to_vec(), None).unwrap_err();
    assert_eq!(refused.message(), "the font cannot be read");
    Ok(())
}

/// Compares the pages with pictures that a person has checked.
#[tokio::test]
async fn pages_look_as_they_did() -> Tested {
    let hospital = Hospital::new().await;
    let incident = hospital.report(ARABIC).await?;
    hospital.work(incident).await?;
    let folder = folder();
    for (lang, name) in LANGS {
        let path = written(&folder, name, &pdf(&hospital, incident, lang).await?);
        let to = folder.path().join(format!("page-{name}"));
        poppler("pdftoppm", &["-gray", "-r", "40", path.to_str().unwrap(), to.to_str().unwrap()]);
        for page in 1..=2 {
            let drawn = std::fs::read(folder.path().join(format!("page-{name}-{page}.pgm")))?;
            let golden =
                PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("data/pages/{name}-{page}.pgm"));
            if std::env::var_os("EOVR_UPDATE").is_some() {
                std::fs::create_dir_all(golden.parent().unwrap())?;
                std::fs::write(&golden, &drawn)?;
            }
            let kept = std::fs::read(&golden)?;
            assert_eq!(kept.len(), drawn.len(), "{name} {page}: another size");
            // Versions of poppler differ in the grey of an edge, not in its place.
            let differ = kept.iter().zip(&drawn).filter(|(a, b)| a.abs_diff(**b) > 64).count();
            assert!(differ * 200 < kept.len(), "{name} {page}: {differ} of {} pixels differ", kept.len());
        }
    }
    Ok(())
}
