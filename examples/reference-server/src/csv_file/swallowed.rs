//! Detects rows that two stray quotation marks have merged into one cell, which is still valid CSV.

use csv::ByteRecord;

/// Whether a cell with several lines contains rows of the file: each of its lines has the columns of a row and begins,
/// like this row, with a number or a code of the same shape.
pub(super) fn has_rows_within(row: &ByteRecord, columns: usize, separator: u8) -> bool {
    let Some(shape) = row.get(0).and_then(shape) else { return false };
    row.iter().enumerate().skip(1).any(|(place, cell)| {
        let parts = |line: &[u8]| line.iter().filter(|byte| **byte == separator).count();
        let lines: Vec<&[u8]> =
            cell.split(|byte| b"\r\n".contains(byte)).filter(|line| !line.is_empty()).collect();
        let [first, within @ .., last] = lines.as_slice() else { return false };
        let begins_alike = |line: &&[u8]| {
            let begin = line.split(|byte| *byte == separator).next().unwrap_or_default();
            self::shape(begin).is_some_and(|of| of == shape)
        };
        parts(first) + place + 1 == columns
            && within.iter().all(|line| parts(line) + 1 == columns && begins_alike(line))
            && parts(last) == place
            && begins_alike(last)
    })
}

/// The shape of a number or code: each run of digits becomes one `9`, so `W-17` becomes `W-9`. `None` for words.
fn shape(cell: &[u8]) -> Option<Vec<u8>> {
    let text = cell.trim_ascii().strip_prefix(b"\"").unwrap_or(cell.trim_ascii());
    if text.len() > 40 || text.contains(&b' ') || !text.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let mut shape = Vec::new();
    for byte in text {
        let byte = if byte.is_ascii_digit() { b'9' } else { *byte };
        if !(byte == b'9' && shape.last() == Some(&b'9')) {
            shape.push(byte);
        }
    }
    Some(shape)
}
