//! The list as CSV, NDJSON and Excel.

use std::io::{self, Write};

use eovr_core::ErrorKind;
use eovr_core::export::columns::COLUMNS;
use eovr_core::export::{Csv, Deidentified, Lang, Look, Ndjson, Opened, Parquet, Workbook};
use eovr_core::seal::Purpose;
use serde_json::{Value, json};

use super::hospital::{ARABIC, ENGLISH, Hospital, Tested, made_at};
use super::{folder, python, written};

/// Texts of reporters who attack a spreadsheet.
const HOSTILE: &[&str] = &[
    "=cmd|' /C calc'!A0 and more",
    "+1+1 = two, as they say",
    "-2+3 was written here",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\tindented by a tab first",
    "\u{ff1d}1+1 in full width",
    "'=1+1 with an apostrophe",
    "https://evil.example/?leak in a link",
];

async fn listed(more: &[&str]) -> Tested<(Hospital, Vec<Opened>)> {
    let hospital = Hospital::new().await;
    let first = hospital.report(ARABIC).await?;
    hospital.work(first).await?;
    hospital.report(ENGLISH).await?;
    for text in more {
        hospital.report(text).await?;
    }
    let page = hospital.quality.incidents().newest(500).await?.items;
    let opened =
        page.into_iter().map(|record| Opened::of(&hospital.quality, record)).collect::<Result<_, _>>()?;
    Ok((hospital, opened))
}

fn workbook(look: Look, list: &[Opened]) -> Tested<Vec<u8>> {
    let mut book = Workbook::new(look)?;
    list.iter().try_for_each(|incident| book.push(incident))?;
    Ok(book.finish(Vec::new())?)
}

/// Reads every value of the rows of the Parquet file, with its type.
#[tokio::test]
async fn an_analyst_gets_columns_with_their_types() -> Tested {
    let (_, list) = listed(HOSTILE).await?;
    let (mut table, mut lines) = (Parquet::new(Vec::new())?, Ndjson::new(Vec::new()));
    for incident in &list {
        table.push(incident)?;
        lines.push(incident)?;
    }
    let folder = folder();
    let path = written(&folder, "list.parquet", &table.finish()?);
    let read = python(&["parquet", path.to_str().unwrap()]);
    let lines = String::from_utf8(lines.finish()?)?;
    let rows = read["rows"].as_array().unwrap();
    assert_eq!(rows.len(), list.len());
    for (row, line) in rows.iter().zip(lines.lines()) {
        let line: serde_json::Value = serde_json::from_str(line)?;
        for column in COLUMNS {
            let code = column.code.as_str();
            let (is, wanted) = (&row[code], &line[code]);
            let same = match (is.as_str(), wanted.as_str()) {
                // The same moment, with all six digits.
                (Some(is), Some(wanted)) if column.value_type() == eovr_core::record::ValueType::Time => {
                    is.parse::<eovr_core::Timestamp>()? == wanted.parse()?
                }
                _ => is == wanted,
            };
            assert!(same, "{}: {is} and not {wanted}", column.code);
        }
    }
    let types = &read["types"];
    assert_eq!(types["created_at"], "timestamp[us, tz=UTC]");
    assert_eq!((&types["ai_score"], &types["high_risk"]), (&"int64".into(), &"bool".into()));
    assert_eq!(read["packed"], "SNAPPY");
    assert!(read["by"].as_str().unwrap().starts_with("eovr "), "{}", read["by"]);
    Ok(())
}

#[tokio::test]
async fn a_long_table_is_written_group_by_group() -> Tested {
    let (_, list) = listed(&[]).await?;
    let mut table = Parquet::new(Vec::new())?;
    for row in 0..25_000 {
        table.push(&list[row % list.len()])?;
    }
    let folder = folder();
    let path = written(&folder, "long.parquet", &table.finish()?);
    let read = python(&["parquet", path.to_str().unwrap()]);
    assert_eq!(read["groups"], serde_json::json!([10_000, 10_000, 5_000]));
    let none = Parquet::new(Vec::new())?.finish()?;
    let path = written(&folder, "empty.parquet", &none);
    assert_eq!(python(&["parquet", path.to_str().unwrap()])["groups"], serde_json::json!([]));
    Ok(())
}

