//! Attachments: photographs and documents.

use eovr_core::attachment::Media;

/// The place where a photograph was taken.
const SECRET: &[u8] = b"30.0444 N 31.2357 E, Mr Hassan";

/// The smallest files of each media type.
pub(crate) const SAMPLES: [&[u8]; 4] = [
    b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0\xFF\xDB\0\x04ab\xFF\xDA\0\x08\x01\x01\0\0\x3f\0pic\xFF\0ture\xFF\xD9",
    b"\xFF\xD8\xFF\xE1\0\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0\xFF\xDA\0\x08\x01\x01\0\0\x3f\0picture\xFF\xD9",
    b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3A\x7E\x9B\x55\0\0\0\x0AIDAT\x78\x9C\x63\x60\0\0\0\x02\0\x01\x48\xAF\xA4\x71\0\0\0\0IEND\xAE\x42\x60\x82",
    b"%PDF-1.4\n%%EOF\n",
];

/// A cleaned file has the same media type, and cleaning it again removes nothing more. Metadata beside the picture is
/// gone, wherever it stood.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(media) = Media::of(bytes) else { return };
    let Ok(cleaned) = media.cleaned(bytes) else { return };
    assert_eq!(Media::of(&cleaned).ok(), Some(media), "it became something else");
    assert_eq!(
        media.cleaned(&cleaned).ok().as_deref(),
        Some(cleaned.as_slice()),
        "cleaned again it loses more"
    );
    assert!(cleaned.len() <= bytes.len().max(64) + 64, "it grew");
    let beside: &[Vec<u8>] = match media {
        Media::Jpeg => &[segment(0xE1), segment(0xED), segment(0xFE), segment(0xE0)],
        Media::Png => &[chunk(*b"tEXt"), chunk(*b"eXIf"), chunk(*b"zzZz")],
        Media::Pdf => return,
    };
    // The picture's first bytes: the marker that begins it, or its signature.
    let (first, rest) = bytes.split_at(if media == Media::Jpeg { 2 } else { 8 });
    for beside in beside {
        let spoiled = [first, beside, rest].concat();
        assert_eq!(
            media.cleaned(&spoiled).ok().as_ref(),
            Some(&cleaned),
            "what stands before the picture is kept"
        );
    }
    let hidden = [bytes, SECRET].concat();
    assert_eq!(media.cleaned(&hidden).ok(), Some(cleaned), "what hides behind the picture is kept");
}

/// A JPEG segment of an application.
fn segment(marker: u8) -> Vec<u8> {
    let length = u16::try_from(SECRET.len() + 2).expect("a few words").to_be_bytes();
    [&[0xFF, marker], length.as_slice(), SECRET].concat()
}

/// An ancillary chunk of a PNG.
fn chunk(kind: [u8; 4]) -> Vec<u8> {
    let length = u32::try_from(SECRET.len()).expect("a few words").to_be_bytes();
    let body = [&kind, SECRET].concat();
    [length.as_slice(), &body, &crc(&body).to_be_bytes()].concat()
}

/// CRC-32 as PNG defines it (ISO 3309).
fn crc(bytes: &[u8]) -> u32 {
    let fold = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    };
    !bytes.iter().fold(!0, fold)
}
