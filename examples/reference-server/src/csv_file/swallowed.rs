//! Rows that two stray quotation marks make into one cell: nothing in the grammar of CSV is wrong with it.

use csv::ByteRecord;

/// Whether a cell over several lines holds rows of the file: each of its lines continues as a row of so many columns,
/// and begins as this row begins, with a number or a code of the same shape.
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

/// A number or code with each run of digits as one: `W-17` as `W-9`. Words have none.
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