#[tokio::test]
async fn a_csv_reader_gets_what_was_written() -> Tested {
    let (_, list) = listed(HOSTILE).await?;
    let mut csv = Csv::new(Vec::new())?;
    list.iter().try_for_each(|incident| csv.push(incident))?;
    let bytes = csv.finish()?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let heads: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    assert_eq!(heads, COLUMNS.iter().map(|column| column.code.as_str()).collect::<Vec<_>>());
    let description = heads.iter().position(|head| head == "description").unwrap();
    let mut rows = 0;
    for (row, incident) in reader.records().zip(&list) {
        let (row, told) = (row?, incident.text("description").unwrap());
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝'])), "{told}");
        assert_eq!(row[description].strip_prefix('\'').unwrap_or(&row[description]), told);
        rows += 1;
    }
    assert_eq!(rows, 10);
    Ok(())
}

#[tokio::test]
async fn every_line_of_ndjson_has_every_column() -> Tested {
    let (_, list) = listed(HOSTILE).await?;
    let mut lines = Ndjson::new(Vec::new());
    list.iter().try_for_each(|incident| lines.push(incident))?;
    let text = String::from_utf8(lines.finish()?)?;
    for (line, incident) in text.lines().zip(&list) {
        let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line)?;
        assert_eq!(line.len(), COLUMNS.len() + 1);
        assert_eq!(line["description"].as_str(), incident.text("description"));
        assert_eq!(line["created_at"], serde_json::json!(incident.record().envelope().created_at));
    }
    assert_eq!(text.lines().count(), 10);
    Ok(())
}

#[tokio::test]
async fn openpyxl_reads_types_colours_and_no_formula() -> Tested {
    let (_, list) = listed(HOSTILE).await?;
    let folder = folder();
    let path = written(&folder, "en.xlsx", &workbook(Look::new(Lang::En, made_at()), &list)?);
    let read = python(&["xlsx", path.to_str().unwrap()]);
    assert_eq!(read["created"], "2026-11-27T10:00:00");
    let sheet = &read["sheets"][0];
    assert_eq!(
        (&sheet["name"], &sheet["rtl"], &sheet["frozen"]),
        (&"Incidents".into(), &false.into(), &"B2".into())
    );
    assert_eq!(sheet["filter"], "A1:AQ11");
    let at = |code: &str| COLUMNS.iter().position(|column| column.code == code).unwrap();
    let rows = sheet["rows"].as_array().unwrap();
    for (row, incident) in rows.iter().skip(1).zip(&list) {
        let cell = |code: &str| &row[at(code)];
        for of in row.as_array().unwrap() {
            assert_ne!(of["type"], "f", "a formula: {of}");
        }
        let told = incident.text("description").unwrap();
        assert_eq!(cell("description")["value"], told);
        assert_eq!(
            cell("description")["quoted"],
            HOSTILE.contains(&told) && !told.starts_with("https"),
            "{told}"
        );
        assert_eq!(cell("created_at")["type"], "d");
        assert_eq!(cell("version")["type"], "n");
        assert_eq!(cell("occurred_at")["value"], "2026-11-21T08:45:00", "on the wall clock of Cairo");
    }
    let worked = &rows[10];
    assert_eq!(worked[at("state")]["value"], "Action taken");
    assert_eq!(
        (&worked[at("risk_band")]["value"], &worked[at("risk_band")]["colour"]),
        (&"High".into(), &"FFF4B084".into())
    );
    assert_eq!(worked[at("risk_score")]["value"].as_f64(), Some(6.0));
    let figures = &read["sheets"][1];
    assert_eq!((&figures["name"], &figures["charts"]), (&"Figures".into(), &1.into()));
    assert_eq!(figures["rows"][3][1]["value"].as_f64(), Some(10.0));
    Ok(())
}

#[tokio::test]
async fn the_figures_beside_the_list_are_those_of_the_summary() -> Tested {
    let hospital = Hospital::new().await;
    for completed in [true, false] {
        let incident = hospital.report(ARABIC).await?;
        hospital.work(incident).await?;
        if completed {
            hospital.finish(incident).await?;
        }
    }
    let summary = hospital.quality.incidents().summary().await?;
    assert_eq!((summary.total, summary.high_risk), (2, 1));
    let page = hospital.quality.incidents().newest(500).await?.items;
    let list: Vec<_> =
        page.into_iter().map(|one| Opened::of(&hospital.quality, one)).collect::<Result<_, _>>()?;
    let folder = folder();
    let path = written(&folder, "two.xlsx", &workbook(Look::new(Lang::En, made_at()), &list)?);
    let read = python(&["xlsx", path.to_str().unwrap()]);
    let figure = |row: usize| read["sheets"][1]["rows"][row][1]["value"].as_f64();
    assert_eq!((figure(3), figure(4)), (Some(summary.total as f64), Some(summary.high_risk as f64)));
    Ok(())
}

