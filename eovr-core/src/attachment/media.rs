use std::fmt;

use super::{LARGEST, clean, too_large};
use crate::error::{Error, Result};

/// What a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Media {
    /// A photograph, as cameras make it.
    Jpeg,
    /// A picture, as screens are copied.
    Png,
    /// A document.
    Pdf,
}

impl Media {
    /// All.
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Pdf];

    /// Its media type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    /// How names of such files end; the first is the usual one.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
            Self::Png => &["png"],
            Self::Pdf => &["pdf"],
        }
    }

    /// The same name with an ending that says what the file is: by it whoever saves a file decides what opens it.
    pub(super) fn named(self, name: &str) -> String {
        let fits = name.rsplit_once('.').is_some_and(|(stem, ending)| {
            !stem.is_empty() && self.extensions().iter().any(|known| ending.eq_ignore_ascii_case(known))
        });
        match self.extensions().first() {
            Some(usual) if !fits => {
                let room = super::LONGEST_NAME - usual.len() - 1;
                // Systems pass over dots and spaces at the end, and would see another ending.
                let stem: String = name.chars().take(room).collect();
                match stem.trim_end_matches(['.', ' ']) {
                    "" => format!("file.{usual}"),
                    stem => format!("{stem}.{usual}"),
                }
            }
            _ => name.to_owned(),
        }
    }

    /// What these bytes are. A PDF may have an order mark and line ends before it.
    ///
    /// # Errors
    /// `InvalidInput` where they are nothing of this, or too many.
    pub fn of(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > LARGEST {
            return Err(too_large());
        }
        Self::ALL.into_iter().find(|media| media.begins(bytes)).ok_or_else(|| {
            Error::invalid("the file is none of those that are taken")
                .with_help("a JPEG or PNG picture, or a PDF; what it is called does not matter")
        })
    }

    /// The same file without what stands beside the picture; a document stays as it is.
    ///
    /// # Errors
    /// `InvalidInput` where it is not whole: a JPEG or PNG whose end is missing, a PDF with neither `startxref` nor
    /// `%%EOF` in its last 2,048 bytes. Viewers show the first half of a photograph that was cut off, and its sender meant the whole.
    pub fn cleaned(self, bytes: &[u8]) -> Result<Vec<u8>> {
        let whole = match self {
            Self::Jpeg => clean::jpeg(bytes),
            Self::Png => clean::png(bytes),
            Self::Pdf => ends_as_pdf(bytes).then(|| bytes.to_vec()),
        };
        whole.ok_or_else(|| {
            Error::invalid(format!("the file begins as {self} and does not go on so"))
                .with_help("it was cut short or damaged; send it again")
        })
    }

    fn begins(self, bytes: &[u8]) -> bool {
        let from = if self == Self::Pdf { before_pdf(bytes) } else { 0 };
        bytes.get(from..).is_some_and(|bytes| bytes.starts_with(self.signature()))
    }

    const fn signature(self) -> &'static [u8] {
        match self {
            Self::Jpeg => b"\xFF\xD8\xFF",
            Self::Png => b"\x89PNG\r\n\x1A\n",
            Self::Pdf => b"%PDF-",
        }
    }
}

/// How many bytes of an order mark and of line ends stand before a PDF. Programs that send files put them there, and
/// viewers look for the beginning in the first 1,024 bytes.
fn before_pdf(bytes: &[u8]) -> usize {
    let mark = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let blank = bytes.iter().skip(mark).take(1024).take_while(|byte| byte.is_ascii_whitespace()).count();
    mark + blank
}

/// Whether a PDF has its end, near the end of the file: where it begins to be read from, or the mark behind that. A
/// download that broke off has neither.
fn ends_as_pdf(bytes: &[u8]) -> bool {
    let tail = bytes.get(bytes.len().saturating_sub(2048)..).unwrap_or_default();
    let has = |word: &[u8]| tail.windows(word.len()).any(|part| part == word);
    has(b"startxref") || has(b"%%EOF")
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pdf_is_known_by_its_beginning_and_whole_by_its_end() {
        let whole = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\nstartxref\n9\n%%EOF\n".as_slice();
        for before in ["", "\u{feff}", "\r\n", "\u{feff}\n\n", &"\n".repeat(1000)] {
            let file = [before.as_bytes(), whole].concat();
            assert_eq!(Media::of(&file).ok(), Some(Media::Pdf));
            assert_eq!(Media::Pdf.cleaned(&file).ok(), Some(file));
        }
        for before in ["<html>", "\n".repeat(2000).as_str(), "\u{feff}\u{feff}"] {
            assert!(Media::of(&[before.as_bytes(), whole].concat()).is_err(), "{before:?}");
        }
        let long = [whole, &[b'\n'; 1500]].concat();
        assert!(Media::Pdf.cleaned(&long).is_ok());
        for cut in [&whole[..9], &whole[..30], &[whole, &[0; 3000]].concat()] {
            let error = Media::Pdf.cleaned(cut).unwrap_err();
            assert!(error.to_string().contains("does not go on so"), "{error}");
        }
    }

    #[test]
    fn a_blank_before_a_picture_makes_it_none() {
        assert!(Media::of(b"\n\xFF\xD8\xFF").is_err());
    }
}
