//! Pictures without what stands beside the picture. What is kept is listed, so that what a camera will
//! invent next year is left out.

use img_parts::jpeg::{Jpeg, JpegSegment};
use img_parts::png::Png;
use img_parts::{Bytes, ImageEXIF as _};

/// A JPEG of its picture alone: which way up it is stays, since without it phones' photographs lie on
/// their side. None where the bytes are no whole JPEG.
pub(super) fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut jpeg = Jpeg::from_bytes(Bytes::copy_from_slice(bytes)).ok()?;
    if !jpeg.segments().iter().any(JpegSegment::has_entropy) {
        return None;
    }
    let turned = jpeg.exif().and_then(|exif| orientation(exif.to_vec()));
    jpeg.segments_mut().retain(is_picture);
    if let Some(turned) = turned {
        jpeg.set_exif(Some(Bytes::copy_from_slice(&only_turned(turned))));
    }
    let mut cleaned = jpeg.encoder().bytes().to_vec();
    // Behind the end phones hide a film, a second picture, or where it was.
    let end = end_of_jpeg(&cleaned)?;
    cleaned.truncate(end);
    Some(cleaned)
}

/// A PNG of its picture alone. None where the bytes are no whole PNG.
pub(super) fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    /// What a decoder needs, and how colours are meant.
    const PICTURE: [&[u8; 4]; 15] = [
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"sBIT", b"cICP",
        b"bKGD", b"pHYs", b"acTL", b"fcTL",
    ];
    let mut png = Png::from_bytes(Bytes::copy_from_slice(bytes)).ok()?;
    png.chunks_mut().retain(|chunk| PICTURE.contains(&&chunk.kind()) || chunk.kind() == *b"fdAT");
    let has = |kind: &[u8; 4]| png.chunk_by_type(*kind).is_some();
    let whole = has(b"IHDR") && has(b"IDAT") && has(b"IEND");
    whole.then(|| png.encoder().bytes().to_vec())
}

/// Tables, frames and scans; of what programs add only the colours and how they are coded.
fn is_picture(segment: &JpegSegment) -> bool {
    const COMMENT: u8 = 0xFE;
    let contents = segment.contents();
    match segment.marker() {
        // Not `JFXX`, which holds a small copy of the picture before it was cut.
        0xE0 => contents.starts_with(b"JFIF\0"),
        0xE2 => contents.starts_with(b"ICC_PROFILE\0"),
        0xEE => contents.starts_with(b"Adobe"),
        0xE1..=0xEF | COMMENT => false,
        _ => true,
    }
}

/// Which way up, 1 to 8, where that is said.
fn orientation(tiff: Vec<u8>) -> Option<u16> {
    let exif = exif::Reader::new().read_raw(tiff).ok()?;
    let field = exif.get_field(exif::Tag::Orientation, exif::In::PRIMARY)?;
    let turned = field.value.get_uint(0)?;
    (2..=8).contains(&turned).then_some(u16::try_from(turned).ok()?)
}

/// The shortest TIFF that says which way up (TIFF 6.0, section 2): a header and a directory of one entry.
fn only_turned(turned: u16) -> [u8; 26] {
    let mut tiff = *b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    if let Some(at) = tiff.get_mut(18..20) {
        at.copy_from_slice(&turned.to_be_bytes());
    }
    tiff
}

/// Where a JPEG ends: behind its marker `EOI`. None where there is none.
fn end_of_jpeg(bytes: &[u8]) -> Option<usize> {
    const END: u8 = 0xD9;
    let mut at = 2;
    loop {
        // In the picture's own data an FF is followed by a zero or a restart, which are no markers.
        while *bytes.get(at)? != 0xFF || matches!(*bytes.get(at + 1)?, 0x00 | 0xFF | 0xD0..=0xD7) {
            at += 1;
        }
        if *bytes.get(at + 1)? == END {
            return Some(at + 2);
        }
        let length = [*bytes.get(at + 2)?, *bytes.get(at + 3)?];
        at += 2 + usize::from(u16::from_be_bytes(length)).max(2);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
        let length = u16::try_from(contents.len() + 2).unwrap().to_be_bytes();
        [&[0xFF, marker], length.as_slice(), contents].concat()
    }

    /// A photograph of a phone: its own header, where it was taken, a comment, a colour profile, the
    /// picture in two scans, and a film behind its end.
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

    fn has(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn a_photograph_keeps_its_picture_and_forgets_where_it_was() {
        let cleaned = jpeg(&photograph(6)).unwrap();
        assert!(!has(&cleaned, b"GPS") && !has(&cleaned, b"Hassan") && !has(&cleaned, b"small copy"));
        for part in [&b"JFIF\0"[..], b"colours", b"pic\xFF\x00ture\xFF\xD0one", b"picture two\xFF\xD9"] {
            assert!(has(&cleaned, part), "{part:?} is gone");
        }
        assert!(cleaned.ends_with(b"\xFF\xD9"));
        let again = Jpeg::from_bytes(Bytes::from(cleaned.clone())).unwrap();
        assert_eq!(again.exif().and_then(|exif| orientation(exif.to_vec())), Some(6));
        assert_eq!(jpeg(&cleaned), Some(cleaned));
    }

    #[test]
    fn what_stands_upright_has_no_exif_at_all() {
        assert!(!has(&jpeg(&photograph(1)).unwrap(), b"Exif"));
    }

    #[test]
    fn half_a_photograph_is_none() {
        let whole = photograph(6);
        let end = whole.windows(2).rposition(|pair| pair == [0xFF, 0xD9]).unwrap();
        for length in 0..=end {
            assert_eq!(jpeg(&whole[..length]), None, "{length} bytes of it");
        }
        assert!(jpeg(&whole[..end + 2]).is_some());
    }

    #[test]
    fn a_png_keeps_its_picture_and_forgets_who_made_it() {
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
        /// Whatever is sent, the readers end, and do not panic.
        #[test]
        fn any_bytes_are_read_or_refused(tail in proptest::collection::vec(any::<u8>(), 0..400)) {
            jpeg(&[b"\xFF\xD8\xFF".as_slice(), &tail].concat());
            png(&[b"\x89PNG\r\n\x1A\n".as_slice(), &tail].concat());
        }
    }
}
