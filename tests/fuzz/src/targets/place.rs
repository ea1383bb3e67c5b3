//! Cursors of a list, which clients send back.

use eovr_core::record::Cursor;

use super::text;

/// A parsed cursor is written unchanged.
pub(crate) fn check(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string(), text);
    }
    if let Some((bytes, _)) = bytes.split_first_chunk::<24>() {
        let (at, id) = bytes.split_at(8);
        let at = i64::from_be_bytes(at.try_into().expect("eight bytes"));
        let id = id.try_into().expect("sixteen bytes");
        let cursor = Cursor {
            created_at: eovr_core::Timestamp::from_micros(at),
            id: eovr_core::record::RecordId::from_bytes(id),
        };
        assert_eq!(cursor.to_string().parse::<Cursor>().ok(), Some(cursor));
    }
}
