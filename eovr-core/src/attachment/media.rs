use std::fmt;

use super::{LARGEST, clean, too_large};
use crate::error::{Error, Result};

/// The accepted types of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Media {
    /// A JPEG photograph.
    Jpeg,
    /// A PNG picture, such as a screenshot.
    Png,
    /// A PDF document.
    Pdf,
}

impl Media {
    /// All types.
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Pdf];

    /// The media type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    /// The file extensions of this type; the first is the usual one.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
            Self::Png => &["png"],
            Self::Pdf => &["pdf"],
        }
    }

    /// The name with an extension of this type. The operating system chooses the program for a saved file by its
    /// extension.
    pub(super) fn named(self, name: &str) -> String {
        let fits = name.rsplit_once('.').is_some_and(|(stem, ending)| {
            !stem.is_empty() && self.extensions().iter().any(|known| ending.eq_ignore_ascii_case(known))
        });
        match self.extensions().first() {
            Some(usual) if !fits => {
                let room = super::LONGEST_NAME - usual.len() - 1;
                // Operating systems ignore trailing dots and spaces, so they would see another extension.
                let stem: String = name.chars().take(room).collect();
                match stem.trim_end_matches(['.', ' ']) {
                    "" => format!("file.{usual}"),
                    stem => format!("{stem}.{usual}"),
                }
            }
            _ => name.to_owned(),
        }
    }

    /// The type of these bytes. A PDF may have a byte order mark and line ends before it.
    ///
    /// ```
    /// use eovr_core::attachment::Media;
    ///
    /// assert_eq!(Media::of(b"\x89PNG\r\n\x1A\n")?, Media::Png);
    /// assert!(Media::of(b"<html>").is_err());
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` where the bytes are of no accepted type, or too many.
    pub fn of(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > LARGEST {
            return Err(too_large());
        }
        Self::ALL.into_iter().find(|media| media.begins(bytes)).ok_or_else(|| {
            Error::invalid("the file is of a type that is not accepted")
                .with_help("send a JPEG or PNG picture, or a PDF; the name of the file does not matter")
        })
    }

    /// The same file without the metadata of a picture. A PDF stays unchanged.
    ///
    /// # Errors
    /// `InvalidInput` where the file is not complete: a JPEG or PNG whose end is missing, a PDF with neither
    /// `startxref` nor `%%EOF` in its last 2,048 bytes. Viewers show the first half of a truncated photograph, but
    /// its sender meant the whole.
    pub fn cleaned(self, bytes: &[u8]) -> Result<Vec<u8>> {
        let whole = match self {
            Self::Jpeg => clean::jpeg(bytes),
            Self::Png => clean::png(bytes),
            Self::Pdf => ends_as_pdf(bytes).then(|| bytes.to_vec()),
        };
        whole.ok_or_else(|| {
            Error::invalid(format!("the file begins as {self} but the rest is missing or damaged"))
                .with_help("send the complete file again")
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

/// The number of bytes of a byte order mark and of line ends before a PDF. Some programs that send files add them,
/// and viewers look for the beginning in the first 1,024 bytes.
fn before_pdf(bytes: &[u8]) -> usize {
    let mark = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let blank = bytes.iter().skip(mark).take(1024).take_while(|byte| byte.is_ascii_whitespace()).count();
    mark + blank
}

/// Whether a PDF has `startxref` or `%%EOF` near the end of the file. An interrupted download has neither.
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
    fn the_beginning_identifies_a_pdf_and_the_end_shows_that_it_is_complete() {
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
            assert!(error.to_string().contains("missing or damaged"), "{error}");
        }
    }

    #[test]
    fn a_space_before_a_picture_is_refused() {
        assert!(Media::of(b"\n\xFF\xD8\xFF").is_err());
    }
}
