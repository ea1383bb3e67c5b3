//! `export`, as a user at the terminal runs it.

use std::error::Error;
use std::path::PathBuf;

use crate::support::{Folder, Run, Tested, run};

/// Two accounts with different scopes: a hospital's quality admin, and top management.
const QUALITY: &str = "quality.wn-e-1@eovr.test";
const TOP: &str = "top@eovr.test";

struct Shop(Folder);

impl Shop {
    /// The demonstration's hospital group.
    fn new() -> Result<Self, Box<dyn Error>> {
        let folder = Folder::new()?;
        let built = run(folder.command("demo").arg("--once"))?;
        assert_eq!(built.code, Some(0), "{}", built.complained);
        Ok(Self(folder))
    }

    fn export(
        &self,
        who: &str,
        format: &str,
        name: &str,
        more: &[&str],
    ) -> Result<(Run, PathBuf), Box<dyn Error>> {
        let path = self.0.file(name);
        let mut command = self.0.command("export");
        command.args(["--as", who, "--format", format, "--out"]).arg(&path).args(more);
        Ok((run(&mut command)?, path))
    }

    /// Runs an export that must succeed, and returns the file.
    fn made(&self, who: &str, format: &str, name: &str, more: &[&str]) -> Result<Vec<u8>, Box<dyn Error>> {
        let (run, path) = self.export(who, format, name, more)?;
        assert_eq!(run.code, Some(0), "{format}: {}", run.complained);
        Ok(std::fs::read(path)?)
    }
}

#[test]
fn each_account_exports_its_own_scope_in_every_format() -> Tested {
    let shop = Shop::new()?;
    let rows = |bytes: Vec<u8>| csv::Reader::from_reader(bytes.as_slice()).records().count();
    let (mine, all) = (shop.made(QUALITY, "csv", "mine.csv", &[])?, shop.made(TOP, "csv", "all.csv", &[])?);
    assert!(!String::from_utf8(mine.clone())?.contains("WN-E-2"), "another hospital");
    let (mine, all) = (rows(mine), rows(all));
    assert!(mine > 0 && all > 4 * mine, "{mine} of {all}");
    let lines = String::from_utf8(shop.made(QUALITY, "ndjson", "mine.ndjson", &[])?)?;
    assert_eq!(lines.lines().count(), mine);
    assert!(shop.made(QUALITY, "xlsx", "mine.xlsx", &["--lang", "ar"])?.starts_with(b"PK"));
    let number: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap_or_default())?;
    let number = number["number"].as_str().unwrap_or_default().to_owned();
    for lang in ["en", "ar", "both"] {
        let pdf =
            shop.made(QUALITY, "pdf", &format!("{lang}.pdf"), &["--incident", &number, "--lang", lang])?;
        assert!(pdf.starts_with(b"%PDF-1.7"));
    }
    let more = ["--incident", &number, "--archival"];
    let kept = String::from_utf8_lossy(&shop.made(QUALITY, "pdf", "kept.pdf", &more)?).into_owned();
    assert!(kept.contains("<pdfuaid:part>1<") && kept.contains("<pdfaid:part>2<"));
    let kept = shop.made(QUALITY, "audit", "kept-audit.pdf", &["--archival"])?;
    assert!(String::from_utf8_lossy(&kept).contains("<pdfuaid:part>1<"));
    for (format, name) in [("fhir-r4", "r4.json"), ("fhir-r5", "r5.json")] {
        let bundle: serde_json::Value =
            serde_json::from_slice(&shop.made(QUALITY, format, name, &["--incident", &number])?)?;
        assert_eq!(bundle["entry"][0]["resource"]["resourceType"], "AdverseEvent");
    }
    assert_eq!(String::from_utf8(shop.made(QUALITY, "mim", "mim.ndjson", &[])?)?.lines().count(), mine);
    let audit = shop.made(QUALITY, "audit", "audit.csv", &["--action", "report"])?;
    assert_eq!(rows(audit), mine);
    assert!(shop.made(TOP, "parquet", "counts.parquet", &["--deidentify"])?.starts_with(b"PAR1"));
    let counts = String::from_utf8(shop.made(TOP, "csv", "counts.csv", &["--deidentify"])?)?;
    assert!(
        counts.starts_with("facility,month,category,")
            && !counts.contains(",1\r\n")
            && !counts.contains(",2\r\n")
    );
    Ok(())
}

#[test]
fn an_impossible_export_is_refused_and_leaves_no_file() -> Tested {
    let shop = Shop::new()?;
    let refused = |who: &str, format: &str, name: &str, more: &[&str], says: &str| -> Tested {
        let (run, path) = shop.export(who, format, name, more)?;
        assert_ne!(run.code, Some(0), "{says}");
        assert!(!path.exists() && !path.with_added_extension("part").exists(), "{says}");
        run.says(&[says])
    };
    refused("unknown@eovr.test", "csv", "a.csv", &[], "no active account has this address")?;
    refused(QUALITY, "pdf", "a.pdf", &[], "a PDF is of one incident")?;
    refused(QUALITY, "pdf", "a.pdf", &["--incident", "OVR-1999-000001"], "no such `incident` in your scope")?;
    refused(
        QUALITY,
        "xlsx",
        "a.xlsx",
        &["--deidentify"],
        "counts without persons are csv, ndjson or parquet",
    )?;
    refused(QUALITY, "audit", "a.txt", &[], "audit events are CSV, JSON or PDF")?;
    refused(QUALITY, "csv", "a.csv", &["--archival"], "--archival is for a PDF")?;
    refused(QUALITY, "csv", "no/such/folder.csv", &[], "cannot make")?;
    refused(QUALITY, "csv", "a.csv", &["--lang", "fr"], "accepted: `en`, `ar`, `both`")?;
    let (_, path) = shop.export(QUALITY, "csv", "there.csv", &[])?;
    let before = std::fs::read(&path)?;
    let (again, _) = shop.export(QUALITY, "csv", "there.csv", &[])?;
    again.says(&["is there already"])?;
    assert_eq!((again.code, std::fs::read(&path)?), (Some(2), before));
    Ok(())
}

#[cfg(unix)]
#[test]
fn an_exported_file_is_private_to_its_owner() -> Tested {
    use std::os::unix::fs::PermissionsExt as _;
    let shop = Shop::new()?;
    let (_, path) = shop.export(QUALITY, "csv", "mine.csv", &[])?;
    assert_eq!(std::fs::metadata(path)?.permissions().mode() & 0o777, 0o600);
    Ok(())
}

#[test]
fn a_font_that_cannot_be_used_does_not_keep_a_report_from_being_printed() -> Tested {
    let shop = Shop::new()?;
    let lines = String::from_utf8(shop.made(QUALITY, "ndjson", "mine.ndjson", &[])?)?;
    let number: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap_or_default())?;
    let number = number["number"].as_str().unwrap_or_default();
    let bad = shop.0.file("bad.ttf");
    std::fs::write(&bad, "not a font")?;
    let more = ["--incident", number, "--font", bad.to_str().unwrap_or_default()];
    let (run, path) = shop.export(QUALITY, "pdf", "a.pdf", &more)?;
    run.says(&["the font cannot be read", "Amiri is used"])?;
    assert!(std::fs::read(path)?.starts_with(b"%PDF"));
    Ok(())
}
