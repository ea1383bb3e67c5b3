//! Removes metadata from pictures. An allow list names what is kept, so that metadata formats of the future are
//! removed too.

use img_parts::Bytes;
use img_parts::png::{Png, PngChunk};

/// The JPEG with its picture data only. The orientation stays, because without it viewers show phone photographs
/// sideways. `None` where the bytes are not a complete JPEG.
///
/// A JPEG may have metadata between several scans, so the function reads all of them to the end (ITU-T T.81, annex
/// B).
pub(super) fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    const BEGIN: u8 = 0xD8;
    const SCAN: u8 = 0xDA;
    const END: u8 = 0xD9;
    let mut rest = bytes.strip_prefix(&[0xFF, BEGIN])?;
    let mut kept = vec![0xFF, BEGIN];
    let (mut turned, mut scans, mut in_scan) = (None, 0, false);
    loop {
        let (data, marker, behind) = next_marker(rest)?;
        // Outside a scan, bytes between two segments are dropped.
        kept.extend_from_slice(if in_scan { data } else { b"" });
        if marker == END {
            // Behind the end marker phones store a video, a second picture, or the location.
            kept.extend([0xFF, END]);
            return (scans > 0).then_some(kept);
        }
        if matches!(marker, TEMPORARY | BEGIN) {
            rest = behind;
            continue;
        }
        let length = behind.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)))?;
        let (segment, behind) = behind.split_at_checked(length)?;
        let contents = segment.get(2..)?;
        if is_picture(marker, contents) {
            kept.extend([0xFF, marker]);
            kept.extend_from_slice(segment);
        } else if let (None, 0, Some(turn)) = (turned, scans, exif_of(marker, contents).and_then(orientation))
        {
            turned = Some(turn);
            kept.extend(EXIF_SEGMENT);
            kept.extend(only_turned(turn));
        }
        in_scan = marker == SCAN;
        scans += u32::from(in_scan);
        rest = behind;
    }
}

/// A marker that has no segment and no meaning (TEM).
const TEMPORARY: u8 = 0x01;

/// The data before the next marker, the marker, and the bytes behind it.
fn next_marker(bytes: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| *byte == 0xFF)?;
        // Fill bytes (0xFF) may stand before a marker.
        let fill = bytes.get(at..)?.iter().take_while(|byte| **byte == 0xFF).count();
        match *bytes.get(at + fill)? {
            // In scan data a zero after 0xFF means that it is data and no marker. Restart markers belong to the scan
            // data.
            0x00 | 0xD0..=0xD7 => from = at + fill + 1,
            marker => return Some((bytes.get(..at)?, marker, bytes.get(at + fill + 1..)?)),
        }
    }
}

/// The PNG with its picture data only. `None` where the bytes are not a complete PNG.
pub(super) fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    /// The chunks that a decoder needs, and those that define colours.
    const PICTURE: [&[u8; 4]; 15] = [
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"sBIT", b"cICP",
        b"bKGD", b"pHYs", b"acTL", b"fcTL",
    ];
    let mut png = Png::from_bytes(Bytes::copy_from_slice(bytes)).ok()?;
    let turned = png.chunks_by_type(*b"eXIf").find_map(|chunk| orientation(chunk.contents()));
    png.chunks_mut().retain(|chunk| PICTURE.contains(&&chunk.kind()) || chunk.kind() == *b"fdAT");
    let has = |kind: &[u8; 4]| png.chunk_by_type(*kind).is_some();
    let whole = has(b"IHDR") && has(b"IDAT") && has(b"IEND");
    if let Some(turned) = turned {
        let behind_header = png.chunks().iter().position(|chunk| chunk.kind() == *b"IHDR")? + 1;
        let chunk = PngChunk::new(*b"eXIf", Bytes::copy_from_slice(&only_turned(turned)));
        png.chunks_mut().insert(behind_header, chunk);
    }
    whole.then(|| png.encoder().bytes().to_vec())
}

/// Tables, frames and scans. Of the application segments only those that define colours and their coding.
fn is_picture(marker: u8, contents: &[u8]) -> bool {
    match marker {
        // Not `JFXX`, because it holds a thumbnail of the picture before it was cropped.
        0xE0 => contents.starts_with(b"JFIF\0"),
        0xE2 => contents.starts_with(b"ICC_PROFILE\0"),
        0xEE => contents.starts_with(b"Adobe"),
        // The last two belong to JPEG-LS.
        0xC0..=0xCF | 0xDA..=0xDF | 0xF7 | 0xF8 => true,
        _ => false,
    }
}

/// The bytes before the 26 bytes of [`only_turned`].
const EXIF_SEGMENT: [u8; 10] = *b"\xFF\xE1\0\x22Exif\0\0";

/// The Exif data of a segment, where it has any.
fn exif_of(marker: u8, contents: &[u8]) -> Option<&[u8]> {
    contents.strip_prefix(b"Exif\0\0").filter(|_| marker == 0xE1)
}

