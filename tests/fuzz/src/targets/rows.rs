//! Spreadsheets as text: imports of the server, and training data.

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use clap::Parser;
use csv::{ByteRecord, ReaderBuilder, WriterBuilder};
use tempfile::NamedTempFile;

use crate::csv_file::{Reading, Table};
use crate::imported::Rows;
use crate::labelled::Labelled;

/// The file that both readers open. Each of libFuzzer's processes has its own.
static FILE: LazyLock<NamedTempFile> = LazyLock::new(|| NamedTempFile::new().expect("a temporary file"));

#[derive(Parser)]
struct Asked {
    #[command(flatten)]
    reading: Reading,
}

/// The parsers refuse the file, or read each row once, in order, to the end. Written as a spreadsheet, the rows are
/// read as the same. Without a quotation mark in it, another library reads the same rows.
pub(crate) fn check(bytes: &[u8]) {
    let plain = Asked::parse_from(["", "--encoding", "utf-8", "--separator", ","]).reading;
    for reading in [Reading::default(), plain.clone()] {
        let Some(whole) = table(bytes, &reading) else { continue };
        let Some(column) = whole.first().and_then(|header| std::str::from_utf8(header.get(0)?).ok()) else {
            continue;
        };
        imported(bytes, &whole, column, &reading);
        let mut writer = WriterBuilder::new().flexible(true).from_writer(Vec::new());
        whole.iter().for_each(|row| writer.write_byte_record(row).expect("it goes to memory"));
        let written = writer.into_inner().expect("it goes to memory");
        // A file that begins with a byte order mark or with `sep=` is not a plain spreadsheet.
        let is_plain =
            !written.starts_with(b"\xEF\xBB\xBF") && !written.to_ascii_lowercase().starts_with(b"sep=");
        if is_plain {
            assert_eq!(table(&written, &plain).as_ref(), Some(&whole), "what is written is read as another");
        }
    }
    let sep = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).to_ascii_lowercase().starts_with(b"sep=");
    if !bytes.contains(&b'"') && !sep {
        let reader = ReaderBuilder::new().flexible(true).has_headers(false).from_reader(bytes);
        let others: Vec<ByteRecord> =
            reader.into_byte_records().map(|record| record.expect("bytes are always records")).collect();
        assert_eq!(table(bytes, &plain).unwrap_or_default(), others, "another library reads other rows");
    }
}

/// All rows, the first with the names of the columns; `None` if the parser refuses the file.
fn table(bytes: &[u8], reading: &Reading) -> Option<Vec<ByteRecord>> {
    fs::write(FILE.path(), bytes).expect("a disk with room");
    let mut table = Table::open(FILE.path(), reading, &[]).ok()?;
    let (mut rows, mut row, mut before) = (vec![table.header().clone()], ByteRecord::new(), 0);
    while let Some(line) = table.next(&mut row).unwrap_or_else(|_| panic!("it was whole when it was opened"))
    {
        assert!(line > before && table.read() <= table.bytes);
        before = line;
        rows.push(row.clone());
    }
    Some(rows)
}

/// Both parsers find the same rows.
fn imported(bytes: &[u8], whole: &[ByteRecord], column: &str, reading: &Reading) {
    fs::write(FILE.path(), bytes).expect("a disk with room");
    // With the name of a column more than one separator may fit; the reader then asks for the separator.
    let Ok(mut rows) = Rows::open(FILE.path(), column, None, reading) else { return };
    if rows.header() != whole.first().unwrap_or(&ByteRecord::new()) {
        return;
    }
    let (mut ids, mut count) = (BTreeSet::new(), 0);
    while let Ok(Some(row)) = rows.next() {
        count += 1;
        assert!(row.number == count as u64 && Some(&row.cells) == whole.get(count));
        if let Ok(told) = row.told {
            assert!(ids.insert(told.id), "two lines are the same report");
            assert_eq!(row.cells.get(0), Some(told.text.as_bytes()));
        }
    }
    assert_eq!(count + 1, whole.len(), "other lines are there");
    if let Ok(mut labelled) = Labelled::open(FILE.path(), reading, &[column])
        && let Ok(column) = labelled.column("--text", column)
    {
        let mut count = 0;
        while let Ok(true) = labelled.next() {
            count += 1;
            let row = whole.get(count).and_then(|row| row.get(0)).unwrap_or_default();
            assert!(labelled.number() == count as u64 && labelled.cell(column).as_bytes() == row);
        }
    }
}
