//! Audit reports, FHIR, and WHO's minimal information model.

use std::collections::BTreeMap;

use eovr_core::audit::log::Signer;
use eovr_core::export::crosswalk::Mim;
use eovr_core::export::fhir::{Bundle, Release};
use eovr_core::export::pdf::{Fonts, Made};
use eovr_core::export::{AuditFilter, AuditReport, Labelled, Lang, Opened};
use eovr_core::name;
use eovr_core::record::ActorId;
use eovr_core::service::LogKeeper;

use super::hospital::{ARABIC, ENGLISH, Hospital, Tested, made_at};
use super::{folder, poppler, python, written};

async fn worked() -> Tested<Hospital> {
    let hospital = Hospital::new().await;
    let first = hospital.report(ARABIC).await?;
    hospital.work(first).await?;
    hospital.report(ENGLISH).await?;
    Ok(hospital)
}

async fn audit(hospital: &Hospital, filter: AuditFilter) -> Tested<AuditReport> {
    let mut report = AuditReport::new(filter);
    for record in hospital.quality.incidents().newest(100).await?.items {
        report.add(hospital.quality.incidents().trail(record.id()).await?);
    }
    Ok(report)
}

#[tokio::test]
async fn an_audit_report_has_the_events_that_were_asked_for() -> Tested {
    let hospital = worked().await?;
    let mut all = audit(&hospital, AuditFilter::default()).await?;
    let count = all.len();
    let text = String::from_utf8(all.csv(Vec::new())?)?;
    assert_eq!(csv::Reader::from_reader(text.as_bytes()).records().count(), count);
    let by_staff = AuditFilter { actors: vec![ActorId::new("nurse.amal")?], ..AuditFilter::default() };
    assert_eq!(audit(&hospital, by_staff).await?.len(), 3);
    let rated = AuditFilter { actions: vec![name!("assess"), name!("ask")], ..AuditFilter::default() };
    assert_eq!(audit(&hospital, rated).await?.len(), 2);
    let first = all.json(Vec::new())?;
    let json: serde_json::Value = serde_json::from_slice(&first)?;
    assert_eq!((&json["report"]["chains"], &json["report"]["broken"]), (&2.into(), &serde_json::json!([])));
    let events = json["events"].as_array().unwrap();
    assert_eq!(events.len(), count);
    assert!(events.is_sorted_by_key(|event| event["at"].as_str()));
    let at = events[3]["at"].as_str().unwrap().parse()?;
    let from = audit(&hospital, AuditFilter { from: Some(at), ..AuditFilter::default() }).await?.len();
    let before = audit(&hospital, AuditFilter { before: Some(at), ..AuditFilter::default() }).await?.len();
    assert!(before > 0 && from + before == count, "{before} + {from} of {count}");
    Ok(())
}

#[tokio::test]
async fn an_audit_report_can_be_printed() -> Tested {
    let hospital = worked().await?;
    let zone = jiff::tz::TimeZone::get("Africa/Cairo")?;
    let folder = folder();
    for (lang, says) in
        [(Lang::En, "2 of 2 chains intact"), (Lang::Ar, "سلسلة سليمة"), (Lang::Both, "chains intact")]
    {
        let mut report = audit(&hospital, AuditFilter::default()).await?;
        let made = Made { by: "quality.samia", at: made_at(), zone: zone.clone() };
        let bytes = report.pdf(&Fonts::embedded()?, lang, &made, Vec::new())?;
        let path = written(&folder, "audit.pdf", &bytes);
        let text = poppler("pdftotext", &[path.to_str().unwrap(), "-"]);
        assert!(text.contains(says) && text.contains("OVR-2026-000002"), "{text}");
    }
    Ok(())
}

/// A verifier in another language, without our code, computes the same root and accepts the signature.
#[tokio::test]
async fn another_language_verifies_the_log_and_its_checkpoint() -> Tested {
    let hospital = worked().await?;
    let keeper = LogKeeper::new(&hospital.eovr, Signer::new("hospital.example/eovr", &[5; 32])?)?;
    let folder = folder();
    let mut log = Vec::new();
    let entries = keeper.write(&mut log).await?;
    let log = written(&folder, "log.ndjson", &log);
    let note = written(&folder, "checkpoint.txt", keeper.checkpoint(None).await?.as_bytes());
    let key = keeper.public().to_string();
    let found = python(&["log", log.to_str().unwrap(), note.to_str().unwrap(), &key]);
    let wanted = serde_json::json!({
        "origin": "hospital.example/eovr", "entries": entries, "size": entries, "fits": true,
    });
    assert_eq!(found, wanted);
    Ok(())
}