/// The buffered rows do not fit on the disk: this test runs itself again in a shell with a limit on file size.
#[tokio::test]
async fn a_full_disk_while_rows_are_buffered_is_reported() -> Tested {
    const SMALL: &str = "EOVR_TEST_ON_A_SMALL_DISK";
    if std::env::var_os(SMALL).is_none() {
        let child = std::process::Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$0\" --exact \"$1\""])
            .arg(std::env::current_exe()?)
            .arg("lists::a_full_disk_while_rows_are_buffered_is_reported")
            .env(SMALL, "1")
            .output()?;
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && said.contains("1 passed"), "{said}");
        return Ok(());
    }
    let (_, list) = listed(&[]).await?;
    let mut book = Workbook::new(Look::new(Lang::En, made_at()))?;
    let pushed = list.iter().cycle().take(1000).try_for_each(|incident| book.push(incident));
    let error = pushed.and_then(|()| book.finish(Vec::new()).map(drop)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().starts_with("the rows of the workbook cannot be spooled"), "{error}");
    Ok(())
}

#[tokio::test]
async fn an_arabic_sheet_runs_from_right_to_left_and_a_full_one_goes_on() -> Tested {
    let (_, list) = listed(&["third report", "fourth report", "fifth report"].map(|text| text)).await?;
    let look = Look { rows_per_sheet: 2, ..Look::new(Lang::Ar, made_at()) };
    let folder = folder();
    let path = written(&folder, "ar.xlsx", &workbook(look, &list)?);
    let read = python(&["xlsx", path.to_str().unwrap()]);
    let names: Vec<_> =
        read["sheets"].as_array().unwrap().iter().map(|sheet| sheet["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["البلاغات", "البلاغات 2", "البلاغات 3", "المؤشرات"]);
    let mut numbers = Vec::new();
    for sheet in &read["sheets"].as_array().unwrap()[..3] {
        assert_eq!((&sheet["rtl"], &sheet["rows"][0][0]["value"]), (&true.into(), &"رقم البلاغ".into()));
        numbers.extend(sheet["rows"].as_array().unwrap()[1..].iter().map(|row| row[0]["value"].clone()));
    }
    let wanted: Vec<_> =
        list.iter().map(|incident| incident.record().envelope().number.clone().unwrap()).collect();
    assert_eq!(numbers, wanted);
    Ok(())
}

#[tokio::test]
async fn a_text_too_long_for_a_cell_is_shortened_with_a_mark() -> Tested {
    let long = "سقط المريض. ".repeat(4000);
    let (_, list) = listed(&[long.as_str()]).await?;
    let folder = folder();
    let path = written(&folder, "long.xlsx", &workbook(Look::new(Lang::En, made_at()), &list)?);
    let read = python(&["xlsx", path.to_str().unwrap()]);
    let at = COLUMNS.iter().position(|column| column.code == "description").unwrap();
    let cell = read["sheets"][0]["rows"][1][at]["value"].as_str().unwrap();
    assert!(cell.ends_with("… [cut: too long for a cell]") && cell.encode_utf16().count() == 32_767);
    Ok(())
}

#[tokio::test]
async fn the_same_list_made_at_the_same_moment_is_the_same_file() -> Tested {
    let (_, list) = listed(&[]).await?;
    for lang in [Lang::En, Lang::Ar, Lang::Both] {
        let make = || workbook(Look::new(lang, made_at()), &list);
        assert!(make()? == make()?, "{lang:?}");
    }
    Ok(())
}

#[tokio::test]
async fn libreoffice_opens_it() -> Tested {
    let office = ["soffice", "libreoffice"].into_iter().find(|name| {
        std::process::Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    });
    let office = office.ok_or("LibreOffice is missing: run this test by `tests/run exports`")?;
    let (_, list) = listed(HOSTILE).await?;
    let folder = folder();
    let path = written(&folder, "en.xlsx", &workbook(Look::new(Lang::En, made_at()), &list)?);
    let done = std::process::Command::new(office)
        // With commas, quotation marks, and in UTF-8.
        .args(["--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76", "--outdir"])
        .arg(folder.path())
        .arg(&path)
        .env("HOME", folder.path())
        .output()?;
    // LibreOffice reports a failure on its output only, with exit code 0.
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    let text =
        std::fs::read_to_string(folder.path().join("en.csv")).map_err(|error| format!("{error}: {said}"))?;
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(rows.records().count(), 10);
    assert!(text.contains("=cmd|' /C calc'!A0 and more"), "shown as it was written, and not worked out");
    Ok(())
}

/// A writer that fails after this many bytes, like a full disk or a closed connection.
struct Failing {
    left: usize,
    with: io::ErrorKind,
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(self.with.into());
        }
        let taken = bytes.len().min(self.left);
        self.left -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_full_disk_and_a_closed_reader_give_different_errors() -> Tested {
    let (_, list) = listed(&[]).await?;
    let full = || Failing { left: 1000, with: io::ErrorKind::StorageFull };
    let gone = || Failing { left: 1000, with: io::ErrorKind::BrokenPipe };
    let csv = |to: Failing| -> eovr_core::Result<()> {
        let mut csv = Csv::new(to)?;
        list.iter().try_for_each(|incident| csv.push(incident))?;
        csv.finish().map(drop)
    };
    let book = |to: Failing| -> eovr_core::Result<()> {
        let mut book = Workbook::new(Look::new(Lang::En, made_at()))?;
        list.iter().try_for_each(|incident| book.push(incident))?;
        book.finish(to).map(drop)
    };
    let table = |to: Failing| -> eovr_core::Result<()> {
        let mut table = Parquet::new(to)?;
        list.iter().try_for_each(|incident| table.push(incident))?;
        table.finish().map(drop)
    };
    let all = [(csv(full()), csv(gone())), (book(full()), book(gone())), (table(full()), table(gone()))];
    for (full, gone) in all {
        let (full, gone) = (full.unwrap_err(), gone.unwrap_err());
        assert_eq!((full.kind(), gone.kind()), (ErrorKind::Unavailable, ErrorKind::Unavailable));
        assert_eq!(full.message(), "the disk is full before the export is");
        assert_eq!(gone.message(), "the reader went away before the export was finished");
    }
    Ok(())
}

#[tokio::test]
async fn an_erased_text_is_marked_as_erased() -> Tested {
    let (hospital, _) = listed(&[]).await?;
    let top =
        hospital.eovr.session(eovr_tests::actor("top", eovr_core::access::Role::TopManagement, "CAI-1-1"));
    let keys = top.data_keys().await?;
    let key = keys.into_iter().find(|key| key.purpose == Purpose::Fields).unwrap();
    top.rotate_key(Purpose::Fields).await?;
    top.destroy_key(key.id, "asked for by the court").await?;
    let record = hospital.quality.incidents().newest(1).await?.items.into_iter().next().unwrap();
    let opened = Opened::of(&hospital.quality, record)?;
    let mut csv = Csv::new(Vec::new())?;
    csv.push(&opened)?;
    let text = String::from_utf8(csv.finish()?)?;
    assert!(text.contains("[erased: its key was destroyed]"), "{text}");
    Ok(())
}

#[tokio::test]
async fn without_persons_nothing_of_a_person_leaves() -> Tested {
    let (_, list) = listed(HOSTILE).await?;
    let mut counts = Deidentified::default();
    list.iter().try_for_each(|incident| counts.push(incident))?;
    let csv = String::from_utf8(counts.csv(Vec::new())?)?;
    let json = String::from_utf8(counts.ndjson(Vec::new())?)?;
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(
        rows[1..],
        [
            "CAI-1-1,2026-11,medication,staff,moderate,,*",
            "CAI-1-1,2026-11,medication,staff,moderate,high,< 3"
        ]
    );
    assert_eq!(counts.k(), 1);
    let folder = folder();
    let table = written(&folder, "counts.parquet", &counts.parquet(Vec::new())?);
    let read = python(&["parquet", table.to_str().unwrap()]);
    let shown: Vec<_> =
        read["rows"].as_array().unwrap().iter().map(|row| (&row["count"], &row["shown"])).collect();
    assert_eq!(shown, [(&Value::Null, &json!("*")), (&Value::Null, &json!("< 3"))]);
    assert_eq!(read["types"]["count"], "int64");
    for text in [csv, json, read.to_string()] {
        for secret in ["MF-77231", "OVR-2026", "ICU", "Badawy", "مها", "morphine", "2026-11-2", "wrong_dose"]
        {
            assert!(!text.contains(secret), "{secret}");
        }
    }
    Ok(())
}