/// The orientation, 1 to 8, where there is one. Cameras and programs write damaged entries. Like viewers, the
/// function skips a damaged entry and reads the others.
fn orientation(tiff: &[u8]) -> Option<u16> {
    let read = exif::Reader::new().continue_on_error(true).read_raw(tiff.to_vec());
    let exif = read.or_else(|error| error.distill_partial_result(|_| ())).ok()?;
    let field = exif.get_field(exif::Tag::Orientation, exif::In::PRIMARY)?;
    let turned = field.value.get_uint(0)?;
    (2..=8).contains(&turned).then_some(u16::try_from(turned).ok()?)
}

/// The shortest TIFF with an orientation (TIFF 6.0, section 2): a header and a directory of one entry.
fn only_turned(turned: u16) -> [u8; 26] {
    let mut tiff = *b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    if let Some(at) = tiff.get_mut(18..20) {
        at.copy_from_slice(&turned.to_be_bytes());
    }
    tiff
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
        let length = u16::try_from(contents.len() + 2).unwrap().to_be_bytes();
        [&[0xFF, marker], length.as_slice(), contents].concat()
    }

    /// A photograph as a phone writes it: header, location, comment, colour profile, the picture in two scans, and a
    /// video behind the end.
    fn photograph(turned: u16) -> Vec<u8> {
        let mut exif = b"Exif\0\0".to_vec();
        exif.extend(only_turned(turned));
        exif.extend(b"GPS 30.0444 N 31.2357 E");
        [
            vec![0xFF, 0xD8],
            segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"),
            segment(0xE0, b"JFXX\0\x10 small copy GPS"),
            segment(0xE1, &exif),
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta GPS/>"),
            segment(0xE2, b"ICC_PROFILE\0\x01\x01colours"),
            segment(0xE2, b"MPF\0GPS"),
            segment(0xED, b"Photoshop 3.0\0GPS"),
            segment(0xFE, b"GPS by Mr Hassan"),
            segment(0xDB, &[7; 65]),
            segment(0xC0, &[8, 0, 16, 0, 16, 1, 1, 0x11, 0]),
            segment(0xDA, &[1, 1, 0, 0, 63, 0]),
            b"pic\xFF\x00ture\xFF\xD0one".to_vec(),
            segment(0xC4, &[0xFF, 0xD9, 3]),
            segment(0xDA, &[1, 1, 0, 0, 63, 0]),
            b"picture two".to_vec(),
            vec![0xFF, 0xD9],
            b"\0\0\0\x18ftypmp42 GPS".to_vec(),
        ]
        .concat()
    }

    /// The orientation that an independent reader finds.
    fn says(picture: &[u8]) -> Option<u32> {
        let mut picture = std::io::Cursor::new(picture);
        let exif = exif::Reader::new().read_from_container(&mut picture).ok()?;
        exif.get_field(exif::Tag::Orientation, exif::In::PRIMARY)?.value.get_uint(0)
    }

    /// A TIFF with entries of these tags, types, counts and values, in the order of the standard.
    fn tiff(entries: &[(u16, u16, u32, u32)], next: u32) -> Vec<u8> {
        let mut tiff = b"MM\0\x2A\0\0\0\x08".to_vec();
        tiff.extend(u16::try_from(entries.len()).unwrap().to_be_bytes());
        for (tag, kind, count, value) in entries {
            tiff.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
            tiff.extend([count.to_be_bytes(), value.to_be_bytes()].concat());
        }
        tiff.extend(next.to_be_bytes());
        tiff
    }

    fn with_exif(tiff: &[u8]) -> Vec<u8> {
        let exif = segment(0xE1, &[b"Exif\0\0", tiff].concat());
        let mut bytes = photograph(1);
        bytes.splice(2..2, exif);
        bytes
    }

    fn has(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn cleaning_keeps_the_picture_and_removes_the_location() {
        let cleaned = jpeg(&photograph(6)).unwrap();
        assert!(!has(&cleaned, b"GPS") && !has(&cleaned, b"Hassan") && !has(&cleaned, b"small copy"));
        for part in [&b"JFIF\0"[..], b"colours", b"pic\xFF\x00ture\xFF\xD0one", b"picture two\xFF\xD9"] {
            assert!(has(&cleaned, part), "{part:?} is gone");
        }
        assert!(cleaned.ends_with(b"\xFF\xD9"));
        assert_eq!(says(&cleaned), Some(6));
        assert_eq!(jpeg(&cleaned), Some(cleaned));
    }

    /// The orientation is 6 and another entry is broken. Viewers rotate all of these pictures.
    #[test]
    fn a_damaged_entry_does_not_lose_the_orientation() {
        const TURNED: (u16, u16, u32, u32) = (0x112, 3, 1, 6 << 16);
        let far = 0x00FF_FFFF;
        let mut cut = tiff(&[TURNED, (0x131, 2, 40, 60)], 0);
        cut.truncate(8 + 2 + 12 + 5);
        for (name, tiff) in [
            ("the maker's name lies outside", tiff(&[(0x10F, 2, 40, far), TURNED], 0)),
            ("an offset behind it lies outside", tiff(&[TURNED, (0x132, 2, 20, far)], 0)),
            ("the camera's directory lies outside", tiff(&[TURNED, (0x8769, 4, 1, far)], 0)),
            ("the place's directory lies outside", tiff(&[TURNED, (0x8825, 4, 1, far)], 0)),
            ("the next directory lies outside", tiff(&[TURNED], far)),
            ("of an unknown type", tiff(&[(0x110, 77, 9, far), TURNED], 0)),
            ("too many values", tiff(&[(0x110, 2, u32::MAX, 8), TURNED], 0)),
            ("the directory is cut off", cut),
        ] {
            let cleaned = jpeg(&with_exif(&tiff)).unwrap();
            assert_eq!(says(&cleaned), Some(6), "{name}");
        }
    }

    #[test]
    fn metadata_between_scans_is_removed() {
        let beside = [
            segment(0xFE, b"Patient Samira"),
            segment(0xE1, b"Exif\0\0GPS 30.04"),
            segment(0xE0, b"JFXX\0 Samira"),
            vec![0xFF, 0xFF, 0xFF],
            segment(0xED, b"Photoshop Samira"),
        ]
        .concat();
        let plain = photograph(6);
        for scan in [b"pic\xFF\x00ture\xFF\xD0one".as_slice(), b"picture two"] {
            let behind = plain.windows(scan.len()).position(|part| part == scan).unwrap() + scan.len();
            let mut spoiled = plain.clone();
            spoiled.splice(behind..behind, beside.clone());
            assert_eq!(jpeg(&spoiled), jpeg(&plain));
        }
        assert!(has(&jpeg(&plain).unwrap(), b"picture two"));
    }

    #[test]
    fn a_png_keeps_its_orientation() {
        let chunk = |kind: [u8; 4], contents: &[u8]| {
            PngChunk::new(kind, Bytes::copy_from_slice(contents)).encoder().bytes().to_vec()
        };
        let header = chunk(*b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
        let exif = chunk(*b"eXIf", &[only_turned(6).as_slice(), b"GPS 30.04"].concat());
        let begin = [b"\x89PNG\r\n\x1A\n".as_slice(), &header].concat();
        let data = chunk(*b"IDAT", b"picture");
        let end = chunk(*b"IEND", b"");
        let before = png(&[&begin, &exif, &data, &end].map(Vec::as_slice).concat()).unwrap();
        assert!(!has(&before, b"GPS") && says(&before) == Some(6));
        assert_eq!(png(&[&begin, &data, &exif, &end].map(Vec::as_slice).concat()).as_ref(), Some(&before));
        assert_eq!(png(&before), Some(before.clone()));
    }

    #[test]
    fn an_upright_picture_has_no_exif() {
        assert!(!has(&jpeg(&photograph(1)).unwrap(), b"Exif"));
    }

    #[test]
    fn a_truncated_jpeg_is_refused() {
        let whole = photograph(6);
        let end = whole.windows(2).rposition(|pair| pair == [0xFF, 0xD9]).unwrap();
        for length in 0..=end {
            assert_eq!(jpeg(&whole[..length]), None, "{length} bytes of it");
        }
        assert!(jpeg(&whole[..end + 2]).is_some());
    }

    #[test]
    fn cleaning_a_png_removes_its_author() {
        let chunk = |kind: [u8; 4], contents: &'static [u8]| {
            img_parts::png::PngChunk::new(kind, Bytes::from_static(contents)).encoder().bytes().to_vec()
        };
        let bytes = [
            b"\x89PNG\r\n\x1A\n".to_vec(),
            chunk(*b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]),
            chunk(*b"tEXt", b"Author\0Mr Hassan"),
            chunk(*b"eXIf", b"GPS"),
            chunk(*b"tIME", b"GPS 2026"),
            chunk(*b"IDAT", b"picture"),
            chunk(*b"IEND", b""),
            b"GPS behind the end".to_vec(),
        ]
        .concat();
        let cleaned = png(&bytes).unwrap();
        assert!(!has(&cleaned, b"GPS") && !has(&cleaned, b"Hassan"));
        assert!(has(&cleaned, b"picture") && has(&cleaned, b"IHDR"));
        assert_eq!(png(&cleaned), Some(cleaned));
        assert_eq!(png(&bytes[..60]), None);
    }

    proptest! {
        /// For any input the readers terminate and do not panic.
        #[test]
        fn any_bytes_are_read_or_refused(tail in proptest::collection::vec(any::<u8>(), 0..400)) {
            jpeg(&[b"\xFF\xD8\xFF".as_slice(), &tail].concat());
            png(&[b"\x89PNG\r\n\x1A\n".as_slice(), &tail].concat());
        }
    }
}
