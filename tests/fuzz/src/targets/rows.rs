//! Spreadsheets, as lines of text: what the server imports, and what it trains on.

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use csv::{ByteRecord, ReaderBuilder, WriterBuilder};
use tempfile::NamedTempFile;

use crate::imported::Rows;
use crate::labelled::Labelled;

/// The file that both readers open. Each of libFuzzer's processes has its own.
static FILE: LazyLock<NamedTempFile> = LazyLock::new(|| NamedTempFile::new().expect("a temporary file"));

/// Every line that is there is read once, in order, to the end of the file; and what was read, written as a
/// spreadsheet, is read as the same.
pub(crate) fn check(bytes: &[u8]) {
    let file = FILE.path();
    fs::write(file, bytes).expect("a disk with room");
    let plain = |bytes: &[u8]| -> Vec<ByteRecord> {
        let reader =
            ReaderBuilder::new().flexible(true).has_headers(false).from_reader(bytes).into_byte_records();
        reader.map(|record| record.expect("bytes are always records")).collect()
    };
    let whole = plain(bytes);
    let Some(first) = whole.first().and_then(|header| header.get(0)) else {
        assert!(Rows::open(file, "").is_err(), "an empty file has lines");
        return;
    };
    let Ok(column) = std::str::from_utf8(first) else { return };
    let mut rows = Rows::open(file, column).unwrap_or_else(|_| panic!("the first column is not found"));
    assert_eq!(rows.bytes(), bytes.len() as u64);
    let (mut ids, mut line) = (BTreeSet::new(), 0);
    let mut read = vec![rows.header().clone()];
    while let Ok(Some(row)) = rows.next() {
        assert!(row.number == read.len() as u64 && row.line >= line && rows.read() <= rows.bytes());
        assert!(ids.insert(row.id), "two lines are the same report");
        if let Ok(text) = row.text() {
            assert_eq!(row.cells.get(0), Some(text.as_bytes()));
        }
        line = row.line;
        read.push(row.cells);
    }
    assert_eq!(read, whole, "other lines are there");
    // A spreadsheet has a mark before the first name, which is no part of it.
    let name = column.strip_prefix('\u{FEFF}').unwrap_or(column);
    if let Ok(mut labelled) = Labelled::open(file)
        && let Ok(column) = labelled.column(name)
    {
        let mut count = 0;
        while let Ok(true) = labelled.next() {
            count += 1;
            let row = whole.get(count).and_then(|row| row.get(0)).unwrap_or_default();
            assert!(labelled.number() == count as u64 && labelled.cell(column).as_bytes() == row);
        }
    }
    if column == name {
        let mut writer = WriterBuilder::new().flexible(true).from_writer(Vec::new());
        read.iter().for_each(|row| writer.write_byte_record(row).expect("it goes to memory"));
        assert_eq!(
            plain(&writer.into_inner().expect("it goes to memory")),
            read,
            "what is written is read as another"
        );
    }
}