#[tokio::test]
async fn another_languages_model_of_fhir_accepts_every_bundle() -> Tested {
    let hospital = worked().await?;
    hospital.report("Pasted from a page:\u{b}the pump stood\u{c} still.").await?;
    let folder = folder();
    for (release, name) in [(Release::R4, "R4"), (Release::R5, "R5")] {
        let empty = Bundle::new(Vec::new(), release, made_at())?.finish()?;
        let found = python(&["fhir", written(&folder, "empty", &empty).to_str().unwrap(), name]);
        assert_eq!(found["kinds"], serde_json::json!({}));
        let mut bundle = Bundle::new(Vec::new(), release, made_at())?;
        let mut events = 0;
        for record in hospital.quality.incidents().newest(100).await?.items {
            let trail = hospital.quality.incidents().trail(record.id()).await?;
            events += trail.entries.len();
            bundle.push(&Opened::of(&hospital.quality, record.clone())?, Some(&trail))?;
            // Without texts the subject is the facility's patients.
            bundle.push(&Opened::only(&hospital.quality, record, &[])?, None)?;
        }
        let path = written(&folder, name, &bundle.finish()?);
        let found = python(&["fhir", path.to_str().unwrap(), name]);
        let counted = serde_json::json!({"AdverseEvent": 6, "AuditEvent": events, "Provenance": 6});
        assert_eq!(found, serde_json::json!({"kinds": counted, "lost": [], "unfit": []}));
        let text = std::fs::read_to_string(&path)?;
        assert!(text.contains("\"verifier\"") && text.contains("eovr-rules"));
        // Moderate harm is treatment or a longer stay; the record does not say which.
        let serious = if release == Release::R4 { "\"Serious\"" } else { "\"serious\"" };
        assert!(text.contains(serious) && !text.contains("SeriousResultsIn"));
        assert_eq!(text.contains("<br/>"), release == Release::R4);
    }
    Ok(())
}

/// The trainer reads the reviews of suggestions; they contain no name that the lists or the report's own fields know.
#[tokio::test]
async fn reviews_are_exported_as_a_labelled_set_without_names() -> Tested {
    let hospital = worked().await?;
    let overridden =
        hospital.report("=cmd|calc was written on the chart of file MF-77231-B; مها had warned us.").await?;
    let said = |verdict| eovr_core::Command::new("review_ai").set("ai_review", verdict);
    hospital.quality.act(&name!("incident"), overridden, said("overridden")).await?;
    let unrated = hospital.quality.incidents().load(overridden).await?;
    let unrated = Opened::of(&hospital.quality, unrated)?;
    assert!(!Labelled::ndjson(Vec::new()).push(&unrated, None)?, "it has no label");
    hospital.quality.incidents().assess(overridden, None, "minor", "rare").await?;
    let (mut csv, mut lines) = (Labelled::csv(Vec::new())?, Labelled::ndjson(Vec::new()));
    let mut table = Labelled::parquet(Vec::new())?;
    let mut labels = 0;
    for record in hospital.quality.incidents().newest(100).await?.items {
        let why = (record.id() == overridden).then_some("مها of file MF-77231-B was not harmed");
        let opened = Opened::of(&hospital.quality, record)?;
        labels += usize::from(csv.push(&opened, why)?);
        lines.push(&opened, why)?;
        table.push(&opened, why)?;
    }
    let folder = folder();
    let path = written(&folder, "labelled.parquet", &table.finish()?);
    let table = python(&["parquet", path.to_str().unwrap()]);
    let (csv, lines) = (String::from_utf8(csv.finish()?)?, String::from_utf8(lines.finish()?)?);
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!((labels, lines.lines().count()), (2, 2), "{csv}");
    for (row, line) in rows.deserialize::<BTreeMap<String, String>>().zip(lines.lines()) {
        let (row, line) = (row?, serde_json::from_str::<BTreeMap<String, serde_json::Value>>(line)?);
        for (column, cell) in &row {
            let value = &line[column];
            let shown = match value {
                serde_json::Value::Null => String::new(),
                value => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            };
            // A leading apostrophe marks a text that a spreadsheet could execute.
            assert_eq!(cell.trim_start_matches('\''), shown.trim_start_matches('\''), "{column}");
        }
    }
    for (row, line) in table["rows"].as_array().unwrap().iter().zip(lines.lines()) {
        assert_eq!(*row, serde_json::from_str::<serde_json::Value>(line)?);
    }
    assert_eq!((&table["types"]["text"], &table["types"]["month"]), (&"string".into(), &"int64".into()));
    assert!(csv.contains(",high,accepted,") && csv.contains(",low,overridden,"), "{csv}");
    assert!(csv.contains(" was not harmed,"), "{csv}");
    assert!(csv.contains("'=cmd|calc"), "{csv}");
    for name in ["77231", "مها", "2345 6789", "Badawy", "nurse.amal", "pump log"] {
        assert!(!csv.contains(name) && !lines.contains(name), "{name} is in {csv}");
    }
    Ok(())
}

#[tokio::test]
async fn the_minimal_model_says_what_is_missing() -> Tested {
    let hospital = worked().await?;
    let record = hospital.quality.incidents().newest(1).await?.items.remove(0);
    assert_eq!(Mim::of(&Opened::of(&hospital.quality, record.clone())?)?.missing, ["patient"]);
    let closed = Mim::of(&Opened::only(&hospital.quality, record, &[])?)?;
    assert_eq!(closed.missing, ["patient", "resulting_action"]);
    assert_eq!(closed.free_text, None);
    Ok(())
}
