//! A report is PDF/UA-1 and PDF/A-2a, checked by programs other than the validators, and looks as where printpdf writes it.

use std::collections::BTreeMap;
use std::path::Path;

use eovr_core::export::Lang;
use eovr_core::record::RecordId;

use super::hospital::{ARABIC, Hospital, MORE, Tested};
use super::pages::{LANGS, copied, reported, without_space};
use super::{folder, poppler, python, written};

pub(super) async fn archival(hospital: &Hospital, incident: RecordId, lang: Lang) -> Tested<Vec<u8>> {
    reported(hospital, incident, |report, fonts| {
        let mut bytes = Vec::new();
        report.write_archival(fonts, lang, &mut bytes).map(|()| bytes)
    })
    .await
}

pub(super) async fn by_printpdf(hospital: &Hospital, incident: RecordId, lang: Lang) -> Tested<Vec<u8>> {
    reported(hospital, incident, |report, fonts| {
        let mut bytes = Vec::new();
        report.write_by_printpdf(fonts, lang, &mut bytes).map(|()| bytes)
    })
    .await
}

async fn worked_on() -> Tested<(Hospital, RecordId)> {
    let hospital = Hospital::new().await;
    let incident = hospital.report(&format!("{ARABIC}\n{MORE}")).await?;
    hospital.work(incident).await?;
    Ok((hospital, incident))
}

/// The grey values of a file's pages, at 60 dpi.
fn drawn(path: &Path) -> Vec<Vec<u8>> {
    let to = path.with_extension("page");
    poppler("pdftoppm", &["-gray", "-r", "60", path.to_str().unwrap(), to.to_str().unwrap()]);
    let mut pages: Vec<_> = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|page| page.to_str().unwrap().starts_with(&format!("{}-", to.to_str().unwrap())))
        .collect();
    pages.sort();
    pages.iter().map(|page| std::fs::read(page).unwrap()).collect()
}

#[tokio::test]
async fn it_looks_and_reads_like_the_other() -> Tested {
    let (hospital, incident) = worked_on().await?;
    let folder = folder();
    for (lang, name) in LANGS {
        let plain =
            written(&folder, &format!("{name}-plain.pdf"), &by_printpdf(&hospital, incident, lang).await?);
        let path = written(&folder, &format!("{name}.pdf"), &archival(&hospital, incident, lang).await?);
        let (ours, theirs) = (drawn(&path), drawn(&plain));
        assert!(!ours.is_empty() && ours.len() == theirs.len(), "{name}");
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let differ = ours.iter().zip(theirs).filter(|(a, b)| a.abs_diff(**b) > 64).count();
            assert!(differ * 200 < ours.len(), "{name}: {differ} of {} pixels differ", ours.len());
        }
        let words = |text: String| {
            let mut counts = BTreeMap::new();
            let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            words.for_each(|word| *counts.entry(word.to_owned()).or_insert(0_usize) += 1);
            counts
        };
        let (ours, theirs) = (words(copied(&path)), words(copied(&plain)));
        let lost: Vec<_> = theirs.iter().filter(|(word, n)| ours.get(*word) < Some(n)).collect();
        assert!(lost.len() * 100 <= theirs.len() * 3, "{name}: {lost:?}");
        let text = without_space(&copied(&path));
        for piece in ["MF-77231-B", "2026-11-21", "20mg", "5-10", "SpO2≥90%", "90/60", "37.5°C"] {
            assert!(text.contains(piece), "{name}: {piece}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn it_says_which_standards_it_follows_and_another_checker_agrees() -> Tested {
    let (hospital, incident) = worked_on().await?;
    let folder = folder();
    for (lang, name) in LANGS {
        let bytes = archival(&hospital, incident, lang).await?;
        assert!(bytes == archival(&hospital, incident, lang).await?, "{name}: not the same file twice");
        let said = String::from_utf8_lossy(&bytes);
        for claim in ["<pdfuaid:part>1<", "<pdfaid:part>2<", "<pdfaid:conformance>A<"] {
            assert!(said.contains(claim), "{name}: {claim}");
        }
        let path = written(&folder, &format!("{name}.pdf"), &bytes);
        let found = python(&["ua", path.to_str().unwrap()]);
        assert_eq!(found["findings"], serde_json::json!([]), "{name}");
        let outline = found["outline"].as_array().unwrap();
        assert!(outline.len() >= 6, "{name}: {outline:?}");
        // A screen reader receives the text in the order of writing.
        let heard = poppler("pdfinfo", &["-struct-text", path.to_str().unwrap()]);
        assert!(heard.contains("Table") && heard.contains("TH") && heard.contains("Figure"), "{name}");
    }
    Ok(())
}
